/* store_sqlite_moved.c - a store that is moved, or was: its mark.
 *
 * `application_id` says that it was moved, so that also a docketd that knows
 * nothing of moves refuses it; the table `moved` says where to.
 */
#include <stdio.h>
#include <string.h>

#include "migrate.h"
#include "store_moved.h"

#define PLACE_MAX 200

int moved_say(const struct moved *m, int rc, struct dk_problem *p)
{
    char en[160], zh[160];

    if ((rc & 0xff) == SQLITE_NOMEM)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    if ((rc & 0xff) == SQLITE_FULL)
        return sq_refuse(p, DK_EFULL, m->file.db, 0, "no space is left",
                         "磁盘空间不足");
    if ((rc & 0xff) == SQLITE_BUSY)
        return sq_refuse(p, DK_EBUSY, m->file.db, 0,
                         "another program has this file open. Close it first",
                         "其他程序正打开此文件。请先将其关闭");
    (void)snprintf(en, sizeof en,
                   "it cannot be read or written (%s, SQLite code %d). See "
                   "docs/STORE.md, \"Damage\"",
                   sqlite3_errstr(rc), rc);
    (void)snprintf(zh, sizeof zh,
                   "无法读写（SQLite 代码 %d）。参见 docs/STORE.md “Damage”"
                   "一节",
                   rc);
    return sq_refuse(p, DK_EIO, m->file.db, 0, en, zh);
}

static int text_of(sqlite3 *db, const char *sql, char *out, size_t size)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);

    out[0] = '\0';
    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        const unsigned char *t = sqlite3_column_text(q, 0);

        (void)snprintf(out, size, "%s", t != NULL ? (const char *)t : "");
        rc = SQLITE_OK;
    }
    (void)sqlite3_finalize(q);
    return rc;
}

static int int_of(sqlite3 *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        *out = sqlite3_column_int64(q, 0);
        rc = SQLITE_OK;
    }
    (void)sqlite3_finalize(q);
    return rc;
}

int moved_refuse(sqlite3 *db, const struct sq_file *f, struct dk_problem *p)
{
    char place[PLACE_MAX], at[32];

    (void)text_of(db, "SELECT place FROM moved", place, sizeof place);
    (void)text_of(db, "SELECT at FROM moved", at, sizeof at);
    return dk_failf(p, DK_EVERSION, NULL,
                    "the cases of %s were moved to postgres:%s (%s UTC) and "
                    "are served from there. Write that in `store`",
                    "%s 中的案件已迁移到 postgres:%s（%s UTC），由该库提供"
                    "服务。请在 store 中填写该库",
                    f->db, place, at);
}

/* ---- opening ------------------------------------------------------------ */

static int see_kind(struct moved *m, struct dk_problem *p)
{
    int64_t app = 0, version = 0;
    int rc = int_of(m->db, "PRAGMA application_id", &app);

    if (rc == SQLITE_OK)
        rc = int_of(m->db, "PRAGMA user_version", &version);
    if (rc != SQLITE_OK)
        return moved_say(m, rc, p);
    m->marked = app == MIGRATE_MOVED_ID;
    if (app == MIGRATE_BACKUP_ID ||
        (app == MIGRATE_APPLICATION_ID && version < migrate_latest()))
        return sq_refuse(p, DK_EVERSION, m->file.db, 0,
                         "this is a backup, or of an older docket. Start this "
                         "docketd on it once, stop it, and move it then",
                         "这是备份，或由旧版 docket 建立。请先用本版 docketd "
                         "启动一次并停止，然后再迁移");
    if ((app != MIGRATE_APPLICATION_ID && !m->marked) ||
        version != migrate_latest())
        return sq_not_ours(&m->file, p);
    return 0;
}

static int see_self(struct moved *m, struct dk_problem *p)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(m->db, "SELECT broker, epoch, county FROM meta",
                                -1, &q, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    if (rc == SQLITE_ROW && sqlite3_column_bytes(q, 0) == 16) {
        memcpy(m->broker, sqlite3_column_blob(q, 0), 16);
        m->epoch = sqlite3_column_int64(q, 1);
        m->county = sqlite3_column_int(q, 2);
        rc = SQLITE_OK;
    } else if (rc == SQLITE_ROW || rc == SQLITE_DONE) {
        rc = SQLITE_CORRUPT;
    }
    (void)sqlite3_finalize(q);
    return rc == SQLITE_OK ? 0 : moved_say(m, rc, p);
}

static int connect_old(struct moved *m, struct dk_problem *p)
{
    static const char settings[] =
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cell_size_check = ON;"
        "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;"
        "PRAGMA cache_size = -32768; SELECT count(*) FROM sqlite_schema;";
    int rc = sqlite3_open_v2(m->file.db, &m->db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_extended_result_codes(m->db, 1);
    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(m->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(m->db, settings, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : moved_say(m, rc, p);
}

int moved_open(struct moved *m, const char *path, struct dk_problem *p)
{
    bool exists = false;

    *m = (struct moved){.file = {.lock_fd = -1}};
    int rc = sq_file_claim(&m->file, path, false, &exists, p);
    if (rc == 0)
        rc = sq_file_sync(&m->file, p);
    if (rc == 0)
        rc = sq_wal_check(&m->file, p);
    if (rc == 0)
        rc = connect_old(m, p);
    if (rc == 0)
        rc = see_kind(m, p);
    if (rc == 0)
        rc = see_self(m, p);
    return rc;
}

void moved_close(struct moved *m)
{
    (void)sqlite3_close(m->db);
    m->db = NULL;
    sq_file_release(&m->file, false);
}

/* ---- the mark ----------------------------------------------------------- */

static int put_place(sqlite3 *db, const char *place)
{
    sqlite3_stmt *q = NULL;
    int rc =
        sqlite3_prepare_v2(db,
                           "INSERT OR REPLACE INTO moved (one, place, at) "
                           "VALUES (1, ?, strftime('%Y-%m-%d %H:%M', 'now'))",
                           -1, &q, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(q, 1, place, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    int end = sqlite3_finalize(q);
    return rc == SQLITE_DONE ? end : rc;
}

/* Into the file at once, so that its header tells also without the log. */
static int set_kind(struct moved *m, int kind, const char *place,
                    struct dk_problem *p)
{
    char id[64];

    (void)snprintf(id, sizeof id, "PRAGMA application_id = %d", kind);
    int rc = sqlite3_exec(m->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc == SQLITE_OK && place != NULL)
        rc = sqlite3_exec(m->db,
                          "CREATE TABLE IF NOT EXISTS moved ("
                          "one INTEGER PRIMARY KEY, place TEXT NOT NULL, "
                          "at TEXT NOT NULL) STRICT",
                          NULL, NULL, NULL);
    if (rc == SQLITE_OK && place != NULL)
        rc = put_place(m->db, place);
    if (rc == SQLITE_OK && place == NULL)
        rc =
            sqlite3_exec(m->db, "DROP TABLE IF EXISTS moved", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(m->db, id, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(m->db, "COMMIT", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_wal_checkpoint_v2(m->db, "main",
                                       SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (rc != SQLITE_OK)
        return moved_say(m, rc, p);
    m->marked = place != NULL;
    return 0;
}

int moved_mark(struct moved *m, const char *place, struct dk_problem *p)
{
    return m->marked ? 0 : set_kind(m, MIGRATE_MOVED_ID, place, p);
}

int moved_unmark(struct moved *m, struct dk_problem *p)
{
    return m->marked ? set_kind(m, MIGRATE_APPLICATION_ID, NULL, p) : 0;
}
