/* store_sqlite_list.c - filtered lists, page by page.
 *
 * The text of a query is put together from constants, once for each call;
 * values are always bound.  Every page starts where the one before ended
 * (keyset), by an index that is named in the query: if the schema no longer
 * has it, preparing fails and a test says so, instead of a slow list.
 *
 * The pieces of a query are store_sqlite_cases.c's.
 */
#include "store_sqlite_cases.h"

/* ---- cases in order of their keys ---------------------------------------- */

/* From where a page begins to the last key wanted, in order of it. */
static void add_range(struct sq_text *q, const struct ask *a, const char *key)
{
    const struct store_case_filter *f = a->f;

    sq_add(q, " AND ");
    sq_add(q, key);
    sq_add(q, f->newest_first ? " < ?1" : " > ?1");
    if ((f->newest_first ? f->min_key : f->max_key) == 0)
        return;
    sq_add(q, " AND ");
    sq_add(q, key);
    sq_add(q, f->newest_first ? " >= ?9" : " <= ?10");
}

/* One arm for each state wanted, or one in all (states 0).  Each arm gives
 * its rows in order of the key, and SQLite merges them without sorting.
 */
static void add_case_arm(struct sq_text *q, const struct ask *a,
                         uint32_t states)
{
    sq_add(q, "SELECT key, ");
    sq_add_doc(q, a, states);
    sq_add(q, ", urgent, due FROM case_file AS c");
    if (!sq_add_case_index(q, a))
        sq_add(q, states != 0 ? " INDEXED BY case_state WHERE true"
                              : " NOT INDEXED WHERE true");
    sq_add_filter(q, a, states, false);
    add_range(q, a, "key");
}

static void case_sql(struct sq_text *q, const struct ask *a)
{
    const struct store_case_filter *f = a->f;
    uint32_t all = (UINT32_C(1) << DK_S_N) - 1;
    uint32_t states = store_filter_states(f);
    const char *glue = "";

    if (states == all && (f->group != 0 || f->overdue ||
                          (!sq_given(f->unit) && !sq_given(f->handler))))
        add_case_arm(q, a, 0);
    else if (f->overdue && sq_ask_counts(a))
        add_case_arm(q, a, states);
    else
        for (int s = 0; s < DK_S_N; s++) {
            if ((states >> s & 1) == 0)
                continue;
            sq_add(q, glue);
            add_case_arm(q, a, UINT32_C(1) << s);
            glue = " UNION ALL ";
        }
    if (sq_ask_has_beside(a)) {
        struct sq_text tail = {.len = 0};

        add_range(&tail, a, "b.key");
        sq_add_beside_arms(q, a, states, tail.buf);
    }
    sq_add(q, " ORDER BY 1");
    sq_add_if(q, f->newest_first, " DESC");
    sq_add(q, " LIMIT ?2");
}

static void bind_filter(struct sq_use *u, const struct store_case_filter *f,
                        int64_t after)
{
    sq_bind_int(u, 1, after);
    sq_bind_text(u, 3, f->unit);
    sq_bind_text(u, 4, f->handler);
    sq_bind_text(u, 5, f->region);
    sq_bind_text(u, 6, f->category);
    sq_bind_int(u, 7, f->group);
    sq_bind_int(u, 8, f->after_due);
    sq_bind_int(u, 9, f->min_key);
    sq_bind_int(u, 10, f->max_key);
    sq_bind_int(u, 11, f->due_after);
    sq_bind_int(u, 12, f->due_until);
}

/* Is the case about the words that are looked for?  1: it is.  What was handed
 * in with it is its first event.
 */
struct about {
    const struct sq_use *row;
    const struct dk_find *words;
    bool fits;
};

static int on_first(void *arg, const struct dk_event *e)
{
    struct about *x = arg;

    x->fits =
        e->n == 1 && dk_find_fits(x->words, sq_col_text(x->row, 1),
                                  sq_col_len(x->row, 1), e->body, e->body_len);
    return 1;
}

static int is_about(struct sq *s, const struct sq_use *u,
                    const struct dk_find *words)
{
    struct about x = {u, words, true};

    if (words == NULL)
        return 1;
    x.fits = dk_find_fits(words, sq_col_text(u, 1), sq_col_len(u, 1), NULL, 0);
    int rc =
        x.fits ? 0
               : sq_case_events(&s->base, sq_col_int(u, 0), 1, 1, on_first, &x);
    return rc < 0 ? rc : x.fits;
}

/* How many rows the query may give: as many as may be looked at, where not
 * each of them is in the list.
 */
static int64_t most_rows(const struct ask *a)
{
    if (sq_ask_counts(a))
        return a->f->look - a->looked;
    return a->f->words != NULL ? -1 : a->left;
}

/* Run the query from `after` on, counting down.  0: go on, 1: stop. */
static int run_cases(struct sq *s, const struct sq_text *q, struct ask *a,
                     int64_t after, store_case_fn fn, void *arg)
{
    struct sq_use u;
    int rc = sq_make(s, q, &u);

    if (rc != 0)
        return rc;
    bind_filter(&u, a->f, after);
    sq_bind_int(&u, 2, most_rows(a));
    while (a->left > 0 && (rc = sq_step(&u)) == 1) {
        struct store_case_row row = {.key = sq_col_int(&u, 0),
                                     .urgent = sq_col_int(&u, 2) != 0,
                                     .due = sq_col_when(&u, 3)};

        rc = 0;
        a->looked++;
        a->last = row;
        row.doc = sq_col_text(&u, 1);
        if (row.doc == NULL && sq_ask_counts(a))
            continue;
        row.doc_len = sq_col_len(&u, 1);
        rc = row.doc == NULL ? DK_ENOMEM : is_about(s, &u, a->f->words);
        if (rc == 0)
            continue;
        a->left--;
        if (rc > 0)
            rc = fn(arg, &row);
        if (rc != 0)
            break;
    }
    (void)sqlite3_finalize(u.q);
    return rc;
}

/* ---- cases in the order of work ------------------------------------------ */

/* The stretches of that order, one after the other; `own` is the index of the
 * stretch.  Of open cases hardly any is without a limit, and few are urgent.
 */
static const struct stretch {
    bool urgent, due;
    const char *own, *where;
} stretches[] = {
    {true, true, " INDEXED BY case_urgent WHERE urgent = 1",
     " AND urgent = 1 AND due IS NOT NULL"},
    {true, false, " INDEXED BY case_urgent WHERE urgent = 1",
     " AND urgent = 1 AND due IS NULL"},
    {false, true, " INDEXED BY case_work WHERE due IS NOT NULL AND urgent = 0",
     " AND urgent = 0 AND due IS NOT NULL"},
    {false, false, " INDEXED BY case_state WHERE true",
     " AND urgent = 0 AND due IS NULL"},
};

static void add_work_arm(struct sq_text *q, const struct ask *a,
                         const struct stretch *h, uint32_t states, bool begun)
{
    sq_add(q, "SELECT key, ");
    sq_add_doc(q, a, states);
    sq_add(q, ", urgent, due FROM case_file AS c");
    if (!sq_add_case_index(q, a))
        sq_add(q, h->own);
    sq_add(q, h->where);
    if (h->due)
        sq_add_due(q, a->f, begun);
    if (!h->urgent && !h->due && a->own)
        sq_add_states(q, states); /* it is by case_state */
    sq_add_filter(q, a, states, false);
    if (begun)
        sq_add(q, h->due ? " AND (due, c.key) > (?8, ?1)" : " AND c.key > ?1");
}

/* A stretch by case_state has an arm for each state, as in case_sql(). */
static void work_sql(struct sq_text *q, const struct ask *a,
                     const struct stretch *h, bool begun)
{
    uint32_t states = store_filter_states(a->f);
    const char *glue = "";

    if (h->urgent || h->due)
        add_work_arm(q, a, h, states, begun);
    for (int s = 0; s < DK_S_N && !h->urgent && !h->due; s++) {
        if ((states >> s & 1) == 0)
            continue;
        sq_add(q, glue);
        add_work_arm(q, a, h, UINT32_C(1) << s, begun);
        glue = " UNION ALL ";
    }
    if (sq_ask_has_beside(a)) {
        struct sq_text tail = {.len = 0};

        sq_add(&tail, h->where);
        if (h->due)
            sq_add_due(&tail, a->f, begun);
        sq_add_if(&tail, begun,
                  h->due ? " AND (due, b.key) > (?8, ?1)" : " AND b.key > ?1");
        sq_add_beside_arms(q, a, states, tail.buf);
    }
    sq_add(q,
           h->due ? " ORDER BY due, key LIMIT ?2" : " ORDER BY key LIMIT ?2");
}

/* The cases that an index of the filter gives have to be sorted by the end of
 * their limits.  Are they so few that this is less than to look along the order
 * itself?
 */
static int choose_work(struct sq *s, struct ask *a)
{
    struct sq_text q = {.len = 0};
    struct ask by = {.f = a->f};
    struct sq_use u;

    a->own = false;
    if (!sq_ask_counts(a))
        return 0;
    sq_add(&q, "SELECT count(*) FROM (SELECT 1 FROM case_file");
    a->own = !sq_add_case_index(&q, &by);
    if (a->own)
        return 0;
    if (sq_ask_by_state(&by)) {
        sq_add_states(&q, store_filter_states(a->f));
        sq_add_if(&q, sq_given(a->f->handler), " AND handler = ?4");
        sq_add_if(&q, !sq_given(a->f->handler), " AND unit = ?3");
    }
    sq_add(&q, " LIMIT ?2)");
    int rc = sq_make(s, &q, &u);
    if (rc != 0)
        return rc;
    bind_filter(&u, a->f, 0);
    sq_bind_int(&u, 2, a->f->look + 1);
    rc = sq_step(&u);
    a->own = rc == 1 && sq_col_int(&u, 0) > a->f->look;
    (void)sqlite3_finalize(u.q);
    return rc < 0 ? rc : 0;
}

static int list_work(struct sq *s, struct ask *a, store_case_fn fn, void *arg)
{
    const struct store_case_filter *f = a->f;
    bool due = f->after_due != DK_NEVER;
    size_t n = sizeof stretches / sizeof stretches[0];
    size_t first = 0;
    int rc = choose_work(s, a);

    if (f->after != 0 && !f->after_urgent)
        first += 2;
    if (f->after != 0 && !due)
        first++;
    for (size_t i = first; rc == 0 && i < n && a->left > 0; i++) {
        struct sq_text q = {.len = 0};

        if (sq_ask_counts(a) && a->looked >= f->look)
            break;
        if (!stretches[i].due && store_filter_due(f))
            continue;
        work_sql(&q, a, &stretches[i], f->after != 0 && i == first);
        rc = run_cases(s, &q, a, f->after, fn, arg);
    }
    return rc;
}

int sq_list_cases(struct store *st, const struct store_case_filter *f,
                  int64_t limit, store_case_fn fn, void *arg)
{
    struct sq *s = (struct sq *)st;
    struct sq_text q = {.len = 0};
    struct ask a = {.f = f, .left = limit};
    int rc;

    if (store_filter_states(f) == 0)
        return 0; /* open, and a state in which nothing is owed */
    if (f->work) {
        rc = list_work(s, &a, fn, arg);
    } else {
        case_sql(&q, &a);
        rc = run_cases(s, &q, &a, store_filter_start(f), fn, arg);
    }
    if (rc == 0 && a.left > 0 && sq_ask_counts(&a) && a.looked >= f->look) {
        a.last.passed = true;
        rc = fn(arg, &a.last);
    }
    return rc < 0 ? rc : 0;
}
