/* rfc8259.h - strict JSON once more, by recursive descent, written from
 * proto/PROTOCOL.md and RFC 8259 and from nothing else of docket's: the second
 * opinion of fuzz_json.c.
 */
#ifndef DK_FUZZ_RFC8259_H
#define DK_FUZZ_RFC8259_H

#include "fuzz.h"

struct rfc {
    const uint8_t *p, *end;
    int depth;
};

/* A key as it is meant, for comparing. */
struct rfc_text {
    uint8_t *b;
    size_t n;
};

static bool rfc_value(struct rfc *r);

static void rfc_space(struct rfc *r)
{
    while (r->p < r->end && strchr(" \t\r\n", *r->p) != NULL && *r->p != 0)
        r->p++;
}

static bool rfc_take(struct rfc *r, uint8_t c)
{
    if (r->p >= r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

/* The code point at r->p, or UINT32_MAX. */
static uint32_t rfc_utf8(struct rfc *r)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    uint8_t c = *r->p++;
    int more = c < 0x80 ? 0 : c >> 5 == 6 ? 1 : c >> 4 == 14 ? 2 : 3;
    uint32_t u = c;

    if (c >= 0x80 && (c < 0xc0 || c > 0xf7))
        return UINT32_MAX;
    if (more > 0)
        u = c & (uint32_t)(0x3f >> more);
    for (int i = 0; i < more; i++) {
        if (r->p >= r->end || *r->p >> 6 != 2)
            return UINT32_MAX;
        u = u << 6 | (*r->p++ & 0x3f);
    }
    return u < least[more] || u > 0x10ffff || (u >= 0xd800 && u < 0xe000)
               ? UINT32_MAX
               : u;
}

static uint32_t rfc_hex(struct rfc *r)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    uint32_t u = 0;

    for (int i = 0; i < 4; i++) {
        if (r->p >= r->end || *r->p == 0)
            return UINT32_MAX;
        const char *at = strchr(digits, *r->p++);
        if (at == NULL)
            return UINT32_MAX;
        u = u * 16 + (uint32_t)(at - digits) % 16;
    }
    return u;
}

/* After the backslash: the code point, or UINT32_MAX. */
static uint32_t rfc_escape(struct rfc *r)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    uint32_t high, low;

    if (r->p >= r->end || *r->p == 0)
        return UINT32_MAX;
    uint8_t c = *r->p++;
    const char *at = strchr(from, c);
    if (at != NULL)
        return (uint32_t)to[at - from];
    if (c != 'u')
        return UINT32_MAX;
    high = rfc_hex(r);
    if (high == 0 || high == UINT32_MAX || (high >= 0xdc00 && high < 0xe000))
        return UINT32_MAX;
    if (high < 0xd800 || high >= 0xe000)
        return high;
    if (!rfc_take(r, '\\') || !rfc_take(r, 'u'))
        return UINT32_MAX;
    low = rfc_hex(r);
    if (low < 0xdc00 || low >= 0xe000)
        return UINT32_MAX;
    return 0x10000 + (high - 0xd800) * 0x400 + (low - 0xdc00);
}

/* A string; its code points, four bytes each, in *out. */
static bool rfc_string(struct rfc *r, struct rfc_text *out)
{
    size_t room = (size_t)(r->end - r->p) * 4 + 4;

    out->b = malloc(room);
    out->n = 0;
    CHECK(out->b != NULL);
    if (!rfc_take(r, '"'))
        return false;
    while (r->p < r->end && *r->p != '"') {
        uint32_t u;
        if (*r->p < 0x20)
            return false;
        if (*r->p == '\\') {
            r->p++;
            u = rfc_escape(r);
        } else {
            u = rfc_utf8(r);
        }
        if (u == UINT32_MAX)
            return false;
        memcpy(out->b + out->n, &u, 4);
        out->n += 4;
    }
    return rfc_take(r, '"');
}

/* Integers only, of at most 2^53-1, by their digits. */
static bool rfc_number(struct rfc *r)
{
    static const char most[] = "9007199254740991";
    bool minus = rfc_take(r, '-');
    const char *first = (const char *)r->p;
    size_t n = 0;

    while (r->p < r->end && *r->p >= '0' && *r->p <= '9') {
        r->p++;
        n++;
    }
    if (n == 0 || (*first == '0' && (n > 1 || minus)))
        return false;
    if (r->p < r->end && (*r->p == '.' || *r->p == 'e' || *r->p == 'E'))
        return false;
    return n < 16 || (n == 16 && memcmp(first, most, 16) <= 0);
}

static bool rfc_word(struct rfc *r, const char *w)
{
    for (; *w != '\0'; w++) {
        if (!rfc_take(r, (uint8_t)*w))
            return false;
    }
    return true;
}

static bool rfc_array(struct rfc *r)
{
    rfc_space(r);
    if (rfc_take(r, ']'))
        return true;
    do {
        if (!rfc_value(r))
            return false;
    } while (rfc_take(r, ','));
    return rfc_take(r, ']');
}

static bool rfc_member(struct rfc *r, struct rfc_text *keys, int n)
{
    rfc_space(r);
    if (!rfc_string(r, &keys[n]))
        return false;
    for (int i = 0; i < n; i++) {
        if (keys[i].n == keys[n].n &&
            memcmp(keys[i].b, keys[n].b, keys[n].n) == 0)
            return false;
    }
    rfc_space(r);
    return rfc_take(r, ':') && rfc_value(r);
}

static bool rfc_object(struct rfc *r)
{
    struct rfc_text keys[257] = {{NULL, 0}};
    bool good = true;
    int n = 0;

    rfc_space(r);
    if (rfc_take(r, '}'))
        return true;
    do {
        good = n < 256 && rfc_member(r, keys, n);
        n++;
    } while (good && rfc_take(r, ','));
    for (int i = 0; i < n && i < 257; i++)
        free(keys[i].b);
    return good && rfc_take(r, '}');
}

/* With the white space around it. */
static bool rfc_value(struct rfc *r)
{
    struct rfc_text text = {NULL, 0};
    bool good;

    rfc_space(r);
    if (r->p >= r->end)
        return false;
    switch (*r->p) {
    case '{':
    case '[':
        if (r->depth == 32)
            return false;
        r->depth++;
        good = *r->p++ == '{' ? rfc_object(r) : rfc_array(r);
        r->depth--;
        break;
    case '"':
        good = rfc_string(r, &text);
        free(text.b);
        break;
    case 't':
        good = rfc_word(r, "true");
        break;
    case 'f':
        good = rfc_word(r, "false");
        break;
    case 'n':
        good = rfc_word(r, "null");
        break;
    default:
        good = rfc_number(r);
    }
    rfc_space(r);
    return good;
}

static bool rfc_good(const uint8_t *text, size_t len)
{
    struct rfc r = {text, text + len, 0};

    return rfc_value(&r) && r.p == r.end;
}

#endif /* DK_FUZZ_RFC8259_H */
