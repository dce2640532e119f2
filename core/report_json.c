#include "report_json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/timefmt.h"

#define TEXT_MAX    512
#define POINTER_MAX 256

bool dk_rj_ok(const struct dk_rj *f, int rc, const struct dk_problem *p)
{
    if (rc == 0)
        return true;
    dk_report_error(f->r, f->file, p->pointer, "%s",
                    p->detail[0] != '\0' ? p->detail : dk_err_title(rc));
    return false;
}

void dk_rj_error(const struct dk_rj *f, const struct dk_at *at, const char *key,
                 const char *fmt, ...)
{
    char pointer[POINTER_MAX], text[TEXT_MAX];
    va_list ap;

    dk_at_pointer(at, key, pointer, sizeof pointer);
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    text[dk_utf8_valid(text, strlen(text))] = '\0';
    dk_report_error(f->r, f->file, pointer, "%s", text);
}

void dk_rj_warn(const struct dk_rj *f, const struct dk_at *at, const char *key,
                const char *fmt, ...)
{
    char pointer[POINTER_MAX], text[TEXT_MAX];
    va_list ap;

    dk_at_pointer(at, key, pointer, sizeof pointer);
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    text[dk_utf8_valid(text, strlen(text))] = '\0';
    dk_report_warn(f->r, f->file, pointer, "%s", text);
}

cJSON *dk_rj_parse(const struct dk_rj *f, const char *format, const char *text,
                   size_t len)
{
    struct dk_problem p = {0};
    cJSON *root = NULL;
    const char *got = NULL;

    if (!dk_rj_ok(f, dk_json_parse_obj(text, len, DK_FILE_MAX, &root, &p), &p))
        return NULL;
    if (!dk_rj_str(f, root, "format", DK_REQUIRED, 64, &got, NULL)) {
        cJSON_Delete(root);
        return NULL;
    }
    if (strcmp(got, format) != 0) {
        dk_rj_error(f, NULL, "format",
                    "this is \"%s\"; write \"%s\", or name the right file", got,
                    format);
        cJSON_Delete(root);
        return NULL;
    }
    return root;
}

void dk_rj_only(const struct dk_rj *f, const cJSON *o,
                const char *const names[], const struct dk_at *at)
{
    const cJSON *m = NULL;
    cJSON_ArrayForEach (m, o) {
        size_t i = 0;
        while (names[i] != NULL && strcmp(names[i], m->string) != 0)
            i++;
        if (names[i] != NULL)
            continue;
        const char *near = dk_nearest(m->string, names);
        if (near != NULL)
            dk_rj_error(f, at, m->string,
                        "there is no member of this name here; did you mean "
                        "\"%s\"?",
                        near);
        else
            dk_rj_error(f, at, m->string,
                        "there is no member of this name here; take it out");
    }
}

bool dk_rj_has(const cJSON *o, const char *key)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, key);
    return m != NULL && !cJSON_IsNull(m);
}

bool dk_rj_id(const struct dk_rj *f, const cJSON *o, const char *key, int need,
              const char **out, const struct dk_at *at)
{
    struct dk_problem p = {0};
    return dk_rj_ok(f, dk_json_id(o, key, need, out, at, &p), &p);
}

bool dk_rj_str(const struct dk_rj *f, const cJSON *o, const char *key, int need,
               size_t max, const char **out, const struct dk_at *at)
{
    struct dk_problem p = {0};
    return dk_rj_ok(f, dk_json_str(o, key, need, 1, max, out, at, &p), &p);
}

bool dk_rj_int(const struct dk_rj *f, const cJSON *o, const char *key, int need,
               int min, int max, int *out, const struct dk_at *at)
{
    struct dk_problem p = {0};
    int64_t v = *out;
    if (!dk_rj_ok(f, dk_json_int(o, key, need, min, max, &v, at, &p), &p))
        return false;
    *out = (int)v;
    return true;
}

bool dk_rj_bool(const struct dk_rj *f, const cJSON *o, const char *key,
                int need, bool *out, const struct dk_at *at)
{
    struct dk_problem p = {0};
    return dk_rj_ok(f, dk_json_bool(o, key, need, out, at, &p), &p);
}

bool dk_rj_enum(const struct dk_rj *f, const cJSON *o, const char *key,
                int need, const char *const names[], int *out,
                const struct dk_at *at)
{
    struct dk_problem p = {0};
    return dk_rj_ok(f, dk_json_enum(o, key, need, names, out, at, &p), &p);
}

bool dk_rj_arr(const struct dk_rj *f, const cJSON *o, const char *key, int need,
               int min, int max, const cJSON **out, const struct dk_at *at)
{
    struct dk_problem p = {0};
    return dk_rj_ok(f, dk_json_arr(o, key, need, min, max, out, at, &p), &p);
}

bool dk_rj_obj(const struct dk_rj *f, const cJSON *o, const char *key, int need,
               const cJSON **out, const struct dk_at *at)
{
    struct dk_problem p = {0};
    return dk_rj_ok(f, dk_json_obj(o, key, need, out, at, &p), &p);
}

bool dk_rj_name(const struct dk_rj *f, const cJSON *o, const char *key,
                int need, struct dk_rj_name *out, const struct dk_at *at)
{
    static const char *const names[] = {"zh-CN", "en", NULL};
    const cJSON *m = NULL;
    struct dk_at here = {at, key, 0};

    if (!dk_rj_obj(f, o, key, need, &m, at))
        return false;
    if (m == NULL)
        return true;
    dk_rj_only(f, m, names, &here);
    bool zh = dk_rj_str(f, m, "zh-CN", DK_REQUIRED, 200, &out->zh, &here);
    return dk_rj_str(f, m, "en", DK_OPTIONAL, 200, &out->en, &here) && zh;
}

bool dk_rj_verified(const struct dk_rj *f, const cJSON *o, bool *out,
                    const struct dk_at *at)
{
    static const char *const names[] = {"by", "on", "against", NULL};
    struct dk_at here = {at, "verified", 0};
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, "verified");
    const char *s = NULL;
    int64_t day = 0;

    *out = false;
    if (v == NULL || cJSON_IsFalse(v))
        return true;
    if (!cJSON_IsObject(v)) {
        dk_rj_error(f, at, "verified",
                    "write false, or {\"by\": who, \"on\": \"YYYY-MM-DD\", "
                    "\"against\": what it was compared with}");
        return false;
    }
    dk_rj_only(f, v, names, &here);
    *out = dk_rj_str(f, v, "by", DK_REQUIRED, 200, &s, &here);
    *out = dk_rj_day(f, v, "on", DK_REQUIRED, &day, &here) && *out;
    *out = dk_rj_str(f, v, "against", DK_REQUIRED, 400, &s, &here) && *out;
    return *out;
}

bool dk_rj_day(const struct dk_rj *f, const cJSON *o, const char *key, int need,
               int64_t *out, const struct dk_at *at)
{
    struct dk_date d;
    const char *s = NULL;

    if (!dk_rj_str(f, o, key, need, 32, &s, at))
        return false;
    if (s == NULL)
        return true;
    if (dk_date_parse(s, strlen(s), &d) != 0) {
        dk_rj_error(f, at, key, "\"%s\" is not a date; write YYYY-MM-DD", s);
        return false;
    }
    *out = dk_days_from_date(d);
    return true;
}
