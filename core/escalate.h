/* escalate.h - who must hear that a clock reached a rung. */
#ifndef DK_ESCALATE_H
#define DK_ESCALATE_H

#include "book.h"
#include "policy.h"

/* What the escalation service answers for a clock_fired event: the JSON array
 * with one "alert" command, or empty when the ladder tells nobody.
 */
int dk_escalate_answer(const struct dk_policy *p, const struct dk_book *b,
                       const struct dk_case *c, const struct dk_event *e,
                       int offset_min, struct dk_jw *w, struct dk_problem *why);

#endif /* DK_ESCALATE_H */
