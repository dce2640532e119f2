/* policy_sense.c - what a clock and its ladder say that cannot be meant.  Each
 * member may be right by itself and the whole still shut a case by the office's
 * own delay, or tell fewer people the later it gets.
 */
#include <string.h>

#include "clock.h"
#include "policy_impl.h"

#define BIT(ev) (UINT64_C(1) << (ev))

/* What others than the petitioner owe: it stays owed however late it is. */
#define DUTIES                                                                 \
    (BIT(DK_EV_REGISTERED) | BIT(DK_EV_ASSIGNED) | BIT(DK_EV_TRANSFERRED) |    \
     BIT(DK_EV_HANDED_OVER) | BIT(DK_EV_DISCIPLINE) | BIT(DK_EV_ACCEPTED) |    \
     BIT(DK_EV_NOT_ACCEPTED) | BIT(DK_EV_OBJECTION_UPHELD) |                   \
     BIT(DK_EV_OBJECTION_REFUSED) | BIT(DK_EV_RESUMED) | BIT(DK_EV_REPORTED) | \
     BIT(DK_EV_ANSWERED) | BIT(DK_EV_REVIEWED) | BIT(DK_EV_RE_REVIEWED) |      \
     BIT(DK_EV_URGE_ANSWERED) | BIT(DK_EV_NOTICE_GIVEN) |                      \
     BIT(DK_EV_DELIVERED) | BIT(DK_EV_SETTLED))

static const char *first_name(uint64_t mask)
{
    int e = 0;

    while (e < DK_EV_N && (mask & BIT(e)) == 0)
        e++;
    return dk_ev_name((enum dk_ev)e);
}

/* ---- when it starts ---- */

/* The deadline service is not asked about every event; a clock that starts on
 * one of the others would never run.
 */
static void check_starts(const struct dk_rj *f, const struct dk_at *at,
                         const struct pol_clock *k)
{
    for (int e = 0; e < DK_EV_N; e++) {
        if ((k->starts_on & BIT(e)) != 0 &&
            (dk_ev_services((enum dk_ev)e) & 1u << DK_SVC_DEADLINE) == 0)
            dk_rj_error(f, at, "starts_on",
                        "no clock is set when a case is \"%s\"; start it on "
                        "a step of the case, such as \"transferred\"",
                        dk_ev_name((enum dk_ev)e));
    }
    if ((k->starts_on & k->stops_on) != 0)
        dk_rj_error(f, at, "stops_on",
                    "\"%s\" starts the clock and stops it; take it out of one "
                    "of the two (a clock that starts again ends the one "
                    "before)",
                    first_name(k->starts_on & k->stops_on));
}

static void check_sources(const struct dk_rj *f, const struct dk_at *at,
                          const struct pol_clock *k)
{
    const uint64_t papers = BIT(DK_EV_NOTICE_GIVEN) | BIT(DK_EV_DELIVERED);
    const struct dk_at length = {at, "length", 0}, only = {at, "only", 0};
    bool report =
        k->from_event != NULL && strcmp(k->from_event, "report_days") == 0;
    enum dk_ev says = report ? DK_EV_HANDED_OVER : DK_EV_URGED;

    if (k->from_event != NULL && k->starts_on != 0 &&
        (k->starts_on & BIT(says)) == 0)
        dk_rj_error(f, &length, "from_event",
                    "only \"%s\" says \"%s\", and it does not start this "
                    "clock; start it on that, or write \"days\"",
                    dk_ev_name(says), k->from_event);
    if (k->only_document != 0 && k->starts_on != 0 &&
        (k->starts_on & papers) == 0)
        dk_rj_error(f, &only, "document",
                    "no event that starts this clock hands over a paper; "
                    "start it on \"notice_given\" or \"delivered\", or take "
                    "this out");
}

/* ---- how it ends ---- */

static void check_end(const struct dk_rj *f, const struct dk_at *at,
                      const struct pol_clock *k)
{
    if (k->on_due == DK_DUE_CLOSE && k->stops_on != 0 && !pol_is_petitioners(k))
        dk_rj_error(f, at, "on_due",
                    "the case would be closed because somebody else than the "
                    "petitioner did nothing in time; write \"overdue\", or "
                    "leave only the petitioner's steps in \"stops_on\"");
    if (k->on_due == DK_DUE_LAPSE && (k->stops_on & DUTIES) != 0)
        dk_rj_error(f, at, "on_due",
                    "\"%s\" would be refused when the time is over, and a duty "
                    "does not end by being late; write \"overdue\"",
                    first_name(k->stops_on & DUTIES));
}

void pol_clock_check(const struct dk_rj *f, const struct dk_at *at,
                     const struct pol_clock *k)
{
    check_starts(f, at, k);
    check_sources(f, at, k);
    check_end(f, at, k);
}

/* ---- the ladder ---- */

/* A rung as the days pass: its place, and how high it reaches. */
struct place {
    const char *rung;
    int day;
    const struct pol_step *step;
};

static int highest(const struct pol_step *s)
{
    int role = -1;

    for (int i = 0; i < s->n_role; i++) {
        if (s->role[i] != POL_BULLETIN && s->role[i] != POL_ADMINISTRATOR &&
            (int)s->role[i] > role)
            role = (int)s->role[i];
    }
    return role;
}

static void insert(struct place p[], int *n, struct place x)
{
    int i = (*n)++;

    for (; i > 0 && p[i - 1].day > x.day; i--)
        p[i] = p[i - 1];
    p[i] = x;
}

static int day_of(const struct pol_clock *k, const struct pol_rung *g)
{
    if (g->when == POL_AFTER_START)
        return g->n;
    return g->when == POL_BEFORE_DUE ? k->days - g->n : k->days + g->n;
}

static void check_order(const struct dk_rj *f, const struct dk_at *at,
                        const struct place *a, const struct place *b)
{
    if (b->step->level < a->step->level)
        dk_rj_warn(f, at, "ladder",
                   "\"%s\" comes after \"%s\" and is less (%s after %s); a "
                   "ladder climbs",
                   b->rung, a->rung, pol_level_names[b->step->level],
                   pol_level_names[a->step->level]);
    else if (highest(b->step) < highest(a->step))
        dk_rj_warn(f, at, "ladder",
                   "\"%s\" comes after \"%s\" and reaches less high: add "
                   "\"%s\" to those it tells; a ladder climbs",
                   b->rung, a->rung, pol_role_names[highest(a->step)]);
}

void pol_climb_check(const struct dk_rj *f, const struct dk_at *at,
                     const struct pol_version *v, const struct pol_clock *k)
{
    struct place p[DK_RUNGS_MAX];
    const char *due = pol_on_due_names[k->on_due];
    const struct pol_step *end = pol_step_of(v, k, due);
    int n = 0;

    if (k->on_due != DK_DUE_OVERDUE)
        return;
    for (int i = 0; i < k->n_rung; i++) {
        const struct pol_rung *g = &k->rung[i];

        insert(p, &n, (struct place){g->id, day_of(k, g), NULL});
    }
    insert(p, &n, (struct place){due, k->days, NULL});
    for (int i = 0; i < n; i++)
        p[i].step = pol_step_of(v, k, p[i].rung);
    if (end != NULL && end->n_role == 0)
        dk_rj_warn(f, at, "ladder",
                   "nobody is told that the limit has passed; name who is, "
                   "such as \"unit_head\"");
    for (int i = 1, last = 0; i < n; i++) {
        if (p[i].step == NULL || p[i].step->n_role == 0)
            continue;
        if (p[last].step != NULL && p[last].step->n_role > 0)
            check_order(f, at, &p[last], &p[i]);
        last = i;
    }
}
