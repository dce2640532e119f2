/* people.h - what the files of the clients share. */
#ifndef DK_SIM_PEOPLE_H
#define DK_SIM_PEOPLE_H

#include "net.h"
#include "proto/dk_types.h"
#include "world.h"

#define ASKED_MAX 4096
#define BODY_MAX  2400

enum ask_kind {
    ASK_NONE,
    ASK_SUBMIT,
    ASK_ACT,
    ASK_OTHER, /* its answer proves nothing */
    ASK_VERIFY
};

/* One question, repeated until it is answered. */
struct ask {
    enum ask_kind kind; /* NONE: nothing is asked */
    unsigned no;        /* request ids are "NO.TRY" */
    unsigned tries;
    const char *type;
    char body[BODY_MAX];
    dk_ms again; /* ask again then */
};

/* ask.c: a DEALER, four frames at a time. */
void *ask_open(const char *endpoint);
void ask_close(void *sock);
void ask_send(void *sock, const char *type, const char *request,
              const char *body, size_t len);
/* The next message, its body NUL-terminated and owned by the caller; false:
 * none.
 */
bool ask_recv(void *sock, char type[40], char request[72], char **body);

/* A new question; `id` is of the submission or the command. */
void ask_start(struct ask *a, enum ask_kind kind, const char *type,
               const struct dk_uuid *id);
void ask_again(struct ask *a, void *sock);
/* Was it this one? */
bool ask_is(const struct ask *a, const char *request);
const struct dk_uuid *ask_id(unsigned no);
void ask_reset(void);
/* Watches what the broker sends: nothing may be told that is not on disk. */
void ask_watch(const char *endpoint, const struct net_part *f, int n);

/* matter.c: what is handed in and done, in JSON. */
struct dk_uuid matter_uuid(void);
void matter_submission(char *buf, size_t cap, const struct dk_uuid *id);
/* False: no case, or nothing to be done with it. */
bool matter_act(char *buf, size_t cap, const struct dk_uuid *id);
bool matter_ack(char *buf, size_t cap);

/* stranger.c: whoever reaches the sockets. */
void stranger_open(void);
void stranger_turn(void);
dk_ms stranger_next(void);
void stranger_close(void);

#endif /* DK_SIM_PEOPLE_H */
