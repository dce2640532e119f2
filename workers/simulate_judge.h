/* simulate_judge.h - from heaps of events to sums, by a few processes. */
#ifndef DK_SIMULATE_JUDGE_H
#define DK_SIMULATE_JUDGE_H

#include "simulate_read.h"
#include "simulate_sums.h"

/* Live every case and sum up.  Cases whose history cannot have happened are in
 * *faults.  `list`: keep the limits that came out differently.
 */
int sim_judge(const struct sim_heaps *heaps, const struct sim_law *law,
              int jobs, bool zh, bool list, struct sums *out,
              struct faults *faults, struct dk_problem *p);

#endif /* DK_SIMULATE_JUDGE_H */
