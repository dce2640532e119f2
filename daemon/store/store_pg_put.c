/* store_pg_put.c - the rows of a batch: requests, events, cases, clocks. */
#include "store_pg.h"

static void put_requests(struct pg *s, const struct store_changes *ch)
{
    struct pg_args a = pg_args(s);

    if (ch->n_request == 0)
        return;
    pg_cols(s, "bbiiiii");
    for (size_t i = 0; i < ch->n_request; i++) {
        const struct store_request *r = &ch->request[i];

        pg_add_bytes(&s->col[0], r->id.b, sizeof r->id.b);
        pg_add_bytes(&s->col[1], r->hash, sizeof r->hash);
        pg_add_int(&s->col[2], r->key);
        pg_add_int(&s->col[3], r->n);
        pg_add_int(&s->col[4], r->state);
        pg_add_int(&s->col[5], r->at);
        pg_add_int(&s->col[6], r->submitted_at);
    }
    pg_args_cols(&a, 7);
    pg_send(&a, PG_REQUEST_PUT);
}

static void put_events(struct pg *s, const struct store_changes *ch)
{
    struct pg_args a = pg_args(s);

    if (ch->n_event == 0)
        return;
    pg_cols(s, "iiiiiitbt");
    for (size_t i = 0; i < ch->n_event; i++) {
        const struct dk_event *e = ch->event[i];

        pg_add_int(&s->col[0], e->seq);
        pg_add_int(&s->col[1], e->key);
        pg_add_int(&s->col[2], e->n);
        pg_add_int(&s->col[3], e->type);
        pg_add_int(&s->col[4], e->at);
        pg_add_when(&s->col[5], e->claimed);
        pg_add_str(&s->col[6], e->actor);
        pg_add_bytes(&s->col[7], e->hash, sizeof e->hash);
        pg_add_bytes(&s->col[8], e->body, e->body_len);
    }
    pg_args_cols(&a, 9);
    pg_int(&a, s->no);
    pg_send(&a, PG_EVENT_PUT);
}

static void add_case(struct pg *s, const struct store_case_put *k)
{
    struct row_case row = store_row_case(k->c);

    pg_add_int(&s->col[0], row.key);
    pg_add_int(&s->col[1], row.state);
    pg_add_int(&s->col[2], row.overdue);
    pg_add_int(&s->col[3], row.urgent);
    pg_add_when(&s->col[4], row.due);
    pg_add_when(&s->col[5], row.grp != 0 ? row.grp : DK_NEVER);
    pg_add_str(&s->col[6], row.unit);
    pg_add_str(&s->col[7], row.handler);
    pg_add_str(&s->col[8], row.region);
    pg_add_str(&s->col[9], row.category);
    pg_add_bytes(&s->col[10], row.hash, row.hash_len);
    pg_add_bytes(&s->col[11], k->doc, k->doc_len);
}

/* The new cases, or those that were there; how many. */
static int put_cases(struct pg *s, const struct store_changes *ch, bool new)
{
    struct pg_args a = pg_args(s);
    int n = 0;

    pg_cols(s, "iiiiiittttbt");
    for (size_t i = 0; i < ch->n_case; i++) {
        if (ch->kase[i].is_new != new)
            continue;
        add_case(s, &ch->kase[i]);
        n++;
    }
    if (n == 0)
        return 0;
    pg_args_cols(&a, 12);
    pg_send(&a, new ? PG_CASE_NEW : PG_CASE_PUT);
    return n;
}

/* A case's clocks go where it goes. */
static void move_clocks(struct pg *s, const struct store_changes *ch)
{
    struct pg_args a = pg_args(s);

    pg_cols(s, "it");
    for (size_t i = 0; i < ch->n_case; i++) {
        if (ch->kase[i].is_new)
            continue;
        pg_add_int(&s->col[0], ch->kase[i].c->key);
        pg_add_str(&s->col[1], ch->kase[i].c->unit);
    }
    pg_args_cols(&a, 2);
    pg_send(&a, PG_CLOCK_UNIT);
}

/* col[0..3] are the rows as they shall be, col[4] the cases that had some. */
static void put_beside(struct pg *s, const struct store_changes *ch, bool old)
{
    struct pg_args del = pg_args(s), put = pg_args(s);

    pg_cols(s, "ittii");
    for (size_t i = 0; i < ch->n_case; i++) {
        const struct dk_case *c = ch->kase[i].c;

        if (!ch->kase[i].is_new)
            pg_add_int(&s->col[4], c->key);
        for (int k = 0; k < c->n_co; k++) {
            struct row_beside row = store_row_beside(c, k);

            pg_add_int(&s->col[0], row.key);
            pg_add_str(&s->col[1], row.unit);
            pg_add_str(&s->col[2], row.handler);
            pg_add_int(&s->col[3], row.open);
        }
    }
    if (old) {
        pg_args_cols(&del, 3);
        pg_arr(&del, &s->col[4]);
        pg_send(&del, PG_BESIDE_DEL);
    }
    if (s->col[0].n > 0) {
        pg_args_cols(&put, 4);
        pg_send(&put, PG_BESIDE_PUT);
    }
}

/* Only clocks that may still matter are rows; the case keeps all of them. */
static void put_clocks(struct pg *s, const struct store_changes *ch)
{
    struct pg_args a = pg_args(s);

    if (ch->n_clock == 0)
        return;
    pg_cols(s, "ittiiiii");
    for (size_t i = 0; i < ch->n_clock; i++) {
        struct row_clock row;
        bool live = store_row_clock(&ch->clock[i], &row);

        pg_add_int(&s->col[0], row.key);
        pg_add_str(&s->col[1], row.id);
        pg_add_str(&s->col[2], row.unit);
        pg_add_int(&s->col[3], row.state);
        pg_add_int(&s->col[4], row.overdue);
        pg_add_int(&s->col[5], row.due_at);
        pg_add_when(&s->col[6], row.fire_at);
        pg_add_int(&s->col[7], live);
    }
    pg_args_cols(&a, 8);
    pg_send(&a, PG_CLOCK_PUT);
}

static void put_alerts(struct pg *s, const struct store_changes *ch)
{
    struct pg_args a = pg_args(s);

    if (ch->n_alert == 0)
        return;
    pg_cols(s, "iiiitttt");
    for (size_t i = 0; i < ch->n_alert; i++) {
        struct row_alert row = store_row_alert(&ch->alert[i]);

        pg_add_int(&s->col[0], row.key);
        pg_add_int(&s->col[1], row.n);
        pg_add_int(&s->col[2], row.raised_at);
        pg_add_int(&s->col[3], row.due_at);
        pg_add_str(&s->col[4], row.level);
        pg_add_str(&s->col[5], row.unit);
        pg_add_str(&s->col[6], row.clock);
        pg_add_str(&s->col[7], row.rung);
    }
    pg_args_cols(&a, 8);
    pg_send(&a, PG_ALERT_PUT);
}

static void ack_alerts(struct pg *s, const struct store_changes *ch)
{
    struct pg_args a = pg_args(s);

    if (ch->n_ack == 0)
        return;
    pg_cols(s, "iiit");
    for (size_t i = 0; i < ch->n_ack; i++) {
        pg_add_int(&s->col[0], ch->ack[i].key);
        pg_add_int(&s->col[1], ch->ack[i].n);
        pg_add_int(&s->col[2], ch->ack[i].at);
        pg_add_str(&s->col[3], ch->ack[i].by);
    }
    pg_args_cols(&a, 4);
    pg_int(&a, s->no);
    pg_send(&a, PG_ALERT_ACK);
}

void pg_put_all(struct pg *s, const struct store_changes *ch)
{
    put_requests(s, ch);
    put_events(s, ch);
    if (ch->n_case > 0) {
        (void)put_cases(s, ch, true);
        bool old = put_cases(s, ch, false) > 0;

        if (old)
            move_clocks(s, ch);
        put_beside(s, ch, old);
    }
    put_clocks(s, ch);
    put_alerts(s, ch);
    ack_alerts(s, ch);
}
