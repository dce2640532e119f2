/* store_sqlite_beside.c - the units that handle a case beside the one in
 * charge, so that their lists find it.
 */
#include "store_sqlite.h"

int sq_beside_rows(struct store *st, int64_t key, row_beside_fn fn, void *arg)
{
    struct sq_use u = sq_use((struct sq *)st, SQ_BESIDE_ROWS);
    int rc;

    sq_int(&u, key);
    while ((rc = sq_step(&u)) == 1) {
        struct row_beside row = {.key = key,
                                 .unit = sq_col_text(&u, 0),
                                 .handler = sq_col_text(&u, 1),
                                 .open = sq_col_int(&u, 2)};

        rc =
            row.unit == NULL || row.handler == NULL ? DK_ENOMEM : fn(arg, &row);
        if (rc != 0)
            break;
    }
    sq_end(&u);
    return rc < 0 ? rc : 0;
}

static int put_row(struct sq *s, const struct row_beside *row)
{
    struct sq_use u = sq_use(s, SQ_BESIDE_PUT);

    sq_int(&u, row->key);
    sq_text(&u, row->unit);
    sq_text(&u, row->handler);
    sq_int(&u, row->open);
    return sq_run(&u);
}

/* Hardly a case has a co-handler, and of those hardly an event changes one:
 * then a look is all that it costs, and nothing is written.
 */
int sq_put_beside(struct sq *s, const struct store_case_put *k)
{
    struct store_beside m = {.c = k->c};
    int rc = k->is_new
                 ? 0
                 : sq_beside_rows(&s->base, k->c->key, store_match_beside, &m);

    if (rc != 0 || (m.odd == 0 && m.good == k->c->n_co))
        return rc;
    if (m.odd + m.good != 0) {
        struct sq_use u = sq_use(s, SQ_BESIDE_DEL);

        sq_int(&u, k->c->key);
        rc = sq_run(&u);
    }
    for (int i = 0; rc == 0 && i < k->c->n_co; i++) {
        struct row_beside row = store_row_beside(k->c, i);

        rc = put_row(s, &row);
    }
    return rc;
}
