/* store_sqlite_backup.c - a copy of the store while it is in use.
 *
 * SQLite's own backup, by the one connection that there is: what is committed
 * between two steps is written into the copy as well, as far as the copy has
 * come.  A rolled-back commit makes it begin anew, which is only slower.
 *
 * The copy's header says that it is a backup, so that it is never run by
 * mistake beside the store that it was taken from: opening one gives it a name
 * and an epoch of its own (store_sqlite_restore.c).
 */
#include "store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "migrate.h"

#define CHECK_OPS 20000 /* of SQLite's machine between two looks at `stop` */

static int say_target(const struct sq *s, int rc, struct dk_problem *p)
{
    const char *path = s->backup_path;

    if ((rc & 0xff) == SQLITE_FULL ||
        (rc == SQLITE_IOERR_WRITE && errno == EDQUOT))
        return sq_refuse(p, DK_EFULL, path, 0,
                         "there is no room for the backup. Make room there, or "
                         "name a file on another disk",
                         "备份所在磁盘空间不足。请清理，或指定其他磁盘上的"
                         "文件");
    if ((rc & 0xff) == SQLITE_NOMEM || rc == SQLITE_IOERR_NOMEM)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    return dk_failf(p, DK_EIO, NULL,
                    "%s: the copy could not be made (%s, SQLite code %d). See "
                    "to the disk of the backup, then to the one of the "
                    "database (docketctl verify).",
                    "%s：无法复制（%s，SQLite 代码 %d）。请检查备份所在磁盘，"
                    "再检查数据库所在磁盘（docketctl verify）。",
                    path, sqlite3_errstr(rc), rc);
}

static int open_target(struct sq *s)
{
    int rc = sqlite3_open_v2(s->backup_path, &s->backup_db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_extended_result_codes(s->backup_db, 1);
    /* Half a copy is worth nothing: no journal, and the caller syncs. */
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(s->backup_db,
                          "PRAGMA locking_mode = EXCLUSIVE;"
                          "PRAGMA journal_mode = OFF;"
                          "PRAGMA synchronous = OFF;"
                          "PRAGMA cache_size = -1024;",
                          NULL, NULL, NULL);
    return rc;
}

int sq_backup_begin(struct store *st, const char *path, struct dk_problem *p)
{
    struct sq *s = (struct sq *)st;

    sq_backup_end(st);
    s->backup_path = strdup(path);
    if (s->backup_path == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    int rc = open_target(s);
    if (rc == SQLITE_OK) {
        s->backup = sqlite3_backup_init(s->backup_db, "main", s->db, "main");
        if (s->backup == NULL)
            rc = sqlite3_errcode(s->backup_db);
    }
    if (rc == SQLITE_OK)
        return 0;
    rc = say_target(s, rc, p);
    sq_backup_end(st);
    return rc;
}

int sq_backup_step(struct store *st, int pages, struct store_backup *b,
                   struct dk_problem *p)
{
    struct sq *s = (struct sq *)st;

    if (s->backup == NULL)
        return dk_fail(p, DK_EBUG, NULL, NULL, NULL);
    int rc = sqlite3_backup_step(s->backup, pages);
    b->total = sqlite3_backup_pagecount(s->backup);
    b->done = b->total - sqlite3_backup_remaining(s->backup);
    b->whole = rc == SQLITE_DONE;
    if (rc == SQLITE_OK)
        return 0;
    if (rc == SQLITE_DONE) {
        rc = sqlite3_backup_finish(s->backup);
        s->backup = NULL;
    }
    if (rc == SQLITE_OK)
        rc = sqlite3_close(s->backup_db);
    if (rc == SQLITE_OK)
        s->backup_db = NULL;
    int code = rc != SQLITE_OK ? say_target(s, rc, p) : 0;
    sq_backup_end(st);
    return code;
}

void sq_backup_end(struct store *st)
{
    struct sq *s = (struct sq *)st;

    (void)sqlite3_backup_finish(s->backup); /* NULL is allowed, here too: */
    (void)sqlite3_close(s->backup_db);
    free(s->backup_path);
    s->backup = NULL;
    s->backup_db = NULL;
    s->backup_path = NULL;
}

/* ---- the finished copy, in a thread of its own --------------------------- */

/* The header (https://www.sqlite.org/fileformat.html, 1.3): no log belongs to
 * this file (18, 19), and it is a backup (68).
 */
static int mark(int fd)
{
    static const uint8_t plain[2] = {1, 1};
    const uint8_t id[4] = {
        MIGRATE_BACKUP_ID >> 24 & 0xff, MIGRATE_BACKUP_ID >> 16 & 0xff,
        MIGRATE_BACKUP_ID >> 8 & 0xff, MIGRATE_BACKUP_ID & 0xff};

    if (pwrite(fd, plain, sizeof plain, 18) != (ssize_t)sizeof plain ||
        pwrite(fd, id, sizeof id, 68) != (ssize_t)sizeof id || fsync(fd) != 0)
        return errno;
    return 0;
}

static int stopped(void *arg)
{
    return atomic_load((const atomic_bool *)arg);
}

/* Every page and index, and then whether it is what was to be copied. */
static int check(sqlite3 *db, const struct store_backup_want *w, char *why,
                 size_t cap)
{
    char got[120], want[120], hex[33];
    int rc = sq_ask(db, "PRAGMA integrity_check(1)", got, sizeof got);

    if (rc == SQLITE_OK && strcmp(got, "ok") != 0) {
        (void)snprintf(why, cap, "%s", got);
        return SQLITE_CORRUPT;
    }
    for (size_t i = 0; i < 16; i++)
        (void)snprintf(hex + 2 * i, 3, "%02X", w->broker[i]);
    (void)snprintf(
        want, sizeof want,
        "%s %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64, hex,
        w->last_seq, w->last_seq, w->cases, w->cases, w->last_seq);
    if (rc == SQLITE_OK)
        rc =
            sq_ask(db,
                   "SELECT (SELECT hex(broker) FROM meta) || ' ' || "
                   "(SELECT coalesce(max(seq), 0) FROM event) || ' ' || "
                   "(SELECT count(*) FROM event) || ' ' || "
                   "(SELECT count(*) FROM case_file) || ' ' || cases || ' ' || "
                   "events FROM total",
                   got, sizeof got);
    if (rc == SQLITE_OK && strcmp(got, want) != 0) {
        (void)snprintf(why, cap, "it holds %s and not %s", got, want);
        return SQLITE_CORRUPT;
    }
    return rc;
}

static int say_errno(const char *path, int err, struct dk_problem *p)
{
    return sq_refuse(p, sq_errno_code(err) == DK_EFULL ? DK_EFULL : DK_EIO,
                     path, err, "the copy cannot be synced to its disk",
                     "备份无法同步到磁盘");
}

int store_backup_check(const char *path, int fd,
                       const struct store_backup_want *want,
                       const atomic_bool *stop, struct dk_problem *p)
{
    char why[320] = "";
    sqlite3 *db = NULL;
    int err = mark(fd);

    if (err != 0)
        return say_errno(path, err, p);
    /* Nobody else has it, and it has no log: no locks are needed. */
    int rc = sqlite3_open_v2(
        path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, "unix-none");
    if (rc == SQLITE_OK) {
        sqlite3_progress_handler(db, CHECK_OPS, stopped,
                                 (void *)(uintptr_t)stop);
        rc = check(db, want, why, sizeof why);
    }
    (void)sqlite3_close(db);
    if (rc == SQLITE_OK)
        return 0;
    if (rc == SQLITE_INTERRUPT)
        return dk_fail(p, DK_ESHUTDOWN, NULL, NULL, NULL);
    if (rc == SQLITE_NOMEM)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    return dk_failf(
        p, DK_EIO, NULL,
        "%s: the copy is not whole (%s). It was removed; see to its "
        "disk, and to the database: docketctl verify.",
        "%s：备份不完整（%s），已删除。请检查其磁盘，并检查数据库："
        "docketctl verify。",
        path, why[0] != '\0' ? why : sqlite3_errstr(rc));
}
