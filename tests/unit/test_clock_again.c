/* What goes on after a limit has passed: it is told again, an acknowledgement
 * holds the next rung for a while, a mute has an owner and an end.  And what
 * becomes of a number that a later one replaces.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/clock.h"
#include "tests/support/clock_kit.h"

#define NEVER_QUIET 0

/* "conclude" of clock_kit.h, due on day 60, told again from day 61 on each day;
 * and quiet until day `quiet`.
 */
static int set_again(struct kit *k, uint32_t basis, int quiet)
{
    char json[1200], from[DK_TIME_MAX], due[DK_TIME_MAX], rung[3][DK_TIME_MAX];
    char again[DK_TIME_MAX], until[DK_TIME_MAX], more[80] = "";

    dk_time_format(DAYS(0), 480, from);
    dk_time_format(DAYS(40), 480, rung[0]);
    dk_time_format(DAYS(53), 480, rung[1]);
    dk_time_format(DAYS(60), 480, due);
    dk_time_format(DAYS(61), 480, again);
    dk_time_format(DAYS(67), 480, rung[2]);
    dk_time_format(DAYS(quiet), 480, until);
    if (quiet != NEVER_QUIET)
        (void)snprintf(more, sizeof(more), "\"quiet_until\":\"%s\",", until);
    (void)snprintf(json, sizeof(json),
                   "{\"clock\":\"conclude\",\"basis\":%u,\"started_at\":\"%s\","
                   "\"due_at\":\"%s\",\"on_due\":\"overdue\","
                   "\"stops_on\":[\"answered\"],\"holds_on\":[\"suspended\"],"
                   "\"days\":60,\"repeat_at\":\"%s\",\"repeat_days\":1,%s"
                   "\"rungs\":[{\"id\":\"yellow\",\"at\":\"%s\"},"
                   "{\"id\":\"red\",\"at\":\"%s\"},"
                   "{\"id\":\"more\",\"at\":\"%s\"}]}",
                   basis, from, due, again, more, rung[0], rung[1], rung[2]);
    return kit_do(k, DK_ACT_CLOCK, json);
}

static void begin_again(struct kit *k)
{
    begin(k, DK_S_ACCEPTED);
    assert_int_equal(set_again(k, k->c->last_n[DK_EV_ACCEPTED], NEVER_QUIET),
                     0);
    assert_int_equal(the(k, "conclude")->no, 1);
}

static bool says(const struct kit *k, size_t back, const char *text)
{
    return strstr(body(k, back), text) != NULL;
}

/* ---- told again ---- */

static void what_is_overdue_is_told_again_until_somebody_acts(void **state)
{
    struct kit k;

    (void)state;
    begin_again(&k);
    assert_int_equal(fire(&k, 60, -1), 2); /* yellow, then red */
    assert_true(says(&k, 0, "\"rung\":\"red\""));
    assert_int_equal(fire(&k, 60, 0), 1);
    assert_true(says(&k, 0, "\"rung\":\"overdue\""));
    assert_int_equal(fire(&k, 61, -1), 0);
    assert_int_equal(dk_clock_next(the(&k, "conclude")), DAYS(61));
    assert_int_equal(fire(&k, 61, 0), 1);
    assert_true(says(&k, 0, "\"rung\":\"repeat\""));
    assert_true(says(&k, 0, "\"times\":1"));
    assert_int_equal(fire(&k, 61, 1), 0);
    /* Nobody was there for three days: one alert, which counts them. */
    assert_int_equal(fire(&k, 64, 5), 1);
    assert_true(says(&k, 0, "\"times\":4"));
    assert_int_equal(dk_clock_next(the(&k, "conclude")), DAYS(65));
    path_do(&k, DK_ACT_ANSWER);
    assert_int_equal(fire(&k, 70, 0), 0);
    end(&k);
}

static void a_rung_stands_in_for_the_repetition_of_its_day(void **state)
{
    struct kit k;

    (void)state;
    begin_again(&k);
    (void)fire(&k, 66, 0);
    assert_int_equal(fire(&k, 67, 0), 1);
    assert_true(says(&k, 0, "\"rung\":\"more\""));
    assert_int_equal(dk_clock_next(the(&k, "conclude")), DAYS(68));
    assert_int_equal(the(&k, "conclude")->times, 7);
    end(&k);
}

static void a_clock_that_is_held_says_nothing_again(void **state)
{
    struct kit k;

    (void)state;
    begin_again(&k);
    (void)fire(&k, 60, 0);
    path_do(&k, DK_ACT_SUSPEND);
    assert_int_equal(the(&k, "conclude")->state, DK_CLOCK_HELD);
    assert_int_equal(fire(&k, 65, 0), 0);
    path_do(&k, DK_ACT_RESUME);
    assert_int_equal(fire(&k, 66, 0), 0); /* until the service has answered */
    assert_int_equal(set_again(&k, the(&k, "conclude")->basis, NEVER_QUIET), 0);
    assert_int_equal(fire(&k, 66, 0), 1);
    assert_true(says(&k, 0, "\"times\":6"));
    end(&k);
}

/* ---- acknowledged ---- */

static void an_acknowledgement_holds_the_next_rung(void **state)
{
    struct kit k;
    uint32_t basis;

    (void)state;
    begin_again(&k);
    basis = the(&k, "conclude")->basis;
    assert_int_equal(fire(&k, 40, 0), 1);
    assert_int_equal(set_again(&k, basis, 55), 0);
    assert_int_equal(the(&k, "conclude")->quiets, 1);
    assert_int_equal(fire(&k, 53, 0), 0);
    assert_int_equal(dk_clock_next(the(&k, "conclude")), DAYS(55));
    assert_int_equal(fire(&k, 55, 0), 1);
    assert_true(says(&k, 0, "\"rung\":\"red\""));
    /* Set anew without a word of it, it keeps what it had. */
    assert_int_equal(set_again(&k, basis, NEVER_QUIET), 0);
    assert_int_equal(k.new_events, 0);
    assert_int_equal(the(&k, "conclude")->quiet_until, DAYS(55));
    assert_int_equal(the(&k, "conclude")->quiets, 1);
    end(&k);
}

static void nothing_holds_the_end_of_a_limit(void **state)
{
    struct kit k;

    (void)state;
    begin_again(&k);
    assert_int_equal(fire(&k, 40, 0), 1);
    assert_int_equal(set_again(&k, the(&k, "conclude")->basis, 63), 0);
    assert_int_equal(fire(&k, 60, 0), 1);
    assert_true(says(&k, 0, "\"rung\":\"overdue\""));
    assert_true(says(&k, 0, "\"skipped\":[\"red\"]"));
    assert_true(the(&k, "conclude")->late);
    assert_int_equal(fire(&k, 63, -1), 0);
    assert_int_equal(fire(&k, 63, 0), 1);
    assert_true(says(&k, 0, "\"times\":3"));
    end(&k);
}

/* ---- muted ---- */

static int mute(struct kit *k, const char *actor, const char *clock, int until)
{
    char json[200], at[DK_TIME_MAX];

    dk_time_format(DAYS(until), 480, at);
    (void)snprintf(json, sizeof(json),
                   "{\"clock\":\"%s\",\"until\":\"%s\",\"reason\":\"等鉴定\"}",
                   clock, at);
    return kit_do_as(k, DK_ACT_MUTE, DK_BY_CLIENT, actor, json);
}

static void a_mute_holds_repetitions_and_what_comes_long_after(void **state)
{
    struct kit k;

    (void)state;
    begin_again(&k);
    (void)fire(&k, 60, 0);
    assert_int_equal(mute(&k, "officer:o1", "conclude", 70), 0);
    assert_int_equal(the(&k, "conclude")->muted_until, DAYS(70));
    assert_int_equal(the(&k, "conclude")->muted_n, k.c->n);
    assert_string_equal(the(&k, "conclude")->muted_by, "officer:o1");
    assert_int_equal(fire(&k, 69, 0), 0);
    assert_int_equal(dk_clock_next(the(&k, "conclude")), DAYS(70));
    assert_int_equal(fire(&k, 70, 0), 1); /* what was due on day 67 */
    assert_true(says(&k, 0, "\"rung\":\"more\""));
    assert_int_equal(fire(&k, 71, 0), 1);
    assert_true(says(&k, 0, "\"times\":11"));
    end(&k);
}

static void a_mute_never_holds_the_first_warnings_and_the_end(void **state)
{
    struct kit k;

    (void)state;
    begin_again(&k);
    k.env.now = DAYS(39);
    assert_int_equal(mute(&k, "officer:o1", "conclude", 69), 0);
    assert_int_equal(fire(&k, 40, 0), 1);
    assert_int_equal(fire(&k, 53, 0), 1);
    assert_int_equal(fire(&k, 60, 0), 1);
    assert_true(says(&k, 0, "\"rung\":\"overdue\""));
    assert_int_equal(fire(&k, 68, 0), 0);
    assert_int_equal(fire(&k, 69, 0), 1);
    end(&k);
}

static void a_mute_has_an_owner_a_reason_and_an_end(void **state)
{
    struct kit k;

    (void)state;
    begin_again(&k);
    (void)fire(&k, 60, 0);
    assert_int_equal(mute(&k, "officer:o1", "conclude", 60), DK_EFIELD);
    assert_string_equal(k.p.pointer, "/until");
    assert_int_equal(mute(&k, "officer:o1", "conclude", 91), DK_EFIELD);
    assert_int_equal(mute(&k, "officer:o1", "conclude", 90), 0);
    assert_int_equal(mute(&k, "petitioner:x", "conclude", 61), DK_EFORBIDDEN);
    assert_int_equal(mute(&k, "import:x", "conclude", 61), DK_EFORBIDDEN);
    assert_int_equal(mute(&k, "officer:o1", "notice", 61), DK_ENOTFOUND);
    assert_int_equal(kit_do(&k, DK_ACT_MUTE,
                            "{\"clock\":\"conclude\","
                            "\"until\":\"2026-05-10T00:00:00+08:00\"}"),
                     DK_EFIELD);
    assert_string_equal(k.p.pointer, "/reason");
    assert_int_equal(set(&k, &object), 0);
    assert_int_equal(mute(&k, "officer:o1", "object", 61), DK_ELIMIT);
    path_do(&k, DK_ACT_ANSWER);
    assert_int_equal(mute(&k, "officer:o1", "conclude", 61), DK_ELIMIT);
    end(&k);
}

static void a_new_number_is_not_muted_by_the_old_one(void **state)
{
    struct kit k;

    (void)state;
    begin_again(&k);
    (void)fire(&k, 60, 0);
    assert_int_equal(mute(&k, "officer:o1", "conclude", 70), 0);
    assert_int_equal(set_again(&k, k.c->n, NEVER_QUIET), 0);
    assert_int_equal(the(&k, "conclude")->no, 2);
    assert_int_equal(the(&k, "conclude")->muted_until, 0);
    assert_int_equal(the(&k, "conclude")->times, 0);
    end(&k);
}

/* ---- replaced ---- */

static void a_limit_that_passed_is_told_before_it_is_replaced(void **state)
{
    struct kit k;

    (void)state;
    begin_again(&k);
    k.env.now = DAYS(60); /* and nobody has fired anything */
    assert_int_equal(set_again(&k, k.c->n, NEVER_QUIET), 0);
    assert_int_equal(k.new_events, 2);
    assert_true(says(&k, 1, "\"clock_no\":1,\"rung\":\"overdue\""));
    assert_true(says(&k, 0, "\"clock_no\":2,\"basis\""));
    /* The new number has the same end here, and tells of it too. */
    assert_int_equal(fire(&k, 60, 0), 1);
    end(&k);
}

static void a_later_number_says_when_the_first_was_due(void **state)
{
    struct kit k;

    (void)state;
    begin_again(&k);
    assert_int_equal(the(&k, "conclude")->first_due, 0);
    assert_int_equal(set_again(&k, k.c->n, NEVER_QUIET), 0);
    assert_int_equal(the(&k, "conclude")->first_due, DAYS(60));
    assert_int_equal(set_again(&k, k.c->n, NEVER_QUIET), 0);
    assert_int_equal(the(&k, "conclude")->no, 3);
    assert_int_equal(the(&k, "conclude")->first_due, DAYS(60));
    path_do(&k, DK_ACT_WITHDRAW);
    path_do(&k, DK_ACT_REOPEN);
    assert_int_equal(set_again(&k, k.c->n, NEVER_QUIET), 0);
    assert_int_equal(the(&k, "conclude")->first_due, 0);
    end(&k);
}

/* ---- held by ground ---- */

static int set_for(struct kit *k, const char *grounds)
{
    char json[400];

    (void)snprintf(json, sizeof(json),
                   "{\"clock\":\"r\",\"basis\":1,"
                   "\"started_at\":\"2026-03-01T08:00:00+08:00\","
                   "\"due_at\":\"2026-06-01T00:00:00+08:00\","
                   "\"on_due\":\"overdue\",\"stops_on\":[],"
                   "\"holds_on\":[\"suspended\"],\"holds_for\":[%s],"
                   "\"rungs\":[]}",
                   grounds);
    return kit_do(k, DK_ACT_CLOCK, json);
}

static void only_the_grounds_of_a_clock_hold_it(void **state)
{
    static const struct {
        const char *holds_for, *suspend;
        enum dk_clock_state want;
    } row[] = {
        {"\"hearing\"", "{\"reason\":\"x\"}", DK_CLOCK_HELD},
        {"\"hearing\"", "{\"ground\":\"appraisal\",\"reason\":\"x\"}",
         DK_CLOCK_RUNNING},
        {"\"hearing\",\"appraisal\"",
         "{\"ground\":\"appraisal\",\"reason\":\"x\"}", DK_CLOCK_HELD},
        {"", "{\"ground\":\"force_majeure\",\"reason\":\"x\"}", DK_CLOCK_HELD},
    };
    static const enum dk_state in[] = {DK_S_ACCEPTED, DK_S_IN_REVIEW,
                                       DK_S_IN_RE_REVIEW};

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        for (size_t s = 0; s < sizeof(in) / sizeof(in[0]); s++) {
            struct kit k;

            begin(&k, in[s]);
            assert_int_equal(set_for(&k, row[i].holds_for), 0);
            assert_int_equal(kit_do(&k, DK_ACT_SUSPEND, row[i].suspend), 0);
            assert_int_equal(the(&k, "r")->state, row[i].want);
            path_do(&k, DK_ACT_RESUME);
            assert_int_equal(k.c->state, in[s]);
            end(&k);
            /* The same when the clock is set while the case stands still. */
            begin(&k, in[s]);
            assert_int_equal(kit_do(&k, DK_ACT_SUSPEND, row[i].suspend), 0);
            assert_int_equal(set_for(&k, row[i].holds_for), 0);
            assert_int_equal(the(&k, "r")->state, row[i].want);
            end(&k);
        }
    }
}

static void what_goes_on_says_since_when_it_stood_still(void **state)
{
    char want[100], at[DK_TIME_MAX];
    struct kit k;

    (void)state;
    begin(&k, DK_S_ACCEPTED);
    k.env.now = DAYS(3);
    assert_int_equal(kit_do(&k, DK_ACT_SUSPEND,
                            "{\"ground\":\"appraisal\",\"reason\":\"x\"}"),
                     0);
    k.env.now = DAYS(5);
    assert_int_equal(kit_do(&k, DK_ACT_RESUME, "{\"note\":\"y\"}"), 0);
    dk_time_format(DAYS(3), 480, at);
    (void)snprintf(want, sizeof(want),
                   "{\"ground\":\"appraisal\",\"since\":\"%s\",\"note\":\"y\"}",
                   at);
    assert_string_equal(body(&k, 0), want);
    end(&k);
    begin(&k, DK_S_OBJECTED);
    dk_time_format(k.c->last_at[DK_EV_OBJECTED], 480, at);
    k.env.now = DAYS(6);
    assert_int_equal(kit_do(&k, DK_ACT_REFUSE_OBJECTION, "{\"reason\":\"y\"}"),
                     0);
    (void)snprintf(want, sizeof(want), "{\"since\":\"%s\",\"reason\":\"y\"}",
                   at);
    assert_string_equal(body(&k, 0), want);
    end(&k);
}

/* ---- what a command may say ---- */

static void a_wrong_clock_is_refused_by_its_place(void **state)
{
#define CLOCK(more)                                                            \
    "{\"clock\":\"c\",\"basis\":1,"                                            \
    "\"started_at\":\"2026-03-01T08:00:00+08:00\","                            \
    "\"due_at\":\"2026-06-01T00:00:00+08:00\",\"on_due\":\"overdue\","         \
    "\"stops_on\":[]," more "}"
    static const struct {
        const char *json, *pointer;
    } bad[] = {
        {CLOCK("\"repeat_days\":1,\"rungs\":[]"), "/repeat_at"},
        {CLOCK("\"repeat_at\":\"2026-06-02T00:00:00+08:00\",\"rungs\":[]"),
         "/repeat_at"},
        {CLOCK("\"repeat_at\":\"2026-05-31T00:00:00+08:00\","
               "\"repeat_days\":1,\"rungs\":[]"),
         "/repeat_at"},
        {CLOCK("\"held_days\":-1,\"rungs\":[]"), "/held_days"},
        {CLOCK("\"quiet_until\":1,\"rungs\":[]"), "/quiet_until"},
        {CLOCK("\"holds_for\":[\"rain\"],\"rungs\":[]"), "/holds_for/0"},
        {CLOCK("\"rungs\":[{\"id\":\"repeat\","
               "\"at\":\"2026-05-31T00:00:00+08:00\"}]"),
         "/rungs/0/id"},
    };
    struct kit k;

    (void)state;
    begin(&k, DK_S_ACCEPTED);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(kit_do(&k, DK_ACT_CLOCK, bad[i].json), DK_EFIELD);
        assert_string_equal(k.p.pointer, bad[i].pointer);
    }
    end(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_overdue_is_told_again_until_somebody_acts),
        cmocka_unit_test(a_rung_stands_in_for_the_repetition_of_its_day),
        cmocka_unit_test(a_clock_that_is_held_says_nothing_again),
        cmocka_unit_test(an_acknowledgement_holds_the_next_rung),
        cmocka_unit_test(nothing_holds_the_end_of_a_limit),
        cmocka_unit_test(a_mute_holds_repetitions_and_what_comes_long_after),
        cmocka_unit_test(a_mute_never_holds_the_first_warnings_and_the_end),
        cmocka_unit_test(a_mute_has_an_owner_a_reason_and_an_end),
        cmocka_unit_test(a_new_number_is_not_muted_by_the_old_one),
        cmocka_unit_test(a_limit_that_passed_is_told_before_it_is_replaced),
        cmocka_unit_test(a_later_number_says_when_the_first_was_due),
        cmocka_unit_test(only_the_grounds_of_a_clock_hold_it),
        cmocka_unit_test(what_goes_on_says_since_when_it_stood_still),
        cmocka_unit_test(a_wrong_clock_is_refused_by_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
