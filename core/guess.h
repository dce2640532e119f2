/* guess.h - how many wrong answers somebody may give to a secret question: so
 * many at once, and then one more after each pause.  A right one costs nothing.
 *
 * Pure, and of a fixed size: of many who guess, those who owe the longest pause
 * are remembered.  Ids are the caller's keyed hashes, so that nobody can choose
 * who shares a place with whom.
 */
#ifndef DK_GUESS_H
#define DK_GUESS_H

#include <stdint.h>

#include "proto/dk_types.h"

#define DK_GUESS_SETS 1024
#define DK_GUESS_WAYS 4

struct dk_guess_limit {
    int64_t tries; /* wrong ones at once; 1 or more */
    dk_ms pause;   /* until one more is free again; 1 or more */
};

/* All zero: nobody has guessed. */
struct dk_guesses {
    struct {
        uint64_t id; /* 0: free */
        dk_ms paid;  /* when all of its wrong ones are forgotten */
    } v[DK_GUESS_SETS][DK_GUESS_WAYS];
};

/* May `id` try?  0: yes; else after so many ms. */
dk_ms dk_guess_wait(const struct dk_guesses *g, uint64_t id,
                    struct dk_guess_limit limit, dk_ms now);
/* It was wrong. */
void dk_guess_wrong(struct dk_guesses *g, uint64_t id,
                    struct dk_guess_limit limit, dk_ms now);

#endif /* DK_GUESS_H */
