#include "proto/jsonw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/jsonx.h"

static void an_empty_writer_needs_nothing(void **state)
{
    struct dk_jw w = {0};
    size_t n = 9;
    char *s;

    (void)state;
    dk_jw_reset(&w);
    dk_jw_fini(&w);
    s = dk_jw_take(&w, &n);
    assert_string_equal(s, "");
    assert_int_equal(n, 0);
    free(s);
}

static void commas_stand_between_values_only(void **state)
{
    struct dk_jw w = {0};

    (void)state;
    dk_jw_obj(&w, NULL);
    dk_jw_obj(&w, "a");
    dk_jw_end_obj(&w);
    dk_jw_arr(&w, "b");
    dk_jw_int(&w, NULL, 1);
    dk_jw_arr(&w, NULL);
    dk_jw_end_arr(&w);
    dk_jw_obj(&w, NULL);
    dk_jw_null(&w, "n");
    dk_jw_bool(&w, "t", true);
    dk_jw_bool(&w, "f", false);
    dk_jw_end_obj(&w);
    dk_jw_raw(&w, NULL, "[2]", 3);
    dk_jw_end_arr(&w);
    dk_jw_str(&w, "s", NULL);
    dk_jw_hex(&w, "h", "\x00\xff\x1a", 3);
    dk_jw_end_obj(&w);
    assert_string_equal(w.buf,
                        "{\"a\":{},\"b\":[1,[],{\"n\":null,\"t\":true,\"f\":"
                        "false},[2]],\"s\":null,\"h\":\"00ff1a\"}");
    assert_int_equal(w.len, strlen(w.buf));
    dk_jw_fini(&w);
}

static void integers_of_every_size_are_written(void **state)
{
    struct dk_jw w = {0};

    (void)state;
    dk_jw_arr(&w, NULL);
    dk_jw_int(&w, NULL, 0);
    dk_jw_int(&w, NULL, -1);
    dk_jw_int(&w, NULL, INT64_MAX);
    dk_jw_int(&w, NULL, INT64_MIN);
    dk_jw_end_arr(&w);
    assert_string_equal(w.buf,
                        "[0,-1,9223372036854775807,-9223372036854775808]");
    dk_jw_fini(&w);
}

static void strings_and_keys_are_escaped(void **state)
{
    struct dk_jw w = {0};

    (void)state;
    dk_jw_obj(&w, NULL);
    dk_jw_strn(&w, "k\"\\\n", "a\"b\\c\b\f\n\r\t\x01\x1f\x7f/案😀\0z", 23);
    dk_jw_end_obj(&w);
    assert_string_equal(w.buf, "{\"k\\\"\\\\\\n\":\"a\\\"b\\\\c\\b\\f\\n\\r\\t"
                               "\\u0001\\u001f\x7f/案😀\\u0000z\"}");
    dk_jw_fini(&w);
}

static void bytes_that_are_not_utf8_are_replaced(void **state)
{
    static const char *const bad[] = {
        "\xff",       "a\x80z", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "案\xe6\xa1", "\xe6",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct dk_jw w = {0};
        cJSON *v;

        dk_jw_str(&w, NULL, bad[i]);
        assert_int_equal(dk_json_parse(w.buf, w.len, DK_BODY_MAX, &v, NULL), 0);
        assert_non_null(strstr(v->valuestring, "\xEF\xBF\xBD"));
        cJSON_Delete(v);
        dk_jw_fini(&w);
    }
}

static void times_are_written_with_their_offset(void **state)
{
    struct dk_jw w = {0};

    (void)state;
    dk_jw_arr(&w, NULL);
    dk_jw_time(&w, NULL, 0, 480);
    dk_jw_time(&w, NULL, 0, 0);
    dk_jw_time(&w, NULL, DK_NEVER, 0);
    dk_jw_end_arr(&w);
    assert_string_equal(w.buf, "[\"1970-01-01T08:00:00.000+08:00\","
                               "\"1970-01-01T00:00:00.000+00:00\",null]");
    dk_jw_fini(&w);
}

static void a_parsed_text_is_written_back_byte_by_byte(void **state)
{
    static const char text[] =
        "{\"z\":1,\"a\":[true,false,null,-5,9007199254740991,"
        "-9007199254740991],\"案\":{\"\":\"\\u0001\\\"\"},\"e\":[],\"o\":{}}";
    struct dk_jw w = {0};
    cJSON *v;

    (void)state;
    assert_int_equal(dk_json_parse(text, strlen(text), DK_BODY_MAX, &v, NULL),
                     0);
    dk_jw_cjson(&w, NULL, v);
    assert_string_equal(w.buf, text);
    cJSON_Delete(v);
    dk_jw_fini(&w);
}

static void numbers_json_cannot_name_become_null(void **state)
{
    static const double odd[] = {0.5, 1e300, -1e300, 9007199254740992.0};
    cJSON *arr = cJSON_CreateArray();
    struct dk_jw w = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        cJSON_AddItemToArray(arr, cJSON_CreateNumber(odd[i]));
    dk_jw_cjson(&w, "k", arr);
    assert_string_equal(w.buf, "\"k\":[null,null,null,null]");
    cJSON_Delete(arr);
    dk_jw_fini(&w);
}

static void the_text_can_be_taken_and_the_writer_used_again(void **state)
{
    struct dk_jw w = {0};
    size_t n;
    char *s;

    (void)state;
    dk_jw_int(&w, NULL, 1);
    s = dk_jw_take(&w, &n);
    assert_string_equal(s, "1");
    assert_int_equal(n, 1);
    free(s);
    dk_jw_int(&w, NULL, 2);
    dk_jw_reset(&w);
    dk_jw_int(&w, NULL, 3);
    assert_string_equal(w.buf, "3");
    dk_jw_fini(&w);
}

static void out_of_memory_is_remembered_until_the_end(void **state)
{
    struct dk_jw w = {0};

    (void)state;
    dk_jw_int(&w, NULL, 1);
    dk_jw_raw(&w, NULL, "x", SIZE_MAX / 2); /* cannot be held */
    assert_true(w.oom);
    dk_jw_str(&w, "k", "more");
    assert_null(dk_jw_take(&w, NULL));
    assert_false(w.oom); /* empty again, ready for use */
    dk_jw_int(&w, NULL, 1);
    assert_string_equal(w.buf, "1");
    dk_jw_fini(&w);
}

static void a_large_text_grows_without_loss(void **state)
{
    struct dk_jw w = {0};
    cJSON *v;

    (void)state;
    dk_jw_arr(&w, NULL);
    for (int i = 0; i < 100000; i++)
        dk_jw_int(&w, NULL, i);
    dk_jw_end_arr(&w);
    assert_int_equal(dk_json_parse(w.buf, w.len, w.len, &v, NULL), 0);
    assert_int_equal(cJSON_GetArraySize(v), 100000);
    cJSON_Delete(v);
    dk_jw_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_writer_needs_nothing),
        cmocka_unit_test(commas_stand_between_values_only),
        cmocka_unit_test(integers_of_every_size_are_written),
        cmocka_unit_test(strings_and_keys_are_escaped),
        cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
        cmocka_unit_test(times_are_written_with_their_offset),
        cmocka_unit_test(a_parsed_text_is_written_back_byte_by_byte),
        cmocka_unit_test(numbers_json_cannot_name_become_null),
        cmocka_unit_test(the_text_can_be_taken_and_the_writer_used_again),
        cmocka_unit_test(out_of_memory_is_remembered_until_the_end),
        cmocka_unit_test(a_large_text_grows_without_loss),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
