#include "simulate_span.h"

#include <string.h>

static const char *skip_space(const char *p)
{
    while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
        p++;
    return p;
}

/* Past the string whose first quote is at `p`. */
static const char *skip_string(const char *p)
{
    for (p++; *p != '"'; p++) {
        if (*p == '\\')
            p++;
    }
    return p + 1;
}

static const char *skip_value(const char *p)
{
    int depth = 0;

    do {
        switch (*p) {
        case '"':
            p = skip_string(p);
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
}

bool members_next(struct members *m, struct span *key, struct span *value)
{
    const char *p = skip_space(m->p);

    if (*p == ',')
        p = skip_space(p + 1);
    if (*p != '"')
        return false;
    key->at = p + 1;
    p = skip_string(p);
    key->len = (size_t)(p - 1 - key->at);
    p = skip_space(skip_space(p) + 1); /* the colon */
    value->at = p;
    m->p = skip_value(p);
    value->len = (size_t)(m->p - p);
    return true;
}

bool span_is(struct span s, const char *text)
{
    return strlen(text) == s.len && memcmp(s.at, text, s.len) == 0;
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
