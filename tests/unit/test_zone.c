/* Time zones by rule.  Every expected instant is worked out by hand from the
 * zone's definition.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/calendar.h"

#define NEW_YORK "EST5EDT,M3.2.0,M11.1.0"

static dk_ms at(const char *s)
{
    dk_ms t = 0;
    assert_int_equal(dk_time_parse(s, strlen(s), &t), 0);
    return t;
}

static int64_t day(int y, int m, int d)
{
    return dk_days_from_date((struct dk_date){y, m, d});
}

static struct dk_zone zone(const char *s)
{
    struct dk_zone z;
    assert_int_equal(dk_zone_parse(s, &z), 0);
    return z;
}

static void a_fixed_offset_is_read_in_both_spellings(void **state)
{
    (void)state;
    assert_int_equal(zone("+08:00").std_min, 480);
    assert_int_equal(zone("CST-8").std_min, 480); /* POSIX counts west */
    assert_int_equal(zone("-03:30").std_min, -210);
    assert_int_equal(zone("NST3:30").std_min, -210);
    assert_int_equal(zone("<+0545>-5:45").std_min, 345);
    assert_int_equal(zone("UTC0").std_min, 0);
    assert_int_equal(zone("CST-8").dst_min, 480);
}

static void what_is_no_zone_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "8",
        "+8",
        "Asia/Shanghai",
        "CST",
        "CS-8",
        "CST-25",
        "CST-8CDT",
        "CST-8CDT,M3.2.0",
        "CST-8CDT,M13.2.0,M11.1.0",
        "CST-8CDT,M3.0.0,M11.1.0",
        "CST-8CDT,M3.6.0,M11.1.0",
        "CST-8CDT,M3.2.7,M11.1.0",
        "CST-8CDT,J60,J300",
        "CST-8CDT,M3.2.0,M11.1.0x",
        "CST-8:00:30",
        "CST-8CDT,M3.2.0/168,M11.1.0",
        "<+8-8",
        "+08:00 ",
        "+24:60",
        "CST-8CDT,M3.2.0/2:60,M11.1.0",
    };
    struct dk_zone z = {.std_min = 7};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (dk_zone_parse(bad[i], &z) != DK_EFIELD)
            fail_msg("\"%s\" was taken for a zone", bad[i]);
        assert_int_equal(z.std_min, 7); /* untouched */
    }
}

static void the_last_second_of_a_day_in_shanghai_is_still_that_day(void **state)
{
    struct dk_zone z = zone("+08:00");
    (void)state;
    assert_int_equal(dk_zone_day(&z, at("2026-05-01T23:59:59+08:00")),
                     day(2026, 5, 1));
    assert_int_equal(dk_zone_day(&z, at("2026-05-01T23:59:59.999+08:00")),
                     day(2026, 5, 1));
    assert_int_equal(dk_zone_day(&z, at("2026-05-02T00:00:00+08:00")),
                     day(2026, 5, 2));
    /* 16:00 UTC is midnight in Shanghai. */
    assert_int_equal(dk_zone_day(&z, at("2026-05-01T15:59:59Z")),
                     day(2026, 5, 1));
    assert_int_equal(dk_zone_day(&z, at("2026-05-01T16:00:00Z")),
                     day(2026, 5, 2));
    assert_int_equal(dk_zone_midnight(&z, day(2026, 5, 2)),
                     at("2026-05-02T00:00:00+08:00"));
}

static void new_york_changes_at_two_in_the_morning(void **state)
{
    struct dk_zone z = zone(NEW_YORK);
    (void)state;
    /* 2026: second Sunday of March is the 8th, first of November the 1st. */
    assert_int_equal(dk_zone_offset(&z, at("2026-03-08T01:59:59-05:00")), -300);
    assert_int_equal(dk_zone_offset(&z, at("2026-03-08T02:00:00-05:00")), -240);
    assert_int_equal(dk_zone_offset(&z, at("2026-11-01T01:59:59-04:00")), -240);
    assert_int_equal(dk_zone_offset(&z, at("2026-11-01T02:00:00-04:00")), -300);
    assert_int_equal(dk_zone_offset(&z, at("2026-07-01T12:00:00Z")), -240);
    assert_int_equal(dk_zone_offset(&z, at("2026-01-01T12:00:00Z")), -300);
}

static void days_are_23_and_25_hours_long_where_clocks_change(void **state)
{
    struct dk_zone z = zone(NEW_YORK);
    (void)state;
    assert_int_equal(dk_zone_midnight(&z, day(2026, 3, 9)) -
                         dk_zone_midnight(&z, day(2026, 3, 8)),
                     23 * DK_HOUR);
    assert_int_equal(dk_zone_midnight(&z, day(2026, 11, 2)) -
                         dk_zone_midnight(&z, day(2026, 11, 1)),
                     25 * DK_HOUR);
}

static void the_south_has_its_summer_over_the_new_year(void **state)
{
    /* Sydney: first Sunday of October (2026: the 4th) to first of April
     * (2026: the 5th), both at 2:00 standard, that is 3:00 summer time.
     */
    struct dk_zone z = zone("AEST-10AEDT,M10.1.0,M4.1.0/3");
    (void)state;
    assert_int_equal(dk_zone_offset(&z, at("2026-12-31T12:00:00Z")), 660);
    assert_int_equal(dk_zone_offset(&z, at("2026-01-01T12:00:00Z")), 660);
    assert_int_equal(dk_zone_offset(&z, at("2026-04-05T02:59:59+11:00")), 660);
    assert_int_equal(dk_zone_offset(&z, at("2026-04-05T03:00:00+11:00")), 600);
    assert_int_equal(dk_zone_offset(&z, at("2026-10-04T01:59:59+10:00")), 600);
    assert_int_equal(dk_zone_offset(&z, at("2026-10-04T02:00:00+10:00")), 660);
}

static void the_fifth_week_is_the_last_one(void **state)
{
    /* Berlin: last Sunday of March (2026: the 29th) and of October (the 25th,
     * 3:00 summer time).  March 2026 has five Sundays, October has four.
     */
    struct dk_zone z = zone("CET-1CEST,M3.5.0,M10.5.0/3");
    (void)state;
    assert_int_equal(dk_zone_offset(&z, at("2026-03-29T01:59:59+01:00")), 60);
    assert_int_equal(dk_zone_offset(&z, at("2026-03-29T02:00:00+01:00")), 120);
    assert_int_equal(dk_zone_offset(&z, at("2026-10-25T02:59:59+02:00")), 120);
    assert_int_equal(dk_zone_offset(&z, at("2026-10-25T03:00:00+02:00")), 60);
}

static void
a_midnight_that_does_not_exist_is_the_first_instant_after(void **state)
{
    /* Clocks go from 0:00 to 1:00 on the second Sunday of March: the 8th. */
    struct dk_zone z = zone("CST5CDT,M3.2.0/0,M11.1.0/1");
    (void)state;
    dk_ms t = dk_zone_midnight(&z, day(2026, 3, 8));
    assert_int_equal(t, at("2026-03-08T01:00:00-04:00"));
    assert_int_equal(dk_zone_day(&z, t), day(2026, 3, 8));
    assert_int_equal(dk_zone_day(&z, t - 1), day(2026, 3, 7));
}

static void a_midnight_that_happens_twice_is_the_first_one(void **state)
{
    /* Clocks go back from 1:00 to 0:00 on 1 November. */
    struct dk_zone z = zone("CST5CDT,M3.2.0/0,M11.1.0/1");
    (void)state;
    assert_int_equal(dk_zone_midnight(&z, day(2026, 11, 1)),
                     at("2026-11-01T00:00:00-04:00"));
}

static void midnight_and_day_agree_on_every_day_of_60_years(void **state)
{
    static const char *const zones[] = {
        "+08:00",
        NEW_YORK,
        "AEST-10AEDT,M10.1.0,M4.1.0/3",
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "CST5CDT,M3.2.0/0,M11.1.0/1",
        "IST-1GMT0,M10.5.0,M3.5.0/1", /* winter time is the "summer" rule */
        "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
        "LHST-10:30LHDT-11,M10.1.0,M4.1.0",
    };
    (void)state;
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        struct dk_zone z = zone(zones[i]);
        for (int64_t d = day(1980, 1, 1); d < day(2040, 1, 1); d++) {
            dk_ms t = dk_zone_midnight(&z, d);
            assert_int_equal(dk_zone_day(&z, t), d);
            assert_int_equal(dk_zone_day(&z, t - 1), d - 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fixed_offset_is_read_in_both_spellings),
        cmocka_unit_test(what_is_no_zone_is_refused),
        cmocka_unit_test(
            the_last_second_of_a_day_in_shanghai_is_still_that_day),
        cmocka_unit_test(new_york_changes_at_two_in_the_morning),
        cmocka_unit_test(days_are_23_and_25_hours_long_where_clocks_change),
        cmocka_unit_test(the_south_has_its_summer_over_the_new_year),
        cmocka_unit_test(the_fifth_week_is_the_last_one),
        cmocka_unit_test(
            a_midnight_that_does_not_exist_is_the_first_instant_after),
        cmocka_unit_test(a_midnight_that_happens_twice_is_the_first_one),
        cmocka_unit_test(midnight_and_day_agree_on_every_day_of_60_years),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
