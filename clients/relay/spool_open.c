/* The spool's file: opened, checked, and never half open. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spool_int.h"

#define APPLICATION_ID 0x444b524c /* "DKRL" */
#define SCHEMA_VERSION 1
#define PROOF          "docket-relay"

static const char schema[] =
    "CREATE TABLE place(" /* how far each side's stream was read */
    " side INTEGER PRIMARY KEY, broker TEXT NOT NULL, next INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TABLE proof(sealed BLOB NOT NULL) STRICT;" /* that the key fits */
    "CREATE TABLE item("
    " id INTEGER PRIMARY KEY," /* the order of coming */
    " case_no TEXT NOT NULL UNIQUE,"
    " there TEXT UNIQUE,"
    " submission TEXT NOT NULL UNIQUE,"
    " came_n INTEGER NOT NULL, came_at INTEGER NOT NULL,"
    " state INTEGER NOT NULL," /* enum item_state */
    " sealed BLOB,"            /* only while it is READY or REFUSED */
    " problem TEXT"
    ") STRICT;"
    "CREATE INDEX item_state ON item(state, id);"
    "CREATE TABLE act("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " side INTEGER NOT NULL,"
    " case_no TEXT NOT NULL,"
    " command TEXT NOT NULL UNIQUE,"
    " form INTEGER NOT NULL,"
    " sealed BLOB NOT NULL,"
    " problem TEXT" /* null: it waits */
    ") STRICT;"
    "CREATE INDEX act_waits ON act(side, id) WHERE problem IS NULL;";

int spool_trouble(sqlite3 *db, int rc, struct dk_problem *p)
{
    const char *text = db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
    int code = DK_EBUG;

    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return dk_fail(p, DK_EBUSY, NULL,
                       "another docket-relay has this spool open; one at a "
                       "time",
                       "另一个 docket-relay 正在使用该暂存文件");
    case SQLITE_FULL:
        code = DK_EFULL;
        break;
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
        code = DK_EIO;
        break;
    case SQLITE_NOTADB:
        return dk_fail(p, DK_EVERSION, NULL,
                       "the file is no spool of docket-relay; name another",
                       "该文件不是 docket-relay 的暂存文件；请换一个文件");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
        code = DK_EFORBIDDEN;
        break;
    case SQLITE_NOMEM:
        code = DK_ENOMEM;
        break;
    default:
        break;
    }
    return dk_failf(p, code, NULL, "the spool: %s (SQLite %d)",
                    "暂存文件出错：%s（SQLite %d）", text, rc);
}

static int bind(sqlite3_stmt *st, const char *kinds, va_list ap)
{
    int rc = SQLITE_OK;

    for (int i = 1; *kinds != '\0' && rc == SQLITE_OK; i++, kinds++) {
        if (*kinds == 't') {
            rc = sqlite3_bind_text(st, i, va_arg(ap, const char *), -1,
                                   SQLITE_TRANSIENT);
        } else if (*kinds == 'i') {
            rc = sqlite3_bind_int64(st, i, va_arg(ap, int64_t));
        } else {
            const void *v = va_arg(ap, const void *);

            rc = sqlite3_bind_blob64(st, i, v, va_arg(ap, size_t),
                                     SQLITE_TRANSIENT);
        }
    }
    return rc;
}

int spool_run(struct spool *s, sqlite3_stmt **row, struct dk_problem *p,
              const char *sql, const char *kinds, ...)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);
    va_list ap;

    if (row != NULL)
        *row = NULL;
    va_start(ap, kinds);
    if (rc == SQLITE_OK)
        rc = bind(st, kinds, ap);
    va_end(ap);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    if (rc == SQLITE_ROW && row != NULL) {
        *row = st;
        return 0;
    }
    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        rc = spool_trouble(s->db, rc, p);
    else
        rc = 0;
    sqlite3_finalize(st);
    return rc;
}

void spool_text(sqlite3_stmt *st, int column, char *out, size_t cap)
{
    const unsigned char *t = sqlite3_column_text(st, column);

    snprintf(out, cap, "%s", t != NULL ? (const char *)t : "");
}

/* The number that a pragma or a count gives; -1: none. */
static int64_t number(struct spool *s, const char *sql)
{
    sqlite3_stmt *row = NULL;
    int64_t n = -1;

    if (spool_run(s, &row, NULL, sql, "") == 0 && row != NULL)
        n = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    return n;
}

/* A pragma that did not take says so only when it is read back. */
static int set(struct spool *s, const char *pragma, const char *want,
               struct dk_problem *p)
{
    sqlite3_stmt *row = NULL;
    char got[64] = "";
    int rc = spool_run(s, &row, p, pragma, "");

    if (rc == 0 && row != NULL)
        spool_text(row, 0, got, sizeof(got));
    sqlite3_finalize(row);
    if (rc != 0 || strcmp(got, want) == 0)
        return rc;
    return dk_failf(p, DK_EIO, NULL,
                    "the spool is not whole, or cannot be kept safely here: "
                    "%.60s gave \"%.60s\"",
                    "暂存文件不完整，或在此处无法安全保存：%.60s 返回“%.60s”",
                    pragma, got);
}

/* The key that sealed what is in there?  A new spool is made for this one. */
static int prove(struct spool *s, struct dk_problem *p)
{
    unsigned char sealed[sizeof(PROOF) - 1 + SEAL_EXTRA];
    char text[sizeof(PROOF)] = "";
    sqlite3_stmt *row = NULL;
    int rc = spool_run(s, &row, p, "SELECT sealed FROM proof", "");

    if (rc != 0)
        return rc;
    if (row == NULL) {
        seal_shut(s->key, "proof", PROOF, sizeof(PROOF) - 1, sealed);
        return spool_run(s, NULL, p, "INSERT INTO proof VALUES(?1)", "b",
                         (const void *)sealed, sizeof(sealed));
    }
    if (sqlite3_column_bytes(row, 0) != (int)sizeof(sealed) ||
        seal_open(s->key, "proof", sqlite3_column_blob(row, 0), sizeof(sealed),
                  text) != 0)
        rc =
            dk_fail(p, DK_EFORBIDDEN, NULL,
                    "another key sealed this spool: bring back its key file, "
                    "or name a new spool (what the old one had not carried "
                    "yet is read again from the docket)",
                    "该暂存文件由另一密钥封存：请恢复原密钥文件，或换用新的暂存"
                    "文件（尚未送达的案件会重新读取）");
    sqlite3_finalize(row);
    return rc;
}

static int make_schema(struct spool *s, struct dk_problem *p)
{
    char sql[sizeof(schema) + 160];
    int rc;

    snprintf(sql, sizeof(sql),
             "BEGIN IMMEDIATE;%sPRAGMA application_id=%d;"
             "PRAGMA user_version=%d;COMMIT",
             schema, APPLICATION_ID, SCHEMA_VERSION);
    rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : spool_trouble(s->db, rc, p);
}

static int configure(struct spool *s, struct dk_problem *p)
{
    int rc = set(s, "PRAGMA locking_mode=EXCLUSIVE", "exclusive", p);
    int64_t app, version, tables;

    if (rc == 0)
        rc = set(s, "PRAGMA journal_mode=WAL", "wal", p);
    if (rc == 0)
        rc = spool_run(s, NULL, p, "PRAGMA synchronous=FULL", "");
    if (rc == 0)
        rc = set(s, "PRAGMA synchronous", "2", p);
    if (rc == 0)
        rc = set(s, "PRAGMA secure_delete=ON", "1", p);
    if (rc == 0)
        rc = set(s, "PRAGMA integrity_check(1)", "ok", p);
    if (rc != 0)
        return rc;
    app = number(s, "PRAGMA application_id");
    version = number(s, "PRAGMA user_version");
    tables = number(s, "SELECT count(*) FROM sqlite_schema");
    if (app == 0 && version == 0 && tables == 0)
        rc = make_schema(s, p);
    else if (app != APPLICATION_ID || version != SCHEMA_VERSION)
        rc = dk_fail(p, DK_EVERSION, NULL,
                     "the file is no spool of this docket-relay: name another, "
                     "or update the program",
                     "该文件不是本版本 docket-relay 的暂存文件：请换一个文件，"
                     "或升级程序");
    return rc == 0 ? prove(s, p) : rc;
}

/* What a process that was killed had written may be in memory only, and a sync
 * that failed tells so but once: sync before anything is believed.
 */
static int sync_file(const char *path, bool create, struct dk_problem *p)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
    const char *why;
    bool ok;

    if (fd >= 0) {
        ok = fsync(fd) == 0;
        ok = close(fd) == 0 && ok;
        if (ok)
            return 0;
    }
    why = strerrordesc_np(errno);
    return dk_failf(p,
                    errno == ENOENT   ? DK_ENOTFOUND
                    : errno == EACCES ? DK_EFORBIDDEN
                                      : DK_EIO,
                    NULL, "the spool %.200s: %s", "暂存文件 %.200s：%s", path,
                    why != NULL ? why : "?");
}

int spool_open(const char *path, bool create, const unsigned char key[SEAL_KEY],
               struct spool **out, struct dk_problem *p)
{
    struct spool *s;
    char wal[PATH_MAX];
    int rc = sync_file(path, create, p);

    *out = NULL;
    if (rc == 0 &&
        snprintf(wal, sizeof(wal), "%s-wal", path) < (int)sizeof(wal) &&
        access(wal, F_OK) == 0)
        rc = sync_file(wal, false, p);
    if (rc != 0)
        return rc;
    s = calloc(1, sizeof(*s));
    if (s == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    memcpy(s->key, key, SEAL_KEY);
    rc = sqlite3_open_v2(path, &s->db,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                             SQLITE_OPEN_EXRESCODE,
                         NULL);
    rc = rc == SQLITE_OK ? configure(s, p) : spool_trouble(s->db, rc, p);
    if (rc != 0)
        spool_close(s);
    else
        *out = s;
    return rc;
}

void spool_close(struct spool *s)
{
    if (s == NULL)
        return;
    sqlite3_close(s->db);
    sodium_memzero(s->key, sizeof(s->key));
    free(s);
}

int spool_begin(struct spool *s, struct dk_problem *p)
{
    return spool_run(s, NULL, p, "BEGIN IMMEDIATE", "");
}

int spool_commit(struct spool *s, struct dk_problem *p)
{
    return spool_run(s, NULL, p, "COMMIT", "");
}

void spool_undo(struct spool *s)
{
    if (!sqlite3_get_autocommit(s->db))
        (void)spool_run(s, NULL, NULL, "ROLLBACK", "");
}

int spool_tidy(struct spool *s, struct dk_problem *p)
{
    int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE,
                                       NULL, NULL);

    return rc == SQLITE_OK || (rc & 0xff) == SQLITE_FULL
               ? 0
               : spool_trouble(s->db, rc, p);
}
