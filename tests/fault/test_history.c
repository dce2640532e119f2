/* test_history.c - the checker itself: made-up histories with one fault each,
 * and it must count exactly that fault; without one it must be content.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fault/history.h"
#include "tests/fault/kit.h"

#define ITEMS 40

enum fault {
    NONE,
    DROP,      /* an acknowledged one is not there */
    DUPLICATE, /* one is there twice */
    INVENT,    /* one is there that nobody attempted */
    EARLY,     /* one is there before it was attempted */
    CHANGE,    /* one says something else */
    REORDER,   /* an acknowledgement before the attempt */
    STRAY,     /* an acknowledgement of what was never attempted */
    FAULTS
};

struct made {
    struct history h;
    struct history_seen seen[2 * ITEMS];
    size_t n_seen, until;
    int64_t recovered;
};

/* A good history: some are attempted after the cut, of the others some are
 * acknowledged, and some of the rest are there all the same.
 */
static void make(struct made *m, struct rng *r)
{
    *m = (struct made){.until = 1000};
    for (size_t i = 0; i < ITEMS; i++) {
        bool late = i >= ITEMS - 4;
        size_t tried = late ? 1001 + i : 10 * i;
        bool acked = i < 4 || rng_below(r, 2) == 0;

        history_try(&m->h, i, 7 * i + 1, tried);
        if (acked)
            history_ack(&m->h, i, tried + 5);
        if (late || (!acked && rng_below(r, 2) == 0))
            continue;
        m->seen[m->n_seen++] = (struct history_seen){i, 7 * i + 1};
        m->recovered += !acked;
    }
}

static void seed_fault(struct made *m, struct rng *r, enum fault f)
{
    size_t at = rng_below(r, 4); /* acknowledged, and there */

    switch (f) {
    case DROP:
        m->seen[at] = m->seen[--m->n_seen];
        break;
    case DUPLICATE:
        m->seen[m->n_seen++] = m->seen[at];
        break;
    case INVENT:
        m->seen[m->n_seen++] = (struct history_seen){5 * ITEMS + at, 1};
        break;
    case EARLY:
        m->seen[m->n_seen++] =
            (struct history_seen){ITEMS - 1, 7 * (ITEMS - 1) + 1};
        break;
    case CHANGE:
        m->seen[m->n_seen++] = (struct history_seen){at, 999999};
        break;
    case REORDER:
        history_try(&m->h, ITEMS, 1, 500);
        history_ack(&m->h, ITEMS, 499);
        m->seen[m->n_seen++] = (struct history_seen){ITEMS, 1};
        break;
    case STRAY:
        history_ack(&m->h, ITEMS, 2000);
        break;
    case NONE:
    case FAULTS:
        break;
    }
}

static void expect(const struct made *m, enum fault f)
{
    struct history_counts c =
        history_check(&m->h, m->until, m->seen, m->n_seen);

    need_msg(c.lost == (f == DROP), "fault %d: lost %d", (int)f, (int)c.lost);
    need_msg(c.duplicated == (f == DUPLICATE), "fault %d: duplicated", (int)f);
    need_msg(c.unexpected == (f == INVENT || f == EARLY || f == CHANGE),
             "fault %d: unexpected %d", (int)f, (int)c.unexpected);
    need_msg(c.bad_acks == (f == REORDER || f == STRAY), "fault %d: acks",
             (int)f);
    need(c.recovered == m->recovered);
    need(c.attempted == ITEMS - 4 + (f == REORDER));
    need(history_good(&c) == (f == NONE));
}

int main(int argc, char **argv)
{
    struct kit_options o =
        kit_options(argc, argv, 2000, "test_history: the checker is checked");

    for (int64_t i = 0; i < o.count; i++) {
        struct rng r = rng_of(o.seed, (uint64_t)i);
        struct made m;

        for (int f = NONE; f < FAULTS; f++) {
            make(&m, &r);
            seed_fault(&m, &r, (enum fault)f);
            expect(&m, (enum fault)f);
            history_fini(&m.h);
        }
    }
    printf("%lld histories with each of %d faults: every one was seen\n",
           (long long)o.count, FAULTS - 1);
    return 0;
}
