/* policy_impl.h - a policy in memory; private to core/policy*.c.
 *
 * Strings are borrowed from the parsed file, which the policy keeps.
 */
#ifndef DK_POLICY_IMPL_H
#define DK_POLICY_IMPL_H

#include "policy.h"
#include "report_json.h"

#define POL_VERSIONS_MAX 32
#define POL_ROLES        6
#define POL_STEPS_MAX    32 /* steps of one ladder */
#define POL_DAYS_MAX     3660

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
    POL_BULLETIN
};
enum pol_when {
    POL_AFTER_START,
    POL_BEFORE_DUE,
    POL_AFTER_DUE
};

/* Wire names, NULL-terminated. */
extern const char *const pol_level_names[];
extern const char *const pol_role_names[];
extern const char *const pol_when_names[];
extern const char *const pol_on_due_names[];
extern const char *const pol_count_names[]; /* "natural", "working" */

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
    uint64_t only_kind, only_channel; /* masks; 0: any */
    int days;                         /* the length, or what it is by default */
    const char *from_event;           /* member of the event's body, or NULL */
    bool working;                     /* count working days */
    bool next_working_day;            /* a last day that rests moves there */
    enum dk_on_due on_due;
    int extend_times, extend_days;
    struct pol_rung rung[DK_RUNGS_MAX - 1];
    int n_rung;
    struct pol_ladder ladder; /* its own; looked at before the version's */
};

struct pol_version {
    int64_t from;          /* day */
    const char *from_text; /* "2022-05-01" */
    struct dk_rj_name law;
    struct pol_clock *clock;
    int n_clock;
    struct pol_ladder ladder;
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

/* Read one version; reports what is wrong. */
void pol_version_read(const struct dk_rj *f, const cJSON *o,
                      const struct dk_at *at, struct pol_version *v);
void pol_clock_read(const struct dk_rj *f, const cJSON *o,
                    const struct dk_at *at, struct pol_clock *k);
void pol_ladder_read(const struct dk_rj *f, const cJSON *o,
                     const struct dk_at *up, struct pol_ladder *l);

#endif /* DK_POLICY_IMPL_H */
