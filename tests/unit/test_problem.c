#include "proto/problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/jsonw.h"
#include "proto/jsonx.h"

static void every_code_has_its_own_slug_and_two_titles(void **state)
{
    (void)state;
    for (int code = -1; code > -(int)DK_ORD_N; code--) {
        const char *slug = dk_err_slug(code);

        assert_int_equal(dk_err_from_slug(slug), code);
        assert_true(strlen(slug) > 2 && strlen(slug) < 32);
        assert_true(strlen(dk_err_title(code)) > 8);
        assert_true((unsigned char)dk_err_title_zh(code)[0] >= 0xe4);
        assert_true(dk_err_status(code) >= 400 && dk_err_status(code) < 600);
        /* 5xx but "internal" passes with time; of 4xx what others mend. */
        assert_int_equal(dk_err_retry_ms(code) > 0,
                         (dk_err_status(code) >= 500 && code != DK_EBUG) ||
                             code == DK_EKEY || code == DK_ERATE);
    }
}

static void unknown_codes_and_slugs_are_internal(void **state)
{
    (void)state;
    assert_string_equal(dk_err_slug(0), "internal");
    assert_string_equal(dk_err_slug(1), "internal");
    assert_string_equal(dk_err_slug(-(int)DK_ORD_N), "internal");
    assert_string_equal(dk_err_slug(-1000000), "internal");
    assert_int_equal(dk_err_from_slug("no-such"), DK_EBUG);
    assert_int_equal(dk_err_from_slug(NULL), DK_EBUG);
}

static void fail_returns_the_code_and_fills_the_problem(void **state)
{
    struct dk_problem p;

    (void)state;
    assert_int_equal(dk_fail(NULL, DK_EBUSY, "/x", "a", "b"), DK_EBUSY);
    assert_int_equal(dk_fail(&p, DK_EBUSY, NULL, NULL, NULL), DK_EBUSY);
    assert_int_equal(p.code, DK_EBUSY);
    assert_int_equal(p.retry_after_ms, 1000);
    assert_string_equal(p.pointer, "");
    assert_string_equal(p.detail, dk_err_title(DK_EBUSY));
    assert_string_equal(p.detail_zh, dk_err_title_zh(DK_EBUSY));
    assert_int_equal(dk_fail(&p, DK_EFIELD, "/a/0", "en", "zh"), DK_EFIELD);
    assert_int_equal(p.retry_after_ms, 0);
    assert_string_equal(p.pointer, "/a/0");
    assert_string_equal(p.detail, "en");
    assert_string_equal(p.detail_zh, "zh");
}

static void failf_gives_both_languages_the_same_arguments(void **state)
{
    struct dk_problem p;

    (void)state;
    assert_int_equal(
        dk_failf(&p, DK_EFIELD, "/n", "%s is %d", "%s 是 %d", "n", 7),
        DK_EFIELD);
    assert_string_equal(p.detail, "n is 7");
    assert_string_equal(p.detail_zh, "n 是 7");
    assert_int_equal(dk_failf(NULL, DK_EIO, NULL, "%d", "%d", 1), DK_EIO);
}

static void long_texts_are_cut_between_characters(void **state)
{
    struct dk_problem p;
    char zh[1000];

    (void)state;
    for (size_t i = 0; i < 999; i += 3)
        memcpy(zh + i, "案", 3);
    for (size_t shift = 0; shift < 4; shift++) {
        char text[1004] = "xxx";

        memcpy(text + shift, zh, 999);
        text[shift + 999] = '\0';
        dk_fail(&p, DK_EFIELD, text, text, text);
        assert_int_equal(dk_utf8_valid(p.detail_zh, strlen(p.detail_zh)),
                         strlen(p.detail_zh));
        assert_true(strlen(p.detail_zh) > sizeof(p.detail_zh) - 4);
        assert_int_equal(dk_utf8_valid(p.pointer, strlen(p.pointer)),
                         strlen(p.pointer));
        dk_failf(&p, DK_EFIELD, NULL, "%s", "%s", text);
        assert_true(strlen(p.detail) > sizeof(p.detail) - 4);
        assert_int_equal(dk_utf8_valid(p.detail, strlen(p.detail)),
                         strlen(p.detail));
    }
}

static void characters_cut_by_a_format_are_left_out(void **state)
{
    struct dk_problem p;

    (void)state;
    dk_failf(&p, DK_EFIELD, NULL, "'%.4s' is wrong", "'%.5s' 有误", "案件");
    assert_string_equal(p.detail, "'案' is wrong");
    assert_string_equal(p.detail_zh, "'案' 有误");
    dk_fail(&p, DK_EFIELD, "/\xff/a", "\xc0\xaf!", "好\xe6\xa1");
    assert_string_equal(p.pointer, "//a");
    assert_string_equal(p.detail, "!");
    assert_string_equal(p.detail_zh, "好");
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    for (int code = -1; code > -(int)DK_ORD_N; code--) {
        struct dk_problem p, q;
        struct dk_jw w = {0};
        cJSON *o;

        dk_fail(&p, code, "/a~1b", "what \"and\" how", "什么\n怎样");
        dk_problem_write(&w, &p);
        assert_int_equal(dk_json_parse_obj(w.buf, w.len, DK_BODY_MAX, &o, NULL),
                         0);
        dk_problem_read(o, &q);
        assert_int_equal(q.code, p.code);
        assert_int_equal(q.retry_after_ms, p.retry_after_ms);
        assert_string_equal(q.pointer, p.pointer);
        assert_string_equal(q.detail, p.detail);
        assert_string_equal(q.detail_zh, p.detail_zh);
        assert_int_equal(
            cJSON_GetObjectItemCaseSensitive(o, "status")->valueint,
            dk_err_status(code));
        cJSON_Delete(o);
        dk_jw_fini(&w);
    }
}

static void an_empty_problem_is_written_with_its_titles(void **state)
{
    struct dk_problem p = {.code = DK_ENOTFOUND};
    struct dk_jw w = {0};

    (void)state;
    dk_problem_write(&w, &p);
    assert_string_equal(
        w.buf, "{\"type\":\"urn:docket:problem:not-found\",\"title\":\"There "
               "is nothing under this number\",\"status\":404,\"detail\":"
               "\"There is nothing under this number\",\"detail_zh\":"
               "\"查无此号\"}");
    dk_jw_fini(&w);
}

static void what_cannot_be_read_is_internal(void **state)
{
    static const char *const bodies[] = {
        "[]",
        "{}",
        "{\"type\":1,\"detail\":2,\"retry_after_ms\":\"x\"}",
        "{\"type\":\"urn:docket:problem:\",\"pointer\":null}",
        "{\"type\":\"about:blank\",\"retry_after_ms\":-5}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct dk_problem p;
        cJSON *o = cJSON_Parse(bodies[i]);

        dk_problem_read(o, &p);
        assert_int_equal(p.code, DK_EBUG);
        assert_int_equal(p.retry_after_ms, 0);
        assert_string_equal(p.detail, "");
        cJSON_Delete(o);
    }
    struct dk_problem p;
    dk_problem_read(NULL, &p);
    assert_int_equal(p.code, DK_EBUG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_its_own_slug_and_two_titles),
        cmocka_unit_test(unknown_codes_and_slugs_are_internal),
        cmocka_unit_test(fail_returns_the_code_and_fills_the_problem),
        cmocka_unit_test(failf_gives_both_languages_the_same_arguments),
        cmocka_unit_test(long_texts_are_cut_between_characters),
        cmocka_unit_test(characters_cut_by_a_format_are_left_out),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(an_empty_problem_is_written_with_its_titles),
        cmocka_unit_test(what_cannot_be_read_is_internal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
