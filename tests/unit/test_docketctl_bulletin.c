/* Periods, intervals and chances of a bulletin.  The numbers of the latter two
 * were worked out elsewhere: the chances by exact fractions (Python's
 * fractions, sums of binomial terms), the intervals with forty digits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clients/docketctl/bulletin.h"
#include "clients/docketctl/stat.h"

/* ---- periods ------------------------------------------------------------- */

static struct period period(const char *s)
{
    struct period p;

    if (period_parse(s, &p, NULL) != 0)
        fail_msg("%s is refused", s);
    return p;
}

static void assert_days(const struct period *p, const char *from,
                        const char *to, const char *text)
{
    char buf[16];

    dk_date_format(dk_date_from_days(p->from), buf);
    assert_string_equal(buf, from);
    dk_date_format(dk_date_from_days(p->to), buf);
    assert_string_equal(buf, to);
    assert_string_equal(p->text, text);
}

static const struct {
    const char *s, *from, *to;
    const char *before, *before_from, *before_to;
    const char *year, *year_from, *year_to;
} periods[] = {
    {"2026-05", "2026-05-01", "2026-05-31", "2026-04", "2026-04-01",
     "2026-04-30", "2025-05", "2025-05-01", "2025-05-31"},
    {"2026-01", "2026-01-01", "2026-01-31", "2025-12", "2025-12-01",
     "2025-12-31", "2025-01", "2025-01-01", "2025-01-31"},
    {"2024-02", "2024-02-01", "2024-02-29", "2024-01", "2024-01-01",
     "2024-01-31", "2023-02", "2023-02-01", "2023-02-28"},
    {"2026Q1", "2026-01-01", "2026-03-31", "2025Q4", "2025-10-01", "2025-12-31",
     "2025Q1", "2025-01-01", "2025-03-31"},
    {"2026Q4", "2026-10-01", "2026-12-31", "2026Q3", "2026-07-01", "2026-09-30",
     "2025Q4", "2025-10-01", "2025-12-31"},
    {"2026", "2026-01-01", "2026-12-31", "2025", "2025-01-01", "2025-12-31",
     "2025", "2025-01-01", "2025-12-31"},
    {"2024-02-29..2024-03-02", "2024-02-29", "2024-03-02",
     "2024-02-26..2024-02-28", "2024-02-26", "2024-02-28",
     "2023-02-28..2023-03-02", "2023-02-28", "2023-03-02"},
};

static void periods_and_what_they_are_held_against(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++) {
        struct period p = period(periods[i].s);
        struct period before = period_before(&p);
        struct period year = period_year_before(&p);

        assert_days(&p, periods[i].from, periods[i].to, periods[i].s);
        assert_days(&before, periods[i].before_from, periods[i].before_to,
                    periods[i].before);
        assert_days(&year, periods[i].year_from, periods[i].year_to,
                    periods[i].year);
    }
}

static void what_is_no_period_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "5",
                                      "26-05",
                                      "2026-5",
                                      "2026-13",
                                      "2026-00",
                                      "2026Q0",
                                      "2026Q5",
                                      "2026q1",
                                      "2026Q12",
                                      "2026-05-",
                                      "1970",
                                      "9999",
                                      "2026-05-01",
                                      "2026-05-02..2026-05-01",
                                      "2026-02-30..2026-03-01",
                                      "2026-05-01..2026-05-01x",
                                      "2026-05-01-2026-05-02"};
    struct dk_problem p = {0};
    struct period out;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (period_parse(bad[i], &out, &p) != DK_EFIELD)
            fail_msg("'%s' is taken", bad[i]);
        assert_non_null(strstr(p.detail, "2026Q2"));
    }
}

static void months_of_a_period_are_cut_to_it(void **state)
{
    struct period p = period("2026-01-15..2026-03-10"), m;

    (void)state;
    assert_true(period_month(&p, 0, &m));
    assert_days(&m, "2026-01-15", "2026-01-31", "2026-01");
    assert_true(period_month(&p, 1, &m));
    assert_days(&m, "2026-02-01", "2026-02-28", "2026-02");
    assert_true(period_month(&p, 2, &m));
    assert_days(&m, "2026-03-01", "2026-03-10", "2026-03");
    assert_false(period_month(&p, 3, &m));
    p = period("2026");
    assert_true(period_month(&p, 11, &m));
    assert_days(&m, "2026-12-01", "2026-12-31", "2026-12");
    assert_false(period_month(&p, 12, &m));
}

static void days_that_are_not_over_do_not_count(void **state)
{
    struct period p = period("2026-05");
    struct figures_ask q = {.as_of = INT32_MAX, .today = p.from + 9};

    (void)state;
    assert_int_equal(figures_days(&q, &p), 10);
    q.today = p.to + 100;
    assert_int_equal(figures_days(&q, &p), 31);
    q.as_of = p.from;
    assert_int_equal(figures_days(&q, &p), 1);
    q.as_of = p.from - 1;
    assert_int_equal(figures_days(&q, &p), 0);
}

/* ---- chance -------------------------------------------------------------- */

static bool near(double a, double b)
{
    double d = a - b, size = b > 0 ? b : 1e-12;

    return (d < 0 ? -d : d) <= 1e-9 * size + 1e-14;
}

static void a_rise_is_held_against_chance(void **state)
{
    static const struct {
        int64_t now, days, before, days_before;
        double p;
    } want[] = {
        {12, 31, 5, 30, 0.0814838824911},
        {1, 1, 0, 1, 0.5},
        {10, 30, 10, 30, 0.588098526001},
        {0, 30, 5, 30, 1},
        {3, 31, 9, 30, 0.983207284132},
        {120, 31, 80, 30, 0.00563734698995},
        {50, 28, 20, 31, 4.13745891985e-05},
        {400, 31, 340, 30, 0.0423589538718},
        {1, 31, 0, 365, 0.0782828282828},
        {7, 7, 0, 28, 1.28e-05},
        {2000, 30, 1900, 31, 0.00453764161953},
        {40, 30, 160, 120, 0.528189953992},
    };

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        double p = stat_rise(want[i].now, want[i].days, want[i].before,
                             want[i].days_before);

        if (!near(p, want[i].p))
            fail_msg("%d in %d, %d in %d: %.12g, not %.12g", (int)want[i].now,
                     (int)want[i].days, (int)want[i].before,
                     (int)want[i].days_before, p, want[i].p);
    }
}

static void chances_of_large_counts_stay_chances(void **state)
{
    (void)state;
    for (int64_t n = 1; n <= 1000000; n *= 10) {
        double even = stat_rise(n, 30, n, 30);

        assert_true(even >= 0.5 && even <= 0.76); /* 3/4 for one and one */
        assert_true(stat_rise(n, 30, 3 * n + 10, 30) > even);
        assert_true(stat_rise(3 * n + 10, 30, n, 30) < even);
        assert_true(stat_rise(n, 30, 0, 30) <= 0.5);
    }
    assert_true(stat_rise(1000000, 30, 0, 30) >= 0);
}

static void intervals_are_wilsons(void **state)
{
    static const struct {
        int64_t n, of;
        double low, high;
    } want[] = {
        {1, 2, 0.094531205734, 0.905468794266},
        {12, 13, 0.666860490789, 0.986289578757},
        {0, 5, 0, 0.434482464783},
        {5, 5, 0.565517535217, 1},
        {15, 29, 0.344310218820, 0.686139098473},
        {1, 1, 0.206549314377, 1},
        {500, 1000, 0.469069600368, 0.530930399632},
    };

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        struct stat_interval v = stat_wilson(want[i].n, want[i].of);

        assert_true(near(v.low, want[i].low));
        assert_true(near(v.high, want[i].high));
    }
}

/* ---- as text ------------------------------------------------------------- */

static void shares_are_rounded_to_a_tenth(void **state)
{
    static const struct {
        int64_t n, of;
        const char *want;
    } want[] = {{1, 3, "33.3"},   {2, 3, "66.7"},      {1, 8, "12.5"},
                {1, 2000, "0.1"}, {999, 2000, "50.0"}, {0, 7, "0.0"},
                {7, 7, "100.0"},  {0, 0, ""},          {5, 0, ""},
                {15, 10, "150.0"}};
    char buf[PERCENT_TEXT], high[PERCENT_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        percent_text(want[i].n, want[i].of, buf);
        assert_string_equal(buf, want[i].want);
    }
    interval_text(1, 2, buf, high);
    assert_string_equal(buf, "9.5");
    assert_string_equal(high, "90.5");
    interval_text(3, 2, buf, high); /* more than all: there is none */
    assert_string_equal(buf, "");
    chance_text(0.00001, buf);
    assert_string_equal(buf, "<0.0001");
    chance_text(0.0213, buf);
    assert_string_equal(buf, "0.0213");
}

static struct overdue overdue_of(const struct late *late, size_t n, int32_t day)
{
    struct late copy[8];
    struct group g = {.late = copy, .n_late = n};

    if (n > 0)
        memcpy(copy, late, n * sizeof *late);
    return group_overdue(&g, day);
}

static void days_over_have_their_middle_and_worst(void **state)
{
    const struct late some[] = {{90, 1}, {100, 2}, {70, 1}, {80, 0}};
    const struct late even[] = {{99, 1}, {95, 1}};
    struct overdue o = overdue_of(some, 4, 100);

    (void)state;
    /* 31, 11, 1, 1 days: the lower middle of four is the third. */
    assert_int_equal(o.n, 4);
    assert_int_equal(o.worst, 31);
    assert_int_equal(o.median, 1);
    o = overdue_of(even, 2, 100);
    assert_int_equal(o.median, 2);
    assert_int_equal(o.worst, 6);
    o = overdue_of(some, 1, 100);
    assert_int_equal(o.median, 11);
    o = overdue_of(NULL, 0, 100);
    assert_int_equal(o.n + o.median + o.worst, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(periods_and_what_they_are_held_against),
        cmocka_unit_test(what_is_no_period_is_refused),
        cmocka_unit_test(months_of_a_period_are_cut_to_it),
        cmocka_unit_test(days_that_are_not_over_do_not_count),
        cmocka_unit_test(a_rise_is_held_against_chance),
        cmocka_unit_test(chances_of_large_counts_stay_chances),
        cmocka_unit_test(intervals_are_wilsons),
        cmocka_unit_test(shares_are_rounded_to_a_tenth),
        cmocka_unit_test(days_over_have_their_middle_and_worst),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
