#include "daemon/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const char *s, size_t n)
{
    while (n > 0) {
        ssize_t w = write(fd, s, n);

        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return errno;
        s += w;
        n -= (size_t)w;
    }
    return fsync(fd) == 0 ? 0 : errno;
}

int durable_create(const char *path, mode_t mode, const void *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

    if (fd < 0)
        return errno;
    int err = fchmod(fd, mode) == 0 ? write_all(fd, data, len) : errno;
    if (close(fd) != 0 && err == 0)
        err = errno;
    if (err != 0)
        unlink(path);
    return err;
}

int durable_folder(const char *file)
{
    char copy[PATH_MAX];

    snprintf(copy, sizeof(copy), "%s", file);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int err = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    return err;
}
