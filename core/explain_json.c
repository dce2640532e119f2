/* explain_json.c - the explanation for programs: the same facts as the text.
 */
#include <string.h>

#include "clock.h"
#include "explain_impl.h"

static void write_time(const struct explain *x, struct dk_jw *w,
                       const char *key, dk_ms t)
{
    dk_jw_time(w, key, t, t == DK_NEVER ? 0 : dk_zone_offset(x->zone, t));
}

static void write_day(struct dk_jw *w, const char *key, int64_t day)
{
    char buf[16];

    dk_date_format(dk_date_from_days(day), buf);
    dk_jw_str(w, key, buf);
}

static void write_ref(struct dk_jw *w, const char *key, uint32_t n)
{
    if (n > 0)
        dk_jw_int(w, key, n);
    else
        dk_jw_null(w, key);
}

/* ---- the steps ---- */

/* What was decided, without what people wrote at length. */
static const char *const told[] = {
    "unit",  "handler", "load",        "rule",        "why",        "body",
    "clock", "days",    "report_days", "approved_by", "ground",     "document",
    "way",   "number",  "result",      "manner",      "relation",   "to",
    "by",    "undone",  "need",        "until",       "answer_days"};

static void write_step(const struct explain *x, struct dk_jw *w,
                       const struct ex_event *e)
{
    dk_jw_obj(w, NULL);
    dk_jw_int(w, "n", e->e.n);
    dk_jw_str(w, "type", dk_ev_name(e->e.type));
    write_time(x, w, "at", e->e.at);
    write_time(x, w, "claimed_at", e->e.claimed);
    write_time(x, w, "counts_from", e->effective);
    dk_jw_str(w, "actor", e->e.actor);
    dk_jw_str(w, "state", dk_state_name(e->after));
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        const cJSON *v = cJSON_GetObjectItemCaseSensitive(e->body, told[i]);

        if (v != NULL && !cJSON_IsNull(v))
            dk_jw_cjson(w, told[i], v);
    }
    dk_jw_end_obj(w);
}

static void write_steps(const struct explain *x, struct dk_jw *w)
{
    dk_jw_arr(w, "steps");
    for (size_t i = 0; i < x->n_ev; i++)
        if (!dk_ev_is_bookkeeping(x->ev[i].e.type) ||
            x->ev[i].e.type == DK_EV_ALERT_MUTED)
            write_step(x, w, &x->ev[i]);
    dk_jw_end_arr(w);
}

/* ---- now ---- */

static void write_co(const struct explain *x, struct dk_jw *w)
{
    dk_jw_arr(w, "co_handlers");
    for (int i = 0; i < x->c->n_co; i++) {
        const struct dk_co_handler *co = &x->c->co[i];

        dk_jw_obj(w, NULL);
        dk_jw_str(w, "unit", co->unit);
        dk_jw_str(w, "handler", co->handler[0] != '\0' ? co->handler : NULL);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
}

static void write_no(const struct explain *x, struct dk_jw *w, const char *key,
                     int64_t k)
{
    char no[DK_CASE_NO_MAX];

    if (k != 0)
        dk_case_no_format(x->county, k, no);
    dk_jw_str(w, key, k != 0 ? no : NULL);
}

static void write_now(const struct explain *x, struct dk_jw *w)
{
    const struct dk_case *c = x->c;

    dk_jw_str(w, "case_no", x->no);
    write_time(x, w, "as_of", x->now);
    dk_jw_int(w, "n", c->n);
    dk_jw_bool(w, "differs_from_events", x->differs);
    dk_jw_str(w, "state", dk_state_name(c->state));
    dk_jw_str(w, "waits_for", ex_waits_for(x));
    dk_jw_str(w, "owner", dk_case_owner(c));
    write_ref(w, "owner_since", ex_owner_since(x));
    dk_jw_str(w, "unit", c->unit[0] != '\0' ? c->unit : NULL);
    dk_jw_str(w, "handler", c->handler[0] != '\0' ? c->handler : NULL);
    dk_needs_write(w, "needs", c->needs);
    dk_jw_str(w, "urgent",
              c->urgent != 0 ? dk_need_names[c->urgent - 1] : NULL);
    write_ref(w, "urgent_since", c->last_n[DK_EV_PRIORITISED]);
    write_co(x, w);
    write_no(x, w, "repeat_of", c->repeat_of);
    write_no(x, w, "group", c->group);
    dk_jw_int(w, "repeats", c->repeats);
}

/* ---- limits ---- */

static void write_runs(const struct explain *x, struct dk_jw *w,
                       const struct ex_leg *l)
{
    static const char *const kinds[] = {"counted", "rest", "holiday"};
    struct ex_run r = {.to = l->told_to, .upto = l->told};

    dk_jw_arr(w, "stretches");
    while (r.to < l->counted) {
        r = ex_run_from(x, l->working, r.to + 1, l->counted, r.upto);
        dk_jw_obj(w, NULL);
        dk_jw_str(w, "kind", kinds[r.kind]);
        write_day(w, "from", r.from);
        write_day(w, "to", r.to);
        dk_jw_int(w, "days", r.to - r.from + 1);
        dk_jw_int(w, "counted", r.upto);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
}

/* The days of a setting: each sum goes on where the one before it ended. */
static void write_sum(const struct explain *x, struct dk_jw *w,
                      const struct ex_sum *s)
{
    static const char *const whys[] = {"length", "held", "extended"};

    dk_jw_arr(w, "sums");
    for (int i = 0; i < s->n; i++) {
        const struct ex_leg *l = &s->leg[i];

        dk_jw_obj(w, NULL);
        dk_jw_str(w, "because_of", whys[l->why]);
        write_day(w, "day_0", l->day0);
        dk_jw_int(w, "days", l->days);
        dk_jw_str(w, "in", l->working ? "working" : "natural");
        dk_jw_int(w, "counted_before", l->told);
        write_runs(x, w, l);
        write_day(w, "counted_to", l->counted);
        dk_jw_bool(w, "moved", l->last != l->counted);
        dk_jw_bool(w, "unknown_year", l->unknown);
        write_day(w, "last_day", l->last);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
    if (s->rc == 0)
        dk_jw_bool(w, "sums_agree", s->agrees);
    else
        dk_jw_null(w, "sums_agree");
}

static void write_sets(const struct explain *x, struct dk_jw *w,
                       const struct ex_clock *k)
{
    bool agrees = true;

    dk_jw_arr(w, "set");
    for (size_t i = 0; i < k->n_set; i++) {
        const struct ex_set *s = &k->set[i];
        const struct ex_event *cause = ex_event(x, s->cause);
        struct ex_sum sum;

        ex_sum(x, k, i, &sum);
        dk_jw_obj(w, NULL);
        dk_jw_int(w, "n", s->n);
        write_ref(w, "because_of", s->cause);
        dk_jw_str(w, "type", cause != NULL ? dk_ev_name(cause->e.type) : NULL);
        write_time(x, w, "due_at", s->k.due_at);
        write_day(w, "last_day", ex_day(x, s->k.due_at - 1));
        dk_jw_int(w, "extended_days", s->k.extended_days);
        dk_jw_int(w, "held_days", s->k.held_days);
        write_time(x, w, "recomputed_due_at", s->computed);
        dk_jw_bool(w, "agrees", !ex_set_differs(s));
        write_sum(x, w, &sum);
        dk_jw_end_obj(w);
        agrees = agrees && !ex_set_differs(s);
    }
    dk_jw_end_arr(w);
    dk_jw_bool(w, "agrees", agrees);
}

static void write_roles(const struct explain *x, struct dk_jw *w,
                        const struct ex_clock *k, const char *rung)
{
    const char *roles[8], *level = NULL;
    int n =
        dk_policy_ladder(x->by->policy, x->c, k->k.id, rung, &level, roles, 8);

    dk_jw_str(w, "level", n > 0 ? level : NULL);
    dk_jw_arr(w, "tell");
    for (int i = 0; i < n; i++) {
        dk_jw_obj(w, NULL);
        dk_jw_str(w, "role", roles[i]);
        dk_jw_str(w, "id",
                  x->by->book != NULL
                      ? dk_book_role(x->by->book, x->c, roles[i])
                      : NULL);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
}

static void write_rung(const struct explain *x, struct dk_jw *w,
                       const struct ex_clock *k, const char *id, dk_ms at)
{
    bool skipped = false;
    const struct ex_event *fired = ex_fired(x, k, id, &skipped);
    const struct ex_event *alert = ex_alert(x, k, id);
    const struct ex_event *ack = alert != NULL ? ex_acked(x, alert->e.n) : NULL;

    dk_jw_obj(w, NULL);
    dk_jw_str(w, "id", id);
    write_time(x, w, "at", at);
    write_roles(x, w, k, id);
    write_ref(w, "fired", fired != NULL ? fired->e.n : 0);
    dk_jw_bool(w, "passed_over", skipped);
    write_ref(w, "alert", alert != NULL ? alert->e.n : 0);
    dk_jw_cjson(w, "told",
                alert != NULL
                    ? cJSON_GetObjectItemCaseSensitive(alert->body, "to")
                    : NULL);
    write_ref(w, "acknowledged", ack != NULL ? ack->e.n : 0);
    dk_jw_end_obj(w);
}

static void write_rungs(const struct explain *x, struct dk_jw *w,
                        const struct ex_clock *k)
{
    dk_jw_arr(w, "rungs");
    for (int i = 0; i < k->k.n_rung; i++)
        write_rung(x, w, k, k->k.rung[i].id, k->k.rung[i].at);
    if (k->k.repeat_days > 0)
        write_rung(x, w, k, DK_RUNG_REPEAT_ID, k->k.repeat_at);
    dk_jw_end_arr(w);
    dk_jw_int(w, "repeat_days", k->k.repeat_days);
}

static void write_clock(const struct explain *x, struct dk_jw *w,
                        const struct ex_clock *k)
{
    const struct ex_event *start = ex_event(x, k->k.basis);
    const struct ex_event *set = ex_event(x, k->set[0].n);
    const struct ex_event *stop = ex_stopper(x, k);

    dk_jw_obj(w, NULL);
    dk_jw_str(w, "clock", k->k.id);
    dk_jw_int(w, "no", k->k.no);
    dk_jw_str(w, "name", ex_clock_name(x, k->k.id));
    dk_jw_str(w, "state", dk_clock_state_names[k->k.state]);
    dk_jw_bool(w, "late", k->k.late);
    dk_jw_bool(w, "replaced", k->replaced);
    dk_jw_str(w, "policy", ex_str(set, "policy"));
    dk_jw_str(w, "version", ex_str(set, "version"));
    dk_jw_int(w, "basis", k->k.basis);
    dk_jw_str(w, "started_by",
              start != NULL ? dk_ev_name(start->e.type) : NULL);
    write_time(x, w, "started_at", k->k.started_at);
    dk_jw_str(w, "article", k->count_rc == 0 ? k->count.article : NULL);
    dk_jw_bool(w, "verified", k->count_rc == 0 && k->count.verified);
    write_sets(x, w, k);
    write_time(x, w, "due_at", k->k.due_at);
    dk_jw_str(w, "on_due", dk_on_due_names[k->k.on_due]);
    write_rungs(x, w, k);
    dk_jw_int(w, "extend_times", k->k.extend_times);
    dk_jw_int(w, "extend_days", k->k.extend_days);
    write_time(x, w, "stopped_at", k->k.stopped_at);
    write_ref(w, "stopped_by", stop != NULL ? stop->e.n : 0);
    dk_jw_end_obj(w);
}

static void write_missing(const struct explain *x, struct dk_jw *w)
{
    dk_jw_arr(w, "missing");
    for (size_t i = 0; i < x->n_want; i++) {
        const struct ex_want *want = &x->want[i];

        if (!ex_is_missing(x, want))
            continue;
        dk_jw_obj(w, NULL);
        dk_jw_str(w, "clock", want->k.id);
        dk_jw_int(w, "because_of", want->cause);
        write_time(x, w, "due_at", want->k.due_at);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
    dk_jw_arr(w, "troubles");
    for (size_t i = 0; i < x->n_trouble; i++) {
        dk_jw_obj(w, NULL);
        dk_jw_int(w, "n", x->trouble[i].n);
        dk_jw_str(
            w, "detail",
            EX_T(x, x->trouble[i].why.detail, x->trouble[i].why.detail_zh));
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
}

void ex_write_json(const struct explain *x, struct dk_jw *w)
{
    dk_jw_obj(w, NULL);
    write_now(x, w);
    write_steps(x, w);
    dk_jw_arr(w, "clocks");
    for (size_t i = 0; i < x->n_clock; i++)
        write_clock(x, w, &x->clock[i]);
    dk_jw_end_arr(w);
    write_missing(x, w);
    dk_jw_end_obj(w);
}
