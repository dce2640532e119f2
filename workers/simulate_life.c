#include "simulate_life.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/decide.h"
#include "core/tally.h"
#include "simulate_span.h"

/* Events are numbered in steps, so that one that only the other law brings has
 * room between two of the history.
 */
#define STEP 64
_Static_assert((int64_t)SIM_N_MAX *STEP < UINT32_MAX, "steps fit");

/* One of the two lives while it is lived. */
struct side {
    const struct sim_law *law;
    struct dk_case *c;
    struct sim_limits *out;
    /* Of each clock: its end was seen, and who had the case just before. */
    bool ended[DK_CLOCKS_MAX];
    char unit[DK_CLOCKS_MAX][DK_ID_MAX + 1];
};

static int no_memory(struct dk_problem *p)
{
    return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
}

/* ---- limits -------------------------------------------------------------- */

static struct sim_limit *new_limit(struct sim_limits *s)
{
    if (s->n == s->cap) {
        size_t cap = s->cap != 0 ? s->cap * 2 : 16;
        struct sim_limit *v = realloc(s->v, cap * sizeof(*v));

        if (v == NULL)
            return NULL;
        s->v = v;
        s->cap = cap;
    }
    return &s->v[s->n++];
}

static void put_unit(char to[DK_ID_MAX + 1], const char *unit)
{
    size_t len = strlen(unit);

    memcpy(to, unit, len + 1);
}

/* Days from the last day of a limit to `end`, without those on which it stood
 * still.
 */
static int64_t days_after(const struct dk_zone *z, const struct dk_clock *k,
                          dk_ms end)
{
    int64_t days =
        dk_zone_day(z, end) - dk_zone_day(z, k->due_at - 1) - k->late_days;

    return days > 1 ? days : 1;
}

/* Note how clock `i` came out.  `until`: where it ends if it has not stopped.
 */
static int finish(struct side *s, int i, dk_ms until)
{
    const struct dk_clock *k = &s->c->clock[i];
    dk_ms end = k->state == DK_CLOCK_STOPPED ? k->stopped_at : until;
    struct sim_limit *l;

    if (k->on_due != DK_DUE_OVERDUE)
        return 0;
    l = new_limit(s->out);
    if (l == NULL)
        return DK_ENOMEM;
    memcpy(l->clock, k->id, sizeof(l->clock));
    put_unit(l->unit, s->ended[i] ? s->unit[i] : dk_tally_holder(s->c));
    l->basis = k->basis / STEP;
    l->due = k->due_at;
    l->late = k->late || (k->state == DK_CLOCK_RUNNING && end >= k->due_at);
    l->days = 0;
    if (l->late)
        l->days = days_after(dk_calendar_zone(s->law->calendar), k, end);
    return 0;
}

/* Note who had the case when a clock came to its end. */
static void watch(struct side *s, const char *holder)
{
    for (int i = 0; i < s->c->n_clock; i++) {
        const struct dk_clock *k = &s->c->clock[i];

        if (s->ended[i] ||
            (k->state != DK_CLOCK_STOPPED && k->state != DK_CLOCK_LAPSED))
            continue;
        s->ended[i] = true;
        put_unit(s->unit[i], holder);
    }
}

static int set_clock(struct side *s, const struct dk_clock *k)
{
    int i = dk_clock_find(s->c, k->id);
    int rc;

    if (i >= 0 && s->c->clock[i].basis < k->basis) {
        rc = finish(s, i, k->started_at);
        if (rc != 0)
            return rc;
        s->ended[i] = false;
    }
    rc = dk_clock_put(s->c, k);
    if (rc == 0)
        watch(s, dk_tally_holder(s->c));
    return rc < 0 ? rc : 0;
}

static int finish_all(struct side *s)
{
    int rc = 0;

    for (int i = 0; rc == 0 && i < s->c->n_clock; i++)
        rc = finish(s, i, s->law->to);
    return rc;
}

/* ---- events -------------------------------------------------------------- */

/* The event as the core wants it; its body stays the caller's. */
static struct dk_event event_of(const struct sim_event *e, char *more)
{
    return (struct dk_event){.key = e->key,
                             .n = e->n * STEP,
                             .type = (enum dk_ev)e->type,
                             .at = e->at,
                             .claimed = e->claimed,
                             .actor = "history",
                             .body = more,
                             .body_len = e->len};
}

static int happen(struct side *s, const struct dk_event *e)
{
    char holder[DK_ID_MAX + 1];
    int rc;

    put_unit(holder, dk_tally_holder(s->c));
    s->c->key = e->key;
    s->c->n = e->n - 1; /* what is left out has a number too */
    rc = dk_case_evolve(s->c, e);
    if (rc == 0)
        watch(s, holder);
    return rc;
}

/* ---- as it was ----------------------------------------------------------- */

/* When it counts: of docket's own notes in a case brought in with its history,
 * the time that they speak of.
 */
static dk_ms then_when(const struct dk_case *c, const struct sim_event *e,
                       char *more, const struct dk_clock *k)
{
    struct dk_event ev = event_of(e, more);
    struct span key, value;
    struct members m;
    dk_ms at = e->at;

    if (e->type == DK_EV_CLOCK_SET)
        return c->imported ? k->started_at : e->at;
    if (e->type != DK_EV_CLOCK_FIRED || !c->imported)
        return dk_event_effective(c, &ev);
    members_open(&m, (struct span){more, e->len});
    while (members_next(&m, &key, &value)) {
        if (span_is(key, "at") && span_time(value, &at) != 0)
            at = e->at;
    }
    return at;
}

static int then_event(struct side *s, const struct sim_event *e, char *more,
                      bool *skipped)
{
    struct dk_event ev = event_of(e, more);
    struct dk_clock k;
    int rc;

    if (e->len == 0) /* an alert, or a warning */
        return 0;
    if (e->type == DK_EV_CLOCK_SET) {
        if (!sim_clock_unpack(more, e->len, &k))
            return DK_EBUG;
        k.basis = k.basis <= SIM_N_MAX ? k.basis * STEP : UINT32_MAX;
    }
    if (s->c->n > 0 && then_when(s->c, e, more, &k) > s->law->to) {
        *skipped = true;
        return 0;
    }
    if (e->type != DK_EV_CLOCK_SET)
        rc = happen(s, &ev);
    else
        rc = k.basis <= s->c->n ? set_clock(s, &k) : DK_EFIELD;
    /* What rests on something left out cannot happen either. */
    return rc != DK_ENOMEM && *skipped ? 0 : rc;
}

static int live_then(struct side *s, const struct sim_event *const ev[],
                     char *const more[], size_t n, struct dk_problem *p)
{
    bool skipped = false;

    for (size_t i = 0; i < n; i++) {
        enum dk_ev type = (enum dk_ev)ev[i]->type;
        int rc = then_event(s, ev[i], more[i], &skipped);

        if (rc == DK_ENOMEM)
            return no_memory(p);
        if (rc != 0)
            return dk_failf(p, DK_ESTATE, NULL,
                            "event %u, \"%s\", cannot follow on the events "
                            "before it",
                            "第%u号事件“%s”与其之前的事件不符", ev[i]->n,
                            dk_ev_name(type));
    }
    return finish_all(s) == 0 ? 0 : no_memory(p);
}

/* ---- under the other law ------------------------------------------------- */

static int answer(struct side *s, const struct dk_event *e,
                  struct dk_problem *why)
{
    struct dk_clock out[DK_CLOCKS_MAX];
    int n, rc = 0;

    if ((dk_ev_services(e->type) & 1U << DK_SVC_DEADLINE) == 0)
        return 0;
    n = dk_policy_clocks(s->law->policy, s->law->calendar, s->c, e, out,
                         DK_CLOCKS_MAX, why);
    for (int i = 0; rc == 0 && i < n; i++) {
        sim_clock_bare(&out[i]);
        out[i].repeat_at = out[i].repeat_days = 0;
        rc = set_clock(s, &out[i]);
    }
    if (rc != 0)
        return rc == DK_ENOMEM ? no_memory(why)
                               : dk_fail(why, rc, NULL, NULL, NULL);
    return n < 0 ? n : 0;
}

static int happen_now(struct side *s, const struct dk_event *e,
                      struct dk_problem *why)
{
    int rc = happen(s, e);

    if (rc == 0)
        return answer(s, e, why);
    return dk_failf(why, rc, NULL, "event %u, \"%s\", cannot be read",
                    "无法读取第%u号事件“%s”", e->n / STEP, dk_ev_name(e->type));
}

/* Let the limits pass that end until `t`, each on its own day. */
static int pass(struct side *s, dk_ms t, struct dk_problem *why)
{
    const struct dk_command fire = {.action = DK_ACT_FIRE,
                                    .by = DK_BY_BROKER,
                                    .actor = "docketd",
                                    .claimed = DK_NEVER};
    struct dk_env env = {.county = 0};
    int rc = 0;

    for (dk_ms at = dk_case_next(s->c); rc == 0 && at <= t;
         at = dk_case_next(s->c)) {
        struct dk_events es = {0};

        env.now = at;
        rc = dk_decide(s->c, &fire, &env, &es, why);
        for (size_t i = 0; rc == 0 && i < es.n; i++)
            rc = happen_now(s, &es.v[i], why);
        if (rc == 0 && es.n == 0)
            rc = dk_fail(why, DK_EBUG, NULL, NULL, NULL);
        dk_events_fini(&es);
    }
    return rc;
}

/* Would this law have allowed the extension? */
static bool may_extend(const struct dk_case *c, const struct dk_event *e)
{
    struct dk_command cmd = {.action = DK_ACT_EXTEND,
                             .by = DK_BY_CLIENT,
                             .actor = "office:history",
                             .claimed = e->claimed};
    struct dk_env env = {.now = e->at};
    struct dk_events es = {0};
    cJSON *body = NULL, *args = cJSON_CreateObject();
    static const char *const taken[] = {"clock", "days", "approved_by",
                                        "reason"};
    bool may = false;

    if (args != NULL && dk_json_parse_obj(e->body, e->body_len, e->body_len,
                                          &body, NULL) == 0) {
        for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
            (void)cJSON_AddItemToObject(
                args, taken[i],
                cJSON_DetachItemFromObjectCaseSensitive(body, taken[i]));
        cmd.args = args;
        may = dk_decide(c, &cmd, &env, &es, NULL) == 0;
    }
    dk_events_fini(&es);
    cJSON_Delete(body);
    cJSON_Delete(args);
    return may;
}

static bool is_allowed(const struct dk_case *c, const struct dk_event *e,
                       dk_ms at)
{
    return dk_fsm_next(c->state, e->type) >= 0 &&
           dk_clock_forbids(c, e->type, at) < 0 &&
           (e->type != DK_EV_EXTENDED || may_extend(c, e));
}

/* One thing that people did. */
static int now_event(struct sim_life *l, struct side *s,
                     const struct dk_event *e)
{
    dk_ms at = dk_event_effective(s->c, e);
    int rc;

    if (s->c->n == 0) {
        rc = happen(s, e);
        if (rc == 0 && s->law->law_of != DK_NEVER)
            s->c->submitted_at = s->law->law_of;
        return rc == 0 ? answer(s, e, &l->why) : rc;
    }
    if (at > s->law->to)
        return 0;
    rc = pass(s, at, &l->why);
    if (rc != 0)
        return rc;
    if (is_allowed(s->c, e, at))
        return happen_now(s, e, &l->why);
    /* What follows from a refusal is none of its own.  Closing a case that is
     * closed is nobody's loss.
     */
    if (l->refused < 0 && e->type != DK_EV_CLOSED)
        l->refused = (int)e->type;
    return 0;
}

static int live_now(struct sim_life *l, struct side *s,
                    const struct sim_event *const ev[], char *const more[],
                    size_t n, struct dk_problem *p)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct dk_event e = event_of(ev[i], more[i]);

        if (!dk_ev_is_bookkeeping(e.type) && !ev[i]->by_window)
            rc = now_event(l, s, &e);
    }
    if (rc == 0)
        rc = pass(s, s->law->to, &l->why);
    if (rc == 0)
        rc = finish_all(s);
    if (rc == DK_ENOMEM)
        return no_memory(p);
    l->uncounted = rc != 0;
    return 0;
}

/* ---- both ---------------------------------------------------------------- */

static int check_numbers(const struct sim_event *const ev[], size_t n,
                         struct dk_problem *p)
{
    for (size_t i = 0; i < n; i++) {
        if (ev[i]->n != i + 1)
            return dk_failf(p, DK_ESTATE, NULL,
                            "event %zu is missing, there is event %u instead; "
                            "export the history from its beginning",
                            "缺少第%zu号事件，其位置上为第%u号；"
                            "请从头导出历史",
                            i + 1, ev[i]->n);
    }
    return 0;
}

static int renew(struct dk_case **c)
{
    dk_case_free(*c);
    *c = dk_case_new();
    return *c != NULL ? 0 : DK_ENOMEM;
}

int sim_life_run(struct sim_life *l, const struct sim_law *law,
                 const struct sim_event *const ev[], char *const more[],
                 size_t n, struct dk_problem *p)
{
    struct side then = {.law = law, .out = &l->was};
    struct side now = {.law = law, .out = &l->is};
    int rc;

    l->left_out = l->uncounted = false;
    l->refused = -1;
    l->was.n = l->is.n = 0;
    dk_problem_clear(&l->why);
    if (renew(&l->then) != 0 || renew(&l->now) != 0)
        return no_memory(p);
    then.c = l->then;
    now.c = l->now;
    rc = check_numbers(ev, n, p);
    if (rc == 0)
        rc = live_then(&then, ev, more, n, p);
    if (rc != 0)
        return rc;
    if (then.c->submitted_at < law->from || then.c->submitted_at > law->to) {
        l->left_out = true;
        return 0;
    }
    return live_now(l, &now, ev, more, n, p);
}

void sim_life_fini(struct sim_life *l)
{
    dk_case_free(l->then);
    dk_case_free(l->now);
    free(l->was.v);
    free(l->is.v);
    *l = (struct sim_life){0};
}
