#include "tests/fault/office.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "proto/uuid.h"
#include "tests/fault/disk.h"
#include "tests/fault/kit.h"
#include "tests/fault/office_int.h"
#include "tests/fault/truth.h"
#include "tests/support/folder.h"

#define RESEND_SECONDS 0.25

/* ---- frames ------------------------------------------------------------- */

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
    need(n >= 0 && n < (int)sizeof(body));
    body[n] = '\0';
    cJSON *o = cJSON_Parse(body);
    need_msg(o != NULL, "%s without a body that is JSON: %s", type, body);
    return o;
}

static const char *text_of(const cJSON *o, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
}

/* ---- three small workers ------------------------------------------------ */

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
    if (service == DK_SVC_ESCALATE && text_of(body, "rung") != NULL)
        snprintf(buf, cap,
                 "[{\"action\":\"alert\",\"clock\":\"answer\",\"clock_no\":1,"
                 "\"rung\":\"%s\",\"level\":\"red\",\"to\":[\"handler:h1\"],"
                 "\"text\":{\"zh-CN\":\"期限\",\"en\":\"limit\"}}]",
                 text_of(body, "rung"));
}

static void hello(struct office *o, int service)
{
    char body[128];

    snprintf(body, sizeof(body),
             "{\"service\":\"%s\",\"worker\":\"w\",\"credit\":4}",
             dk_service_names[service]);
    send4(o->worker[service], "hello", "hello", body);
}

static bool work(struct office *o, int service)
{
    char type[64];
    char request[128];
    char commands[1024];
    char result[1400];
    cJSON *t = recv4(o->worker[service], type, request);

    if (t == NULL)
        return false;
    if (strcmp(type, "task") == 0) {
        commands_for(service, t, commands, sizeof(commands));
        snprintf(result, sizeof(result),
                 "{\"task_id\":\"%s\",\"lease\":\"%s\",\"commands\":%s}",
                 text_of(t, "task_id"), text_of(t, "lease"), commands);
        send4(o->worker[service], "result", request, result);
    }
    /* Another answer that was refused comes again with its lease. */
    if (strcmp(type, "problem") == 0 && strcmp(request, "hello") == 0)
        hello(o, service);
    cJSON_Delete(t);
    return true;
}

/* Turn the daemon once, and its workers; false: it stopped itself. */
static bool turn(struct office *o)
{
    bool busy = false;

    kit_exempt--; /* from here on it is docketd that runs */
    event_base_loop(o->d.base, EVLOOP_NONBLOCK);
    kit_exempt++;
    for (int i = 0; i < DK_SVC_N; i++)
        busy = work(o, i) || busy;
    if (!busy)
        sched_yield();
    return o->d.exit_code == 0;
}

/* ---- the client --------------------------------------------------------- */

static bool may_repeat(struct office *o, const char *type, const cJSON *answer,
                       bool harmless)
{
    if (cJSON_HasObjectItem(answer, "retry_after_ms")) {
        o->problems++;
        return true;
    }
    need_msg(harmless, "%s: %s", type, text_of(answer, "detail"));
    return false;
}

/* Ask until it is not refused with a retry, and again if no answer came.  NULL:
 * docketd stopped, or there was no answer in o->patience seconds.  `harmless`:
 * a refusal without retry is an answer too.
 */
cJSON *office_ask(struct office *o, const char *type, const char *request,
                  const char *body, bool harmless)
{
    char got[64];
    char to[128];
    double start = kit_seconds(), sent = start;

    send4(o->client, type, request, body);
    while (kit_seconds() - start < o->patience) {
        if (!turn(o))
            return NULL;
        cJSON *answer = recv4(o->client, got, to);
        bool mine = answer != NULL && strcmp(to, request) == 0;
        if (mine &&
            (strcmp(got, "ok") == 0 || !may_repeat(o, type, answer, harmless)))
            return answer;
        cJSON_Delete(answer);
        if (mine || kit_seconds() - sent > RESEND_SECONDS) {
            sent = kit_seconds();
            send4(o->client, type, request, body);
        }
    }
    o->gave_up = true;
    return NULL;
}

/* ---- starting and stopping ---------------------------------------------- */

static void *dealer(struct office *o, const char *endpoint)
{
    void *s = zmq_socket(o->zctx, ZMQ_DEALER);
    int zero = 0;

    need(s != NULL);
    zmq_setsockopt(s, ZMQ_LINGER, &zero, sizeof(zero));
    need(zmq_connect(s, endpoint) == 0);
    return s;
}

static void connect_all(struct office *o)
{
    o->zctx = zmq_ctx_new();
    o->client = dealer(o, o->cfg.clients);
    for (int i = 0; i < DK_SVC_N; i++) {
        o->worker[i] = dealer(o, o->cfg.workers);
        hello(o, i);
    }
}

struct office *office_new(void)
{
    struct office *o = kit_calloc(sizeof(*o));

    truth_keys();
    folder_make(o->dir, sizeof(o->dir), "dkfault");
    config_defaults(&o->cfg);
    memset(&o->cfg.watch, 0, sizeof(o->cfg.watch));
    o->cfg.county = TRUTH_COUNTY;
    o->cfg.offset_min = TRUTH_OFFSET;
    o->cfg.test_clock = true;
    o->cfg.test_time = truth_options(true).test_now;
    o->cfg.full_pause_ms = 1;
    o->cfg.heartbeat_ms = 60000;
    o->patience = 60;
    snprintf(o->cfg.data, sizeof(o->cfg.data), "%s", o->dir);
    snprintf(o->cfg.store, sizeof(o->cfg.store), "sqlite:%s", DISK_STORE);
    snprintf(o->cfg.clients, sizeof(o->cfg.clients), "ipc://%s/c", o->dir);
    snprintf(o->cfg.workers, sizeof(o->cfg.workers), "ipc://%s/w", o->dir);
    log_set_level(LOG_ERR_);
    return o;
}

int office_start(struct office *o)
{
    office_listen(o);
    kit_exempt--;
    int rc = daemon_build(&o->d, &o->cfg);
    kit_exempt++;
    o->built = true;
    if (rc == 0)
        connect_all(o);
    return rc;
}

void office_stop(struct office *o, bool clean)
{
    if (!o->built)
        return;
    if (o->zctx != NULL) {
        zmq_close(o->client);
        for (int i = 0; i < DK_SVC_N; i++)
            zmq_close(o->worker[i]);
        zmq_ctx_term(o->zctx);
        o->zctx = NULL;
    }
    if (!clean && o->d.exit_code == 0)
        o->d.exit_code = 1;
    kit_exempt--;
    daemon_tear_down(&o->d);
    kit_exempt++;
    o->built = false;
    office_listen(NULL);
}

void office_free(struct office *o)
{
    static const char *const names[] = {"c", "w"};
    char path[96];

    office_stop(o, false);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", o->dir, names[i]);
        (void)unlink(path);
    }
    if (rmdir(o->dir) != 0) { /* docketd keeps more there than its sockets */
        snprintf(path, sizeof(path), "rm -rf '%s'", o->dir);
        need(system(path) == 0);
    }
    history_fini(&o->history);
    free(o->commit);
    free(o->opening);
    free(o);
}
