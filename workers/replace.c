#include "replace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static int complain(const char *path, const char *what, int status)
{
    const char *why = strerrordesc_np(errno);

    fprintf(stderr, "error %s: %s: %s\n", path, what,
            why != NULL ? why : "unknown error");
    return status;
}

static int write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        text += n;
        len -= (size_t)n;
    }
    return fsync(fd);
}

static int is_changed(const char *path, const struct stat *was)
{
    struct stat now;

    return stat(path, &now) != 0 || now.st_ino != was->st_ino ||
           now.st_dev != was->st_dev || now.st_size != was->st_size ||
           now.st_mtim.tv_sec != was->st_mtim.tv_sec ||
           now.st_mtim.tv_nsec != was->st_mtim.tv_nsec;
}

/* The name in its folder is on the disk as well. */
static int sync_folder(const char *path)
{
    char folder[PATH_MAX];
    char *slash;
    int fd, rc;

    (void)snprintf(folder, sizeof folder, "%s", path);
    slash = strrchr(folder, '/');
    if (slash == folder)
        slash++;
    if (slash == NULL)
        return 0;
    *slash = '\0';
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    rc = fsync(fd);
    close(fd);
    return rc;
}

/* A file aside, with the mode and owner of the old one. */
static int open_aside(const char *path, const struct stat *was,
                      char aside[PATH_MAX])
{
    int fd;

    if (snprintf(aside, PATH_MAX, "%s.XXXXXX", path) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(aside, O_CLOEXEC);
    if (fd < 0)
        return -1;
    /* Who may not give the file away keeps it: the mode matters. */
    if (fchown(fd, was->st_uid, was->st_gid) != 0)
        errno = 0;
    if (fchmod(fd, was->st_mode & 07777) == 0)
        return fd;
    close(fd);
    unlink(aside);
    return -1;
}

int replace_file(const char *path, const struct stat *was, const char *text,
                 size_t len)
{
    char real[PATH_MAX], aside[PATH_MAX];
    int fd, status = 0;

    if (realpath(path, real) == NULL)
        return complain(path, "the file is gone", EX_CANTCREAT);
    fd = open_aside(real, was, aside);
    if (fd < 0)
        return complain(real, "no file can be written beside it", EX_CANTCREAT);
    if (write_all(fd, text, len) != 0)
        status = complain(aside, "it could not be written", EX_IOERR);
    close(fd);
    if (status == 0 && is_changed(real, was)) {
        fprintf(stderr,
                "error %s: somebody else wrote the file meanwhile; nothing "
                "was written, try again\n",
                path);
        status = EX_TEMPFAIL;
    }
    if (status == 0 && rename(aside, real) != 0)
        status = complain(real, "it could not be replaced", EX_CANTCREAT);
    if (status != 0) {
        unlink(aside);
        return status;
    }
    return sync_folder(real) == 0
               ? 0
               : complain(real, "its folder could not be synced", EX_IOERR);
}
