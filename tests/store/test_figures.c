/* test_figures.c - the office's figures and the order of work, in every back
 * end alike.
 */
#include <inttypes.h>
#include <time.h>

#include "core/order.h"
#include "world.h"

/* ---- figures ------------------------------------------------------------- */

struct sums {
    char text[300000];
    size_t len, rows;
    struct dk_tally last;
    char unit[DK_ID_MAX + 1], category[256];
};

static int on_sum(void *arg, const struct dk_tally *t)
{
    struct sums *s = arg;

    s->len +=
        (size_t)snprintf(s->text + s->len, sizeof s->text - s->len,
                         "%d %d %s %s %d %d %" PRId64 "\n", (int)t->measure,
                         t->day, t->unit, t->category, t->tag, t->known, t->n);
    assert_true(s->len < sizeof s->text);
    s->rows++;
    s->last = *t;
    (void)snprintf(s->unit, sizeof s->unit, "%s", t->unit);
    (void)snprintf(s->category, sizeof s->category, "%s", t->category);
    s->last.unit = s->unit;
    s->last.category = s->category;
    return 0;
}

static struct store_tally_filter everything(void)
{
    return (struct store_tally_filter){.measures = UINT64_MAX,
                                       .from = INT32_MIN,
                                       .to = INT32_MAX,
                                       .known = INT32_MAX};
}

static void expect(struct world *w, const struct store_tally_filter *f,
                   const char *want)
{
    struct sums *s = calloc(1, sizeof *s);

    assert_non_null(s);
    assert_int_equal(store_tally(w->st, f, INT64_MAX, on_sum, s), 0);
    assert_string_equal(s->text, want);
    free(s);
}

static int put(struct world *w, const struct dk_tally *rows, size_t n)
{
    struct store_changes ch = {
        .tally = rows, .n_tally = n, .test_now = DK_NEVER};

    return store_commit(w->st, &ch);
}

static void put_some(struct world *w)
{
    const struct dk_tally rows[] = {
        {DK_T_RECEIVED, 100, 100, "office", "环境", 1, 3},
        {DK_T_RECEIVED, 100, 100, "office", "环境/水", 1, 2},
        {DK_T_RECEIVED, 101, 101, "office", "环境保护", 1, 1},
        {DK_T_ACCEPTED, 101, 101, "u1", "环境", 0, 1},
        {DK_T_ACCEPTED, 102, 105, "u2", "", 0, 1},
    };
    const struct dk_tally more[] = {
        {DK_T_RECEIVED, 100, 100, "office", "环境", 1, 4},
        {DK_T_RECEIVED, 100, 103, "office", "环境", 1, -1},
        {DK_T_ACCEPTED, 102, 106, "u2", "", 0, -1},
    };

    assert_int_equal(put(w, rows, 5), 0);
    assert_int_equal(put(w, more, 3), 0);
}

static void rows_of_one_key_add_up(void **state)
{
    struct world *w = *state;
    struct store_tally_filter f = everything();

    put_some(w);
    expect(w, &f, "0 0   1 0 9\n6 0   0 0 1\n");
    f.by_unit = true;
    expect(w, &f, "0 0 office  1 0 9\n6 0 u1  0 0 1\n");
    f.by_unit = false;
    f.by_day = true;
    expect(w, &f, "0 100   1 0 8\n0 101   1 0 1\n6 101   0 0 1\n");
    f.by_category = f.by_unit = true;
    expect(w, &f,
           "0 100 office 环境 1 0 6\n0 100 office 环境/水 1 0 2\n"
           "0 101 office 环境保护 1 0 1\n6 101 u1 环境 0 0 1\n");
}

static void figures_are_as_they_were_known(void **state)
{
    struct world *w = *state;
    struct store_tally_filter f = everything();

    put_some(w);
    f.known = 102;
    expect(w, &f, "0 0   1 0 10\n6 0   0 0 1\n");
    f.known = 105;
    expect(w, &f, "0 0   1 0 9\n6 0   0 0 2\n");
    f.known = 99;
    expect(w, &f, "");
}

static void figures_are_filtered(void **state)
{
    struct world *w = *state;
    struct store_tally_filter f = everything();

    put_some(w);
    f.measures = UINT64_C(1) << DK_T_ACCEPTED;
    expect(w, &f, "6 0   0 0 1\n");
    f = everything();
    f.from = f.to = 101;
    expect(w, &f, "0 0   1 0 1\n6 0   0 0 1\n");
    f = everything();
    f.unit = "u1";
    expect(w, &f, "6 0   0 0 1\n");
    f.unit = "u";
    expect(w, &f, "");
    f = everything();
    f.category = "环境"; /* and what is below it, but not 环境保护 */
    expect(w, &f, "0 0   1 0 8\n6 0   0 0 1\n");
    f.category = "环境/水";
    expect(w, &f, "0 0   1 0 2\n");
}

static void a_measure_that_is_none_is_refused(void **state)
{
    struct world *w = *state;
    struct dk_tally row = {(enum dk_measure)DK_T_N, 1, 1, "u", "", 0, 1};
    struct store_tally_filter f = everything();

    assert_int_equal(put(w, &row, 1), DK_EBUG);
    expect(w, &f, "");
}

static void a_commit_that_fails_adds_nothing(void **state)
{
    struct world *w = *state;
    struct dk_tally row = {DK_T_ACCEPTED, 1, 1, "u", "", 0, 1};
    struct store_day day = {20270101, 5};
    struct store_task task = {.id = 7, .key = KEY(1), .n = 1};
    struct store_changes ch = {.tally = &row,
                               .n_tally = 1,
                               .day = &day,
                               .n_day = 1,
                               .task_new = &task,
                               .n_task_new = 1,
                               .test_now = DK_NEVER};
    struct store_tally_filter f = everything();
    struct store_totals t;

    assert_int_equal(store_commit(w->st, &ch), 0);
    assert_int_equal(store_commit(w->st, &ch), DK_EBUG); /* the task exists */
    expect(w, &f, "6 0   0 0 1\n");
    assert_int_equal(store_totals(w->st, &t), 0);
    assert_true(t.tallies == dk_tally_print(&row));
}

static void the_sum_over_the_rows_is_kept(void **state)
{
    struct world *w = *state;
    struct store_totals kept, is;

    put_some(w);
    assert_int_equal(store_totals(w->st, &kept), 0);
    assert_int_equal(store_recount(w->st, &is), 0);
    assert_true(kept.tallies == is.tallies && is.tallies != 0);
    if (!w->file)
        return;
    world_reopen(w);
    assert_int_equal(store_totals(w->st, &is), 0);
    assert_true(kept.tallies == is.tallies);
}

/* ---- both back ends by chance -------------------------------------------- */

static uint64_t seed;

static unsigned chance(uint64_t *s, unsigned n)
{
    uint64_t z = *s += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((z ^ z >> 31) % n);
}

static const char *const units[] = {"office", "u1", "u2", "镇一", "镇"};
static const char *const categories[] = {"", "a", "a/b", "a/b/c", "ab", "环"};

static struct dk_tally some_row(uint64_t *s)
{
    return (struct dk_tally){.measure = (enum dk_measure)chance(s, DK_T_N),
                             .day = (int32_t)chance(s, 20) - 5,
                             .known = (int32_t)chance(s, 20) - 5,
                             .unit = units[chance(s, 5)],
                             .category = categories[chance(s, 6)],
                             .tag = (int32_t)chance(s, 3),
                             .n = (int64_t)chance(s, 5) - 2};
}

static struct store_tally_filter some_filter(uint64_t *s)
{
    struct store_tally_filter f = everything();

    if (chance(s, 2) == 0)
        f.measures = (uint64_t)chance(s, 1000) << chance(s, 30);
    if (chance(s, 2) == 0)
        f.from = (int32_t)chance(s, 10) - 5;
    if (chance(s, 2) == 0)
        f.to = (int32_t)chance(s, 10);
    if (chance(s, 2) == 0)
        f.known = (int32_t)chance(s, 16) - 4;
    if (chance(s, 4) == 0)
        f.unit = units[chance(s, 5)];
    if (chance(s, 4) == 0)
        f.category = categories[1 + chance(s, 5)];
    f.by_unit = chance(s, 2) == 0;
    f.by_category = chance(s, 2) == 0;
    f.by_day = chance(s, 2) == 0;
    return f;
}

/* A whole list, page by page. */
static void read_pages(struct world *w, struct store_tally_filter f, int limit,
                       struct sums *all)
{
    struct dk_tally after;

    all->len = all->rows = 0;
    all->text[0] = '\0';
    for (size_t before = SIZE_MAX; before != all->rows;) {
        before = all->rows;
        assert_int_equal(store_tally(w->st, &f, limit, on_sum, all), 0);
        after = all->last;
        f.after = all->rows > 0 ? &after : NULL;
    }
}

static void back_ends_give_the_same_sums(void **state)
{
    struct world *mem = world_new(false), *file = world_new(true);
    uint64_t s = seed;

    (void)state;
    assert_int_equal(world_open(mem), 0);
    assert_int_equal(world_open(file), 0);
    for (int round = 0; round < 60; round++) {
        struct dk_tally rows[40];
        struct sums *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
        size_t n = chance(&s, 40);

        assert_non_null(a);
        assert_non_null(b);
        for (size_t i = 0; i < n; i++)
            rows[i] = some_row(&s);
        assert_int_equal(put(mem, rows, n), 0);
        assert_int_equal(put(file, rows, n), 0);
        for (int i = 0; i < 12; i++) {
            struct store_tally_filter f = some_filter(&s);
            int limit = 1 + (int)chance(&s, 200);

            read_pages(mem, f, limit, a);
            read_pages(file, f, 1 + (int)chance(&s, 200), b);
            if (strcmp(a->text, b->text) != 0)
                fail_msg("seed %" PRIu64 ":\n%s--\n%s", seed, a->text, b->text);
        }
        free(a);
        free(b);
    }
    struct store_totals t, u;
    assert_int_equal(store_totals(mem->st, &t), 0);
    assert_int_equal(store_recount(file->st, &u), 0);
    assert_true(t.tallies == u.tallies);
    world_free(mem);
    world_free(file);
}

/* ---- the order of work --------------------------------------------------- */

struct listed {
    int64_t key[ROOM];
    bool urgent[ROOM];
    dk_ms due[ROOM];
    size_t n;
};

static int on_listed(void *arg, const struct store_case_row *r)
{
    struct listed *l = arg;

    l->key[l->n] = r->key - KEY(0);
    l->urgent[l->n] = r->urgent;
    l->due[l->n++] = r->due;
    return 0;
}

static struct dk_case *put_one(struct batch *b, int no, enum dk_state state,
                               const char *unit, int urgent, dk_ms due)
{
    struct dk_case *c = make_case(KEY(no), 1, state, unit, "li");

    c->urgent = urgent;
    if (due != DK_NEVER)
        give_clock(c, "conclude", due, due);
    if (no == 7) { /* a petitioner's time is nobody's work */
        struct dk_clock *k = give_clock(c, "review-window", T0, T0);

        k->on_due = DK_DUE_CLOSE;
        memcpy(k->rung[1].id, "close", sizeof "close");
    }
    add_case(b, c, true);
    return c;
}

static void put_work(struct world *w)
{
    struct batch *b = batch_new();

    put_one(b, 1, DK_S_ACCEPTED, "u1", 0, T0 + 30);
    put_one(b, 2, DK_S_ACCEPTED, "u2", 0, T0 + 10);
    put_one(b, 3, DK_S_SUBMITTED, "", 0, DK_NEVER);
    put_one(b, 4, DK_S_ACCEPTED, "u1", DK_NEED_WAGES + 1, T0 + 40);
    put_one(b, 5, DK_S_CLOSED, "u1", DK_NEED_WAGES + 1, T0 + 5);
    put_one(b, 6, DK_S_SUBMITTED, "u2", DK_NEED_MEDICAL + 1, DK_NEVER);
    put_one(b, 7, DK_S_ACCEPTED, "u1", 0, T0 + 20);
    put_one(b, 8, DK_S_ACCEPTED, "u2", DK_NEED_MINOR + 1, T0 + 35)->group =
        KEY(2);
    put_one(b, 9, DK_S_ACCEPTED, "u1", 0, T0 + 10)->group = KEY(2);
    put_one(b, 10, DK_S_CLOSED, "u1", 0, DK_NEVER)->group = KEY(2);
    for (size_t i = 0; i < b->ch.n_case; i++) { /* with their groups */
        dk_jw_reset(&b->doc[i]);
        dk_case_write(&b->doc[i], NULL, b->kase[i], COUNTY, OFFSET);
        b->put[i].doc = b->doc[i].buf;
        b->put[i].doc_len = b->doc[i].len;
    }
    assert_int_equal(commit(w, b), 0);
}

static void expect_list(struct world *w, const struct store_case_filter *f,
                        const int want[], size_t n)
{
    for (int limit = 1; limit < 12; limit++) {
        struct store_case_filter page = *f;
        struct listed l = {.n = 0};

        for (size_t before = SIZE_MAX; before != l.n;) {
            before = l.n;
            assert_int_equal(
                store_list_cases(w->st, &page, limit, on_listed, &l), 0);
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

static void work_comes_urgent_first_then_by_its_limit(void **state)
{
    struct world *w = *state;
    struct store_case_filter f = {
        .state = -1, .work = true, .after_due = DK_NEVER};

    put_work(w);
    EXPECT(w, &f, 8, 4, 6, 2, 9, 7, 1, 3);
    f.state = DK_S_ACCEPTED;
    EXPECT(w, &f, 8, 4, 2, 9, 7, 1);
    f.state = -1;
    f.unit = "u1";
    EXPECT(w, &f, 4, 9, 7, 1);
    f.handler = "li";
    EXPECT(w, &f, 4, 9, 7, 1);
    f.unit = "u2";
    EXPECT(w, &f, 8, 6, 2);
    f = (struct store_case_filter){
        .state = -1, .work = true, .group = KEY(2), .after_due = DK_NEVER};
    EXPECT(w, &f, 8, 2, 9);
}

static void a_group_is_its_first_and_those_linked_to_it(void **state)
{
    struct world *w = *state;
    struct store_case_filter f = {.state = -1, .group = KEY(2)};

    put_work(w);
    EXPECT(w, &f, 2, 8, 9, 10);
    f.newest_first = true;
    EXPECT(w, &f, 10, 9, 8, 2);
    f.open = true;
    EXPECT(w, &f, 9, 8, 2);
    f.unit = "u1";
    EXPECT(w, &f, 9);
    f = (struct store_case_filter){.state = -1, .group = KEY(1)};
    EXPECT(w, &f, 1);
}

static void a_case_moves_in_the_order_of_work(void **state)
{
    struct world *w = *state;
    struct store_case_filter f = {
        .state = -1, .work = true, .after_due = DK_NEVER};
    struct batch *b = batch_new();

    put_work(w);
    struct dk_case *c = make_case(KEY(1), 2, DK_S_ACCEPTED, "u1", "li");
    give_clock(c, "conclude", T0 + 15, T0 + 15);
    add_case(b, c, false);
    c = make_case(KEY(3), 2, DK_S_SUBMITTED, "", "");
    c->urgent = DK_NEED_SAFETY + 1;
    add_case(b, c, false);
    c = make_case(KEY(4), 2, DK_S_ANSWERED, "u1", "li");
    c->urgent = DK_NEED_WAGES + 1;
    add_case(b, c, false);
    assert_int_equal(commit(w, b), 0);
    EXPECT(w, &f, 8, 3, 6, 2, 9, 1, 7);
}

/* The list is what the core says of any two cases. */
static void the_order_is_that_of_the_core(void **state)
{
    struct world *w = *state;
    struct store_case_filter f = {
        .state = -1, .work = true, .after_due = DK_NEVER};
    struct listed l = {.n = 0};
    int64_t keys[ROOM];
    struct dk_case *c[ROOM];

    put_work(w);
    assert_int_equal(store_list_cases(w->st, &f, 99, on_listed, &l), 0);
    for (size_t i = 0; i < l.n; i++)
        keys[i] = KEY(l.key[i]);
    assert_int_equal(store_load_cases(w->st, keys, l.n, c), 0);
    for (size_t i = 1; i < l.n; i++)
        assert_true(dk_order_cmp(c[i - 1], c[i]) < 0);
    for (size_t i = 0; i < l.n; i++)
        dk_case_free(c[i]);
}

#define EACH(X)                                                                \
    X(rows_of_one_key_add_up)                                                  \
    X(figures_are_as_they_were_known)                                          \
    X(figures_are_filtered)                                                    \
    X(a_measure_that_is_none_is_refused)                                       \
    X(a_commit_that_fails_adds_nothing)                                        \
    X(the_sum_over_the_rows_is_kept)                                           \
    X(work_comes_urgent_first_then_by_its_limit)                               \
    X(a_group_is_its_first_and_those_linked_to_it)                             \
    X(a_case_moves_in_the_order_of_work)                                       \
    X(the_order_is_that_of_the_core)

int main(int argc, char **argv)
{
    const struct CMUnitTest pg[] = {EACH(ON_PG)};
    const struct CMUnitTest tests[] = {
        EACH(ON_MEM) EACH(ON_SQLITE)
            cmocka_unit_test(back_ends_give_the_same_sums),
    };

    use_memory_disk();
    seed = argc > 2 && strcmp(argv[1], "--seed") == 0
               ? strtoull(argv[2], NULL, 10)
               : (uint64_t)time(NULL);
    printf("seed %" PRIu64 "\n", seed);
    return getenv("DK_PG") != NULL ? cmocka_run_group_tests(pg, NULL, NULL)
                                   : cmocka_run_group_tests(tests, NULL, NULL);
}
