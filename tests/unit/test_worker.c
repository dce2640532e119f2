/* The worker runtime in a process of its own, against a ROUTER that plays the
 * broker.
 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

#include "tests/support/core_kit.h"
#include "tests/support/folder.h"
#include "workers/worker.h"

#define WAIT_MS 10000 /* for what must come */
#define CREDIT  4

struct msg {
    char peer[64];
    size_t peer_len;
    char type[64], request[80];
    cJSON *body;
};

struct broker {
    char dir[64], endpoint[128];
    void *ctx, *sock;
    pid_t pid;
    struct msg m; /* read last */
};

/* ---- the worker's side, in the child ------------------------------------- */

static int reload(void *arg)
{
    int *times = arg;

    ++*times;
    return 0;
}

static int answer(void *arg, const struct dk_case *c, const struct dk_event *e,
                  const struct worker_env *env, struct dk_jw *commands,
                  struct dk_problem *why)
{
    const int *times = arg;
    char note[128];

    if (strcmp(c->subject, "fail") == 0) {
        dk_fail(why, DK_ENOTFOUND, "/rules",
                "no rule of the book is for this case, and the sentence that "
                "says so goes on and on and on and on and on and on and on "
                "and on and on and on and on and on and on and on and on and "
                "on until it is far too long for a reason 一二三四五六七八",
                "没有规则");
        why->retry_after_ms = 1234;
        return DK_ENOTFOUND;
    }
    if (strcmp(c->subject, "mute") == 0)
        return DK_ENOMEM; /* without a word */
    snprintf(note, sizeof(note), "%s n=%u at=%d county=%d attempt=%d reload=%d",
             c->subject, e->n, env->offset_min, (int)env->county, env->attempt,
             *times);
    dk_jw_arr(commands, NULL);
    dk_jw_obj(commands, NULL);
    dk_jw_str(commands, "action", "register");
    dk_jw_str(commands, "note", note);
    dk_jw_end_obj(commands);
    dk_jw_end_arr(commands);
    return 0;
}

static void be_worker(const char *endpoint)
{
    int times = 0;
    const struct worker_conf conf = {.service = "assign",
                                     .endpoint = endpoint,
                                     .name = "w-1",
                                     .credit = CREDIT,
                                     .answer = answer,
                                     .reload = reload,
                                     .arg = &times};

    if (freopen("/dev/null", "w", stderr) == NULL)
        _exit(99);
    exit(worker_run(&conf));
}

/* ---- the broker's side --------------------------------------------------- */

static void bind_broker(struct broker *b)
{
    const int zero = 0;

    b->ctx = zmq_ctx_new();
    b->sock = zmq_socket(b->ctx, ZMQ_ROUTER);
    assert_non_null(b->sock);
    zmq_setsockopt(b->sock, ZMQ_LINGER, &zero, sizeof(zero));
    assert_int_equal(zmq_bind(b->sock, b->endpoint), 0);
}

static void unbind_broker(struct broker *b)
{
    zmq_close(b->sock);
    zmq_ctx_term(b->ctx);
    b->sock = b->ctx = NULL;
}

static int start(void **state)
{
    struct broker *b = calloc(1, sizeof(*b));

    folder_make(b->dir, sizeof(b->dir), "dk-worker");
    snprintf(b->endpoint, sizeof(b->endpoint), "ipc://%s/w.sock", b->dir);
    fflush(NULL);
    b->pid = fork();
    if (b->pid < 0)
        return -1;
    if (b->pid == 0)
        be_worker(b->endpoint);
    bind_broker(b);
    *state = b;
    return 0;
}

/* The exit status of the worker, which must end by itself within `ms`. */
static int wait_exit(struct broker *b, int ms)
{
    struct pollfd ended = {.fd = (int)syscall(SYS_pidfd_open, b->pid, 0),
                           .events = POLLIN};
    int status = 0;

    assert_true(ended.fd >= 0);
    if (poll(&ended, 1, ms) != 1)
        fail_msg("the worker did not end within %d ms", ms);
    close(ended.fd);
    assert_int_equal(waitpid(b->pid, &status, 0), b->pid);
    b->pid = 0;
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int stop(void **state)
{
    struct broker *b = *state;

    if (b->pid > 0) {
        kill(b->pid, SIGKILL);
        waitpid(b->pid, NULL, 0);
    }
    if (b->sock != NULL)
        unbind_broker(b);
    cJSON_Delete(b->m.body);
    unlink(b->endpoint + 6);
    rmdir(b->dir);
    free(b);
    return 0;
}

static int recv_text(void *sock, char *buf, size_t cap)
{
    int n = zmq_recv(sock, buf, cap - 1, 0);

    assert_true(n >= 0 && (size_t)n < cap);
    buf[n] = '\0';
    return n;
}

static bool recv_any(struct broker *b, int ms)
{
    static char body[DK_BODY_MAX + 1];
    zmq_pollitem_t item = {.socket = b->sock, .events = ZMQ_POLLIN};
    char version[16];
    int n;

    if (zmq_poll(&item, 1, ms) <= 0)
        return false;
    cJSON_Delete(b->m.body);
    b->m.peer_len = (size_t)recv_text(b->sock, b->m.peer, sizeof(b->m.peer));
    recv_text(b->sock, version, sizeof(version));
    assert_string_equal(version, "DKT1");
    recv_text(b->sock, b->m.type, sizeof(b->m.type));
    recv_text(b->sock, b->m.request, sizeof(b->m.request));
    n = recv_text(b->sock, body, sizeof(body));
    b->m.body = NULL;
    assert_int_equal(
        dk_json_parse_obj(body, (size_t)n, DK_BODY_MAX, &b->m.body, NULL), 0);
    return true;
}

/* The next message of this type; beats in between are passed over. */
static const cJSON *expect(struct broker *b, const char *type)
{
    for (int i = 0; i < 1000; i++) {
        if (!recv_any(b, WAIT_MS))
            fail_msg("no %s came", type);
        if (strcmp(b->m.type, type) == 0)
            return b->m.body;
        if (strcmp(b->m.type, "heartbeat") != 0)
            fail_msg("%s came where %s was due", b->m.type, type);
    }
    fail_msg("only beats came where %s was due", type);
    return NULL;
}

static const char *text(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

    assert_true(cJSON_IsString(v));
    return v->valuestring;
}

static void say(struct broker *b, const char *type, const char *request,
                const char *body)
{
    zmq_send(b->sock, b->m.peer, b->m.peer_len, ZMQ_SNDMORE);
    zmq_send(b->sock, "DKT1", 4, ZMQ_SNDMORE);
    zmq_send(b->sock, type, strlen(type), ZMQ_SNDMORE);
    zmq_send(b->sock, request, strlen(request), ZMQ_SNDMORE);
    zmq_send(b->sock, body, strlen(body), 0);
}

static void welcome(struct broker *b, int beat_ms)
{
    char request[80], body[400];

    snprintf(request, sizeof(request), "%s", b->m.request);
    snprintf(body, sizeof(body),
             "{\"epoch\":\"7\",\"heartbeat_ms\":%d,\"lease_ms\":30000,"
             "\"now\":\"2026-03-01T08:00:00.000+08:00\","
             "\"utc_offset\":\"+08:00\",\"county\":\"330000\","
             "\"test_clock\":false,\"new\":{\"in\":\"a later version\"}}",
             beat_ms);
    say(b, "welcome", request, body);
}

static void greet(struct broker *b, int beat_ms)
{
    expect(b, "hello");
    welcome(b, beat_ms);
}

/* A task about a new case whose subject is `subject`. */
static void send_task(struct broker *b, const char *id, const char *lease,
                      const char *subject)
{
    struct dk_submit s = kit_submission();
    struct dk_jw w = {0};
    struct kit k;

    kit_open(&k);
    s.subject = subject;
    assert_int_equal(kit_submit(&k, &s), 0);
    dk_jw_obj(&w, NULL);
    dk_jw_str(&w, "task_id", id);
    dk_jw_str(&w, "lease", lease);
    dk_jw_int(&w, "attempt", 3);
    dk_jw_str(&w, "service", "assign");
    dk_jw_str(&w, "hint", "a member of a later version");
    dk_jw_time(&w, "now", KIT_T0, 480);
    dk_case_write(&w, "case", k.c, 330000, 480);
    dk_event_write_task(&w, "event", &k.log.v[0], k.c, 480);
    dk_jw_end_obj(&w);
    assert_false(w.oom);
    say(b, "task", lease, w.buf);
    dk_jw_fini(&w);
    kit_close(&k);
}

static void expect_result(struct broker *b, const char *id, const char *lease,
                          const char *note)
{
    const cJSON *o = expect(b, "result");
    const cJSON *c = cJSON_GetObjectItemCaseSensitive(o, "commands");

    assert_string_equal(b->m.request, lease);
    assert_string_equal(text(o, "task_id"), id);
    assert_string_equal(text(o, "lease"), lease);
    assert_int_equal(cJSON_GetArraySize(c), 1);
    assert_string_equal(text(c->child, "action"), "register");
    assert_string_equal(text(c->child, "note"), note);
}

/* ---- tests --------------------------------------------------------------- */

static void hello_names_service_worker_and_credit(void **state)
{
    struct broker *b = *state;
    const cJSON *o = expect(b, "hello");

    assert_string_equal(text(o, "service"), "assign");
    assert_string_equal(text(o, "worker"), "w-1");
    assert_int_equal(
        (int)cJSON_GetObjectItemCaseSensitive(o, "credit")->valuedouble,
        CREDIT);
    assert_int_equal(cJSON_GetArraySize(o), 3);
}

static void a_task_is_answered_under_its_lease(void **state)
{
    struct broker *b = *state;

    greet(b, 60000);
    send_task(b, "17", "7-1", "lamp");
    expect_result(b, "17", "7-1",
                  "lamp n=1 at=480 county=330000 attempt=3 reload=0");
}

static void many_tasks_in_a_row_are_all_answered_in_order(void **state)
{
    struct broker *b = *state;
    char lease[16];

    greet(b, 60000);
    for (int i = 0; i < 300; i++) {
        snprintf(lease, sizeof(lease), "7-%d", i);
        send_task(b, "17", lease, "lamp");
    }
    for (int i = 0; i < 300; i++) {
        expect(b, "result");
        snprintf(lease, sizeof(lease), "7-%d", i);
        assert_string_equal(b->m.request, lease);
    }
}

static void what_cannot_be_answered_is_failed_with_its_reason(void **state)
{
    struct broker *b = *state;
    const cJSON *o;

    greet(b, 60000);
    send_task(b, "17", "7-1", "fail");
    o = expect(b, "fail");
    assert_string_equal(b->m.request, "7-1");
    assert_string_equal(text(o, "task_id"), "17");
    assert_memory_equal(text(o, "reason"), "not-found at /rules: no rule", 28);
    assert_true(strlen(text(o, "reason")) <= 240);
    assert_int_equal(
        (int)cJSON_GetObjectItemCaseSensitive(o, "retry_after_ms")->valuedouble,
        1234);
    send_task(b, "18", "7-2", "mute");
    o = expect(b, "fail");
    assert_memory_equal(text(o, "reason"), "no-memory: ", 11);
}

static void a_task_that_makes_no_sense_is_failed_with_its_place(void **state)
{
    struct broker *b = *state;
    const cJSON *o;

    greet(b, 60000);
    say(b, "task", "7-1",
        "{\"task_id\":\"17\",\"lease\":\"7-1\",\"attempt\":1,"
        "\"service\":\"assign\",\"now\":\"2026-03-01T08:00:00.000+08:00\","
        "\"case\":{\"state\":\"happy\"},\"event\":{}}");
    o = expect(b, "fail");
    assert_non_null(strstr(text(o, "reason"), "bad-field at /"));
    say(b, "task", "7-2",
        "{\"task_id\":\"18\",\"lease\":\"7-2\",\"service\":\"deadline\"}");
    o = expect(b, "fail");
    assert_non_null(strstr(text(o, "reason"), "/service"));
}

static void rubbish_from_the_broker_harms_nobody(void **state)
{
    struct broker *b = *state;

    greet(b, 60000);
    zmq_send(b->sock, b->m.peer, b->m.peer_len, ZMQ_SNDMORE);
    zmq_send(b->sock, "DKT1", 4, 0);
    zmq_send(b->sock, b->m.peer, b->m.peer_len, ZMQ_SNDMORE);
    for (int i = 0; i < 9; i++)
        zmq_send(b->sock, "x", 1, ZMQ_SNDMORE);
    zmq_send(b->sock, "x", 1, 0);
    say(b, "task", "7-1", "{\"task_id\":");
    say(b, "task", "7-2", "{\"task_id\":\"x\",\"lease\":\"7-2\"}");
    say(b, "done", "7-3", "[]");
    say(b, "problem", "7-4", "nonsense");
    say(b, "welcome", "another", "{}");
    say(b, "ode", "7-5", "{}");
    send_task(b, "17", "7-6", "lamp");
    expect(b, "result");
    assert_string_equal(b->m.request, "7-6");
}

static void beats_come_and_silence_ends_the_session(void **state)
{
    struct broker *b = *state;
    char first[64];
    size_t len;
    int beats = 0;

    greet(b, 150);
    memcpy(first, b->m.peer, b->m.peer_len);
    len = b->m.peer_len;
    for (;;) {
        assert_true(recv_any(b, WAIT_MS));
        if (strcmp(b->m.type, "hello") == 0)
            break;
        assert_string_equal(b->m.type, "heartbeat");
        beats++;
    }
    /* Three silent intervals: three or four beats, by their early third. */
    assert_in_range(beats, 3, 5);
    assert_true(len != b->m.peer_len || memcmp(first, b->m.peer, len) != 0);
    welcome(b, 60000);
    send_task(b, "17", "8-1", "lamp");
    expect(b, "result");
}

static void a_broker_that_beats_keeps_the_session(void **state)
{
    struct broker *b = *state;

    greet(b, 150);
    for (int beats = 0; beats < 10; beats++) {
        assert_true(recv_any(b, WAIT_MS));
        assert_string_equal(b->m.type, "heartbeat");
        say(b, "heartbeat", b->m.request, "{}");
    }
}

static void a_broker_that_forgot_us_gets_another_hello(void **state)
{
    struct broker *b = *state;

    greet(b, 60000);
    send_task(b, "17", "7-1", "lamp");
    expect(b, "result");
    say(b, "problem", b->m.request,
        "{\"type\":\"urn:docket:problem:hello-first\",\"title\":\"-\","
        "\"status\":409}");
    greet(b, 60000);
    send_task(b, "17", "8-1", "lamp");
    expect(b, "result");
    assert_string_equal(b->m.request, "8-1");
}

static void a_broker_that_was_started_again_is_found(void **state)
{
    struct broker *b = *state;

    greet(b, 150);
    unbind_broker(b);
    bind_broker(b);
    /* A beat of the old session may come first; it would get hello-first. */
    for (;;) {
        assert_true(recv_any(b, WAIT_MS));
        if (strcmp(b->m.type, "hello") == 0)
            break;
        assert_string_equal(b->m.type, "heartbeat");
    }
    welcome(b, 60000);
    send_task(b, "17", "8-1", "lamp");
    expect(b, "result");
}

static void a_hello_refused_for_now_is_said_again(void **state)
{
    struct broker *b = *state;

    expect(b, "hello");
    say(b, "problem", b->m.request,
        "{\"type\":\"urn:docket:problem:overloaded\",\"title\":\"-\","
        "\"status\":503,\"retry_after_ms\":20}");
    greet(b, 60000);
    send_task(b, "17", "7-1", "lamp");
    expect(b, "result");
}

static void a_hello_refused_for_good_ends_the_worker(void **state)
{
    struct broker *b = *state;

    expect(b, "hello");
    say(b, "problem", b->m.request,
        "{\"type\":\"urn:docket:problem:bad-field\",\"title\":\"-\","
        "\"status\":422,\"pointer\":\"/worker\",\"detail\":\"no\"}");
    assert_int_equal(wait_exit(b, WAIT_MS), EX_CONFIG);
}

static void sigterm_says_bye_answers_what_came_and_ends(void **state)
{
    struct broker *b = *state;
    char bye[80];

    greet(b, 60000);
    send_task(b, "16", "7-1", "lamp");
    expect(b, "result");
    kill(b->pid, SIGTERM);
    expect(b, "bye");
    snprintf(bye, sizeof(bye), "%s", b->m.request);
    send_task(b, "17", "7-2", "lamp"); /* was on its way */
    say(b, "ok", bye, "{}");
    expect(b, "result");
    assert_string_equal(b->m.request, "7-2");
    say(b, "done", "7-1", "{\"task_id\":\"16\"}");
    say(b, "done", "7-2", "{\"task_id\":\"17\"}");
    assert_int_equal(wait_exit(b, 5000), 0);
}

static void sigterm_ends_a_worker_whose_broker_is_silent(void **state)
{
    struct broker *b = *state;

    greet(b, 60000);
    send_task(b, "16", "7-1", "lamp");
    expect(b, "result");
    kill(b->pid, SIGTERM);
    assert_int_equal(wait_exit(b, 5000), 0);
}

static void sigterm_ends_a_worker_without_a_broker(void **state)
{
    struct broker *b = *state;

    expect(b, "hello");
    unbind_broker(b);
    kill(b->pid, SIGTERM);
    assert_int_equal(wait_exit(b, 5000), 0);
}

static void sighup_reads_the_files_again(void **state)
{
    struct broker *b = *state;

    greet(b, 60000);
    kill(b->pid, SIGHUP);
    /* The signal and the task race for the worker; it sees both in the end. */
    for (int i = 0;; i++) {
        char lease[16];
        const cJSON *o;

        assert_true(i < 1000);
        snprintf(lease, sizeof(lease), "7-%d", i);
        send_task(b, "17", lease, "lamp");
        o = cJSON_GetObjectItemCaseSensitive(expect(b, "result"), "commands");
        if (strstr(text(o->child, "note"), "reload=1") != NULL)
            break;
    }
}

static void an_endpoint_that_is_none_is_a_mistake_of_usage(void **state)
{
    struct broker b = {0};

    (void)state;
    fflush(NULL);
    b.pid = fork();
    assert_true(b.pid >= 0);
    if (b.pid == 0)
        be_worker("nowhere");
    assert_int_equal(wait_exit(&b, WAIT_MS), EX_USAGE);
}

int main(void)
{
#define WITH_WORKER(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        WITH_WORKER(hello_names_service_worker_and_credit),
        WITH_WORKER(a_task_is_answered_under_its_lease),
        WITH_WORKER(many_tasks_in_a_row_are_all_answered_in_order),
        WITH_WORKER(what_cannot_be_answered_is_failed_with_its_reason),
        WITH_WORKER(a_task_that_makes_no_sense_is_failed_with_its_place),
        WITH_WORKER(rubbish_from_the_broker_harms_nobody),
        WITH_WORKER(beats_come_and_silence_ends_the_session),
        WITH_WORKER(a_broker_that_beats_keeps_the_session),
        WITH_WORKER(a_broker_that_forgot_us_gets_another_hello),
        WITH_WORKER(a_broker_that_was_started_again_is_found),
        WITH_WORKER(a_hello_refused_for_now_is_said_again),
        WITH_WORKER(a_hello_refused_for_good_ends_the_worker),
        WITH_WORKER(sigterm_says_bye_answers_what_came_and_ends),
        WITH_WORKER(sigterm_ends_a_worker_whose_broker_is_silent),
        WITH_WORKER(sigterm_ends_a_worker_without_a_broker),
        WITH_WORKER(sighup_reads_the_files_again),
        cmocka_unit_test(an_endpoint_that_is_none_is_a_mistake_of_usage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
