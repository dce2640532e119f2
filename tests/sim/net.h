/* net.h - the network: libzmq as docket uses it, on the virtual clock.
 *
 * Every message takes its own time; the messages of one connection stay in
 * order, those of different ones do not.  A connection can break: what is
 * under way is lost, the DEALER connects again by itself and is somebody new
 * to the ROUTER.
 */
#ifndef DK_SIM_NET_H
#define DK_SIM_NET_H

#include "sim.h"

#define NET_PART_MAX 8

struct net_part {
    char *data;
    size_t len;
};

/* How bad the network is; permille of messages, but for the times. */
struct net_mood {
    dk_ms slowest;  /* of most messages */
    int late;       /* are ten times as slow */
    int duplicated; /* from a DEALER */
    int broken;     /* the connection breaks after this one */
    int full;       /* a ROUTER's send finds the queue full */
};
extern struct net_mood net_mood;

void net_reset(void); /* every socket must be closed */
/* Bring what is due to its socket. */
void net_deliver(void);
dk_ms net_next(void); /* when something is due; DK_NEVER: nothing under way */
/* Does a ROUTER ask for its loop?  (Its descriptor is readable.) */
bool net_rings(void);
bool net_waiting(const void *sock); /* has a DEALER something to read? */
/* Break a DEALER's connection now. */
void net_break(void *dealer);
/* The process that owns the ROUTERs is dead as of now, though it does not know
 * it: nothing it sends arrives.  Ends when it closes them.  `after`: so many
 * more messages still get out.
 */
void net_mute(int after);
bool net_muted(void);

/* Called for each message that a ROUTER sends, before it is under way; f[0..n)
 * are the frames after the routing id.
 */
extern void (*net_on_send)(const char *endpoint, const struct net_part *f,
                           int n);

#endif /* DK_SIM_NET_H */
