/* session.h - one worker's session with its broker, without clock and signals
 * (worker.c has these).
 */
#ifndef DK_WORKER_SESSION_H
#define DK_WORKER_SESSION_H

#include "task.h"
#include "wire.h"
#include "worker.h"

#define SESSION_NAME_MAX 64

enum session_state {
    SESSION_DOWN,    /* no socket until `at` */
    SESSION_CONNECT, /* waiting for a connection that takes our hello */
    SESSION_HELLO,   /* hello is sent; a welcome is due until `at` */
    SESSION_UP
};

struct session {
    const struct worker_conf *conf;
    char name[SESSION_NAME_MAX + 1];
    struct wire wire;
    enum session_state state;
    dk_ms at;        /* see session_state; monotonic, as all times here */
    dk_ms beat_at;   /* our next beat */
    dk_ms heard_at;  /* the broker's last message */
    dk_ms beat_ms;   /* as the broker told */
    dk_ms lease_ms;  /* likewise */
    int tries;       /* since the last welcome */
    int in_hand;     /* answered, the broker's word not yet here */
    bool leaving;    /* bye is said, or nobody was there to hear it */
    bool left;       /* the broker answered our bye */
    int status;      /* not 0: give up with this sysexits status */
    unsigned number; /* of the next hello or beat */
    char hello[DK_REQUEST_MAX + 1]; /* request id of our latest hello */
    struct worker_env env;
    struct worker_about about; /* as our latest hello told */
    /* Told before a task how long it may take, and after it (0); NULL: nobody
     * watches.
     */
    void (*watch)(dk_ms most);
    struct dk_jw commands, out;
    uint64_t done, failed, refused;
    uint64_t strange;  /* messages that were none of ours */
    dk_ms quiet_until; /* no line about failures before that */
    uint64_t untold;   /* failures that got no line */
};

/* `ctx` is a ZeroMQ context.  0 or a DK_E code. */
int session_init(struct session *s, const struct worker_conf *conf, void *ctx,
                 dk_ms now, struct dk_problem *p);
void session_fini(struct session *s);

/* Do what is due and return when to be called next at the latest. */
dk_ms session_tick(struct session *s, dk_ms now);

/* The connection takes messages: say hello. */
void session_writable(struct session *s, dk_ms now);

/* Read and answer what is waiting, a bounded number of messages.  True if
 * there may be more.
 */
bool session_drain(struct session *s, dk_ms now);

/* Files were read again: if what a hello tells has changed, say it anew. */
void session_renew(struct session *s, dk_ms now);

/* Say bye; session_over() becomes true when all is finished. */
void session_leave(struct session *s, dk_ms now);
bool session_over(const struct session *s);

#endif /* DK_WORKER_SESSION_H */
