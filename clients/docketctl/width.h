/* width.h - text for a terminal: how many columns it takes, and nothing in it
 * that could steer the terminal.  Text that citizens and peers wrote is
 * printed only through text_clean().  Pure.
 */
#ifndef DK_CTL_WIDTH_H
#define DK_CTL_WIDTH_H

#include <stdbool.h>
#include <stddef.h>

/* Columns of UTF-8 text; Chinese characters take two.  Bytes that are not
 * UTF-8 count one each.
 */
int text_width(const char *s);

/* How many bytes of `s` fit in `columns`; *used gets the columns they take. */
size_t text_fit(const char *s, int columns, int *used);

/* A copy without control characters (escape sequences, C1, bidirectional
 * overrides) and without bytes that are not UTF-8; each becomes U+FFFD, tabs
 * become spaces, and line ends too unless `lines`.  NULL: out of memory.  The
 * caller frees it.
 */
char *text_clean(const char *s, bool lines);

#endif /* DK_CTL_WIDTH_H */
