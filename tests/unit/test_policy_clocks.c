/* Each clock of the shipped law against dates worked out by hand.
 *
 * Days of rest and make-up workdays used below, of policy/calendar-cn.json:
 *   2024  10 to 17 February; work Sun 4 and Sun 18 February
 *   2025  28 January to 4 February; work Sat 8 February
 *   2026  15 to 23 February; work Sat 14 and Sat 28 February
 *   2026  1 to 5 May; work Sat 9 May
 *   2026  25 to 27 September, 1 to 7 October; work Sat 10 October
 */
#include "tests/support/lawwork.h"

#include <time.h>

#define ANSWER "{\"text\":\"t\",\"legal_basis\":\"b\"}"

/* Bring a case, handed in at `at` and carried on at once, to where `clock`
 * starts.
 */
static void reach(struct law *l, const char *clock, const char *at)
{
    static const struct {
        const char *clock, *other, *action, *args;
    } way[] = {
        {"notice", "object", "transfer", "{\"unit\":\"town-a\"}"},
        {"urge-answer", "", "urge", "{\"grounds\":\"g\",\"answer_days\":10}"},
        {"conclude", "", "accept", "{}"},
        {"review-window", "evaluate", "answer", ANSWER},
        {"review", "", "ask_review", "{\"grounds\":\"g\"}"},
        {"", "", "assign", "{\"unit\":\"county-b\"}"},
        {"re-review-window", "", "review",
         "{\"result\":\"upheld\",\"text\":\"t\"}"},
        {"re-review", "", "ask_re_review", "{\"grounds\":\"g\"}"},
    };

    named(l, at);
    if (strcmp(clock, "transfer") == 0)
        return;
    cw_act(&l->w, NULL, "register", "{}");
    if (strcmp(clock, "report-back") == 0) {
        act(l, NULL, "hand_over", "{\"unit\":\"town-a\"}");
        return;
    }
    for (size_t i = 0; i < sizeof way / sizeof way[0]; i++) {
        act(l, NULL, way[i].action, way[i].args);
        if (strcmp(way[i].clock, clock) == 0 ||
            strcmp(way[i].other, clock) == 0)
            return;
    }
    fail_msg("no way to \"%s\"", clock);
}

/* ---- each clock, over the days that are easily got wrong ---- */

#define N15 "transfer notice"
#define N30 "review-window review re-review-window re-review"
#define N60 "conclude report-back"

static const struct {
    const char *clocks, *start, *due;
} days[] = {
    /* The end of January, 31 days; February 2025 has 28.
     * 15: Sat 15 February moves to Mon 17.  30: 31 January + 28 is 28
     * February, + 2 Sun 2 March, moves to Mon 3.  60: + 31 is 31 March,
     * the 59th; Tue 1 April.  10: Mon 10 February.  5 working days, from
     * Fri 31 January: Wed 5, Thu 6, Fri 7, Sat 8 (make-up), Mon 10.  An
     * evaluation keeps Sun 2 March.
     */
    {N15, "2025-01-31T09:00:00+08:00", "2025-02-18"},
    {N30, "2025-01-31T09:00:00+08:00", "2025-03-04"},
    {N60, "2025-01-31T09:00:00+08:00", "2025-04-02"},
    {"urge-answer", "2025-01-31T09:00:00+08:00", "2025-02-11"},
    {"object", "2025-01-31T09:00:00+08:00", "2025-02-11"},
    {"evaluate", "2025-01-31T09:00:00+08:00", "2025-03-03"},
    /* A leap year.  15: 30 January 2024 + 15 is Wed 14 February, Spring
     * Festival, moves to Sun 18, a make-up workday.  30: 31 January is the
     * first, + 29 is Thu 29 February.  60: + 30 is Sat 30 March, moves to
     * Mon 1 April.  10: Fri 9 February.  5 working days: Wed 31, Thu 1,
     * Fri 2, Sun 4 (make-up), Mon 5.
     */
    {N15, "2024-01-30T09:00:00+08:00", "2024-02-19"},
    {N30, "2024-01-30T09:00:00+08:00", "2024-03-01"},
    {N60, "2024-01-30T09:00:00+08:00", "2024-04-02"},
    {"urge-answer", "2024-01-30T09:00:00+08:00", "2024-02-10"},
    {"object", "2024-01-30T09:00:00+08:00", "2024-02-06"},
    {"evaluate", "2024-01-30T09:00:00+08:00", "2024-03-01"},
    /* The last day within the Spring Festival of 2026, until Mon 23; Tue 24
     * works.  15: 2 February + 15 is 17.  30: 17 January + 14 is 31, + 16
     * is 16 February.  60: 20 December + 11 is 31, + 31 is 31 January, the
     * 42nd, + 18 is 18 February.  10: 6 February + 10 is 16.  5 working
     * days from Thu 12: Fri 13, Sat 14 (make-up), Tue 24, Wed 25, Thu 26.
     */
    {N15, "2026-02-02T09:00:00+08:00", "2026-02-25"},
    {N30, "2026-01-17T09:00:00+08:00", "2026-02-25"},
    {N60, "2025-12-20T09:00:00+08:00", "2026-02-25"},
    {"urge-answer", "2026-02-06T09:00:00+08:00", "2026-02-25"},
    {"object", "2026-02-12T09:00:00+08:00", "2026-02-27"},
    {"evaluate", "2026-01-17T09:00:00+08:00", "2026-02-17"},
    /* The last day within the National Day holiday, until Wed 7 October;
     * Thu 8 works.  15: 16 September + 14 is 30, + 1.  30: 3 September + 27
     * is 30, + 3.  60: 5 August + 26 is 31, + 30 is 30 September, the 56th,
     * + 4.  10: 25 September + 5 is 30, + 5.  5 working days from Mon 28:
     * Tue 29, Wed 30, Thu 8, Fri 9, Sat 10 (make-up).
     */
    {N15, "2026-09-16T09:00:00+08:00", "2026-10-09"},
    {N30, "2026-09-03T09:00:00+08:00", "2026-10-09"},
    {N60, "2026-08-05T09:00:00+08:00", "2026-10-09"},
    {"urge-answer", "2026-09-25T09:00:00+08:00", "2026-10-09"},
    {"object", "2026-09-28T09:00:00+08:00", "2026-10-11"},
    {"evaluate", "2026-09-03T09:00:00+08:00", "2026-10-04"},
    /* Day 0 is the day in Shanghai, whatever the hour: Mon 2 March is day 0
     * at its last second, Tue 3 March at the first of its own.  15: Tue 17,
     * Wed 18 March.  30: Wed 1, Thu 2 April.  60: Fri 1 May, Labour Day,
     * and Sat 2 May; both move to Wed 6.  10: Thu 12, Fri 13 March.  5
     * working days: Mon 9, Tue 10 March.
     */
    {N15, "2026-03-02T23:59:59+08:00", "2026-03-18"},
    {N15, "2026-03-03T00:00:00+08:00", "2026-03-19"},
    {N30, "2026-03-02T23:59:59+08:00", "2026-04-02"},
    {N30, "2026-03-03T00:00:00+08:00", "2026-04-03"},
    {N60, "2026-03-02T23:59:59+08:00", "2026-05-07"},
    {N60, "2026-03-03T00:00:00+08:00", "2026-05-07"},
    {"urge-answer", "2026-03-02T23:59:59+08:00", "2026-03-13"},
    {"urge-answer", "2026-03-03T00:00:00+08:00", "2026-03-14"},
    {"object", "2026-03-02T23:59:59+08:00", "2026-03-10"},
    {"object", "2026-03-03T00:00:00+08:00", "2026-03-11"},
    {"evaluate", "2026-03-02T15:59:59.999Z", "2026-04-02"},
    {"evaluate", "2026-03-02T16:00:00Z", "2026-04-03"},
};

static void each_clock_ends_on_the_day_worked_out_by_hand(void **state)
{
    struct law *l = *state;

    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        char list[80], *rest = list, *clock;

        (void)snprintf(list, sizeof list, "%s", days[i].clocks);
        while ((clock = strsep(&rest, " ")) != NULL) {
            char want[40];

            (void)snprintf(want, sizeof want, "%sT00:00:00+08:00", days[i].due);
            reach(l, clock, days[i].start);
            cw_assert_at(&l->w, clock, NULL, want);
        }
    }
}

/* The machine may stand anywhere; the office does not. */
static void the_servers_time_zone_changes_nothing(void **state)
{
    static const char *const zones[] = {"UTC", "America/New_York",
                                        "Asia/Shanghai"};
    char *before = getenv("TZ") != NULL ? strdup(getenv("TZ")) : NULL;

    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(setenv("TZ", zones[i], 1), 0);
        tzset();
        each_clock_ends_on_the_day_worked_out_by_hand(state);
    }
    if (before != NULL)
        (void)setenv("TZ", before, 1);
    else
        (void)unsetenv("TZ");
    tzset();
    free(before);
}

static void cases_from_before_2022_keep_the_limits_of_2005(void **state)
{
    struct law *l = *state;

    /* 31 January 2008 + 15 is Fri 15 February (Spring Festival ended on 12);
     * + 29 is 29 February, + 1 Sat 1 March, moves to Mon 3; + 31 is Mon 31
     * March, the 60th.
     */
    reach(l, "notice", "2008-01-31T09:00:00+08:00");
    cw_assert_at(&l->w, "notice", NULL, "2008-02-16T00:00:00+08:00");
    reach(l, "review-window", "2008-01-31T09:00:00+08:00");
    cw_assert_at(&l->w, "review-window", NULL, "2008-03-04T00:00:00+08:00");
    reach(l, "conclude", "2008-01-31T09:00:00+08:00");
    cw_assert_at(&l->w, "conclude", NULL, "2008-04-01T00:00:00+08:00");
    reach(l, "report-back", "2008-01-31T09:00:00+08:00");
    cw_assert_at(&l->w, "report-back", NULL, "2008-04-01T00:00:00+08:00");
    for (int i = 0; i < l->w.c->n_clock; i++)
        assert_string_not_equal(l->w.c->clock[i].id, "object");
}

/* ---- what stops them ---- */

static enum dk_clock_state state_of(const struct law *l, const char *clock)
{
    return cw_clock(&l->w, clock)->state;
}

static void to_accept_is_not_to_tell(void **state)
{
    struct law *l = *state;

    reach(l, "conclude", "2026-03-02T09:00:00+08:00");
    assert_int_equal(state_of(l, "notice"), DK_CLOCK_RUNNING);
    cw_act(&l->w, "2026-03-20T09:00:00+08:00", "give_notice",
           "{\"way\":\"post\"}");
    assert_int_equal(state_of(l, "notice"), DK_CLOCK_STOPPED);
    assert_true(cw_clock(&l->w, "notice")->late);
}

static void nobody_owes_a_notice_to_who_cannot_be_reached(void **state)
{
    struct law *l = *state;

    submit(l, "2026-03-02T09:00:00+08:00"); /* no name */
    cw_act(&l->w, NULL, "register", "{}");
    act(l, NULL, "transfer", "{\"unit\":\"town-a\"}");
    for (int i = 0; i < l->w.c->n_clock; i++)
        assert_string_not_equal(l->w.c->clock[i].id, "notice");
    assert_int_equal(state_of(l, "object"), DK_CLOCK_RUNNING);
}

static void a_refusal_is_told_in_writing_too(void **state)
{
    struct law *l = *state;

    reach(l, "notice", "2026-03-02T09:00:00+08:00");
    act(l, NULL, "not_accept", "{\"ground\":\"g\",\"other_door\":\"d\"}");
    assert_int_equal(state_of(l, "notice"), DK_CLOCK_RUNNING);
    cw_act(&l->w, "2026-03-04T09:00:00+08:00", "give_notice",
           "{\"way\":\"post\"}");
    assert_int_equal(state_of(l, "notice"), DK_CLOCK_STOPPED);
    assert_false(cw_clock(&l->w, "notice")->late);
}

static void what_is_settled_is_not_owed_any_more(void **state)
{
    struct law *l = *state;

    reach(l, "conclude", "2026-03-02T09:00:00+08:00");
    act(l, NULL, "settle", "{\"manner\":\"mediated\",\"text\":\"t\"}");
    assert_int_equal(state_of(l, "conclude"), DK_CLOCK_STOPPED);
    assert_int_equal(state_of(l, "notice"), DK_CLOCK_STOPPED);
    assert_int_equal(state_of(l, "evaluate"), DK_CLOCK_RUNNING);
    reach(l, "report-back", "2026-03-02T09:00:00+08:00");
    act(l, NULL, "accept", "{}");
    act(l, NULL, "settle", "{\"manner\":\"mediated\",\"text\":\"t\"}");
    assert_int_equal(state_of(l, "report-back"), DK_CLOCK_RUNNING);
    cw_act(&l->w, NULL, "report", "{\"text\":\"t\"}");
    assert_int_equal(state_of(l, "report-back"), DK_CLOCK_STOPPED);
}

/* ---- starting again ---- */

static void passing_a_case_around_does_not_move_the_first_limit(void **state)
{
    struct law *l = *state;

    reach(l, "notice", "2026-03-02T09:00:00+08:00");
    act(l, "2026-03-16T09:00:00+08:00", "transfer", "{\"unit\":\"town-b\"}");
    /* The new unit has 15 days of its own: Tue 31 March. */
    cw_assert_at(&l->w, "notice", NULL, "2026-04-01T00:00:00+08:00");
    assert_int_equal(cw_clock(&l->w, "notice")->no, 2);
    assert_int_equal(cw_clock(&l->w, "notice")->first_due,
                     cw_time("2026-03-18T00:00:00+08:00"));
    act(l, "2026-03-30T09:00:00+08:00", "transfer", "{\"unit\":\"town-a\"}");
    assert_int_equal(cw_clock(&l->w, "notice")->first_due,
                     cw_time("2026-03-18T00:00:00+08:00"));
}

static void a_later_receipt_gives_the_petitioner_the_longer_window(void **state)
{
    struct law *l = *state;

    reach(l, "review-window", "2026-03-02T09:00:00+08:00");
    cw_assert_at(&l->w, "review-window", NULL, "2026-04-02T00:00:00+08:00");
    /* Handed over on the same day: nothing changes. */
    act(l, NULL, "deliver", "{\"way\":\"in_person\"}");
    assert_int_equal(cw_clock(&l->w, "review-window")->no, 1);
    /* By post, ten days later: 12 March + 30 is Sat 11 April, Mon 13. */
    act(l, "2026-03-12T09:00:00+08:00", "deliver", "{\"way\":\"post\"}");
    cw_assert_at(&l->w, "review-window", NULL, "2026-04-14T00:00:00+08:00");
    cw_fire(&l->w, "2026-04-13T23:59:59+08:00");
    assert_int_equal(l->w.c->state, DK_S_ANSWERED);
    cw_fire(&l->w, "2026-04-14T00:00:00+08:00");
    assert_int_equal(l->w.c->state, DK_S_CLOSED);
}

static const char *const asked = "{\"grounds\":\"g\"}";

static void an_answer_that_came_too_late_can_still_be_reviewed(void **state)
{
    struct law *l = *state;
    struct dk_problem p = {0};

    reach(l, "review-window", "2026-03-02T09:00:00+08:00");
    cw_fire(&l->w, "2026-04-02T00:00:00+08:00");
    assert_int_equal(l->w.c->state, DK_S_CLOSED);
    assert_int_equal(
        cw_try_act(&l->w, "2026-04-08T09:00:00+08:00", "ask_review", asked, &p),
        DK_ELIMIT);
    /* It is handed over on Wed 8 April: + 30 is Fri 8 May. */
    act(l, "2026-04-08T09:00:00+08:00", "deliver", "{\"way\":\"post\"}");
    assert_int_equal(l->w.c->state, DK_S_CLOSED);
    assert_int_equal(state_of(l, "review-window"), DK_CLOCK_RUNNING);
    cw_assert_at(&l->w, "review-window", NULL, "2026-05-09T00:00:00+08:00");
    assert_int_equal(cw_try_act(&l->w, NULL, "ask_re_review", asked, &p),
                     DK_ELIMIT);
    act(l, "2026-05-08T23:59:59+08:00", "ask_review", asked);
    assert_int_equal(l->w.c->state, DK_S_IN_REVIEW);
    /* 8 May + 30 is Sun 7 June, moves to Mon 8. */
    cw_assert_at(&l->w, "review", NULL, "2026-06-09T00:00:00+08:00");
}

static void that_time_ends_too(void **state)
{
    struct law *l = *state;
    struct dk_problem p = {0};

    reach(l, "review-window", "2026-03-02T09:00:00+08:00");
    cw_fire(&l->w, "2026-04-02T00:00:00+08:00");
    act(l, "2026-04-08T09:00:00+08:00", "deliver", "{\"way\":\"post\"}");
    cw_fire(&l->w, "2026-05-09T00:00:00+08:00");
    assert_int_equal(l->w.c->state, DK_S_CLOSED);
    assert_int_equal(state_of(l, "review-window"), DK_CLOCK_LAPSED);
    assert_int_equal(cw_try_act(&l->w, NULL, "ask_review", asked, &p),
                     DK_ELIMIT);
}

static void a_review_opinion_has_a_window_of_its_own(void **state)
{
    struct law *l = *state;

    reach(l, "re-review-window", "2026-03-02T09:00:00+08:00");
    assert_int_equal(state_of(l, "review-window"), DK_CLOCK_STOPPED);
    act(l, "2026-03-12T09:00:00+08:00", "deliver", "{\"way\":\"post\"}");
    cw_assert_at(&l->w, "re-review-window", NULL, "2026-04-14T00:00:00+08:00");
    assert_int_equal(state_of(l, "review-window"), DK_CLOCK_STOPPED);
    assert_int_equal(cw_clock(&l->w, "review-window")->no, 1);
}

/* The tasks of two events may be answered in either order. */
static void answer_late(struct law *l, const struct dk_event *e)
{
    struct dk_problem why = {0};
    struct dk_jw w = {0};

    assert_int_equal(
        dk_policy_answer(l->p, l->cal, l->w.c, e, CN_MIN, &w, &why), 0);
    cw_apply(&l->w, w.buf);
    dk_jw_fini(&w);
}

static struct dk_event keep_event(struct law *l)
{
    assert_int_equal(l->w.last.n, 1);
    l->w.last.n = 0;
    return l->w.last.v[0];
}

static void a_receipt_answered_before_the_answer_keeps_its_window(void **state)
{
    struct law *l = *state;
    struct dk_event answered;

    reach(l, "conclude", "2026-03-02T09:00:00+08:00");
    cw_act(&l->w, NULL, "answer", ANSWER);
    answered = keep_event(l);
    act(l, "2026-03-12T09:00:00+08:00", "deliver", "{\"way\":\"post\"}");
    answer_late(l, &answered);
    cw_assert_at(&l->w, "review-window", NULL, "2026-04-14T00:00:00+08:00");
    dk_event_fini(&answered);
}

static void urging_again_does_not_push_the_end_away(void **state)
{
    struct law *l = *state;

    reach(l, "urge-answer", "2026-03-02T09:00:00+08:00"); /* to Thu 12 March */
    act(l, "2026-03-05T09:00:00+08:00", "urge",
        "{\"grounds\":\"g\",\"answer_days\":10}");
    cw_assert_at(&l->w, "urge-answer", NULL, "2026-03-13T00:00:00+08:00");
    assert_int_equal(cw_clock(&l->w, "urge-answer")->no, 1);
    /* An earlier end counts: Fri 6 March + 2 is Sun 8, Mon 9. */
    act(l, "2026-03-06T09:00:00+08:00", "urge",
        "{\"grounds\":\"g\",\"answer_days\":2}");
    cw_assert_at(&l->w, "urge-answer", NULL, "2026-03-10T00:00:00+08:00");
    assert_int_equal(cw_clock(&l->w, "urge-answer")->no, 2);
    /* One answer answers both, and the next urging starts anew. */
    cw_act(&l->w, NULL, "answer_urge", "{\"text\":\"t\"}");
    assert_int_equal(state_of(l, "urge-answer"), DK_CLOCK_STOPPED);
    act(l, "2026-04-01T09:00:00+08:00", "urge",
        "{\"grounds\":\"g\",\"answer_days\":10}");
    /* 1 April + 10 is Sat 11, Mon 13. */
    cw_assert_at(&l->w, "urge-answer", NULL, "2026-04-14T00:00:00+08:00");
    assert_int_equal(state_of(l, "urge-answer"), DK_CLOCK_RUNNING);
}

static void an_earlier_urging_answered_late_still_counts(void **state)
{
    struct law *l = *state;
    struct dk_event first;

    reach(l, "conclude", "2026-03-02T09:00:00+08:00");
    /* reach() has urged on the way; that one is answered. */
    cw_act(&l->w, NULL, "answer_urge", "{\"text\":\"t\"}");
    cw_act(&l->w, NULL, "urge", "{\"grounds\":\"g\",\"answer_days\":5}");
    first = keep_event(l);
    act(l, NULL, "urge", "{\"grounds\":\"g\",\"answer_days\":20}");
    cw_assert_at(&l->w, "urge-answer", NULL, "2026-03-24T00:00:00+08:00");
    /* 2 March + 5 is Sat 7, Mon 9. */
    answer_late(l, &first);
    cw_assert_at(&l->w, "urge-answer", NULL, "2026-03-10T00:00:00+08:00");
    dk_event_fini(&first);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(each_clock_ends_on_the_day_worked_out_by_hand),
        T(the_servers_time_zone_changes_nothing),
        T(cases_from_before_2022_keep_the_limits_of_2005),
        T(to_accept_is_not_to_tell),
        T(nobody_owes_a_notice_to_who_cannot_be_reached),
        T(a_refusal_is_told_in_writing_too),
        T(what_is_settled_is_not_owed_any_more),
        T(passing_a_case_around_does_not_move_the_first_limit),
        T(a_later_receipt_gives_the_petitioner_the_longer_window),
        T(an_answer_that_came_too_late_can_still_be_reviewed),
        T(that_time_ends_too),
        T(a_review_opinion_has_a_window_of_its_own),
        T(a_receipt_answered_before_the_answer_keeps_its_window),
        T(urging_again_does_not_push_the_end_away),
        T(an_earlier_urging_answered_late_still_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
