/* store_sqlite.c - opening a store: nothing is served from a file that was not
 * locked, recognised, checked, synced and brought to this schema first.
 *
 * Order (docs/adr/0001, 0002): lock; make the file if it is not there; sync
 * file, log and folder; open with the pragmas read back; refuse what is not
 * ours; move the log into the file; migrate; check the structure; epoch.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "migrate.h"
#include "store_moved.h"
#include "store_sqlite.h"

static const struct store_ops ops;

/* ---- connection --------------------------------------------------------- */

int sq_ask(sqlite3 *db, const char *sql, char *out, size_t cap)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);

    *out = '\0';
    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        const char *got = (const char *)sqlite3_column_text(q, 0);
        (void)snprintf(out, cap, "%s", got != NULL ? got : "");
    }
    int end = sqlite3_finalize(q);
    if (rc == SQLITE_DONE)
        return SQLITE_CORRUPT; /* there must be a row */
    return rc == SQLITE_ROW ? end : rc;
}

static int ask_int(sqlite3 *db, const char *sql, int *out)
{
    char text[24];
    int rc = sq_ask(db, sql, text, sizeof text);

    *out = rc == SQLITE_OK ? (int)strtol(text, NULL, 10) : 0;
    return rc;
}

static void set_limits(sqlite3 *db)
{
    static const int limits[][2] = {
        {SQLITE_LIMIT_LENGTH, STORE_TEXT_MAX + 4096},
        {SQLITE_LIMIT_SQL_LENGTH, 8192},
        {SQLITE_LIMIT_COLUMN, 32},
        {SQLITE_LIMIT_EXPR_DEPTH, 32},
        {SQLITE_LIMIT_COMPOUND_SELECT, DK_S_N + 2}, /* and case_beside */
        {SQLITE_LIMIT_VDBE_OP, 25000},
        {SQLITE_LIMIT_FUNCTION_ARG, 8},
        {SQLITE_LIMIT_ATTACHED, 0},
        {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 64},
        {SQLITE_LIMIT_VARIABLE_NUMBER, 32},
        {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
        {SQLITE_LIMIT_WORKER_THREADS, 0},
    };

    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        (void)sqlite3_limit(db, limits[i][0], limits[i][1]);
}

/* EXCLUSIVE is the first of all, before anything is read: then there is no
 * shared memory file, and no second connection can ever be made to this
 * database (SQLite's WAL-reset bug needs two, docs/adr/0001).
 */
static int harden(sqlite3 *db)
{
    int rc = sqlite3_extended_result_codes(db, 1);

    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(db, 0);
    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db,
                          "PRAGMA locking_mode = EXCLUSIVE;"
                          "PRAGMA cell_size_check = ON;"
                          "PRAGMA mmap_size = 0;"
                          "PRAGMA foreign_keys = ON;"
                          "PRAGMA temp_store = MEMORY;"
                          "PRAGMA secure_delete = ON;"
                          "PRAGMA cache_size = -16384;"
                          "PRAGMA synchronous = FULL;",
                          NULL, NULL, NULL);
    set_limits(db);
    return rc;
}

static int on_log(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct sq *s = arg;

    (void)db;
    (void)name;
    s->wal_pages = pages;
    return SQLITE_OK;
}

static int say_code(const struct sq *s, int code, const char *why,
                    struct dk_problem *p)
{
    char en[192];

    if (code == DK_ENOMEM)
        return dk_fail(p, code, NULL, NULL, NULL);
    if (code == DK_EFULL)
        return sq_refuse(p, code, s->file.db, 0,
                         "there is no space left on the disk. Make room and "
                         "start again",
                         "磁盘空间不足。请清理后重新启动");
    (void)snprintf(en, sizeof en,
                   "the store failed or is damaged (%s). Do not delete it; "
                   "see docs/STORE.md, \"Damage\"",
                   why);
    return sq_refuse(p, DK_EIO, s->file.db, 0, en,
                     "数据库故障或已损坏。请勿删除；参见 docs/STORE.md"
                     "“Damage”一节");
}

static int say_sqlite(struct sq *s, int rc, struct dk_problem *p)
{
    char why[96];

    if ((rc & 0xff) == SQLITE_BUSY)
        return sq_refuse(p, DK_EBUSY, s->file.db, 0,
                         "another program has this file open. Close it first",
                         "其他程序正打开此文件。请先将其关闭");
    if ((rc & 0xff) == SQLITE_NOTADB && s->file.odd)
        return sq_not_ours(&s->file, p);
    (void)snprintf(why, sizeof why, "%s, SQLite code %d", sqlite3_errstr(rc),
                   rc);
    return say_code(s, sq_code(s, rc), why, p);
}

/* A pragma that "succeeds" may still have been refused: read it back. */
static int insist(struct sq *s, const char *sql, const char *want,
                  struct dk_problem *p)
{
    char got[24];
    int rc = sq_ask(s->db, sql, got, sizeof got);

    if (rc != SQLITE_OK)
        return say_sqlite(s, rc, p);
    if (strcmp(got, want) == 0)
        return 0;
    return sq_refuse(p, DK_EIO, s->file.db, 0,
                     "the file system does not allow a store that is safe "
                     "(write-ahead log, full sync, exclusive lock). Put the "
                     "data folder on a local disk",
                     "文件系统不支持安全存储（预写日志、完全同步、独占锁）。"
                     "请把数据文件夹放在本地磁盘上");
}

/* Nobody asks how much memory SQLite has; to count it takes a lock for each
 * piece.  Refused once SQLite is in use, and as good then.
 */
static void dont_count_memory(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static int connect_file(struct sq *s, struct dk_problem *p)
{
    int rc =
        sqlite3_open_v2(s->file.db, &s->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, sq_vfs());
    if (rc == SQLITE_OK && s->file.had_log)
        /* Until we know that it is ours, closing must not touch the log. */
        rc =
            sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (rc == SQLITE_OK)
        rc = harden(s->db);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(s->db, "SELECT count(*) FROM sqlite_schema;", NULL,
                          NULL, NULL);
    if (rc != SQLITE_OK)
        return say_sqlite(s, rc, p);
    int code = insist(s, "PRAGMA locking_mode", "exclusive", p);
    if (code == 0)
        code = insist(s, "PRAGMA journal_mode = WAL", "wal", p);
    if (code == 0)
        code = insist(s, "PRAGMA synchronous", "2", p);
    if (code == 0)
        code = insist(s, "PRAGMA secure_delete", "1", p);
    (void)sqlite3_wal_autocheckpoint(s->db, 0); /* store_sqlite_write.c */
    (void)sqlite3_wal_hook(s->db, on_log, s);
    return code;
}

/* ---- a new store -------------------------------------------------------- */

/* Make the whole store under another name first, so that a crash or a full
 * disk never leaves half a store under the real one.
 */
static int make_store(struct sq *s, const struct store_options *opt,
                      const uint8_t random[48], struct dk_problem *p)
{
    sq_file_discard_fresh(&s->file);
    int rc = sqlite3_open_v2(
        s->file.fresh, &s->db,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = harden(s->db);
    if (rc == SQLITE_OK)
        rc = migrate_run(s->db, 0, opt);
    if (rc == SQLITE_OK)
        rc = migrate_fill_meta(s->db, opt, random);
    int code = rc != SQLITE_OK ? say_sqlite(s, rc, p) : 0;
    (void)sqlite3_close(s->db);
    s->db = NULL;
    if (code == 0)
        code = sq_file_adopt(&s->file, p);
    if (code != 0)
        sq_file_discard_fresh(&s->file);
    return code;
}

/* ---- checks ------------------------------------------------------------- */

static int check_schema(struct sq *s, int *version, struct dk_problem *p)
{
    int app = 0, v = 0;
    int rc = ask_int(s->db, "PRAGMA application_id", &app);

    if (rc == SQLITE_OK)
        rc = ask_int(s->db, "PRAGMA user_version", &v);
    if (rc != SQLITE_OK)
        return say_sqlite(s, rc, p);
    if (app == MIGRATE_MOVED_ID)
        return moved_refuse(s->db, &s->file, p);
    s->restored = app == MIGRATE_BACKUP_ID;
    if ((app != MIGRATE_APPLICATION_ID && !s->restored) || v < 1)
        return sq_not_ours(&s->file, p);
    if (v > migrate_latest())
        return dk_failf(p, DK_EVERSION, NULL,
                        "%s has schema %d, newer than the %d of this program. "
                        "Start the newer docketd again, or restore a backup "
                        "from before the upgrade.",
                        "%s 的数据结构版本为 %d，高于本程序的 %d。请改用新版 "
                        "docketd，或恢复升级前的备份。",
                        s->file.db, v, migrate_latest());
    *version = v;
    return 0;
}

static int check_options(struct sq *s, const struct store_options *opt,
                         struct dk_problem *p)
{
    int county = 0, test = 0;
    int rc = ask_int(s->db, "SELECT county FROM meta", &county);

    if (rc == SQLITE_OK)
        rc = ask_int(s->db, "SELECT test_clock FROM meta", &test);
    if (rc != SQLITE_OK)
        return say_sqlite(s, rc, p);
    if (county != opt->county)
        return dk_failf(p, DK_EFORBIDDEN, NULL,
                        "%s belongs to county %06d, not to %06d. Correct the "
                        "county in the configuration, or name another file.",
                        "%s 属于区划代码 %06d，而不是 %06d。请更正配置中的区划"
                        "代码，或指定其他文件。",
                        s->file.db, county, (int)opt->county);
    if ((test != 0) != opt->test_clock)
        return sq_refuse(p, DK_EFORBIDDEN, s->file.db, 0,
                         test != 0
                             ? "this store was made with a test clock and can "
                               "never be used for real time"
                             : "this store was run on real time and can never "
                               "be used with a test clock",
                         test != 0 ? "此数据库以测试时钟建立，不能用于真实时间"
                                   : "此数据库曾以真实时间运行，不能使用测试"
                                     "时钟");
    return 0;
}

/* The findings of a check are rows, not a result code. */
static int quick_check(struct sq *s, const char *sql, struct dk_problem *p)
{
    char got[96];
    int rc = sq_ask(s->db, sql, got, sizeof got);

    if (rc != SQLITE_OK)
        return say_sqlite(s, rc, p);
    return strcmp(got, "ok") == 0 ? 0 : say_code(s, DK_EIO, got, p);
}

/* Read the state that is kept, and hold it against what it must agree with.
 * All of it is a few pages, whatever the number of cases; `docketctl verify`
 * reads everything.
 */
static int read_state(struct sq *s, struct store_info *info,
                      struct dk_problem *p)
{
    int rc = sq_read_state(s, info);

    if (rc != 0)
        return say_code(s, rc, "its state cannot be read", p);
    if (s->tot.events != s->last_seq)
        return say_code(s, DK_EIO, "its totals do not fit its events", p);
    return 0;
}

static int raise_epoch(struct sq *s, struct store_info *info,
                       struct dk_problem *p)
{
    struct sq_use u = sq_use(s, SQ_EPOCH_UP);
    int rc = sq_run(&u);

    if (rc != 0)
        return say_code(s, rc, "the epoch could not be written", p);
    info->epoch++;
    return 0;
}

/* ---- open and close ----------------------------------------------------- */

static void shut(struct sq *s, bool failed)
{
    sq_backup_end(&s->base);
    sq_finalize(s);
    /* BUSY would mean a statement of ours still open: nothing to be done. */
    (void)sqlite3_close(s->db);
    sq_file_release(&s->file, failed);
    free(s);
}

static void sq_close(struct store *st)
{
    shut((struct sq *)st, false);
}

static int say_backup(const struct sq *s, const char *found,
                      struct dk_problem *p)
{
    char en[300];

    (void)snprintf(en, sizeof en,
                   "the backup is damaged (%s) and is not used. Put another "
                   "copy of it, or another backup, in its place, or take what "
                   "it holds: docketctl recover",
                   found);
    return sq_refuse(p, DK_EIO, s->file.db, 0, en,
                     "备份已损坏，未予使用。请换用该备份的其他副本或"
                     "其他备份，或取出其中完好的内容：docketctl recover");
}

/* From a file known to be ours to one that may be served. */
static int make_ready(struct sq *s, int version,
                      const struct store_options *opt, const uint8_t random[48],
                      struct store_info *info, struct dk_problem *p)
{
    int rc =
        sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_wal_checkpoint_v2(s->db, "main",
                                       SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (rc == SQLITE_OK && s->restored) {
        char got[96];
        rc = sq_restore_check(s->db, opt, got, sizeof got);
        if (rc == SQLITE_OK && strcmp(got, "ok") != 0)
            return say_backup(s, got, p);
        if (rc == SQLITE_OK)
            rc = sq_restore(s->db, opt, random);
    }
    if (rc == SQLITE_OK)
        rc = migrate_run(s->db, version, opt);
    if (rc == SQLITE_OK && version < migrate_latest())
        /* What was plain in an older schema is not to stay in the log. */
        rc = sqlite3_wal_checkpoint_v2(s->db, "main",
                                       SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sq_prepare(s);
    if (rc != SQLITE_OK)
        return say_sqlite(s, rc, p);

    int code = quick_check(s, "PRAGMA quick_check('meta')", p);
    if (code == 0)
        code = quick_check(s, "PRAGMA quick_check('total')", p);
    if (code == 0)
        code = read_state(s, info, p);
    if (code == 0)
        code = raise_epoch(s, info, p);
    return code;
}

int store_sqlite_open(const char *path, const struct store_options *opt,
                      const uint8_t random[48], struct store **out,
                      struct store_info *info, struct dk_problem *p)
{
    bool exists = false;
    int version = 0;
    struct sq *s = calloc(1, sizeof *s);

    if (s == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    s->base.ops = &ops;
    dont_count_memory();
    int rc = sq_file_claim(&s->file, path, opt->create, &exists, p);
    if (rc == 0 && !exists)
        rc = make_store(s, opt, random, p);
    if (rc == 0)
        rc = sq_file_sync(&s->file, p);
    if (rc == 0)
        rc = sq_wal_check(&s->file, p);
    if (rc == 0)
        rc = connect_file(s, p);
    if (rc == 0)
        rc = check_schema(s, &version, p);
    if (rc == 0)
        rc = check_options(s, opt, p);
    if (rc == 0)
        rc = make_ready(s, version, opt, random, info, p);
    if (rc != 0) {
        shut(s, true);
        return rc;
    }
    info->restored = s->restored;
    *out = &s->base;
    return 0;
}

static const struct store_ops ops = {
    .close = sq_close,
    .commit = sq_commit,
    .find_requests = sq_find_requests,
    .load_cases = sq_load_cases,
    .events = sq_events,
    .case_events = sq_case_events,
    .due_clocks = sq_due_clocks,
    .next_due = sq_next_due,
    .tasks = sq_tasks,
    .task_get = sq_task_get,
    .task_list = sq_task_list,
    .task_count = sq_task_count,
    .list_cases = sq_list_cases,
    .list_alerts = sq_list_alerts,
    .list_office = sq_list_office,
    .next_unassigned = sq_next_unassigned,
    .list_clocks = sq_list_clocks,
    .person_get = sq_person_get,
    .persons = sq_persons,
    .next_seal = sq_next_seal,
    .seal_rows = sq_seal_rows,
    .loads = sq_loads,
    .day_seq = sq_day_seq,
    .list_days = sq_list_days,
    .list_ckpt = sq_list_ckpt,
    .ckpt_newest = sq_ckpt_newest,
    .ckpt_covering = sq_ckpt_covering,
    .tally = sq_tally,
    .totals = sq_totals,
    .list_keys = sq_list_keys,
    .case_row = sq_case_row,
    .clock_rows = sq_clock_rows,
    .alert_rows = sq_alert_rows,
    .beside_rows = sq_beside_rows,
    .lost_row = sq_lost_row,
    .recount = sq_recount,
    .checkpoint = sq_checkpoint,
    .backup_begin = sq_backup_begin,
    .backup_step = sq_backup_step,
    .backup_end = sq_backup_end,
};
