/* client_int.h - what the files of libdocket share.  Private to them. */
#ifndef DK_CLIENT_INT_H
#define DK_CLIENT_INT_H

#include "client.h"

/* Request ids that the library makes begin with this. */
#define DK_OWN_ID "dk."

struct dk_kept {
    struct dk_kept *next;
    struct dk_reply reply;
};

struct dk_client {
    void *ctx, *sock;
    bool shared;      /* the context is somebody else's */
    void *monitor;    /* tells of connections made and lost */
    bool connected;   /* as far as the monitor has told */
    unsigned losses;  /* connections lost so far */
    bool keyed;       /* we have shown a key */
    bool refused;     /* the broker turned us away, last time */
    int64_t knock_at; /* then: when to connect again; 0: ZeroMQ does it */
    size_t max_reply;
    int keep_max, kept; /* messages read while waiting for another */
    struct dk_kept *first, **last;
    uint64_t made;                      /* request ids so far */
    char following[DK_REQUEST_MAX + 1]; /* the running follow, or "" */
    char endpoint[256];
};

/* Milliseconds of the monotonic clock. */

/* Watch the connection; 0 or -1. */
int dk_client_watch(struct dk_client *c);

/* Show our key to a broker over tcp://, before connecting. */
int dk_client_show(struct dk_client *c, const struct dk_client_options *o,
                   struct dk_problem *p);

/* Why there may be no connection, as an addition to a problem; "" if unknown.
 */
const char *dk_client_hint(const struct dk_client *c);
const char *dk_client_hint_zh(const struct dk_client *c);

/* Hear what the monitor has to tell. */
void dk_client_look(struct dk_client *c);

/* Wait until there may be something to receive (or, if `send`, room to send),
 * or a connection was made or lost: 0.  DK_ETIMEOUT: `until` is past, or, if
 * `signalled` is not NULL, a signal was caught, which sets it.  DK_EIO.
 */
int dk_client_wait(struct dk_client *c, bool send, int64_t until,
                   bool *signalled);

/* One message from the socket if there is one: 0, DK_ETIMEOUT: none; another
 * code: it cannot be read, and out->request says whose answer it was, if
 * anything could be made of it.
 */
int dk_client_take(struct dk_client *c, struct dk_reply *out,
                   struct dk_problem *p);

/* Keep *r for later and empty it.  DK_EBUSY: too many are kept (r stays). */
int dk_client_keep(struct dk_client *c, struct dk_reply *r,
                   struct dk_problem *p);

/* The oldest kept message of this request (NULL: of any), if there is one. */
bool dk_client_kept(struct dk_client *c, const char *request,
                    struct dk_reply *out);

/* A fresh request id of kind `k`. */
void dk_client_id(struct dk_client *c, char k, char buf[DK_REQUEST_MAX + 1]);

/* A late answer to something that nobody waits for any more. */
bool dk_client_stale(const struct dk_client *c, const struct dk_reply *r);

#endif /* DK_CLIENT_INT_H */
