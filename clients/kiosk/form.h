/* form.h - what the kiosk's page offers: the office, the kinds of matter, the
 * places.  A file, docket-kiosk/1 (docs/KIOSK.md, "The form"), so that another
 * office changes a file and no page.
 */
#ifndef DK_KIOSK_FORM_H
#define DK_KIOSK_FORM_H

#include "proto/problem.h"

#define FORM_BYTES 262144

struct form {
    char *text; /* as the page gets it */
    size_t len;
    char *status_url;    /* NULL: none */
    char office[2][256]; /* zh-CN, en */
    char phone[64];
    int offset_min; /* of the office's zone, minutes east */
};

/* 0, or a DK_E code: *p says the place in the file and how to mend it. */
int form_read(const char *path, struct form *out, struct dk_problem *p);
/* The same of a text; for tests. */
int form_parse(const char *text, size_t len, struct form *out,
               struct dk_problem *p);
void form_free(struct form *f);

#endif /* DK_KIOSK_FORM_H */
