/* import_seen.h - which ids a file has had, and on which line, for telling
 * those that come again.  Grows with the number of ids, not with their length.
 */
#ifndef DK_CTL_IMPORT_SEEN_H
#define DK_CTL_IMPORT_SEEN_H

#include "proto/dk_types.h"

struct seen;

struct seen *seen_new(void); /* NULL: out of memory */
void seen_free(struct seen *s);

/* Remember that `id` stands on `line` with time `at`.  0: it is new;
 * otherwise the line that had it first, whose time goes to *first_at; -1: out
 * of memory.
 */
int64_t seen_add(struct seen *s, const char *id, dk_ms at, int64_t line,
                 dk_ms *first_at);

#endif /* DK_CTL_IMPORT_SEEN_H */
