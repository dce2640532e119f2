/* simulate_read.h - from lines of history to heaps of events, by a few
 * processes.  simulate_judge.h goes on from there.
 */
#ifndef DK_SIMULATE_READ_H
#define DK_SIMULATE_READ_H

#include "simulate_crew.h"
#include "simulate_faults.h"
#include "simulate_line.h"
#include "simulate_spool.h"

#define SIM_JOBS_MAX CREW_MAX

struct sim_heaps {
    int n; /* one spool for each process that reads */
    int fd[SIM_JOBS_MAX];
    struct spool_index *index; /* n of them; owned */
};

struct sim_history {
    uint64_t events;
    dk_ms first, last; /* recorded; DK_NEVER: there are none */
};

/* Read history from `fd` to its end.  What is wrong with it is in *faults.
 * DK_EIO, DK_ENOMEM: it could not be read or kept.
 */
int sim_read(int fd, int jobs, const char *spool_dir, bool zh,
             struct sim_heaps *out, struct sim_history *history,
             struct faults *faults, struct dk_problem *p);
void sim_heaps_fini(struct sim_heaps *h);

/* Bytes that an event takes in a heap. */
size_t sim_event_size(const struct sim_event *e);

#endif /* DK_SIMULATE_READ_H */
