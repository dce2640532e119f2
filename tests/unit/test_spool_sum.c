/* Rows of the kiosk's spool that the disk changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clients/kiosk/spool_int.h"
#include "tests/support/folder.h"

static char dir[64], path[96];

static struct spool *open_spool(void)
{
    struct dk_problem p = {0};
    struct spool *s = NULL;

    assert_int_equal(spool_open(path, true, &s, &p), 0);
    return s;
}

static enum spool_verdict take(struct spool *s, unsigned n)
{
    static const char body[] = "{\"facts\":\"the lamp at the well is dark\"}";
    struct dk_problem p = {0};
    struct spool_item it = {
        .taken_at = 1000, .body = body, .len = sizeof(body) - 1};

    snprintf(it.submission, sizeof(it.submission),
             "0192f0c0-0000-7000-8000-%012x", n);
    assert_int_equal(spool_take(s, &it, 1, &p), 0);
    return it.verdict;
}

static int64_t count(struct spool *s, enum spool_state state)
{
    struct spool_counts c;
    struct dk_problem p = {0};

    assert_int_equal(spool_count(s, &c, &p), 0);
    return c.n[state];
}

/* As the disk does it: without a new sum. */
static void run_sql(const char *sql)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void add_aside(void *arg, const char *submission)
{
    strcat(arg, submission + 34); /* its last two digits */
}

static void aside(struct spool *s, bool untold, const char *want)
{
    struct dk_problem p = {0};
    char got[80] = "";

    assert_int_equal(spool_aside(s, untold, add_aside, got, &p), 0);
    assert_string_equal(got, want);
}

static void a_row_that_the_disk_changed_is_set_aside_and_told(void **state)
{
    (void)state;
    struct spool *s = open_spool();
    struct dk_problem p = {0};
    struct spool_answer a = {.id = 4,
                             .state = SPOOL_DONE,
                             .at = 2000,
                             .case_no = "330699-20260506-000001-5",
                             .code = "12345678"};
    struct spool_row row;

    for (unsigned i = 1; i <= 5; i++)
        assert_int_equal(take(s, i), SPOOL_TAKEN);
    assert_int_equal(spool_settle(s, &a, 1, &p), 0);
    spool_close(s);
    run_sql("UPDATE item SET body = 'other words' WHERE id = 1;"
            "UPDATE item SET state = 1 WHERE id = 2;"
            "UPDATE item SET case_no = 'other' WHERE id = 4;");
    s = open_spool();
    aside(s, true, "010204");
    assert_int_equal(count(s, SPOOL_WAITING), 2);
    assert_int_equal(count(s, SPOOL_DONE), 0);
    assert_int_equal(spool_next(s, 0, &row, &p), 1);
    assert_int_equal(row.id, 3);
    free(row.body);
    spool_told(s);
    assert_int_equal(spool_tidy(s, &p), 0);
    spool_close(s);
    s = open_spool();
    aside(s, true, ""); /* told once */
    aside(s, false, "010204");
    assert_int_equal(take(s, 1), SPOOL_TAKEN); /* handed in again */
    spool_close(s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_that_the_disk_changed_is_set_aside_and_told),
    };

    folder_make(dir, sizeof(dir), "dk-spool");
    snprintf(path, sizeof(path), "%s/spool.db", dir);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    rmdir(dir);
    return failed;
}
