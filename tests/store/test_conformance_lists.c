/* test_conformance_lists.c - filters and paging, held against every back end.
 * Each filter is tried against a plain loop over what was put in.
 */
#include "world.h"

#define N 60 /* cases */

struct made {
    enum dk_state state;
    const char *unit, *handler, *region, *category;
    const char *co, *co_handler; /* NULL: nobody beside */
    bool overdue;
};

static const char *const units[] = {"", "城关镇", "民政局", "a"};
static const char *const handlers[] = {"", "li", "wang"};
static const char *const regions[] = {NULL, "城关", "河西"};
static const char *const categories[] = {NULL, "城乡建设", "城乡建设/供水",
                                         "城乡建设x", "民政"};

/* What case number i (1..N) is: every mix of the filters' values. */
static struct made made(int i)
{
    struct made m = {
        .state = (enum dk_state)(1 + i % (DK_S_N - 1)),
        .unit = units[i % 4],
        .handler = handlers[i / 2 % 3],
        .region = regions[i / 3 % 3],
        .category = categories[i / 5 % 5],
        .overdue = i % 7 < 2,
    };
    if (*m.unit == '\0')
        m.handler = "";
    if (*m.unit != '\0' && i % 4 != 3 && i % 3 != 0) {
        m.co = units[i % 4 + 1];
        m.co_handler = handlers[i / 4 % 3];
    }
    return m;
}

static void put_case(struct world *w, int i)
{
    struct made m = made(i);
    struct batch *b = batch_new();
    struct dk_case *c = make_case(KEY(i), 1, DK_S_SUBMITTED, "", "");

    add_event(w, b, KEY(i), 1, DK_EV_SUBMITTED, "{}");
    c->region = text(m.region);
    c->category = text(m.category);
    add_case(b, c, true);
    assert_int_equal(commit(w, b), 0);

    b = batch_new(); /* and what became of it, as a change */
    add_event(w, b, KEY(i), 2, DK_EV_ASSIGNED, "{}");
    c = make_case(KEY(i), 2, m.state, m.unit, m.handler);
    c->region = text(m.region);
    c->category = text(m.category);
    if (m.co != NULL) {
        give_co(c, "z", "wang");
        give_co(c, m.co, m.co_handler);
    }
    give_clock(c, "conclude", T0 + DK_DAY, T0 + i % 5 * DK_DAY)->late =
        m.overdue;
    give_clock(c, "notice", T0, T0)->state = DK_CLOCK_STOPPED;
    give_clock(c, "review", T0 + i, T0 + 9 * DK_DAY)->state = DK_CLOCK_HELD;
    add_case(b, c, false);
    add_clocks(b, c);
    assert_int_equal(commit(w, b), 0);
}

static void put_all(struct world *w)
{
    for (int i = 1; i <= N; i++)
        put_case(w, i);
}

/* ---- cases -------------------------------------------------------------- */

static bool same(const char *wanted, const char *got)
{
    return wanted == NULL || (got != NULL && strcmp(wanted, got) == 0);
}

static bool under(const char *wanted, const char *got)
{
    size_t n = wanted != NULL ? strlen(wanted) : 0;

    return wanted == NULL || (got != NULL && strncmp(got, wanted, n) == 0 &&
                              (got[n] == '\0' || got[n] == '/'));
}

/* In charge, or beside the one in charge: `co`, and z. */
static bool theirs(const struct store_case_filter *f, const struct made *m)
{
    if (same(f->unit, m->unit) && same(f->handler, m->handler))
        return true;
    if (m->co == NULL || (f->unit == NULL && *f->handler == '\0'))
        return false;
    return (same(f->unit, m->co) && same(f->handler, m->co_handler)) ||
           (same(f->unit, "z") && same(f->handler, "wang"));
}

static bool wanted(const struct store_case_filter *f, int i)
{
    struct made m = made(i);

    return (f->state < 0 || f->state == (int)m.state) &&
           (!f->open || dk_state_owes(m.state)) && (!f->overdue || m.overdue) &&
           theirs(f, &m) && same(f->region, m.region) &&
           under(f->category, m.category);
}

struct keys {
    int64_t v[2 * N];
    size_t n;
};

static int see_case(void *arg, const struct store_case_row *row)
{
    struct keys *k = arg;

    assert_int_equal(strlen(row->doc), row->doc_len);
    assert_memory_equal(row->doc, "{\"case_no\":\"330127-", 19);
    k->v[k->n++] = row->key;
    return 0;
}

/* All pages of a filter, `page` rows at a time. */
static void read_pages(struct world *w, struct store_case_filter f, int page,
                       struct keys *k)
{
    size_t before;

    k->n = 0;
    do {
        before = k->n;
        assert_int_equal(store_list_cases(w->st, &f, page, see_case, k), 0);
        assert_true(k->n - before <= (size_t)page);
        if (k->n > 0)
            f.after = k->v[k->n - 1];
    } while (k->n > before);
}

static void check_filter(struct world *w, struct store_case_filter f, int page)
{
    struct keys k;
    size_t n = 0;

    read_pages(w, f, page, &k);
    for (int j = 1; j <= N; j++) {
        int i = f.newest_first ? N + 1 - j : j;

        if (!wanted(&f, i))
            continue;
        assert_true(n < k.n);
        assert_int_equal(k.v[n], KEY(i));
        n++;
    }
    assert_int_equal(k.n, n);
}

static void each_text(struct world *w, struct store_case_filter f, int page)
{
    for (int u = -1; u < 4; u++) {
        f.unit = u < 0 ? NULL : units[u];
        for (int h = -1; h < 3; h++) {
            f.handler = h < 0 ? NULL : handlers[h];
            for (int r = 0; r < 3; r++) {
                f.region = regions[r];
                for (int c = 0; c < 5; c++) {
                    f.category = categories[c];
                    check_filter(w, f, page);
                }
            }
        }
    }
}

static void
every_case_filter_gives_its_cases_page_by_page_in_both_directions(void **state)
{
    struct world *w = *state;
    static const int states[] = {-1, DK_S_SUBMITTED, DK_S_ACCEPTED, DK_S_CLOSED,
                                 DK_S_NONE};
    int page = 1;

    put_all(w);
    for (int bits = 0; bits < 8; bits++) {
        for (size_t s = 0; s < sizeof states / sizeof states[0]; s++) {
            struct store_case_filter f = {.state = states[s],
                                          .open = (bits & 1) != 0,
                                          .overdue = (bits & 2) != 0,
                                          .newest_first = (bits & 4) != 0};

            each_text(w, f, 1 + page++ % 13);
        }
    }
}

static void a_text_that_looks_like_a_pattern_or_sql_is_only_a_text(void **state)
{
    struct world *w = *state;
    static const char *const odd[] = {"%", "城乡建设/%", "' OR 1=1 --", "_",
                                      "*"};
    struct keys k = {.n = 0};

    put_all(w);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        struct store_case_filter f = {.state = -1, .category = odd[i]};

        assert_int_equal(store_list_cases(w->st, &f, 9, see_case, &k), 0);
        f = (struct store_case_filter){.state = -1, .unit = odd[i]};
        assert_int_equal(store_list_cases(w->st, &f, 9, see_case, &k), 0);
        f = (struct store_case_filter){.state = -1, .handler = odd[i]};
        assert_int_equal(store_list_cases(w->st, &f, 9, see_case, &k), 0);
        assert_int_equal(k.n, 0);
    }
}

/* ---- clocks ------------------------------------------------------------- */

struct clocks {
    struct {
        dk_ms due_at;
        int64_t key;
        char id[DK_ID_MAX + 1];
    } v[2 * N + 1];
    size_t n;
};

static int see_clock(void *arg, const struct store_clock_row *row)
{
    struct clocks *c = arg;
    int i = (int)(row->key - KEY(0));

    assert_string_not_equal(row->id, "notice"); /* it has stopped */
    assert_string_equal(row->unit, made(i).unit);
    if (strcmp(row->id, "conclude") == 0) {
        assert_int_equal(row->state, DK_CLOCK_RUNNING);
        assert_int_equal(row->overdue, made(i).overdue);
        assert_int_not_equal(row->fire_at, DK_NEVER);
    } else {
        assert_int_equal(row->state, DK_CLOCK_HELD);
        assert_int_equal(row->fire_at, DK_NEVER);
    }
    c->v[c->n].due_at = row->due_at;
    c->v[c->n].key = row->key;
    (void)snprintf(c->v[c->n].id, sizeof c->v[c->n].id, "%s", row->id);
    c->n++;
    return 0;
}

static size_t count_clocks(struct world *w, struct store_clock_filter f,
                           int page)
{
    static struct clocks c;
    size_t before;

    c.n = 0;
    do {
        before = c.n;
        assert_int_equal(store_list_clocks(w->st, &f, page, see_clock, &c), 0);
        assert_true(c.n - before <= (size_t)page);
        if (c.n > 0) {
            f.after_due = c.v[c.n - 1].due_at;
            f.after_key = c.v[c.n - 1].key;
            f.after_id = c.v[c.n - 1].id;
        }
    } while (c.n > before);
    for (size_t i = 1; i < c.n; i++) {
        int order = c.v[i - 1].due_at < c.v[i].due_at   ? -1
                    : c.v[i - 1].due_at > c.v[i].due_at ? 1
                    : c.v[i - 1].key < c.v[i].key       ? -1
                    : c.v[i - 1].key > c.v[i].key
                        ? 1
                        : strcmp(c.v[i - 1].id, c.v[i].id);
        assert_true(order < 0);
    }
    return c.n;
}

static void
clocks_are_listed_by_due_time_without_a_gap_or_a_repeat(void **state)
{
    struct world *w = *state;
    struct store_clock_filter f = {.due_before = DK_NEVER};
    size_t overdue = 0, unit = 0, early = 0;

    put_all(w);
    for (int i = 1; i <= N; i++) {
        overdue += made(i).overdue ? 1 : 0;
        const struct made m = made(i);

        unit += same("民政局", m.unit) || same("民政局", m.co) ? 2 : 0;
        early += i % 5 < 2 ? 1 : 0;
    }
    for (int page = 1; page < 2 * N + 3; page += 7)
        assert_int_equal(count_clocks(w, f, page), 2 * N);
    f.overdue = true;
    assert_int_equal(count_clocks(w, f, 4), overdue);
    f = (struct store_clock_filter){.due_before = DK_NEVER, .unit = "民政局"};
    assert_int_equal(count_clocks(w, f, 4), unit);
    f = (struct store_clock_filter){.due_before = DK_NEVER, .clock = "review"};
    assert_int_equal(count_clocks(w, f, 5), N);
    f = (struct store_clock_filter){.due_before = T0 + 2 * DK_DAY};
    assert_int_equal(count_clocks(w, f, 3), early);
}

/* ---- alerts ------------------------------------------------------------- */

struct alerts {
    int64_t key[N];
    uint32_t n_of[N];
    size_t n;
};

static int see_alert(void *arg, const struct store_alert_row *row)
{
    struct alerts *a = arg;
    char body[32];

    (void)snprintf(body, sizeof body, "{\"alert\":%u}", row->a.n);
    assert_string_equal(row->a.body, body);
    assert_string_equal(row->a.clock, "conclude");
    assert_string_equal(row->a.rung, "yellow");
    assert_int_equal(row->a.raised_at, T0 + row->a.n);
    assert_int_equal(row->a.due_at, T0 + 2 * row->a.n);
    if (row->acked_at != DK_NEVER)
        assert_string_equal(row->acked_by, "officer:wang");
    else
        assert_null(row->acked_by);
    a->key[a->n] = row->a.key;
    a->n_of[a->n++] = row->a.n;
    return 0;
}

static size_t count_alerts(struct world *w, struct store_alert_filter f,
                           int page)
{
    struct alerts a = {.n = 0};
    size_t before;

    do {
        before = a.n;
        assert_int_equal(store_list_alerts(w->st, &f, page, see_alert, &a), 0);
        if (a.n > 0) {
            f.after_key = a.key[a.n - 1];
            f.after_n = a.n_of[a.n - 1];
        }
    } while (a.n > before);
    for (size_t i = 1; i < a.n; i++)
        assert_true(a.key[i - 1] < a.key[i] ||
                    (a.key[i - 1] == a.key[i] && a.n_of[i - 1] < a.n_of[i]));
    return a.n;
}

/* Ten cases with three alerts each; every second alert acknowledged. */
static void put_alerts(struct world *w)
{
    for (int i = 1; i <= 10; i++) {
        struct batch *b = batch_new();

        for (uint32_t n = 1; n <= 3; n++) {
            char body[32];

            (void)snprintf(body, sizeof body, "{\"alert\":%u}", n);
            add_event(w, b, KEY(i), n, DK_EV_ALERT_RAISED, body);
            add_alert(b, KEY(i), n, n == 3 ? "overdue" : "yellow",
                      i % 2 != 0 ? "城关镇" : "民政局");
            if (n == 2)
                add_ack(b, KEY(i), n);
        }
        assert_int_equal(commit(w, b), 0);
    }
}

static void alerts_are_listed_and_acknowledged_once(void **state)
{
    struct world *w = *state;
    struct store_alert_filter f = {.open = false};
    struct store_totals t;
    struct batch *b = batch_new();

    put_alerts(w);
    assert_int_equal(count_alerts(w, f, 4), 30);
    f.open = true;
    assert_int_equal(count_alerts(w, f, 7), 20);
    f.level = "overdue";
    assert_int_equal(count_alerts(w, f, 1), 10);
    f.unit = "民政局";
    assert_int_equal(count_alerts(w, f, 2), 5);
    f = (struct store_alert_filter){.case_key = KEY(4)};
    assert_int_equal(count_alerts(w, f, 2), 3);
    f.open = true;
    assert_int_equal(count_alerts(w, f, 2), 2);

    add_ack(b, KEY(4), 1);
    add_ack(b, KEY(4), 2); /* has been acknowledged before */
    add_ack(b, KEY(4), 1); /* twice in a batch */
    assert_int_equal(commit(w, b), 0);
    assert_int_equal(count_alerts(w, f, 2), 1);
    assert_int_equal(store_totals(w->st, &t), 0);
    assert_int_equal(t.alerts_open, 19);
}

#define EACH(X)                                                                \
    X(every_case_filter_gives_its_cases_page_by_page_in_both_directions)       \
    X(a_text_that_looks_like_a_pattern_or_sql_is_only_a_text)                  \
    X(clocks_are_listed_by_due_time_without_a_gap_or_a_repeat)                 \
    X(alerts_are_listed_and_acknowledged_once)

WORLD_MAIN(EACH)
