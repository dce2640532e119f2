/* desk.h - the workers: who is there, who holds which task, for how long.
 *
 * A task whose worker went away may be what took it away.  Such a suspect is
 * handed out alone, to a worker that has nothing else and gets nothing else
 * until it has answered: the next one takes no neighbour with it.  At most
 * half of a service's workers have suspects at a time, but one may.
 *
 * Leases live in memory only: after a restart every open task is handed out
 * again.  What a lease's end means for the task (an attempt more, a dead
 * letter) goes through the spine like every other change.
 *
 * Bounded: leases by the credit of the sessions, tasks that wait for another
 * attempt by WAITING_MAX for each service (then nothing new is handed out).
 */
#ifndef DK_DESK_H
#define DK_DESK_H

#include "daemon/map.h"
#include "daemon/store/store.h"
#include "daemon/zev.h"

#define DESK_WAITING_MAX 4096
#define DESK_CREDIT_MAX  256
#define DESK_SESSION_MAX 1024

struct session {
    struct zev_peer peer;
    enum dk_service service;
    char name[DK_ID_MAX + 1];
    char user[48]; /* key or user that it is bound to */
    int credit, leased;
    int calendar_until; /* last year its calendar knows; 0: not said */
    bool bye;           /* no more tasks, please */
    bool alone;         /* what it has is one suspect */
    bool kept;          /* gets nothing, until a suspect can have it */
    bool late;          /* a lease of its ended; it has not answered since */
    dk_ms last_seen;    /* monotonic */
    dk_ms since;        /* wall */
    int64_t done, failed;
    size_t place; /* in desk.session */
};

enum lease_state {
    LEASE_OUT,    /* with a worker */
    LEASE_BUSY,   /* its answer or end is in this batch */
    LEASE_WAITING /* for another attempt */
};

struct lease {
    int64_t task_id;
    enum lease_state state;
    enum dk_service service;
    int64_t key;             /* of the case */
    uint32_t n;              /* the event */
    int attempts;            /* ended before this one */
    uint32_t saw_n;          /* events the case had when it was handed out */
    bool unwritable;         /* its case or event is damaged */
    bool suspect;            /* the worker that had it went away */
    int64_t no;              /* the lease is "EPOCH-no" */
    struct session *session; /* NULL: none, or gone meanwhile */
    dk_ms until;             /* monotonic: OUT: its end; WAITING: not before */
    dk_ms out_at;            /* monotonic: when it was handed out */
    size_t place;            /* WAITING: in desk.waiting[service] */
};

struct desk {
    struct map sessions; /* peer -> struct session */
    struct session **session;
    size_t n_session, cap_session;
    size_t turn;       /* whose turn it is to get a task */
    struct map leases; /* task id -> struct lease */
    struct lease **waiting[DK_SVC_N];
    size_t n_waiting[DK_SVC_N], cap_waiting[DK_SVC_N];
    struct lease **lost; /* ended without an answer; become items */
    size_t n_lost, cap_lost;
    int64_t cursor[DK_SVC_N]; /* highest task id handed out */
    bool more[DK_SVC_N];      /* the store may have tasks behind it */
    int64_t next_no;
    struct dk_jw text; /* of the task under way to a worker */
    dk_ms beat;        /* monotonic: when heartbeats were last sent */
};

struct daemon;

void desk_init(struct desk *k, uint64_t seed);
void desk_fini(struct desk *k);

struct session *desk_session(struct desk *k, const struct zev_peer *peer);
/* A worker says hello (again: its earlier leases are lost).  NULL: too many,
 * or no memory.
 */
struct session *desk_hello(struct daemon *d, const struct zev_peer *peer,
                           enum dk_service service, const char *name,
                           int credit);
/* The session ends; its tasks go to others. */
void desk_end(struct daemon *d, struct session *s, const char *why);

/* The lease that `text` ("EPOCH-no") names for this task and session; NULL:
 * it has ended.
 */
struct lease *desk_lease(struct daemon *d, const struct session *s,
                         int64_t task_id, const char *text);
struct lease *desk_find(struct desk *k, int64_t task_id); /* NULL: none */
void desk_lease_text(const struct daemon *d, const struct lease *l, char *buf,
                     size_t cap);

/* The lease's outcome is committed: answered or dead (forget it), or to be
 * tried again after `delay` ms.
 */
void desk_answered(struct daemon *d, struct lease *l);
void desk_again(struct daemon *d, struct lease *l, int attempts, dk_ms delay);
/* A dead letter became a task again: look for it. */
void desk_revive(struct desk *k, int64_t task_id);
/* A lease ended without an answer: it becomes an item of the next batch. */
void desk_lose(struct daemon *d, struct lease *l);

/* Hand out what can be handed out (after the commit). */
void desk_dispatch(struct daemon *d);
/* Heartbeats, silent workers, leases that ran out. */
void desk_house(struct daemon *d);

#endif /* DK_DESK_H */
