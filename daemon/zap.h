/* zap.h - who may connect: the ZAP handler (RFC 27) of this process, in its
 * loop.
 *
 * libzmq asks it for every connection to a socket with a ZAP domain, and lets
 * everybody in when nobody answers there: so it is bound before any other
 * socket, answers whatever comes, and is tried out before docketd is ready.
 *
 * The domain that a socket was bound with says how its peers prove who they
 * are: "NAME.tcp" by a CURVE key, "NAME.ipc" by their user on this machine.
 */
#ifndef DK_ZAP_H
#define DK_ZAP_H

#include <event2/event.h>
#include <stdbool.h>

#include "proto/frames.h"

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define ZAP_FRAMES   7 /* of a request, with the key */
#define ZAP_USER_MAX 40

/* What to answer; `request` is borrowed from the frames. */
struct zap_answer {
    const char *status, *text; /* "200", "400" or "500" */
    struct dk_frame request;
    char user[ZAP_USER_MAX + 1]; /* a key in Z85, or "uid:N"; "" unless known */
};

/* Is this user welcome at the endpoint `name` ("clients", "workers")?  Called
 * for everybody who proved to be `user`.
 */
typedef bool (*zap_ask_fn)(void *arg, const char *name, const char *user);
/* Somebody was turned away: told for the log. */
typedef void (*zap_told_fn)(void *arg, const char *address, const char *user,
                            const char *why);

/* The decision, apart from sockets: `n` frames as they came (`n` may be more
 * than `f` has), `f` holds at most ZAP_FRAMES.
 */
void zap_decide(const struct dk_frame f[], int n, zap_ask_fn ask, void *arg,
                struct zap_answer *out);

struct zap;

/* NULL: no memory, or the endpoint is taken in this context. */
struct zap *zap_open(struct event_base *base, void *zctx, zap_ask_fn ask,
                     zap_told_fn told, void *arg);
void zap_close(struct zap *z); /* NULL is allowed */

/* Knock at a TCP endpoint of ours with a key that nobody has: true when it was
 * turned away, as it must be.  Answers ZAP requests meanwhile.
 */
bool zap_self_test(struct zap *z, const char *endpoint, const char *server_key);

/* Keys in Z85, ZAP_USER_MAX + 1 bytes of text each; false: it is none. */
bool zap_key_bytes(const char *key, uint8_t out[32]);
bool zap_public_key(const char *secret, char *out);
bool zap_new_secret(char *out);

#endif /* DK_ZAP_H */
