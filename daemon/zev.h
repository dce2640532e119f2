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

/* Bind `endpoint` on a new ROUTER of `zctx`.  NULL: *p says why, for an
 * operator.
 */
struct zev *zev_bind(struct event_base *base, void *zctx, const char *endpoint,
                     zev_fn fn, void *arg, struct dk_problem *p);
void zev_close(struct zev *z); /* NULL is allowed */

/* The endpoint really bound (with its port). */
const char *zev_endpoint(const struct zev *z);

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
