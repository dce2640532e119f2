/* stat.h - how much chance there is in a figure.  Pure. */
#ifndef DK_CTL_STAT_H
#define DK_CTL_STAT_H

#include <stdint.h>

struct stat_interval {
    double low, high; /* 0..1 */
};

/* The 95 % score interval of Wilson for n of `of` (over 0), without continuity
 * correction.
 */
struct stat_interval stat_wilson(int64_t n, int64_t of);

/* Two Poisson counts, `now` in `days_now` days and `before` in `days_before`:
 * the chance of so many or more now if both came at one rate.  The exact
 * conditional test: given their sum, `now` is binomial.  Days are over 0.
 */
double stat_rise(int64_t now, int64_t days_now, int64_t before,
                 int64_t days_before);

#endif /* DK_CTL_STAT_H */
