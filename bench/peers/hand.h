/* hand.h - the hand that measures the others: as bench/load.c measures docketd.
 *
 * Many clients in one thread, each with `window` messages of BODY_LEN bytes
 * under way; the next is sent when one is confirmed durable.  What a message
 * and a confirmation are is the peer's: see struct hand_peer.
 */
#ifndef DK_BENCH_HAND_H
#define DK_BENCH_HAND_H

#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/body.h"

#define HAND_CLIENTS 4096
#define HAND_WINDOW  256
#define HAND_WARM_US 700000
#define HAND_DEAF_US 20000000 /* nothing comes back for so long: give up */

struct hand_client {
    void *peer;                   /* the connection, whatever it is */
    int fd;                       /* readable when confirmations may be there */
    int64_t sent_us[HAND_WINDOW]; /* in order of sending, as a ring */
    unsigned head, under_way;
};

struct hand_peer {
    /* Connect client number i; its fd. */
    int (*open)(struct hand_client *c, int i, char **argv);
    /* Send one message; it may be buffered until flush(). */
    void (*send)(struct hand_client *c, const char *body);
    void (*flush)(struct hand_client *c); /* NULL: nothing to do */
    /* Confirmations that are there, without waiting: they come in the order of
     * sending.
     */
    unsigned (*confirmed)(struct hand_client *c);
};

static inline void hand_fail(const char *what, const char *more)
{
    (void)fprintf(stderr, "peer: %s %s\n", what, more);
    exit(1);
}

struct hand {
    const struct hand_peer *peer;
    struct hand_client *client;
    int n, window, epoll;
    char body[BODY_LEN + 1];
    int64_t begin_us, end_us;
    bool sending;
    unsigned under_way;
    struct took took;
};

static inline void hand_send(struct hand *h, struct hand_client *c,
                             unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        body_new_id(h->body);
        c->sent_us[(c->head + c->under_way++) % HAND_WINDOW] =
            body_clock_us(CLOCK_MONOTONIC);
        h->under_way++;
        h->peer->send(c, h->body);
    }
    if (count > 0 && h->peer->flush != NULL)
        h->peer->flush(c);
}

static inline void hand_take(struct hand *h, struct hand_client *c)
{
    unsigned n = h->peer->confirmed(c);
    int64_t now = body_clock_us(CLOCK_MONOTONIC);

    if (n > c->under_way)
        hand_fail("a confirmation of nothing", "");
    for (unsigned i = 0; i < n; i++) {
        if (now >= h->begin_us && now < h->end_us)
            took_add(&h->took, now - c->sent_us[c->head]);
        c->head = (c->head + 1) % HAND_WINDOW;
    }
    c->under_way -= n;
    h->under_way -= n;
    if (h->sending)
        hand_send(h, c, n);
}

static inline void hand_run(struct hand *h, double seconds)
{
    int64_t heard = body_clock_us(CLOCK_MONOTONIC);

    h->begin_us = heard + HAND_WARM_US;
    h->end_us = h->begin_us + (int64_t)(seconds * 1e6);
    h->sending = true;
    for (int i = 0; i < h->n; i++)
        hand_send(h, &h->client[i], (unsigned)h->window);
    while (h->under_way > 0) {
        struct epoll_event ev[256];
        int n = epoll_wait(h->epoll, ev, 256, 100);
        int64_t now = body_clock_us(CLOCK_MONOTONIC);

        for (int i = 0; i < n; i++)
            hand_take(h, &h->client[ev[i].data.u32]);
        if (n > 0)
            heard = now;
        else if (now - heard > HAND_DEAF_US)
            hand_fail("no confirmations any more", "");
        if (now >= h->end_us)
            h->sending = false;
    }
}

static inline void hand_open(struct hand *h, char **argv)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
        r.rlim_cur = r.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &r);
    }
    h->epoll = epoll_create1(EPOLL_CLOEXEC);
    h->client = calloc((size_t)h->n, sizeof(*h->client));
    if (h->epoll < 0 || h->client == NULL)
        hand_fail("cannot start", "");
    for (int i = 0; i < h->n; i++) {
        struct hand_client *c = &h->client[i];
        struct epoll_event ev = {.events = EPOLLIN};

        c->fd = h->peer->open(c, i, argv);
        ev.data.u32 = (uint32_t)i;
        if (epoll_ctl(h->epoll, EPOLL_CTL_ADD, c->fd, &ev) != 0)
            hand_fail("epoll", "");
    }
}

/* All of it: `NAME CLIENTS WINDOW SECONDS PEER'S...`; prints one JSON line. */
static inline int hand_main(const struct hand_peer *peer, int argc, char **argv)
{
    static struct hand h;

    if (argc < 5)
        hand_fail("usage: NAME CLIENTS WINDOW SECONDS WHERE...", "");
    h.peer = peer;
    h.n = (int)strtol(argv[2], NULL, 10);
    h.window = (int)strtol(argv[3], NULL, 10);
    double seconds = strtod(argv[4], NULL);
    if (h.n < 1 || h.n > HAND_CLIENTS || h.window < 1 ||
        h.window > HAND_WINDOW || !(seconds > 0))
        hand_fail("clients 1..4096, window 1..256", "");
    body_make(h.body);
    hand_open(&h, argv + 5);
    hand_run(&h, seconds);
    took_sort(&h.took);
    (void)printf("{\"name\":\"%s\",\"measure\":\"peer\",\"clients\":%d,"
                 "\"window\":%d,\"seconds\":%.1f,\"per_second\":%.0f,"
                 "\"p50_us\":%u,\"p99_us\":%u,\"max_us\":%u}\n",
                 argv[1], h.n, h.window, seconds, (double)h.took.n / seconds,
                 took_at(&h.took, 500), took_at(&h.took, 990),
                 took_at(&h.took, 1000));
    return h.took.n > 0 ? 0 : 1;
}

#endif /* DK_BENCH_HAND_H */
