/* send_int.h - what the files of the sender share. */
#ifndef DK_NOTIFY_SEND_INT_H
#define DK_NOTIFY_SEND_INT_H

#include <sys/types.h>

#include "send.h"

#define WHY_BYTES 256

struct
try {
    struct try *next;
    struct message m;
    pid_t pid; /* of its child; 0: none */
    int fd;    /* where the child says what came of it; -1: its exit code is */
    dk_ms until; /* monotonic; it is killed then */
};

/* What a child says. */
struct verdict {
    enum dk_notify_outcome outcome;
    dk_ms wish;
    char why[WHY_BYTES];
};

/* Begin a child.  0, or -1 with v->why filled. */
int send_by_net(const struct conf *c, struct try *t, const struct recipient *r,
                struct verdict *v);
int send_by_command(const struct conf *c, struct try *t,
                    const struct recipient *r, struct verdict *v);
int send_by_journal(const struct try *t, struct verdict *v);

/* In the child: libcurl does it, and waits. */
void net_email(const struct conf *c, const struct message *m,
               const struct recipient *r, struct verdict *v);
void net_webhook(const struct conf *c, const struct message *m,
                 const struct recipient *r, struct verdict *v);

#endif /* DK_NOTIFY_SEND_INT_H */
