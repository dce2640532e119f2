/* journal.h - where a program's log lines go: to systemd's journal as entries
 * with fields when standard error is the journal (JOURNAL_STREAM names it),
 * else as text to standard error.
 */
#ifndef DK_JOURNAL_H
#define DK_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

/* One line with its '\n' at the end.  Keeps errno.  One thread at a time. */
void journal_line(const char *line, size_t n);

/* The same of n bytes without line end, for what reads `fd` (1 or 2): true if
 * that is the journal and it has taken the entry; else nothing was written.
 */
bool journal_entry(int fd, const char *line, size_t n);

#endif /* DK_JOURNAL_H */
