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

static int hex_digit(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int dk_hex4(const unsigned char *p, const unsigned char *end)
{
    int v = 0;

    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int d = hex_digit(p[i]);

        if (d < 0)
            return -1;
        v = v << 4 | d;
    }
    return v;
}

static void encode(struct dk_unescape *c, uint32_t u)
{
    unsigned char *o = c->pending;

    c->i = 0;
    c->n = u < 0x80 ? 1 : u < 0x800 ? 2 : u < 0x10000 ? 3 : 4;
    for (int i = c->n - 1; i > 0; i--) {
        o[i] = (unsigned char)(0x80 | (u & 0x3f));
        u >>= 6;
    }
    o[0] = (unsigned char)(c->n == 1   ? u
                           : c->n == 2 ? 0xc0 | u
                           : c->n == 3 ? 0xe0 | u
                                       : 0xf0 | u);
}

/* c->p is after a backslash in a string that was found valid. */
static void unescape(struct dk_unescape *c)
{
    static const char from[] = "bfnrt";
    static const unsigned char to[] = "\b\f\n\r\t";
    unsigned char e = *c->p++;
    const char *at = memchr(from, e, sizeof(from) - 1);
    uint32_t u = e;

    if (at != NULL) {
        u = to[at - from];
    } else if (e == 'u') {
        u = (uint32_t)dk_hex4(c->p, c->p + 4);
        c->p += 4;
        if (u >= 0xd800 && u <= 0xdbff) {
            uint32_t low = (uint32_t)dk_hex4(c->p + 2, c->p + 6);

            u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
            c->p += 6;
        }
    }
    encode(c, u);
}

int dk_unescape_next(struct dk_unescape *c)
{
    if (c->i < c->n)
        return c->pending[c->i++];
    if (*c->p == '"')
        return -1;
    if (*c->p != '\\')
        return *c->p++;
    c->p++;
    unescape(c);
    return c->pending[c->i++];
}
