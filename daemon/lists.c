/* lists.c - pages of alerts, clocks and tasks. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/page.h"
#include "proto/caseno.h"

/* ---- alerts -------------------------------------------------------------- */

/* An alert whose event is damaged is listed without its words: it is open all
 * the same.  Want of memory must not look like that.
 */
static int write_alert_body(struct dk_jw *w, const char *body)
{
    cJSON *o = NULL;
    size_t n = body != NULL ? strlen(body) : 0;
    int rc = n == 0 ? DK_EJSON : dk_json_parse_fixed(body, n, n, &o, NULL);

    if (rc == DK_ENOMEM)
        return rc;
    dk_jw_cjson(w, "to", cJSON_GetObjectItemCaseSensitive(o, "to"));
    dk_jw_cjson(w, "text", cJSON_GetObjectItemCaseSensitive(o, "text"));
    cJSON_Delete(o);
    return DK_OK;
}

static int on_alert(void *arg, const struct store_alert_row *row)
{
    struct page *x = arg;
    int off = x->d->cfg->offset_min;
    char no[DK_CASE_NO_MAX];

    if (!row->passed && page_over(x))
        return 1;
    dk_case_no_format((int32_t)x->d->cfg->county, row->a.key, no);
    snprintf(x->next, sizeof(x->next), "%s.%" PRIu32, no, row->a.n);
    if (row->passed)
        return page_passed(x);
    dk_jw_obj(x->w, NULL);
    dk_jw_str(x->w, "alert_id", x->next);
    dk_jw_str(x->w, "case_no", no);
    dk_jw_str(x->w, "clock", row->a.clock);
    dk_jw_str(x->w, "rung", row->a.rung);
    dk_jw_str(x->w, "level", row->a.level);
    dk_jw_str(x->w, "unit", row->a.unit);
    dk_jw_time(x->w, "due_at", row->a.due_at, off);
    dk_jw_time(x->w, "raised_at", row->a.raised_at, off);
    int rc = write_alert_body(x->w, row->a.body);
    if (rc != DK_OK)
        return rc;
    dk_jw_time(x->w, "acked_at", row->acked_at, off);
    dk_jw_str(x->w, "acked_by", row->acked_by);
    dk_jw_end_obj(x->w);
    page_row(x, row->a.key);
    return 0;
}

static int seek_alerts(struct page *x, void *arg, const char *after)
{
    struct store_alert_filter *f = arg;

    return door_alert_id(x->d, after, &f->after_key, &f->after_n);
}

static int fetch_alerts(struct page *x, const void *f, int64_t limit)
{
    return store_list_alerts(x->d->st, f, limit, on_alert, x);
}

int read_alerts(struct daemon *d, const struct item *it, struct dk_jw *w,
                struct dk_problem *p)
{
    static const char *const levels[] = {"reminder", "yellow",       "red",
                                         "overdue",  "long_overdue", NULL};
    struct store_alert_filter f = {.open = true, .look = PAGE_LOOK_MAX};
    struct page_list list = {fetch_alerts, seek_alerts, &f, false};
    int level = -1;
    int rc = dk_json_bool(it->body, "open", DK_OPTIONAL, &f.open, NULL, p);

    if (rc == DK_OK)
        rc = dk_json_enum(it->body, "level", DK_OPTIONAL, levels, &level, NULL,
                          p);
    if (rc == DK_OK)
        rc = dk_json_id(it->body, "unit", DK_OPTIONAL, &f.unit, NULL, p);
    if (rc == DK_OK &&
        cJSON_GetObjectItemCaseSensitive(it->body, "case_no") != NULL)
        rc = door_case_no(d, it->body, "case_no", &f.case_key, p);
    if (rc != DK_OK)
        return rc;
    if (level >= 0)
        f.level = levels[level];
    if (!page_narrow(&it->who, &f.unit))
        list.fetch = page_nothing;
    return page_write(d, it, w, &list, p);
}

/* ---- clocks -------------------------------------------------------------- */

static int on_clock(void *arg, const struct store_clock_row *row)
{
    struct page *x = arg;
    int off = x->d->cfg->offset_min;

    if (!row->passed && page_over(x))
        return 1;
    snprintf(x->next, sizeof(x->next), "%" PRId64 "_%" PRId64 "_%s",
             row->due_at, row->key, row->id);
    if (row->passed)
        return page_passed(x);
    dk_jw_obj(x->w, NULL);
    wire_case_no(x->d, x->w, "case_no", row->key);
    dk_jw_str(x->w, "clock", row->id);
    dk_jw_str(x->w, "unit", row->unit);
    dk_jw_str(x->w, "state", row->state == DK_CLOCK_HELD ? "held" : "running");
    dk_jw_bool(x->w, "overdue", row->overdue);
    dk_jw_time(x->w, "due_at", row->due_at, off);
    dk_jw_time(x->w, "next_at", row->fire_at, off);
    dk_jw_end_obj(x->w);
    page_row(x, row->key);
    return 0;
}

struct clock_list {
    struct store_clock_filter f;
    char after_id[DK_ID_MAX + 1];
};

static int seek_clocks(struct page *x, void *arg, const char *after)
{
    struct clock_list *c = arg;

    (void)x;
    if (sscanf(after, "%" SCNd64 "_%" SCNd64 "_%64[^\n]", &c->f.after_due,
               &c->f.after_key, c->after_id) != 3)
        return DK_EFIELD;
    c->f.after_id = c->after_id;
    return DK_OK;
}

static int fetch_clocks(struct page *x, const void *f, int64_t limit)
{
    return store_list_clocks(x->d->st, &((const struct clock_list *)f)->f,
                             limit, on_clock, x);
}

int read_clocks(struct daemon *d, const struct item *it, struct dk_jw *w,
                struct dk_problem *p)
{
    struct clock_list c = {
        .f = {.due_before = DK_NEVER, .look = PAGE_LOOK_MAX}};
    struct page_list list = {fetch_clocks, seek_clocks, &c, false};
    int rc = dk_json_id(it->body, "unit", DK_OPTIONAL, &c.f.unit, NULL, p);

    if (rc == DK_OK)
        rc = dk_json_id(it->body, "clock", DK_OPTIONAL, &c.f.clock, NULL, p);
    if (rc == DK_OK)
        rc = dk_json_bool(it->body, "overdue", DK_OPTIONAL, &c.f.overdue, NULL,
                          p);
    if (rc == DK_OK)
        rc = dk_json_time(it->body, "due_before", DK_OPTIONAL, &c.f.due_before,
                          NULL, p);
    if (rc != DK_OK)
        return rc;
    if (!page_narrow(&it->who, &c.f.unit))
        list.fetch = page_nothing;
    return page_write(d, it, w, &list, p);
}

/* ---- tasks --------------------------------------------------------------- */

static void write_task(struct daemon *d, struct dk_jw *w,
                       const struct store_task_info *t)
{
    const struct lease *l = desk_find(&d->desk, t->t.id);
    bool out = l != NULL && l->session != NULL;

    dk_jw_obj(w, NULL);
    wire_id(w, "task_id", t->t.id);
    dk_jw_str(w, "service", dk_service_names[t->t.service]);
    wire_case_no(d, w, "case_no", t->t.key);
    dk_jw_int(w, "n", t->t.n);
    dk_jw_int(w, "attempts", t->t.attempts);
    dk_jw_bool(w, "dead", t->dead);
    dk_jw_str(w, "leased_to", out ? l->session->name : NULL);
    dk_jw_time(w, "failed_at", t->failed_at, d->cfg->offset_min);
    dk_jw_str(w, "reason", t->reason[0] != '\0' ? t->reason : NULL);
    dk_jw_end_obj(w);
}

static int on_task(void *arg, const struct store_task_info *t)
{
    struct page *x = arg;

    if (page_over(x))
        return 1;
    write_task(x->d, x->w, t);
    snprintf(x->next, sizeof(x->next), "%" PRId64, t->t.id);
    page_row(x, t->t.key);
    return 0;
}

struct task_list {
    bool dead;
    int64_t after;
};

static int seek_tasks(struct page *x, void *arg, const char *after)
{
    struct task_list *t = arg;
    int used = 0;

    (void)x;
    if (strlen(after) > 18 ||
        sscanf(after, "%" SCNd64 "%n", &t->after, &used) != 1 ||
        after[used] != '\0')
        return DK_EFIELD;
    return DK_OK;
}

static int fetch_tasks(struct page *x, const void *f, int64_t limit)
{
    const struct task_list *t = f;

    return store_task_list(x->d->st, t->dead, t->after, limit, on_task, x);
}

int read_tasks(struct daemon *d, const struct item *it, struct dk_jw *w,
               struct dk_problem *p)
{
    struct task_list t = {0};
    struct page_list list = {fetch_tasks, seek_tasks, &t, false};
    int rc = dk_json_bool(it->body, "dead", DK_OPTIONAL, &t.dead, NULL, p);

    return rc == DK_OK ? page_write(d, it, w, &list, p) : rc;
}

int read_task(struct daemon *d, const struct item *it, struct dk_jw *w,
              struct dk_problem *p)
{
    struct store_task_info t;
    int64_t id = 0;
    int rc = door_task_id(it->body, &id, p);

    if (rc != DK_OK)
        return rc;
    rc = store_task_get(d->st, id, &t);
    if (rc == DK_ENOTFOUND)
        return dk_fail(p, rc, "/task_id",
                       "there is no such task: it was answered, or never was",
                       "没有该任务：已完成或从未存在");
    if (rc != DK_OK)
        return dk_fail(p, rc, NULL, NULL, NULL);
    write_task(d, w, &t);
    return DK_OK;
}

int read_workers(struct daemon *d, const struct item *it, struct dk_jw *w,
                 struct dk_problem *p)
{
    const struct desk *k = &d->desk;
    dk_ms now = mono_now();

    (void)it;
    (void)p;
    dk_jw_obj(w, NULL);
    dk_jw_arr(w, "items");
    for (size_t i = 0; i < k->n_session; i++) {
        const struct session *s = k->session[i];
        dk_jw_obj(w, NULL);
        dk_jw_str(w, "worker", s->name);
        dk_jw_str(w, "service", dk_service_names[s->service]);
        dk_jw_int(w, "credit", s->credit);
        dk_jw_int(w, "leased", s->leased);
        dk_jw_int(w, "done", s->done);
        dk_jw_int(w, "failed", s->failed);
        dk_jw_int(w, "last_seen_ms", now - s->last_seen);
        dk_jw_time(w, "since", s->since, d->cfg->offset_min);
        dk_jw_bool(w, "leaving", s->bye);
        if (s->calendar_until != 0)
            dk_jw_int(w, "calendar_until", s->calendar_until);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
    dk_jw_null(w, "next");
    dk_jw_end_obj(w);
    return DK_OK;
}
