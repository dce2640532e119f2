/* The traps of ZMQ_FD (docs/adr/0003), each as a test that hangs or starves
 * when zev forgets its law.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

#include "daemon/zev.h"
#include "tests/support/folder.h"

struct world {
    char dir[64];
    char endpoint[96];
    struct event_base *base;
    void *zctx;
    void *dealer;
    struct zev *z;
    int received;    /* messages so far */
    int want;        /* stop the loop at so many */
    int per_call;    /* most to take in one callback; 0: all */
    bool send_first; /* a send before reading (it may eat the signal) */
    struct zev_peer peer;
    int ticks;
};

static void on_ready(void *arg)
{
    struct world *w = arg;
    struct dk_frame f[5];
    int n;
    int budget = w->per_call > 0 ? w->per_call : 1000000;

    while (budget-- > 0 && zev_recv(w->z, &w->peer, f, 5, &n) == 1) {
        assert_int_equal(n, 4);
        w->received++;
    }
    zev_rearm(w->z);
    if (w->received >= w->want)
        event_base_loopbreak(w->base);
}

/* A socket that listens; NULL: it cannot, and *p says why. */
static struct zev *bound(struct event_base *base, void *zctx,
                         const char *endpoint, zev_fn fn, void *arg,
                         struct dk_problem *p)
{
    struct zev *z = zev_open(base, zctx, fn, arg);

    assert_non_null(z);
    if (zev_listen(z, endpoint, NULL, p) == DK_OK)
        return z;
    zev_close(z);
    return NULL;
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct dk_problem p = {0};

    folder_make(w->dir, sizeof(w->dir), "test_zev");
    snprintf(w->endpoint, sizeof(w->endpoint), "ipc://%s/s", w->dir);
    w->base = event_base_new();
    w->zctx = zmq_ctx_new();
    w->z = bound(w->base, w->zctx, w->endpoint, on_ready, w, &p);
    assert_non_null(w->z);
    w->dealer = zmq_socket(w->zctx, ZMQ_DEALER);
    int zero = 0;
    zmq_setsockopt(w->dealer, ZMQ_LINGER, &zero, sizeof(zero));
    assert_int_equal(zmq_connect(w->dealer, w->endpoint), 0);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    char path[96];

    zmq_close(w->dealer);
    zev_close(w->z);
    zmq_ctx_term(w->zctx);
    event_base_free(w->base);
    snprintf(path, sizeof(path), "%s/s", w->dir);
    unlink(path);
    rmdir(w->dir);
    free(w);
    return 0;
}

static void say(struct world *w, int n)
{
    for (int i = 0; i < n; i++) {
        zmq_send(w->dealer, "DKT1", 4, ZMQ_SNDMORE);
        zmq_send(w->dealer, "hello", 5, ZMQ_SNDMORE);
        zmq_send(w->dealer, "1", 1, ZMQ_SNDMORE);
        zmq_send(w->dealer, "{}", 2, 0);
    }
}

static void give_up(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    event_base_loopbreak(arg);
}

static void run(struct world *w, int seconds)
{
    struct timeval limit = {seconds, 0};
    struct event *ev = evtimer_new(w->base, give_up, w->base);

    evtimer_add(ev, &limit);
    event_base_dispatch(w->base);
    event_free(ev);
}

static void one_message_per_callback_still_gets_all(void **state)
{
    struct world *w = *state;

    w->per_call = 1;
    w->want = 1000;
    say(w, 1000);
    run(w, 20);
    assert_int_equal(w->received, 1000);
}

static void on_send(evutil_socket_t fd, short what, void *arg)
{
    struct world *w = arg;

    (void)fd;
    (void)what;
    /* zmq_send processes the socket's commands: the signal is gone. */
    assert_int_equal(zev_send(w->z, &w->peer, "ok", "1", "{}", 2), 0);
    zev_rearm(w->z);
}

static void a_send_from_a_timer_does_not_swallow_what_waits(void **state)
{
    struct world *w = *state;
    struct timeval at_once = {0, 0};

    w->want = 1;
    say(w, 1);
    run(w, 20);
    for (int i = 0; i < 50; i++) {
        struct event *ev = evtimer_new(w->base, on_send, w);
        w->want = w->received + 3;
        say(w, 3);
        evtimer_add(ev, &at_once);
        run(w, 20);
        assert_int_equal(w->received, w->want);
        event_free(ev);
    }
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct world *w = arg;

    (void)fd;
    (void)what;
    if (++w->ticks >= 20 && w->received > 100)
        event_base_loopbreak(w->base);
}

static void on_flood(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    say(arg, 20);
}

static void a_flood_does_not_starve_the_timers(void **state)
{
    struct world *w = *state;
    struct timeval often = {0, 1000};
    struct timeval tick = {0, 10000};
    struct event *flood = event_new(w->base, -1, EV_PERSIST, on_flood, w);
    struct event *ticker = event_new(w->base, -1, EV_PERSIST, on_tick, w);

    w->per_call = 2;
    w->want = INT32_MAX;
    say(w, 2000);
    event_add(flood, &often);
    event_add(ticker, &tick);
    run(w, 30); /* a fifth of a second on an idle machine */
    event_free(flood);
    event_free(ticker);
    assert_true(w->received > 100);
    assert_true(w->ticks >= 20); /* 0 when starved, however long it runs */
}

static void a_peer_that_is_gone_is_told_apart_from_a_full_one(void **state)
{
    struct world *w = *state;
    struct zev_peer nobody = {{1, 2, 3, 4, 5}, 5};

    assert_int_equal(zev_send(w->z, &nobody, "ok", "1", "{}", 2), DK_ENOTFOUND);
    zev_rearm(w->z); /* who sends calls it: the signal may be gone */
    w->want = 1;
    say(w, 1);
    run(w, 20);
    int rc = 0;
    for (int i = 0; rc == 0 && i < 2000000; i++)
        rc = zev_send(w->z, &w->peer, "ok", "1", "{}", 2);
    assert_int_equal(rc, DK_EBUSY); /* it reads nothing: its queue fills */
}

static void too_many_and_too_few_frames_are_counted(void **state)
{
    struct world *w = *state;
    struct dk_frame f[5];
    int n = 0;
    struct zev_peer peer;

    for (int i = 0; i < 9; i++)
        zmq_send(w->dealer, "x", 1, ZMQ_SNDMORE);
    zmq_send(w->dealer, "x", 1, 0);
    zmq_send(w->dealer, "y", 1, 0);
    while (zev_recv(w->z, &peer, f, 5, &n) == 0)
        ;
    assert_int_equal(n, 10);
    while (zev_recv(w->z, &peer, f, 5, &n) == 0)
        ;
    assert_int_equal(n, 1);
    assert_memory_equal(f[0].data, "y", 1);
}

static void a_busy_tcp_port_and_a_bad_endpoint_say_what_to_do(void **state)
{
    struct world *w = *state;
    struct dk_problem p = {0};
    struct zev *a =
        bound(w->base, w->zctx, "tcp://127.0.0.1:*", on_ready, w, &p);

    assert_non_null(a);
    assert_null(bound(w->base, w->zctx, zev_endpoint(a), on_ready, w, &p));
    assert_non_null(strstr(p.detail, "another program"));
    assert_null(
        bound(w->base, w->zctx, "ipc:///nonexistent/d/s", on_ready, w, &p));
    assert_non_null(strstr(p.detail, "folder"));
    assert_null(bound(w->base, w->zctx, "what", on_ready, w, &p));
    assert_non_null(strstr(p.detail, "ipc:///run"));
    zev_close(a);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(one_message_per_callback_still_gets_all),
        T(a_send_from_a_timer_does_not_swallow_what_waits),
        T(a_flood_does_not_starve_the_timers),
        T(a_peer_that_is_gone_is_told_apart_from_a_full_one),
        T(too_many_and_too_few_frames_are_counted),
        T(a_busy_tcp_port_and_a_bad_endpoint_say_what_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
