#include "order.h"

dk_ms dk_order_due(const struct dk_case *c)
{
    dk_ms due = DK_NEVER;

    for (int i = 0; i < c->n_clock; i++) {
        const struct dk_clock *k = &c->clock[i];
        if (k->state == DK_CLOCK_RUNNING && k->on_due == DK_DUE_OVERDUE &&
            k->due_at < due)
            due = k->due_at;
    }
    return due;
}

static int cmp(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

int dk_order_cmp(const struct dk_case *a, const struct dk_case *b)
{
    int c = cmp(b->urgent != 0, a->urgent != 0);

    if (c == 0)
        c = cmp(dk_order_due(a), dk_order_due(b));
    if (c == 0)
        c = cmp(a->submitted_at, b->submitted_at);
    return c != 0 ? c : cmp(a->key, b->key);
}
