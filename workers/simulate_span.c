#include "simulate_span.h"

#include "proto/timefmt.h"

static const char *skip_space(const char *p)
{
    while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
        p++;
    return p;
}

/* Past the string whose first quote is at `p`: eight bytes at a time, as long
 * as none of them is a quote or a backslash, which sets the high bit of its
 * place.
 */
static const char *skip_string(const char *p, const char *end)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t high = ones << 7;

    for (p++; end - p >= 8; p += 8) {
        uint64_t v;
        uint64_t q;
        uint64_t b;

        memcpy(&v, p, 8);
        q = v ^ (ones * '"');
        b = v ^ (ones * '\\');
        if (((((q - ones) & ~q) | ((b - ones) & ~b)) & high) != 0)
            break;
    }
    for (; *p != '"'; p++) {
        if (*p == '\\')
            p++;
    }
    return p + 1;
}

static const char *skip_value(const char *p, const char *end)
{
    int depth = 0;

    do {
        switch (*p) {
        case '"':
            p = skip_string(p, end);
            break;
        case '{':
        case '[':
            depth++;
            p++;
            break;
        case '}':
        case ']':
            depth--;
            p++;
            break;
        default:
            p++;
            while (depth == 0 && *p != ',' && *p != '}' && *p != ']' &&
                   *p != ' ' && *p != '\t' && *p != '\n' && *p != '\r')
                p++;
            break;
        }
    } while (depth > 0);
    return p;
}

void members_open(struct members *m, struct span object)
{
    m->p = skip_space(object.at) + 1;
    m->end = object.at + object.len;
}

bool members_key(struct members *m, struct span *key)
{
    const char *p = skip_space(m->p);

    if (*p == ',')
        p = skip_space(p + 1);
    if (*p != '"')
        return false;
    key->at = p + 1;
    p = skip_string(p, m->end);
    key->len = (size_t)(p - 1 - key->at);
    m->p = skip_space(skip_space(p) + 1); /* the colon */
    return true;
}

void members_value(struct members *m, struct span *value)
{
    value->at = m->p;
    m->p = skip_value(m->p, m->end);
    value->len = (size_t)(m->p - value->at);
}

bool members_next(struct members *m, struct span *key, struct span *value)
{
    if (!members_key(m, key))
        return false;
    members_value(m, value);
    return true;
}

bool span_plain(struct span s, struct span *inside)
{
    if (s.len < 2 || s.at[0] != '"' || memchr(s.at, '\\', s.len) != NULL)
        return false;
    inside->at = s.at + 1;
    inside->len = s.len - 2;
    return true;
}

bool span_int(struct span s, int64_t *out)
{
    bool minus = s.len > 0 && s.at[0] == '-';
    size_t i = minus;
    int64_t v = 0;

    if (i == s.len || s.len > 18)
        return false;
    for (; i < s.len; i++) {
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
        v = v * 10 + (s.at[i] - '0');
    }
    *out = minus ? -v : v;
    return true;
}

int span_time(struct span s, dk_ms *out)
{
    struct span in;

    return span_plain(s, &in) ? dk_time_parse(in.at, in.len, out) : DK_EFIELD;
}
