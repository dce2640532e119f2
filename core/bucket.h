/* bucket.h - how often somebody may ask: a token bucket.  Pure. */
#ifndef DK_BUCKET_H
#define DK_BUCKET_H

#include <stdbool.h>

#include "proto/dk_types.h"

#define DK_RATE_MAX 1000000 /* per second; also the largest burst */

/* All zero: full. */
struct dk_bucket {
    int64_t missing; /* thousandths of a token below full */
    dk_ms at;        /* when that was so, on the caller's monotonic clock */
};

/* Take one token of a bucket that gets `rate` of them a second and holds
 * `burst`.  0: taken.  Else nothing was taken, and after so many ms (>= 1)
 * there is one.  A rate below 1 is no limit: always 0.  Both at most
 * DK_RATE_MAX; a burst below 1 counts as 1.  A clock that goes back adds
 * nothing.
 */
dk_ms dk_bucket_take(struct dk_bucket *b, int64_t rate, int64_t burst,
                     dk_ms now);

#endif /* DK_BUCKET_H */
