/* The rules of the clocks (PROTOCOL.md): setting, firing, and rights that end.
 * test_clock_stop.c has stopping, holding and extending.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/clock_kit.h"

/* ---- setting ------------------------------------------------------------ */

static void a_clock_is_set_with_its_rungs_in_order(void **state)
{
    static const char *const order[] = {"yellow", "red", "overdue", "more"};
    const struct dk_clock *c;
    struct kit k;

    (void)state;
    begin(&k, DK_S_ACCEPTED);
    assert_int_equal(set(&k, &conclude), 0);
    c = the(&k, "conclude");
    assert_int_equal(c->no, 1);
    assert_int_equal(c->state, DK_CLOCK_RUNNING);
    assert_int_equal(c->n_rung, 4);
    for (int i = 0; i < 4; i++)
        assert_string_equal(c->rung[i].id, order[i]);
    assert_int_equal(dk_clock_next(c), DAYS(40));
    assert_int_equal(dk_case_next(k.c), DAYS(40));
    assert_non_null(strstr(body(&k, 0), "\"clock_no\":1"));
    assert_non_null(strstr(body(&k, 0), "\"policy\":\"p\",\"version\":\"v\""));
    assert_null(strstr(body(&k, 0), "overdue\",\"at\""));
    end(&k);
}

static void setting_the_same_again_is_no_event(void **state)
{
    struct limit l = conclude;
    struct kit k;

    (void)state;
    begin(&k, DK_S_ACCEPTED);
    l.basis = k.c->n;
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(k.new_events, 1);
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(k.new_events, 0);
    (void)fire(&k, 41, 0); /* also when a rung has fired since */
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(k.new_events, 0);
    path_do(&k, DK_ACT_ANSWER); /* and when it has stopped */
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(k.new_events, 0);
    end(&k);
}

static void
the_same_basis_moves_a_clock_and_fired_rungs_stay_fired(void **state)
{
    struct limit l = conclude;
    struct kit k;

    (void)state;
    begin(&k, DK_S_ACCEPTED);
    l.basis = k.c->n;
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(fire(&k, 45, 0), 1);
    l.due = 90;
    l.yellow = 70;
    l.red = 83;
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(the(&k, "conclude")->no, 1);
    assert_int_equal(the(&k, "conclude")->due_at, DAYS(90));
    assert_true(fired(&k, "conclude", "yellow"));
    assert_int_equal(dk_case_next(k.c), DAYS(67)); /* "more" */
    end(&k);
}

static void another_basis_starts_the_next_number(void **state)
{
    struct limit l = conclude;
    struct kit k;

    (void)state;
    begin(&k, DK_S_ACCEPTED);
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(fire(&k, 61, 0), 1);
    assert_true(the(&k, "conclude")->late);
    path_do(&k, DK_ACT_ANSWER);
    path_do(&k, DK_ACT_REOPEN);
    l.due = 120;
    l.yellow = 100;
    l.red = l.more = 0;
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(the(&k, "conclude")->no, 2);
    assert_int_equal(k.c->n_clock, 1);
    assert_int_equal(the(&k, "conclude")->state, DK_CLOCK_RUNNING);
    assert_false(the(&k, "conclude")->late);
    assert_false(fired(&k, "conclude", "yellow"));
    end(&k);
}

static void an_answer_to_an_older_event_does_not_undo_a_newer_one(void **state)
{
    struct limit l = conclude;
    struct kit k;

    (void)state;
    begin(&k, DK_S_TRANSFERRED);
    assert_int_equal(set(&k, &l), 0);
    l.basis = 1;
    l.due = 15;
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(k.new_events, 0);
    assert_int_equal(the(&k, "conclude")->due_at, DAYS(60));
    end(&k);
}

static void wrong_clocks_are_refused_by_their_place(void **state)
{
#define CLOCK(basis, due, more)                                                \
    "{\"clock\":\"c\",\"basis\":" basis                                        \
    ",\"started_at\":\"2026-03-01T08:00:00+08:00\",\"due_at\":" due "," more   \
    "}"
#define DUE      "\"2026-03-09T00:00:00+08:00\""
#define REST     "\"on_due\":\"overdue\",\"stops_on\":[],"
#define RUNG(id) "{\"id\":\"" id "\",\"at\":\"2026-03-02T00:00:00+08:00\"}"
    static const struct {
        const char *json, *pointer;
    } bad[] = {
        {"{}", "/clock"},
        {CLOCK("0", DUE, REST "\"rungs\":[]"), "/basis"},
        {CLOCK("9", DUE, REST "\"rungs\":[]"), "/basis"},
        {CLOCK("1", "\"2026-03-01T08:00:00+08:00\"", REST "\"rungs\":[]"),
         "/due_at"},
        {CLOCK("1", "\"soon\"", REST "\"rungs\":[]"), "/due_at"},
        {CLOCK("1", DUE, "\"on_due\":\"never\",\"stops_on\":[],\"rungs\":[]"),
         "/on_due"},
        {CLOCK("1", DUE, "\"on_due\":\"close\",\"rungs\":[]"), "/stops_on"},
        {CLOCK("1", DUE,
               "\"on_due\":\"close\",\"stops_on\":[\"acepted\"],\"rungs\":[]"),
         "/stops_on/0"},
        {CLOCK("1", DUE,
               REST "\"holds_on\":[\"suspended\",\"clock_set\"],\"rungs\":[]"),
         "/holds_on/1"},
        {CLOCK("1", DUE, REST "\"extend_times\":-1,\"rungs\":[]"),
         "/extend_times"},
        {CLOCK("1", DUE, REST "\"rungs\":[{\"id\":\"a\"}]"), "/rungs/0/at"},
        {CLOCK("1", DUE, REST "\"rungs\":[" RUNG("a") "," RUNG("a") "]"),
         "/rungs/1/id"},
        {CLOCK("1", DUE, REST "\"rungs\":[" RUNG("overdue") "]"),
         "/rungs/0/id"},
        {CLOCK("1", DUE,
               REST "\"rungs\":[" RUNG("123456789012345678901234") "]"),
         "/rungs/0/id"},
        {CLOCK(
             "1", DUE,
             REST
             "\"rungs\":[" RUNG("a") "," RUNG("b") "," RUNG("c") "," RUNG("d") "," RUNG("e") "," RUNG(
                 "f") "," RUNG("g") "," RUNG("h") "," RUNG("i") "," RUNG("j") "," RUNG("k") "," RUNG("l") "]"),
         "/rungs"},
        {CLOCK("1", DUE, REST "\"rungs\":[],\"dued_at\":1"), "/dued_at"},
    };
    struct kit k;

    (void)state;
    begin(&k, DK_S_SUBMITTED);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int rc = kit_do(&k, DK_ACT_CLOCK, bad[i].json);

        if (rc != DK_EFIELD || strcmp(k.p.pointer, bad[i].pointer) != 0)
            print_error("%zu: %d %s %s\n", i, rc, k.p.pointer, k.p.detail);
        assert_int_equal(rc, DK_EFIELD);
        assert_string_equal(k.p.pointer, bad[i].pointer);
    }
    assert_int_equal(kit_do(&k, DK_ACT_CLOCK,
                            CLOCK("1", DUE, REST "\"rungs\":[" RUNG("a") "]")),
                     0);
    end(&k);
}

static void a_case_has_room_for_sixteen_clocks(void **state)
{
    struct limit l = {.due = 9};
    char id[8];
    struct kit k;

    (void)state;
    begin(&k, DK_S_SUBMITTED);
    l.id = id;
    for (int i = 0; i < DK_CLOCKS_MAX; i++) {
        (void)snprintf(id, sizeof(id), "c%d", i);
        assert_int_equal(set(&k, &l), 0);
    }
    (void)snprintf(id, sizeof(id), "c99");
    assert_int_equal(set(&k, &l), DK_EFIELD);
    (void)snprintf(id, sizeof(id), "c3");
    assert_int_equal(set(&k, &l), 0);
    end(&k);
}

/* ---- firing ------------------------------------------------------------- */

static void a_rung_fires_at_its_instant_and_once(void **state)
{
    struct kit k;

    (void)state;
    begin(&k, DK_S_ACCEPTED);
    assert_int_equal(set(&k, &conclude), 0);
    assert_int_equal(fire(&k, 40, -1), 0);
    assert_int_equal(fire(&k, 40, 0), 1);
    assert_string_equal(
        body(&k, 0),
        "{\"clock\":\"conclude\",\"clock_no\":1,\"rung\":\"yellow\",\"at\":"
        "\"2026-04-10T08:00:00.000+08:00\",\"due_at\":"
        "\"2026-04-30T08:00:00.000+08:00\",\"skipped\":[]}");
    assert_string_equal(k.log.v[k.log.n - 1].actor, "docketd");
    assert_int_equal(fire(&k, 40, 1), 0);
    assert_int_equal(fire(&k, 39, 0), 0); /* set back: nothing twice */
    assert_int_equal(fire(&k, 40, 2), 0);
    assert_false(the(&k, "conclude")->late);
    assert_int_equal(fire(&k, 53, 0), 1);
    assert_int_equal(fire(&k, 60, -1), 0);
    assert_int_equal(fire(&k, 60, 0), 1);
    assert_true(the(&k, "conclude")->late);
    assert_int_equal(the(&k, "conclude")->state, DK_CLOCK_RUNNING);
    assert_int_equal(fire(&k, 67, 0), 1);
    assert_int_equal(dk_case_next(k.c), DK_NEVER);
    end(&k);
}

static void warnings_passed_together_fire_each(void **state)
{
    struct kit k;

    (void)state;
    begin(&k, DK_S_ACCEPTED);
    assert_int_equal(set(&k, &conclude), 0);
    assert_int_equal(fire(&k, 55, 0), 2);
    assert_non_null(strstr(body(&k, 1), "\"rung\":\"yellow\""));
    assert_non_null(strstr(body(&k, 0), "\"rung\":\"red\""));
    end(&k);
}

static void warnings_passed_with_the_limit_are_skipped(void **state)
{
    struct kit k;

    (void)state;
    begin(&k, DK_S_ACCEPTED);
    assert_int_equal(set(&k, &conclude), 0);
    assert_int_equal(fire(&k, 45, 0), 1);
    assert_int_equal(fire(&k, 70, 0), 2);
    assert_non_null(strstr(body(&k, 1), "\"rung\":\"overdue\""));
    assert_non_null(strstr(body(&k, 1), "\"skipped\":[\"red\"]"));
    assert_non_null(strstr(body(&k, 0), "\"rung\":\"more\""));
    assert_non_null(strstr(body(&k, 0), "\"skipped\":[]"));
    assert_true(fired(&k, "conclude", "red"));
    end(&k);
}

static void a_warning_at_the_limit_itself_is_skipped(void **state)
{
    struct limit l = conclude;
    struct kit k;

    (void)state;
    begin(&k, DK_S_ACCEPTED);
    l.yellow = l.more = 0;
    l.red = l.due;
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(fire(&k, 60, 0), 1);
    assert_non_null(strstr(body(&k, 0), "\"skipped\":[\"red\"]"));
    end(&k);
}

static void clocks_that_are_due_together_fire_in_order_of_time(void **state)
{
    struct limit l = {.id = "late", .due = 9};
    struct kit k;

    (void)state;
    begin(&k, DK_S_SUBMITTED);
    assert_int_equal(set(&k, &l), 0);
    l.id = "early";
    l.due = 8;
    l.more = 10;
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(fire(&k, 20, 0), 3);
    assert_non_null(strstr(body(&k, 2), "\"early\",\"clock_no\":1,\"rung\":"
                                        "\"overdue\""));
    assert_non_null(strstr(body(&k, 1), "\"late\""));
    assert_non_null(strstr(body(&k, 0), "\"more\""));
    end(&k);
}

static void the_end_of_a_window_closes_the_case(void **state)
{
    struct limit l = {.id = "review-window",
                      .due = 30,
                      .on_due = "close",
                      .stops = "\"review_asked\"",
                      .yellow = 20};
    struct limit more = {.id = "evaluate", .due = 30, .stops = "\"evaluated\""};
    struct kit k;

    (void)state;
    begin(&k, DK_S_ANSWERED);
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(set(&k, &more), 0);
    assert_int_equal(fire(&k, 20, 0), 1);
    assert_int_equal(fire(&k, 30, 0), 3);
    assert_non_null(strstr(body(&k, 2), "\"rung\":\"close\""));
    assert_int_equal(k.log.v[k.log.n - 2].type, DK_EV_CLOSED);
    assert_string_equal(k.log.v[k.log.n - 2].actor, "docketd");
    assert_string_equal(body(&k, 1),
                        "{\"clock\":\"review-window\",\"clock_no\":1}");
    assert_non_null(strstr(body(&k, 0), "\"evaluate\""));
    assert_int_equal(k.c->state, DK_S_CLOSED);
    assert_int_equal(the(&k, "review-window")->state, DK_CLOCK_LAPSED);
    assert_int_equal(the(&k, "review-window")->stopped_at, DAYS(30));
    assert_false(the(&k, "review-window")->late);
    end(&k);
}

static void a_window_of_the_past_closes_nothing(void **state)
{
    struct limit l = {.id = "review-window",
                      .due = 30,
                      .on_due = "close",
                      .stops = "\"review_asked\""};
    struct kit k;

    (void)state;
    begin(&k, DK_S_ANSWERED);
    assert_int_equal(set(&k, &l), 0);
    path_do(&k, DK_ACT_REOPEN);
    path_do(&k, DK_ACT_TRANSFER);
    path_do(&k, DK_ACT_ACCEPT);
    path_do(&k, DK_ACT_ANSWER);
    assert_int_equal(fire(&k, 30, 0), 1); /* before the new one is set */
    assert_int_equal(k.c->state, DK_S_ANSWERED);
    k.env.now = DAYS(31);
    assert_int_equal(kit_do(&k, DK_ACT_ASK_REVIEW, "{\"grounds\":\"x\"}"), 0);
    end(&k);
}

/* ---- rights that end ---------------------------------------------------- */

static void a_right_ends_with_its_limit(void **state)
{
    struct kit k;

    (void)state;
    for (int did_fire = 0; did_fire < 2; did_fire++) {
        begin(&k, DK_S_TRANSFERRED);
        assert_int_equal(set(&k, &object), 0);
        if (did_fire) {
            assert_int_equal(fire(&k, 7, 0), 1);
            assert_non_null(strstr(body(&k, 0), "\"rung\":\"lapse\""));
            assert_int_equal(the(&k, "object")->state, DK_CLOCK_LAPSED);
        }
        k.env.now = DAYS(7);
        assert_int_equal(kit_do(&k, DK_ACT_OBJECT, "{\"grounds\":\"x\"}"),
                         DK_ELIMIT);
        assert_non_null(strstr(k.p.detail, "object"));
        end(&k);
    }
    begin(&k, DK_S_TRANSFERRED);
    assert_int_equal(set(&k, &object), 0);
    k.env.now = DAYS(7) - 1;
    assert_int_equal(kit_do(&k, DK_ACT_OBJECT, "{\"grounds\":\"x\"}"), 0);
    assert_int_equal(the(&k, "object")->state, DK_CLOCK_STOPPED);
    assert_false(the(&k, "object")->late);
    end(&k);
}

static void a_new_transfer_brings_the_right_back(void **state)
{
    static const enum dk_action again[] = {DK_ACT_TRANSFER, DK_ACT_HAND_OVER};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct limit l = object;
        struct kit k;

        begin(&k, DK_S_TRANSFERRED);
        l.basis = k.c->last_n[DK_EV_TRANSFERRED];
        assert_int_equal(set(&k, &l), 0);
        assert_int_equal(fire(&k, 8, 0), 1);
        path_do(&k, again[i]); /* and before the new clock is set */
        assert_int_equal(kit_do(&k, DK_ACT_OBJECT, "{\"grounds\":\"x\"}"), 0);
        end(&k);
    }
}

static void
no_lapsed_clock_forbids_closing_withdrawing_or_reopening(void **state)
{
    struct limit l = {.id = "w",
                      .due = 7,
                      .on_due = "lapse",
                      .stops = "\"withdrawn\",\"reopened\",\"closed\","
                               "\"review_asked\""};
    struct kit k;

    (void)state;
    begin(&k, DK_S_ANSWERED);
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(fire(&k, 8, 0), 1);
    assert_int_equal(kit_do(&k, DK_ACT_ASK_REVIEW, "{\"grounds\":\"x\"}"),
                     DK_ELIMIT);
    assert_int_equal(kit_do(&k, DK_ACT_CLOSE, "{}"), 0);
    assert_int_equal(kit_do(&k, DK_ACT_REOPEN, "{\"facts\":\"x\"}"), 0);
    assert_int_equal(kit_do(&k, DK_ACT_WITHDRAW, "{\"document\":\"d\"}"), 0);
    end(&k);
}

static void a_lapsed_clock_is_not_moved(void **state)
{
    struct limit l = object;
    struct kit k;

    (void)state;
    begin(&k, DK_S_TRANSFERRED);
    l.basis = k.c->n;
    assert_int_equal(set(&k, &l), 0);
    assert_int_equal(fire(&k, 8, 0), 1);
    assert_int_equal(set(&k, &l), 0); /* the same: repeated harmlessly */
    assert_int_equal(k.new_events, 0);
    l.due = 20;
    assert_int_equal(set(&k, &l), DK_ELIMIT);
    end(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_is_set_with_its_rungs_in_order),
        cmocka_unit_test(setting_the_same_again_is_no_event),
        cmocka_unit_test(
            the_same_basis_moves_a_clock_and_fired_rungs_stay_fired),
        cmocka_unit_test(another_basis_starts_the_next_number),
        cmocka_unit_test(an_answer_to_an_older_event_does_not_undo_a_newer_one),
        cmocka_unit_test(wrong_clocks_are_refused_by_their_place),
        cmocka_unit_test(a_case_has_room_for_sixteen_clocks),
        cmocka_unit_test(a_rung_fires_at_its_instant_and_once),
        cmocka_unit_test(warnings_passed_together_fire_each),
        cmocka_unit_test(warnings_passed_with_the_limit_are_skipped),
        cmocka_unit_test(a_warning_at_the_limit_itself_is_skipped),
        cmocka_unit_test(clocks_that_are_due_together_fire_in_order_of_time),
        cmocka_unit_test(the_end_of_a_window_closes_the_case),
        cmocka_unit_test(a_window_of_the_past_closes_nothing),
        cmocka_unit_test(a_right_ends_with_its_limit),
        cmocka_unit_test(a_new_transfer_brings_the_right_back),
        cmocka_unit_test(
            no_lapsed_clock_forbids_closing_withdrawing_or_reopening),
        cmocka_unit_test(a_lapsed_clock_is_not_moved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
