/* explain_sum.c - the sums by which a setting of a clock came to its last day:
 * done here once more from the days, so that what is told can be held against
 * what the case has.
 */
#include "explain_impl.h"

/* The last day of `days` on from `l->day0`; 0 or DK_ENOTFOUND. */
static int count_leg(const struct explain *x, const struct ex_clock *k,
                     struct ex_leg *l)
{
    int rc = 0;

    l->working = k->count.working;
    l->counted = l->day0 + l->days;
    if (l->working)
        rc = dk_calendar_add(x->by->calendar, l->day0, l->days, &l->counted);
    l->last = l->counted;
    if (rc != 0 || !k->count.moves)
        return rc;
    l->unknown = dk_calendar_next(x->by->calendar, l->counted, &l->last) != 0;
    if (l->unknown)
        l->last = l->counted;
    return 0;
}

static int add_leg(const struct explain *x, const struct ex_clock *k,
                   struct ex_sum *s, enum ex_leg_why why, int64_t day0,
                   int days)
{
    struct ex_leg *l = &s->leg[s->n];
    int rc;

    *l = (struct ex_leg){
        .why = why, .day0 = day0, .days = days, .told_to = day0};
    rc = count_leg(x, k, l);
    if (rc != 0)
        return rc;
    s->n++;
    s->last = l->last;
    return 0;
}

/* Of a longer count the first `told` days were told before. */
static int skip_told(const struct explain *x, struct ex_leg *l, int told)
{
    l->told = told;
    l->told_to = l->day0 + told;
    return l->working
               ? dk_calendar_add(x->by->calendar, l->day0, told, &l->told_to)
               : 0;
}

/* The length from its first day, with what was held, and then what it was
 * extended by.
 */
static int count_all(const struct explain *x, const struct ex_clock *k,
                     const struct dk_clock *was, const struct dk_clock *now,
                     struct ex_sum *s)
{
    bool same_day = k->count.day0 < ex_day(x, k->k.started_at);
    int64_t day0 = ex_day(x, now->started_at) - (same_day ? 1 : 0);
    bool on = was != NULL && was->started_at == now->started_at &&
              was->days == now->days && was->held_days <= now->held_days;
    /* Set when clocks did not say their length. */
    int length = now->days != 0 ? now->days : k->count.n;
    int rc;

    if (length == 0)
        return DK_ENOTFOUND;
    rc = add_leg(x, k, s, on ? EX_LEG_HELD : EX_LEG_LENGTH, day0,
                 length + now->held_days);
    if (rc == 0 && on)
        rc = skip_told(x, &s->leg[0], length + was->held_days);
    if (rc == 0 && now->extended_days > 0)
        rc = add_leg(x, k, s, EX_LEG_EXTENDED, s->last, now->extended_days);
    return rc;
}

static int sum_up(const struct explain *x, const struct ex_clock *k, size_t i,
                  struct ex_sum *s)
{
    const struct dk_clock *now = &k->set[i].k;
    const struct dk_clock *was = i > 0 ? &k->set[i - 1].k : NULL;
    int held, extended;

    if (k->count_rc != 0)
        return k->count_rc;
    if (was == NULL || was->started_at != now->started_at ||
        was->days != now->days)
        return count_all(x, k, was, now, s);
    s->last = ex_day(x, was->due_at - 1);
    held = now->held_days - was->held_days;
    extended = now->extended_days - was->extended_days;
    if (held != 0 && now->days != 0)
        return count_all(x, k, was, now, s);
    if (held != 0)
        return add_leg(x, k, s, EX_LEG_HELD, s->last, held);
    return extended != 0 ? add_leg(x, k, s, EX_LEG_EXTENDED, s->last, extended)
                         : 0;
}

void ex_sum(const struct explain *x, const struct ex_clock *k, size_t i,
            struct ex_sum *out)
{
    *out = (struct ex_sum){.n = 0};
    out->rc = sum_up(x, k, i, out);
    out->agrees = out->rc == 0 && dk_zone_midnight(x->zone, out->last + 1) ==
                                      k->set[i].k.due_at;
}
