/* ceiling_life.c - the fastest honest broker of whole lives: what docketd and
 * its workers are measured against.
 *
 * The same rows and the same ways as a life in docketd: a submission (its id,
 * an event, the case, two tasks), the assignment's answer (three events, two
 * tasks more), two answers of the deadline service with an event and a clock
 * each, and one without.  Each task carries the case, read from its row; each
 * answer is parsed, writes the case anew, ends its task and is acknowledged.
 * Everything that is waiting is one transaction, and nothing leaves before its
 * commit.  It decides nothing and checks nothing, and its two workers send what
 * they always send.
 *
 *     ceiling_life ENDPOINT DATABASE
 */
#include <cjson/cJSON.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "proto/caseno.h"
#include "proto/dk_types.h"

#define BATCH_MAX 4096
#define FRAMES    5 /* routing id, version, type, request, body */
#define TASKS     4 /* of a case; a task's id is 4 * case + which */
#define DOC_BYTES 2100

/* What the answer to each task of a case is, as docketd counts them with
 * policy/xinfang-2022.json: events, how long the first is, whether a clock is
 * set, and how many tasks it makes.
 */
static const struct life {
    char worker;
    int events, bytes;
    bool clock;
    int tasks;
} lives[TASKS] = {{'a', 3, 170, false, 2},
                  {'d', 1, 500, true, 0},
                  {'d', 1, 500, true, 0},
                  {'d', 0, 0, false, 0}};

enum stmt {
    PUT_ID,
    PUT_EVENT,
    PUT_CASE,
    SET_CASE,
    GET_CASE,
    PUT_A,
    PUT_D,
    END_A,
    END_D,
    PUT_CLOCK,
    STMTS
};

static const char *const texts[STMTS] = {
    "INSERT INTO request VALUES(?1, ?2)",
    "INSERT INTO event VALUES(NULL, ?1, ?2)",
    "INSERT INTO case_file VALUES(?1, ?2)",
    "UPDATE case_file SET doc = ?2 WHERE key = ?1",
    "SELECT doc FROM case_file WHERE key = ?1",
    "INSERT INTO task_a VALUES(?1, ?2)",
    "INSERT INTO task_d VALUES(?1, ?2)",
    "DELETE FROM task_a WHERE id = ?1",
    "DELETE FROM task_d WHERE id = ?1",
    "INSERT INTO clock VALUES(?1, ?2, ?1) ON CONFLICT DO UPDATE SET due = ?1",
};

static const char schema[] =
    "PRAGMA locking_mode=EXCLUSIVE;"
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    "PRAGMA wal_autocheckpoint=16384;"
    "CREATE TABLE request(id TEXT PRIMARY KEY, key INTEGER) WITHOUT ROWID;"
    "CREATE TABLE event(seq INTEGER PRIMARY KEY, key INTEGER, body TEXT);"
    "CREATE TABLE case_file(key INTEGER PRIMARY KEY, doc TEXT);"
    "CREATE TABLE task_a(id INTEGER PRIMARY KEY, key INTEGER);"
    "CREATE TABLE task_d(id INTEGER PRIMARY KEY, key INTEGER);"
    "CREATE TABLE clock(key INTEGER, id TEXT, due INTEGER,"
    " PRIMARY KEY(key, id)) WITHOUT ROWID;";

struct answer { /* leaves after the commit */
    zmq_msg_t route, id;
    bool worker, stats;
    int64_t key;
};

struct broker {
    void *ctx, *clients, *workers;
    sqlite3 *db;
    sqlite3_stmt *q[STMTS];
    int signals;
    pid_t child[2];
    int64_t cases, events, open;
    char doc[DOC_BYTES + 1];
    struct answer answer[BATCH_MAX];
    size_t n;
    int64_t task[3 * BATCH_MAX];
    size_t n_task;
    bool begun;
};

static void fail(const char *what)
{
    (void)fprintf(stderr, "ceiling_life: %s\n", what);
    exit(1);
}

static void exec(struct broker *b, const char *sql)
{
    if (sqlite3_exec(b->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail(sqlite3_errmsg(b->db));
}

/* ---- the workers --------------------------------------------------------- */

/* Say who we are, then answer every task by what is always answered. */
static void work(char who, const char *endpoint)
{
    char text[600];
    void *ctx = zmq_ctx_new();
    void *s = ctx != NULL ? zmq_socket(ctx, ZMQ_DEALER) : NULL;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)snprintf(text, sizeof(text), "{\"commands\":[\"%0*d\"]}",
                   who == 'a' ? 250 : 560, 0);
    if (s == NULL || zmq_setsockopt(s, ZMQ_ROUTING_ID, &who, 1) != 0 ||
        zmq_connect(s, endpoint) != 0)
        _exit(1);
    (void)zmq_send(s, "DKT1", 4, ZMQ_SNDMORE);
    (void)zmq_send(s, "hello", 5, ZMQ_SNDMORE);
    (void)zmq_send(s, "0", 1, ZMQ_SNDMORE);
    (void)zmq_send(s, "{}", 2, 0);
    for (;;) {
        zmq_msg_t f[4];

        for (int i = 0; i < 4; i++) {
            (void)zmq_msg_init(&f[i]);
            if (zmq_msg_recv(&f[i], s, 0) < 0)
                _exit(0);
        }
        bool task = zmq_msg_size(&f[1]) == 4 &&
                    memcmp(zmq_msg_data(&f[1]), "task", 4) == 0;
        if (task) {
            (void)zmq_send(s, "DKT1", 4, ZMQ_SNDMORE);
            (void)zmq_send(s, "result", 6, ZMQ_SNDMORE);
            (void)zmq_msg_send(&f[2], s, ZMQ_SNDMORE);
            (void)zmq_send(s, text, strlen(text), 0);
        }
        for (int i = 0; i < 4; i++)
            (void)zmq_msg_close(&f[i]);
    }
}

/* ---- rows ---------------------------------------------------------------- */

static void run(struct broker *b, enum stmt which, int64_t first,
                const char *text, size_t n)
{
    sqlite3_stmt *q = b->q[which];

    (void)sqlite3_bind_int64(q, 1, first);
    if (text != NULL)
        (void)sqlite3_bind_text(q, 2, text, (int)n, SQLITE_STATIC);
    if (sqlite3_step(q) != SQLITE_DONE)
        fail(sqlite3_errmsg(b->db));
    (void)sqlite3_reset(q);
}

static void put_event(struct broker *b, int64_t key, const char *text, size_t n)
{
    run(b, PUT_EVENT, key, text, n);
    b->events++;
}

static void put_task(struct broker *b, int64_t key, int which)
{
    int64_t id = key * TASKS + which;

    (void)sqlite3_bind_int64(b->q[lives[which].worker == 'a' ? PUT_A : PUT_D],
                             2, key);
    run(b, lives[which].worker == 'a' ? PUT_A : PUT_D, id, NULL, 0);
    b->task[b->n_task++] = id;
    b->open++;
}

static void take_submission(struct broker *b, zmq_msg_t *body, int64_t key)
{
    const char *text = zmq_msg_data(body);
    size_t n = zmq_msg_size(body);
    cJSON *o = cJSON_ParseWithLength(text, n);
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(o, "submission_id");

    if (!cJSON_IsString(id))
        fail("a body without submission_id");
    (void)sqlite3_bind_text(b->q[PUT_ID], 1, id->valuestring, -1,
                            SQLITE_STATIC);
    (void)sqlite3_bind_int64(b->q[PUT_ID], 2, key);
    if (sqlite3_step(b->q[PUT_ID]) != SQLITE_DONE)
        fail(sqlite3_errmsg(b->db));
    (void)sqlite3_reset(b->q[PUT_ID]);
    put_event(b, key, text, n);
    run(b, PUT_CASE, key, text, n);
    put_task(b, key, 0);
    put_task(b, key, 1);
    b->cases++;
    cJSON_Delete(o);
}

static void take_result(struct broker *b, zmq_msg_t *lease, zmq_msg_t *body)
{
    char text[24] = "";
    size_t n = zmq_msg_size(lease);

    memcpy(text, zmq_msg_data(lease), n < sizeof(text) - 1 ? n : 0);
    int64_t id = strtoll(text, NULL, 10), key = id / TASKS;
    const struct life *l = &lives[id % TASKS];
    cJSON *o = cJSON_ParseWithLength(zmq_msg_data(body), zmq_msg_size(body));

    if (o == NULL)
        fail("a result that is no JSON");
    for (int i = 0; i < l->events; i++)
        put_event(b, key, b->doc, i == 0 ? (size_t)l->bytes : 10);
    if (l->events > 0)
        run(b, SET_CASE, key, b->doc, DOC_BYTES);
    if (l->clock)
        run(b, PUT_CLOCK, key, "conclude", 8);
    run(b, l->worker == 'a' ? END_A : END_D, id, NULL, 0);
    for (int i = 0; i < l->tasks; i++)
        put_task(b, key, 2 + i);
    b->open--;
    cJSON_Delete(o);
}

/* ---- messages ------------------------------------------------------------ */

static bool is(zmq_msg_t *m, const char *type)
{
    return zmq_msg_size(m) == strlen(type) &&
           memcmp(zmq_msg_data(m), type, strlen(type)) == 0;
}

/* One message into the batch; false when none is waiting. */
static bool gather_one(struct broker *b, bool worker)
{
    zmq_msg_t f[FRAMES];
    struct answer *a = &b->answer[b->n];

    for (int i = 0; i < FRAMES; i++) {
        (void)zmq_msg_init(&f[i]);
        if (zmq_msg_recv(&f[i], worker ? b->workers : b->clients,
                         i == 0 ? ZMQ_DONTWAIT : 0) < 0) {
            (void)zmq_msg_close(&f[i]);
            return false;
        }
    }
    if (!b->begun)
        exec(b, "BEGIN IMMEDIATE");
    b->begun = true;
    a->key = dk_case_key((struct dk_date){2026, 5, 6}, 0) + b->cases + 1;
    a->worker = worker;
    a->stats = !worker && !is(&f[2], "case.submit");
    if (worker)
        take_result(b, &f[3], &f[4]);
    else if (!a->stats)
        take_submission(b, &f[4], a->key);
    a->route = f[0];
    a->id = f[3];
    (void)zmq_msg_close(&f[1]);
    (void)zmq_msg_close(&f[2]);
    (void)zmq_msg_close(&f[4]);
    b->n++;
    return true;
}

static void answer(struct broker *b, struct answer *a)
{
    char no[DK_CASE_NO_MAX], body[256] = "{}";
    void *to = a->worker ? b->workers : b->clients;
    const char *type = a->worker ? "done" : "ok";

    dk_case_no_format(330699, a->key, no);
    if (a->stats)
        (void)snprintf(body, sizeof(body),
                       "{\"store\":{\"cases\":%lld,\"events\":%lld,"
                       "\"tasks_open\":%lld,\"tasks_dead\":0}}",
                       (long long)b->cases, (long long)b->events,
                       (long long)b->open);
    else if (!a->worker)
        (void)snprintf(body, sizeof(body),
                       "{\"case_no\":\"%s\",\"query_code\":\"00000000\"}", no);
    (void)zmq_msg_send(&a->route, to, ZMQ_SNDMORE);
    (void)zmq_send(to, "DKT1", 4, ZMQ_SNDMORE);
    (void)zmq_send(to, type, strlen(type), ZMQ_SNDMORE);
    (void)zmq_msg_send(&a->id, to, ZMQ_SNDMORE);
    (void)zmq_send(to, body, strlen(body), 0);
}

/* A task with its case, as the row has it. */
static void send_task(struct broker *b, int64_t id)
{
    sqlite3_stmt *q = b->q[GET_CASE];
    char text[2 * DOC_BYTES], name[24];

    (void)sqlite3_bind_int64(q, 1, id / TASKS);
    if (sqlite3_step(q) != SQLITE_ROW)
        fail("a task without its case");
    int len = snprintf(text, sizeof(text), "{\"task_id\":\"%lld\",\"case\":%s}",
                       (long long)id, sqlite3_column_text(q, 0));
    (void)sqlite3_reset(q);
    (void)snprintf(name, sizeof(name), "%lld", (long long)id);
    (void)zmq_send(b->workers, &lives[id % TASKS].worker, 1, ZMQ_SNDMORE);
    (void)zmq_send(b->workers, "DKT1", 4, ZMQ_SNDMORE);
    (void)zmq_send(b->workers, "task", 4, ZMQ_SNDMORE);
    (void)zmq_send(b->workers, name, strlen(name), ZMQ_SNDMORE);
    (void)zmq_send(b->workers, text, (size_t)len, 0);
}

/* ---- start, turn, end ---------------------------------------------------- */

static void *listen_on(struct broker *b, const char *endpoint)
{
    int none = 0;
    void *s = zmq_socket(b->ctx, ZMQ_ROUTER);

    if (s == NULL || zmq_setsockopt(s, ZMQ_LINGER, &none, sizeof(none)) != 0 ||
        zmq_setsockopt(s, ZMQ_SNDHWM, &none, sizeof(none)) != 0 ||
        zmq_setsockopt(s, ZMQ_RCVHWM, &none, sizeof(none)) != 0 ||
        zmq_bind(s, endpoint) != 0)
        fail(zmq_strerror(zmq_errno()));
    return s;
}

static void start(struct broker *b, const char *endpoint, const char *file)
{
    char own[64];
    sigset_t set;

    (void)snprintf(own, sizeof(own), "ipc://@docket-ceiling-%ld",
                   (long)getpid());
    for (int i = 0; i < 2; i++) {
        b->child[i] = fork();
        if (b->child[i] < 0)
            fail("fork");
        if (b->child[i] == 0)
            work(i == 0 ? 'a' : 'd', own);
    }
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    b->signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (sqlite3_open(file, &b->db) != SQLITE_OK)
        fail(sqlite3_errmsg(b->db));
    exec(b, schema);
    for (int i = 0; i < STMTS; i++) {
        if (sqlite3_prepare_v3(b->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &b->q[i], NULL) != SQLITE_OK)
            fail(sqlite3_errmsg(b->db));
    }
    b->doc[0] = '"';
    memset(b->doc + 1, 'x', DOC_BYTES - 2);
    b->doc[DOC_BYTES - 1] = '"';
    b->ctx = zmq_ctx_new();
    b->workers = listen_on(b, own);
    for (int frames = 0; frames < 2 * FRAMES; frames++) { /* two hellos */
        if (zmq_recv(b->workers, own, sizeof(own), 0) < 0)
            fail("no worker");
    }
    b->clients = listen_on(b, endpoint);
}

static void turn(struct broker *b)
{
    b->n = b->n_task = 0;
    while (b->n < BATCH_MAX * 2 / 3 && gather_one(b, true))
        ;
    while (b->n < BATCH_MAX && gather_one(b, false))
        ;
    if (!b->begun)
        return;
    exec(b, "COMMIT");
    b->begun = false;
    for (size_t i = 0; i < b->n; i++)
        answer(b, &b->answer[i]);
    for (size_t i = 0; i < b->n_task; i++)
        send_task(b, b->task[i]);
}

int main(int argc, char **argv)
{
    static struct broker b;

    if (argc != 3) {
        (void)fprintf(stderr, "usage: ceiling_life ENDPOINT DATABASE\n");
        return 64;
    }
    start(&b, argv[1], argv[2]);
    (void)fprintf(stderr, "event=ready clients=%s\n", argv[1]);
    for (;;) {
        zmq_pollitem_t wait[3] = {{b.clients, 0, ZMQ_POLLIN, 0},
                                  {b.workers, 0, ZMQ_POLLIN, 0},
                                  {NULL, b.signals, ZMQ_POLLIN, 0}};
        if (zmq_poll(wait, 3, -1) < 0 || wait[2].revents != 0)
            break;
        turn(&b);
    }
    for (int i = 0; i < 2; i++) {
        (void)kill(b.child[i], SIGKILL);
        (void)waitpid(b.child[i], NULL, 0);
    }
    for (int i = 0; i < STMTS; i++)
        (void)sqlite3_finalize(b.q[i]);
    (void)sqlite3_close(b.db);
    (void)zmq_close(b.clients);
    (void)zmq_close(b.workers);
    (void)zmq_ctx_term(b.ctx);
    (void)close(b.signals);
    return 0;
}
