#include "proto/timefmt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static dk_ms must(const char *s)
{
    dk_ms t = -1;

    assert_int_equal(dk_time_parse(s, strlen(s), &t), 0);
    return t;
}

static void every_day_of_ten_thousand_years_goes_there_and_back(void **state)
{
    int64_t last = dk_days_from_date((struct dk_date){9999, 12, 31});
    int64_t d = dk_days_from_date((struct dk_date){1, 1, 1});
    struct dk_date prev = dk_date_from_days(d - 1);
    int weekday = dk_weekday(d - 1);

    (void)state;
    assert_int_equal(prev.year, 0);
    for (; d <= last; d++) {
        struct dk_date c = dk_date_from_days(d);

        if (!dk_date_valid(c) || dk_days_from_date(c) != d)
            fail_msg("day %lld", (long long)d);
        /* Either the next day of the month, or the first of the next. */
        if (!(c.day == prev.day + 1 && c.month == prev.month) &&
            !(c.day == 1 && c.month == prev.month % 12 + 1))
            fail_msg("after day %lld", (long long)d);
        if (dk_weekday(d) != weekday % 7 + 1)
            fail_msg("weekday of day %lld", (long long)d);
        weekday = dk_weekday(d);
        prev = c;
    }
}

static void libc_agrees_on_every_day_of_three_centuries(void **state)
{
    (void)state;
    for (int64_t d = -25567; d < 84000; d++) {
        time_t t = (time_t)(d * 86400);
        struct dk_date c = dk_date_from_days(d);
        struct tm tm;

        gmtime_r(&t, &tm);
        assert_int_equal(c.year, tm.tm_year + 1900);
        assert_int_equal(c.month, tm.tm_mon + 1);
        assert_int_equal(c.day, tm.tm_mday);
        assert_int_equal(dk_weekday(d) % 7, tm.tm_wday);
    }
}

static void dates_that_do_not_exist_are_invalid(void **state)
{
    static const struct dk_date bad[] = {
        {2026, 2, 29}, {1900, 2, 29}, {2100, 2, 29}, {2026, 4, 31},
        {2026, 0, 1},  {2026, 13, 1}, {2026, 1, 0},  {2026, 1, 32},
        {0, 1, 1},     {10000, 1, 1}, {-1, 1, 1},    {2026, -1, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(dk_date_valid(bad[i]));
    assert_true(dk_date_valid((struct dk_date){2000, 2, 29}));
    assert_true(dk_date_valid((struct dk_date){2024, 2, 29}));
}

static void the_same_instant_is_read_in_every_zone(void **state)
{
    dk_ms t = must("2026-05-01T01:30:00Z");

    (void)state;
    assert_int_equal(t, 1777599000000);
    assert_int_equal(must("2026-05-01T09:30:00+08:00"), t);
    assert_int_equal(must("2026-05-01T09:30:00.000+08:00"), t);
    assert_int_equal(must("2026-04-30T20:00:00-05:30"), t);
    assert_int_equal(must("2026-05-01T01:30:00-00:00"), t);
    assert_int_equal(must("2026-05-01T09:30:00.1+08:00"), t + 100);
    assert_int_equal(must("2026-05-01T09:30:00.123999999+08:00"), t + 123);
    assert_int_equal(must("1970-01-01T00:00:00Z"), 0);
    assert_int_equal(must("1970-01-01T08:00:00+08:00"), 0);
}

static void what_is_not_a_time_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "2026-05-01",
        "2026-05-01T09:30:00",
        "2026-05-01T09:30Z",
        "2026-05-01 09:30:00Z",
        "2026-05-01t09:30:00Z",
        "2026-05-01T09:30:00z",
        "2026-05-01T24:00:00Z",
        "2026-05-01T23:60:00Z",
        "2016-12-31T23:59:60Z",
        "2026-02-29T00:00:00Z",
        "2026-5-1T00:00:00Z",
        "2026-05-01T09:30:00.Z",
        "2026-05-01T09:30:00,5Z",
        "2026-05-01T09:30:00+8:00",
        "2026-05-01T09:30:00+0800",
        "2026-05-01T09:30:00+24:00",
        "2026-05-01T09:30:00+08:60",
        "2026-05-01T09:30:00Zx",
        "2026-05-01T09:30:00+08:00 ",
        " 2026-05-01T09:30:00Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T07:59:59+08:00",
        "9999-12-31T00:00:00Z",
        "2026-05-01T-9:30:00Z",
        "2026-05-01T09:30:0 Z",
        "+026-05-01T09:30:00Z",
    };
    dk_ms t = 42;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (dk_time_parse(bad[i], strlen(bad[i]), &t) != DK_EFIELD)
            fail_msg("accepted: %s", bad[i]);
    }
    assert_int_equal(t, 42);
    assert_int_equal(dk_time_parse("2026-05-01T09:30:00Zx", 20, &t), 0);
}

static void a_time_is_written_as_it_is_read(void **state)
{
    static const int offsets[] = {0, 480, -300, 345, 1439, -1439};
    char buf[DK_TIME_MAX];
    unsigned seed = (unsigned)time(NULL);

    (void)state;
    print_message("seed %u\n", seed);
    dk_time_format(1777599000123, 480, buf);
    assert_string_equal(buf, "2026-05-01T09:30:00.123+08:00");
    for (int i = 0; i < 20000; i++) {
        dk_ms t =
            ((dk_ms)rand_r(&seed) << 22 ^ rand_r(&seed)) % 253402128000000;
        dk_ms back = -1;

        dk_time_format(t, offsets[i % 6], buf);
        assert_int_equal(strlen(buf), 29);
        if (atoi(buf) < 1970)
            continue; /* west of the epoch: written, but not read */
        assert_int_equal(dk_time_parse(buf, strlen(buf), &back), 0);
        assert_int_equal(back, t);
    }
}

static void times_beyond_the_calendar_stay_in_their_buffer(void **state)
{
    static const dk_ms odd[] = {INT64_MIN,       -1,        0,
                                253402300800000, 1LL << 62, DK_NEVER,
                                -62135596800000};
    char buf[DK_TIME_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        dk_time_format(odd[i], -1439, buf);
        assert_int_equal(strlen(buf), 29);
        dk_time_format(odd[i], 1439, buf);
        assert_int_equal(strlen(buf), 29);
    }
    dk_time_format(-1, 0, buf);
    assert_string_equal(buf, "1969-12-31T23:59:59.999+00:00");
    dk_time_format(0, 100000, buf); /* no such offset: UTC */
    assert_string_equal(buf, "1970-01-01T00:00:00.000+00:00");
}

static void offsets_and_dates_are_read_strictly(void **state)
{
    int off = 7;
    struct dk_date d;

    (void)state;
    assert_int_equal(dk_offset_parse("+08:00", &off), 0);
    assert_int_equal(off, 480);
    assert_int_equal(dk_offset_parse("-05:30", &off), 0);
    assert_int_equal(off, -330);
    assert_int_equal(dk_offset_parse("08:00", &off), DK_EFIELD);
    assert_int_equal(dk_offset_parse("+0800", &off), DK_EFIELD);
    assert_int_equal(dk_offset_parse("+08:00 ", &off), DK_EFIELD);
    assert_int_equal(dk_offset_parse("Z", &off), DK_EFIELD);
    assert_int_equal(dk_offset_parse("", &off), DK_EFIELD);
    assert_int_equal(off, -330);
    assert_int_equal(dk_date_parse("2026-02-28", 10, &d), 0);
    assert_int_equal(d.year * 10000 + d.month * 100 + d.day, 20260228);
    assert_int_equal(dk_date_parse("2026-02-30", 10, &d), DK_EFIELD);
    assert_int_equal(dk_date_parse("2026/02/28", 10, &d), DK_EFIELD);
    assert_int_equal(dk_date_parse("2026-02-28", 9, &d), DK_EFIELD);
    assert_int_equal(dk_date_parse("", 0, &d), DK_EFIELD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_of_ten_thousand_years_goes_there_and_back),
        cmocka_unit_test(libc_agrees_on_every_day_of_three_centuries),
        cmocka_unit_test(dates_that_do_not_exist_are_invalid),
        cmocka_unit_test(the_same_instant_is_read_in_every_zone),
        cmocka_unit_test(what_is_not_a_time_is_refused),
        cmocka_unit_test(a_time_is_written_as_it_is_read),
        cmocka_unit_test(times_beyond_the_calendar_stay_in_their_buffer),
        cmocka_unit_test(offsets_and_dates_are_read_strictly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
