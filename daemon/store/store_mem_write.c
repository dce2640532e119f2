/* store_mem_write.c - a commit in memory: all of it, or back to before. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_mem.h"

static void *copy(const void *p, size_t n)
{
    char *c = malloc(n + 1);

    if (c == NULL)
        return NULL;
    if (n != 0)
        memcpy(c, p, n);
    c[n] = '\0';
    return c;
}

static bool copy_id(char to[DK_ID_MAX + 1], const char *from)
{
    return snprintf(to, DK_ID_MAX + 1, "%s", from) <= DK_ID_MAX;
}

static int put_requests(struct mem *m, const struct store_changes *ch)
{
    for (size_t i = 0; i < ch->n_request; i++) {
        if (mem_find(m, MEM_REQUEST, &ch->request[i]) != NULL)
            return DK_EBUG;
        int rc = mem_put(m, MEM_REQUEST,
                         copy(&ch->request[i], sizeof ch->request[i]));
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int put_events(struct mem *m, const struct store_changes *ch)
{
    for (size_t i = 0; i < ch->n_event; i++) {
        const struct dk_event *from = ch->event[i];

        if (mem_find(m, MEM_EVENT_OF, from) != NULL)
            return DK_EBUG;
        struct dk_event *e = copy(from, sizeof *from);
        if (e == NULL)
            return DK_ENOMEM;
        e->body = copy(from->body, from->body_len);
        if (e->body == NULL) {
            free(e);
            return DK_ENOMEM;
        }
        int rc = mem_put(m, MEM_EVENT, e);
        if (rc == 0)
            rc = mem_put(m, MEM_EVENT_OF, e);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* Fills a zeroed row; what it has allocated is freed with the row. */
static int fill_case(struct mem_case *c, const struct store_case_put *k)
{
    struct row_case row = store_row_case(k->c);

    c->key = row.key;
    c->state = (enum dk_state)row.state;
    c->overdue = row.overdue != 0;
    c->urgent = row.urgent != 0;
    c->due = row.due;
    c->grp = row.grp;
    (void)copy_id(c->unit, row.unit);
    (void)copy_id(c->handler, row.handler);
    memcpy(c->hash, row.hash, sizeof c->hash);
    c->doc = copy(k->doc, k->doc_len);
    c->doc_len = k->doc_len;
    if (row.region != NULL)
        c->region = copy(row.region, strlen(row.region));
    if (row.category != NULL)
        c->category = copy(row.category, strlen(row.category));
    if (c->doc == NULL || (row.region != NULL && c->region == NULL) ||
        (row.category != NULL && c->category == NULL))
        return DK_ENOMEM;
    return 0;
}

/* The clocks of a case whose unit changed. */
static int follow_unit(struct mem *m, int64_t key, const char *unit)
{
    const struct mem_rows *r = &m->t[MEM_CLOCK];
    struct mem_clock probe = {.key = key};
    int rc = 0;

    for (size_t i = mem_lower(m, MEM_CLOCK, &probe); rc == 0 && i < r->n; i++) {
        struct mem_clock k = *(const struct mem_clock *)r->v[i];

        if (k.key != key)
            break;
        if (strcmp(k.unit, unit) == 0)
            continue;
        (void)copy_id(k.unit, unit);
        rc = mem_put(m, MEM_CLOCK, copy(&k, sizeof k));
    }
    return rc;
}

static int put_cases(struct mem *m, const struct store_changes *ch)
{
    for (size_t i = 0; i < ch->n_case; i++) {
        const struct store_case_put *k = &ch->kase[i];
        struct mem_case probe = {.key = k->c->key};

        if ((mem_find(m, MEM_CASE, &probe) == NULL) != k->is_new)
            return DK_EBUG;
        struct mem_case *c = calloc(1, sizeof *c);
        int filled = c != NULL ? fill_case(c, k) : DK_ENOMEM;
        int rc = mem_put(m, MEM_CASE, c);
        if (filled != 0 || rc != 0 ||
            follow_unit(m, k->c->key, k->c->unit) != 0 ||
            mem_put_beside(m, k->c) != 0)
            return DK_ENOMEM;
        m->tot.cases += k->is_new ? 1 : 0;
    }
    return 0;
}

static int put_clocks(struct mem *m, const struct store_changes *ch)
{
    for (size_t i = 0; i < ch->n_clock; i++) {
        struct row_clock row;
        bool live = store_row_clock(&ch->clock[i], &row);
        struct mem_clock c = {.key = row.key,
                              .state = (enum dk_clock_state)row.state,
                              .overdue = row.overdue != 0,
                              .due_at = row.due_at,
                              .fire_at = row.fire_at};

        if (!copy_id(c.id, row.id) || !copy_id(c.unit, row.unit))
            return DK_EBUG;
        int rc = live ? mem_put(m, MEM_CLOCK, copy(&c, sizeof c))
                      : mem_del(m, MEM_CLOCK, &c);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* ---- tasks -------------------------------------------------------------- */

static struct store_task_info *task(struct mem *m, int64_t id)
{
    struct store_task_info probe = {.t.id = id};
    return mem_find(m, MEM_TASK, &probe);
}

static int put_new_tasks(struct mem *m, const struct store_changes *ch)
{
    for (size_t i = 0; i < ch->n_task_new; i++) {
        struct store_task_info t = {.t = ch->task_new[i],
                                    .failed_at = DK_NEVER};

        if (task(m, t.t.id) != NULL)
            return DK_EBUG;
        int rc = mem_put(m, MEM_TASK, copy(&t, sizeof t));
        if (rc != 0)
            return rc;
        m->tot.tasks_open++;
    }
    return 0;
}

static int end_tasks(struct mem *m, const struct store_changes *ch)
{
    for (size_t i = 0; i < ch->n_task_done; i++) {
        struct store_task_info *t = task(m, ch->task_done[i]);

        if (t == NULL)
            continue;
        if (t->dead)
            m->tot.tasks_dead--;
        else
            m->tot.tasks_open--;
        int rc = mem_del(m, MEM_TASK, t);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* Rows are replaced, never written in place: the old one is the way back. */
static int put_task(struct mem *m, const struct store_task_info *t, int dead)
{
    m->tot.tasks_dead += dead;
    m->tot.tasks_open -= dead;
    return mem_put(m, MEM_TASK, copy(t, sizeof *t));
}

static int change_tasks(struct mem *m, const struct store_changes *ch)
{
    for (size_t i = 0; i < ch->n_task_fail; i++) {
        const struct store_task_fail *f = &ch->task_fail[i];
        const struct store_task_info *old = task(m, f->id);

        if (old == NULL || old->dead)
            continue;
        struct store_task_info t = *old;
        t.t.attempts = f->attempts;
        t.dead = f->dead;
        t.failed_at = f->at;
        (void)snprintf(t.reason, sizeof t.reason, "%s",
                       f->reason != NULL ? f->reason : "");
        int rc = put_task(m, &t, f->dead ? 1 : 0);
        if (rc != 0)
            return rc;
    }
    for (size_t i = 0; i < ch->n_task_retry; i++) {
        const struct store_task_info *old = task(m, ch->task_retry[i]);

        if (old == NULL || !old->dead)
            continue;
        struct store_task_info t = *old;
        t.t.attempts = 0;
        t.dead = false;
        int rc = put_task(m, &t, -1);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* ---- alerts ------------------------------------------------------------- */

static struct mem_alert *copy_alert(const struct mem_alert *a)
{
    struct mem_alert *c = copy(a, sizeof *a);

    if (c == NULL)
        return NULL;
    c->clock = copy(a->clock, strlen(a->clock));
    c->rung = copy(a->rung, strlen(a->rung));
    c->level = copy(a->level, strlen(a->level));
    c->unit = copy(a->unit, strlen(a->unit));
    c->acked_by =
        a->acked_by != NULL ? copy(a->acked_by, strlen(a->acked_by)) : NULL;
    if (c->clock == NULL || c->rung == NULL || c->level == NULL ||
        c->unit == NULL || (a->acked_by != NULL && c->acked_by == NULL)) {
        free(c->clock);
        free(c->rung);
        free(c->level);
        free(c->unit);
        free(c->acked_by);
        free(c);
        return NULL;
    }
    return c;
}

/* Only ever copied from: the texts are not written through this. */
static char *borrow(const char *s)
{
    return (char *)(uintptr_t)s;
}

static int put_alerts(struct mem *m, const struct store_changes *ch)
{
    for (size_t i = 0; i < ch->n_alert; i++) {
        struct row_alert a = store_row_alert(&ch->alert[i]);

        if (a.clock == NULL || a.rung == NULL || a.level == NULL ||
            a.unit == NULL)
            return DK_EBUG;
        struct mem_alert row = {.key = a.key,
                                .n = (uint32_t)a.n,
                                .clock = borrow(a.clock),
                                .rung = borrow(a.rung),
                                .level = borrow(a.level),
                                .unit = borrow(a.unit),
                                .raised_at = a.raised_at,
                                .due_at = a.due_at,
                                .acked_at = a.acked_at};
        if (mem_find(m, MEM_ALERT, &row) != NULL)
            return DK_EBUG;
        int rc = mem_put(m, MEM_ALERT, copy_alert(&row));
        if (rc != 0)
            return rc;
        m->tot.alerts_open++;
    }
    return 0;
}

static int ack_alerts(struct mem *m, const struct store_changes *ch)
{
    for (size_t i = 0; i < ch->n_ack; i++) {
        const struct store_alert_ack *a = &ch->ack[i];
        struct mem_alert probe = {.key = a->key, .n = a->n};
        const struct mem_alert *old = mem_find(m, MEM_ALERT, &probe);

        if (old == NULL || old->acked_at != DK_NEVER)
            continue;
        struct mem_alert row = *old;
        row.acked_at = a->at;
        row.acked_by = borrow(a->by);
        int rc = mem_put(m, MEM_ALERT, copy_alert(&row));
        if (rc != 0)
            return rc;
        m->tot.alerts_open--;
    }
    return 0;
}

/* ---- counters -------------------------------------------------------------
 */

static int put_counters(struct mem *m, const struct store_changes *ch)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < ch->n_load; i++) {
        struct mem_load l = {.open = ch->load[i].open};

        if (!copy_id(l.unit, ch->load[i].unit) ||
            !copy_id(l.handler, ch->load[i].handler))
            return DK_EBUG;
        rc = l.open != 0 ? mem_put(m, MEM_LOAD, copy(&l, sizeof l))
                         : mem_del(m, MEM_LOAD, &l);
    }
    for (size_t i = 0; rc == 0 && i < ch->n_day; i++)
        rc = mem_put(m, MEM_DAY, copy(&ch->day[i], sizeof ch->day[i]));
    return rc;
}

static int put_all(struct mem *m, const struct store_changes *ch)
{
    int rc = put_requests(m, ch);
    if (rc == 0)
        rc = put_events(m, ch);
    if (rc == 0)
        rc = put_cases(m, ch);
    if (rc == 0)
        rc = put_clocks(m, ch);
    if (rc == 0)
        rc = put_new_tasks(m, ch);
    if (rc == 0)
        rc = end_tasks(m, ch);
    if (rc == 0)
        rc = change_tasks(m, ch);
    if (rc == 0)
        rc = put_alerts(m, ch);
    if (rc == 0)
        rc = ack_alerts(m, ch);
    if (rc == 0)
        rc = mem_put_persons(m, ch);
    if (rc == 0)
        rc = put_counters(m, ch);
    if (rc == 0)
        rc = mem_put_office(m, ch);
    if (rc == 0)
        rc = mem_put_tally(m, ch);
    if (rc == 0)
        rc = mem_put_ckpt(m, ch);
    return rc;
}

int mem_commit(struct store *st, const struct store_changes *ch)
{
    struct mem *m = (struct mem *)st;
    struct store_totals before = m->tot;

    if (!store_changes_sane(ch, m->last_seq))
        return DK_EBUG;
    int rc = put_all(m, ch);
    if (rc != 0) {
        mem_undo_all(m);
        m->tot = before;
        return rc;
    }
    mem_keep_all(m);
    m->last_seq += (int64_t)ch->n_event;
    m->tot.events += (int64_t)ch->n_event;
    if (ch->test_now != DK_NEVER)
        m->test_now = ch->test_now;
    return 0;
}
