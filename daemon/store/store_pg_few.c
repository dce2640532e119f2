/* store_pg_few.c - reads of persons, counters, checkpoints, figures, and of the
 * office's own alerts.
 */
#include <stdio.h>

#include "store_pg.h"

/* One row of at most one column that is a number; *some: there is one. */
static int one_int(struct pg_args *a, enum pg_stmt stmt, int64_t *out,
                   bool *some)
{
    PGresult *res;
    int rc = pg_ask(a, stmt, &res);

    *some = rc == 0 && PQntuples(res) > 0;
    if (*some)
        *out = pg_col_int(&(struct pg_row){res, 0}, 0);
    PQclear(res);
    return rc;
}

/* ---- persons ------------------------------------------------------------ */

/* Its data is borrowed. */
static struct store_person person_of(const struct pg_row *r)
{
    return (struct store_person){.key = pg_col_int(r, 0),
                                 .seal = pg_col_int(r, 1),
                                 .data = pg_col_text(r, 2),
                                 .len = pg_col_len(r, 2)};
}

int pg_person_get(struct store *st, int64_t key, struct store_person *out)
{
    struct pg_args a = pg_args((struct pg *)st);
    PGresult *res;

    pg_int(&a, key);
    int rc = pg_ask(&a, PG_PERSON_GET, &res);
    if (rc == 0 && PQntuples(res) == 0)
        rc = DK_ENOTFOUND;
    if (rc == 0) {
        struct store_person row = person_of(&(struct pg_row){res, 0});
        void *data = malloc(row.len + 1);

        if (data == NULL)
            rc = DK_ENOMEM;
        else if (row.len != 0)
            memcpy(data, row.data, row.len);
        *out = row;
        out->data = data;
    }
    PQclear(res);
    return rc;
}

struct persons_q {
    int64_t after;
    store_person_fn fn;
    void *arg;
};

static int on_person(struct pg *s, const struct pg_row *r, void *arg)
{
    struct persons_q *q = arg;
    struct store_person row = person_of(r);

    if (row.key <= q->after)
        return pg_odd(s);
    q->after = row.key;
    return q->fn(q->arg, &row);
}

int pg_persons(struct store *st, int64_t seal, int64_t after, int64_t limit,
               store_person_fn fn, void *arg)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s);
    struct persons_q q = {after, fn, arg};
    PGresult *res;

    pg_int(&a, seal);
    pg_int(&a, after);
    pg_int(&a, limit);
    int rc = pg_ask(&a, PG_PERSONS, &res);
    return pg_each(s, rc, res, on_person, &q);
}

int pg_next_seal(struct store *st, int64_t after, int64_t *seal)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s);
    bool some = false;

    pg_int(&a, after);
    int rc = one_int(&a, PG_SEAL_NEXT, seal, &some);
    if (rc != 0 || !some)
        return rc != 0 ? rc : DK_ENOTFOUND;
    return *seal > after ? 0 : pg_odd(s);
}

int pg_seal_rows(struct store *st, int64_t seal, int64_t limit, int64_t *rows)
{
    struct pg_args a = pg_args((struct pg *)st);
    bool some = false;

    pg_int(&a, seal);
    pg_int(&a, limit);
    return one_int(&a, PG_SEAL_COUNT, rows, &some);
}

/* ---- counters ----------------------------------------------------------- */

struct loads_q {
    store_load_fn fn;
    void *arg;
};

static int on_load(struct pg *s, const struct pg_row *r, void *arg)
{
    struct loads_q *q = arg;
    struct store_load l = {.unit = pg_col_text(r, 0),
                           .handler = pg_col_text(r, 1),
                           .open = pg_col_int(r, 2)};

    (void)s;
    return q->fn(q->arg, &l);
}

int pg_loads(struct store *st, store_load_fn fn, void *arg)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s);
    struct loads_q q = {fn, arg};
    PGresult *res;
    int rc = pg_ask(&a, PG_LOADS, &res);

    return pg_each(s, rc, res, on_load, &q);
}

/* For a batch of one broker among others the day's row is locked until the
 * batch is written: whoever comes next goes on from there.
 */
int pg_day_seq(struct store *st, int32_t day, int32_t *seq)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s), b = pg_args(s);
    PGresult *res = NULL;
    int rc;

    pg_int(&a, day);
    pg_int(&b, day);
    if (s->shared && s->hold) {
        rc = pg_ask_held(&a, PG_DAY_NEW, &res);
        PQclear(res);
        if (rc == 0)
            rc = pg_ask_held(&b, PG_DAY_HELD, &res);
        else
            res = NULL;
    } else {
        rc = pg_ask(&a, PG_DAY_GET, &res);
    }
    *seq = 0;
    if (rc == 0 && PQntuples(res) > 0)
        *seq = (int32_t)pg_col_int(&(struct pg_row){res, 0}, 0);
    PQclear(res);
    return rc;
}

struct days_q {
    store_day_fn fn;
    void *arg;
};

static int on_day(struct pg *s, const struct pg_row *r, void *arg)
{
    struct days_q *q = arg;
    struct store_day d = {.day = (int32_t)pg_col_int(r, 0),
                          .seq = (int32_t)pg_col_int(r, 1)};

    (void)s;
    return q->fn(q->arg, &d);
}

int pg_list_days(struct store *st, int32_t after, int64_t limit,
                 store_day_fn fn, void *arg)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s);
    struct days_q q = {fn, arg};
    PGresult *res;

    pg_int(&a, after);
    pg_int(&a, limit);
    int rc = pg_ask(&a, PG_DAY_LIST, &res);
    return pg_each(s, rc, res, on_day, &q);
}

static int on_total(struct pg *s, const struct pg_row *r, void *arg)
{
    struct store_totals *t = arg;

    (void)s;
    t->cases += pg_col_int(r, 0);
    t->events += pg_col_int(r, 1);
    t->tasks_open += pg_col_int(r, 2);
    t->tasks_dead += pg_col_int(r, 3);
    t->alerts_open += pg_col_int(r, 4);
    t->tallies += (uint64_t)pg_col_int(r, 5);
    return 0;
}

int pg_totals(struct store *st, struct store_totals *out)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s);
    PGresult *res;
    int rc = pg_ask(&a, PG_TOTALS, &res);

    *out = (struct store_totals){0};
    return pg_each(s, rc, res, on_total, out);
}

/* ---- checkpoints -------------------------------------------------------- */

struct ckpts_q {
    store_ckpt_fn fn;
    void *arg;
};

static int on_ckpt(struct pg *s, const struct pg_row *r, void *arg)
{
    struct ckpts_q *q = arg;
    struct store_ckpt c = {.number = pg_col_int(r, 0),
                           .from = pg_col_int(r, 1),
                           .to = pg_col_int(r, 2),
                           .text = pg_col_text(r, 3),
                           .text_len = pg_col_len(r, 3),
                           .blocks = (const uint8_t *)pg_col_text(r, 5),
                           .n_block = pg_col_len(r, 5) / DK_HASH_LEN};

    if (!pg_col_bytes(r, 4, c.sig, sizeof c.sig))
        return pg_odd(s);
    return q->fn(q->arg, &c);
}

int pg_list_ckpt(struct store *st, int64_t after, int64_t limit,
                 store_ckpt_fn fn, void *arg)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s);
    struct ckpts_q q = {fn, arg};
    PGresult *res;

    pg_int(&a, after);
    pg_int(&a, limit);
    pg_int(&a, s->no);
    int rc = pg_ask(&a, PG_CKPT_LIST, &res);
    return pg_each(s, rc, res, on_ckpt, &q);
}

int pg_ckpt_newest(struct store *st, store_ckpt_fn fn, void *arg)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s);
    struct ckpts_q q = {fn, arg};
    PGresult *res;

    pg_int(&a, s->no);
    int rc = pg_ask(&a, PG_CKPT_NEWEST, &res);
    return pg_each(s, rc, res, on_ckpt, &q);
}

int pg_ckpt_covering(struct store *st, int64_t seq, store_ckpt_fn fn, void *arg)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s);
    struct ckpts_q q = {fn, arg};
    PGresult *res;

    pg_int(&a, seq);
    pg_int(&a, s->no);
    int rc = pg_ask(&a, PG_CKPT_OF, &res);
    return pg_each(s, rc, res, on_ckpt, &q);
}

/* ---- the office's own alerts --------------------------------------------- */

struct office_q {
    store_office_fn fn;
    void *arg;
};

static int on_office(struct pg *s, const struct pg_row *r, void *arg)
{
    struct office_q *q = arg;
    struct store_office o = {.id = pg_col_int(r, 0),
                             .kind = (int)pg_col_int(r, 1),
                             .subject = pg_col_text(r, 2),
                             .level = (int)pg_col_int(r, 3),
                             .value = pg_col_int(r, 4),
                             .threshold = pg_col_int(r, 5),
                             .about = pg_col_text(r, 6),
                             .told = pg_col_int(r, 7),
                             .raised_at = pg_col_int(r, 8),
                             .told_at = pg_col_int(r, 9),
                             .cleared_at = pg_col_when(r, 10),
                             .acked_at = pg_col_when(r, 11),
                             .acked_by = pg_col_text(r, 12),
                             .note = pg_col_text(r, 13)};

    (void)s;
    return q->fn(q->arg, &o);
}

int pg_list_office(struct store *st, bool open, int64_t before, int64_t limit,
                   store_office_fn fn, void *arg)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s);
    struct office_q q = {fn, arg};
    PGresult *res;

    pg_int(&a, before == 0 ? INT64_MAX : before);
    pg_int(&a, limit);
    pg_int(&a, s->no);
    int rc = pg_ask(&a, open ? PG_OFFICE_OPEN : PG_OFFICE_LIST, &res);
    return pg_each(s, rc, res, on_office, &q);
}

struct lone {
    int64_t *key, *last;
};

static int on_lone(struct pg *s, const struct pg_row *r, void *arg)
{
    struct lone *q = arg;

    (void)s;
    *q->last = pg_col_int(r, 0);
    if (pg_col_int(r, 1) == 0)
        return 0;
    *q->key = *q->last;
    return 1;
}

int pg_next_unassigned(struct store *st, enum dk_state state, int64_t after,
                       int64_t limit, int64_t *key, int64_t *last)
{
    struct pg *s = (struct pg *)st;
    struct pg_args a = pg_args(s);
    struct lone q = {key, last};
    PGresult *res;

    *key = 0;
    *last = after;
    pg_int(&a, state);
    pg_int(&a, after);
    pg_int(&a, limit);
    int rc = pg_ask(&a, PG_UNASSIGNED, &res);
    return pg_each(s, rc, res, on_lone, &q);
}
