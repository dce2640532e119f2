#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spool_int.h"

#define APPLICATION_ID 0x444b5350 /* "DKSP" */
#define SCHEMA_VERSION 3

static const char schema_1[] =
    "CREATE TABLE item("
    " id INTEGER PRIMARY KEY," /* the order of taking */
    " submission TEXT NOT NULL UNIQUE,"
    " state INTEGER NOT NULL," /* enum spool_state */
    " taken_at INTEGER NOT NULL,"
    " digest BLOB NOT NULL,"
    " body TEXT," /* NULL once the broker has it */
    " file TEXT,"
    " file_hash BLOB,"
    " settled_at INTEGER,"
    " case_no TEXT,"
    " code TEXT,"
    " problem TEXT"
    ") STRICT;"
    "CREATE UNIQUE INDEX item_file ON item(file, file_hash)"
    " WHERE file IS NOT NULL;"
    "CREATE INDEX item_state ON item(state, id);";

/* 1 from the answer until its line was printed. */
static const char schema_2[] =
    "ALTER TABLE item ADD COLUMN untold INTEGER;"
    "CREATE INDEX item_untold ON item(id) WHERE untold = 1;";

/* What the disk changed, as far as it can be read: for somebody to look at. */
static const char schema_3[] = "ALTER TABLE item ADD COLUMN sum BLOB;"
                               "UPDATE item SET sum = " SPOOL_SUM ";"
                               "CREATE TABLE aside("
                               " id INTEGER PRIMARY KEY,"
                               " submission TEXT NOT NULL,"
                               " taken_at INTEGER NOT NULL,"
                               " state INTEGER NOT NULL,"
                               " body TEXT,"
                               " case_no TEXT,"
                               " code TEXT,"
                               " told INTEGER" /* 1 once its line was printed */
                               ") STRICT;";

/* What the kernel has in memory of a file that a crashed process wrote may
 * not be on the disk, and a failed sync is reported only once: sync before
 * anything is believed.
 */
static int sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    int rc;

    if (fd < 0)
        return errno == ENOENT ? 0 : -1;
    rc = fsync(fd);
    close(fd);
    return rc;
}

static int sync_folder(const char *path)
{
    char dir[PATH_MAX];
    char *slash;

    if (snprintf(dir, sizeof(dir), "%s", path) >= (int)sizeof(dir))
        return -1;
    slash = strrchr(dir, '/');
    if (slash == NULL)
        return sync_path(".", O_RDONLY | O_DIRECTORY);
    slash[slash == dir ? 1 : 0] = '\0';
    return sync_path(dir, O_RDONLY | O_DIRECTORY);
}

static int no_file(const char *path, struct dk_problem *p)
{
    const char *why = strerrordesc_np(errno);

    if (errno == ENOENT)
        return dk_failf(p, DK_ENOTFOUND, NULL,
                        "there is no spool %.200s, or no folder for it",
                        "没有暂存文件 %.200s，或其目录不存在", path);
    if (errno == ENOSPC || errno == EDQUOT)
        return dk_failf(p, DK_EFULL, NULL, "no room on the disk for %.200s",
                        "磁盘已满，无法建立 %.200s", path);
    return dk_failf(p, errno == EIO ? DK_EIO : DK_EFORBIDDEN, NULL,
                    "the spool %.200s cannot be written: %s; check the "
                    "folder and its permissions",
                    "暂存文件 %.200s 无法写入：%s；请检查目录及权限", path,
                    why != NULL ? why : "?");
}

static int no_spool(struct dk_problem *p)
{
    return dk_fail(p, DK_EVERSION, NULL,
                   "the file is no spool of docket-kiosk; name another",
                   "该文件不是 docket-kiosk 的暂存文件；请换一个文件");
}

/* An empty file becomes a spool; one with a byte in it must be a database, for
 * SQLite takes a file of one byte for an empty one.  (A power cut while it was
 * being made leaves zeros, and a journal that takes them back.)
 */
static int check_kind(int fd, const char *path, struct dk_problem *p)
{
    static const char magic[16] = "SQLite format 3"; /* and its NUL */
    static const char zeros[16];
    char head[sizeof(magic)], journal[PATH_MAX];
    struct stat st;
    ssize_t n;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return no_spool(p);
    if (st.st_size == 0)
        return 0;
    n = pread(fd, head, sizeof(head), 0);
    if (n < 0)
        return dk_fail(p, DK_EIO, NULL, "the spool cannot be read",
                       "暂存文件无法读取");
    if (n == sizeof(head) && memcmp(head, magic, sizeof(head)) == 0)
        return 0;
    if (n == sizeof(head) && memcmp(head, zeros, sizeof(head)) == 0 &&
        snprintf(journal, sizeof(journal), "%s-journal", path) <
            (int)sizeof(journal) &&
        access(journal, F_OK) == 0)
        return 0;
    return no_spool(p);
}

/* Before SQLite opens the file: closing another descriptor of it later would
 * take away SQLite's locks.  Readable for its owner only.
 */
static int prepare_file(const char *path, bool create, struct dk_problem *p)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
    char wal[PATH_MAX];
    int rc;

    if (fd < 0)
        return no_file(path, p);
    rc = check_kind(fd, path, p);
    if (rc != 0) {
        close(fd);
        return rc;
    }
    rc = fsync(fd);
    close(fd);
    if (snprintf(wal, sizeof(wal), "%s-wal", path) >= (int)sizeof(wal) ||
        rc != 0 || sync_path(wal, O_RDWR) != 0 || sync_folder(path) != 0)
        return dk_failf(p, DK_EIO, NULL,
                        "the disk does not keep %.200s: a sync failed; "
                        "replace the disk before going on",
                        "磁盘无法保存 %.200s：同步失败；请先更换磁盘", path);
    return 0;
}

int spool_trouble(sqlite3 *db, int rc, const char *doing, struct dk_problem *p)
{
    const char *text = db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
    int code = DK_EBUG;

    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return dk_fail(p, DK_EBUSY, NULL,
                       "another docket-kiosk has this spool open; one at a "
                       "time",
                       "另一个 docket-kiosk 正在使用该暂存文件");
    case SQLITE_FULL:
        code = DK_EFULL;
        break;
    case SQLITE_IOERR: /* SQLite knows ENOSPC alone as a full disk */
    case SQLITE_CORRUPT:
        code = errno == EDQUOT && db != NULL &&
                       sqlite3_extended_errcode(db) == SQLITE_IOERR_WRITE
                   ? DK_EFULL
                   : DK_EIO;
        break;
    case SQLITE_NOTADB:
        return no_spool(p);
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
    return dk_failf(p, code, NULL, "%s the spool: %s (SQLite %d)",
                    "暂存文件出错（%s）：%s（SQLite %d）", doing, text, rc);
}

/* Run one statement and copy the first column of its first row as text. */
static int ask(sqlite3 *db, const char *sql, char *out, size_t cap)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

    out[0] = '\0';
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(st);
        if (rc == SQLITE_ROW) {
            const unsigned char *text = sqlite3_column_text(st, 0);

            snprintf(out, cap, "%s", text != NULL ? (const char *)text : "");
            rc = SQLITE_OK;
        } else if (rc == SQLITE_DONE) {
            rc = SQLITE_OK;
        }
    }
    sqlite3_finalize(st);
    return rc;
}

/* A pragma that does not take says so only when it is read back. */
static int set_and_read(sqlite3 *db, const char *set, const char *get,
                        const char *want, struct dk_problem *p)
{
    char got[64];
    int rc = ask(db, set, got, sizeof(got));

    if (rc == SQLITE_OK && get != NULL)
        rc = ask(db, get, got, sizeof(got));
    if (rc != SQLITE_OK)
        return spool_trouble(db, rc, "opening", p);
    if (strcmp(got, want) != 0)
        return dk_failf(p, DK_EIO, NULL,
                        "the spool cannot be kept safely here: %s gave \"%s\"",
                        "暂存文件在此处无法安全保存：%s 返回“%s”", set, got);
    return 0;
}

static int ask_int(sqlite3 *db, const char *sql, long *out,
                   struct dk_problem *p)
{
    char got[64];
    int rc = ask(db, sql, got, sizeof(got));

    if (rc != SQLITE_OK)
        return spool_trouble(db, rc, "reading", p);
    *out = strtol(got, NULL, 10);
    return 0;
}

/* Ours, empty, or a stranger's?  Nothing is written before that is known. */
static int identify(sqlite3 *db, long *from, struct dk_problem *p)
{
    long app = 0, version = 0, tables = 0;
    bool is_new;
    int rc = ask_int(db, "PRAGMA application_id", &app, p);

    if (rc == 0)
        rc = ask_int(db, "PRAGMA user_version", &version, p);
    if (rc == 0)
        rc = ask_int(db, "SELECT count(*) FROM sqlite_schema", &tables, p);
    if (rc != 0)
        return rc;
    is_new = app == 0 && version == 0 && tables == 0;
    *from = version;
    if (!is_new && app != APPLICATION_ID)
        return dk_fail(p, DK_EVERSION, NULL,
                       "the file is a database of something else; name "
                       "another file for the spool",
                       "该文件是其他程序的数据库；请为暂存另选文件");
    if (!is_new && version > SCHEMA_VERSION)
        return dk_failf(p, DK_EVERSION, NULL,
                        "a newer docket wrote this spool (version %ld, this "
                        "one knows %d); update docket-kiosk",
                        "该暂存文件由更新的版本写成（版本 %ld，本程序支持 "
                        "%d）；请升级 docket-kiosk",
                        version, SCHEMA_VERSION);
    return 0;
}

/* From schema `from` (0: nothing) to ours. */
static int make_schema(sqlite3 *db, long from, struct dk_problem *p)
{
    char sql[sizeof(schema_1) + sizeof(schema_2) + sizeof(schema_3) + 160];
    int rc;

    snprintf(sql, sizeof(sql),
             "BEGIN IMMEDIATE;%s%s%sPRAGMA application_id=%d;"
             "PRAGMA user_version=%d;COMMIT",
             from < 1 ? schema_1 : "", from < 2 ? schema_2 : "", schema_3,
             APPLICATION_ID, SCHEMA_VERSION);
    rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : spool_trouble(db, rc, "making", p);
}

/* Damage is told in rows, not by a failure. */
static int check_whole(sqlite3 *db, struct dk_problem *p)
{
    char got[128];
    /* Its quick cousin does not see an index that has lost a case. */
    int rc = ask(db, "PRAGMA integrity_check(1)", got, sizeof(got));

    if (rc != SQLITE_OK)
        return spool_trouble(db, rc, "checking", p);
    if (strcmp(got, "ok") != 0)
        return dk_failf(p, DK_EIO, NULL,
                        "the spool is damaged (%.100s); keep the file and "
                        "call support",
                        "暂存文件已损坏（%.100s）；请保留该文件并联系技术支持",
                        got);
    return 0;
}

static int configure(sqlite3 *db, struct dk_problem *p)
{
    long from = 0;
    int rc =
        set_and_read(db, "PRAGMA locking_mode=EXCLUSIVE", NULL, "exclusive", p);

    if (rc == 0)
        rc = identify(db, &from, p);
    if (rc == 0)
        rc = set_and_read(db, "PRAGMA journal_mode=WAL", NULL, "wal", p);
    if (rc == 0)
        rc = set_and_read(db, "PRAGMA synchronous=FULL", "PRAGMA synchronous",
                          "2", p);
    if (rc == 0)
        rc = set_and_read(db, "PRAGMA secure_delete=ON", NULL, "1", p);
    if (rc == 0)
        rc = set_and_read(db, "PRAGMA trusted_schema=OFF",
                          "PRAGMA trusted_schema", "0", p);
    if (rc == 0 && from > 0)
        rc = check_whole(db, p);
    if (rc == 0 && from < SCHEMA_VERSION)
        rc = make_schema(db, from, p);
    if (rc == 0)
        rc = spool_sum_check(db, p);
    /* Its row's first column is 1 when the log could not be emptied. */
    if (rc == 0)
        rc = set_and_read(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, "0", p);
    return rc;
}

int spool_open(const char *path, bool create, struct spool **out,
               struct dk_problem *p)
{
    struct spool *s = calloc(1, sizeof(*s));
    int rc;

    if (s == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    rc = prepare_file(path, create, p);
    if (rc != 0)
        goto fail;
    rc = sqlite3_open_v2(path, &s->db,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                             SQLITE_OPEN_EXRESCODE,
                         NULL);
    if (rc != SQLITE_OK) {
        rc = spool_trouble(s->db, rc, "opening", p);
        goto fail;
    }
    rc = spool_sum_define(s->db);
    if (rc != SQLITE_OK) {
        rc = spool_trouble(s->db, rc, "opening", p);
        goto fail;
    }
    /* Closing a stranger's database must not write its log into it. */
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    rc = configure(s->db, p);
    if (rc == 0)
        rc = spool_prepare(s, p);
    if (rc != 0)
        goto fail;
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    *out = s;
    return 0;

fail:
    spool_close(s);
    return rc;
}

int spool_move_log(struct spool *s, struct dk_problem *p)
{
    int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE,
                                       NULL, NULL);

    if (rc == SQLITE_OK || (rc & 0xff) == SQLITE_FULL)
        return 0;
    return spool_trouble(s->db, rc, "writing", p);
}

int spool_tidy(struct spool *s, struct dk_problem *p)
{
    int rc = spool_write_told(s);

    /* On a full disk it can wait: an answer told twice does no harm. */
    if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_FULL)
        return spool_trouble(s->db, rc, "writing", p);
    return set_and_read(s->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, "0", p);
}

void spool_close(struct spool *s)
{
    if (s == NULL)
        return;
    for (int i = 0; i < STMT_N; i++)
        sqlite3_finalize(s->stmt[i]);
    sqlite3_close(s->db);
    free(s);
}
