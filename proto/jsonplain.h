/* jsonplain.h - the bytes of a string in JSON: which of them stand for
 * themselves, and what the others stand for.
 *
 * Private to proto/.
 */
#ifndef DK_JSONPLAIN_H
#define DK_JSONPLAIN_H

#include <stdbool.h>
#include <stddef.h>

/* How many bytes of s[0..n) may stand in a string of JSON as they are: valid
 * UTF-8 without control character, quote and backslash.
 */
size_t dk_json_plain(const char *s, size_t n);

/* Has the UTF-8 text s[0..n), which a NUL ends, no control character but line
 * ends and tabs: neither C0, DEL nor C1 (U+0080..U+009F)?
 */
bool dk_json_clean(const char *s, size_t n);

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

/* The four hex digits at p; -1 if they are not. */
int dk_hex4(const unsigned char *p, const unsigned char *end);

/* The bytes of a string after unescaping, one by one: `p` is after its opening
 * quote, all else zero.  The text is strict JSON (jsonscan.h).
 */
struct dk_unescape {
    const unsigned char *p;
    unsigned char pending[4];
    int n, i;
};

/* The next byte; -1 at the end, where `p` is at the closing quote. */
int dk_unescape_next(struct dk_unescape *c);

#endif /* DK_JSONPLAIN_H */
