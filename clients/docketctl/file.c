#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int file_fail(const char *path, int err, struct dk_problem *p)
{
    char buf[128];
    const char *why = strerror_r(err, buf, sizeof buf);
    int code = DK_EIO;

    if (err == ENOENT || err == ENOTDIR)
        code = DK_ENOTFOUND;
    else if (err == EACCES || err == EPERM || err == EROFS)
        code = DK_EFORBIDDEN;
    (void)dk_failf(p, code, NULL, "%.200s: %s", "%.200s：%s", path, why);
    if (p != NULL)
        p->retry_after_ms = 0;
    return code;
}

static int read_all(FILE *f, const char *path, size_t max, char **out,
                    size_t *len, struct dk_problem *p)
{
    size_t cap = 8192, n = 0;
    char *buf = malloc(cap + 1);

    while (buf != NULL) {
        n += fread(buf + n, 1, cap - n, f);
        if (n < cap || n > max)
            break;
        cap *= 2;
        char *more = realloc(buf, cap + 1);
        if (more == NULL)
            free(buf);
        buf = more;
    }
    if (buf == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    int rc = 0;
    if (ferror(f))
        rc = file_fail(path, errno, p);
    else if (n > max)
        rc = dk_failf(p, DK_ETOOBIG, NULL, "%.200s: more than %zu bytes",
                      "%.200s：超过 %zu 字节", path, max);
    if (rc != 0) {
        free(buf);
        return rc;
    }
    buf[n] = '\0';
    *out = buf;
    *len = n;
    return 0;
}

int file_read(const char *path, size_t max, char **out, size_t *len,
              struct dk_problem *p)
{
    if (strcmp(path, "-") == 0)
        return read_all(stdin, "-", max, out, len, p);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return file_fail(path, errno, p);
    int rc = read_all(f, path, max, out, len, p);
    (void)fclose(f);
    return rc;
}

static int write_durably(const char *path, const char *text, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

    if (fd < 0)
        return -1;
    while (len > 0) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        text += n;
        len -= (size_t)n;
    }
    bool bad = len > 0 || fsync(fd) != 0;
    int err = errno;
    if (close(fd) != 0 && !bad) {
        bad = true;
        err = errno;
    }
    errno = err;
    return bad ? -1 : 0;
}

int file_write(const char *path, const char *text, size_t len,
               struct dk_problem *p)
{
    char aside[PATH_MAX];
    int n = snprintf(aside, sizeof aside, "%s.new", path);

    if (n < 0 || (size_t)n >= sizeof aside)
        return file_fail(path, ENAMETOOLONG, p);
    if (write_durably(aside, text, len) != 0 || rename(aside, path) != 0)
        return file_fail(path, errno, p);
    return 0;
}
