/* Ticks of the spine, the workers' half (daemon/dispatch.c, desk.c, spine.c):
 * who gets which task, what its end means, and what becomes of damaged ones.
 */
#include "tests/support/tickwork.h"

/* ---- leases -------------------------------------------------------------- */

#define CLOCK                                                                  \
    "\"commands\":[{\"action\":\"clock\",\"clock\":\"answer\",\"basis\":1,"    \
    "\"started_at\":\"2026-05-06T09:00:00+08:00\",\"due_at\":"                 \
    "\"2026-05-22T00:00:00+08:00\",\"on_due\":\"overdue\",\"stops_on\":"       \
    "[\"answered\"],\"rungs\":[]}]"

static void an_outdated_answer_costs_no_attempt(void **state)
{
    struct office *o = *state;

    submit(o);
    struct session *s = hello(o, 'a', 4);
    tick(o);
    struct lease *l = lease_of(o, 'a');
    struct dk_case *c = kept_take(&o->d.kept, l->key);
    assert_non_null(c);
    c->last_n[DK_EV_CLOCK_SET] = 9; /* another was here meanwhile */
    c->n_clock = 1;
    c->clock[0] = (struct dk_clock){.id = "answer",
                                    .basis = 1,
                                    .no = 1,
                                    .due_at = DK_NEVER,
                                    .stopped_at = DK_NEVER};
    kept_put(&o->d.kept, c);
    answer(o, 'a', l, "result", CLOCK);
    tick(o);
    assert_int_equal(s->failed, 1);
    assert_int_equal(o->d.stats.tasks_failed, 0);
    assert_int_equal(got('a', "problem"), 1);
    assert_int_equal(got('a', "task"), 1); /* at once, and as the first time */
    cJSON *v = heard('a');
    assert_int_equal(cJSON_GetObjectItem(v, "attempt")->valueint, 1);
    cJSON_Delete(v);
}

static void the_pause_after_failures_grows_and_has_a_bound(void **state)
{
    struct office *o = *state;
    dk_ms longest = (dk_ms)100 << 9;

    o->cfg.max_attempts = 30;
    submit(o);
    hello(o, 'a', 4);
    tick(o);
    struct lease *l = lease_of(o, 'a');
    for (int i = 1; i <= 12; i++) {
        l->state = LEASE_OUT;
        answer(o, 'a', l, "fail",
               i == 12 ? "\"reason\":\"x\","
                         "\"retry_after_ms\":90000"
                       : "\"reason\":\"x\"");
        tick(o);
        dk_ms pause = l->until - is.now;
        assert_int_equal(l->state, LEASE_WAITING);
        assert_int_equal(pause, i == 12  ? 90000 /* as the worker asked */
                                : i >= 9 ? longest
                                         : (dk_ms)100 << i);
        is.now = l->until;
        tick(o);
        assert_int_equal(l->state, LEASE_OUT);
    }
}

static void a_worker_lost_twice_over_the_same_task(void **state)
{
    struct office *o = *state;

    o->cfg.max_attempts = 30;
    submit(o);
    struct session *s = hello(o, 'a', 1);
    tick(o);
    struct lease *l = lease_of(o, 'a');
    desk_end(&o->d, s, "test");
    tick(o);
    assert_true(l->suspect);
    assert_int_equal(l->until, is.now); /* at once, but alone */
    s = hello(o, 'b', 1);
    tick(o);
    assert_int_equal(got('b', "task"), 1);
    desk_end(&o->d, s, "test");
    tick(o);
    assert_true(l->suspect);
    assert_int_equal(l->until, is.now + 400);
}

/* ---- handing out --------------------------------------------------------- */

#define TIMES                                                                  \
    "\"submitted_at\":\"2026-05-06T09:00:00+08:00\",\"recorded_at\":"          \
    "\"2026-05-06T09:00:00+08:00\","

static const struct {
    const char *doc;
    int e; /* is there an event? */
    bool good;
} rows[] = {
    {NULL, 1, false},
    {"{" TIMES "\"n\":3}", 0, false},
    {"{", 1, false},
    {"{\"n\":3}", 1, false},
    {"{\"submitted_at\":\"2026-05-06T09:00:00+08:00\",\"n\":3}", 1, false},
    {"{" TIMES "\"imported\":3,\"n\":3}", 1, false},
    {"{" TIMES "\"n\":-3}", 1, false},
    {"{" TIMES "\"n\":3}", 1, true},
};

static void damaged_tasks_become_dead_letters(void **state)
{
    char body[] = "{}";
    struct dk_event e = {.seq = 100,
                         .key = 7,
                         .n = 1,
                         .type = DK_EV_REGISTERED,
                         .at = OFFICE_NOW,
                         .claimed = DK_NEVER,
                         .actor = "officer:li",
                         .body = body,
                         .body_len = 2};
    struct office *o = *state;

    hello(o, 'a', 100);
    size_t most = o->d.kept.most;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct store_task_row row = {
            .t = {.id = 400 + 4 * (int64_t)i, .key = 7, .n = 1},
            .doc = rows[i].doc,
            .doc_len = rows[i].doc != NULL ? strlen(rows[i].doc) : 0,
            .e = rows[i].e ? &e : NULL};
        /* No case is kept: of one without the head of its chain, nor among
         * several brokers.
         */
        o->d.kept.most = i % 2 == 0 ? most : 0;
        is.row = &row;
        o->d.desk.more[0] = true;
        n_sent = 0;
        desk_dispatch(&o->d);
        assert_int_equal(got('a', "task"), rows[i].good);
        struct lease *l = desk_find(&o->d.desk, row.t.id);
        assert_non_null(l);
        assert_int_equal(l->unwritable, !rows[i].good);
        if (rows[i].good)
            assert_int_equal(l->saw_n, 3);
        is.row = NULL;
    }
    assert_int_equal(o->d.desk.n_lost, 7);
    tick(o);
    assert_int_equal(o->d.batch.n_fail, 7);
    assert_non_null(strstr(o->d.batch.fail[0].reason, "damaged"));
    struct lease *l = desk_find(&o->d.desk, 400);
    assert_false(l->suspect); /* no worker is to blame */
    assert_int_equal(l->until, is.now + 200);
    struct store_task_row row = {.t = {.id = 400, .key = 7, .n = 1}};
    is.now += 1000; /* and again, when its turn comes */
    is.row = &row;
    desk_dispatch(&o->d);
    is.row = NULL;
    assert_int_equal(l->state, LEASE_BUSY);
    o->cfg.max_attempts = 2;
    tick(o);
    assert_int_equal(o->d.stats.tasks_dead, 1);
    assert_null(desk_find(&o->d.desk, 400));
}

/* A row with the chain's head can be kept for the answer; where that is not to
 * be had, its text is enough.
 */
static void a_task_is_handed_out_with_or_without_a_case_at_hand(void **state)
{
    struct office *o = *state;

    submit(o);
    o->d.kept.most = 1; /* nothing fits */
    kept_clear(&o->d.kept);
    hello(o, 'a', 4);
    tick(o);
    assert_int_equal(got('a', "task"), 1);
    assert_null(kept_look(&o->d.kept, lease_of(o, 'a')->key));
    assert_int_equal(lease_of(o, 'a')->saw_n, 1);
}

static void a_task_that_cannot_be_written_for_want_of_memory_waits(void **state)
{
    struct office *o = *state;
    struct desk *k = &o->d.desk;

    submit(o);
    hello(o, 'a', 4);
    for (int i = 0; i < 2; i++) {
        is.no_case = i == 0;
        is.no_time = i == 1;
        kept_clear(&o->d.kept);
        o->d.kept.most = 0; /* so that it is read from the row */
        desk_dispatch(&o->d);
    }
    is.no_time = false;
    assert_int_equal(k->leases.n, 0);
    assert_int_equal(k->n_lost, 0); /* that is no damage */
    tick(o);
    assert_int_equal(got('a', "task"), 1);
    struct lease *l = lease_of(o, 'a'); /* nor at the second attempt */
    answer(o, 'a', l, "fail", "\"reason\":\"x\"");
    tick(o);
    is.now = l->until;
    is.no_time = true;
    desk_dispatch(&o->d);
    assert_int_equal(l->state, LEASE_WAITING);
    assert_int_equal(k->n_lost, 0);
    is.no_time = false;
    tick(o);
    assert_int_equal(l->state, LEASE_OUT);
}

/* One that says goodbye gets nothing more, nor does one that has a suspect. */
static void who_gets_no_task(void **state)
{
    struct office *o = *state;
    struct session *a = hello(o, 'a', 8), *b = hello(o, 'b', 8);

    say(true, 'a', "bye", "{}");
    tick(o);
    assert_true(a->bye);
    for (int i = 1; i <= 3; i++) {
        submit(o);
        assert_int_equal(b->leased, i);
    }
    b->alone = true;
    submit(o);
    assert_int_equal(got('a', "task") + got('b', "task"), 0);
    struct session *c = hello(o, 'c', 8);
    for (int i = 1; i <= 3; i++) { /* whoever's turn it would be */
        submit(o);
        assert_int_equal(c->leased, i + 1);
    }
    assert_int_equal(b->leased, 3);
    assert_int_equal(a->leased, 0);
}

/* Its queue is full, and there is nobody else: the attempt does not count. */
static void a_second_attempt_that_nobody_can_take_waits(void **state)
{
    struct office *o = *state;

    submit(o);
    hello(o, 'a', 4);
    tick(o);
    struct lease *l = lease_of(o, 'a');
    answer(o, 'a', l, "fail", "\"reason\":\"x\"");
    tick(o);
    is.now = l->until;
    is.send = DK_EBUSY;
    desk_dispatch(&o->d);
    is.send = DK_OK;
    assert_int_equal(o->d.desk.n_session, 0);
    assert_int_equal(l->state, LEASE_WAITING);
    assert_int_equal(l->attempts, 1);
    hello(o, 'b', 4);
    tick(o);
    assert_int_equal(l->state, LEASE_OUT);
}

/* Neither for suspects nor for others is there anybody: no need to look at all
 * that waits.
 */
static void when_nobody_is_free_the_line_is_left_alone(void **state)
{
    struct office *o = *state;
    struct lease *l[3];

    for (int i = 0; i < 3; i++) {
        struct map_key key = map_int_key(4 * (i + 1000));
        l[i] = calloc(1, sizeof(*l[i]));
        l[i]->task_id = 4 * (i + 1000);
        l[i]->suspect = i == 1;
        assert_int_equal(map_put(&o->d.desk.leases, &key, (uintptr_t)l[i]), 0);
        desk_again(&o->d, l[i], 1, 0);
    }
    struct session *a = hello(o, 'a', 1);
    a->leased = 1; /* of a task that is not of this test */
    tick(o);
    for (int i = 0; i < 3; i++)
        assert_int_equal(l[i]->state, LEASE_WAITING);
    assert_int_equal(o->d.desk.n_waiting[0], 3);
    a->leased = 0;
    for (int i = 0; i < 2; i++)
        tick(o); /* there are no such tasks any more */
    assert_int_equal(o->d.desk.n_waiting[0], 0);
}

static void a_suspect_waits_for_who_has_least_to_do(void **state)
{
    struct office *o = *state;
    struct session *a = hello(o, 'a', 4), *b = hello(o, 'b', 4);

    a->leased = b->leased = 4; /* of tasks that are not of this test */
    submit(o);
    struct session *c = hello(o, 'c', 1);
    tick(o);
    struct lease *l = lease_of(o, 'c');
    a->leased = 3;
    b->leased = 1;
    desk_end(&o->d, c, "test");
    tick(o); /* the attempt is recorded */
    assert_int_equal(l->state, LEASE_WAITING);
    assert_true(b->kept);
    assert_false(a->kept);
    submit(o); /* goes to the other, which has more */
    assert_int_equal(a->leased, 4);
    assert_int_equal(b->leased, 1);
    b->leased = 0;
    tick(o);
    assert_int_equal(l->state, LEASE_OUT);
    assert_ptr_equal(l->session, b);
    a->leased = b->leased = 0;
    l->session = NULL;
}

/* Among several brokers, one that went away leaves tasks behind the cursor. */
static void tasks_taken_over_lie_behind(void **state)
{
    struct office *o = *state;

    submit(o);
    hello(o, 'a', 4);
    tick(o);
    struct lease *l = lease_of(o, 'a');
    int64_t id = l->task_id;
    l->session->leased--;
    desk_answered(&o->d, l); /* as if another had had it */
    is.claimed = id;
    o->d.desk.more[0] = true;
    tick(o);
    assert_int_equal(got('a', "task"), 1);
    assert_int_equal(lease_of(o, 'a')->task_id, id);
}

/* It is no open task any more, and the next in line is another. */
static void a_task_that_is_gone_is_not_taken_for_its_neighbour(void **state)
{
    struct office *o = *state;

    submit(o);
    submit(o);
    hello(o, 'a', 1);
    tick(o);
    struct lease *l = lease_of(o, 'a');
    int64_t id = l->task_id;
    struct store_changes done = {
        .task_done = &id, .n_task_done = 1, .test_now = DK_NEVER};
    assert_int_equal(store_commit(o->d.st, &done), 0);
    l->session->leased--;
    desk_again(&o->d, l, 1, 0);
    tick(o);
    assert_null(desk_find(&o->d.desk, id));
    assert_int_equal(got('a', "task"), 1);
    assert_true(lease_of(o, 'a')->task_id > id);
}

static void leases_belong_to_their_session(void **state)
{
    struct office *o = *state;

    submit(o);
    hello(o, 'a', 1);
    tick(o);
    struct lease *l = lease_of(o, 'a');
    hello(o, 'b', 1);
    answer(o, 'b', l, "result", "\"commands\":[]");
    tick(o);
    assert_true(refused_as('b', "lease"));
    answer(o, 'a', &(struct lease){.task_id = l->task_id + 4, .no = l->no},
           "result", "\"commands\":[]");
    tick(o);
    assert_true(refused_as('a', "lease"));
    assert_int_equal(o->d.stats.leases_stale, 2);
    answer(o, 'a', l, "result", "\"commands\":[]");
    tick(o);
    assert_int_equal(got('a', "done"), 1);
}

int main(void)
{
#define IN(f) cmocka_unit_test_setup_teardown(f, tick_open, office_close)
    static const struct CMUnitTest tests[] = {
        IN(an_outdated_answer_costs_no_attempt),
        IN(the_pause_after_failures_grows_and_has_a_bound),
        IN(a_worker_lost_twice_over_the_same_task),
        IN(damaged_tasks_become_dead_letters),
        IN(a_task_is_handed_out_with_or_without_a_case_at_hand),
        IN(a_task_that_cannot_be_written_for_want_of_memory_waits),
        IN(who_gets_no_task),
        IN(a_second_attempt_that_nobody_can_take_waits),
        IN(when_nobody_is_free_the_line_is_left_alone),
        IN(a_suspect_waits_for_who_has_least_to_do),
        IN(tasks_taken_over_lie_behind),
        IN(a_task_that_is_gone_is_not_taken_for_its_neighbour),
        IN(leases_belong_to_their_session),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
