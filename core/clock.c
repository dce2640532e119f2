#include "clock.h"

#include <string.h>

#define BIT(ev) (UINT64_C(1) << (ev))

/* No clock waits for these. */
#define BOOKKEEPING                                                            \
    (BIT(DK_EV_CLOCK_SET) | BIT(DK_EV_CLOCK_FIRED) | BIT(DK_EV_ALERT_RAISED) | \
     BIT(DK_EV_ALERT_ACKED) | BIT(DK_EV_ALERT_MUTED) |                         \
     BIT(DK_EV_PERSON_READ) | BIT(DK_EV_PERSON_ERASED))

/* Nor are these steps that could still come. */
#define ASIDE                                                                  \
    (BIT(DK_EV_LINKED) | BIT(DK_EV_UNLINKED) | BIT(DK_EV_REPEATED) |           \
     BIT(DK_EV_INFORMED) | BIT(DK_EV_RELAYED))

/* Events that are never somebody's right with an end to it.  They may stop a
 * clock, but no clock that has lapsed refuses them.
 */
#define NO_RIGHT                                                               \
    (BIT(DK_EV_CLOSED) | BIT(DK_EV_WITHDRAWN) | BIT(DK_EV_REOPENED))

const char *const dk_on_due_names[] = {"overdue", "close", "lapse", NULL};
const char *const dk_clock_state_names[] = {"running", "held", "stopped",
                                            "lapsed", NULL};
const char *const dk_ground_names[] = {"hearing", "appraisal", "force_majeure",
                                       NULL};

int dk_clock_find(const struct dk_case *c, const char *id)
{
    for (int i = 0; i < c->n_clock; i++) {
        if (strcmp(c->clock[i].id, id) == 0)
            return i;
    }
    return -1;
}

int dk_rung_find(const struct dk_clock *k, const char *id)
{
    for (int i = 0; i < k->n_rung; i++) {
        if (strcmp(k->rung[i].id, id) == 0)
            return i;
    }
    return -1;
}

int dk_clock_due_rung(const struct dk_clock *k)
{
    return dk_rung_find(k, dk_on_due_names[k->on_due]);
}

/* Did the due rung of an OVERDUE clock fire?  A petitioner's window or a lapsed
 * right makes nobody late.  In a case that was brought in with its history the
 * rungs fire long after the fact and say nothing of it.
 */
static bool was_late(const struct dk_case *c, const struct dk_clock *k)
{
    int due = dk_clock_due_rung(k);

    return k->on_due == DK_DUE_OVERDUE && !c->imported && due >= 0 &&
           k->rung[due].fired;
}

static void stop(const struct dk_case *c, struct dk_clock *k, dk_ms at)
{
    bool passed = at >= k->due_at && k->on_due == DK_DUE_OVERDUE;

    /* A limit that is held does not pass meanwhile. */
    if (k->state != DK_CLOCK_HELD)
        k->late = passed || was_late(c, k);
    k->state = DK_CLOCK_STOPPED;
    k->stopped_at = at;
}

bool dk_clock_same(const struct dk_clock *a, const struct dk_clock *b)
{
    if (a->basis != b->basis || a->on_due != b->on_due ||
        a->started_at != b->started_at || a->due_at != b->due_at ||
        a->stops_on != b->stops_on || a->holds_on != b->holds_on ||
        a->holds_for != b->holds_for || a->extend_days != b->extend_days ||
        a->days != b->days || a->extended_days != b->extended_days ||
        a->held_days != b->held_days || a->late_days != b->late_days ||
        a->repeat_at != b->repeat_at || a->repeat_days != b->repeat_days ||
        a->n_rung != b->n_rung)
        return false;
    for (int i = 0; i < a->n_rung; i++) {
        if (strcmp(a->rung[i].id, b->rung[i].id) != 0 ||
            a->rung[i].at != b->rung[i].at)
            return false;
    }
    return true;
}

bool dk_clock_has(const struct dk_case *c, const struct dk_clock *k)
{
    int i = dk_clock_find(c, k->id);
    const struct dk_clock *old = i >= 0 ? &c->clock[i] : NULL;

    if (old == NULL || k->basis > old->basis)
        return false;
    /* An answer for an older event that comes after a newer one's. */
    if (k->basis < old->basis)
        return true;
    return dk_clock_same(k, old) && old->state != DK_CLOCK_HELD &&
           k->quiet_until <= old->quiet_until;
}

bool dk_clock_superseded(const struct dk_case *c, const struct dk_clock *k)
{
    const uint32_t *n = c->last_n;

    if (n[DK_EV_REOPENED] > k->basis)
        return true;
    for (int ev = 0; ev < DK_EV_N; ev++) {
        if (n[ev] != k->basis)
            continue;
        /* Two ways of giving the case to a unit. */
        if (ev == DK_EV_TRANSFERRED || ev == DK_EV_HANDED_OVER)
            return n[DK_EV_TRANSFERRED] > k->basis ||
                   n[DK_EV_HANDED_OVER] > k->basis;
        return false;
    }
    return true; /* an event of that type came later */
}

int dk_clock_forbids(const struct dk_case *c, enum dk_ev ev, dk_ms at)
{
    if ((NO_RIGHT & BIT(ev)) != 0)
        return -1;
    for (int i = 0; i < c->n_clock; i++) {
        const struct dk_clock *k = &c->clock[i];

        if (k->on_due != DK_DUE_OVERDUE && (k->stops_on & BIT(ev)) != 0 &&
            (k->state == DK_CLOCK_LAPSED || k->state == DK_CLOCK_RUNNING) &&
            at >= k->due_at && !dk_clock_superseded(c, k))
            return i;
    }
    return -1;
}

/* Nothing is owed by anybody in these; only what is still allowed there can
 * stop a clock.
 */
static bool is_end(enum dk_state s)
{
    return s == DK_S_ENDED || s == DK_S_CLOSED || s == DK_S_WITHDRAWN ||
           s == DK_S_NOT_ACCEPTED || s == DK_S_DISCIPLINE;
}

/* Rights that end with the case, unless their time began after that: an answer
 * that reached the petitioner when the case was closed already.
 */
#define ASKS (BIT(DK_EV_REVIEW_ASKED) | BIT(DK_EV_RE_REVIEW_ASKED))

bool dk_clock_can_stop(const struct dk_case *c, const struct dk_clock *k)
{
    uint64_t may = dk_fsm_allowed(c->state);

    if (c->state == DK_S_CLOSED && k->basis < c->last_n[DK_EV_CLOSED])
        may &= ~ASKS;
    return (k->stops_on & may) != 0;
}

static bool waits_for_more(const struct dk_case *c, const struct dk_clock *k)
{
    struct dk_clock steps = *k;

    steps.stops_on &= ~(NO_RIGHT | BOOKKEEPING | ASIDE);
    return dk_clock_can_stop(c, &steps);
}

/* The event that brought the case to the end it is in. */
static enum dk_ev end_event(enum dk_state s)
{
    /* clang-format off */
    return s == DK_S_ENDED          ? DK_EV_RE_REVIEWED
           : s == DK_S_WITHDRAWN    ? DK_EV_WITHDRAWN
           : s == DK_S_NOT_ACCEPTED ? DK_EV_NOT_ACCEPTED
           : s == DK_S_DISCIPLINE   ? DK_EV_DISCIPLINE
                                    : DK_EV_CLOSED;
    /* clang-format on */
}

/* When something stopped the clock that is only now being set; DK_NEVER: it
 * runs.  Of each type the case knows the latest event only, so the answer is
 * the first of those.
 */
static dk_ms earlier_stop(const struct dk_case *c, const struct dk_clock *k)
{
    uint64_t stops = k->stops_on;
    uint32_t first = UINT32_MAX;
    dk_ms at = DK_NEVER;

    if (is_end(c->state) && !waits_for_more(c, k))
        stops |= BIT(end_event(c->state));
    for (int ev = 0; ev < DK_EV_N; ev++) {
        uint32_t n = c->last_n[ev];

        if ((stops & BIT(ev)) != 0 && n > k->basis && n < first) {
            first = n;
            at = c->last_at[ev];
        }
    }
    return at;
}

/* May `ev` at instant `at` hold the clock?  Only a suspension stops the count
 * of days that are already too many, and only once it was said that they are.
 */
static bool can_hold(const struct dk_case *c, const struct dk_clock *k,
                     enum dk_ev ev, dk_ms at)
{
    int due = dk_clock_due_rung(k);
    bool fired = due >= 0 && k->rung[due].fired;

    if ((k->holds_on & BIT(ev)) == 0)
        return false;
    if (ev == DK_EV_SUSPENDED && k->holds_for != 0 &&
        (k->holds_for & UINT32_C(1) << c->suspended_for) == 0)
        return false;
    return ev == DK_EV_SUSPENDED ? fired || at < k->due_at
                                 : !fired && at < k->due_at;
}

static bool is_suspended(enum dk_state s)
{
    return s == DK_S_SUSPENDED || s == DK_S_REVIEW_SUSPENDED ||
           s == DK_S_RE_REVIEW_SUSPENDED;
}

bool dk_clock_stands_still(const struct dk_case *c, const struct dk_clock *k)
{
    enum dk_ev ev =
        c->state == DK_S_OBJECTED ? DK_EV_OBJECTED : DK_EV_SUSPENDED;

    if (ev == DK_EV_SUSPENDED && !is_suspended(c->state))
        return false;
    return c->last_n[ev] > k->basis && can_hold(c, k, ev, c->last_at[ev]);
}

/* What the same number of a clock keeps when it is set anew. */
static void keep(const struct dk_clock *old, struct dk_clock *k)
{
    for (int i = 0; i < k->n_rung; i++) {
        int was = dk_rung_find(old, k->rung[i].id);

        if (was >= 0) {
            k->rung[i].fired = old->rung[was].fired;
            k->rung[i].alerted = old->rung[was].alerted;
            k->rung[i].alert = old->rung[was].alert;
        }
    }
    k->extend_times = old->extend_times;
    k->late = old->late && k->on_due == DK_DUE_OVERDUE;
    k->first_due = old->first_due;
    k->times = old->times;
    k->told = old->told;
    k->repeat_alert = old->repeat_alert;
    k->quiets = old->quiets;
    if (k->quiet_until > old->quiet_until)
        k->quiets++;
    else
        k->quiet_until = old->quiet_until;
    k->muted_until = old->muted_until;
    k->muted_n = old->muted_n;
    memcpy(k->muted_by, old->muted_by, sizeof(k->muted_by));
}

/* When the first number of a clock was due, said by its next number. */
static dk_ms first_due(const struct dk_case *c, const struct dk_clock *old)
{
    if (c->last_n[DK_EV_REOPENED] > old->basis || old->days == 0)
        return 0;
    return old->first_due != 0 ? old->first_due : old->due_at;
}

void dk_clock_place(const struct dk_case *c, const struct dk_clock *old,
                    struct dk_clock *k)
{
    dk_ms stopped;

    k->state = DK_CLOCK_RUNNING;
    k->stopped_at = DK_NEVER;
    k->late = false;
    k->first_due = 0;
    k->times = k->told = k->repeat_alert = 0;
    k->quiets = k->quiet_until != 0;
    k->muted_until = 0;
    k->muted_n = 0;
    k->muted_by[0] = '\0';
    if (old != NULL && old->basis != k->basis) {
        k->first_due = first_due(c, old);
        old = NULL;
    }
    if (old != NULL)
        keep(old, k);
    stopped = old != NULL && old->state == DK_CLOCK_STOPPED
                  ? old->stopped_at
                  : earlier_stop(c, k);
    if (stopped != DK_NEVER)
        stop(c, k, stopped);
    else if (dk_clock_stands_still(c, k))
        k->state = DK_CLOCK_HELD;
}

static void touch(const struct dk_case *c, struct dk_clock *k, enum dk_ev ev,
                  dk_ms at, bool may_hold)
{
    bool stops = (k->stops_on & BIT(ev)) != 0;

    switch (k->state) {
    case DK_CLOCK_RUNNING:
        if (stops)
            stop(c, k, at);
        else if (may_hold && can_hold(c, k, ev, at))
            k->state = DK_CLOCK_HELD;
        break;
    case DK_CLOCK_HELD:
        if (stops)
            stop(c, k, at);
        break;
    case DK_CLOCK_LAPSED:
        /* History brought in later: it was done in time. */
        if (stops && at < k->due_at)
            stop(c, k, at);
        break;
    case DK_CLOCK_STOPPED:
        break;
    }
}

void dk_clocks_touch(struct dk_case *c, enum dk_ev ev, dk_ms at, int extended)
{
    bool end = is_end(c->state) && ev == end_event(c->state);

    for (int i = 0; i < c->n_clock; i++) {
        struct dk_clock *k = &c->clock[i];

        touch(c, k, ev, at, ev != DK_EV_EXTENDED || i == extended);
        if (end &&
            (k->state == DK_CLOCK_RUNNING || k->state == DK_CLOCK_HELD) &&
            !waits_for_more(c, k))
            stop(c, k, at);
    }
}
