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

/* The same as structures: how the event's clocks are set, each complete but for
 * `no` and what dk_clock_place() decides.  Returns how many were written to
 * out[] (cap DK_CLOCKS_MAX is always enough), or the code of a refusal.
 */
int dk_policy_clocks(const struct dk_policy *p, const struct dk_calendar *cal,
                     const struct dk_case *c, const struct dk_event *e,
                     struct dk_clock out[], int cap, struct dk_problem *why);

/* How a clock of a case came to its due time.  Days are those of the calendar,
 * counted from 1970-01-01.
 */
#define DK_COUNT_RESTS 64
struct dk_counting {
    const char *version, *article; /* borrowed from the policy; may be NULL */
    bool verified;                 /* the clock, by the office */
    int64_t day0;                  /* the day of the event: not counted */
    int n;                         /* the length; 0: not known any more */
    bool working;                  /* the length is in working days */
    bool moves;                    /* its last day moves off a day of rest */
    int64_t counted;               /* the n-th day after day 0 */
    bool moved;                    /* which rests, so that it ends later */
    bool unknown;                  /* in a year that the calendar lacks */
    int64_t last;                  /* the last day of the length */
    /* Days of rest that were passed over: in counting working days, and from
     * `counted` to `last`.  The first of `rests`.
     */
    int64_t rest[DK_COUNT_RESTS];
    int n_rest, rests;
    int held, extended; /* days added to that since */
    /* Days on which it stood still belong to the count, before it moves off a
     * day of rest: the (n + held)-th day.  Extensions come after that.
     */
    int64_t whole;
    int64_t last_now; /* the last day as the clock stands */
    int late_held;    /* days it stood still when it was late already */
};
/* DK_ENOTFOUND: the policy has no such clock for this case, or a year of the
 * calendar is missing.
 */
int dk_policy_count(const struct dk_policy *p, const struct dk_calendar *cal,
                    const struct dk_case *c, const struct dk_clock *k,
                    struct dk_counting *out, struct dk_problem *why);

/* Print what the policy says: as JSON, as a table for people in `lang` ("zh-CN"
 * or "en"), or both.  The caller frees *text; it is NULL when out of memory.
 */
void dk_policy_print(const struct dk_policy *p, const char *lang,
                     struct dk_jw *json_or_null, char **text_or_null);

/* The ladder: whom to tell when a rung of a clock is reached ("repeat": when an
 * overdue clock says so again).  Roles are "petitioner", "handler",
 * "unit_head", "office", "leader", "bulletin", "administrator".
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
