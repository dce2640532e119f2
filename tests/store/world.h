/* world.h - a store in a folder of its own, and batches to put into it.
 * Included by the store tests only; every function is small and inline.
 */
#ifndef DK_TEST_STORE_WORLD_H
#define DK_TEST_STORE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#ifdef DK_HAVE_PG
#include <libpq-fe.h>
#endif

#include "daemon/store/store.h"
#include "tests/support/folder.h"

#define COUNTY 330127
#define OFFSET 480
#define T0     INT64_C(1798765200000) /* 2027-01-01, some office morning */
#define KEY(n) (INT64_C(20270101000000) + (n))
#define ROOM   64 /* of each kind in a batch */

struct world {
    bool file; /* sqlite, not mem */
    char dir[64], url[512], path[96];
    char schema[32]; /* in PostgreSQL */
    struct store *st;
    struct store_info info;
    struct store_options opt;
    struct dk_problem problem;
    int64_t seq; /* of the last event written */
};

static const uint8_t world_random[48] = {
    1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16,
    17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32,
    33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48};

static inline int world_open(struct world *w)
{
    memset(&w->problem, 0, sizeof w->problem);
    int rc = store_open(w->url, &w->opt, world_random, &w->st, &w->info,
                        &w->problem);
    if (rc == 0)
        w->seq = w->info.last_seq;
    return rc;
}

static inline void world_close(struct world *w)
{
    store_close(w->st);
    w->st = NULL;
}

static inline void world_reopen(struct world *w)
{
    world_close(w);
    assert_int_equal(world_open(w), 0);
}

/* For tests with thousands of syncs that are not about the disk: what a
 * process leaves behind when it dies is the same in memory.
 */
static inline void use_memory_disk(void)
{
    if (access("/dev/shm", W_OK) == 0)
        assert_int_equal(setenv("TMPDIR", "/dev/shm", 1), 0);
}

/* A folder and names, but no store yet. */
static inline struct world *world_new(bool file)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->file = file;
    w->opt = (struct store_options){.county = COUNTY, .create = true};
    folder_make(w->dir, sizeof w->dir, "dkstore");
    (void)snprintf(w->path, sizeof w->path, "%s/docket.db", w->dir);
    if (file)
        (void)snprintf(w->url, sizeof w->url, "sqlite:%s", w->path);
    else
        (void)snprintf(w->url, sizeof w->url, "mem:");
    return w;
}

static inline void world_free(struct world *w)
{
    static const char *const names[] = {
        "docket.db",     "docket.db-wal", "docket.db-journal",
        "docket.lock",   "docket.db.new", "docket.db.new-journal",
        "docket.db-shm", "ballast"};
    char path[128];

    store_close(w->st);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", w->dir, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(w->dir), 0); /* nothing unexpected was left */
    free(w);
}

static inline int setup(void **state, bool file)
{
    struct world *w = world_new(file);

    *state = w;
    return world_open(w);
}

/* ---- a store in PostgreSQL: tests/support/pgserver.py names the server ----
 */

#ifdef DK_HAVE_PG
static inline void world_sql(const char *what, const char *schema,
                             const char *more)
{
    char sql[256];
    PGconn *c = PQconnectdb(getenv("DK_PG"));
    PGresult *r;

    (void)snprintf(sql, sizeof sql, "%s %s %s", what, schema, more);
    r = PQexec(c, sql);
    if (PQresultStatus(r) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(c));
    PQclear(r);
    PQfinish(c);
}

/* A schema of its own, but no store yet. */
static inline struct world *world_new_pg(void)
{
    static int n;
    struct world *w = world_new(false);

    (void)snprintf(w->schema, sizeof w->schema, "s%d_%d", (int)getpid(), ++n);
    world_sql("CREATE SCHEMA", w->schema, "");
    (void)snprintf(w->url, sizeof w->url,
                   "postgres:%s options='-c search_path=%s'", getenv("DK_PG"),
                   w->schema);
    return w;
}

static inline int setup_pg(void **state)
{
    struct world *w = world_new_pg();

    *state = w;
    int rc = world_open(w);
    if (rc != 0)
        print_error("%s\n", w->problem.detail);
    return rc;
}

static inline int teardown_pg(void **state)
{
    struct world *w = *state;
    char schema[32];

    memcpy(schema, w->schema, sizeof schema);
    world_free(w);
    world_sql("SET client_min_messages = error; DROP SCHEMA", schema,
              "CASCADE");
    return 0;
}
#else
static inline struct world *world_new_pg(void)
{
    fail_msg("this build has no PostgreSQL");
    return NULL;
}
#define setup_pg    NULL
#define teardown_pg NULL
#endif

/* Run EACH test on memory and SQLite, or, where a server is named, on it. */
#define ON_MEM(f)    {"mem: " #f, f, setup_mem, teardown, NULL},
#define ON_SQLITE(f) {"sqlite: " #f, f, setup_sqlite, teardown, NULL},
#define ON_PG(f)     {"pg: " #f, f, setup_pg, teardown_pg, NULL},
#define WORLD_MAIN(EACH)                                                       \
    int main(void)                                                             \
    {                                                                          \
        const struct CMUnitTest pg[] = {EACH(ON_PG)};                          \
        const struct CMUnitTest tests[] = {EACH(ON_MEM) EACH(ON_SQLITE)};      \
                                                                               \
        use_memory_disk();                                                     \
        return getenv("DK_PG") != NULL                                         \
                   ? cmocka_run_group_tests(pg, NULL, NULL)                    \
                   : cmocka_run_group_tests(tests, NULL, NULL);                \
    }

static inline int setup_mem(void **state)
{
    return setup(state, false);
}

static inline int setup_sqlite(void **state)
{
    return setup(state, true);
}

static inline int teardown(void **state)
{
    world_free(*state);
    return 0;
}

/* ---- batches ------------------------------------------------------------ */

struct batch {
    struct store_changes ch;
    struct store_request request[ROOM];
    struct dk_event event[ROOM];
    const struct dk_event *event_at[ROOM];
    struct dk_case *kase[ROOM]; /* owned */
    struct dk_jw doc[ROOM];
    struct store_case_put put[ROOM];
    struct store_clock_put clock[ROOM];
    struct store_task task[ROOM];
    int64_t done[ROOM], retry[ROOM];
    struct store_task_fail fail[ROOM];
    struct store_alert alert[ROOM];
    struct store_alert_ack ack[ROOM];
    struct store_person person[ROOM];
    struct dk_uuid forget[ROOM];
    struct store_load load[ROOM];
    struct store_day day[ROOM];
};

static inline struct batch *batch_new(void)
{
    struct batch *b = calloc(1, sizeof *b);

    assert_non_null(b);
    b->ch = (struct store_changes){
        .request = b->request,
        .event = b->event_at,
        .kase = b->put,
        .clock = b->clock,
        .task_new = b->task,
        .task_done = b->done,
        .task_fail = b->fail,
        .task_retry = b->retry,
        .alert = b->alert,
        .ack = b->ack,
        .person = b->person,
        .forget = b->forget,
        .load = b->load,
        .day = b->day,
        .test_now = DK_NEVER,
    };
    return b;
}

static inline void batch_free(struct batch *b)
{
    for (size_t i = 0; i < b->ch.n_event; i++)
        free(b->event[i].body);
    for (size_t i = 0; i < b->ch.n_case; i++) {
        dk_case_free(b->kase[i]);
        dk_jw_fini(&b->doc[i]);
    }
    free(b);
}

static inline int commit(struct world *w, struct batch *b)
{
    int rc = store_commit(w->st, &b->ch);

    if (rc == 0)
        w->seq += (int64_t)b->ch.n_event;
    batch_free(b);
    return rc;
}

/* A version 7 id; each three neighbours agree in their first eight bytes. */
static inline struct dk_uuid uuid(int64_t n)
{
    struct dk_uuid u = {{0x01, 0x90, 0, 0, 0, 0, 0x70}};

    for (int i = 0; i < 4; i++)
        u.b[2 + i] = (uint8_t)((uint64_t)(n / 3) >> (24 - 8 * i));
    for (int i = 0; i < 8; i++)
        u.b[8 + i] = (uint8_t)((uint64_t)n >> (56 - 8 * i));
    return u;
}

static inline void add_request(struct batch *b, int64_t id, int64_t key)
{
    struct store_request *r = &b->request[b->ch.n_request++];

    *r = (struct store_request){.id = uuid(id),
                                .key = key,
                                .n = 1,
                                .state = DK_S_SUBMITTED,
                                .at = T0 + id,
                                .submitted_at = T0 - id};
    memset(r->hash, (int)(id & 0xff), sizeof r->hash);
}

static inline void add_event(const struct world *w, struct batch *b,
                             int64_t key, uint32_t n, enum dk_ev type,
                             const char *body)
{
    size_t i = b->ch.n_event++;
    struct dk_event *e = &b->event[i];

    *e = (struct dk_event){.seq = w->seq + 1 + (int64_t)i,
                           .key = key,
                           .n = n,
                           .type = type,
                           .claimed = n % 2 != 0 ? T0 - n : DK_NEVER,
                           .body = strdup(body),
                           .body_len = strlen(body)};
    assert_non_null(e->body);
    e->at = T0 + e->seq;
    (void)snprintf(e->actor, sizeof e->actor, "officer:%u", n);
    memset(e->hash, (int)(e->seq & 0xff), sizeof e->hash);
    b->event_at[i] = e;
}

static inline char *text(const char *s)
{
    char *c = s != NULL ? strdup(s) : NULL;

    assert_true(s == NULL || c != NULL);
    return c;
}

static inline struct dk_case *make_case(int64_t key, uint32_t n,
                                        enum dk_state state, const char *unit,
                                        const char *handler)
{
    struct dk_case *c = dk_case_new();

    assert_non_null(c);
    c->key = key;
    c->n = n;
    c->state = state;
    c->submitted_at = c->recorded_at = c->updated_at = T0;
    c->petitioners = 1;
    c->subject = text("路灯不亮");
    (void)snprintf(c->unit, sizeof c->unit, "%s", unit);
    (void)snprintf(c->handler, sizeof c->handler, "%s", handler);
    memset(c->hash, (int)(n & 0xff), sizeof c->hash);
    return c;
}

static inline void give_co(struct dk_case *c, const char *unit,
                           const char *handler)
{
    struct dk_co_handler *h = &c->co[c->n_co++];

    (void)snprintf(h->unit, sizeof h->unit, "%s", unit);
    (void)snprintf(h->handler, sizeof h->handler, "%s", handler);
}

static inline struct dk_clock *give_clock(struct dk_case *c, const char *id,
                                          dk_ms warn, dk_ms due)
{
    struct dk_clock *k = &c->clock[c->n_clock++];

    *k = (struct dk_clock){
        .no = 1,
        .basis = 1,
        .started_at = T0,
        .due_at = due,
        .stopped_at = DK_NEVER,
        .n_rung = 2,
        .rung = {{.id = "yellow", .at = warn}, {.id = "overdue", .at = due}}};
    (void)snprintf(k->id, sizeof k->id, "%s", id);
    return k;
}

/* Takes the case. */
static inline struct dk_case *add_case(struct batch *b, struct dk_case *c,
                                       bool is_new)
{
    size_t i = b->ch.n_case++;

    dk_case_write(&b->doc[i], NULL, c, COUNTY, OFFSET);
    assert_false(b->doc[i].oom);
    b->kase[i] = c;
    b->put[i] = (struct store_case_put){.c = c,
                                        .is_new = is_new,
                                        .doc = b->doc[i].buf,
                                        .doc_len = b->doc[i].len};
    return c;
}

static inline void add_clocks(struct batch *b, const struct dk_case *c)
{
    for (int i = 0; i < c->n_clock; i++)
        b->clock[b->ch.n_clock++] =
            (struct store_clock_put){c->key, &c->clock[i], c->unit};
}

static inline void add_task(struct batch *b, int64_t id, enum dk_service svc,
                            int64_t key, uint32_t n)
{
    b->task[b->ch.n_task_new++] =
        (struct store_task){.id = id, .service = svc, .key = key, .n = n};
}

static inline void add_fail(struct batch *b, int64_t id, int attempts,
                            bool dead, const char *reason)
{
    b->fail[b->ch.n_task_fail++] =
        (struct store_task_fail){id, attempts, dead, T0 + attempts, reason};
}

static inline void add_alert(struct batch *b, int64_t key, uint32_t n,
                             const char *level, const char *unit)
{
    b->alert[b->ch.n_alert++] = (struct store_alert){.key = key,
                                                     .n = n,
                                                     .clock = "conclude",
                                                     .rung = "yellow",
                                                     .level = level,
                                                     .unit = unit,
                                                     .raised_at = T0 + n,
                                                     .due_at = T0 + 2 * n};
}

static inline void add_ack(struct batch *b, int64_t key, uint32_t n)
{
    b->ack[b->ch.n_ack++] =
        (struct store_alert_ack){key, n, T0 + 99, "officer:wang"};
}

static inline void add_load(struct batch *b, const char *unit,
                            const char *handler, int64_t open)
{
    b->load[b->ch.n_load++] = (struct store_load){unit, handler, open};
}

/* A new case as the daemon would write it: everything that comes with it. */
static inline void add_submission(const struct world *w, struct batch *b,
                                  int64_t no)
{
    int64_t key = KEY(no);
    struct dk_case *c = make_case(key, 1, DK_S_SUBMITTED, "", "");

    give_clock(c, "transfer", T0 + no * DK_DAY, T0 + (no + 5) * DK_DAY);
    add_request(b, no, key);
    add_event(w, b, key, 1, DK_EV_SUBMITTED, "{\"facts\":\"…\"}");
    add_case(b, c, true);
    add_clocks(b, c);
    add_task(b, no * 10, DK_SVC_ASSIGN, key, 1);
    add_task(b, no * 10 + 1, DK_SVC_DEADLINE, key, 1);
    b->person[b->ch.n_person++] = (struct store_person){
        .key = key, .seal = 7, .data = "sealed", .len = 6};
    b->day[b->ch.n_day++] = (struct store_day){20270101, (int32_t)no};
}

static inline void submit(struct world *w, int64_t no)
{
    struct batch *b = batch_new();

    add_submission(w, b, no);
    assert_int_equal(commit(w, b), 0);
}

/* ---- what a row callback saw --------------------------------------------- */

struct seen {
    int64_t v[ROOM];
    size_t n;
    int stop_after; /* 0: never */
    int say;        /* what to return then */
};

static inline int see(struct seen *s, int64_t v)
{
    s->v[s->n++] = v;
    return s->stop_after != 0 && (int)s->n >= s->stop_after ? s->say : 0;
}

#endif /* DK_TEST_STORE_WORLD_H */
