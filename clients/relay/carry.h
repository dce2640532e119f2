/* carry.h - both sides of a relay at work: events become entries of the spool,
 * entries of the spool become requests, answers are written down.
 *
 * Nothing is forgotten before the other side has it on its disk, and everything
 * has an id that is the same whenever it is sent: kill it where you like.
 */
#ifndef DK_RELAY_CARRY_H
#define DK_RELAY_CARRY_H

#include <signal.h>

#include "options.h"
#include "proto/client.h"
#include "shape.h"
#include "spool.h"

struct carry_side {
    enum side side;
    const struct relay_end *end; /* where, and who we are there */
    struct dk_client *client;
    bool up;                  /* said hello, and the broker knows us */
    dk_ms greet_at;           /* monotonic: hello is to be said again */
    dk_ms again_at;           /* monotonic: not asked before */
    int fails;                /* in a row */
    char broker[33];          /* whose stream it is */
    char county[8];           /* of the docket there */
    char unit[DK_ID_MAX + 1]; /* that we speak for there */
    char told[40];            /* the last trouble that was logged */
};

struct carry {
    struct carry_side side[SIDES];
    struct spool *spool;
    const struct shape_rules *rules;
    const volatile sig_atomic_t *stop;
    bool broken;  /* the spool: *p of carry_turn() says how */
    int look_ms;  /* how long a look for events takes now */
    bool untidy;  /* something was wiped since spool_tidy() */
    int64_t done; /* cases and acts that arrived, since the start */
};

/* One turn on both sides: about half a second when nothing happens.  0, or a
 * DK_E code when the spool failed or what is configured cannot work.
 */
int carry_turn(struct carry *c, struct dk_problem *p);
void carry_close(struct carry *c);

#endif /* DK_RELAY_CARRY_H */
