#include "simulate_spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 8192

/* A heap is a chain of chunks, read from its end. */
struct chunk {
    int64_t before; /* offset of the chunk before; -1: none */
    int64_t used;   /* bytes of data */
    char data[CHUNK - 16];
};
_Static_assert(sizeof(struct chunk) == CHUNK, "a chunk is whole pages");

struct spool {
    int fd;
    int64_t end; /* of the file */
    struct {
        struct chunk *chunk; /* in memory; NULL: never used */
        int64_t len;
    } heap[SPOOL_HEAPS];
};

static int no_file(struct dk_problem *p, const char *dir)
{
    const char *why = strerrordesc_np(errno);

    return dk_failf(p, DK_EIO, NULL,
                    "no temporary file can be made in \"%s\": %s; name another "
                    "folder with --spool",
                    "无法在“%s”中建立临时文件：%s；请用 --spool 指定其他文件夹",
                    dir, why != NULL ? why : "?");
}

int spool_file(const char *dir, int *fd, struct dk_problem *p)
{
    char path[4096];
    int n = snprintf(path, sizeof(path), "%s/docket-simulate.XXXXXX", dir);

    *fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (*fd >= 0)
        return 0;
    if (n < 0 || n >= (int)sizeof(path)) {
        errno = ENAMETOOLONG;
        return no_file(p, dir);
    }
    /* A file system without files that have no name. */
    *fd = mkostemp(path, O_CLOEXEC);
    if (*fd < 0)
        return no_file(p, dir);
    (void)unlink(path);
    return 0;
}

struct spool *spool_new(int fd)
{
    struct spool *s = calloc(1, sizeof(*s));

    if (s != NULL)
        s->fd = fd;
    return s;
}

void spool_free(struct spool *s)
{
    if (s == NULL)
        return;
    for (unsigned i = 0; i < SPOOL_HEAPS; i++)
        free(s->heap[i].chunk);
    free(s);
}

static int write_chunk(struct spool *s, struct chunk *c)
{
    const char *from = (const char *)c;
    int64_t at = s->end;
    size_t done = 0;

    while (done < CHUNK) {
        ssize_t n = pwrite(s->fd, from + done, CHUNK - done,
                           (off_t)(s->end + (int64_t)done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return DK_EIO;
        done += (size_t)n;
    }
    s->end += CHUNK;
    c->before = at;
    c->used = 0;
    return 0;
}

int spool_add(struct spool *s, unsigned heap, const void *data, size_t len)
{
    struct chunk *c = s->heap[heap].chunk;
    const char *from = data;

    if (c == NULL) {
        c = s->heap[heap].chunk = calloc(1, sizeof(*c));
        if (c == NULL)
            return DK_ENOMEM;
        c->before = -1;
        c->used = 0;
    }
    s->heap[heap].len += (int64_t)len;
    while (len > 0) {
        size_t room = sizeof(c->data) - (size_t)c->used;
        size_t n = len < room ? len : room;
        int rc;

        memcpy(c->data + c->used, from, n);
        c->used += (int64_t)n;
        from += n;
        len -= n;
        if (len == 0)
            break;
        rc = write_chunk(s, c);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int spool_end(struct spool *s, struct spool_index *out)
{
    for (unsigned i = 0; i < SPOOL_HEAPS; i++) {
        struct chunk *c = s->heap[i].chunk;
        int rc = c != NULL ? write_chunk(s, c) : 0;

        if (rc != 0)
            return rc;
        out->heap[i].last = c != NULL ? c->before : -1;
        out->heap[i].len = s->heap[i].len;
    }
    return 0;
}

static int read_at(int fd, void *to, size_t len, int64_t at)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = pread(fd, (char *)to + done, len - done,
                          (off_t)(at + (int64_t)done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return DK_EIO;
        done += (size_t)n;
    }
    return 0;
}

int spool_read(int fd, const struct spool_index *index, unsigned heap, char *to)
{
    int64_t at = index->heap[heap].last, left = index->heap[heap].len;
    struct chunk c;

    while (at >= 0) {
        int rc = read_at(fd, &c, sizeof(c), at);

        if (rc != 0)
            return rc;
        if (c.used < 0 || c.used > left)
            return DK_EIO;
        left -= c.used;
        memcpy(to + left, c.data, (size_t)c.used);
        at = c.before;
    }
    return left == 0 ? 0 : DK_EIO;
}
