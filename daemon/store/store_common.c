/* store_common.c - what every back end derives from its input alike. */
#include <string.h>

#include "core/order.h"
#include "proto/jsonx.h"
#include "store_impl.h"

static bool is_overdue(const struct dk_case *c)
{
    for (int i = 0; i < c->n_clock; i++) {
        if (c->clock[i].state == DK_CLOCK_RUNNING && c->clock[i].late)
            return true;
    }
    return false;
}

struct row_case store_row_case(const struct dk_case *c)
{
    return (struct row_case){.key = c->key,
                             .state = c->state,
                             .overdue = is_overdue(c),
                             .urgent =
                                 c->urgent != 0 && dk_state_owes(c->state),
                             .due = dk_order_due(c),
                             .grp = c->group,
                             .unit = c->unit,
                             .handler = c->handler,
                             .region = c->region,
                             .category = c->category,
                             .hash = c->hash,
                             .hash_len = sizeof c->hash};
}

struct row_beside store_row_beside(const struct dk_case *c, int i)
{
    return (struct row_beside){.key = c->key,
                               .unit = c->co[i].unit,
                               .handler = c->co[i].handler,
                               .open = dk_state_owes(c->state)};
}

int store_match_beside(void *arg, const struct row_beside *row)
{
    struct store_beside *m = arg;
    int i = dk_case_co_find(m->c, row->unit);

    if (i >= 0 && strcmp(m->c->co[i].handler, row->handler) == 0 &&
        row->open == (int64_t)dk_state_owes(m->c->state))
        m->good++;
    else
        m->odd++;
    return 0;
}

bool store_row_clock(const struct store_clock_put *put, struct row_clock *out)
{
    const struct dk_clock *k = put->k;
    bool runs = k->state == DK_CLOCK_RUNNING;

    *out = (struct row_clock){.key = put->key,
                              .id = k->id,
                              .unit = put->unit != NULL ? put->unit : "",
                              .state = k->state,
                              .overdue = k->late,
                              .due_at = k->due_at,
                              .fire_at = runs ? dk_clock_next(k) : DK_NEVER};
    return runs || k->state == DK_CLOCK_HELD;
}

struct row_alert store_row_alert(const struct store_alert *a)
{
    return (struct row_alert){.key = a->key,
                              .n = a->n,
                              .clock = a->clock,
                              .rung = a->rung,
                              .level = a->level,
                              .unit = a->unit,
                              .raised_at = a->raised_at,
                              .due_at = a->due_at,
                              .acked_at = DK_NEVER};
}

void store_row_ack(struct row_alert *r, const struct store_alert_ack *a)
{
    if (r->acked_at != DK_NEVER)
        return;
    r->acked_at = a->at;
    r->acked_by = a->by;
}

bool store_changes_sane(const struct store_changes *ch, int64_t last_seq)
{
    for (size_t i = 0; i < ch->n_event; i++) {
        const struct dk_event *e = ch->event[i];

        if (e->seq != last_seq + 1 + (int64_t)i || e->n == 0 ||
            e->body == NULL || e->body_len > STORE_TEXT_MAX)
            return false;
    }
    for (size_t i = 0; i < ch->n_case; i++) {
        if (ch->kase[i].doc == NULL || ch->kase[i].doc_len > STORE_TEXT_MAX)
            return false;
    }
    for (size_t i = 0; i < ch->n_tally; i++) {
        if ((unsigned)ch->tally[i].measure >= DK_T_N)
            return false;
    }
    for (size_t i = 0; i < ch->n_office; i++) {
        if (ch->office[i].id <= 0)
            return false;
    }
    for (size_t i = 0; i < ch->n_person; i++) {
        if (ch->person[i].len > STORE_TEXT_MAX)
            return false;
    }
    if (ch->secret != NULL && ch->secret->len > STORE_SECRET_SEALED)
        return false;
    return ch->ckpt == NULL ||
           (ch->ckpt->number > 0 && ch->ckpt->from > 0 &&
            ch->ckpt->to >= ch->ckpt->from && ch->ckpt->n_block > 0 &&
            ch->ckpt->text_len <= STORE_TEXT_MAX &&
            ch->ckpt->n_block <= STORE_TEXT_MAX / DK_HASH_LEN);
}

bool store_changes_empty(const struct store_changes *ch)
{
    return ch->n_request + ch->n_event + ch->n_case + ch->n_clock +
                   ch->n_task_new + ch->n_task_done + ch->n_task_fail +
                   ch->n_task_retry + ch->n_alert + ch->n_ack + ch->n_person +
                   ch->n_load + ch->n_day + ch->n_office + ch->n_tally +
                   ch->n_forget ==
               0 &&
           ch->ckpt == NULL && ch->secret == NULL && ch->test_now == DK_NEVER;
}

int store_read_doc(const char *doc, size_t len, const uint8_t *hash,
                   struct dk_case **out)
{
    cJSON *o = NULL;
    struct dk_case *c = NULL;

    int rc = dk_json_parse_fixed(doc, len, STORE_TEXT_MAX, &o, NULL);
    if (rc == 0)
        rc = dk_case_read(o, &c, NULL);
    cJSON_Delete(o);
    if (rc != 0)
        return rc == DK_ENOMEM ? DK_ENOMEM : DK_EIO;
    memcpy(c->hash, hash, sizeof c->hash);
    *out = c;
    return 0;
}

uint32_t store_filter_states(const struct store_case_filter *f)
{
    uint32_t mask = 0;

    for (int s = 0; s < DK_S_N; s++) {
        if (f->state >= 0 && f->state != s)
            continue;
        if ((f->open || f->work) && !dk_state_owes((enum dk_state)s))
            continue;
        mask |= UINT32_C(1) << s;
    }
    return mask;
}

bool store_filter_due(const struct store_case_filter *f)
{
    return f->due_after != 0 || f->due_until != 0;
}

int64_t store_filter_start(const struct store_case_filter *f)
{
    int64_t edge;

    if (!f->newest_first)
        return f->min_key > f->after ? f->min_key - 1 : f->after;
    edge = f->max_key != 0 ? f->max_key + 1 : INT64_MAX;
    return f->after != 0 && f->after < edge ? f->after : edge;
}
