/* test_search.c - cases by the days of receipt, by the end of their limits and
 * by words, together with other filters and in each order: in every back end
 * the same as a plain loop over what was put in; and with a bound, page by
 * page, the same as without.
 */
#include "world.h"

#define CASES 60
#define LOOK  11

static const char *const units[] = {"u1", "u2", "u3"};
static const char *const subjects[] = {"拖欠工资", "Water \"pipe\" broken",
                                       "道路破损", "工地噪声"};
static const char *const facts[] = {"工地三个月没有发钱", "no water, no light",
                                    "路口的灯也坏了"};

struct made {
    enum dk_state state;
    const char *unit, *co, *subject, *facts;
    bool urgent;
    dk_ms due; /* DK_NEVER: none */
};

static struct made made(int i)
{
    static const enum dk_state in[] = {DK_S_SUBMITTED, DK_S_ACCEPTED,
                                       DK_S_CLOSED, DK_S_ACCEPTED};

    return (struct made){.state = in[i % 4],
                         .unit = units[i % 3],
                         .co = i % 5 == 0 ? units[(i + 1) % 3] : NULL,
                         .subject = subjects[i / 2 % 4],
                         .facts = facts[i / 3 % 3],
                         .urgent = i % 11 == 0,
                         .due = i % 7 == 0 ? DK_NEVER : T0 + i * 7 % 40};
}

static void put_one(struct world *w, int i)
{
    struct made m = made(i);
    struct batch *b = batch_new();
    struct dk_case *c = make_case(KEY(i), 1, m.state, m.unit, "li");
    char body[200];

    free(c->subject);
    c->subject = text(m.subject);
    c->urgent = m.urgent ? DK_NEED_WAGES + 1 : 0;
    if (m.co != NULL)
        give_co(c, m.co, "li");
    if (m.due != DK_NEVER)
        give_clock(c, "conclude", T0, m.due);
    (void)snprintf(body, sizeof body, "{\"subject\":\"\",\"facts\":\"%s\"}",
                   m.facts);
    add_event(w, b, KEY(i), 1, DK_EV_SUBMITTED, body);
    add_case(b, c, true);
    add_clocks(b, c);
    assert_int_equal(commit(w, b), 0);
}

static void put_all(struct world *w)
{
    for (int i = 1; i <= CASES; i++)
        put_one(w, i);
}

/* ---- the plain loop -------------------------------------------------------
 */

static bool wanted(const struct store_case_filter *f, int i, const char *word)
{
    struct made m = made(i);
    bool bounded = f->due_after != 0 || f->due_until != 0;

    if ((f->state >= 0 && f->state != (int)m.state) ||
        ((f->open || f->work) && !dk_state_owes(m.state)))
        return false;
    if (f->unit != NULL && strcmp(f->unit, m.unit) != 0 &&
        (m.co == NULL || strcmp(f->unit, m.co) != 0))
        return false;
    if ((f->min_key != 0 && KEY(i) < f->min_key) ||
        (f->max_key != 0 && KEY(i) > f->max_key))
        return false;
    if (bounded && (m.due == DK_NEVER || m.due <= f->due_after ||
                    (f->due_until != 0 && m.due > f->due_until)))
        return false;
    return word == NULL || strcasestr(m.subject, word) != NULL ||
           strcasestr(m.facts, word) != NULL;
}

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static int by_work(const void *a, const void *b)
{
    struct made x = made(*(const int *)a), y = made(*(const int *)b);

    if (x.urgent != y.urgent)
        return x.urgent ? -1 : 1;
    return x.due != y.due ? (x.due < y.due ? -1 : 1) : by_number(a, b);
}

struct found {
    int no[CASES];
    size_t n;
    int rows; /* of this page */
    struct store_case_row last;
};

static int on_case(void *arg, const struct store_case_row *r)
{
    struct found *l = arg;

    l->last = *r;
    if (r->passed)
        return 0;
    assert_true(l->n < CASES);
    l->no[l->n++] = (int)(r->key - KEY(0));
    l->rows++;
    return 0;
}

static void read_pages(struct world *w, struct store_case_filter f, int limit,
                       struct found *l)
{
    l->n = 0;
    for (int pages = 0;; pages++) {
        assert_true(pages < 4 * CASES);
        l->rows = 0;
        l->last = (struct store_case_row){.key = 0};
        assert_int_equal(store_list_cases(w->st, &f, limit, on_case, l), 0);
        assert_true(l->rows <= limit);
        if (l->rows < limit && !l->last.passed)
            return;
        f.after = l->last.key;
        f.after_urgent = l->last.urgent;
        f.after_due = l->last.due;
    }
}

static void check(struct world *w, struct store_case_filter f, const char *word,
                  int limit)
{
    struct found want = {.n = 0}, got;
    struct dk_find words;

    for (int i = 1; i <= CASES; i++) {
        if (wanted(&f, i, word))
            want.no[want.n++] = i;
    }
    if (f.work)
        qsort(want.no, want.n, sizeof want.no[0], by_work);
    if (word != NULL) {
        assert_int_equal(dk_find_read(word, &words, NULL), 0);
        f.words = &words;
    }
    for (int bounded = 0; bounded < 2; bounded++) {
        f.look = bounded != 0 ? LOOK : 0;
        read_pages(w, f, limit, &got);
        assert_int_equal(got.n, want.n);
        for (size_t k = 0; k < want.n; k++)
            assert_int_equal(got.no[k],
                             want.no[f.newest_first ? want.n - 1 - k : k]);
    }
}

/* Every mix of bounds with every order. */
static void days_limits_and_words_choose_and_combine(void **state)
{
    static const char *const words[] = {NULL, "工地", "water", "没有的词"};
    struct world *w = *state;
    int step = getenv("DK_PG") != NULL ? 11 : 1; /* a server takes longer */
    int limit = 1, some = 0;

    put_all(w);
    for (int bits = 0; bits < 512; bits += step) {
        struct store_case_filter f = {
            .state = (bits & 1) != 0 ? DK_S_ACCEPTED : -1,
            .unit = (bits & 2) != 0 ? "u2" : NULL,
            .min_key = (bits & 4) != 0 ? KEY(16) : 0,
            .max_key = (bits & 8) != 0 ? KEY(46) : 0,
            .due_after = (bits & 16) != 0 ? T0 + 9 : 0,
            .due_until = (bits & 32) != 0 ? T0 + 30 : 0,
            .newest_first = (bits & 192) == 64,
            .work = (bits & 192) == 128,
            .open = (bits & 192) == 192,
            .after_due = DK_NEVER,
        };

        for (int k = (bits & 256) != 0; k < 4; k += 2) {
            check(w, f, words[k], 1 + limit++ % 16);
            some++;
        }
    }
    assert_true(some >= 1024 / step);
}

static void a_case_without_its_first_event_is_found_by_its_subject(void **state)
{
    struct world *w = *state;
    struct batch *b = batch_new();
    struct dk_case *c = make_case(KEY(1), 1, DK_S_SUBMITTED, "", "");
    struct store_case_filter f = {.state = -1};
    struct dk_find words;
    struct found got;

    free(c->subject);
    c->subject = text("拖欠工资");
    add_event(w, b, KEY(1), 7, DK_EV_SUBMITTED, "{\"facts\":\"别的\"}");
    add_case(b, c, true);
    assert_int_equal(commit(w, b), 0);
    f.words = &words;
    assert_int_equal(dk_find_read("工资", &words, NULL), 0);
    read_pages(w, f, 5, &got);
    assert_int_equal(got.n, 1);
    assert_int_equal(dk_find_read("别的", &words, NULL), 0);
    read_pages(w, f, 5, &got);
    assert_int_equal(got.n, 0);
}

#define EACH(X)                                                                \
    X(days_limits_and_words_choose_and_combine)                                \
    X(a_case_without_its_first_event_is_found_by_its_subject)

WORLD_MAIN(EACH)
