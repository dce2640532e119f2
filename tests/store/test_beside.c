/* test_beside.c - a unit that handles cases beside the one in charge finds
 * them in its lists, in every back end; the rows follow each change of the
 * case in its commit; and a store that has none of them yet is filled.
 */
#include "world.h"

#include <sqlite3.h>

struct listed {
    int64_t key[ROOM];
    bool urgent[ROOM];
    dk_ms due[ROOM];
    size_t n;
};

static int on_case(void *arg, const struct store_case_row *r)
{
    struct listed *l = arg;

    l->key[l->n] = r->key - KEY(0);
    l->urgent[l->n] = r->urgent;
    l->due[l->n++] = r->due;
    return 0;
}

/* In pages of every size: the same cases, each once, in the same order. */
static void expect_list(struct world *w, const struct store_case_filter *f,
                        const int want[], size_t n)
{
    for (int limit = 1; limit < 8; limit++) {
        struct store_case_filter page = *f;
        struct listed l = {.n = 0};

        for (size_t before = SIZE_MAX; before != l.n && l.n < ROOM / 2;) {
            before = l.n;
            assert_int_equal(store_list_cases(w->st, &page, limit, on_case, &l),
                             0);
            if (l.n == 0)
                break;
            page.after = KEY(l.key[l.n - 1]);
            page.after_urgent = l.urgent[l.n - 1];
            page.after_due = l.due[l.n - 1];
        }
        assert_int_equal(l.n, n);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(l.key[i], want[i]);
    }
}
#define EXPECT(w, f, ...)                                                      \
    expect_list((w), (f), (const int[]){__VA_ARGS__},                          \
                sizeof((const int[]){__VA_ARGS__}) / sizeof(int))
#define EXPECT_NONE(w, f) expect_list((w), (f), NULL, 0)

static struct dk_case *one(int no, enum dk_state state, const char *unit,
                           int urgent, dk_ms due)
{
    struct dk_case *c = make_case(KEY(no), 1, state, unit, "li");

    c->urgent = urgent;
    if (due != DK_NEVER)
        give_clock(c, "conclude", due, due);
    return c;
}

/* u2 has charge of 1, 4 and 6 and stands beside u1 in 2, 3 and 5. */
static void put(struct world *w)
{
    struct batch *b = batch_new();
    struct dk_case *c;

    add_case(b, one(1, DK_S_ACCEPTED, "u2", 0, T0 + 30), true);
    c = one(2, DK_S_ACCEPTED, "u1", 0, T0 + 20);
    give_co(c, "u2", "zhao");
    give_co(c, "u3", "");
    add_case(b, c, true);
    c = one(3, DK_S_ACCEPTED, "u1", DK_NEED_WAGES + 1, T0 + 90);
    give_co(c, "u2", "");
    add_case(b, c, true);
    add_case(b, one(4, DK_S_ACCEPTED, "u2", 0, T0 + 10), true);
    c = one(5, DK_S_CLOSED, "u1", 0, DK_NEVER);
    give_co(c, "u2", "");
    add_case(b, c, true);
    add_case(b, one(6, DK_S_ACCEPTED, "u2", DK_NEED_WAGES + 1, T0 + 80), true);
    add_case(b, one(7, DK_S_ACCEPTED, "u1", 0, T0 + 5), true);
    for (size_t i = 0; i < b->ch.n_case; i++)
        add_clocks(b, b->kase[i]);
    assert_int_equal(commit(w, b), 0);
}

static void one_list_has_both_in_one_order(void **state)
{
    struct world *w = *state;
    struct store_case_filter f = {.state = -1, .unit = "u2"};

    put(w);
    EXPECT(w, &f, 1, 2, 3, 4, 5, 6);
    f.newest_first = true;
    EXPECT(w, &f, 6, 5, 4, 3, 2, 1);
    f.newest_first = false;
    f.open = true;
    EXPECT(w, &f, 1, 2, 3, 4, 6);
    f.open = false;
    f.state = DK_S_CLOSED;
    EXPECT(w, &f, 5);
    f.state = -1;
    f.work = true;
    f.after_due = DK_NEVER;
    EXPECT(w, &f, 6, 3, 4, 2, 1);
    f.unit = "u3";
    EXPECT(w, &f, 2);
    f.unit = "u1";
    EXPECT(w, &f, 3, 7, 2);
    f.unit = "u4";
    EXPECT_NONE(w, &f);
}

static void a_handler_is_who_the_unit_that_is_asked_for_named(void **state)
{
    struct world *w = *state;
    struct store_case_filter f = {.state = -1, .unit = "u2", .handler = "zhao"};

    put(w);
    EXPECT(w, &f, 2);
    f.handler = "li";
    EXPECT(w, &f, 1, 4, 6);
    f.work = true;
    f.after_due = DK_NEVER;
    EXPECT(w, &f, 6, 4, 1);
    f.handler = "zhao";
    EXPECT(w, &f, 2);
}

/* In charge of 4; of 1, 2, 3 and 5 for one unit or more beside it. */
static void put_officer(struct world *w)
{
    struct batch *b = batch_new();
    struct dk_case *c;

    put(w);
    c = one(1, DK_S_ACCEPTED, "u2", 0, T0 + 30);
    give_co(c, "u1", "sun");
    add_case(b, c, false);
    c = one(2, DK_S_ACCEPTED, "u1", 0, T0 + 20);
    give_co(c, "u2", "zhao");
    give_co(c, "u3", "sun");
    give_co(c, "u4", "sun");
    c->clock[0].late = true;
    c->group = KEY(1);
    add_case(b, c, false);
    c = one(3, DK_S_ACCEPTED, "u1", DK_NEED_WAGES + 1, T0 + 90);
    give_co(c, "u2", "sun");
    add_case(b, c, false);
    c = make_case(KEY(4), 1, DK_S_ACCEPTED, "u2", "sun");
    give_clock(c, "conclude", T0 + 10, T0 + 10);
    c->clock[0].late = true;
    give_co(c, "u1", "sun");
    add_case(b, c, false);
    c = one(5, DK_S_CLOSED, "u1", 0, DK_NEVER);
    give_co(c, "u2", "sun");
    add_case(b, c, false);
    assert_int_equal(commit(w, b), 0);
}

static void an_officer_is_found_whatever_the_unit(void **state)
{
    struct world *w = *state;
    struct store_case_filter f = {.state = -1, .handler = "sun"};

    put_officer(w);
    for (int look = 0; look < 600; look += 500) {
        f = (struct store_case_filter){
            .state = -1, .handler = "sun", .look = look};
        EXPECT(w, &f, 1, 2, 3, 4, 5);
        f.newest_first = true;
        EXPECT(w, &f, 5, 4, 3, 2, 1);
        f.newest_first = false;
        f.open = true;
        EXPECT(w, &f, 1, 2, 3, 4);
        f.work = true;
        f.after_due = DK_NEVER;
        EXPECT(w, &f, 3, 4, 2, 1);
        f.work = f.open = false;
        f.overdue = true;
        EXPECT(w, &f, 2, 4);
        f.overdue = false;
        f.state = DK_S_CLOSED;
        EXPECT(w, &f, 5);
        f.state = -1;
        f.group = KEY(1);
        EXPECT(w, &f, 1, 2);
        f.group = 0;
        f.handler = "zhao";
        EXPECT(w, &f, 2);
        f.handler = "li"; /* in charge, and nowhere beside */
        EXPECT(w, &f, 1, 2, 3, 5, 6, 7);
        f.handler = ""; /* who is not named is nobody's */
        EXPECT_NONE(w, &f);
        f.unit = "";
        f.handler = "sun";
        EXPECT_NONE(w, &f);
    }
}

static void narrower_filters_find_them_too(void **state)
{
    struct world *w = *state;
    struct store_case_filter f = {.state = -1, .unit = "u2", .overdue = true};
    struct batch *b = batch_new();

    put(w);
    for (int no = 2; no < 5; no += 2) {
        struct dk_case *c = one(no, DK_S_ACCEPTED, "u1", 0, T0 + 20);

        give_co(c, "u2", "zhao");
        c->clock[0].late = true;
        c->group = no == 4 ? KEY(2) : 0;
        add_case(b, c, false);
    }
    assert_int_equal(commit(w, b), 0);
    EXPECT(w, &f, 2, 4);
    f.handler = "zhao";
    EXPECT(w, &f, 2, 4);
    f.handler = "li";
    EXPECT_NONE(w, &f);
    f = (struct store_case_filter){.state = -1, .unit = "u2", .group = KEY(2)};
    EXPECT(w, &f, 2, 4);
    f.open = true;
    EXPECT(w, &f, 2, 4);
    f.unit = "u3";
    EXPECT_NONE(w, &f);
    for (int work = 0; work < 2; work++) { /* everything at once */
        f = (struct store_case_filter){.state = -1,
                                       .unit = "u2",
                                       .handler = "zhao",
                                       .region = "r",
                                       .category = "c",
                                       .open = true,
                                       .overdue = true,
                                       .group = KEY(2),
                                       .work = work != 0,
                                       .after_due = DK_NEVER};
        EXPECT_NONE(w, &f);
        f.group = 0;
        EXPECT_NONE(w, &f);
        f.overdue = false;
        EXPECT_NONE(w, &f);
    }
}

static void change(struct world *w, struct dk_case *c)
{
    struct batch *b = batch_new();

    add_case(b, c, false);
    assert_int_equal(commit(w, b), 0);
}

static void the_rows_follow_their_case(void **state)
{
    struct world *w = *state;
    struct store_case_filter u1 = {.state = -1, .unit = "u1"};
    struct store_case_filter u2 = {.state = -1, .unit = "u2"};
    struct store_case_filter u3 = {.state = -1, .unit = "u3"};
    struct dk_case *c;

    put(w);
    c = one(7, DK_S_ACCEPTED, "u1", 0, T0 + 5); /* nothing else changes */
    give_co(c, "u3", "");
    change(w, c);
    EXPECT(w, &u3, 2, 7);
    change(w, one(2, DK_S_ACCEPTED, "u1", 0, T0 + 20)); /* both removed */
    EXPECT(w, &u2, 1, 3, 4, 5, 6);
    EXPECT(w, &u3, 7);
    c = one(7, DK_S_ACCEPTED, "u3", 0, T0 + 5); /* they change places */
    give_co(c, "u1", "");
    change(w, c);
    EXPECT(w, &u3, 7);
    EXPECT(w, &u1, 2, 3, 5, 7);
    c = one(7, DK_S_CLOSED, "u3", 0, DK_NEVER); /* and are done */
    give_co(c, "u1", "");
    change(w, c);
    u1.open = true;
    EXPECT(w, &u1, 2, 3);
    u1.open = false;
    EXPECT(w, &u1, 2, 3, 5, 7);
    if (w->file) {
        world_reopen(w);
        EXPECT(w, &u1, 2, 3, 5, 7);
    }
}

static void a_commit_that_fails_leaves_them_as_they_were(void **state)
{
    struct world *w = *state;
    struct store_case_filter u2 = {.state = -1, .unit = "u2"};
    struct batch *b = batch_new();
    struct dk_case *c = one(7, DK_S_ACCEPTED, "u1", 0, T0 + 5);

    put(w);
    give_co(c, "u2", "");
    add_case(b, c, false);
    add_case(b, one(2, DK_S_ACCEPTED, "u1", 0, T0 + 20), false);
    add_case(b, one(99, DK_S_ACCEPTED, "u1", 0, T0), false); /* is not there */
    assert_int_equal(commit(w, b), DK_EBUG);
    EXPECT(w, &u2, 1, 2, 3, 4, 5, 6);
}

/* ---- what is owed, by when -------------------------------------------------
 */

static int on_clock(void *arg, const struct store_clock_row *r)
{
    return see(arg, r->key - KEY(0));
}

static int on_alert(void *arg, const struct store_alert_row *r)
{
    return see(arg, r->a.key - KEY(0));
}

static void its_limits_and_alerts_are_listed(void **state)
{
    struct world *w = *state;
    struct store_clock_filter k = {.due_before = DK_NEVER, .unit = "u2"};
    struct store_alert_filter a = {.open = true, .unit = "u2"};
    static const int64_t clocks[] = {4, 2, 1, 6, 3}, alerts[] = {2, 4};
    struct seen s = {.n = 0};
    struct batch *b = batch_new();

    put(w);
    assert_int_equal(store_list_clocks(w->st, &k, 9, on_clock, &s), 0);
    assert_int_equal(s.n, 5);
    assert_memory_equal(s.v, clocks, sizeof clocks);
    for (int no = 2; no < 8; no++) {
        add_event(w, b, KEY(no), 2, DK_EV_ALERT_RAISED, "{}");
        add_alert(b, KEY(no), 2, "red", no == 4 ? "u2" : "u1");
        if (no == 3)
            add_ack(b, KEY(no), 2);
    }
    for (int no = 5; no < 7; no++) /* 5 and 6 are no longer u2's */
        add_case(b, one(no, DK_S_ACCEPTED, "u1", 0, DK_NEVER), false);
    assert_int_equal(commit(w, b), 0);
    s.n = 0;
    assert_int_equal(store_list_alerts(w->st, &a, 9, on_alert, &s), 0);
    assert_int_equal(s.n, 2);
    assert_memory_equal(s.v, alerts, sizeof alerts);
}

/* ---- a store of the schema before -----------------------------------------
 */

static void run_sql(const struct world *w, const char *sql)
{
    sqlite3 *db = NULL;
    char *err = NULL;

    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &err) != SQLITE_OK)
        fail_msg("%s", err);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* The rows come from the cases; one that cannot be read stops nothing. */
static void a_store_of_schema_4_is_filled(void **state)
{
    struct world *w = *state;
    struct store_case_filter u2 = {.state = -1, .unit = "u2"};
    struct store_case_filter u3 = {.state = -1, .unit = "u3"};

    put(w);
    for (int spoilt = 0; spoilt < 2; spoilt++) {
        world_close(w);
        if (spoilt)
            run_sql(w, "UPDATE case_file SET doc = doc || 'x' "
                       "WHERE key % 10 = 3");
        run_sql(w, "DROP TABLE case_beside; PRAGMA user_version = 4");
        assert_int_equal(world_open(w), 0);
        EXPECT(w, &u3, 2);
        u2.open = false;
        if (spoilt)
            EXPECT(w, &u2, 1, 2, 4, 5, 6);
        else
            EXPECT(w, &u2, 1, 2, 3, 4, 5, 6);
        u2.open = true;
        if (spoilt)
            EXPECT(w, &u2, 1, 2, 4, 6);
        else
            EXPECT(w, &u2, 1, 2, 3, 4, 6);
    }
}

/* Schema 6 has one index more; a store that should have it and has not is not
 * served from.
 */
static void a_store_of_schema_5_gets_the_index_of_officers(void **state)
{
    struct world *w = *state;
    struct store_case_filter f = {.state = -1, .handler = "sun"};

    put_officer(w);
    world_close(w);
    run_sql(w, "DROP INDEX case_beside_handler; PRAGMA user_version = 5");
    assert_int_equal(world_open(w), 0);
    EXPECT(w, &f, 1, 2, 3, 4, 5);
    world_close(w);
    run_sql(w, "DROP INDEX case_beside_handler");
    assert_int_not_equal(world_open(w), 0);
}

static int on_count(void *arg, int n, char **v, char **names)
{
    (void)n;
    (void)names;
    *(int *)arg = atoi(v[0]);
    return 0;
}

static void a_case_without_a_co_handler_has_no_row(void **state)
{
    struct world *w = *state;
    sqlite3 *db = NULL;
    int n = -1;

    put(w);
    change(w, one(7, DK_S_CLOSED, "u2", 0, DK_NEVER));
    world_close(w);
    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "SELECT count(*) FROM case_beside",
                                  on_count, &n, NULL),
                     SQLITE_OK);
    assert_int_equal(n, 4); /* of 2 (twice), 3 and 5 */
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

#define EACH(X)                                                                \
    X(one_list_has_both_in_one_order)                                          \
    X(a_handler_is_who_the_unit_that_is_asked_for_named)                       \
    X(an_officer_is_found_whatever_the_unit)                                   \
    X(narrower_filters_find_them_too)                                          \
    X(the_rows_follow_their_case)                                              \
    X(a_commit_that_fails_leaves_them_as_they_were)                            \
    X(its_limits_and_alerts_are_listed)

int main(void)
{
    const struct CMUnitTest pg[] = {EACH(ON_PG)};
    const struct CMUnitTest tests[] = {
        EACH(ON_MEM) EACH(ON_SQLITE) ON_SQLITE(a_store_of_schema_4_is_filled)
            ON_SQLITE(a_store_of_schema_5_gets_the_index_of_officers)
                ON_SQLITE(a_case_without_a_co_handler_has_no_row)};

    use_memory_disk();
    return getenv("DK_PG") != NULL ? cmocka_run_group_tests(pg, NULL, NULL)
                                   : cmocka_run_group_tests(tests, NULL, NULL);
}
