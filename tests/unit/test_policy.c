/* The law as data: which clocks run, and until when.  Every date is worked out
 * by hand; the calendar is policy/calendar-cn.json, the law
 * policy/xinfang-2022.json unless a test brings its own.
 *
 * Spring Festival 2026: rest 15 to 23 February, make-up workdays Sat 14 and
 * Sat 28.  Labour Day 2026: rest 1 to 5 May, make-up Sat 9 May.
 */
#include "tests/support/lawwork.h"

/* ---- counting natural days ---- */

static void fifteen_days_end_at_midnight_after_the_fifteenth(void **state)
{
    struct law *l = *state;
    submit(l, "2026-03-02T10:00:00+08:00");
    /* Day 15 is Tue 17 March; day 10 Thu 12, day 13 Sun 15. */
    cw_assert_at(&l->w, "transfer", NULL, "2026-03-18T00:00:00+08:00");
    cw_assert_at(&l->w, "transfer", "yellow", "2026-03-13T00:00:00+08:00");
    cw_assert_at(&l->w, "transfer", "red", "2026-03-16T00:00:00+08:00");
    /* 17 March + 7 = 24 March, + 30 = 16 April. */
    cw_assert_at(&l->w, "transfer", "overdue_7", "2026-03-25T00:00:00+08:00");
    cw_assert_at(&l->w, "transfer", "overdue_30", "2026-04-17T00:00:00+08:00");
    assert_int_equal(l->w.c->n_clock, 1);
}

static void the_last_second_of_a_day_counts_as_that_day(void **state)
{
    struct law *l = *state;
    submit(l, "2026-03-02T23:59:59+08:00");
    cw_assert_at(&l->w, "transfer", NULL, "2026-03-18T00:00:00+08:00");
    submit(l, "2026-03-02T15:59:59.999Z"); /* the same second in Shanghai */
    cw_assert_at(&l->w, "transfer", NULL, "2026-03-18T00:00:00+08:00");
}

static void midnight_counts_as_the_new_day(void **state)
{
    struct law *l = *state;
    submit(l, "2026-03-03T00:00:00+08:00");
    cw_assert_at(&l->w, "transfer", NULL, "2026-03-19T00:00:00+08:00");
    submit(l, "2026-03-02T16:00:00Z"); /* the same instant */
    cw_assert_at(&l->w, "transfer", NULL, "2026-03-19T00:00:00+08:00");
}

static void a_last_day_on_a_holiday_moves_to_the_next_working_day(void **state)
{
    struct law *l = *state;
    submit(l, "2026-02-02T09:00:00+08:00");
    /* Day 15 is Tue 17 February, Spring Festival; Tue 24 works. */
    cw_assert_at(&l->w, "transfer", NULL, "2026-02-25T00:00:00+08:00");
    /* Warnings after the start stay, steps after the due time move along. */
    cw_assert_at(&l->w, "transfer", "yellow", "2026-02-13T00:00:00+08:00");
    cw_assert_at(&l->w, "transfer", "overdue_7", "2026-03-04T00:00:00+08:00");
}

static void a_last_day_on_a_make_up_workday_stays(void **state)
{
    struct law *l = *state;
    submit(l, "2026-01-30T09:00:00+08:00");
    /* 30 January + 15 is Sat 14 February, which works. */
    cw_assert_at(&l->w, "transfer", NULL, "2026-02-15T00:00:00+08:00");
}

static void a_last_day_on_a_weekend_moves_to_monday(void **state)
{
    struct law *l = *state;
    submit(l, "2026-03-06T09:00:00+08:00");
    /* 6 March + 15 is Sat 21; Mon 23 works. */
    cw_assert_at(&l->w, "transfer", NULL, "2026-03-24T00:00:00+08:00");
}

static void sixty_days_pass_the_new_year_and_a_leap_day(void **state)
{
    struct law *l = *state;
    /* 31 December 2023 + 31 = 31 January, + 29 = 29 February 2024, a Thu. */
    accept_at(l, "2023-12-31T09:00:00+08:00");
    cw_assert_at(&l->w, "conclude", NULL, "2024-03-01T00:00:00+08:00");
    /* 31 December 2022 + 31 = 31 January, + 28 = 28 February, + 1 = Wed 1
     * March 2023.
     */
    accept_at(l, "2022-12-31T09:00:00+08:00");
    cw_assert_at(&l->w, "conclude", NULL, "2023-03-02T00:00:00+08:00");
}

static void month_ends_are_counted_by_days_not_months(void **state)
{
    struct law *l = *state;
    /* 31 January 2025 + 15: February has 28 days; Sat 15 February moves to
     * Mon 17 (Sat 8 February 2025 was the make-up workday).
     */
    submit(l, "2025-01-31T09:00:00+08:00");
    cw_assert_at(&l->w, "transfer", NULL, "2025-02-18T00:00:00+08:00");
}

/* ---- counting working days ---- */

static void five_working_days_pass_over_the_spring_festival(void **state)
{
    struct law *l = *state;
    submit(l, "2026-02-12T09:00:00+08:00");
    cw_act(&l->w, NULL, "register", "{}");
    act(l, NULL, "transfer", "{\"unit\":\"town-a\"}");
    /* Fri 13, Sat 14 (make-up), Tue 24, Wed 25, Thu 26 February. */
    cw_assert_at(&l->w, "object", NULL, "2026-02-27T00:00:00+08:00");
    cw_assert_at(&l->w, "object", "remind", "2026-02-25T00:00:00+08:00");
    assert_int_equal(cw_clock(&l->w, "object")->on_due, DK_DUE_LAPSE);
}

static void warnings_of_a_working_day_clock_count_working_days(void **state)
{
    struct law *l = new_law(
        "{\"format\":\"docket-policy/1\",\"id\":\"t\",\"calendar\":\"cn\","
        "\"versions\":[{\"effective_from\":\"2000-01-01\","
        "\"ladder\":{\"b\":{\"level\":\"red\",\"tell\":[\"office\"]},"
        "\"a\":{\"level\":\"long_overdue\",\"tell\":[\"office\"]}},"
        "\"clocks\":[{\"id\":\"c\",\"starts_on\":[\"submitted\"],"
        "\"stops_on\":[\"answered\"],"
        "\"length\":{\"days\":10,\"count\":\"working\"},"
        "\"rungs\":[{\"id\":\"b\",\"before_due\":2},"
        "{\"id\":\"a\",\"after_due\":3}]}]}]}");
    (void)state;
    submit(l, "2026-02-10T09:00:00+08:00");
    /* From Tue 10 February: Wed 11, Thu 12, Fri 13, Sat 14, Tue 24, Wed 25,
     * Thu 26, Fri 27, Sat 28, and Mon 2 March is the tenth.
     */
    cw_assert_at(&l->w, "c", NULL, "2026-03-03T00:00:00+08:00");
    /* Two working days back: Fri 27 February. */
    cw_assert_at(&l->w, "c", "b", "2026-02-28T00:00:00+08:00");
    /* Three on: Thu 5 March. */
    cw_assert_at(&l->w, "c", "a", "2026-03-06T00:00:00+08:00");
    free_law(l);
}

/* ---- unknown years ---- */

static void natural_days_run_into_an_unknown_year_and_stay_put(void **state)
{
    struct law *l = *state;
    submit(l, "2026-12-25T09:00:00+08:00");
    /* Sat 9 January 2027: the calendar does not know 2027. */
    cw_assert_at(&l->w, "transfer", NULL, "2027-01-10T00:00:00+08:00");
}

static void working_days_in_an_unknown_year_are_refused(void **state)
{
    struct law *l = new_law(
        "{\"format\":\"docket-policy/1\",\"id\":\"t\",\"calendar\":\"cn\","
        "\"versions\":[{\"effective_from\":\"2000-01-01\",\"clocks\":["
        "{\"id\":\"ten\",\"starts_on\":[\"submitted\"],"
        "\"stops_on\":[\"answered\"],"
        "\"length\":{\"days\":10,\"count\":\"working\"}}]}]}");
    struct dk_problem why = {0};
    (void)state;
    /* From Mon 14 December 2026 the tenth is Mon 28 December. */
    submit(l, "2026-12-14T09:00:00+08:00");
    cw_assert_at(&l->w, "ten", NULL, "2026-12-29T00:00:00+08:00");
    /* From Fri 18 the ninth is Thu 31; the tenth is in 2027. */
    cw_submit(&l->w, "2026-12-18T09:00:00+08:00", "");
    assert_int_equal(try_deadline(l, &why), DK_ENOTFOUND);
    assert_non_null(strstr(why.detail, "\"ten\""));
    assert_non_null(strstr(why.detail, "calendar \"cn\""));
    assert_true(why.detail_zh[0] != '\0');
    assert_int_equal(l->w.c->n_clock, 0);
    free_law(l);
}

static void a_right_does_not_lapse_by_a_day_nobody_could_count(void **state)
{
    struct law *l = *state;
    named(l, "2026-12-28T09:00:00+08:00");
    cw_act(&l->w, NULL, "register", "{}");
    act(l, NULL, "transfer", "{\"unit\":\"town-a\"}");
    /* The objection's five working days run into 2027; the notice does not
     * wait for that.
     */
    assert_int_equal(l->w.c->n_clock, 2);
    cw_assert_at(&l->w, "notice", NULL, "2027-01-13T00:00:00+08:00");
}

/* ---- versions ---- */

static void a_case_keeps_the_law_of_its_day(void **state)
{
    struct law *l = *state;
    struct dk_problem why = {0};
    named(l, "2022-04-30T23:59:59+08:00");
    cw_act(&l->w, NULL, "register", "{}");
    act(l, "2022-05-05T09:00:00+08:00", "transfer", "{\"unit\":\"town-a\"}");
    /* The Regulations of 2005 know no objection. */
    assert_int_equal(l->w.c->n_clock, 2);
    named(l, "2022-05-01T00:00:00+08:00");
    cw_act(&l->w, NULL, "register", "{}");
    act(l, NULL, "transfer", "{\"unit\":\"town-a\"}");
    assert_int_equal(l->w.c->n_clock, 3);
    cw_submit(&l->w, "2005-04-30T23:59:59+08:00", "");
    assert_int_equal(try_deadline(l, &why), DK_ENOTFOUND);
    assert_non_null(strstr(why.detail, "2005-04-30"));
}

static void a_command_names_policy_version_and_article(void **state)
{
    struct law *l = *state;
    struct dk_problem why = {0};
    struct dk_jw w = {0};
    cw_submit(&l->w, "2026-03-02T10:00:00+08:00", "");
    assert_int_equal(dk_policy_answer(l->p, l->cal, l->w.c, &l->w.last.v[0],
                                      CN_MIN, &w, &why),
                     0);
    assert_string_equal(
        w.buf,
        "[{\"action\":\"clock\",\"clock\":\"transfer\",\"basis\":1,"
        "\"started_at\":\"2026-03-02T10:00:00.000+08:00\","
        "\"due_at\":\"2026-03-18T00:00:00.000+08:00\",\"on_due\":\"overdue\","
        "\"stops_on\":[\"transferred\",\"handed_over\",\"sent_to_discipline\","
        "\"settled\"],\"holds_on\":[],\"extend_times\":0,\"extend_days\":0,"
        "\"days\":15,\"repeat_days\":1,"
        "\"repeat_at\":\"2026-03-19T00:00:00.000+08:00\",\"rungs\":["
        "{\"id\":\"yellow\",\"at\":\"2026-03-13T00:00:00.000+08:00\"},"
        "{\"id\":\"red\",\"at\":\"2026-03-16T00:00:00.000+08:00\"},"
        "{\"id\":\"overdue_7\",\"at\":\"2026-03-25T00:00:00.000+08:00\"},"
        "{\"id\":\"overdue_30\",\"at\":\"2026-04-17T00:00:00.000+08:00\"}],"
        "\"policy\":\"xinfang-2022\",\"version\":\"2022-05-01\","
        "\"article\":\"第二十二条\"}]");
    dk_jw_fini(&w);
}

static void an_event_that_starts_nothing_gets_an_empty_answer(void **state)
{
    struct law *l = *state;
    struct dk_problem why = {0};
    struct dk_jw w = {0};
    submit(l, "2026-03-02T10:00:00+08:00");
    cw_act(&l->w, NULL, "register", "{}");
    assert_int_equal(dk_policy_answer(l->p, l->cal, l->w.c, &l->w.last.v[0],
                                      CN_MIN, &w, &why),
                     0);
    assert_string_equal(w.buf, "[]");
    dk_jw_fini(&w);
}

/* ---- moving ---- */

static void an_extension_adds_its_days_to_the_due_time(void **state)
{
    struct law *l = *state;
    struct dk_problem p = {0};
    accept_at(l, "2026-03-02T09:00:00+08:00");
    /* 2 March + 60 is Fri 1 May, Labour Day; Wed 6 May works.  Day 40 is 11
     * April; 7 days before 6 May is 29 April.
     */
    cw_assert_at(&l->w, "conclude", NULL, "2026-05-07T00:00:00+08:00");
    cw_assert_at(&l->w, "conclude", "yellow", "2026-04-12T00:00:00+08:00");
    cw_assert_at(&l->w, "conclude", "red", "2026-04-30T00:00:00+08:00");
    act(l, "2026-04-20T09:00:00+08:00", "extend",
        "{\"days\":30,\"reason\":\"r\",\"approved_by\":\"head-a\"}");
    /* 6 May + 30 is Fri 5 June; 7 days before is 29 May. */
    cw_assert_at(&l->w, "conclude", NULL, "2026-06-06T00:00:00+08:00");
    cw_assert_at(&l->w, "conclude", "yellow", "2026-04-12T00:00:00+08:00");
    cw_assert_at(&l->w, "conclude", "red", "2026-05-30T00:00:00+08:00");
    cw_assert_at(&l->w, "conclude", "overdue_7", "2026-06-13T00:00:00+08:00");
    assert_int_equal(cw_clock(&l->w, "conclude")->no, 1);
    assert_int_equal(cw_clock(&l->w, "conclude")->state, DK_CLOCK_RUNNING);
    /* Once only (Art. 34). */
    assert_int_equal(cw_try_act(&l->w, NULL, "extend",
                                "{\"days\":1,\"reason\":\"r\","
                                "\"approved_by\":\"head-a\"}",
                                &p),
                     DK_ELIMIT);
}

static void suspended_days_are_added_when_the_case_goes_on(void **state)
{
    struct law *l = *state;
    accept_at(l, "2026-03-02T09:00:00+08:00");
    act(l, "2026-03-10T23:59:59+08:00", "suspend", "{\"reason\":\"r\"}");
    assert_int_equal(cw_clock(&l->w, "conclude")->state, DK_CLOCK_HELD);
    act(l, "2026-03-20T00:00:00+08:00", "resume", "{}");
    /* Ten days on from 1 May, the sixtieth, is Mon 11. */
    cw_assert_at(&l->w, "conclude", NULL, "2026-05-12T00:00:00+08:00");
    cw_assert_at(&l->w, "conclude", "red", "2026-05-05T00:00:00+08:00");
    assert_int_equal(cw_clock(&l->w, "conclude")->state, DK_CLOCK_RUNNING);
}

static void a_suspension_within_one_day_adds_nothing(void **state)
{
    struct law *l = *state;
    accept_at(l, "2026-03-02T09:00:00+08:00");
    act(l, "2026-03-10T09:00:00+08:00", "suspend", "{\"reason\":\"r\"}");
    act(l, "2026-03-10T17:00:00+08:00", "resume", "{}");
    cw_assert_at(&l->w, "conclude", NULL, "2026-05-07T00:00:00+08:00");
    assert_int_equal(cw_clock(&l->w, "conclude")->state, DK_CLOCK_RUNNING);
}

static void what_is_late_stays_late_over_a_suspension(void **state)
{
    struct law *l = *state;
    accept_at(l, "2026-03-02T09:00:00+08:00");
    cw_fire(&l->w, "2026-05-07T00:00:00+08:00");
    cw_act(&l->w, "2026-05-10T09:00:00+08:00", "suspend", "{\"reason\":\"r\"}");
    act(l, "2026-05-20T09:00:00+08:00", "resume", "{}");
    cw_assert_at(&l->w, "conclude", NULL, "2026-05-07T00:00:00+08:00");
    /* 6 May + 7 and the ten days held: 23 May. */
    cw_assert_at(&l->w, "conclude", "overdue_7", "2026-05-24T00:00:00+08:00");
    assert_true(cw_clock(&l->w, "conclude")->late);
}

static void a_resumption_waits_for_the_clock_to_be_set_first(void **state)
{
    struct law *l = *state;
    struct dk_problem why = {0};
    submit(l, "2026-03-02T09:00:00+08:00");
    cw_act(&l->w, NULL, "register", "{}");
    cw_act(&l->w, NULL, "transfer", "{\"unit\":\"town-a\"}");
    cw_act(&l->w, NULL, "accept", "{}"); /* not answered yet */
    cw_act(&l->w, NULL, "suspend", "{\"reason\":\"r\"}");
    cw_act(&l->w, "2026-03-09T09:00:00+08:00", "resume", "{}");
    assert_int_equal(try_deadline(l, &why), DK_ESTATE);
    assert_non_null(strstr(why.detail, "\"conclude\""));
}

/* ---- lengths set in an event ---- */

static void a_hand_over_may_set_its_own_length(void **state)
{
    struct law *l = *state;
    submit(l, "2026-03-02T09:00:00+08:00");
    cw_act(&l->w, NULL, "register", "{}");
    act(l, NULL, "hand_over", "{\"unit\":\"town-a\",\"report_days\":20}");
    /* 2 March + 20 is Sun 22; Mon 23 works.  Day 40 is never reached. */
    cw_assert_at(&l->w, "report-back", NULL, "2026-03-24T00:00:00+08:00");
    cw_assert_at(&l->w, "report-back", "red", "2026-03-17T00:00:00+08:00");
    assert_false(cw_has_rung(&l->w, "report-back", "yellow"));
}

static void a_hand_over_without_a_length_gets_the_default(void **state)
{
    struct law *l = *state;
    submit(l, "2026-03-02T09:00:00+08:00");
    cw_act(&l->w, NULL, "register", "{}");
    act(l, NULL, "hand_over", "{\"unit\":\"town-a\"}");
    cw_assert_at(&l->w, "report-back", NULL, "2026-05-07T00:00:00+08:00");
}

static void a_warning_that_would_come_before_the_start_is_left_out(void **state)
{
    struct law *l = *state;
    submit(l, "2026-03-02T09:00:00+08:00");
    cw_act(&l->w, NULL, "register", "{}");
    act(l, NULL, "transfer", "{\"unit\":\"town-a\"}");
    act(l, NULL, "urge", "{\"grounds\":\"g\",\"answer_days\":2}");
    /* 4 March; three days before would be 1 March. */
    cw_assert_at(&l->w, "urge-answer", NULL, "2026-03-05T00:00:00+08:00");
    assert_false(cw_has_rung(&l->w, "urge-answer", "red"));
}

/* ---- the petitioner's windows ---- */

static void the_review_window_closes_the_case_when_nobody_asks(void **state)
{
    struct law *l = *state;
    accept_at(l, "2026-03-02T09:00:00+08:00");
    act(l, "2026-04-01T09:00:00+08:00", "answer",
        "{\"text\":\"t\",\"legal_basis\":\"b\"}");
    /* 1 April + 30 is Fri 1 May, Labour Day; Wed 6 May works. */
    cw_assert_at(&l->w, "review-window", NULL, "2026-05-07T00:00:00+08:00");
    cw_assert_at(&l->w, "review-window", "remind", "2026-04-22T00:00:00+08:00");
    cw_fire(&l->w, "2026-05-06T23:59:59+08:00");
    assert_int_equal(l->w.c->state, DK_S_ANSWERED);
    cw_fire(&l->w, "2026-05-07T00:00:00+08:00");
    assert_int_equal(l->w.c->state, DK_S_CLOSED);
}

static void a_petitioner_is_reminded_and_never_reported(void **state)
{
    static const char *const windows[] = {"review-window", "re-review-window"};
    struct law *l = *state;
    const char *level = NULL, *role[6];
    submit(l, "2026-03-02T09:00:00+08:00");
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(dk_policy_ladder(l->p, l->w.c, windows[i], "remind",
                                          &level, role, 6),
                         1);
        assert_string_equal(level, "reminder");
        assert_string_equal(role[0], "petitioner");
        assert_int_equal(dk_policy_ladder(l->p, l->w.c, windows[i], "close",
                                          &level, role, 6),
                         0);
    }
    assert_int_equal(
        dk_policy_ladder(l->p, l->w.c, "evaluate", "lapse", &level, role, 6),
        0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(fifteen_days_end_at_midnight_after_the_fifteenth),
        T(the_last_second_of_a_day_counts_as_that_day),
        T(midnight_counts_as_the_new_day),
        T(a_last_day_on_a_holiday_moves_to_the_next_working_day),
        T(a_last_day_on_a_make_up_workday_stays),
        T(a_last_day_on_a_weekend_moves_to_monday),
        T(sixty_days_pass_the_new_year_and_a_leap_day),
        T(month_ends_are_counted_by_days_not_months),
        T(five_working_days_pass_over_the_spring_festival),
        cmocka_unit_test(warnings_of_a_working_day_clock_count_working_days),
        T(natural_days_run_into_an_unknown_year_and_stay_put),
        cmocka_unit_test(working_days_in_an_unknown_year_are_refused),
        T(a_right_does_not_lapse_by_a_day_nobody_could_count),
        T(a_case_keeps_the_law_of_its_day),
        T(a_command_names_policy_version_and_article),
        T(an_event_that_starts_nothing_gets_an_empty_answer),
        T(an_extension_adds_its_days_to_the_due_time),
        T(suspended_days_are_added_when_the_case_goes_on),
        T(a_suspension_within_one_day_adds_nothing),
        T(what_is_late_stays_late_over_a_suspension),
        T(a_resumption_waits_for_the_clock_to_be_set_first),
        T(a_hand_over_may_set_its_own_length),
        T(a_hand_over_without_a_length_gets_the_default),
        T(a_warning_that_would_come_before_the_start_is_left_out),
        T(the_review_window_closes_the_case_when_nobody_asks),
        T(a_petitioner_is_reminded_and_never_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
