/* clock_due.c - what of a clock comes next, and what is due. */
#include "clock.h"

static dk_ms later(dk_ms a, dk_ms b)
{
    return a > b ? a : b;
}

dk_ms dk_rung_when(const struct dk_clock *k, int i)
{
    int due = dk_clock_due_rung(k);
    dk_ms at = k->rung[i].at;

    if (i == due)
        return at;
    at = later(at, k->quiet_until);
    return due >= 0 && i > due ? later(at, k->muted_until) : at;
}

uint32_t dk_clock_times(const struct dk_clock *k, dk_ms t)
{
    if (k->repeat_days <= 0 || k->on_due != DK_DUE_OVERDUE || t < k->repeat_at)
        return 0;
    return (uint32_t)((t - k->repeat_at) / (k->repeat_days * DK_DAY)) + 1;
}

dk_ms dk_clock_repeat(const struct dk_clock *k, uint32_t n)
{
    return k->repeat_at + ((dk_ms)n - 1) * k->repeat_days * DK_DAY;
}

/* When the next repetition comes; DK_NEVER: none does. */
static dk_ms repeat_when(const struct dk_clock *k)
{
    int due = dk_clock_due_rung(k);

    if (k->repeat_days <= 0 || k->on_due != DK_DUE_OVERDUE || due < 0 ||
        !k->rung[due].fired)
        return DK_NEVER;
    return later(dk_clock_repeat(k, k->times + 1),
                 later(k->quiet_until, k->muted_until));
}

dk_ms dk_clock_next(const struct dk_clock *k)
{
    dk_ms next;

    if (k->state != DK_CLOCK_RUNNING)
        return DK_NEVER;
    next = repeat_when(k);
    for (int i = 0; i < k->n_rung; i++) {
        if (!k->rung[i].fired && dk_rung_when(k, i) < next)
            next = dk_rung_when(k, i);
    }
    return next;
}

dk_ms dk_case_next(const struct dk_case *c)
{
    dk_ms next = DK_NEVER;

    for (int i = 0; i < c->n_clock; i++) {
        dk_ms at = dk_clock_next(&c->clock[i]);

        if (at < next)
            next = at;
    }
    return next;
}

bool dk_clock_missed(const struct dk_case *c, const struct dk_clock *k)
{
    int due = dk_clock_due_rung(k);

    if (k->state != DK_CLOCK_STOPPED || k->on_due != DK_DUE_OVERDUE ||
        !k->late || due < 0 || k->rung[due].fired)
        return false;
    return !c->imported || k->stopped_at >= c->recorded_at;
}

/* The rung that fires first at `now`, or -1. */
static int first_rung(const struct dk_clock *k, dk_ms now)
{
    dk_ms best = DK_NEVER;
    int first = -1;

    for (int i = 0; i < k->n_rung; i++) {
        dk_ms at = dk_rung_when(k, i);

        if (!k->rung[i].fired && at <= now && at < best) {
            best = at;
            first = i;
        }
    }
    return first;
}

/* What of one clock fires first at `now`: a rung, a repetition, or -1. */
static int due_rung(const struct dk_clock *k, dk_ms now, uint32_t *skipped)
{
    int due = dk_clock_due_rung(k);
    int first;

    *skipped = 0;
    if (k->state != DK_CLOCK_RUNNING)
        return -1;
    first = first_rung(k, now);
    if (first < 0)
        return repeat_when(k) <= now ? DK_RUNG_REPEAT : -1;
    if (due < 0 || k->rung[due].fired || k->rung[due].at > now)
        return first;
    /* The end says more than the warnings before it. */
    for (int i = 0; i < due; i++) {
        if (!k->rung[i].fired)
            *skipped |= UINT32_C(1) << i;
    }
    return due;
}

bool dk_clock_due(const struct dk_case *c, dk_ms now, int *clock, int *rung,
                  uint32_t *skipped)
{
    dk_ms best = DK_NEVER;

    for (int i = 0; i < c->n_clock; i++) {
        const struct dk_clock *k = &c->clock[i];
        uint32_t over;
        int r = due_rung(k, now, &over);
        dk_ms at;

        if (r == -1)
            continue;
        at = r == DK_RUNG_REPEAT ? repeat_when(k) : dk_rung_when(k, r);
        if (at < best) {
            best = at;
            *clock = i;
            *rung = r;
            *skipped = over;
        }
    }
    return best != DK_NEVER;
}
