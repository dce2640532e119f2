/* test_conformance.c - what the contract of store.h promises, held against
 * every back end: commits, requests, cases, the stream, persons, counters.
 * Clocks and tasks: test_conformance_queues.c; lists: test_conformance_lists.c;
 * the two back ends against each other: test_differential.c.
 */
#include "world.h"

/* ---- a commit ----------------------------------------------------------- */

static void a_submission_can_be_read_back_in_every_way(void **state)
{
    struct world *w = *state;
    struct dk_uuid ids[2] = {uuid(1), uuid(2)};
    struct store_request r[2];
    bool found[2];
    int64_t keys[2] = {KEY(1), KEY(2)};
    struct dk_case *c[2];
    struct store_person row;
    int32_t day = -1;

    submit(w, 1);
    assert_int_equal(store_find_requests(w->st, ids, 2, r, found), 0);
    assert_true(found[0] && !found[1]);
    assert_int_equal(r[0].key, KEY(1));
    assert_int_equal(r[0].n, 1);
    assert_int_equal(r[0].state, DK_S_SUBMITTED);
    assert_int_equal(r[0].at, T0 + 1);
    assert_int_equal(r[0].submitted_at, T0 - 1);
    assert_int_equal(r[0].hash[15], 1);
    assert_memory_equal(&r[0].id, &ids[0], sizeof ids[0]);

    assert_int_equal(store_load_cases(w->st, keys, 2, c), 0);
    assert_non_null(c[0]);
    assert_null(c[1]);
    assert_int_equal(c[0]->state, DK_S_SUBMITTED);
    assert_int_equal(c[0]->hash[31], 1);
    assert_int_equal(c[0]->n_clock, 1);
    dk_case_free(c[0]);

    assert_int_equal(store_person_get(w->st, KEY(1), &row), 0);
    assert_int_equal(row.key, KEY(1));
    assert_int_equal(row.seal, 7);
    assert_int_equal(row.len, 6);
    assert_memory_equal(row.data, "sealed", 6);
    free((void *)(uintptr_t)row.data);
    assert_int_equal(store_person_get(w->st, KEY(2), &row), DK_ENOTFOUND);
    assert_null(row.data);
    assert_int_equal(store_day_seq(w->st, 20270101, &day), 0);
    assert_int_equal(day, 1);
    assert_int_equal(store_day_seq(w->st, 20270102, &day), 0);
    assert_int_equal(day, 0);
}

static void a_case_comes_back_exactly_as_its_document_says(void **state)
{
    struct world *w = *state;
    struct batch *b = batch_new();
    struct dk_case *c = make_case(KEY(1), 1, DK_S_ACCEPTED, "城关镇", "li");
    struct dk_case *got = NULL;
    struct dk_jw again = {0};
    int64_t key = KEY(1);
    char *want;

    c->region = text("城关");
    c->category = text("城乡建设/供水");
    c->n_respondent = 1;
    (void)snprintf(c->respondent[0].unit, sizeof c->respondent[0].unit, "x");
    give_clock(c, "conclude", T0 + DK_DAY, T0 + 2 * DK_DAY)->late = true;
    add_event(w, b, key, 1, DK_EV_SUBMITTED, "{}");
    add_case(b, c, true);
    want = text(b->put[0].doc);
    assert_int_equal(commit(w, b), 0);

    assert_int_equal(store_load_cases(w->st, &key, 1, &got), 0);
    dk_case_write(&again, NULL, got, COUNTY, OFFSET);
    assert_string_equal(again.buf, want);
    free(want);
    dk_jw_fini(&again);
    dk_case_free(got);
}

static void expect_nothing(struct world *w)
{
    struct store_totals t;
    struct dk_uuid id = uuid(2);
    struct store_request r;
    int64_t key = KEY(2);
    struct dk_case *c = NULL;
    bool found = true;
    int32_t day = -1;

    assert_int_equal(store_totals(w->st, &t), 0);
    assert_int_equal(t.cases, 1);
    assert_int_equal(t.events, 1);
    assert_int_equal(t.tasks_open, 2);
    assert_int_equal(t.alerts_open, 0);
    assert_int_equal(store_find_requests(w->st, &id, 1, &r, &found), 0);
    assert_false(found);
    assert_int_equal(store_load_cases(w->st, &key, 1, &c), 0);
    assert_null(c);
    assert_int_equal(store_day_seq(w->st, 20270101, &day), 0);
    assert_int_equal(day, 1);
}

/* Spoils a batch at its very end, in one way for each `how`. */
static void spoil(const struct world *w, struct batch *b, int how)
{
    switch (how) {
    case 0: /* an id that was used before */
        add_request(b, 1, KEY(2));
        break;
    case 1: /* an event's number that the case has */
        add_event(w, b, KEY(1), 1, DK_EV_URGED, "{}");
        break;
    case 2: /* a new case that exists */
        add_case(b, make_case(KEY(1), 2, DK_S_CLOSED, "", ""), true);
        break;
    case 3: /* a change of a case that does not exist */
        add_case(b, make_case(KEY(9), 2, DK_S_CLOSED, "", ""), false);
        break;
    case 4: /* a task's id that is in use */
        add_task(b, 10, DK_SVC_ASSIGN, KEY(2), 1);
        break;
    case 5: /* the same alert twice */
        add_alert(b, KEY(2), 1, "yellow", "u");
        add_alert(b, KEY(2), 1, "yellow", "u");
        break;
    case 6: /* a hole in the stream */
        add_event(w, b, KEY(2), 2, DK_EV_URGED, "{}");
        b->event[b->ch.n_event - 1].seq++;
        break;
    default: /* more than the file may hold in one row */
        add_event(w, b, KEY(2), 2, DK_EV_URGED, "{}");
        b->event[b->ch.n_event - 1].body_len = (size_t)1 << 31;
        break;
    }
}

static void
a_commit_that_contradicts_the_store_leaves_nothing_behind(void **state)
{
    struct world *w = *state;

    submit(w, 1);
    for (int how = 0; how < 8; how++) {
        struct batch *b = batch_new();

        add_submission(w, b, 2);
        spoil(w, b, how);
        assert_int_equal(commit(w, b), DK_EBUG);
        expect_nothing(w);
    }
    submit(w, 2); /* the store is as usable as before */
    submit(w, 3);
}

static void an_empty_commit_changes_nothing(void **state)
{
    struct world *w = *state;

    assert_int_equal(commit(w, batch_new()), 0);
    submit(w, 1);
    assert_int_equal(commit(w, batch_new()), 0);
    struct store_totals t;
    assert_int_equal(store_totals(w->st, &t), 0);
    assert_int_equal(t.events, 1);
}

/* ---- the stream --------------------------------------------------------- */

static int see_event(void *arg, const struct dk_event *e)
{
    assert_int_equal(e->at, T0 + e->seq);
    assert_int_equal(e->claimed, e->n % 2 != 0 ? T0 - e->n : DK_NEVER);
    assert_int_equal(e->hash[0], e->seq & 0xff);
    assert_int_equal(strlen(e->body), e->body_len);
    assert_memory_equal(e->actor, "officer:", 8);
    return see(arg, e->seq);
}

static void the_stream_is_read_in_order_from_any_number(void **state)
{
    struct world *w = *state;
    struct seen s = {.n = 0};
    struct batch *b = batch_new();

    for (int i = 1; i <= 3; i++)
        submit(w, i);
    add_event(w, b, KEY(2), 2, DK_EV_REGISTERED, "{\"a\":1}");
    add_event(w, b, KEY(2), 3, DK_EV_ASSIGNED, "{}");
    add_event(w, b, KEY(1), 2, DK_EV_REGISTERED, "{}");
    assert_int_equal(commit(w, b), 0);

    assert_int_equal(store_events(w->st, 1, 100, see_event, &s), 0);
    assert_int_equal(s.n, 6);
    for (int i = 0; i < 6; i++)
        assert_int_equal(s.v[i], i + 1);
    s.n = 0;
    assert_int_equal(store_events(w->st, 3, 2, see_event, &s), 0);
    assert_int_equal(s.n, 2);
    assert_int_equal(s.v[0], 3);
    s.n = 0;
    assert_int_equal(store_events(w->st, 7, 9, see_event, &s), 0);
    assert_int_equal(s.n, 0);
    assert_int_equal(store_case_events(w->st, KEY(2), 1, 9, see_event, &s), 0);
    assert_int_equal(s.n, 3);
    assert_int_equal(s.v[0], 2);
    assert_int_equal(s.v[1], 4);
    assert_int_equal(s.v[2], 5);
    s.n = 0;
    assert_int_equal(store_case_events(w->st, KEY(2), 3, 9, see_event, &s), 0);
    assert_int_equal(s.n, 1);
    assert_int_equal(s.v[0], 5);
}

static void a_reader_can_stop_early_or_fail(void **state)
{
    struct world *w = *state;
    struct seen s = {.stop_after = 2, .say = 1};

    for (int i = 1; i <= 4; i++)
        submit(w, i);
    assert_int_equal(store_events(w->st, 1, 100, see_event, &s), 0);
    assert_int_equal(s.n, 2);
    s = (struct seen){.stop_after = 1, .say = DK_ESTALE};
    assert_int_equal(store_events(w->st, 1, 100, see_event, &s), DK_ESTALE);
    assert_int_equal(s.n, 1);
    submit(w, 5); /* what a reader says does no harm to the store */
}

/* ---- persons, loads, faults --------------------------------------------- */

static int see_load(void *arg, const struct store_load *l)
{
    assert_string_equal(l->unit, "城关镇");
    return see(arg, l->open * 100 + l->handler[0]);
}

static void a_load_of_zero_is_no_row(void **state)
{
    struct world *w = *state;
    struct seen s = {.n = 0};
    struct batch *b = batch_new();

    add_load(b, "城关镇", "b", 2);
    add_load(b, "城关镇", "a", 1);
    assert_int_equal(commit(w, b), 0);
    assert_int_equal(store_loads(w->st, see_load, &s), 0);
    assert_int_equal(s.n, 2);
    assert_int_equal(s.v[0], 100 + 'a');
    assert_int_equal(s.v[1], 200 + 'b');
    b = batch_new();
    add_load(b, "城关镇", "a", 0);
    add_load(b, "城关镇", "b", 7);
    add_load(b, "城关镇", "c", 0);
    assert_int_equal(commit(w, b), 0);
    s.n = 0;
    assert_int_equal(store_loads(w->st, see_load, &s), 0);
    assert_int_equal(s.n, 1);
    assert_int_equal(s.v[0], 700 + 'b');
}

static void the_chosen_commit_fails_as_often_as_asked(void **state)
{
    struct world *w = *state;
    struct store_totals t;

    store_fault(w->st, 2, 2, DK_EFULL, false);
    submit(w, 1);
    for (int i = 0; i < 2; i++) {
        struct batch *b = batch_new();
        add_submission(w, b, 2);
        assert_int_equal(commit(w, b), DK_EFULL);
        assert_int_equal(store_totals(w->st, &t), 0);
        assert_int_equal(t.cases, 1);
    }
    submit(w, 2);
    store_fault(w->st, 1, -1, DK_EFULL, true);
    for (int i = 0; i < 5; i++)
        assert_int_equal(store_totals(w->st, &t), DK_EFULL);
    store_fault(w->st, 0, 0, 0, false);
    submit(w, 3);
}

static void after_a_failed_write_everything_is_refused(void **state)
{
    struct world *w = *state;
    struct store_totals t;
    struct batch *b = batch_new();

    store_fault(w->st, 1, 1, DK_EIO, false);
    add_submission(w, b, 1);
    assert_int_equal(commit(w, b), DK_EIO);
    b = batch_new();
    add_submission(w, b, 1);
    assert_int_equal(commit(w, b), DK_EIO);
    assert_int_equal(store_totals(w->st, &t), DK_EIO);
    assert_int_equal(store_checkpoint(w->st, true), DK_EIO);
}

#define EACH(X)                                                                \
    X(a_submission_can_be_read_back_in_every_way)                              \
    X(a_case_comes_back_exactly_as_its_document_says)                          \
    X(a_commit_that_contradicts_the_store_leaves_nothing_behind)               \
    X(an_empty_commit_changes_nothing)                                         \
    X(the_stream_is_read_in_order_from_any_number)                             \
    X(a_reader_can_stop_early_or_fail)                                         \
    X(a_load_of_zero_is_no_row)                                                \
    X(the_chosen_commit_fails_as_often_as_asked)                               \
    X(after_a_failed_write_everything_is_refused)

WORLD_MAIN(EACH)
