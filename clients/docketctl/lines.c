#include "lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

struct lines {
    int fd;
    size_t max;
    int64_t size;
    char *buf; /* max + 1 + PIECE bytes */
    size_t at, n;
    int64_t place; /* of buf[at] in the file */
    bool ended;
};

enum {
    PIECE = 65536
};

int lines_open(const char *path, int64_t from, size_t max, struct lines **out,
               struct dk_problem *p)
{
    struct stat st;
    struct lines *l = calloc(1, sizeof *l);

    if (l == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    l->max = max;
    l->place = from;
    l->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (l->fd < 0 || fstat(l->fd, &st) != 0 ||
        lseek(l->fd, from, SEEK_SET) < 0) {
        int rc = file_fail(path, errno, p);
        lines_close(l);
        return rc;
    }
    l->size = st.st_size;
    l->buf = malloc(max + 1 + PIECE);
    int rc = 0;
    if (!S_ISREG(st.st_mode))
        rc = dk_failf(p, DK_EFIELD, NULL,
                      "%.200s is not a regular file: an import must be able "
                      "to go on where it stopped",
                      "%.200s 不是普通文件：导入须能从中断处继续", path);
    else if (l->buf == NULL)
        rc = dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    if (rc != 0) {
        lines_close(l);
        return rc;
    }
    *out = l;
    return 0;
}

void lines_close(struct lines *l)
{
    if (l == NULL)
        return;
    if (l->fd >= 0)
        (void)close(l->fd);
    free(l->buf);
    free(l);
}

/* Read one more piece behind what is there. */
static int more(struct lines *l)
{
    if (l->at > 0) {
        memmove(l->buf, l->buf + l->at, l->n - l->at);
        l->n -= l->at;
        l->at = 0;
    }
    ssize_t got;
    do {
        got = read(l->fd, l->buf + l->n, PIECE);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return DK_EIO;
    l->ended = got == 0;
    l->n += (size_t)got;
    return 0;
}

static void take(struct lines *l, size_t len, bool end, bool too_long,
                 struct line *out)
{
    size_t text = len;

    out->end = l->place + (int64_t)len + (end ? 1 : 0);
    if (text > 0 && l->buf[l->at + text - 1] == '\r')
        text--;
    out->text = too_long ? NULL : l->buf + l->at;
    out->len = text;
    out->too_long = too_long;
    l->at += len + (end ? 1 : 0);
    l->place = out->end;
}

int lines_next(struct lines *l, struct line *out)
{
    bool too_long = false;

    out->start = l->place;
    for (;;) {
        size_t have = l->n - l->at;
        const char *end = have == 0 ? NULL : memchr(l->buf + l->at, '\n', have);
        size_t len = end == NULL ? have : (size_t)(end - (l->buf + l->at));
        if (end != NULL || l->ended) {
            if (have == 0 && !too_long)
                return 0;
            take(l, len, end != NULL, too_long || len > l->max, out);
            return 1;
        }
        if (have > l->max) { /* forget it, look only for its end */
            too_long = true;
            l->place += (int64_t)have;
            l->at = l->n = 0;
        }
        if (more(l) != 0)
            return DK_EIO;
    }
}

int lines_get(const struct lines *l, int64_t start, int64_t end, char *buf)
{
    size_t n = (size_t)(end - start), got = 0;

    while (got < n) {
        ssize_t r = pread(l->fd, buf + got, n - got, start + (int64_t)got);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return DK_EIO;
        got += (size_t)r;
    }
    return 0;
}

int lines_copy(const struct lines *l, int64_t start, int64_t end, FILE *out)
{
    char buf[8192];

    while (start < end) {
        int64_t n = end - start;
        if (n > (int64_t)sizeof buf)
            n = sizeof buf;
        if (lines_get(l, start, start + n, buf) != 0 ||
            fwrite(buf, 1, (size_t)n, out) != (size_t)n)
            return DK_EIO;
        start += n;
    }
    return 0;
}

int64_t lines_size(const struct lines *l)
{
    return l->size;
}
