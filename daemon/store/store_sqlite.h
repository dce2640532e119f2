/* store_sqlite.h - the parts of the SQLite back end; private to its files:
 *
 *   store_sqlite.c       open, check, epoch, close
 *   store_sqlite_state.c what it knows of itself
 *   store_sqlite_file.c  the files around the database: lock, syncs, header
 *   store_sqlite_wal.c   is the log damaged in its middle?
 *   store_sqlite_use.c   one way to run a statement and to name an error
 *   store_sqlite_write.c store_commit()
 *   store_sqlite_log.c   when the log goes into the file
 *   store_sqlite_read.c  reads by key, the stream, the queues
 *   store_sqlite_list.c  filtered lists, page by page
 *   store_sqlite_office.c the office's own alerts
 *   store_sqlite_tally.c the office's figures
 *   store_sqlite_ckpt.c  checkpoints, and the days' last numbers
 *   store_sqlite_beside.c the units that handle a case beside another
 *   store_sqlite_fill.c  what a store of an older schema does not have yet
 *   store_sqlite_backup.c a copy while the store is in use
 *   store_sqlite_restore.c the first opening of such a copy
 *   store_sqlite_check.c rows as they are, for `verify`
 */
#ifndef DK_STORE_SQLITE_H
#define DK_STORE_SQLITE_H

#include <sqlite3.h>
#include <stdlib.h>

#include "store_impl.h"

/* ---- store_sqlite_file.c ------------------------------------------------ */

struct sq_file {
    const char *path;                    /* borrowed by sq_file_claim() only */
    int lock_fd;                         /* -1: not held */
    char *db, *wal, *lock, *dir, *fresh; /* owned names */
    bool made_lock, made_db;
    bool had_log; /* a log was there: the last stop was not a clean one */
    bool odd;     /* ... and the file itself does not look like a database */
};

/* Take the lock of the store at `path` and see that something can be opened
 * there: the folder, the file's kind and schema.  With `create` a missing file
 * is no error.  *exists tells.  The lock is held on success.
 */
int sq_file_claim(struct sq_file *f, const char *path, bool create,
                  bool *exists, struct dk_problem *p);
/* fsync the database, its log and the folder.  Only before SQLite opens the
 * file: closing a descriptor of it later would drop SQLite's own locks.
 */
int sq_file_sync(const struct sq_file *f, struct dk_problem *p);
/* DK_EIO: the log is damaged where no power cut can have done it
 * (store_sqlite_wal.c).  Before SQLite opens the file, for the same reason.
 */
int sq_wal_check(const struct sq_file *f, struct dk_problem *p);
/* Put the finished file f->fresh in the place of f->db, durably. */
int sq_file_adopt(struct sq_file *f, struct dk_problem *p);
void sq_file_discard_fresh(const struct sq_file *f);
/* Give the lock back.  `failed`: the opening failed, remove what it made. */
void sq_file_release(struct sq_file *f, bool failed);

/* "PATH: sentence (reason)" in both languages; returns `code`.  `err` is an
 * errno or 0.
 */
int sq_refuse(struct dk_problem *p, int code, const char *path, int err,
              const char *en, const char *zh);
int sq_not_ours(const struct sq_file *f, struct dk_problem *p);
int sq_errno_code(int err); /* DK_EFULL, DK_EIO, ... for an errno */

/* ---- store_sqlite_use.c ------------------------------------------------- */

#define SQ_EVENT_COLUMNS "seq, key, n, type, at, claimed, actor, hash, body"
#define SQ_OFFICE_COLUMNS                                                      \
    "id, kind, subject, level, value, threshold, about, told, raised_at, "     \
    "told_at, cleared_at, acked_at, acked_by, note"
#define SQ_CKPT_COLUMNS    "number, from_seq, to_seq, text, sig, blocks"
#define SQ_REQUEST_COLUMNS "id, hash, key, n, state, at, submitted_at"

/* Open tasks of a service are a table of their own: their ids only rise, so
 * every new row goes to the end (docs/STORE.md).  S is the service's number.
 */
#define SQ_TASK_STATEMENTS(X, S, TABLE)                                        \
    X(TASK_NEW_##S, "INSERT INTO " TABLE " (id, key, n, attempts) "            \
                    "VALUES (?, ?, ?, ?)")                                     \
    X(TASK_END_##S, "DELETE FROM " TABLE " WHERE id = ?")                      \
    X(TASK_FAIL_##S, "UPDATE " TABLE " SET attempts = ?, failed_at = ?, "      \
                     "reason = ? WHERE id = ?")                                \
    X(TASK_DIE_##S, "INSERT INTO task_dead (service, id, key, n, attempts, "   \
                    "failed_at, reason) SELECT " #S ", id, key, n, attempts, " \
                    "failed_at, reason FROM " TABLE " WHERE id = ?")           \
    X(TASK_BACK_##S,                                                           \
      "INSERT INTO " TABLE " (id, key, n, attempts, "                          \
      "failed_at, reason) SELECT id, key, n, 0, failed_at, "                   \
      "reason FROM task_dead WHERE service = " #S " AND id = ?")               \
    X(TASK_BURY_##S,                                                           \
      "DELETE FROM task_dead WHERE service = " #S " AND id = ?")               \
    X(TASK_COUNT_##S,                                                          \
      "SELECT count(*) FROM (SELECT 1 FROM " TABLE " LIMIT ?)")                \
    X(TASKS_##S, "SELECT t.id, t.key, t.n, t.attempts, c.doc, e.seq, e.key, "  \
                 "e.n, e.type, e.at, e.claimed, e.actor, e.hash, e.body, "     \
                 "c.hash "                                                     \
                 "FROM " TABLE " t "                                           \
                 "LEFT JOIN case_file c ON c.key = t.key "                     \
                 "LEFT JOIN event e ON e.key = t.key AND e.n = t.n "           \
                 "WHERE t.id > ? ORDER BY t.id LIMIT ?")

#define SQ_OPEN_TASK(S, TABLE, WHERE)                                          \
    "SELECT id, " #S ", key, n, attempts, 0, failed_at, reason FROM " TABLE    \
    " WHERE " WHERE
#define SQ_DEAD_TASK(S, WHERE)                                                 \
    "SELECT id, service, key, n, attempts, 1, failed_at, reason "              \
    "FROM task_dead WHERE service = " #S " AND " WHERE
#define SQ_OR " UNION ALL "

/* Is a row of the case missing in an index, or out of its place there?  Then
 * it is right where it is and no list finds it.
 */
#define SQ_LOST(index, table, if_t, if_u, same)                                \
    " UNION ALL SELECT '" index "' FROM " table " AS t WHERE t.key = ?1" if_t  \
    " AND NOT EXISTS (SELECT 1 FROM " table " AS u INDEXED BY " index          \
    " WHERE " same " AND u.key = t.key" if_u ")"
/* clang-format off */
#define SQ_SEEK_ROWS                                                           \
    "SELECT 'event_case' FROM event AS t INDEXED BY event_case "               \
    "WHERE t.key = ?1 AND (NOT EXISTS (SELECT 1 FROM event AS u INDEXED BY "   \
    "event_case WHERE u.key = t.key AND u.n = t.n AND u.seq = t.seq) OR NOT "  \
    "EXISTS (SELECT 1 FROM event AS r NOT INDEXED WHERE r.seq = t.seq AND "    \
    "r.key = t.key AND r.n = t.n))"                                            \
    SQ_LOST("case_state", "case_file", "", "", "u.state = t.state")            \
    SQ_LOST("case_unit", "case_file", " AND t.unit <> ''",                     \
            " AND u.unit <> ''", "u.unit = t.unit AND u.state = t.state")      \
    SQ_LOST("case_handler", "case_file", " AND t.handler <> ''",               \
            " AND u.handler <> ''",                                            \
            "u.handler = t.handler AND u.state = t.state")                     \
    SQ_LOST("case_overdue", "case_file", " AND t.overdue = 1",                 \
            " AND u.overdue = 1", "u.overdue = t.overdue")                     \
    SQ_LOST("case_work", "case_file",                                          \
            " AND t.due IS NOT NULL AND t.urgent = 0",                         \
            " AND u.due IS NOT NULL AND u.urgent = 0", "u.due = t.due")        \
    SQ_LOST("case_urgent", "case_file", " AND t.urgent = 1",                   \
            " AND u.urgent = 1", "u.due IS t.due")                             \
    SQ_LOST("case_group", "case_file", " AND t.grp IS NOT NULL",               \
            " AND u.grp IS NOT NULL", "u.grp = t.grp")                         \
    SQ_LOST("case_beside_unit", "case_beside", "", "",                         \
            "u.unit = t.unit AND u.open = t.open")                             \
    SQ_LOST("case_beside_handler", "case_beside", " AND t.handler <> ''",      \
            " AND u.handler <> '' AND u.unit = t.unit",                        \
            "u.handler = t.handler AND u.open = t.open")                       \
    SQ_LOST("clock_fire", "clock", " AND t.fire_at IS NOT NULL",               \
            " AND u.fire_at IS NOT NULL",                                      \
            "u.fire_at = t.fire_at AND u.id = t.id")                           \
    SQ_LOST("clock_due", "clock", "", "",                                      \
            "u.due_at = t.due_at AND u.id = t.id")                             \
    SQ_LOST("alert_open", "alert", " AND t.acked_at IS NULL",                  \
            " AND u.acked_at IS NULL", "u.n = t.n")                            \
    SQ_LOST("person_seal", "person", "", "", "u.seal = t.seal")
/* clang-format on */

/* X(NAME, SQL): prepared once, when the store is opened. */
#define SQ_STATEMENTS(X)                                                       \
    X(BEGIN, "BEGIN IMMEDIATE")                                                \
    X(COMMIT, "COMMIT")                                                        \
    X(ROLLBACK, "ROLLBACK")                                                    \
    X(REQUEST_PUT, "INSERT INTO request (slot, " SQ_REQUEST_COLUMNS            \
                   ") VALUES (?, ?, ?, ?, ?, ?, ?, ?) "                        \
                   "ON CONFLICT (slot) DO NOTHING")                            \
    X(REQUEST_CLASH, "INSERT INTO request_clash (" SQ_REQUEST_COLUMNS          \
                     ") VALUES (?, ?, ?, ?, ?, ?, ?)")                         \
    X(EVENT_PUT, "INSERT INTO event (" SQ_EVENT_COLUMNS                        \
                 ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")                       \
    X(CASE_NEW, "INSERT INTO case_file (state, overdue, urgent, due, grp, "    \
                "unit, handler, region, category, hash, doc, key) "            \
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")                 \
    X(CASE_SAME, "UPDATE case_file SET hash = ?1, doc = ?2 WHERE key = ?3 "    \
                 "AND state = ?4 AND overdue = ?5 AND urgent = ?6 "            \
                 "AND due IS ?7 AND grp IS ?8 AND unit = ?9 "                  \
                 "AND handler = ?10 AND region IS ?11 AND category IS ?12")    \
    X(CASE_PUT, "UPDATE case_file SET state = ?, overdue = ?, urgent = ?, "    \
                "due = ?, grp = ?, unit = ?, handler = ?, region = ?, "        \
                "category = ?, hash = ?, doc = ? WHERE key = ?")               \
    X(BESIDE_ROWS, "SELECT unit, handler, open FROM case_beside "              \
                   "WHERE key = ? ORDER BY unit")                              \
    X(BESIDE_DEL, "DELETE FROM case_beside WHERE key = ?")                     \
    X(BESIDE_PUT, "INSERT INTO case_beside (key, unit, handler, open) "        \
                  "VALUES (?, ?, ?, ?)")                                       \
    X(TALLY_ADD, "INSERT INTO tally (measure, day, unit, category, tag, "      \
                 "known, n) VALUES (?, ?, ?, ?, ?, ?, ?) "                     \
                 "ON CONFLICT DO UPDATE SET n = n + excluded.n")               \
    X(TALLY_ALL, "SELECT measure, day, unit, category, tag, known, n "         \
                 "FROM tally")                                                 \
    X(CLOCK_PUT, "INSERT INTO clock (key, id, unit, state, overdue, due_at, "  \
                 "fire_at) VALUES (?, ?, ?, ?, ?, ?, ?) "                      \
                 "ON CONFLICT (key, id) DO UPDATE SET unit = excluded.unit, "  \
                 "state = excluded.state, overdue = excluded.overdue, "        \
                 "due_at = excluded.due_at, fire_at = excluded.fire_at")       \
    X(CLOCK_UNIT, "UPDATE clock SET unit = ?1 WHERE key = ?2 AND unit <> ?1")  \
    X(CLOCK_DEL, "DELETE FROM clock WHERE key = ? AND id = ?")                 \
    SQ_TASK_STATEMENTS(X, 0, "task_assign")                                    \
    SQ_TASK_STATEMENTS(X, 1, "task_deadline")                                  \
    SQ_TASK_STATEMENTS(X, 2, "task_escalate")                                  \
    X(ALERT_PUT, "INSERT INTO alert (key, n, raised_at, due_at, level, unit, " \
                 "clock, rung) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")               \
    X(ALERT_ACK, "UPDATE alert SET acked_at = ?, acked_by = ? "                \
                 "WHERE key = ? AND n = ? AND acked_at IS NULL")               \
    X(PERSON_PUT, "INSERT INTO person (key, seal, data) VALUES (?, ?, ?) "     \
                  "ON CONFLICT (key) DO UPDATE SET seal = excluded.seal, "     \
                  "data = excluded.data")                                      \
    X(PERSON_ERASE, "UPDATE person SET seal = ?1, "                            \
                    "data = zeroblob(length(data)) WHERE key = ?2")            \
    X(SECRET_PUT, "UPDATE meta SET secret = zeroblob(32), sealed = ?, "        \
                  "seal = ?")                                                  \
    X(REQUEST_FORGET, "UPDATE request SET hash = zeroblob(16) "                \
                      "WHERE slot = ? AND id = ?")                             \
    X(CLASH_FORGET, "UPDATE request_clash SET hash = zeroblob(16) "            \
                    "WHERE id = ?")                                            \
    X(LOAD_PUT, "INSERT INTO load (unit, handler, open) VALUES (?, ?, ?) "     \
                "ON CONFLICT (unit, handler) DO UPDATE SET "                   \
                "open = excluded.open")                                        \
    X(LOAD_DEL, "DELETE FROM load WHERE unit = ? AND handler = ?")             \
    X(DAY_PUT, "INSERT INTO day (day, seq) VALUES (?, ?) "                     \
               "ON CONFLICT (day) DO UPDATE SET seq = excluded.seq")           \
    X(OFFICE_PUT, "INSERT INTO office_alert (" SQ_OFFICE_COLUMNS               \
                  ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "       \
                  "ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, "      \
                  "subject = excluded.subject, level = excluded.level, "       \
                  "value = excluded.value, threshold = excluded.threshold, "   \
                  "about = excluded.about, told = excluded.told, "             \
                  "raised_at = excluded.raised_at, "                           \
                  "told_at = excluded.told_at, "                               \
                  "cleared_at = excluded.cleared_at, "                         \
                  "acked_at = excluded.acked_at, "                             \
                  "acked_by = excluded.acked_by, note = excluded.note")        \
    X(OFFICE_OPEN, "SELECT " SQ_OFFICE_COLUMNS " FROM office_alert "           \
                   "INDEXED BY office_by_id WHERE cleared_at IS NULL "         \
                   "AND id < ? ORDER BY id DESC LIMIT ?")                      \
    X(OFFICE_LIST, "SELECT " SQ_OFFICE_COLUMNS " FROM office_alert "           \
                   "WHERE id < ? ORDER BY id DESC LIMIT ?")                    \
    X(UNASSIGNED, "SELECT key, unit = '' FROM case_file "                      \
                  "INDEXED BY case_state WHERE state = ? AND key > ? "         \
                  "ORDER BY key LIMIT ?")                                      \
    X(NOW_PUT, "UPDATE meta SET test_now = ?")                                 \
    X(TOTAL_PUT, "UPDATE total SET cases = ?, events = ?, tasks_open = ?, "    \
                 "tasks_dead = ?, alerts_open = ?, tally = ?")                 \
    X(EPOCH_UP, "UPDATE meta SET epoch = epoch + 1")                           \
    X(REQUEST_GET, "SELECT " SQ_REQUEST_COLUMNS " FROM request "               \
                   "WHERE slot = ?")                                           \
    X(SLOT_LAST, "SELECT max(slot) FROM request")                              \
    X(CLASH_GET, "SELECT " SQ_REQUEST_COLUMNS " FROM request_clash "           \
                 "WHERE id = ?")                                               \
    X(CASE_GET, "SELECT hash, doc FROM case_file WHERE key = ?")               \
    X(EVENTS, "SELECT " SQ_EVENT_COLUMNS " FROM event WHERE seq >= ? "         \
              "ORDER BY seq LIMIT ?")                                          \
    X(CASE_EVENTS, "SELECT " SQ_EVENT_COLUMNS " FROM event "                   \
                   "WHERE key = ? AND n >= ? ORDER BY n LIMIT ?")              \
    X(DUE, "SELECT key, fire_at, id FROM clock WHERE fire_at <= ? "            \
           "ORDER BY fire_at, key, id LIMIT ?")                                \
    X(NEXT_DUE, "SELECT fire_at FROM clock WHERE fire_at IS NOT NULL "         \
                "ORDER BY fire_at LIMIT 1")                                    \
    X(TASK_GET, SQ_OPEN_TASK(0, "task_assign", "id = ?1")                      \
                    SQ_OR SQ_OPEN_TASK(1, "task_deadline", "id = ?1")          \
                        SQ_OR SQ_OPEN_TASK(2, "task_escalate", "id = ?1")      \
                            SQ_OR SQ_DEAD_TASK(0, "id = ?1")                   \
                                SQ_OR SQ_DEAD_TASK(1, "id = ?1")               \
                                    SQ_OR SQ_DEAD_TASK(2, "id = ?1"))          \
    X(OPEN_LIST, SQ_OPEN_TASK(0, "task_assign", "id > ?1")                     \
                     SQ_OR SQ_OPEN_TASK(1, "task_deadline", "id > ?1")         \
                         SQ_OR SQ_OPEN_TASK(2, "task_escalate",                \
                                            "id > ?1") " ORDER BY 1 LIMIT ?2") \
    X(DEAD_LIST, SQ_DEAD_TASK(0, "id > ?1") SQ_OR SQ_DEAD_TASK(1, "id > ?1")   \
                     SQ_OR SQ_DEAD_TASK(2, "id > ?1") " ORDER BY 1 LIMIT ?2")  \
    X(DEAD_COUNT, "SELECT count(*) FROM (SELECT 1 FROM task_dead "             \
                  "WHERE service = ? LIMIT ?)")                                \
    X(PERSON_GET, "SELECT key, seal, data FROM person WHERE key = ?")          \
    X(PERSONS, "SELECT key, seal, data FROM person INDEXED BY person_seal "    \
               "WHERE seal = ? AND key > ? ORDER BY key LIMIT ?")              \
    X(SEAL_NEXT, "SELECT seal FROM person INDEXED BY person_seal "             \
                 "WHERE seal > ? ORDER BY seal LIMIT 1")                       \
    X(SEAL_COUNT, "SELECT count(*) FROM (SELECT 1 FROM person "                \
                  "INDEXED BY person_seal WHERE seal = ? LIMIT ?)")            \
    X(LOADS, "SELECT unit, handler, open FROM load ORDER BY unit, handler")    \
    X(DAY_GET, "SELECT seq FROM day WHERE day = ?")                            \
    X(DAY_LIST, "SELECT day, seq FROM day WHERE day > ? ORDER BY day "         \
                "LIMIT ?")                                                     \
    X(CKPT_PUT, "INSERT INTO checkpoint (" SQ_CKPT_COLUMNS                     \
                ") VALUES (?, ?, ?, ?, ?, ?)")                                 \
    X(CKPT_LIST, "SELECT " SQ_CKPT_COLUMNS " FROM checkpoint "                 \
                 "WHERE number > ? ORDER BY number LIMIT ?")                   \
    X(CKPT_NEWEST, "SELECT " SQ_CKPT_COLUMNS " FROM checkpoint "               \
                   "ORDER BY number DESC LIMIT 1")                             \
    X(CKPT_OF, "SELECT " SQ_CKPT_COLUMNS " FROM checkpoint "                   \
               "INDEXED BY checkpoint_to WHERE to_seq >= ? "                   \
               "ORDER BY to_seq LIMIT 1")                                      \
    X(TOTAL_GET, "SELECT cases, events, tasks_open, tasks_dead, alerts_open, " \
                 "tally FROM total")                                           \
    X(KEYS, "SELECT key FROM case_file NOT INDEXED WHERE key > ?1 "            \
            "UNION SELECT key FROM event INDEXED BY event_case "               \
            "WHERE key > ?1 UNION SELECT key FROM clock WHERE key > ?1 "       \
            "UNION SELECT key FROM alert WHERE key > ?1 "                      \
            "UNION SELECT key FROM case_beside WHERE key > ?1 "                \
            "ORDER BY 1 LIMIT ?2")                                             \
    X(CASE_ROW, "SELECT state, overdue, unit, handler, region, category, "     \
                "hash, doc, urgent, due, grp FROM case_file WHERE key = ?")    \
    X(CLOCK_ROWS, "SELECT id, unit, state, overdue, due_at, fire_at "          \
                  "FROM clock WHERE key = ? ORDER BY id")                      \
    X(ALERT_ROWS, "SELECT n, raised_at, due_at, acked_at, acked_by, level, "   \
                  "unit, clock, rung FROM alert WHERE key = ? ORDER BY n")     \
    X(LOST_ROW, SQ_SEEK_ROWS " LIMIT 1")                                       \
    X(RECOUNT, "SELECT (SELECT count(*) FROM case_file), "                     \
               "(SELECT ifnull(max(seq), 0) FROM event), "                     \
               "(SELECT count(*) FROM task_assign) + "                         \
               "(SELECT count(*) FROM task_deadline) + "                       \
               "(SELECT count(*) FROM task_escalate), "                        \
               "(SELECT count(*) FROM task_dead), "                            \
               "(SELECT count(*) FROM alert WHERE acked_at IS NULL)")          \
    X(META_GET, "SELECT test_now, epoch, broker, secret, sealed, seal "        \
                "FROM meta")                                                   \
    X(LAST_EVENT, "SELECT seq, at FROM event ORDER BY seq DESC LIMIT 1")

#define SQ_ENUM(name, sql) SQ_##name,
enum sq_stmt {
    SQ_STATEMENTS(SQ_ENUM) SQ_N
};
#undef SQ_ENUM

/* The statement of SQ_TASK_STATEMENTS about another service. */
static inline enum sq_stmt sq_of(enum sq_stmt of_0, int service)
{
    return (enum sq_stmt)((int)of_0 +
                          service * (SQ_TASK_NEW_1 - SQ_TASK_NEW_0));
}

/* Where a request lives: the first 63 bits of its id.  A version 7 id starts
 * with the time, so new ones go to the end of the table; two ids that agree in
 * so many bits meet in request_clash.
 */
int64_t sq_slot(const struct dk_uuid *id);

struct sq {
    struct store base;
    struct sq_file file;
    sqlite3 *db;
    sqlite3_stmt *q[SQ_N];
    struct store_totals tot;
    int64_t last_seq;
    int64_t last_slot; /* highest of request; -1: none */
    int wal_pages;     /* in the log after the last commit */
    int wal_max;       /* then it goes into the file; 0: not measured yet */
    bool full;         /* the last commit found no room */
    bool restored;     /* opened for the first time after a backup */
    sqlite3_backup *backup; /* under way, into backup_db; or all NULL */
    sqlite3 *backup_db;
    char *backup_path;
};

/* A use of a statement, from the first bind to sq_end().  Binds are in order
 * of the parameters, borrow their bytes until sq_end(), and keep the first
 * error for the step.  Columns are read by number.
 */
struct sq_use {
    struct sq *s;
    sqlite3_stmt *q;
    int at; /* parameters bound */
    int rc; /* first SQLite error of a bind */
};

struct sq_use sq_use(struct sq *s, enum sq_stmt id);
void sq_int(struct sq_use *u, int64_t v);
void sq_when(struct sq_use *u, dk_ms t);       /* DK_NEVER: NULL */
void sq_text(struct sq_use *u, const char *v); /* NULL: NULL */
void sq_textn(struct sq_use *u, const char *v, size_t n);
void sq_blob(struct sq_use *u, const void *v, size_t n);
int sq_step(struct sq_use *u); /* 1 a row, 0 done, or a negative code */
void sq_end(struct sq_use *u); /* on every path */
int sq_run(struct sq_use *u);  /* a step that must give no row, and the end */
int sq_changes(const struct sq_use *u); /* rows changed by the last sq_run() */

int64_t sq_col_int(const struct sq_use *u, int i);
dk_ms sq_col_when(const struct sq_use *u, int i);       /* NULL: DK_NEVER */
const char *sq_col_text(const struct sq_use *u, int i); /* may be NULL */
const void *sq_col_blob(const struct sq_use *u, int i); /* may be NULL */
size_t sq_col_len(const struct sq_use *u, int i);
/* Copies exactly n bytes; false if the column has another size. */
bool sq_col_bytes(const struct sq_use *u, int i, void *out, size_t n);

/* The code for an SQLite result.  Where it is DK_EIO the store is latched. */
int sq_code(struct sq *s, int rc);
/* Run a statement and copy the first column of its first row, as an SQLite
 * result; SQLITE_CORRUPT: there is none.
 */
int sq_ask(sqlite3 *db, const char *sql, char *out, size_t cap);
/* The file system that the store's connection uses: the system's own, but for
 * the log (store_sqlite_vfs.c).  NULL: the system's own for all.
 */
const char *sq_vfs(void);
/* Damage that we saw ourselves: latches and returns DK_EIO. */
int sq_damaged(struct sq *s);
/* The same of one row's contents; while a check is on it is only DK_EJSON. */
int sq_odd(struct sq *s);
int sq_prepare(struct sq *s);
void sq_finalize(struct sq *s);
int sq_read_state(struct sq *s, struct store_info *info);

/* ---- the calls ---------------------------------------------------------- */

int sq_commit(struct store *st, const struct store_changes *ch);
int sq_checkpoint(struct store *st, bool whole);
/* After a commit: move the log when it is long enough. */
int sq_log_grew(struct sq *s);
/* The last commit found the disk full: what is in the log may be room. */
int sq_log_make_room(struct sq *s);
/* 1 if *r is the request `id`, 0 if there is none. */
int sq_find_request(struct sq *s, const struct dk_uuid *id,
                    struct store_request *r);
int sq_find_requests(struct store *st, const struct dk_uuid *ids, size_t n,
                     struct store_request *out, bool *found);
int sq_load_cases(struct store *st, const int64_t *keys, size_t n,
                  struct dk_case **out);
int sq_events(struct store *st, int64_t from_seq, int64_t limit,
              store_event_fn fn, void *arg);
int sq_case_events(struct store *st, int64_t key, uint32_t from_n,
                   int64_t limit, store_event_fn fn, void *arg);
int sq_due_clocks(struct store *st, dk_ms now, int64_t limit, store_due_fn fn,
                  void *arg);
int sq_next_due(struct store *st, dk_ms *out);
int sq_tasks(struct store *st, enum dk_service service, int64_t after,
             int64_t limit, store_task_fn fn, void *arg);
int sq_task_get(struct store *st, int64_t id, struct store_task_info *out);
int sq_task_list(struct store *st, bool dead, int64_t after, int64_t limit,
                 store_task_info_fn fn, void *arg);
int sq_task_count(struct store *st, enum dk_service service, bool dead,
                  int64_t limit, int64_t *out);
int sq_list_cases(struct store *st, const struct store_case_filter *f,
                  int64_t limit, store_case_fn fn, void *arg);
int sq_list_alerts(struct store *st, const struct store_alert_filter *f,
                   int64_t limit, store_alert_fn fn, void *arg);
int sq_put_beside(struct sq *s, const struct store_case_put *k);
int sq_beside_rows(struct store *st, int64_t key, row_beside_fn fn, void *arg);
int sq_put_office(struct sq *s, const struct store_changes *ch);
int sq_list_office(struct store *st, bool open, int64_t before, int64_t limit,
                   store_office_fn fn, void *arg);
int sq_list_days(struct store *st, int32_t after, int64_t limit,
                 store_day_fn fn, void *arg);
int sq_put_ckpt(struct sq *s, const struct store_changes *ch);
int sq_list_ckpt(struct store *st, int64_t after, int64_t limit,
                 store_ckpt_fn fn, void *arg);
int sq_ckpt_newest(struct store *st, store_ckpt_fn fn, void *arg);
int sq_ckpt_covering(struct store *st, int64_t seq, store_ckpt_fn fn,
                     void *arg);
int sq_put_tally(struct sq *s, const struct store_changes *ch,
                 struct store_totals *t);
int sq_tally(struct store *st, const struct store_tally_filter *f,
             int64_t limit, store_tally_fn fn, void *arg);
int sq_recount_tally(struct sq *s, uint64_t *out);
int sq_next_unassigned(struct store *st, enum dk_state state, int64_t after,
                       int64_t limit, int64_t *key, int64_t *last);
int sq_list_clocks(struct store *st, const struct store_clock_filter *f,
                   int64_t limit, store_clock_fn fn, void *arg);
int sq_put_persons(struct sq *s, const struct store_changes *ch);
int sq_person_get(struct store *st, int64_t key, struct store_person *out);
int sq_persons(struct store *st, int64_t seal, int64_t after, int64_t limit,
               store_person_fn fn, void *arg);
int sq_next_seal(struct store *st, int64_t after, int64_t *seal);
int sq_seal_rows(struct store *st, int64_t seal, int64_t limit, int64_t *rows);
int sq_loads(struct store *st, store_load_fn fn, void *arg);
int sq_day_seq(struct store *st, int32_t day, int32_t *seq);
int sq_totals(struct store *st, struct store_totals *out);
int sq_list_keys(struct store *st, int64_t after, int64_t limit,
                 store_key_fn fn, void *arg);
/* The index that does not find a row of the case: *index, else NULL. */
int sq_lost_row(struct store *st, int64_t key, char *index, size_t cap);
int sq_case_row(struct store *st, int64_t key, row_case_fn fn, void *arg);
int sq_clock_rows(struct store *st, int64_t key, row_clock_fn fn, void *arg);
int sq_alert_rows(struct store *st, int64_t key, row_alert_fn fn, void *arg);
int sq_recount(struct store *st, struct store_totals *out);
int sq_backup_begin(struct store *st, const char *path, struct dk_problem *p);
int sq_backup_step(struct store *st, int pages, struct store_backup *b,
                   struct dk_problem *p);
void sq_backup_end(struct store *st);
/* store_sqlite_restore.c: an SQLite result code */
/* All of a backup, before it is used: SQLITE_OK, and *got is "ok" or what is
 * wrong with it.
 */
int sq_restore_check(sqlite3 *db, const struct store_options *opt, char *got,
                     size_t cap);
int sq_restore(sqlite3 *db, const struct store_options *opt,
               const uint8_t broker[16]);

#endif /* DK_STORE_SQLITE_H */
