/* test_sqlite_faults.c - failing writes, failing syncs, torn writes, a full
 * disk, a damaged file.
 *
 * The rule that is tested (docs/adr/0002): what was acknowledged is there
 * after the next opening; what was not is there whole or not at all; and after
 * an I/O error nothing is acknowledged any more.
 */
#include "dump.h"
#include "faulty_vfs.h"
#include "tests/support/folder.h"

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
    folder_make(w->dir, sizeof w->dir, "dkstore");
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
    return setup_sqlite(state);
}

static int setup_folder(void **state)
{
    faulty_arm(0, false, false);
    faulty.err = 0;
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
        FOLDER(a_store_half_made_by_a_crash_is_made_again),
    };
    if (faulty_install() != SQLITE_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
