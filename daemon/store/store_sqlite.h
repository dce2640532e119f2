/* store_sqlite.h - the parts of the SQLite back end; private to its files:
 *
 *   store_sqlite.c       open, check, epoch, close
 *   store_sqlite_file.c  the files around the database: lock, syncs, header
 *   store_sqlite_use.c   one way to run a statement and to name an error
 *   store_sqlite_write.c store_commit()
 *   store_sqlite_read.c  reads by key, the stream, the queues
 *   store_sqlite_list.c  filtered lists, page by page
 */
#ifndef DK_STORE_SQLITE_H
#define DK_STORE_SQLITE_H

#include <sqlite3.h>

#include "store_impl.h"

/* ---- store_sqlite_file.c ------------------------------------------------ */

struct sq_file {
    const char *path; /* borrowed by sq_file_claim() only */
    int lock_fd;      /* -1: not held */
    char *db, *wal, *lock, *dir, *fresh; /* owned names */
    bool made_lock, made_db;
    bool had_wal; /* a log was there: the last stop was not a clean one */
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
int sq_errno_code(int err); /* DK_EFULL, DK_EIO, ... for an errno */

/* ---- store_sqlite_use.c ------------------------------------------------- */

#define SQ_EVENT_COLUMNS "seq, key, n, type, at, claimed, actor, hash, body"
#define SQ_TASK_COLUMNS  "id, service, key, n, attempts, dead, failed_at, reason"
#define SQ_ANY_TASK      " dead IN (0, 1) AND service IN (0, 1, 2) AND id = ?"
#define SQ_TASK_ARM(svc)                                                       \
    "SELECT " SQ_TASK_COLUMNS " FROM task WHERE dead = ?1 AND service = " svc  \
    " AND id > ?2"

/* X(NAME, SQL): prepared once, when the store is opened. */
#define SQ_STATEMENTS(X)                                                       \
    X(BEGIN, "BEGIN IMMEDIATE")                                                \
    X(COMMIT, "COMMIT")                                                        \
    X(ROLLBACK, "ROLLBACK")                                                    \
    X(REQUEST_PUT, "INSERT INTO request (id, hash, key, n, state, at, "        \
                   "submitted_at) VALUES (?, ?, ?, ?, ?, ?, ?)")               \
    X(EVENT_PUT, "INSERT INTO event (" SQ_EVENT_COLUMNS                        \
                 ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")                       \
    X(CASE_NEW, "INSERT INTO case_file (state, overdue, unit, handler, "       \
                "region, category, hash, doc, key) "                           \
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")                          \
    X(CASE_SAME, "UPDATE case_file SET hash = ?1, doc = ?2 WHERE key = ?3 "    \
                 "AND state = ?4 AND overdue = ?5 AND unit = ?6 "              \
                 "AND handler = ?7 AND region IS ?8 AND category IS ?9")       \
    X(CASE_PUT, "UPDATE case_file SET state = ?, overdue = ?, unit = ?, "      \
                "handler = ?, region = ?, category = ?, hash = ?, doc = ? "    \
                "WHERE key = ?")                                               \
    X(CLOCK_PUT, "INSERT INTO clock (key, id, unit, state, overdue, due_at, "  \
                 "fire_at) VALUES (?, ?, ?, ?, ?, ?, ?) "                      \
                 "ON CONFLICT (key, id) DO UPDATE SET unit = excluded.unit, "  \
                 "state = excluded.state, overdue = excluded.overdue, "        \
                 "due_at = excluded.due_at, fire_at = excluded.fire_at")       \
    X(CLOCK_DEL, "DELETE FROM clock WHERE key = ? AND id = ?")                 \
    X(TASK_NEW, "INSERT INTO task (dead, service, id, key, n, attempts) "      \
                "VALUES (0, ?, ?, ?, ?, ?)")                                   \
    X(TASK_DONE, "DELETE FROM task WHERE dead = 0 AND service IN (0, 1, 2) "   \
                 "AND id = ?")                                                 \
    X(TASK_DROP, "DELETE FROM task WHERE dead = 1 AND service IN (0, 1, 2) "   \
                 "AND id = ?")                                                 \
    X(TASK_FAIL, "UPDATE task SET dead = ?, attempts = ?, failed_at = ?, "     \
                 "reason = ? "                                                 \
                 "WHERE dead = 0 AND service IN (0, 1, 2) AND id = ?")         \
    X(TASK_RETRY, "UPDATE task SET dead = 0, attempts = 0 "                    \
                  "WHERE dead = 1 AND service IN (0, 1, 2) AND id = ?")        \
    X(ALERT_PUT, "INSERT INTO alert (key, n, raised_at, due_at, level, unit, " \
                 "clock, rung) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")               \
    X(ALERT_ACK, "UPDATE alert SET acked_at = ?, acked_by = ? "                \
                 "WHERE key = ? AND n = ? AND acked_at IS NULL")               \
    X(PERSON_PUT, "INSERT INTO person (key, salt, data) VALUES (?, ?, ?) "     \
                  "ON CONFLICT (key) DO UPDATE SET salt = excluded.salt, "     \
                  "data = excluded.data")                                      \
    X(LOAD_PUT, "INSERT INTO load (unit, handler, open) VALUES (?, ?, ?) "     \
                "ON CONFLICT (unit, handler) DO UPDATE SET "                   \
                "open = excluded.open")                                        \
    X(LOAD_DEL, "DELETE FROM load WHERE unit = ? AND handler = ?")             \
    X(DAY_PUT, "INSERT INTO day (day, seq) VALUES (?, ?) "                     \
               "ON CONFLICT (day) DO UPDATE SET seq = excluded.seq")           \
    X(NOW_PUT, "UPDATE meta SET test_now = ?")                                 \
    X(TOTAL_PUT, "UPDATE total SET cases = ?, events = ?, tasks_open = ?, "    \
                 "tasks_dead = ?, alerts_open = ?")                            \
    X(EPOCH_UP, "UPDATE meta SET epoch = epoch + 1")                           \
    X(REQUEST_GET, "SELECT hash, key, n, state, at, submitted_at "             \
                   "FROM request WHERE id = ?")                                \
    X(CASE_GET, "SELECT hash, doc FROM case_file WHERE key = ?")               \
    X(EVENTS, "SELECT " SQ_EVENT_COLUMNS " FROM event WHERE seq >= ? "         \
              "ORDER BY seq LIMIT ?")                                          \
    X(CASE_EVENTS, "SELECT " SQ_EVENT_COLUMNS " FROM event "                   \
                   "WHERE key = ? AND n >= ? ORDER BY n LIMIT ?")              \
    X(DUE, "SELECT key, fire_at, id FROM clock WHERE fire_at <= ? "            \
           "ORDER BY fire_at, key, id LIMIT ?")                                \
    X(NEXT_DUE, "SELECT fire_at FROM clock WHERE fire_at IS NOT NULL "         \
                "ORDER BY fire_at LIMIT 1")                                    \
    X(TASKS, "SELECT t.id, t.key, t.n, t.attempts, c.doc, e.seq, e.key, e.n, " \
             "e.type, e.at, e.claimed, e.actor, e.hash, e.body FROM task t "   \
             "LEFT JOIN case_file c ON c.key = t.key "                         \
             "LEFT JOIN event e ON e.key = t.key AND e.n = t.n "               \
             "WHERE t.dead = 0 AND t.service = ? AND t.id > ? "                \
             "ORDER BY t.id LIMIT ?")                                          \
    X(TASK_GET, "SELECT " SQ_TASK_COLUMNS " FROM task WHERE" SQ_ANY_TASK)      \
    X(TASK_LIST, SQ_TASK_ARM("0") " UNION ALL " SQ_TASK_ARM(                   \
                     "1") " UNION ALL " SQ_TASK_ARM("2") " ORDER BY 1 "        \
                                                         "LIMIT ?3")           \
    X(TASK_COUNT, "SELECT count(*) FROM (SELECT 1 FROM task "                  \
                  "WHERE dead = ? AND service = ? LIMIT ?)")                   \
    X(PERSON_GET, "SELECT salt, data FROM person WHERE key = ?")               \
    X(LOADS, "SELECT unit, handler, open FROM load ORDER BY unit, handler")    \
    X(DAY_GET, "SELECT seq FROM day WHERE day = ?")                            \
    X(TOTAL_GET, "SELECT cases, events, tasks_open, tasks_dead, alerts_open "  \
                 "FROM total")                                                 \
    X(META_GET, "SELECT test_now, epoch, broker, secret FROM meta")            \
    X(LAST_EVENT, "SELECT seq, at FROM event ORDER BY seq DESC LIMIT 1")

#define SQ_ENUM(name, sql) SQ_##name,
enum sq_stmt { SQ_STATEMENTS(SQ_ENUM) SQ_N };
#undef SQ_ENUM

struct sq {
    struct store base;
    struct sq_file file;
    sqlite3 *db;
    sqlite3_stmt *q[SQ_N];
    struct store_totals tot;
    int64_t last_seq;
    int wal_pages; /* in the log after the last commit */
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
void sq_when(struct sq_use *u, dk_ms t); /* DK_NEVER: NULL */
void sq_text(struct sq_use *u, const char *v); /* NULL: NULL */
void sq_textn(struct sq_use *u, const char *v, size_t n);
void sq_blob(struct sq_use *u, const void *v, size_t n);
int sq_step(struct sq_use *u); /* 1 a row, 0 done, or a negative code */
void sq_end(struct sq_use *u); /* on every path */
int sq_run(struct sq_use *u);  /* a step that must give no row, and the end */
int sq_changes(const struct sq_use *u); /* rows changed by the last sq_run() */

int64_t sq_col_int(const struct sq_use *u, int i);
dk_ms sq_col_when(const struct sq_use *u, int i); /* NULL: DK_NEVER */
const char *sq_col_text(const struct sq_use *u, int i); /* may be NULL */
size_t sq_col_len(const struct sq_use *u, int i);
/* Copies exactly n bytes; false if the column has another size. */
bool sq_col_bytes(const struct sq_use *u, int i, void *out, size_t n);

/* The code for an SQLite result.  Where it is DK_EIO the store is latched. */
int sq_code(struct sq *s, int rc);
/* Damage that we saw ourselves: latches and returns DK_EIO. */
int sq_damaged(struct sq *s);
int sq_prepare(struct sq *s);
void sq_finalize(struct sq *s);

/* ---- the calls ---------------------------------------------------------- */

int sq_commit(struct store *st, const struct store_changes *ch);
int sq_checkpoint(struct store *st, bool whole);
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
int sq_list_clocks(struct store *st, const struct store_clock_filter *f,
                   int64_t limit, store_clock_fn fn, void *arg);
int sq_person_get(struct store *st, int64_t key, uint8_t salt[16], void **data,
                  size_t *len);
int sq_loads(struct store *st, store_load_fn fn, void *arg);
int sq_day_seq(struct store *st, int32_t day, int32_t *seq);
int sq_totals(struct store *st, struct store_totals *out);

#endif /* DK_STORE_SQLITE_H */
