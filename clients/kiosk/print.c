#include "print.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_S 5 /* of paper, of a printer that is off */

struct print {
    struct event_base *base;
    char *path;
    int fd; /* -1: nothing is under way */
    struct event *ready;
    struct bytes b;
    size_t sent; /* all: the last bytes are on their way */
    print_done done;
    void *arg;
};

static void let_go(struct print *p)
{
    if (p->ready != NULL)
        event_free(p->ready);
    p->ready = NULL;
    close(p->fd);
    p->fd = -1;
    bytes_fini(&p->b);
}

static void end(struct print *p, const struct dk_problem *why)
{
    let_go(p);
    p->done(p->arg, why);
}

static int trouble(struct dk_problem *why, const char *what)
{
    int rc =
        dk_failf(why, DK_EIO, NULL,
                 "the receipt was not printed (%s); write the numbers down",
                 "回执未能打印（%s），请抄写编号", what);

    why->retry_after_ms = 0;
    return rc;
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    struct print *p = arg;
    struct dk_problem why = {0};
    ssize_t n;

    if (what & EV_TIMEOUT) {
        trouble(&why, "the printer does not take it");
        end(p, &why);
        return;
    }
    if (p->sent == p->b.n) { /* it takes more: so the last are through */
        end(p, NULL);
        return;
    }
    n = write((int)fd, p->b.at + p->sent, p->b.n - p->sent);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        trouble(&why, strerrordesc_np(errno));
        end(p, &why);
        return;
    }
    p->sent += n > 0 ? (size_t)n : 0;
    /* A close would throw away what the device has not passed on yet. */
    if (event_add(p->ready, &patience) != 0) {
        trouble(&why, "no memory");
        end(p, &why);
    }
}

int print_open(struct event_base *base, const char *path, struct print **out,
               struct dk_problem *p)
{
    struct print *n = calloc(1, sizeof(*n));

    *out = NULL;
    if (n != NULL)
        n->path = strdup(path);
    if (n == NULL || n->path == NULL) {
        free(n);
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    }
    n->base = base;
    n->fd = -1;
    *out = n;
    return 0;
}

void print_close(struct print *p)
{
    struct dk_problem why = {0};

    if (p == NULL)
        return;
    if (p->fd >= 0) {
        trouble(&why, "docket-kiosk stops");
        end(p, &why);
    }
    free(p->path);
    free(p);
}

int print_start(struct print *p, struct bytes *b, print_done done, void *arg,
                struct dk_problem *why)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};

    if (p->fd >= 0) {
        bytes_fini(b);
        return dk_fail(why, DK_EBUSY, NULL, "it is printing; wait a moment",
                       "正在打印，请稍候");
    }
    p->fd =
        open(p->path, O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (p->fd < 0) {
        bytes_fini(b);
        return trouble(why, strerrordesc_np(errno));
    }
    p->b = *b;
    *b = (struct bytes){0};
    p->sent = 0;
    p->done = done;
    p->arg = arg;
    p->ready = event_new(p->base, p->fd, EV_WRITE, on_ready, p);
    if (p->ready != NULL && event_add(p->ready, &patience) == 0)
        return 0;
    let_go(p);
    return dk_fail(why, DK_ENOMEM, NULL, NULL, NULL);
}
