#include "jsonw.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "jsonplain.h"
#include "timefmt.h"

#define FIRST_CAP 256

void dk_jw_reset(struct dk_jw *w)
{
    w->len = 0;
    w->comma = false;
    w->oom = false;
    if (w->buf != NULL)
        w->buf[0] = '\0';
}

void dk_jw_fini(struct dk_jw *w)
{
    free(w->buf);
    *w = (struct dk_jw){0};
}

static bool grow(struct dk_jw *w, size_t n)
{
    size_t cap = w->cap != 0 ? w->cap : FIRST_CAP;
    char *buf;

    if (n >= SIZE_MAX / 4 - w->len) {
        w->oom = true;
        return false;
    }
    while (cap - w->len <= n)
        cap *= 2;
    buf = realloc(w->buf, cap);
    if (buf == NULL) {
        w->oom = true;
        return false;
    }
    w->buf = buf;
    w->cap = cap;
    return true;
}

/* Room for n more bytes and the NUL. */
static inline bool room(struct dk_jw *w, size_t n)
{
    return !w->oom && (n < w->cap - w->len || grow(w, n));
}

static void put(struct dk_jw *w, const char *s, size_t n)
{
    if (!room(w, n))
        return;
    if (n > 0)
        memcpy(w->buf + w->len, s, n);
    w->len += n;
    w->buf[w->len] = '\0';
}

static void putc1(struct dk_jw *w, char c)
{
    if (!room(w, 1))
        return;
    w->buf[w->len++] = c;
    w->buf[w->len] = '\0';
}

char *dk_jw_take(struct dk_jw *w, size_t *len)
{
    char *s;

    put(w, "", 0); /* so that an empty text is a text too */
    if (w->oom) {
        dk_jw_fini(w);
        return NULL;
    }
    s = w->buf;
    if (len != NULL)
        *len = w->len;
    *w = (struct dk_jw){0};
    return s;
}

static bool must_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

static void put_escape(struct dk_jw *w, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char from[] = "\"\\\b\f\n\r\t";
    static const char to[] = "\"\\bfnrt";
    char e[6] = {'\\', 'u', '0', '0', 0, 0};
    const char *at = memchr(from, c, sizeof(from) - 1);

    if (at != NULL) {
        e[1] = to[at - from];
        put(w, e, 2);
        return;
    }
    e[4] = hex[c >> 4];
    e[5] = hex[c & 15];
    put(w, e, 6);
}

/* What of s[0..n) cannot stand as it is: escapes, and U+FFFD for each byte that
 * is not UTF-8, so that what we write is always JSON.
 */
static void put_odd(struct dk_jw *w, const char *s, size_t n)
{
    while (n > 0) {
        if (must_escape((unsigned char)*s))
            put_escape(w, (unsigned char)*s);
        else
            put(w, "\xEF\xBF\xBD", 3);
        s++;
        n--;

        size_t plain = dk_json_plain(s, n);
        put(w, s, plain);
        s += plain;
        n -= plain;
    }
}

/* s[0..n) in quotes, and one more byte if it is not NUL. */
static void put_string(struct dk_jw *w, const char *s, size_t n, char after)
{
    size_t plain = n > 0 ? dk_json_plain(s, n) : 0;

    if (!room(w, plain + 3))
        return;
    w->buf[w->len++] = '"';
    if (plain > 0)
        memcpy(w->buf + w->len, s, plain);
    w->len += plain;
    if (plain < n)
        put_odd(w, s + plain, n - plain);
    if (!room(w, 2))
        return;
    w->buf[w->len++] = '"';
    if (after != '\0')
        w->buf[w->len++] = after;
    w->buf[w->len] = '\0';
}

/* What comes before a value: a comma, and its key.  Room is kept for `more`
 * bytes; false: there is none.
 */
static bool lead(struct dk_jw *w, const char *key, size_t more)
{
    size_t n = key != NULL ? strlen(key) : 0;

    if (!room(w, n + 4 + more))
        return false;
    if (w->comma)
        w->buf[w->len++] = ',';
    w->comma = true;
    if (key != NULL)
        put_string(w, key, n, ':');
    return !w->oom;
}

static void open(struct dk_jw *w, const char *key, char c)
{
    if (!lead(w, key, 1))
        return;
    w->buf[w->len++] = c;
    w->buf[w->len] = '\0';
    w->comma = false;
}

static void shut(struct dk_jw *w, char c)
{
    putc1(w, c);
    w->comma = true;
}

void dk_jw_obj(struct dk_jw *w, const char *key)
{
    open(w, key, '{');
}

void dk_jw_arr(struct dk_jw *w, const char *key)
{
    open(w, key, '[');
}

void dk_jw_end_obj(struct dk_jw *w)
{
    shut(w, '}');
}

void dk_jw_end_arr(struct dk_jw *w)
{
    shut(w, ']');
}

void dk_jw_str(struct dk_jw *w, const char *key, const char *s)
{
    if (s == NULL)
        dk_jw_null(w, key);
    else
        dk_jw_strn(w, key, s, strlen(s));
}

void dk_jw_strn(struct dk_jw *w, const char *key, const char *s, size_t n)
{
    if (lead(w, key, n + 2))
        put_string(w, s, n, '\0');
}

void dk_jw_int(struct dk_jw *w, const char *key, int64_t v)
{
    char buf[24];
    size_t i = sizeof(buf);
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

    do {
        buf[--i] = (char)('0' + u % 10);
        u /= 10;
    } while (u > 0);
    if (v < 0)
        buf[--i] = '-';
    if (lead(w, key, sizeof(buf)))
        put(w, buf + i, sizeof(buf) - i);
}

void dk_jw_bool(struct dk_jw *w, const char *key, bool v)
{
    if (lead(w, key, 5))
        put(w, v ? "true" : "false", v ? 4 : 5);
}

void dk_jw_null(struct dk_jw *w, const char *key)
{
    if (lead(w, key, 4))
        put(w, "null", 4);
}

void dk_jw_hex(struct dk_jw *w, const char *key, const void *p, size_t n)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned char *b = p;

    if (!lead(w, key, 2 * n + 2))
        return;
    putc1(w, '"');
    for (size_t i = 0; i < n; i++) {
        char two[2] = {hex[b[i] >> 4], hex[b[i] & 15]};

        put(w, two, 2);
    }
    putc1(w, '"');
}

void dk_jw_time(struct dk_jw *w, const char *key, dk_ms t, int offset_min)
{
    if (t == DK_NEVER) {
        dk_jw_null(w, key);
        return;
    }
    if (!lead(w, key, DK_TIME_MAX + 2))
        return;
    w->buf[w->len++] = '"';
    dk_time_format(t, offset_min, w->buf + w->len);
    w->len += strlen(w->buf + w->len);
    putc1(w, '"');
}

void dk_jw_raw(struct dk_jw *w, const char *key, const char *json, size_t n)
{
    if (lead(w, key, n))
        put(w, json, n);
}

static void write_number(struct dk_jw *w, const char *key, double d)
{
    const double max = 9007199254740991.0;

    /* dk_json_parse() lets nothing else through; a tree built by hand could
     * hold one, and JSON has no name for it here.
     */
    if (!(d >= -max && d <= max) || (double)(int64_t)d < d ||
        (double)(int64_t)d > d)
        dk_jw_null(w, key);
    else
        dk_jw_int(w, key, (int64_t)d);
}

void dk_jw_cjson(struct dk_jw *w, const char *key, const struct cJSON *v)
{
    const cJSON *e;

    if (cJSON_IsObject(v)) {
        dk_jw_obj(w, key);
        cJSON_ArrayForEach (e, v) {
            dk_jw_cjson(w, e->string != NULL ? e->string : "", e);
        }
        dk_jw_end_obj(w);
    } else if (cJSON_IsArray(v)) {
        dk_jw_arr(w, key);
        cJSON_ArrayForEach (e, v) {
            dk_jw_cjson(w, NULL, e);
        }
        dk_jw_end_arr(w);
    } else if (cJSON_IsString(v)) {
        dk_jw_str(w, key, v->valuestring);
    } else if (cJSON_IsNumber(v)) {
        write_number(w, key, v->valuedouble);
    } else if (cJSON_IsBool(v)) {
        dk_jw_bool(w, key, cJSON_IsTrue(v));
    } else {
        dk_jw_null(w, key);
    }
}
