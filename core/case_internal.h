/* case_internal.h - what the files of the case share among themselves. */
#ifndef DK_CASE_INTERNAL_H
#define DK_CASE_INTERNAL_H

#include "case.h"

/* Bodies are our own: a client's body of DK_BODY_MAX bytes, written anew and
 * with what was decided added, may be longer than it came.
 */
#define DK_EVENT_BODY_MAX ((size_t)DK_BODY_MAX * 4)

/* Texts of a case that a submission brings; PROTOCOL.md has tighter ones. */
#define DK_CASE_TEXT_MAX 4096

/* Copy an optional id member; absent or null gives "". */
int dk_case_id_read(const cJSON *o, const char *key, char to[DK_ID_MAX + 1],
                    const struct dk_at *at, struct dk_problem *p);
void dk_case_id_write(struct dk_jw *w, const char *key, const char *id);

/* What a submission says of the case, in a submitted body and in a case file:
 * channel, kind, subject, region, category, petitioners, respondents.  The
 * texts are newly allocated; on failure nothing is left in *c.
 */
int dk_case_facts_read(const cJSON *o, struct dk_case *c, struct dk_problem *p);
void dk_case_respondents_write(struct dk_jw *w, const struct dk_case *c);

#endif /* DK_CASE_INTERNAL_H */
