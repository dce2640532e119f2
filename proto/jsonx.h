/* jsonx.h - strict JSON reading over cJSON.
 *
 * cJSON accepts duplicate keys, invalid UTF-8, control characters, trailing
 * bytes and numbers that it cannot hold (measured; docs/adr/0005).  Everything
 * that comes from a peer, a file or a person goes through dk_json_parse(),
 * which refuses all of these, and is read by the typed getters below, which
 * name the place of what is wrong by an RFC 6901 pointer.
 */
#ifndef DK_JSONX_H
#define DK_JSONX_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "dk_types.h"
#include "problem.h"

/* Parse exactly `len` bytes.  Refuses: more than `max` bytes (DK_ETOOBIG);
 * anything RFC 8259 does not allow, invalid UTF-8, U+0000, duplicate keys
 * (compared byte by byte after unescaping), lone surrogates, depth over
 * DK_DEPTH_MAX, over DK_KEYS_MAX members in an object, numbers that are not
 * integers of at most 2^53-1 in size, bytes after the value (all DK_EJSON, with
 * the byte offset in the detail).  On success the caller frees *out by
 * cJSON_Delete().
 */
int dk_json_parse(const char *buf, size_t len, size_t max, cJSON **out,
                  struct dk_problem *p);

/* As dk_json_parse(), and the value must be an object. */
int dk_json_parse_obj(const char *buf, size_t len, size_t max, cJSON **out,
                      struct dk_problem *p);

/* As dk_json_parse_obj(), for one who only reads: the whole is one block of
 * memory, so nothing may be put into the object, taken out or replaced.
 */
int dk_json_parse_fixed(const char *buf, size_t len, size_t max, cJSON **out,
                        struct dk_problem *p);

/* Where we are in a body, for the pointers of problems: a linked list on the
 * stack, from the inside out.  NULL is the root.
 */
struct dk_at {
    const struct dk_at *up;
    const char *key; /* or NULL: an array element */
    int index;
};

enum {
    DK_OPTIONAL = 0,
    DK_REQUIRED = 1
};

/* The getters below: `o` must be an object (else DK_EFIELD).  An absent
 * optional member leaves *out untouched and returns 0.  JSON null counts as
 * absent.  On failure *out is untouched.  Strings are borrowed from `o`.
 */
int dk_json_str(const cJSON *o, const char *key, int need, size_t min_bytes,
                size_t max_bytes, const char **out, const struct dk_at *at,
                struct dk_problem *p);
/* An id: 1..DK_ID_MAX bytes of printable text without space, quote, slash,
 * backslash or control characters; Chinese allowed.
 */
int dk_json_id(const cJSON *o, const char *key, int need, const char **out,
               const struct dk_at *at, struct dk_problem *p);
int dk_json_int(const cJSON *o, const char *key, int need, int64_t min,
                int64_t max, int64_t *out, const struct dk_at *at,
                struct dk_problem *p);
int dk_json_bool(const cJSON *o, const char *key, int need, bool *out,
                 const struct dk_at *at, struct dk_problem *p);
/* RFC 3339 with an offset or Z. */
int dk_json_time(const cJSON *o, const char *key, int need, dk_ms *out,
                 const struct dk_at *at, struct dk_problem *p);
/* Lower-case UUID text; version 7 demanded when `v7`. */
int dk_json_uuid(const cJSON *o, const char *key, int need, bool v7,
                 struct dk_uuid *out, const struct dk_at *at,
                 struct dk_problem *p);
int dk_json_obj(const cJSON *o, const char *key, int need, const cJSON **out,
                const struct dk_at *at, struct dk_problem *p);
int dk_json_arr(const cJSON *o, const char *key, int need, int min, int max,
                const cJSON **out, const struct dk_at *at,
                struct dk_problem *p);
/* One of `names` (NULL-terminated); *out is its index. */
int dk_json_enum(const cJSON *o, const char *key, int need,
                 const char *const names[], int *out, const struct dk_at *at,
                 struct dk_problem *p);
/* An array of `names` (at most 32 of them); *mask is 1 << index for each. */
int dk_json_set(const cJSON *o, const char *key, int need,
                const char *const names[], unsigned *mask,
                const struct dk_at *at, struct dk_problem *p);
/* Refuse members not in `names` (NULL-terminated), suggesting the nearest. */
int dk_json_only(const cJSON *o, const char *const names[],
                 const struct dk_at *at, struct dk_problem *p);

/* Write the pointer of member `key` (or NULL) under `at` into buf. */
void dk_at_pointer(const struct dk_at *at, const char *key, char *buf,
                   size_t cap);

/* The nearest of `names` to `word` by edit distance, or NULL if none is near
 * (distance over a third of its length).  For "did you mean".
 */
const char *dk_nearest(const char *word, const char *const names[]);

/* Length in bytes of the longest valid UTF-8 prefix of s[0..n); n if all is
 * valid.  Surrogates and overlong forms are invalid (RFC 3629).
 */
size_t dk_utf8_valid(const char *s, size_t n);

#endif /* DK_JSONX_H */
