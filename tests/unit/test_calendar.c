/* Working days.  Expected days are worked out by hand from the State Council's
 * notices for the years named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/calendar.h"

static int64_t day(int y, int m, int d)
{
    return dk_days_from_date((struct dk_date){y, m, d});
}

static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    char *buf = malloc((size_t)1 << 20);
    assert_non_null(f);
    assert_non_null(buf);
    *len = fread(buf, 1, (size_t)1 << 20, f);
    assert_int_equal(fclose(f), 0);
    return buf;
}

static int load_cn(void **state)
{
    struct dk_report r = {0};
    size_t len = 0;
    char *text = read_file("policy/calendar-cn.json", &len);
    struct dk_calendar *c = dk_calendar_load("calendar-cn.json", text, len, &r);
    if (c == NULL)
        fail_msg("%s", r.text);
    assert_int_equal(r.errors, 0);
    assert_int_equal(r.warnings, 0);
    dk_report_fini(&r);
    free(text);
    *state = c;
    return 0;
}

static int free_cn(void **state)
{
    dk_calendar_free(*state);
    return 0;
}

static void assert_add(const struct dk_calendar *c, int64_t from, int n,
                       int64_t want)
{
    int64_t got = 0;
    assert_int_equal(dk_calendar_add(c, from, n, &got), 0);
    if (got != want) {
        char a[16], b[16];
        dk_date_format(dk_date_from_days(got), a);
        dk_date_format(dk_date_from_days(want), b);
        fail_msg("%d working days on: %s, not %s", n, a, b);
    }
}

static void weekends_rest_and_weekdays_work(void **state)
{
    const struct dk_calendar *c = *state;
    /* 2026-03-02 is a Monday; nothing special in that week. */
    for (int d = 2; d <= 6; d++)
        assert_int_equal(dk_calendar_works(c, day(2026, 3, d)), 1);
    assert_int_equal(dk_calendar_works(c, day(2026, 3, 7)), 0);
    assert_int_equal(dk_calendar_works(c, day(2026, 3, 8)), 0);
}

static void a_holiday_on_a_weekday_rests(void **state)
{
    const struct dk_calendar *c = *state;
    /* Spring Festival 2026: Sunday 15 February to Monday 23 February. */
    for (int d = 15; d <= 23; d++)
        assert_int_equal(dk_calendar_works(c, day(2026, 2, d)), 0);
    assert_int_equal(dk_calendar_works(c, day(2026, 2, 24)), 1);
}

static void a_make_up_workday_on_a_weekend_works(void **state)
{
    const struct dk_calendar *c = *state;
    /* Saturdays 14 and 28 February 2026 make up for the Spring Festival. */
    assert_int_equal(dk_weekday(day(2026, 2, 14)), 6);
    assert_int_equal(dk_calendar_works(c, day(2026, 2, 14)), 1);
    assert_int_equal(dk_calendar_works(c, day(2026, 2, 28)), 1);
    assert_int_equal(dk_calendar_works(c, day(2026, 2, 21)), 0);
}

static void working_days_pass_over_the_spring_festival(void **state)
{
    const struct dk_calendar *c = *state;
    /* From Thursday 12 February 2026: Fri 13 (1), Sat 14 make-up (2), rest
     * until Mon 23, Tue 24 (3), Wed 25 (4), Thu 26 (5), Fri 27 (6), Sat 28
     * make-up (7), Sun 1 March rests, Mon 2 March (8).
     */
    assert_add(c, day(2026, 2, 12), 1, day(2026, 2, 13));
    assert_add(c, day(2026, 2, 12), 2, day(2026, 2, 14));
    assert_add(c, day(2026, 2, 12), 3, day(2026, 2, 24));
    assert_add(c, day(2026, 2, 12), 5, day(2026, 2, 26));
    assert_add(c, day(2026, 2, 12), 7, day(2026, 2, 28));
    assert_add(c, day(2026, 2, 12), 8, day(2026, 3, 2));
}

static void working_days_are_counted_backwards_too(void **state)
{
    const struct dk_calendar *c = *state;
    assert_add(c, day(2026, 2, 24), -1, day(2026, 2, 14));
    assert_add(c, day(2026, 2, 24), -2, day(2026, 2, 13));
    assert_add(c, day(2026, 3, 2), -1, day(2026, 2, 28));
}

static void no_working_day_on_is_the_day_itself(void **state)
{
    const struct dk_calendar *c = *state;
    assert_add(c, day(2026, 2, 17), 0, day(2026, 2, 17)); /* a day of rest */
}

static void counting_passes_the_new_year(void **state)
{
    const struct dk_calendar *c = *state;
    /* Wed 31 December 2025 works; 1 to 3 January 2026 rest; Sun 4 January is
     * a make-up workday, Mon 5 works.
     */
    assert_add(c, day(2025, 12, 30), 1, day(2025, 12, 31));
    assert_add(c, day(2025, 12, 30), 2, day(2026, 1, 4));
    assert_add(c, day(2025, 12, 30), 3, day(2026, 1, 5));
}

static void counting_passes_a_leap_day(void **state)
{
    const struct dk_calendar *c = *state;
    /* Thu 29 February 2024; Fri 1 March; Mon 4 March. */
    assert_add(c, day(2024, 2, 28), 1, day(2024, 2, 29));
    assert_add(c, day(2024, 2, 28), 2, day(2024, 3, 1));
    assert_add(c, day(2024, 2, 28), 3, day(2024, 3, 4));
    assert_int_equal(dk_calendar_works(c, day(2024, 12, 31)), 1); /* day 366 */
}

static void a_last_day_that_rests_moves_to_the_next_working_day(void **state)
{
    const struct dk_calendar *c = *state;
    int64_t got = 0;
    /* National Day 2025: 1 to 8 October; Thu 9 works. */
    assert_int_equal(dk_calendar_next(c, day(2025, 10, 1), &got), 0);
    assert_int_equal(got, day(2025, 10, 9));
    assert_int_equal(dk_calendar_next(c, day(2025, 10, 9), &got), 0);
    assert_int_equal(got, day(2025, 10, 9));
    /* Sun 28 September 2025 is a make-up workday: nothing moves. */
    assert_int_equal(dk_calendar_next(c, day(2025, 9, 28), &got), 0);
    assert_int_equal(got, day(2025, 9, 28));
}

static void an_unknown_year_is_refused_not_guessed(void **state)
{
    const struct dk_calendar *c = *state;
    int64_t got = 77;
    assert_true(dk_calendar_knows(c, 2004));
    assert_true(dk_calendar_knows(c, 2026));
    assert_false(dk_calendar_knows(c, 2003));
    assert_false(dk_calendar_knows(c, 2027));
    assert_int_equal(dk_calendar_works(c, day(2027, 1, 4)), DK_ENOTFOUND);
    assert_int_equal(dk_calendar_add(c, day(2026, 12, 31), 1, &got),
                     DK_ENOTFOUND);
    assert_int_equal(dk_calendar_add(c, day(2004, 1, 1), -1, &got),
                     DK_ENOTFOUND);
    assert_int_equal(dk_calendar_next(c, day(2027, 1, 1), &got), DK_ENOTFOUND);
    assert_int_equal(got, 77);
}

static void the_calendar_says_who_it_is_and_how_far_it_reaches(void **state)
{
    const struct dk_calendar *c = *state;
    int first = 0, last = 0, unverified = 0;
    dk_calendar_span(c, &first, &last, &unverified);
    assert_int_equal(first, 2004);
    assert_int_equal(last, 2026);
    assert_int_equal(unverified, 23);
    assert_string_equal(dk_calendar_id(c), "cn");
    assert_int_equal(dk_calendar_zone(c)->std_min, 480);
}

static void assert_check(const struct dk_calendar *c, int64_t today,
                         const char *say)
{
    struct dk_report r = {0};
    dk_calendar_check(c, "cn.json", today, &r);
    assert_int_equal(r.errors, 0);
    if (say == NULL)
        assert_int_equal(r.warnings, 0);
    else if (r.text == NULL || strstr(r.text, say) == NULL)
        fail_msg("\"%s\" is not said in: %s", say,
                 r.text != NULL ? r.text : "");
    dk_report_fini(&r);
}

static void the_next_year_is_missed_from_november_on(void **state)
{
    const struct dk_calendar *c = *state; /* 2004 to 2026 */
    assert_check(c, day(2025, 12, 31), NULL);
    assert_check(c, day(2026, 1, 1), NULL);
    assert_check(c, day(2026, 10, 31), NULL);
    /* November has 30 days, December 31. */
    assert_check(c, day(2026, 11, 1),
                 "warning cn.json: /years: calendar \"cn\" does not know 2027, "
                 "which begins in 61 days");
    assert_check(c, day(2026, 12, 31), "begins in 1 day:");
    assert_check(c, day(2027, 1, 1), "does not know 2027, the year it is");
    assert_check(c, day(2027, 12, 1), "does not know 2028, which begins");
}

#define HEAD                                                                   \
    "{\"format\":\"docket-calendar/1\",\"id\":\"t\",\"zone\":\"+08:00\","      \
    "\"rest\":[\"sunday\"],\"years\":"

/* Load `text`, which must fail, and see that the report names each of `say`
 * (NULL-terminated).
 */
static void assert_refused(const char *text, int errors,
                           const char *const say[])
{
    struct dk_report r = {0};
    assert_null(dk_calendar_load("t.json", text, strlen(text), &r));
    if (r.errors != errors)
        fail_msg("%d errors, not %d:\n%s", r.errors, errors, r.text);
    for (size_t i = 0; say[i] != NULL; i++) {
        if (strstr(r.text, say[i]) == NULL)
            fail_msg("\"%s\" is not said in:\n%s", say[i], r.text);
    }
    dk_report_fini(&r);
}

static void every_mistake_is_named_at_once(void **state)
{
    (void)state;
    assert_refused(
        HEAD "{\"2026\":{\"source\":\"s\",\"holidays\":[\"2026-02-30\","
             "\"2025-01-01\",\"2026-05-03..2026-05-01\",7],"
             "\"workdays\":[],\"holyday\":[]},\"26\":{}},\"zome\":1}",
        7,
        (const char *const[]){
            "error t.json: /years/2026/holidays/0: ",
            "error t.json: /years/2026/holidays/1: \"2025-01-01\" is not in",
            "error t.json: /years/2026/holidays/2: \"2026-05-03..2026-05-01\""
            " ends before",
            "error t.json: /years/2026/holidays/3: ",
            "error t.json: /years/2026/holyday: there is no member of this "
            "name here; did you mean \"holidays\"?",
            "error t.json: /years/26: ",
            "error t.json: /zome: there is no member of this name here; did "
            "you mean \"zone\"?",
            NULL});
}

static void a_day_named_twice_is_a_mistake(void **state)
{
    (void)state;
    assert_refused(HEAD
                   "{\"2026\":{\"source\":\"s\",\"holidays\":[\"2026-05-01\"],"
                   "\"workdays\":[\"2026-05-01\"]}}}",
                   1,
                   (const char *const[]){
                       "/years/2026/workdays/0: \"2026-05-01\" holds", NULL});
}

static void the_head_must_be_whole(void **state)
{
    (void)state;
    assert_refused(
        "{\"format\":\"docket-calendar/1\"}", 4,
        (const char *const[]){"/id: ", "/zone: ", "/rest: ", "/years: ", NULL});
    assert_refused("{\"format\":\"docket-policy/1\"}", 1,
                   (const char *const[]){"docket-calendar/1", NULL});
    assert_refused("[]", 1, (const char *const[]){"t.json: /: ", NULL});
    assert_refused("{\"format\":", 1, (const char *const[]){"t.json", NULL});
    assert_refused(
        "{\"format\":\"docket-calendar/1\",\"id\":\"t\","
        "\"zone\":\"Asia/Shanghai\",\"rest\":[\"sundy\"],"
        "\"years\":{}}",
        3,
        (const char *const[]){"no time zone", "\"sunday\"", "/years: ", NULL});
}

static void a_make_up_day_on_a_weekday_is_worth_a_word(void **state)
{
    struct dk_report r = {0};
    /* 2026-05-04 is a Monday. */
    const char *text = HEAD "{\"2026\":{\"source\":\"s\",\"holidays\":[],"
                            "\"workdays\":[\"2026-05-04\"]}}}";
    struct dk_calendar *c = dk_calendar_load("t.json", text, strlen(text), &r);
    (void)state;
    assert_non_null(c);
    assert_int_equal(r.warnings, 1);
    assert_non_null(strstr(r.text, "warning t.json: /years/2026/workdays/0"));
    /* Only Sunday rests in this calendar. */
    assert_int_equal(dk_calendar_works(c, day(2026, 5, 9)), 1);
    assert_int_equal(dk_calendar_works(c, day(2026, 5, 10)), 0);
    dk_calendar_free(c);
    dk_report_fini(&r);
}

static void a_year_is_verified_by_somebody_against_something(void **state)
{
    struct dk_report r = {0};
    int first = 0, last = 0, unverified = 0;
    const char *text =
        HEAD "{\"2026\":{\"source\":\"s\",\"verified\":{\"by\":\"Li\","
             "\"on\":\"2026-01-05\",\"against\":\"the notice\"},"
             "\"holidays\":[],\"workdays\":[]},"
             "\"2025\":{\"source\":\"s\",\"holidays\":[],\"workdays\":[]}}}";
    struct dk_calendar *c = dk_calendar_load("t.json", text, strlen(text), &r);
    (void)state;
    assert_non_null(c);
    dk_calendar_span(c, &first, &last, &unverified);
    assert_int_equal(first, 2025);
    assert_int_equal(last, 2026);
    assert_int_equal(unverified, 1);
    dk_calendar_free(c);
    dk_report_fini(&r);
    assert_refused(HEAD "{\"2026\":{\"source\":\"s\",\"verified\":true,"
                        "\"holidays\":[],\"workdays\":[]}}}",
                   1, (const char *const[]){"/years/2026/verified", NULL});
}

#define CN(f) cmocka_unit_test_setup_teardown(f, load_cn, free_cn)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CN(weekends_rest_and_weekdays_work),
        CN(a_holiday_on_a_weekday_rests),
        CN(a_make_up_workday_on_a_weekend_works),
        CN(working_days_pass_over_the_spring_festival),
        CN(working_days_are_counted_backwards_too),
        CN(no_working_day_on_is_the_day_itself),
        CN(counting_passes_the_new_year),
        CN(counting_passes_a_leap_day),
        CN(a_last_day_that_rests_moves_to_the_next_working_day),
        CN(an_unknown_year_is_refused_not_guessed),
        CN(the_calendar_says_who_it_is_and_how_far_it_reaches),
        CN(the_next_year_is_missed_from_november_on),
        cmocka_unit_test(every_mistake_is_named_at_once),
        cmocka_unit_test(a_day_named_twice_is_a_mistake),
        cmocka_unit_test(the_head_must_be_whole),
        cmocka_unit_test(a_make_up_day_on_a_weekday_is_worth_a_word),
        cmocka_unit_test(a_year_is_verified_by_somebody_against_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
