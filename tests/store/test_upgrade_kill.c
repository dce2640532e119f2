/* test_upgrade_kill.c - SIGKILL at every statement, and at every write, of the
 * opening that upgrades a store of an old schema, and of the one that makes a
 * new store: what is left is of one schema or of another, whole, with every
 * event; and the next opening goes through to the same end.
 *
 * Generic over all steps that there are.
 */
#include "faulty_vfs.h"
#include "world.h"

#include <inttypes.h>
#include <sys/wait.h>

#include "daemon/store/migrate.h"

#define SAMPLE "tests/store/files/schema-1.sql"
#define STEPS  20 /* more than there are */

/* ---- the killer ------------------------------------------------------------
 */

static struct {
    long n, at; /* statements begun; 0: nobody is killed */
} killer;

static int on_statement(unsigned what, void *arg, void *p, void *x)
{
    (void)what;
    (void)arg;
    (void)p;
    (void)x;
    if (++killer.n == killer.at)
        (void)raise(SIGKILL);
    return 0;
}

static int on_connect(sqlite3 *db, char **err, const void *api)
{
    (void)err;
    (void)api;
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, on_statement, NULL);
}

/* Open in a child that is killed at the n-th; false: it was not, and ended. */
static bool open_and_die(struct world *w, long n, bool at_write)
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        killer.n = 0;
        killer.at = at_write ? 0 : n;
        faulty.deadly = true;
        faulty_arm(at_write ? n : 0, false, false);
        _exit(world_open(w) == 0 ? 0 : 9);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGKILL);
        return true;
    }
    assert_int_equal(WEXITSTATUS(status), 0);
    return false;
}

/* ---- what is there ---------------------------------------------------------
 */

static uint64_t mix(uint64_t h, const void *p, int n)
{
    const uint8_t *b = p;

    for (int i = 0; i < n; i++)
        h = (h ^ b[i]) * UINT64_C(0x100000001b3);
    return (h ^ (uint64_t)(unsigned)n) * UINT64_C(0x100000001b3);
}

#define NO_ROWS UINT64_C(0xcbf29ce484222325)

static uint64_t rows(sqlite3 *db, const char *sql)
{
    uint64_t h = NO_ROWS;
    sqlite3_stmt *q = NULL;
    int rc;

    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(q); i++)
            h = mix(h, sqlite3_column_blob(q, i), sqlite3_column_bytes(q, i));
    }
    assert_int_equal(rc, SQLITE_DONE);
    assert_int_equal(sqlite3_finalize(q), SQLITE_OK);
    return h;
}

struct look {
    int version;
    uint64_t schema, events, all, beside;
};

/* Every row of every table; but for the epoch, which rises with each opening.
 */
static uint64_t everything(sqlite3 *db)
{
    uint64_t h = 0;
    sqlite3_stmt *q = NULL;
    char sql[200];

    assert_int_equal(
        sqlite3_prepare_v2(db,
                           "SELECT name FROM sqlite_schema WHERE type = "
                           "'table' AND name <> 'meta' ORDER BY name",
                           -1, &q, NULL),
        SQLITE_OK);
    while (sqlite3_step(q) == SQLITE_ROW) {
        (void)snprintf(sql, sizeof sql, "SELECT * FROM \"%s\"",
                       (const char *)sqlite3_column_text(q, 0));
        h = h * 31 + rows(db, sql);
    }
    assert_int_equal(sqlite3_finalize(q), SQLITE_OK);
    return h;
}

/* Looks like any other program would, with the log; changes nothing that the
 * store would mind.  version 0: there is no file yet.
 */
static struct look take(const struct world *w)
{
    struct look s = {.version = 0};
    sqlite3_stmt *q = NULL;
    sqlite3 *db = NULL;

    if (access(w->path, F_OK) != 0)
        return s;
    assert_int_equal(sqlite3_open_v2(w->path, &db, SQLITE_OPEN_READWRITE,
                                     faulty.real->zName),
                     SQLITE_OK);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    assert_int_equal(
        sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    s.version = sqlite3_column_int(q, 0);
    assert_int_equal(sqlite3_finalize(q), SQLITE_OK);
    s.schema = rows(db, "SELECT type, name, sql FROM sqlite_schema "
                        "ORDER BY type, name");
    s.events = rows(db, "SELECT * FROM event ORDER BY seq");
    s.all = everything(db);
    if (s.version >= 5)
        s.beside = rows(db, "SELECT unit FROM case_beside");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return s;
}

/* ---- files -----------------------------------------------------------------
 */

static char *slurp(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    char *text = calloc(1, (size_t)4 << 20);

    assert_non_null(f);
    assert_non_null(text);
    *n = fread(text, 1, ((size_t)4 << 20) - 1, f);
    assert_int_equal(fclose(f), 0);
    return text;
}

static void spill(const char *path, const char *text, size_t n)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static struct world *empty_world(void)
{
    struct world *w = world_new(true);

    w->opt = (struct store_options){.county = 330699,
                                    .test_clock = true,
                                    .offset_min = 480,
                                    .create = true};
    return w;
}

/* One more event, for what the step of the co-handlers makes of its case. */
static void add_co_handler(sqlite3 *db)
{
    char sql[600];

    (void)snprintf(sql, sizeof sql,
                   "INSERT INTO event SELECT (SELECT max(seq) + 1 FROM event), "
                   "key, n + 1, %d, at, NULL, actor, hash, '{\"unit\":\"u9\"}' "
                   "FROM event WHERE key = 20260302000003 ORDER BY n DESC "
                   "LIMIT 1; UPDATE total SET events = events + 1",
                   DK_EV_CO_HANDLER_ADDED);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* A store as the released version wrote it, as the bytes of its file. */
static char *old_store(size_t *n)
{
    struct world *w = empty_world();
    char *sql = slurp(SAMPLE, n);
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    add_co_handler(db);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    free(sql);
    char *bytes = slurp(w->path, n);
    world_free(w);
    return bytes;
}

static struct world *world_of(const char *bytes, size_t n)
{
    struct world *w = empty_world();

    if (bytes != NULL)
        spill(w->path, bytes, n);
    return w;
}

/* ---- the tests
 * --------------------------------------------------------------- */

struct known { /* what each schema looks like, as first seen */
    bool is[STEPS];
    struct look v[STEPS];
};

static void expect_one_of(struct known *k, const struct look *s)
{
    assert_in_range(s->version, 0, migrate_latest());
    if (!k->is[s->version]) {
        k->is[s->version] = true;
        k->v[s->version] = *s;
    }
    const struct look *was = &k->v[s->version];
    assert_true(s->schema == was->schema);
    assert_true(s->events == was->events);
    assert_true(s->all == was->all);
}

static void every_point(const char *bytes, size_t n, bool at_write)
{
    struct known k = {.is = {false}};
    struct world *w = world_of(bytes, n);
    long points = 0;

    struct look before = take(w);
    expect_one_of(&k, &before);
    assert_int_equal(world_open(w), 0);
    world_close(w);
    struct look after = take(w);
    expect_one_of(&k, &after);
    assert_int_equal(after.version, migrate_latest());
    assert_true(after.beside ==
                (bytes != NULL ? mix(NO_ROWS, "u9", 2) : NO_ROWS));
    world_free(w);

    for (long i = 1;; i++) {
        w = world_of(bytes, n);
        bool died = open_and_die(w, i, at_write);
        struct look s = take(w);
        expect_one_of(&k, &s); /* one or another, nothing between */
        assert_int_equal(world_open(w), 0);
        world_close(w);
        s = take(w);
        assert_true(s.schema == after.schema && s.all == after.all);
        if (bytes != NULL)
            assert_true(s.events == before.events);
        world_free(w);
        if (!died)
            break;
        points = i;
    }
    print_message("killed at each of %ld %s, schema %d to %d\n", points,
                  at_write ? "writes and syncs" : "statements", before.version,
                  after.version);
    assert_true(points > (at_write ? 10 : 40));
    for (int v = before.version; v <= migrate_latest(); v++) {
        if (v >= 1 && bytes != NULL)
            assert_true(k.is[v]); /* each was met on the way */
    }
}

static void an_upgrade_that_is_killed_at_any_statement(void **state)
{
    size_t n;
    char *bytes = old_store(&n);

    (void)state;
    every_point(bytes, n, false);
    free(bytes);
}

static void an_upgrade_that_is_killed_at_any_write(void **state)
{
    size_t n;
    char *bytes = old_store(&n);

    (void)state;
    every_point(bytes, n, true);
    free(bytes);
}

static void a_new_store_that_is_killed_at_any_statement(void **state)
{
    (void)state;
    every_point(NULL, 0, false);
}

static void a_new_store_that_is_killed_at_any_write(void **state)
{
    (void)state;
    every_point(NULL, 0, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upgrade_that_is_killed_at_any_statement),
        cmocka_unit_test(an_upgrade_that_is_killed_at_any_write),
        cmocka_unit_test(a_new_store_that_is_killed_at_any_statement),
        cmocka_unit_test(a_new_store_that_is_killed_at_any_write),
    };

    use_memory_disk();
    if (faulty_install() != SQLITE_OK ||
        sqlite3_auto_extension((void (*)(void))on_connect) != SQLITE_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
