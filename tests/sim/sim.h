/* sim.h - docket in a bottle: the real broker and the real sessions of its
 * workers, on a clock, a network and a disk that one seed decides about.
 *
 * What is real: everything of daemon/ with zev, wall and the in-memory store,
 * workers/session and wire, the law and the book.  What is not: libzmq
 * (net.c), the kernel's clocks and timers (vtime.c), random numbers (one
 * stream from the seed), and the store's commit, which may be told to fail
 * (disk.c).  One process, one thread, no waiting: a seed always runs the same.
 */
#ifndef DK_SIM_H
#define DK_SIM_H

#include <stdbool.h>
#include <stdio.h>

#include "proto/dk_types.h"

/* ---- chance (vtime.c) ---------------------------------------------------- */

void sim_seed(uint64_t seed);
uint64_t sim_rand(void);
unsigned sim_pick(unsigned n); /* 0 .. n-1 */
bool sim_chance(int permille);
dk_ms sim_span(dk_ms from, dk_ms to); /* both included */

/* ---- time (vtime.c) ------------------------------------------------------ */

#define SIM_WALL0 INT64_C(1778029200000) /* 2026-05-06T09:00+08:00 */

dk_ms sim_now(void);        /* monotonic */
dk_ms sim_wall(void);       /* what the office's clock shows */
void sim_set_now(dk_ms at); /* never back */
void sim_step_wall(dk_ms by);
/* The broker's timer on the wall clock: when it is due on the monotonic one;
 * DK_NEVER: off.
 */
dk_ms sim_timer_at(void);
/* Let it ring if it is time.  True: it has rung and was not heard yet. */
bool sim_timer_rings(void);

/* ---- what is told ------------------------------------------------------- */

/* A line of the trace: printed with --trace, and always part of the print that
 * two runs of a seed must have in common.
 */
__attribute__((format(printf, 1, 2))) void say(const char *fmt, ...);
uint64_t sim_print(void);     /* of all lines so far */
void sim_set_trace(FILE *to); /* NULL: off */

/* The promise is broken.  Only the first word of a run counts. */
__attribute__((format(printf, 1, 2))) void broken(const char *fmt, ...);
const char *sim_broken(void); /* NULL: it holds */
void sim_mend(void);          /* before the next run */

/* ---- planted faults ------------------------------------------------------ */

/* Does the simulation see it?  A run with one of these must be found broken. */
enum plant {
    PLANT_NONE,
    PLANT_DROP_CLOCK, /* a clock's row is not written */
    PLANT_DROP_TASK,  /* a task is not written */
    PLANT_TWICE,      /* a submission's id is forgotten */
    PLANT_LOSE,       /* a crash forgets the last commit: no sync */
    PLANT_N
};
extern enum plant sim_plant;
extern const char *const sim_plant_names[]; /* NULL-terminated */

#endif /* DK_SIM_H */
