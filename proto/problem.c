#include "problem.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "jsonw.h"
#include "jsonx.h"

#define URN "urn:docket:problem:"

struct entry {
    const char *slug;
    int status;
    int64_t retry_ms;
    const char *en, *zh;
};

#define DK_ERR_ENTRY(name, slug, status, retry, en, zh)                        \
    [DK_ORD_##name] = {slug, status, retry, en, zh},
static const struct entry catalogue[DK_ORD_N] = {DK_ERRORS(DK_ERR_ENTRY)};
#undef DK_ERR_ENTRY

static const struct entry *entry_of(int code)
{
    if (code >= 0 || code <= -(int)DK_ORD_N)
        code = DK_EBUG;
    return &catalogue[-code];
}

const char *dk_err_slug(int code)
{
    return entry_of(code)->slug;
}

const char *dk_err_title(int code)
{
    return entry_of(code)->en;
}

const char *dk_err_title_zh(int code)
{
    return entry_of(code)->zh;
}

int dk_err_status(int code)
{
    return entry_of(code)->status;
}

int64_t dk_err_retry_ms(int code)
{
    return entry_of(code)->retry_ms;
}

int dk_err_from_slug(const char *slug)
{
    for (int i = 1; slug != NULL && i < (int)DK_ORD_N; i++) {
        if (strcmp(catalogue[i].slug, slug) == 0)
            return -i;
    }
    return DK_EBUG;
}

/* Leave out what is not UTF-8: characters that a limit (also a precision in a
 * format) has cut in two, and bytes of files that were quoted.
 */
static void scrub(char *buf)
{
    size_t left = strlen(buf);
    char *in = buf, *out = buf;

    while (left > 0) {
        size_t good = dk_utf8_valid(in, left);

        memmove(out, in, good);
        out += good;
        in += good;
        left -= good;
        if (left > 0) {
            in++;
            left--;
        }
    }
    *out = '\0';
}

static void copy(char *buf, size_t cap, const char *s)
{
    size_t n = strlen(s);

    if (n >= cap)
        n = cap - 1;
    memcpy(buf, s, n);
    buf[n] = '\0';
    scrub(buf);
}

static void begin(struct dk_problem *p, int code, const char *pointer)
{
    p->code = code;
    p->retry_after_ms = dk_err_retry_ms(code);
    copy(p->pointer, sizeof(p->pointer), pointer != NULL ? pointer : "");
}

int dk_fail(struct dk_problem *p, int code, const char *pointer, const char *en,
            const char *zh)
{
    if (p == NULL)
        return code;
    begin(p, code, pointer);
    copy(p->detail, sizeof(p->detail), en != NULL ? en : dk_err_title(code));
    copy(p->detail_zh, sizeof(p->detail_zh),
         zh != NULL ? zh : dk_err_title_zh(code));
    return code;
}

int dk_failf(struct dk_problem *p, int code, const char *pointer,
             const char *en, const char *zh, ...)
{
    va_list args, again;

    if (p == NULL)
        return code;
    begin(p, code, pointer);
    va_start(args, zh);
    va_copy(again, args);
    (void)vsnprintf(p->detail, sizeof(p->detail), en, args);
    scrub(p->detail);
    (void)vsnprintf(p->detail_zh, sizeof(p->detail_zh), zh, again);
    scrub(p->detail_zh);
    va_end(again);
    va_end(args);
    return code;
}

void dk_problem_answer(struct dk_jw *w, const struct dk_problem *p,
                       const char *request)
{
    char type[sizeof(URN) + 32];
    const char *en = p->detail, *zh = p->detail_zh;

    (void)snprintf(type, sizeof(type), URN "%.31s", dk_err_slug(p->code));
    if (en[0] == '\0')
        en = dk_err_title(p->code);
    if (zh[0] == '\0')
        zh = dk_err_title_zh(p->code);
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "type", type);
    dk_jw_str(w, "title", dk_err_title(p->code));
    dk_jw_int(w, "status", dk_err_status(p->code));
    dk_jw_str(w, "detail", en);
    dk_jw_str(w, "detail_zh", zh);
    if (p->pointer[0] != '\0')
        dk_jw_str(w, "pointer", p->pointer);
    if (p->retry_after_ms > 0)
        dk_jw_int(w, "retry_after_ms", p->retry_after_ms);
    if (request[0] != '\0')
        dk_jw_str(w, "request", request);
    dk_jw_end_obj(w);
}

void dk_problem_write(struct dk_jw *w, const struct dk_problem *p)
{
    dk_problem_answer(w, p, "");
}

static void copy_member(const cJSON *o, const char *key, char *buf, size_t cap)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

    if (cJSON_IsString(v) && v->valuestring != NULL)
        copy(buf, cap, v->valuestring);
}

void dk_problem_read(const struct cJSON *body, struct dk_problem *out)
{
    const cJSON *v;

    memset(out, 0, sizeof(*out));
    out->code = DK_EBUG;
    if (!cJSON_IsObject(body))
        return;
    v = cJSON_GetObjectItemCaseSensitive(body, "type");
    if (cJSON_IsString(v) && v->valuestring != NULL &&
        strncmp(v->valuestring, URN, sizeof(URN) - 1) == 0)
        out->code = dk_err_from_slug(v->valuestring + sizeof(URN) - 1);
    copy_member(body, "detail", out->detail, sizeof(out->detail));
    copy_member(body, "detail_zh", out->detail_zh, sizeof(out->detail_zh));
    copy_member(body, "pointer", out->pointer, sizeof(out->pointer));
    v = cJSON_GetObjectItemCaseSensitive(body, "retry_after_ms");
    if (cJSON_IsNumber(v) && v->valuedouble >= 1 && v->valuedouble <= 1e12)
        out->retry_after_ms = (int64_t)v->valuedouble;
}
