/* follow.h - peers that read the event stream from some sequence on, each at
 * its own pace: a follower is a position and a credit, nothing is queued for
 * it, and a slow one costs nobody anything.
 */
#ifndef DK_FOLLOW_H
#define DK_FOLLOW_H

#include "daemon/zev.h"

struct follower {
    struct zev_peer peer;
    char request[DK_REQUEST_MAX + 1];
    char user[48];  /* key or user that it is bound to */
    int64_t next;   /* sequence */
    int64_t credit; /* events it still wants */
    dk_ms seen;     /* monotonic: last word from it */
};

struct follows {
    struct follower *v;
    size_t n, cap;
};

struct daemon;

/* Events that one follower gets in one tick, when there are so many followers:
 * for who may not see every case, each may cost loading one.
 */
int64_t follow_portion(size_t followers, bool sees_all);
/* Send what was committed (after the commit). */
void follow_push(struct daemon *d);
/* After a change of the keys: forget those that may not follow any more. */
void follow_settle(struct daemon *d);
/* Forget followers that said nothing for a minute. */
void follow_house(struct daemon *d);

#endif /* DK_FOLLOW_H */
