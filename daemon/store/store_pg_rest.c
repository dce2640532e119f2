/* store_pg_rest.c - the rows of a batch: tasks, persons, counters, the office's
 * own alerts, figures, a checkpoint.
 */
#include "store_pg.h"

/* ---- tasks -------------------------------------------------------------- */

/* Ids rise with the stream; each broker's streams have a range of their own. */
static int64_t task_id(const struct pg *s, int64_t id)
{
    return s->no * STORE_TASK_RANGE + id;
}

static void new_tasks(struct pg *s, const struct store_changes *ch)
{
    struct pg_args a = pg_args(s);

    if (ch->n_task_new == 0)
        return;
    pg_cols(s, "iiiii");
    for (size_t i = 0; i < ch->n_task_new; i++) {
        const struct store_task *k = &ch->task_new[i];

        pg_add_int(&s->col[0], task_id(s, k->id));
        pg_add_int(&s->col[1], k->service);
        pg_add_int(&s->col[2], k->key);
        pg_add_int(&s->col[3], k->n);
        pg_add_int(&s->col[4], k->attempts);
    }
    pg_args_cols(&a, 5);
    pg_send(&a, PG_TASK_NEW);
}

static void by_ids(struct pg *s, enum pg_stmt stmt, const int64_t *id, size_t n)
{
    struct pg_args a = pg_args(s);

    if (n == 0)
        return;
    pg_cols(s, "i");
    for (size_t i = 0; i < n; i++)
        pg_add_int(&s->col[0], id[i]);
    pg_args_cols(&a, 1);
    pg_int(&a, s->no);
    pg_send(&a, stmt);
}

static void fail_tasks(struct pg *s, const struct store_changes *ch)
{
    struct pg_args a = pg_args(s);

    if (ch->n_task_fail == 0)
        return;
    pg_cols(s, "iiiti");
    for (size_t i = 0; i < ch->n_task_fail; i++) {
        const struct store_task_fail *f = &ch->task_fail[i];

        pg_add_int(&s->col[0], f->id);
        pg_add_int(&s->col[1], f->attempts);
        pg_add_when(&s->col[2], f->at);
        pg_add_str(&s->col[3], f->reason);
        pg_add_int(&s->col[4], f->dead);
    }
    pg_args_cols(&a, 5);
    pg_int(&a, s->no);
    pg_send(&a, PG_TASK_FAIL);
}

/* ---- persons ------------------------------------------------------------ */

static void put_persons(struct pg *s, const struct store_changes *ch)
{
    struct pg_args a = pg_args(s);

    pg_cols(s, "iib");
    for (size_t i = 0; i < ch->n_person; i++) {
        const struct store_person *k = &ch->person[i];

        if (k->seal == STORE_ERASED)
            continue;
        pg_add_int(&s->col[0], k->key);
        pg_add_int(&s->col[1], k->seal);
        pg_add_bytes(&s->col[2], k->data, k->len);
    }
    if (s->col[0].n == 0)
        return;
    pg_args_cols(&a, 3);
    pg_send(&a, PG_PERSON_PUT);
}

static void erase_persons(struct pg *s, const struct store_changes *ch)
{
    struct pg_args a = pg_args(s);

    pg_cols(s, "i");
    for (size_t i = 0; i < ch->n_person; i++) {
        if (ch->person[i].seal == STORE_ERASED)
            pg_add_int(&s->col[0], ch->person[i].key);
    }
    if (s->col[0].n == 0)
        return;
    pg_args_cols(&a, 1);
    pg_int(&a, STORE_ERASED);
    pg_send(&a, PG_PERSON_ERASE);
}

static void forget(struct pg *s, const struct store_changes *ch)
{
    static const uint8_t none[16];
    struct pg_args a = pg_args(s);

    if (ch->n_forget == 0)
        return;
    pg_cols(s, "b");
    for (size_t i = 0; i < ch->n_forget; i++)
        pg_add_bytes(&s->col[0], ch->forget[i].b, sizeof ch->forget[i].b);
    pg_args_cols(&a, 1);
    pg_bytes(&a, none, sizeof none);
    pg_send(&a, PG_REQUEST_FORGET);
}

static void put_secret(struct pg *s, const struct store_secret *k)
{
    static const uint8_t none[32];
    struct pg_args a = pg_args(s);

    pg_bytes(&a, k->data, k->len);
    pg_int(&a, k->seal);
    pg_bytes(&a, none, sizeof none);
    pg_send(&a, PG_SECRET_PUT);
}

/* ---- counters ----------------------------------------------------------- */

/* Among several brokers none knows what the others have added: the rows are
 * locked, in their order, and then the cases of each handler are counted.
 */
static void count_loads(struct pg *s, const struct store_changes *ch)
{
    struct pg_args lock = pg_args(s), count = pg_args(s);

    pg_cols(s, "tti");
    for (size_t i = 0; i < ch->n_load; i++) {
        pg_add_str(&s->col[0], ch->load[i].unit);
        pg_add_str(&s->col[1], ch->load[i].handler);
    }
    for (int state = 0; state < DK_S_N; state++) {
        if (dk_state_owes((enum dk_state)state))
            pg_add_int(&s->col[2], state);
    }
    pg_args_cols(&lock, 2);
    pg_send(&lock, PG_LOAD_LOCK);
    pg_args_cols(&count, 3);
    pg_send(&count, PG_LOAD_COUNT);
}

static void put_loads(struct pg *s, const struct store_changes *ch)
{
    struct pg_args a = pg_args(s);

    if (ch->n_load == 0)
        return;
    if (s->shared) {
        count_loads(s, ch);
        return;
    }
    pg_cols(s, "tti");
    for (size_t i = 0; i < ch->n_load; i++) {
        pg_add_str(&s->col[0], ch->load[i].unit);
        pg_add_str(&s->col[1], ch->load[i].handler);
        pg_add_int(&s->col[2], ch->load[i].open);
    }
    pg_args_cols(&a, 3);
    pg_send(&a, PG_LOAD_PUT);
}

static void put_days(struct pg *s, const struct store_changes *ch)
{
    struct pg_args a = pg_args(s);

    if (ch->n_day == 0)
        return;
    pg_cols(s, "ii");
    for (size_t i = 0; i < ch->n_day; i++) {
        pg_add_int(&s->col[0], ch->day[i].day);
        pg_add_int(&s->col[1], ch->day[i].seq);
    }
    pg_args_cols(&a, 2);
    pg_send(&a, PG_DAY_PUT);
}

static void put_office(struct pg *s, const struct store_changes *ch)
{
    struct pg_args a = pg_args(s);

    if (ch->n_office == 0)
        return;
    pg_cols(s, "iitiiitiiiiitt");
    for (size_t i = 0; i < ch->n_office; i++) {
        const struct store_office *o = &ch->office[i];

        pg_add_int(&s->col[0], o->id);
        pg_add_int(&s->col[1], o->kind);
        pg_add_str(&s->col[2], o->subject);
        pg_add_int(&s->col[3], o->level);
        pg_add_int(&s->col[4], o->value);
        pg_add_int(&s->col[5], o->threshold);
        pg_add_str(&s->col[6], o->about);
        pg_add_int(&s->col[7], o->told);
        pg_add_int(&s->col[8], o->raised_at);
        pg_add_int(&s->col[9], o->told_at);
        pg_add_when(&s->col[10], o->cleared_at);
        pg_add_when(&s->col[11], o->acked_at);
        pg_add_str(&s->col[12], o->acked_by);
        pg_add_str(&s->col[13], o->note);
    }
    pg_args_cols(&a, 14);
    pg_int(&a, s->no);
    pg_send(&a, PG_OFFICE_PUT);
}

static void put_tally(struct pg *s, const struct store_changes *ch)
{
    struct pg_args a = pg_args(s);

    if (ch->n_tally == 0)
        return;
    pg_cols(s, "iittiii");
    for (size_t i = 0; i < ch->n_tally; i++) {
        const struct dk_tally *r = &ch->tally[i];

        pg_add_int(&s->col[0], r->measure);
        pg_add_int(&s->col[1], r->day);
        pg_add_str(&s->col[2], r->unit);
        pg_add_str(&s->col[3], r->category);
        pg_add_int(&s->col[4], r->tag);
        pg_add_int(&s->col[5], r->known);
        pg_add_int(&s->col[6], r->n);
    }
    pg_args_cols(&a, 7);
    pg_int(&a, s->no);
    pg_send(&a, PG_TALLY_ADD);
}

static void put_ckpt(struct pg *s, const struct store_ckpt *c)
{
    struct pg_args a = pg_args(s);

    pg_int(&a, c->number);
    pg_int(&a, c->from);
    pg_int(&a, c->to);
    pg_strn(&a, c->text, c->text_len);
    pg_bytes(&a, c->sig, sizeof c->sig);
    pg_bytes(&a, c->blocks, c->n_block * DK_HASH_LEN);
    pg_int(&a, s->no);
    pg_send(&a, PG_CKPT_PUT);
}

void pg_put_rest(struct pg *s, const struct store_changes *ch)
{
    new_tasks(s, ch);
    by_ids(s, PG_TASK_END, ch->task_done, ch->n_task_done);
    fail_tasks(s, ch);
    by_ids(s, PG_TASK_RETRY, ch->task_retry, ch->n_task_retry);
    put_persons(s, ch);
    erase_persons(s, ch);
    forget(s, ch);
    if (ch->secret != NULL)
        put_secret(s, ch->secret);
    put_loads(s, ch);
    put_days(s, ch);
    put_office(s, ch);
    put_tally(s, ch);
    if (ch->ckpt != NULL)
        put_ckpt(s, ch->ckpt);
    if (ch->test_now != DK_NEVER) {
        struct pg_args a = pg_args(s);

        pg_int(&a, ch->test_now);
        pg_send(&a, PG_NOW_PUT);
    }
}
