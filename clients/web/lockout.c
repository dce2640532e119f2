#include "lockout.h"

#include <stddef.h>

static const struct lockout_entry *look(const struct lockout *l, uint64_t key)
{
    for (size_t i = 0; i < LOCKOUT_MAX; i++)
        if (l->entry[i].key == key)
            return &l->entry[i];
    return NULL;
}

static struct lockout_entry *find(struct lockout *l, uint64_t key)
{
    for (size_t i = 0; i < LOCKOUT_MAX; i++)
        if (l->entry[i].key == key)
            return &l->entry[i];
    return NULL;
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
    const struct lockout_entry *e = look(l, key);
    dk_ms until;

    if (e == NULL || now - e->last >= r->forget)
        return 0;
    until = e->last + pause_of(r, e->tries);
    return until > now ? until - now : 0;
}

void lockout_charge(struct lockout *l, uint64_t key,
                    const struct lockout_rule *r, dk_ms now)
{
    struct lockout_entry *e = find(l, key);

    if (e == NULL) {
        e = room(l);
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
    struct lockout_entry *e = find(l, key);

    if (e == NULL)
        return;
    e->tries--;
    if (all || e->tries <= 0)
        *e = (struct lockout_entry){0};
}
