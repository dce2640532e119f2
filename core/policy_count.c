/* policy_count.c - the arithmetic of limits: days, rungs, office hours.
 *
 * The day of the event is day 0.  The last day ends at 24:00, so a clock is
 * due at midnight at the start of the day after; rungs lie on midnights too,
 * or at the next office hour after one.
 */
#include <string.h>

#include "clock.h"
#include "policy_impl.h"

#define YEAR_MAX   9990 /* RFC 3339 ends with year 9999 */
#define REST_LIMIT 400  /* longer than any holiday */

int64_t pol_day_of(const struct pol_counter *x, dk_ms t)
{
    return dk_zone_day(dk_calendar_zone(x->cal), t);
}

int64_t pol_day_0(const struct pol_counter *x, const struct pol_clock *k,
                  dk_ms started_at)
{
    return pol_day_of(x, started_at) - (k->same_day ? 1 : 0);
}

static dk_ms midnight(const struct pol_counter *x, int64_t day)
{
    return dk_zone_midnight(dk_calendar_zone(x->cal), day);
}

dk_ms pol_midnight_after(const struct pol_counter *x, int64_t day)
{
    return midnight(x, day + 1);
}

int pol_count(const struct pol_counter *x, const struct pol_clock *k,
              int64_t day, int n, int64_t *out)
{
    if (k->working)
        return dk_calendar_add(x->cal, day, n, out);
    *out = day + n;
    return 0;
}

/* In a year that the calendar does not know the day is kept: the office is
 * reminded early rather than not at all (docs/POLICY.md).
 */
int pol_last_day(const struct pol_counter *x, const struct pol_clock *k,
                 int64_t day, int n, int64_t *out)
{
    int64_t last = 0, next = 0;
    int rc = pol_count(x, k, day, n, &last);

    if (rc == 0 && dk_date_from_days(last).year > YEAR_MAX)
        rc = DK_ENOTFOUND;
    if (rc != 0)
        return dk_failf(x->why, DK_ENOTFOUND, NULL,
                        "clock \"%s\" counts %d working days from a day of %d, "
                        "and calendar \"%s\" does not know a year on the way; "
                        "add the year to the calendar and try again",
                        "期限“%s”需计算%d个工作日（自%d年起），而日历“%s”"
                        "缺少所需年份；请补充该年度安排后重试",
                        k->id, n, dk_date_from_days(day).year,
                        dk_calendar_id(x->cal));
    if (k->next_working_day && dk_calendar_next(x->cal, last, &next) == 0)
        last = next;
    *out = last;
    return 0;
}

int pol_days_between(const struct pol_counter *x, const struct pol_clock *k,
                     dk_ms since, dk_ms until, int *out)
{
    int64_t from = pol_day_of(x, since), to = pol_day_of(x, until);
    int n = 0;

    for (int64_t day = from + 1; day <= to; day++) {
        int works = k->working ? dk_calendar_works(x->cal, day) : 1;

        if (works < 0)
            return dk_failf(x->why, DK_ENOTFOUND, NULL,
                            "clock \"%s\" was held over days of a year that "
                            "calendar \"%s\" does not know; add the year and "
                            "try again",
                            "期限“%s”中止期间所在年份不在日历“%s”中；"
                            "请补充该年度安排后重试",
                            k->id, dk_calendar_id(x->cal));
        n += works;
    }
    *out = n;
    return 0;
}

/* ---- office hours -------------------------------------------------------- */

/* Does anybody sit in the office on that day?  Of an unknown year: yes. */
static bool is_open(const struct pol_counter *x, int64_t day)
{
    return dk_calendar_works(x->cal, day) != 0;
}

/* `at` if it lies in office hours, else the moment when they begin again. */
static dk_ms next_hour(const struct pol_counter *x, dk_ms at)
{
    const struct pol_hours *h = &x->v->hours;
    int64_t day = pol_day_of(x, at);

    for (int64_t d = day; h->n > 0 && d < day + REST_LIMIT; d++) {
        for (int i = 0; is_open(x, d) && i < h->n; i++) {
            dk_ms from = midnight(x, d) + h->span[i].from * DK_MINUTE;

            if (at < midnight(x, d) + h->span[i].to * DK_MINUTE)
                return at > from ? at : from;
        }
    }
    return at;
}

/* The last moment not after `at` when office hours began. */
static dk_ms hour_before(const struct pol_counter *x, dk_ms at)
{
    const struct pol_hours *h = &x->v->hours;
    int64_t day = pol_day_of(x, at);

    for (int64_t d = day; d > day - REST_LIMIT; d--) {
        for (int i = h->n; is_open(x, d) && i-- > 0;) {
            dk_ms from = midnight(x, d) + h->span[i].from * DK_MINUTE;

            if (from <= at)
                return from;
        }
    }
    return at;
}

/* A warning is given when somebody is there to read it; if that would be after
 * the end it warns of, then the last time before.
 */
static dk_ms warn_at(const struct pol_counter *x, const struct dk_clock *k,
                     dk_ms at)
{
    dk_ms moved = next_hour(x, at);

    if (moved < k->due_at)
        return moved;
    moved = hour_before(x, at);
    return moved > k->started_at ? moved : at;
}

dk_ms pol_quiet_until(const struct pol_counter *x, const struct pol_hold *h,
                      dk_ms t)
{
    int64_t day = pol_day_of(x, t), last = day + h->days;

    if (h->working && dk_calendar_add(x->cal, day, h->days, &last) != 0)
        last = day + h->days; /* too early, never too late */
    return next_hour(x, pol_midnight_after(x, last));
}

/* ---- rungs --------------------------------------------------------------- */

/* When a rung is reached; DK_NEVER: it does not fit between start and due.  A
 * warning whose working days run into an unknown year is given by natural
 * days: too early, never too late.
 */
static dk_ms rung_at(const struct pol_counter *x, const struct pol_clock *k,
                     const struct pol_rung *g, int64_t last,
                     const struct dk_clock *out)
{
    bool from_start = g->when == POL_AFTER_START;
    int64_t from = from_start ? pol_day_0(x, k, out->started_at) : last;
    int n = g->when == POL_BEFORE_DUE ? -g->n : g->n;
    int64_t day = 0;
    dk_ms at;

    /* Days on which the matter stood still are not days of the warning. */
    if (from_start)
        n += out->held_days;
    if (pol_count(x, k, from, n, &day) != 0)
        day = from + n;
    if (g->when == POL_AFTER_DUE)
        return next_hour(x, pol_midnight_after(x, day + out->late_days));
    at = pol_midnight_after(x, day);
    if (at <= out->started_at || at >= out->due_at)
        return DK_NEVER;
    return warn_at(x, out, at);
}

static void add_rung(struct dk_clock *k, const char *id, dk_ms at)
{
    struct dk_rung *r = &k->rung[k->n_rung++];

    *r = (struct dk_rung){.at = at};
    memcpy(r->id, id, strlen(id) + 1);
}

static void add_rungs(const struct pol_counter *x, const struct pol_clock *k,
                      int64_t last, const struct dk_clock *have,
                      struct dk_clock *out)
{
    for (int i = 0; i < k->n_rung; i++) {
        int was = have != NULL ? dk_rung_find(have, k->rung[i].id) : -1;
        dk_ms at = was >= 0 && have->rung[was].fired
                       ? have->rung[was].at
                       : rung_at(x, k, &k->rung[i], last, out);

        if (at != DK_NEVER)
            add_rung(out, k->rung[i].id, at);
    }
    add_rung(out, dk_on_due_names[k->on_due], out->due_at);
    dk_clock_sort(out);
}

void pol_finish(const struct pol_counter *x, const struct pol_clock *k,
                int64_t last, const struct dk_clock *have, struct dk_clock *out)
{
    const struct pol_hours *h = &x->v->hours;

    memcpy(out->id, k->id, strlen(k->id) + 1);
    out->on_due = k->on_due;
    out->stops_on = k->stops_on;
    out->holds_on = k->holds_on;
    out->holds_for = k->holds_for;
    out->extend_days = k->extend_days;
    out->due_at = pol_midnight_after(x, last);
    out->stopped_at = DK_NEVER;
    out->n_rung = 0;
    out->repeat_days =
        k->on_due == DK_DUE_OVERDUE ? pol_repeat_days(x->v, k) : 0;
    out->repeat_at = 0;
    if (out->repeat_days > 0) {
        out->repeat_at = pol_midnight_after(x, last + out->repeat_days);
        if (h->n > 0)
            out->repeat_at += h->span[0].from * DK_MINUTE;
    }
    add_rungs(x, k, last, have, out);
}

/* ---- explaining ---------------------------------------------------------- */

static void note_rest(const struct pol_counter *x, int64_t day,
                      struct dk_counting *out)
{
    if (dk_calendar_works(x->cal, day) != 0)
        return;
    if (out->n_rest < DK_COUNT_RESTS)
        out->rest[out->n_rest++] = day;
    out->rests++;
}

static int explain(const struct pol_counter *x, const struct pol_clock *pc,
                   struct dk_counting *out)
{
    int rc = pol_count(x, pc, out->day0, out->n, &out->counted);

    if (rc == 0)
        rc = pol_count(x, pc, out->day0, out->n + out->held, &out->whole);
    if (rc == 0)
        rc = pol_last_day(x, pc, out->day0, out->n, &out->last);
    if (rc != 0)
        return rc;
    out->unknown =
        !dk_calendar_knows(x->cal, dk_date_from_days(out->counted).year);
    out->moved = out->last != out->counted;
    for (int64_t d = out->day0 + 1; pc->working && d < out->counted; d++)
        note_rest(x, d, out);
    for (int64_t d = out->counted; d < out->last; d++)
        note_rest(x, d, out);
    return 0;
}

int dk_policy_count(const struct dk_policy *p, const struct dk_calendar *cal,
                    const struct dk_case *c, const struct dk_clock *k,
                    struct dk_counting *out, struct dk_problem *why)
{
    const struct pol_counter x = {cal, pol_version_of(p, c), why};
    const struct pol_clock *pc =
        x.v != NULL ? pol_clock_find(x.v, k->id) : NULL;

    if (pc == NULL)
        return dk_failf(why, DK_ENOTFOUND, "/clock",
                        "policy \"%s\" has no clock \"%s\" for this case",
                        "期限规则“%s”中没有适用于本案的期限“%s”", p->id, k->id);
    *out = (struct dk_counting){
        .version = x.v->from_text,
        .article = pc->article,
        .verified = pc->verified,
        .day0 = pol_day_0(&x, pc, k->started_at),
        .n = k->days,
        .working = pc->working,
        .moves = pc->next_working_day,
        .extended = k->extended_days,
        .held = k->held_days,
        .late_held = k->late_days,
        .last_now = pol_day_of(&x, k->due_at - 1),
    };
    if (out->n == 0 && pc->from_event == NULL)
        out->n = pc->days; /* set before clocks said their length */
    out->counted = out->whole = out->last = out->last_now;
    return out->n != 0 ? explain(&x, pc, out) : 0;
}
