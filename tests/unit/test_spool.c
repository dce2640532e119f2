/* The kiosk's spool.  The kill test prints its seed; the same again:
 * test_spool --seed N.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "clients/kiosk/spool_int.h"
#include "tests/support/folder.h"

#define ROUNDS 25

static uint64_t seed;

struct place {
    char dir[64], file[96];
};

static int make_place(void **state)
{
    struct place *pl = calloc(1, sizeof(*pl));

    folder_make(pl->dir, sizeof(pl->dir), "dk-spool");
    snprintf(pl->file, sizeof(pl->file), "%s/spool.db", pl->dir);
    *state = pl;
    return 0;
}

static int drop_place(void **state)
{
    struct place *pl = *state;
    char wal[128];

    snprintf(wal, sizeof(wal), "%s-wal", pl->file);
    unlink(wal);
    unlink(pl->file);
    rmdir(pl->dir);
    free(pl);
    return 0;
}

static struct spool *open_spool(const struct place *pl)
{
    struct dk_problem p = {0};
    struct spool *s = NULL;
    int rc = spool_open(pl->file, true, &s, &p);

    if (rc != 0)
        print_error("spool_open: %s\n", p.detail);
    assert_int_equal(rc, 0);
    return s;
}

/* The n-th case, as the tests number them. */
static struct spool_item make_item(unsigned n)
{
    static const char body[] = "{\"facts\":\"the lamp at the well is dark\"}";
    struct spool_item it = {
        .taken_at = 1000, .body = body, .len = sizeof(body) - 1};

    snprintf(it.submission, sizeof(it.submission),
             "0192f0c0-0000-7000-8000-%012x", n);
    memset(it.digest, (int)(n & 0xff), SPOOL_HASH);
    return it;
}

static enum spool_verdict take(struct spool *s, struct spool_item *it)
{
    struct dk_problem p = {0};

    assert_int_equal(spool_take(s, it, 1, &p), 0);
    return it->verdict;
}

static int64_t count(struct spool *s, enum spool_state state)
{
    struct spool_counts c;
    struct dk_problem p = {0};

    assert_int_equal(spool_count(s, &c, &p), 0);
    return c.n[state];
}

static void a_taken_case_is_there_after_reopening(void **state)
{
    struct spool_item it = make_item(7);
    struct dk_problem p = {0};
    struct spool_row row;
    struct spool *s = open_spool(*state);

    assert_int_equal(take(s, &it), SPOOL_TAKEN);
    spool_close(s);
    s = open_spool(*state);
    assert_int_equal(spool_next(s, 0, &row, &p), 1);
    assert_string_equal(row.submission, it.submission);
    assert_int_equal(row.len, it.len);
    assert_memory_equal(row.body, it.body, it.len);
    free(row.body);
    assert_int_equal(spool_next(s, row.id, &row, &p), 0);
    spool_close(s);
}

static void the_same_id_is_taken_once_and_other_words_conflict(void **state)
{
    struct spool_item it = make_item(7), same = make_item(7);
    struct spool_item other = make_item(7);
    struct spool *s = open_spool(*state);

    other.digest[0] ^= 1;
    assert_int_equal(take(s, &it), SPOOL_TAKEN);
    assert_int_equal(take(s, &same), SPOOL_ALREADY);
    assert_int_equal(take(s, &other), SPOOL_CONFLICT);
    assert_int_equal(count(s, SPOOL_WAITING), 1);
    spool_close(s);
}

static void twins_in_one_batch_are_taken_once(void **state)
{
    struct spool_item it[3] = {make_item(1), make_item(1), make_item(2)};
    struct dk_problem p = {0};
    struct spool *s = open_spool(*state);

    assert_int_equal(spool_take(s, it, 3, &p), 0);
    assert_int_equal(it[0].verdict, SPOOL_TAKEN);
    assert_int_equal(it[1].verdict, SPOOL_ALREADY);
    assert_int_equal(it[2].verdict, SPOOL_TAKEN);
    assert_int_equal(count(s, SPOOL_WAITING), 2);
    spool_close(s);
}

static void the_same_file_is_taken_once_and_keeps_its_first_id(void **state)
{
    struct spool_item it = make_item(1), again = make_item(2);
    struct spool_item changed = make_item(3), renamed = make_item(4);
    struct spool *s = open_spool(*state);

    it.file = again.file = changed.file = "a.json";
    renamed.file = "b.json";
    changed.file_hash[0] = 1;
    assert_int_equal(take(s, &it), SPOOL_TAKEN);
    assert_int_equal(take(s, &again), SPOOL_ALREADY);
    assert_string_equal(again.submission, it.submission);
    assert_int_equal(take(s, &changed), SPOOL_TAKEN);
    assert_int_equal(take(s, &renamed), SPOOL_TAKEN);
    assert_int_equal(count(s, SPOOL_WAITING), 3);
    spool_close(s);
}

static bool file_holds(const char *path, const char *needle)
{
    FILE *f = fopen(path, "rb");
    char *buf;
    size_t n;
    bool found;

    if (f == NULL)
        return false;
    buf = calloc(1, 1 << 20);
    assert_non_null(buf);
    n = fread(buf, 1, (1 << 20) - 1, f);
    fclose(f);
    found = memmem(buf, n, needle, strlen(needle)) != NULL;
    free(buf);
    return found;
}

static void an_acknowledged_case_leaves_no_text_behind(void **state)
{
    const struct place *pl = *state;
    struct spool_item it = make_item(1);
    struct spool_answer a = {.id = 1, .state = SPOOL_DONE, .at = 2000};
    struct dk_problem p = {0};
    struct spool_row row;
    struct spool *s = open_spool(pl);
    char wal[128];

    snprintf(wal, sizeof(wal), "%s-wal", pl->file);
    take(s, &it);
    assert_int_equal(spool_tidy(s, &p), 0);
    assert_true(file_holds(pl->file, "the lamp at the well"));
    snprintf(a.case_no, sizeof(a.case_no), "330699-20261125-000001-7");
    snprintf(a.code, sizeof(a.code), "12345678");
    assert_int_equal(spool_settle(s, &a, 1, &p), 0);
    assert_int_equal(spool_tidy(s, &p), 0);
    assert_int_equal(spool_next(s, 0, &row, &p), 0);
    assert_int_equal(count(s, SPOOL_DONE), 1);
    assert_int_equal(take(s, &it), SPOOL_ALREADY);
    spool_close(s);
    assert_false(file_holds(pl->file, "the lamp at the well"));
    assert_false(file_holds(wal, "the lamp at the well"));
    assert_true(file_holds(pl->file, "330699-20261125-000001-7"));
}

static void remember(void *arg, const char *submission, const char *problem)
{
    char *out = arg;

    snprintf(out, 512, "%s %s", submission, problem);
}

static void a_refused_case_is_kept_with_its_reason(void **state)
{
    const struct place *pl = *state;
    struct spool_item it = make_item(1);
    struct spool_answer a = {.id = 1, .state = SPOOL_REFUSED};
    struct dk_problem p = {0};
    struct spool_row row;
    char got[512] = "";
    struct spool *s = open_spool(pl);

    take(s, &it);
    dk_fail(&a.problem, DK_EFIELD, "/region", "no such region", "无此地区");
    assert_int_equal(spool_settle(s, &a, 1, &p), 0);
    spool_close(s);
    s = open_spool(pl);
    assert_int_equal(spool_next(s, 0, &row, &p), 0);
    assert_int_equal(spool_refused(s, remember, got, &p), 0);
    assert_non_null(strstr(got, it.submission));
    assert_non_null(strstr(got, "urn:docket:problem:bad-field"));
    assert_non_null(strstr(got, "/region"));
    spool_close(s);
    assert_true(file_holds(pl->file, "the lamp at the well"));
}

static void a_full_disk_takes_nothing_and_room_takes_all(void **state)
{
    struct spool_item it[64];
    struct dk_problem p = {0};
    struct spool *s = open_spool(*state);

    for (unsigned i = 0; i < 64; i++)
        it[i] = make_item(i);
    assert_int_equal(
        sqlite3_exec(s->db, "PRAGMA max_page_count=6", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(spool_take(s, it, 64, &p), DK_EFULL);
    assert_int_equal(p.code, DK_EFULL);
    assert_int_equal(count(s, SPOOL_WAITING), 0);
    assert_int_equal(
        sqlite3_exec(s->db, "PRAGMA max_page_count=1000", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(spool_take(s, it, 64, &p), 0);
    assert_int_equal(count(s, SPOOL_WAITING), 64);
    spool_close(s);
}

/* ---- what was told --------------------------------------------------------
 */

#define NUMBER "330699-20261125-000001-7"

static void settle_one(struct spool *s, int64_t id)
{
    struct spool_answer a = {.id = id, .state = SPOOL_DONE, .at = 2000};
    struct dk_problem p = {0};

    snprintf(a.case_no, sizeof(a.case_no), NUMBER);
    snprintf(a.code, sizeof(a.code), "1234567%d", (int)id);
    assert_int_equal(spool_settle(s, &a, 1, &p), 0);
}

static void add_untold(void *arg, const char *submission, const char *case_no,
                       const char *code, const char *problem)
{
    char *out = arg;
    size_t n = strlen(out);

    snprintf(out + n, 1024 - n, "%s %s %s %s\n", submission + 35,
             case_no != NULL ? case_no : "-", code != NULL ? code : "-",
             problem != NULL ? "problem" : "-");
}

static void expect_untold(struct spool *s, const char *want)
{
    struct dk_problem p = {0};
    char got[1024] = "";

    assert_int_equal(spool_untold(s, add_untold, got, &p), 0);
    assert_string_equal(got, want);
}

static void what_was_not_told_is_known_after_reopening(void **state)
{
    struct spool_answer no = {.id = 2, .state = SPOOL_REFUSED};
    struct dk_problem p = {0};
    struct spool *s = open_spool(*state);

    for (unsigned n = 1; n <= 4; n++) {
        struct spool_item it = make_item(n);

        assert_int_equal(take(s, &it), SPOOL_TAKEN);
    }
    expect_untold(s, "");
    settle_one(s, 1);
    dk_fail(&no.problem, DK_EFIELD, "/region", "no", "无");
    assert_int_equal(spool_settle(s, &no, 1, &p), 0);
    spool_close(s); /* killed before it printed */

    s = open_spool(*state);
    expect_untold(s, "1 " NUMBER " 12345671 -\n2 - - problem\n");
    spool_told(s);
    settle_one(s, 3); /* writes down that those before it were told */
    expect_untold(s, "3 " NUMBER " 12345673 -\n");
    spool_close(s);

    s = open_spool(*state);
    expect_untold(s, "3 " NUMBER " 12345673 -\n");
    spool_told(s);
    assert_int_equal(spool_tidy(s, &p), 0);
    spool_close(s);
    s = open_spool(*state);
    expect_untold(s, "");
    settle_one(s, 4);
    expect_untold(s, "4 " NUMBER " 12345674 -\n");
    spool_close(s);
}

static void whoever_repeats_a_case_gets_its_number_again(void **state)
{
    struct spool_item it = make_item(1), same = make_item(1);
    struct spool_item other = make_item(1), file = make_item(9);
    struct spool *s = open_spool(*state);

    it.file = file.file = "7.json";
    memset(it.file_hash, 7, SPOOL_HASH);
    memset(file.file_hash, 7, SPOOL_HASH);
    assert_int_equal(take(s, &it), SPOOL_TAKEN);
    assert_int_equal(take(s, &same), SPOOL_ALREADY);
    assert_string_equal(same.case_no, ""); /* it has none yet */
    settle_one(s, 1);
    assert_int_equal(take(s, &same), SPOOL_ALREADY);
    assert_string_equal(same.case_no, NUMBER);
    assert_string_equal(same.code, "12345671");
    assert_int_equal(take(s, &file), SPOOL_ALREADY);
    assert_string_equal(file.submission, it.submission);
    assert_string_equal(file.case_no, NUMBER);
    assert_string_equal(file.code, "12345671");
    other.digest[0] ^= 1; /* but nobody else does */
    assert_int_equal(take(s, &other), SPOOL_CONFLICT);
    assert_string_equal(other.case_no, "");
    spool_close(s);
}

/* ---- files that are refused ---------------------------------------------- */

static void run_sql(const struct place *pl, const char *sql)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(pl->file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static size_t read_file(const char *path, char *buf, size_t cap)
{
    FILE *f = fopen(path, "rb");
    size_t n;

    assert_non_null(f);
    n = fread(buf, 1, cap, f);
    fclose(f);
    return n;
}

/* Opening is refused with `code`, and the file stays as it is. */
static void expect_refusal(const struct place *pl, int code)
{
    static char before[1 << 18], after[1 << 18];
    size_t n = read_file(pl->file, before, sizeof(before));
    struct dk_problem p = {0};
    struct spool *s = NULL;

    assert_int_equal(spool_open(pl->file, true, &s, &p), code);
    assert_null(s);
    assert_int_equal(p.code, code);
    assert_true(p.detail[0] != '\0' && p.detail_zh[0] != '\0');
    assert_int_equal(read_file(pl->file, after, sizeof(after)), n);
    assert_memory_equal(before, after, n);
}

static void a_spool_of_a_newer_docket_is_refused(void **state)
{
    spool_close(open_spool(*state));
    run_sql(*state, "PRAGMA user_version=4");
    expect_refusal(*state, DK_EVERSION);
}

static void a_database_of_something_else_is_refused_untouched(void **state)
{
    run_sql(*state, "CREATE TABLE diary(day TEXT)");
    expect_refusal(*state, DK_EVERSION);
}

static void a_file_that_is_no_database_is_refused_untouched(void **state)
{
    const struct place *pl = *state;
    FILE *f = fopen(pl->file, "w");

    assert_non_null(f);
    for (int i = 0; i < 500; i++)
        fputs("minutes of the meeting\n", f);
    fclose(f);
    expect_refusal(pl, DK_EVERSION);
}

/* SQLite itself takes a file of one byte for an empty database. */
static void the_smallest_foreign_files_are_refused_untouched(void **state)
{
    static const char zeros[600], magic[16] = "SQLite format 3";
    static const struct {
        const char *data;
        size_t len;
    } files[] = {{"x", 1},    {"S", 1},        {zeros, 1},
                 {"ab", 2},   {"SQLite f", 8}, {magic, 15},
                 {magic, 16}, {zeros, 16},     {"0123456789abcdef0", 17},
                 {zeros, 600}};
    const struct place *pl = *state;

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        FILE *f = fopen(pl->file, "w");

        assert_non_null(f);
        assert_int_equal(fwrite(files[i].data, 1, files[i].len, f),
                         files[i].len);
        fclose(f);
        expect_refusal(pl, DK_EVERSION);
    }
}

static void an_empty_file_becomes_a_spool(void **state)
{
    const struct place *pl = *state;
    FILE *f = fopen(pl->file, "w");

    assert_non_null(f);
    fclose(f);
    spool_close(open_spool(pl));
}

/* What a power cut leaves of a spool that was being made: SQLite's journal,
 * which says that the file was empty before, and pages that were not written.
 */
static void a_spool_half_made_is_made_anew(void **state)
{
    static const char zeros[4096];
    const struct place *pl = *state;
    char journal[128];
    FILE *f = fopen(pl->file, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(zeros, 1, sizeof(zeros), f), sizeof(zeros));
    fclose(f);
    snprintf(journal, sizeof(journal), "%s-journal", pl->file);
    f = fopen(journal, "w");
    assert_non_null(f);
    static const unsigned char head[512] = {
        0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7, 0, 0,
        0,    0,    1,    2,    3,    4,    0,    0,    0, 0, /* pages before */
        0,    0,    2,    0,                                  /* sector */
        0,    0,    16,   0 /* page */};
    assert_int_equal(fwrite(head, 1, sizeof(head), f), sizeof(head));
    fclose(f);
    struct spool *s = open_spool(pl);
    struct spool_item it = make_item(1);
    assert_int_equal(take(s, &it), SPOOL_TAKEN);
    spool_close(s);
}

static void a_spool_of_the_first_schema_is_taken_along(void **state)
{
    struct dk_problem p = {0};
    struct spool_item it = make_item(3);
    struct spool_row row;

    run_sql(*state,
            "CREATE TABLE item(id INTEGER PRIMARY KEY, submission TEXT NOT "
            "NULL UNIQUE, state INTEGER NOT NULL, taken_at INTEGER NOT NULL, "
            "digest BLOB NOT NULL, body TEXT, file TEXT, file_hash BLOB, "
            "settled_at INTEGER, case_no TEXT, code TEXT, problem TEXT) "
            "STRICT; CREATE UNIQUE INDEX item_file ON item(file, file_hash) "
            "WHERE file IS NOT NULL; CREATE INDEX item_state ON item(state, "
            "id); PRAGMA application_id=0x444b5350; PRAGMA user_version=1; "
            "INSERT INTO item(submission, state, taken_at, digest, body) "
            "VALUES ('0192f0c0-0000-7000-8000-000000000001', 0, 1, x'00', "
            "'{}')");
    struct spool *s = open_spool(*state);
    assert_int_equal(spool_next(s, 0, &row, &p), 1);
    assert_string_equal(row.body, "{}");
    free(row.body);
    assert_int_equal(take(s, &it), SPOOL_TAKEN);
    spool_close(s);
    spool_close(open_spool(*state));
}

static void a_damaged_spool_is_refused(void **state)
{
    const struct place *pl = *state;
    struct dk_problem p = {0};
    struct spool *s = open_spool(pl);
    FILE *f;

    for (unsigned i = 0; i < 200; i++) {
        struct spool_item it = make_item(i);

        take(s, &it);
    }
    spool_close(s);
    f = fopen(pl->file, "r+b");
    assert_non_null(f);
    fseek(f, 4096, SEEK_SET);
    for (int i = 0; i < 4 * 4096; i++)
        fputc(0x5a, f);
    fclose(f);
    s = NULL;
    assert_int_not_equal(spool_open(pl->file, true, &s, &p), 0);
    assert_null(s);
}

static void a_missing_spool_is_not_made_for_looking(void **state)
{
    const struct place *pl = *state;
    struct dk_problem p = {0};
    struct spool *s = NULL;

    assert_int_equal(spool_open(pl->file, false, &s, &p), DK_ENOTFOUND);
    assert_int_not_equal(access(pl->file, F_OK), 0);
}

static void a_spool_in_use_is_refused_to_a_second_process(void **state)
{
    const struct place *pl = *state;
    struct spool *s = open_spool(pl);
    int status = 0;
    pid_t pid;

    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct dk_problem p = {0};
        struct spool *second = NULL;

        _exit(spool_open(pl->file, true, &second, &p) == DK_EBUSY ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    spool_close(s);
}

/* ---- kill ---------------------------------------------------------------- */

static uint64_t random_state;

static unsigned pick(unsigned n) /* splitmix64 */
{
    uint64_t z = (random_state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((z ^ (z >> 31)) % n);
}

/* Take for ever, telling the numbers of what was taken; some are settled. */
static void taker(const struct place *pl, unsigned first, int out)
{
    struct dk_problem p = {0};
    struct spool *s = NULL;

    if (spool_open(pl->file, true, &s, &p) != 0)
        _exit(1);
    for (unsigned n = first;;) {
        struct spool_item it[5];
        unsigned told[5];
        unsigned many = 1 + pick(5);

        for (unsigned i = 0; i < many; i++) {
            told[i] = n;
            it[i] = make_item(n++);
        }
        if (spool_take(s, it, many, &p) != 0)
            _exit(1);
        if (write(out, told, many * sizeof(told[0])) < 0)
            _exit(1);
    }
}

/* Kill a taker after about `many` cases; the highest number it told, +1. */
static unsigned kill_taker(const struct place *pl, unsigned first,
                           unsigned many)
{
    unsigned told, next = first;
    int fd[2], status = 0;
    pid_t pid;

    assert_int_equal(pipe(fd), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(fd[0]);
        taker(pl, first, fd[1]);
    }
    close(fd[1]);
    while (read(fd[0], &told, sizeof(told)) == (ssize_t)sizeof(told)) {
        assert_int_equal(told, next);
        next++;
        if (next - first == many)
            kill(pid, SIGKILL);
    }
    close(fd[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return next;
}

/* Every number below `told` is there once; returns the first number that is
 * not there (what was taken but not yet told may follow, without a gap).
 */
static unsigned check_taken(const struct place *pl, unsigned told)
{
    struct spool *s = open_spool(pl);
    struct dk_problem p = {0};
    struct spool_row row = {0};
    int64_t after = 0;
    unsigned n = 0;

    while (spool_next(s, after, &row, &p) == 1) {
        struct spool_item want = make_item(n);

        assert_string_equal(row.submission, want.submission);
        assert_int_equal(row.len, want.len);
        free(row.body);
        after = row.id;
        n++;
    }
    assert_true(n >= told);
    assert_true(n <= told + 5);
    spool_close(s);
    return n;
}

static void every_case_told_as_taken_survives_kill_9_once(void **state)
{
    unsigned n = 0;

    random_state = seed;
    for (int i = 0; i < ROUNDS; i++) {
        unsigned told = kill_taker(*state, n, 1 + pick(60));

        n = check_taken(*state, told);
    }
    assert_true(n >= ROUNDS);
}

int main(int argc, char **argv)
{
#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, make_place, drop_place)
    const struct CMUnitTest tests[] = {
        IN_PLACE(a_taken_case_is_there_after_reopening),
        IN_PLACE(the_same_id_is_taken_once_and_other_words_conflict),
        IN_PLACE(twins_in_one_batch_are_taken_once),
        IN_PLACE(the_same_file_is_taken_once_and_keeps_its_first_id),
        IN_PLACE(an_acknowledged_case_leaves_no_text_behind),
        IN_PLACE(a_refused_case_is_kept_with_its_reason),
        IN_PLACE(a_full_disk_takes_nothing_and_room_takes_all),
        IN_PLACE(a_spool_of_a_newer_docket_is_refused),
        IN_PLACE(a_database_of_something_else_is_refused_untouched),
        IN_PLACE(a_file_that_is_no_database_is_refused_untouched),
        IN_PLACE(the_smallest_foreign_files_are_refused_untouched),
        IN_PLACE(an_empty_file_becomes_a_spool),
        IN_PLACE(a_spool_half_made_is_made_anew),
        IN_PLACE(a_spool_of_the_first_schema_is_taken_along),
        IN_PLACE(what_was_not_told_is_known_after_reopening),
        IN_PLACE(whoever_repeats_a_case_gets_its_number_again),
        IN_PLACE(a_damaged_spool_is_refused),
        IN_PLACE(a_missing_spool_is_not_made_for_looking),
        IN_PLACE(a_spool_in_use_is_refused_to_a_second_process),
        IN_PLACE(every_case_told_as_taken_survives_kill_9_once),
    };

    seed = argc > 2 && strcmp(argv[1], "--seed") == 0
               ? strtoull(argv[2], NULL, 10)
               : (uint64_t)time(NULL);
    printf("seed %llu\n", (unsigned long long)seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
