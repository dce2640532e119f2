/* tie.h - a connection to the broker, in the loop.
 *
 * It is made with a key of its own, so the broker knows who asks and decides
 * what they may.  Requests are pipelined; each is answered exactly once:
 * by the broker's answer, or by a problem when it does not come in time.
 */
#ifndef DK_TIE_H
#define DK_TIE_H

#include "proto/client.h"
#include "proto/client_keys.h"

#define TIE_ASKS 32 /* unanswered at once; more are DK_ERATE */

struct event_base;
struct tie;

/* Exactly one of `r` (borrowed, of type "ok") and `p` is not NULL. */
typedef void (*tie_fn)(void *arg, const struct dk_reply *r,
                       const struct dk_problem *p);

struct tie_ask {
    const char *type, *body; /* copied */
    size_t len;
    int wait_ms; /* for its answer */
    /* A member of the answer and what it must name (proto/client.h,
     * dk_reply_names); NULL: none.  Copied.
     */
    const char *member, *id;
    tie_fn fn;
    void *arg;
};

struct tie_with {
    struct event_base *base;
    void *zmq; /* the shared context */
    const char *endpoint;
    const struct dk_client_keys *keys; /* copied */
    /* Messages that answer no ask: pushed events; NULL: dropped. */
    void (*on_push)(void *arg, const struct dk_reply *r);
    void *arg;
};

int tie_open(const struct tie_with *with, struct tie **out,
             struct dk_problem *p);
/* What is unanswered is answered DK_ESHUTDOWN.  NULL is allowed. */
void tie_close(struct tie *t);

/* Ask; fn is never called before this returns.  On failure (DK_ERATE,
 * DK_ENOMEM) it is never called.  `used`, if not NULL, gets the request's id.
 */
int tie_ask(struct tie *t, const struct tie_ask *ask, char *used,
            struct dk_problem *p);

/* Send without any answer expected, under a request id; false: not now. */
bool tie_tell(struct tie *t, const char *type, const char *request,
              const char *body);

/* Did the broker turn the key away? */
bool tie_refused(const struct tie *t);

#endif /* DK_TIE_H */
