/* jsonscan.h - is this text strict JSON?  One pass, no allocation.
 *
 * Private to proto/: everybody else calls dk_json_parse().
 */
#ifndef DK_JSONSCAN_H
#define DK_JSONSCAN_H

#include <stdbool.h>

#include "dk_types.h"
#include "problem.h"

/* The rules of dk_json_parse() but for the size: 0 or DK_EJSON.  `obj`: the
 * value must be an object.  `len` is below 4 GiB.
 */
int dk_json_scan(const char *buf, size_t len, bool obj, struct dk_problem *p);

static inline bool dk_utf8_tail(const unsigned char *p, int n)
{
    for (int i = 1; i <= n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return false;
    }
    return true;
}

/* Bytes of the UTF-8 character at p (p < end), or 0 if it is not one: RFC
 * 3629, so no overlong form, no surrogate, nothing over U+10FFFF.
 */
static inline size_t dk_utf8_general(const unsigned char *p,
                                     const unsigned char *end)
{
    unsigned char c = p[0];
    size_t room = (size_t)(end - p);

    if (c < 0x80)
        return 1;
    if (c < 0xc2 || c > 0xf4)
        return 0;
    if (c < 0xe0)
        return room >= 2 && dk_utf8_tail(p, 1) ? 2 : 0;
    if (c < 0xf0) {
        if (room < 3 || !dk_utf8_tail(p, 2) || (c == 0xe0 && p[1] < 0xa0) ||
            (c == 0xed && p[1] > 0x9f))
            return 0;
        return 3;
    }
    if (room < 4 || !dk_utf8_tail(p, 3) || (c == 0xf0 && p[1] < 0x90) ||
        (c == 0xf4 && p[1] > 0x8f))
        return 0;
    return 4;
}

/* U+1000..U+CFFF, where nearly all Chinese text is: any two continuation bytes
 * after such a lead are valid, so one look decides.
 */
static inline bool dk_utf8_usual(const unsigned char *p,
                                 const unsigned char *end)
{
    return p[0] >= 0xe1 && p[0] <= 0xec && end - p >= 3 &&
           (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80;
}

/* Bytes of the UTF-8 character at p (p < end), or 0 if it is not one. */
static inline size_t dk_utf8_len(const unsigned char *p,
                                 const unsigned char *end)
{
    return dk_utf8_usual(p, end) ? 3 : dk_utf8_general(p, end);
}

#endif /* DK_JSONSCAN_H */
