/* fuzz_getters.c - every typed getter on every member of any object: what it
 * gives is in its bounds and can be written and read again, what it refuses has
 * a place and a reason, and on a refusal nothing is touched.
 */
#include "fuzz.h"
#include "proto/jsonw.h"
#include "proto/jsonx.h"
#include "proto/timefmt.h"
#include "proto/uuid.h"

static const char *const names[] = {"a", "b", "kiosk", "letter", NULL};

static void settle(int rc, const struct dk_problem *p)
{
    if (rc == 0)
        return;
    CHECK(rc == DK_EFIELD && p->code == rc && p->detail[0] != '\0');
    CHECK(p->pointer[0] == '/' || p->pointer[0] == '\0');
    CHECK(dk_utf8_valid(p->detail, strlen(p->detail)) == strlen(p->detail));
}

static void texts(const cJSON *o, const char *key, const struct dk_at *at)
{
    const char *s = (const char *)names;
    struct dk_problem p = {0};
    int rc = dk_json_str(o, key, DK_REQUIRED, 2, 9, &s, at, &p);

    settle(rc, &p);
    CHECK(rc == 0 ? strlen(s) >= 2 && strlen(s) <= 9
                  : s == (const char *)names);
    rc = dk_json_id(o, key, DK_REQUIRED, &s, at, &p);
    settle(rc, &p);
    if (rc == 0)
        CHECK(s[0] != '\0' && strlen(s) <= DK_ID_MAX &&
              strpbrk(s, " \"/\\\n\t\r\x7f") == NULL);
}

static void numbers(const cJSON *o, const char *key, const struct dk_at *at)
{
    struct dk_problem p = {0};
    int64_t n = 77;
    bool b = false;
    unsigned mask = 0;
    int e = 77;
    int rc = dk_json_int(o, key, DK_REQUIRED, -5, 5000, &n, at, &p);

    settle(rc, &p);
    CHECK(rc == 0 ? n >= -5 && n <= 5000 : n == 77);
    settle(dk_json_bool(o, key, DK_REQUIRED, &b, at, &p), &p);
    rc = dk_json_enum(o, key, DK_REQUIRED, names, &e, at, &p);
    settle(rc, &p);
    CHECK(rc == 0 ? e >= 0 && e < 4 : e == 77);
    rc = dk_json_set(o, key, DK_REQUIRED, names, &mask, at, &p);
    settle(rc, &p);
    CHECK(mask < 16);
}

static void times(const cJSON *o, const char *key, const struct dk_at *at)
{
    struct dk_problem p = {0};
    struct dk_uuid u;
    struct dk_jw w = {0};
    char text[DK_UUID_TEXT];
    dk_ms t = 0, back = 0;
    int rc = dk_json_time(o, key, DK_REQUIRED, &t, at, &p);

    settle(rc, &p);
    if (rc == 0) {
        dk_jw_time(&w, NULL, t, 480);
        /* The year 10000 of another zone has no text of its own. */
        if (!w.oom && w.len > 2 &&
            dk_time_parse(w.buf + 1, w.len - 2, &back) == 0)
            CHECK(back == t);
        dk_jw_fini(&w);
    }
    rc = dk_json_uuid(o, key, DK_REQUIRED, false, &u, at, &p);
    settle(rc, &p);
    if (rc == 0) {
        dk_uuid_format(&u, text);
        CHECK(strcmp(text, cJSON_GetStringValue(
                               cJSON_GetObjectItemCaseSensitive(o, key))) == 0);
    }
}

static void parts(const cJSON *o, const char *key, const struct dk_at *at)
{
    struct dk_problem p = {0};
    const cJSON *v = NULL;
    int rc = dk_json_obj(o, key, DK_REQUIRED, &v, at, &p);

    settle(rc, &p);
    CHECK((rc == 0) == (v != NULL && cJSON_IsObject(v)));
    v = NULL;
    rc = dk_json_arr(o, key, DK_REQUIRED, 1, 3, &v, at, &p);
    settle(rc, &p);
    CHECK((rc == 0) == (v != NULL));
    settle(dk_json_only(o, names, at, &p), &p);
}

static void visit(const cJSON *o, const struct dk_at *at, int depth)
{
    const cJSON *m;

    cJSON_ArrayForEach (m, o) {
        struct dk_at here = {at, m->string, 0};
        if (m->string != NULL) {
            texts(o, m->string, at);
            numbers(o, m->string, at);
            times(o, m->string, at);
            parts(o, m->string, at);
        }
        if (depth < 4)
            visit(m, &here, depth + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cJSON *v = NULL;

    if (dk_json_parse((const char *)data, size, 4096, &v, NULL) != 0)
        return 0;
    texts(v, "absent", NULL);
    if (cJSON_IsObject(v))
        visit(v, NULL, 0);
    cJSON_Delete(v);
    return 0;
}
