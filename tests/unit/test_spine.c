/* Whole scenarios through the real spine, sockets and core, with the store in
 * memory told to fail its n-th call, for every n until nothing fails any more.
 * Clients and workers behave as PROTOCOL.md asks: they repeat what was refused
 * with a retry, with the same id.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

#include "daemon/daemon.h"
#include "proto/caseno.h"
#include "proto/uuid.h"
#include "tests/support/folder.h"

#define CASES 4

struct world {
    char dir[64];
    struct config cfg;
    struct daemon d;
    void *zctx, *client, *worker[DK_SVC_N];
    bool acked[CASES];
    char case_no[CASES][DK_CASE_NO_MAX];
    int problems;
};

static void connect_all(struct world *w)
{
    int zero = 0;

    w->zctx = zmq_ctx_new();
    w->client = zmq_socket(w->zctx, ZMQ_DEALER);
    zmq_setsockopt(w->client, ZMQ_LINGER, &zero, sizeof(zero));
    zmq_connect(w->client, w->cfg.clients);
    for (int i = 0; i < DK_SVC_N; i++) {
        w->worker[i] = zmq_socket(w->zctx, ZMQ_DEALER);
        zmq_setsockopt(w->worker[i], ZMQ_LINGER, &zero, sizeof(zero));
        zmq_connect(w->worker[i], w->cfg.workers);
    }
}

static struct world *world_new(const char *store)
{
    struct world *w = calloc(1, sizeof(*w));

    folder_make(w->dir, sizeof(w->dir), "test_spine");
    config_defaults(&w->cfg);
    w->cfg.county = 330699;
    w->cfg.test_clock = true;
    w->cfg.test_time = INT64_C(1778029200000); /* 2026-05-06T09:00+08:00 */
    w->cfg.full_pause_ms = 1;
    w->cfg.heartbeat_ms = 60000;
    if (store == NULL)
        snprintf(w->cfg.store, sizeof(w->cfg.store), "sqlite:%s/db", w->dir);
    else
        strcpy(w->cfg.store, store);
    snprintf(w->cfg.data, sizeof(w->cfg.data), "%s", w->dir);
    snprintf(w->cfg.clients, sizeof(w->cfg.clients), "ipc://%s/c", w->dir);
    snprintf(w->cfg.workers, sizeof(w->cfg.workers), "ipc://%s/w", w->dir);
    log_set_level(LOG_ERR_);
    assert_int_equal(daemon_build(&w->d, &w->cfg), 0);
    connect_all(w);
    return w;
}

static void world_free(struct world *w)
{
    char path[96];

    zmq_close(w->client);
    for (int i = 0; i < DK_SVC_N; i++)
        zmq_close(w->worker[i]);
    zmq_ctx_term(w->zctx);
    daemon_tear_down(&w->d);
    snprintf(path, sizeof(path), "rm -rf '%s'", w->dir);
    assert_int_equal(system(path), 0);
    free(w);
}

static void send4(void *sock, const char *type, const char *request,
                  const char *body)
{
    zmq_send(sock, DK_VERSION_FRAME, 4, ZMQ_SNDMORE);
    zmq_send(sock, type, strlen(type), ZMQ_SNDMORE);
    zmq_send(sock, request, strlen(request), ZMQ_SNDMORE);
    zmq_send(sock, body, strlen(body), 0);
}

/* One message without waiting: its body, parsed, and type; NULL: none. */
static cJSON *recv4(void *sock, char type[64], char request[128])
{
    static char body[300000];
    char version[8];

    if (zmq_recv(sock, version, sizeof(version), ZMQ_DONTWAIT) < 0)
        return NULL;
    int n = zmq_recv(sock, type, 63, 0);
    type[n] = '\0';
    n = zmq_recv(sock, request, 127, 0);
    request[n] = '\0';
    n = zmq_recv(sock, body, sizeof(body) - 1, 0);
    body[n] = '\0';
    cJSON *o = cJSON_Parse(body);
    assert_non_null(o);
    return o;
}

static const char *text_of(const cJSON *o, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
}

/* ---- three small workers --------------------------------------------------
 */

static void commands_for(int service, const cJSON *task, char *buf, size_t cap)
{
    const cJSON *e = cJSON_GetObjectItemCaseSensitive(task, "event");
    const cJSON *body = cJSON_GetObjectItemCaseSensitive(e, "body");
    const char *state =
        text_of(cJSON_GetObjectItemCaseSensitive(task, "case"), "state");

    snprintf(buf, cap, "[]");
    if (service == DK_SVC_ASSIGN && strcmp(state, "submitted") == 0)
        snprintf(buf, cap,
                 "[{\"action\":\"register\"},{\"action\":\"assign\",\"unit\":"
                 "\"u1\",\"candidates\":[\"h1\",\"h2\"]},"
                 "{\"action\":\"transfer\"}]");
    if (service == DK_SVC_DEADLINE &&
        strcmp(text_of(e, "type"), "submitted") == 0)
        snprintf(buf, cap,
                 "[{\"action\":\"clock\",\"clock\":\"answer\",\"basis\":1,"
                 "\"started_at\":\"%s\",\"due_at\":"
                 "\"2026-05-22T00:00:00+08:00\",\"on_due\":\"overdue\","
                 "\"stops_on\":[\"answered\"],\"rungs\":[{\"id\":\"red\","
                 "\"at\":\"2026-05-19T00:00:00+08:00\"}]}]",
                 text_of(e, "effective_at"));
    if (service == DK_SVC_ESCALATE)
        snprintf(buf, cap,
                 "[{\"action\":\"alert\",\"clock\":\"answer\",\"clock_no\":1,"
                 "\"rung\":\"%s\",\"level\":\"red\",\"to\":[\"handler:h1\"],"
                 "\"text\":{\"zh-CN\":\"期限\",\"en\":\"limit\"}}]",
                 text_of(body, "rung"));
}

static void work(struct world *w, int service)
{
    char type[64];
    char request[128];
    char commands[1024];
    char result[1400];
    cJSON *o = recv4(w->worker[service], type, request);

    if (o == NULL)
        return;
    if (strcmp(type, "task") == 0) {
        commands_for(service, o, commands, sizeof(commands));
        snprintf(result, sizeof(result),
                 "{\"task_id\":\"%s\",\"lease\":\"%s\",\"commands\":%s}",
                 text_of(o, "task_id"), text_of(o, "lease"), commands);
        send4(w->worker[service], "result", request, result);
    }
    cJSON_Delete(o);
}

/* Turn the daemon once, and its workers; false: it stopped itself. */
static bool turn(struct world *w)
{
    event_base_loop(w->d.base, EVLOOP_NONBLOCK);
    for (int i = 0; i < DK_SVC_N; i++)
        work(w, i);
    return w->d.exit_code == 0;
}

/* ---- the client ---------------------------------------------------------- */

/* Ask until it is not refused with a retry.  NULL: the daemon stopped. */
static cJSON *ask(struct world *w, const char *type, const char *body)
{
    char got[64];
    char request[128];

    dk_ms until = mono_now() + 30000;
    send4(w->client, type, "1", body);
    while (mono_now() < until) {
        if (!turn(w))
            return NULL;
        cJSON *o = recv4(w->client, got, request);
        if (o == NULL)
            continue;
        if (strcmp(got, "ok") == 0)
            return o;
        assert_string_equal(got, "problem");
        w->problems++;
        if (!cJSON_HasObjectItem(o, "retry_after_ms")) {
            print_message("%s: %s\n", type, text_of(o, "detail"));
            fail();
        }
        cJSON_Delete(o);
        send4(w->client, type, "1", body);
    }
    fail_msg("no answer to %s", type);
    return NULL;
}

static void uuid_of(int i, char buf[DK_UUID_TEXT])
{
    struct dk_uuid u;
    uint8_t rnd[10] = {(uint8_t)i, 7};

    dk_uuid_v7(&u, INT64_C(1778029200000), rnd);
    dk_uuid_format(&u, buf);
}

static bool hello_all(struct world *w)
{
    for (int i = 0; i < DK_SVC_N; i++) {
        char body[128];
        snprintf(body, sizeof(body),
                 "{\"service\":\"%s\",\"worker\":\"w\",\"credit\":4}",
                 dk_service_names[i]);
        send4(w->worker[i], "hello", "0", body);
    }
    return true;
}

static bool submit_all(struct world *w)
{
    for (int i = 0; i < CASES; i++) {
        char id[DK_UUID_TEXT];
        char body[512];
        uuid_of(i, id);
        snprintf(body, sizeof(body),
                 "{\"submission_id\":\"%s\",\"channel\":\"kiosk\","
                 "\"subject\":\"路灯 %d\",\"facts\":\"坏了\",\"persons\":"
                 "[{\"name\":\"某人\"}]}",
                 id, i);
        cJSON *o = ask(w, "case.submit", body);
        if (o == NULL)
            return false;
        w->acked[i] = true;
        strcpy(w->case_no[i], text_of(o, "case_no"));
        cJSON_Delete(o);
    }
    return true;
}

static bool act(struct world *w, int i, int id, const char *action,
                const char *more)
{
    char uuid[DK_UUID_TEXT];
    char body[512];

    uuid_of(100 + id, uuid);
    snprintf(body, sizeof(body),
             "{\"command_id\":\"%s\",\"case_no\":\"%s\",\"action\":\"%s\","
             "\"actor\":\"officer:li\"%s}",
             uuid, w->case_no[i], action, more);
    cJSON *o = ask(w, "case.act", body);
    cJSON_Delete(o);
    return o != NULL;
}

static bool advance(struct world *w, const char *to)
{
    char body[128];

    snprintf(body, sizeof(body), "{\"to\":\"%s\",\"settle\":true}", to);
    cJSON *o = ask(w, "clock.set", body);
    cJSON_Delete(o);
    return o != NULL;
}

static bool scenario(struct world *w)
{
    return hello_all(w) && submit_all(w) &&
           advance(w, "2026-05-10T00:00:00+08:00") &&
           act(w, 0, 0, "accept", "") &&
           act(w, 0, 1, "answer",
               ",\"text\":\"已修好\",\"legal_basis\":\"条例\"") &&
           advance(w, "2026-06-01T00:00:00+08:00");
}

/* ---- what must hold -------------------------------------------------------
 */

struct count {
    int raised, overdue, assigned;
};

static int count_event(void *arg, const struct dk_event *e)
{
    struct count *c = arg;

    c->raised += e->type == DK_EV_ALERT_RAISED;
    c->assigned += e->type == DK_EV_ASSIGNED;
    c->overdue += e->type == DK_EV_CLOCK_FIRED &&
                  strstr(e->body, "\"rung\":\"overdue\"") != NULL;
    return 0;
}

static void acknowledged_cases_are_there(struct world *w)
{
    for (int i = 0; i < CASES; i++) {
        int32_t county;
        int64_t key;
        struct dk_case *c = NULL;
        if (!w->acked[i])
            continue;
        assert_int_equal(dk_case_no_parse(w->case_no[i], &county, &key), 0);
        assert_int_equal(store_load_cases(w->d.st, &key, 1, &c), 0);
        assert_non_null(c);
        dk_case_free(c);
    }
}

static void everything_happened_once(struct world *w)
{
    struct store_totals t;

    assert_int_equal(store_totals(w->d.st, &t), 0);
    assert_int_equal(t.cases, CASES);
    assert_int_equal(t.tasks_open, 0);
    assert_int_equal(t.tasks_dead, 0);
    /* Three cases were late: a warning and the limit, each. */
    assert_int_equal(t.alerts_open, 2 * (CASES - 1));
    struct count c = {0, 0, 0};
    assert_int_equal(store_events(w->d.st, 1, INT64_MAX, count_event, &c), 0);
    assert_int_equal(c.raised, 2 * (CASES - 1));
    assert_int_equal(c.overdue, CASES - 1);
    assert_int_equal(c.assigned, CASES);
    assert_int_equal(loads_get(&w->d.loads, "u1", "h1") +
                         loads_get(&w->d.loads, "u1", "h2"),
                     CASES - 1);
    cJSON *o = ask(w, "verify", "{}");
    assert_non_null(o);
    assert_int_equal(
        cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(o, "faults")), 0);
    cJSON_Delete(o);
}

static void a_day_at_the_office_without_faults(void **state)
{
    struct world *w = world_new("mem:");

    (void)state;
    assert_true(scenario(w));
    everything_happened_once(w);
    assert_int_equal(w->problems, 0);
    world_free(w);
}

static void a_full_disk_at_any_commit_costs_nothing_but_time(void **state)
{
    int hit = 1;

    (void)state;
    for (int n = 1; hit; n++) {
        for (int times = 1; times <= 3; times += 2) {
            struct world *w = world_new("mem:");
            store_fault(w->d.st, n, times, DK_EFULL, false);
            assert_true(scenario(w));
            hit = w->d.stats.commits_failed > 0;
            store_fault(w->d.st, 0, 0, 0, false);
            acknowledged_cases_are_there(w);
            everything_happened_once(w);
            world_free(w);
        }
        assert_true(n < 500);
        if (!hit)
            print_message("%d commits, each failed once and thrice\n", n - 1);
    }
}

static int find_claimed(void *arg, const struct dk_event *e)
{
    if (e->type == DK_EV_TRANSFERRED)
        *(dk_ms *)arg = e->claimed;
    return 0;
}

static void history_brought_in_is_transferred_on_its_own_day(void **state)
{
    struct world *w = world_new("mem:");
    dk_ms claimed = 0;
    char body[512];
    char id[DK_UUID_TEXT];

    (void)state;
    uuid_of(50, id);
    snprintf(body, sizeof(body),
             "{\"submission_id\":\"%s\",\"channel\":\"letter\",\"import\":true,"
             "\"subject\":\"旧案\",\"facts\":\"多年前\","
             "\"submitted_at\":\"2019-01-02T08:00:00+08:00\"}",
             id);
    hello_all(w);
    cJSON_Delete(ask(w, "case.submit", body));
    assert_true(advance(w, "2026-05-07T00:00:00+08:00"));
    assert_int_equal(store_events(w->d.st, 1, 100, find_claimed, &claimed), 0);
    assert_int_equal(claimed, INT64_C(1546387200000));
    world_free(w);
}

/* What the next start finds. */
static void reopen(struct world *w)
{
    struct dk_problem p = {0};
    uint8_t random[48] = {0};
    struct store_options opt = {.county = 330699, .test_clock = true};

    store_close(w->d.st);
    w->d.st = NULL;
    if (store_open(w->cfg.store, &opt, random, &w->d.st, &w->d.info, &p) != 0)
        fail_msg("%s", p.detail);
}

static void a_failed_write_stops_the_daemon_and_loses_nothing(void **state)
{
    bool finished = false;
    int n;

    (void)state;
    for (n = 1; !finished; n++) {
        struct world *w = world_new(NULL);
        store_fault(w->d.st, n, -1, DK_EIO, false);
        finished = scenario(w);
        if (!finished) {
            assert_int_equal(w->d.exit_code, EX_IOERR);
            reopen(w);
        }
        acknowledged_cases_are_there(w);
        world_free(w);
        assert_true(n < 500);
    }
    print_message("%d commits, each the last\n", n - 2);
}

static void a_failed_read_at_any_call_loses_nothing(void **state)
{
    int stopped = 0;

    (void)state;
    /* The scenario makes some hundred reads; steps widen with n. */
    for (int n = 1; n < 500; n += 1 + n / 20) {
        struct world *w = world_new(NULL);
        store_fault(w->d.st, n, 1, DK_EIO, true);
        bool finished = scenario(w);
        store_fault(w->d.st, 0, 0, 0, false);
        if (w->d.exit_code != 0) {
            assert_int_equal(w->d.exit_code, EX_IOERR);
            reopen(w);
            stopped++;
        } else {
            assert_true(finished);
            everything_happened_once(w);
        }
        acknowledged_cases_are_there(w);
        world_free(w);
    }
    assert_true(stopped > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_at_the_office_without_faults),
        cmocka_unit_test(history_brought_in_is_transferred_on_its_own_day),
        cmocka_unit_test(a_full_disk_at_any_commit_costs_nothing_but_time),
        cmocka_unit_test(a_failed_write_stops_the_daemon_and_loses_nothing),
        cmocka_unit_test(a_failed_read_at_any_call_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
