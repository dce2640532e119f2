#include "tests/fault/history.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/fault/kit.h"

void history_fini(struct history *h)
{
    free(h->item);
    *h = (struct history){.n = 0};
}

static struct history_item *item_of(struct history *h, size_t id)
{
    while (h->n <= id) {
        h->item = kit_grow(h->item, h->n, &h->cap, sizeof(*h->item));
        h->item[h->n++] =
            (struct history_item){HISTORY_NEVER, HISTORY_NEVER, 0};
    }
    return &h->item[id];
}

void history_try(struct history *h, size_t id, uint64_t what, size_t when)
{
    struct history_item *it = item_of(h, id);

    if (it->tried != HISTORY_NEVER)
        return;
    it->tried = when;
    it->what = what;
}

void history_ack(struct history *h, size_t id, size_t when)
{
    struct history_item *it = item_of(h, id);

    if (it->tried == HISTORY_NEVER || it->tried > when)
        h->bad_acks++;
    if (it->acked == HISTORY_NEVER)
        it->acked = when;
}

struct history_counts history_check(const struct history *h, size_t until,
                                    const struct history_seen *seen,
                                    size_t n_seen)
{
    struct history_counts c = {.bad_acks = h->bad_acks};
    size_t *times = kit_calloc(sizeof(*times) * (h->n + 1));

    for (size_t i = 0; i < n_seen; i++) {
        const struct history_item *it =
            seen[i].id < h->n ? &h->item[seen[i].id] : NULL;

        if (it == NULL || it->tried == HISTORY_NEVER || it->tried > until ||
            (it->what != 0 && it->what != seen[i].what)) {
            c.unexpected++;
            continue;
        }
        c.duplicated += times[seen[i].id]++ == 1;
    }
    for (size_t i = 0; i < h->n; i++) {
        const struct history_item *it = &h->item[i];
        int acked = it->acked != HISTORY_NEVER && it->acked <= until;

        c.attempted += it->tried != HISTORY_NEVER && it->tried <= until;
        c.acknowledged += acked;
        c.lost += acked && times[i] == 0;
        c.recovered += !acked && times[i] != 0;
    }
    free(times);
    return c;
}

int history_good(const struct history_counts *c)
{
    return c->lost == 0 && c->unexpected == 0 && c->duplicated == 0 &&
           c->bad_acks == 0;
}

void history_add(struct history_counts *sum, const struct history_counts *c)
{
    sum->attempted += c->attempted;
    sum->acknowledged += c->acknowledged;
    sum->lost += c->lost;
    sum->unexpected += c->unexpected;
    sum->duplicated += c->duplicated;
    sum->recovered += c->recovered;
    sum->bad_acks += c->bad_acks;
}

void history_print(const char *name, const struct history_counts *c)
{
    printf("%s: attempted %" PRId64 ", acknowledged %" PRId64 ", lost %" PRId64
           ", unexpected %" PRId64 ", duplicated %" PRId64
           ", recovered %" PRId64 "\n",
           name, c->attempted, c->acknowledged, c->lost, c->unexpected,
           c->duplicated, c->recovered);
    if (c->bad_acks != 0)
        printf("%s: %" PRId64 " acknowledgements of what nobody asked\n", name,
               c->bad_acks);
}
