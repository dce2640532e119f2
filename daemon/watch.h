/* watch.h - does the office itself fail?  Looks on the housekeeping timer, asks
 * core/watch.h what comes of it, and gives that to the batch like any other
 * change: an alert is raised, told again, acknowledged and cleared in a
 * transaction, or it did not happen and is tried again.
 *
 * Times: what a case or a task waits for is measured on the office's clock (the
 * test clock, where there is one); that a worker is gone, and that a cause is
 * there or gone for a while, on the monotonic clock.
 *
 * Cheap: the database is asked only after a commit and once a second at most,
 * disk and backup every `look_s`; nothing is written while nothing changes.
 */
#ifndef DK_DAEMON_WATCH_H
#define DK_DAEMON_WATCH_H

#include "core/watch.h"
#include "daemon/store/store.h"
#include "proto/jsonw.h"

/* One slot for each kind, but for no_worker one for each service. */
#define WATCH_SLOTS    (DK_W_N + DK_SVC_N - 1)
#define WATCH_NOTE_MAX 2000

/* An alert as it is kept, with the texts it owns. */
struct watch_row {
    struct store_office o; /* its texts point into this row */
    char about[DK_WATCH_ABOUT];
    char acked_by[DK_ID_MAX + 1];
    char note[WATCH_NOTE_MAX + 1];
};

struct watch_slot {
    enum dk_watch_kind kind;
    const char *subject; /* a service, or "" */
    struct dk_watch_obs obs;
    struct dk_watch_state state;
    bool open;
    struct watch_row row;          /* while it is open: as committed */
    bool staged;                   /* `next` is part of this batch */
    enum dk_watch_verdict verdict; /* why it is; KEEP: acknowledged */
    struct watch_row next;
};

struct watch {
    struct watch_slot slot[WATCH_SLOTS];
    struct store_office put[WATCH_SLOTS];
    int64_t next_id;
    dk_ms ask_at;   /* monotonic: when the database may be asked again */
    dk_ms look_at;  /* monotonic: disk and backup */
    dk_ms retry_at; /* monotonic: after a write that failed */
    int64_t commits_seen;
    dk_ms none_since[DK_SVC_N]; /* monotonic: no worker; 0: there is one */
    int64_t after[2]; /* cases up to here have a unit; by unassigned_states */
    int64_t lone;     /* key of the oldest case without one; 0: none */
    dk_ms lone_at;    /* when it was recorded */
    int64_t task;     /* the oldest open task; 0: none */
    dk_ms task_at;
    enum dk_service task_service;
    dk_ms full_at; /* monotonic: when the disk was full; 0: never */
    dk_ms full_since;
    dk_ms offset; /* of the wall clock from the monotonic one */
    dk_ms jump;   /* a step of the clock that was not told yet */
};

struct daemon;
struct item;

/* Read what is open.  A DK_E code. */
int watch_init(struct daemon *d);
/* Read the open ones anew: the store was away (daemon/outage.c). */
int watch_reload(struct daemon *d);
/* On the housekeeping timer: look, and ask for a tick if something is due. */
void watch_house(struct daemon *d);
/* Before the commit: put into the batch what is due. */
void watch_stage(struct daemon *d);
/* After it: it happened (rc is 0), or it did not. */
void watch_settle(struct daemon *d, int rc);
/* office.ack at the door (but for its actor), and in the batch. */
int door_office_ack(struct daemon *d, struct item *it, struct dk_problem *p);
int watch_ack(struct daemon *d, struct item *it, struct dk_problem *p);
/* For stats: the member "office". */
void watch_write_stats(const struct daemon *d, struct dk_jw *w);

#endif /* DK_DAEMON_WATCH_H */
