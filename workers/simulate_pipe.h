/* simulate_pipe.h - whole pieces of memory through a pipe, to a process of the
 * same program.
 */
#ifndef DK_SIMULATE_PIPE_H
#define DK_SIMULATE_PIPE_H

#include <stddef.h>

/* All `len` bytes, however long it takes: 0 or DK_EIO. */
int pipe_send(int fd, const void *from, size_t len);
int pipe_receive(int fd, void *to, size_t len);
/* 1: as pipe_receive(); 0: the other end has closed, nothing came. */
int pipe_next(int fd, void *to, size_t len);

#endif /* DK_SIMULATE_PIPE_H */
