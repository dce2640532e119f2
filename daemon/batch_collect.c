/* batch_collect.c - step four: the rows that a batch's events change. */
#include <string.h>

#include "daemon/alert_row.h"
#include "daemon/batch.h"

static bool clock_changed(const struct slot *s, int i)
{
    const struct dk_clock *k = &s->c->clock[i];

    if (s->rewrite || i >= s->n_mark)
        return true;
    const struct clock_mark *m = &s->mark[i];
    return m->no != k->no || m->state != k->state ||
           m->next != dk_clock_next(k) || m->due != k->due_at ||
           m->late != k->late;
}

static int collect_clocks(struct batch *b, const struct slot *s)
{
    for (int i = 0; i < s->c->n_clock; i++) {
        if (!clock_changed(s, i))
            continue;
        if (vec_grow(&b->clock, &b->cap_clock, b->n_clock + 1) != DK_OK)
            return DK_ENOMEM;
        b->clock[b->n_clock++] = (struct store_clock_put){
            .key = s->key, .k = &s->c->clock[i], .unit = s->c->unit};
    }
    return DK_OK;
}

static bool is_dirty(const struct slot *s)
{
    return s->c != NULL && (s->c->n != s->n_before || s->rewrite);
}

static int collect_cases(struct batch *b, int32_t county, int offset_min)
{
    size_t n = 0;

    if (vec_grow(&b->put, &b->cap_put, b->n_slot + 1) != DK_OK)
        return DK_ENOMEM;
    for (size_t i = 0; i < b->n_slot; i++) {
        struct slot *s = &b->slot[i];
        if (!is_dirty(s))
            continue;
        s->doc_at = b->docs.len;
        b->docs.comma = false;
        dk_case_write(&b->docs, NULL, s->c, county, offset_min);
        s->doc_len = b->docs.len - s->doc_at;
        if (collect_clocks(b, s) != DK_OK)
            return DK_ENOMEM;
    }
    if (b->docs.oom)
        return DK_ENOMEM;
    for (size_t i = 0; i < b->n_slot; i++) {
        const struct slot *s = &b->slot[i];
        if (!is_dirty(s))
            continue;
        b->put[n++] = (struct store_case_put){.c = s->c,
                                              .is_new = s->is_new,
                                              .doc = b->docs.buf + s->doc_at,
                                              .doc_len = s->doc_len};
    }
    b->changes.kase = b->put;
    b->changes.n_case = n;
    b->changes.clock = b->clock;
    b->changes.n_clock = b->n_clock;
    return DK_OK;
}

static int collect_tasks(struct batch *b, const struct dk_event *e)
{
    unsigned services = dk_ev_services(e->type);

    for (int s = 0; s < DK_SVC_N; s++) {
        if ((services & 1u << s) == 0)
            continue;
        if (vec_grow(&b->task, &b->cap_task, b->n_task + 1) != DK_OK)
            return DK_ENOMEM;
        b->task[b->n_task++] =
            (struct store_task){.id = e->seq * TASK_STEP + s,
                                .service = (enum dk_service)s,
                                .key = e->key,
                                .n = e->n};
    }
    return DK_OK;
}

static int collect_ack(struct batch *b, const struct dk_event *e)
{
    if (vec_grow(&b->ack, &b->cap_ack, b->n_ack + 1) != DK_OK)
        return DK_ENOMEM;
    int rc = alert_row_ack(e, &b->ack[b->n_ack]);
    b->n_ack += rc == DK_OK && b->ack[b->n_ack].n != 0;
    return rc;
}

static int collect_events(struct batch *b, int64_t first_seq)
{
    if (vec_grow(&b->event, &b->cap_event, b->events.n + 1) != DK_OK)
        return DK_ENOMEM;
    for (size_t i = 0; i < b->events.n; i++) {
        struct dk_event *e = &b->events.v[i];
        e->seq = first_seq + (int64_t)i;
        b->event[i] = e;
        int rc = collect_tasks(b, e);
        if (rc == DK_OK &&
            (e->type == DK_EV_ALERT_ACKED || e->type == DK_EV_ALERT_RAISED))
            rc = collect_ack(b, e);
        if (rc != DK_OK)
            return rc;
    }
    b->changes.event = b->event;
    b->changes.n_event = b->events.n;
    b->changes.task_new = b->task;
    b->changes.n_task_new = b->n_task;
    b->changes.alert = b->alert;
    b->changes.n_alert = b->n_alert;
    b->changes.ack = b->ack;
    b->changes.n_ack = b->n_ack;
    return DK_OK;
}

static int collect_loads(struct batch *b, const struct loads *loads)
{
    for (size_t i = 0; i < loads->n; i++) {
        const struct load_row *r = loads->row[i];
        if (!r->touched)
            continue;
        if (vec_grow(&b->load, &b->cap_load, b->n_load + 1) != DK_OK)
            return DK_ENOMEM;
        b->load[b->n_load++] = (struct store_load){
            .unit = r->unit, .handler = r->handler, .open = r->open};
    }
    b->changes.load = b->load;
    b->changes.n_load = b->n_load;
    return DK_OK;
}

int batch_collect(struct batch *b, const struct loads *loads, int64_t first_seq,
                  int32_t county, int offset_min)
{
    int rc = collect_cases(b, county, offset_min);

    if (rc == DK_OK)
        rc = collect_events(b, first_seq);
    if (rc == DK_OK)
        rc = collect_loads(b, loads);
    if (rc == DK_OK)
        rc = batch_collect_tally(b);
    b->changes.request = b->request;
    b->changes.n_request = b->n_request;
    b->changes.task_done = b->done;
    b->changes.n_task_done = b->n_done;
    b->changes.task_fail = b->fail;
    b->changes.n_task_fail = b->n_fail;
    b->changes.task_retry = b->retry;
    b->changes.n_task_retry = b->n_retry;
    b->changes.person = b->person;
    b->changes.n_person = b->n_person;
    b->changes.forget = b->forget;
    b->changes.n_forget = b->n_forget;
    b->changes.day = b->day;
    b->changes.n_day = b->n_day;
    return rc;
}
