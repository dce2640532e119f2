/* zev.h - a ROUTER socket as an event source (docs/adr/0003).
 *
 * ZMQ_FD is edge-triggered and every send may swallow its signal, so this
 * module has one law: ask ZMQ_EVENTS before the loop sleeps.  Whoever drains
 * or sends calls zev_rearm() at the end; it kicks the loop by a zero-second
 * timer when messages wait (event_active() would starve every other timer).
 */
#ifndef DK_ZEV_H
#define DK_ZEV_H

#include <event2/event.h>
#include <stdbool.h>

#include "proto/frames.h"

struct zev;

struct zev_peer { /* a ROUTER's routing id */
    uint8_t id[255];
    uint8_t len;
};

/* Called from the loop when messages may be waiting. */
typedef void (*zev_fn)(void *arg);

/* A new ROUTER of `zctx` that listens nowhere yet.  NULL: no memory. */
struct zev *zev_open(struct event_base *base, void *zctx, zev_fn fn, void *arg);
void zev_close(struct zev *z); /* NULL is allowed */

/* Who may connect, for the ZAP handler (zap.h). */
struct zev_guard {
    const char *domain; /* of ZAP */
    const char *secret; /* CURVE, in Z85; NULL: no CURVE */
    /* Which of the context's I/O threads serve it, a bit each (ZMQ_AFFINITY);
     * 0: any.
     */
    uint64_t threads;
    int fd; /* it listens already (systemd's); 0: bind it */
};

/* Listen on one endpoint more.  Without a guard everybody is let in, and nobody
 * has a name.  On failure *p says why, for an operator.
 */
int zev_listen(struct zev *z, const char *endpoint,
               const struct zev_guard *guard, struct dk_problem *p);

/* Do not listen on the one bound last any more. */
void zev_unlisten(struct zev *z);

/* The endpoints really bound (with their ports), joined by commas. */
const char *zev_endpoint(const struct zev *z);
const char *zev_last_endpoint(const struct zev *z); /* the one bound last */

/* Who sent the message received last, as the ZAP handler named them; NULL:
 * nobody knows.  Borrowed until the next zev_recv().
 */
const char *zev_user(struct zev *z);

/* Receive one message without waiting.  1: *peer and f[0..*n) are filled and
 * borrowed until the next zev_recv() on this socket; frames over `cap` are
 * dropped but counted in *n.  0: nothing waits.
 */
int zev_recv(struct zev *z, struct zev_peer *peer, struct dk_frame f[], int cap,
             int *n);

/* Send a four-frame message without waiting.  DK_ENOTFOUND: the peer is gone;
 * DK_EBUSY: its queue is full.  Nothing was sent then.
 */
int zev_send(struct zev *z, const struct zev_peer *peer, const char *type,
             const char *request, const char *body, size_t len);

/* Make sure the loop comes back if messages wait. */
void zev_rearm(struct zev *z);

bool zev_same(const struct zev_peer *a, const struct zev_peer *b);

#endif /* DK_ZEV_H */
