/* store_pg_write.c - store_commit(), and the transaction of a batch.
 *
 * One pipeline from BEGIN to COMMIT.  The fence is its first statement: it
 * stops the transaction of a broker that was replaced, and counts the commits,
 * so that a connection lost under way leaves no doubt (store_pg_link.c).
 */
#include <stdio.h>

#include "store_pg.h"

#define TRIES 4 /* of a commit that others were in the way of */

/* ---- the batch's transaction -------------------------------------------- */

void pg_undo(struct pg *s)
{
    struct pg_args a = pg_args(s);

    s->undone = s->undone || s->open_tx;
    s->open_tx = false;
    if (s->state != PG_UP)
        return;
    pg_clear(s);
    pg_send(&a, PG_ROLLBACK);
    if (pg_sync(s) != 0 && s->state == PG_UP)
        pg_drop(s, NULL); /* a new session has no transaction */
    pg_clear(s);
}

void pg_hold(struct store *st)
{
    ((struct pg *)st)->hold = true;
}

void pg_rest(struct store *st)
{
    struct pg *s = (struct pg *)st;

    s->hold = false;
    if (s->open_tx)
        pg_undo(s);
    s->undone = false;
}

/* ---- the commit --------------------------------------------------------- */

static void send_fence(struct pg *s, const struct store_changes *ch,
                       const struct store_totals *t, dk_ms last_at)
{
    struct pg_args a = pg_args(s);

    pg_int(&a, s->no);
    pg_int(&a, s->epoch);
    pg_int(&a, s->commits);
    pg_int(&a, s->last_seq + (int64_t)ch->n_event);
    pg_int(&a, last_at);
    pg_int(&a, t->cases);
    pg_int(&a, (int64_t)t->tallies);
    pg_int(&a, (int64_t)ch->n_task_new);
    pg_int(&a, (int64_t)ch->n_alert);
    pg_send(&a, PG_FENCE);
}

static struct store_totals totals_after(const struct pg *s,
                                        const struct store_changes *ch)
{
    struct store_totals t = s->mine;

    for (size_t i = 0; i < ch->n_case; i++)
        t.cases += ch->kase[i].is_new;
    for (size_t i = 0; i < ch->n_tally; i++)
        t.tallies += (uint64_t)ch->tally[i].n * dk_tally_print(&ch->tally[i]);
    return t;
}

/* Did the last statement really commit? */
static bool committed(const struct pg *s)
{
    const PGresult *res = s->n_sent > 0 ? s->sent[s->n_sent - 1].res : NULL;

    return res != NULL &&
           strcmp(PQcmdStatus((PGresult *)(uintptr_t)res), "COMMIT") == 0;
}

static int once(struct pg *s, const struct store_changes *ch)
{
    struct pg_args none = pg_args(s);
    struct store_totals t = totals_after(s, ch);
    dk_ms at = ch->n_event > 0 ? ch->event[ch->n_event - 1]->at : s->last_at;

    s->unsure = false;
    if (!s->open_tx)
        pg_send(&none, PG_BEGIN);
    send_fence(s, ch, &t, at);
    pg_put_all(s, ch);
    pg_put_rest(s, ch);
    pg_send(&none, PG_COMMIT);
    int rc = pg_sync(s);
    if (rc == 0 && !committed(s))
        rc = DK_EBUG;
    bool replaced = rc == DK_EBUG && s->failed_stmt == PG_FENCE;
    pg_clear(s);
    if (rc == 0) {
        s->open_tx = false;
        s->commits++;
        s->last_seq += (int64_t)ch->n_event;
        s->last_at = at;
        s->mine = t;
        return 0;
    }
    if (replaced) {
        (void)snprintf(s->why, sizeof s->why,
                       "another docketd of this name has started");
        rc = pg_damaged(s);
    }
    if (s->state == PG_UP)
        pg_undo(s);
    return rc;
}

/* The connection was lost: connect again and see whether it happened.  1: it
 * did; 0: it did not; DK_EBUSY: not known for now.
 */
static int resolve(struct pg *s, int64_t before)
{
    int rc = pg_dial(s, PG_WAIT);

    if (rc != 0)
        return rc;
    return s->commits == before + 1;
}

/* A commit that returned before its standby had it: another one is later in
 * the log, and returns when both are there.
 */
static int make_sure(struct pg *s)
{
    for (int i = 0; i < TRIES && s->unsure; i++) {
        struct pg_args a = pg_args(s);
        PGresult *res;

        s->unsure = false;
        pg_int(&a, s->no);
        pg_int(&a, s->epoch);
        int rc = pg_ask(&a, PG_TAKE, &res);
        bool ours = rc == 0 && PQntuples(res) == 1;
        PQclear(res);
        if (rc != 0) { /* it is there: whoever asks again is told so */
            pg_drop(s, "a commit could not be made sure of");
            return DK_EBUSY;
        }
        if (!ours) { /* nothing was written, so no standby was waited for */
            (void)snprintf(s->why, sizeof s->why,
                           "another docketd took this one's place");
            return pg_damaged(s);
        }
    }
    if (!s->unsure)
        return 0;
    pg_drop(s, "commits return before a standby has them");
    return DK_EBUSY;
}

int pg_commit(struct store *st, const struct store_changes *ch)
{
    struct pg *s = (struct pg *)st;
    int rc = DK_ESTALE;

    if (!store_changes_sane(ch, s->last_seq))
        return DK_EBUG;
    if (store_changes_empty(ch))
        return 0;
    if (s->undone)
        return s->state == PG_UP ? DK_ESTALE : DK_EBUSY;
    for (int i = 0; i < TRIES && rc == DK_ESTALE; i++) {
        int64_t before = s->commits;
        bool held = s->open_tx;

        rc = once(s, ch);
        if (rc == DK_EBUSY && s->state != PG_UP) {
            int now = resolve(s, before);
            rc = now == 1 ? 0 : now == 0 ? DK_ESTALE : now;
        }
        if (held && rc == DK_ESTALE)
            break; /* what it rests on is not locked any more */
    }
    if (rc == 0 && s->unsure)
        rc = make_sure(s);
    return rc;
}

/* ---- tasks for this broker ---------------------------------------------- */

int pg_claim(struct store *st, enum dk_service service, int64_t limit,
             int64_t *first)
{
    struct pg *s = (struct pg *)st;
    struct pg_args off = pg_args(s), a = pg_args(s);

    int claim = 0; /* the answers before its own */

    *first = INT64_MAX;
    if (!s->shared)
        return 0;
    /* After an outage everybody is unheard of: they have time to come back. */
    if (s->back_at == 0 || s->mono() - s->back_at > PG_RETURN) {
        pg_int(&off, s->no);
        pg_send(&off, PG_FENCE_OFF);
        claim = 1;
    }
    pg_int(&a, s->no);
    pg_int(&a, s->epoch);
    pg_int(&a, service);
    pg_int(&a, limit);
    pg_send(&a, PG_CLAIM);
    int rc = pg_sync(s);
    if (rc == 0) {
        struct pg_row r = {pg_result(s, claim), 0};

        if (PQntuples(r.res) == 1 && !pg_col_null(&r, 0))
            *first = pg_col_int(&r, 0);
    }
    pg_clear(s);
    return rc;
}
