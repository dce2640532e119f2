/* Each place in docketd that asks for memory is refused it once, in the middle
 * of a day that goes through every door: a place is where malloc() and its kin
 * are called from, with the two calls above it.  Where a client is told to come
 * again it comes again, where it is told nothing it repeats itself; in the end
 * the office is as it is on a day without troubles, and nothing is held back
 * (the sanitizers' build).
 *
 * The time that leases and delays are counted by is the test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <execinfo.h>
#include <zmq.h>

#include "daemon/daemon.h"
#include "proto/uuid.h"
#include "tests/support/folder.h"

#define CASES 7

/* ---- places -------------------------------------------------------------- */

static struct {
    bool armed, struck;
    uint64_t seen[4096];
    size_t n, at; /* at: the place that is refused; SIZE_MAX: none */
    void *frame[5];
    int depth; /* of frame, where it was refused */
} place = {.at = SIZE_MAX};

static bool refused(void)
{
    void *frame[5];
    uint64_t h = 0;
    size_t i = 0;

    if (!place.armed)
        return false;
    place.armed = false;
    int n = backtrace(frame, 5);
    place.armed = true;
    for (int k = 2; k < n; k++)
        h = (h ^ (uintptr_t)frame[k]) * UINT64_C(0x9e3779b97f4a7c15);
    while (i < place.n && place.seen[i] != h)
        i++;
    if (i == place.n) {
        assert_true(place.n < sizeof(place.seen) / sizeof(place.seen[0]));
        place.seen[place.n++] = h;
    }
    if (i != place.at || place.struck)
        return false;
    place.struck = true;
    place.depth = n;
    memcpy(place.frame, frame, sizeof(frame));
    return true;
}

static dk_ms now;

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's --wrap */
#define WRAP(ret, name, params, args)                                          \
    ret __real_##name params;                                                  \
    ret __wrap_##name params;                                                  \
    ret __wrap_##name params                                                   \
    {                                                                          \
        return refused() ? NULL : __real_##name args;                          \
    }

WRAP(void *, malloc, (size_t n), (n))
WRAP(void *, calloc, (size_t n, size_t size), (n, size))
WRAP(void *, realloc, (void *p, size_t n), (p, n))
WRAP(char *, strdup, (const char *s), (s))

/* Looking at it takes a little, too: docketd may wait within one turn. */
dk_ms __wrap_mono_now(void);
dk_ms __wrap_mono_now(void)
{
    static unsigned looks;

    now += ++looks % 64 == 0;
    return now;
}
/* NOLINTEND(bugprone-reserved-identifier) */

static void *json_malloc(size_t n)
{
    return refused() ? NULL : __real_malloc(n);
}

/* ---- the office ---------------------------------------------------------- */

struct world {
    char dir[64];
    struct config cfg;
    struct daemon d;
    void *zctx, *client, *worker[DK_SVC_N], *follower;
    char case_no[CASES][DK_CASE_NO_MAX];
    char alert[64], dead[3][24];
    int turns, asked;
    bool welcome[DK_SVC_N];
    bool greeted_again;
};

static void *dealer(struct world *w, const char *endpoint)
{
    void *s = zmq_socket(w->zctx, ZMQ_DEALER);
    int zero = 0;

    assert_non_null(s);
    zmq_setsockopt(s, ZMQ_LINGER, &zero, sizeof(zero));
    assert_int_equal(zmq_connect(s, endpoint), 0);
    return s;
}

static struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof(*w));

    folder_make(w->dir, sizeof(w->dir), "dk-mem");
    config_defaults(&w->cfg);
    w->cfg.county = 330699;
    w->cfg.test_clock = true;
    w->cfg.test_time = INT64_C(1778029200000); /* 2026-05-06T09:00+08:00 */
    w->cfg.full_pause_ms = 1;
    w->cfg.heartbeat_ms = 60000;
    w->cfg.lease_ms = 30000;
    w->cfg.max_attempts = 3;
    w->cfg.rate = w->cfg.burst = 1000000;
    strcpy(w->cfg.store, "mem:");
    snprintf(w->cfg.data, sizeof(w->cfg.data), "%s", w->dir);
    snprintf(w->cfg.clients, sizeof(w->cfg.clients), "ipc://%s/c", w->dir);
    snprintf(w->cfg.workers, sizeof(w->cfg.workers), "ipc://%s/w", w->dir);
    log_set_level(LOG_ERR_);
    assert_int_equal(daemon_build(&w->d, &w->cfg), 0);
    w->zctx = zmq_ctx_new();
    w->client = dealer(w, w->cfg.clients);
    w->follower = dealer(w, w->cfg.clients);
    for (int i = 0; i < DK_SVC_N; i++)
        w->worker[i] = dealer(w, w->cfg.workers);
    return w;
}

static void world_free(struct world *w)
{
    char line[96];

    zmq_close(w->client);
    zmq_close(w->follower);
    for (int i = 0; i < DK_SVC_N; i++)
        zmq_close(w->worker[i]);
    zmq_ctx_term(w->zctx);
    daemon_tear_down(&w->d);
    snprintf(line, sizeof(line), "rm -rf '%s'", w->dir);
    assert_int_equal(system(line), 0);
    free(w);
}

static void say(void *sock, const char *type, const char *request,
                const char *body)
{
    zmq_send(sock, DK_VERSION_FRAME, 4, ZMQ_SNDMORE);
    zmq_send(sock, type, strlen(type), ZMQ_SNDMORE);
    zmq_send(sock, request, strlen(request), ZMQ_SNDMORE);
    zmq_send(sock, body, strlen(body), 0);
}

/* One message without waiting: its body; NULL: none. */
static cJSON *hear(void *sock, char type[64], char request[128])
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

/* ---- three small workers ------------------------------------------------- */

static void hello(struct world *w, int service)
{
    char body[160];

    snprintf(body, sizeof(body),
             "{\"service\":\"%s\",\"worker\":\"w\",\"credit\":4,\"county\":"
             "\"330699\"}",
             dk_service_names[service]);
    say(w->worker[service], "hello", "0", body);
}

static void commands_for(int service, const cJSON *task, char *buf, size_t cap)
{
    const cJSON *e = cJSON_GetObjectItemCaseSensitive(task, "event");
    const cJSON *body = cJSON_GetObjectItemCaseSensitive(e, "body");

    snprintf(buf, cap, "[]");
    if (service == DK_SVC_ASSIGN)
        snprintf(buf, cap,
                 "[{\"action\":\"register\"},{\"action\":\"assign\",\"unit\":"
                 "\"u1\",\"candidates\":[\"h1\",\"h2\"]},"
                 "{\"action\":\"transfer\"}]");
    if (service == DK_SVC_DEADLINE)
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

/* What the assigning worker does with a matter is in its subject. */
static void answer_task(struct world *w, int service, const char *request,
                        const cJSON *task)
{
    char commands[1024], body[1400];
    const cJSON *c = cJSON_GetObjectItemCaseSensitive(task, "case");
    const cJSON *e = cJSON_GetObjectItemCaseSensitive(task, "event");
    const char *subject = service == DK_SVC_ASSIGN ? text_of(c, "subject") : "";
    bool first = strcmp(text_of(e, "type"), "submitted") == 0 ||
                 service == DK_SVC_ESCALATE;
    const char *type = "result", *more = commands;

    commands_for(first ? service : DK_SVC_N, task, commands, sizeof(commands));
    if (strstr(subject, "#fails") != NULL) {
        type = "fail";
        more = NULL;
    } else if (strstr(subject, "#flies") != NULL) {
        more = "[{\"action\":\"fly\"}]";
    } else if (strstr(subject, "#answers") != NULL) {
        more = "[{\"action\":\"answer\",\"text\":\"x\"}]";
    } else if (strstr(subject, "#leaves") != NULL && !w->greeted_again) {
        w->greeted_again = true;
        hello(w, service); /* and forgets what it held */
        return;
    }
    snprintf(body, sizeof(body), "{\"task_id\":\"%s\",\"lease\":\"%s\",%s%s}",
             text_of(task, "task_id"), text_of(task, "lease"),
             more != NULL ? "\"commands\":" : "\"reason\":\"it will not go\"",
             more != NULL ? more : "");
    say(w->worker[service], "extend", request, "{\"task_id\":\"1\"}");
    say(w->worker[service], type, request, body);
}

static void work(struct world *w, int service)
{
    char type[64], request[128];
    cJSON *o;

    while ((o = hear(w->worker[service], type, request)) != NULL) {
        if (strcmp(type, "task") == 0)
            answer_task(w, service, request, o);
        if (strcmp(type, "welcome") == 0)
            w->welcome[service] = true;
        if (strcmp(type, "problem") == 0 &&
            strstr(text_of(o, "type"), "hello-first") != NULL)
            w->welcome[service] = false;
        cJSON_Delete(o);
    }
    if (!w->welcome[service] && w->turns % 100 == 1)
        hello(w, service);
}

/* Turn docketd once.  When there is nothing to be heard afterwards, wait for
 * it; what does not come in a millisecond takes ten.
 */
static void turn(struct world *w)
{
    zmq_pollitem_t items[DK_SVC_N + 1] = {{w->client, 0, ZMQ_POLLIN, 0}};

    if (w->turns++ % 20 == 0)
        event_active(w->d.house, EV_TIMEOUT, 0);
    place.armed = true;
    event_base_loop(w->d.base, EVLOOP_NONBLOCK);
    place.armed = false;
    for (int i = 0; i < DK_SVC_N; i++) {
        work(w, i);
        items[i + 1] = (zmq_pollitem_t){w->worker[i], 0, ZMQ_POLLIN, 0};
    }
    now += zmq_poll(items, DK_SVC_N + 1, 1) > 0 ? 1 : 10;
}

/* ---- the day ------------------------------------------------------------- */

struct step {
    const char *type, *body; /* $0..$6: a case; $A, $D, $E, $F; $U: an id */
    const char *refusal;     /* NULL: it is taken */
    int id;                  /* for $U */
};

#define SUBMIT(i, subject, more)                                               \
    {                                                                          \
        "case.submit",                                                         \
            "{\"submission_id\":\"$U\",\"channel\":\"kiosk\",\"subject\":"     \
            "\"" subject "\",\"facts\":\"坏了\"" more "}",                     \
            NULL, i                                                            \
    }
#define ACT(n, case, action, more)                                             \
    {                                                                          \
        "case.act",                                                            \
            "{\"command_id\":\"$U\",\"case_no\":\"" case "\",\"action\":"      \
                                                         "\"" action           \
                                                         "\",\"actor\":"       \
                                                         "\"officer:li\"" more \
                                                         "}",                  \
            NULL, n                                                            \
    }
#define PERSONS ",\"persons\":[{\"name\":\"某人\"}]"
#define WHO     "\"case_no\":\"$0\",\"actor\":\"officer:li\",\"reason\":\"查\""

static const struct step day[] = {
    {"hello", "{\"client\":\"test\"}", NULL, 0},
    SUBMIT(0, "路灯", PERSONS),
    SUBMIT(0, "路灯", PERSONS), /* again */
    {"case.submit",
     "{\"submission_id\":\"$U\",\"channel\":\"kiosk\",\"subject\":\"桥\","
     "\"facts\":\"x\"}",
     "conflict", 0},
    SUBMIT(1, "路灯", ",\"repeat_of\":\"$0\""),
    SUBMIT(2, "桥 #leaves", ""),
    SUBMIT(3, "井 #fails", PERSONS),
    SUBMIT(4, "井 #flies", ""),
    SUBMIT(5, "井 #answers", ""),
    SUBMIT(6, "路", ""),
    {"clock.set", "{\"to\":\"2026-05-10T00:00:00+08:00\",\"settle\":true}",
     NULL, 0},
    ACT(10, "$0", "accept", ""),
    ACT(10, "$0", "accept", ""),
    {"case.act",
     "{\"command_id\":\"$U\",\"case_no\":\"$0\",\"action\":\"report\","
     "\"actor\":\"officer:li\",\"text\":\"x\"}",
     "conflict", 10},
    {"case.act",
     "{\"command_id\":\"$U\",\"case_no\":\"$0\",\"action\":\"report\","
     "\"actor\":\"officer:li\",\"text\":\"x\",\"expect_n\":1}",
     "changed-meanwhile", 11},
    ACT(12, "$2", "link", ",\"relation\":\"repeat\",\"to\":\"$0\""),
    ACT(13, "$2", "link", ",\"relation\":\"repeat\",\"to\":\"$0\""),
    ACT(14, "$2", "unlink",
        ",\"relation\":\"repeat\",\"to\":\"$0\",\"reason\":\"误\""),
    ACT(15, "$6", "add_co_handler", ",\"unit\":\"u2\""),
    ACT(16, "$6", "accept", ""),
    ACT(17, "$6", "answer", ",\"text\":\"好\",\"legal_basis\":\"条例\""),
    {"clock.advance", "{\"ms\":1000}", NULL, 0},
    {"clock.set", "{\"to\":\"2026-05-20T00:00:00+08:00\",\"settle\":true}",
     NULL, 0},
    {"alert.list", "{\"open\":true}", NULL, 0},
    {"alert.ack",
     "{\"alert_id\":\"$A\",\"actor\":\"officer:li\",\"note\":\"好\"}", NULL, 0},
    {"alert.ack", "{\"alert_id\":\"$A\",\"actor\":\"officer:li\"}", NULL, 0},
    {"alert.ack", "{\"alert_id\":\"$A\",\"actor\":\"officer:wu\"}",
     "wrong-state", 0},
    {"alert.ack", "{\"alert_id\":\"$0.1\",\"actor\":\"officer:wu\"}",
     "not-found", 0},
    {"task.list", "{\"dead\":true}", NULL, 0},
    {"task.get", "{\"task_id\":\"$D\"}", NULL, 0},
    {"task.retry", "{\"task_id\":\"$D\"}", NULL, 0},
    {"clock.set", "{\"to\":\"2026-05-21T00:00:00+08:00\",\"settle\":true}",
     NULL, 0},
    {"task.drop",
     "{\"task_id\":\"$E\",\"actor\":\"officer:li\",\"reason\":\"x\"}", NULL, 0},
    {"task.retry", "{\"task_id\":\"$E\"}", "not-found", 0},
    {"person.get", "{" WHO "}", NULL, 0},
    {"person.erase", "{" WHO ",\"erase\":true}", NULL, 0},
    {"person.get", "{" WHO "}", NULL, 0},
    {"checkpoint.make", "{}", NULL, 0},
    {"checkpoint.list", "{}", NULL, 0},
    {"case.export", "{\"case_no\":\"$0\"}", NULL, 0},
    {"case.get", "{\"case_no\":\"$0\"}", NULL, 0},
    {"case.query", "{\"case_no\":\"$0\",\"query_code\":\"00000000\"}",
     "not-found", 0},
    {"case.list", "{\"unit\":\"u1\"}", NULL, 0},
    {"case.events", "{\"case_no\":\"$0\"}", NULL, 0},
    {"clock.list", "{\"overdue\":true}", NULL, 0},
    {"clock.now", "{}", NULL, 0},
    {"office.list", "{}", NULL, 0},
    {"tally.list", "{\"to\":\"2026-05-30\",\"by\":[\"unit\",\"day\"]}", NULL,
     0},
    {"keys.allow", "{\"name\":\"wu\",\"roles\":[\"kiosk\"],\"key\":\"uid:77\"}",
     NULL, 0},
    {"keys.list", "{}", NULL, 0},
    {"keys.revoke", "{\"name\":\"wu\"}", NULL, 0},
    {"worker.list", "{}", NULL, 0},
    {"stats", "{}", NULL, 0},
    {"seal.rotate", "{}", NULL, 0},
    {"verify", "{}", NULL, 0},
    {"events.follow", "{\"from\":1,\"credit\":5}", NULL, 0},
    {"events.stop", "{}", NULL, 0},
    {"clock.set", "{\"to\":\"2026-06-01T00:00:00+08:00\",\"settle\":true}",
     NULL, 0},
};

static void uuid_of(int i, char buf[DK_UUID_TEXT])
{
    struct dk_uuid u;
    uint8_t rnd[10] = {7, 0, 0, 0, (uint8_t)i};

    dk_uuid_v7(&u, INT64_C(1778029200000), rnd);
    dk_uuid_format(&u, buf);
}

static void fill(const struct world *w, const struct step *s, char *out,
                 size_t cap)
{
    char id[DK_UUID_TEXT];
    size_t n = 0;

    uuid_of(s->id, id);
    for (const char *p = s->body; *p != '\0' && n < cap; p++) {
        const char *v = NULL;
        if (*p == '$') {
            p++;
            v = *p == 'U'   ? id
                : *p == 'A' ? w->alert
                : *p >= 'D' ? w->dead[*p - 'D']
                            : w->case_no[*p - '0'];
            n += (size_t)snprintf(out + n, cap - n, "%s", v);
        } else {
            out[n++] = *p;
        }
    }
    assert_true(n < cap);
    out[n] = '\0';
}

static void keep(struct world *w, const struct step *s, const cJSON *o)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(o, "items");

    if (strcmp(s->type, "case.submit") == 0)
        strcpy(w->case_no[s->id], text_of(o, "case_no"));
    if (strcmp(s->type, "alert.list") == 0) {
        assert_true(cJSON_GetArraySize(list) > 0);
        strcpy(w->alert, text_of(cJSON_GetArrayItem(list, 0), "alert_id"));
    }
    if (strcmp(s->type, "verify") == 0)
        assert_int_equal(
            cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(o, "faults")),
            0);
    if (strcmp(s->type, "task.list") == 0) {
        assert_int_equal(cJSON_GetArraySize(list), 3);
        for (int i = 0; i < 3; i++)
            strcpy(w->dead[i], text_of(cJSON_GetArrayItem(list, i), "task_id"));
    }
}

/* Is this answer the last word?  What was refused for now is asked again. */
static bool judge(struct world *w, const struct step *s, const char *type,
                  const cJSON *o, bool repeated)
{
    if (strcmp(type, "ok") == 0) {
        if (s->refusal != NULL)
            fail_msg("%s was not refused as %s", s->type, s->refusal);
        keep(w, s, o);
        return true;
    }
    assert_string_equal(type, "problem");
    if (cJSON_HasObjectItem(o, "retry_after_ms")) {
        assert_true(place.struck);
        return false;
    }
    if (s->refusal != NULL && strstr(text_of(o, "type"), s->refusal) != NULL)
        return true;
    /* It was done, and its first answer was lost. */
    if (repeated && strncmp(s->type, "task.", 5) == 0)
        return true;
    fail_msg("%s %s: %s %s", s->type, s->body, text_of(o, "type"),
             text_of(o, "detail"));
    return false;
}

static void ask(struct world *w, const struct step *s)
{
    char body[512], type[64], request[128], mine[24];
    bool done = false, repeated = false;
    int since = 0;
    time_t until = time(NULL) + 100;
    bool follows = strncmp(s->type, "events.", 7) == 0;
    void *sock = follows ? w->follower : w->client;

    fill(w, s, body, sizeof(body));
    snprintf(mine, sizeof(mine), "q%d", follows ? 0 : ++w->asked);
    say(sock, s->type, mine, body);
    while (!done) {
        if (time(NULL) > until)
            fail_msg("no answer to %s; place %zu", s->type, place.at);
        turn(w);
        assert_int_equal(w->d.exit_code, 0);
        cJSON *o = hear(sock, type, request);
        if (o != NULL && strcmp(request, mine) == 0 &&
            strcmp(type, "event") != 0) {
            done = judge(w, s, type, o, repeated);
            if (!done)
                since = 90;
        }
        cJSON_Delete(o);
        if (!done && place.struck && ++since > 100) {
            say(sock, s->type, mine, body);
            repeated = true;
            since = 0;
        }
    }
}

struct outcome { /* on whichever day and in whichever order it came to be */
    int64_t cases, events, tasks_open, tasks_dead, alerts_open, load;
};

static struct outcome whole_day(void)
{
    struct world *w = world_new();
    struct store_totals t;

    for (size_t i = 0; i < sizeof(day) / sizeof(day[0]); i++)
        ask(w, &day[i]);
    assert_int_equal(store_totals(w->d.st, &t), 0);
    struct outcome out = {t.cases,
                          t.events,
                          t.tasks_open,
                          t.tasks_dead,
                          t.alerts_open,
                          loads_get(&w->d.loads, "u1", "h1") +
                              loads_get(&w->d.loads, "u1", "h2")};
    world_free(w);
    return out;
}

static void a_place_without_memory_costs_nothing_but_time(void **state)
{
    const char *many = getenv("DK_PLACES"); /* 0: all of them */
    const char *from = getenv("DK_FIRST");
    size_t most = many != NULL ? (size_t)atoi(many) : 12;

    struct outcome good = whole_day();
    size_t every = most == 0 || place.n < most ? 1 : place.n / most;
    size_t first = from != NULL ? (size_t)atoi(from) : (size_t)time(NULL);
    size_t struck = 0;

    first %= every;
    print_message("%zu places, each %zu. from %zu\n", place.n, every, first);
    assert_true(place.n > 100);
    for (place.at = first; place.at < place.n; place.at += every) {
        place.struck = false;
        struct outcome o = whole_day();
        struck += place.struck;
        /* Who could not be told whom a case is about has asked again: both
         * times are on record.
         */
        if (o.events == good.events + 1)
            o.events--;
        if (memcmp(&o, &good, sizeof(o)) != 0)
            fail_msg("place %zu: another day than without", place.at);
    }
    print_message("%zu struck\n", struck);
    assert_true(most > place.n || struck > most / 2);
    *state = &place; /* done */
}

/* Which place it was: addr2line -fie PROGRAM ADDRESS */
static int tell(void **state)
{
    if (*state == NULL)
        backtrace_symbols_fd(place.frame, place.depth, 2);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_place_without_memory_costs_nothing_but_time,
                                  tell),
    };
    cJSON_Hooks hooks = {json_malloc, free};
    void *frame[2];

    (void)backtrace(frame, 2); /* its first call asks for memory itself */
    cJSON_InitHooks(&hooks);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
