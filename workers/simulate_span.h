/* simulate_span.h - look into JSON text without taking it apart.
 *
 * The text must have passed dk_json_scan(): it is strict JSON, so that looking
 * needs no checks, and nothing is allocated.
 */
#ifndef DK_SIMULATE_SPAN_H
#define DK_SIMULATE_SPAN_H

#include <stdbool.h>
#include <string.h>

#include "proto/dk_types.h"

/* A value as it stands in the text, a string with its quotes. */
struct span {
    const char *at;
    size_t len;
};

struct members {
    const char *p;
    const char *end; /* nothing is looked at from here on */
};

/* The members of an object, in their order.  Its length may include what comes
 * after it in the text.
 */
void members_open(struct members *m, struct span object);
/* *key is without quotes, escapes as written.  False: there are no more. */
bool members_next(struct members *m, struct span *key, struct span *value);
/* The same in two steps: m->p is at the value between them. */
bool members_key(struct members *m, struct span *key);
void members_value(struct members *m, struct span *value);

static inline bool span_is(struct span s, const char *text)
{
    size_t len = strlen(text); /* known to the compiler, mostly */

    return s.len == len && memcmp(s.at, text, len) == 0;
}

/* The inside of a string without escapes; false: it is none. */
bool span_plain(struct span s, struct span *inside);
bool span_int(struct span s, int64_t *out); /* false: no number */
int span_time(struct span s, dk_ms *out);   /* RFC 3339; 0 or DK_EFIELD */

#endif /* DK_SIMULATE_SPAN_H */
