/* store_mem_read.c - reads in memory: plain loops over the sorted tables. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_mem.h"

int mem_find_requests(struct store *st, const struct dk_uuid *ids, size_t n,
                      struct store_request *out, bool *found)
{
    const struct mem *m = (const struct mem *)st;

    for (size_t i = 0; i < n; i++) {
        struct store_request probe = {.id = ids[i]};
        const struct store_request *r = mem_find(m, MEM_REQUEST, &probe);

        found[i] = r != NULL;
        if (r != NULL)
            out[i] = *r;
    }
    return 0;
}

static const struct mem_case *find_case(const struct mem *m, int64_t key)
{
    struct mem_case probe = {.key = key};
    return mem_find(m, MEM_CASE, &probe);
}

static const struct dk_event *find_event(const struct mem *m, int64_t key,
                                         uint32_t n)
{
    struct dk_event probe = {.key = key, .n = n};
    return mem_find(m, MEM_EVENT_OF, &probe);
}

int mem_load_cases(struct store *st, const int64_t *keys, size_t n,
                   struct dk_case **out)
{
    const struct mem *m = (const struct mem *)st;

    for (size_t i = 0; i < n; i++) {
        const struct mem_case *c = find_case(m, keys[i]);

        int rc = c != NULL
                     ? store_read_doc(c->doc, c->doc_len, c->hash, &out[i])
                     : 0;
        if (rc != 0)
            return rc;
    }
    return 0;
}

int mem_events(struct store *st, int64_t from_seq, int64_t limit,
               store_event_fn fn, void *arg)
{
    const struct mem *m = (const struct mem *)st;
    const struct mem_rows *r = &m->t[MEM_EVENT];
    struct dk_event probe = {.seq = from_seq};
    int rc = 0;

    for (size_t i = mem_lower(m, MEM_EVENT, &probe);
         rc == 0 && i < r->n && limit-- > 0; i++)
        rc = fn(arg, r->v[i]);
    return rc < 0 ? rc : 0;
}

int mem_case_events(struct store *st, int64_t key, uint32_t from_n,
                    int64_t limit, store_event_fn fn, void *arg)
{
    const struct mem *m = (const struct mem *)st;
    const struct mem_rows *r = &m->t[MEM_EVENT_OF];
    struct dk_event probe = {.key = key, .n = from_n};
    int rc = 0;

    for (size_t i = mem_lower(m, MEM_EVENT_OF, &probe);
         rc == 0 && i < r->n && limit-- > 0; i++) {
        const struct dk_event *e = r->v[i];

        if (e->key != key)
            break;
        rc = fn(arg, e);
    }
    return rc < 0 ? rc : 0;
}

/* ---- clocks, in an order that is not the table's ------------------------ */

static int by_fire(const void *a, const void *b)
{
    const struct mem_clock *x = *(const struct mem_clock *const *)a;
    const struct mem_clock *y = *(const struct mem_clock *const *)b;

    if (x->fire_at != y->fire_at)
        return x->fire_at < y->fire_at ? -1 : 1;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return strcmp(x->id, y->id);
}

static int by_due(const void *a, const void *b)
{
    const struct mem_clock *x = *(const struct mem_clock *const *)a;
    const struct mem_clock *y = *(const struct mem_clock *const *)b;

    if (x->due_at != y->due_at)
        return x->due_at < y->due_at ? -1 : 1;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return strcmp(x->id, y->id);
}

/* The clock table in another order; the caller frees it. */
static const struct mem_clock **
sorted_clocks(const struct mem *m, int (*cmp)(const void *, const void *))
{
    const struct mem_rows *r = &m->t[MEM_CLOCK];
    const struct mem_clock **v = malloc((r->n + 1) * sizeof *v);

    if (v == NULL)
        return NULL;
    for (size_t i = 0; i < r->n; i++)
        v[i] = r->v[i];
    qsort(v, r->n, sizeof *v, cmp);
    return v;
}

int mem_due_clocks(struct store *st, dk_ms now, int64_t limit, store_due_fn fn,
                   void *arg)
{
    const struct mem *m = (const struct mem *)st;
    const struct mem_clock **v = sorted_clocks(m, by_fire);
    int rc = 0;

    if (v == NULL)
        return DK_ENOMEM;
    for (size_t i = 0; rc == 0 && i < m->t[MEM_CLOCK].n && limit-- > 0; i++) {
        if (v[i]->fire_at > now || v[i]->fire_at == DK_NEVER)
            break;
        struct store_due d = {.key = v[i]->key, .fire_at = v[i]->fire_at};
        memcpy(d.clock, v[i]->id, sizeof d.clock);
        rc = fn(arg, &d);
    }
    free(v);
    return rc < 0 ? rc : 0;
}

int mem_next_due(struct store *st, dk_ms *out)
{
    const struct mem_rows *r = &((const struct mem *)st)->t[MEM_CLOCK];

    *out = DK_NEVER;
    for (size_t i = 0; i < r->n; i++) {
        const struct mem_clock *c = r->v[i];

        if (c->fire_at < *out)
            *out = c->fire_at;
    }
    return 0;
}

/* Is it the unit's, or does the unit handle it beside the one whose it is? */
static bool unit_fits(const struct mem *m, const char *wanted, int64_t key,
                      const char *unit)
{
    return wanted == NULL || strcmp(wanted, unit) == 0 ||
           mem_is_beside(m, key, wanted, NULL);
}

static bool clock_fits(const struct mem *m, const struct store_clock_filter *f,
                       const struct mem_clock *c)
{
    const struct mem_clock *after =
        &(struct mem_clock){.key = f->after_key, .due_at = f->after_due};
    struct mem_clock probe = *after;

    if ((f->overdue && !c->overdue) ||
        (f->due_before != DK_NEVER && c->due_at >= f->due_before) ||
        !unit_fits(m, f->unit, c->key, c->unit) ||
        (f->clock != NULL && strcmp(f->clock, c->id) != 0))
        return false;
    if (f->after_due == 0)
        return true;
    after = &probe;
    (void)snprintf(probe.id, sizeof probe.id, "%s",
                   f->after_id != NULL ? f->after_id : "");
    return by_due(&c, &after) > 0;
}

int mem_list_clocks(struct store *st, const struct store_clock_filter *f,
                    int64_t limit, store_clock_fn fn, void *arg)
{
    const struct mem *m = (const struct mem *)st;
    const struct mem_clock **v = sorted_clocks(m, by_due);
    int rc = 0;

    if (v == NULL)
        return DK_ENOMEM;
    for (size_t i = 0; rc == 0 && i < m->t[MEM_CLOCK].n && limit > 0; i++) {
        if (!clock_fits(m, f, v[i]))
            continue;
        struct store_clock_row row = {.key = v[i]->key,
                                      .id = v[i]->id,
                                      .unit = v[i]->unit,
                                      .state = v[i]->state,
                                      .overdue = v[i]->overdue,
                                      .due_at = v[i]->due_at,
                                      .fire_at = v[i]->fire_at};
        limit--;
        rc = fn(arg, &row);
    }
    free(v);
    return rc < 0 ? rc : 0;
}

/* ---- tasks -------------------------------------------------------------- */

int mem_tasks(struct store *st, enum dk_service service, int64_t after,
              int64_t limit, store_task_fn fn, void *arg)
{
    const struct mem *m = (const struct mem *)st;
    const struct mem_rows *r = &m->t[MEM_TASK];
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < r->n && limit > 0; i++) {
        const struct store_task_info *t = r->v[i];

        if (t->dead || t->t.service != service || t->t.id <= after)
            continue;
        const struct mem_case *c = find_case(m, t->t.key);
        struct store_task_row row = {.t = t->t,
                                     .e = find_event(m, t->t.key, t->t.n)};
        row.doc = c != NULL ? c->doc : NULL;
        row.doc_len = c != NULL ? c->doc_len : 0;
        row.hash = c != NULL ? c->hash : NULL;
        limit--;
        rc = fn(arg, &row);
    }
    return rc < 0 ? rc : 0;
}

int mem_task_get(struct store *st, int64_t id, struct store_task_info *out)
{
    struct store_task_info probe = {.t.id = id};
    const struct store_task_info *t =
        mem_find((const struct mem *)st, MEM_TASK, &probe);

    if (t == NULL)
        return DK_ENOTFOUND;
    *out = *t;
    return 0;
}

int mem_task_list(struct store *st, bool dead, int64_t after, int64_t limit,
                  store_task_info_fn fn, void *arg)
{
    const struct mem_rows *r = &((const struct mem *)st)->t[MEM_TASK];
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < r->n && limit > 0; i++) {
        const struct store_task_info *t = r->v[i];

        if (t->dead != dead || t->t.id <= after)
            continue;
        limit--;
        rc = fn(arg, t);
    }
    return rc < 0 ? rc : 0;
}

int mem_task_count(struct store *st, enum dk_service service, bool dead,
                   int64_t limit, int64_t *out)
{
    const struct mem_rows *r = &((const struct mem *)st)->t[MEM_TASK];

    *out = 0;
    for (size_t i = 0; i < r->n && *out < limit; i++) {
        const struct store_task_info *t = r->v[i];

        if (t->dead == dead && t->t.service == service)
            ++*out;
    }
    return 0;
}

/* ---- cases and alerts --------------------------------------------------- */

static bool under(const char *category, const char *wanted)
{
    size_t n = strlen(wanted);

    return category != NULL && strncmp(category, wanted, n) == 0 &&
           (category[n] == '\0' || category[n] == '/');
}

static bool is_theirs(const struct mem *m, const struct store_case_filter *f,
                      const struct mem_case *c)
{
    if ((f->unit == NULL || strcmp(f->unit, c->unit) == 0) &&
        (f->handler == NULL || strcmp(f->handler, c->handler) == 0))
        return true;
    return (f->unit != NULL || *f->handler != '\0') &&
           mem_is_beside(m, c->key, f->unit, f->handler);
}

static bool due_fits(const struct store_case_filter *f, dk_ms due)
{
    return !store_filter_due(f) || (due != DK_NEVER && due > f->due_after &&
                                    (f->due_until == 0 || due <= f->due_until));
}

static bool words_fit(const struct mem *m, const struct store_case_filter *f,
                      const struct mem_case *c)
{
    const struct dk_event *e;

    if (f->words == NULL)
        return true;
    e = find_event(m, c->key, 1);
    return dk_find_fits(f->words, c->doc, c->doc_len,
                        e != NULL ? e->body : NULL,
                        e != NULL ? e->body_len : 0);
}

static bool case_fits(const struct mem *m, const struct store_case_filter *f,
                      const struct mem_case *c)
{
    if ((store_filter_states(f) >> c->state & 1) == 0 ||
        (f->overdue && !c->overdue) || !is_theirs(m, f, c) ||
        (f->region != NULL &&
         (c->region == NULL || strcmp(f->region, c->region) != 0)) ||
        (f->category != NULL && !under(c->category, f->category)) ||
        (f->group != 0 && c->grp != f->group && c->key != f->group) ||
        c->key < f->min_key || (f->max_key != 0 && c->key > f->max_key) ||
        !due_fits(f, c->due) || !words_fit(m, f, c))
        return false;
    if (f->after == 0 || f->work)
        return true;
    return f->newest_first ? c->key < f->after : c->key > f->after;
}

static int give_case(const struct mem_case *c, store_case_fn fn, void *arg)
{
    struct store_case_row row = {.key = c->key,
                                 .doc = c->doc,
                                 .doc_len = c->doc_len,
                                 .urgent = c->urgent,
                                 .due = c->due};

    return fn(arg, &row);
}

/* The order of work, as store.h says it. */
static int by_work(const void *a, const void *b)
{
    const struct mem_case *x = *(const struct mem_case *const *)a;
    const struct mem_case *y = *(const struct mem_case *const *)b;

    if (x->urgent != y->urgent)
        return x->urgent ? -1 : 1;
    if (x->due != y->due)
        return x->due < y->due ? -1 : 1;
    return x->key < y->key ? -1 : x->key > y->key;
}

static int list_work(const struct mem *m, const struct store_case_filter *f,
                     int64_t limit, store_case_fn fn, void *arg)
{
    const struct mem_rows *r = &m->t[MEM_CASE];
    const struct mem_case probe = {
        .key = f->after, .urgent = f->after_urgent, .due = f->after_due};
    const struct mem_case *after = &probe;
    const struct mem_case **v = malloc((r->n + 1) * sizeof *v);
    size_t n = 0;
    int rc = 0;

    if (v == NULL)
        return DK_ENOMEM;
    for (size_t i = 0; i < r->n; i++) {
        v[n] = r->v[i];
        if (case_fits(m, f, v[n]) &&
            (f->after == 0 || by_work(&v[n], &after) > 0))
            n++;
    }
    qsort(v, n, sizeof *v, by_work);
    for (size_t i = 0; rc == 0 && i < n && limit-- > 0; i++)
        rc = give_case(v[i], fn, arg);
    free(v);
    return rc < 0 ? rc : 0;
}

int mem_list_cases(struct store *st, const struct store_case_filter *f,
                   int64_t limit, store_case_fn fn, void *arg)
{
    const struct mem *m = (const struct mem *)st;
    const struct mem_rows *r = &m->t[MEM_CASE];
    int rc = 0;

    if (f->work)
        return list_work(m, f, limit, fn, arg);
    for (size_t i = 0; rc == 0 && i < r->n && limit > 0; i++) {
        const struct mem_case *c = r->v[f->newest_first ? r->n - 1 - i : i];

        if (!case_fits(m, f, c))
            continue;
        limit--;
        rc = give_case(c, fn, arg);
    }
    return rc < 0 ? rc : 0;
}

static bool alert_fits(const struct mem *m, const struct store_alert_filter *f,
                       const struct mem_alert *a)
{
    if ((f->open && a->acked_at != DK_NEVER) ||
        (f->level != NULL && strcmp(f->level, a->level) != 0) ||
        !unit_fits(m, f->unit, a->key, a->unit) ||
        (f->case_key != 0 && f->case_key != a->key))
        return false;
    return a->key > f->after_key ||
           (a->key == f->after_key && a->n > f->after_n);
}

int mem_list_alerts(struct store *st, const struct store_alert_filter *f,
                    int64_t limit, store_alert_fn fn, void *arg)
{
    const struct mem *m = (const struct mem *)st;
    const struct mem_rows *r = &m->t[MEM_ALERT];
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < r->n && limit > 0; i++) {
        const struct mem_alert *a = r->v[i];

        if (!alert_fits(m, f, a))
            continue;
        const struct dk_event *e = find_event(m, a->key, a->n);
        if (e == NULL)
            return DK_EIO;
        struct store_alert_row row = {.a = {.key = a->key,
                                            .n = a->n,
                                            .clock = a->clock,
                                            .rung = a->rung,
                                            .level = a->level,
                                            .unit = a->unit,
                                            .raised_at = a->raised_at,
                                            .due_at = a->due_at,
                                            .body = e->body},
                                      .acked_at = a->acked_at,
                                      .acked_by = a->acked_by};
        limit--;
        rc = fn(arg, &row);
    }
    return rc < 0 ? rc : 0;
}

/* ---- counters -------------------------------------------------------------
 */

int mem_loads(struct store *st, store_load_fn fn, void *arg)
{
    const struct mem_rows *r = &((const struct mem *)st)->t[MEM_LOAD];
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < r->n; i++) {
        const struct mem_load *l = r->v[i];
        struct store_load row = {l->unit, l->handler, l->open};

        rc = fn(arg, &row);
    }
    return rc < 0 ? rc : 0;
}

int mem_day_seq(struct store *st, int32_t day, int32_t *seq)
{
    struct store_day probe = {.day = day};
    const struct store_day *d =
        mem_find((const struct mem *)st, MEM_DAY, &probe);

    *seq = d != NULL ? d->seq : 0;
    return 0;
}
