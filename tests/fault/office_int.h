/* office_int.h - what the files of the office share. */
#ifndef DK_FAULT_OFFICE_INT_H
#define DK_FAULT_OFFICE_INT_H

#include "tests/fault/office.h"

cJSON *office_ask(struct office *o, const char *type, const char *request,
                  const char *body, bool harmless);

/* Whose commits, openings and answers are written down from now on. */
void office_listen(struct office *o);

#endif /* DK_FAULT_OFFICE_INT_H */
