/* simulate_sums.h - what many lives come to, for each unit and clock.
 *
 * Sums of parts can be merged in any order, so that the result does not depend
 * on how many processes made them.
 */
#ifndef DK_SIMULATE_SUMS_H
#define DK_SIMULATE_SUMS_H

#include "simulate_life.h"

/* Days that late limits were over: how many of each length.  Longer ones count
 * as this.
 */
#define SUMS_DAYS_MAX 40000
struct days {
    uint64_t *count; /* of d days; count[0] is not used */
    uint32_t n;      /* entries */
    uint64_t all;
};
int64_t days_median(const struct days *d); /* the lower one; 0: none */
int64_t days_worst(const struct days *d);  /* 0: none */

struct row {
    char unit[DK_ID_MAX + 1]; /* or "office" */
    char clock[DK_ID_MAX + 1];
    uint64_t limits_then, limits_now;
    uint64_t late_then, late_now; /* late both times counts in both */
    uint64_t newly_late, newly_in_time;
    struct days days_then, days_now;
};

/* A limit that came out differently. */
struct change {
    int64_t key;
    uint32_t county, basis;
    bool late; /* now; else it was late then and is not any more */
    int64_t days;
    dk_ms due_then, due_now; /* DK_NEVER: no such limit */
    char unit[DK_ID_MAX + 1];
    char clock[DK_ID_MAX + 1];
};

struct sums {
    struct row *row;
    size_t n_row, cap_row;
    uint32_t *slot; /* hash table: index of the row + 1; 0: free */
    size_t n_slot;  /* a power of two */
    struct change *change;
    size_t n_change, cap_change;
    bool list; /* keep the changes */
    uint64_t cases, late_then, late_now, newly_late, newly_in_time;
    uint64_t left_out;         /* cases handed in before --from or after --to */
    uint64_t refused[DK_EV_N]; /* cases by their first step that is refused */
    uint64_t uncounted;        /* cases that the law has no limits for .. */
    int64_t uncounted_key;     /* .. the first of them, and why */
    uint32_t uncounted_county;
    struct dk_problem why;
};

void sums_fini(struct sums *s);
/* 0 or DK_ENOMEM, of all of these. */
int sums_add(struct sums *s, int64_t key, uint32_t county,
             const struct sim_life *l);
int sums_merge(struct sums *s, const struct sums *other);
/* Rows by unit and clock, changes by case. */
void sums_sort(struct sums *s);

/* The sum of one clock, or of all, over every unit; its counts are the
 * caller's to free.
 */
int sums_total(const struct sums *s, const char *clock_or_null,
               struct row *out);
void sums_free_row(struct row *r);
bool sums_is_first(const struct sums *s, size_t i); /* row of its clock */

/* To another process and back: DK_EIO, DK_ENOMEM. */
int sums_send(int fd, const struct sums *s);
int sums_receive(int fd, struct sums *s);

#endif /* DK_SIMULATE_SUMS_H */
