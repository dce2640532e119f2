/* faulty_vfs.h - SQLite's file layer with a fault at the n-th write, sync or
 * truncation.  Sits in front of the real one, so everything else is real.
 */
#ifndef DK_TEST_STORE_FAULTY_VFS_H
#define DK_TEST_STORE_FAULTY_VFS_H

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static struct {
    sqlite3_vfs vfs, *real;
    sqlite3_io_methods io;
    long ops;     /* counted since faulty_arm() */
    long at;      /* 0: no fault */
    bool forever; /* from then on, or once */
    bool full;    /* only writes fail, with SQLITE_FULL */
    int err;      /* not 0: with this errno, as the system tells it */
    bool deadly;  /* the process is killed there instead */
    long struck;
} faulty;

struct faulty_file {
    sqlite3_file base;
    sqlite3_file *real;
};

static inline sqlite3_file *faulty_real(sqlite3_file *f)
{
    return ((struct faulty_file *)(void *)f)->real;
}

static inline void faulty_arm(long at, bool forever, bool full)
{
    faulty.ops = faulty.struck = 0;
    faulty.at = at;
    faulty.forever = forever;
    faulty.full = full;
}

static inline bool faulty_strikes(void)
{
    faulty.ops++;
    if (faulty.at == 0 || faulty.ops < faulty.at ||
        (faulty.ops > faulty.at && !faulty.forever))
        return false;
    faulty.struck++;
    if (faulty.deadly)
        (void)raise(SIGKILL);
    return true;
}

static inline int faulty_write(sqlite3_file *f, const void *p, int n,
                               sqlite3_int64 at)
{
    sqlite3_file *r = faulty_real(f);

    if (!faulty_strikes())
        return r->pMethods->xWrite(r, p, n, at);
    (void)r->pMethods->xWrite(r, p, n / 2, at); /* and it may be torn */
    errno = faulty.err != 0 ? faulty.err : EIO;
    return faulty.full && faulty.err == 0 ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static inline int faulty_sync(sqlite3_file *f, int flags)
{
    sqlite3_file *r = faulty_real(f);

    if (!faulty.full && faulty_strikes())
        return SQLITE_IOERR_FSYNC;
    return r->pMethods->xSync(r, flags);
}

static inline int faulty_truncate(sqlite3_file *f, sqlite3_int64 n)
{
    sqlite3_file *r = faulty_real(f);

    if (!faulty.full && faulty_strikes())
        return SQLITE_IOERR_TRUNCATE;
    return r->pMethods->xTruncate(r, n);
}

static inline int faulty_close(sqlite3_file *f)
{
    sqlite3_file *r = faulty_real(f);
    return r->pMethods != NULL ? r->pMethods->xClose(r) : SQLITE_OK;
}

static inline int faulty_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    sqlite3_file *r = faulty_real(f);
    return r->pMethods->xRead(r, p, n, at);
}

static inline int faulty_size(sqlite3_file *f, sqlite3_int64 *n)
{
    sqlite3_file *r = faulty_real(f);
    return r->pMethods->xFileSize(r, n);
}

static inline int faulty_lock(sqlite3_file *f, int k)
{
    sqlite3_file *r = faulty_real(f);
    return r->pMethods->xLock(r, k);
}

static inline int faulty_unlock(sqlite3_file *f, int k)
{
    sqlite3_file *r = faulty_real(f);
    return r->pMethods->xUnlock(r, k);
}

static inline int faulty_reserved(sqlite3_file *f, int *out)
{
    sqlite3_file *r = faulty_real(f);
    return r->pMethods->xCheckReservedLock(r, out);
}

static inline int faulty_control(sqlite3_file *f, int op, void *arg)
{
    sqlite3_file *r = faulty_real(f);
    return r->pMethods->xFileControl(r, op, arg);
}

static inline int faulty_sector(sqlite3_file *f)
{
    sqlite3_file *r = faulty_real(f);
    return r->pMethods->xSectorSize(r);
}

static inline int faulty_traits(sqlite3_file *f)
{
    sqlite3_file *r = faulty_real(f);
    return r->pMethods->xDeviceCharacteristics(r);
}

static inline int faulty_open(sqlite3_vfs *v, const char *name, sqlite3_file *f,
                              int flags, int *out)
{
    struct faulty_file *ff = (struct faulty_file *)(void *)f;

    (void)v;
    ff->real = (sqlite3_file *)(void *)(ff + 1);
    ff->real->pMethods = NULL;
    int rc = faulty.real->xOpen(faulty.real, name, ff->real, flags, out);
    ff->base.pMethods = ff->real->pMethods != NULL ? &faulty.io : NULL;
    return rc;
}

/* Put it in front of every database that this process opens from now on. */
static inline int faulty_install(void)
{
    faulty.real = sqlite3_vfs_find(NULL);
    faulty.vfs = *faulty.real;
    faulty.vfs.zName = "faulty";
    faulty.vfs.szOsFile += (int)sizeof(struct faulty_file);
    faulty.vfs.xOpen = faulty_open;
    faulty.io = (sqlite3_io_methods){
        .iVersion = 1, /* no shared memory: as the store uses it */
        .xClose = faulty_close,
        .xRead = faulty_read,
        .xWrite = faulty_write,
        .xTruncate = faulty_truncate,
        .xSync = faulty_sync,
        .xFileSize = faulty_size,
        .xLock = faulty_lock,
        .xUnlock = faulty_unlock,
        .xCheckReservedLock = faulty_reserved,
        .xFileControl = faulty_control,
        .xSectorSize = faulty_sector,
        .xDeviceCharacteristics = faulty_traits,
    };
    return sqlite3_vfs_register(&faulty.vfs, 1);
}

#endif /* DK_TEST_STORE_FAULTY_VFS_H */
