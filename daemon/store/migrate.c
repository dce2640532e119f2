/* migrate.c - the schema, as the steps that lead to it.
 *
 * Rules: a step that was released is never edited; a change is a new step at
 * the end; docs/STORE.md explains every column and is changed with it.
 */
#include "migrate.h"

#include <stdio.h>

#include "core/case.h"
#include "core/tally.h"
#include "core/watch.h"

/* Columns hold these enumerations as numbers, so their order is part of the
 * file format: new members go to the end of their lists, none is removed.
 */
_Static_assert(DK_S_NONE == 0 && DK_S_SUBMITTED == 1 && DK_S_ACCEPTED == 5 &&
                   DK_S_CLOSED == 15,
               "states are stored as numbers");
_Static_assert(DK_EV_SUBMITTED == 0 && DK_EV_ACCEPTED == 9 &&
                   DK_EV_CLOCK_SET == 26 && DK_EV_ALERT_ACKED == 29 &&
                   DK_EV_PERSON_READ == 42 && DK_EV_PERSON_ERASED == 43,
               "event types are stored as numbers");
_Static_assert(DK_SVC_ASSIGN == 0 && DK_SVC_DEADLINE == 1 &&
                   DK_SVC_ESCALATE == 2 && DK_SVC_N == 3,
               "services are stored as numbers");
_Static_assert(DK_CLOCK_RUNNING == 0 && DK_CLOCK_HELD == 1,
               "clock states are stored as numbers");
_Static_assert(DK_W_NO_WORKER == 0 && DK_W_STORAGE_FULL == 8 &&
                   DK_WL_WARNING == 0 && DK_WL_SERIOUS == 1,
               "alerts of the office's own are stored as numbers");
_Static_assert(DK_T_RECEIVED == 0 && DK_T_ACCEPTED == 6 &&
                   DK_T_CONCLUDE_DUE == 15 && DK_T_OVERDUE_END == 32,
               "measures are stored as numbers");
_Static_assert(DK_CH_ONLINE == 0 && DK_CH_KIOSK == 5,
               "tags of figures are stored as numbers");

#define TASK_TABLE(name)                                                       \
    "CREATE TABLE " name " ("                                                  \
    " id INTEGER PRIMARY KEY,"                                                 \
    " key INTEGER NOT NULL,"                                                   \
    " n INTEGER NOT NULL,"                                                     \
    " attempts INTEGER NOT NULL,"                                              \
    " failed_at INTEGER,"                                                      \
    " reason TEXT"                                                             \
    ") STRICT;"

static const char step_1_tables[] =
    "CREATE TABLE meta ("
    " one INTEGER PRIMARY KEY CHECK (one = 1),"
    " county INTEGER NOT NULL,"
    " test_clock INTEGER NOT NULL,"
    " test_now INTEGER NOT NULL,"
    " epoch INTEGER NOT NULL,"
    " broker BLOB NOT NULL CHECK (length(broker) = 16),"
    " secret BLOB NOT NULL CHECK (length(secret) = 32)"
    ") STRICT;"
    "CREATE TABLE total ("
    " one INTEGER PRIMARY KEY CHECK (one = 1),"
    " cases INTEGER NOT NULL,"
    " events INTEGER NOT NULL,"
    " tasks_open INTEGER NOT NULL,"
    " tasks_dead INTEGER NOT NULL,"
    " alerts_open INTEGER NOT NULL"
    ") STRICT;"
    "INSERT INTO total VALUES (1, 0, 0, 0, 0, 0);"
    /* docs/STORE.md, "Rows that only ever go to the end" */
    "CREATE TABLE request ("
    " slot INTEGER PRIMARY KEY,"
    " id BLOB NOT NULL,"
    " hash BLOB NOT NULL,"
    " key INTEGER NOT NULL,"
    " n INTEGER NOT NULL,"
    " state INTEGER NOT NULL,"
    " at INTEGER NOT NULL,"
    " submitted_at INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TABLE request_clash ("
    " id BLOB PRIMARY KEY,"
    " hash BLOB NOT NULL,"
    " key INTEGER NOT NULL,"
    " n INTEGER NOT NULL,"
    " state INTEGER NOT NULL,"
    " at INTEGER NOT NULL,"
    " submitted_at INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE event ("
    " seq INTEGER PRIMARY KEY,"
    " key INTEGER NOT NULL,"
    " n INTEGER NOT NULL,"
    " type INTEGER NOT NULL,"
    " at INTEGER NOT NULL,"
    " claimed INTEGER,"
    " actor TEXT NOT NULL,"
    " hash BLOB NOT NULL,"
    " body TEXT NOT NULL"
    ") STRICT;"
    "CREATE TABLE case_file ("
    " key INTEGER PRIMARY KEY,"
    " state INTEGER NOT NULL,"
    " overdue INTEGER NOT NULL,"
    " unit TEXT NOT NULL,"
    " handler TEXT NOT NULL,"
    " region TEXT,"
    " category TEXT,"
    " hash BLOB NOT NULL,"
    " doc TEXT NOT NULL"
    ") STRICT;"
    "CREATE TABLE clock ("
    " key INTEGER NOT NULL,"
    " id TEXT NOT NULL,"
    " unit TEXT NOT NULL,"
    " state INTEGER NOT NULL,"
    " overdue INTEGER NOT NULL,"
    " due_at INTEGER NOT NULL,"
    " fire_at INTEGER,"
    " PRIMARY KEY (key, id)"
    ") STRICT, WITHOUT ROWID;" TASK_TABLE("task_assign")
        TASK_TABLE("task_deadline")
            TASK_TABLE("task_escalate") "CREATE TABLE task_dead ("
                                        " service INTEGER NOT NULL,"
                                        " id INTEGER NOT NULL,"
                                        " key INTEGER NOT NULL,"
                                        " n INTEGER NOT NULL,"
                                        " attempts INTEGER NOT NULL,"
                                        " failed_at INTEGER,"
                                        " reason TEXT,"
                                        " PRIMARY KEY (service, id)"
                                        ") STRICT, WITHOUT ROWID;"
                                        "CREATE TABLE alert ("
                                        " key INTEGER NOT NULL,"
                                        " n INTEGER NOT NULL,"
                                        " raised_at INTEGER NOT NULL,"
                                        " due_at INTEGER NOT NULL,"
                                        " acked_at INTEGER,"
                                        " acked_by TEXT,"
                                        " level TEXT NOT NULL,"
                                        " unit TEXT NOT NULL,"
                                        " clock TEXT NOT NULL,"
                                        " rung TEXT NOT NULL,"
                                        " PRIMARY KEY (key, n)"
                                        ") STRICT, WITHOUT ROWID;"
                                        "CREATE TABLE person ("
                                        " key INTEGER PRIMARY KEY,"
                                        " salt BLOB NOT NULL,"
                                        " data BLOB NOT NULL"
                                        ") STRICT;"
                                        "CREATE TABLE load ("
                                        " unit TEXT NOT NULL,"
                                        " handler TEXT NOT NULL,"
                                        " open INTEGER NOT NULL,"
                                        " PRIMARY KEY (unit, handler)"
                                        ") STRICT, WITHOUT ROWID;"
                                        "CREATE TABLE day ("
                                        " day INTEGER PRIMARY KEY,"
                                        " seq INTEGER NOT NULL"
                                        ") STRICT;";

/* An index on a rowid table ends in the rowid, which is the case's key: so
 * (state) serves "state = ? and key > ? order by key".
 */
static const char step_1_indices[] =
    "CREATE UNIQUE INDEX event_case ON event (key, n);"
    "CREATE INDEX case_state ON case_file (state);"
    "CREATE INDEX case_unit ON case_file (unit, state) WHERE unit <> '';"
    "CREATE INDEX case_handler ON case_file (handler, state)"
    " WHERE handler <> '';"
    "CREATE INDEX case_overdue ON case_file (overdue) WHERE overdue = 1;"
    "CREATE INDEX clock_fire ON clock (fire_at, key, id)"
    " WHERE fire_at IS NOT NULL;"
    "CREATE INDEX clock_due ON clock (due_at, key, id);"
    "CREATE INDEX alert_open ON alert (key, n) WHERE acked_at IS NULL;";

static const char step_2_office[] =
    "CREATE TABLE office_alert ("
    " id INTEGER PRIMARY KEY,"
    " kind INTEGER NOT NULL,"
    " subject TEXT NOT NULL,"
    " level INTEGER NOT NULL,"
    " value INTEGER NOT NULL,"
    " threshold INTEGER NOT NULL,"
    " about TEXT NOT NULL,"
    " told INTEGER NOT NULL,"
    " raised_at INTEGER NOT NULL,"
    " told_at INTEGER NOT NULL,"
    " cleared_at INTEGER,"
    " acked_at INTEGER,"
    " acked_by TEXT,"
    " note TEXT"
    ") STRICT;"
    "CREATE UNIQUE INDEX office_open ON office_alert (kind, subject)"
    " WHERE cleared_at IS NULL;"
    "CREATE INDEX office_by_id ON office_alert (id) WHERE cleared_at IS NULL;";

/* docs/STORE.md, "tally": what is added up, and in which order it is read. */
static const char step_2_figures[] =
    "CREATE TABLE tally ("
    " measure INTEGER NOT NULL,"
    " day INTEGER NOT NULL,"
    " unit TEXT NOT NULL,"
    " category TEXT NOT NULL,"
    " tag INTEGER NOT NULL,"
    " known INTEGER NOT NULL,"
    " n INTEGER NOT NULL,"
    " PRIMARY KEY (measure, day, unit, category, tag, known)"
    ") STRICT, WITHOUT ROWID;"
    "ALTER TABLE total ADD COLUMN tally INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE case_file ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE case_file ADD COLUMN due INTEGER;"
    "ALTER TABLE case_file ADD COLUMN grp INTEGER;"
    "CREATE INDEX case_work ON case_file (due)"
    " WHERE due IS NOT NULL AND urgent = 0;"
    "CREATE INDEX case_urgent ON case_file (due) WHERE urgent = 1;"
    "CREATE INDEX case_group ON case_file (grp) WHERE grp IS NOT NULL;";

/* docs/STORE.md, "person": the plain rows move over, sealed, and go. */
static const char step_3_seal[] =
    "ALTER TABLE person RENAME TO person_plain;"
    "CREATE TABLE person ("
    " key INTEGER PRIMARY KEY,"
    " seal INTEGER NOT NULL,"
    " data BLOB NOT NULL"
    ") STRICT;"
    "CREATE INDEX person_seal ON person (seal);"
    "ALTER TABLE meta ADD COLUMN sealed BLOB NOT NULL DEFAULT x'';"
    "ALTER TABLE meta ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;";
/* docs/HISTORY.md */
static const char step_4_checkpoint[] =
    "CREATE TABLE checkpoint ("
    " number INTEGER PRIMARY KEY,"
    " from_seq INTEGER NOT NULL,"
    " to_seq INTEGER NOT NULL,"
    " text TEXT NOT NULL,"
    " sig BLOB NOT NULL,"
    " blocks BLOB NOT NULL"
    ") STRICT;"
    "CREATE INDEX checkpoint_to ON checkpoint (to_seq);";

/* docs/STORE.md, "case_beside" */
static const char step_5_beside[] =
    "CREATE TABLE case_beside ("
    " key INTEGER NOT NULL,"
    " unit TEXT NOT NULL,"
    " handler TEXT NOT NULL,"
    " open INTEGER NOT NULL,"
    " PRIMARY KEY (key, unit)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX case_beside_unit ON case_beside (unit, open, key);";

/* A list of one officer, whatever the unit: of hardly any case the row of a
 * co-handler has a name, so the index is small.
 */
static const char step_6_officer[] =
    "CREATE INDEX case_beside_handler ON case_beside (handler, open, key)"
    " WHERE handler <> '';";

struct step {
    const char *sql[2];
    int (*fill)(sqlite3 *db, const struct store_options *opt);
};

static const struct step steps[] = {
    {{step_1_tables, step_1_indices}, NULL},
    {{step_2_office, step_2_figures}, migrate_fill_2},
    {{step_3_seal, NULL}, migrate_fill_3},
    {{step_4_checkpoint, NULL}, NULL},
    {{step_5_beside, NULL}, migrate_fill_5},
    {{step_6_officer, NULL}, NULL},
};

int migrate_latest(void)
{
    return (int)(sizeof steps / sizeof steps[0]);
}

static int run_sql(sqlite3 *db, const char *sql)
{
    return sql != NULL ? sqlite3_exec(db, sql, NULL, NULL, NULL) : SQLITE_OK;
}

static int run_step(sqlite3 *db, int i, const struct store_options *opt)
{
    char mark[96];

    (void)snprintf(mark, sizeof mark,
                   "PRAGMA user_version = %d; PRAGMA application_id = %d;",
                   i + 1, MIGRATE_APPLICATION_ID);
    int rc = run_sql(db, "BEGIN IMMEDIATE");
    if (rc == SQLITE_OK)
        rc = run_sql(db, steps[i].sql[0]);
    if (rc == SQLITE_OK)
        rc = run_sql(db, steps[i].sql[1]);
    if (rc == SQLITE_OK && steps[i].fill != NULL)
        rc = steps[i].fill(db, opt);
    if (rc == SQLITE_OK)
        rc = run_sql(db, mark);
    if (rc == SQLITE_OK)
        rc = run_sql(db, "COMMIT");
    if (rc != SQLITE_OK && sqlite3_get_autocommit(db) == 0)
        (void)run_sql(db, "ROLLBACK");
    return rc;
}

int migrate_run(sqlite3 *db, int from, const struct store_options *opt)
{
    for (int i = from; i < migrate_latest(); i++) {
        int rc = run_step(db, i, opt);
        if (rc != SQLITE_OK)
            return rc;
    }
    return SQLITE_OK;
}

int migrate_fill_meta(sqlite3 *db, const struct store_options *opt,
                      const uint8_t random[48])
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db,
                                "INSERT INTO meta (one, county, test_clock, "
                                "test_now, epoch, broker, secret) "
                                "VALUES (1, ?, ?, ?, 0, ?, ?)",
                                -1, &q, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(q, 1, opt->county);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(q, 2, opt->test_clock);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(q, 3, opt->test_clock ? opt->test_now : 0);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_blob(q, 4, random, 16, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_zeroblob(q, 5, 32);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    int end = sqlite3_finalize(q);
    if (rc == SQLITE_DONE)
        rc = end;
    return rc == SQLITE_OK ? migrate_seal_secret(db, opt, random + 16) : rc;
}
