/* send.h - tries under way: each is a child process of its own, so that no
 * server, however slow or hostile, holds up another or us.  The journal has its
 * message at once.
 */
#ifndef DK_NOTIFY_SEND_H
#define DK_NOTIFY_SEND_H

#include "conf.h"
#include "state.h"

/* One try is over.  `wish`: milliseconds that the receiver wants us to wait, or
 * 0; `why` is for people, "" when it was sent.
 */
typedef void (*send_done_fn)(void *arg, const struct message *m,
                             enum dk_notify_outcome outcome, dk_ms wish,
                             const char *why);

struct try;

struct sender {
    const struct conf *conf; /* may be exchanged between two calls */
    struct try *first;       /* under way */
    size_t n;
    send_done_fn done;
    void *arg;
};

/* Gives up what is under way, without a word: the children are killed. */
void sender_fini(struct sender *s);

bool sender_has(const struct sender *s, int64_t id);
/* Begin; the message is taken over (and emptied).  `done` may be called before
 * this returns.
 */
void sender_start(struct sender *s, struct message *m);

/* Look which tries have ended (SIGCHLD tells) or took too long: `done` for
 * each.  Milliseconds until one will have taken too long.
 */
dk_ms sender_work(struct sender *s);

#endif /* DK_NOTIFY_SEND_H */
