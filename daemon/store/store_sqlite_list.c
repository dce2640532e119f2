/* store_sqlite_list.c - filtered lists, page by page.
 *
 * The text of a query is put together from constants, once for each call;
 * values are always bound.  Every page starts where the one before ended
 * (keyset), by an index that is named in the query: if the schema no longer
 * has it, preparing fails and a test says so, instead of a slow list.
 *
 * Where no index serves all of a filter and a bound is given (`look`), the rest
 * of the filter is a column of the answer (no document: it does not let the row
 * through) and not a condition.  So every row that is looked at is a step here,
 * and is counted.
 */
#include <stdio.h>
#include <string.h>

#include "store_sqlite_text.h"

/* A list as it is asked for. */
struct ask {
    const struct store_case_filter *f;
    bool own; /* work: by the order's own index, whatever the filter */
    int64_t left, looked;
    struct store_case_row last; /* that was looked at; no document */
};

/* ---- cases -------------------------------------------------------------- */

static bool given(const char *s)
{
    return s != NULL && *s != '\0';
}

#define CASES_OF_GROUP                                                         \
    " AND key IN (SELECT key FROM case_file INDEXED BY case_group"             \
    " WHERE grp = ?7 UNION ALL SELECT ?7)"

/* The index of the narrowest filter, or nothing. */
static bool add_case_index(struct sq_text *q, const struct ask *a)
{
    const struct store_case_filter *f = a->f;
    const char *by = NULL;

    if (a->own)
        by = NULL;
    else if (f->group != 0)
        by = " WHERE true" CASES_OF_GROUP;
    else if (f->overdue)
        by = " INDEXED BY case_overdue WHERE overdue = 1";
    else if (given(f->handler))
        by = " INDEXED BY case_handler WHERE handler <> ''";
    else if (given(f->unit))
        by = " INDEXED BY case_unit WHERE unit <> ''";
    sq_add_if(q, by != NULL, by);
    return by != NULL;
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

/* The cases that a unit or an officer handles beside another are rows of
 * case_beside.  Where whose they are is the narrowest filter they are arms of
 * their own, by an index; else each row that another index gives is asked for.
 */
static bool has_beside_arms(const struct ask *a)
{
    return may_be_beside(a->f) && !a->f->overdue && a->f->group == 0 && !a->own;
}

static void add_whose(struct sq_text *q, const struct ask *a)
{
    const struct store_case_filter *f = a->f;
    bool ask = may_be_beside(f) && !has_beside_arms(a);

    sq_add_if(q, ask, " AND ((true");
    sq_add_if(q, f->unit != NULL, " AND unit = ?3");
    sq_add_if(q, f->handler != NULL, " AND handler = ?4");
    if (!ask)
        return;
    sq_add(q, ") OR EXISTS (SELECT 1 FROM case_beside AS b"
              " WHERE b.key = case_file.key");
    sq_add_if(q, f->unit != NULL, " AND b.unit = ?3");
    sq_add_if(q, f->handler != NULL, " AND b.handler = ?4");
    sq_add(q, "))");
}

static void add_what(struct sq_text *q, const struct store_case_filter *f)
{
    sq_add_if(q, f->overdue, " AND overdue = 1");
    sq_add_if(q, f->region != NULL, " AND region = ?5");
    sq_add_if(q, f->category != NULL,
              " AND (category = ?6 OR"
              " substr(category, 1, length(?6) + 1) = ?6 || '/')");
}

static void add_states(struct sq_text *q, uint32_t states)
{
    const char *glue = " AND state IN (";
    char number[] = "00";

    for (int s = 0; s < DK_S_N; s++) {
        if ((states >> s & 1) == 0)
            continue;
        number[0] = (char)('0' + s / 10);
        number[1] = (char)('0' + s % 10);
        sq_add(q, glue);
        sq_add(q, number);
        glue = ", ";
    }
    sq_add(q, ")");
}

/* Does a bound count the rows that a filter beside the index does not let
 * through?  (Of a group there are few.)
 */
static bool counts(const struct ask *a)
{
    return a->f->look > 0 && a->f->group == 0;
}

/* Is it the index's own affair in which state a case is, and whose? */
static bool by_state_and_unit(const struct ask *a)
{
    return !a->own && (!a->f->overdue || !counts(a));
}

/* The filter: what must be so of each row (`cased` false), and what is only
 * said of it.
 */
static void add_filter(struct sq_text *q, const struct ask *a, uint32_t states,
                       bool cased)
{
    if (by_state_and_unit(a) != cased) {
        if (states != 0)
            add_states(q, states);
        add_whose(q, a);
    }
    if (counts(a) == cased)
        add_what(q, a->f);
}

static void add_doc(struct sq_text *q, const struct ask *a, uint32_t states)
{
    if (!counts(a)) {
        sq_add(q, "doc");
        return;
    }
    sq_add(q, "CASE WHEN true");
    add_filter(q, a, states, true);
    sq_add(q, " THEN doc END");
}

static void add_beside_doc(struct sq_text *q, const struct ask *a,
                           uint32_t states)
{
    if (!counts(a)) {
        sq_add(q, "doc");
        return;
    }
    sq_add(q, "CASE WHEN true");
    add_states(q, states);
    add_what(q, a->f);
    sq_add(q, " THEN doc END");
}

/* Of one unit, or of one officer.  A case is never listed twice: not if a
 * damaged file has a unit beside itself, nor if several units named one
 * officer.
 */
static void add_beside_whose(struct sq_text *q, const struct ask *a)
{
    if (!by_officer(a->f)) {
        sq_add(q, "case_beside_unit CROSS JOIN case_file AS c ON c.key = b.key"
                  " WHERE b.unit = ?3 AND c.unit <> ?3");
        sq_add_if(q, a->f->handler != NULL, " AND b.handler = ?4");
        return;
    }
    sq_add(q, "case_beside_handler CROSS JOIN case_file AS c ON c.key = b.key"
              " WHERE b.handler = ?4 AND b.handler <> '' AND c.handler <> ?4"
              " AND NOT EXISTS (SELECT 1 FROM case_beside AS o WHERE"
              " o.key = b.key AND o.unit < b.unit AND o.handler = ?4)");
}

/* An arm for the open ones and one for the others, `tail` after each: as far
 * as `states` has any of them.
 */
static void add_beside_arms(struct sq_text *q, const struct ask *a,
                            uint32_t states, const char *tail)
{
    for (int open = 0; open < 2; open++) {
        uint32_t some = 0;

        for (int s = 0; s < DK_S_N; s++)
            if (dk_state_owes((enum dk_state)s) == (open != 0))
                some |= states & UINT32_C(1) << s;
        if (some == 0)
            continue;
        sq_add(q, " UNION ALL SELECT b.key, ");
        add_beside_doc(q, a, some);
        sq_add(q, ", urgent, due"
                  " FROM case_beside AS b INDEXED BY ");
        add_beside_whose(q, a);
        sq_add(q, open != 0 ? " AND b.open = 1" : " AND b.open = 0");
        if (!counts(a)) {
            add_states(q, some);
            add_what(q, a->f);
        }
        sq_add(q, tail);
    }
}

/* One arm for each state wanted, or one in all (states 0).  Each arm gives
 * its rows in order of the key, and SQLite merges them without sorting.
 */
static void add_case_arm(struct sq_text *q, const struct ask *a,
                         uint32_t states)
{
    sq_add(q, "SELECT key, ");
    add_doc(q, a, states);
    sq_add(q, ", urgent, due FROM case_file");
    if (!add_case_index(q, a))
        sq_add(q, states != 0 ? " INDEXED BY case_state WHERE true"
                              : " NOT INDEXED WHERE true");
    add_filter(q, a, states, false);
    sq_add(q, a->f->newest_first ? " AND key < ?1" : " AND key > ?1");
}

static void case_sql(struct sq_text *q, const struct ask *a)
{
    const struct store_case_filter *f = a->f;
    uint32_t all = (UINT32_C(1) << DK_S_N) - 1;
    uint32_t states = store_filter_states(f);
    const char *glue = "";

    if (states == all && (f->group != 0 || f->overdue ||
                          (!given(f->unit) && !given(f->handler))))
        add_case_arm(q, a, 0);
    else if (f->overdue && counts(a))
        add_case_arm(q, a, states);
    else
        for (int s = 0; s < DK_S_N; s++) {
            if ((states >> s & 1) == 0)
                continue;
            sq_add(q, glue);
            add_case_arm(q, a, UINT32_C(1) << s);
            glue = " UNION ALL ";
        }
    if (has_beside_arms(a))
        add_beside_arms(q, a, states,
                        f->newest_first ? " AND b.key < ?1"
                                        : " AND b.key > ?1");
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
    sq_bind_int(&u, 2, counts(a) ? a->f->look - a->looked : a->left);
    while (a->left > 0 && (rc = sq_step(&u)) == 1) {
        struct store_case_row row = {.key = sq_col_int(&u, 0),
                                     .urgent = sq_col_int(&u, 2) != 0,
                                     .due = sq_col_when(&u, 3)};

        rc = 0;
        a->looked++;
        a->last = row;
        row.doc = sq_col_text(&u, 1);
        if (row.doc == NULL && counts(a))
            continue;
        row.doc_len = sq_col_len(&u, 1);
        a->left--;
        rc = row.doc == NULL ? DK_ENOMEM : fn(arg, &row);
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
    add_doc(q, a, states);
    sq_add(q, ", urgent, due FROM case_file");
    if (!add_case_index(q, a))
        sq_add(q, h->own);
    sq_add(q, h->where);
    if (!h->urgent && !h->due && a->own)
        add_states(q, states); /* it is by case_state */
    add_filter(q, a, states, false);
    if (begun)
        sq_add(q, h->due ? " AND (due, key) > (?8, ?1)" : " AND key > ?1");
}

/* A stretch by case_state has an arm for each state, as in case_sql(). */
static void work_sql(struct sq_text *q, const struct ask *a,
                     const struct stretch *h, bool begun)
{
    uint32_t states = store_filter_states(a->f);
    const char *glue = "";
    char tail[120];

    if (h->urgent || h->due)
        add_work_arm(q, a, h, states, begun);
    for (int s = 0; s < DK_S_N && !h->urgent && !h->due; s++) {
        if ((states >> s & 1) == 0)
            continue;
        sq_add(q, glue);
        add_work_arm(q, a, h, UINT32_C(1) << s, begun);
        glue = " UNION ALL ";
    }
    if (has_beside_arms(a)) {
        (void)snprintf(tail, sizeof tail, "%s%s", h->where,
                       !begun   ? ""
                       : h->due ? " AND (due, b.key) > (?8, ?1)"
                                : " AND b.key > ?1");
        add_beside_arms(q, a, states, tail);
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
    if (!counts(a))
        return 0;
    sq_add(&q, "SELECT count(*) FROM (SELECT 1 FROM case_file");
    a->own = !add_case_index(&q, &by);
    if (a->own)
        return 0;
    if (by_state_and_unit(&by)) {
        add_states(&q, store_filter_states(a->f));
        sq_add_if(&q, given(a->f->handler), " AND handler = ?4");
        sq_add_if(&q, !given(a->f->handler), " AND unit = ?3");
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

        if (counts(a) && a->looked >= f->look)
            break;
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
    int64_t after = f->after == 0 && f->newest_first ? INT64_MAX : f->after;
    int rc;

    if (store_filter_states(f) == 0)
        return 0; /* open, and a state in which nothing is owed */
    if (f->work) {
        rc = list_work(s, &a, fn, arg);
    } else {
        case_sql(&q, &a);
        rc = run_cases(s, &q, &a, after, fn, arg);
    }
    if (rc == 0 && a.left > 0 && counts(&a) && a.looked >= f->look) {
        a.last.passed = true;
        rc = fn(arg, &a.last);
    }
    return rc < 0 ? rc : 0;
}
