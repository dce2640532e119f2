/* test_look.c - a list that looks at a bounded number of rows for each page:
 * the pages together are what one unbounded list is, in every back end; and
 * what a page costs does not depend on how many rows there are that are not in
 * it.
 */
#include "world.h"

#include <sqlite3.h>

#define CASES 260
#define LOOK  17

static const char *const units[] = {"u1", "u2", "u3"};
static const char *const handlers[] = {"", "li", "wang"};

static void put_one(struct world *w, int i)
{
    static const enum dk_state in[] = {DK_S_SUBMITTED, DK_S_ACCEPTED,
                                       DK_S_CLOSED, DK_S_ACCEPTED};
    struct batch *b = batch_new();
    struct dk_case *c =
        make_case(KEY(i), 1, in[i % 4], units[i % 7 % 3], handlers[i % 5 % 3]);

    c->region = text(i % 90 == 50 ? "rare" : i % 2 != 0 ? "east" : "west");
    c->category = text(i % 3 != 0 ? "a/b" : "a/c");
    c->urgent = i % 11 == 0 ? DK_NEED_WAGES + 1 : 0;
    if (i % 6 == 0)
        give_co(c, units[(i % 7 + 1) % 3], "zhao");
    if (i % 3 != 1)
        give_clock(c, "conclude", T0 + i % 50, T0 + 9 * (i % 20))->late =
            i % 4 == 0;
    add_event(w, b, c->key, 1, DK_EV_SUBMITTED, "{\"to\":[]}");
    add_case(b, c, true);
    add_clocks(b, c);
    add_alert(b, c->key, 1, i % 3 != 0 ? "red" : "yellow", c->unit);
    assert_int_equal(commit(w, b), 0);
}

static void put(struct world *w, int from, int to)
{
    for (int i = from; i < to; i++)
        put_one(w, i);
}

struct found {
    int64_t key[CASES];
    size_t n;
    int rows; /* of this page */
    bool passed;
    struct store_case_row last;
    struct store_alert_row alert;
    struct store_clock_row clock;
    char clock_id[DK_ID_MAX + 1];
};

static void keep(struct found *s, int64_t key, bool passed)
{
    s->passed = passed;
    if (passed)
        return;
    assert_true(s->n < CASES);
    s->key[s->n++] = key;
    s->rows++;
}

static int on_case(void *arg, const struct store_case_row *r)
{
    struct found *s = arg;

    assert_true(r->passed || r->doc != NULL);
    s->last = *r;
    keep(s, r->key, r->passed);
    return 0;
}

static struct store_case_filter filter(int i)
{
    static const char *const regions[] = {NULL, "rare", "nowhere"};

    return (struct store_case_filter){
        .state = (i & 1) != 0 ? DK_S_ACCEPTED : -1,
        .unit = (i & 2) != 0 ? "u2" : NULL,
        .handler = (i & 4) != 0 ? "li" : NULL,
        .open = (i & 8) != 0,
        .overdue = (i & 16) != 0,
        .newest_first = (i & 96) == 32,
        .work = (i & 64) != 0,
        .category = (i & 128) != 0 ? "a" : NULL,
        .region = regions[i / 256],
        .after_due = DK_NEVER,
    };
}

/* Page by page; the most rows one page had. */
static void page_through(struct world *w, struct store_case_filter f, int limit,
                         struct found *s)
{
    f.look = LOOK;
    for (int pages = 0;; pages++) {
        assert_true(pages < 4 * CASES);
        s->rows = 0;
        s->passed = false;
        assert_int_equal(store_list_cases(w->st, &f, limit, on_case, s), 0);
        assert_true(s->rows <= limit);
        assert_true(!s->passed || s->rows < limit);
        if (s->rows < limit && !s->passed)
            return;
        f.after = s->last.key;
        f.after_urgent = s->last.urgent;
        f.after_due = s->last.due;
    }
}

static void pages_of_cases_are_the_whole_list(void **state)
{
    struct world *w = *state;

    put(w, 1, CASES);
    for (int i = 0; i < 3 * 256; i++) {
        struct store_case_filter f = filter(i);
        struct found whole = {.n = 0}, pages = {.n = 0};

        if (f.work && f.newest_first)
            continue;
        assert_int_equal(store_list_cases(w->st, &f, CASES, on_case, &whole),
                         0);
        page_through(w, f, 1 + i % 9, &pages);
        if (pages.n != whole.n)
            fail_msg("filter %d: %zu of %zu", i, pages.n, whole.n);
        for (size_t k = 0; k < whole.n; k++)
            assert_int_equal(pages.key[k], whole.key[k]);
    }
}

static int on_alert(void *arg, const struct store_alert_row *r)
{
    struct found *s = arg;

    s->alert = *r;
    keep(s, r->a.key, r->passed);
    return 0;
}

static int on_clock(void *arg, const struct store_clock_row *r)
{
    struct found *s = arg;

    s->clock = *r;
    (void)snprintf(s->clock_id, sizeof s->clock_id, "%s", r->id);
    keep(s, r->key, r->passed);
    return 0;
}

static void pages_of_alerts_are_the_whole_list(void **state)
{
    struct world *w = *state;

    put(w, 1, CASES);
    for (int i = 0; i < 12; i++) {
        struct store_alert_filter f = {.open = (i & 1) != 0,
                                       .level = (i & 2) != 0 ? "yellow" : NULL,
                                       .unit = i >= 8   ? "nobody"
                                               : i >= 4 ? "u3"
                                                        : NULL};
        struct found whole = {.n = 0}, pages = {.rows = 3};

        assert_int_equal(store_list_alerts(w->st, &f, CASES, on_alert, &whole),
                         0);
        f.look = LOOK;
        while (pages.rows == 3 || pages.passed) {
            pages.rows = 0;
            pages.passed = false;
            assert_int_equal(store_list_alerts(w->st, &f, 3, on_alert, &pages),
                             0);
            f.after_key = pages.alert.a.key;
            f.after_n = pages.alert.a.n;
        }
        assert_int_equal(pages.n, whole.n);
        assert_memory_equal(pages.key, whole.key, whole.n * sizeof(int64_t));
    }
}

static void pages_of_clocks_are_the_whole_list(void **state)
{
    struct world *w = *state;

    put(w, 1, CASES);
    for (int i = 0; i < 12; i++) {
        struct store_clock_filter f = {.overdue = (i & 1) != 0,
                                       .due_before =
                                           (i & 2) != 0 ? T0 + 70 : DK_NEVER,
                                       .unit = i >= 8   ? "nobody"
                                               : i >= 4 ? "u3"
                                                        : NULL};
        struct found whole = {.n = 0}, pages = {.rows = 3};

        assert_int_equal(store_list_clocks(w->st, &f, CASES, on_clock, &whole),
                         0);
        f.look = LOOK;
        while (pages.rows == 3 || pages.passed) {
            pages.rows = 0;
            pages.passed = false;
            assert_int_equal(store_list_clocks(w->st, &f, 3, on_clock, &pages),
                             0);
            f.after_due = pages.clock.due_at;
            f.after_key = pages.clock.key;
            f.after_id = pages.clock_id;
        }
        assert_int_equal(pages.n, whole.n);
        assert_memory_equal(pages.key, whole.key, whole.n * sizeof(int64_t));
    }
}

/* ---- what a page costs -----------------------------------------------------
 */

static int64_t steps;

static int on_end(unsigned what, void *arg, void *p, void *x)
{
    (void)what;
    (void)arg;
    (void)x;
    steps += sqlite3_stmt_status(p, SQLITE_STMTSTATUS_VM_STEP, 1);
    return 0;
}

static int on_open(sqlite3 *db, const char **err,
                   const struct sqlite3_api_routines *api)
{
    (void)err;
    (void)api;
    return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, on_end, NULL);
}

/* The steps of SQLite's machine that one page of list number i takes. */
static int64_t cost(struct world *w, int i)
{
    struct store_case_filter f = filter(i % (3 * 256));
    struct store_alert_filter a = {.unit = "nobody", .look = LOOK};
    struct store_clock_filter c = {
        .unit = "nobody", .due_before = DK_NEVER, .look = LOOK};
    struct found s = {.n = 0};

    f.look = LOOK;
    steps = 0;
    if (i < 3 * 256)
        assert_int_equal(store_list_cases(w->st, &f, 9, on_case, &s), 0);
    else if (i % 2 == 0)
        assert_int_equal(store_list_alerts(w->st, &a, 9, on_alert, &s), 0);
    else
        assert_int_equal(store_list_clocks(w->st, &c, 9, on_clock, &s), 0);
    return steps;
}

/* With three times as many cases a page takes as many steps. */
static void a_page_costs_the_same_however_many_rows_there_are(void **state)
{
    static int64_t before[3 * 256 + 2];
    struct world *w = *state;
    int n = (int)(sizeof before / sizeof before[0]);

    put(w, 1, 300);
    for (int i = 0; i < n; i++)
        before[i] = cost(w, i);
    put(w, 300, 900);
    for (int i = 0; i < n; i++) {
        int64_t now = cost(w, i);

        if (now > before[i] * 3 / 2 + 300)
            fail_msg("list %d: %lld steps, with fewer cases %lld", i,
                     (long long)now, (long long)before[i]);
    }
}

int main(void)
{
#define ON_MEM(f)    {"mem: " #f, f, setup_mem, teardown, NULL},
#define ON_SQLITE(f) {"sqlite: " #f, f, setup_sqlite, teardown, NULL},
#define ON_BOTH(f)   ON_MEM(f) ON_SQLITE(f)
    const struct CMUnitTest tests[] = {
        ON_BOTH(pages_of_cases_are_the_whole_list)
            ON_BOTH(pages_of_alerts_are_the_whole_list)
                ON_BOTH(pages_of_clocks_are_the_whole_list) ON_SQLITE(
                    a_page_costs_the_same_however_many_rows_there_are)};
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
