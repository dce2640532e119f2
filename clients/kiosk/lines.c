#include "lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "proto/problem.h"

void lines_init(struct lines *l, int fd)
{
    l->fd = fd;
    l->eof = fd < 0;
    l->skipping = false;
    l->number = 0;
    l->from = l->to = 0;
}

/* Everything in the buffer is part of one line, which has no end yet. */
static enum lines_got unfinished(struct lines *l, const char **line,
                                 size_t *len)
{
    if (l->eof && l->to > l->from && !l->skipping) { /* no newline at the end */
        *line = l->buf + l->from;
        *len = l->to - l->from;
        l->from = l->to;
        l->number++;
        return LINES_LINE;
    }
    if (l->skipping || l->eof) {
        l->from = l->to = 0;
        return LINES_NONE;
    }
    memmove(l->buf, l->buf + l->from, l->to - l->from);
    l->to -= l->from;
    l->from = 0;
    if (l->to < sizeof(l->buf))
        return LINES_NONE;
    l->skipping = true;
    l->from = l->to = 0;
    l->number++;
    return LINES_TOO_LONG;
}

enum lines_got lines_next(struct lines *l, const char **line, size_t *len)
{
    for (;;) {
        char *start = l->buf + l->from;
        char *end = memchr(start, '\n', l->to - l->from);

        if (end == NULL)
            return unfinished(l, line, len);
        l->from = (size_t)(end + 1 - l->buf);
        if (l->skipping) { /* counted when it was found too long */
            l->skipping = false;
            continue;
        }
        l->number++;
        *line = start;
        *len = (size_t)(end - start);
        if (*len > 0 && start[*len - 1] == '\r')
            (*len)--;
        if (*len > 0) /* empty lines say nothing */
            return LINES_LINE;
    }
}

int lines_fill(struct lines *l)
{
    ssize_t n;

    if (l->eof || l->to == sizeof(l->buf))
        return 0;
    do {
        n = read(l->fd, l->buf + l->to, sizeof(l->buf) - l->to);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? 0 : DK_EIO;
    if (n == 0)
        l->eof = true;
    l->to += (size_t)n;
    return 0;
}

bool lines_over(const struct lines *l)
{
    return l->eof && (l->from == l->to || l->skipping);
}
