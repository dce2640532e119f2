#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "clients/docketctl/top.h"

static cJSON *read_json(const char *text)
{
    cJSON *o = NULL;

    assert_int_equal(dk_json_parse_obj(text, strlen(text), 65536, &o, NULL), 0);
    return o;
}

static void rates_are_between_two_answers(void **state)
{
    cJSON *then = read_json("{\"uptime_ms\":1000,\"counters\":{\"submitted\":5,"
                            "\"commits\":10,\"commit_us_total\":1000}}");
    cJSON *now = read_json("{\"uptime_ms\":3000,\"counters\":{\"submitted\":8,"
                           "\"commits\":14,\"commit_us_total\":3000}}");

    (void)state;
    assert_int_equal(top_rate(then, now, "submitted"), 15);
    assert_int_equal(top_rate(then, now, "not_there"), 0);
    assert_int_equal(top_rate(then, then, "submitted"), -1);
    assert_int_equal(top_rate(now, then, "submitted"), -1); /* a new start */
    assert_int_equal(top_commit_us(then, now), 500);
    assert_int_equal(top_commit_us(then, then), -1);
    cJSON_Delete(then);
    cJSON_Delete(now);
}

static void the_worst_unit_comes_first(void **state)
{
    cJSON *o =
        read_json("{\"items\":[{\"unit\":\"a\",\"due_at\":\"2026-05-03\"},"
                  "{\"unit\":\"b\",\"due_at\":\"2026-05-09\"},"
                  "{\"unit\":\"b\",\"due_at\":\"2026-05-02\"},"
                  "{\"unit\":null,\"due_at\":\"2026-05-01\"}]}");
    struct top_unit u[3];
    const cJSON *items = cJSON_GetObjectItemCaseSensitive(o, "items");

    (void)state;
    assert_int_equal(top_units(items, u, 3), 3);
    assert_string_equal(u[0].unit, "b");
    assert_int_equal(u[0].overdue, 2);
    assert_string_equal(u[0].oldest, "2026-05-02");
    assert_string_equal(u[1].unit, "-");
    assert_string_equal(u[2].unit, "a");
    assert_int_equal(top_units(items, u, 1), 1);
    assert_int_equal(top_units(NULL, u, 3), 0);
    cJSON_Delete(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_are_between_two_answers),
        cmocka_unit_test(the_worst_unit_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
