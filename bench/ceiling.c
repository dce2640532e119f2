/* ceiling.c - the fastest honest broker: what docketd is measured against.
 *
 * It receives, parses, writes three rows for each case (the submission's id,
 * the event, the case) into SQLite (WAL, synchronous=FULL), everything that is
 * waiting in one transaction, and answers after the commit.  It decides
 * nothing, checks nothing and remembers nothing: a broker that does its work on
 * one thread and keeps its word can hardly be faster.
 *
 *     ceiling ENDPOINT DATABASE
 */
#include <cjson/cJSON.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <zmq.h>

#include "proto/caseno.h"
#include "proto/dk_types.h"

#define BATCH_MAX 4096
#define FRAMES    5 /* routing id, version, type, request, body */

struct request {
    zmq_msg_t route, id;
    int64_t key;
};

struct ceiling {
    void *ctx, *router;
    sqlite3 *db;
    sqlite3_stmt *put_id, *put_event, *put_case;
    int signals;
    int64_t next;
    struct request batch[BATCH_MAX];
    size_t n;
};

static const char schema[] =
    "PRAGMA locking_mode=EXCLUSIVE;"
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    "PRAGMA wal_autocheckpoint=16384;"
    "CREATE TABLE request(id TEXT PRIMARY KEY, key INTEGER) WITHOUT ROWID;"
    "CREATE TABLE event(seq INTEGER PRIMARY KEY, key INTEGER, body TEXT);"
    "CREATE TABLE case_file(key INTEGER PRIMARY KEY, doc TEXT);";

static void fail(const char *what)
{
    (void)fprintf(stderr, "ceiling: %s\n", what);
    exit(1);
}

static void prepare(struct ceiling *c, const char *sql, sqlite3_stmt **out)
{
    if (sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out,
                           NULL) != SQLITE_OK)
        fail(sqlite3_errmsg(c->db));
}

static void open_store(struct ceiling *c, const char *file)
{
    if (sqlite3_open(file, &c->db) != SQLITE_OK ||
        sqlite3_exec(c->db, schema, NULL, NULL, NULL) != SQLITE_OK)
        fail(sqlite3_errmsg(c->db));
    prepare(c, "INSERT INTO request VALUES(?1, ?2)", &c->put_id);
    prepare(c, "INSERT INTO event VALUES(?1, ?1, ?2)", &c->put_event);
    prepare(c, "INSERT INTO case_file VALUES(?1, ?2)", &c->put_case);
}

static void open_sockets(struct ceiling *c, const char *endpoint)
{
    sigset_t set;
    int none = 0;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    c->signals = signalfd(-1, &set, SFD_CLOEXEC);
    c->ctx = zmq_ctx_new();
    c->router = c->ctx != NULL ? zmq_socket(c->ctx, ZMQ_ROUTER) : NULL;
    if (c->router == NULL || c->signals < 0 ||
        zmq_setsockopt(c->router, ZMQ_LINGER, &none, sizeof(none)) != 0 ||
        zmq_setsockopt(c->router, ZMQ_SNDHWM, &none, sizeof(none)) != 0 ||
        zmq_setsockopt(c->router, ZMQ_RCVHWM, &none, sizeof(none)) != 0 ||
        zmq_bind(c->router, endpoint) != 0)
        fail(zmq_strerror(zmq_errno()));
}

static void exec(struct ceiling *c, const char *sql)
{
    if (sqlite3_exec(c->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail(sqlite3_errmsg(c->db));
}

static void step(struct ceiling *c, sqlite3_stmt *st)
{
    if (sqlite3_step(st) != SQLITE_DONE)
        fail(sqlite3_errmsg(c->db));
    (void)sqlite3_reset(st);
}

/* Parse one body and write its rows. */
static void write_case(struct ceiling *c, zmq_msg_t *body, int64_t key)
{
    const char *text = zmq_msg_data(body);
    int len = (int)zmq_msg_size(body);
    cJSON *o = cJSON_ParseWithLength(text, (size_t)len);
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(o, "submission_id");

    if (!cJSON_IsString(id))
        fail("a body without submission_id");
    (void)sqlite3_bind_text(c->put_id, 1, id->valuestring, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(c->put_id, 2, key);
    step(c, c->put_id);
    (void)sqlite3_bind_int64(c->put_event, 1, key);
    (void)sqlite3_bind_text(c->put_event, 2, text, len, SQLITE_STATIC);
    step(c, c->put_event);
    (void)sqlite3_bind_int64(c->put_case, 1, key);
    (void)sqlite3_bind_text(c->put_case, 2, text, len, SQLITE_STATIC);
    step(c, c->put_case);
    cJSON_Delete(o);
}

/* One message into the batch; false when none is waiting. */
static bool gather_one(struct ceiling *c)
{
    zmq_msg_t f[FRAMES];
    struct request *r = &c->batch[c->n];

    for (int i = 0; i < FRAMES; i++) {
        (void)zmq_msg_init(&f[i]);
        if (zmq_msg_recv(&f[i], c->router, i == 0 ? ZMQ_DONTWAIT : 0) < 0) {
            (void)zmq_msg_close(&f[i]);
            return false;
        }
    }
    if (c->n == 0)
        exec(c, "BEGIN IMMEDIATE");
    r->key = dk_case_key((struct dk_date){2026, 5, 6}, 0) + ++c->next;
    write_case(c, &f[4], r->key);
    r->route = f[0];
    r->id = f[3];
    (void)zmq_msg_close(&f[1]);
    (void)zmq_msg_close(&f[2]);
    (void)zmq_msg_close(&f[4]);
    c->n++;
    return true;
}

static void answer(struct ceiling *c, struct request *r)
{
    char no[DK_CASE_NO_MAX], body[256];

    dk_case_no_format(330699, r->key, no);
    (void)snprintf(body, sizeof(body),
                   "{\"case_no\":\"%s\",\"query_code\":\"00000000\","
                   "\"submitted_at\":\"2026-05-06T09:00:00.000+08:00\","
                   "\"recorded_at\":\"2026-05-06T09:00:00.000+08:00\"}",
                   no);
    (void)zmq_msg_send(&r->route, c->router, ZMQ_SNDMORE);
    (void)zmq_send(c->router, "DKT1", 4, ZMQ_SNDMORE);
    (void)zmq_send(c->router, "ok", 2, ZMQ_SNDMORE);
    (void)zmq_msg_send(&r->id, c->router, ZMQ_SNDMORE);
    (void)zmq_send(c->router, body, strlen(body), 0);
}

int main(int argc, char **argv)
{
    static struct ceiling c;

    if (argc != 3) {
        (void)fprintf(stderr, "usage: ceiling ENDPOINT DATABASE\n");
        return 64;
    }
    open_store(&c, argv[2]);
    open_sockets(&c, argv[1]);
    (void)fprintf(stderr, "event=ready clients=%s\n", argv[1]);
    for (;;) {
        zmq_pollitem_t wait[2] = {{c.router, 0, ZMQ_POLLIN, 0},
                                  {NULL, c.signals, ZMQ_POLLIN, 0}};
        if (zmq_poll(wait, 2, -1) < 0 || wait[1].revents != 0)
            break;
        while (c.n < BATCH_MAX && gather_one(&c))
            ;
        if (c.n == 0)
            continue;
        exec(&c, "COMMIT");
        for (size_t i = 0; i < c.n; i++)
            answer(&c, &c.batch[i]);
        c.n = 0;
    }
    (void)sqlite3_finalize(c.put_id);
    (void)sqlite3_finalize(c.put_event);
    (void)sqlite3_finalize(c.put_case);
    (void)sqlite3_close(c.db);
    (void)zmq_close(c.router);
    (void)zmq_ctx_term(c.ctx);
    (void)close(c.signals);
    return 0;
}
