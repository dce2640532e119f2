/* policy_diff_case.c - what two laws make of the limits of one case. */
#include <string.h>

#include "clock.h"
#include "policy_diff.h"
#include "policy_impl.h"
#include "policy_text.h"

#define BIT(ev) (UINT64_C(1) << (ev))

const char *const dk_case_law_names[] = {"kept", "rewritten", "replaced",
                                         "lost", NULL};
const char *const dk_limit_change_names[] = {"moved", "gone", "added",
                                             "unknown", NULL};

/* ---- the law of its day ---- */

int pol_same_member(const struct pol_member *m, const struct pol_version *va,
                    const struct pol_clock *ka, const struct pol_version *vb,
                    const struct pol_clock *kb)
{
    struct dk_jw a = {0}, b = {0};
    int rc;

    m->json(&a, va, ka);
    m->json(&b, vb, kb);
    rc = a.oom || b.oom ? DK_ENOMEM : strcmp(a.buf, b.buf) == 0;
    dk_jw_fini(&a);
    dk_jw_fini(&b);
    return rc;
}

static int same_members(const struct pol_member *m,
                        const struct pol_version *va,
                        const struct pol_clock *ka,
                        const struct pol_version *vb,
                        const struct pol_clock *kb)
{
    int same = 1;

    for (; same == 1 && m->name != NULL; m++)
        same = pol_same_member(m, va, ka, vb, kb);
    return same;
}

int pol_same_version(const struct pol_version *a, const struct pol_version *b)
{
    int same = same_members(pol_version_members, a, NULL, b, NULL);

    if (same == 1 && a->n_clock != b->n_clock)
        same = 0;
    for (int i = 0; same == 1 && i < a->n_clock; i++) {
        const struct pol_clock *k = pol_clock_find(b, a->clock[i].id);

        same = k == NULL
                   ? 0
                   : same_members(pol_clock_members, a, &a->clock[i], b, k);
    }
    return same;
}

static int find_law(const struct pol_version *a, const struct pol_version *b,
                    struct dk_case_diff *out)
{
    int same;

    out->version_old = a != NULL ? a->from_text : NULL;
    out->version_new = b != NULL ? b->from_text : NULL;
    out->law = DK_LAW_KEPT;
    if (b == NULL)
        out->law = a == NULL ? DK_LAW_KEPT : DK_LAW_LOST;
    else if (a == NULL || a->from != b->from)
        out->law = DK_LAW_REPLACED;
    if (a == NULL || b == NULL || out->law != DK_LAW_KEPT)
        return 0;
    same = pol_same_version(a, b);
    if (same == 0)
        out->law = DK_LAW_REWRITTEN;
    return same < 0 ? same : 0;
}

/* ---- one limit ---- */

/* A law, as far as one case is concerned. */
struct side {
    struct pol_counter x; /* its version is NULL where there is none */
    const struct dk_case *c;
};

static bool stopped_since(const struct side *s, const struct pol_clock *k,
                          uint32_t n)
{
    for (int ev = 0; ev < DK_EV_N; ev++) {
        if ((k->stops_on & BIT(ev)) != 0 && s->c->last_n[ev] > n)
            return true;
    }
    return false;
}

/* Does event number `n` start the clock?  A case knows the latest event of
 * each type only: of an older one it cannot be said, and then it may.
 */
static bool may_start(const struct side *s, const struct pol_clock *k,
                      uint32_t n)
{
    for (int ev = 0; ev < DK_EV_N; ev++) {
        if (s->c->last_n[ev] == n)
            return (k->starts_on & BIT(ev)) != 0;
    }
    return true;
}

/* The rule that sets clock `id` for the case by event `n`; NULL: none does. */
static const struct pol_clock *rule_of(const struct side *s, const char *id,
                                       uint32_t n)
{
    const struct pol_clock *k =
        s->x.v != NULL ? pol_clock_find(s->x.v, id) : NULL;

    if (k == NULL || !pol_is_owed(k, s->c) || !may_start(s, k, n) ||
        stopped_since(s, k, n))
        return NULL;
    return k;
}

/* When a limit of `days` is due that has been extended and held as `have` was
 * (NULL: neither); DK_NEVER: in a year that the calendar lacks.
 */
static dk_ms due_by(const struct side *s, const struct pol_clock *k,
                    dk_ms started_at, int days, const struct dk_clock *have)
{
    int64_t last = pol_day_0(&s->x, k, started_at);
    int rc = pol_last_day(&s->x, k, last, days, &last);

    if (rc == 0 && have != NULL && have->extended_days > 0)
        rc = pol_last_day(&s->x, k, last, have->extended_days, &last);
    if (rc == 0 && have != NULL && have->held_days > 0)
        rc = pol_last_day(&s->x, k, last, have->held_days, &last);
    return rc == 0 ? pol_midnight_after(&s->x, last) : DK_NEVER;
}

/* The length by a law: what the event said, if it said something. */
static int days_by(const struct pol_clock *k, const struct pol_clock *old_k,
                   const struct dk_clock *have)
{
    bool said = old_k != NULL && old_k->from_event != NULL && have->days != 0 &&
                have->days != old_k->days;

    return k->from_event != NULL && said ? have->days : k->days;
}

static struct dk_limit_diff *add(struct dk_case_diff *out, const char *clock)
{
    struct dk_limit_diff *d = &out->limit[out->n++];

    *d = (struct dk_limit_diff){.clock = clock,
                                .set = DK_NEVER,
                                .due_old = DK_NEVER,
                                .due_new = DK_NEVER};
    return d;
}

/* A limit that the case has. */
static void compare(const struct side *old, const struct side *new_side,
                    const struct dk_clock *have, struct dk_case_diff *out)
{
    const struct pol_clock *a = rule_of(old, have->id, have->basis);
    const struct pol_clock *b = rule_of(new_side, have->id, have->basis);
    dk_ms due_a = DK_NEVER, due_b = DK_NEVER;
    struct dk_limit_diff *d;

    if (a != NULL)
        due_a = due_by(old, a, have->started_at, days_by(a, a, have), have);
    if (b != NULL)
        due_b =
            due_by(new_side, b, have->started_at, days_by(b, a, have), have);
    /* What a file that is gone has set stands all the same. */
    if (a == NULL)
        due_a = have->due_at;
    if (due_a == due_b && b != NULL)
        return;
    if (a == NULL && b == NULL)
        return;
    d = add(out, have->id);
    d->no = have->no;
    d->set = have->due_at;
    d->due_old = due_a;
    d->due_new = due_b;
    if (b == NULL)
        d->change = DK_LIMIT_GONE;
    else
        d->change = due_a == DK_NEVER || due_b == DK_NEVER ? DK_LIMIT_UNKNOWN
                                                           : DK_LIMIT_MOVED;
}

/* The latest event that starts the clock; 0: none has happened, or it is one of
 * several papers and the case does not say which.
 */
static uint32_t started_by(const struct side *s, const struct pol_clock *k,
                           dk_ms *at)
{
    const uint64_t papers = BIT(DK_EV_NOTICE_GIVEN) | BIT(DK_EV_DELIVERED);
    uint32_t n = 0;

    for (int ev = 0; ev < DK_EV_N; ev++) {
        if ((k->starts_on & BIT(ev)) == 0 || s->c->last_n[ev] <= n ||
            (k->only_document != 0 && (papers & BIT(ev)) != 0))
            continue;
        n = s->c->last_n[ev];
        *at = s->c->last_at[ev];
    }
    return n;
}

/* A limit that the case lacks, and would have had. */
static void look_for_more(const struct side *old, const struct side *new_side,
                          const struct pol_clock *k, struct dk_case_diff *out)
{
    dk_ms at = DK_NEVER;
    uint32_t n = started_by(new_side, k, &at);
    struct dk_limit_diff *d;

    if (n == 0 || dk_clock_find(new_side->c, k->id) >= 0 ||
        rule_of(new_side, k->id, n) == NULL || rule_of(old, k->id, n) != NULL)
        return;
    d = add(out, k->id);
    d->change = DK_LIMIT_ADDED;
    d->due_new = due_by(new_side, k, at, k->days, NULL);
}

int dk_policy_diff_case(const struct dk_law *old, const struct dk_law *new_law,
                        const struct dk_case *c, struct dk_case_diff *out)
{
    const struct side a = {
        {old->calendar, pol_version_of(old->policy, c), NULL}, c};
    const struct side b = {
        {new_law->calendar, pol_version_of(new_law->policy, c), NULL}, c};
    int rc;

    *out = (struct dk_case_diff){0};
    rc = find_law(a.x.v, b.x.v, out);
    for (int i = 0; rc == 0 && i < c->n_clock; i++) {
        const struct dk_clock *k = &c->clock[i];

        if (k->state == DK_CLOCK_RUNNING || k->state == DK_CLOCK_HELD)
            compare(&a, &b, k, out);
    }
    for (int i = 0; rc == 0 && b.x.v != NULL && i < b.x.v->n_clock; i++)
        look_for_more(&a, &b, &b.x.v->clock[i], out);
    return rc;
}
