/* jsonw.h - write JSON into one growing buffer, in the order called.
 *
 * The same calls give the same bytes on every machine: no locale, no doubles,
 * no white space.  A failed allocation sets `oom` and turns every later call
 * into a no-op, so callers check once, at the end.
 */
#ifndef DK_JSONW_H
#define DK_JSONW_H

#include <stdbool.h>

#include "dk_types.h"

struct cJSON;

struct dk_jw {
    char *buf; /* NUL-terminated once anything was written */
    size_t len, cap;
    bool comma; /* the next value needs one before it */
    bool oom;
};

/* All zero is a valid empty writer: struct dk_jw w = {0}; */
void dk_jw_reset(struct dk_jw *w); /* empty, keep the memory */
void dk_jw_fini(struct dk_jw *w);

/* Give the text away: the caller frees it.  NULL if out of memory.  The writer
 * is empty afterwards.
 */
char *dk_jw_take(struct dk_jw *w, size_t *len);

/* `key` is NULL inside an array or at the top. */
void dk_jw_obj(struct dk_jw *w, const char *key);
void dk_jw_arr(struct dk_jw *w, const char *key);
void dk_jw_end_obj(struct dk_jw *w);
void dk_jw_end_arr(struct dk_jw *w);
void dk_jw_str(struct dk_jw *w, const char *key,
               const char *s); /* NULL: null */
void dk_jw_strn(struct dk_jw *w, const char *key, const char *s, size_t n);
void dk_jw_int(struct dk_jw *w, const char *key, int64_t v);
void dk_jw_bool(struct dk_jw *w, const char *key, bool v);
void dk_jw_null(struct dk_jw *w, const char *key);
void dk_jw_hex(struct dk_jw *w, const char *key, const void *p, size_t n);
/* An instant as RFC 3339 with the offset (minutes east); DK_NEVER: null. */
void dk_jw_time(struct dk_jw *w, const char *key, dk_ms t, int offset_min);
/* `json` must be one complete JSON value. */
void dk_jw_raw(struct dk_jw *w, const char *key, const char *json, size_t n);
/* A parsed value, members in their order, integers as integers. */
void dk_jw_cjson(struct dk_jw *w, const char *key, const struct cJSON *v);

#endif /* DK_JSONW_H */
