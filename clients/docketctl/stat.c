#include "stat.h"

#include <math.h>

#define Z95     1.959963984540054 /* of the standard normal, two-sided */
#define NOTHING 1e-18             /* of a sum: terms that do not change it */

struct stat_interval stat_wilson(int64_t n, int64_t of)
{
    double m = (double)of;
    double p = (double)n / m;
    double z2 = Z95 * Z95;
    double mid = p + z2 / (2 * m);
    double half = Z95 * sqrt(p * (1 - p) / m + z2 / (4 * m * m));
    struct stat_interval i = {(mid - half) / (1 + z2 / m),
                              (mid + half) / (1 + z2 / m)};

    if (n == 0)
        i.low = 0; /* and not what rounding leaves of it */
    if (n == of)
        i.high = 1;
    return i;
}

static double log_factorial(double n)
{
    int sign = 0;

    return lgamma_r(n + 1, &sign);
}

/* The chance of exactly k of n. */
static double binomial(double n, double k, double p)
{
    return exp(log_factorial(n) - log_factorial(k) - log_factorial(n - k) +
               k * log(p) + (n - k) * log1p(-p));
}

/* The sum over k, k + 1, .. n; k is not below the most likely number. */
static double upper_tail(double n, double k, double p)
{
    double term = binomial(n, k, p);
    double sum = 0;

    while (k <= n && term > sum * NOTHING) {
        sum += term;
        term *= (n - k) / (k + 1) * p / (1 - p);
        k += 1;
    }
    return sum;
}

double stat_rise(int64_t now, int64_t days_now, int64_t before,
                 int64_t days_before)
{
    double n = (double)(now + before);
    double p = (double)days_now / (double)(days_now + days_before);
    double k = (double)now;
    double rise;

    if (now == 0)
        return 1;
    if (k > n * p)
        rise = upper_tail(n, k, p);
    else /* the rest of the lower one, which is an upper one from behind */
        rise = 1 - upper_tail(n, n - (k - 1), 1 - p);
    return rise < 0 ? 0 : rise > 1 ? 1 : rise;
}
