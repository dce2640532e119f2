/* replace.h - write a file anew as a whole, or not at all. */
#ifndef DK_WORKER_REPLACE_H
#define DK_WORKER_REPLACE_H

#include <stddef.h>
#include <sys/stat.h>

/* Put `text` in the place of the file, which must still be what `was` says:
 * written aside, synced, renamed, with the old one's mode and owner.  0, or an
 * exit status, told on standard error.
 */
int replace_file(const char *path, const struct stat *was, const char *text,
                 size_t len);

#endif /* DK_WORKER_REPLACE_H */
