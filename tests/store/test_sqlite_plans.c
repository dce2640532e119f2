/* test_sqlite_plans.c - no question of the store makes SQLite sort, build an
 * index on the fly, or read a table from end to end.  So the cost of a page
 * does not grow with the number of cases.
 *
 * The store's own connection is watched: SQLite counts these things for every
 * statement.
 */
#include "dump.h"

#include <sqlite3.h>

static struct {
    char worst[400]; /* the last statement that sorted or scanned */
    int statements;
    bool on;
} watch;

static int on_end(unsigned what, void *arg, void *p, void *x)
{
    sqlite3_stmt *q = p;

    (void)what;
    (void)arg;
    (void)x;
    if (!watch.on)
        return 0;
    watch.statements++;
    int scan = sqlite3_stmt_status(q, SQLITE_STMTSTATUS_FULLSCAN_STEP, 1);
    int sort = sqlite3_stmt_status(q, SQLITE_STMTSTATUS_SORT, 1);
    int made = sqlite3_stmt_status(q, SQLITE_STMTSTATUS_AUTOINDEX, 1);
    if (scan + sort + made != 0)
        (void)snprintf(watch.worst, sizeof watch.worst,
                       "scan %d sort %d index %d: %s", scan, sort, made,
                       sqlite3_sql(q));
    return 0;
}

/* Called by SQLite for each connection that is opened. */
static int on_open(sqlite3 *db, const char **err,
                   const struct sqlite3_api_routines *api)
{
    (void)err;
    (void)api;
    return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, on_end, NULL);
}

static void begin(void)
{
    watch.worst[0] = '\0';
    watch.statements = 0;
    watch.on = true;
}

static void expect_cheap(int at_least)
{
    watch.on = false;
    if (watch.worst[0] != '\0')
        fail_msg("%s", watch.worst);
    assert_true(watch.statements >= at_least);
}

static int none_case(void *arg, const struct store_case_row *r)
{
    (void)arg;
    (void)r;
    return 0;
}

static int none_task(void *arg, const struct store_task_info *r)
{
    (void)arg;
    (void)r;
    return 0;
}

static void put_many(struct world *w)
{
    for (int i = 1; i <= 60; i++) {
        struct batch *b = batch_new();
        struct dk_case *c =
            make_case(KEY(i), 2, (enum dk_state)(1 + i % (DK_S_N - 1)),
                      i % 2 != 0 ? "城关镇" : "民政局", i % 3 ? "li" : "");

        submit(w, i);
        if (i % 3 == 0)
            give_co(c, i % 2 != 0 ? "民政局" : "城关镇",
                    i % 2 != 0 ? "li" : "wang");
        give_clock(c, "conclude", T0 + i, T0 + 2 * i)->late = i % 5 == 0;
        add_event(w, b, KEY(i), 2, DK_EV_ALERT_RAISED, "{}");
        add_case(b, c, false);
        add_clocks(b, c);
        add_alert(b, KEY(i), 2, "red", "民政局");
        add_fail(b, i * 10, 5, i % 2 == 0, "x");
        assert_int_equal(commit(w, b), 0);
    }
}

static void no_list_of_cases_sorts_or_scans(void **state)
{
    struct world *w = *state;

    put_many(w);
    begin();
    for (int i = 0; i < 128; i++) {
        struct store_case_filter f = {
            .state = (i & 1) != 0 ? DK_S_ACCEPTED : -1,
            .unit = (i & 2) != 0 ? "城关镇" : NULL,
            .handler = (i & 4) != 0 ? "li" : NULL,
            .open = (i & 8) != 0,
            .overdue = (i & 16) != 0,
            .newest_first = (i & 32) != 0,
            .after = (i & 64) != 0 ? KEY(30) : 0,
        };
        assert_int_equal(store_list_cases(w->st, &f, 7, none_case, NULL), 0);
    }
    expect_cheap(128);
}

static void no_other_read_or_write_sorts_or_scans(void **state)
{
    struct world *w = *state;
    struct dump d = {.f = fopen("/dev/null", "w")};
    int64_t n = 0;
    dk_ms next = 0;

    put_many(w);
    begin();
    for (int i = 0; i < 16; i++) {
        struct store_alert_filter a = {.open = (i & 1) != 0,
                                       .level = (i & 2) != 0 ? "red" : NULL,
                                       .case_key = (i & 4) != 0 ? KEY(7) : 0,
                                       .unit = (i & 8) != 0 ? "民政局" : NULL,
                                       .after_key = (i & 8) != 0 ? KEY(3) : 0};
        struct store_clock_filter c = {.overdue = (i & 1) != 0,
                                       .due_before =
                                           (i & 2) != 0 ? T0 + 40 : DK_NEVER,
                                       .after_due = T0 + 3,
                                       .after_key = KEY(3),
                                       .unit = (i & 4) != 0 ? "民政局" : NULL};

        assert_int_equal(store_list_alerts(w->st, &a, 5, dump_alert, &d), 0);
        assert_int_equal(store_list_clocks(w->st, &c, 5, dump_clock, &d), 0);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            store_task_list(w->st, i != 0, 100, 9, none_task, NULL), 0);
    assert_int_equal(
        store_tasks(w->st, DK_SVC_DEADLINE, 0, 9, dump_task_row, &d), 0);
    assert_int_equal(store_task_count(w->st, DK_SVC_ASSIGN, true, 9, &n), 0);
    assert_int_equal(store_events(w->st, 5, 9, dump_event, &d), 0);
    assert_int_equal(store_case_events(w->st, KEY(5), 1, 9, dump_event, &d), 0);
    assert_int_equal(store_due_clocks(w->st, T0 + 9, 9, dump_due, &d), 0);
    assert_int_equal(store_next_due(w->st, &next), 0);
    dump_requests(&d, w->st, 3);
    dump_person(&d, w->st, KEY(3));
    submit(w, 900);
    fclose(d.f);
    expect_cheap(50);
}

static int none_key(void *arg, int64_t key)
{
    (void)arg;
    (void)key;
    return 0;
}

static int none_office(void *arg, const struct store_office *o)
{
    (void)arg;
    (void)o;
    return 0;
}

static void the_offices_own_alerts_do_not_sort_or_scan(void **state)
{
    struct world *w = *state;
    struct store_changes ch = {.n_office = 1, .test_now = DK_NEVER};
    int64_t key, last;

    put_many(w);
    for (int64_t i = 1; i <= 30; i++) {
        struct store_office o = {.id = i,
                                 .kind = (int)i,
                                 .subject = "",
                                 .about = "",
                                 .cleared_at = i % 2 != 0 ? T0 : DK_NEVER,
                                 .acked_at = DK_NEVER};
        ch.office = &o;
        assert_int_equal(store_commit(w->st, &ch), 0);
    }
    begin();
    for (int open = 0; open < 2; open++) {
        assert_int_equal(
            store_list_office(w->st, open != 0, 0, 9, none_office, NULL), 0);
        assert_int_equal(
            store_list_office(w->st, open != 0, 20, 9, none_office, NULL), 0);
    }
    assert_int_equal(
        store_next_unassigned(w->st, DK_S_SUBMITTED, KEY(2), 9, &key, &last),
        0);
    expect_cheap(5);
}

static int none_tally(void *arg, const struct dk_tally *t)
{
    (void)arg;
    (void)t;
    return 0;
}

/* By days of receipt, ends of limits and words, in each order. */
static void no_search_sorts_or_scans(void **state)
{
    struct world *w = *state;
    struct dk_find words;

    put_many(w);
    assert_int_equal(dk_find_read("nowhere", &words, NULL), 0);
    begin();
    for (int i = 0; i < 128; i++) {
        struct store_case_filter f = {
            .state = -1,
            .work = (i & 1) != 0,
            .newest_first = (i & 3) == 2,
            .min_key = (i & 4) != 0 ? KEY(9) : 0,
            .max_key = (i & 8) != 0 ? KEY(50) : 0,
            .due_after = (i & 16) != 0 ? T0 + 10 : 0,
            .due_until = (i & 16) != 0 ? T0 + 90 : 0,
            .words = (i & 32) != 0 ? &words : NULL,
            .unit = (i & 65) == 64 ? "城关镇" : NULL,
            .after_due = DK_NEVER,
            .look = 600,
        };
        assert_int_equal(store_list_cases(w->st, &f, 7, none_case, NULL), 0);
        f.after = KEY(30);
        f.after_due = T0 + 60;
        assert_int_equal(store_list_cases(w->st, &f, 7, none_case, NULL), 0);
    }
    expect_cheap(256);
}

/* Sums have to be sorted by what they are kept apart by; but only the rows of
 * their days are looked at.
 */
static void figures_and_the_order_of_work_do_not_scan(void **state)
{
    struct world *w = *state;
    struct store_case_filter f = {
        .state = -1, .work = true, .after_due = DK_NEVER};
    struct dk_tally row = {DK_T_ACCEPTED, 7, 7, "u", "", 0, 1};
    struct store_tally_filter t = {
        .measures = 64, .from = 5, .to = 9, .known = 9};
    struct store_changes ch = {
        .tally = &row, .n_tally = 1, .test_now = DK_NEVER};

    put_many(w);
    begin();
    assert_int_equal(store_list_cases(w->st, &f, 7, none_case, NULL), 0);
    f.after = KEY(30);
    f.after_due = T0 + 60;
    assert_int_equal(store_list_cases(w->st, &f, 40, none_case, NULL), 0);
    f = (struct store_case_filter){.state = -1, .group = KEY(3)};
    assert_int_equal(store_list_cases(w->st, &f, 7, none_case, NULL), 0);
    assert_int_equal(store_commit(w->st, &ch), 0);
    expect_cheap(10);
    begin();
    assert_int_equal(store_tally(w->st, &t, 7, none_tally, NULL), 0);
    watch.on = false;
    if (watch.worst[0] != '\0')
        assert_memory_equal(watch.worst, "scan 0", 6);
}

/* (Counting at the very end is a scan: store_recount() is not in here.) */
static void checking_a_case_does_not_sort_or_scan(void **state)
{
    struct world *w = *state;
    struct store_finding f;

    put_many(w);
    struct dk_case *c = make_case(KEY(5), 2, DK_S_ACCEPTED, "民政局", "li");
    struct store_want want = {.c = c, .county = COUNTY};
    begin();
    for (int i = 0; i < 40; i += 10)
        assert_int_equal(store_list_keys(w->st, KEY(i), 10, none_key, NULL), 0);
    assert_int_equal(store_check_case(w->st, KEY(5), &want, &f), 0);
    expect_cheap(7);
    assert_non_null(f.what);
    dk_case_free(c);
}

static void the_watch_would_see_a_scan(void **state)
{
    sqlite3 *db = NULL;

    (void)state;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "CREATE TABLE t (a); INSERT INTO t "
                                  "VALUES (1), (2)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    begin();
    assert_int_equal(
        sqlite3_exec(db, "SELECT a FROM t ORDER BY a", NULL, NULL, NULL),
        SQLITE_OK);
    watch.on = false;
    assert_memory_equal(watch.worst, "scan 1 sort 1", 13);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Opening reads a few pages, however many cases there are. */
static void
opening_takes_as_many_statements_for_many_cases_as_for_none(void **state)
{
    struct world *w = *state;

    begin();
    world_reopen(w);
    watch.on = false;
    int empty = watch.statements;
    put_many(w);
    begin();
    world_reopen(w);
    watch.on = false;
    assert_int_equal(watch.statements, empty);
}

int main(void)
{
#define OPEN(f) cmocka_unit_test_setup_teardown(f, setup_sqlite, teardown)
    const struct CMUnitTest tests[] = {
        OPEN(no_list_of_cases_sorts_or_scans),
        OPEN(no_search_sorts_or_scans),
        OPEN(no_other_read_or_write_sorts_or_scans),
        OPEN(checking_a_case_does_not_sort_or_scan),
        OPEN(the_offices_own_alerts_do_not_sort_or_scan),
        OPEN(figures_and_the_order_of_work_do_not_scan),
        cmocka_unit_test(the_watch_would_see_a_scan),
        OPEN(opening_takes_as_many_statements_for_many_cases_as_for_none),
    };
    union { /* how SQLite takes an extension's entry point */
        int (*entry)(sqlite3 *, const char **,
                     const struct sqlite3_api_routines *);
        void (*any)(void);
    } u = {on_open};
    if (sqlite3_auto_extension(u.any) != SQLITE_OK)
        return 1;
    use_memory_disk();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
