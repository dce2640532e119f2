/* simulate_crew.h - a few processes that share the work, each with a pipe to it
 * and one from it.
 */
#ifndef DK_SIMULATE_CREW_H
#define DK_SIMULATE_CREW_H

#include <sys/types.h>

#include "proto/problem.h"

#define CREW_MAX 16

struct crew {
    int n;
    struct {
        pid_t pid;
        int to, from; /* -1: closed */
    } hand[CREW_MAX];
};

/* What a hand does: number `i` of the crew, reading `in` and writing `out`.
 * Runs in a process of its own; 0 or a DK_E code.
 */
typedef int (*crew_work)(void *arg, int i, int in, int out);

/* DK_EIO: a process or a pipe could not be had; none is left then. */
int crew_start(struct crew *c, int n, crew_work work, void *arg,
               struct dk_problem *p);
void crew_close_to(struct crew *c); /* nothing more will be sent */
/* Close the pipes and wait; DK_EIO: one of them did not end well. */
int crew_end(struct crew *c, struct dk_problem *p);

#endif /* DK_SIMULATE_CREW_H */
