/* store_mem_check.c - rows in memory as they are, for `verify`. */
#include "store_mem.h"

static int64_t key_of(enum mem_table t, const void *row)
{
    if (t == MEM_CASE)
        return ((const struct mem_case *)row)->key;
    if (t == MEM_EVENT_OF)
        return ((const struct dk_event *)row)->key;
    if (t == MEM_CLOCK)
        return ((const struct mem_clock *)row)->key;
    if (t == MEM_BESIDE)
        return ((const struct mem_beside *)row)->key;
    return ((const struct mem_alert *)row)->key;
}

static bool next_key(const struct mem *m, int64_t after, int64_t *out)
{
    const struct mem_case c = {.key = after + 1};
    const struct dk_event e = {.key = after + 1};
    const struct mem_clock k = {.key = after + 1};
    const struct mem_alert a = {.key = after + 1};
    const struct mem_beside b = {.key = after + 1};
    const struct {
        enum mem_table t;
        const void *probe;
    } in[] = {{MEM_CASE, &c},
              {MEM_EVENT_OF, &e},
              {MEM_CLOCK, &k},
              {MEM_ALERT, &a},
              {MEM_BESIDE, &b}};
    bool found = false;

    for (size_t j = 0; j < sizeof in / sizeof in[0]; j++) {
        const struct mem_rows *r = &m->t[in[j].t];
        size_t i = mem_lower(m, in[j].t, in[j].probe);
        int64_t key = i < r->n ? key_of(in[j].t, r->v[i]) : 0;

        if (i == r->n || (found && key >= *out))
            continue;
        *out = key;
        found = true;
    }
    return found;
}

int mem_list_keys(struct store *st, int64_t after, int64_t limit,
                  store_key_fn fn, void *arg)
{
    const struct mem *m = (const struct mem *)st;
    int rc = 0;

    while (rc == 0 && limit-- > 0 && after < INT64_MAX &&
           next_key(m, after, &after))
        rc = fn(arg, after);
    return rc < 0 ? rc : 0;
}

int mem_case_row(struct store *st, int64_t key, row_case_fn fn, void *arg)
{
    struct mem_case probe = {.key = key};
    const struct mem_case *c =
        mem_find((const struct mem *)st, MEM_CASE, &probe);

    if (c == NULL)
        return 0;
    struct row_case row = {.key = key,
                           .state = c->state,
                           .overdue = c->overdue,
                           .urgent = c->urgent,
                           .due = c->due,
                           .grp = c->grp,
                           .unit = c->unit,
                           .handler = c->handler,
                           .region = c->region,
                           .category = c->category,
                           .hash = c->hash,
                           .hash_len = sizeof c->hash};
    int rc = fn(arg, &row, c->doc, c->doc_len);
    return rc < 0 ? rc : 0;
}

int mem_clock_rows(struct store *st, int64_t key, row_clock_fn fn, void *arg)
{
    const struct mem *m = (const struct mem *)st;
    const struct mem_rows *r = &m->t[MEM_CLOCK];
    struct mem_clock probe = {.key = key};
    int rc = 0;

    for (size_t i = mem_lower(m, MEM_CLOCK, &probe); rc == 0 && i < r->n; i++) {
        const struct mem_clock *c = r->v[i];
        struct row_clock row = {.key = key,
                                .id = c->id,
                                .unit = c->unit,
                                .state = c->state,
                                .overdue = c->overdue,
                                .due_at = c->due_at,
                                .fire_at = c->fire_at};

        if (c->key != key)
            break;
        rc = fn(arg, &row);
    }
    return rc < 0 ? rc : 0;
}

int mem_alert_rows(struct store *st, int64_t key, row_alert_fn fn, void *arg)
{
    const struct mem *m = (const struct mem *)st;
    const struct mem_rows *r = &m->t[MEM_ALERT];
    struct mem_alert probe = {.key = key};
    int rc = 0;

    for (size_t i = mem_lower(m, MEM_ALERT, &probe); rc == 0 && i < r->n; i++) {
        const struct mem_alert *a = r->v[i];
        struct row_alert row = {.key = key,
                                .n = a->n,
                                .clock = a->clock,
                                .rung = a->rung,
                                .level = a->level,
                                .unit = a->unit,
                                .raised_at = a->raised_at,
                                .due_at = a->due_at,
                                .acked_at = a->acked_at,
                                .acked_by = a->acked_by};

        if (a->key != key)
            break;
        rc = fn(arg, &row);
    }
    return rc < 0 ? rc : 0;
}

int mem_recount(struct store *st, struct store_totals *out)
{
    const struct mem *m = (const struct mem *)st;
    int64_t dead = 0, open = 0;
    uint64_t tallies = 0;

    for (size_t i = 0; i < m->t[MEM_TASK].n; i++) {
        const struct store_task_info *t = m->t[MEM_TASK].v[i];
        dead += t->dead;
    }
    for (size_t i = 0; i < m->t[MEM_ALERT].n; i++) {
        const struct mem_alert *a = m->t[MEM_ALERT].v[i];
        open += a->acked_at == DK_NEVER;
    }
    for (size_t i = 0; i < m->t[MEM_TALLY].n; i++) {
        const struct dk_tally *t = m->t[MEM_TALLY].v[i];
        tallies += (uint64_t)t->n * dk_tally_print(t);
    }
    *out = (struct store_totals){(int64_t)m->t[MEM_CASE].n,
                                 m->last_seq,
                                 (int64_t)m->t[MEM_TASK].n - dead,
                                 dead,
                                 open,
                                 tallies};
    return 0;
}
