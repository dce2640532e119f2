#ifndef DK_TESTS_FOLDER_H
#define DK_TESTS_FOLDER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Make a folder of this test's own, below $TMPDIR (else /tmp), and write its
 * name to out.  The name of a socket in it must stay below 108 bytes, so a
 * long $TMPDIR is not followed.
 */
static inline void folder_make(char *out, size_t size, const char *name)
{
    const char *tmp = getenv("TMPDIR");
    int n = snprintf(
        out, size, "%s/%s.XXXXXX",
        tmp != NULL && *tmp == '/' && strlen(tmp) < 24 ? tmp : "/tmp", name);

    if (n < 0 || (size_t)n >= size || mkdtemp(out) == NULL) {
        perror(out);
        abort();
    }
}

#endif
