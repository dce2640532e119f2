/* store_mem.c - sorted tables in memory, with a way back. */
#include "store_mem.h"

#include <stdlib.h>
#include <string.h>

/* ---- order of the tables ------------------------------------------------ */

static int cmp_i64(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int cmp_request(const void *a, const void *b)
{
    const struct store_request *x = a, *y = b;
    return memcmp(x->id.b, y->id.b, sizeof x->id.b);
}

static int cmp_event(const void *a, const void *b)
{
    const struct dk_event *x = a, *y = b;
    return cmp_i64(x->seq, y->seq);
}

static int cmp_event_of(const void *a, const void *b)
{
    const struct dk_event *x = a, *y = b;
    int c = cmp_i64(x->key, y->key);
    return c != 0 ? c : cmp_i64(x->n, y->n);
}

static int cmp_case(const void *a, const void *b)
{
    const struct mem_case *x = a, *y = b;
    return cmp_i64(x->key, y->key);
}

static int cmp_clock(const void *a, const void *b)
{
    const struct mem_clock *x = a, *y = b;
    int c = cmp_i64(x->key, y->key);
    return c != 0 ? c : strcmp(x->id, y->id);
}

static int cmp_task(const void *a, const void *b)
{
    const struct store_task_info *x = a, *y = b;
    return cmp_i64(x->t.id, y->t.id);
}

static int cmp_alert(const void *a, const void *b)
{
    const struct mem_alert *x = a, *y = b;
    int c = cmp_i64(x->key, y->key);
    return c != 0 ? c : cmp_i64(x->n, y->n);
}

static int cmp_person(const void *a, const void *b)
{
    const struct mem_person *x = a, *y = b;
    return cmp_i64(x->key, y->key);
}

static int cmp_load(const void *a, const void *b)
{
    const struct mem_load *x = a, *y = b;
    int c = strcmp(x->unit, y->unit);
    return c != 0 ? c : strcmp(x->handler, y->handler);
}

static int cmp_day(const void *a, const void *b)
{
    const struct store_day *x = a, *y = b;
    return cmp_i64(x->day, y->day);
}

/* ---- freeing rows ------------------------------------------------------- */

static void drop_event(void *row)
{
    struct dk_event *e = row;

    if (e != NULL)
        free(e->body);
    free(e);
}

static void drop_nothing(void *row)
{
    (void)row;
}

static void drop_case(void *row)
{
    struct mem_case *c = row;

    if (c == NULL)
        return;
    free(c->region);
    free(c->category);
    free(c->doc);
    free(c);
}

static void drop_alert(void *row)
{
    struct mem_alert *a = row;

    if (a == NULL)
        return;
    free(a->clock);
    free(a->rung);
    free(a->level);
    free(a->unit);
    free(a->acked_by);
    free(a);
}

static void drop_person(void *row)
{
    struct mem_person *p = row;

    if (p != NULL)
        free(p->data);
    free(p);
}

static const struct {
    int (*cmp)(const void *a, const void *b);
    void (*drop)(void *row);
} kinds[MEM_N] = {
    [MEM_REQUEST] = {cmp_request, free},
    [MEM_EVENT] = {cmp_event, drop_event},
    [MEM_EVENT_OF] = {cmp_event_of, drop_nothing},
    [MEM_CASE] = {cmp_case, drop_case},
    [MEM_CLOCK] = {cmp_clock, free},
    [MEM_TASK] = {cmp_task, free},
    [MEM_ALERT] = {cmp_alert, drop_alert},
    [MEM_PERSON] = {cmp_person, drop_person},
    [MEM_LOAD] = {cmp_load, free},
    [MEM_DAY] = {cmp_day, free},
    [MEM_OFFICE] = {mem_cmp_office, mem_drop_office},
    [MEM_TALLY] = {mem_cmp_tally, mem_drop_tally},
    [MEM_CKPT] = {mem_cmp_ckpt, mem_drop_ckpt},
    [MEM_BESIDE] = {mem_cmp_beside, free},
};

/* ---- finding and changing ----------------------------------------------- */

size_t mem_lower(const struct mem *m, enum mem_table t, const void *probe)
{
    const struct mem_rows *r = &m->t[t];
    size_t lo = 0, hi = r->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (kinds[t].cmp(r->v[mid], probe) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

void *mem_find(const struct mem *m, enum mem_table t, const void *probe)
{
    const struct mem_rows *r = &m->t[t];
    size_t i = mem_lower(m, t, probe);

    return i < r->n && kinds[t].cmp(r->v[i], probe) == 0 ? r->v[i] : NULL;
}

static void insert_at(struct mem_rows *r, size_t i, void *row)
{
    memmove(r->v + i + 1, r->v + i, (r->n - i) * sizeof *r->v);
    r->v[i] = row;
    r->n++;
}

static void remove_at(struct mem_rows *r, size_t i)
{
    r->n--;
    memmove(r->v + i, r->v + i + 1, (r->n - i) * sizeof *r->v);
}

/* Room for one more row and one more step back, so that neither the change
 * nor its undoing can fail half way.
 */
static int reserve(struct mem *m, struct mem_rows *r)
{
    if (r->n == r->cap) {
        size_t cap = r->cap != 0 ? r->cap * 2 : 64;
        void **v = realloc(r->v, cap * sizeof *v);
        if (v == NULL)
            return DK_ENOMEM;
        r->v = v;
        r->cap = cap;
    }
    if (m->n_undo == m->cap_undo) {
        size_t cap = m->cap_undo != 0 ? m->cap_undo * 2 : 64;
        struct mem_undo *u = realloc(m->undo, cap * sizeof *u);
        if (u == NULL)
            return DK_ENOMEM;
        m->undo = u;
        m->cap_undo = cap;
    }
    return 0;
}

int mem_put(struct mem *m, enum mem_table t, void *row)
{
    struct mem_rows *r = &m->t[t];

    if (row == NULL || reserve(m, r) != 0) {
        kinds[t].drop(row);
        return DK_ENOMEM;
    }
    size_t i = mem_lower(m, t, row);
    void *old = NULL;

    if (i < r->n && kinds[t].cmp(r->v[i], row) == 0) {
        old = r->v[i];
        r->v[i] = row;
    } else {
        insert_at(r, i, row);
    }
    m->undo[m->n_undo++] = (struct mem_undo){t, old, row};
    return 0;
}

int mem_del(struct mem *m, enum mem_table t, const void *probe)
{
    struct mem_rows *r = &m->t[t];
    size_t i = mem_lower(m, t, probe);

    if (i == r->n || kinds[t].cmp(r->v[i], probe) != 0)
        return 0;
    if (reserve(m, r) != 0)
        return DK_ENOMEM;
    m->undo[m->n_undo++] = (struct mem_undo){t, r->v[i], NULL};
    remove_at(r, i);
    return 0;
}

void mem_undo_all(struct mem *m)
{
    while (m->n_undo > 0) {
        struct mem_undo *u = &m->undo[--m->n_undo];
        struct mem_rows *r = &m->t[u->table];
        const void *probe = u->fresh != NULL ? u->fresh : u->old;
        size_t i = mem_lower(m, u->table, probe);

        if (u->fresh == NULL)
            insert_at(r, i, u->old);
        else if (u->old == NULL)
            remove_at(r, i);
        else
            r->v[i] = u->old;
        if (u->fresh != NULL)
            kinds[u->table].drop(u->fresh);
    }
}

void mem_keep_all(struct mem *m)
{
    for (size_t i = 0; i < m->n_undo; i++) {
        if (m->undo[i].old != NULL)
            kinds[m->undo[i].table].drop(m->undo[i].old);
    }
    m->n_undo = 0;
}

/* ---- open and close ----------------------------------------------------- */

static void mem_close(struct store *st)
{
    struct mem *m = (struct mem *)st;

    for (int t = 0; t < MEM_N; t++) {
        for (size_t i = 0; i < m->t[t].n; i++)
            kinds[t].drop(m->t[t].v[i]);
        free(m->t[t].v);
    }
    free(m->undo);
    free(m);
}

static int mem_totals(struct store *st, struct store_totals *out)
{
    *out = ((struct mem *)st)->tot;
    return 0;
}

static int mem_checkpoint(struct store *st, bool whole)
{
    (void)st;
    (void)whole;
    return 0;
}

static const struct store_ops ops = {
    .close = mem_close,
    .commit = mem_commit,
    .find_requests = mem_find_requests,
    .load_cases = mem_load_cases,
    .events = mem_events,
    .case_events = mem_case_events,
    .due_clocks = mem_due_clocks,
    .next_due = mem_next_due,
    .tasks = mem_tasks,
    .task_get = mem_task_get,
    .task_list = mem_task_list,
    .task_count = mem_task_count,
    .list_cases = mem_list_cases,
    .list_alerts = mem_list_alerts,
    .list_office = mem_list_office,
    .next_unassigned = mem_next_unassigned,
    .list_clocks = mem_list_clocks,
    .person_get = mem_person_get,
    .persons = mem_persons,
    .next_seal = mem_next_seal,
    .seal_rows = mem_seal_rows,
    .loads = mem_loads,
    .day_seq = mem_day_seq,
    .list_days = mem_list_days,
    .list_ckpt = mem_list_ckpt,
    .ckpt_newest = mem_ckpt_newest,
    .ckpt_covering = mem_ckpt_covering,
    .tally = mem_tally,
    .totals = mem_totals,
    .list_keys = mem_list_keys,
    .case_row = mem_case_row,
    .clock_rows = mem_clock_rows,
    .alert_rows = mem_alert_rows,
    .beside_rows = mem_beside_rows,
    .recount = mem_recount,
    .checkpoint = mem_checkpoint,
};

static int seal_secret(const struct store_options *opt,
                       const uint8_t secret[32], struct store_info *info)
{
    void *out = NULL;
    size_t n = 0;

    if (opt->seal == NULL) {
        memcpy(info->secret, secret, sizeof info->secret);
        return 0;
    }
    int rc = opt->seal(opt->seal_arg, 0, secret, sizeof info->secret, &out, &n,
                       &info->seal);
    if (rc == 0 && n <= sizeof info->sealed) {
        memcpy(info->sealed, out, n);
        info->sealed_len = n;
    } else if (rc == 0) {
        rc = DK_EBUG;
    }
    free(out);
    return rc;
}

int store_mem_open(const struct store_options *opt, const uint8_t random[48],
                   struct store **out, struct store_info *info,
                   struct dk_problem *p)
{
    struct mem *m = calloc(1, sizeof *m);

    if (m == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    m->base.ops = &ops;
    m->test_now = opt->test_clock ? opt->test_now : 0;
    info->epoch = 1;
    info->test_now = m->test_now;
    memcpy(info->broker, random, sizeof info->broker);
    int rc = seal_secret(opt, random + sizeof info->broker, info);
    if (rc != 0) {
        free(m);
        return dk_fail(p, rc, NULL, NULL, NULL);
    }
    *out = &m->base;
    return 0;
}
