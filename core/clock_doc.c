/* clock_doc.c - the clocks of a case in its document: the case file. */
#include <string.h>

#include "case_internal.h"
#include "clock.h"

/* What became of its repetitions and its alerts; left out at the default. */
static void write_told(struct dk_jw *w, const struct dk_clock *k,
                       int offset_min)
{
    if (k->first_due != 0)
        dk_jw_time(w, "first_due", k->first_due, offset_min);
    if (k->times != 0)
        dk_jw_int(w, "times", k->times);
    if (k->told != 0)
        dk_jw_int(w, "told", k->told);
    if (k->repeat_alert != 0)
        dk_jw_int(w, "repeat_alert", k->repeat_alert);
    if (k->quiets != 0)
        dk_jw_int(w, "quiets", k->quiets);
    if (k->muted_n == 0)
        return;
    dk_jw_obj(w, "muted");
    dk_jw_time(w, "until", k->muted_until, offset_min);
    dk_jw_str(w, "by", k->muted_by);
    dk_jw_int(w, "n", k->muted_n);
    dk_jw_end_obj(w);
}

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
    dk_clock_write_count(w, k, offset_min);
    write_told(w, k, offset_min);
    dk_jw_arr(w, "rungs");
    for (int i = 0; i < k->n_rung; i++) {
        const struct dk_rung *r = &k->rung[i];

        dk_jw_obj(w, NULL);
        dk_jw_str(w, "id", r->id);
        dk_jw_time(w, "at", r->at, offset_min);
        dk_jw_bool(w, "fired", r->fired);
        dk_jw_bool(w, "alerted", r->alerted);
        if (r->alert != 0)
            dk_jw_int(w, "alert", r->alert);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
    dk_jw_end_obj(w);
}

void dk_clocks_write(struct dk_jw *w, const char *key, const struct dk_case *c,
                     int offset_min)
{
    if (c->suspended_for != DK_GROUND_HEARING)
        dk_jw_str(w, "suspended_for", dk_ground_names[c->suspended_for]);
    dk_jw_arr(w, key);
    for (int i = 0; i < c->n_clock; i++)
        write_clock(w, &c->clock[i], offset_min);
    dk_jw_end_arr(w);
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

/* A number that is left out when it is 0. */
static int read_number(const cJSON *o, const char *key, uint32_t *out,
                       const struct dk_at *at, struct dk_problem *p)
{
    int64_t v = 0;
    int rc = dk_json_int(o, key, DK_OPTIONAL, 1, UINT32_MAX, &v, at, p);

    *out = (uint32_t)v;
    return rc;
}

static int read_muted(const cJSON *o, struct dk_clock *k,
                      const struct dk_at *up, struct dk_problem *p)
{
    const struct dk_at at = {up, "muted", 0};
    const cJSON *m = NULL;
    int rc = dk_json_obj(o, "muted", DK_OPTIONAL, &m, up, p);

    if (rc != 0 || m == NULL)
        return rc;
    rc = dk_json_time(m, "until", DK_REQUIRED, &k->muted_until, &at, p);
    if (rc == 0)
        rc = dk_case_id_read(m, "by", k->muted_by, &at, p);
    if (rc == 0)
        rc = read_u32(m, "n", &k->muted_n, &at, p);
    return rc;
}

static int read_told(const cJSON *o, struct dk_clock *k, const struct dk_at *at,
                     struct dk_problem *p)
{
    uint32_t quiets = 0;
    int rc = dk_json_time(o, "first_due", DK_OPTIONAL, &k->first_due, at, p);

    if (rc == 0)
        rc = read_number(o, "times", &k->times, at, p);
    if (rc == 0)
        rc = read_number(o, "told", &k->told, at, p);
    if (rc == 0)
        rc = read_number(o, "repeat_alert", &k->repeat_alert, at, p);
    if (rc == 0)
        rc = read_number(o, "quiets", &quiets, at, p);
    if (rc == 0)
        rc = read_muted(o, k, at, p);
    k->quiets = (int)quiets;
    return rc;
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
    if (rc == 0)
        rc = read_number(v, "alert", &r.alert, at, p);
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
    if (rc == 0)
        rc = dk_clock_read_count(o, k, at, p);
    if (rc == 0)
        rc = read_told(o, k, at, p);
    return rc == 0 ? read_rungs(o, k, at, p) : rc;
}

int dk_clocks_read(const cJSON *o, const char *key, struct dk_case *c,
                   struct dk_problem *p)
{
    const struct dk_at in = {NULL, key, 0};
    const cJSON *arr = NULL, *v;
    int ground = DK_GROUND_HEARING;
    int rc = dk_json_enum(o, "suspended_for", DK_OPTIONAL, dk_ground_names,
                          &ground, NULL, p);

    if (rc == 0)
        rc = dk_json_arr(o, key, DK_REQUIRED, 0, DK_CLOCKS_MAX, &arr, NULL, p);
    if (rc != 0)
        return rc;
    c->suspended_for = (enum dk_ground)ground;
    cJSON_ArrayForEach (v, arr) {
        const struct dk_at at = {&in, NULL, c->n_clock};
        struct dk_clock k = {.stopped_at = DK_NEVER};

        rc = read_clock(v, &k, &at, p);
        if (rc != 0)
            return rc;
        if (dk_clock_find(c, k.id) >= 0 || k.basis > c->n)
            return bad(p, &at, "clock",
                       "the clock is listed twice or of an event to come",
                       "期限重复或所依据的事件不存在");
        c->clock[c->n_clock++] = k;
    }
    return 0;
}
