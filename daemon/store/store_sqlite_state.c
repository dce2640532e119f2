/* store_sqlite_state.c - what a store knows of itself, read when it is opened.
 */
#include "store_sqlite.h"

/* One row that must be there; the caller reads it and ends the use. */
static int must_row(struct sq_use *u)
{
    int rc = sq_step(u);

    if (rc == 0)
        return sq_damaged(u->s);
    return rc == 1 ? 0 : rc;
}

static int read_meta(struct sq *s, struct store_info *info)
{
    struct sq_use u = sq_use(s, SQ_META_GET);
    int rc = must_row(&u);

    if (rc == 0) {
        info->test_now = sq_col_int(&u, 0);
        info->epoch = sq_col_int(&u, 1);
        info->sealed_len = sq_col_len(&u, 4);
        info->seal = sq_col_int(&u, 5);
        if (!sq_col_bytes(&u, 2, info->broker, sizeof info->broker) ||
            !sq_col_bytes(&u, 3, info->secret, sizeof info->secret) ||
            info->sealed_len > sizeof info->sealed ||
            (info->sealed_len != 0 &&
             !sq_col_bytes(&u, 4, info->sealed, info->sealed_len)))
            rc = sq_damaged(s);
    }
    sq_end(&u);
    return rc;
}

static int read_total(struct sq *s)
{
    struct sq_use u = sq_use(s, SQ_TOTAL_GET);
    int rc = must_row(&u);

    s->tot = (struct store_totals){
        sq_col_int(&u, 0), sq_col_int(&u, 1), sq_col_int(&u, 2),
        sq_col_int(&u, 3), sq_col_int(&u, 4), (uint64_t)sq_col_int(&u, 5)};
    sq_end(&u);
    return rc;
}

static int read_last(struct sq *s, struct store_info *info)
{
    struct sq_use u = sq_use(s, SQ_LAST_EVENT);
    int rc = sq_step(&u);

    if (rc == 1) {
        info->last_seq = sq_col_int(&u, 0);
        info->last_at = sq_col_int(&u, 1);
    }
    sq_end(&u);
    s->last_seq = info->last_seq;
    return rc < 0 ? rc : 0;
}

static int read_last_slot(struct sq *s)
{
    struct sq_use u = sq_use(s, SQ_SLOT_LAST);
    int rc = sq_step(&u);

    s->last_slot =
        rc == 1 && sq_col_blob(&u, 0) != NULL ? sq_col_int(&u, 0) : -1;
    sq_end(&u);
    return rc < 0 ? rc : 0;
}

int sq_read_state(struct sq *s, struct store_info *info)
{
    int rc = read_meta(s, info);

    if (rc == 0)
        rc = read_total(s);
    if (rc == 0)
        rc = read_last(s, info);
    if (rc == 0)
        rc = read_last_slot(s);
    return rc;
}
