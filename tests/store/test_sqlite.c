/* test_sqlite.c - what only a file can do: survive, be held by another, be of
 * the wrong kind.  Every refusal is a sentence in both languages and changes
 * nothing on disk.
 */
#include "dump.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* ---- looking at files --------------------------------------------------- */

static char *slurp(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    char *buf;
    long n;

    *len = 0;
    if (f == NULL)
        return NULL;
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    n = ftell(f);
    rewind(f);
    buf = malloc((size_t)n + 1);
    assert_non_null(buf);
    assert_int_equal(fread(buf, 1, (size_t)n, f), (size_t)n);
    fclose(f);
    *len = (size_t)n;
    return buf;
}

static void spew(const char *path, const char *data, size_t n)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

struct shot { /* of everything in a store's folder */
    char *data[3];
    size_t len[3];
};

static struct shot take(const struct world *w)
{
    static const char *const ends[] = {"docket.db", "docket.db-wal",
                                       "docket.lock"};
    struct shot s;
    char path[128];

    for (int i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", w->dir, ends[i]);
        s.data[i] = slurp(path, &s.len[i]);
    }
    return s;
}

static void expect_unchanged(const struct world *w, struct shot *a)
{
    struct shot b = take(w);

    for (int i = 0; i < 3; i++) {
        assert_int_equal(a->data[i] == NULL, b.data[i] == NULL);
        assert_int_equal(a->len[i], b.len[i]);
        if (a->data[i] != NULL)
            assert_memory_equal(a->data[i], b.data[i], a->len[i]);
        free(a->data[i]);
        free(b.data[i]);
    }
}

/* Opening must fail with `code`, say `word` and leave the folder as it is. */
static void expect_refusal(struct world *w, int code, const char *word)
{
    struct shot before = take(w);

    assert_int_equal(world_open(w), code);
    assert_null(w->st);
    assert_int_equal(w->problem.code, code);
    if (strstr(w->problem.detail, word) == NULL ||
        strstr(w->problem.detail, w->dir) == NULL)
        fail_msg("the sentence is: %s", w->problem.detail);
    assert_non_null(strstr(w->problem.detail_zh, w->dir));
    assert_true(strlen(w->problem.detail_zh) > strlen(w->dir) + 12);
    expect_unchanged(w, &before);
}

static int setup_folder(void **state)
{
    *state = world_new(true);
    return 0;
}

/* Run SQL on a closed store, as somebody with a shell might. */
static void sql(const struct world *w, const char *text_of)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text_of, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* ---- what stays --------------------------------------------------------- */

static void everything_is_there_after_closing_and_opening(void **state)
{
    struct world *w = *state;
    struct store_info first = w->info;

    for (int i = 1; i <= 20; i++)
        submit(w, i);
    char *before = dump(w->st, 20);
    world_reopen(w);
    char *after = dump(w->st, 20);
    assert_string_equal(before, after);
    assert_int_equal(w->info.last_seq, 20);
    assert_int_equal(w->info.last_at, T0 + 20);
    assert_int_equal(w->info.epoch, first.epoch + 1);
    assert_memory_equal(w->info.broker, world_random, 16);
    assert_memory_equal(w->info.secret, world_random + 16, 32);
    world_reopen(w);
    assert_int_equal(w->info.epoch, first.epoch + 2);
    free(before);
    free(after);
}

static void the_test_clock_stands_where_it_was_left(void **state)
{
    struct world *w = *state;
    struct batch *b = batch_new();

    w->opt.test_clock = true;
    w->opt.test_now = T0;
    assert_int_equal(world_open(w), 0);
    assert_int_equal(w->info.test_now, T0);
    b->ch.test_now = T0 + DK_DAY;
    assert_int_equal(commit(w, b), 0);
    w->opt.test_now = T0 + 99;
    world_reopen(w);
    assert_int_equal(w->info.test_now, T0 + DK_DAY);
}

static void a_closed_store_is_one_file_and_its_lock(void **state)
{
    struct world *w = *state;
    struct stat sb;
    char path[128];

    submit(w, 1);
    assert_int_equal(store_checkpoint(w->st, false), 0);
    assert_int_equal(store_checkpoint(w->st, true), 0);
    (void)snprintf(path, sizeof path, "%s-wal", w->path);
    assert_int_equal(stat(path, &sb), 0);
    assert_int_equal(sb.st_size, 0);
    (void)snprintf(path, sizeof path, "%s-shm", w->path);
    assert_int_equal(stat(path, &sb), -1); /* no second connection, ever */
    world_close(w);
    (void)snprintf(path, sizeof path, "%s-wal", w->path);
    assert_int_equal(stat(path, &sb), -1);
}

static void the_log_does_not_grow_without_end(void **state)
{
    struct world *w = *state;
    static char big[30000];
    struct stat sb;
    char path[128];

    (void)snprintf(path, sizeof path, "%s-wal", w->path);
    memset(big, 'x', sizeof big - 1);
    for (int i = 1; i <= 2000; i++) {
        struct batch *b = batch_new();
        add_event(w, b, KEY(1), (uint32_t)i, DK_EV_URGED, big);
        assert_int_equal(commit(w, b), 0);
    }
    assert_int_equal(stat(path, &sb), 0);
    assert_true(sb.st_size > 0 && sb.st_size < 36 << 20); /* of 64 MiB */
}

/* Calls that wrote something, of this process so far. */
static long writes(void)
{
    FILE *f = fopen("/proc/self/io", "r");
    char line[80];
    long n = -1;

    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, "syscw: ", 7) == 0)
            n = strtol(line + 7, NULL, 10);
    }
    (void)fclose(f);
    assert_true(n >= 0);
    return n;
}

static void a_commit_is_written_in_few_pieces(void **state)
{
    struct world *w = *state;
    static char big[30000];
    struct batch *b = batch_new();

    submit(w, 1);
    memset(big, 'x', sizeof big - 1);
    for (uint32_t i = 2; i <= ROOM; i++)
        add_event(w, b, KEY(1), i, DK_EV_URGED, big);
    long before = writes();
    assert_int_equal(commit(w, b), 0);
    long took = writes() - before;
    assert_true(took > 0 && took < ROOM); /* of seven pages for each event */
    world_close(w);                       /* and it is all there */
    assert_int_equal(world_open(w), 0);
    assert_int_equal(w->info.last_seq, ROOM);
}

/* ---- who else holds it -------------------------------------------------- */

static void a_second_opener_is_told_the_file_and_the_pid(void **state)
{
    struct world *w = *state, second = *w;
    char pid[32];

    second.st = NULL;
    (void)snprintf(pid, sizeof pid, "pid %ld", (long)getpid());
    /* Not expect_refusal(): a reader of the file, once closed, would drop the
     * POSIX locks that the first store holds on it.
     */
    assert_int_equal(world_open(&second), DK_EBUSY);
    assert_non_null(strstr(second.problem.detail, pid));
    assert_non_null(strstr(second.problem.detail, w->path));
    assert_non_null(strstr(second.problem.detail_zh, w->path));

    pid_t child = fork();
    if (child == 0) { /* and from another process */
        int rc = world_open(&second);
        _exit(rc == DK_EBUSY && strstr(second.problem.detail, pid) ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    submit(w, 1); /* the first one was not disturbed */
    world_reopen(w);
}

static void another_program_cannot_read_the_file_meanwhile(void **state)
{
    struct world *w = *state;
    pid_t child = fork();

    if (child == 0) { /* POSIX locks do not hold within a process */
        sqlite3 *db = NULL;
        int rc = sqlite3_open(w->path, &db);
        if (rc == SQLITE_OK)
            rc = sqlite3_exec(db, "SELECT * FROM meta", NULL, NULL, NULL);
        _exit(rc == SQLITE_BUSY ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void a_file_held_by_another_program_is_refused(void **state)
{
    struct world *w = *state;
    int ready[2], go[2];
    char c;

    world_close(w);
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    pid_t child = fork();
    if (child == 0) {
        sqlite3 *db = NULL;
        (void)sqlite3_open(w->path, &db);
        (void)sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE; BEGIN IMMEDIATE",
                           NULL, NULL, NULL);
        _exit(write(ready[1], "x", 1) == 1 && read(go[0], &c, 1) == 1 ? 0 : 1);
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_int_equal(world_open(w), DK_EBUSY);
    assert_non_null(strstr(w->problem.detail, "another program"));
    assert_int_equal(write(go[1], "x", 1), 1);
    assert_int_equal(waitpid(child, NULL, 0), child);
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        close(go[i]);
    }
    assert_int_equal(world_open(w), 0);
}

/* ---- what is refused ---------------------------------------------------- */

static void a_missing_folder_is_refused(void **state)
{
    struct world *w = *state;

    (void)snprintf(w->url, sizeof w->url, "sqlite:%s/not/docket.db", w->dir);
    expect_refusal(w, DK_ENOTFOUND, "folder");
}

static void a_missing_store_is_not_made_unasked(void **state)
{
    struct world *w = *state;

    w->opt.create = false;
    expect_refusal(w, DK_ENOTFOUND, "cannot be found");
}

static void a_folder_that_cannot_be_written_is_refused(void **state)
{
    struct world *w = *state;
    pid_t child = fork();

    if (child == 0) { /* root may write everywhere: be nobody */
        if (chmod(w->dir, 0555) != 0 ||
            (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0))
            _exit(9);
        int rc = world_open(w);
        _exit(rc == DK_EFORBIDDEN && strstr(w->problem.detail, w->dir) &&
                      strstr(w->problem.detail, "permission denied") &&
                      strstr(w->problem.detail_zh, "没有权限")
                  ? 0
                  : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(chmod(w->dir, 0755), 0); /* and the folder is empty */
}

static void a_file_that_cannot_be_written_is_refused(void **state)
{
    struct world *w = *state;
    struct shot before;

    submit(w, 1);
    world_close(w);
    before = take(w);
    pid_t child = fork();
    if (child == 0) {
        if (chmod(w->path, 0444) != 0 || chmod(w->dir, 0777) != 0 ||
            (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0))
            _exit(9);
        int rc = world_open(w);
        _exit(rc == DK_EFORBIDDEN && w->problem.detail[0] == '/' ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    expect_unchanged(w, &before);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
    struct world *w = *state;

    spew(w->path, "", 0);
    expect_refusal(w, DK_EVERSION, "not a database of docket");
    spew(w->path, "x", 1); /* SQLite alone would take it for an empty one */
    expect_refusal(w, DK_EVERSION, "not a database of docket");
    spew(w->path, "SQLite format 3", 16);
    expect_refusal(w, DK_EVERSION, "not a database of docket");
    char junk[5000];
    for (size_t i = 0; i < sizeof junk; i++)
        junk[i] = (char)(i * 31);
    spew(w->path, junk, sizeof junk);
    expect_refusal(w, DK_EVERSION, "not a database of docket");
    assert_int_equal(unlink(w->path), 0);
    assert_int_equal(mkdir(w->path, 0755), 0);
    assert_int_equal(world_open(w), DK_EFORBIDDEN);
    assert_non_null(strstr(w->problem.detail, "cannot be opened"));
    assert_int_equal(rmdir(w->path), 0);
}

static void a_database_of_another_program_is_refused(void **state)
{
    struct world *w = *state;

    sql(w, "CREATE TABLE t (a); PRAGMA application_id = 1234");
    expect_refusal(w, DK_EVERSION, "another program");
}

static void a_newer_schema_is_refused(void **state)
{
    struct world *w = *state;

    submit(w, 1);
    world_close(w);
    sql(w, "PRAGMA user_version = 999");
    expect_refusal(w, DK_EVERSION, "schema 999, newer than");
}

static void another_county_or_kind_of_clock_is_refused(void **state)
{
    struct world *w = *state;

    submit(w, 1);
    world_close(w);
    w->opt.county = 110101;
    expect_refusal(w, DK_EFORBIDDEN, "belongs to county 330127");
    w->opt.county = COUNTY;
    w->opt.test_clock = true;
    expect_refusal(w, DK_EFORBIDDEN, "real time");
    assert_int_equal(unlink(w->path), 0);
    assert_int_equal(world_open(w), 0);
    world_close(w);
    w->opt.test_clock = false;
    expect_refusal(w, DK_EFORBIDDEN, "test clock");
}

static void a_bad_url_or_county_is_refused(void **state)
{
    struct world *w = *state;
    static const char *const urls[] = {"", "sqlite:", "mem:x", "pg:x",
                                       "/tmp/x.db"};

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        (void)snprintf(w->url, sizeof w->url, "%s", urls[i]);
        assert_int_equal(world_open(w), DK_EFIELD);
    }
    w->opt.county = 1000000;
    assert_int_equal(world_open(w), DK_EFIELD);
}

int main(void)
{
#define OPEN(f)   cmocka_unit_test_setup_teardown(f, setup_sqlite, teardown)
#define FOLDER(f) cmocka_unit_test_setup_teardown(f, setup_folder, teardown)
    const struct CMUnitTest tests[] = {
        OPEN(everything_is_there_after_closing_and_opening),
        FOLDER(the_test_clock_stands_where_it_was_left),
        OPEN(a_closed_store_is_one_file_and_its_lock),
        OPEN(the_log_does_not_grow_without_end),
        OPEN(a_commit_is_written_in_few_pieces),
        OPEN(a_second_opener_is_told_the_file_and_the_pid),
        OPEN(another_program_cannot_read_the_file_meanwhile),
        OPEN(a_file_held_by_another_program_is_refused),
        FOLDER(a_missing_folder_is_refused),
        FOLDER(a_missing_store_is_not_made_unasked),
        FOLDER(a_folder_that_cannot_be_written_is_refused),
        OPEN(a_file_that_cannot_be_written_is_refused),
        FOLDER(a_file_that_is_no_database_is_refused),
        FOLDER(a_database_of_another_program_is_refused),
        OPEN(a_newer_schema_is_refused),
        OPEN(another_county_or_kind_of_clock_is_refused),
        FOLDER(a_bad_url_or_county_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
