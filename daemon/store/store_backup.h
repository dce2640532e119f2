/* store_backup.h - a copy of the store while it is in use; a part of store.h.
 */
#ifndef DK_STORE_BACKUP_H
#define DK_STORE_BACKUP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/problem.h"

struct store;

/* A copy of the store into the file at `path`, which is there and empty, made
 * step by step while the store is in use: what is committed before the last
 * step is in it.  Any failure ends the copy and leaves the store as it is:
 *   DK_EFULL, DK_EIO  the copy cannot be written, or the store not be read
 *   DK_EFORBIDDEN     this kind of store has no file
 * *p holds a sentence for an operator.
 */
struct store_backup {
    int64_t done, total; /* pages */
    bool whole;          /* it is finished, and closed, but not synced */
};
int store_backup_begin(struct store *st, const char *path,
                       struct dk_problem *p);
int store_backup_step(struct store *st, int pages, struct store_backup *b,
                      struct dk_problem *p);
void store_backup_end(struct store *st); /* give it up; none is no error */

/* Mark the whole copy as a backup, sync it by its descriptor `fd`, and read all
 * of it: is every page sound, and is it what was to be copied?  Needs no store
 * and may run in another thread.  DK_ESHUTDOWN once *stop is true.
 */
struct store_backup_want {
    uint8_t broker[16];
    int64_t last_seq, cases;
};
int store_backup_check(const char *path, int fd,
                       const struct store_backup_want *want,
                       const atomic_bool *stop, struct dk_problem *p);

#endif /* DK_STORE_BACKUP_H */
