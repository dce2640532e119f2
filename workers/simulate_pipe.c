#include "simulate_pipe.h"

#include <errno.h>
#include <unistd.h>

#include "proto/problem.h"

int pipe_send(int fd, const void *from, size_t len)
{
    const char *p = from;

    while (len > 0) {
        ssize_t n = write(fd, p, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return DK_EIO;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

int pipe_next(int fd, void *to, size_t len)
{
    char *p = to;
    size_t left = len;

    while (left > 0) {
        ssize_t n = read(fd, p, left);

        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0 && left == len)
            return 0;
        if (n <= 0)
            return DK_EIO;
        p += n;
        left -= (size_t)n;
    }
    return 1;
}

int pipe_receive(int fd, void *to, size_t len)
{
    int rc = len > 0 ? pipe_next(fd, to, len) : 1;

    return rc == 1 ? 0 : DK_EIO;
}
