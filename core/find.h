/* find.h - is a case about these words?
 *
 * All of the words must be in the case's subject or in what was handed in with
 * it (its first event), each anywhere, also within a longer word: Chinese has
 * no spaces.  Letters A to Z are the same in either case.  Personal data is
 * sealed and in neither text, so it is not found here.
 */
#ifndef DK_FIND_H
#define DK_FIND_H

#include <stdbool.h>

#include "proto/problem.h"

#define DK_FIND_WORDS 8   /* words, at most */
#define DK_FIND_MAX   200 /* bytes of all of them */

struct dk_find {
    int n;
    size_t len[DK_FIND_WORDS];
    char word[DK_FIND_WORDS][2 * DK_FIND_MAX]; /* as JSON has them, small */
};

/* Split at white space (U+3000 too).  DK_EFIELD, with the pointer /text: no
 * word, or too many.  `text` is clean UTF-8 of at most DK_FIND_MAX bytes.
 */
int dk_find_read(const char *text, struct dk_find *out, struct dk_problem *p);

/* Does a case fit?  `doc` is its document, `body` that of its first event, both
 * JSON as docket writes them; `body` may be NULL.
 */
bool dk_find_fits(const struct dk_find *f, const char *doc, size_t doc_len,
                  const char *body, size_t body_len);

#endif /* DK_FIND_H */
