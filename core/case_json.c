#include "case_internal.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "proto/caseno.h"
#include "proto/timefmt.h"
#include "tally.h"

static const char *const state_names[] = {
#define STATE_NAME(name, wire, zh, owes) wire,
    DK_STATES(STATE_NAME)
#undef STATE_NAME
        NULL};

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
    dk_clocks_write(w, "clocks", c, offset_min);
    dk_jw_arr(w, "alerts");
    for (size_t i = 0; i < c->n_alert; i++)
        dk_jw_int(w, NULL, c->alert[i]);
    dk_jw_end_arr(w);
    dk_marks_write(w, "marks", c, offset_min);
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
                       "此处应为事件名及 [编号，时间]");
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
        rc = dk_clocks_read(o, "clocks", c, p);
    if (rc == 0)
        rc = read_alerts(o, c, p);
    if (rc == 0)
        rc = dk_marks_read(o, "marks", c, p);
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
