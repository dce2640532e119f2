#include "proto/submit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/uuid.h"

#define ID "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
#define LEAST                                                                    \
    "\"submission_id\":\"" ID "\",\"channel\":\"kiosk\",\"subject\":\"路灯\"," \
    "\"facts\":\"坏了\""

static int read_text(const char *text, struct dk_jw *canonical,
                     struct dk_problem *p)
{
    struct dk_submit s;
    cJSON *o;
    int rc;

    assert_int_equal(dk_json_parse_obj(text, strlen(text), DK_BODY_MAX, &o, p),
                     0);
    rc = dk_submit_read(o, &s, p);
    if (rc == 0 && canonical != NULL)
        dk_submit_write_canonical(canonical, &s);
    cJSON_Delete(o);
    return rc;
}

static void the_least_submission_gets_its_defaults(void **state)
{
    struct dk_submit s;
    char id[DK_UUID_TEXT];
    cJSON *o;

    (void)state;
    assert_int_equal(dk_json_parse_obj("{" LEAST "}", strlen("{" LEAST "}"),
                                       DK_BODY_MAX, &o, NULL),
                     0);
    assert_int_equal(dk_submit_read(o, &s, NULL), 0);
    dk_uuid_format(&s.submission, id);
    assert_string_equal(id, ID);
    assert_int_equal(s.channel, DK_CH_KIOSK);
    assert_int_equal(s.kind, DK_KIND_APPEAL);
    assert_string_equal(s.subject, "路灯");
    assert_null(s.region);
    assert_null(s.category);
    assert_true(s.submitted_at == DK_NEVER);
    assert_int_equal(s.petitioners, 1);
    assert_false(s.import);
    assert_int_equal(s.n_person + s.n_respondent, 0);
    cJSON_Delete(o);
}

static void everything_that_can_be_said_is_read(void **state)
{
    static const char text[] =
        "{" LEAST ",\"kind\":\"accusation\",\"region\":\"130999001\","
        "\"category\":\"城乡建设/供水\",\"submitted_at\":"
        "\"2026-05-01T08:00:00+08:00\",\"petitioners\":40,\"persons\":"
        "[{\"name\":\"甲\",\"id_number\":\"1\",\"phone\":\"2\",\"address\":"
        "\"3\"},{\"name\":\"乙\"}],\"respondents\":[{\"unit\":\"u\"},"
        "{\"officer\":\"o\"}],\"import\":true}";
    struct dk_jw w = {0};
    struct dk_submit s;
    cJSON *o;

    (void)state;
    assert_int_equal(
        dk_json_parse_obj(text, strlen(text), DK_BODY_MAX, &o, NULL), 0);
    assert_int_equal(dk_submit_read(o, &s, NULL), 0);
    assert_int_equal(s.kind, DK_KIND_ACCUSATION);
    assert_string_equal(s.region, "130999001");
    assert_string_equal(s.category, "城乡建设/供水");
    assert_int_equal(s.submitted_at, 1777593600000);
    assert_int_equal(s.petitioners, 40);
    assert_int_equal(s.n_person, 2);
    assert_string_equal(s.person[0].address, "3");
    assert_null(s.person[1].phone);
    assert_int_equal(s.n_respondent, 2);
    assert_null(s.respondent[0].officer);
    assert_string_equal(s.respondent[1].officer, "o");
    assert_true(s.import);
    dk_submit_write_persons(&w, &s);
    assert_string_equal(w.buf,
                        "[{\"name\":\"甲\",\"id_number\":\"1\",\"phone\":\"2\","
                        "\"address\":\"3\"},{\"name\":\"乙\"}]");
    dk_jw_fini(&w);
    cJSON_Delete(o);
}

static void ways_of_saying_the_same_are_the_same(void **state)
{
    static const char *const same[] = {
        "{" LEAST "}",
        "{" LEAST ",\"kind\":\"appeal\",\"petitioners\":1,\"persons\":[],"
        "\"respondents\":[],\"import\":false,\"region\":null}",
        "{\"facts\":\"\\u574f\\u4e86\",\"subject\":\"\\u8def灯\","
        "\"channel\":\"kiosk\" , \"submission_id\":\"" ID "\"}",
    };
    struct dk_jw first = {0};

    (void)state;
    assert_int_equal(read_text(same[0], &first, NULL), 0);
    for (size_t i = 1; i < sizeof(same) / sizeof(same[0]); i++) {
        struct dk_jw w = {0};

        assert_int_equal(read_text(same[i], &w, NULL), 0);
        assert_string_equal(w.buf, first.buf);
        dk_jw_fini(&w);
    }
    dk_jw_fini(&first);
}

static void every_difference_shows_in_the_canonical_text(void **state)
{
    static const char *const different[] = {
        "{" LEAST "}",
        "{" LEAST ",\"kind\":\"suggestion\"}",
        "{" LEAST ",\"region\":\"r\"}",
        "{" LEAST ",\"category\":\"r\"}",
        "{" LEAST ",\"submitted_at\":\"2026-05-01T08:00:00Z\"}",
        "{" LEAST ",\"submitted_at\":\"2026-05-01T08:00:00.001Z\"}",
        "{" LEAST ",\"petitioners\":2}",
        "{" LEAST ",\"persons\":[{\"name\":\"a\"}]}",
        "{" LEAST ",\"persons\":[{\"name\":\"a\",\"phone\":\"b\"}]}",
        "{" LEAST ",\"persons\":[{\"name\":\"a\",\"address\":\"b\"}]}",
        "{" LEAST ",\"persons\":[{\"name\":\"a\",\"id_number\":\"b\"}]}",
        "{" LEAST ",\"respondents\":[{\"unit\":\"a\"}]}",
        "{" LEAST ",\"respondents\":[{\"officer\":\"a\"}]}",
        "{" LEAST ",\"respondents\":[{\"unit\":\"a\",\"officer\":\"a\"}]}",
        "{" LEAST ",\"respondents\":[{\"unit\":\"a\"},{\"officer\":\"a\"}]}",
        "{" LEAST ",\"import\":true}",
    };
    enum {
        N = sizeof(different) / sizeof(different[0])
    };
    struct dk_jw w[N] = {{0}};

    (void)state;
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(read_text(different[i], &w[i], NULL), 0);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(w[k].buf, w[i].buf);
    }
    for (size_t i = 0; i < N; i++)
        dk_jw_fini(&w[i]);
}

static void mistakes_are_refused_at_their_place(void **state)
{
    static const struct {
        const char *text, *pointer;
    } cases[] = {
        {"{}", "/submission_id"},
        {"{" LEAST ",\"chanel\":1}", "/chanel"},
        {"{" LEAST ",\"kind\":\"joke\"}", "/kind"},
        {"{" LEAST ",\"region\":\"a b\"}", "/region"},
        {"{" LEAST ",\"category\":\"\"}", "/category"},
        {"{" LEAST ",\"category\":\"/a\"}", "/category"},
        {"{" LEAST ",\"category\":\"a/\"}", "/category"},
        {"{" LEAST ",\"category\":\"a//b\"}", "/category"},
        {"{" LEAST ",\"category\":\"a\\nb\"}", "/category"},
        {"{" LEAST ",\"submitted_at\":\"2026-05-01\"}", "/submitted_at"},
        {"{" LEAST ",\"petitioners\":0}", "/petitioners"},
        {"{" LEAST ",\"petitioners\":1000001}", "/petitioners"},
        {"{" LEAST ",\"petitioners\":1,\"persons\":[{\"name\":\"a\"},"
         "{\"name\":\"b\"}]}",
         "/petitioners"},
        {"{" LEAST ",\"persons\":{}}", "/persons"},
        {"{" LEAST ",\"persons\":[1]}", "/persons/0"},
        {"{" LEAST ",\"persons\":[{\"name\":\"a\"},{}]}", "/persons/1/name"},
        {"{" LEAST ",\"persons\":[{\"name\":\"a\",\"score\":1}]}",
         "/persons/0/score"},
        {"{" LEAST ",\"respondents\":[{}]}", "/respondents/0"},
        {"{" LEAST ",\"respondents\":[{\"unit\":\"\"}]}",
         "/respondents/0/unit"},
        {"{" LEAST ",\"respondents\":[{\"unit\":\"u\",\"x~/y\":1}]}",
         "/respondents/0/x~0~1y"},
        {"{" LEAST ",\"import\":1}", "/import"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dk_problem p = {0};

        assert_int_equal(read_text(cases[i].text, NULL, &p), DK_EFIELD);
        assert_string_equal(p.pointer, cases[i].pointer);
        assert_true(p.detail[0] != '\0' && p.detail_zh[0] != '\0');
        assert_int_equal(read_text(cases[i].text, NULL, NULL), DK_EFIELD);
    }
}

/* n elements of `one` as member `key`. */
static int with_list(const char *key, const char *one, int n,
                     struct dk_problem *p)
{
    char text[4096];
    size_t len =
        (size_t)snprintf(text, sizeof(text), "{" LEAST ",\"%s\":[", key);

    for (int i = 0; i < n; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
                                i > 0 ? "," : "", one);
    (void)snprintf(text + len, sizeof(text) - len, "]}");
    return read_text(text, NULL, p);
}

static void lists_end_at_their_limits(void **state)
{
    struct dk_problem p;

    (void)state;
    assert_int_equal(with_list("persons", "{\"name\":\"a\"}", 5, NULL), 0);
    assert_int_equal(with_list("persons", "{\"name\":\"a\"}", 6, &p),
                     DK_EFIELD);
    assert_string_equal(p.pointer, "/persons");
    assert_int_equal(with_list("respondents", "{\"unit\":\"a\"}", 10, NULL), 0);
    assert_int_equal(with_list("respondents", "{\"unit\":\"a\"}", 11, &p),
                     DK_EFIELD);
    assert_string_equal(p.pointer, "/respondents");
}

static void texts_end_at_their_limits(void **state)
{
    static const struct {
        const char *before, *after;
        size_t max;
        const char *pointer;
    } cases[] = {
        {"{\"submission_id\":\"" ID "\",\"channel\":\"visit\",\"facts\":\"x\","
         "\"subject\":\"",
         "\"}", 400, "/subject"},
        {"{\"submission_id\":\"" ID "\",\"channel\":\"visit\",\"subject\":"
         "\"x\",\"facts\":\"",
         "\"}", 49152, "/facts"},
        {"{" LEAST ",\"category\":\"", "\"}", 200, "/category"},
        {"{" LEAST ",\"region\":\"", "\"}", 64, "/region"},
        {"{" LEAST ",\"persons\":[{\"name\":\"", "\"}]}", 200,
         "/persons/0/name"},
        {"{" LEAST ",\"persons\":[{\"name\":\"a\",\"id_number\":\"", "\"}]}",
         40, "/persons/0/id_number"},
        {"{" LEAST ",\"persons\":[{\"name\":\"a\",\"phone\":\"", "\"}]}", 40,
         "/persons/0/phone"},
        {"{" LEAST ",\"persons\":[{\"name\":\"a\",\"address\":\"", "\"}]}", 600,
         "/persons/0/address"},
        {"{" LEAST ",\"respondents\":[{\"officer\":\"", "\"}]}", 64,
         "/respondents/0/officer"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t n = cases[i].max; n <= cases[i].max + 1; n++) {
            char *text = calloc(1, 50000);
            struct dk_problem p = {0};
            size_t at = strlen(cases[i].before);

            assert_non_null(text);
            memcpy(text, cases[i].before, at);
            memset(text + at, 'x', n);
            memcpy(text + at + n, cases[i].after, strlen(cases[i].after));
            assert_int_equal(read_text(text, NULL, &p),
                             n == cases[i].max ? 0 : DK_EFIELD);
            assert_string_equal(p.pointer,
                                n == cases[i].max ? "" : cases[i].pointer);
            free(text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_submission_gets_its_defaults),
        cmocka_unit_test(everything_that_can_be_said_is_read),
        cmocka_unit_test(ways_of_saying_the_same_are_the_same),
        cmocka_unit_test(every_difference_shows_in_the_canonical_text),
        cmocka_unit_test(mistakes_are_refused_at_their_place),
        cmocka_unit_test(lists_end_at_their_limits),
        cmocka_unit_test(texts_end_at_their_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
