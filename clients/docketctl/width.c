#include "width.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

/* One character at `s`; *cp is -1 when it is not UTF-8.  Returns its bytes. */
static size_t next_char(const char *s, size_t n, utf8proc_int32_t *cp)
{
    utf8proc_ssize_t used =
        utf8proc_iterate((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)n, cp);
    if (used > 0)
        return (size_t)used;
    *cp = -1;
    return 1;
}

size_t text_fit(const char *s, int columns, int *used)
{
    size_t n = strlen(s), at = 0;
    int sum = 0;

    while (at < n) {
        utf8proc_int32_t cp;
        size_t len = next_char(s + at, n - at, &cp);
        int w = cp < 0 ? 1 : utf8proc_charwidth(cp);
        if (w > columns - sum)
            break;
        sum += w;
        at += len;
    }
    *used = sum;
    return at;
}

int text_width(const char *s)
{
    int used;
    (void)text_fit(s, INT32_MAX, &used);
    return used;
}

static bool steers_terminal(utf8proc_int32_t cp)
{
    return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x061c ||
           cp == 0x200e || cp == 0x200f || (cp >= 0x2028 && cp <= 0x202e) ||
           (cp >= 0x2066 && cp <= 0x2069) || cp == 0xfeff;
}

char *text_clean(const char *s, bool lines)
{
    static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
    size_t n = strlen(s), at = 0, len = 0;
    char *out = malloc(n * 3 + 1);

    if (out == NULL)
        return NULL;
    while (at < n) {
        utf8proc_int32_t cp;
        size_t used = next_char(s + at, n - at, &cp);
        if (cp == '\n' && lines) {
            out[len++] = '\n';
        } else if (cp == '\n' || cp == '\t') {
            out[len++] = ' ';
        } else if (cp == '\r' && s[at + 1] == '\n') {
            /* the line end that follows says it */
        } else if (steers_terminal(cp)) {
            memcpy(out + len, replacement, 3);
            len += 3;
        } else {
            memcpy(out + len, s + at, used);
            len += used;
        }
        at += used;
    }
    out[len] = '\0';
    return out;
}
