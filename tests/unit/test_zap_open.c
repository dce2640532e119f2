/* The door's socket and its self-test, with every call that they make failing
 * once: a door that is half open lets everybody in, so it is whole or not
 * there, and a self-test that could not be done is one that failed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <event2/event.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "daemon/zap.h"
#include "tests/support/folder.h"

/* ---- calls that fail, and a clock that jumps ----------------------------- */

static int calls, fails_at;
static long hurry; /* seconds that each look at the clock adds */
static long hurried;

static bool fails(void)
{
    errno = ETERM; /* and not a signal, after which it is tried again */
    return ++calls == fails_at;
}

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's --wrap */
#define WRAP(ret, name, params, args, bad)                                     \
    ret __real_##name params;                                                  \
    ret __wrap_##name params;                                                  \
    ret __wrap_##name params                                                   \
    {                                                                          \
        return fails() ? (bad) : __real_##name args;                           \
    }

WRAP(void *, calloc, (size_t n, size_t size), (n, size), NULL)
WRAP(void *, zmq_ctx_new, (void), (), NULL)
WRAP(void *, zmq_socket, (void *ctx, int type), (ctx, type), NULL)
WRAP(int, zmq_setsockopt, (void *s, int o, const void *v, size_t n),
     (s, o, v, n), -1)
WRAP(int, zmq_getsockopt, (void *s, int o, void *v, size_t *n), (s, o, v, n),
     -1)
WRAP(int, zmq_bind, (void *s, const char *at), (s, at), -1)
WRAP(int, zmq_connect, (void *s, const char *at), (s, at), -1)
WRAP(int, zmq_curve_keypair, (char *public, char *secret), (public, secret), -1)
WRAP(int, zmq_socket_monitor, (void *s, const char *at, int events),
     (s, at, events), -1)
WRAP(struct event *, event_new,
     (struct event_base * b, evutil_socket_t fd, short what,
      event_callback_fn fn, void *arg),
     (b, fd, what, fn, arg), NULL)
WRAP(int, event_add, (struct event * ev, const struct timeval *tv), (ev, tv),
     -1)

int __real_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
    int rc = __real_clock_gettime(id, t);

    hurried += hurry;
    t->tv_sec += hurried;
    return rc;
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* ---- a door in its place --------------------------------------------------
 */

struct place {
    char dir[64], endpoint[96], public[41], secret[41];
    struct event_base *base;
    void *ctx, *router;
    bool welcome;
    int asked, told;
    char address[64], why[64];
};

static bool ask(void *arg, const char *name, const char *user)
{
    struct place *pl = arg;

    assert_string_equal(name, "clients");
    assert_int_equal(strlen(user), ZAP_USER_MAX);
    pl->asked++;
    return pl->welcome;
}

static void told(void *arg, const char *address, const char *user,
                 const char *why)
{
    struct place *pl = arg;

    (void)user;
    pl->told++;
    snprintf(pl->address, sizeof(pl->address), "%s", address);
    snprintf(pl->why, sizeof(pl->why), "%s", why);
}

static int open_place(void **state)
{
    static struct place pl;

    memset(&pl, 0, sizeof(pl));
    folder_make(pl.dir, sizeof(pl.dir), "dk-zap");
    snprintf(pl.endpoint, sizeof(pl.endpoint), "ipc://%s/door", pl.dir);
    pl.base = event_base_new();
    pl.ctx = zmq_ctx_new();
    assert_int_equal(zmq_curve_keypair(pl.public, pl.secret), 0);
    *state = &pl;
    return 0;
}

static int close_place(void **state)
{
    struct place *pl = *state;

    if (pl->router != NULL)
        zmq_close(pl->router);
    zmq_ctx_term(pl->ctx);
    event_base_free(pl->base);
    unlink(pl->endpoint + 6);
    return rmdir(pl->dir);
}

/* A socket of ours that asks the door about everybody. */
static void listen_there(struct place *pl)
{
    int one = 1, zero = 0;
    void *r = pl->router = zmq_socket(pl->ctx, ZMQ_ROUTER);

    assert_non_null(r);
    zmq_setsockopt(r, ZMQ_LINGER, &zero, sizeof(zero));
    zmq_setsockopt(r, ZMQ_CURVE_SERVER, &one, sizeof(one));
    zmq_setsockopt(r, ZMQ_CURVE_SECRETKEY, pl->secret, 41);
    zmq_setsockopt(r, ZMQ_ZAP_DOMAIN, "clients.tcp", 11);
    assert_int_equal(zmq_bind(r, pl->endpoint), 0);
}

static struct zap *open_door(struct place *pl)
{
    return zap_open(pl->base, pl->ctx, ask, told, pl);
}

static void a_door_is_whole_or_not_there(void **state)
{
    struct place *pl = *state;
    struct zap *z = NULL;
    int n;

    for (n = 1; z == NULL && n < 50; n++) {
        zmq_ctx_term(pl->ctx); /* waits for ever if a socket was forgotten */
        pl->ctx = zmq_ctx_new();
        calls = 0;
        fails_at = n;
        z = open_door(pl);
        fails_at = 0;
        assert_true((z == NULL) == (n <= calls));
    }
    assert_true(n > 8); /* as many calls as it makes */
    assert_non_null(z);
    assert_null(open_door(pl)); /* the endpoint is taken */
    zap_close(z);
    zap_close(NULL);
}

static void who_has_no_known_key_is_turned_away(void **state)
{
    struct place *pl = *state;
    struct zap *z = open_door(pl);

    listen_there(pl);
    assert_true(zap_self_test(z, pl->endpoint, pl->public));
    assert_int_equal(pl->asked, 1);
    assert_int_equal(pl->told, 1);
    assert_string_equal(pl->why, "not welcome here");
    zap_close(z);
}

static void a_door_that_lets_everybody_in_fails_its_test(void **state)
{
    struct place *pl = *state;
    struct zap *z = open_door(pl);

    listen_there(pl);
    pl->welcome = true;
    assert_false(zap_self_test(z, pl->endpoint, pl->public));
    assert_int_equal(pl->asked, 1);
    assert_int_equal(pl->told, 0);
    zap_close(z);
}

static void a_test_that_nobody_answers_ends(void **state)
{
    struct place *pl = *state;
    struct zap *z = open_door(pl);

    hurry = 1; /* nobody listens there; five looks at the clock are enough */
    assert_false(zap_self_test(z, pl->endpoint, pl->public));
    assert_in_range(hurried, 5, 7);
    hurry = 0;
    assert_int_equal(pl->asked, 0);
    zap_close(z);
}

static void a_test_that_cannot_be_done_is_no_passed_one(void **state)
{
    struct place *pl = *state;
    struct zap *z = open_door(pl);
    bool done = false;
    int n;

    listen_there(pl);
    for (n = 1; !done && n < 200; n++) {
        calls = 0;
        fails_at = n;
        bool passed = zap_self_test(z, pl->endpoint, pl->public);
        fails_at = 0;
        done = calls < n;
        /* What fails while it waits (one look for more) may cost nothing. */
        assert_true(!done || passed);
        if (n <= 12)
            assert_false(passed);
    }
    assert_true(n > 12);
    assert_true(done);
    zap_close(z);
}

/* ---- what comes to the socket -------------------------------------------- */

static void *knocker(struct place *pl)
{
    int zero = 0;
    void *s = zmq_socket(pl->ctx, ZMQ_REQ);

    zmq_setsockopt(s, ZMQ_LINGER, &zero, sizeof(zero));
    assert_int_equal(zmq_connect(s, ZAP_ENDPOINT), 0);
    return s;
}

static void say(void *s, int parts, const char *const part[])
{
    for (int i = 0; i < parts; i++)
        assert_true(zmq_send(s, part[i], strlen(part[i]),
                             i < parts - 1 ? ZMQ_SNDMORE : 0) >= 0);
}

/* The status of the answer, while the loop turns. */
static void hear(struct place *pl, void *s, char status[8])
{
    zmq_pollitem_t item = {s, 0, ZMQ_POLLIN, 0};
    char part[6][64];
    int more = 1, n = 0;
    size_t len = sizeof(more);

    for (int i = 0; i < 2000 && zmq_poll(&item, 1, 5) == 0; i++)
        event_base_loop(pl->base, EVLOOP_NONBLOCK);
    for (; more != 0 && n < 6; n++) {
        memset(part[n], 0, sizeof(part[n]));
        assert_true(zmq_recv(s, part[n], 63, ZMQ_DONTWAIT) >= 0);
        zmq_getsockopt(s, ZMQ_RCVMORE, &more, &len);
    }
    assert_int_equal(n, 6);
    snprintf(status, 8, "%.7s", part[2]);
}

static void a_request_of_any_length_is_answered(void **state)
{
    static const char *const word[] = {"1.0",   "7",   "clients.tcp", "far", "",
                                       "CURVE", "key", "a ninth"};
    struct place *pl = *state;
    struct zap *z = open_door(pl);
    void *s = knocker(pl);
    char status[8];

    for (int n = 1; n <= 8; n++) {
        say(s, n, word);
        hear(pl, s, status);
        assert_string_equal(status, n < 6 ? "500" : "400");
        assert_int_equal(pl->told, n);
        assert_string_equal(pl->address, n > 3 ? "far" : "");
    }
    zmq_close(s);
    zap_close(z);
}

/* More at once than the door answers in one go: the others come next, without
 * another signal of the socket.
 */
static void many_at_once_are_all_answered(void **state)
{
    enum {
        N = 300
    };
    static const char *const word[] = {"1.0", "7", "no domain"};
    struct place *pl = *state;
    struct zap *z = open_door(pl);
    char status[8];
    void *s[N];

    for (int i = 0; i < N; i++) {
        s[i] = knocker(pl);
        say(s[i], 3, word);
    }
    for (int i = 0; i < N; i++) {
        hear(pl, s[i], status);
        assert_string_equal(status, "500");
        zmq_close(s[i]);
    }
    assert_int_equal(pl->told, N);
    zap_close(z);
}

static void keys_are_made_and_read(void **state)
{
    char secret[41], public[41];
    uint8_t bytes[32];

    (void)state;
    assert_true(zap_new_secret(secret));
    assert_true(zap_public_key(secret, public));
    assert_true(zap_key_bytes(public, bytes));
    assert_false(zap_key_bytes("short", bytes));
    memset(public, '~', 40); /* not in the alphabet of Z85 */
    assert_false(zap_key_bytes(public, bytes));
}

int main(void)
{
#define IN(f) cmocka_unit_test_setup_teardown(f, open_place, close_place)
    static const struct CMUnitTest tests[] = {
        IN(a_door_is_whole_or_not_there),
        IN(who_has_no_known_key_is_turned_away),
        IN(a_door_that_lets_everybody_in_fails_its_test),
        IN(a_test_that_nobody_answers_ends),
        IN(a_test_that_cannot_be_done_is_no_passed_one),
        IN(a_request_of_any_length_is_answered),
        IN(many_at_once_are_all_answered),
        cmocka_unit_test(keys_are_made_and_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
