/* What moves a limit, what lets an alert wait, and how a due time is told: each
 * date worked out by hand.  Days of rest as in test_policy_clocks.c.
 */
#include "tests/support/lawwork.h"

#define SUSPEND "{\"reason\":\"r\"}"

static enum dk_clock_state state_of(const struct law *l, const char *clock)
{
    return cw_clock(&l->w, clock)->state;
}

/* ---- standing still ---- */

static void a_pause_over_a_holiday_adds_its_days(void **state)
{
    struct law *l = *state;

    /* 5 January + 60: 31 January is the 26th, 28 February the 54th; Fri 6
     * March.  Day 40 is Sat 14 February.
     */
    accept_at(l, "2026-01-05T09:00:00+08:00");
    cw_assert_at(&l->w, "conclude", NULL, "2026-03-07T00:00:00+08:00");
    cw_assert_at(&l->w, "conclude", "yellow", "2026-02-15T00:00:00+08:00");
    act(l, "2026-02-10T09:00:00+08:00", "suspend", SUSPEND);
    act(l, "2026-02-25T09:00:00+08:00", "resume", "{}");
    /* 15 days on: Sat 21 March, moves to Mon 23.  The warning of day 40 waits
     * as long: day 55 is 1 March.  Seven days before 23 March is the 16th.
     */
    cw_assert_at(&l->w, "conclude", NULL, "2026-03-24T00:00:00+08:00");
    cw_assert_at(&l->w, "conclude", "yellow", "2026-03-02T00:00:00+08:00");
    cw_assert_at(&l->w, "conclude", "red", "2026-03-17T00:00:00+08:00");
    assert_int_equal(cw_clock(&l->w, "conclude")->held_days, 15);
}

static void a_warning_that_was_given_stays_where_it_was(void **state)
{
    struct law *l = *state;

    accept_at(l, "2026-01-05T09:00:00+08:00");
    cw_fire(&l->w, "2026-02-15T00:00:00+08:00");
    act(l, "2026-02-16T09:00:00+08:00", "suspend", SUSPEND);
    act(l, "2026-02-25T09:00:00+08:00", "resume", "{}");
    cw_assert_at(&l->w, "conclude", "yellow", "2026-02-15T00:00:00+08:00");
    assert_true(cw_clock(&l->w, "conclude")->rung[0].fired);
}

static void a_second_pause_adds_to_the_first(void **state)
{
    struct law *l = *state;

    accept_at(l, "2026-01-05T09:00:00+08:00");
    act(l, "2026-01-10T09:00:00+08:00", "suspend", SUSPEND);
    act(l, "2026-01-14T09:00:00+08:00", "resume", "{}");
    act(l, "2026-01-20T09:00:00+08:00", "suspend", SUSPEND);
    act(l, "2026-01-22T09:00:00+08:00", "resume", "{}");
    /* 6 March + 4 is Tue 10, + 2 is Thu 12; day 46 is 20 February. */
    cw_assert_at(&l->w, "conclude", NULL, "2026-03-13T00:00:00+08:00");
    cw_assert_at(&l->w, "conclude", "yellow", "2026-02-21T00:00:00+08:00");
    assert_int_equal(cw_clock(&l->w, "conclude")->held_days, 6);
}

static void a_pause_is_counted_before_the_last_day_moves(void **state)
{
    struct law *l = *state;

    /* 1 April + 60 is Sun 31 May, moves to Mon 1 June. */
    accept_at(l, "2026-04-01T09:00:00+08:00");
    cw_assert_at(&l->w, "conclude", NULL, "2026-06-02T00:00:00+08:00");
    act(l, "2026-05-11T09:00:00+08:00", "suspend", SUSPEND);
    act(l, "2026-05-21T09:00:00+08:00", "resume", "{}");
    /* The seventieth day is Wed 10 June; not the eleventh. */
    cw_assert_at(&l->w, "conclude", NULL, "2026-06-11T00:00:00+08:00");
    /* Extended after and before the pause comes to the same: 10 June + 30 is
     * Fri 10 July.
     */
    act(l, "2026-05-22T09:00:00+08:00", "extend",
        "{\"days\":30,\"reason\":\"r\",\"approved_by\":\"head-a\"}");
    cw_assert_at(&l->w, "conclude", NULL, "2026-07-11T00:00:00+08:00");
    accept_at(l, "2026-04-01T09:00:00+08:00");
    act(l, "2026-05-06T09:00:00+08:00", "extend",
        "{\"days\":30,\"reason\":\"r\",\"approved_by\":\"head-a\"}");
    cw_assert_at(&l->w, "conclude", NULL, "2026-07-02T00:00:00+08:00");
    act(l, "2026-05-11T09:00:00+08:00", "suspend", SUSPEND);
    act(l, "2026-05-21T09:00:00+08:00", "resume", "{}");
    cw_assert_at(&l->w, "conclude", NULL, "2026-07-11T00:00:00+08:00");
}

static void a_pause_that_ends_on_a_holiday_counts_to_that_day(void **state)
{
    struct law *l = *state;

    /* As above, to Fri 6 March; held from 10 February to Wed 18, which is
     * Spring Festival: 8 days.  6 March + 8 is Sat 14, moves to Mon 16; the
     * warning of day 40 comes at the end of day 48, 22 February.
     */
    accept_at(l, "2026-01-05T09:00:00+08:00");
    act(l, "2026-02-10T09:00:00+08:00", "suspend", SUSPEND);
    act(l, "2026-02-18T09:00:00+08:00", "resume", "{}");
    cw_assert_at(&l->w, "conclude", NULL, "2026-03-17T00:00:00+08:00");
    cw_assert_at(&l->w, "conclude", "yellow", "2026-02-23T00:00:00+08:00");
    assert_int_equal(cw_clock(&l->w, "conclude")->held_days, 8);
    /* Ended at the last second of that day or at the first of the next. */
    accept_at(l, "2026-01-05T09:00:00+08:00");
    act(l, "2026-02-10T00:00:00+08:00", "suspend", SUSPEND);
    act(l, "2026-02-18T23:59:59+08:00", "resume", "{}");
    cw_assert_at(&l->w, "conclude", NULL, "2026-03-17T00:00:00+08:00");
    accept_at(l, "2026-01-05T09:00:00+08:00");
    act(l, "2026-02-10T00:00:00+08:00", "suspend", SUSPEND);
    act(l, "2026-02-19T00:00:00+08:00", "resume", "{}");
    /* 9 days: Sun 15, Mon 16 again.  10 days: Mon 16 by itself. */
    cw_assert_at(&l->w, "conclude", NULL, "2026-03-17T00:00:00+08:00");
    assert_int_equal(cw_clock(&l->w, "conclude")->held_days, 9);
}

static void an_extension_and_a_pause_over_a_holiday_add_up(void **state)
{
    static const char *const extend =
        "{\"days\":30,\"reason\":\"r\",\"approved_by\":\"head-a\"}";
    struct law *l = *state;

    /* Fri 6 March + 30: 31 March is the 25th, so Sun 5 April; Qingming rests
     * until Mon 6, so Tue 7.
     */
    accept_at(l, "2026-01-05T09:00:00+08:00");
    act(l, "2026-02-09T09:00:00+08:00", "extend", extend);
    cw_assert_at(&l->w, "conclude", NULL, "2026-04-08T00:00:00+08:00");
    /* Then held for 15 days over the Spring Festival: the 75th day is Sat 21
     * March, moves to Mon 23; + 30 is Wed 22 April.
     */
    act(l, "2026-02-10T09:00:00+08:00", "suspend", SUSPEND);
    act(l, "2026-02-25T09:00:00+08:00", "resume", "{}");
    cw_assert_at(&l->w, "conclude", NULL, "2026-04-23T00:00:00+08:00");
    assert_int_equal(cw_clock(&l->w, "conclude")->held_days, 15);
    assert_int_equal(cw_clock(&l->w, "conclude")->extended_days, 30);
    /* The other way round it is the same day. */
    accept_at(l, "2026-01-05T09:00:00+08:00");
    act(l, "2026-02-10T09:00:00+08:00", "suspend", SUSPEND);
    act(l, "2026-02-25T09:00:00+08:00", "resume", "{}");
    act(l, "2026-02-26T09:00:00+08:00", "extend", extend);
    cw_assert_at(&l->w, "conclude", NULL, "2026-04-23T00:00:00+08:00");
}

static void a_pause_that_is_answered_after_the_next_one_counts(void **state)
{
    struct law *l = *state;
    struct dk_problem why = {0};
    struct dk_jw w = {0};
    struct dk_event resumed;

    accept_at(l, "2026-01-05T09:00:00+08:00");
    act(l, "2026-01-10T09:00:00+08:00", "suspend", SUSPEND);
    cw_act(&l->w, "2026-01-14T09:00:00+08:00", "resume", "{}");
    resumed = l->w.last.v[0];
    l->w.last.n = 0;
    act(l, "2026-01-20T09:00:00+08:00", "suspend", SUSPEND);
    assert_int_equal(
        dk_policy_answer(l->p, l->cal, l->w.c, &resumed, CN_MIN, &w, &why), 0);
    cw_apply(&l->w, w.buf);
    assert_int_equal(state_of(l, "conclude"), DK_CLOCK_HELD);
    cw_assert_at(&l->w, "conclude", NULL, "2026-03-11T00:00:00+08:00");
    act(l, "2026-01-22T09:00:00+08:00", "resume", "{}");
    cw_assert_at(&l->w, "conclude", NULL, "2026-03-13T00:00:00+08:00");
    assert_int_equal(state_of(l, "conclude"), DK_CLOCK_RUNNING);
    dk_event_fini(&resumed);
    dk_jw_fini(&w);
}

static void a_hearing_in_a_review_is_not_counted(void **state)
{
    struct law *l = *state;

    accept_at(l, "2026-01-05T09:00:00+08:00");
    act(l, "2026-02-02T09:00:00+08:00", "answer",
        "{\"text\":\"t\",\"legal_basis\":\"b\"}");
    act(l, "2026-02-03T09:00:00+08:00", "ask_review", "{\"grounds\":\"g\"}");
    /* 3 February + 30: 28 February is the 25th; Thu 5 March. */
    cw_assert_at(&l->w, "review", NULL, "2026-03-06T00:00:00+08:00");
    act(l, "2026-02-10T09:00:00+08:00", "suspend", SUSPEND);
    assert_int_equal(l->w.c->state, DK_S_REVIEW_SUSPENDED);
    assert_int_equal(state_of(l, "review"), DK_CLOCK_HELD);
    assert_int_equal(state_of(l, "conclude"), DK_CLOCK_STOPPED);
    act(l, "2026-02-12T09:00:00+08:00", "resume", "{}");
    /* Two days on: Sat 7 March, moves to Mon 9. */
    cw_assert_at(&l->w, "review", NULL, "2026-03-10T00:00:00+08:00");
    cw_assert_at(&l->w, "conclude", NULL, "2026-03-07T00:00:00+08:00");
    cw_act(&l->w, NULL, "assign", "{\"unit\":\"county-b\"}");
    act(l, "2026-03-02T09:00:00+08:00", "review",
        "{\"result\":\"upheld\",\"text\":\"t\"}");
    act(l, NULL, "ask_re_review", "{\"grounds\":\"g\"}");
    /* 2 March + 30 is Wed 1 April. */
    cw_assert_at(&l->w, "re-review", NULL, "2026-04-02T00:00:00+08:00");
    act(l, "2026-03-10T09:00:00+08:00", "suspend", SUSPEND);
    assert_int_equal(state_of(l, "re-review"), DK_CLOCK_HELD);
    act(l, "2026-03-20T09:00:00+08:00", "resume", "{}");
    /* Ten days on: Sat 11 April, moves to Mon 13. */
    cw_assert_at(&l->w, "re-review", NULL, "2026-04-14T00:00:00+08:00");
}

#define OWN(length, more)                                                      \
    "{\"format\":\"docket-policy/1\",\"id\":\"t\",\"calendar\":\"cn\","        \
    "\"versions\":[{\"effective_from\":\"2000-01-01\"," more                   \
    "\"clocks\":[{\"id\":\"c\",\"starts_on\":[\"accepted\"],"                  \
    "\"stops_on\":[\"answered\"],\"holds_on\":[\"suspended\"],"                \
    "\"length\":" length "}]}]}"

static void working_days_are_held_as_working_days(void **state)
{
    struct law *l = new_law(OWN("{\"days\":10,\"count\":\"working\"}", ""));

    (void)state;
    /* From Mon 9 February: Tue 10 to Sat 14 are five, Tue 24 to Sat 28 five. */
    accept_at(l, "2026-02-09T09:00:00+08:00");
    cw_assert_at(&l->w, "c", NULL, "2026-03-01T00:00:00+08:00");
    act(l, "2026-02-12T09:00:00+08:00", "suspend", SUSPEND);
    act(l, "2026-02-25T09:00:00+08:00", "resume", "{}");
    /* Held on Fri 13, Sat 14, Tue 24 and Wed 25: Mon 2 to Thu 5 March. */
    cw_assert_at(&l->w, "c", NULL, "2026-03-06T00:00:00+08:00");
    assert_int_equal(cw_clock(&l->w, "c")->held_days, 4);
    /* Until Wed 18, a holiday: Fri 13 and Sat 14 alone; Tue 3 March. */
    accept_at(l, "2026-02-09T09:00:00+08:00");
    act(l, "2026-02-12T09:00:00+08:00", "suspend", SUSPEND);
    act(l, "2026-02-18T09:00:00+08:00", "resume", "{}");
    cw_assert_at(&l->w, "c", NULL, "2026-03-04T00:00:00+08:00");
    /* Begun and ended within the holiday: no working day of it is lost. */
    accept_at(l, "2026-02-09T09:00:00+08:00");
    act(l, "2026-02-16T09:00:00+08:00", "suspend", SUSPEND);
    act(l, "2026-02-20T09:00:00+08:00", "resume", "{}");
    cw_assert_at(&l->w, "c", NULL, "2026-03-01T00:00:00+08:00");
    assert_int_equal(state_of(l, "c"), DK_CLOCK_RUNNING);
    free_law(l);
}

static void a_ground_that_does_not_hold_moves_nothing(void **state)
{
    struct law *l = new_law(
        "{\"format\":\"docket-policy/1\",\"id\":\"t\",\"calendar\":\"cn\","
        "\"versions\":[{\"effective_from\":\"2000-01-01\",\"clocks\":["
        "{\"id\":\"c\",\"starts_on\":[\"accepted\"],"
        "\"stops_on\":[\"answered\"],\"holds_on\":[\"suspended\"],"
        "\"holds_for\":[\"hearing\"],\"length\":{\"days\":60}}]}]}");

    (void)state;
    accept_at(l, "2026-03-02T09:00:00+08:00");
    act(l, "2026-03-10T09:00:00+08:00", "suspend",
        "{\"ground\":\"appraisal\",\"reason\":\"r\"}");
    assert_int_equal(state_of(l, "c"), DK_CLOCK_RUNNING);
    act(l, "2026-03-20T09:00:00+08:00", "resume", "{}");
    cw_assert_at(&l->w, "c", NULL, "2026-05-02T00:00:00+08:00");
    act(l, "2026-03-20T09:00:00+08:00", "suspend", SUSPEND);
    assert_int_equal(state_of(l, "c"), DK_CLOCK_HELD);
    act(l, "2026-03-21T09:00:00+08:00", "resume", "{}");
    cw_assert_at(&l->w, "c", NULL, "2026-05-03T00:00:00+08:00");
    free_law(l);
}

static void a_day_of_an_event_may_be_day_one(void **state)
{
    struct law *l = new_law(
        "{\"format\":\"docket-policy/1\",\"id\":\"t\",\"calendar\":\"cn\","
        "\"versions\":[{\"effective_from\":\"2000-01-01\",\"clocks\":["
        "{\"id\":\"n\",\"starts_on\":[\"submitted\"],\"stops_on\":"
        "[\"answered\"],\"first_day\":\"same_day\",\"length\":{\"days\":5}},"
        "{\"id\":\"w\",\"starts_on\":[\"submitted\"],\"stops_on\":"
        "[\"answered\"],\"first_day\":\"same_day\","
        "\"length\":{\"days\":5,\"count\":\"working\"}}]}]}");

    (void)state;
    submit(l, "2026-03-05T09:00:00+08:00"); /* a Thursday */
    cw_assert_at(&l->w, "n", NULL, "2026-03-10T00:00:00+08:00");
    /* Thu 5, Fri 6, Mon 9, Tue 10, Wed 11. */
    cw_assert_at(&l->w, "w", NULL, "2026-03-12T00:00:00+08:00");
    submit(l, "2026-03-07T09:00:00+08:00"); /* a Saturday does not count */
    cw_assert_at(&l->w, "w", NULL, "2026-03-14T00:00:00+08:00");
    free_law(l);
}

/* ---- extensions ---- */

static void an_extension_in_the_last_hour_is_in_time(void **state)
{
    struct law *l = *state;
    struct dk_problem p = {0};

    accept_at(l, "2026-03-02T09:00:00+08:00"); /* to Wed 6 May */
    act(l, "2026-05-06T23:59:59+08:00", "extend",
        "{\"days\":30,\"reason\":\"r\",\"approved_by\":\"head-a\"}");
    cw_assert_at(&l->w, "conclude", NULL, "2026-06-06T00:00:00+08:00");
    assert_int_equal(cw_clock(&l->w, "conclude")->extended_days, 30);
    accept_at(l, "2026-03-02T09:00:00+08:00");
    assert_int_equal(cw_try_act(&l->w, "2026-05-07T00:00:00+08:00", "extend",
                                "{\"days\":30,\"reason\":\"r\","
                                "\"approved_by\":\"head-a\"}",
                                &p),
                     DK_ELIMIT);
}

/* ---- acknowledged ---- */

static void raise_and_ack(struct law *l, const char *clock, const char *rung,
                          const char *at)
{
    char json[400];
    struct dk_command cmd = {.action = DK_ACT_ACK_ALERT,
                             .by = DK_BY_BROKER,
                             .actor = "officer:li",
                             .claimed = DK_NEVER};

    (void)snprintf(json, sizeof json,
                   "[{\"action\":\"alert\",\"clock\":\"%s\",\"clock_no\":1,"
                   "\"rung\":\"%s\",\"level\":\"yellow\",\"to\":[],"
                   "\"text\":{\"zh-CN\":\"x\",\"en\":\"y\"}}]",
                   clock, rung);
    cw_apply(&l->w, json);
    (void)snprintf(json, sizeof json, "{\"alert\":%u}", l->w.c->n);
    cJSON *args = cw_json(json);
    cmd.args = args;
    l->w.now = cw_time(at);
    cw_must(&l->w, &cmd);
    cJSON_Delete(args);
    deadline(l);
}

static void an_acknowledgement_holds_three_working_days_once(void **state)
{
    struct law *l = *state;

    submit(l, "2026-02-02T09:00:00+08:00");
    /* Day 10 is Thu 12 February, day 13 Sun 15; due at the end of Tue 24. */
    cw_fire(&l->w, "2026-02-13T00:00:00+08:00");
    raise_and_ack(l, "transfer", "yellow", "2026-02-13T10:00:00+08:00");
    /* Sat 14 (make-up), Tue 24, Wed 25 - but the end waits for nobody. */
    assert_int_equal(cw_clock(&l->w, "transfer")->quiet_until,
                     cw_time("2026-02-26T00:00:00+08:00"));
    cw_fire(&l->w, "2026-02-24T23:59:59+08:00");
    assert_int_equal(l->w.last.n, 0);
    cw_fire(&l->w, "2026-02-25T00:00:00+08:00");
    assert_int_equal(l->w.last.n, 1);
    assert_true(cw_clock(&l->w, "transfer")->late);
    /* Once: the next one is on time. */
    raise_and_ack(l, "transfer", "overdue", "2026-02-25T10:00:00+08:00");
    assert_int_equal(cw_clock(&l->w, "transfer")->quiet_until,
                     cw_time("2026-02-26T00:00:00+08:00"));
    assert_int_equal(cw_clock(&l->w, "transfer")->quiets, 1);
    cw_fire(&l->w, "2026-02-26T00:00:00+08:00");
    assert_int_equal(l->w.last.n, 1);
}

static void an_acknowledgement_after_the_step_holds_nothing(void **state)
{
    struct law *l = *state;

    submit(l, "2026-03-02T09:00:00+08:00");
    cw_fire(&l->w, "2026-03-13T00:00:00+08:00");
    cw_act(&l->w, NULL, "register", "{}");
    cw_act(&l->w, NULL, "transfer", "{\"unit\":\"town-a\"}");
    raise_and_ack(l, "transfer", "yellow", "2026-03-13T10:00:00+08:00");
    assert_int_equal(cw_clock(&l->w, "transfer")->quiet_until, 0);
    assert_int_equal(state_of(l, "transfer"), DK_CLOCK_STOPPED);
}

/* ---- office hours ---- */

static void warnings_come_when_somebody_is_there(void **state)
{
    struct law *l = new_law(
        "{\"format\":\"docket-policy/1\",\"id\":\"t\",\"calendar\":\"cn\","
        "\"versions\":[{\"effective_from\":\"2000-01-01\","
        "\"hours\":\"08:30-12:00,14:00-17:30\",\"repeat\":{\"days\":1},"
        "\"ack_holds\":{\"days\":1,\"count\":\"working\"},"
        "\"ladder\":{\"a\":{\"level\":\"yellow\",\"tell\":[\"office\"]},"
        "\"b\":{\"level\":\"red\",\"tell\":[\"office\"]},"
        "\"z\":{\"level\":\"long_overdue\",\"tell\":[\"leader\"]}},"
        "\"clocks\":[{\"id\":\"c\",\"starts_on\":[\"submitted\"],"
        "\"stops_on\":[\"answered\"],\"length\":{\"days\":10},\"rungs\":["
        "{\"id\":\"a\",\"after_start\":2},{\"id\":\"b\",\"before_due\":1},"
        "{\"id\":\"z\",\"after_due\":5}]}]}]}");

    (void)state;
    submit(l, "2026-03-05T09:00:00+08:00");
    /* Day 10 is Sun 15 March and stays.  Two days are over at the end of Sat 7:
     * Mon 9, half past eight.  One day before the end would be Sun 15; Monday
     * is too late, so it is Friday afternoon.
     */
    cw_assert_at(&l->w, "c", NULL, "2026-03-16T00:00:00+08:00");
    cw_assert_at(&l->w, "c", "a", "2026-03-09T08:30:00+08:00");
    cw_assert_at(&l->w, "c", "b", "2026-03-13T14:00:00+08:00");
    /* Five days after it, at the end of Fri 20: Mon 23. */
    cw_assert_at(&l->w, "c", "z", "2026-03-23T08:30:00+08:00");
    assert_int_equal(cw_clock(&l->w, "c")->repeat_at,
                     cw_time("2026-03-17T08:30:00+08:00"));
    cw_fire(&l->w, "2026-03-09T08:29:59+08:00");
    assert_int_equal(l->w.last.n, 0);
    cw_fire(&l->w, "2026-03-09T08:30:00+08:00");
    assert_int_equal(l->w.last.n, 1);
    raise_and_ack(l, "c", "a", "2026-03-13T18:00:00+08:00");
    /* One working day: Mon 16, so that Tue 17 begins it again. */
    assert_int_equal(cw_clock(&l->w, "c")->quiet_until,
                     cw_time("2026-03-17T08:30:00+08:00"));
    free_law(l);
}

/* ---- the arithmetic, told ---- */

static struct dk_counting count_of(struct law *l, const char *clock)
{
    struct dk_counting k;
    struct dk_problem why = {0};

    if (dk_policy_count(l->p, l->cal, l->w.c, cw_clock(&l->w, clock), &k,
                        &why) != 0)
        fail_msg("%s", why.detail);
    return k;
}

static int64_t day(const char *s)
{
    struct dk_date d;

    assert_int_equal(dk_date_parse(s, strlen(s), &d), 0);
    return dk_days_from_date(d);
}

static void a_due_time_can_be_told_day_by_day(void **state)
{
    struct law *l = *state;
    struct dk_counting k;

    submit(l, "2026-02-12T09:00:00+08:00");
    cw_act(&l->w, NULL, "register", "{}");
    act(l, NULL, "transfer", "{\"unit\":\"town-a\"}");
    k = count_of(l, "object");
    assert_string_equal(k.version, "2022-05-01");
    assert_string_equal(k.article, "第二十三条");
    assert_int_equal(k.day0, day("2026-02-12"));
    assert_int_equal(k.n, 5);
    assert_true(k.working);
    assert_int_equal(k.counted, day("2026-02-26"));
    assert_false(k.moved);
    assert_int_equal(k.rests, 9); /* 15 to 23 February */
    assert_int_equal(k.n_rest, 9);
    assert_int_equal(k.rest[0], day("2026-02-15"));
    assert_int_equal(k.rest[8], day("2026-02-23"));
    assert_int_equal(k.last_now, k.last);
    accept_at(l, "2026-03-02T09:00:00+08:00");
    act(l, "2026-03-10T09:00:00+08:00", "suspend", SUSPEND);
    act(l, "2026-03-20T09:00:00+08:00", "resume", "{}");
    act(l, "2026-04-20T09:00:00+08:00", "extend",
        "{\"days\":30,\"reason\":\"r\",\"approved_by\":\"head-a\"}");
    k = count_of(l, "conclude");
    assert_int_equal(k.n, 60);
    assert_false(k.working);
    assert_int_equal(k.counted, day("2026-05-01"));
    assert_true(k.moved);
    assert_int_equal(k.last, day("2026-05-06"));
    assert_int_equal(k.rests, 5);
    assert_int_equal(k.held, 10);
    assert_int_equal(k.extended, 30);
    /* 1 May + 10 is Mon 11; + 30 is Wed 10 June. */
    assert_int_equal(k.whole, day("2026-05-11"));
    assert_int_equal(k.last_now, day("2026-06-10"));
    assert_false(k.unknown);
}

static void what_the_calendar_does_not_know_is_said(void **state)
{
    struct law *l = *state;
    struct dk_counting k;

    submit(l, "2026-12-25T09:00:00+08:00");
    k = count_of(l, "transfer");
    assert_int_equal(k.last, day("2027-01-09"));
    assert_true(k.unknown);
}

static void the_limits_of_an_event_come_as_structures(void **state)
{
    struct law *l = *state;
    struct dk_clock out[DK_CLOCKS_MAX];
    struct dk_problem why = {0};

    cw_submit(&l->w, "2026-03-02T10:00:00+08:00", "");
    assert_int_equal(dk_policy_clocks(l->p, l->cal, l->w.c, &l->w.last.v[0],
                                      out, DK_CLOCKS_MAX, &why),
                     1);
    assert_string_equal(out[0].id, "transfer");
    assert_int_equal(out[0].due_at, cw_time("2026-03-18T00:00:00+08:00"));
    assert_int_equal(out[0].n_rung, 5);
    assert_string_equal(out[0].rung[2].id, "overdue");
    assert_int_equal(out[0].days, 15);
    assert_int_equal(
        dk_policy_clocks(l->p, l->cal, l->w.c, &l->w.last.v[0], out, 0, &why),
        DK_EBUG);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_pause_over_a_holiday_adds_its_days),
        T(a_warning_that_was_given_stays_where_it_was),
        T(a_second_pause_adds_to_the_first),
        T(a_pause_is_counted_before_the_last_day_moves),
        T(a_pause_that_ends_on_a_holiday_counts_to_that_day),
        T(an_extension_and_a_pause_over_a_holiday_add_up),
        T(a_pause_that_is_answered_after_the_next_one_counts),
        T(a_hearing_in_a_review_is_not_counted),
        cmocka_unit_test(working_days_are_held_as_working_days),
        cmocka_unit_test(a_ground_that_does_not_hold_moves_nothing),
        cmocka_unit_test(a_day_of_an_event_may_be_day_one),
        T(an_extension_in_the_last_hour_is_in_time),
        T(an_acknowledgement_holds_three_working_days_once),
        T(an_acknowledgement_after_the_step_holds_nothing),
        cmocka_unit_test(warnings_come_when_somebody_is_there),
        T(a_due_time_can_be_told_day_by_day),
        T(what_the_calendar_does_not_know_is_said),
        T(the_limits_of_an_event_come_as_structures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
