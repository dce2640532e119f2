/* simulate_life.h - one case lived twice: as it was, and under another law.
 *
 * Both lives are the core's: dk_case_evolve() for what people did, the policy
 * for the clocks, dk_decide() for what happens when a limit passes.  Here is
 * only which of them is asked when.
 */
#ifndef DK_SIMULATE_LIFE_H
#define DK_SIMULATE_LIFE_H

#include "core/policy.h"
#include "simulate_line.h"

struct sim_law {
    const struct dk_policy *policy;
    const struct dk_calendar *calendar;
    dk_ms from;   /* cases handed in before are left out; or INT64_MIN */
    dk_ms to;     /* as of when; later events are left out */
    dk_ms law_of; /* the version in force then is every case's; or DK_NEVER */
};

/* A limit that somebody can be late for, in one of the lives. */
struct sim_limit {
    char clock[DK_ID_MAX + 1];
    /* Who had the case just before its end (docs/FIGURES.md, "holder"):
     * "office" or a unit.
     */
    char unit[DK_ID_MAX + 1];
    uint32_t basis; /* number of the event that started it */
    bool late;
    int64_t days; /* after its last day, when late */
    dk_ms due;
};

struct sim_limits {
    struct sim_limit *v;
    size_t n, cap;
};

struct sim_life {
    struct dk_case *then, *now; /* as they stand at the end */
    struct sim_limits was, is;  /* limits that were set, and would be */
    bool left_out;              /* handed in before `from` */
    bool uncounted;             /* `why`: the law cannot tell its limits */
    struct dk_problem why;
    int refused; /* the first step that the law refuses, or -1 */
};

/* Run a case's life.  ev[0..n) are its events in order, more[i] what belongs to
 * ev[i].  A life can be run again and again; all zero at first.
 * DK_ESTATE: this history cannot have happened, *p says what; DK_ENOMEM.
 */
int sim_life_run(struct sim_life *l, const struct sim_law *law,
                 const struct sim_event *const ev[], char *const more[],
                 size_t n, struct dk_problem *p);
void sim_life_fini(struct sim_life *l);

#endif /* DK_SIMULATE_LIFE_H */
