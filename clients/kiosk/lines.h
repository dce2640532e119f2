/* lines.h - lines of a file descriptor, each of bounded length. */
#ifndef DK_KIOSK_LINES_H
#define DK_KIOSK_LINES_H

#include <stdbool.h>

#include "proto/dk_types.h"

struct lines {
    int fd; /* -1: none; lines_next() is at its end then */
    bool eof;
    bool skipping;   /* the rest of a line that was too long */
    uint64_t number; /* of the line given last */
    size_t from, to; /* what is read and not yet given */
    char buf[DK_BODY_MAX + 2];
};

enum lines_got {
    LINES_NONE,    /* no whole line yet: call lines_fill() when fd is ready */
    LINES_LINE,    /* *line, *len; lives until the next call */
    LINES_TOO_LONG /* a line over DK_BODY_MAX bytes was passed over */
};

void lines_init(struct lines *l, int fd);
enum lines_got lines_next(struct lines *l, const char **line, size_t *len);

/* Read once.  0, or DK_EIO.  Sets eof at the end. */
int lines_fill(struct lines *l);

/* Nothing will come any more. */
bool lines_over(const struct lines *l);

#endif /* DK_KIOSK_LINES_H */
