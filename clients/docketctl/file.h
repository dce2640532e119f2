/* file.h - whole files and standard input, with a limit. */
#ifndef DK_CTL_FILE_H
#define DK_CTL_FILE_H

#include <stddef.h>

#include "proto/problem.h"

/* Read `path` ("-": standard input) of at most `max` bytes.  *out is
 * NUL-terminated and the caller frees it.  DK_ENOTFOUND, DK_EFORBIDDEN,
 * DK_ETOOBIG, DK_EIO, DK_ENOMEM.
 */
int file_read(const char *path, size_t max, char **out, size_t *len,
              struct dk_problem *p);

/* Written aside (PATH.new), made durable, then renamed over the old one. */
int file_write(const char *path, const char *text, size_t len,
               struct dk_problem *p);

/* Why a file cannot be used, from errno. */
int file_fail(const char *path, int err, struct dk_problem *p);

#endif /* DK_CTL_FILE_H */
