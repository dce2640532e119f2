/* store_sqlite_vfs.c - the log is written in few large pieces.
 *
 * SQLite writes each page of a commit into the log by two calls, one for the
 * frame's head of 24 bytes and one for the page, and syncs at the end.  They
 * are all behind each other, and until the sync no promise rests on them.  So
 * they are gathered here and written when there are enough of them, or when
 * SQLite asks anything else of the file: its sync above all.  What SQLite was
 * told is written may then fail in the sync, which it takes as the same: the
 * commit has failed (docs/adr/0034).
 *
 * Only the log; every other file is that of the system below.
 */
#include "store_sqlite.h"

#include <stdlib.h>
#include <string.h>

#define VFS_NAME   "docket-log"
#define PIECE_SIZE (128 * 1024)

struct log_file {
    sqlite3_file base;
    sqlite3_file *real; /* behind this structure */
    char *piece;        /* owned, PIECE_SIZE bytes */
    int n;              /* bytes in it, */
    sqlite3_int64 at;   /* that belong here */
};

static struct log_file *log_of(sqlite3_file *f)
{
    return (struct log_file *)(void *)f;
}

/* What cannot be written is given up: its commit fails, and the next one is
 * written over its place.
 */
static int flush(struct log_file *l)
{
    int n = l->n;

    l->n = 0;
    return n == 0 ? SQLITE_OK
                  : l->real->pMethods->xWrite(l->real, l->piece, n, l->at);
}

static int log_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    struct log_file *l = log_of(f);
    int rc = SQLITE_OK;

    if (l->n > 0 && (at != l->at + l->n || n > PIECE_SIZE - l->n))
        rc = flush(l);
    if (rc != SQLITE_OK)
        return rc;
    if (n > PIECE_SIZE)
        return l->real->pMethods->xWrite(l->real, p, n, at);
    if (l->n == 0)
        l->at = at;
    memcpy(l->piece + l->n, p, (size_t)n);
    l->n += n;
    return SQLITE_OK;
}

static int log_close(sqlite3_file *f)
{
    struct log_file *l = log_of(f);

    (void)flush(l); /* of no commit: those were synced */
    free(l->piece);
    l->piece = NULL;
    return l->real->pMethods->xClose(l->real);
}

static int log_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    struct log_file *l = log_of(f);
    int rc = flush(l);

    return rc == SQLITE_OK ? l->real->pMethods->xRead(l->real, p, n, at) : rc;
}

static int log_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    struct log_file *l = log_of(f);
    int rc = flush(l);

    return rc == SQLITE_OK ? l->real->pMethods->xTruncate(l->real, size) : rc;
}

static int log_sync(sqlite3_file *f, int flags)
{
    struct log_file *l = log_of(f);
    int rc = flush(l);

    return rc == SQLITE_OK ? l->real->pMethods->xSync(l->real, flags) : rc;
}

static int log_size(sqlite3_file *f, sqlite3_int64 *size)
{
    struct log_file *l = log_of(f);
    int rc = flush(l);

    return rc == SQLITE_OK ? l->real->pMethods->xFileSize(l->real, size) : rc;
}

static int log_lock(sqlite3_file *f, int level)
{
    struct log_file *l = log_of(f);

    return l->real->pMethods->xLock(l->real, level);
}

static int log_unlock(sqlite3_file *f, int level)
{
    struct log_file *l = log_of(f);

    return l->real->pMethods->xUnlock(l->real, level);
}

static int log_reserved(sqlite3_file *f, int *out)
{
    struct log_file *l = log_of(f);

    return l->real->pMethods->xCheckReservedLock(l->real, out);
}

static int log_control(sqlite3_file *f, int op, void *arg)
{
    struct log_file *l = log_of(f);
    int rc = flush(l);

    return rc == SQLITE_OK ? l->real->pMethods->xFileControl(l->real, op, arg)
                           : rc;
}

static int log_sector(sqlite3_file *f)
{
    struct log_file *l = log_of(f);

    return l->real->pMethods->xSectorSize(l->real);
}

static int log_device(sqlite3_file *f)
{
    struct log_file *l = log_of(f);

    return l->real->pMethods->xDeviceCharacteristics(l->real);
}

static const sqlite3_io_methods log_methods = {
    .iVersion = 1, /* a log is neither mapped nor shared */
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = log_lock,
    .xUnlock = log_unlock,
    .xCheckReservedLock = log_reserved,
    .xFileControl = log_control,
    .xSectorSize = log_sector,
    .xDeviceCharacteristics = log_device,
};

static sqlite3_vfs *below;

static int log_open(sqlite3_vfs *v, const char *name, sqlite3_file *f,
                    int flags, int *out)
{
    struct log_file *l = log_of(f);

    (void)v;
    if ((flags & SQLITE_OPEN_WAL) == 0)
        return below->xOpen(below, name, f, flags, out);
    *l = (struct log_file){.real = (sqlite3_file *)(void *)(l + 1)};
    l->piece = malloc(PIECE_SIZE);
    if (l->piece == NULL)
        return SQLITE_NOMEM;
    int rc = below->xOpen(below, name, l->real, flags, out);
    if (rc == SQLITE_OK) {
        l->base.pMethods = &log_methods;
        return rc;
    }
    if (l->real->pMethods != NULL) /* SQLite would close it then */
        (void)l->real->pMethods->xClose(l->real);
    free(l->piece);
    return rc;
}

const char *sq_vfs(void)
{
    static sqlite3_vfs vfs;
    sqlite3_vfs *now = sqlite3_vfs_find(NULL);

    if (now == NULL || now == below)
        return below != NULL ? VFS_NAME : NULL;
    if (below != NULL)
        (void)sqlite3_vfs_unregister(&vfs);
    below = now;
    vfs = *now;
    vfs.pNext = NULL;
    vfs.zName = VFS_NAME;
    vfs.szOsFile = (int)sizeof(struct log_file) + now->szOsFile;
    vfs.xOpen = log_open;
    if (sqlite3_vfs_register(&vfs, 0) == SQLITE_OK)
        return VFS_NAME;
    below = NULL;
    return NULL; /* the system's own, as good and slower */
}
