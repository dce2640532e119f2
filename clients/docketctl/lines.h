/* lines.h - a file of lines, read forward in large pieces and looked up again
 * by place.  No line is held in memory longer than it is looked at.
 */
#ifndef DK_CTL_LINES_H
#define DK_CTL_LINES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/problem.h"

struct lines;

struct line {
    const char *text; /* without its line end; borrowed until the next call */
    size_t len;
    int64_t start, end; /* bytes of the file, the line end included */
    bool too_long;      /* over the limit: text is NULL */
};

/* Open a regular file at byte `from`; lines over `max` bytes are skipped. */
int lines_open(const char *path, int64_t from, size_t max, struct lines **out,
               struct dk_problem *p);
void lines_close(struct lines *l); /* NULL is allowed */

/* 1: *out is the next line; 0: the end; DK_EIO. */
int lines_next(struct lines *l, struct line *out);

/* The bytes [start, end) again, into `buf`; 0 or DK_EIO. */
int lines_get(const struct lines *l, int64_t start, int64_t end, char *buf);

/* Copy the bytes [start, end) to `out`; 0 or DK_EIO. */
int lines_copy(const struct lines *l, int64_t start, int64_t end, FILE *out);

int64_t lines_size(const struct lines *l); /* when it was opened */

#endif /* DK_CTL_LINES_H */
