/* policy_answer.c - which clocks an event starts, and which it moves.
 *
 * The day of the event is day 0.  The last day ends at 24:00, so a clock is
 * due at midnight at the start of the day after; rungs lie on midnights too.
 */
#include <string.h>

#include "policy_impl.h"

#define BIT(ev)  (UINT64_C(1) << (ev))
#define YEAR_MAX 9990 /* RFC 3339 ends with year 9999 */

struct answering {
    const struct dk_policy *p;
    const struct dk_calendar *cal;
    const struct dk_case *c;
    const struct dk_event *e;
    const struct pol_version *v;
    int offset_min;
    struct dk_jw *w;
    struct dk_problem *why;
};

/* One clock as it will be written. */
struct setting {
    const struct pol_clock *k;
    uint32_t basis;
    dk_ms started_at;
    int64_t last; /* its last day */
    int extend_times;
    /* Rungs after the due time move by the days a clock was held when it was
     * late already.
     */
    int64_t late_by;
};

/* `n` days on, as the clock counts. */
static int count(const struct answering *a, const struct pol_clock *k,
                 int64_t day, int n, int64_t *out)
{
    if (k->working)
        return dk_calendar_add(a->cal, day, n, out);
    *out = day + n;
    return 0;
}

/* The n-th day on, off a holiday where the clock says so.  In a year that the
 * calendar does not know the day is kept: the office is reminded early rather
 * than not at all (docs/POLICY.md).
 */
static int find_last_day(const struct answering *a, const struct pol_clock *k,
                         int64_t day, int n, int64_t *out)
{
    int64_t last = 0, next = 0;
    int rc = count(a, k, day, n, &last);

    if (rc == 0 && dk_date_from_days(last).year > YEAR_MAX)
        rc = DK_ENOTFOUND;
    if (rc != 0)
        return dk_failf(a->why, DK_ENOTFOUND, NULL,
                        "clock \"%s\" counts %d working days from a day of %d, "
                        "and calendar \"%s\" does not know a year on the way; "
                        "add the year to the calendar and try again",
                        "时限“%s”需计算%d个工作日（自%d年起），而日历“%s”"
                        "缺少所需年份；请补充该年度安排后重试",
                        k->id, n, dk_date_from_days(day).year,
                        dk_calendar_id(a->cal));
    if (k->next_working_day && dk_calendar_next(a->cal, last, &next) == 0)
        last = next;
    *out = last;
    return 0;
}

static dk_ms midnight_after(const struct answering *a, int64_t day)
{
    return dk_zone_midnight(dk_calendar_zone(a->cal), day + 1);
}

static int64_t day_of(const struct answering *a, dk_ms t)
{
    return dk_zone_day(dk_calendar_zone(a->cal), t);
}

/* When a rung is reached; DK_NEVER: it does not fit between start and due.  A
 * warning whose working days run into an unknown year is given by natural
 * days: too early, never too late.
 */
static dk_ms rung_at(const struct answering *a, const struct setting *s,
                     const struct pol_rung *g)
{
    int64_t from =
        g->when == POL_AFTER_START ? day_of(a, s->started_at) : s->last;
    int n = g->when == POL_BEFORE_DUE ? -g->n : g->n;
    int64_t day = 0;
    dk_ms at;

    if (count(a, s->k, from, n, &day) != 0)
        day = from + n;
    if (g->when == POL_AFTER_DUE)
        return midnight_after(a, day + s->late_by);
    at = midnight_after(a, day);
    if (at <= s->started_at || at >= midnight_after(a, s->last))
        return DK_NEVER;
    return at;
}

static void write_mask(struct dk_jw *w, const char *key, uint64_t mask)
{
    dk_jw_arr(w, key);
    for (int e = 0; e < DK_EV_N; e++) {
        if ((mask & BIT(e)) != 0)
            dk_jw_str(w, NULL, dk_ev_name((enum dk_ev)e));
    }
    dk_jw_end_arr(w);
}

static void write_setting(const struct answering *a, const struct setting *s)
{
    const struct pol_clock *k = s->k;
    struct dk_jw *w = a->w;

    dk_jw_obj(w, NULL);
    dk_jw_str(w, "action", "clock");
    dk_jw_str(w, "clock", k->id);
    dk_jw_int(w, "basis", s->basis);
    dk_jw_time(w, "started_at", s->started_at, a->offset_min);
    dk_jw_time(w, "due_at", midnight_after(a, s->last), a->offset_min);
    dk_jw_str(w, "on_due", pol_on_due_names[k->on_due]);
    write_mask(w, "stops_on", k->stops_on);
    if (k->holds_on != 0)
        write_mask(w, "holds_on", k->holds_on);
    if (k->extend_times > 0) {
        dk_jw_int(w, "extend_times", s->extend_times);
        dk_jw_int(w, "extend_days", k->extend_days);
    }
    dk_jw_arr(w, "rungs");
    for (int i = 0; i < k->n_rung; i++) {
        dk_ms at = rung_at(a, s, &k->rung[i]);
        if (at == DK_NEVER)
            continue;
        dk_jw_obj(w, NULL);
        dk_jw_str(w, "id", k->rung[i].id);
        dk_jw_time(w, "at", at, a->offset_min);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
    dk_jw_str(w, "policy", a->p->id);
    dk_jw_str(w, "version", a->v->from_text);
    if (k->article != NULL)
        dk_jw_str(w, "article", k->article);
    dk_jw_end_obj(w);
}

/* ---- starting ---- */

static bool is_owed(const struct pol_clock *k, const struct dk_case *c)
{
    return (k->only_kind == 0 || (k->only_kind & BIT(c->kind)) != 0) &&
           (k->only_channel == 0 || (k->only_channel & BIT(c->channel)) != 0);
}

static int start_clock(const struct answering *a, const cJSON *body,
                       const struct pol_clock *k)
{
    struct setting s = {.k = k,
                        .basis = a->e->n,
                        .started_at = dk_event_effective(a->c, a->e),
                        .extend_times = k->extend_times};
    int64_t days = k->days;
    int rc = 0;

    if (k->from_event != NULL)
        rc = dk_json_int(body, k->from_event, DK_OPTIONAL, 1, 365, &days, NULL,
                         a->why);
    if (rc == 0)
        rc = find_last_day(a, k, day_of(a, s.started_at), (int)days, &s.last);
    if (rc == 0)
        write_setting(a, &s);
    /* Nobody loses a right by a day that could not be counted, and the other
     * clocks of the event need not wait for the calendar.
     */
    if (rc == DK_ENOTFOUND && k->on_due == DK_DUE_LAPSE) {
        if (a->why != NULL)
            *a->why = (struct dk_problem){0};
        rc = 0;
    }
    return rc;
}

/* ---- moving ---- */

static const struct dk_clock *find_case_clock(const struct dk_case *c,
                                              const char *id)
{
    for (int i = 0; i < c->n_clock; i++) {
        if (strcmp(c->clock[i].id, id) == 0)
            return &c->clock[i];
    }
    return NULL;
}

/* Was the clock at work when the event happened?  One that an answer stopped
 * after the event still gets its right due time.
 */
static bool was_at_work(const struct dk_clock *k, const struct dk_event *e,
                        dk_ms at)
{
    if (k->state == DK_CLOCK_LAPSED || k->basis >= e->n)
        return false;
    return k->state != DK_CLOCK_STOPPED || k->stopped_at >= at;
}

/* Set a clock of the case anew, with `days` more as the clock counts. */
static int move_clock(const struct answering *a, const struct pol_clock *k,
                      const struct dk_clock *have, int days)
{
    struct setting s = {.k = k,
                        .basis = have->basis,
                        .started_at = have->started_at,
                        .last = day_of(a, have->due_at - 1),
                        .extend_times = have->extend_times};
    int rc = days > 0 ? find_last_day(a, k, s.last, days, &s.last) : 0;

    if (rc == 0)
        write_setting(a, &s);
    return rc;
}

static int answer_extended(const struct answering *a, const cJSON *body)
{
    const char *id = "conclude";
    int64_t days = 0;
    const struct pol_clock *k;
    const struct dk_clock *have;
    int rc = dk_json_id(body, "clock", DK_OPTIONAL, &id, NULL, a->why);

    if (rc == 0)
        rc =
            dk_json_int(body, "days", DK_REQUIRED, 1, 365, &days, NULL, a->why);
    if (rc != 0)
        return rc;
    k = pol_clock_find(a->v, id);
    have = find_case_clock(a->c, id);
    if (k == NULL || have == NULL)
        return dk_failf(a->why, DK_ENOTFOUND, "/clock",
                        "clock \"%s\" was extended, but %s has no such clock",
                        "时限“%s”已延期，但%.0s策略或案件中没有该时限", id,
                        k == NULL ? "the policy" : "the case");
    if (!was_at_work(have, a->e, dk_event_effective(a->c, a->e)))
        return 0;
    return move_clock(a, k, have, (int)days);
}

/* The days that passed from `since` to `until`, as the clock counts. */
static int days_between(const struct answering *a, const struct pol_clock *k,
                        dk_ms since, dk_ms until, int *out)
{
    int64_t from = day_of(a, since), to = day_of(a, until);
    int n = 0;

    for (int64_t day = from + 1; day <= to; day++) {
        int works = k->working ? dk_calendar_works(a->cal, day) : 1;
        if (works < 0)
            return dk_failf(a->why, DK_ENOTFOUND, NULL,
                            "clock \"%s\" was held over days of a year that "
                            "calendar \"%s\" does not know; add the year and "
                            "try again",
                            "时限“%s”中止期间所在年份不在日历“%s”中；"
                            "请补充该年度安排后重试",
                            k->id, dk_calendar_id(a->cal));
        n += works;
    }
    *out = n;
    return 0;
}

/* The event that set the clock's count still, seen from `e`. */
static enum dk_ev held_by(const struct dk_event *e)
{
    return e->type == DK_EV_RESUMED ? DK_EV_SUSPENDED : DK_EV_OBJECTED;
}

/* Has the case the event that starts `k`, but not yet the clock?  Its task has
 * not been answered then, and must be before this one.
 */
static bool is_not_yet_set(const struct answering *a, const struct pol_clock *k)
{
    for (int ev = 0; ev < DK_EV_N; ev++) {
        uint32_t n = a->c->last_n[ev];
        if ((k->starts_on & BIT(ev)) != 0 && n > 0 && n < a->e->n)
            return is_owed(k, a->c);
    }
    return false;
}

static int resume_clock(const struct answering *a, const struct pol_clock *k,
                        dk_ms since)
{
    const struct dk_clock *have = find_case_clock(a->c, k->id);
    dk_ms until = dk_event_effective(a->c, a->e);
    int days = 0, rc;

    if (have == NULL) {
        if (!is_not_yet_set(a, k))
            return 0;
        return dk_failf(a->why, DK_ESTATE, NULL,
                        "clock \"%s\" of the case has not been set yet; try "
                        "again after it",
                        "案件的时限“%s”尚未设定，请稍后重试", k->id);
    }
    if (!was_at_work(have, a->e, until) || have->started_at > until)
        return 0;
    if (since < have->started_at)
        since = have->started_at;
    rc = days_between(a, k, since, until, &days);
    if (rc != 0)
        return rc;
    if (since < have->due_at)
        return move_clock(a, k, have, days);
    if (have->state != DK_CLOCK_HELD)
        return 0;
    /* Late before it was held: what is late stays late, and only the steps
     * that come after wait for as long as the count stood still.
     */
    struct setting s = {.k = k,
                        .basis = have->basis,
                        .started_at = have->started_at,
                        .last = day_of(a, have->due_at - 1),
                        .extend_times = have->extend_times,
                        .late_by = day_of(a, until) - day_of(a, since)};
    write_setting(a, &s);
    return 0;
}

static int answer_resumed(const struct answering *a)
{
    enum dk_ev hold = held_by(a->e);
    int rc = 0;

    if (a->c->last_n[hold] > a->e->n)
        return dk_fail(a->why, DK_ESTATE, NULL,
                       "the case was held again before this was answered, and "
                       "it no longer says since when it was held the first "
                       "time",
                       "案件在处理前已再次中止，无法得知前一次中止的起始时间");
    for (int i = 0; rc == 0 && i < a->v->n_clock; i++) {
        if ((a->v->clock[i].holds_on & BIT(hold)) != 0)
            rc = resume_clock(a, &a->v->clock[i], a->c->last_at[hold]);
    }
    return rc;
}

static int answer(const struct answering *a, const cJSON *body)
{
    int rc = 0;

    for (int i = 0; rc == 0 && i < a->v->n_clock; i++) {
        const struct pol_clock *k = &a->v->clock[i];
        if ((k->starts_on & BIT(a->e->type)) != 0 && is_owed(k, a->c))
            rc = start_clock(a, body, k);
    }
    if (rc == 0 && a->e->type == DK_EV_EXTENDED)
        rc = answer_extended(a, body);
    if (rc == 0 &&
        (a->e->type == DK_EV_RESUMED || a->e->type == DK_EV_OBJECTION_REFUSED))
        rc = answer_resumed(a);
    return rc;
}

int dk_policy_answer(const struct dk_policy *p, const struct dk_calendar *cal,
                     const struct dk_case *c, const struct dk_event *e,
                     int offset_min, struct dk_jw *w, struct dk_problem *why)
{
    struct answering a = {p,          cal, c,  e, pol_version_of(p, c),
                          offset_min, w,   why};
    struct dk_jw commands = {0};
    cJSON *body = NULL;
    int rc;

    if (a.v == NULL) {
        char day[16];
        dk_date_format(
            dk_date_from_days(dk_zone_day(&p->zone, c->submitted_at)), day);
        return dk_failf(why, DK_ENOTFOUND, NULL,
                        "policy \"%s\" has no version in force on %s, when the "
                        "case was handed in",
                        "策略“%s”在案件提交之日（%s）没有生效的版本", p->id,
                        day);
    }
    rc = dk_json_parse_obj(e->body, e->body_len, e->body_len, &body, why);
    if (rc != 0)
        return rc;
    /* Aside first: a refusal in the middle leaves the caller's writer as it
     * was.
     */
    a.w = &commands;
    dk_jw_arr(a.w, NULL);
    rc = answer(&a, body);
    dk_jw_end_arr(a.w);
    if (rc == 0 && commands.oom)
        rc = dk_fail(why, DK_ENOMEM, NULL, NULL, NULL);
    if (rc == 0)
        dk_jw_raw(w, NULL, commands.buf, commands.len);
    dk_jw_fini(&commands);
    cJSON_Delete(body);
    return rc;
}
