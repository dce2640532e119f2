/* policy_impl.h - a policy in memory; private to core/policy*.c.
 *
 * Strings are borrowed from the parsed file, which the policy keeps.
 */
#ifndef DK_POLICY_IMPL_H
#define DK_POLICY_IMPL_H

#include "policy.h"
#include "report_json.h"

#define POL_VERSIONS_MAX 32
#define POL_ROLES        7
#define POL_STEPS_MAX    32 /* steps of one ladder */
#define POL_DAYS_MAX     3660
#define POL_SPANS_MAX    4 /* stretches of office hours in a day */
#define POL_EXCUSES_MAX  8

enum pol_level {
    POL_REMINDER,
    POL_YELLOW,
    POL_RED,
    POL_OVERDUE,
    POL_LONG_OVERDUE,
    POL_LEVEL_N
};
enum pol_role {
    POL_PETITIONER,
    POL_HANDLER,
    POL_UNIT_HEAD,
    POL_OFFICE,
    POL_LEADER,
    POL_BULLETIN,
    POL_ADMINISTRATOR
};
enum pol_when {
    POL_AFTER_START,
    POL_BEFORE_DUE,
    POL_AFTER_DUE
};

/* What happens when the event that starts a clock comes again while it runs. */
enum pol_again {
    POL_ANEW,    /* the next number takes its place */
    POL_EARLIER, /* only if that one is due before it */
    POL_LATER    /* only if that one is due after it */
};

/* Wire names, NULL-terminated. */
extern const char *const pol_level_names[];
extern const char *const pol_role_names[];
extern const char *const pol_when_names[];
extern const char *const pol_on_due_names[];
extern const char *const pol_count_names[]; /* "natural", "working" */
extern const char *const pol_again_names[];
extern const char *const pol_document_names[];

struct pol_step {
    const char *rung;
    enum pol_level level;
    enum pol_role role[POL_ROLES]; /* in the order of the file */
    int n_role;
};

struct pol_ladder {
    struct pol_step step[POL_STEPS_MAX];
    int n;
};

/* When an overdue clock says so again. */
struct pol_repeat {
    bool said; /* in the file, here */
    int days;  /* 0: never */
};

/* How long an acknowledged alert holds the next rung. */
struct pol_hold {
    bool said;
    int days; /* 0: not at all */
    bool working;
    int times; /* for each number of a clock */
};

/* Office hours: minutes of the day, in order. */
struct pol_hours {
    struct {
        int from, to;
    } span[POL_SPANS_MAX];
    int n; /* 0: day and night */
};

struct pol_rung {
    const char *id;
    enum pol_when when;
    int n; /* days, counted as the clock counts */
};

struct pol_clock {
    const char *id;
    struct dk_rj_name name;
    const char *article; /* NULL: not said */
    bool verified;
    uint64_t starts_on, stops_on, holds_on;
    uint32_t holds_for;               /* grounds of a suspension; 0: any */
    uint64_t only_kind, only_channel; /* masks; 0: any */
    bool only_reachable;              /* the petitioner can be written to */
    int only_urgent; /* 1: put first for an urgent need; -1: not; 0: any */
    uint64_t only_document; /* of the event; mask; 0: any, or it has none */
    enum pol_again again;
    int days;               /* the length, or what it is by default */
    const char *from_event; /* member of the event's body, or NULL */
    bool working;           /* count working days */
    bool same_day;          /* the day of the event is day 1, not day 0 */
    bool next_working_day;  /* a last day that rests moves there */
    enum dk_on_due on_due;
    int extend_times, extend_days;
    struct pol_rung rung[DK_RUNGS_MAX - 1];
    int n_rung;
    struct pol_ladder ladder; /* its own; looked at before the version's */
    struct pol_repeat repeat; /* likewise */
    struct pol_hold hold;
    struct dk_rj_name excuse[POL_EXCUSES_MAX];
    int n_excuse;
};

struct pol_version {
    int64_t from;          /* day */
    const char *from_text; /* "2022-05-01" */
    struct dk_rj_name law;
    struct pol_clock *clock;
    int n_clock;
    struct pol_ladder ladder;
    struct pol_repeat repeat;
    struct pol_hold hold;
    struct pol_hours hours;
};

struct dk_policy {
    cJSON *root;
    char *file; /* for the report of dk_policy_check() */
    const char *id, *calendar;
    struct dk_rj_name name;
    struct dk_zone zone;         /* of effective_from */
    struct pol_version *version; /* sorted by `from` */
    int n_version;
};

/* The version in force when the case was handed in, or NULL. */
const struct pol_version *pol_version_of(const struct dk_policy *p,
                                         const struct dk_case *c);
const struct pol_clock *pol_clock_find(const struct pol_version *v,
                                       const char *id);
/* What the ladders say of a rung: the clock's own, then the version's, and for
 * an "overdue" that neither names the built-in last resort.  NULL: nobody.
 */
const struct pol_step *pol_step_of(const struct pol_version *v,
                                   const struct pol_clock *k, const char *rung);
/* Does the clock wait for the petitioner alone? */
bool pol_is_petitioners(const struct pol_clock *k);
/* Is the clock owed to this case, as far as the case itself says? */
bool pol_is_owed(const struct pol_clock *k, const struct dk_case *c);

/* What holds for the clock: its own word, else the version's. */
int pol_repeat_days(const struct pol_version *v, const struct pol_clock *k);
const struct pol_hold *pol_hold_of(const struct pol_version *v,
                                   const struct pol_clock *k);

/* ---- counting (policy_count.c) ---- */

/* What is counted by, and who is told when it cannot be. */
struct pol_counter {
    const struct dk_calendar *cal;
    const struct pol_version *v;
    struct dk_problem *why;
};
int64_t pol_day_of(const struct pol_counter *x, dk_ms t);
/* The last day that is not counted: of the event, or the day before. */
int64_t pol_day_0(const struct pol_counter *x, const struct pol_clock *k,
                  dk_ms started_at);
dk_ms pol_midnight_after(const struct pol_counter *x, int64_t day);

/* `n` days on, as the clock counts; DK_ENOTFOUND: an unknown year. */
int pol_count(const struct pol_counter *x, const struct pol_clock *k,
              int64_t day, int n, int64_t *out);
/* The n-th day on, off a day of rest where the clock says so. */
int pol_last_day(const struct pol_counter *x, const struct pol_clock *k,
                 int64_t day, int n, int64_t *out);
/* The days that passed from `since` to `until`, as the clock counts. */
int pol_days_between(const struct pol_counter *x, const struct pol_clock *k,
                     dk_ms since, dk_ms until, int *out);

/* A clock as it will be: `out` has its basis, start, counts of days and
 * extensions; the last day makes the due time, and from that come its rungs and
 * repetitions.  `have` is the clock as it was, whose rungs that were reached
 * stay where they are; NULL: a new one.
 */
void pol_finish(const struct pol_counter *x, const struct pol_clock *k,
                int64_t last, const struct dk_clock *have,
                struct dk_clock *out);
/* Until when an alert that was acknowledged at `t` holds the next rung. */
dk_ms pol_quiet_until(const struct pol_counter *x, const struct pol_hold *h,
                      dk_ms t);

/* Read one version; reports what is wrong. */
void pol_version_read(const struct dk_rj *f, const cJSON *o,
                      const struct dk_at *at, struct pol_version *v);
void pol_clock_read(const struct dk_rj *f, const cJSON *o,
                    const struct dk_at *at, struct pol_clock *k);
/* A list of words out of `names`, each once: indices in order, or a mask. */
int pol_words_read(const struct dk_rj *f, const cJSON *o, const char *key,
                   int need, int min, const char *const names[], int max,
                   int out[], const struct dk_at *at);
uint64_t pol_mask_read(const struct dk_rj *f, const cJSON *o, const char *key,
                       int need, const char *const names[],
                       const struct dk_at *at);
void pol_repeat_read(const struct dk_rj *f, const cJSON *o,
                     const struct dk_at *up, struct pol_repeat *r);
void pol_hold_read(const struct dk_rj *f, const cJSON *o,
                   const struct dk_at *up, struct pol_hold *h);
/* Report what cannot be meant: by a clock, and by the steps it climbs. */
void pol_clock_check(const struct dk_rj *f, const struct dk_at *at,
                     const struct pol_clock *k);
void pol_climb_check(const struct dk_rj *f, const struct dk_at *at,
                     const struct pol_version *v, const struct pol_clock *k);
bool pol_is_due_name(const char *s);
bool pol_has_rung(const struct pol_clock *k, const char *id);
void pol_ladder_read(const struct dk_rj *f, const cJSON *o,
                     const struct dk_at *up, struct pol_ladder *l);

#endif /* DK_POLICY_IMPL_H */
