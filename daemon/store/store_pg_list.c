/* store_pg_list.c - filtered lists, page by page.
 *
 * The text of a query is put together from constants; values are always
 * parameters.  A list is made of arms, each a range of an index in the order
 * of the page and no longer than the page, put together by UNION ALL: so no
 * list reads more than a page for each of its arms.
 */
#include <stdio.h>

#include "store_pg.h"

#define SQL_MAX 16000

struct sql {
    char buf[SQL_MAX];
    size_t len;
    bool cut; /* did not fit: our bug */
};

static void add(struct sql *q, const char *text)
{
    size_t n = strlen(text);

    if (n >= sizeof q->buf - q->len) {
        q->cut = true;
        return;
    }
    memcpy(q->buf + q->len, text, n + 1);
    q->len += n;
}

static void add_if(struct sql *q, bool wanted, const char *text)
{
    if (wanted)
        add(q, text);
}

static bool given(const char *s)
{
    return s != NULL && *s != '\0';
}

static void add_number(struct sql *q, int n)
{
    char text[16];

    (void)snprintf(text, sizeof text, "%d", n);
    add(q, text);
}

/* ---- cases -------------------------------------------------------------- */

/* Parameters of every list of cases, used or not: 1 after, 2 limit, 3 unit,
 * 4 handler, 5 region, 6 category, 7 group, 8 after_due, 9 min_key, 10 max_key,
 * 11 due_after, 12 due_until.
 */
#define CASE_COLUMNS "SELECT c.key, c.doc, c.urgent, c.due FROM case_file c"
static void add_states(struct sql *q, uint32_t states)
{
    const char *glue = " AND c.state IN (";

    for (int s = 0; s < DK_S_N; s++) {
        if ((states >> s & 1) == 0)
            continue;
        add(q, glue);
        add_number(q, s);
        glue = ", ";
    }
    add(q, ")");
}

static void add_what(struct sql *q, const struct store_case_filter *f)
{
    add_if(q, f->overdue, " AND c.overdue = 1");
    add_if(q, f->min_key != 0, " AND c.key >= $9");
    add_if(q, f->max_key != 0, " AND c.key <= $10");
    add_if(q, store_filter_due(f), " AND c.due > $11");
    add_if(q, f->due_until != 0, " AND c.due <= $12");
    add_if(q, f->group != 0, " AND (c.key = $7 OR c.grp = $7)");
    add_if(q, f->region != NULL, " AND c.region = $5");
    add_if(q, f->category != NULL,
           " AND (c.category = $6 OR starts_with(c.category, $6 || '/'))");
}

/* In charge.  A unit or handler that is said is not '': that is what the
 * indices of those columns are about.
 */
static void add_own(struct sql *q, const struct store_case_filter *f)
{
    add_if(q, f->unit != NULL, " AND c.unit = $3");
    add_if(q, given(f->unit), " AND c.unit <> ''");
    add_if(q, f->handler != NULL, " AND c.handler = $4");
    add_if(q, given(f->handler), " AND c.handler <> ''");
}

/* Of one officer, whatever the unit. */
static bool by_officer(const struct store_case_filter *f)
{
    return f->unit == NULL && given(f->handler);
}

static bool may_be_beside(const struct store_case_filter *f)
{
    return given(f->unit) || by_officer(f);
}

/* Beside.  No case comes twice, though several units may name one officer. */
static void add_beside(struct sql *q, const struct store_case_filter *f)
{
    add_if(q, f->unit != NULL, " AND b.unit = $3 AND c.unit <> $3");
    add_if(q, f->handler != NULL, " AND b.handler = $4");
    add_if(q, by_officer(f),
           " AND b.handler <> '' AND c.handler <> $4"
           " AND NOT EXISTS (SELECT 1 FROM case_beside AS o WHERE"
           " o.key = b.key AND o.unit < b.unit AND o.handler = $4)");
}

/* One arm of those in charge, and one of those beside, with what both have in
 * common: `where`, which begins with " AND", and the order of the page.
 */
static void add_arms(struct sql *q, const struct store_case_filter *f,
                     uint32_t states, const char *where, const char *order,
                     bool first)
{
    add(q, !first ? " UNION ALL "
           : f->words == NULL
               ? "SELECT * FROM ("
               : "SELECT t.*, (SELECT e.body FROM event e WHERE e.key = t.key"
                 " AND e.n = 1) FROM (");
    add(q, "(" CASE_COLUMNS " WHERE true");
    add_own(q, f);
    add_states(q, states);
    add(q, where);
    add_what(q, f);
    add(q, order);
    add(q, ")");
    if (!may_be_beside(f))
        return;
    add(q, " UNION ALL (" CASE_COLUMNS " JOIN case_beside b ON b.key = c.key"
           " WHERE true");
    add_beside(q, f);
    add_states(q, states);
    add(q, where);
    add_what(q, f);
    add(q, order);
    add(q, ")");
}

static void case_sql(struct sql *q, const struct store_case_filter *f)
{
    uint32_t all = (UINT32_C(1) << DK_S_N) - 1;
    uint32_t states = store_filter_states(f);
    const char *where = f->newest_first ? " AND c.key < $1" : " AND c.key > $1";
    const char *order = f->newest_first ? " ORDER BY c.key DESC LIMIT $2"
                                        : " ORDER BY c.key LIMIT $2";
    bool first = true;

    if (states == all && !given(f->unit) && !given(f->handler)) {
        add_arms(q, f, states, where, order, true);
    } else {
        for (int s = 0; s < DK_S_N; s++) {
            if ((states >> s & 1) == 0)
                continue;
            add_arms(q, f, UINT32_C(1) << s, where, order, first);
            first = false;
        }
    }
    add(q, f->newest_first ? ") AS t ORDER BY 1 DESC LIMIT $2"
                           : ") AS t ORDER BY 1 LIMIT $2");
}

struct cases {
    store_case_fn fn;
    void *arg;
    int64_t left;
    /* With words: how many rows more may be looked at, and the last of them. */
    const struct dk_find *words;
    int64_t look;
    struct store_case_row last;
};

static int on_case(struct pg *s, const struct pg_row *r, void *arg)
{
    struct cases *c = arg;
    struct store_case_row row = {.key = pg_col_int(r, 0),
                                 .doc = pg_col_text(r, 1),
                                 .doc_len = pg_col_len(r, 1),
                                 .urgent = pg_col_int(r, 2) != 0,
                                 .due = pg_col_when(r, 3)};

    (void)s;
    if (c->words != NULL) {
        c->last = row;
        c->look--;
        if (!dk_find_fits(c->words, row.doc, row.doc_len, pg_col_text(r, 4),
                          pg_col_len(r, 4)))
            return 0;
    }
    c->left--;
    return c->fn(c->arg, &row);
}

/* Run the query.  0: go on, 1: stop. */
static int run_cases(struct pg *s, const struct sql *q,
                     const struct store_case_filter *f, int64_t after,
                     struct cases *c)
{
    struct pg_args a = pg_args(s);
    PGresult *res;

    if (q->cut)
        return DK_EBUG;
    pg_int(&a, after);
    pg_int(&a, c->look > 0 ? c->look : c->left);
    pg_str(&a, f->unit);
    pg_str(&a, f->handler);
    pg_str(&a, f->region);
    pg_str(&a, f->category);
    pg_int(&a, f->group);
    pg_int(&a, f->after_due);
    pg_int(&a, f->min_key);
    pg_int(&a, f->max_key);
    pg_int(&a, f->due_after);
    pg_int(&a, f->due_until);
    int rc = pg_ask_text(&a, q->buf, &res);
    int n = rc == 0 ? PQntuples(res) : 0;
    for (int i = 0; rc == 0 && i < n && c->left > 0; i++)
        rc = on_case(s, &(struct pg_row){res, i}, c);
    PQclear(res);
    return rc;
}

/* ---- cases in the order of work ------------------------------------------ */

/* The stretches of that order, one after the other. */
static const struct stretch {
    bool urgent, due;
    const char *where;
} stretches[] = {
    {true, true, " AND c.urgent = 1 AND c.due IS NOT NULL"},
    {true, false, " AND c.urgent = 1 AND c.due IS NULL"},
    {false, true, " AND c.urgent = 0 AND c.due IS NOT NULL"},
    {false, false, " AND c.urgent = 0 AND c.due IS NULL"},
};

static void work_sql(struct sql *q, const struct store_case_filter *f,
                     const struct stretch *h, bool begun)
{
    uint32_t states = store_filter_states(f);
    const char *order =
        h->due ? " ORDER BY c.due, c.key LIMIT $2" : " ORDER BY c.key LIMIT $2";
    char where[120];
    bool first = true;

    (void)snprintf(where, sizeof where, "%s%s", h->where,
                   !begun   ? ""
                   : h->due ? " AND (c.due, c.key) > ($8, $1)"
                            : " AND c.key > $1");
    if (h->urgent || h->due) {
        add_arms(q, f, states, where, order, true);
    } else {
        for (int s = 0; s < DK_S_N; s++) {
            if ((states >> s & 1) == 0)
                continue;
            add_arms(q, f, UINT32_C(1) << s, where, order, first);
            first = false;
        }
    }
    add(q, h->due ? ") AS t ORDER BY 4, 1 LIMIT $2"
                  : ") AS t ORDER BY 1 LIMIT $2");
}

static int list_work(struct pg *s, const struct store_case_filter *f,
                     struct cases *c)
{
    bool due = f->after_due != DK_NEVER;
    size_t n = sizeof stretches / sizeof stretches[0];
    size_t first = 0;
    int rc = 0;

    if (f->after != 0 && !f->after_urgent)
        first += 2;
    if (f->after != 0 && !due)
        first++;
    for (size_t i = first; rc == 0 && i < n && c->left > 0; i++) {
        struct sql q = {.len = 0};

        if ((c->words != NULL && c->look == 0) ||
            (!stretches[i].due && store_filter_due(f)))
            continue;
        work_sql(&q, f, &stretches[i], f->after != 0 && i == first);
        rc = run_cases(s, &q, f, f->after, c);
    }
    return rc;
}

int pg_list_cases(struct store *st, const struct store_case_filter *f,
                  int64_t limit, store_case_fn fn, void *arg)
{
    struct pg *s = (struct pg *)st;
    /* Whether a case is about words is not the server's affair: so many rows
     * are looked at for a page, as with a filter that has no index in SQLite.
     */
    struct cases c = {.fn = fn, .arg = arg, .left = limit, .words = f->words};
    struct sql q = {.len = 0};
    int rc;

    if (f->words != NULL)
        c.look = f->look > 0 ? f->look : INT64_MAX;

    if (store_filter_states(f) == 0)
        return 0; /* open, and a state in which nothing is owed */
    if (f->work) {
        rc = list_work(s, f, &c);
    } else {
        case_sql(&q, f);
        rc = run_cases(s, &q, f, store_filter_start(f), &c);
    }
    if (rc == 0 && c.left > 0 && c.words != NULL && c.look == 0) {
        c.last.passed = true;
        rc = fn(arg, &c.last);
    }
    return rc < 0 ? rc : 0;
}

/* ---- alerts ------------------------------------------------------------- */

struct alerts {
    store_alert_fn fn;
    void *arg;
};

static int on_alert(struct pg *s, const struct pg_row *r, void *arg)
{
    struct alerts *q = arg;
    struct store_alert_row row = {
        .a = {.key = pg_col_int(r, 0),
              .n = (uint32_t)pg_col_int(r, 1),
              .raised_at = pg_col_int(r, 2),
              .due_at = pg_col_int(r, 3),
              .level = pg_col_text(r, 6),
              .unit = pg_col_text(r, 7),
              .clock = pg_col_text(r, 8),
              .rung = pg_col_text(r, 9),
              .body = pg_col_text(r, 10)},
        .acked_at = pg_col_when(r, 4),
        .acked_by = pg_col_text(r, 5),
    };

    if (row.a.body == NULL)
        return pg_odd(s);
    return q->fn(q->arg, &row);
}

int pg_list_alerts(struct store *st, const struct store_alert_filter *f,
                   int64_t limit, store_alert_fn fn, void *arg)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s);
    struct alerts c = {fn, arg};
    struct sql q = {.len = 0};
    PGresult *res;

    add(&q, "SELECT a.key, a.n, a.raised_at, a.due_at, a.acked_at, a.acked_by, "
            "a.level, a.unit, a.clock, a.rung, e.body FROM alert a "
            "LEFT JOIN event e ON e.key = a.key AND e.n = a.n "
            "WHERE (a.key, a.n) > ($1, $2)");
    add_if(&q, f->open, " AND a.acked_at IS NULL");
    add_if(&q, f->case_key != 0, " AND a.key = $4");
    add_if(&q, f->level != NULL, " AND a.level = $5");
    add_if(&q, f->unit != NULL,
           " AND (a.unit = $6 OR EXISTS (SELECT 1 FROM case_beside AS b"
           " WHERE b.key = a.key AND b.unit = $6))");
    add(&q, " ORDER BY a.key, a.n LIMIT $3");
    pg_int(&a, f->after_key);
    pg_int(&a, f->after_n);
    pg_int(&a, limit);
    pg_int(&a, f->case_key);
    pg_str(&a, f->level);
    pg_str(&a, f->unit);
    int rc = pg_ask_text(&a, q.buf, &res);
    return pg_each(s, rc, res, on_alert, &c);
}

/* ---- clocks ------------------------------------------------------------- */

struct clocks {
    store_clock_fn fn;
    void *arg;
};

static int on_clock(struct pg *s, const struct pg_row *r, void *arg)
{
    struct clocks *q = arg;
    struct store_clock_row row = {
        .key = pg_col_int(r, 0),
        .id = pg_col_text(r, 1),
        .unit = pg_col_text(r, 2),
        .state = (enum dk_clock_state)pg_col_int(r, 3),
        .overdue = pg_col_int(r, 4) != 0,
        .due_at = pg_col_int(r, 5),
        .fire_at = pg_col_when(r, 6),
    };

    (void)s;
    return q->fn(q->arg, &row);
}

int pg_list_clocks(struct store *st, const struct store_clock_filter *f,
                   int64_t limit, store_clock_fn fn, void *arg)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s);
    struct clocks c = {fn, arg};
    struct sql q = {.len = 0};
    PGresult *res;

    add(&q, "SELECT key, id, unit, state, overdue, due_at, fire_at "
            "FROM clock WHERE true");
    add_if(&q, f->after_due != 0, " AND (due_at, key, id) > ($1, $2, $3)");
    add_if(&q, f->due_before != DK_NEVER, " AND due_at < $5");
    add_if(&q, f->overdue, " AND overdue = 1");
    add_if(&q, f->unit != NULL,
           " AND (unit = $6 OR EXISTS (SELECT 1 FROM case_beside AS b"
           " WHERE b.key = clock.key AND b.unit = $6))");
    add_if(&q, f->clock != NULL, " AND id = $7");
    add(&q, " ORDER BY due_at, key, id LIMIT $4");
    pg_int(&a, f->after_due);
    pg_int(&a, f->after_key);
    pg_str(&a, f->after_id != NULL ? f->after_id : "");
    pg_int(&a, limit);
    pg_int(&a, f->due_before);
    pg_str(&a, f->unit);
    pg_str(&a, f->clock);
    int rc = pg_ask_text(&a, q.buf, &res);
    return pg_each(s, rc, res, on_clock, &c);
}
