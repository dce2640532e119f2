/* store_sqlite_write.c - store_commit(): one batch, one transaction.
 *
 * What COMMIT answers is the only source of a reply (docs/adr/0002).
 */
#include "store_sqlite.h"

int64_t sq_slot(const struct dk_uuid *id)
{
    uint64_t v = 0;

    for (int i = 0; i < 8; i++)
        v = v << 8 | id->b[i];
    return (int64_t)(v >> 1);
}

static int put_request(struct sq *s, const struct store_request *r, bool clash)
{
    struct sq_use u = sq_use(s, clash ? SQ_REQUEST_CLASH : SQ_REQUEST_PUT);

    if (!clash)
        sq_int(&u, sq_slot(&r->id));
    sq_blob(&u, r->id.b, sizeof r->id.b);
    sq_blob(&u, r->hash, sizeof r->hash);
    sq_int(&u, r->key);
    sq_int(&u, r->n);
    sq_int(&u, r->state);
    sq_int(&u, r->at);
    sq_int(&u, r->submitted_at);
    int rc = sq_run(&u);
    return rc != 0 ? rc : sq_changes(&u);
}

static int put_requests(struct sq *s, const struct store_changes *ch)
{
    for (size_t i = 0; i < ch->n_request; i++) {
        const struct store_request *r = &ch->request[i];
        int n = put_request(s, r, false);

        if (n == 0) { /* the slot is taken: by this id, or by another? */
            struct store_request old;

            n = sq_find_request(s, &r->id, &old);
            if (n == 1)
                n = DK_EBUG;
            if (n == 0)
                n = put_request(s, r, true);
        }
        if (n < 0)
            return n;
    }
    return 0;
}

static int put_events(struct sq *s, const struct store_changes *ch)
{
    for (size_t i = 0; i < ch->n_event; i++) {
        const struct dk_event *e = ch->event[i];
        struct sq_use u = sq_use(s, SQ_EVENT_PUT);

        sq_int(&u, e->seq);
        sq_int(&u, e->key);
        sq_int(&u, e->n);
        sq_int(&u, e->type);
        sq_int(&u, e->at);
        sq_when(&u, e->claimed);
        sq_text(&u, e->actor);
        sq_blob(&u, e->hash, sizeof e->hash);
        sq_textn(&u, e->body, e->body_len);
        int rc = sq_run(&u);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static void bind_listed(struct sq_use *u, const struct row_case *row)
{
    sq_int(u, row->state);
    sq_int(u, row->overdue);
    sq_int(u, row->urgent);
    sq_when(u, row->due);
    sq_when(u, row->grp != 0 ? row->grp : DK_NEVER);
}

/* Most events leave what the indices are about as it was.  Then only hash and
 * doc are written and no index is touched (an UPDATE that names an indexed
 * column rewrites its index entries even if the value is the same).
 */
static int put_same_case(struct sq *s, const struct store_case_put *k,
                         bool *same)
{
    struct row_case row = store_row_case(k->c);
    struct sq_use u = sq_use(s, SQ_CASE_SAME);

    sq_blob(&u, row.hash, row.hash_len);
    sq_textn(&u, k->doc, k->doc_len);
    sq_int(&u, row.key);
    bind_listed(&u, &row);
    sq_text(&u, row.unit);
    sq_text(&u, row.handler);
    sq_text(&u, row.region);
    sq_text(&u, row.category);
    int rc = sq_run(&u);
    *same = rc == 0 && sq_changes(&u) == 1;
    return rc;
}

static int put_case(struct sq *s, const struct store_case_put *k)
{
    struct row_case row = store_row_case(k->c);
    struct sq_use u = sq_use(s, k->is_new ? SQ_CASE_NEW : SQ_CASE_PUT);

    bind_listed(&u, &row);
    sq_text(&u, row.unit);
    sq_text(&u, row.handler);
    sq_text(&u, row.region);
    sq_text(&u, row.category);
    sq_blob(&u, row.hash, row.hash_len);
    sq_textn(&u, k->doc, k->doc_len);
    sq_int(&u, row.key);
    int rc = sq_run(&u);
    if (rc == 0 && sq_changes(&u) != 1)
        rc = DK_EBUG; /* there is no such case */
    if (rc != 0 || k->is_new)
        return rc;

    u = sq_use(s, SQ_CLOCK_UNIT); /* no index has the unit of a clock */
    sq_text(&u, row.unit);
    sq_int(&u, row.key);
    return sq_run(&u);
}

static int put_cases(struct sq *s, const struct store_changes *ch,
                     struct store_totals *t)
{
    for (size_t i = 0; i < ch->n_case; i++) {
        const struct store_case_put *k = &ch->kase[i];
        bool same = false;
        int rc = 0;

        if (k->is_new)
            t->cases++;
        else
            rc = put_same_case(s, k, &same);
        if (rc == 0 && !same)
            rc = put_case(s, k);
        if (rc == 0)
            rc = sq_put_beside(s, k);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* Only clocks that may still matter are rows; the case keeps all of them. */
static int put_clocks(struct sq *s, const struct store_changes *ch)
{
    for (size_t i = 0; i < ch->n_clock; i++) {
        struct row_clock row;
        bool live = store_row_clock(&ch->clock[i], &row);
        struct sq_use u = sq_use(s, live ? SQ_CLOCK_PUT : SQ_CLOCK_DEL);

        sq_int(&u, row.key);
        sq_text(&u, row.id);
        if (live) {
            sq_text(&u, row.unit);
            sq_int(&u, row.state);
            sq_int(&u, row.overdue);
            sq_int(&u, row.due_at);
            sq_when(&u, row.fire_at);
        }
        int rc = sq_run(&u);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int put_new_tasks(struct sq *s, const struct store_changes *ch,
                         struct store_totals *t)
{
    for (size_t i = 0; i < ch->n_task_new; i++) {
        const struct store_task *k = &ch->task_new[i];
        struct sq_use u = sq_use(s, sq_of(SQ_TASK_NEW_0, (int)k->service));

        sq_int(&u, k->id);
        sq_int(&u, k->key);
        sq_int(&u, k->n);
        sq_int(&u, k->attempts);
        int rc = sq_run(&u);
        if (rc != 0)
            return rc;
        t->tasks_open++;
    }
    return 0;
}

/* Run a statement about one task; the number of rows it changed. */
static int change_task(struct sq *s, enum sq_stmt stmt, int64_t id)
{
    struct sq_use u = sq_use(s, stmt);

    sq_int(&u, id);
    int rc = sq_run(&u);
    return rc != 0 ? rc : sq_changes(&u);
}

/* The same in the table of whichever service has the task; *service tells. */
static int change_any_task(struct sq *s, enum sq_stmt of_0, int64_t id,
                           int *service)
{
    int n = 0;

    for (int v = 0; v < DK_SVC_N && n == 0; v++) {
        n = change_task(s, sq_of(of_0, v), id);
        *service = v;
    }
    return n;
}

static int end_tasks(struct sq *s, const struct store_changes *ch,
                     struct store_totals *t)
{
    int service = 0;

    for (size_t i = 0; i < ch->n_task_done; i++) {
        int64_t id = ch->task_done[i];
        int n = change_any_task(s, SQ_TASK_END_0, id, &service);

        if (n > 0) {
            t->tasks_open -= n;
            continue;
        }
        if (n == 0)
            n = change_any_task(s, SQ_TASK_BURY_0, id, &service);
        if (n < 0)
            return n;
        t->tasks_dead -= n;
    }
    return 0;
}

/* An open task's failure, in the table of `service`: rows changed. */
static int fail_task(struct sq *s, const struct store_task_fail *f, int service)
{
    struct sq_use u = sq_use(s, sq_of(SQ_TASK_FAIL_0, service));

    sq_int(&u, f->attempts);
    sq_when(&u, f->at);
    sq_text(&u, f->reason);
    sq_int(&u, f->id);
    int rc = sq_run(&u);
    if (rc == 0)
        rc = sq_changes(&u);
    if (rc <= 0 || !f->dead)
        return rc;
    rc = change_task(s, sq_of(SQ_TASK_DIE_0, service), f->id);
    return rc > 0 ? change_task(s, sq_of(SQ_TASK_END_0, service), f->id) : rc;
}

static int fail_tasks(struct sq *s, const struct store_changes *ch,
                      struct store_totals *t)
{
    for (size_t i = 0; i < ch->n_task_fail; i++) {
        const struct store_task_fail *f = &ch->task_fail[i];
        int n = 0;

        for (int v = 0; v < DK_SVC_N && n == 0; v++)
            n = fail_task(s, f, v);
        if (n < 0)
            return n;
        if (f->dead) {
            t->tasks_open -= n;
            t->tasks_dead += n;
        }
    }
    return 0;
}

static int retry_tasks(struct sq *s, const struct store_changes *ch,
                       struct store_totals *t)
{
    int service = 0;

    for (size_t i = 0; i < ch->n_task_retry; i++) {
        int64_t id = ch->task_retry[i];
        int n = change_any_task(s, SQ_TASK_BACK_0, id, &service);

        if (n > 0)
            n = change_task(s, sq_of(SQ_TASK_BURY_0, service), id);
        if (n < 0)
            return n;
        t->tasks_open += n;
        t->tasks_dead -= n;
    }
    return 0;
}

static int put_tasks(struct sq *s, const struct store_changes *ch,
                     struct store_totals *t)
{
    int rc = put_new_tasks(s, ch, t);
    if (rc == 0)
        rc = end_tasks(s, ch, t);
    if (rc == 0)
        rc = fail_tasks(s, ch, t);
    if (rc == 0)
        rc = retry_tasks(s, ch, t);
    return rc;
}

static int put_alerts(struct sq *s, const struct store_changes *ch,
                      struct store_totals *t)
{
    for (size_t i = 0; i < ch->n_alert; i++) {
        struct row_alert row = store_row_alert(&ch->alert[i]);
        struct sq_use u = sq_use(s, SQ_ALERT_PUT);

        sq_int(&u, row.key);
        sq_int(&u, row.n);
        sq_int(&u, row.raised_at);
        sq_int(&u, row.due_at);
        sq_text(&u, row.level);
        sq_text(&u, row.unit);
        sq_text(&u, row.clock);
        sq_text(&u, row.rung);
        int rc = sq_run(&u);
        if (rc != 0)
            return rc;
        t->alerts_open++;
    }
    for (size_t i = 0; i < ch->n_ack; i++) {
        const struct store_alert_ack *a = &ch->ack[i];
        struct sq_use u = sq_use(s, SQ_ALERT_ACK);

        sq_int(&u, a->at);
        sq_text(&u, a->by);
        sq_int(&u, a->key);
        sq_int(&u, a->n);
        int rc = sq_run(&u);
        if (rc != 0)
            return rc;
        t->alerts_open -= sq_changes(&u);
    }
    return 0;
}

static int put_counters(struct sq *s, const struct store_changes *ch)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < ch->n_load; i++) {
        const struct store_load *l = &ch->load[i];
        struct sq_use u = sq_use(s, l->open != 0 ? SQ_LOAD_PUT : SQ_LOAD_DEL);

        sq_text(&u, l->unit);
        sq_text(&u, l->handler);
        if (l->open != 0)
            sq_int(&u, l->open);
        rc = sq_run(&u);
    }
    for (size_t i = 0; rc == 0 && i < ch->n_day; i++) {
        struct sq_use u = sq_use(s, SQ_DAY_PUT);

        sq_int(&u, ch->day[i].day);
        sq_int(&u, ch->day[i].seq);
        rc = sq_run(&u);
    }
    if (rc == 0 && ch->test_now != DK_NEVER) {
        struct sq_use u = sq_use(s, SQ_NOW_PUT);

        sq_int(&u, ch->test_now);
        rc = sq_run(&u);
    }
    return rc;
}

static int put_totals(struct sq *s, const struct store_totals *t)
{
    struct sq_use u = sq_use(s, SQ_TOTAL_PUT);

    sq_int(&u, t->cases);
    sq_int(&u, t->events);
    sq_int(&u, t->tasks_open);
    sq_int(&u, t->tasks_dead);
    sq_int(&u, t->alerts_open);
    sq_int(&u, (int64_t)t->tallies);
    return sq_run(&u);
}

static int put_all(struct sq *s, const struct store_changes *ch,
                   struct store_totals *t)
{
    int rc = put_requests(s, ch);
    if (rc == 0)
        rc = put_events(s, ch);
    if (rc == 0)
        rc = put_cases(s, ch, t);
    if (rc == 0)
        rc = put_clocks(s, ch);
    if (rc == 0)
        rc = put_tasks(s, ch, t);
    if (rc == 0)
        rc = put_alerts(s, ch, t);
    if (rc == 0)
        rc = sq_put_persons(s, ch);
    if (rc == 0)
        rc = put_counters(s, ch);
    if (rc == 0)
        rc = sq_put_office(s, ch);
    if (rc == 0)
        rc = sq_put_tally(s, ch, t);
    if (rc == 0)
        rc = sq_put_ckpt(s, ch);
    t->events += (int64_t)ch->n_event;
    if (rc == 0)
        rc = put_totals(s, t);
    return rc;
}

static int simple(struct sq *s, enum sq_stmt stmt)
{
    struct sq_use u = sq_use(s, stmt);
    return sq_run(&u);
}

/* After some errors SQLite has rolled back by itself: ask, do not guess. */
static int roll_back(struct sq *s, int why)
{
    if (sqlite3_get_autocommit(s->db) == 0)
        (void)simple(s, SQ_ROLLBACK);
    if (sqlite3_get_autocommit(s->db) == 0)
        return sq_damaged(s);
    return why;
}

int sq_commit(struct store *st, const struct store_changes *ch)
{
    struct sq *s = (struct sq *)st;
    struct store_totals t = s->tot;

    if (!store_changes_sane(ch, s->last_seq))
        return DK_EBUG;
    if (store_changes_empty(ch))
        return 0;

    int rc = s->full ? sq_log_make_room(s) : 0;
    if (rc == 0)
        rc = simple(s, SQ_BEGIN);
    if (rc == 0)
        rc = put_all(s, ch, &t);
    if (rc == 0)
        rc = simple(s, SQ_COMMIT);
    s->full = rc == DK_EFULL;
    if (rc != 0)
        return roll_back(s, rc);
    s->tot = t;
    s->last_seq += (int64_t)ch->n_event;
    for (size_t i = 0; i < ch->n_request; i++) {
        int64_t slot = sq_slot(&ch->request[i].id);
        s->last_slot = slot > s->last_slot ? slot : s->last_slot;
    }
    /* It is on the disk; but nobody is told so after a sync that failed. */
    return sq_log_grew(s) == DK_EIO ? DK_EIO : 0;
}
