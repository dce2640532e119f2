/* durable.h - small files that are whole and on the disk, or not there.
 *
 * Each returns 0 or an errno; the caller says it in words.
 */
#ifndef DK_DURABLE_H
#define DK_DURABLE_H

#include <stddef.h>
#include <sys/types.h>

/* A new file with exactly this mode and content, synced; on failure it is gone
 * again.  Its name is on the disk only after durable_folder().
 */
int durable_create(const char *path, mode_t mode, const void *data, size_t len);

/* Sync the folder that `file` is in. */
int durable_folder(const char *file);

#endif /* DK_DURABLE_H */
