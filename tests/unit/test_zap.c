/* Every way a ZAP request can be, and what is answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <errno.h>
#include <event2/event.h>
#include <zmq.h>

#include "daemon/zap.h"

static char asked_name[64], asked_user[64];
static bool welcome;

static bool ask(void *arg, const char *name, const char *user)
{
    assert_ptr_equal(arg, &welcome);
    snprintf(asked_name, sizeof(asked_name), "%s", name);
    snprintf(asked_user, sizeof(asked_user), "%s", user);
    return welcome;
}

static struct zap_answer decide(int n, const struct dk_frame f[])
{
    struct zap_answer a;

    asked_name[0] = asked_user[0] = '\0';
    zap_decide(f, n, ask, &welcome, &a);
    return a;
}

#define F(s)                                                                   \
    {                                                                          \
        s, sizeof(s) - 1                                                       \
    }
#define KEY "0123456789abcdef0123456789abcdef"
#define CURVE_FRAMES                                                           \
    {                                                                          \
        F("1.0"), F("7"), F("clients.tcp"), F("10.0.0.1"), F(""), F("CURVE"),  \
            F(KEY)                                                             \
    }
#define NULL_FRAMES                                                            \
    {                                                                          \
        F("1.0"), F("7"), F("workers.ipc"), F("localhost:997:4:12"), F(""),    \
            F("NULL")                                                          \
    }

static void a_key_is_asked_about(void **state)
{
    const struct dk_frame f[] = CURVE_FRAMES;
    char z85[41];

    (void)state;
    zmq_z85_encode(z85, (const uint8_t *)KEY, 32);
    welcome = true;
    struct zap_answer a = decide(7, f);
    assert_string_equal(a.status, "200");
    assert_string_equal(a.user, z85);
    assert_string_equal(asked_user, z85);
    assert_string_equal(asked_name, "clients");
    assert_memory_equal(a.request.data, "7", 1);
    welcome = false;
    a = decide(7, f);
    assert_string_equal(a.status, "400");
    assert_string_equal(a.user, z85); /* for the log only */
}

static void a_user_of_this_machine_is_asked_about(void **state)
{
    const struct dk_frame f[] = NULL_FRAMES;

    (void)state;
    welcome = true;
    struct zap_answer a = decide(6, f);
    assert_string_equal(a.status, "200");
    assert_string_equal(a.user, "uid:997");
    assert_string_equal(asked_name, "workers");
    welcome = false;
    assert_string_equal(decide(6, f).status, "400");
}

static void what_proves_nothing_is_refused_unasked(void **state)
{
    static const struct {
        int frame;
        struct dk_frame is;
        bool null;
    } bad[] = {
        {2, F("clients.ipc"), false},
        {2, F("clients"), false},
        {2, F(""), false},
        {2, F(".tcp"), false},
        {2, F("clients.tcp "), false},
        {2, F("clients.udp"), false},
        {2, F("clients\x7f.tcp"), false},
        {2, F("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.tcp"), false},
        {5, F("NULL"), false},
        {5, F("PLAIN"), false},
        {5, F("CURV"), false},
        {5, F("curve"), false},
        {5, F(""), false},
        {6, F(""), false},
        {6, F("0123456789abcdef"), false},
        {6, F(KEY "0"), false},
        {2, F("workers.tcp"), true},
        {5, F("CURVE"), true},
        {3, F("127.0.0.1"), true},
        {3, F(""), true},
        {3, F("localhost:"), true},
        {3, F("localhost:x:1:1"), true},
        {3, F("localhost:12"), true},
        {3, F("localhost:99999999999:1:1"), true},
        {3, F("localhost:-1:1:1"), true},
        {3, F("localhost:0\0:1:1"), true},
    };

    (void)state;
    welcome = true;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct dk_frame curve[] = CURVE_FRAMES, null[] = NULL_FRAMES;
        struct dk_frame *f = bad[i].null ? null : curve;
        f[bad[i].frame] = bad[i].is;
        struct zap_answer a = decide(bad[i].null ? 6 : 7, f);
        if (strcmp(a.status, "400") != 0 || asked_user[0] != '\0')
            fail_msg("%zu: %s %s", i, a.status, asked_user);
    }
    struct dk_frame more[] = {
        F("1.0"),  F("7"), F("workers.ipc"), F("localhost:0:0:1"), F(""),
        F("NULL"), F("x")};
    assert_string_equal(decide(7, more).status, "400");
    struct dk_frame few[] = CURVE_FRAMES;
    assert_string_equal(decide(6, few).status, "400");
    assert_string_equal(decide(8, few).status, "400");
}

static void what_is_no_request_is_answered_all_the_same(void **state)
{
    struct dk_frame f[] = CURVE_FRAMES;

    (void)state;
    welcome = true;
    for (int n = 0; n < 6; n++) {
        struct zap_answer a = decide(n, f);
        assert_string_equal(a.status, "500");
        assert_int_equal(a.request.len, n >= 2 ? 1 : 0);
        assert_string_equal(a.user, "");
    }
    f[0] = (struct dk_frame)F("1.1");
    assert_string_equal(decide(7, f).status, "500");
    f[0] = (struct dk_frame)F("");
    assert_string_equal(decide(7, f).status, "500");
    assert_string_equal(asked_user, "");
}

/* ---- a signal at every call ---------------------------------------------- */

static int left; /* interruptions before the next call gets through */
static bool signals;
static bool ended; /* the context, in the middle of an answer */
static int parts;  /* that could not be sent for that */

static bool interrupted(void)
{
    if (!signals)
        return false;
    left = left == 0 ? 2 : left - 1;
    errno = EINTR;
    return left != 0;
}

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's --wrap */
int __real_zmq_msg_recv(zmq_msg_t *m, void *s, int flags);
int __wrap_zmq_msg_recv(zmq_msg_t *m, void *s, int flags);
int __wrap_zmq_msg_recv(zmq_msg_t *m, void *s, int flags)
{
    return interrupted() ? -1 : __real_zmq_msg_recv(m, s, flags);
}

int __real_zmq_send(void *s, const void *p, size_t n, int flags);
int __wrap_zmq_send(void *s, const void *p, size_t n, int flags);
int __wrap_zmq_send(void *s, const void *p, size_t n, int flags)
{
    if (ended) {
        parts++;
        errno = ETERM;
        return -1;
    }
    return interrupted() ? -1 : __real_zmq_send(s, p, n, flags);
}

int __real_zmq_getsockopt(void *s, int option, void *v, size_t *len);
int __wrap_zmq_getsockopt(void *s, int option, void *v, size_t *len);
int __wrap_zmq_getsockopt(void *s, int option, void *v, size_t *len)
{
    return interrupted() ? -1 : __real_zmq_getsockopt(s, option, v, len);
}
/* NOLINTEND(bugprone-reserved-identifier) */

static void told(void *arg, const char *address, const char *user,
                 const char *why)
{
    (void)arg;
    fail_msg("turned away: %s %s %s", address, user, why);
}

static void pass(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    *(bool *)arg = true;
}

/* Ask as libzmq does; the status of the answer. */
static void ask_once(struct event_base *base, void *req, char status[8])
{
    const struct dk_frame f[] = NULL_FRAMES;
    const struct timeval most = {10, 0};
    bool late = false;
    int n = 0;
    struct event *deadline = evtimer_new(base, pass, &late);

    evtimer_add(deadline, &most);
    for (int i = 0; i < 6; i++)
        assert_true(
            zmq_send(req, f[i].data, f[i].len, i < 5 ? ZMQ_SNDMORE : 0) >= 0);
    signals = true;
    zmq_pollitem_t item = {req, 0, ZMQ_POLLIN, 0};
    while (zmq_poll(&item, 1, 0) == 0) {
        assert_false(late);
        event_base_loop(base, EVLOOP_ONCE);
    }
    signals = false;
    event_free(deadline);
    for (int more = 1; more != 0; n++) {
        size_t len = sizeof(more);
        char part[64] = "";
        assert_true(zmq_recv(req, part, sizeof(part) - 1, 0) >= 0);
        if (n == 2)
            snprintf(status, 8, "%.7s", part);
        assert_int_equal(zmq_getsockopt(req, ZMQ_RCVMORE, &more, &len), 0);
    }
    assert_int_equal(n, 6);
}

static void a_signal_shuts_nobody_out(void **state)
{
    struct event_base *base = event_base_new();
    void *ctx = zmq_ctx_new();
    struct zap *z = zap_open(base, ctx, ask, told, &welcome);
    void *req = zmq_socket(ctx, ZMQ_REQ);
    char status[8] = "";
    int zero = 0;

    (void)state;
    assert_non_null(z);
    assert_int_equal(zmq_setsockopt(req, ZMQ_LINGER, &zero, sizeof(zero)), 0);
    assert_int_equal(zmq_connect(req, ZAP_ENDPOINT), 0);
    welcome = true;
    for (int i = 0; i < 3; i++) {
        ask_once(base, req, status);
        assert_string_equal(status, "200");
        assert_string_equal(asked_user, "uid:997");
    }
    zmq_close(req);
    zap_close(z);
    zmq_ctx_term(ctx);
    event_base_free(base);
}

/* Else docketd would turn for ever in its last moment. */
static void an_end_in_the_middle_is_no_reason_to_try_again(void **state)
{
    const struct dk_frame f[] = NULL_FRAMES;
    struct event_base *base = event_base_new();
    void *ctx = zmq_ctx_new();
    struct zap *z = zap_open(base, ctx, ask, told, &welcome);
    void *req = zmq_socket(ctx, ZMQ_REQ);
    time_t until = time(NULL) + 10;
    int zero = 0;

    (void)state;
    assert_non_null(z);
    assert_int_equal(zmq_setsockopt(req, ZMQ_LINGER, &zero, sizeof(zero)), 0);
    assert_int_equal(zmq_connect(req, ZAP_ENDPOINT), 0);
    for (int i = 0; i < 6; i++)
        assert_true(
            zmq_send(req, f[i].data, f[i].len, i < 5 ? ZMQ_SNDMORE : 0) >= 0);
    ended = true;
    while (parts == 0) {
        assert_true(time(NULL) <= until);
        event_base_loop(base, EVLOOP_ONCE);
    }
    ended = false;
    assert_int_equal(parts, 6); /* each of them once */
    zmq_close(req);
    zap_close(z);
    zmq_ctx_term(ctx);
    event_base_free(base);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_asked_about),
        cmocka_unit_test(a_user_of_this_machine_is_asked_about),
        cmocka_unit_test(what_proves_nothing_is_refused_unasked),
        cmocka_unit_test(what_is_no_request_is_answered_all_the_same),
        cmocka_unit_test(a_signal_shuts_nobody_out),
        cmocka_unit_test(an_end_in_the_middle_is_no_reason_to_try_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
