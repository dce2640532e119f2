/* explain.h - why a case stands where it stands: who has it and by which rule,
 * and each limit's arithmetic day by day.
 *
 * The case is made again from its events, and at each event the policy is asked
 * anew; where that gives another day than the case has, the explanation says
 * so.  Times and days are those of the calendar's zone.
 */
#ifndef DK_EXPLAIN_H
#define DK_EXPLAIN_H

#include "book.h"
#include "policy.h"

struct dk_explain_by {
    const struct dk_policy *policy;
    const struct dk_calendar *calendar;
    const struct dk_book *book; /* NULL: ids instead of names */
};

/* `doc`: {"events": [..], "case"?: .., "now"?: ..}, as `docketctl --json show
 * CASE --events` prints it; `case` is compared with what the events give, and
 * `now` is the latest event's time if it is not said.  Writes the explanation
 * as JSON, as text for people in `lang` ("zh-CN" or "en"), or both; the caller
 * frees *text.  DK_EFIELD, DK_EJSON: the document is not a case's; DK_ENOMEM.
 */
int dk_explain(const struct dk_explain_by *by, const cJSON *doc,
               const char *lang, struct dk_jw *json_or_null,
               char **text_or_null, struct dk_problem *p);

#endif /* DK_EXPLAIN_H */
