#include "proto/jsonx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "proto/jsonw.h"

/* Every byte is read from a heap block of exactly this size, so that the
 * sanitizer sees a read beyond it.
 */
static int try_parse(const char *text, size_t n, struct dk_problem *p)
{
    char *copy = malloc(n > 0 ? n : 1);
    cJSON *v = NULL;
    int rc;

    assert_non_null(copy);
    memcpy(copy, text, n);
    rc = dk_json_parse(copy, n, DK_BODY_MAX, &v, p);
    assert_int_equal(rc == 0, v != NULL);
    cJSON_Delete(v);
    free(copy);
    return rc;
}

static cJSON *parse(const char *text)
{
    cJSON *v = NULL;

    assert_int_equal(dk_json_parse(text, strlen(text), DK_BODY_MAX, &v, NULL),
                     0);
    return v;
}

static cJSON *parse_fixed(const char *text)
{
    cJSON *v = NULL;

    assert_int_equal(
        dk_json_parse_fixed(text, strlen(text), DK_BODY_MAX, &v, NULL), 0);
    return v;
}

static void every_prefix_of_a_text_is_refused(void **state)
{
    static const char text[] =
        "{\"a\":[true,false,null,-12,0],\"\\u00e9\\ud83d\\ude00\":\"案\\n\","
        "\"b\":{\"c\":{}},\"d\":[[],\"\"]}";
    size_t n = strlen(text);

    (void)state;
    assert_int_equal(try_parse(text, n, NULL), 0);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(try_parse(text, i, NULL), DK_EJSON);
}

static void the_place_of_a_fault_is_named_by_its_byte(void **state)
{
    static const struct {
        const char *text;
        const char *byte;
    } cases[] = {
        {"", "byte 0:"},           {"  ", "byte 2:"},
        {"{\"a\":01}", "byte 5:"}, {"{\"a\":1,\"a\":2}", "byte 7:"},
        {"[1,]", "byte 3:"},       {"{\"案\":\"\xff\"}", "byte 8:"},
        {"[1] 2", "byte 4:"},      {"[\"\\ud800\"]", "byte 2:"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dk_problem p = {0};

        assert_int_equal(try_parse(cases[i].text, strlen(cases[i].text), &p),
                         DK_EJSON);
        assert_int_equal(strncmp(p.detail, cases[i].byte, 7), 0);
        assert_string_equal(p.pointer, "");
    }
}

/* Of text that both take, cJSON's own parser makes the same tree. */
static void the_tree_is_what_cjson_makes_of_it(void **state)
{
    static const char *const texts[] = {
        "0",
        " -9007199254740991 ",
        "2147483648",
        "[2147483647,-2147483648,-2147483649]",
        "\"\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0001\\u00e9\\u6848\\uD83d\\ude00\\uFFFF案\"",
        "[]",
        "{}",
        "[ [ ] , { } , [ 1 , 2 , { \"a\" : null } ] , true , false ]",
        "{\"a\":{\"b\":{\"c\":[\"d\",{\"e\":\"案\\n由\"}]}},\"\":\"\"}",
        "\t{\r\n\"k\\\"ey\" :\t\"v\" , \"\\u6848\" : [ \"\\\\\" ] }\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        cJSON *ours = parse(texts[i]), *theirs = cJSON_Parse(texts[i]);
        char *a = cJSON_Print(ours), *b = cJSON_Print(theirs);

        assert_string_equal(a, b);
        assert_true(cJSON_Compare(ours, theirs, true));
        assert_int_equal(ours->valueint, theirs->valueint);
        if (ours->child != NULL && ours->child->next != NULL)
            assert_ptr_equal(ours->child->prev->next, NULL);
        if (cJSON_IsObject(ours)) {
            cJSON *fixed = parse_fixed(texts[i]);

            assert_true(cJSON_Compare(fixed, theirs, true));
            cJSON_Delete(fixed);
        }
        cJSON_free(a);
        cJSON_free(b);
        cJSON_Delete(ours);
        cJSON_Delete(theirs);
    }
}

static size_t asked;
static int grants; /* allocations until one fails; under 0: none does */

static void *counted(size_t n)
{
    asked += n;
    if (grants >= 0 && grants-- == 0)
        return NULL;
    return malloc(n);
}

static void a_tree_takes_memory_by_the_length_of_its_text(void **state)
{
    cJSON_Hooks hooks = {counted, free};
    struct dk_jw w = {0};

    (void)state;
    dk_jw_arr(&w, NULL);
    for (int i = 0; i < 10000; i++)
        dk_jw_str(&w, NULL, "\n");
    dk_jw_end_arr(&w);
    asked = 0;
    grants = -1;
    cJSON_InitHooks(&hooks);
    cJSON_Delete(parse(w.buf));
    cJSON_InitHooks(NULL);
    assert_in_range(asked, 1, 10001 * (sizeof(cJSON) + 3));
    dk_jw_fini(&w);
}

static int freed;

static void count_free(void *p)
{
    freed += p != NULL;
    free(p);
}

/* Values, keys and texts to their last byte in one block, freed at once. */
static void a_fixed_tree_is_one_block(void **state)
{
    static const char text[] =
        "{\"a\":[1,\"b\",\"\\n\",{\"\\t\":null}],\"\":\"\",\"c\":\"案\"}";
    cJSON_Hooks hooks = {counted, count_free};
    cJSON *v = NULL;

    (void)state;
    cJSON_InitHooks(&hooks);
    grants = 0;
    assert_int_equal(
        dk_json_parse_fixed(text, strlen(text), DK_BODY_MAX, &v, NULL),
        DK_ENOMEM);
    assert_null(v);
    grants = 1;
    freed = 0;
    v = parse_fixed(text);
    assert_string_equal(v->child->prev->valuestring, "案");
    cJSON_Delete(v);
    cJSON_InitHooks(NULL);
    assert_int_equal(freed, 1);
    assert_int_equal(dk_json_parse_fixed("[]", 2, DK_BODY_MAX, &v, NULL),
                     DK_EJSON);
}

static void no_memory_is_said_and_leaves_nothing(void **state)
{
    static const char text[] = "{\"a\":[1,\"b\",\"\\n\",{\"\\t\":null}]}";
    cJSON_Hooks hooks = {counted, free};
    int rc = DK_ENOMEM, n = 0;
    cJSON *v;

    (void)state;
    cJSON_InitHooks(&hooks);
    for (; rc == DK_ENOMEM; n++) {
        grants = n;
        rc = dk_json_parse(text, strlen(text), DK_BODY_MAX, &v, NULL);
        assert_int_equal(rc == 0, v != NULL);
    }
    cJSON_Delete(v);
    cJSON_InitHooks(NULL);
    assert_int_equal(rc, 0);
    assert_int_equal(n, 12); /* 7 values, 2 texts, 2 keys; then none */
}

static void a_body_over_the_limit_is_too_large(void **state)
{
    struct dk_problem p;
    cJSON *v;

    (void)state;
    assert_int_equal(dk_json_parse("[1,2]", 5, 5, &v, &p), 0);
    cJSON_Delete(v);
    assert_int_equal(dk_json_parse("[1,2]", 5, 4, &v, &p), DK_ETOOBIG);
    assert_null(v);
    assert_non_null(strstr(p.detail, "5 bytes"));
}

static void a_body_must_be_an_object_where_one_is_asked(void **state)
{
    static const char *const others[] = {"[]",   "1",    "\"x\"",
                                         "null", "true", ""};
    cJSON *v;

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_int_equal(
            dk_json_parse_obj(others[i], strlen(others[i]), 100, &v, NULL),
            DK_EJSON);
    assert_int_equal(dk_json_parse_obj(" {} ", 4, 100, &v, NULL), 0);
    cJSON_Delete(v);
}

static void write_key(struct dk_jw *w, int i)
{
    char key[16];

    (void)snprintf(key, sizeof(key), "k%d", i);
    dk_jw_int(w, key, i);
}

static void an_object_has_at_most_256_members(void **state)
{
    (void)state;
    for (int n = 255; n <= 257; n++) {
        struct dk_jw w = {0};

        dk_jw_arr(&w, NULL);
        for (int k = 0; k < 3; k++) { /* each object counts for itself */
            dk_jw_obj(&w, NULL);
            for (int i = 0; i < n; i++)
                write_key(&w, i);
            dk_jw_end_obj(&w);
        }
        dk_jw_end_arr(&w);
        assert_int_equal(try_parse(w.buf, w.len, NULL),
                         n <= DK_KEYS_MAX ? 0 : DK_EJSON);
        dk_jw_fini(&w);
    }
}

static void a_repeated_key_is_found_wherever_it_stands(void **state)
{
    (void)state;
    for (int again = 0; again < 200; again++) {
        struct dk_jw w = {0};

        dk_jw_obj(&w, NULL);
        for (int i = 0; i < 200; i++) {
            write_key(&w, i);
            if (i == 100) { /* an inner object may use them all */
                dk_jw_obj(&w, "inner");
                for (int k = 0; k < 200; k++)
                    write_key(&w, k);
                dk_jw_end_obj(&w);
            }
        }
        if (again > 0)
            write_key(&w, again);
        dk_jw_end_obj(&w);
        assert_int_equal(try_parse(w.buf, w.len, NULL),
                         again > 0 ? DK_EJSON : 0);
        dk_jw_fini(&w);
    }
}

/* Random texts made of the bytes that matter: what we accept, cJSON reads, and
 * what it read is written back as a text that means the same.
 */
static void what_is_accepted_is_understood(void **state)
{
    static const char *const bits[] = {
        "{",  "}",    "[",     "]",    ",",  ":",       "\"",  "\"a\"",
        "0",  "-1",   "12",    "true", " ",  "null",    "\\",  "\\u0041",
        "案", "\x80", "\xe6",  "\n",   "-",  "\"b\":",  "e5",  "\\ud83d\\ude00",
        ".",  "{}",   "[1,2]", "\x01", "\t", "\"\\n\"", "{\"", "\"a\":1"};
    unsigned seed = (unsigned)time(NULL);
    int accepted = 0;

    (void)state;
    print_message("seed %u\n", seed);
    for (int i = 0; i < 200000; i++) {
        char text[128] = "";
        int n = rand_r(&seed) % 9 + 1;
        cJSON *v;

        for (int k = 0; k < n; k++)
            (void)strcat(text, bits[rand_r(&seed) % 32]);
        if (dk_json_parse(text, strlen(text), 128, &v, NULL) != 0)
            continue;
        accepted++;
        struct dk_jw w = {0};
        cJSON *back;
        dk_jw_cjson(&w, NULL, v);
        assert_int_equal(dk_json_parse(w.buf, w.len, 512, &back, NULL), 0);
        assert_true(cJSON_Compare(v, back, 1));
        cJSON_Delete(back);
        cJSON_Delete(v);
        dk_jw_fini(&w);
    }
    assert_true(accepted > 1000);
}

static void utf8_is_cut_at_the_first_bad_byte(void **state)
{
    static const struct {
        const char *s;
        size_t n, valid;
    } cases[] = {
        {"", 0, 0},
        {"abc", 3, 3},
        {"a\0b", 3, 3},
        {"案", 3, 3},
        {"案", 2, 0},
        {"\xf0\x9f\x98\x80", 4, 4},
        {"\xf0\x9f\x98\x80", 3, 0},
        {"a\xc1\xbf", 3, 1},
        {"\xc2\x80", 2, 2},
        {"\xe0\x9f\xbf", 3, 0},
        {"\xe0\xa0\x80", 3, 3},
        {"\xed\x9f\xbf", 3, 3},
        {"\xed\xa0\x80", 3, 0},
        {"\xf0\x8f\xbf\xbf", 4, 0},
        {"\xf0\x90\x80\x80", 4, 4},
        {"\xf4\x8f\xbf\xbf", 4, 4},
        {"\xf4\x90\x80\x80", 4, 0},
        {"\xf5\x80\x80\x80", 4, 0},
        {"ab\x80", 3, 2},
        {"\xe6\xa1q", 3, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(dk_utf8_valid(cases[i].s, cases[i].n), cases[i].valid);
}

static void pointers_name_the_place_and_escape_it(void **state)
{
    const struct dk_at a = {NULL, "a/b", 0}, b = {&a, NULL, 12},
                       c = {&b, "~", 0};
    char buf[64];

    (void)state;
    dk_at_pointer(NULL, NULL, buf, sizeof(buf));
    assert_string_equal(buf, "");
    dk_at_pointer(NULL, "x", buf, sizeof(buf));
    assert_string_equal(buf, "/x");
    dk_at_pointer(&c, "案", buf, sizeof(buf));
    assert_string_equal(buf, "/a~1b/12/~0/案");
    dk_at_pointer(&c, NULL, buf, 8); /* tokens are whole or left out */
    assert_string_equal(buf, "/a~1b");
    dk_at_pointer(&c, NULL, buf, 1);
    assert_string_equal(buf, "");
}

static const char *const colours[] = {"red", "yellow", NULL};

static void absent_and_null_optional_members_change_nothing(void **state)
{
    cJSON *o = parse("{\"n\":null}");
    static const char *const keys[] = {"n", "absent"};
    struct dk_uuid u = {{7}};
    const char *s = "was";
    const cJSON *v = o;
    int64_t i = 7;
    bool b = true;
    dk_ms t = 7;
    int e = 7;

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        const char *n = keys[k];

        assert_int_equal(dk_json_str(o, n, 0, 1, 9, &s, NULL, NULL), 0);
        assert_int_equal(dk_json_id(o, n, 0, &s, NULL, NULL), 0);
        assert_int_equal(dk_json_int(o, n, 0, 1, 9, &i, NULL, NULL), 0);
        assert_int_equal(dk_json_bool(o, n, 0, &b, NULL, NULL), 0);
        assert_int_equal(dk_json_time(o, n, 0, &t, NULL, NULL), 0);
        assert_int_equal(dk_json_uuid(o, n, 0, true, &u, NULL, NULL), 0);
        assert_int_equal(dk_json_obj(o, n, 0, &v, NULL, NULL), 0);
        assert_int_equal(dk_json_arr(o, n, 0, 1, 2, &v, NULL, NULL), 0);
        assert_int_equal(dk_json_enum(o, n, 0, colours, &e, NULL, NULL), 0);
    }
    assert_string_equal(s, "was");
    assert_true(i == 7 && t == 7 && e == 7 && b && v == o && u.b[0] == 7);
    cJSON_Delete(o);
}

static void missing_required_members_are_named_in_two_languages(void **state)
{
    cJSON *o = parse("{\"n\":null}");
    const struct dk_at at = {NULL, "in", 0};
    struct dk_problem p;
    const char *s = NULL;

    (void)state;
    assert_int_equal(dk_json_str(o, "subject", 1, 1, 400, &s, NULL, &p),
                     DK_EFIELD);
    assert_string_equal(p.pointer, "/subject");
    assert_string_equal(p.detail, "'subject' is missing; give a text of 1 to "
                                  "400 bytes in UTF-8");
    assert_non_null(strstr(p.detail_zh, "缺少“subject”"));
    assert_int_equal(dk_json_str(o, "n", 1, 1, 400, &s, &at, &p), DK_EFIELD);
    assert_string_equal(p.pointer, "/in/n");
    assert_int_equal(dk_json_str(o, "n", 1, 1, 400, &s, &at, NULL), DK_EFIELD);
    assert_null(s);
    cJSON_Delete(o);
}

static int get(const cJSON *o, int kind, struct dk_problem *p)
{
    struct dk_uuid u;
    const char *s;
    const cJSON *v;
    int64_t i;
    dk_ms t;
    bool b;
    int e;

    switch (kind) {
    case 0:
        return dk_json_str(o, "v", 1, 1, 4, &s, NULL, p);
    case 1:
        return dk_json_id(o, "v", 1, &s, NULL, p);
    case 2:
        return dk_json_int(o, "v", 1, -3, 10, &i, NULL, p);
    case 3:
        return dk_json_bool(o, "v", 1, &b, NULL, p);
    case 4:
        return dk_json_time(o, "v", 1, &t, NULL, p);
    case 5:
        return dk_json_uuid(o, "v", 1, true, &u, NULL, p);
    case 6:
        return dk_json_obj(o, "v", 1, &v, NULL, p);
    case 7:
        return dk_json_arr(o, "v", 1, 1, 2, &v, NULL, p);
    default:
        return dk_json_enum(o, "v", 1, colours, &e, NULL, p);
    }
}

#define N_KINDS 9

/* For each getter which of these values it takes, as a bit mask 1 << kind. */
static const struct {
    const char *json;
    unsigned kinds;
} values[] = {
    {"\"ab\"", 1 << 0 | 1 << 1},
    {"\"\"", 0},
    {"\"abcd\"", 1 << 0 | 1 << 1},
    {"\"abcde\"", 1 << 1},
    {"\"案\"", 1 << 0 | 1 << 1},
    {"\"a b\"", 1 << 0},
    {"\"a\\nb\"", 1 << 0},
    {"\"a\\u001b\"", 0},
    {"\"\\u007f\"", 0},
    {"\"\\u0085\"", 0},
    {"\"\\u00e9\"", 1 << 0 | 1 << 1},
    {"\"\\u3000\"", 1 << 0},
    {"\"a/b\"", 1 << 0},
    {"\"a\\\\\"", 1 << 0},
    {"\"a'\"", 1 << 0},
    {"\"a\\\"\"", 1 << 0},
    {"0", 1 << 2},
    {"-3", 1 << 2},
    {"-4", 0},
    {"10", 1 << 2},
    {"11", 0},
    {"true", 1 << 3},
    {"false", 1 << 3},
    {"\"true\"", 1 << 0 | 1 << 1},
    {"\"2026-05-01T09:30:00+08:00\"", 1 << 1 | 1 << 4},
    {"\"2026-05-01\"", 1 << 1},
    {"\"0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b\"", 1 << 1 | 1 << 5},
    {"\"f47ac10b-58cc-4372-a567-0e02b2c3d479\"", 1 << 1},
    {"{}", 1 << 6},
    {"[]", 0},
    {"[1]", 1 << 7},
    {"[1,2]", 1 << 7},
    {"[1,2,3]", 0},
    {"\"red\"", 1 << 0 | 1 << 1 | 1 << 8},
    {"\"Red\"", 1 << 0 | 1 << 1},
    {"null", 0},
};

static void each_getter_takes_its_own_values_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char text[128];
        cJSON *o;

        (void)snprintf(text, sizeof(text), "{\"v\":%s,\"V\":1}",
                       values[i].json);
        o = parse(text);
        for (int kind = 0; kind < N_KINDS; kind++) {
            bool takes = (values[i].kinds >> kind & 1) != 0;
            struct dk_problem p = {0};
            int rc = get(o, kind, &p);

            if (rc != (takes ? 0 : DK_EFIELD))
                fail_msg("getter %d of %s gave %d", kind, text, rc);
            if (!takes) {
                assert_string_equal(p.pointer, "/v");
                assert_true(p.detail[0] != '\0' && p.detail_zh[0] != '\0');
            }
        }
        cJSON_Delete(o);
    }
}

static void the_getters_refuse_what_is_no_object(void **state)
{
    const struct dk_at at = {NULL, NULL, 3};
    cJSON *arr = parse("[{\"v\":1}]");
    const char *s = NULL;
    struct dk_problem p;

    (void)state;
    for (int kind = 0; kind < N_KINDS; kind++) {
        assert_int_equal(get(arr, kind, NULL), DK_EFIELD);
        assert_int_equal(get(NULL, kind, NULL), DK_EFIELD);
    }
    assert_int_equal(dk_json_str(arr, "v", 0, 0, 9, &s, &at, &p), DK_EFIELD);
    assert_string_equal(p.pointer, "/3");
    assert_int_equal(dk_json_only(arr, colours, &at, &p), DK_EFIELD);
    assert_string_equal(p.pointer, "/3");
    cJSON_Delete(arr);
}

static void ids_are_at_most_64_bytes(void **state)
{
    (void)state;
    for (size_t n = 63; n <= 65; n++) {
        char text[100] = "{\"v\":\"";

        memset(text + 6, 'x', n);
        (void)strcpy(text + 6 + n, "\"}");
        cJSON *o = parse(text);
        assert_int_equal(get(o, 1, NULL), n <= 64 ? 0 : DK_EFIELD);
        cJSON_Delete(o);
    }
}

static void unknown_members_are_refused_with_the_nearest_name(void **state)
{
    static const char *const known[] = {"subject", "facts", NULL};
    cJSON *o = parse("{\"subject\":1,\"fact\":2}");
    struct dk_problem p;

    (void)state;
    assert_int_equal(dk_json_only(o, known, NULL, &p), DK_EFIELD);
    assert_string_equal(p.pointer, "/fact");
    assert_non_null(strstr(p.detail, "did you mean 'facts'"));
    assert_non_null(strstr(p.detail_zh, "“facts”"));
    cJSON_Delete(o);
    o = parse("{\"qqqqqq\":1}");
    assert_int_equal(dk_json_only(o, known, NULL, &p), DK_EFIELD);
    assert_non_null(strstr(p.detail, "subject, facts"));
    cJSON_Delete(o);
    o = parse("{\"Subject\":1}"); /* keys are exact */
    assert_int_equal(dk_json_only(o, known, NULL, &p), DK_EFIELD);
    cJSON_Delete(o);
    o = parse("{\"facts\":1}");
    assert_int_equal(dk_json_only(o, known, NULL, &p), 0);
    cJSON_Delete(o);
}

static void the_nearest_name_is_near(void **state)
{
    static const char *const names[] = {"register", "transfer", "hand_over",
                                        NULL};
    char huge[5000];

    (void)state;
    assert_string_equal(dk_nearest("registre", names), "register");
    assert_string_equal(dk_nearest("transfers", names), "transfer");
    assert_string_equal(dk_nearest("handover", names), "hand_over");
    assert_null(dk_nearest("x", names));
    assert_null(dk_nearest("", names));
    assert_null(dk_nearest("completely", names));
    memset(huge, 'r', sizeof(huge) - 1);
    huge[sizeof(huge) - 1] = '\0';
    assert_null(dk_nearest(huge, names));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_prefix_of_a_text_is_refused),
        cmocka_unit_test(the_place_of_a_fault_is_named_by_its_byte),
        cmocka_unit_test(the_tree_is_what_cjson_makes_of_it),
        cmocka_unit_test(a_tree_takes_memory_by_the_length_of_its_text),
        cmocka_unit_test(a_fixed_tree_is_one_block),
        cmocka_unit_test(no_memory_is_said_and_leaves_nothing),
        cmocka_unit_test(a_body_over_the_limit_is_too_large),
        cmocka_unit_test(a_body_must_be_an_object_where_one_is_asked),
        cmocka_unit_test(an_object_has_at_most_256_members),
        cmocka_unit_test(a_repeated_key_is_found_wherever_it_stands),
        cmocka_unit_test(what_is_accepted_is_understood),
        cmocka_unit_test(utf8_is_cut_at_the_first_bad_byte),
        cmocka_unit_test(pointers_name_the_place_and_escape_it),
        cmocka_unit_test(absent_and_null_optional_members_change_nothing),
        cmocka_unit_test(missing_required_members_are_named_in_two_languages),
        cmocka_unit_test(each_getter_takes_its_own_values_only),
        cmocka_unit_test(the_getters_refuse_what_is_no_object),
        cmocka_unit_test(ids_are_at_most_64_bytes),
        cmocka_unit_test(unknown_members_are_refused_with_the_nearest_name),
        cmocka_unit_test(the_nearest_name_is_near),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
