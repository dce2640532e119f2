/* plant_early_answer.c - a broker with a fault planted in it: it answers before
 * it commits.  The simulation must find it.
 */
#include "daemon/daemon.h"
#include "sim.h"

static void send_reply(struct daemon *d, const struct item *it);

static int answer_first(struct daemon *d, const struct store_changes *ch)
{
    for (size_t i = 0; i < d->batch.n_item; i++)
        send_reply(d, &d->batch.item[i]);
    return store_commit(d->st, ch);
}

#define store_commit(st, ch) answer_first(d, ch)
#include "daemon/spine.c"
