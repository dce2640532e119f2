/* histo.h - how often something took so long, or was so large: counts between
 * fixed bounds, and the sum.  Pure.
 */
#ifndef DK_HISTO_H
#define DK_HISTO_H

#include <stddef.h>
#include <stdint.h>

#include "proto/jsonw.h"

#define HISTO_BOUNDS 12

/* X(NAME, bounds): docs/OPERATIONS.md explains each.  Bounds rise; a value that
 * equals one is counted under it.
 */
#define HISTOS(X)                                                              \
    X(commit_us, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, \
      250000, 1000000)                                                         \
    X(batch_items, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096)          \
    X(answer_ms, 1, 2, 5, 10, 25, 50, 100, 250, 1000, 5000, 15000, 60000)

enum histo_name {
#define HISTO_NAME(name, ...) HISTO_##name,
    HISTOS(HISTO_NAME)
#undef HISTO_NAME
    HISTO_N
};

struct histo {
    int64_t n[HISTO_BOUNDS + 1]; /* the last one: above every bound */
    int64_t sum;
};

void histo_add(struct histo h[HISTO_N], enum histo_name which, int64_t v);
/* The member "histograms": for each its bounds "le", the counts "n" (one more,
 * not added up) and the "sum".
 */
void histo_write(const struct histo h[HISTO_N], struct dk_jw *w);

#endif /* DK_HISTO_H */
