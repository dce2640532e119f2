/* test_upgrade.c - a store of schema 1, as the released version wrote it, is
 * opened by this one: nothing is lost, and what schema 2 has besides is what
 * its events give.
 */
#include <inttypes.h>

#include <sqlite3.h>

#include "world.h"

#define CASES  6
#define EVENTS 132
#define SAMPLE "tests/store/files/schema-1.sql"

static char *read_sample(void)
{
    FILE *f = fopen(SAMPLE, "rb");
    char *text = calloc(1, (size_t)1 << 20);

    assert_non_null(f);
    assert_non_null(text);
    assert_true(fread(text, 1, ((size_t)1 << 20) - 1, f) > 1000);
    assert_int_equal(fclose(f), 0);
    return text;
}

/* Write the sample to the world's file; then `more`, which may be NULL. */
static void write_old(const struct world *w, const char *more)
{
    char *text = read_sample(), *err = NULL;
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, &err) != SQLITE_OK ||
        (more != NULL && sqlite3_exec(db, more, NULL, NULL, &err) != SQLITE_OK))
        fail_msg("%s", err);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    free(text);
}

static struct world *old_world(const char *more)
{
    struct world *w = world_new(true);

    w->opt = (struct store_options){
        .county = 330699, .test_clock = true, .offset_min = 480};
    write_old(w, more);
    return w;
}

/* ---- what is there ------------------------------------------------------- */

struct replay {
    struct dk_case *c[CASES];
    int n;
    int64_t events;
    uint64_t tallies;
    bool broken;
};

static int on_event(void *arg, const struct dk_event *e)
{
    struct replay *r = arg;
    struct dk_tally_was was;
    struct dk_tallies rows;
    int i = 0;

    while (i < r->n && r->c[i]->key != e->key)
        i++;
    if (i == r->n) {
        assert_true(r->n < CASES);
        r->c[r->n++] = dk_case_new();
        r->c[i]->key = e->key;
    }
    r->events++;
    dk_tally_before(r->c[i], 480, &was);
    if (dk_case_evolve(r->c[i], e) != 0) {
        r->broken = true;
        return 0;
    }
    assert_int_equal(dk_tally(&was, e, r->c[i], 480, &rows), 0);
    for (int k = 0; k < rows.n; k++)
        r->tallies += (uint64_t)rows.v[k].n * dk_tally_print(&rows.v[k]);
    return 0;
}

static void replay(struct world *w, struct replay *r)
{
    memset(r, 0, sizeof *r);
    assert_int_equal(store_events(w->st, 1, INT64_MAX, on_event, r), 0);
}

static void forget(struct replay *r)
{
    for (int i = 0; i < r->n; i++)
        dk_case_free(r->c[i]);
}

/* What is kept of a case is what its events give. */
static void check_case(struct world *w, struct dk_case *c)
{
    struct store_want want = {.c = c, .county = 330699};
    struct store_finding f;
    struct dk_case *kept = NULL;

    assert_int_equal(store_load_cases(w->st, &c->key, 1, &kept), 0);
    assert_non_null(kept);
    memcpy(c->hash, kept->hash, sizeof c->hash);
    dk_case_free(kept);
    assert_int_equal(store_check_case(w->st, c->key, &want, &f), 0);
    if (f.what != NULL && strcmp(f.what, "extra-alert") != 0)
        fail_msg("%" PRId64 ": %s: %s", c->key, f.what, f.detail);
}

static void an_old_store_is_opened_and_loses_nothing(void **state)
{
    struct world *w = old_world(NULL);
    struct replay r;
    struct store_totals t;

    (void)state;
    if (world_open(w) != 0)
        fail_msg("%s", w->problem.detail);
    assert_int_equal(w->info.last_seq, EVENTS);
    assert_int_equal(store_totals(w->st, &t), 0);
    assert_int_equal(t.cases, CASES);
    assert_int_equal(t.events, EVENTS);
    replay(w, &r);
    assert_int_equal(r.events, EVENTS);
    assert_int_equal(r.n, CASES);
    assert_false(r.broken);
    for (int i = 0; i < r.n; i++)
        check_case(w, r.c[i]);
    forget(&r);
    world_free(w);
}

static void its_figures_are_those_of_its_events(void **state)
{
    struct world *w = old_world(NULL);
    struct store_totals kept, is;
    struct replay r;

    (void)state;
    assert_int_equal(world_open(w), 0);
    replay(w, &r);
    for (int again = 0; again < 2; again++) { /* and it is done once */
        assert_int_equal(store_totals(w->st, &kept), 0);
        assert_int_equal(store_recount(w->st, &is), 0);
        assert_true(kept.tallies == r.tallies);
        assert_true(is.tallies == r.tallies);
        world_reopen(w);
    }
    forget(&r);
    world_free(w);
}

static int on_row(void *arg, const struct dk_tally *t)
{
    *(int64_t *)arg += t->n;
    return 0;
}

/* Counted by hand in what was played to the released version. */
static void its_figures_are_known(void **state)
{
    static const struct {
        enum dk_measure m;
        int64_t n;
    } want[] = {{DK_T_RECEIVED, 6},        {DK_T_ANSWERED, 3},
                {DK_T_EXTENDED, 1},        {DK_T_WITHDRAWN, 1},
                {DK_T_REVIEW_ASKED, 1},    {DK_T_CHANGED, 1},
                {DK_T_URGED, 1},           {DK_T_SATISFIED_HANDLING, 1},
                {DK_T_SATISFIED_RESULT, 0}};
    struct world *w = old_world(NULL);

    (void)state;
    assert_int_equal(world_open(w), 0);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        struct store_tally_filter f = {.measures = UINT64_C(1) << want[i].m,
                                       .from = INT32_MIN,
                                       .to = INT32_MAX,
                                       .known = INT32_MAX};
        int64_t n = 0;

        assert_int_equal(store_tally(w->st, &f, 99, on_row, &n), 0);
        assert_int_equal(n, want[i].n);
    }
    world_free(w);
}

static int on_case(void *arg, const struct store_case_row *row)
{
    int *n = arg;

    assert_false(row->urgent);
    assert_true(row->due != DK_NEVER);
    ++*n;
    return 0;
}

static void its_cases_are_in_the_order_of_work(void **state)
{
    struct world *w = old_world(NULL);
    struct store_case_filter f = {
        .state = -1, .work = true, .after_due = DK_NEVER};
    int n = 0;

    (void)state;
    assert_int_equal(world_open(w), 0);
    assert_int_equal(store_list_cases(w->st, &f, 99, on_case, &n), 0);
    assert_int_equal(n, 2); /* objected to, and urged */
    world_free(w);
}

/* A history that is damaged is verify's to tell, and no reason not to serve. */
static void a_damaged_history_does_not_stop_it(void **state)
{
    struct world *w = old_world("UPDATE event SET type = 14 WHERE seq = 20;"
                                "UPDATE event SET body = '{}' WHERE seq = 40;"
                                "UPDATE event SET type = 999 WHERE seq = 60;");

    (void)state;
    if (world_open(w) != 0)
        fail_msg("%s", w->problem.detail);
    struct store_totals t;
    assert_int_equal(store_totals(w->st, &t), 0);
    assert_int_equal(t.cases, CASES);
    world_free(w);
}

/* All of step 2, or nothing of it. */
static void a_step_that_fails_leaves_schema_1(void **state)
{
    struct world *w = old_world("CREATE TABLE tally (in_the_way);");
    sqlite3 *db = NULL;
    sqlite3_stmt *q = NULL;

    (void)state;
    assert_int_not_equal(world_open(w), 0);
    assert_true(w->problem.detail[0] != '\0');
    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(q, 0), 1);
    assert_int_equal(sqlite3_finalize(q), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "SELECT urgent FROM case_file", NULL, NULL, NULL),
        SQLITE_ERROR);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_old_store_is_opened_and_loses_nothing),
        cmocka_unit_test(its_figures_are_those_of_its_events),
        cmocka_unit_test(its_figures_are_known),
        cmocka_unit_test(its_cases_are_in_the_order_of_work),
        cmocka_unit_test(a_damaged_history_does_not_stop_it),
        cmocka_unit_test(a_step_that_fails_leaves_schema_1),
    };

    use_memory_disk();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
