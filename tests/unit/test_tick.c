/* Ticks of the spine (daemon/spine.c, gather.c): what comes in, what is written
 * and what is answered when memory, the store or a peer fails, or another
 * broker was first.
 */
#include <sysexits.h>

#include "tests/support/tickwork.h"

/* ---- gathering ----------------------------------------------------------- */

static void more_leases_are_lost_than_a_batch_takes(void **state)
{
    struct office *o = *state;
    struct desk *k = &o->d.desk;

    submit(o);
    submit(o);
    struct session *s = hello(o, 'a', 4);
    tick(o);
    assert_int_equal(got('a', "task"), 2);
    desk_end(&o->d, s, "test");
    assert_int_equal(k->n_lost, 2);
    is.no_item = true; /* first there is no memory at all */
    tick(o);
    assert_int_equal(k->n_lost, 2); /* and none is forgotten for it */
    is.no_item = false;
    is.now += 1000;
    o->d.pause_until = 0;
    o->cfg.batch = 1;
    tick(o);
    assert_int_equal(k->n_lost, 1);
    assert_int_equal(o->d.stats.tasks_lost, 1);
    tick(o);
    assert_int_equal(k->n_lost, 0);
    assert_int_equal(o->d.stats.tasks_lost, 2);
}

static void what_nobody_vouches_for_never_came(void **state)
{
    struct office *o = *state;

    is.nameless = true;
    say_submit(o, 'k', "");
    tick(o);
    assert_int_equal(n_sent, 0);
    assert_int_equal(o->d.stats.messages_unnamed, 1);
    assert_int_equal(o->d.batch.n_item, 0);
    is.nameless = false;
    submit(o);
}

static void limits_of_one_case_come_in_one_item(void **state)
{
    static const struct store_due due[] = {
        {.key = 7, .clock = "answer"},
        {.key = 7, .clock = "notice"},
        {.key = 8, .clock = "answer"},
    };
    struct office *o = *state;

    is.due = due;
    is.n_due = 3;
    o->d.next_due = 1;
    o->cfg.batch = 10;
    tick(o);
    assert_int_equal(o->d.batch.n_item, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(o->d.batch.item[i].kind, ITEM_FIRE);
        assert_int_equal(o->d.batch.item[i].key, 7 + (int64_t)i);
    }
    is.no_item = true;
    tick(o);
    assert_int_equal(o->d.next_due, 1); /* it is asked about again */
    assert_int_equal(o->d.stats.commits_failed, 1);
    is.due = NULL;
}

static void a_slow_disk_gathers_longer_but_not_for_ever(void **state)
{
    struct office *o = *state;

    o->d.commit_us = 500000;
    submit(o); /* and within bounds: the test's clock stands still */
    assert_true(o->d.commit_us < 500000);
}

static void what_is_at_hand_does_not_get_lost_without_memory(void **state)
{
    struct office *o = *state;
    char no[2][DK_CASE_NO_MAX];

    for (int i = 0; i < 2; i++)
        strcpy(no[i], submit(o));
    for (int kept = 1; kept >= 0; kept--) { /* from memory; from the store */
        if (kept == 0)
            kept_clear(&o->d.kept);
        say_act(o, 'k', no[0], "accept");
        say_act(o, 'l', no[1], "accept");
        is.no_slot = true;
        tick(o);
        is.no_slot = false;
        assert_true(refused_as('k', "no-memory"));
        assert_int_equal(got('l', "problem"), 1);
        o->d.pause_until = 0;
    }
    say_act(o, 'k', no[0], "register");
    tick(o);
    assert_int_equal(got('k', "ok"), 1);
}

/* ---- writing ------------------------------------------------------------- */

static void nothing_is_taken_that_memory_does_not_match(void **state)
{
    static const struct {
        int reload, exit_code;
    } v[] = {{DK_EBUSY, 0}, {DK_ESTALE, 0}, {DK_ENOMEM, EX_IOERR}};
    struct office *o = *state;

    for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        is.commit = DK_EBUSY;
        is.reload = v[i].reload;
        is.tend = DK_EBUSY; /* so it stays */
        say_submit(o, 'k', "");
        tick(o);
        assert_int_equal(got('k', "problem"), 1);
        assert_int_equal(got('k', "ok"), 0);
        assert_int_equal(o->d.exit_code, v[i].exit_code);
        assert_true(o->d.unread);
        assert_true(o->d.away);
        say_submit(o, 'k', ""); /* nor before it was read again */
        tick(o);
        assert_true(refused_as('k', "overloaded"));
        is.tend = DK_OK;
        tick(o);
        assert_false(o->d.unread);
        assert_false(o->d.away);
        o->d.pause_until = 0;
        o->d.exit_code = 0;
    }
    submit(o);
}

/* Two brokers on one store: the other was first. */
static void who_was_second_asks_again(void **state)
{
    struct office *o = *state;
    int64_t failed = o->d.stats.commits_failed;

    is.commit = DK_ESTALE;
    say_submit(o, 'k', "");
    tick(o);
    assert_true(refused_as('k', "overloaded"));
    assert_int_equal(o->d.stats.commits_failed, failed + 1);
    assert_int_equal(o->d.pause_until, 0); /* at once */
    submit(o);
}

static void the_ballast_is_for_what_finishes_work(void **state)
{
    struct office *o = *state;

    is.commit = DK_EFULL;
    is.ballast = true;
    say_submit(o, 'k', "");
    tick(o);
    assert_true(refused_as('k', "storage-full"));
    assert_int_equal(o->d.pause_until, 0); /* there is room now, */
    assert_true(o->d.ballast.r.tight);
    say_submit(o, 'k', ""); /* but not for this */
    tick(o);
    assert_true(refused_as('k', "storage-full"));
    o->d.ballast.r.tight = false;
    is.commit = DK_EFULL;
    say_submit(o, 'k', "");
    tick(o);
    assert_true(o->d.pause_until > is.now);
}

static void a_store_that_is_away_takes_nothing(void **state)
{
    struct office *o = *state;

    submit(o);
    hello(o, 'a', 4);
    is.tend = is.commit = DK_EBUSY;
    say_submit(o, 'k', "");
    tick(o);
    assert_true(o->d.away);
    assert_true(refused_as('k', "overloaded"));
    o->d.pause_until = 0;
    n_sent = 0;
    desk_dispatch(&o->d); /* nor gives tasks: no answer could be taken */
    assert_int_equal(got('a', "task"), 0);
    is.tend = DK_OK;
    tick(o);
    assert_int_equal(got('a', "task"), 1);
}

static void a_broker_that_ends_gives_no_tasks(void **state)
{
    struct office *o = *state;

    submit(o);
    hello(o, 'a', 4);
    o->d.draining = true;
    tick(o);
    assert_int_equal(got('a', "task"), 0);
    o->d.draining = false;
    tick(o);
    assert_int_equal(got('a', "task"), 1);
}

/* What the others of several brokers wrote is looked for at each batch. */
static void among_several_nothing_is_taken_for_known(void **state)
{
    struct office *o = *state;
    char no[DK_CASE_NO_MAX];

    strcpy(no, submit(o));
    o->d.info.shared = true;
    o->d.day.seq = 900; /* of which the store knows nothing */
    submit(o);
    assert_int_equal(o->d.day.seq, 2);
    o->d.next_due = 1;
    tick(o); /* the others have what is due, if anything is */
    assert_true(o->d.next_due > o->d.batch.now);
    say_act(o, 'k', no, "register");
    say_submit(o, 'l', "");
    tick(o);
    assert_int_equal(got('k', "ok") + got('l', "ok"), 2);
    taken = n_in - 2; /* the same two once more: both are known */
    tick(o);
    assert_int_equal(got('k', "ok") + got('l', "ok"), 2);
    assert_int_equal(o->d.stats.acted_again, 1);
    assert_int_equal(o->d.stats.submitted_again, 1);
}

/* ---- answers ------------------------------------------------------------- */

static void an_answer_that_cannot_be_sent_is_counted(void **state)
{
    struct office *o = *state;

    is.send = DK_ENOTFOUND;
    say_submit(o, 'k', "");
    tick(o);
    assert_int_equal(o->d.stats.replies_lost, 1);
    assert_int_equal(o->d.stats.submitted, 1); /* it is there all the same */
}

static void persons_are_not_told_without_memory(void **state)
{
    struct office *o = *state;
    char body[160];

    say_submit(o, 'k', ",\"persons\":[{\"name\":\"某人\"}]");
    tick(o);
    cJSON *v = heard('k');
    snprintf(body, sizeof(body),
             "{\"case_no\":\"%s\",\"actor\":\"officer:li\",\"reason\":\"查\"}",
             cJSON_GetStringValue(cJSON_GetObjectItem(v, "case_no")));
    cJSON_Delete(v);
    is.shut_replies = true;
    say(false, 'k', "person.get", body);
    tick(o);
    assert_int_equal(got('k', "ok"), 0);
    is.shut_replies = false;
    say(false, 'k', "person.get", body);
    tick(o);
    assert_int_equal(got('k', "ok"), 1);
    cJSON *there = heard('k');
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(there, "persons")),
                     1);
    cJSON_Delete(there);
    say(false, 'k', "person.get",
        "{\"case_no\":\"330699-20260506-000900-3\",\"actor\":\"officer:li\","
        "\"reason\":\"查\"}");
    tick(o); /* of a case that is not there: a refusal, and only that */
    assert_int_equal(got('k', "problem"), 1);
    assert_int_equal(n_sent, 1);
}

/* ---- the test clock ------------------------------------------------------ */

static void the_test_clock_answers_when_it_is_there(void **state)
{
    struct office *o = *state;

    for (int i = 0; i < 2; i++) { /* the second time it stands there already */
        say(false, 'k', "clock.set", "{\"to\":\"2026-05-06T10:00:00+08:00\"}");
        tick(o);
        assert_int_equal(got('k', "ok"), 1);
        assert_int_equal(o->d.info.test_now, OFFICE_NOW + DK_HOUR);
    }
}

/* Not before what is due by then has fired. */
static void the_test_clock_waits_for_what_is_due(void **state)
{
    struct office *o = *state;

    o->d.advance = (struct advance){.on = true, .target = OFFICE_NOW};
    o->d.advance.peer = (struct zev_peer){.id = {'w', 'k'}, .len = 2};
    for (int settle = 0; settle < 2; settle++) {
        static const struct store_due none;
        o->d.advance.settle = settle;
        o->d.next_due = OFFICE_NOW;
        is.due = &none; /* nothing can be had of it in this tick */
        is.n_due = 0;
        tick(o);
        assert_int_equal(got('k', "ok"), 0);
        assert_true(evtimer_pending(o->d.again, NULL));
    }
    is.due = NULL;
    o->d.next_due = DK_NEVER;
    tick(o);
    assert_int_equal(got('k', "ok"), 1);
}

/* Nor, where it is asked to, before the workers have answered. */
static void the_test_clock_waits_for_the_workers(void **state)
{
    struct office *o = *state;

    submit(o);
    o->d.advance =
        (struct advance){.on = true, .settle = true, .target = OFFICE_NOW};
    o->d.advance.peer = (struct zev_peer){.id = {'w', 'k'}, .len = 2};
    tick(o);
    assert_true(o->d.advance.on);
    assert_int_equal(got('k', "ok"), 0);
    o->d.advance.settle = false;
    tick(o);
    assert_false(o->d.advance.on);
    assert_int_equal(got('k', "ok"), 1);
}

static void an_answer_of_the_test_clock_may_be_lost(void **state)
{
    struct office *o = *state;

    for (int i = 0; i < 2; i++) {
        o->d.advance = (struct advance){.on = true, .target = OFFICE_NOW};
        is.no_time = i == 0;
        is.send = i == 0 ? DK_OK : DK_ENOTFOUND;
        tick(o);
        assert_int_equal(n_sent, 0);
        assert_false(o->d.advance.on);
        assert_int_equal(o->d.stats.replies_lost, i + 1);
    }
}

int main(void)
{
#define IN(f) cmocka_unit_test_setup_teardown(f, tick_open, office_close)
    static const struct CMUnitTest tests[] = {
        IN(more_leases_are_lost_than_a_batch_takes),
        IN(what_nobody_vouches_for_never_came),
        IN(limits_of_one_case_come_in_one_item),
        IN(a_slow_disk_gathers_longer_but_not_for_ever),
        IN(what_is_at_hand_does_not_get_lost_without_memory),
        IN(nothing_is_taken_that_memory_does_not_match),
        IN(who_was_second_asks_again),
        IN(the_ballast_is_for_what_finishes_work),
        IN(a_store_that_is_away_takes_nothing),
        IN(a_broker_that_ends_gives_no_tasks),
        IN(among_several_nothing_is_taken_for_known),
        IN(an_answer_that_cannot_be_sent_is_counted),
        IN(persons_are_not_told_without_memory),
        IN(the_test_clock_answers_when_it_is_there),
        IN(the_test_clock_waits_for_what_is_due),
        IN(the_test_clock_waits_for_the_workers),
        IN(an_answer_of_the_test_clock_may_be_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
