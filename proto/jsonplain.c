#include "jsonplain.h"

#include <stdint.h>
#include <string.h>

/* Past the ASCII at p that needs no look of its own: eight bytes at a time, as
 * long as none of them is over 0x7f or under 0x20, a quote or a backslash, each
 * of which sets the high bit of its place.
 */
static const unsigned char *past_ascii(const unsigned char *p,
                                       const unsigned char *end)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t high = ones << 7;

    for (; end - p >= 8; p += 8) {
        uint64_t v;
        uint64_t q;
        uint64_t b;

        memcpy(&v, p, 8);
        q = v ^ (ones * '"');
        b = v ^ (ones * '\\');
        if (((v | (v - ones * 0x20) | (q - ones) | (b - ones)) & high) != 0)
            break;
    }
    while (p < end && *p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\')
        p++;
    return p;
}

/* Two characters at p of three bytes each, as nearly all Chinese text has them:
 * any two continuation bytes after a lead but 0xe0 and 0xed are valid.
 */
static bool two_usual(const unsigned char *p)
{
    static const unsigned char bits[8] = {0xf0, 0xc0, 0xc0, 0xf0, 0xc0, 0xc0};
    static const unsigned char want[8] = {0xe0, 0x80, 0x80, 0xe0, 0x80, 0x80};
    uint64_t v;
    uint64_t b;
    uint64_t w;

    memcpy(&v, p, 8);
    memcpy(&b, bits, 8);
    memcpy(&w, want, 8);
    return (v & b) == w && p[0] != 0xe0 && p[0] != 0xed && p[3] != 0xe0 &&
           p[3] != 0xed;
}

/* Past the characters at p that are not ASCII, as long as they are UTF-8. */
static const unsigned char *past_wide(const unsigned char *p,
                                      const unsigned char *end)
{
    while (end - p >= 8 && two_usual(p))
        p += 6;
    while (p < end && *p >= 0x80) {
        size_t len = dk_utf8_len(p, end);

        if (len == 0)
            break;
        p += len;
    }
    return p;
}

/* Past all that may stand in a string as it is. */
static const unsigned char *past_plain(const unsigned char *p,
                                       const unsigned char *end)
{
    const unsigned char *from;

    do {
        from = p;
        p = past_wide(past_ascii(p, end), end);
    } while (p != from && p < end);
    return p;
}

size_t dk_json_plain(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;

    return (size_t)(past_plain(p, p + n) - p);
}
