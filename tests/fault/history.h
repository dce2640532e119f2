/* history.h - the checker: what clients attempted and what was acknowledged to
 * them, held against what is there afterwards.
 *
 * Moments are any numbers that rise; ids are the test's own, one for each thing
 * that a client wants to happen once.
 */
#ifndef DK_FAULT_HISTORY_H
#define DK_FAULT_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#define HISTORY_NEVER SIZE_MAX

struct history_item {
    size_t tried, acked; /* moments; HISTORY_NEVER */
    uint64_t what;       /* what it is, as a number; 0: any */
};

struct history {
    struct history_item *item; /* by id, from 0 */
    size_t n, cap;
    int64_t bad_acks; /* of what was never attempted */
};

struct history_seen {
    size_t id;
    uint64_t what;
};

struct history_counts {
    int64_t attempted, acknowledged;
    int64_t lost;       /* acknowledged, and not there */
    int64_t unexpected; /* there, and never attempted; or changed */
    int64_t duplicated; /* there more than once */
    int64_t recovered;  /* there without an acknowledgement: allowed */
    int64_t bad_acks;
};

void history_fini(struct history *h);
/* Once or more often: the first moment counts. */
void history_try(struct history *h, size_t id, uint64_t what, size_t when);
void history_ack(struct history *h, size_t id, size_t when);

/* Of what had happened up to and including the moment `until`. */
struct history_counts history_check(const struct history *h, size_t until,
                                    const struct history_seen *seen,
                                    size_t n_seen);
int history_good(const struct history_counts *c);
void history_add(struct history_counts *sum, const struct history_counts *c);
void history_print(const char *name, const struct history_counts *c);

#endif /* DK_FAULT_HISTORY_H */
