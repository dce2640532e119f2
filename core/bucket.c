#include "core/bucket.h"

#define TOKEN 1000 /* thousandths: `rate` a second is `rate` of them a ms */

/* What came in since the last look. */
static void refill(struct dk_bucket *b, int64_t rate, dk_ms now)
{
    dk_ms passed = now - b->at;

    b->at = now;
    if (passed <= 0 || b->missing == 0)
        return;
    if (passed > b->missing / rate)
        b->missing = 0;
    else
        b->missing -= passed * rate;
}

dk_ms dk_bucket_take(struct dk_bucket *b, int64_t rate, int64_t burst,
                     dk_ms now)
{
    if (rate < 1)
        return 0;
    if (burst < 1)
        burst = 1;
    refill(b, rate, now);
    if (b->missing > burst * TOKEN) /* it held more before */
        b->missing = burst * TOKEN;
    int64_t over = b->missing + TOKEN - burst * TOKEN;
    if (over > 0)
        return (over + rate - 1) / rate;
    b->missing += TOKEN;
    return 0;
}
