/* Runs proto/vectors: proto/vectors/README.md says what is in them. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/caseno.h"
#include "proto/frames.h"
#include "proto/jsonw.h"
#include "proto/jsonx.h"
#include "proto/submit.h"
#include "proto/timefmt.h"
#include "proto/uuid.h"

#define ROOT   "proto/vectors/"
#define FRAMES 48

static const char *str(const cJSON *o, const char *key)
{
    const char *s =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));

    if (s == NULL)
        fail_msg("a vector without '%s'", key);
    return s;
}

static cJSON *load(const char *name)
{
    char *text = calloc(1, 1 << 20);
    struct dk_problem p;
    FILE *f = fopen(name, "rb");
    cJSON *v = NULL;
    size_t n;

    assert_non_null(text);
    if (f == NULL)
        fail_msg("%s cannot be opened", name);
    n = fread(text, 1, 1 << 20, f);
    assert_int_equal(fclose(f), 0);
    if (dk_json_parse(text, n, 1 << 20, &v, &p) != 0)
        fail_msg("%s: %s", name, p.detail);
    free(text);
    return v;
}

typedef void (*vector_fn)(const cJSON *v);

/* Each vector of each file in a folder; how many there were. */
static int each(const char *folder, vector_fn fn)
{
    DIR *dir = opendir(folder);
    const struct dirent *e;
    int n = 0;

    assert_non_null(dir); /* run from the root of the repository */
    while ((e = readdir(dir)) != NULL) {
        const char *dot = strrchr(e->d_name, '.');
        char name[512];
        const cJSON *v;
        cJSON *all;

        if (dot == NULL || strcmp(dot, ".json") != 0)
            continue;
        (void)snprintf(name, sizeof(name), "%s/%s", folder, e->d_name);
        all = load(name);
        cJSON_ArrayForEach (v, all) {
            fn(v);
            n++;
        }
        cJSON_Delete(all);
    }
    (void)closedir(dir);
    return n;
}

static void put_hex(struct dk_jw *w, const char *hex)
{
    for (; hex[0] != '\0'; hex += 2) {
        char byte[3] = {hex[0], hex[1], '\0'};
        char c = (char)strtoul(byte, NULL, 16);

        w->comma = false;
        dk_jw_raw(w, NULL, &c, 1);
    }
}

static void put_repeat(struct dk_jw *w, const cJSON *parts)
{
    const cJSON *part;

    cJSON_ArrayForEach (part, parts) {
        const char *s = cJSON_GetStringValue(cJSON_GetArrayItem(part, 0));
        int n = cJSON_GetArrayItem(part, 1)->valueint;

        for (int i = 0; i < n; i++) {
            w->comma = false;
            dk_jw_raw(w, NULL, s, strlen(s));
        }
    }
}

/* The bytes of a source, in a block of exactly their size. */
static char *bytes(const cJSON *source, size_t *n)
{
    struct dk_jw w = {0};
    const cJSON *v = source->child;
    char *exact;

    if (cJSON_IsString(source))
        dk_jw_raw(&w, NULL, source->valuestring, strlen(source->valuestring));
    else if (strcmp(v->string, "hex") == 0)
        put_hex(&w, v->valuestring);
    else if (strcmp(v->string, "repeat") == 0)
        put_repeat(&w, v);
    else if (strcmp(v->string, "json") == 0)
        dk_jw_cjson(&w, NULL, v);
    else
        fail_msg("unknown kind of source: %s", v->string);
    assert_false(w.oom);
    *n = w.len;
    exact = malloc(w.len > 0 ? w.len : 1);
    assert_non_null(exact);
    if (w.len > 0)
        memcpy(exact, w.buf, w.len);
    dk_jw_fini(&w);
    return exact;
}

/* What the modules of proto make of a message; *layer is who refused it. */
static int judge(const struct dk_frame *f, size_t n, struct dk_msg *m,
                 const char **layer, struct dk_problem *p)
{
    struct dk_submit s;
    cJSON *body = NULL;
    int rc = dk_frames_read(f, n, m, p);

    *layer = "frames";
    if (rc != 0)
        return rc;
    *layer = "json";
    rc = dk_json_parse_obj(m->body, m->body_len, DK_BODY_MAX, &body, p);
    if (rc != 0)
        return rc;
    *layer = "body";
    if (strcmp(m->type, "case.submit") == 0)
        rc = dk_submit_read(body, &s, p);
    cJSON_Delete(body);
    return rc;
}

static void run(const cJSON *v, struct dk_msg *m, const char **layer,
                struct dk_problem *p)
{
    const cJSON *frames = cJSON_GetObjectItemCaseSensitive(v, "frames"), *s;
    struct dk_frame f[FRAMES];
    char *owned[FRAMES];
    size_t n = 0;

    assert_in_range(cJSON_GetArraySize(frames), 1, FRAMES);
    cJSON_ArrayForEach (s, frames) {
        owned[n] = bytes(s, &f[n].len);
        f[n].data = owned[n];
        n++;
    }
    memset(p, 0, sizeof(*p));
    p->code = judge(f, n, m, layer, p);
    while (n > 0)
        free(owned[--n]);
}

static void good_message(const cJSON *v)
{
    const cJSON *expect = cJSON_GetObjectItemCaseSensitive(v, "expect");
    struct dk_problem p;
    struct dk_msg m;
    const char *layer;

    run(v, &m, &layer, &p);
    if (p.code != 0)
        fail_msg("%s: refused: %s %s", str(v, "name"), p.detail, p.pointer);
    assert_string_equal(m.type, str(expect, "type"));
}

static void bad_message(const cJSON *v)
{
    const cJSON *expect = cJSON_GetObjectItemCaseSensitive(v, "expect");
    const char *name = str(v, "name"), *want = str(expect, "layer");
    struct dk_problem p;
    struct dk_msg m;
    const char *layer;

    run(v, &m, &layer, &p);
    /* Types, and bodies other than case.submit, are known to the broker and
     * not to proto: here they must only come so far.
     */
    if (strcmp(want, "type") == 0 ||
        (strcmp(want, "body") == 0 && strcmp(m.type, "case.submit") != 0)) {
        if (p.code != 0)
            fail_msg("%s: refused too early: %s", name, p.detail);
        return;
    }
    if (p.code == 0 || strcmp(layer, want) != 0)
        fail_msg("%s: not refused by %s", name, want);
    assert_string_equal(dk_err_slug(p.code), str(expect, "problem"));
    if (strcmp(want, "frames") == 0)
        assert_string_equal(m.request, str(expect, "under"));
    else
        assert_string_equal(p.pointer, str(expect, "pointer"));
    assert_true(p.detail[0] != '\0' && p.detail_zh[0] != '\0');
}

static int parse(const cJSON *v, cJSON **out, struct dk_problem *p)
{
    size_t n;
    char *text = bytes(cJSON_GetObjectItemCaseSensitive(v, "text"), &n);
    int rc = dk_json_parse(text, n, DK_BODY_MAX, out, p);

    free(text);
    return rc;
}

static void good_text(const cJSON *v)
{
    const cJSON *means = cJSON_GetObjectItemCaseSensitive(v, "means");
    struct dk_jw a = {0}, b = {0};
    struct dk_problem p;
    cJSON *o;

    if (parse(v, &o, &p) != 0)
        fail_msg("%s: refused: %s", str(v, "name"), p.detail);
    if (means != NULL) {
        dk_jw_cjson(&a, NULL, o);
        dk_jw_cjson(&b, NULL, means);
        assert_string_equal(a.buf, b.buf);
    }
    dk_jw_fini(&a);
    dk_jw_fini(&b);
    cJSON_Delete(o);
}

static void bad_text(const cJSON *v)
{
    struct dk_problem p;
    cJSON *o;

    if (parse(v, &o, &p) == 0)
        fail_msg("%s: accepted", str(v, "name"));
    assert_null(o);
    assert_string_equal(dk_err_slug(p.code), str(v, "problem"));
}

static void good_messages_are_accepted(void **state)
{
    (void)state;
    assert_true(each(ROOT "good", good_message) >= 80);
}

static void bad_messages_are_refused_by_the_right_layer(void **state)
{
    (void)state;
    assert_true(each(ROOT "bad", bad_message) >= 120);
}

static void good_texts_are_read_as_what_they_mean(void **state)
{
    (void)state;
    assert_true(each(ROOT "json/good", good_text) >= 25);
}

static void bad_texts_are_refused(void **state)
{
    (void)state;
    assert_true(each(ROOT "json/bad", bad_text) >= 100);
}

/* The values: `good` objects and `bad` strings of one file. */
static void values(const char *name, vector_fn good, vector_fn bad)
{
    cJSON *all = load(name);
    const cJSON *v;
    int n = 0;

    cJSON_ArrayForEach (v, cJSON_GetObjectItemCaseSensitive(all, "good")) {
        good(v);
        n++;
    }
    cJSON_ArrayForEach (v, cJSON_GetObjectItemCaseSensitive(all, "bad")) {
        bad(v);
        n++;
    }
    assert_true(n >= 16);
    cJSON_Delete(all);
}

static int64_t num(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

    assert_true(cJSON_IsNumber(v));
    return (int64_t)v->valuedouble;
}

static void good_time(const cJSON *v)
{
    const char *s = str(v, "text");
    char buf[DK_TIME_MAX];
    dk_ms t = -1;

    assert_int_equal(dk_time_parse(s, strlen(s), &t), 0);
    assert_int_equal(t, num(v, "ms"));
    dk_time_format(t, (int)num(v, "offset_min"), buf);
    assert_string_equal(buf, str(v, "format"));
}

static void bad_time(const cJSON *v)
{
    dk_ms t;

    if (dk_time_parse(v->valuestring, strlen(v->valuestring), &t) == 0)
        fail_msg("accepted as a time: %s", v->valuestring);
}

static void good_uuid(const cJSON *v)
{
    const char *s = str(v, "text");
    char buf[DK_UUID_TEXT];
    struct dk_uuid u;

    assert_int_equal(dk_uuid_parse(s, strlen(s), &u), 0);
    assert_true(dk_uuid_is_v7(&u));
    assert_int_equal(dk_uuid_time(&u), num(v, "ms"));
    dk_uuid_format(&u, buf);
    assert_string_equal(buf, s);
}

static void bad_uuid(const cJSON *v)
{
    const char *s = v->valuestring;
    struct dk_uuid u;

    if (dk_uuid_parse(s, strlen(s), &u) == 0 && dk_uuid_is_v7(&u))
        fail_msg("accepted as a UUIDv7: %s", s);
}

static void good_case_no(const cJSON *v)
{
    char buf[DK_CASE_NO_MAX];
    int32_t county;
    int64_t key;

    assert_int_equal(dk_case_no_parse(str(v, "text"), &county, &key), 0);
    assert_int_equal(county, num(v, "county"));
    assert_int_equal(key, num(v, "key"));
    dk_case_no_format(county, key, buf);
    assert_string_equal(buf, str(v, "format"));
}

static void bad_case_no(const cJSON *v)
{
    int32_t county;
    int64_t key;

    if (dk_case_no_parse(v->valuestring, &county, &key) == 0)
        fail_msg("accepted as a case number: %s", v->valuestring);
}

static void values_are_read_and_written_alike(void **state)
{
    (void)state;
    values(ROOT "time.json", good_time, bad_time);
    values(ROOT "uuid.json", good_uuid, bad_uuid);
    values(ROOT "case-number.json", good_case_no, bad_case_no);
}

static void submissions_have_their_canonical_text(void **state)
{
    cJSON *all = load(ROOT "submit.json");
    const cJSON *v;

    (void)state;
    assert_true(cJSON_GetArraySize(all) >= 8);
    cJSON_ArrayForEach (v, all) {
        const char *text = str(v, "body");
        struct dk_jw w = {0};
        struct dk_submit s;
        cJSON *o;

        assert_int_equal(
            dk_json_parse_obj(text, strlen(text), DK_BODY_MAX, &o, NULL), 0);
        assert_int_equal(dk_submit_read(o, &s, NULL), 0);
        dk_submit_write_canonical(&w, &s);
        assert_string_equal(w.buf, str(v, "canonical"));
        dk_jw_fini(&w);
        cJSON_Delete(o);
    }
    cJSON_Delete(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_messages_are_accepted),
        cmocka_unit_test(bad_messages_are_refused_by_the_right_layer),
        cmocka_unit_test(good_texts_are_read_as_what_they_mean),
        cmocka_unit_test(bad_texts_are_refused),
        cmocka_unit_test(values_are_read_and_written_alike),
        cmocka_unit_test(submissions_have_their_canonical_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
