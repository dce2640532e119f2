/* test_conformance_queues.c - clocks that fall due and tasks that wait, held
 * against every back end.
 */
#include "world.h"

/* ---- clocks ------------------------------------------------------------- */

static int see_due(void *arg, const struct store_due *d)
{
    assert_string_equal(d->clock, "transfer");
    return see(arg, d->key);
}

static void put_case_again(struct world *w, struct dk_case *c)
{
    struct batch *b = batch_new();

    add_event(w, b, c->key, c->n, DK_EV_CLOCK_FIRED, "{}");
    add_case(b, c, false);
    add_clocks(b, c);
    assert_int_equal(commit(w, b), 0);
}

static void due_clocks_come_earliest_first_and_only_when_due(void **state)
{
    struct world *w = *state;
    struct seen s = {.n = 0};
    dk_ms next = 0;

    assert_int_equal(store_next_due(w->st, &next), 0);
    assert_int_equal(next, DK_NEVER);
    submit(w, 3);
    submit(w, 2);
    submit(w, 4);
    assert_int_equal(store_next_due(w->st, &next), 0);
    assert_int_equal(next, T0 + 2 * DK_DAY);
    assert_int_equal(store_due_clocks(w->st, next - 1, 9, see_due, &s), 0);
    assert_int_equal(s.n, 0);
    assert_int_equal(store_due_clocks(w->st, next, 9, see_due, &s), 0);
    assert_int_equal(s.n, 1);
    s.n = 0;
    assert_int_equal(store_due_clocks(w->st, T0 + 3 * DK_DAY, 9, see_due, &s),
                     0);
    assert_int_equal(s.n, 2);
    assert_int_equal(s.v[0], KEY(2));
    assert_int_equal(s.v[1], KEY(3));
    s.n = 0;
    assert_int_equal(store_due_clocks(w->st, DK_NEVER, 2, see_due, &s), 0);
    assert_int_equal(s.n, 2);
}

static void
a_clock_fires_next_at_its_next_rung_and_not_when_held_or_stopped(void **state)
{
    struct world *w = *state;
    dk_ms next = 0;

    submit(w, 1);
    for (int step = 0; step < 4; step++) {
        static const dk_ms want[] = {T0 + 6 * DK_DAY, DK_NEVER, DK_NEVER,
                                     DK_NEVER};
        struct dk_case *c =
            make_case(KEY(1), (uint32_t)step + 2, DK_S_SUBMITTED, "", "");
        struct dk_clock *k =
            give_clock(c, "transfer", T0 + DK_DAY, T0 + 6 * DK_DAY);

        k->rung[0].fired = true;
        if (step == 1)
            k->state = DK_CLOCK_HELD;
        if (step == 2)
            k->rung[1].fired = true;
        if (step == 3)
            k->state = DK_CLOCK_STOPPED;
        put_case_again(w, c);
        assert_int_equal(store_next_due(w->st, &next), 0);
        assert_int_equal(next, want[step]);
    }
}

/* ---- tasks -------------------------------------------------------------- */

static int see_task(void *arg, const struct store_task_row *row)
{
    assert_memory_equal(row->doc, "{\"case_no\":", 11);
    assert_int_equal(strlen(row->doc), row->doc_len);
    assert_int_equal(row->e->key, row->t.key);
    assert_int_equal(row->e->n, row->t.n);
    return see(arg, row->t.id);
}

static int see_task_info(void *arg, const struct store_task_info *t)
{
    return see(arg, t->t.id);
}

static void expect_tasks(struct world *w, int64_t open, int64_t dead)
{
    struct store_totals t;
    int64_t n = 0, sum[2] = {0, 0};

    for (int svc = 0; svc < DK_SVC_N; svc++) {
        for (int d = 0; d < 2; d++) {
            assert_int_equal(
                store_task_count(w->st, (enum dk_service)svc, d != 0, 1000, &n),
                0);
            sum[d] += n;
        }
    }
    assert_int_equal(store_totals(w->st, &t), 0);
    assert_int_equal(t.tasks_open, open);
    assert_int_equal(t.tasks_dead, dead);
    assert_int_equal(sum[0], open);
    assert_int_equal(sum[1], dead);
}

static void
tasks_of_a_service_come_in_order_with_their_case_and_event(void **state)
{
    struct world *w = *state;
    struct seen s = {.n = 0};
    int64_t n = 0;

    for (int i = 1; i <= 5; i++)
        submit(w, i);
    assert_int_equal(store_tasks(w->st, DK_SVC_DEADLINE, 11, 3, see_task, &s),
                     0);
    assert_int_equal(s.n, 3);
    assert_int_equal(s.v[0], 21);
    assert_int_equal(s.v[2], 41);
    s.n = 0;
    assert_int_equal(store_task_list(w->st, false, 20, 4, see_task_info, &s),
                     0);
    assert_int_equal(s.n, 4);
    assert_int_equal(s.v[0], 21);
    assert_int_equal(s.v[1], 30);
    assert_int_equal(s.v[3], 40);
    assert_int_equal(store_task_count(w->st, DK_SVC_ASSIGN, false, 3, &n), 0);
    assert_int_equal(n, 3); /* counts no further than asked */
    assert_int_equal(store_task_count(w->st, DK_SVC_ESCALATE, false, 3, &n), 0);
    assert_int_equal(n, 0);
    expect_tasks(w, 10, 0);
}

static void a_task_fails_dies_comes_back_and_ends(void **state)
{
    struct world *w = *state;
    struct store_task_info t;
    struct batch *b = batch_new();

    submit(w, 1);
    add_fail(b, 10, 2, false, "worker went away");
    assert_int_equal(commit(w, b), 0);
    assert_int_equal(store_task_get(w->st, 10, &t), 0);
    assert_int_equal(t.t.attempts, 2);
    assert_int_equal(t.failed_at, T0 + 2);
    assert_string_equal(t.reason, "worker went away");
    assert_false(t.dead);
    expect_tasks(w, 2, 0);

    b = batch_new();
    add_fail(b, 10, 5, true, "毒任务");
    assert_int_equal(commit(w, b), 0);
    assert_int_equal(store_task_get(w->st, 10, &t), 0);
    assert_true(t.dead);
    assert_int_equal(t.t.service, DK_SVC_ASSIGN);
    assert_int_equal(t.t.key, KEY(1));
    assert_string_equal(t.reason, "毒任务");
    expect_tasks(w, 1, 1);

    b = batch_new();
    b->retry[b->ch.n_task_retry++] = 10;
    assert_int_equal(commit(w, b), 0);
    assert_int_equal(store_task_get(w->st, 10, &t), 0);
    assert_false(t.dead);
    assert_int_equal(t.t.attempts, 0);
    expect_tasks(w, 2, 0);

    b = batch_new();
    b->done[b->ch.n_task_done++] = 10;
    add_fail(b, 11, 1, true, "dead at once");
    assert_int_equal(commit(w, b), 0);
    assert_int_equal(store_task_get(w->st, 10, &t), DK_ENOTFOUND);
    expect_tasks(w, 0, 1);

    b = batch_new();
    b->done[b->ch.n_task_done++] = 11; /* dropped from the dead letters */
    assert_int_equal(commit(w, b), 0);
    expect_tasks(w, 0, 0);
}

static void
ending_failing_or_retrying_a_task_that_is_not_there_is_no_error(void **state)
{
    struct world *w = *state;
    struct batch *b = batch_new();

    submit(w, 1);
    b->done[b->ch.n_task_done++] = 777;
    b->retry[b->ch.n_task_retry++] = 778;
    b->retry[b->ch.n_task_retry++] = 10; /* not dead */
    add_fail(b, 779, 1, true, "x");
    add_ack(b, KEY(1), 5);
    assert_int_equal(commit(w, b), 0);
    expect_tasks(w, 2, 0);
}

static int see_hole(void *arg, const struct store_task_row *row)
{
    if (row->t.id == 20 || row->t.id == 30)
        assert_null(row->e);
    else
        assert_int_equal(row->e->n, row->t.n);
    assert_int_equal(row->doc == NULL, row->t.id == 20);
    return see(arg, row->t.id);
}

static void a_task_that_points_at_nothing_is_given_with_the_others(void **state)
{
    struct world *w = *state;
    struct batch *b = batch_new();
    struct seen s = {.n = 0};

    submit(w, 1);
    submit(w, 4);
    add_task(b, 20, DK_SVC_ASSIGN, KEY(2), 1); /* no case */
    add_task(b, 30, DK_SVC_ASSIGN, KEY(1), 7); /* no event */
    assert_int_equal(commit(w, b), 0);
    assert_int_equal(store_tasks(w->st, DK_SVC_ASSIGN, 0, 9, see_hole, &s), 0);
    assert_int_equal(s.n, 4);
    assert_int_equal(s.v[0], 10);
    assert_int_equal(s.v[3], 40);
}

#define EACH(X)                                                                \
    X(due_clocks_come_earliest_first_and_only_when_due)                        \
    X(a_clock_fires_next_at_its_next_rung_and_not_when_held_or_stopped)        \
    X(tasks_of_a_service_come_in_order_with_their_case_and_event)              \
    X(a_task_fails_dies_comes_back_and_ends)                                   \
    X(ending_failing_or_retrying_a_task_that_is_not_there_is_no_error)         \
    X(a_task_that_points_at_nothing_is_given_with_the_others)

WORLD_MAIN(EACH)
