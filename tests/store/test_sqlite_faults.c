/* test_sqlite_faults.c - failing writes, failing syncs, torn writes, a full
 * disk, a damaged file.
 *
 * The rule that is tested (docs/adr/0002): what was acknowledged is there
 * after the next opening; what was not is there whole or not at all; and after
 * an I/O error nothing is acknowledged any more.
 */
#include "dump.h"
#include "faulty_vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define STEPS 6 /* commits of the scenario */

/* ---- the n-th operation on the file fails ------------------------------- */

struct run {
    int acked, tried;
    bool io_error;
};

/* Open, commit, move the log, commit on, close; faults strike where they may.
 */
static struct run scenario(struct world *w)
{
    struct run r = {.acked = 0};
    int rc = world_open(w);

    if (rc != 0) {
        assert_true(rc == DK_EIO || rc == DK_EFULL);
        assert_true(strlen(w->problem.detail) > strlen(w->path));
        return r;
    }
    for (int i = 1; i <= STEPS; i++) {
        struct batch *b = batch_new();

        add_submission(w, b, r.acked + 1);
        rc = commit(w, b);
        r.tried = r.acked + 1;
        assert_true(rc == 0 || rc == DK_EIO || rc == DK_EFULL);
        assert_false(rc == 0 && r.io_error); /* never again */
        r.acked += rc == 0 ? 1 : 0;
        r.io_error = r.io_error || rc == DK_EIO;
        if (i == STEPS / 2) {
            rc = store_checkpoint(w->st, true);
            assert_false(rc == 0 && r.io_error);
            r.io_error = r.io_error || rc == DK_EIO;
        }
    }
    world_close(w);
    return r;
}

static void expect_whole(struct world *w, struct run r)
{
    assert_int_equal(world_open(w), 0);
    assert_in_range(w->info.last_seq, r.acked, r.tried);
    free(dump(w->st, STEPS)); /* recounts every total */
    int last = (int)w->info.last_seq;
    for (int i = 1; i <= last + 1; i++) { /* all parts of each, or none */
        int64_t key = KEY(i);
        struct dk_uuid id = uuid(i);
        struct store_request q;
        struct dk_case *c = NULL;
        bool found = false;

        assert_int_equal(store_load_cases(w->st, &key, 1, &c), 0);
        assert_int_equal(store_find_requests(w->st, &id, 1, &q, &found), 0);
        assert_int_equal(c != NULL, i <= last);
        assert_int_equal(found, i <= last);
        dk_case_free(c);
    }
    submit(w, last + 1); /* and it goes on */
    world_close(w);

    sqlite3 *db = NULL;
    sqlite3_stmt *q = NULL;
    assert_int_equal(sqlite3_open_v2(w->path, &db, SQLITE_OPEN_READWRITE,
                                     faulty.real->zName),
                     SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &q, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(q, 0), "ok");
    sqlite3_finalize(q);
    sqlite3_close(db);
}

static void every_point(bool forever, bool full)
{
    int struck = 0, refused = 0, lost = 0;

    use_memory_disk();
    for (long n = 1;; n++) {
        struct world *w = world_new(true);

        faulty_arm(n, forever, full);
        struct run r = scenario(w);
        bool hit = faulty.struck > 0;
        struck += hit ? 1 : 0;
        refused += r.tried == 0 ? 1 : 0;
        lost += r.tried > 0 && r.acked < STEPS ? 1 : 0;
        if (full && !forever && r.tried > 0)
            assert_true(r.acked >= STEPS - 1); /* usable afterwards */
        faulty_arm(0, false, false);
        expect_whole(w, r);
        world_free(w);
        if (!hit)
            break;
    }
    print_message("%d points, %d openings refused, %d runs cut short\n", struck,
                  refused, lost);
    assert_true(struck > 40 && refused > 0 && lost > 0);
}

static void
a_write_or_sync_that_fails_once_loses_nothing_acknowledged(void **state)
{
    (void)state;
    every_point(false, false);
}

static void
writes_and_syncs_that_fail_from_some_point_lose_nothing(void **state)
{
    (void)state;
    every_point(true, false);
}

static void a_disk_that_is_full_once_is_survived_in_place(void **state)
{
    (void)state;
    every_point(false, true);
}

static void a_disk_that_stays_full_loses_nothing_acknowledged(void **state)
{
    (void)state;
    every_point(true, true);
}

static void a_failed_sync_while_the_log_is_moved_stops_the_store(void **state)
{
    struct world *w = *state;
    struct store_totals t;

    submit(w, 1);
    faulty_arm(1, false, false);
    assert_int_equal(store_checkpoint(w->st, true), DK_EIO);
    faulty_arm(0, false, false);
    assert_int_equal(store_checkpoint(w->st, true), DK_EIO); /* no retry */
    assert_int_equal(store_totals(w->st, &t), DK_EIO);
    world_reopen(w);
    assert_int_equal(w->info.last_seq, 1);
}

/* ---- the syncs before the start ----------------------------------------- */

static struct {
    int calls, fail_at; /* 0: never */
} syncs;

/* Ours instead of libc's, for the store's own syncs (SQLite uses fdatasync). */
int fsync(int fd);
int fsync(int fd)
{
    if (++syncs.calls == syncs.fail_at) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

static void a_store_that_cannot_be_synced_is_not_served(void **state)
{
    struct world *w = *state;
    char wal[128];

    submit(w, 1);
    world_close(w);
    (void)snprintf(wal, sizeof wal, "%s-wal", w->path);
    int fd = open(wal, O_WRONLY | O_CREAT, 0644); /* as after a kill */
    assert_int_equal(close(fd), 0);
    for (int i = 1; i <= 3; i++) { /* the database, its log, the folder */
        syncs.calls = 0;
        syncs.fail_at = i;
        assert_int_equal(world_open(w), DK_EIO);
        assert_int_equal(syncs.calls, i);
        assert_non_null(strstr(w->problem.detail, "cannot be synced"));
        assert_non_null(strstr(w->problem.detail_zh, "无法同步"));
    }
    syncs.fail_at = 0;
    assert_int_equal(world_open(w), 0);
    assert_int_equal(w->info.last_seq, 1);
}

/* Likewise for the lock. */
static int flock_errno;

int flock(int fd, int how);
int flock(int fd, int how)
{
    if (flock_errno != 0) {
        errno = flock_errno;
        return -1;
    }
    return (int)syscall(SYS_flock, fd, how);
}

static void a_lock_that_fails_is_not_told_as_another_process(void **state)
{
    struct world *w = *state;

    world_close(w);
    flock_errno = EIO;
    assert_int_equal(world_open(w), DK_EIO);
    assert_non_null(strstr(w->problem.detail, "cannot be locked"));
    assert_non_null(strstr(w->problem.detail_zh, "无法锁定"));
    flock_errno = EWOULDBLOCK;
    assert_int_equal(world_open(w), DK_EBUSY);
    flock_errno = 0;
    assert_int_equal(world_open(w), 0);
}

/* ---- a real disk that is full ------------------------------------------- */

/* Commit until it fails with `code`; how many were taken. */
static int fill(struct world *w, int code)
{
    static char big[8000];
    int rc = 0, n = 0;

    memset(big, 'x', sizeof big - 1);
    for (n = 0; n < 1000; n++) {
        struct batch *b = batch_new();

        add_event(w, b, KEY(1), (uint32_t)w->seq + 1, DK_EV_URGED, big);
        rc = commit(w, b);
        if (rc != 0)
            break;
    }
    assert_int_equal(rc, code);
    assert_true(n > 0);
    return n;
}

static void expect_events(struct world *w, int64_t want)
{
    struct store_totals t;

    assert_int_equal(store_totals(w->st, &t), 0);
    assert_int_equal(t.events, want);
}

static void a_disk_of_one_mebibyte_fills_up_and_is_used_again(void **state)
{
    struct world *w = *state;
    char ballast[128], block[200000] = "";

    if (mount("tmpfs", w->dir, "tmpfs", 0, "size=1m,mode=0755") != 0) {
        print_message("skipped: no right to mount a small tmpfs here\n");
        skip();
    }
    (void)snprintf(ballast, sizeof ballast, "%s/ballast", w->dir);
    int fd = open(ballast, O_WRONLY | O_CREAT, 0644);
    assert_int_equal(write(fd, block, sizeof block), sizeof block);
    assert_int_equal(close(fd), 0);

    assert_int_equal(world_open(w), 0);
    int64_t n = fill(w, DK_EFULL);
    expect_events(w, n);
    assert_int_equal(unlink(ballast), 0); /* somebody makes room */
    n += fill(w, DK_EFULL);
    expect_events(w, n);
    world_close(w);
    assert_int_equal(umount2(w->dir, MNT_DETACH), 0);
}

static void a_full_disk_at_the_first_start_leaves_nothing(void **state)
{
    struct world *w = *state;
    char path[128], block[4096] = "";
    int left = 0;

    if (mount("tmpfs", w->dir, "tmpfs", 0, "size=64k,mode=0755") != 0) {
        print_message("skipped: no right to mount a small tmpfs here\n");
        skip();
    }
    (void)snprintf(path, sizeof path, "%s/ballast", w->dir);
    int fd = open(path, O_WRONLY | O_CREAT, 0644);
    for (int i = 0; i < 8; i++) /* half of it */
        left += write(fd, block, sizeof block) == sizeof block ? 0 : 1;
    assert_int_equal(left, 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(world_open(w), DK_EFULL);
    assert_non_null(strstr(w->problem.detail, "no space left"));
    assert_non_null(strstr(w->problem.detail_zh, "磁盘空间不足"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(umount(w->dir), 0);
    assert_int_equal(rmdir(w->dir), 0); /* the mount point was all there was */
    assert_non_null(mkdtemp(memcpy(w->dir, "/tmp/dkstore.XXXXXX", 20)));
}

/* SQLite tells a quota that is used up from a broken disk by errno alone. */
static void a_quota_that_is_used_up_is_a_full_disk(void **state)
{
    int refused = 0, full = 0;

    (void)state;
    use_memory_disk();
    bool hit = true;
    for (long n = 3; hit; n += 11) {
        struct world *w = world_new(true);

        faulty.err = EDQUOT;
        faulty_arm(n, true, true);
        struct run r = scenario(w);
        hit = faulty.struck > 0;
        assert_false(r.io_error);
        refused += r.tried == 0;
        full += r.tried > 0 && r.acked < STEPS;
        if (r.tried == 0)
            assert_non_null(strstr(w->problem.detail, "no space left"));
        faulty.err = 0;
        faulty_arm(0, false, false);
        expect_whole(w, r);
        world_free(w);
    }
    assert_true(refused > 0 && full > 0);
}

/* A limit on the size of a file is neither: the store stops. */
static void
a_limit_on_the_file_size_stops_the_store_and_loses_nothing(void **state)
{
    struct world *w = *state;
    int acked[2], status = -1, n = 0;

    assert_int_equal(pipe(acked), 0);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit small = {400000, 400000};
        struct store_totals t;

        (void)signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &small) != 0 || world_open(w) != 0)
            _exit(9);
        n = fill(w, DK_EIO);
        if (write(acked[1], &n, sizeof n) != sizeof n ||
            store_totals(w->st, &t) != DK_EIO)
            _exit(8);
        world_close(w);
        _exit(0);
    }
    assert_int_equal(read(acked[0], &n, sizeof n), sizeof n);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(acked[0]);
    close(acked[1]);
    assert_int_equal(world_open(w), 0);
    assert_in_range(w->info.last_seq, n, n + 1);
    assert_in_range(n, 5, 100);
}

/* ---- damage ------------------------------------------------------------- */

static void expect_damaged(struct world *w)
{
    assert_int_equal(world_open(w), DK_EIO);
    assert_non_null(strstr(w->problem.detail, "damaged"));
    assert_non_null(strstr(w->problem.detail_zh, "损坏"));
}

static void a_file_cut_short_is_refused(void **state)
{
    struct world *w = *state;
    struct stat sb;

    for (int i = 1; i <= 20; i++)
        submit(w, i);
    world_close(w);
    assert_int_equal(stat(w->path, &sb), 0);
    assert_int_equal(truncate(w->path, sb.st_size - 4096), 0);
    expect_damaged(w);
    assert_int_equal(stat(w->path, &sb), 0); /* and it is still there */
}

static void
a_page_of_rubbish_is_found_when_it_is_read_and_stops_the_store(void **state)
{
    struct world *w = *state;
    char junk[4096];
    struct stat sb;
    int bad = 0;

    memset(junk, 0xa5, sizeof junk);
    for (int i = 1; i <= 20; i++)
        submit(w, i);
    world_close(w);
    assert_int_equal(stat(w->path, &sb), 0);
    int pages = (int)(sb.st_size / 4096);
    for (int page = 1; page < pages; page++) {
        char keep[4096];
        int fd = open(w->path, O_RDWR);

        assert_int_equal(pread(fd, keep, 4096, page * 4096), 4096);
        assert_int_equal(pwrite(fd, junk, 4096, page * 4096), 4096);
        assert_int_equal(close(fd), 0);
        int rc = world_open(w);
        if (rc == 0) {
            struct store_case_filter all = {.state = -1};
            struct dump d = {.f = fopen("/dev/null", "w")};

            rc = store_events(w->st, 1, 999, dump_event, &d);
            if (rc == 0)
                rc = store_list_cases(w->st, &all, 999, dump_case, &d);
            if (rc == DK_EIO) {
                struct batch *b = batch_new();
                add_submission(w, b, 21);
                assert_int_equal(commit(w, b), DK_EIO);
            }
            fclose(d.f);
            world_close(w);
        }
        assert_true(rc == 0 || rc == DK_EIO);
        bad += rc != 0 ? 1 : 0;
        fd = open(w->path, O_RDWR);
        assert_int_equal(pwrite(fd, keep, 4096, page * 4096), 4096);
        assert_int_equal(close(fd), 0);
    }
    print_message("%d of %d pages\n", bad, pages);
    assert_true(bad >= 6); /* meta, total, event, case_file, their roots */
}

/* All bytes of a file; how many. */
static size_t slurp(const char *path, char **out)
{
    struct stat sb;
    int fd = open(path, O_RDONLY);

    assert_int_equal(fstat(fd, &sb), 0);
    *out = malloc((size_t)sb.st_size + 1);
    assert_int_equal(pread(fd, *out, (size_t)sb.st_size, 0), sb.st_size);
    assert_int_equal(close(fd), 0);
    return (size_t)sb.st_size;
}

static void spill(const char *path, const char *p, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    assert_int_equal(write(fd, p, n), n);
    assert_int_equal(close(fd), 0);
}

/* The power fails while the log is moved into the file, and the sector with the
 * header is garbage: the log has that page still.
 */
static void a_header_torn_by_a_power_cut_is_mended_from_the_log(void **state)
{
    struct world *w = *state;
    char wal[128], *db = NULL, *log = NULL;

    (void)snprintf(wal, sizeof wal, "%s-wal", w->path);
    for (int i = 1; i <= 20; i++)
        submit(w, i);
    size_t n_db = slurp(w->path, &db), n_log = slurp(wal, &log);
    world_close(w);
    memset(db, 0xa5, 512);
    spill(w->path, db, n_db);
    assert_int_equal(world_open(w), DK_EVERSION); /* without its log */
    assert_non_null(strstr(w->problem.detail, "not a database of docket"));
    spill(wal, log, n_log);
    assert_int_equal(world_open(w), 0);
    assert_int_equal(w->info.last_seq, 20);
    world_close(w);

    memset(log, 0xa5, n_log); /* a log that is none does not help */
    spill(w->path, db, n_db);
    spill(wal, log, n_log);
    assert_int_equal(world_open(w), DK_EVERSION);
    assert_non_null(strstr(w->problem.detail, "not a database of docket"));
    free(db);
    free(log);
}

/* SQLite alone would go back to before that place, without a word. */
static void a_log_damaged_in_its_middle_is_refused(void **state)
{
    struct world *w = *state;
    char wal[128], *db = NULL, *log = NULL;
    int refused = 0, whole = 0, cut = 0;

    (void)snprintf(wal, sizeof wal, "%s-wal", w->path);
    for (int i = 1; i <= 20; i++)
        submit(w, i);
    size_t n_db = slurp(w->path, &db), n_log = slurp(wal, &log);
    world_close(w);
    for (size_t at = 5; at < n_log; at += 997) {
        log[at] = (char)(log[at] ^ 0x10);
        spill(w->path, db, n_db);
        spill(wal, log, n_log);
        log[at] = (char)(log[at] ^ 0x10);
        int rc = world_open(w);
        if (rc == DK_EIO) {
            assert_non_null(strstr(w->problem.detail, "damaged in its middle"));
            assert_non_null(strstr(w->problem.detail_zh, "日志中段已损坏"));
            refused++;
            continue;
        }
        assert_int_equal(rc, 0);
        /* the last one, or two where a commit itself was hit */
        assert_in_range(w->info.last_seq, 18, 20);
        whole += w->info.last_seq == 20;
        cut += w->info.last_seq < 20;
        world_close(w);
    }
    print_message("%d refused, %d whole, %d without the last\n", refused, whole,
                  cut);
    assert_true(refused > 100 && cut > 0 && refused > 10 * cut);
    char *torn = memcpy(malloc(n_log), log, n_log);
    memset(torn, 0, 512); /* the header, and the beginning of frame 0 */
    spill(w->path, db, n_db);
    spill(wal, torn, n_log);
    free(torn);
    assert_int_equal(world_open(w), DK_EIO);
    assert_non_null(strstr(w->problem.detail, "damaged in its middle"));
    spill(w->path, db, n_db);
    spill(wal, log, n_log);
    assert_int_equal(world_open(w), 0);
    assert_int_equal(w->info.last_seq, 20);
    free(db);
    free(log);
}

static long most_memory(void)
{
    struct rusage u;

    assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
    return u.ru_maxrss; /* KiB */
}

/* The header does not count, and a frame names a page of two billion. */
static void a_page_number_of_rubbish_takes_no_memory(void **state)
{
    struct world *w = *state;
    char wal[128], *db = NULL, *log = NULL;

    (void)snprintf(wal, sizeof wal, "%s-wal", w->path);
    for (int i = 1; i <= 5; i++)
        submit(w, i);
    size_t n_db = slurp(w->path, &db), n_log = slurp(wal, &log);
    world_close(w);
    size_t last = n_log - (n_log - 32) % 4120 - 4120;
    memcpy(log + last, "\x7f\xff\xff\xf0", 4);
    log[0] ^= 0x10;
    spill(w->path, db, n_db);
    spill(wal, log, n_log);
    long before = most_memory();
    int rc = world_open(w);
    assert_true(rc == 0 || rc == DK_EIO);
    assert_true(most_memory() - before < 256 << 10);
    spill(w->path, db, n_db); /* for the end of the test */
    assert_int_equal(unlink(wal), 0);
    free(db);
    free(log);
}

static void totals_that_do_not_fit_the_stream_are_refused(void **state)
{
    struct world *w = *state;
    sqlite3 *db = NULL;

    submit(w, 1);
    world_close(w);
    assert_int_equal(sqlite3_open_v2(w->path, &db, SQLITE_OPEN_READWRITE,
                                     faulty.real->zName),
                     SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "UPDATE total SET events = 2", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    expect_damaged(w);
}

/* Run SQL on a closed store; what it does is damage. */
static void spoil(struct world *w, const char *sql)
{
    sqlite3 *db = NULL;

    world_close(w);
    assert_int_equal(sqlite3_open_v2(w->path, &db, SQLITE_OPEN_READWRITE,
                                     faulty.real->zName),
                     SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(world_open(w), 0);
}

/* A text, which no number is above, where the id of a key should be. */
#define ID_IS_TEXT                                                             \
    "PRAGMA writable_schema = ON;"                                             \
    "UPDATE sqlite_schema SET sql = replace(replace(sql, 'STRICT', ''), "      \
    "'seal INTEGER', 'seal TEXT') WHERE name = 'person';"                      \
    "PRAGMA writable_schema = RESET;"                                          \
    "UPDATE person SET seal = 'x' WHERE rowid = (SELECT max(rowid) FROM "      \
    "person);"                                                                 \
    "PRAGMA writable_schema = ON;"                                             \
    "UPDATE sqlite_schema SET sql = replace(replace(sql, 'seal TEXT', "        \
    "'seal INTEGER'), 'NOT NULL)', 'NOT NULL) STRICT') "                       \
    "WHERE name = 'person';"                                                   \
    "PRAGMA writable_schema = RESET"

static void
keys_in_use_out_of_order_are_damage_and_no_endless_walk(void **state)
{
    struct world *w = *state;
    int64_t seal = STORE_ERASED, rows = 0;
    int rc, n = 0;

    submit(w, 1);
    submit(w, 2);
    spoil(w, ID_IS_TEXT);
    while ((rc = store_next_seal(w->st, seal, &seal, &rows)) == 0)
        assert_true(++n < 10);
    assert_int_equal(rc, DK_EIO);
}

/* What clients are shown is the text as it is kept: a name with another letter
 * in it reads as the same case when the member is null.
 */
static void every_byte_of_a_case_counts(void **state)
{
    static const char *const damage[] = {
        "replace(doc, '\"handler\":', '\"handles\":')",
        "replace(doc, '\"category\":', '\"categopy\":')",
        "replace(doc, '+08:00\",\"recorded', '+07:00\",\"recorded')",
        "replace(doc, 'T', 't')",
        "replace(doc, ',\"alerts', ' ,\"alerts')",
        "replace(doc, '\"case_no\":\"33', '\"case_no\":\"32')"};
    struct world *w = *state;
    struct store_finding f;
    struct dk_case *c = NULL;
    const int64_t key = KEY(1);
    char sql[200];

    submit(w, 1);
    assert_int_equal(store_load_cases(w->st, &key, 1, &c), 0);
    const struct store_want want = {.c = c, .county = COUNTY};
    spoil(w, "SELECT 1");
    assert_int_equal(store_check_case(w->st, key, &want, &f), 0);
    assert_null(f.what);
    spoil(w, "CREATE TABLE was AS SELECT doc FROM case_file");
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        (void)snprintf(sql, sizeof sql, "UPDATE case_file SET doc = %s",
                       damage[i]);
        spoil(w, sql);
        assert_int_equal(store_check_case(w->st, key, &want, &f), 0);
        if (f.what == NULL || strcmp(f.what, "missing-request") == 0)
            fail_msg("not found: %s", damage[i]);
        spoil(w, "UPDATE case_file SET doc = (SELECT doc FROM was)");
    }
    dk_case_free(c);
}

static void a_store_half_made_by_a_crash_is_made_again(void **state)
{
    struct world *w = *state;
    char path[128];

    (void)snprintf(path, sizeof path, "%s.new", w->path);
    int fd = open(path, O_WRONLY | O_CREAT, 0644);
    assert_int_equal(write(fd, "half", 4), 4);
    assert_int_equal(close(fd), 0);
    assert_int_equal(world_open(w), 0);
    submit(w, 1);
    assert_int_equal(access(path, F_OK), -1);
}

/* A fault that a failed test left armed must not reach the next one. */
static int setup_store(void **state)
{
    faulty_arm(0, false, false);
    faulty.err = 0;
    unsetenv("TMPDIR");
    return setup_sqlite(state);
}

static int setup_folder(void **state)
{
    faulty_arm(0, false, false);
    faulty.err = 0;
    unsetenv("TMPDIR");
    *state = world_new(true);
    return 0;
}

int main(void)
{
#define OPEN(f)   cmocka_unit_test_setup_teardown(f, setup_store, teardown)
#define FOLDER(f) cmocka_unit_test_setup_teardown(f, setup_folder, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_write_or_sync_that_fails_once_loses_nothing_acknowledged),
        cmocka_unit_test(
            writes_and_syncs_that_fail_from_some_point_lose_nothing),
        cmocka_unit_test(a_disk_that_is_full_once_is_survived_in_place),
        cmocka_unit_test(a_disk_that_stays_full_loses_nothing_acknowledged),
        cmocka_unit_test(a_quota_that_is_used_up_is_a_full_disk),
        OPEN(a_failed_sync_while_the_log_is_moved_stops_the_store),
        OPEN(a_store_that_cannot_be_synced_is_not_served),
        OPEN(a_lock_that_fails_is_not_told_as_another_process),
        FOLDER(a_disk_of_one_mebibyte_fills_up_and_is_used_again),
        FOLDER(a_full_disk_at_the_first_start_leaves_nothing),
        FOLDER(a_limit_on_the_file_size_stops_the_store_and_loses_nothing),
        OPEN(a_file_cut_short_is_refused),
        OPEN(a_page_of_rubbish_is_found_when_it_is_read_and_stops_the_store),
        OPEN(a_header_torn_by_a_power_cut_is_mended_from_the_log),
        OPEN(a_log_damaged_in_its_middle_is_refused),
        OPEN(a_page_number_of_rubbish_takes_no_memory),
        OPEN(totals_that_do_not_fit_the_stream_are_refused),
        OPEN(keys_in_use_out_of_order_are_damage_and_no_endless_walk),
        OPEN(every_byte_of_a_case_counts),
        FOLDER(a_store_half_made_by_a_crash_is_made_again),
    };
    if (faulty_install() != SQLITE_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
