#include "wake.h"

#include <event2/event.h>
#include <stdlib.h>

#define FDS_MAX 8

struct wake {
    struct event_base *base;
};

struct wake *wake_new(void)
{
    struct wake *w = calloc(1, sizeof(*w));
    struct event_config *c = event_config_new();

    /* epoll refuses standard input that is a file; poll does not. */
    if (w != NULL && c != NULL && event_config_avoid_method(c, "epoll") == 0)
        w->base = event_base_new_with_config(c);
    if (c != NULL)
        event_config_free(c);
    if (w == NULL || w->base == NULL) {
        free(w);
        return NULL;
    }
    return w;
}

void wake_free(struct wake *w)
{
    if (w == NULL)
        return;
    event_base_free(w->base);
    free(w);
}

struct event_base *wake_base(struct wake *w)
{
    return w->base;
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
    struct pollfd *p = arg;

    (void)fd;
    (void)what;
    p->revents = POLLIN;
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

int wake_wait(struct wake *w, struct pollfd *fd, int n, int ms)
{
    const struct timeval t = {.tv_sec = ms / 1000,
                              .tv_usec = ms % 1000 * 1000L};
    struct event *ev[FDS_MAX + 1] = {NULL};
    int rc = 0;

    if (w == NULL)
        return poll(fd, (nfds_t)n, ms);
    ev[FDS_MAX] = evtimer_new(w->base, on_time, NULL);
    if (ev[FDS_MAX] == NULL || event_add(ev[FDS_MAX], &t) != 0)
        rc = -1;
    for (int i = 0; i < n && i < FDS_MAX && rc == 0; i++) {
        fd[i].revents = 0;
        if (fd[i].fd < 0)
            continue;
        ev[i] = event_new(w->base, fd[i].fd, EV_READ, on_ready, &fd[i]);
        if (ev[i] == NULL || event_add(ev[i], NULL) != 0)
            rc = -1;
    }
    if (rc == 0)
        rc = event_base_loop(w->base, EVLOOP_ONCE);
    for (int i = 0; i <= FDS_MAX; i++)
        if (ev[i] != NULL)
            event_free(ev[i]);
    return rc;
}
