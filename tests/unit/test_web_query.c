/* What a browser sends beside a body: query strings and cookies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka wants these four first */
#include <cmocka.h>

#include "clients/web/query.h"

static const struct query_param known[] = {{"unit", QUERY_TEXT},
                                           {"open", QUERY_BOOL},
                                           {"limit", QUERY_INT},
                                           {"by", QUERY_NAMES},
                                           {NULL, QUERY_TEXT}};

static int write(const char *query, char *out, size_t cap, struct dk_problem *p)
{
    struct dk_jw w = {0};
    int rc;

    dk_problem_clear(p);
    dk_jw_obj(&w, NULL);
    rc = query_write(query, known, &w, p);
    dk_jw_end_obj(&w);
    assert_false(w.oom);
    assert_true(w.len < cap);
    memcpy(out, w.buf, w.len + 1);
    dk_jw_fini(&w);
    return rc;
}

static void good_ones(void **state)
{
    static const char *const row[][2] = {
        {"", "{}"},
        {"&&", "{}"},
        {"unit=", "{}"},
        {"unit", "{}"},
        {"unit=u-1", "{\"unit\":\"u-1\"}"},
        {"unit=%E6%B0%B4&open=true", "{\"unit\":\"水\",\"open\":true}"},
        {"unit=a+b%2Bc%26d%3De", "{\"unit\":\"a b+c&d=e\"}"},
        {"open=false&limit=50", "{\"open\":false,\"limit\":50}"},
        {"limit=9007199254740991", "{\"limit\":9007199254740991}"},
        {"limit=007", "{\"limit\":7}"},
        {"by=unit,day", "{\"by\":[\"unit\",\"day\"]}"},
        {"unit=a=b", "{\"unit\":\"a=b\"}"},
    };
    struct dk_problem p;
    char out[256];

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        assert_int_equal(write(row[i][0], out, sizeof(out), &p), 0);
        assert_string_equal(out, row[i][1]);
    }
}

static void bad_ones_name_the_place(void **state)
{
    static const struct {
        const char *query;
        int code;
        const char *pointer;
    } row[] = {
        {"units=x", DK_EFIELD, "/units"},
        {"unit=a&unit=b", DK_EFIELD, "/unit"},
        {"open=1", DK_EFIELD, "/open"},
        {"limit=x", DK_EFIELD, "/limit"},
        {"limit=-1", DK_EFIELD, "/limit"},
        {"limit=9007199254740992", DK_EFIELD, "/limit"},
        {"limit=99999999999999999999999", DK_EFIELD, "/limit"},
        {"unit=%", DK_EFIELD, "/unit"},
        {"unit=%4", DK_EFIELD, "/unit"},
        {"unit=%zz", DK_EFIELD, "/unit"},
        {"unit=%00", DK_EFIELD, "/unit"},
        {"unit=%0a", DK_EFIELD, "/unit"},
        {"unit=%ff", DK_EFIELD, "/unit"},
        {"unit=%ed%a0%80", DK_EFIELD, "/unit"},
        {"%ff=x", DK_EFIELD, ""},
    };
    struct dk_problem p;
    char out[256];

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        assert_int_equal(write(row[i].query, out, sizeof(out), &p),
                         row[i].code);
        assert_string_equal(p.pointer, row[i].pointer);
        assert_true(p.detail[0] != '\0' && p.detail_zh[0] != '\0');
    }
}

static void long_ones_are_bounded(void **state)
{
    static char query[2 * QUERY_MAX];
    struct dk_problem p;
    char out[256];

    (void)state;
    memset(query, 'a', QUERY_MAX);
    assert_int_equal(write(query, out, sizeof(out), &p), DK_ETOOBIG);
    query[0] = '\0';
    for (int i = 0; i < QUERY_PAIRS + 1; i++)
        strcat(query, "&x");
    assert_int_equal(write(query + 1, out, sizeof(out), &p), DK_EFIELD);
    memset(query, 'b', 70);
    query[70] = '\0';
    assert_int_equal(write(query, out, sizeof(out), &p), DK_EFIELD);
}

static void one_value(void **state)
{
    char out[8];

    (void)state;
    assert_true(query_get("a=1&from=42", "from", out, sizeof(out)));
    assert_string_equal(out, "42");
    assert_false(query_get("a=1", "from", out, sizeof(out)));
    assert_false(query_get("from=", "from", out, sizeof(out)));
    assert_false(query_get("from=12345678", "from", out, sizeof(out)));
    assert_false(query_get("xfrom=1", "from", out, sizeof(out)));
}

static void cookies(void **state)
{
    static const struct {
        const char *header, *value; /* NULL: none */
    } row[] = {
        {"", NULL},
        {"s=abc", "abc"},
        {"a=b; s=abc; c=d", "abc"},
        {"a=b;s=abc", "abc"},
        {"  s=abc  ", "abc"},
        {"s=a=b", "a=b"},
        {"s=", NULL},
        {"s", NULL},
        {"S=abc", NULL},
        {"xs=abc", NULL},
        {"s=abc; s=abd", NULL},
        {"s=abc; s=abc", NULL},
        {"s=1234567890", NULL}, /* does not fit */
        {";;;=; s=x;", "x"},
    };
    char out[8];

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        bool found = cookie_get(row[i].header, "s", out, sizeof(out));

        assert_int_equal(found, row[i].value != NULL);
        if (found)
            assert_string_equal(out, row[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones),
        cmocka_unit_test(bad_ones_name_the_place),
        cmocka_unit_test(long_ones_are_bounded),
        cmocka_unit_test(one_value),
        cmocka_unit_test(cookies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
