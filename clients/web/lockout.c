#include "lockout.h"

#include <stddef.h>

/* LOCKOUT_MAX: it is not there. */
static size_t find(const struct lockout *l, uint64_t key)
{
    size_t i = 0;

    while (i < LOCKOUT_MAX && l->entry[i].key != key)
        i++;
    return i;
}

/* A free one, or the one that is longest quiet. */
static struct lockout_entry *room(struct lockout *l)
{
    struct lockout_entry *oldest = &l->entry[0];

    for (size_t i = 0; i < LOCKOUT_MAX; i++) {
        if (l->entry[i].key == 0)
            return &l->entry[i];
        if (l->entry[i].last < oldest->last)
            oldest = &l->entry[i];
    }
    return oldest;
}

static dk_ms pause_of(const struct lockout_rule *r, int tries)
{
    dk_ms pause = r->first;

    if (tries < r->free)
        return 0;
    for (int i = r->free; i < tries && pause < r->most; i++)
        pause *= 2;
    return pause < r->most ? pause : r->most;
}

dk_ms lockout_wait(const struct lockout *l, uint64_t key,
                   const struct lockout_rule *r, dk_ms now)
{
    size_t i = find(l, key);
    dk_ms until;

    if (i == LOCKOUT_MAX || now - l->entry[i].last >= r->forget)
        return 0;
    until = l->entry[i].last + pause_of(r, l->entry[i].tries);
    return until > now ? until - now : 0;
}

void lockout_charge(struct lockout *l, uint64_t key,
                    const struct lockout_rule *r, dk_ms now)
{
    size_t i = find(l, key);
    struct lockout_entry *e = i < LOCKOUT_MAX ? &l->entry[i] : room(l);

    if (i == LOCKOUT_MAX) {
        *e = (struct lockout_entry){.key = key};
    }
    if (now - e->last >= r->forget)
        e->tries = 0;
    if (e->tries < INT16_MAX)
        e->tries++;
    e->last = now;
}

void lockout_refund(struct lockout *l, uint64_t key, int all)
{
    size_t i = find(l, key);

    if (i == LOCKOUT_MAX)
        return;
    struct lockout_entry *e = &l->entry[i];
    e->tries--;
    if (all || e->tries <= 0)
        *e = (struct lockout_entry){0};
}
