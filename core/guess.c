#include "guess.h"

#include <stddef.h>

dk_ms dk_guess_wait(const struct dk_guesses *g, uint64_t id,
                    struct dk_guess_limit limit, dk_ms now)
{
    size_t set = (size_t)(id % DK_GUESS_SETS);

    for (int i = 0; i < DK_GUESS_WAYS; i++) {
        if (g->v[set][i].id != id)
            continue;
        dk_ms wait = g->v[set][i].paid - (limit.tries - 1) * limit.pause - now;
        return wait > 0 ? wait : 0;
    }
    return 0;
}

void dk_guess_wrong(struct dk_guesses *g, uint64_t id,
                    struct dk_guess_limit limit, dk_ms now)
{
    size_t set = (size_t)(id % DK_GUESS_SETS);
    int at = -1, least = 0;

    for (int i = 0; i < DK_GUESS_WAYS && at < 0; i++) {
        if (g->v[set][i].id == id)
            at = i;
        else if (g->v[set][i].paid < g->v[set][least].paid)
            least = i;
    }
    if (at < 0) { /* the one that owes least makes room */
        at = least;
        g->v[set][at].id = id;
        g->v[set][at].paid = now;
    }
    if (g->v[set][at].paid < now)
        g->v[set][at].paid = now;
    g->v[set][at].paid += limit.pause;
}
