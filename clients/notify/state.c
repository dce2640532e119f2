#include "state_int.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/note.h"

#define APPLICATION_ID 0x444b4e46 /* "DKNF" */
#define SCHEMA_VERSION 1
#define BUSY_MS        10000

static const char schema[] =
    "CREATE TABLE place(one INTEGER PRIMARY KEY CHECK(one = 1),"
    " broker TEXT NOT NULL, next INTEGER NOT NULL, since INTEGER NOT NULL)"
    " STRICT;"
    "CREATE TABLE alert(id INTEGER PRIMARY KEY, alert_id TEXT NOT NULL,"
    " case_no TEXT NOT NULL, clock TEXT NOT NULL, rung TEXT NOT NULL,"
    " level TEXT NOT NULL, zh TEXT NOT NULL, en TEXT NOT NULL,"
    " due_at INTEGER NOT NULL, raised_at INTEGER NOT NULL,"
    " seen INTEGER NOT NULL DEFAULT 0,"
    /* A restored database may use a number again, for another alert. */
    " UNIQUE(alert_id, raised_at)) STRICT;"
    "CREATE TABLE message(id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " key TEXT NOT NULL UNIQUE, recipient TEXT NOT NULL,"
    " channel INTEGER NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL,"
    " made_at INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0,"
    " next_at INTEGER NOT NULL, state INTEGER NOT NULL DEFAULT 0,"
    " error TEXT, done_at INTEGER) STRICT;"
    "CREATE INDEX message_open ON message(state, next_at);"
    "CREATE TABLE want(alert INTEGER NOT NULL REFERENCES alert(id),"
    " recipient TEXT NOT NULL, channel INTEGER NOT NULL, told TEXT NOT NULL,"
    " due INTEGER NOT NULL, held INTEGER NOT NULL,"
    " message INTEGER REFERENCES message(id),"
    " PRIMARY KEY(alert, recipient, channel)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX want_due ON want(due) WHERE message IS NULL;"
    "CREATE INDEX want_message ON want(message);";

int state_failed_now(struct state *s, const char *what)
{
    int rc = sqlite3_errcode(s->db);

    note("error", "state_failed", "doing=\"%s\" why=\"%s\"", what,
         sqlite3_errmsg(s->db));
    if ((rc & 0xff) == SQLITE_FULL)
        return DK_EFULL;
    return (rc & 0xff) == SQLITE_NOMEM ? DK_ENOMEM : DK_EIO;
}

sqlite3_stmt *state_prepare(struct state *s, const char *sql)
{
    sqlite3_stmt *q = NULL;

    if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK) {
        (void)state_failed_now(s, "prepare");
        return NULL;
    }
    return q;
}

int state_step(struct state *s, sqlite3_stmt *q)
{
    int rc = sqlite3_step(q);

    if (rc == SQLITE_ROW)
        return 1;
    return rc == SQLITE_DONE ? 0 : state_failed_now(s, sqlite3_sql(q));
}

int state_run(struct state *s, const char *sql, const char *kinds, ...)
{
    sqlite3_stmt *q = state_prepare(s, sql);
    va_list ap;
    int rc;

    if (q == NULL)
        return DK_EIO;
    va_start(ap, kinds);
    for (int i = 1; *kinds != '\0'; kinds++, i++) {
        if (*kinds == 'i')
            (void)sqlite3_bind_int64(q, i, va_arg(ap, int64_t));
        else
            (void)sqlite3_bind_text(q, i, va_arg(ap, const char *), -1,
                                    SQLITE_TRANSIENT);
    }
    va_end(ap);
    do {
        rc = state_step(s, q);
    } while (rc == 1);
    (void)sqlite3_finalize(q);
    return rc;
}

int state_number(struct state *s, const char *sql, int64_t *out)
{
    sqlite3_stmt *q = state_prepare(s, sql);
    int rc;

    if (q == NULL)
        return DK_EIO;
    rc = state_step(s, q);
    if (rc == 1)
        *out = sqlite3_column_int64(q, 0);
    (void)sqlite3_finalize(q);
    return rc == 1 ? 0 : rc == 0 ? DK_ENOTFOUND : rc;
}

const char *state_text(sqlite3_stmt *q, int column)
{
    const unsigned char *s = sqlite3_column_text(q, column);

    return s == NULL ? "" : (const char *)s;
}

/* ---- opening ---- */

static int unusable(struct dk_problem *p, const char *path, const char *why)
{
    return dk_failf(p, DK_EIO, NULL, "%.200s cannot be used: %.100s",
                    "%.200s 无法使用：%.100s", path, why);
}

static int make_tables(struct state *s, const char *path, struct dk_problem *p)
{
    int64_t id = 0, version = 0, tables = 0;
    char text[96];
    int rc = state_begin(s); /* one of two who start at once makes them */

    if (rc == 0)
        rc = state_number(s, "PRAGMA application_id", &id);
    if (rc == 0)
        rc = state_number(s, "PRAGMA user_version", &version);
    if (rc == 0)
        rc = state_number(s, "SELECT count(*) FROM sqlite_schema", &tables);
    if (rc != 0) {
        state_rollback(s);
        return unusable(p, path, sqlite3_errmsg(s->db));
    }
    if (tables == 0) {
        (void)snprintf(text, sizeof(text),
                       "PRAGMA application_id = %d; PRAGMA user_version = %d",
                       APPLICATION_ID, SCHEMA_VERSION);
        if (sqlite3_exec(s->db, schema, NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_exec(s->db, text, NULL, NULL, NULL) != SQLITE_OK) {
            rc = unusable(p, path, sqlite3_errmsg(s->db));
            state_rollback(s);
            return rc;
        }
    } else if (id != APPLICATION_ID || version != SCHEMA_VERSION) {
        state_rollback(s);
        return unusable(p, path,
                        id != APPLICATION_ID
                            ? "it is no file of docket-notify"
                            : "a newer docket-notify has written it");
    }
    return state_commit(s) == 0 ? 0 : unusable(p, path, sqlite3_errmsg(s->db));
}

int state_open(struct state **out, const char *folder, struct dk_problem *p)
{
    struct state *s = calloc(1, sizeof(*s));
    mode_t old = umask(0077);
    char path[600];
    int rc;

    (void)snprintf(path, sizeof(path), "%s/notify.db", folder);
    if (s == NULL ||
        sqlite3_open_v2(path, &s->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                            SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        rc = unusable(p, path,
                      s == NULL ? "out of memory" : sqlite3_errmsg(s->db));
        goto fail;
    }
    (void)sqlite3_busy_timeout(s->db, BUSY_MS);
    /* The rollback journal, not the log: two processes may use the file, and
     * there are few writes.
     */
    if (sqlite3_exec(s->db,
                     "PRAGMA journal_mode = TRUNCATE;"
                     "PRAGMA synchronous = FULL;"
                     "PRAGMA foreign_keys = ON;"
                     "PRAGMA trusted_schema = OFF;",
                     NULL, NULL, NULL) != SQLITE_OK) {
        rc = unusable(p, path, sqlite3_errmsg(s->db));
        goto fail;
    }
    rc = make_tables(s, path, p);
    if (rc != 0)
        goto fail;
    (void)umask(old);
    *out = s;
    return 0;

fail:
    (void)umask(old);
    state_close(s);
    return rc;
}

void state_close(struct state *s)
{
    if (s == NULL)
        return;
    state_rollback(s);
    (void)sqlite3_close(s->db);
    free(s);
}

int state_begin(struct state *s)
{
    int rc = state_run(s, "BEGIN IMMEDIATE", "");

    s->within = rc == 0;
    return rc;
}

int state_commit(struct state *s)
{
    int rc = state_run(s, "COMMIT", "");

    if (rc != 0)
        state_rollback(s);
    s->within = false;
    return rc;
}

void state_rollback(struct state *s)
{
    if (s->within && sqlite3_get_autocommit(s->db) == 0)
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    s->within = false;
}

/* ---- our place in the stream ---- */

int state_place(struct state *s, struct place *out)
{
    sqlite3_stmt *q = state_prepare(s, "SELECT broker, next, since FROM place");
    int rc;

    *out = (struct place){.next = 1};
    if (q == NULL)
        return DK_EIO;
    rc = state_step(s, q);
    if (rc == 1) {
        (void)snprintf(out->broker, sizeof(out->broker), "%s",
                       state_text(q, 0));
        out->next = sqlite3_column_int64(q, 1);
        out->since = sqlite3_column_int64(q, 2);
        rc = 0;
    }
    (void)sqlite3_finalize(q);
    return rc;
}

int state_set_place(struct state *s, const struct place *at)
{
    return state_run(s,
                     "INSERT INTO place VALUES(1, ?, ?, ?) ON CONFLICT(one) DO "
                     "UPDATE SET broker = excluded.broker, next = "
                     "excluded.next, since = excluded.since",
                     "tii", at->broker, at->next, at->since);
}

/* ---- alerts ---- */

int state_add_alert(struct state *s, const struct dk_notify_item *a,
                    int64_t *id)
{
    int rc = state_run(
        s,
        "INSERT INTO alert(alert_id, case_no, clock, rung, level, zh, en,"
        " due_at, raised_at) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        "tttttttii", a->alert_id, a->case_no, a->clock, a->rung, a->level,
        a->text[0], a->text[1], a->due_at, a->raised_at);

    if (rc != 0)
        return rc;
    *id = sqlite3_last_insert_rowid(s->db);
    return sqlite3_changes(s->db);
}

int state_add_want(struct state *s, int64_t alert, const char *recipient,
                   enum channel ch, const char *to, dk_ms due, bool held)
{
    return state_run(s,
                     "INSERT INTO want(alert, recipient, channel, told, due, "
                     "held) VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                     "ititii", alert, recipient, (int64_t)ch, to, due,
                     (int64_t)held);
}

int state_seen(struct state *s, const char *alert_id)
{
    int rc = state_run(s, "UPDATE alert SET seen = 1 WHERE alert_id = ?", "t",
                       alert_id);

    if (rc == 0)
        rc = state_run(s,
                       "DELETE FROM want WHERE message IS NULL AND alert IN"
                       " (SELECT id FROM alert WHERE alert_id = ?)",
                       "t", alert_id);
    if (rc != 0)
        return rc;
    return state_run(
        s,
        "UPDATE message SET state = 3, done_at = made_at WHERE state = 0 AND "
        "id IN (SELECT message FROM want JOIN alert ON alert.id = want.alert"
        " WHERE alert_id = ?) AND NOT EXISTS (SELECT 1 FROM want JOIN alert ON"
        " alert.id = want.alert WHERE want.message = message.id AND seen = 0)",
        "t", alert_id);
}
