/* store_figures.h - the office's figures in the store: part of the contract of
 * store.h.
 */
#ifndef DK_STORE_FIGURES_H
#define DK_STORE_FIGURES_H

#include <stdbool.h>

#include "core/tally.h"

struct store;

/* Figures: sums of rows, in order of (measure, unit, category, day, tag), those
 * that are 0 left out.  What is not asked to be kept apart is summed up: unit
 * and category are then "", day and known 0.
 */
struct store_tally_filter {
    uint64_t measures; /* mask of 1 << enum dk_measure */
    int32_t from, to;  /* days */
    int32_t known;     /* as it was known on that day; INT32_MAX: now */
    const char *unit, *category; /* NULL: any; category: exact or prefix/ */
    bool by_unit, by_category, by_day;
    const struct dk_tally *after; /* the last row of the page before; or NULL */
};
_Static_assert(DK_T_N <= 64, "sets of measures are 64-bit masks");
typedef int (*store_tally_fn)(void *arg, const struct dk_tally *row);
int store_tally(struct store *st, const struct store_tally_filter *f,
                int64_t limit, store_tally_fn fn, void *arg);

#endif /* DK_STORE_FIGURES_H */
