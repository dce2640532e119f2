/* libdocket against a small scripted peer on a socket of its own. */
#include "proto/client.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#include "proto/uuid.h"
#include "tests/support/client_peer.h"

#define WAIT 10000 /* more than anything here takes; never waited out */

static struct dk_client *connect_to(const struct peer *s)
{
    struct dk_client_options o = {.reconnect_ms = 10};
    struct dk_client *c = dk_client_open(s->endpoint, &o, NULL);

    assert_non_null(c);
    return c;
}

static int64_t now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void a_bad_endpoint_is_refused_with_a_sentence(void **state)
{
    struct dk_problem p = {0};

    (void)state;
    assert_null(dk_client_open("nonsense", NULL, &p));
    assert_int_equal(p.code, DK_EFIELD);
    assert_non_null(strstr(p.detail, "nonsense"));
    assert_null(dk_client_open("tcp://127.0.0.1:x", NULL, NULL));
    dk_client_close(NULL);
}

static void a_call_gets_its_answer(void **state)
{
    struct dk_client *c = connect_to(*state);
    struct dk_reply r;

    for (int i = 0; i < 100; i++) {
        char body[32];

        (void)snprintf(body, sizeof(body), "{\"i\":%d}", i);
        assert_int_equal(dk_client_call(c, "echo", body, WAIT, &r, NULL), 0);
        assert_string_equal(r.type, "ok");
        assert_string_equal(r.text, body);
        assert_int_equal(r.len, strlen(body));
        assert_int_equal(cJSON_GetObjectItem(r.json, "i")->valueint, i);
        dk_reply_free(&r);
    }
    dk_client_close(c);
}

static void a_problem_becomes_its_code(void **state)
{
    struct dk_client *c = connect_to(*state);
    struct dk_problem p;
    struct dk_reply r;

    assert_int_equal(dk_client_call(c, "busy", "{}", WAIT, &r, &p), DK_EBUSY);
    assert_int_equal(p.retry_after_ms, 1000);
    assert_string_equal(p.pointer, "/x");
    assert_string_equal(p.detail_zh, "稍后");
    assert_null(r.json);
    assert_int_equal(dk_client_call(c, "busy", "{}", WAIT, &r, NULL), DK_EBUSY);
    dk_client_close(c);
}

static void without_a_broker_calls_end_in_time(void **state)
{
    const struct peer *s = *state;
    char nowhere[128];
    struct dk_problem p;
    struct dk_reply r;
    struct dk_client *c;
    int64_t t;

    (void)snprintf(nowhere, sizeof(nowhere), "ipc://%s/none", s->folder);
    c = dk_client_open(nowhere, NULL, NULL);
    assert_non_null(c);
    assert_int_equal(dk_client_send(c, "echo", NULL, "{}", 2, NULL, &p),
                     DK_EBUSY);
    t = now();
    assert_int_equal(dk_client_call(c, "echo", "{}", 200, &r, &p), DK_ETIMEOUT);
    assert_in_range(now() - t, 190, WAIT / 2);
    assert_true(p.retry_after_ms > 0);
    assert_non_null(strstr(p.detail, "no connection"));
    assert_int_equal(dk_client_recv(c, 0, &r, &p), DK_ETIMEOUT);
    t = now();
    dk_client_close(c);
    assert_true(now() - t < WAIT / 2);
}

static void a_late_answer_is_nobodys(void **state)
{
    struct dk_client *c = connect_to(*state);
    struct dk_problem p;
    struct dk_reply r;

    assert_int_equal(dk_client_call(c, "mute", "{}", 50, &r, &p), DK_ETIMEOUT);
    assert_non_null(strstr(p.detail, "same submission"));
    assert_int_equal(dk_client_call(c, "echo", "{\"a\":1}", WAIT, &r, NULL), 0);
    assert_string_equal(r.text, "{\"a\":1}");
    dk_reply_free(&r);
    assert_int_equal(dk_client_recv(c, 0, &r, NULL), DK_ETIMEOUT);
    dk_client_close(c);
}

static void answers_to_others_are_kept_in_order(void **state)
{
    static const char *const names[] = {"one", "two", "three"};
    struct dk_client *c = connect_to(*state);
    struct dk_reply r;

    assert_int_equal(dk_client_call(c, "others", "{}", WAIT, &r, NULL), 0);
    assert_string_equal(r.text, "{\"mine\":1}");
    dk_reply_free(&r);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(dk_client_recv(c, 0, &r, NULL), 0);
        assert_string_equal(r.request, names[i]);
        dk_reply_free(&r);
    }
    assert_int_equal(dk_client_recv(c, 0, &r, NULL), DK_ETIMEOUT);
    /* Kept ones are freed with the client. */
    assert_int_equal(dk_client_call(c, "others", "{}", WAIT, &r, NULL), 0);
    dk_reply_free(&r);
    dk_client_close(c);
}

static void no_more_is_kept_than_was_allowed(void **state)
{
    const struct peer *s = *state;
    struct dk_client_options o = {.recv_hwm = 2};
    struct dk_client *c = dk_client_open(s->endpoint, &o, NULL);
    struct dk_problem p;
    struct dk_reply r;

    assert_int_equal(dk_client_call(c, "others", "{}", WAIT, &r, &p), DK_EBUSY);
    assert_non_null(strstr(p.detail, "2 answers"));
    dk_client_close(c);
}

static void requests_can_be_under_way_together(void **state)
{
    struct dk_client *c = connect_to(*state);
    char id[DK_REQUEST_MAX + 1], want[DK_REQUEST_MAX + 1];
    struct dk_reply r;
    int got = 0;

    assert_int_equal(dk_client_call(c, "echo", "{}", WAIT, &r, NULL), 0);
    dk_reply_free(&r);
    for (int i = 0; i < 300; i++) {
        (void)snprintf(want, sizeof(want), "mine-%d", i);
        assert_int_equal(
            dk_client_send(c, "echo", want, "{\"x\":1}", 7, id, NULL), 0);
        assert_string_equal(id, want);
    }
    while (dk_client_recv(c, WAIT, &r, NULL) == 0) {
        (void)snprintf(want, sizeof(want), "mine-%d", got++);
        assert_string_equal(r.request, want);
        dk_reply_free(&r);
        if (got == 300)
            break;
    }
    assert_int_equal(got, 300);
    assert_int_equal(dk_client_send(c, "echo", NULL, "{}", 2, id, NULL), 0);
    assert_int_equal(dk_client_recv(c, WAIT, &r, NULL), 0);
    assert_string_equal(r.request, id); /* one that was made for us */
    dk_reply_free(&r);
    assert_true(dk_client_fd(c) >= 0);
    dk_client_close(c);
}

static void what_cannot_be_sent_is_refused_here(void **state)
{
    struct dk_client *c = connect_to(*state);
    char *large = calloc(1, DK_BODY_MAX + 1);

    assert_int_equal(dk_client_send(c, "Echo", NULL, "{}", 2, NULL, NULL),
                     DK_EFRAMES);
    assert_int_equal(dk_client_send(c, "echo", "a\n", "{}", 2, NULL, NULL),
                     DK_EFRAMES);
    assert_int_equal(
        dk_client_send(c, "echo", NULL, large, DK_BODY_MAX + 1, NULL, NULL),
        DK_ETOOBIG);
    free(large);
    dk_client_close(c);
}

static void odd_answers_are_reported_and_survived(void **state)
{
    const struct peer *s = *state;
    struct dk_client_options o = {.max_reply = 100000, .reconnect_ms = 10};
    struct dk_client *c = dk_client_open(s->endpoint, &o, NULL);
    struct dk_problem p;
    struct dk_reply r;

    assert_int_equal(dk_client_call(c, "odd.json", "{}", WAIT, &r, &p),
                     DK_EJSON);
    assert_int_equal(dk_client_call(c, "odd.frames", "{}", WAIT, &r, &p),
                     DK_EFRAMES);
    assert_int_equal(dk_client_call(c, "odd.large", "{}", WAIT, &r, &p),
                     DK_ETOOBIG);
    assert_int_equal(dk_client_call(c, "echo", "{}", WAIT, &r, &p), 0);
    dk_reply_free(&r);
    dk_client_close(c);
}

struct seen {
    struct dk_client *c;
    int64_t last, stop_at;
    bool call; /* from within */
};

static int on_event(void *arg, const struct dk_reply *e, int64_t seq)
{
    struct seen *s = arg;
    struct dk_reply r;

    assert_string_equal(e->type, "event");
    assert_int_equal(seq, s->last + 1);
    s->last = seq;
    if (s->call) {
        assert_int_equal(dk_client_call(s->c, "echo", "{}", WAIT, &r, NULL), 0);
        dk_reply_free(&r);
    }
    return seq == s->stop_at ? 77 : 0;
}

static void follow_all(struct peer *s, bool call)
{
    struct seen seen = {connect_to(s), 0, 3000, call};
    struct dk_reply r;

    assert_int_equal(dk_client_follow(seen.c, 1, WAIT, on_event, &seen, NULL),
                     77);
    assert_int_equal(seen.last, 3000);
    /* Nothing of the stream is left for others; the peer was told to stop. */
    assert_int_equal(dk_client_call(seen.c, "echo", "{}", WAIT, &r, NULL), 0);
    dk_reply_free(&r);
    assert_int_equal(dk_client_recv(seen.c, 0, &r, NULL), DK_ETIMEOUT);
    assert_true(atomic_load(&s->stops) >= 1);
    dk_client_close(seen.c);
}

static void a_follower_gets_every_event_in_order(void **state)
{
    struct peer *s = *state;

    s->last = 5000;
    follow_all(s, false);
    assert_int_equal(atomic_load(&s->follows), 1);
}

static void a_follower_may_call_meanwhile(void **state)
{
    struct peer *s = *state;

    s->last = 5000;
    follow_all(s, true);
}

static void a_gap_is_asked_for_again_and_never_handed_out(void **state)
{
    struct peer *s = *state;

    s->last = 5000;
    s->gap_at = 700;
    follow_all(s, false);
    assert_int_equal(atomic_load(&s->follows), 2);
}

static void a_follower_survives_a_restart_of_the_broker(void **state)
{
    struct peer *s = *state;

    s->last = 5000;
    s->restart_at = 900;
    follow_all(s, false);
    assert_true(atomic_load(&s->follows) >= 2);
}

static void a_follower_returns_when_nothing_comes(void **state)
{
    struct peer *s = *state;
    struct seen seen = {connect_to(s), 0, -1, false};

    s->last = 10;
    assert_int_equal(dk_client_follow(seen.c, 1, 1000, on_event, &seen, NULL),
                     0);
    assert_int_equal(seen.last, 10);
    dk_client_close(seen.c);
}

static void a_refused_follow_ends_with_its_problem(void **state)
{
    struct peer *s = *state;
    struct seen seen = {connect_to(s), 0, -1, false};
    struct dk_problem p;

    s->refuse_follow = true;
    assert_int_equal(dk_client_follow(seen.c, 1, WAIT, on_event, &seen, &p),
                     DK_EFIELD);
    assert_string_equal(p.pointer, "/from");
    dk_client_close(seen.c);
}

static void fresh_ids_differ_and_are_of_version_seven(void **state)
{
    char a[DK_UUID_TEXT], b[DK_UUID_TEXT] = "";
    struct dk_uuid u;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        dk_client_uuid(a);
        assert_int_equal(dk_uuid_parse(a, strlen(a), &u), 0);
        assert_true(dk_uuid_is_v7(&u));
        assert_int_equal(dk_uuid_time(&u) / 86400000,
                         (int64_t)time(NULL) / 86400);
        assert_string_not_equal(a, b);
        memcpy(b, a, sizeof(b));
    }
}

static void threads_of_the_library_take_no_signals(void **state)
{
    struct dk_client *c = connect_to(*state);
    sigset_t mask;

    /* Ours is as it was: only the library's threads block them. */
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
    assert_int_equal(sigismember(&mask, SIGTERM), 0);
    dk_client_close(c);
}

#define WITH_PEER(test)                                                        \
    cmocka_unit_test_setup_teardown(test, peer_start, peer_finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bad_endpoint_is_refused_with_a_sentence),
        WITH_PEER(a_call_gets_its_answer),
        WITH_PEER(a_problem_becomes_its_code),
        WITH_PEER(without_a_broker_calls_end_in_time),
        WITH_PEER(a_late_answer_is_nobodys),
        WITH_PEER(answers_to_others_are_kept_in_order),
        WITH_PEER(no_more_is_kept_than_was_allowed),
        WITH_PEER(requests_can_be_under_way_together),
        WITH_PEER(what_cannot_be_sent_is_refused_here),
        WITH_PEER(odd_answers_are_reported_and_survived),
        WITH_PEER(a_follower_gets_every_event_in_order),
        WITH_PEER(a_follower_may_call_meanwhile),
        WITH_PEER(a_gap_is_asked_for_again_and_never_handed_out),
        WITH_PEER(a_follower_survives_a_restart_of_the_broker),
        WITH_PEER(a_follower_returns_when_nothing_comes),
        WITH_PEER(a_refused_follow_ends_with_its_problem),
        cmocka_unit_test(fresh_ids_differ_and_are_of_version_seven),
        WITH_PEER(threads_of_the_library_take_no_signals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
