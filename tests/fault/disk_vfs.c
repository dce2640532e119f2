/* disk_vfs.c - the disk as SQLite's default file system.  What its syncs mean
 * is what SQLite's own (os_unix.c, 3.40.1) do: the first sync of a new journal
 * or log syncs the folder too, and a deletion does when SQLite asks for it.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/fault/disk_int.h"
#include "tests/fault/kit.h"

struct file {
    sqlite3_file base;
    struct disk_node *node;
    bool sync_dir; /* with the next sync */
    bool remove;   /* when closed */
    char path[DISK_NAME];
};

static struct file *file_of(sqlite3_file *f)
{
    return (struct file *)(void *)f;
}

static int full_or(int code)
{
    return disk_faults.kind == FAULT_FULL || disk_faults.kind == FAULT_SHORT
               ? SQLITE_FULL
               : code;
}

static int file_close(sqlite3_file *f)
{
    struct file *v = file_of(f);

    disk_leave(v->node);
    if (v->remove && v->path[0] != '\0')
        disk_unlink(v->path);
    return SQLITE_OK;
}

static int file_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    if (disk_strikes(CALL_READ, "xRead"))
        return SQLITE_IOERR_READ;
    size_t got = disk_read(file_of(f)->node, p, (size_t)n, (size_t)at);
    if (got == (size_t)n)
        return SQLITE_OK;
    memset((char *)p + got, 0, (size_t)n - got);
    return SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    return disk_write(file_of(f)->node, p, (size_t)n, (size_t)at)
               ? SQLITE_OK
               : full_or(SQLITE_IOERR_WRITE);
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 n)
{
    if (disk_strikes(CALL_TRUNCATE, "xTruncate"))
        return SQLITE_IOERR_TRUNCATE;
    disk_truncate(file_of(f)->node, (size_t)n);
    return SQLITE_OK;
}

static int file_sync(sqlite3_file *f, int flags)
{
    struct file *v = file_of(f);
    bool bad = disk_strikes(CALL_SYNC, "xSync");

    (void)flags;
    disk_sync(v->node, bad);
    if (bad)
        return SQLITE_IOERR_FSYNC;
    if (v->sync_dir)
        disk_sync_dir();
    v->sync_dir = false;
    return SQLITE_OK;
}

static int file_size(sqlite3_file *f, sqlite3_int64 *n)
{
    if (disk_strikes(CALL_STAT, "xFileSize"))
        return SQLITE_IOERR_FSTAT;
    *n = (sqlite3_int64)file_of(f)->node->len;
    return SQLITE_OK;
}

static int file_lock(sqlite3_file *f, int k)
{
    (void)f;
    (void)k;
    return disk_strikes(CALL_LOCK, "xLock") ? SQLITE_IOERR_LOCK : SQLITE_OK;
}

static int file_unlock(sqlite3_file *f, int k)
{
    (void)f;
    (void)k;
    return SQLITE_OK;
}

static int file_reserved(sqlite3_file *f, int *out)
{
    (void)f;
    *out = 0;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *f, int op, void *arg)
{
    (void)f;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int file_sector(sqlite3_file *f)
{
    (void)f;
    return 4096;
}

static int file_traits(sqlite3_file *f)
{
    (void)f;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE; /* as os_unix.c says */
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
};

static int vfs_open(sqlite3_vfs *v, const char *name, sqlite3_file *f,
                    int flags, int *out)
{
    struct file *file = file_of(f);
    struct disk_node *node = name != NULL ? disk_find(name) : NULL;
    bool make = node == NULL && (flags & SQLITE_OPEN_CREATE) != 0;

    (void)v;
    memset(file, 0, sizeof(*file));
    if (name != NULL && !disk_is_here(name))
        return SQLITE_CANTOPEN;
    if (disk_strikes(make ? CALL_CREATE : CALL_OPEN, "xOpen"))
        return SQLITE_CANTOPEN;
    if (name == NULL)
        node = disk_anonymous();
    else if (make)
        node = disk_make(name);
    if (node == NULL)
        return SQLITE_CANTOPEN;
    node->users++;
    file->node = node;
    file->remove = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    file->sync_dir =
        make && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL |
                          SQLITE_OPEN_WAL)) != 0;
    snprintf(file->path, sizeof(file->path), "%s", name != NULL ? name : "");
    file->base.pMethods = &methods;
    if (out != NULL)
        *out = flags;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *v, const char *name, int sync_dir)
{
    (void)v;
    if (disk_strikes(CALL_DELETE, "xDelete"))
        return SQLITE_IOERR_DELETE;
    if (!disk_unlink(name))
        return SQLITE_IOERR_DELETE_NOENT;
    if (!sync_dir)
        return SQLITE_OK;
    if (disk_strikes(CALL_SYNC, "sync of the folder"))
        return SQLITE_IOERR_DIR_FSYNC;
    disk_sync_dir();
    return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *v, const char *name, int flags, int *out)
{
    const struct disk_node *f = disk_find(name);

    (void)v;
    if (disk_strikes(CALL_STAT, "xAccess"))
        return SQLITE_IOERR_ACCESS;
    /* os_unix.c: an empty file does not exist for SQLITE_ACCESS_EXISTS. */
    *out = f != NULL && (flags != SQLITE_ACCESS_EXISTS || f->len > 0);
    return SQLITE_OK;
}

static int vfs_path(sqlite3_vfs *v, const char *name, int n, char *out)
{
    (void)v;
    return snprintf(out, (size_t)n, "%s", name) < n ? SQLITE_OK
                                                    : SQLITE_CANTOPEN;
}

static int vfs_random(sqlite3_vfs *v, int n, char *out)
{
    static struct rng r = {42}; /* the same salts in every run of a seed */

    (void)v;
    for (int i = 0; i < n; i++)
        out[i] = (char)rng_next(&r);
    return n;
}

static int vfs_sleep(sqlite3_vfs *v, int us)
{
    (void)v;
    return us;
}

static int vfs_time(sqlite3_vfs *v, double *out)
{
    (void)v;
    *out = 2461000.5;
    return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *v, int n, char *out)
{
    (void)v;
    (void)n;
    (void)out;
    return 0;
}

void disk_install(void)
{
    static sqlite3_vfs vfs = {
        .iVersion = 1,
        .szOsFile = (int)sizeof(struct file),
        .mxPathname = DISK_NAME - 12,
        .zName = "disk",
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_path,
        .xRandomness = vfs_random,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_time,
        .xGetLastError = vfs_last_error,
    };
    need(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
    /* The check of a backup asks for the one without locks. */
    static sqlite3_vfs none;
    none = vfs;
    none.pNext = NULL;
    none.zName = "unix-none";
    need(sqlite3_vfs_register(&none, 0) == SQLITE_OK);
}
