/* What `verify` asks of a store, of every back end: the keys of all there is,
 * whether the rows of a case are what its events give, and the totals counted.
 *
 * A row that is wrong and a replay that is wrong look the same from here, so
 * the replay is spoiled: that can be done to any back end.
 */
#include "world.h"

#include <sqlite3.h>

#define NO 7 /* the case looked at */

struct made {
    struct dk_case *c; /* as it is stored */
    struct store_alert alert[2];
    struct store_alert_ack ack;
    struct store_request request;
    struct store_want want;
};

/* A submission whose unit comes after its clock, with two alerts. */
static void put(struct world *w, struct made *m)
{
    struct batch *b = batch_new();
    struct dk_case *c = make_case(KEY(NO), 3, DK_S_ACCEPTED, "a民政局", "li");
    uint32_t n;

    submit(w, NO);
    c->region = text("城关");
    c->category = text("城乡建设/供水");
    give_co(c, "b", "wang");
    give_clock(c, "transfer", T0 + NO * DK_DAY, T0 + (NO + 5) * DK_DAY);
    give_clock(c, "conclude", T0 + 1, T0 + 2)->late = true;
    give_clock(c, "reply", T0 + 3, T0 + 4)->state = DK_CLOCK_HELD;
    give_clock(c, "notice", T0 + 5, T0 + 6)->state = DK_CLOCK_STOPPED;
    for (n = 2; n <= 3; n++) {
        add_event(w, b, KEY(NO), n, DK_EV_ALERT_RAISED, "{}");
        add_alert(b, KEY(NO), n, "red", "民政局");
    }
    add_ack(b, KEY(NO), 3);
    memcpy(m->alert, b->alert, sizeof m->alert);
    m->ack = b->ack[0];
    m->c = dk_case_clone(c);
    assert_non_null(m->c);
    add_case(b, c, false);
    for (int i = 1; i < c->n_clock; i++) /* transfer is as it was */
        b->clock[b->ch.n_clock++] =
            (struct store_clock_put){c->key, &c->clock[i], c->unit};
    assert_int_equal(commit(w, b), 0);

    b = batch_new();
    add_request(b, NO, KEY(NO));
    m->request = b->request[0];
    batch_free(b);
    m->want = (struct store_want){.c = m->c,
                                  .county = COUNTY,
                                  .alert = m->alert,
                                  .n_alert = 2,
                                  .ack = &m->ack,
                                  .n_ack = 1,
                                  .request = &m->request};
}

static void expect(struct world *w, const struct made *m, const char *what)
{
    struct store_finding f;

    assert_int_equal(store_check_case(w->st, KEY(NO), &m->want, &f), 0);
    if (what == NULL && f.what != NULL)
        fail_msg("%s: %s", f.what, f.detail);
    if (what == NULL)
        return;
    if (f.what == NULL)
        fail_msg("no finding; wanted %s", what);
    assert_string_equal(f.what, what);
    assert_true(strlen(f.detail) > 20);
}

static void a_case_as_it_was_written_has_no_finding(void **state)
{
    struct world *w = *state;
    struct made m;

    put(w, &m);
    expect(w, &m, NULL);
    dk_case_free(m.c);
}

/* Spoil one thing, look, mend it. */
#define SPOIL(lvalue, value, what)                                             \
    do {                                                                       \
        __typeof__(lvalue) keep_ = (lvalue);                                   \
        (lvalue) = (value);                                                    \
        expect(w, &m, what);                                                   \
        (lvalue) = keep_;                                                      \
    } while (0)

static void each_column_of_a_case_is_compared(void **state)
{
    struct world *w = *state;
    struct made m;

    put(w, &m);
    SPOIL(m.c->state, DK_S_CLOSED, "case-differs");
    SPOIL(m.c->unit[0], 'x', "case-differs");
    SPOIL(m.c->handler[0], 'x', "case-differs");
    SPOIL(m.c->region, NULL, "case-differs");
    SPOIL(m.c->category[0], 'x', "case-differs");
    SPOIL(m.c->subject[0], 'x', "case-differs");
    SPOIL(m.c->clock[1].late, false, "case-differs"); /* and so `overdue` */
    SPOIL(m.c->hash[31], 0xee, "truncated-chain");
    SPOIL(m.c->n, 2, "missing-event");
    SPOIL(m.c->n, 0, "missing-event");
    expect(w, &m, NULL);
    dk_case_free(m.c);
}

/* The case's text has the clocks too: take it along, so that only the rows of
 * the clocks are left as they were.
 */
static void store_the_text(struct world *w, const struct made *m)
{
    struct batch *b = batch_new();
    struct dk_case *c = dk_case_clone(m->c);

    assert_non_null(c);
    add_case(b, c, false);
    assert_int_equal(commit(w, b), 0);
}

#define SPOIL_CLOCK(lvalue, value, what)                                       \
    do {                                                                       \
        __typeof__(lvalue) was_ = (lvalue);                                    \
        (lvalue) = (value);                                                    \
        store_the_text(w, &m);                                                 \
        expect(w, &m, what);                                                   \
        (lvalue) = was_;                                                       \
        store_the_text(w, &m);                                                 \
    } while (0)

static void each_column_of_a_clock_is_compared(void **state)
{
    struct world *w = *state;
    struct made m;

    put(w, &m);
    dk_ms due = m.c->clock[0].due_at;
    m.c->clock[0].rung[1].at++; /* the last rung is at the end */
    SPOIL_CLOCK(m.c->clock[0].due_at, due + 1, "clock-differs");
    m.c->clock[0].rung[1].at--;
    SPOIL_CLOCK(m.c->clock[0].rung[0].at, T0 + 8, "clock-differs");
    SPOIL_CLOCK(m.c->clock[0].rung[0].fired, true, "clock-differs");
    SPOIL_CLOCK(m.c->clock[0].late, true, "clock-differs");
    SPOIL_CLOCK(m.c->clock[0].state, DK_CLOCK_HELD, "clock-differs");
    SPOIL_CLOCK(m.c->clock[2].state, DK_CLOCK_RUNNING, "clock-differs");
    SPOIL_CLOCK(m.c->clock[2].state, DK_CLOCK_LAPSED, "extra-clock");
    SPOIL_CLOCK(m.c->clock[3].state, DK_CLOCK_RUNNING, "missing-clock");
    SPOIL_CLOCK(m.c->clock[1].id[0], 'x', "extra-clock");
    SPOIL_CLOCK(m.c->n_clock, 2, "extra-clock");
    expect(w, &m, NULL);
    dk_case_free(m.c);
}

static void the_unit_of_a_clock_follows_its_case(void **state)
{
    struct world *w = *state;
    struct made m;

    put(w, &m);
    SPOIL_CLOCK(m.c->unit[0], 'x', NULL);
    expect(w, &m, NULL);
    dk_case_free(m.c);
}

static void each_column_of_an_alert_is_compared(void **state)
{
    struct world *w = *state;
    struct made m;

    put(w, &m);
    SPOIL(m.alert[0].clock, "x", "alert-differs");
    SPOIL(m.alert[0].rung, "x", "alert-differs");
    SPOIL(m.alert[0].level, "x", "alert-differs");
    SPOIL(m.alert[0].unit, "x", "alert-differs");
    SPOIL(m.alert[0].raised_at, T0, "alert-differs");
    SPOIL(m.alert[0].due_at, T0, "alert-differs");
    SPOIL(m.ack.by, "officer:x", "alert-differs");
    SPOIL(m.ack.at, T0, "alert-differs");
    SPOIL(m.ack.n, 2, "alert-differs");
    SPOIL(m.want.n_ack, 0, "alert-differs");
    SPOIL(m.want.n_alert, 1, "extra-alert");
    SPOIL(m.alert[0].n, 1, "missing-alert");
    SPOIL(m.alert[1].n, 9, "extra-alert");
    expect(w, &m, NULL);
    dk_case_free(m.c);
}

static void the_request_of_a_submission_is_compared(void **state)
{
    struct world *w = *state;
    struct made m;

    put(w, &m);
    SPOIL(m.request.id.b[15], 0xee, "missing-request");
    SPOIL(m.request.key, KEY(1), "request-differs");
    SPOIL(m.request.n, 2, "request-differs");
    SPOIL(m.request.state, DK_S_CLOSED, "request-differs");
    SPOIL(m.request.at, T0, "request-differs");
    SPOIL(m.request.submitted_at, T0, "request-differs");
    SPOIL(m.want.request, NULL, NULL);
    dk_case_free(m.c);
}

static void events_without_a_case_are_a_missing_case(void **state)
{
    struct world *w = *state;
    struct store_finding f;
    struct dk_case *c = make_case(KEY(1), 1, DK_S_SUBMITTED, "", "");
    struct store_want want = {.c = c, .county = COUNTY};
    struct batch *b = batch_new();

    add_event(w, b, KEY(1), 1, DK_EV_SUBMITTED, "{}");
    assert_int_equal(commit(w, b), 0);
    assert_int_equal(store_check_case(w->st, KEY(1), &want, &f), 0);
    assert_string_equal(f.what, "missing-case");
    c->n = 0; /* neither events nor case: nothing is wrong with nothing */
    assert_int_equal(store_check_case(w->st, KEY(2), &want, &f), 0);
    assert_null(f.what);
    dk_case_free(c);
}

/* ---- keys ---------------------------------------------------------------- */

static int see_key(void *arg, int64_t key)
{
    return see(arg, key - KEY(0));
}

static void keys_are_those_of_anything_there_is(void **state)
{
    static const int64_t all[] = {1, 2, 3, 5, 8};
    struct world *w = *state;
    struct batch *b = batch_new();
    struct dk_case *alone = make_case(KEY(5), 1, DK_S_SUBMITTED, "", "");
    struct dk_case *c = make_case(KEY(3), 1, DK_S_SUBMITTED, "", "");

    submit(w, 2);
    add_event(w, b, KEY(1), 1, DK_EV_SUBMITTED, "{}");
    add_event(w, b, KEY(1), 2, DK_EV_URGED, "{}");
    give_clock(c, "x", T0, T0 + 1);
    give_clock(c, "y", T0, T0 + 1);
    add_clocks(b, c);
    add_case(b, alone, true);
    add_alert(b, KEY(8), 1, "red", "u");
    add_alert(b, KEY(8), 2, "red", "u");
    b->event[0].seq = w->seq + 1;
    assert_int_equal(commit(w, b), 0);
    dk_case_free(c);
    for (int64_t page = 1; page <= 6; page++) {
        struct seen s = {.n = 0};
        int64_t after = INT64_MIN;
        size_t before;

        do { /* each page after the last key of the one before */
            before = s.n;
            assert_int_equal(store_list_keys(w->st, after, page, see_key, &s),
                             0);
            assert_true(s.n - before <= (size_t)page);
            after = s.n > 0 ? s.v[s.n - 1] + KEY(0) : after;
        } while (s.n > before);
        assert_int_equal(s.n, 5);
        assert_memory_equal(s.v, all, sizeof all);
    }
    struct seen s = {.stop_after = 2, .say = 1};
    assert_int_equal(store_list_keys(w->st, 0, 9, see_key, &s), 0);
    assert_int_equal(s.n, 2);
    s = (struct seen){.stop_after = 1, .say = DK_ESTALE};
    assert_int_equal(store_list_keys(w->st, 0, 9, see_key, &s), DK_ESTALE);
    s.n = 0;
    assert_int_equal(store_list_keys(w->st, INT64_MAX, 9, see_key, &s), 0);
    assert_int_equal(s.n, 0);
}

/* ---- totals -------------------------------------------------------------- */

static void a_recount_gives_the_totals(void **state)
{
    struct world *w = *state;
    struct store_totals kept, is;
    struct made m;
    struct batch *b;

    put(w, &m);
    dk_case_free(m.c);
    submit(w, 8);
    b = batch_new();
    add_fail(b, 80, 5, true, "x");
    b->done[b->ch.n_task_done++] = 81;
    assert_int_equal(commit(w, b), 0);
    assert_int_equal(store_totals(w->st, &kept), 0);
    assert_int_equal(store_recount(w->st, &is), 0);
    assert_memory_equal(&kept, &is, sizeof kept);
    assert_int_equal(is.cases, 2);
    assert_int_equal(is.events, 4);
    assert_int_equal(is.tasks_open, 2);
    assert_int_equal(is.tasks_dead, 1);
    assert_int_equal(is.alerts_open, 1);
}

static void a_failed_read_is_not_a_finding(void **state)
{
    struct world *w = *state;
    struct store_finding f;
    struct store_totals t;
    struct seen s = {.n = 0};
    struct made m;

    put(w, &m);
    store_fault(w->st, 1, -1, DK_EIO, true);
    assert_int_equal(store_check_case(w->st, KEY(NO), &m.want, &f), DK_EIO);
    assert_null(f.what);
    assert_int_equal(store_list_keys(w->st, 0, 9, see_key, &s), DK_EIO);
    assert_int_equal(store_recount(w->st, &t), DK_EIO);
    dk_case_free(m.c);
}

/* ---- indexes (SQLite alone has them) ------------------------------------- */

static void run(const char *path, const char *sql)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int on_text(void *arg, int n, char **v, char **names)
{
    (void)n;
    (void)names;
    (void)snprintf(arg, 128, "%s", v[0]);
    return 0;
}

static void mend(const char *path, const char *index, const char *was)
{
    char sql[300];

    (void)snprintf(sql, sizeof sql, "DROP INDEX %s; %s", index, was);
    run(path, sql);
}

/* Take the case's entries out of an index, as damage of a page does it; its
 * text in the schema stays.
 */
static void lose(const char *path, const char *index, char was[128])
{
    char sql[700];
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    (void)snprintf(sql, sizeof sql,
                   "SELECT sql FROM sqlite_schema WHERE name = '%s'", index);
    assert_int_equal(sqlite3_exec(db, sql, on_text, was, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    (void)snprintf(sql, sizeof sql,
                   "DROP INDEX %s; %s %s key <> %lld;"
                   "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql "
                   "= replace(sql, ' %s key <> %lld', '') WHERE name = '%s'",
                   index, was, strstr(was, "WHERE") ? "AND" : "WHERE",
                   (long long)KEY(NO), strstr(was, "WHERE") ? "AND" : "WHERE",
                   (long long)KEY(NO), index);
    run(path, sql);
}

static void a_row_that_an_index_does_not_find_is_a_finding(void **state)
{
    static const char *const lost[][2] = {
        {"clock_fire", "missing-clock"},
        {"clock_due", "missing-clock"},
        {"alert_open", "missing-alert"},
        {"case_state", "case-differs"},
        {"case_unit", "case-differs"},
        {"case_handler", "case-differs"},
        {"case_overdue", "case-differs"},
        {"case_work", "case-differs"},
        {"case_beside_unit", "case-differs"},
        {"case_beside_handler", "case-differs"},
    };
    struct world *w = *state;
    char was[128];
    struct made m;

    if (!w->file)
        return;
    put(w, &m);
    for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++) {
        expect(w, &m, NULL);
        world_close(w);
        lose(w->path, lost[i][0], was);
        assert_int_equal(world_open(w), 0);
        expect(w, &m, lost[i][1]);
        world_close(w);
        mend(w->path, lost[i][0], was);
        assert_int_equal(world_open(w), 0);
    }
    dk_case_free(m.c);
}

#define EACH(X)                                                                \
    X(a_case_as_it_was_written_has_no_finding)                                 \
    X(each_column_of_a_case_is_compared)                                       \
    X(each_column_of_a_clock_is_compared)                                      \
    X(the_unit_of_a_clock_follows_its_case)                                    \
    X(each_column_of_an_alert_is_compared)                                     \
    X(the_request_of_a_submission_is_compared)                                 \
    X(events_without_a_case_are_a_missing_case)                                \
    X(keys_are_those_of_anything_there_is)                                     \
    X(a_recount_gives_the_totals)                                              \
    X(a_failed_read_is_not_a_finding)                                          \
    X(a_row_that_an_index_does_not_find_is_a_finding)

WORLD_MAIN(EACH)
