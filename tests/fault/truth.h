/* truth.h - everything that a store can tell, as one text and its hash, and
 * what `verify` says of it.
 */
#ifndef DK_FAULT_TRUTH_H
#define DK_FAULT_TRUTH_H

#include "daemon/store/store.h"

#define TRUTH_COUNTY 330699
#define TRUTH_OFFSET 480

struct truth {
    int rc; /* first refusal of a read; 0: everything was read */
    uint64_t hash;
    char *text; /* what was read until then; owned */
    size_t len;
};

/* `info` is what the opening said: the test clock is part of the truth. */
struct truth truth_read(struct store *st, dk_ms test_now);
void truth_free(struct truth *t);

/* The answer of `verify`, all slices: number of faults, or a negative code.
 * `first` gets the first fault in words.
 */
int truth_verify(struct store *st, const struct store_info *info, char *first,
                 size_t cap);

/* The key that personal data is sealed with, in all of this: one credential, in
 * a folder of its own until the program ends.  Before the first daemon is built
 * and before a fork.
 */
void truth_keys(void);

/* Options of a store of the scenario's kind. */
struct store_options truth_options(bool create);

/* docs/STORE.md: what an operator asks of a stopped store besides. */
bool truth_integrity(void);

#endif /* DK_FAULT_TRUTH_H */
