#include "daemon/wall.h"

#include <errno.h>
#include <stdint.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/log.h"
#include "proto/problem.h"

static dk_ms read_clock(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (dk_ms)ts.tv_sec * DK_SECOND + ts.tv_nsec / 1000000;
}

dk_ms wall_now(const struct wall *w)
{
    return w->test ? w->test_now : read_clock(CLOCK_REALTIME);
}

dk_ms mono_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t mono_micros(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

dk_ms real_now(void)
{
    return read_clock(CLOCK_REALTIME);
}

dk_ms boot_now(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct wall *w = arg;
    uint64_t ticks;

    (void)what;
    if (read(fd, &ticks, sizeof(ticks)) < 0 && errno == ECANCELED) {
        w->jumps++;
        log_warn("clock_step", "jumps=%lld", (long long)w->jumps);
    }
    w->armed = DK_NEVER; /* one shot: whoever ticks arms it again */
    w->fn(w->arg);
}

int wall_init(struct wall *w, struct event_base *base, bool test,
              dk_ms test_now, void (*fn)(void *arg), void *arg)
{
    *w = (struct wall){.test = test,
                       .test_now = test_now,
                       .fd = -1,
                       .armed = DK_NEVER,
                       .fn = fn,
                       .arg = arg};
    if (test)
        return DK_OK;
    w->fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (w->fd < 0)
        return DK_ENOMEM;
    w->ev = event_new(base, w->fd, EV_READ | EV_PERSIST, on_timer, w);
    if (w->ev == NULL || event_add(w->ev, NULL) != 0)
        return DK_ENOMEM;
    return DK_OK;
}

void wall_fini(struct wall *w)
{
    if (w->ev != NULL)
        event_free(w->ev);
    if (w->fd >= 0)
        close(w->fd);
    w->ev = NULL;
    w->fd = -1;
}

void wall_arm(struct wall *w, dk_ms at)
{
    if (w->test || at == w->armed)
        return;
    struct itimerspec its = {{0, 0}, {0, 0}};
    if (at != DK_NEVER) {
        dk_ms t = at > 0 ? at : 1; /* 0 would switch the timer off */
        its.it_value.tv_sec = (time_t)(t / DK_SECOND);
        its.it_value.tv_nsec = (long)(t % DK_SECOND) * 1000000;
    }
    int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
    if (timerfd_settime(w->fd, flags, &its, NULL) == 0 || errno == ECANCELED)
        w->armed = at;
}
