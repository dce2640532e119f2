/* explain_replay.c - a case made again from its events, with the policy asked
 * at each of them.
 */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "explain_impl.h"

#define BIT(ev) (UINT64_C(1) << (ev))

/* Room for one more of n items. */
static int grow(void **v, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return 0;
    size_t more = *cap == 0 ? 8 : *cap * 2;
    void *new_v = realloc(*v, more * size);

    if (new_v == NULL)
        return DK_ENOMEM;
    *v = new_v;
    *cap = more;
    return 0;
}

void ex_fini(struct explain *x)
{
    for (size_t i = 0; i < x->n_ev; i++) {
        dk_event_fini(&x->ev[i].e);
        cJSON_Delete(x->ev[i].body);
    }
    for (size_t i = 0; i < x->n_clock; i++)
        free(x->clock[i].set);
    free(x->ev);
    free(x->clock);
    free(x->want);
    free(x->trouble);
    free(x->t.buf);
    dk_case_free(x->c);
}

/* ---- what the policy answers ---- */

static int note_trouble(struct explain *x, uint32_t n, bool again,
                        const struct dk_problem *why)
{
    void *v = x->trouble;
    int rc = grow(&v, x->n_trouble, &x->cap_trouble, sizeof *x->trouble);

    x->trouble = v;
    if (rc == 0)
        x->trouble[x->n_trouble++] =
            (struct ex_trouble){.n = n, .again = again, .why = *why};
    return rc;
}

static int note_want(struct explain *x, uint32_t cause,
                     const struct dk_clock *k)
{
    void *v = x->want;
    int rc = grow(&v, x->n_want, &x->cap_want, sizeof *x->want);

    x->want = v;
    if (rc == 0)
        x->want[x->n_want++] = (struct ex_want){.cause = cause, .k = *k};
    return rc;
}

/* Ask the policy about the event, in the case as it is now.  1: an earlier
 * event must be answered first.
 */
static int ask(struct explain *x, const struct dk_event *e,
               struct dk_problem *why)
{
    struct dk_clock out[DK_CLOCKS_MAX];
    int n = dk_policy_clocks(x->by->policy, x->by->calendar, x->c, e, out,
                             DK_CLOCKS_MAX, why);
    int rc = 0;

    if (n == DK_ENOMEM)
        return n;
    if (n < 0)
        return 1;
    for (int i = 0; i < n && rc == 0; i++)
        if (!dk_clock_has(x->c, &out[i]))
            rc = note_want(x, e->n, &out[i]);
    return rc;
}

static int ask_or_note(struct explain *x, const struct dk_event *e)
{
    struct dk_problem why = {0};
    int rc = ask(x, e, &why);

    return rc == 1 ? note_trouble(x, e->n, why.code == DK_ESTATE, &why) : rc;
}

/* A clock was set: what waited for that may be asked about now. */
static int ask_again(struct explain *x)
{
    size_t kept = 0;
    int rc = 0;

    for (size_t i = 0; i < x->n_trouble; i++) {
        struct ex_trouble t = x->trouble[i];
        int got = 1;

        if (t.again && rc == 0)
            got = ask(x, &x->ev[t.n - 1].e, &t.why);
        if (got < 0)
            rc = got;
        if (got != 0)
            x->trouble[kept++] = t;
    }
    x->n_trouble = kept;
    return rc;
}

/* ---- what the case has ---- */

static struct ex_clock *find_clock(struct explain *x, const char *id,
                                   uint32_t no)
{
    for (size_t i = 0; i < x->n_clock; i++)
        if (x->clock[i].k.no == no && strcmp(x->clock[i].k.id, id) == 0)
            return &x->clock[i];
    return NULL;
}

static struct ex_clock *add_clock(struct explain *x, const struct dk_clock *k)
{
    void *v = x->clock;
    int rc = grow(&v, x->n_clock, &x->cap_clock, sizeof *x->clock);

    x->clock = v;
    if (rc != 0)
        return NULL;
    for (size_t i = 0; i < x->n_clock; i++)
        if (strcmp(x->clock[i].k.id, k->id) == 0)
            x->clock[i].replaced = true;
    x->clock[x->n_clock] = (struct ex_clock){.k = *k};
    return &x->clock[x->n_clock++];
}

/* The want that a setting came of: the first that gives the same, else the
 * first for this start.
 */
static struct ex_want *match(struct explain *x, const struct dk_clock *k)
{
    struct ex_want *first = NULL;

    for (size_t i = 0; i < x->n_want; i++) {
        struct ex_want *w = &x->want[i];

        if (w->used || w->k.basis != k->basis || strcmp(w->k.id, k->id) != 0)
            continue;
        if (w->k.due_at == k->due_at)
            return w;
        if (first == NULL)
            first = w;
    }
    return first;
}

static int note_set(struct explain *x, const struct ex_event *e)
{
    const char *id = ex_str(e, "clock");
    int i = id != NULL ? dk_clock_find(x->c, id) : -1;

    if (i < 0)
        return DK_EFIELD; /* it was just set */
    const struct dk_clock *k = &x->c->clock[i];
    struct ex_clock *ec = find_clock(x, id, k->no);
    if (ec == NULL)
        ec = add_clock(x, k);
    if (ec == NULL)
        return DK_ENOMEM;
    void *v = ec->set;
    int rc = grow(&v, ec->n_set, &ec->cap_set, sizeof *ec->set);
    ec->set = v;
    if (rc != 0)
        return rc;
    struct ex_want *w = match(x, k);
    struct ex_set *s = &ec->set[ec->n_set++];
    *s = (struct ex_set){.n = e->e.n, .computed = DK_NEVER, .k = *k};
    if (w == NULL)
        return 0;
    s->cause = w->cause;
    s->computed = w->k.due_at;
    w->used = true;
    return 0;
}

static void keep_clocks(struct explain *x)
{
    for (int i = 0; i < x->c->n_clock; i++) {
        const struct dk_clock *k = &x->c->clock[i];
        struct ex_clock *ec = find_clock(x, k->id, k->no);

        if (ec != NULL)
            ec->k = *k;
    }
}

/* ---- the events ---- */

static int take(struct explain *x, struct ex_event *e)
{
    bool answered = (dk_ev_services(e->e.type) & BIT(DK_SVC_DEADLINE)) != 0;
    int rc;

    memcpy(e->unit_before, x->c->unit, sizeof e->unit_before);
    rc = dk_case_evolve(x->c, &e->e);
    if (rc != 0)
        return rc;
    e->effective = dk_event_effective(x->c, &e->e);
    e->after = x->c->state;
    if (e->e.type == DK_EV_CLOCK_SET) {
        rc = note_set(x, e);
        if (rc == 0)
            rc = ask_again(x);
    } else if (answered) {
        rc = ask_or_note(x, &e->e);
    }
    keep_clocks(x);
    return rc;
}

static int read_event(struct explain *x, const cJSON *o, struct dk_problem *p)
{
    struct ex_event *e = &x->ev[x->n_ev];
    int rc = dk_event_read(o, &e->e, p);

    if (rc != 0)
        return rc;
    x->n_ev++;
    e->e.key = x->key;
    rc =
        dk_json_parse_obj(e->e.body, e->e.body_len, e->e.body_len, &e->body, p);
    if (rc == 0)
        rc = take(x, e);
    if (rc == 0)
        return 0;
    return dk_failf(p, rc == DK_ENOMEM ? rc : DK_EJSON, "/events",
                    "event %u does not follow from the ones before it: it is "
                    "damaged, or of a newer docket",
                    "第 %u 号事件与此前的事件不衔接：已损坏，或来自更新的版本",
                    e->e.n);
}

static int read_number(struct explain *x, const cJSON *doc, const cJSON *events,
                       struct dk_problem *p)
{
    const cJSON *c = cJSON_GetObjectItemCaseSensitive(doc, "case");
    const cJSON *from = cJSON_IsObject(c) ? c : cJSON_GetArrayItem(events, 0);
    const char *no = NULL;
    int rc = dk_json_str(from, "case_no", DK_REQUIRED, 1, DK_CASE_NO_MAX - 1,
                         &no, NULL, p);

    if (rc == 0 && dk_case_no_parse(no, &x->county, &x->key) != 0)
        rc = dk_fail(p, DK_EFIELD, "/case/case_no", "this is not a case number",
                     "案件编号不正确");
    if (rc == 0)
        dk_case_no_format(x->county, x->key, x->no);
    return rc;
}

/* Does the stored case say the same as its events?  One that has fewer or more
 * of them was read at another moment and says nothing.
 */
static int compare(struct explain *x, const cJSON *doc, struct dk_problem *p)
{
    const cJSON *o = cJSON_GetObjectItemCaseSensitive(doc, "case");
    struct dk_jw a = {0}, b = {0};
    struct dk_case *c = NULL;
    int rc = 0;

    if (cJSON_IsObject(o))
        rc = dk_case_read(o, &c, p);
    if (c == NULL || rc != 0)
        return rc;
    dk_case_write(&a, NULL, c, x->county, 0);
    dk_case_write(&b, NULL, x->c, x->county, 0);
    if (a.oom || b.oom)
        rc = dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    else
        x->differs = c->n == x->c->n && strcmp(a.buf, b.buf) != 0;
    dk_jw_fini(&a);
    dk_jw_fini(&b);
    dk_case_free(c);
    return rc;
}

static void count_all(struct explain *x)
{
    for (size_t i = 0; i < x->n_clock; i++) {
        struct ex_clock *k = &x->clock[i];

        k->count_rc = dk_policy_count(x->by->policy, x->by->calendar, x->c,
                                      &k->k, &k->count, &k->count_why);
    }
}

int ex_replay(struct explain *x, const cJSON *doc, struct dk_problem *p)
{
    const cJSON *events = NULL, *o;
    int rc =
        dk_json_arr(doc, "events", DK_REQUIRED, 1, INT32_MAX, &events, NULL, p);

    x->now = DK_NEVER;
    if (rc == 0)
        rc = dk_json_time(doc, "now", DK_OPTIONAL, &x->now, NULL, p);
    if (rc == 0)
        rc = read_number(x, doc, events, p);
    if (rc != 0)
        return rc;
    x->ev = calloc((size_t)cJSON_GetArraySize(events), sizeof *x->ev);
    x->c = dk_case_new();
    if (x->ev == NULL || x->c == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    cJSON_ArrayForEach (o, events) {
        rc = read_event(x, o, p);
        if (rc != 0)
            return rc;
    }
    if (x->now == DK_NEVER)
        x->now = x->ev[x->n_ev - 1].e.at;
    count_all(x);
    return compare(x, doc, p);
}
