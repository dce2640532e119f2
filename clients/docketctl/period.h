/* period.h - the days a bulletin is about, and those it is held against.
 * Pure.
 */
#ifndef DK_CTL_PERIOD_H
#define DK_CTL_PERIOD_H

#include <stdbool.h>

#include "proto/timefmt.h"

enum period_kind {
    PERIOD_MONTH,   /* "2026-05" */
    PERIOD_QUARTER, /* "2026Q2" */
    PERIOD_YEAR,    /* "2026" */
    PERIOD_RANGE    /* "2026-05-01..2026-05-20" */
};

#define PERIOD_TEXT 24
struct period {
    enum period_kind kind;
    int32_t from, to; /* days since 1970-01-01, both in it */
    char text[PERIOD_TEXT];
};

/* Years 1971 to 9998.  0 or DK_EFIELD. */
int period_parse(const char *s, struct period *out, struct dk_problem *p);

/* The month, quarter or year before; of a range, as many days. */
struct period period_before(const struct period *p);
/* The same a year earlier; 29 February becomes 28. */
struct period period_year_before(const struct period *p);

/* The i-th month that the period touches, cut to it; false: there are not so
 * many.
 */
bool period_month(const struct period *p, int i, struct period *out);

#endif /* DK_CTL_PERIOD_H */
