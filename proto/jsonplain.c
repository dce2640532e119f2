#include "jsonplain.h"

#include <stdint.h>
#include <string.h>

/* Has none of these eight bytes a value over 0x7f or under 0x20, and is none a
 * quote or a backslash?  Each such sets the high bit of its place.
 */
static bool plain_eight(uint64_t v)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t high = ones << 7;
    uint64_t q = v ^ (ones * '"');
    uint64_t b = v ^ (ones * '\\');

    return ((v | (v - ones * 0x20) | (q - ones) | (b - ones)) & high) == 0;
}

#if defined(__SSE2__) /* as on every x86-64 */
#include <emmintrin.h>

static __m128i load(const unsigned char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* How many of the sixteen bytes at p are ASCII that needs no look of its own,
 * before the first that is not.
 */
static int plain_ascii(const unsigned char *p)
{
    __m128i v = load(p);
    /* As signed numbers all bytes over 0x7f are less than a space. */
    __m128i odd =
        _mm_or_si128(_mm_cmpgt_epi8(_mm_set1_epi8(0x20), v),
                     _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
                                  _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))));

    return __builtin_ctz((unsigned)_mm_movemask_epi8(odd) | 0x10000u);
}

/* Of the bytes at p those that are characters of three bytes, 15 at most, as
 * nearly all Chinese text has them: any two continuation bytes after a lead but
 * 0xe0 and 0xed are valid.
 */
static int usual(const unsigned char *p)
{
    const char e = (char)0xe0, c = (char)0xc0, f = (char)0xf0, t = (char)0x80;
    const __m128i bits =
        _mm_setr_epi8(f, c, c, f, c, c, f, c, c, f, c, c, f, c, c, 0);
    const __m128i want =
        _mm_setr_epi8(e, t, t, e, t, t, e, t, t, e, t, t, e, t, t, 1);
    __m128i v = load(p);
    __m128i like = _mm_cmpeq_epi8(_mm_and_si128(v, bits), want);
    __m128i odd = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(e)),
                               _mm_cmpeq_epi8(v, _mm_set1_epi8((char)0xed)));
    unsigned ok = (unsigned)_mm_movemask_epi8(_mm_andnot_si128(odd, like));

    return __builtin_ctz(~ok) / 3 * 3;
}

/* Is none of the sixteen bytes at p in a control character, not even in a line
 * end?
 */
static bool clean(const unsigned char *p)
{
    __m128i v = load(p);
    __m128i fine = _mm_cmpeq_epi8(_mm_max_epu8(v, _mm_set1_epi8(0x20)), v);
    __m128i odd = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8((char)0xc2)),
                               _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f)));

    return _mm_movemask_epi8(_mm_andnot_si128(odd, fine)) == 0xffff;
}
#else /* the same, byte by byte and eight at a time */
static int plain_ascii(const unsigned char *p)
{
    int n = 0;

    for (uint64_t v; n < 16; n += 8) {
        memcpy(&v, p + n, 8);
        if (!plain_eight(v))
            break;
    }
    while (n < 16 && p[n] >= 0x20 && p[n] < 0x80 && p[n] != '"' && p[n] != '\\')
        n++;
    return n;
}

static int usual(const unsigned char *p)
{
    int n = 0;

    while (n < 15 && dk_utf8_usual(p + n, p + 16))
        n += 3;
    return n;
}

static bool clean(const unsigned char *p)
{
    for (int i = 0; i < 16; i++) {
        if (p[i] < 0x20 || p[i] == 0x7f || p[i] == 0xc2)
            return false;
    }
    return true;
}
#endif

/* Past the characters at p that are not ASCII, as long as they are UTF-8. */
static const unsigned char *past_wide(const unsigned char *p,
                                      const unsigned char *end)
{
    int n = 15;

    for (; n == 15 && end - p >= 16; p += n)
        n = usual(p);
    while (p < end && *p >= 0x80) {
        size_t len = dk_utf8_len(p, end);

        if (len == 0)
            break;
        p += len;
    }
    return p;
}

/* Past all that may stand in a string as it is, until less than sixteen bytes
 * are left (*stop is NULL then) or something else comes (there *stop is).
 */
static const unsigned char *past_plain(const unsigned char *p,
                                       const unsigned char *end,
                                       const unsigned char **stop)
{
    *stop = NULL;
    while (end - p >= 16) {
        const unsigned char *from;
        int n = plain_ascii(p);

        p += n;
        if (n == 16)
            continue;
        from = p;
        if (*p >= 0x80)
            p = past_wide(p, end);
        if (p == from) {
            *stop = p;
            break;
        }
    }
    return p;
}

/* Is a short text, such as a key, plain ASCII?  Its first and its last bytes
 * are looked at, some of them twice.
 */
static bool plain_short(const char *s, size_t n)
{
    uint64_t v;
    uint64_t w;
    uint32_t a;
    uint32_t b;

    if (n >= 8) {
        memcpy(&v, s, 8);
        memcpy(&w, s + n - 8, 8);
        return plain_eight(v) && plain_eight(w);
    }
    if (n < 4)
        return false;
    memcpy(&a, s, 4);
    memcpy(&b, s + n - 4, 4);
    return plain_eight((uint64_t)a << 32 | b);
}

size_t dk_json_plain(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s, *stop;
    unsigned char last[32];

    if (n < 16 && plain_short(s, n))
        return n;
    p = past_plain(p, p + n, &stop);
    if (stop != NULL)
        return (size_t)(stop - (const unsigned char *)s);
    /* The rest with room behind it, and something to stop at. */
    size_t done = (size_t)(p - (const unsigned char *)s);

    if (done == n)
        return n;
    memset(last, '"', sizeof(last));
    memcpy(last, p, n - done);
    (void)past_plain(last, last + sizeof(last), &stop);
    return done + (size_t)(stop - last);
}

bool dk_json_clean(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;
    const unsigned char *end = p + n;

    for (;;) {
        while (end - p >= 16 && clean(p))
            p += 16;
        if (p == end)
            return true;
        if ((*p < 0x20 && *p != '\n' && *p != '\t' && *p != '\r') ||
            *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0))
            return false;
        p++;
    }
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
