/* simulate_spool.h - events put in heaps by case, in a temporary file that has
 * no name.
 *
 * History comes in the order of time, a life is looked at whole.  Between the
 * two, memory holds a few kilobytes for each heap and the disk the rest; one
 * heap at a time is read back.
 */
#ifndef DK_SIMULATE_SPOOL_H
#define DK_SIMULATE_SPOOL_H

#include <stdbool.h>

#include "proto/problem.h"

#define SPOOL_HEAPS 1024

struct spool;

/* What another process needs to read a spool: where each heap ends. */
struct spool_index {
    struct {
        int64_t last; /* offset of its last chunk; -1: it is empty */
        int64_t len;
    } heap[SPOOL_HEAPS];
};

/* The file, in folder `dir`: its descriptor, or DK_EIO with the reason. */
int spool_file(const char *dir, int *fd, struct dk_problem *p);

struct spool *spool_new(int fd); /* NULL: out of memory */
void spool_free(struct spool *s);
/* Add to a heap; DK_EIO: the disk is full or failed. */
int spool_add(struct spool *s, unsigned heap, const void *data, size_t len);
/* Write what is still in memory, and say where everything is. */
int spool_end(struct spool *s, struct spool_index *out);

/* Read one heap of a spool into `to`, which has room for its `len`. */
int spool_read(int fd, const struct spool_index *index, unsigned heap,
               char *to);

#endif /* DK_SIMULATE_SPOOL_H */
