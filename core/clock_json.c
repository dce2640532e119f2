#include "clock.h"

#include <stddef.h>
#include <string.h>

#define STOPS_MAX        64
#define EXTEND_TIMES_MAX 100
#define EXTEND_DAYS_MAX  3660
#define COUNT_MAX        100000 /* days of one of the counts */

static int mask_of(const cJSON *v, const char *key, int i, uint64_t *bit,
                   const struct dk_at *at, struct dk_problem *p)
{
    const char *names[DK_EV_N + 1];
    const struct dk_at in = {at, key, 0}, here = {&in, NULL, i};
    char pointer[128];
    int ev = cJSON_IsString(v) ? dk_ev_from_name(v->valuestring) : -1;
    const char *near;
    int n = 0;

    if (ev >= 0 && !dk_ev_is_bookkeeping((enum dk_ev)ev)) {
        *bit = UINT64_C(1) << ev;
        return 0;
    }
    dk_at_pointer(&here, NULL, pointer, sizeof(pointer));
    for (int e = 0; e < DK_EV_N; e++) {
        if (!dk_ev_is_bookkeeping((enum dk_ev)e))
            names[n++] = dk_ev_name((enum dk_ev)e);
    }
    names[n] = NULL;
    near = cJSON_IsString(v) ? dk_nearest(v->valuestring, names) : NULL;
    return dk_failf(
        p, DK_EFIELD, pointer, "not an event a clock can wait for; e.g. '%s'",
        "不是期限可以等待的事件，例如“%s”", near != NULL ? near : "answered");
}

int dk_clock_mask_read(const cJSON *o, const char *key, int need, uint64_t *out,
                       const struct dk_at *at, struct dk_problem *p)
{
    const cJSON *arr = NULL, *v;
    uint64_t mask = 0;
    int i = 0;
    int rc = dk_json_arr(o, key, need, 0, STOPS_MAX, &arr, at, p);

    if (rc != 0)
        return rc;
    cJSON_ArrayForEach (v, arr) {
        uint64_t bit = 0;

        rc = mask_of(v, key, i++, &bit, at, p);
        if (rc != 0)
            return rc;
        mask |= bit;
    }
    *out = mask;
    return 0;
}

void dk_clock_mask_write(struct dk_jw *w, const char *key, uint64_t mask)
{
    dk_jw_arr(w, key);
    for (int ev = 0; ev < DK_EV_N; ev++) {
        if ((mask & (UINT64_C(1) << ev)) != 0)
            dk_jw_str(w, NULL, dk_ev_name((enum dk_ev)ev));
    }
    dk_jw_end_arr(w);
}

/* ---- how the due time came about, and what follows it ---- */

static const struct {
    const char *key;
    size_t at;
} day_counts[] = {
    {"days", offsetof(struct dk_clock, days)},
    {"extended_days", offsetof(struct dk_clock, extended_days)},
    {"held_days", offsetof(struct dk_clock, held_days)},
    {"late_days", offsetof(struct dk_clock, late_days)},
    {"repeat_days", offsetof(struct dk_clock, repeat_days)},
};
#define DAY_COUNTS (sizeof(day_counts) / sizeof(day_counts[0]))

static void set_count(struct dk_clock *k, size_t i, int n)
{
    memcpy((char *)k + day_counts[i].at, &n, sizeof(n));
}

static int get_count(const struct dk_clock *k, size_t i)
{
    int n;

    memcpy(&n, (const char *)k + day_counts[i].at, sizeof(n));
    return n;
}

static int read_grounds(const cJSON *o, struct dk_clock *k,
                        const struct dk_at *at, struct dk_problem *p)
{
    const struct dk_at in = {at, "holds_for", 0};
    const cJSON *arr = NULL, *v;
    char pointer[128];
    int i = 0;
    int rc =
        dk_json_arr(o, "holds_for", DK_OPTIONAL, 0, DK_GROUND_N, &arr, at, p);

    if (rc != 0)
        return rc;
    cJSON_ArrayForEach (v, arr) {
        const struct dk_at here = {&in, NULL, i++};
        int g = 0;

        while (g < DK_GROUND_N &&
               (!cJSON_IsString(v) ||
                strcmp(v->valuestring, dk_ground_names[g]) != 0))
            g++;
        dk_at_pointer(&here, NULL, pointer, sizeof(pointer));
        if (g == DK_GROUND_N)
            return dk_fail(p, DK_EFIELD, pointer,
                           "not a ground of a suspension; e.g. 'hearing'",
                           "不是中止的事由，例如“hearing”");
        k->holds_for |= UINT32_C(1) << g;
    }
    return 0;
}

int dk_clock_read_count(const cJSON *o, struct dk_clock *k,
                        const struct dk_at *at, struct dk_problem *p)
{
    char pointer[128];
    int rc = read_grounds(o, k, at, p);

    for (size_t i = 0; rc == 0 && i < DAY_COUNTS; i++) {
        int64_t n = 0;

        rc = dk_json_int(o, day_counts[i].key, DK_OPTIONAL, 0, COUNT_MAX, &n,
                         at, p);
        set_count(k, i, (int)n);
    }
    if (rc == 0)
        rc = dk_json_time(o, "repeat_at", DK_OPTIONAL, &k->repeat_at, at, p);
    if (rc == 0)
        rc =
            dk_json_time(o, "quiet_until", DK_OPTIONAL, &k->quiet_until, at, p);
    if (rc != 0)
        return rc;
    dk_at_pointer(at, "repeat_at", pointer, sizeof(pointer));
    if ((k->repeat_days > 0) != (k->repeat_at != 0) ||
        (k->repeat_days > 0 && k->repeat_at < k->due_at))
        return dk_fail(p, DK_EFIELD, pointer,
                       "a repetition has a first time, after due_at, and a "
                       "number of days",
                       "重复警示须同时给出首次时间（不早于 due_at）和间隔天数");
    return 0;
}

void dk_clock_write_count(struct dk_jw *w, const struct dk_clock *k,
                          int offset_min)
{
    if (k->holds_for != 0) {
        dk_jw_arr(w, "holds_for");
        for (int g = 0; g < DK_GROUND_N; g++) {
            if ((k->holds_for & UINT32_C(1) << g) != 0)
                dk_jw_str(w, NULL, dk_ground_names[g]);
        }
        dk_jw_end_arr(w);
    }
    for (size_t i = 0; i < DAY_COUNTS; i++) {
        if (get_count(k, i) != 0)
            dk_jw_int(w, day_counts[i].key, get_count(k, i));
    }
    if (k->repeat_days != 0)
        dk_jw_time(w, "repeat_at", k->repeat_at, offset_min);
    if (k->quiet_until != 0)
        dk_jw_time(w, "quiet_until", k->quiet_until, offset_min);
}

/* ---- rungs ---- */

/* Does rung `a` come after `b`? */
static bool comes_after(const struct dk_rung *a, const struct dk_rung *b,
                        const char *due)
{
    if (a->at != b->at)
        return a->at > b->at;
    return strcmp(a->id, due) == 0;
}

void dk_clock_sort(struct dk_clock *k)
{
    const char *due = dk_on_due_names[k->on_due];

    for (int i = 1; i < k->n_rung; i++) {
        struct dk_rung r = k->rung[i];
        int j = i;

        for (; j > 0 && comes_after(&k->rung[j - 1], &r, due); j--)
            k->rung[j] = k->rung[j - 1];
        k->rung[j] = r;
    }
}

static bool is_due_name(const char *id)
{
    for (int i = 0; dk_on_due_names[i] != NULL; i++) {
        if (strcmp(dk_on_due_names[i], id) == 0)
            return true;
    }
    return strcmp(DK_RUNG_REPEAT_ID, id) == 0;
}

static int read_rung(const cJSON *v, const struct dk_at *at, struct dk_clock *k,
                     struct dk_problem *p)
{
    static const char *const names[] = {"id", "at", NULL};
    struct dk_rung r = {.at = 0};
    const char *id = NULL;
    char pointer[128];
    int rc = dk_json_only(v, names, at, p);

    if (rc == 0)
        rc = dk_json_id(v, "id", DK_REQUIRED, &id, at, p);
    if (rc == 0)
        rc = dk_json_time(v, "at", DK_REQUIRED, &r.at, at, p);
    if (rc != 0)
        return rc;
    dk_at_pointer(at, "id", pointer, sizeof(pointer));
    if (strlen(id) >= DK_RUNG_ID)
        return dk_failf(p, DK_EFIELD, pointer,
                        "a rung's id has at most %d bytes",
                        "梯级编号最多 %d 字节", DK_RUNG_ID - 1);
    if (is_due_name(id))
        return dk_failf(p, DK_EFIELD, pointer,
                        "'%s' names the rung at due_at or what repeats it, "
                        "which are not listed",
                        "“%s”是到期或重复警示的梯级，不必列出", id);
    if (dk_rung_find(k, id) >= 0)
        return dk_failf(p, DK_EFIELD, pointer, "rung '%s' is listed twice",
                        "梯级“%s”重复", id);
    memcpy(r.id, id, strlen(id) + 1);
    k->rung[k->n_rung++] = r;
    return 0;
}

static int read_rungs(const cJSON *o, struct dk_clock *k, struct dk_problem *p)
{
    const cJSON *arr = NULL, *v;
    const char *due = dk_on_due_names[k->on_due];
    struct dk_rung *r;
    int i = 0;
    int rc = dk_json_arr(o, "rungs", DK_REQUIRED, 0, DK_RUNGS_MAX - 1, &arr,
                         NULL, p);

    if (rc != 0)
        return rc;
    cJSON_ArrayForEach (v, arr) {
        const struct dk_at in = {NULL, "rungs", 0}, here = {&in, NULL, i++};

        rc = read_rung(v, &here, k, p);
        if (rc != 0)
            return rc;
    }
    r = &k->rung[k->n_rung++];
    r->at = k->due_at;
    memcpy(r->id, due, strlen(due) + 1);
    dk_clock_sort(k);
    return 0;
}

int dk_clock_read_set(const cJSON *o, struct dk_clock *out,
                      struct dk_problem *p)
{
    struct dk_clock k = {.stopped_at = DK_NEVER};
    const char *id = NULL;
    int64_t basis = 0, times = 0, days = 0;
    int on_due = 0;
    int rc = dk_json_id(o, "clock", DK_REQUIRED, &id, NULL, p);

    if (rc == 0)
        rc = dk_json_int(o, "basis", DK_REQUIRED, 1, UINT32_MAX, &basis, NULL,
                         p);
    if (rc == 0)
        rc = dk_json_time(o, "started_at", DK_REQUIRED, &k.started_at, NULL, p);
    if (rc == 0)
        rc = dk_json_time(o, "due_at", DK_REQUIRED, &k.due_at, NULL, p);
    if (rc == 0)
        rc = dk_json_enum(o, "on_due", DK_REQUIRED, dk_on_due_names, &on_due,
                          NULL, p);
    if (rc == 0)
        rc = dk_clock_mask_read(o, "stops_on", DK_REQUIRED, &k.stops_on, NULL,
                                p);
    if (rc == 0)
        rc = dk_clock_mask_read(o, "holds_on", DK_OPTIONAL, &k.holds_on, NULL,
                                p);
    if (rc == 0)
        rc = dk_json_int(o, "extend_times", DK_OPTIONAL, 0, EXTEND_TIMES_MAX,
                         &times, NULL, p);
    if (rc == 0)
        rc = dk_json_int(o, "extend_days", DK_OPTIONAL, 0, EXTEND_DAYS_MAX,
                         &days, NULL, p);
    if (rc != 0)
        return rc;
    if (k.due_at <= k.started_at)
        return dk_fail(p, DK_EFIELD, "/due_at",
                       "due_at must be later than started_at",
                       "due_at 须晚于 started_at");
    memcpy(k.id, id, strlen(id) + 1);
    k.basis = (uint32_t)basis;
    k.on_due = (enum dk_on_due)on_due;
    k.extend_times = (int)times;
    k.extend_days = (int)days;
    rc = dk_clock_read_count(o, &k, NULL, p);
    if (rc == 0)
        rc = read_rungs(o, &k, p);
    if (rc == 0)
        *out = k;
    return rc;
}

void dk_clock_write_set(struct dk_jw *w, const struct dk_clock *k,
                        int offset_min)
{
    int due = dk_clock_due_rung(k);

    dk_jw_str(w, "clock", k->id);
    if (k->no != 0)
        dk_jw_int(w, "clock_no", k->no);
    dk_jw_int(w, "basis", k->basis);
    dk_jw_time(w, "started_at", k->started_at, offset_min);
    dk_jw_time(w, "due_at", k->due_at, offset_min);
    dk_jw_str(w, "on_due", dk_on_due_names[k->on_due]);
    dk_clock_mask_write(w, "stops_on", k->stops_on);
    dk_clock_mask_write(w, "holds_on", k->holds_on);
    dk_jw_int(w, "extend_times", k->extend_times);
    dk_jw_int(w, "extend_days", k->extend_days);
    dk_clock_write_count(w, k, offset_min);
    dk_jw_arr(w, "rungs");
    for (int i = 0; i < k->n_rung; i++) {
        if (i == due)
            continue;
        dk_jw_obj(w, NULL);
        dk_jw_str(w, "id", k->rung[i].id);
        dk_jw_time(w, "at", k->rung[i].at, offset_min);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
}
