/* policy.h - the law as data: which clocks an event starts, moves, and what
 * each of their rungs is called.  docs/POLICY.md is the format's description.
 *
 * A case keeps the law of its day: the version in force when it was handed in
 * (its effective submitted_at).
 */
#ifndef DK_POLICY_H
#define DK_POLICY_H

#include "calendar.h"
#include "case.h"

struct dk_policy;

struct dk_policy *dk_policy_load(const char *file, const char *text, size_t len,
                                 struct dk_report *r);
void dk_policy_free(struct dk_policy *p);

const char *dk_policy_id(const struct dk_policy *p);
const char *dk_policy_calendar_id(const struct dk_policy *p);

/* Check a policy against the calendar it will be used with. */
void dk_policy_check(const struct dk_policy *p, const struct dk_calendar *cal,
                     struct dk_report *r);

/* What the deadline service answers for event `e`, which is already part of
 * `c`: writes the JSON array of commands ("clock" actions; possibly empty) to
 * `w`.  DK_ENOTFOUND: no version is in force for the case, or a year of the
 * calendar that is needed is unknown (a right that would lapse then just does
 * not lapse: its clock is left out); DK_ESTATE: an earlier event of the case
 * must be answered first.  *why says which; nothing is written then.
 */
int dk_policy_answer(const struct dk_policy *p, const struct dk_calendar *cal,
                     const struct dk_case *c, const struct dk_event *e,
                     int offset_min, struct dk_jw *w, struct dk_problem *why);

/* Print what the policy says: as JSON, as a table for people in `lang` ("zh-CN"
 * or "en"), or both.  The caller frees *text; it is NULL when out of memory.
 */
void dk_policy_print(const struct dk_policy *p, const char *lang,
                     struct dk_jw *json_or_null, char **text_or_null);

/* The ladder: whom to tell when a rung of a clock is reached.  Roles are
 * "petitioner", "handler", "unit_head", "office", "leader", "bulletin".
 * Returns how many were written to roles[] (at most cap); 0: nobody.
 * *level gets "reminder", "yellow", "red", "overdue" or "long_overdue".
 */
int dk_policy_ladder(const struct dk_policy *p, const struct dk_case *c,
                     const char *clock, const char *rung, const char **level,
                     const char *roles[], int cap);
/* Names of a clock, "conclude" itself where it has none. */
const char *dk_policy_clock_name(const struct dk_policy *p,
                                 const struct dk_case *c, const char *clock,
                                 const char *lang);

#endif /* DK_POLICY_H */
