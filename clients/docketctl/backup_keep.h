/* backup_keep.h - backups of a folder: their names, and how many are kept. */
#ifndef DK_BACKUP_KEEP_H
#define DK_BACKUP_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "FOLDER/docket-20261130T020000Z.db", of `now` in seconds since 1970.  -1: it
 * does not fit.
 */
int backup_name(const char *folder, int64_t now, char *out, size_t cap);
bool backup_is_name(const char *s); /* without its folder */
/* Remove the oldest of them until `keep` are left.  -1: *why says what could
 * not be done; *removed counts in any case.
 */
int backup_prune(const char *folder, int keep, int *removed, char why[200]);

#endif /* DK_BACKUP_KEEP_H */
