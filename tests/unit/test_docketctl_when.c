#include "clients/docketctl/when.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_date_is_midnight_at_the_office(void **state)
{
    dk_ms t = 0, same = 1;

    (void)state;
    assert_int_equal(when_parse("2026-05-01", 480, &t, NULL), 0);
    assert_int_equal(when_parse("2026-04-30T16:00:00Z", 0, &same, NULL), 0);
    assert_int_equal(t, same);
    assert_true(when_is_date("2026-05-01"));
    assert_false(when_is_date("2026-05-01T00:00:00Z"));
}

static void what_is_no_time_is_refused_by_name(void **state)
{
    static const char *const bad[] = {
        "",         "tomorrow",   "2026-13-01",          "2026-02-29",
        "2026-5-1", "1969-12-31", "2026-05-01T09:30:00", "2026-05-01 ",
        "20260501",
    };
    struct dk_problem p = {0};
    dk_ms t = 42;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (when_parse(bad[i], 0, &t, &p) != DK_EFIELD)
            fail_msg("'%s' was taken", bad[i]);
        assert_int_equal(t, 42);
        assert_non_null(strstr(p.detail, bad[i]));
        assert_non_null(strstr(p.detail_zh, bad[i]));
    }
}

static void spans_add_up(void **state)
{
    static const struct {
        const char *text;
        dk_ms ms;
    } good[] = {
        {"3d", 3 * DK_DAY},
        {"2h", 2 * DK_HOUR},
        {"90m", 90 * DK_MINUTE},
        {"1w", 7 * DK_DAY},
        {"45s", 45 * DK_SECOND},
        {"250ms", 250},
        {"1w2d3h4m5s6ms", 9 * DK_DAY + 3 * DK_HOUR + 4 * DK_MINUTE + 5006},
        {"36525d", 36525 * DK_DAY},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        dk_ms t = -1;
        if (span_parse(good[i].text, &t, NULL) != 0 || t != good[i].ms)
            fail_msg("'%s' is %lld", good[i].text, (long long)t);
    }
}

static void spans_that_say_nothing_sure_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "5",
        "d",
        "1d2w",
        "1d1d",
        "0d",
        "-3d",
        "1.5h",
        "3 d",
        "3D",
        "1y",
        "36526d",
        "9999999999999w",
        "99999999999999999999ms",
        "3dx",
        "h3",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        dk_ms t = 42;
        if (span_parse(bad[i], &t, NULL) != DK_EFIELD || t != 42)
            fail_msg("'%s' was taken as %lld", bad[i], (long long)t);
    }
}

static void spans_are_shown_by_their_two_largest_units(void **state)
{
    char buf[SPAN_TEXT];

    (void)state;
    span_show(24 * DK_DAY + 5 * DK_HOUR, false, buf);
    assert_string_equal(buf, "24 d 5 h");
    span_show(4 * DK_MINUTE + 10 * DK_SECOND, true, buf);
    assert_string_equal(buf, "4 分 10 秒");
    span_show(35 * DK_SECOND + 999, false, buf);
    assert_string_equal(buf, "35 s");
    span_show(999, false, buf);
    assert_string_equal(buf, "999 ms");
    span_show(0, false, buf);
    assert_string_equal(buf, "0 ms");
    span_show(-5, false, buf);
    assert_string_equal(buf, "0 ms");
    span_show(INT64_MAX, true, buf);
    assert_int_equal(strncmp(buf, "106751991167 天", 15), 0);
}

static void wire_times_are_shown_short(void **state)
{
    char buf[WHEN_TEXT];

    (void)state;
    when_short("2026-05-01T09:30:12.345+08:00", buf);
    assert_string_equal(buf, "2026-05-01 09:30");
    when_short("soon", buf);
    assert_string_equal(buf, "soon");
    when_short("", buf);
    assert_string_equal(buf, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_date_is_midnight_at_the_office),
        cmocka_unit_test(what_is_no_time_is_refused_by_name),
        cmocka_unit_test(spans_add_up),
        cmocka_unit_test(spans_that_say_nothing_sure_are_refused),
        cmocka_unit_test(spans_are_shown_by_their_two_largest_units),
        cmocka_unit_test(wire_times_are_shown_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
