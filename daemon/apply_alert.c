/* apply_alert.c - an officer says that an alert was seen. */
#include <stdio.h>
#include <string.h>

#include "daemon/alert_row.h"
#include "daemon/apply_task.h"
#include "daemon/daemon.h"

struct ack_state {
    uint32_t n;
    bool found;
    dk_ms at;
    char by[DK_ID_MAX + 1];
};

static int on_acked(void *arg, const struct store_alert_row *row)
{
    struct ack_state *x = arg;

    if (row->a.n != x->n || row->acked_at == DK_NEVER)
        return 1;
    x->found = true;
    x->at = row->acked_at;
    snprintf(x->by, sizeof(x->by), "%s", row->acked_by);
    return 1;
}

/* One of this batch is in no row yet. */
static int find_here(const struct batch *b, int64_t key, struct ack_state *x)
{
    for (size_t i = 0; i < b->events.n && !x->found; i++) {
        const struct dk_event *e = &b->events.v[i];
        struct store_alert_ack a;
        if (e->key != key ||
            (e->type != DK_EV_ALERT_ACKED && e->type != DK_EV_ALERT_RAISED))
            continue;
        int rc = alert_row_ack(e, &a);
        if (rc != DK_OK)
            return rc;
        x->found = a.n == x->n;
        x->at = a.at;
        snprintf(x->by, sizeof(x->by), "%s", a.by);
    }
    return DK_OK;
}

static void reply_ack(struct daemon *d, struct item *it, dk_ms at)
{
    struct dk_jw *w = batch_reply(&d->batch, it);

    dk_jw_obj(w, NULL);
    dk_jw_str(
        w, "alert_id",
        cJSON_GetObjectItemCaseSensitive(it->body, "alert_id")->valuestring);
    dk_jw_time(w, "acked_at", at, d->cfg->offset_min);
    dk_jw_str(w, "acked_by", it->actor);
    dk_jw_end_obj(w);
    batch_reply_end(&d->batch, it, "ok");
}

/* The alert is not open: acknowledged by this officer before (say so again),
 * by another, or there is none.
 */
static int ack_again(struct daemon *d, struct item *it, struct dk_problem *p)
{
    struct ack_state x = {.n = it->alert_n};
    struct store_alert_filter f = {
        .case_key = it->key, .after_key = it->key, .after_n = it->alert_n - 1};
    int rc = find_here(&d->batch, it->key, &x);

    if (rc == DK_OK && !x.found)
        rc = store_list_alerts(d->st, &f, 1, on_acked, &x);
    if (rc != DK_OK)
        return dk_fail(p, rc, NULL, NULL, NULL);
    if (!x.found)
        return dk_fail(p, DK_ENOTFOUND, "/alert_id",
                       "there is no open alert under this id; alert.list "
                       "shows those that are open",
                       "没有该编号的未确认警示；未确认的见 alert.list");
    if (strcmp(x.by, it->actor) != 0)
        return dk_failf(p, DK_ESTATE, "/alert_id",
                        "%s has acknowledged this alert already",
                        "该警示已由 %s 确认", x.by);
    reply_ack(d, it, x.at);
    return DK_OK;
}

int apply_ack(struct daemon *d, struct item *it, struct dk_problem *p)
{
    struct slot *s;
    int rc = apply_seen(d, it, DK_ACT_ACK_ALERT, &s, p);

    if (rc != DK_OK)
        return rc;
    cJSON *args = cJSON_CreateObject();
    const cJSON *note = cJSON_GetObjectItemCaseSensitive(it->body, "note");
    if (args == NULL || !cJSON_AddNumberToObject(args, "alert", it->alert_n) ||
        (cJSON_IsString(note) &&
         !cJSON_AddStringToObject(args, "note", note->valuestring))) {
        cJSON_Delete(args);
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    }
    struct dk_command cmd = {.action = DK_ACT_ACK_ALERT,
                             .by = DK_BY_BROKER,
                             .actor = it->actor,
                             .claimed = DK_NEVER,
                             .args = args};
    rc = apply_command(d, s->c, &cmd, p);
    cJSON_Delete(args);
    if (rc == DK_ENOTFOUND)
        return ack_again(d, it, p);
    if (rc == DK_OK)
        reply_ack(d, it, d->batch.now);
    return rc;
}
