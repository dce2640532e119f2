#include "jsonx.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "jsonplain.h"
#include "jsonscan.h"
#include "jsontree.h"
#include "timefmt.h"
#include "uuid.h"

#define POINTER_DEPTH (DK_DEPTH_MAX + 4)

size_t dk_utf8_valid(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;
    const unsigned char *end = p + n;

    while (p < end) {
        size_t len = dk_utf8_len(p, end);

        if (len == 0)
            break;
        p += len;
    }
    return (size_t)(p - (const unsigned char *)s);
}

enum what {
    ANY,
    OBJECT,
    FIXED /* an object, in one block */
};

static int parse(const char *buf, size_t len, size_t max, enum what what,
                 cJSON **out, struct dk_problem *p)
{
    size_t values;
    int rc;

    *out = NULL;
    if (len > max || len >= UINT32_MAX)
        return dk_failf(p, DK_ETOOBIG, NULL,
                        "the text has %zu bytes; at most %zu are allowed",
                        "正文有 %zu 字节；最多允许 %zu 字节", len, max);
    rc = dk_json_scan(buf, len, what != ANY, &values, p);
    if (rc != 0)
        return rc;
    *out = what == FIXED ? dk_json_tree_fixed(buf, len, values)
                         : dk_json_tree(buf, len);
    if (*out == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    return 0;
}

int dk_json_parse(const char *buf, size_t len, size_t max, cJSON **out,
                  struct dk_problem *p)
{
    return parse(buf, len, max, ANY, out, p);
}

int dk_json_parse_obj(const char *buf, size_t len, size_t max, cJSON **out,
                      struct dk_problem *p)
{
    return parse(buf, len, max, OBJECT, out, p);
}

int dk_json_parse_fixed(const char *buf, size_t len, size_t max, cJSON **out,
                        struct dk_problem *p)
{
    return parse(buf, len, max, FIXED, out, p);
}

/* One token of a pointer, escaped; never half of it. */
static bool add_token(char *buf, size_t cap, size_t *len, const char *key,
                      int index)
{
    char num[16];
    size_t n = *len;

    if (key == NULL) {
        (void)snprintf(num, sizeof(num), "%d", index);
        key = num;
    }
    if (n + 1 >= cap)
        return false;
    buf[n++] = '/';
    for (; *key != '\0'; key++) {
        bool esc = *key == '~' || *key == '/';

        if (n + (esc ? 2 : 1) >= cap) {
            buf[*len] = '\0';
            return false;
        }
        if (esc)
            buf[n++] = '~';
        buf[n++] = *key == '~' ? '0' : *key == '/' ? '1' : *key;
    }
    buf[n] = '\0';
    *len = n;
    return true;
}

void dk_at_pointer(const struct dk_at *at, const char *key, char *buf,
                   size_t cap)
{
    const struct dk_at *way[POINTER_DEPTH];
    int n = 0;
    size_t len = 0;

    if (cap == 0)
        return;
    buf[0] = '\0';
    for (; at != NULL && n < POINTER_DEPTH; at = at->up)
        way[n++] = at;
    while (n > 0) {
        n--;
        if (!add_token(buf, cap, &len, way[n]->key, way[n]->index))
            return;
    }
    if (key != NULL)
        (void)add_token(buf, cap, &len, key, 0);
}

/* Refuse member `key` (NULL: the value at `at` itself). */
static int bad(struct dk_problem *p, const struct dk_at *at, const char *key,
               const char *en, const char *zh)
{
    char pointer[sizeof(p->pointer)];

    dk_at_pointer(at, key, pointer, sizeof(pointer));
    return dk_fail(p, DK_EFIELD, pointer, en, zh);
}

/* Member `key` is missing (v is NULL) or wrong: say what it should be. */
__attribute__((format(printf, 5, 7)))
__attribute__((format(printf, 6, 7))) static int
unfit(struct dk_problem *p, const struct dk_at *at, const char *key,
      const cJSON *v, const char *en, const char *zh, ...)
{
    char what[192], what_zh[192], text[320], text_zh[320];
    va_list args, again;

    if (p == NULL)
        return DK_EFIELD;
    va_start(args, zh);
    va_copy(again, args);
    (void)vsnprintf(what, sizeof(what), en, args);
    (void)vsnprintf(what_zh, sizeof(what_zh), zh, again);
    va_end(again);
    va_end(args);
    if (v == NULL) {
        (void)snprintf(text, sizeof(text), "'%.64s' is missing; give %s", key,
                       what);
        (void)snprintf(text_zh, sizeof(text_zh), "缺少“%.64s”；请填写%s", key,
                       what_zh);
    } else {
        (void)snprintf(text, sizeof(text), "'%.64s' must be %s", key, what);
        (void)snprintf(text_zh, sizeof(text_zh), "“%.64s”须为%s", key, what_zh);
    }
    return bad(p, at, key, text, text_zh);
}

/* Most names differ in their first byte. */
static bool same_name(const char *a, const char *b)
{
    return a[0] == b[0] && strcmp(a, b) == 0;
}

/* Look a member up: *out is NULL if it is absent or null. */
static int find(const cJSON *o, const char *key, const cJSON **out,
                const struct dk_at *at, struct dk_problem *p)
{
    const cJSON *v;

    *out = NULL;
    if (!cJSON_IsObject(o))
        return bad(p, at, NULL, "an object {...} is expected here",
                   "此处应为对象 {...}");
    for (v = o->child; v != NULL; v = v->next) {
        if (v->string != NULL && same_name(v->string, key))
            break;
    }
    *out = cJSON_IsNull(v) ? NULL : v;
    return 0;
}

static bool is_string(const cJSON *v)
{
    return v != NULL && cJSON_IsString(v) && v->valuestring != NULL;
}

int dk_json_str(const cJSON *o, const char *key, int need, size_t min_bytes,
                size_t max_bytes, const char **out, const struct dk_at *at,
                struct dk_problem *p)
{
    const cJSON *v;
    size_t n;
    int rc = find(o, key, &v, at, p);

    if (rc != 0)
        return rc;
    if (v == NULL && !need)
        return 0;
    n = is_string(v) ? strlen(v->valuestring) : 0;
    if (!is_string(v) || n < min_bytes || n > max_bytes)
        return unfit(p, at, key, v, "a text of %zu to %zu bytes in UTF-8",
                     "一段 %zu 至 %zu 字节的 UTF-8 文本", min_bytes, max_bytes);
    if (!dk_json_clean(v->valuestring, n)) /* terminals show our texts */
        return unfit(p, at, key, v,
                     "a text without control characters (line ends and tabs "
                     "are allowed)",
                     "不含控制字符的文本（允许换行和制表符）");
    *out = v->valuestring;
    return 0;
}

static bool id_ok(const char *s)
{
    size_t n = strlen(s);

    if (n < 1 || n > DK_ID_MAX || !dk_json_clean(s, n))
        return false;
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)s[i] <= ' ' || strchr("\"'/\\", s[i]) != NULL)
            return false;
    }
    return strstr(s, "\xE3\x80\x80") == NULL && /* ideographic space */
           strstr(s, "\xC2\xA0") == NULL;       /* no-break space */
}

int dk_json_id(const cJSON *o, const char *key, int need, const char **out,
               const struct dk_at *at, struct dk_problem *p)
{
    const cJSON *v;
    int rc = find(o, key, &v, at, p);

    if (rc != 0)
        return rc;
    if (v == NULL && !need)
        return 0;
    if (!is_string(v) || !id_ok(v->valuestring))
        return unfit(p, at, key, v,
                     "an id: 1 to %d bytes without space, quote, slash, "
                     "backslash or control character",
                     "一个标识：1 至 %d 字节，不含空格、引号、斜杠、"
                     "反斜杠或控制字符",
                     DK_ID_MAX);
    *out = v->valuestring;
    return 0;
}

int dk_json_int(const cJSON *o, const char *key, int need, int64_t min,
                int64_t max, int64_t *out, const struct dk_at *at,
                struct dk_problem *p)
{
    const cJSON *v;
    int rc = find(o, key, &v, at, p);

    if (rc != 0)
        return rc;
    if (v == NULL && !need)
        return 0;
    if (v == NULL || !cJSON_IsNumber(v) || v->valuedouble < (double)min ||
        v->valuedouble > (double)max)
        return unfit(p, at, key, v, "a whole number from %lld to %lld",
                     "%lld 至 %lld 之间的整数", (long long)min, (long long)max);
    *out = (int64_t)v->valuedouble;
    return 0;
}

int dk_json_bool(const cJSON *o, const char *key, int need, bool *out,
                 const struct dk_at *at, struct dk_problem *p)
{
    const cJSON *v;
    int rc = find(o, key, &v, at, p);

    if (rc != 0)
        return rc;
    if (v == NULL && !need)
        return 0;
    if (!cJSON_IsBool(v))
        return unfit(p, at, key, v, "true or false", " true 或 false");
    *out = cJSON_IsTrue(v) != 0;
    return 0;
}

int dk_json_time(const cJSON *o, const char *key, int need, dk_ms *out,
                 const struct dk_at *at, struct dk_problem *p)
{
    const cJSON *v;
    int rc = find(o, key, &v, at, p);

    if (rc != 0)
        return rc;
    if (v == NULL && !need)
        return 0;
    if (!is_string(v) ||
        dk_time_parse(v->valuestring, strlen(v->valuestring), out) != 0)
        return unfit(p, at, key, v,
                     "a time with its offset, such as "
                     "2026-05-01T09:30:00+08:00",
                     "带时区的时间，例如 2026-05-01T09:30:00+08:00");
    return 0;
}

int dk_json_uuid(const cJSON *o, const char *key, int need, bool v7,
                 struct dk_uuid *out, const struct dk_at *at,
                 struct dk_problem *p)
{
    struct dk_uuid u;
    const cJSON *v;
    int rc = find(o, key, &v, at, p);

    if (rc != 0)
        return rc;
    if (v == NULL && !need)
        return 0;
    if (!is_string(v) ||
        dk_uuid_parse(v->valuestring, strlen(v->valuestring), &u) != 0 ||
        (v7 && !dk_uuid_is_v7(&u)))
        return unfit(p, at, key, v,
                     "a lower-case UUID%s, such as "
                     "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b",
                     "小写的 UUID%s，例如 "
                     "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b",
                     v7 ? "v7 (RFC 9562)" : "");
    *out = u;
    return 0;
}

int dk_json_obj(const cJSON *o, const char *key, int need, const cJSON **out,
                const struct dk_at *at, struct dk_problem *p)
{
    const cJSON *v;
    int rc = find(o, key, &v, at, p);

    if (rc != 0)
        return rc;
    if (v == NULL && !need)
        return 0;
    if (!cJSON_IsObject(v))
        return unfit(p, at, key, v, "an object {...}", "一个对象 {...}");
    *out = v;
    return 0;
}

int dk_json_arr(const cJSON *o, const char *key, int need, int min, int max,
                const cJSON **out, const struct dk_at *at, struct dk_problem *p)
{
    const cJSON *v;
    int n = 0, rc = find(o, key, &v, at, p);

    if (rc != 0)
        return rc;
    if (v == NULL && !need)
        return 0;
    if (cJSON_IsArray(v))
        n = cJSON_GetArraySize(v);
    if (!cJSON_IsArray(v) || n < min || n > max)
        return unfit(p, at, key, v, "an array of %d to %d elements",
                     "含 %d 至 %d 个元素的数组", min, max);
    *out = v;
    return 0;
}

/* "a, b, c" as far as it fits. */
static void join(const char *const names[], char *buf, size_t cap)
{
    size_t len = 0;

    buf[0] = '\0';
    for (int i = 0; names[i] != NULL; i++) {
        size_t n = strlen(names[i]);

        if (len + n + 8 > cap) {
            (void)snprintf(buf + len, cap - len, ", ...");
            return;
        }
        len += (size_t)snprintf(buf + len, cap - len, "%s%s", i > 0 ? ", " : "",
                                names[i]);
    }
}

static int name_of(const cJSON *v, const char *const names[])
{
    for (int i = 0; is_string(v) && names[i] != NULL; i++) {
        if (strcmp(v->valuestring, names[i]) == 0)
            return i;
    }
    return -1;
}

int dk_json_enum(const cJSON *o, const char *key, int need,
                 const char *const names[], int *out, const struct dk_at *at,
                 struct dk_problem *p)
{
    char list[160];
    const cJSON *v;
    int rc = find(o, key, &v, at, p);

    if (rc != 0)
        return rc;
    if (v == NULL && !need)
        return 0;
    int name = name_of(v, names);

    if (name >= 0) {
        *out = name;
        return 0;
    }
    join(names, list, sizeof(list));
    return unfit(p, at, key, v, "one of %s", "以下之一：%s", list);
}

int dk_json_set(const cJSON *o, const char *key, int need,
                const char *const names[], unsigned *mask,
                const struct dk_at *at, struct dk_problem *p)
{
    const struct dk_at in = {at, key, 0};
    const cJSON *arr = NULL, *v;
    char list[160];
    unsigned found = 0;
    int i = 0;
    int rc = dk_json_arr(o, key, need, 0, 32, &arr, at, p);

    if (rc != 0 || arr == NULL)
        return rc;
    cJSON_ArrayForEach (v, arr) {
        const struct dk_at here = {&in, NULL, i++};
        int name = name_of(v, names);

        if (name < 0) {
            join(names, list, sizeof(list));
            return unfit(p, &here, NULL, v, "one of %s", "以下之一：%s", list);
        }
        found |= 1U << name;
    }
    *mask = found;
    return 0;
}

static bool among(const char *key, const char *const names[])
{
    for (int i = 0; names[i] != NULL; i++) {
        if (same_name(key, names[i]))
            return true;
    }
    return false;
}

int dk_json_only(const cJSON *o, const char *const names[],
                 const struct dk_at *at, struct dk_problem *p)
{
    char en[320], zh[320], list[160];
    const cJSON *v;
    const char *near;

    if (!cJSON_IsObject(o))
        return bad(p, at, NULL, "an object {...} is expected here",
                   "此处应为对象 {...}");
    cJSON_ArrayForEach (v, o) {
        if (!among(v->string, names))
            break;
    }
    if (v == NULL)
        return 0;
    near = dk_nearest(v->string, names);
    join(names, list, sizeof(list));
    if (near != NULL) {
        (void)snprintf(en, sizeof(en),
                       "'%.64s' is not known here; did you mean '%s'?",
                       v->string, near);
        (void)snprintf(zh, sizeof(zh), "此处没有“%.64s”；是否想写“%s”？",
                       v->string, near);
    } else {
        (void)snprintf(en, sizeof(en),
                       "'%.64s' is not known here; leave it out (known: %s)",
                       v->string, list);
        (void)snprintf(zh, sizeof(zh), "此处没有“%.64s”；请删去（可用：%s）",
                       v->string, list);
    }
    return bad(p, at, v->string, en, zh);
}
