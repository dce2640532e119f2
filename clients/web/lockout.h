/* lockout.h - how long somebody must wait after wrong passwords.  Pure.
 *
 * Each try is charged before it is looked at and given back when it was right,
 * so that many at once are no way around.  After `free` wrong ones there is a
 * wait that doubles with each, up to `most`; after `forget` without another one
 * all is forgotten.  Names that are no account's are counted alike: a wait
 * tells nobody which names there are.
 */
#ifndef DK_WEB_LOCKOUT_H
#define DK_WEB_LOCKOUT_H

#include "proto/dk_types.h"

#define LOCKOUT_MAX 2048 /* names and addresses remembered at once */

struct lockout_rule {
    int free;
    dk_ms first, most, forget;
};

struct lockout_entry {
    uint64_t key; /* a keyed hash of the name or address; 0: free */
    dk_ms last;   /* wrong try */
    int tries;
};

struct lockout {
    struct lockout_entry entry[LOCKOUT_MAX];
};

/* Milliseconds until one more may be tried; 0: now. */
dk_ms lockout_wait(const struct lockout *l, uint64_t key,
                   const struct lockout_rule *r, dk_ms now);

/* One more try.  With no entry free the one that is longest quiet goes. */
void lockout_charge(struct lockout *l, uint64_t key,
                    const struct lockout_rule *r, dk_ms now);

/* It was right: `all` forgets every wrong one before it as well. */
void lockout_refund(struct lockout *l, uint64_t key, int all);

#endif /* DK_WEB_LOCKOUT_H */
