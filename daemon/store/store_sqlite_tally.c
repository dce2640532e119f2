/* store_sqlite_tally.c - the office's figures: rows that are added to, and sums
 * over them.
 *
 * The table is in order of (measure, day, ..): what a batch adds is in a few
 * places, where the days of its measures end.
 */
#include <stdio.h>

#include "store_sqlite.h"

int sq_put_tally(struct sq *s, const struct store_changes *ch,
                 struct store_totals *t)
{
    for (size_t i = 0; i < ch->n_tally; i++) {
        const struct dk_tally *r = &ch->tally[i];
        struct sq_use u = sq_use(s, SQ_TALLY_ADD);

        sq_int(&u, r->measure);
        sq_int(&u, r->day);
        sq_text(&u, r->unit);
        sq_text(&u, r->category);
        sq_int(&u, r->tag);
        sq_int(&u, r->known);
        sq_int(&u, r->n);
        int rc = sq_run(&u);
        if (rc != 0)
            return rc;
        t->tallies += (uint64_t)r->n * dk_tally_print(r);
    }
    return 0;
}

static int read_row(const struct sq_use *u, struct dk_tally *r)
{
    *r = (struct dk_tally){.measure = (enum dk_measure)sq_col_int(u, 0),
                           .day = (int32_t)sq_col_int(u, 1),
                           .unit = sq_col_text(u, 2),
                           .category = sq_col_text(u, 3),
                           .tag = (int32_t)sq_col_int(u, 4),
                           .known = (int32_t)sq_col_int(u, 5),
                           .n = sq_col_int(u, 6)};
    return r->unit == NULL || r->category == NULL ? DK_ENOMEM : 0;
}

int sq_recount_tally(struct sq *s, uint64_t *out)
{
    struct sq_use u = sq_use(s, SQ_TALLY_ALL);
    int rc;

    *out = 0;
    while ((rc = sq_step(&u)) == 1) {
        struct dk_tally r;

        rc = read_row(&u, &r);
        if (rc != 0)
            break;
        *out += (uint64_t)r.n * dk_tally_print(&r);
    }
    sq_end(&u);
    return rc < 0 ? rc : 0;
}

/* One measure's sums; ?7..?10 is where the page before ended. */
static int prepare(struct sq *s, const struct store_tally_filter *f,
                   struct sq_use *u)
{
    char sql[900];
    const char *unit = f->by_unit ? "unit" : "''";
    const char *category = f->by_category ? "category" : "''";
    const char *day = f->by_day ? "day" : "day * 0"; /* a bare 0 is no term */

    *u = (struct sq_use){.s = s};
    (void)snprintf(
        sql, sizeof sql,
        "SELECT measure, %s, %s, %s, tag, 0, sum(n) FROM tally "
        "WHERE measure = ?1 AND day BETWEEN ?2 AND ?3 AND known <= ?4%s%s "
        "AND (%s, %s, %s, tag) > (?7, ?8, ?9, ?10) "
        "GROUP BY %s, %s, %s, tag HAVING sum(n) <> 0 "
        "ORDER BY %s, %s, %s, tag LIMIT ?11",
        day, unit, category, f->unit != NULL ? " AND unit = ?5" : "",
        f->category != NULL
            ? " AND (category = ?6 OR"
              " substr(category, 1, length(?6) + 1) = ?6 || '/')"
            : "",
        unit, category, day, unit, category, day, unit, category, day);
    return sq_code(s, sqlite3_prepare_v2(s->db, sql, -1, &u->q, NULL));
}

static void keep_first(struct sq_use *u, int rc)
{
    if (u->rc == SQLITE_OK)
        u->rc = rc;
}

static void bind_int(struct sq_use *u, int i, int64_t v)
{
    keep_first(u, sqlite3_bind_int64(u->q, i, v));
}

static void bind_text(struct sq_use *u, int i, const char *v)
{
    keep_first(u, sqlite3_bind_text(u->q, i, v, -1, SQLITE_STATIC));
}

static void bind_all(struct sq_use *u, const struct store_tally_filter *f,
                     int measure, int64_t limit)
{
    const struct dk_tally *a = f->after;
    bool from = a != NULL && (int)a->measure == measure;

    bind_int(u, 1, measure);
    bind_int(u, 2, f->from);
    bind_int(u, 3, f->to);
    bind_int(u, 4, f->known);
    if (f->unit != NULL)
        bind_text(u, 5, f->unit);
    if (f->category != NULL)
        bind_text(u, 6, f->category);
    bind_text(u, 7, from ? a->unit : "");
    bind_text(u, 8, from ? a->category : "");
    bind_int(u, 9, from ? a->day : INT64_MIN);
    bind_int(u, 10, from ? a->tag : INT64_MIN);
    bind_int(u, 11, limit);
}

int sq_tally(struct store *st, const struct store_tally_filter *f,
             int64_t limit, store_tally_fn fn, void *arg)
{
    struct sq_use u;
    int first = f->after != NULL ? (int)f->after->measure : 0;
    int rc = prepare((struct sq *)st, f, &u);

    for (int m = first; rc == 0 && m < DK_T_N && limit > 0; m++) {
        if ((f->measures >> m & 1) == 0)
            continue;
        bind_all(&u, f, m, limit);
        while ((rc = sq_step(&u)) == 1) {
            struct dk_tally r;

            rc = read_row(&u, &r);
            if (rc == 0)
                rc = fn(arg, &r);
            if (rc != 0)
                break;
            limit--;
        }
        (void)sqlite3_reset(u.q);
    }
    (void)sqlite3_finalize(u.q);
    return rc < 0 ? rc : 0;
}
