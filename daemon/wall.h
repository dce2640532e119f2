/* wall.h - the daemon's clocks: the wall clock that the law's limits follow
 * (the real one, or a test clock that stands still), and the monotonic clock
 * for leases and heartbeats.
 *
 * The real wall clock is watched by a timerfd with TFD_TIMER_CANCEL_ON_SET: a
 * step of the clock wakes the loop, which then looks at what is due anew.
 */
#ifndef DK_WALL_H
#define DK_WALL_H

#include <event2/event.h>
#include <stdbool.h>

#include "proto/dk_types.h"

struct wall {
    bool test;
    dk_ms test_now;
    int fd;
    struct event *ev;
    dk_ms armed;   /* what the timer is set to; DK_NEVER: off */
    int64_t jumps; /* steps of the clock seen */
    void (*fn)(void *arg);
    void *arg;
};

/* `fn` is called from the loop when the armed time has come or the clock was
 * set.  0 or a negative DK_E code.
 */
int wall_init(struct wall *w, struct event_base *base, bool test,
              dk_ms test_now, void (*fn)(void *arg), void *arg);
void wall_fini(struct wall *w);

dk_ms wall_now(const struct wall *w);
dk_ms mono_now(void);
int64_t mono_micros(void); /* microseconds, to measure how long a thing took */
dk_ms real_now(void);      /* also where the office has a test clock */
dk_ms boot_now(void);      /* monotonic, and goes on while the machine sleeps */

/* Wake at `at` (DK_NEVER: not at all).  A test clock never wakes by itself. */
void wall_arm(struct wall *w, dk_ms at);

#endif /* DK_WALL_H */
