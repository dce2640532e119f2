/* store_pg_check.c - rows as they are, for `verify`; and the figures.
 *
 * Nothing is believed here: numbers are given as wide as the tables have them
 * and bytes with their size.  What is wrong is store_check.c's affair.
 */
#include <stdio.h>

#include "store_pg.h"

/* ---- rows --------------------------------------------------------------- */

struct rows {
    int64_t key;
    union {
        store_key_fn key;
        row_case_fn kase;
        row_clock_fn clock;
        row_alert_fn alert;
        row_beside_fn beside;
    } fn;
    void *arg;
};

static int each(struct pg *s, enum pg_stmt stmt, struct rows *q, pg_row_fn fn)
{
    struct pg_args a = pg_args(s);
    PGresult *res;

    pg_int(&a, q->key);
    int rc = pg_ask(&a, stmt, &res);
    return pg_each(s, rc, res, fn, q);
}

static int on_key(struct pg *s, const struct pg_row *r, void *arg)
{
    struct rows *q = arg;

    (void)s;
    return q->fn.key(q->arg, pg_col_int(r, 0));
}

int pg_list_keys(struct store *st, int64_t after, int64_t limit,
                 store_key_fn fn, void *arg)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s);
    struct rows q = {.fn.key = fn, .arg = arg};
    PGresult *res;

    pg_int(&a, after);
    pg_int(&a, limit);
    int rc = pg_ask_slow(&a, PG_KEYS, &res);
    return pg_each(s, rc, res, on_key, &q);
}

static int on_case(struct pg *s, const struct pg_row *r, void *arg)
{
    struct rows *q = arg;
    struct row_case row = {.key = q->key,
                           .state = pg_col_int(r, 0),
                           .overdue = pg_col_int(r, 1),
                           .unit = pg_col_text(r, 2),
                           .handler = pg_col_text(r, 3),
                           .region = pg_col_text(r, 4),
                           .category = pg_col_text(r, 5),
                           .hash = pg_col_text(r, 6),
                           .hash_len = pg_col_len(r, 6),
                           .urgent = pg_col_int(r, 8),
                           .due = pg_col_when(r, 9),
                           .grp = pg_col_int(r, 10)};

    (void)s;
    return q->fn.kase(q->arg, &row, pg_col_text(r, 7), pg_col_len(r, 7));
}

int pg_case_row(struct store *st, int64_t key, row_case_fn fn, void *arg)
{
    struct rows q = {.key = key, .fn.kase = fn, .arg = arg};

    return each((struct pg *)st, PG_CASE_ROW, &q, on_case);
}

static int on_clock(struct pg *s, const struct pg_row *r, void *arg)
{
    struct rows *q = arg;
    struct row_clock row = {.key = q->key,
                            .id = pg_col_text(r, 0),
                            .unit = pg_col_text(r, 1),
                            .state = pg_col_int(r, 2),
                            .overdue = pg_col_int(r, 3),
                            .due_at = pg_col_int(r, 4),
                            .fire_at = pg_col_when(r, 5)};

    (void)s;
    return q->fn.clock(q->arg, &row);
}

int pg_clock_rows(struct store *st, int64_t key, row_clock_fn fn, void *arg)
{
    struct rows q = {.key = key, .fn.clock = fn, .arg = arg};

    return each((struct pg *)st, PG_CLOCK_ROWS, &q, on_clock);
}

static int on_alert(struct pg *s, const struct pg_row *r, void *arg)
{
    struct rows *q = arg;
    struct row_alert row = {.key = q->key,
                            .n = pg_col_int(r, 0),
                            .raised_at = pg_col_int(r, 1),
                            .due_at = pg_col_int(r, 2),
                            .acked_at = pg_col_when(r, 3),
                            .acked_by = pg_col_text(r, 4),
                            .level = pg_col_text(r, 5),
                            .unit = pg_col_text(r, 6),
                            .clock = pg_col_text(r, 7),
                            .rung = pg_col_text(r, 8)};

    (void)s;
    return q->fn.alert(q->arg, &row);
}

int pg_alert_rows(struct store *st, int64_t key, row_alert_fn fn, void *arg)
{
    struct rows q = {.key = key, .fn.alert = fn, .arg = arg};

    return each((struct pg *)st, PG_ALERT_ROWS, &q, on_alert);
}

static int on_beside(struct pg *s, const struct pg_row *r, void *arg)
{
    struct rows *q = arg;
    struct row_beside row = {.key = q->key,
                             .unit = pg_col_text(r, 0),
                             .handler = pg_col_text(r, 1),
                             .open = pg_col_int(r, 2)};

    (void)s;
    return q->fn.beside(q->arg, &row);
}

int pg_beside_rows(struct store *st, int64_t key, row_beside_fn fn, void *arg)
{
    struct rows q = {.key = key, .fn.beside = fn, .arg = arg};

    return each((struct pg *)st, PG_BESIDE_ROWS, &q, on_beside);
}

/* ---- figures ------------------------------------------------------------ */

static struct dk_tally tally_of(const struct pg_row *r)
{
    return (struct dk_tally){.measure = (enum dk_measure)pg_col_int(r, 0),
                             .day = (int32_t)pg_col_int(r, 1),
                             .unit = pg_col_text(r, 2),
                             .category = pg_col_text(r, 3),
                             .tag = (int32_t)pg_col_int(r, 4),
                             .known = (int32_t)pg_col_int(r, 5),
                             .n = pg_col_int(r, 6)};
}

static int on_sum(struct pg *s, const struct pg_row *r, void *arg)
{
    struct dk_tally t = tally_of(r);
    uint64_t *sum = arg;

    (void)s;
    *sum += (uint64_t)t.n * dk_tally_print(&t);
    return 0;
}

int pg_recount(struct store *st, struct store_totals *out)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s), b = pg_args(s);
    PGresult *res;
    int rc = pg_ask_slow(&a, PG_RECOUNT, &res);

    *out = (struct store_totals){0};
    if (rc == 0) {
        struct pg_row r = {res, 0};

        *out = (struct store_totals){pg_col_int(&r, 0), pg_col_int(&r, 1),
                                     pg_col_int(&r, 2), pg_col_int(&r, 3),
                                     pg_col_int(&r, 4), 0};
    }
    PQclear(res);
    if (rc != 0)
        return rc;
    rc = pg_ask_slow(&b, PG_TALLY_ALL, &res);
    return pg_each(s, rc, res, on_sum, &out->tallies);
}

struct tallies_q {
    store_tally_fn fn;
    void *arg;
    int64_t *limit;
};

static int on_tally(struct pg *s, const struct pg_row *r, void *arg)
{
    struct tallies_q *q = arg;
    struct dk_tally t = tally_of(r);

    (void)s;
    --*q->limit;
    return q->fn(q->arg, &t);
}

/* One measure's sums; $7..$10 is where the page before ended. */
static void tally_sql(char *sql, size_t cap, const struct store_tally_filter *f)
{
    const char *unit = f->by_unit ? "unit" : "'' COLLATE \"C\"";
    const char *category = f->by_category ? "category" : "'' COLLATE \"C\"";
    const char *day = f->by_day ? "day" : "0::bigint";

    (void)snprintf(
        sql, cap,
        "SELECT m, d, u, c, tag, 0::bigint, sum(n)::bigint FROM "
        "(SELECT measure AS m, %s AS d, %s AS u, %s AS c, tag, n FROM tally "
        "WHERE measure = $1 AND day BETWEEN $2 AND $3 AND known <= $4 "
        "AND ($5::text IS NULL OR unit = $5) AND ($6::text IS NULL "
        "OR category = $6 OR starts_with(category, $6 || '/'))) AS t "
        "WHERE (u, c, d, tag) > ($7, $8, $9, $10) "
        "GROUP BY m, u, c, d, tag HAVING sum(n) <> 0 "
        "ORDER BY u, c, d, tag LIMIT $11",
        day, unit, category);
}

static int one_measure(struct pg *s, const struct store_tally_filter *f,
                       int measure, const char *sql, struct tallies_q *q)
{
    const struct dk_tally *t = f->after;
    bool from = t != NULL && (int)t->measure == measure;
    struct pg_args a = pg_args(s);
    PGresult *res;

    pg_int(&a, measure);
    pg_int(&a, f->from);
    pg_int(&a, f->to);
    pg_int(&a, f->known);
    pg_str(&a, f->unit);
    pg_str(&a, f->category);
    pg_str(&a, from ? t->unit : "");
    pg_str(&a, from ? t->category : "");
    pg_int(&a, from ? t->day : INT64_MIN);
    pg_int(&a, from ? t->tag : INT64_MIN);
    pg_int(&a, *q->limit);
    int rc = pg_ask_text(&a, sql, &res);
    int n = rc == 0 ? PQntuples(res) : 0;
    for (int i = 0; rc == 0 && i < n; i++)
        rc = on_tally(s, &(struct pg_row){res, i}, q);
    PQclear(res);
    return rc;
}

int pg_tally(struct store *st, const struct store_tally_filter *f,
             int64_t limit, store_tally_fn fn, void *arg)
{
    struct tallies_q q = {fn, arg, &limit};
    int first = f->after != NULL ? (int)f->after->measure : 0;
    char sql[900];
    int rc = 0;

    tally_sql(sql, sizeof sql, f);
    for (int m = first; rc == 0 && m < DK_T_N && limit > 0; m++) {
        if ((f->measures >> m & 1) != 0)
            rc = one_measure((struct pg *)st, f, m, sql, &q);
    }
    return rc < 0 ? rc : 0;
}
