/* store_sqlite_ckpt.c - checkpoints, and the days' last case numbers. */
#include "store_sqlite.h"

int sq_put_ckpt(struct sq *s, const struct store_changes *ch)
{
    const struct store_ckpt *c = ch->ckpt;

    if (c == NULL)
        return 0;
    struct sq_use u = sq_use(s, SQ_CKPT_PUT);
    sq_int(&u, c->number);
    sq_int(&u, c->from);
    sq_int(&u, c->to);
    sq_textn(&u, c->text, c->text_len);
    sq_blob(&u, c->sig, sizeof c->sig);
    sq_blob(&u, c->blocks, c->n_block * DK_HASH_LEN);
    return sq_run(&u);
}

/* What somebody made of the row is for the reader to judge, who has the text
 * and its signature; but it must be there.
 */
static int read_ckpt(const struct sq_use *u, struct store_ckpt *c)
{
    *c = (struct store_ckpt){.number = sq_col_int(u, 0),
                             .from = sq_col_int(u, 1),
                             .to = sq_col_int(u, 2),
                             .text = sq_col_text(u, 3),
                             .text_len = sq_col_len(u, 3),
                             .blocks = sq_col_blob(u, 5),
                             .n_block = sq_col_len(u, 5) / DK_HASH_LEN};
    if (c->text == NULL)
        return DK_ENOMEM;
    return sq_col_bytes(u, 4, c->sig, sizeof c->sig) ? 0 : sq_odd(u->s);
}

/* Binds are done: call fn for each row. */
static int each_ckpt(struct sq_use *u, store_ckpt_fn fn, void *arg)
{
    int rc;

    while ((rc = sq_step(u)) == 1) {
        struct store_ckpt c;

        rc = read_ckpt(u, &c);
        if (rc == 0)
            rc = fn(arg, &c);
        if (rc != 0)
            break;
    }
    sq_end(u);
    return rc < 0 ? rc : 0;
}

int sq_list_ckpt(struct store *st, int64_t after, int64_t limit,
                 store_ckpt_fn fn, void *arg)
{
    struct sq_use u = sq_use((struct sq *)st, SQ_CKPT_LIST);

    sq_int(&u, after);
    sq_int(&u, limit);
    return each_ckpt(&u, fn, arg);
}

int sq_ckpt_newest(struct store *st, store_ckpt_fn fn, void *arg)
{
    struct sq_use u = sq_use((struct sq *)st, SQ_CKPT_NEWEST);

    return each_ckpt(&u, fn, arg);
}

int sq_ckpt_covering(struct store *st, int64_t seq, store_ckpt_fn fn, void *arg)
{
    struct sq_use u = sq_use((struct sq *)st, SQ_CKPT_OF);

    sq_int(&u, seq);
    return each_ckpt(&u, fn, arg);
}

int sq_list_days(struct store *st, int32_t after, int64_t limit,
                 store_day_fn fn, void *arg)
{
    struct sq_use u = sq_use((struct sq *)st, SQ_DAY_LIST);
    int rc;

    sq_int(&u, after);
    sq_int(&u, limit);
    while ((rc = sq_step(&u)) == 1) {
        struct store_day day = {.day = (int32_t)sq_col_int(&u, 0),
                                .seq = (int32_t)sq_col_int(&u, 1)};

        rc = fn(arg, &day);
        if (rc != 0)
            break;
    }
    sq_end(&u);
    return rc < 0 ? rc : 0;
}
