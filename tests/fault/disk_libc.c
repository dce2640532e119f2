/* disk_libc.c - the calls that the store itself makes on files, for paths under
 * DISK_ROOT.  The programs are linked with --wrap=NAME for each of them, so
 * that the code under test is the one that ships.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fault/disk_int.h"
#include "tests/fault/kit.h"

#define FDS 1024

static struct {
    struct disk_node *node; /* NULL: not ours, or the folder */
    bool folder;
} fds[FDS];

#define WRAP(ret, name, args)                                                  \
    ret __real_##name args;                                                    \
    ret __wrap_##name args;                                                    \
    ret __wrap_##name args

static int fail_with(int err)
{
    errno = err;
    return -1;
}

/* What the armed fault says to a call that it struck. */
static int struck(void)
{
    return fail_with(disk_faults.kind == FAULT_FULL ||
                             disk_faults.kind == FAULT_SHORT
                         ? ENOSPC
                         : EIO);
}

static bool ours(int fd)
{
    return fd >= 0 && fd < FDS && (fds[fd].node != NULL || fds[fd].folder);
}

int __real_open(const char *path, int flags, ...);

static int open_here(const char *path, int flags)
{
    bool folder = strcmp(path, DISK_ROOT) == 0;
    struct disk_node *f = disk_find(path);
    bool make = f == NULL && (flags & O_CREAT) != 0;

    if (disk_strikes(make ? CALL_CREATE : CALL_OPEN, "open"))
        return struck();
    if (f != NULL && (flags & O_CREAT) != 0 && (flags & O_EXCL) != 0)
        return fail_with(EEXIST);
    if (f == NULL && !make && !folder)
        return fail_with(ENOENT);
    /* Nobody else's file: what is not wrapped (fchmod, say) hits this one. */
    int fd = memfd_create("disk", MFD_CLOEXEC);
    need(fd >= 0 && fd < FDS);
    if (make)
        f = disk_make(path);
    fds[fd].node = f;
    fds[fd].folder = folder;
    if (f != NULL) {
        f->users++;
        if ((flags & O_TRUNC) != 0)
            disk_truncate(f, 0);
    }
    return fd;
}

int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list ap;
    unsigned mode = 0;

    if (disk_is_here(path))
        return open_here(path, flags);
    va_start(ap, flags);
    if ((flags & (O_CREAT | O_TMPFILE)) != 0)
        mode = va_arg(ap, unsigned);
    va_end(ap);
    return __real_open(path, flags, mode);
}

WRAP(int, __open_2, (const char *path, int flags))
{
    return disk_is_here(path) ? open_here(path, flags)
                              : __real_open(path, flags);
}

WRAP(int, close, (int fd))
{
    if (ours(fd)) {
        struct disk_node *f = fds[fd].node;

        if (f != NULL && f->locked_by == fd)
            f->locked_by = 0;
        if (f != NULL)
            disk_leave(f);
        fds[fd].node = NULL;
        fds[fd].folder = false;
    }
    return __real_close(fd);
}

static void fill_stat(const struct disk_node *f, struct stat *st)
{
    memset(st, 0, sizeof(*st));
    st->st_dev = 1;
    st->st_ino = f != NULL ? (ino_t)f->no : 999999;
    st->st_mode = f != NULL ? S_IFREG | 0640 : S_IFDIR | 0750;
    st->st_size = f != NULL ? (off_t)f->len : 0;
    st->st_nlink = 1;
}

static int stat_here(const char *path, struct stat *st)
{
    const struct disk_node *f = disk_find(path);

    if (disk_strikes(CALL_STAT, "stat"))
        return struck();
    if (f == NULL && strcmp(path, DISK_ROOT) != 0)
        return fail_with(ENOENT);
    fill_stat(f, st);
    return 0;
}

WRAP(int, stat, (const char *path, struct stat *st))
{
    return disk_is_here(path) ? stat_here(path, st) : __real_stat(path, st);
}

WRAP(int, lstat, (const char *path, struct stat *st))
{
    return disk_is_here(path) ? stat_here(path, st) : __real_lstat(path, st);
}

WRAP(int, fstat, (int fd, struct stat *st))
{
    if (!ours(fd))
        return __real_fstat(fd, st);
    if (disk_strikes(CALL_STAT, "fstat"))
        return struck();
    fill_stat(fds[fd].node, st);
    return 0;
}

WRAP(int, access, (const char *path, int mode))
{
    struct stat st;

    return disk_is_here(path) ? stat_here(path, &st)
                              : __real_access(path, mode);
}

WRAP(int, flock, (int fd, int how))
{
    struct disk_node *f = ours(fd) ? fds[fd].node : NULL;

    if (f == NULL)
        return __real_flock(fd, how);
    if (disk_strikes(CALL_LOCK, "flock"))
        return struck();
    if (f->locked_by != 0 && f->locked_by != fd)
        return fail_with(EWOULDBLOCK);
    f->locked_by = (how & LOCK_UN) != 0 ? 0 : fd;
    return 0;
}

static ssize_t pread_here(int fd, void *p, size_t n, off_t at)
{
    if (disk_strikes(CALL_READ, "pread"))
        return struck();
    return (ssize_t)disk_read(fds[fd].node, p, n, (size_t)at);
}

WRAP(ssize_t, pread, (int fd, void *p, size_t n, off_t at))
{
    return ours(fd) ? pread_here(fd, p, n, at) : __real_pread(fd, p, n, at);
}

WRAP(ssize_t, __pread_chk, (int fd, void *p, size_t n, off_t at, size_t room))
{
    return ours(fd) ? pread_here(fd, p, n, at)
                    : __real___pread_chk(fd, p, n, at, room);
}

WRAP(ssize_t, pwrite, (int fd, const void *p, size_t n, off_t at))
{
    if (!ours(fd))
        return __real_pwrite(fd, p, n, at);
    return disk_write(fds[fd].node, p, n, (size_t)at) ? (ssize_t)n : struck();
}

WRAP(int, ftruncate, (int fd, off_t n))
{
    if (!ours(fd))
        return __real_ftruncate(fd, n);
    if (disk_strikes(CALL_TRUNCATE, "ftruncate"))
        return struck();
    disk_truncate(fds[fd].node, (size_t)n);
    return 0;
}

static int sync_here(int fd)
{
    bool bad = disk_strikes(CALL_SYNC,
                            fds[fd].folder ? "fsync of the folder" : "fsync");

    if (fds[fd].node != NULL)
        disk_sync(fds[fd].node, bad);
    else if (!bad)
        disk_sync_dir();
    return bad ? fail_with(EIO) : 0;
}

WRAP(int, fsync, (int fd))
{
    return ours(fd) ? sync_here(fd) : __real_fsync(fd);
}

WRAP(int, fdatasync, (int fd))
{
    return ours(fd) ? sync_here(fd) : __real_fdatasync(fd);
}

WRAP(int, unlink, (const char *path))
{
    if (!disk_is_here(path))
        return __real_unlink(path);
    if (disk_strikes(CALL_DELETE, "unlink"))
        return struck();
    return disk_unlink(path) ? 0 : fail_with(ENOENT);
}

WRAP(int, rename, (const char *from, const char *to))
{
    if (!disk_is_here(from))
        return __real_rename(from, to);
    if (disk_strikes(CALL_RENAME, "rename"))
        return struck();
    return disk_rename(from, to) ? 0 : fail_with(ENOENT);
}
