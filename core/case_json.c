#include "case_internal.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "proto/caseno.h"
#include "proto/timefmt.h"

static const char *const state_names[] = {
#define STATE_NAME(name, wire, zh, owes) wire,
    DK_STATES(STATE_NAME)
#undef STATE_NAME
        NULL};

static void write_clock(struct dk_jw *w, const struct dk_clock *k,
                        int offset_min)
{
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "clock", k->id);
    dk_jw_int(w, "no", k->no);
    dk_jw_int(w, "basis", k->basis);
    dk_jw_str(w, "state", dk_clock_state_names[k->state]);
    dk_jw_str(w, "on_due", dk_on_due_names[k->on_due]);
    dk_jw_time(w, "started_at", k->started_at, offset_min);
    dk_jw_time(w, "due_at", k->due_at, offset_min);
    dk_jw_time(w, "stopped_at", k->stopped_at, offset_min);
    dk_jw_bool(w, "late", k->late);
    dk_clock_mask_write(w, "stops_on", k->stops_on);
    dk_clock_mask_write(w, "holds_on", k->holds_on);
    dk_jw_int(w, "extend_times", k->extend_times);
    dk_jw_int(w, "extend_days", k->extend_days);
    dk_jw_arr(w, "rungs");
    for (int i = 0; i < k->n_rung; i++) {
        const struct dk_rung *r = &k->rung[i];

        dk_jw_obj(w, NULL);
        dk_jw_str(w, "id", r->id);
        dk_jw_time(w, "at", r->at, offset_min);
        dk_jw_bool(w, "fired", r->fired);
        dk_jw_bool(w, "alerted", r->alerted);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
    dk_jw_end_obj(w);
}

static void write_last(struct dk_jw *w, const struct dk_case *c, int offset_min)
{
    dk_jw_obj(w, "last");
    for (int ev = 0; ev < DK_EV_N; ev++) {
        if (c->last_n[ev] == 0)
            continue;
        dk_jw_arr(w, dk_ev_name((enum dk_ev)ev));
        dk_jw_int(w, NULL, c->last_n[ev]);
        dk_jw_time(w, NULL, c->last_at[ev], offset_min);
        dk_jw_end_arr(w);
    }
    dk_jw_end_obj(w);
}

void dk_case_write(struct dk_jw *w, const char *key, const struct dk_case *c,
                   int32_t county, int offset_min)
{
    char no[DK_CASE_NO_MAX];

    dk_case_no_format(county, c->key, no);
    dk_jw_obj(w, key);
    dk_jw_str(w, "case_no", no);
    dk_jw_int(w, "n", c->n);
    dk_jw_str(w, "state", dk_state_name(c->state));
    dk_jw_str(w, "owner", dk_case_owner(c));
    dk_jw_time(w, "submitted_at", c->submitted_at, offset_min);
    dk_jw_time(w, "recorded_at", c->recorded_at, offset_min);
    dk_jw_time(w, "updated_at", c->updated_at, offset_min);
    dk_jw_bool(w, "imported", c->imported);
    dk_jw_str(w, "channel", dk_channel_names[c->channel]);
    dk_jw_str(w, "kind", dk_kind_names[c->kind]);
    dk_jw_str(w, "subject", c->subject);
    dk_jw_str(w, "region", c->region);
    dk_jw_str(w, "category", c->category);
    dk_jw_int(w, "petitioners", c->petitioners);
    dk_case_respondents_write(w, c);
    dk_case_id_write(w, "unit", c->unit);
    dk_case_id_write(w, "handler", c->handler);
    dk_case_id_write(w, "rule", c->rule);
    dk_case_id_write(w, "answered_by", c->answered_by);
    dk_jw_int(w, "extensions", c->extensions);
    dk_case_parts_write(w, c, county);
    write_last(w, c, offset_min);
    dk_jw_arr(w, "clocks");
    for (int i = 0; i < c->n_clock; i++)
        write_clock(w, &c->clock[i], offset_min);
    dk_jw_end_arr(w);
    dk_jw_arr(w, "alerts");
    for (size_t i = 0; i < c->n_alert; i++)
        dk_jw_int(w, NULL, c->alert[i]);
    dk_jw_end_arr(w);
    dk_jw_end_obj(w);
}

static int bad(struct dk_problem *p, const struct dk_at *at, const char *key,
               const char *en, const char *zh)
{
    char pointer[128];

    dk_at_pointer(at, key, pointer, sizeof(pointer));
    return dk_fail(p, DK_EFIELD, pointer, en, zh);
}

static int read_u32(const cJSON *o, const char *key, uint32_t *out,
                    const struct dk_at *at, struct dk_problem *p)
{
    int64_t v = 0;
    int rc = dk_json_int(o, key, DK_REQUIRED, 1, UINT32_MAX, &v, at, p);

    if (rc == 0)
        *out = (uint32_t)v;
    return rc;
}

static int read_count(const cJSON *o, const char *key, int *out,
                      const struct dk_at *at, struct dk_problem *p)
{
    int64_t v = 0;
    int rc = dk_json_int(o, key, DK_REQUIRED, 0, INT32_MAX, &v, at, p);

    if (rc == 0)
        *out = (int)v;
    return rc;
}

/* An integer element of an array, 1..max. */
static bool number_of(const cJSON *v, uint32_t max, uint32_t *out)
{
    if (!cJSON_IsNumber(v) || !(v->valuedouble >= 1) ||
        !(v->valuedouble <= max))
        return false;
    *out = (uint32_t)v->valuedouble;
    return (double)*out == v->valuedouble;
}

static int read_rung(const cJSON *v, struct dk_clock *k, const struct dk_at *at,
                     struct dk_problem *p)
{
    struct dk_rung r = {.at = 0};
    const char *id = NULL;
    int rc = dk_json_id(v, "id", DK_REQUIRED, &id, at, p);

    if (rc == 0)
        rc = dk_json_time(v, "at", DK_REQUIRED, &r.at, at, p);
    if (rc == 0)
        rc = dk_json_bool(v, "fired", DK_REQUIRED, &r.fired, at, p);
    if (rc == 0)
        rc = dk_json_bool(v, "alerted", DK_REQUIRED, &r.alerted, at, p);
    if (rc != 0)
        return rc;
    if (strlen(id) >= DK_RUNG_ID || dk_rung_find(k, id) >= 0)
        return bad(p, at, "id", "the rung's id is too long or not unique",
                   "梯级编号过长或重复");
    memcpy(r.id, id, strlen(id) + 1);
    k->rung[k->n_rung++] = r;
    return 0;
}

static int read_rungs(const cJSON *o, struct dk_clock *k,
                      const struct dk_at *at, struct dk_problem *p)
{
    const struct dk_at in = {at, "rungs", 0};
    const cJSON *arr = NULL, *v;
    int i = 0;
    int rc = dk_json_arr(o, "rungs", DK_REQUIRED, 1, DK_RUNGS_MAX, &arr, at, p);

    if (rc != 0)
        return rc;
    cJSON_ArrayForEach (v, arr) {
        const struct dk_at here = {&in, NULL, i++};

        rc = read_rung(v, k, &here, p);
        if (rc != 0)
            return rc;
    }
    i = dk_clock_due_rung(k);
    if (i < 0 || k->rung[i].at != k->due_at)
        return bad(p, at, "rungs", "the rung at due_at is missing",
                   "缺少到期时的梯级");
    dk_clock_sort(k);
    return 0;
}

static int read_clock(const cJSON *o, struct dk_clock *k,
                      const struct dk_at *at, struct dk_problem *p)
{
    int state = 0, on_due = 0;
    int rc = dk_json_id(o, "clock", DK_REQUIRED, &(const char *){NULL}, at, p);

    if (rc == 0)
        rc = dk_case_id_read(o, "clock", k->id, at, p);
    if (rc == 0)
        rc = read_u32(o, "no", &k->no, at, p);
    if (rc == 0)
        rc = read_u32(o, "basis", &k->basis, at, p);
    if (rc == 0)
        rc = dk_json_enum(o, "state", DK_REQUIRED, dk_clock_state_names, &state,
                          at, p);
    if (rc == 0)
        rc = dk_json_enum(o, "on_due", DK_REQUIRED, dk_on_due_names, &on_due,
                          at, p);
    if (rc == 0)
        rc = dk_json_time(o, "started_at", DK_REQUIRED, &k->started_at, at, p);
    if (rc == 0)
        rc = dk_json_time(o, "due_at", DK_REQUIRED, &k->due_at, at, p);
    if (rc == 0)
        rc = dk_json_time(o, "stopped_at", DK_OPTIONAL, &k->stopped_at, at, p);
    if (rc == 0)
        rc = dk_json_bool(o, "late", DK_REQUIRED, &k->late, at, p);
    if (rc == 0)
        rc =
            dk_clock_mask_read(o, "stops_on", DK_REQUIRED, &k->stops_on, at, p);
    if (rc == 0)
        rc =
            dk_clock_mask_read(o, "holds_on", DK_REQUIRED, &k->holds_on, at, p);
    if (rc == 0)
        rc = read_count(o, "extend_times", &k->extend_times, at, p);
    if (rc == 0)
        rc = read_count(o, "extend_days", &k->extend_days, at, p);
    k->state = (enum dk_clock_state)state;
    k->on_due = (enum dk_on_due)on_due;
    return rc == 0 ? read_rungs(o, k, at, p) : rc;
}

static int read_clocks(const cJSON *o, struct dk_case *c, struct dk_problem *p)
{
    const struct dk_at in = {NULL, "clocks", 0};
    const cJSON *arr = NULL, *v;
    int rc =
        dk_json_arr(o, "clocks", DK_REQUIRED, 0, DK_CLOCKS_MAX, &arr, NULL, p);

    if (rc != 0)
        return rc;
    cJSON_ArrayForEach (v, arr) {
        const struct dk_at at = {&in, NULL, c->n_clock};
        struct dk_clock k = {.stopped_at = DK_NEVER};

        rc = read_clock(v, &k, &at, p);
        if (rc != 0)
            return rc;
        if (dk_clock_find(c, k.id) >= 0 || k.basis > c->n)
            return bad(p, &at, "clock",
                       "the clock is listed twice or of an event to come",
                       "计时重复或所依据的事件不存在");
        c->clock[c->n_clock++] = k;
    }
    return 0;
}

static int read_last(const cJSON *o, struct dk_case *c, struct dk_problem *p)
{
    const struct dk_at at = {NULL, "last", 0};
    const cJSON *last = NULL, *v;
    int rc = dk_json_obj(o, "last", DK_REQUIRED, &last, NULL, p);

    if (rc != 0)
        return rc;
    cJSON_ArrayForEach (v, last) {
        int ev = v->string != NULL ? dk_ev_from_name(v->string) : -1;
        const cJSON *n = cJSON_GetArrayItem(v, 0);
        const cJSON *t = cJSON_GetArrayItem(v, 1);
        dk_ms when;

        if (ev < 0 || !cJSON_IsArray(v) || cJSON_GetArraySize(v) != 2 ||
            !number_of(n, c->n, &c->last_n[ev]) || !cJSON_IsString(t) ||
            dk_time_parse(t->valuestring, strlen(t->valuestring), &when) != 0)
            return bad(p, &at, v->string,
                       "an event's name with [its number, its time] is "
                       "expected",
                       "此处应为事件名及 [编号, 时间]");
        c->last_at[ev] = when;
    }
    return 0;
}

static int read_alerts(const cJSON *o, struct dk_case *c, struct dk_problem *p)
{
    const cJSON *arr = NULL, *v;
    int rc = dk_json_arr(o, "alerts", DK_REQUIRED, 0, INT32_MAX, &arr, NULL, p);
    int n = rc == 0 ? cJSON_GetArraySize(arr) : 0;

    if (rc != 0 || n == 0)
        return rc;
    c->alert = malloc((size_t)n * sizeof(*c->alert));
    if (c->alert == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    cJSON_ArrayForEach (v, arr) {
        if (!number_of(v, c->n, &c->alert[c->n_alert]))
            return bad(p, NULL, "alerts",
                       "numbers of events of the case are expected",
                       "此处应为本案事件的编号");
        c->n_alert++;
    }
    return 0;
}

static int read_head(const cJSON *o, struct dk_case *c, struct dk_problem *p)
{
    const char *no = NULL;
    int32_t county;
    int state = 0;
    int rc = dk_json_str(o, "case_no", DK_REQUIRED, 1, DK_CASE_NO_MAX - 1, &no,
                         NULL, p);

    if (rc == 0 && dk_case_no_parse(no, &county, &c->key) != 0)
        rc = bad(p, NULL, "case_no", "this is not a case number",
                 "案件编号不正确");
    if (rc == 0)
        rc = read_u32(o, "n", &c->n, NULL, p);
    if (rc == 0)
        rc =
            dk_json_enum(o, "state", DK_REQUIRED, state_names, &state, NULL, p);
    if (rc == 0)
        rc = dk_json_time(o, "submitted_at", DK_REQUIRED, &c->submitted_at,
                          NULL, p);
    if (rc == 0)
        rc = dk_json_time(o, "recorded_at", DK_REQUIRED, &c->recorded_at, NULL,
                          p);
    if (rc == 0)
        rc =
            dk_json_time(o, "updated_at", DK_REQUIRED, &c->updated_at, NULL, p);
    if (rc == 0)
        rc = dk_json_bool(o, "imported", DK_REQUIRED, &c->imported, NULL, p);
    c->state = (enum dk_state)state;
    return rc;
}

static int read_body(const cJSON *o, struct dk_case *c, struct dk_problem *p)
{
    int rc = dk_case_facts_read(o, c, p);

    if (rc == 0)
        rc = dk_case_id_read(o, "unit", c->unit, NULL, p);
    if (rc == 0)
        rc = dk_case_id_read(o, "handler", c->handler, NULL, p);
    if (rc == 0)
        rc = dk_case_id_read(o, "rule", c->rule, NULL, p);
    if (rc == 0)
        rc = dk_case_id_read(o, "answered_by", c->answered_by, NULL, p);
    if (rc == 0)
        rc = read_count(o, "extensions", &c->extensions, NULL, p);
    if (rc == 0)
        rc = dk_case_parts_read(o, c, p);
    if (rc == 0)
        rc = read_last(o, c, p);
    if (rc == 0)
        rc = read_clocks(o, c, p);
    if (rc == 0)
        rc = read_alerts(o, c, p);
    return rc;
}

int dk_case_read(const cJSON *o, struct dk_case **out, struct dk_problem *p)
{
    struct dk_case *c = dk_case_new();
    int rc;

    if (c == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    rc = read_head(o, c, p);
    if (rc == 0)
        rc = read_body(o, c, p);
    if (rc != 0) {
        dk_case_free(c);
        return rc;
    }
    *out = c;
    return 0;
}
