/* The rules of the clocks (PROTOCOL.md): stopping, holding, extending, and
 * the worker that comes late.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/clock_kit.h"

static int extend(struct kit *k, int day, int days)
{
    char json[200];

    k->env.now = DAYS(day);
    (void)snprintf(json, sizeof(json),
                   "{\"days\":%d,\"reason\":\"复杂\",\"approved_by\":\"head\"}",
                   days);
    return kit_do(k, DK_ACT_EXTEND, json);
}

static void act_on(struct kit *k, int day, enum dk_action a)
{
    k->env.now = DAYS(day);
    path_do(k, a);
}

/* ---- stopping ----------------------------------------------------------- */

static void a_clock_stops_in_time_or_late_to_the_millisecond(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct kit k;

        begin(&k, DK_S_ACCEPTED);
        assert_int_equal(set(&k, &conclude), 0);
        k.env.now = DAYS(60) - 1 + late;
        path_do(&k, DK_ACT_ANSWER);
        assert_int_equal(the(&k, "conclude")->state, DK_CLOCK_STOPPED);
        assert_int_equal(the(&k, "conclude")->stopped_at, k.env.now);
        assert_int_equal(the(&k, "conclude")->late, late);
        /* The office was late before the clock could fire: it is told. */
        const struct dk_clock *c = the(&k, "conclude");
        assert_int_equal(c->rung[dk_clock_due_rung(c)].fired, late);
        assert_int_equal(k.c->last_n[DK_EV_CLOCK_FIRED] == k.c->n, late);
        assert_int_equal(dk_case_next(k.c), DK_NEVER);
        assert_int_equal(fire(&k, 99, 0), 0);
        end(&k);
    }
}

static void other_events_do_not_stop_a_clock(void **state)
{
    struct kit k;

    (void)state;
    begin(&k, DK_S_ACCEPTED);
    assert_int_equal(set(&k, &conclude), 0);
    act_on(&k, 5, DK_ACT_REPORT);
    act_on(&k, 6, DK_ACT_URGE);
    act_on(&k, 7, DK_ACT_ASSIGN);
    assert_int_equal(the(&k, "conclude")->state, DK_CLOCK_RUNNING);
    end(&k);
}

static void the_end_of_a_case_stops_what_waits_for_nothing(void **state)
{
    static const struct {
        enum dk_state from, to;
        enum dk_action by;
        const char *stops;
        enum dk_clock_state want;
    } ends[] = {
        {DK_S_SUBMITTED, DK_S_WITHDRAWN, DK_ACT_WITHDRAW, "\"transferred\"",
         DK_CLOCK_STOPPED},
        {DK_S_REGISTERED, DK_S_DISCIPLINE, DK_ACT_DISCIPLINE, "\"reported\"",
         DK_CLOCK_STOPPED},
        {DK_S_TRANSFERRED, DK_S_NOT_ACCEPTED, DK_ACT_NOT_ACCEPT, "\"reported\"",
         DK_CLOCK_STOPPED},
        {DK_S_TRANSFERRED, DK_S_NOT_ACCEPTED, DK_ACT_NOT_ACCEPT,
         "\"review_asked\"", DK_CLOCK_RUNNING},
        {DK_S_ANSWERED, DK_S_CLOSED, DK_ACT_CLOSE, "\"review_asked\"",
         DK_CLOCK_STOPPED},
        {DK_S_ANSWERED, DK_S_CLOSED, DK_ACT_CLOSE, "\"evaluated\"",
         DK_CLOCK_RUNNING},
        {DK_S_ANSWERED, DK_S_CLOSED, DK_ACT_CLOSE, "\"reopened\"",
         DK_CLOCK_STOPPED},
        {DK_S_IN_RE_REVIEW, DK_S_ENDED, DK_ACT_RE_REVIEW, "", DK_CLOCK_STOPPED},
        {DK_S_IN_RE_REVIEW, DK_S_ENDED, DK_ACT_RE_REVIEW, "\"evaluated\"",
         DK_CLOCK_RUNNING},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct limit l = {.id = "c", .due = 9, .stops = ends[i].stops};
        struct kit k;

        begin(&k, ends[i].from);
        assert_int_equal(set(&k, &l), 0);
        act_on(&k, 8, ends[i].by);
        assert_int_equal(k.c->state, ends[i].to);
        assert_int_equal(the(&k, "c")->state, ends[i].want);
        assert_false(the(&k, "c")->late);
        end(&k);
    }
}

static void a_clock_that_the_end_itself_starts_runs(void **state)
{
    struct limit l = {.id = "archive", .due = 90};
    struct kit k;

    (void)state;
    begin(&k, DK_S_CLOSED);
    assert_int_equal(set(&k, &l), 0);
    path_do(&k, DK_ACT_EVALUATE);
    assert_int_equal(the(&k, "archive")->state, DK_CLOCK_RUNNING);
    assert_int_equal(fire(&k, 90, 0), 1);
    end(&k);
}

/* ---- the worker was late ------------------------------------------------ */

static void a_clock_whose_stop_came_first_starts_stopped(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct limit l = conclude;
        struct kit k;

        begin(&k, DK_S_ACCEPTED);
        l.basis = k.c->n;
        act_on(&k, late ? 60 : 59, DK_ACT_ANSWER);
        act_on(&k, 80, DK_ACT_CLOSE);
        assert_int_equal(set(&k, &l), 0);
        assert_int_equal(the(&k, "conclude")->state, DK_CLOCK_STOPPED);
        assert_int_equal(the(&k, "conclude")->stopped_at, DAYS(late ? 60 : 59));
        assert_int_equal(the(&k, "conclude")->late, late);
        /* Nobody watched when the limit passed: it is told now, once. */
        assert_int_equal(k.c->last_n[DK_EV_CLOCK_FIRED] == k.c->n, late);
        uint32_t told = k.c->last_n[DK_EV_CLOCK_FIRED];
        assert_int_equal(set(&k, &l), 0);
        act_on(&k, 90, DK_ACT_EVALUATE);
        assert_int_equal(k.c->last_n[DK_EV_CLOCK_FIRED], told);
        end(&k);
    }
}

static void the_first_of_several_stops_counts(void **state)
{
    struct limit l = {
        .id = "c", .due = 15, .stops = "\"accepted\",\"transferred\""};
    struct kit k;

    (void)state;
    begin(&k, DK_S_REGISTERED);
    l.basis = k.c->n;
    act_on(&k, 3, DK_ACT_TRANSFER);
    act_on(&k, 20, DK_ACT_ACCEPT);
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(the(&k, "c")->stopped_at, DAYS(3));
    assert_false(the(&k, "c")->late);
    end(&k);
}

static void a_clock_set_after_the_end_starts_stopped(void **state)
{
    struct limit l = {.id = "c", .due = 15, .stops = "\"transferred\""};
    struct kit k;

    (void)state;
    begin(&k, DK_S_SUBMITTED);
    l.basis = k.c->n;
    act_on(&k, 3, DK_ACT_WITHDRAW);
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(the(&k, "c")->state, DK_CLOCK_STOPPED);
    assert_int_equal(the(&k, "c")->stopped_at, DAYS(3));
    end(&k);
}

static void a_clock_set_during_a_suspension_starts_held(void **state)
{
    struct limit l = conclude;
    struct kit k;

    (void)state;
    begin(&k, DK_S_ACCEPTED);
    l.basis = k.c->n;
    act_on(&k, 5, DK_ACT_SUSPEND);
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(the(&k, "conclude")->state, DK_CLOCK_HELD);
    act_on(&k, 9, DK_ACT_RESUME);
    l.due += 4;
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(the(&k, "conclude")->state, DK_CLOCK_RUNNING);
    end(&k);
}

static void an_event_before_the_basis_stops_nothing(void **state)
{
    struct limit l = conclude;
    struct kit k;

    (void)state;
    begin(&k, DK_S_ANSWERED);
    path_do(&k, DK_ACT_REOPEN);
    path_do(&k, DK_ACT_TRANSFER);
    path_do(&k, DK_ACT_ACCEPT);
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(the(&k, "conclude")->state, DK_CLOCK_RUNNING);
    end(&k);
}

/* ---- holding and extending ---------------------------------------------- */

static void an_extension_holds_the_clock_until_it_is_moved(void **state)
{
    struct limit l = conclude;
    struct kit k;

    (void)state;
    begin(&k, DK_S_ACCEPTED);
    l.basis = k.c->n;
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(extend(&k, 50, 30), 0);
    assert_non_null(strstr(body(&k, 0), "\"clock\":\"conclude\",\"days\":30"));
    assert_int_equal(k.c->extensions, 1);
    assert_int_equal(the(&k, "conclude")->state, DK_CLOCK_HELD);
    assert_int_equal(the(&k, "conclude")->extend_times, 0);
    assert_int_equal(fire(&k, 61, 0), 0); /* held: nothing is late */
    l.due = 90;
    l.red = 83;
    l.more = 97;
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(the(&k, "conclude")->state, DK_CLOCK_RUNNING);
    assert_int_equal(the(&k, "conclude")->extend_times, 0); /* not reset */
    assert_int_equal(extend(&k, 70, 5), DK_ELIMIT);
    assert_int_equal(fire(&k, 83, 0), 2);
    act_on(&k, 89, DK_ACT_ANSWER);
    assert_false(the(&k, "conclude")->late);
    end(&k);
}

static void a_held_clock_runs_again_when_it_is_set_as_it_was(void **state)
{
    struct limit l = conclude;
    struct kit k;

    (void)state;
    begin(&k, DK_S_ACCEPTED);
    l.basis = k.c->n;
    assert_int_equal(set(&k, &l), 0);
    act_on(&k, 5, DK_ACT_SUSPEND);
    assert_int_equal(set(&k, &l), 0); /* still suspended: it stays held */
    assert_int_equal(the(&k, "conclude")->state, DK_CLOCK_HELD);
    act_on(&k, 5, DK_ACT_RESUME);
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(k.new_events, 1);
    assert_int_equal(the(&k, "conclude")->state, DK_CLOCK_RUNNING);
    end(&k);
}

static void an_extension_has_its_limits(void **state)
{
    struct limit l = conclude;
    struct kit k;

    (void)state;
    begin(&k, DK_S_ACCEPTED);
    assert_int_equal(extend(&k, 1, 30), DK_ENOTFOUND); /* not set yet */
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(extend(&k, 50, 31), DK_ELIMIT);
    assert_string_equal(k.p.pointer, "/days");
    assert_int_equal(extend(&k, 60, 30), DK_ELIMIT); /* too late */
    assert_int_equal(extend(&k, 50, 30), 0);
    assert_int_equal(extend(&k, 51, 30), DK_ELIMIT); /* held */
    end(&k);
    begin(&k, DK_S_ACCEPTED);
    l.extend_times = 0;
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(extend(&k, 50, 30), DK_ELIMIT);
    end(&k);
}

static void an_extension_holds_no_other_clock(void **state)
{
    struct limit l = {.id = "report-back", .due = 60, .holds = "\"extended\""};
    struct kit k;

    (void)state;
    begin(&k, DK_S_ACCEPTED);
    assert_int_equal(set(&k, &conclude), 0);
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(extend(&k, 50, 30), 0);
    assert_int_equal(the(&k, "report-back")->state, DK_CLOCK_RUNNING);
    end(&k);
}

static void
an_answer_while_the_extension_waits_is_judged_by_the_new_limit(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct limit l = conclude;
        struct kit k;

        begin(&k, DK_S_ACCEPTED);
        l.basis = k.c->n;
        assert_int_equal(set(&k, &l), 0);
        assert_int_equal(extend(&k, 50, 30), 0);
        act_on(&k, late ? 90 : 80, DK_ACT_ANSWER);
        assert_false(the(&k, "conclude")->late);
        l.due = 90;
        assert_int_equal(set(&k, &l), 0);
        assert_int_equal(the(&k, "conclude")->state, DK_CLOCK_STOPPED);
        assert_int_equal(the(&k, "conclude")->late, late);
        end(&k);
    }
}

static void
a_suspension_holds_even_what_is_overdue_once_it_was_said(void **state)
{
    struct limit l = conclude;
    struct kit k;

    (void)state;
    begin(&k, DK_S_ACCEPTED);
    l.basis = k.c->n;
    assert_int_equal(set(&k, &l), 0);
    /* The limit passed, and nobody has heard of it yet. */
    act_on(&k, 61, DK_ACT_SUSPEND);
    assert_int_equal(the(&k, "conclude")->state, DK_CLOCK_RUNNING);
    assert_int_equal(fire(&k, 61, 0), 1);
    assert_non_null(strstr(body(&k, 0), "\"rung\":\"overdue\""));
    assert_int_equal(the(&k, "conclude")->state, DK_CLOCK_HELD);
    assert_true(the(&k, "conclude")->late);
    assert_int_equal(fire(&k, 99, 0), 0);
    act_on(&k, 100, DK_ACT_RESUME);
    l.more = 106;
    assert_int_equal(set(&k, &l), 0);
    assert_true(the(&k, "conclude")->late); /* what is late stays late */
    assert_int_equal(fire(&k, 106, 0), 1);
    act_on(&k, 107, DK_ACT_ANSWER);
    assert_true(the(&k, "conclude")->late);
    end(&k);
}

static void nothing_else_holds_what_is_overdue(void **state)
{
    struct limit l = {.id = "notice",
                      .due = 15,
                      .stops = "\"accepted\"",
                      .holds = "\"objected\""};

    (void)state;
    for (int late = 0; late < 2; late++) {
        struct kit k;

        begin(&k, DK_S_TRANSFERRED);
        assert_int_equal(set(&k, &l), 0);
        act_on(&k, late ? 15 : 14, DK_ACT_OBJECT);
        assert_int_equal(the(&k, "notice")->state,
                         late ? DK_CLOCK_RUNNING : DK_CLOCK_HELD);
        assert_int_equal(fire(&k, 20, 0), late);
        end(&k);
    }
}

/* ---- imported cases ----------------------------------------------------- */

static void do_at(struct kit *k, enum dk_action a, dk_ms claimed)
{
    struct dk_command cmd = {.action = a,
                             .by = DK_BY_CLIENT,
                             .actor = "import:a",
                             .claimed = claimed};
    cJSON *args = NULL;

    assert_int_equal(kit_parse(path_args(k, a), &args), 0);
    cmd.args = args;
    assert_int_equal(kit_run(k, &cmd), 0);
    cJSON_Delete(args);
}

static void history_brought_in_counts_from_when_it_happened(void **state)
{
    struct dk_submit s = kit_submission();
    struct limit l = conclude, o = object;
    struct kit k;

    (void)state;
    kit_open(&k);
    s.import = true;
    s.submitted_at = DAYS(0);
    k.env.now = DAYS(400);
    assert_int_equal(kit_submit(&k, &s), 0);
    path_do(&k, DK_ACT_ASSIGN);
    do_at(&k, DK_ACT_REGISTER, DAYS(1));
    do_at(&k, DK_ACT_TRANSFER, DAYS(2));
    assert_int_equal(set(&k, &o), 0);
    assert_int_equal(fire(&k, 401, 0), 1); /* lapsed long ago */
    do_at(&k, DK_ACT_ACCEPT, DAYS(3));
    assert_int_equal(k.c->last_at[DK_EV_ACCEPTED], DAYS(3));
    assert_int_equal(the(&k, "object")->state, DK_CLOCK_STOPPED);
    assert_int_equal(the(&k, "object")->stopped_at, DAYS(3));
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(fire(&k, 402, 0), 2);
    do_at(&k, DK_ACT_ANSWER, DAYS(50));
    assert_false(the(&k, "conclude")->late); /* answered in time, then */
    /* What is claimed for after the import counts as recorded. */
    k.env.now = DAYS(410);
    do_at(&k, DK_ACT_EVALUATE, DAYS(405));
    assert_int_equal(k.c->last_at[DK_EV_EVALUATED], DAYS(410));
    end(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_stops_in_time_or_late_to_the_millisecond),
        cmocka_unit_test(other_events_do_not_stop_a_clock),
        cmocka_unit_test(the_end_of_a_case_stops_what_waits_for_nothing),
        cmocka_unit_test(a_clock_that_the_end_itself_starts_runs),
        cmocka_unit_test(a_clock_whose_stop_came_first_starts_stopped),
        cmocka_unit_test(the_first_of_several_stops_counts),
        cmocka_unit_test(a_clock_set_after_the_end_starts_stopped),
        cmocka_unit_test(a_clock_set_during_a_suspension_starts_held),
        cmocka_unit_test(an_event_before_the_basis_stops_nothing),
        cmocka_unit_test(an_extension_holds_the_clock_until_it_is_moved),
        cmocka_unit_test(a_held_clock_runs_again_when_it_is_set_as_it_was),
        cmocka_unit_test(an_extension_has_its_limits),
        cmocka_unit_test(an_extension_holds_no_other_clock),
        cmocka_unit_test(
            an_answer_while_the_extension_waits_is_judged_by_the_new_limit),
        cmocka_unit_test(
            a_suspension_holds_even_what_is_overdue_once_it_was_said),
        cmocka_unit_test(nothing_else_holds_what_is_overdue),
        cmocka_unit_test(history_brought_in_counts_from_when_it_happened),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
