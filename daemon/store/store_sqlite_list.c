/* store_sqlite_list.c - filtered lists, page by page.
 *
 * The text of a query is put together from constants, once for each call;
 * values are always bound.  Every page starts where the one before ended
 * (keyset), by an index that is named in the query: if the schema no longer
 * has it, preparing fails and a test says so, instead of a slow list.
 */
#include <stdio.h>
#include <string.h>

#include "store_sqlite.h"

#define SQL_MAX 8000

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

static int prepare(struct sq *s, const struct sql *q, struct sq_use *u)
{
    *u = (struct sq_use){.s = s};
    if (q->cut)
        return DK_EBUG;
    return sq_code(
        s, sqlite3_prepare_v2(s->db, q->buf, (int)q->len + 1, &u->q, NULL));
}

static void keep_first(struct sq_use *u, int rc)
{
    if (u->rc == SQLITE_OK)
        u->rc = rc;
}

/* Bind parameter ?i, if the query has it. */
static void bind_int(struct sq_use *u, int i, int64_t v)
{
    if (i <= sqlite3_bind_parameter_count(u->q))
        keep_first(u, sqlite3_bind_int64(u->q, i, v));
}

static void bind_text(struct sq_use *u, int i, const char *v)
{
    if (v != NULL && i <= sqlite3_bind_parameter_count(u->q))
        keep_first(u, sqlite3_bind_text(u->q, i, v, -1, SQLITE_STATIC));
}

/* ---- cases -------------------------------------------------------------- */

static bool given(const char *s)
{
    return s != NULL && *s != '\0';
}

#define CASE_COLUMNS "SELECT key, doc, urgent, due FROM case_file"
#define CASES_OF_GROUP                                                         \
    " AND key IN (SELECT key FROM case_file INDEXED BY case_group"             \
    " WHERE grp = ?7 UNION ALL SELECT ?7)"

/* The index of the narrowest filter, or nothing. */
static bool add_case_index(struct sql *q, const struct store_case_filter *f)
{
    const char *by = NULL;

    if (f->group != 0)
        by = " WHERE true" CASES_OF_GROUP;
    else if (f->overdue)
        by = " INDEXED BY case_overdue WHERE overdue = 1";
    else if (given(f->handler))
        by = " INDEXED BY case_handler WHERE handler <> ''";
    else if (given(f->unit))
        by = " INDEXED BY case_unit WHERE unit <> ''";
    add_if(q, by != NULL, by);
    return by != NULL;
}

/* The cases that a unit handles beside another are rows of case_beside.  Where
 * the unit is the narrowest filter they are arms of their own, by its index;
 * else each row that another index gives is asked for.
 */
static bool has_beside_arms(const struct store_case_filter *f)
{
    return given(f->unit) && !f->overdue && f->group == 0;
}

static void add_whose(struct sql *q, const struct store_case_filter *f)
{
    bool ask = given(f->unit) && !has_beside_arms(f);

    add_if(q, f->unit != NULL, ask ? " AND ((unit = ?3" : " AND unit = ?3");
    add_if(q, f->handler != NULL, " AND handler = ?4");
    if (!ask)
        return;
    add(q, ") OR EXISTS (SELECT 1 FROM case_beside AS b"
           " WHERE b.key = case_file.key AND b.unit = ?3");
    add_if(q, f->handler != NULL, " AND b.handler = ?4");
    add(q, "))");
}

static void add_what(struct sql *q, const struct store_case_filter *f)
{
    add_if(q, f->overdue, " AND overdue = 1");
    add_if(q, f->region != NULL, " AND region = ?5");
    add_if(q, f->category != NULL,
           " AND (category = ?6 OR"
           " substr(category, 1, length(?6) + 1) = ?6 || '/')");
}

static void add_states(struct sql *q, uint32_t states)
{
    const char *glue = " AND state IN (";
    char number[] = "00";

    for (int s = 0; s < DK_S_N; s++) {
        if ((states >> s & 1) == 0)
            continue;
        number[0] = (char)('0' + s / 10);
        number[1] = (char)('0' + s % 10);
        add(q, glue);
        add(q, number);
        glue = ", ";
    }
    add(q, ")");
}

/* An arm for the open ones and one for the others, `tail` after each: as far
 * as `states` has any of them.  (A case is never listed twice, even if a
 * damaged file has a unit beside itself.)
 */
static void add_beside_arms(struct sql *q, const struct store_case_filter *f,
                            uint32_t states, const char *tail)
{
    for (int open = 0; open < 2; open++) {
        uint32_t some = 0;

        for (int s = 0; s < DK_S_N; s++)
            if (dk_state_owes((enum dk_state)s) == (open != 0))
                some |= states & UINT32_C(1) << s;
        if (some == 0)
            continue;
        add(q, " UNION ALL SELECT b.key, doc, urgent, due"
               " FROM case_beside AS b INDEXED BY case_beside_unit"
               " CROSS JOIN case_file AS c ON c.key = b.key"
               " WHERE b.unit = ?3 AND c.unit <> ?3 AND b.open = ");
        add(q, open != 0 ? "1" : "0");
        add_if(q, f->handler != NULL, " AND b.handler = ?4");
        add_states(q, some);
        add(q, tail);
        add_what(q, f);
    }
}

/* One arm for each state wanted, or one in all (state < 0).  Each arm gives
 * its rows in order of the key, and SQLite merges them without sorting.
 */
static void add_case_arm(struct sql *q, const struct store_case_filter *f,
                         int state)
{
    char eq[] = " AND state = 00";

    add(q, CASE_COLUMNS);
    if (!add_case_index(q, f))
        add(q, state >= 0 ? " INDEXED BY case_state WHERE true"
                          : " NOT INDEXED WHERE true");
    if (state >= 0) {
        eq[sizeof eq - 3] = (char)('0' + state / 10);
        eq[sizeof eq - 2] = (char)('0' + state % 10);
        add(q, eq);
    }
    add(q, f->newest_first ? " AND key < ?1" : " AND key > ?1");
    add_whose(q, f);
    add_what(q, f);
}

static void case_sql(struct sql *q, const struct store_case_filter *f)
{
    uint32_t all = (UINT32_C(1) << DK_S_N) - 1;
    uint32_t states = store_filter_states(f);
    const char *glue = "";

    if (states == all && (f->group != 0 || f->overdue ||
                          (!given(f->unit) && !given(f->handler))))
        add_case_arm(q, f, -1);
    else
        for (int s = 0; s < DK_S_N; s++) {
            if ((states >> s & 1) == 0)
                continue;
            add(q, glue);
            add_case_arm(q, f, s);
            glue = " UNION ALL ";
        }
    if (has_beside_arms(f))
        add_beside_arms(q, f, states,
                        f->newest_first ? " AND b.key < ?1"
                                        : " AND b.key > ?1");
    add(q, " ORDER BY 1");
    add_if(q, f->newest_first, " DESC");
    add(q, " LIMIT ?2");
}

/* Run the query from `after` on; *left counts down.  0: go on, 1: stop. */
static int run_cases(struct sq *s, const struct sql *q,
                     const struct store_case_filter *f, int64_t after,
                     int64_t *left, store_case_fn fn, void *arg)
{
    struct sq_use u;
    int rc = prepare(s, q, &u);

    if (rc != 0)
        return rc;
    bind_int(&u, 1, after);
    bind_int(&u, 2, *left);
    bind_text(&u, 3, f->unit);
    bind_text(&u, 4, f->handler);
    bind_text(&u, 5, f->region);
    bind_text(&u, 6, f->category);
    bind_int(&u, 7, f->group);
    bind_int(&u, 8, f->after_due);
    while ((rc = sq_step(&u)) == 1) {
        struct store_case_row row = {.key = sq_col_int(&u, 0),
                                     .doc = sq_col_text(&u, 1),
                                     .urgent = sq_col_int(&u, 2) != 0,
                                     .due = sq_col_when(&u, 3)};

        row.doc_len = sq_col_len(&u, 1);
        --*left;
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

static void add_work_arm(struct sql *q, const struct store_case_filter *f,
                         const struct stretch *h, uint32_t states, bool begun)
{
    add(q, CASE_COLUMNS);
    if (!add_case_index(q, f))
        add(q, h->own);
    add(q, h->where);
    add_states(q, states);
    add_whose(q, f);
    add_what(q, f);
    if (begun)
        add(q, h->due ? " AND (due, key) > (?8, ?1)" : " AND key > ?1");
}

/* A stretch by case_state has an arm for each state, as in case_sql(). */
static void work_sql(struct sql *q, const struct store_case_filter *f,
                     const struct stretch *h, bool begun)
{
    uint32_t states = store_filter_states(f);
    const char *glue = "";
    char tail[120];

    if (h->urgent || h->due)
        add_work_arm(q, f, h, states, begun);
    for (int s = 0; s < DK_S_N && !h->urgent && !h->due; s++) {
        if ((states >> s & 1) == 0)
            continue;
        add(q, glue);
        add_work_arm(q, f, h, UINT32_C(1) << s, begun);
        glue = " UNION ALL ";
    }
    if (has_beside_arms(f)) {
        (void)snprintf(tail, sizeof tail, "%s%s", h->where,
                       !begun   ? ""
                       : h->due ? " AND (due, b.key) > (?8, ?1)"
                                : " AND b.key > ?1");
        add_beside_arms(q, f, states, tail);
    }
    add(q, h->due ? " ORDER BY due, key LIMIT ?2" : " ORDER BY key LIMIT ?2");
}

static int list_work(struct sq *s, const struct store_case_filter *f,
                     int64_t limit, store_case_fn fn, void *arg)
{
    bool due = f->after_due != DK_NEVER;
    size_t n = sizeof stretches / sizeof stretches[0];
    size_t first = 0;
    int rc = 0;

    if (f->after != 0 && !f->after_urgent)
        first += 2;
    if (f->after != 0 && !due)
        first++;
    for (size_t i = first; rc == 0 && i < n && limit > 0; i++) {
        struct sql q = {.len = 0};

        work_sql(&q, f, &stretches[i], f->after != 0 && i == first);
        rc = run_cases(s, &q, f, f->after, &limit, fn, arg);
    }
    return rc;
}

int sq_list_cases(struct store *st, const struct store_case_filter *f,
                  int64_t limit, store_case_fn fn, void *arg)
{
    struct sq *s = (struct sq *)st;
    struct sql q = {.len = 0};
    int64_t after = f->after == 0 && f->newest_first ? INT64_MAX : f->after;
    int rc;

    if (store_filter_states(f) == 0)
        return 0; /* open, and a state in which nothing is owed */
    if (f->work) {
        rc = list_work(s, f, limit, fn, arg);
    } else {
        case_sql(&q, f);
        rc = run_cases(s, &q, f, after, &limit, fn, arg);
    }
    return rc < 0 ? rc : 0;
}

/* ---- alerts ------------------------------------------------------------- */

static void alert_sql(struct sql *q, const struct store_alert_filter *f)
{
    add(q, "SELECT a.key, a.n, a.raised_at, a.due_at, a.acked_at, a.acked_by, "
           "a.level, a.unit, a.clock, a.rung, e.body FROM alert a ");
    add(q, f->open ? "INDEXED BY alert_open " : "");
    add(q, "LEFT JOIN event e ON e.key = a.key AND e.n = a.n "
           "WHERE (a.key, a.n) > (?1, ?2)");
    add_if(q, f->open, " AND a.acked_at IS NULL");
    add_if(q, f->case_key != 0, " AND a.key = ?4");
    add_if(q, f->level != NULL, " AND a.level = ?5");
    add_if(q, f->unit != NULL,
           " AND (a.unit = ?6 OR EXISTS (SELECT 1 FROM case_beside AS b"
           " WHERE b.key = a.key AND b.unit = ?6))");
    add(q, " ORDER BY a.key, a.n LIMIT ?3");
}

static int read_alert(const struct sq_use *u, struct store_alert_row *r)
{
    *r = (struct store_alert_row){
        .a = {.key = sq_col_int(u, 0),
              .n = (uint32_t)sq_col_int(u, 1),
              .raised_at = sq_col_int(u, 2),
              .due_at = sq_col_int(u, 3),
              .level = sq_col_text(u, 6),
              .unit = sq_col_text(u, 7),
              .clock = sq_col_text(u, 8),
              .rung = sq_col_text(u, 9),
              .body = sq_col_text(u, 10)},
        .acked_at = sq_col_when(u, 4),
        .acked_by = sq_col_text(u, 5),
    };
    return r->a.body == NULL ? sq_odd(u->s) : 0;
}

int sq_list_alerts(struct store *st, const struct store_alert_filter *f,
                   int64_t limit, store_alert_fn fn, void *arg)
{
    struct sql q = {.len = 0};
    struct sq_use u;

    alert_sql(&q, f);
    int rc = prepare((struct sq *)st, &q, &u);
    if (rc != 0)
        return rc;
    bind_int(&u, 1, f->after_key);
    bind_int(&u, 2, f->after_n);
    bind_int(&u, 3, limit);
    bind_int(&u, 4, f->case_key);
    bind_text(&u, 5, f->level);
    bind_text(&u, 6, f->unit);
    while ((rc = sq_step(&u)) == 1) {
        struct store_alert_row row;

        rc = read_alert(&u, &row);
        if (rc == 0)
            rc = fn(arg, &row);
        if (rc != 0)
            break;
    }
    (void)sqlite3_finalize(u.q);
    return rc < 0 ? rc : 0;
}

/* ---- clocks ------------------------------------------------------------- */

static void clock_sql(struct sql *q, const struct store_clock_filter *f)
{
    add(q, "SELECT key, id, unit, state, overdue, due_at, fire_at "
           "FROM clock INDEXED BY clock_due WHERE true");
    add_if(q, f->after_due != 0, " AND (due_at, key, id) > (?1, ?2, ?3)");
    add_if(q, f->due_before != DK_NEVER, " AND due_at < ?5");
    add_if(q, f->overdue, " AND overdue = 1");
    add_if(q, f->unit != NULL,
           " AND (unit = ?6 OR EXISTS (SELECT 1 FROM case_beside AS b"
           " WHERE b.key = clock.key AND b.unit = ?6))");
    add_if(q, f->clock != NULL, " AND id = ?7");
    add(q, " ORDER BY due_at, key, id LIMIT ?4");
}

static int read_clock(const struct sq_use *u, struct store_clock_row *r)
{
    *r = (struct store_clock_row){
        .key = sq_col_int(u, 0),
        .id = sq_col_text(u, 1),
        .unit = sq_col_text(u, 2),
        .state = (enum dk_clock_state)sq_col_int(u, 3),
        .overdue = sq_col_int(u, 4) != 0,
        .due_at = sq_col_int(u, 5),
        .fire_at = sq_col_when(u, 6),
    };
    return r->id == NULL || r->unit == NULL ? DK_ENOMEM : 0;
}

int sq_list_clocks(struct store *st, const struct store_clock_filter *f,
                   int64_t limit, store_clock_fn fn, void *arg)
{
    struct sql q = {.len = 0};
    struct sq_use u;

    clock_sql(&q, f);
    int rc = prepare((struct sq *)st, &q, &u);
    if (rc != 0)
        return rc;
    bind_int(&u, 1, f->after_due);
    bind_int(&u, 2, f->after_key);
    bind_text(&u, 3, f->after_id != NULL ? f->after_id : "");
    bind_int(&u, 4, limit);
    bind_int(&u, 5, f->due_before);
    bind_text(&u, 6, f->unit);
    bind_text(&u, 7, f->clock);
    while ((rc = sq_step(&u)) == 1) {
        struct store_clock_row row;

        rc = read_clock(&u, &row);
        if (rc == 0)
            rc = fn(arg, &row);
        if (rc != 0)
            break;
    }
    (void)sqlite3_finalize(u.q);
    return rc < 0 ? rc : 0;
}
