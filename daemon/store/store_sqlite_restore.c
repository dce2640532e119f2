/* store_sqlite_restore.c - the first opening of a backup.
 *
 * What happened between the backup and its use is not in it, but others may
 * remember it.  So that nobody mistakes one for the other:
 *
 *   - it is another stream: a new broker id, which followers compare;
 *   - its epoch is far ahead, so that no lease of the lost time fits;
 *   - the case numbers of today go on in the next hundred thousand, for some of
 *     those that come next in the backup may have been given to petitioners.
 *
 * One transaction, and before anything else is changed; but first all of it is
 * read.
 */
#include "store_sqlite.h"

#include <stdio.h>

#include "migrate.h"
#include "proto/timefmt.h"

#define EPOCHS   1000000
#define BUSY_OPS 10000000 /* of SQLite's machine, about a second */

static int run_blob(sqlite3 *db, const char *sql, const uint8_t broker[16])
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_bind_blob(q, 1, broker, 16, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    int end = sqlite3_finalize(q);
    return rc == SQLITE_DONE ? end : rc;
}

static int on_now(void *arg, int n, char **v, char **names)
{
    (void)names;
    if (n == 1 && v[0] != NULL)
        *(dk_ms *)arg = strtoll(v[0], NULL, 10);
    return 0;
}

/* YYYYMMDD at the office, where a test clock stands still since the backup. */
static int today(sqlite3 *db, const struct store_options *opt)
{
    dk_ms now = opt->now;
    if (opt->test_clock)
        (void)sqlite3_exec(db, "SELECT test_now FROM meta", on_now, &now, NULL);
    dk_ms local = now + opt->offset_min * DK_MINUTE;
    struct dk_date day =
        dk_date_from_days(local / DK_DAY - (local % DK_DAY < 0));

    return day.year * 10000 + day.month * 100 + day.day;
}

static int on_busy(void *arg)
{
    const struct store_options *opt = arg;

    opt->busy();
    return 0;
}

/* It lay somewhere, perhaps for years, and nobody has read it since it was
 * checked when it was made.  Later nobody has the time; and an index that is
 * wrong gives wrong answers without a word.
 */
int sq_restore_check(sqlite3 *db, const struct store_options *opt, char *got,
                     size_t cap)
{
    if (opt->busy != NULL) {
        opt->busy();
        sqlite3_progress_handler(db, BUSY_OPS, on_busy, (void *)(uintptr_t)opt);
    }
    int rc = sq_ask(db, "PRAGMA integrity_check(1)", got, cap);
    sqlite3_progress_handler(db, 0, NULL, NULL);
    return rc;
}

int sq_restore(sqlite3 *db, const struct store_options *opt,
               const uint8_t broker[16])
{
    char sql[400];
    int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

    if (rc == SQLITE_OK)
        rc = run_blob(db, "UPDATE meta SET broker = ?", broker);
    (void)snprintf(
        sql, sizeof sql,
        "UPDATE meta SET epoch = epoch + %d;"
        "INSERT INTO day (day, seq) VALUES (%d, %d) ON CONFLICT (day) DO "
        "UPDATE SET seq = max(seq, min(%d, (seq / %d + 1) * %d));"
        "PRAGMA application_id = %d;"
        "COMMIT",
        EPOCHS, today(db, opt), STORE_RESTORE_STEP, 9 * STORE_RESTORE_STEP,
        STORE_RESTORE_STEP, STORE_RESTORE_STEP, MIGRATE_APPLICATION_ID);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    if (rc != SQLITE_OK && sqlite3_get_autocommit(db) == 0)
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}
