/* policy_answer.c - which clocks an event starts, and which it moves. */
#include <string.h>

#include "clock.h"
#include "policy_impl.h"

#define BIT(ev) (UINT64_C(1) << (ev))

struct answering {
    struct pol_counter x;
    const struct dk_policy *p;
    const struct dk_case *c;
    const struct dk_event *e;
    const cJSON *body;
    dk_ms at; /* when the event counts as done */
    struct dk_clock *out;
    int n, cap;
};

static int add(struct answering *a, const struct dk_clock *k)
{
    if (a->n == a->cap)
        return dk_fail(a->x.why, DK_EBUG, NULL, NULL, NULL);
    a->out[a->n++] = *k;
    return 0;
}

/* The clock of the case of this id, or NULL. */
static const struct dk_clock *clock_of(const struct answering *a,
                                       const struct pol_clock *k)
{
    int i = dk_clock_find(a->c, k->id);

    return i >= 0 ? &a->c->clock[i] : NULL;
}

/* ---- starting ---- */

bool pol_is_owed(const struct pol_clock *k, const struct dk_case *c)
{
    return (k->only_kind == 0 || (k->only_kind & BIT(c->kind)) != 0) &&
           (k->only_channel == 0 || (k->only_channel & BIT(c->channel)) != 0) &&
           (!k->only_reachable || !c->unreachable) &&
           (k->only_urgent == 0 || (k->only_urgent > 0) == (c->urgent != 0));
}

/* Is the event about one of the papers that start the clock? */
static bool is_about(const struct answering *a, const struct pol_clock *k)
{
    const char *name = cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(a->body, "document"));
    int i = 0;

    if (k->only_document == 0 || name == NULL)
        return true;
    while (pol_document_names[i] != NULL &&
           strcmp(pol_document_names[i], name) != 0)
        i++;
    return (k->only_document & BIT(i)) != 0;
}

/* What becomes of a start while the clock runs already?  False: the clock stays
 * as it is.  An older event that is answered after a newer one may still have
 * the better claim: then the clock that the newer one started is moved.
 */
static bool takes_place(const struct answering *a, const struct pol_clock *k,
                        struct dk_clock *new_one)
{
    const struct dk_clock *have = clock_of(a, k);

    if (k->again == POL_ANEW || have == NULL || have->basis == new_one->basis ||
        (have->state != DK_CLOCK_RUNNING && have->state != DK_CLOCK_HELD))
        return true;
    if (k->again == POL_LATER ? new_one->due_at <= have->due_at
                              : new_one->due_at >= have->due_at)
        return false;
    if (have->basis > new_one->basis)
        new_one->basis = have->basis;
    return true;
}

static int start_clock(struct answering *a, const struct pol_clock *k)
{
    struct dk_clock out = {
        .basis = a->e->n, .started_at = a->at, .extend_times = k->extend_times};
    int64_t days = k->days, last = 0;
    int rc = 0;

    if (k->from_event != NULL)
        rc = dk_json_int(a->body, k->from_event, DK_OPTIONAL, 1, 365, &days,
                         NULL, a->x.why);
    if (rc == 0)
        rc = pol_last_day(&a->x, k, pol_day_0(&a->x, k, a->at), (int)days,
                          &last);
    if (rc == 0) {
        out.days = (int)days;
        pol_finish(&a->x, k, last, NULL, &out);
        rc = takes_place(a, k, &out) ? add(a, &out) : 0;
    }
    /* Nobody loses a right by a day that could not be counted, and the other
     * clocks of the event need not wait for the calendar.
     */
    if (rc == DK_ENOTFOUND && k->on_due == DK_DUE_LAPSE) {
        if (a->x.why != NULL)
            *a->x.why = (struct dk_problem){0};
        rc = 0;
    }
    return rc;
}

/* ---- moving ---- */

/* Was the clock at work when the event happened?  One that an answer stopped
 * after the event still gets its right due time.
 */
static bool was_at_work(const struct answering *a, const struct dk_clock *k)
{
    if (k->state == DK_CLOCK_LAPSED || k->basis >= a->e->n)
        return false;
    return k->state != DK_CLOCK_STOPPED || k->stopped_at >= a->at;
}

/* The clock as it is, to be set anew; its last day in *last. */
static struct dk_clock same_again(const struct answering *a,
                                  const struct dk_clock *have, int64_t *last)
{
    *last = pol_day_of(&a->x, have->due_at - 1);
    return (struct dk_clock){.basis = have->basis,
                             .started_at = have->started_at,
                             .extend_times = have->extend_times,
                             .days = have->days,
                             .extended_days = have->extended_days,
                             .held_days = have->held_days,
                             .late_days = have->late_days};
}

/* Set the clock anew as `out`, with `days` more as the clock counts. */
static int move_clock(struct answering *a, const struct pol_clock *k,
                      const struct dk_clock *have, struct dk_clock *out,
                      int64_t last, int days)
{
    int rc = days > 0 ? pol_last_day(&a->x, k, last, days, &last) : 0;

    if (rc != 0)
        return rc;
    pol_finish(&a->x, k, last, have, out);
    return add(a, out);
}

static int answer_extended(struct answering *a)
{
    const char *id = "conclude";
    int64_t days = 0, last = 0;
    const struct pol_clock *k;
    const struct dk_clock *have;
    struct dk_clock out;
    int rc = dk_json_id(a->body, "clock", DK_OPTIONAL, &id, NULL, a->x.why);

    if (rc == 0)
        rc = dk_json_int(a->body, "days", DK_REQUIRED, 1, 365, &days, NULL,
                         a->x.why);
    if (rc != 0)
        return rc;
    k = pol_clock_find(a->x.v, id);
    have = k != NULL ? clock_of(a, k) : NULL;
    if (have == NULL)
        return dk_failf(a->x.why, DK_ENOTFOUND, "/clock",
                        "clock \"%s\" was extended, but %s has no such clock",
                        "期限“%s”已延期，但%.0s期限规则或案件中没有该期限", id,
                        k == NULL ? "the policy" : "the case");
    if (!was_at_work(a, have))
        return 0;
    out = same_again(a, have, &last);
    out.extended_days += (int)days;
    return move_clock(a, k, have, &out, last, (int)days);
}

/* Has the case the event that starts `k`, but not yet the clock?  Its task has
 * not been answered then, and must be before this one.
 */
static bool is_not_yet_set(const struct answering *a, const struct pol_clock *k)
{
    for (int ev = 0; ev < DK_EV_N; ev++) {
        uint32_t n = a->c->last_n[ev];
        if ((k->starts_on & BIT(ev)) != 0 && n > 0 && n < a->e->n)
            return pol_is_owed(k, a->c);
    }
    return false;
}

/* Days on which the matter stood still are not counted: the length is counted
 * on, and then moves off a day of rest, as if they had not been.  An extension
 * was added to that.
 */
static int last_when_held(const struct answering *a, const struct pol_clock *k,
                          const struct dk_clock *out, int days, int64_t *last)
{
    int64_t day0 = pol_day_0(&a->x, k, out->started_at);
    int rc;

    if (out->days == 0) /* set when clocks did not say their length */
        return pol_last_day(&a->x, k, *last, days, last);
    rc = pol_last_day(&a->x, k, day0, out->days + out->held_days, last);
    if (rc == 0 && out->extended_days > 0)
        rc = pol_last_day(&a->x, k, *last, out->extended_days, last);
    return rc;
}

static int resume_clock(struct answering *a, const struct pol_clock *k,
                        dk_ms since)
{
    const struct dk_clock *have = clock_of(a, k);
    struct dk_clock out;
    int64_t last = 0;
    int days = 0, rc;

    if (have == NULL) {
        if (!is_not_yet_set(a, k))
            return 0;
        return dk_failf(a->x.why, DK_ESTATE, NULL,
                        "clock \"%s\" of the case has not been set yet; try "
                        "again after it",
                        "案件的期限“%s”尚未设定，请稍后重试", k->id);
    }
    if (!was_at_work(a, have) || have->started_at > a->at)
        return 0;
    if (since < have->started_at)
        since = have->started_at;
    rc = pol_days_between(&a->x, k, since, a->at, &days);
    if (rc != 0)
        return rc;
    out = same_again(a, have, &last);
    if (since < have->due_at) {
        out.held_days += days;
        if (days > 0)
            rc = last_when_held(a, k, &out, days, &last);
        return rc == 0 ? move_clock(a, k, have, &out, last, 0) : rc;
    }
    if (have->state != DK_CLOCK_HELD)
        return 0;
    /* Late before it was held: what is late stays late, and only the steps
     * that come after wait for as long as the count stood still.
     */
    out.late_days += (int)(pol_day_of(&a->x, a->at) - pol_day_of(&a->x, since));
    return move_clock(a, k, have, &out, last, 0);
}

/* Since when the case stood still, by the event that ended it.  Events from
 * before it said so: the case knows the latest time only.
 */
static int read_since(const struct answering *a, enum dk_ev hold, dk_ms *since)
{
    int rc = dk_json_time(a->body, "since", DK_OPTIONAL, since, NULL, a->x.why);

    if (rc != 0 || *since != DK_NEVER)
        return rc;
    if (a->c->last_n[hold] > a->e->n)
        return dk_fail(a->x.why, DK_ESTATE, NULL,
                       "the case was held again before this was answered, and "
                       "it no longer says since when it was held the first "
                       "time",
                       "案件在处理前已再次中止，无法得知前一次中止的起始时间");
    *since = a->c->last_at[hold];
    return 0;
}

static int answer_resumed(struct answering *a)
{
    enum dk_ev hold =
        a->e->type == DK_EV_RESUMED ? DK_EV_SUSPENDED : DK_EV_OBJECTED;
    int ground = DK_GROUND_HEARING;
    dk_ms since = DK_NEVER;
    int rc = dk_json_enum(a->body, "ground", DK_OPTIONAL, dk_ground_names,
                          &ground, NULL, a->x.why);

    if (rc == 0)
        rc = read_since(a, hold, &since);
    for (int i = 0; rc == 0 && i < a->x.v->n_clock; i++) {
        const struct pol_clock *k = &a->x.v->clock[i];

        if ((k->holds_on & BIT(hold)) == 0 ||
            (hold == DK_EV_SUSPENDED && k->holds_for != 0 &&
             (k->holds_for & BIT(ground)) == 0))
            continue;
        rc = resume_clock(a, k, since);
    }
    return rc;
}

/* Somebody has seen an alert: the next rung of that clock may wait a while. */
static int answer_acked(struct answering *a)
{
    const char *id = NULL;
    int64_t no = 0, last = 0;
    const struct pol_clock *k;
    const struct dk_clock *have;
    const struct pol_hold *h;
    struct dk_clock out;
    int rc = dk_json_id(a->body, "clock", DK_OPTIONAL, &id, NULL, a->x.why);

    if (rc == 0 && id != NULL)
        rc = dk_json_int(a->body, "clock_no", DK_REQUIRED, 1, UINT32_MAX, &no,
                         NULL, a->x.why);
    if (rc != 0 || id == NULL)
        return rc;
    k = pol_clock_find(a->x.v, id);
    have = k != NULL ? clock_of(a, k) : NULL;
    if (have == NULL || have->no != no || have->state != DK_CLOCK_RUNNING ||
        k->on_due != DK_DUE_OVERDUE)
        return 0;
    h = pol_hold_of(a->x.v, k);
    if (h->days == 0 || have->quiets >= h->times)
        return 0;
    out = same_again(a, have, &last);
    out.quiet_until = pol_quiet_until(&a->x, h, a->at);
    return move_clock(a, k, have, &out, last, 0);
}

static int answer(struct answering *a)
{
    int rc = 0;

    for (int i = 0; rc == 0 && i < a->x.v->n_clock; i++) {
        const struct pol_clock *k = &a->x.v->clock[i];

        if ((k->starts_on & BIT(a->e->type)) != 0 && pol_is_owed(k, a->c) &&
            is_about(a, k))
            rc = start_clock(a, k);
    }
    if (rc == 0 && a->e->type == DK_EV_EXTENDED)
        rc = answer_extended(a);
    if (rc == 0 &&
        (a->e->type == DK_EV_RESUMED || a->e->type == DK_EV_OBJECTION_REFUSED))
        rc = answer_resumed(a);
    if (rc == 0 && a->e->type == DK_EV_ALERT_ACKED)
        rc = answer_acked(a);
    return rc;
}

int dk_policy_clocks(const struct dk_policy *p, const struct dk_calendar *cal,
                     const struct dk_case *c, const struct dk_event *e,
                     struct dk_clock out[], int cap, struct dk_problem *why)
{
    struct answering a = {.x = {cal, pol_version_of(p, c), why},
                          .p = p,
                          .c = c,
                          .e = e,
                          .at = dk_event_effective(c, e),
                          .out = out,
                          .cap = cap};
    cJSON *body = NULL;
    int rc;

    if (a.x.v == NULL) {
        char day[16];

        dk_date_format(
            dk_date_from_days(dk_zone_day(&p->zone, c->submitted_at)), day);
        return dk_failf(why, DK_ENOTFOUND, NULL,
                        "policy \"%s\" has no version in force on %s, when the "
                        "case was handed in",
                        "期限规则“%s”在案件提交之日（%s）没有生效的版本", p->id,
                        day);
    }
    rc = dk_json_parse_fixed(e->body, e->body_len, e->body_len, &body, why);
    if (rc != 0)
        return rc;
    a.body = body;
    rc = answer(&a);
    cJSON_Delete(body);
    return rc == 0 ? a.n : rc;
}

/* ---- as commands ---- */

static void write_command(struct dk_jw *w, const struct dk_policy *p,
                          const struct pol_version *v, const struct dk_clock *k,
                          int offset_min)
{
    const struct pol_clock *pc = pol_clock_find(v, k->id);

    dk_jw_obj(w, NULL);
    dk_jw_str(w, "action", "clock");
    dk_clock_write_set(w, k, offset_min);
    dk_jw_str(w, "policy", p->id);
    dk_jw_str(w, "version", v->from_text);
    if (pc != NULL && pc->article != NULL)
        dk_jw_str(w, "article", pc->article);
    dk_jw_end_obj(w);
}

int dk_policy_answer(const struct dk_policy *p, const struct dk_calendar *cal,
                     const struct dk_case *c, const struct dk_event *e,
                     int offset_min, struct dk_jw *w, struct dk_problem *why)
{
    struct dk_clock out[DK_CLOCKS_MAX];
    int n = dk_policy_clocks(p, cal, c, e, out, DK_CLOCKS_MAX, why);

    if (n < 0)
        return n;
    dk_jw_arr(w, NULL);
    for (int i = 0; i < n; i++)
        write_command(w, p, pol_version_of(p, c), &out[i], offset_min);
    dk_jw_end_arr(w);
    return 0;
}
