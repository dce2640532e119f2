/* store_sqlite_alarms.c - lists of alerts and of clocks, page by page.
 *
 * They go along one index from where the page before ended.  Where a filter is
 * not that index's own, and a bound is given, it is a column of the answer and
 * not a condition: so rows that it does not let through are counted, too.
 */
#include <stdio.h>

#include "store_sqlite_text.h"

/* ---- alerts ------------------------------------------------------------- */

/* Is more asked than the order's own index tells, and is that bounded? */
static bool alerts_count(const struct store_alert_filter *f)
{
    return f->look > 0 && f->case_key == 0 &&
           (f->level != NULL || f->unit != NULL);
}

static void add_alert_filter(struct sq_text *q,
                             const struct store_alert_filter *f)
{
    sq_add_if(q, f->level != NULL, " AND a.level = ?5");
    sq_add_if(q, f->unit != NULL,
              " AND (a.unit = ?6 OR EXISTS (SELECT 1 FROM case_beside AS b"
              " WHERE b.key = a.key AND b.unit = ?6))");
}

static void alert_sql(struct sq_text *q, const struct store_alert_filter *f)
{
    bool count = alerts_count(f);

    sq_add(q, "SELECT key, n, raised_at, due_at, acked_at, acked_by, level, "
              "unit, clock, rung, fits, CASE WHEN fits THEN (SELECT body FROM "
              "event AS e WHERE e.key = f.key AND e.n = f.n) END FROM "
              "(SELECT *, true");
    if (count)
        add_alert_filter(q, f);
    sq_add(q, " AS fits FROM alert AS a ");
    sq_add_if(q, f->open, "INDEXED BY alert_open ");
    sq_add(q, "WHERE (a.key, a.n) > (?1, ?2)");
    sq_add_if(q, f->open, " AND a.acked_at IS NULL");
    sq_add_if(q, f->case_key != 0, " AND a.key = ?4");
    if (!count)
        add_alert_filter(q, f);
    sq_add(q, ") AS f ORDER BY key, n LIMIT ?3");
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
              .body = sq_col_text(u, 11)},
        .acked_at = sq_col_when(u, 4),
        .acked_by = sq_col_text(u, 5),
        .passed = sq_col_int(u, 10) == 0,
    };
    return r->a.body == NULL && !r->passed ? sq_odd(u->s) : 0;
}

int sq_list_alerts(struct store *st, const struct store_alert_filter *f,
                   int64_t limit, store_alert_fn fn, void *arg)
{
    struct sq_text q = {.len = 0};
    bool count = alerts_count(f);
    int64_t left = limit, looked = 0;
    struct store_alert_row last = {.passed = true};
    struct sq_use u;

    alert_sql(&q, f);
    int rc = sq_make((struct sq *)st, &q, &u);
    if (rc != 0)
        return rc;
    sq_bind_int(&u, 1, f->after_key);
    sq_bind_int(&u, 2, f->after_n);
    sq_bind_int(&u, 3, count ? f->look : limit);
    sq_bind_int(&u, 4, f->case_key);
    sq_bind_text(&u, 5, f->level);
    sq_bind_text(&u, 6, f->unit);
    while (left > 0 && (rc = sq_step(&u)) == 1) {
        struct store_alert_row row;

        rc = read_alert(&u, &row);
        looked++;
        last.a.key = row.a.key;
        last.a.n = row.a.n;
        if (rc == 0 && row.passed)
            continue;
        left--;
        if (rc == 0)
            rc = fn(arg, &row);
        if (rc != 0)
            break;
    }
    (void)sqlite3_finalize(u.q);
    if (rc == 0 && left > 0 && count && looked >= f->look)
        rc = fn(arg, &last);
    return rc < 0 ? rc : 0;
}

/* ---- clocks ------------------------------------------------------------- */

static bool clocks_count(const struct store_clock_filter *f)
{
    return f->look > 0 && (f->overdue || f->unit != NULL || f->clock != NULL);
}

static void add_clock_filter(struct sq_text *q,
                             const struct store_clock_filter *f)
{
    sq_add_if(q, f->overdue, " AND overdue = 1");
    sq_add_if(q, f->unit != NULL,
              " AND (unit = ?6 OR EXISTS (SELECT 1 FROM case_beside AS b"
              " WHERE b.key = clock.key AND b.unit = ?6))");
    sq_add_if(q, f->clock != NULL, " AND id = ?7");
}

static void clock_sql(struct sq_text *q, const struct store_clock_filter *f)
{
    bool count = clocks_count(f);

    sq_add(q, "SELECT key, id, unit, state, overdue, due_at, fire_at, true");
    if (count)
        add_clock_filter(q, f);
    sq_add(q, " FROM clock INDEXED BY clock_due WHERE true");
    sq_add_if(q, f->after_due != 0, " AND (due_at, key, id) > (?1, ?2, ?3)");
    sq_add_if(q, f->due_before != DK_NEVER, " AND due_at < ?5");
    if (!count)
        add_clock_filter(q, f);
    sq_add(q, " ORDER BY due_at, key, id LIMIT ?4");
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
        .passed = sq_col_int(u, 7) == 0,
    };
    return r->id == NULL || r->unit == NULL ? DK_ENOMEM : 0;
}

/* Where the list was left off, as a row that is none. */
struct place {
    struct store_clock_row row;
    char id[DK_ID_MAX + 1];
};

static void keep_place(struct place *p, const struct store_clock_row *r)
{
    (void)snprintf(p->id, sizeof p->id, "%s", r->id);
    p->row = (struct store_clock_row){.key = r->key,
                                      .id = p->id,
                                      .unit = "",
                                      .due_at = r->due_at,
                                      .fire_at = DK_NEVER,
                                      .passed = true};
}

static void bind_clocks(struct sq_use *u, const struct store_clock_filter *f,
                        int64_t limit)
{
    sq_bind_int(u, 1, f->after_due);
    sq_bind_int(u, 2, f->after_key);
    sq_bind_text(u, 3, f->after_id != NULL ? f->after_id : "");
    sq_bind_int(u, 4, clocks_count(f) ? f->look : limit);
    sq_bind_int(u, 5, f->due_before);
    sq_bind_text(u, 6, f->unit);
    sq_bind_text(u, 7, f->clock);
}

int sq_list_clocks(struct store *st, const struct store_clock_filter *f,
                   int64_t limit, store_clock_fn fn, void *arg)
{
    struct sq_text q = {.len = 0};
    int64_t left = limit, looked = 0;
    struct place last;
    struct sq_use u;

    clock_sql(&q, f);
    int rc = sq_make((struct sq *)st, &q, &u);
    if (rc != 0)
        return rc;
    bind_clocks(&u, f, limit);
    while (left > 0 && (rc = sq_step(&u)) == 1) {
        struct store_clock_row row;

        rc = read_clock(&u, &row);
        if (rc != 0)
            break;
        looked++;
        keep_place(&last, &row);
        if (row.passed)
            continue;
        left--;
        rc = fn(arg, &row);
        if (rc != 0)
            break;
    }
    (void)sqlite3_finalize(u.q);
    if (rc == 0 && left > 0 && clocks_count(f) && looked >= f->look)
        rc = fn(arg, &last.row);
    return rc < 0 ? rc : 0;
}
