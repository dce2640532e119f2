/* top.h - what docketctl top makes of the broker's answers.  Pure. */
#ifndef DK_CTL_TOP_H
#define DK_CTL_TOP_H

#include "proto/jsonx.h"

/* How often a counter of stats rose in a second between two answers, in tenths;
 * -1: not to be told (no time between them, or docketd started anew).
 */
int64_t top_rate(const cJSON *then, const cJSON *now, const char *counter);

/* Microseconds of a transaction between two answers, on average; -1: none. */
int64_t top_commit_us(const cJSON *then, const cJSON *now);

struct top_unit {
    const char *unit, *oldest; /* borrowed from the rows; the earliest due_at */
    int64_t overdue;           /* limits that have passed */
};

/* From rows of clock.list (overdue) to their units, the most limits first and
 * of as many the longest first; returns how many, at most `cap`.  Rows of a
 * unit beyond the first TOP_UNITS units are not counted.
 */
#define TOP_UNITS 256
int top_units(const cJSON *items, struct top_unit *out, int cap);

#endif /* DK_CTL_TOP_H */
