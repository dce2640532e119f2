#include "daemon/batch.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/alert_row.h"

int vec_grow_(void **v, size_t *cap, size_t n, size_t size)
{
    if (n <= *cap)
        return DK_OK;
    size_t want = *cap < 16 ? 16 : *cap;
    while (want < n)
        want *= 2;
    void *p = realloc(*v, want * size);
    if (p == NULL)
        return DK_ENOMEM;
    *v = p;
    *cap = want;
    return DK_OK;
}

void batch_init(struct batch *b, uint64_t seed)
{
    memset(b, 0, sizeof(*b));
    map_init(&b->by_key, seed);
    map_init(&b->by_id, seed + 1);
}

void batch_reset(struct batch *b, dk_ms now)
{
    for (size_t i = 0; i < b->n_item; i++)
        cJSON_Delete(b->item[i].body);
    for (size_t i = 0; i < b->n_slot; i++)
        dk_case_free(b->slot[i].c);
    for (size_t i = 0; i < b->n_person; i++)
        free((void *)(uintptr_t)b->person[i].data);
    batch_truncate(b, 0);
    dk_jw_reset(&b->replies);
    dk_jw_reset(&b->docs);
    map_clear(&b->by_key);
    map_clear(&b->by_id);
    b->n_item = b->n_slot = b->n_request = b->n_person = 0;
    b->n_forget = 0;
    b->n_done = b->n_fail = b->n_retry = b->n_day = 0;
    b->n_clock = b->n_task = b->n_ack = b->n_load = 0;
    memset(&b->changes, 0, sizeof(b->changes));
    b->changes.test_now = DK_NEVER;
    b->broken = b->rewrite = false;
    b->now = now;
}

void batch_fini(struct batch *b)
{
    batch_reset(b, 0);
    dk_jw_fini(&b->replies);
    dk_jw_fini(&b->docs);
    dk_events_fini(&b->events);
    map_fini(&b->by_key);
    map_fini(&b->by_id);
    free(b->item);
    free(b->slot);
    free(b->request);
    free(b->person);
    free(b->forget);
    free(b->done);
    free(b->fail);
    free(b->retry);
    free(b->day);
    free(b->event);
    free(b->put);
    free(b->clock);
    free(b->task);
    free(b->alert);
    free(b->alert_event);
    free(b->ack);
    free(b->load);
    free(b->parsed);
    free(b->figure);
    free(b->tally);
}

struct item *batch_item(struct batch *b)
{
    if (vec_grow(&b->item, &b->cap_item, b->n_item + 1) != DK_OK)
        return NULL;
    struct item *it = &b->item[b->n_item++];
    memset(it, 0, sizeof(*it));
    it->claimed = DK_NEVER;
    return it;
}

struct slot *batch_slot(struct batch *b, int64_t key)
{
    struct map_key k = map_int_key(key);
    uintptr_t i;

    return map_get(&b->by_key, &k, &i) ? &b->slot[i] : NULL;
}

static void mark_slot(struct slot *s)
{
    const struct dk_case *c = s->c;
    const char *unit, *handler;

    if (c == NULL)
        return;
    s->n_before = c->n;
    s->n_mark = c->n_clock;
    for (int i = 0; i < c->n_clock; i++) {
        const struct dk_clock *k = &c->clock[i];
        s->mark[i] = (struct clock_mark){k->no, k->state, dk_clock_next(k),
                                         k->due_at, k->late};
    }
    s->has_load = dk_case_load(c, &unit, &handler);
    if (s->has_load) {
        strncpy(s->unit, unit, DK_ID_MAX);
        strncpy(s->handler, handler, DK_ID_MAX);
    }
}

int batch_add_slot(struct batch *b, int64_t key, struct dk_case *c, bool is_new)
{
    struct map_key k = map_int_key(key);

    if (vec_grow(&b->slot, &b->cap_slot, b->n_slot + 1) != DK_OK ||
        map_put(&b->by_key, &k, (uintptr_t)b->n_slot) != DK_OK) {
        dk_case_free(c);
        return DK_ENOMEM;
    }
    struct slot *s = &b->slot[b->n_slot++];
    memset(s, 0, sizeof(*s));
    s->key = key;
    s->c = c;
    s->is_new = is_new;
    mark_slot(s);
    return DK_OK;
}

int batch_add_alert(struct batch *b, size_t i, const struct dk_case *c)
{
    size_t n = b->n_alert + 1;

    if (vec_grow(&b->alert, &b->cap_alert, n) != DK_OK ||
        vec_grow(&b->alert_event, &b->cap_alert_event, n) != DK_OK ||
        vec_grow(&b->parsed, &b->cap_parsed, n) != DK_OK)
        return DK_ENOMEM;
    b->parsed[n - 1] = NULL;
    b->alert_event[n - 1] = i;
    int rc = alert_row(&b->events.v[i], c, &b->parsed[n - 1], &b->alert[n - 1]);
    if (rc == DK_OK)
        b->n_alert = n;
    else
        cJSON_Delete(b->parsed[n - 1]);
    return rc;
}

void batch_truncate(struct batch *b, size_t n)
{
    while (b->n_alert > 0 && b->alert_event[b->n_alert - 1] >= n)
        cJSON_Delete(b->parsed[--b->n_alert]);
    while (b->n_figure > 0 && b->figure[b->n_figure - 1].event >= n)
        b->n_figure--;
    while (b->events.n > n)
        dk_event_fini(&b->events.v[--b->events.n]);
}

bool batch_writes(const struct batch *b)
{
    return b->events.n != 0 || b->n_request != 0 || b->n_done != 0 ||
           b->n_fail != 0 || b->n_retry != 0 || b->rewrite ||
           b->n_person != 0 || b->changes.secret != NULL ||
           b->changes.n_office != 0 || b->changes.ckpt != NULL ||
           b->changes.test_now != DK_NEVER;
}

struct dk_jw *batch_reply(struct batch *b, struct item *it)
{
    it->at = b->replies.len;
    b->replies.comma = false; /* each answer is a document of its own */
    return &b->replies;
}

void batch_reply_end(struct batch *b, struct item *it, const char *type)
{
    it->type = type;
    it->len = b->replies.len - it->at;
}

void batch_reply_problem(struct batch *b, struct item *it,
                         const struct dk_problem *p)
{
    batch_reply(b, it); /* what was written before is left lying */
    dk_problem_answer(&b->replies, p, it->request);
    batch_reply_end(b, it, "problem");
}
