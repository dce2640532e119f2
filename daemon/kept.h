/* kept.h - cases that were written or handed out of late, so that the answer to
 * a task needs no reading (docs/adr/0033).
 *
 * What is here is what the store holds: a case comes in after the commit that
 * wrote it, or from its row, and a batch takes it out for as long as it may
 * change it.  After a failed commit it does not come back.  Where others write
 * into the store nothing is kept.
 *
 * Bounded by bytes: what was not asked for longest goes first.
 */
#ifndef DK_KEPT_H
#define DK_KEPT_H

#include "core/case.h"
#include "daemon/map.h"

#define KEPT_BYTES (4U << 20)

struct kept_cases {
    struct map by_key; /* case key -> struct kept_case */
    struct kept_case *newest, *oldest;
    size_t bytes, most;
};

/* `most` bytes of cases; 0: nothing is kept. */
void kept_init(struct kept_cases *k, size_t most, uint64_t seed);
void kept_clear(struct kept_cases *k);
void kept_fini(struct kept_cases *k);

/* The case is the caller's from now on.  NULL: it is not here, or there is no
 * memory.
 */
struct dk_case *kept_take(struct kept_cases *k, int64_t key);
/* Valid until the next call of anything here. */
const struct dk_case *kept_look(struct kept_cases *k, int64_t key);
/* Takes the case, as the store holds it; `c` may be NULL. */
void kept_put(struct kept_cases *k, struct dk_case *c);

#endif /* DK_KEPT_H */
