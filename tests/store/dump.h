/* dump.h - everything a store can tell, as text: two stores hold the same
 * exactly when their dumps are equal.
 */
#ifndef DK_TEST_STORE_DUMP_H
#define DK_TEST_STORE_DUMP_H

#include <inttypes.h>

#include "world.h"

struct dump {
    FILE *f;
    char *text;
    size_t len;
    int64_t cases, events, open, dead, alerts; /* counted on the way */
};

static inline int dump_event(void *arg, const struct dk_event *e)
{
    struct dump *d = arg;

    d->events++;
    fprintf(d->f, "event %" PRId64 " %" PRId64 " %u %d %" PRId64 " %" PRId64,
            e->seq, e->key, e->n, (int)e->type, e->at, e->claimed);
    fprintf(d->f, " %s %02x %zu %s\n", e->actor, e->hash[31], e->body_len,
            e->body);
    return 0;
}

static inline int dump_case(void *arg, const struct store_case_row *r)
{
    struct dump *d = arg;

    d->cases++;
    fprintf(d->f, "case %" PRId64 " %zu %s\n", r->key, r->doc_len, r->doc);
    return 0;
}

static inline int dump_task(void *arg, const struct store_task_info *t)
{
    struct dump *d = arg;

    if (t->dead)
        d->dead++;
    else
        d->open++;
    fprintf(d->f, "task %" PRId64 " %d %" PRId64 " %u %d %d %" PRId64 " %s\n",
            t->t.id, (int)t->t.service, t->t.key, t->t.n, t->t.attempts,
            t->dead, t->failed_at, t->reason);
    return 0;
}

static inline int dump_task_row(void *arg, const struct store_task_row *r)
{
    struct dump *d = arg;

    fprintf(d->f, "row %" PRId64 " %" PRId64 " %s\n", r->t.id, r->e->seq,
            r->doc);
    return 0;
}

static inline int dump_alert(void *arg, const struct store_alert_row *r)
{
    struct dump *d = arg;

    if (r->acked_at == DK_NEVER)
        d->alerts++;
    fprintf(d->f,
            "alert %" PRId64 " %u %s %s %s %s %" PRId64 " %" PRId64 " %s "
            "%" PRId64 " %s\n",
            r->a.key, r->a.n, r->a.clock, r->a.rung, r->a.level, r->a.unit,
            r->a.raised_at, r->a.due_at, r->a.body, r->acked_at,
            r->acked_by != NULL ? r->acked_by : "-");
    return 0;
}

static inline int dump_clock(void *arg, const struct store_clock_row *r)
{
    struct dump *d = arg;

    fprintf(d->f, "clock %" PRId64 " %s %s %d %d %" PRId64 " %" PRId64 "\n",
            r->key, r->id, r->unit, (int)r->state, r->overdue, r->due_at,
            r->fire_at);
    return 0;
}

static inline int dump_due(void *arg, const struct store_due *r)
{
    struct dump *d = arg;

    fprintf(d->f, "due %" PRId64 " %s %" PRId64 "\n", r->key, r->clock,
            r->fire_at);
    return 0;
}

static inline int dump_load(void *arg, const struct store_load *l)
{
    struct dump *d = arg;

    fprintf(d->f, "load %s %s %" PRId64 "\n", l->unit, l->handler, l->open);
    return 0;
}

static inline void dump_person(struct dump *d, struct store *st, int64_t key)
{
    struct store_person row;
    int rc = store_person_get(st, key, &row);

    assert_true(rc == 0 || rc == DK_ENOTFOUND);
    if (rc == 0)
        fprintf(d->f, "person %" PRId64 " %" PRId64 " %zu %.*s\n", row.key,
                row.seal, row.len, (int)row.len, (const char *)row.data);
    free((void *)(uintptr_t)row.data);
}

static inline int dump_sealed(void *arg, const struct store_person *row)
{
    struct dump *d = arg;

    fprintf(d->f, "sealed %" PRId64 " %" PRId64 " %zu\n", row->seal, row->key,
            row->len);
    return 0;
}

/* Every row by its key, but for the erased ones. */
static inline void dump_seals(struct dump *d, struct store *st)
{
    int64_t seal = STORE_ERASED, rows = 0;
    int rc;

    while ((rc = store_next_seal(st, seal, &seal)) == 0) {
        assert_int_equal(store_seal_rows(st, seal, INT64_MAX, &rows), 0);
        fprintf(d->f, "seal %" PRId64 " %" PRId64 "\n", seal, rows);
        assert_int_equal(
            store_persons(st, seal, INT64_MIN, INT64_MAX, dump_sealed, d), 0);
    }
    assert_int_equal(rc, DK_ENOTFOUND);
}

static inline void dump_requests(struct dump *d, struct store *st, int n)
{
    for (int i = 0; i <= n; i++) {
        struct dk_uuid id = uuid(i);
        struct store_request r;
        bool found = false;

        assert_int_equal(store_find_requests(st, &id, 1, &r, &found), 0);
        if (found)
            fprintf(d->f, "request %d %" PRId64 " %u %d %" PRId64 " %02x\n", i,
                    r.key, r.n, (int)r.state, r.at, r.hash[0]);
    }
}

/* Totals that are kept must be what a count gives. */
static inline void dump_totals(struct dump *d, struct store *st)
{
    struct store_totals t;

    assert_int_equal(store_totals(st, &t), 0);
    assert_int_equal(t.cases, d->cases);
    assert_int_equal(t.events, d->events);
    assert_int_equal(t.tasks_open, d->open);
    assert_int_equal(t.tasks_dead, d->dead);
    assert_int_equal(t.alerts_open, d->alerts);
}

/* The caller frees the text.  Keys KEY(0..n), request ids 0..n. */
static inline char *dump(struct store *st, int n)
{
    struct dump d = {.cases = 0};
    struct store_case_filter cases = {.state = -1};
    struct store_alert_filter alerts = {.open = false};
    struct store_clock_filter clocks = {.due_before = DK_NEVER};
    const int64_t all = INT64_MAX;
    dk_ms next = 0;
    int32_t day = 0;

    d.f = open_memstream(&d.text, &d.len);
    assert_non_null(d.f);
    assert_int_equal(store_events(st, 0, all, dump_event, &d), 0);
    assert_int_equal(store_list_cases(st, &cases, all, dump_case, &d), 0);
    for (int dead = 0; dead < 2; dead++)
        assert_int_equal(store_task_list(st, dead != 0, -1, all, dump_task, &d),
                         0);
    for (int svc = 0; svc < DK_SVC_N; svc++)
        assert_int_equal(
            store_tasks(st, (enum dk_service)svc, -1, all, dump_task_row, &d),
            0);
    assert_int_equal(store_list_alerts(st, &alerts, all, dump_alert, &d), 0);
    assert_int_equal(store_list_clocks(st, &clocks, all, dump_clock, &d), 0);
    assert_int_equal(store_due_clocks(st, DK_NEVER, all, dump_due, &d), 0);
    assert_int_equal(store_loads(st, dump_load, &d), 0);
    dump_totals(&d, st);
    for (int i = 0; i <= n; i++)
        dump_person(&d, st, KEY(i));
    dump_seals(&d, st);
    dump_requests(&d, st, n);
    assert_int_equal(store_next_due(st, &next), 0);
    assert_int_equal(store_day_seq(st, 20270101, &day), 0);
    cases.unit = "民政局"; /* with those that it handles beside another */
    clocks.unit = alerts.unit = cases.unit;
    for (int work = 0; work < 2; work++) {
        cases.work = work != 0;
        assert_int_equal(store_list_cases(st, &cases, all, dump_case, &d), 0);
    }
    assert_int_equal(store_list_clocks(st, &clocks, all, dump_clock, &d), 0);
    assert_int_equal(store_list_alerts(st, &alerts, all, dump_alert, &d), 0);
    fprintf(d.f, "next %" PRId64 " day %d\n", next, day);
    fclose(d.f);
    return d.text;
}

#endif /* DK_TEST_STORE_DUMP_H */
