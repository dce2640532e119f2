/* store_sqlite_log.c - when the log goes into the file.
 *
 * By ourselves and not by SQLite's own auto-checkpoint, because that one throws
 * its errors away, and a failed sync of the file must never be tried again as
 * if nothing had happened.
 */
#include "store_sqlite.h"

#include <sys/statvfs.h>

#define WAL_PAGES_MAX 8192 /* 32 MiB of log */
#define WAL_PAGES_MIN 64
#define PAGE_BYTES    4096

/* How long the log may become.  Moving it makes the file grow by as much at
 * most, so on a small disk it must be small itself, or there comes a day on
 * which neither the log nor the file can grow.
 */
static int log_limit(const struct sq *s)
{
    struct statvfs v;

    if (fstatvfs(s->file.lock_fd, &v) != 0)
        return WAL_PAGES_MIN;
    uint64_t pages = (uint64_t)v.f_bavail * v.f_frsize / 16 / PAGE_BYTES;
    if (pages > WAL_PAGES_MAX)
        return WAL_PAGES_MAX;
    return pages < WAL_PAGES_MIN ? WAL_PAGES_MIN : (int)pages;
}

/* Where the file cannot grow, everything is still in the log: not an error
 * now.  Any other failure is one, for every call after this one.
 */
static int move_log(struct sq *s, int mode)
{
    int log = 0, done = 0;
    int rc = sqlite3_wal_checkpoint_v2(s->db, "main", mode, &log, &done);

    int code = sq_code(s, rc);
    if (code == 0 && log >= 0)
        s->wal_pages = log - done;
    s->wal_max = log_limit(s);
    return code;
}

int sq_log_grew(struct sq *s)
{
    if (s->wal_max == 0)
        s->wal_max = log_limit(s);
    return s->wal_pages >= s->wal_max ? move_log(s, SQLITE_CHECKPOINT_PASSIVE)
                                      : 0;
}

int sq_log_make_room(struct sq *s)
{
    int rc = move_log(s, SQLITE_CHECKPOINT_TRUNCATE);

    return rc == DK_EFULL ? 0 : rc;
}

int sq_checkpoint(struct store *st, bool whole)
{
    struct sq *s = (struct sq *)st;

    if (!whole && s->wal_pages == 0)
        return 0;
    return move_log(s, whole ? SQLITE_CHECKPOINT_TRUNCATE
                             : SQLITE_CHECKPOINT_PASSIVE);
}
