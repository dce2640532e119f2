/* names.h - what a page calls units, officers, limits, states and actions: one
 * JSON document from the book of units, the policy and the glossary.
 */
#ifndef DK_WEB_NAMES_H
#define DK_WEB_NAMES_H

#include <stddef.h>

#include "proto/problem.h"

struct names;

/* Files of "" are left out.  What cannot be read is an error here; whether it
 * makes sense, `docketctl units check` and `docketctl policy check` say.
 */
int names_open(const char *book, const char *policy, struct names **out,
               struct dk_problem *p);
void names_close(struct names *n); /* NULL is allowed */

/* The document, borrowed till the next call.  A file that has changed is read
 * again; if it cannot be, what was read before stays.
 */
const char *names_text(struct names *n, size_t *len);

#endif /* DK_WEB_NAMES_H */
