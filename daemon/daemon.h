/* daemon.h - docketd's one structure, owned by main, and what its modules ask
 * of each other.  Nothing here is shared with other programs.
 *
 * One tick of the spine (spine.c) has six steps:
 *   gather -> load -> apply -> write -> commit -> release
 */
#ifndef DK_DAEMON_H
#define DK_DAEMON_H

#include <event2/event.h>

#include "core/decide.h"
#include "daemon/backup.h"
#include "daemon/ballast.h"
#include "daemon/batch.h"
#include "daemon/config.h"
#include "daemon/desk.h"
#include "daemon/follow.h"
#include "daemon/history.h"
#include "daemon/item.h"
#include "daemon/kept.h"
#include "daemon/keys.h"
#include "daemon/listen.h"
#include "daemon/loads.h"
#include "daemon/notify.h"
#include "daemon/persons.h"
#include "daemon/query.h"
#include "daemon/stats.h"
#include "daemon/store/store.h"
#include "daemon/wall.h"
#include "daemon/watch.h"
#include "daemon/zap.h"
#include "daemon/zev.h"

/* A clock.set or clock.advance under way (test clock only). */
struct advance {
    bool on, settle;
    dk_ms target;
    struct zev_peer peer;
    char request[DK_REQUEST_MAX + 1];
};

struct daemon {
    const struct config *cfg;
    struct event_base *base;
    void *zctx;
    struct zap *zap;
    struct keyring keys;
    struct passed_list passed;
    struct notify notify;
    struct zev *clients, *workers;
    struct store *st;
    struct store_info info; /* last_seq and test_now follow the commits */
    struct wall wall;
    struct event *again; /* zero-second timer: tick once more */
    struct event *house; /* leases, heartbeats, followers */
    struct event *sig[3];
    struct batch batch;
    struct loads loads;
    struct kept_cases kept;
    struct desk desk;
    struct follows follows;
    struct stats stats;
    struct watch watch;
    struct ballast ballast;
    struct backup backup;
    struct history_state history;
    struct persons persons;
    struct query query;
    struct store_day day; /* latest day of which the counter is known */
    dk_ms next_due;       /* earliest rung in the store; DK_NEVER: none */
    dk_ms pause_until; /* monotonic: nothing is written before; 0: no pause */
    struct advance advance;
    int pause_code;       /* why: DK_EFULL, or DK_EBUSY after an own error */
    int64_t cautious;     /* items still to be taken one by one after such */
    int64_t commits_seen; /* by the housekeeping */
    int64_t commit_us;    /* of one commit, as they were of late */
    dk_ms quiet_since;    /* monotonic; DK_NEVER: the log was moved since */
    bool away;            /* the store is; said in the log once */
    dk_ms shared_at;      /* monotonic: what others wrote was last looked at */
    bool unread;          /* it is back, but was not read anew yet */
    bool draining;
    int exit_code; /* of the process, when the loop ends */
};

/* daemon.c: 0 or an exit code of sysexits(3), said to standard error.
 * daemon_tear_down() is called after either outcome of daemon_build().
 */
int daemon_build(struct daemon *d, const struct config *cfg);
int daemon_serve(struct daemon *d); /* until a signal or a failed disk */
void daemon_tear_down(struct daemon *d);
/* Housekeeping of the store at the monotonic time `now`: once nothing was
 * written for DAEMON_QUIET_MS, its log is moved into the file, so that the next
 * start has nothing to move.  Once for each such pause: nobody writes while
 * nothing happens.
 */
#define DAEMON_QUIET_MS 3000
void daemon_house_store(struct daemon *d, dk_ms now);
/* Print a problem in both languages; returns exit_code. */
int daemon_complain(const struct dk_problem *p, int exit_code);

/* spine.c */
void spine_tick(struct daemon *d);
void spine_again(struct daemon *d); /* tick again before the loop sleeps */
void spine_stop(struct daemon *d, int exit_code);
struct dk_env spine_env(struct daemon *d);

/* gather.c */
int spine_gather(struct daemon *d);
int spine_load(struct daemon *d);
bool spine_busy(struct daemon *d); /* is any task open? */

/* outage.c: a store that is reached over a network.  False: it is away, or the
 * daemon is to stop.  When it has come back everything that memory holds of it
 * was read anew.
 */
bool spine_tend(struct daemon *d);
/* Housekeeping among several brokers: what the others wrote. */
void spine_share(struct daemon *d);

/* apply.c: step three, one item after the other. */
void apply_item(struct daemon *d, struct item *it);

/* door.c: from a client's frames to an item (or a refusal in it). */
void door_client(struct daemon *d, struct item *it, const struct dk_frame f[],
                 int n);
/* Refuse a message that this role may not send; always DK_EFORBIDDEN
 * (keys_use.c).
 */
int door_forbid(const struct item *it, const char *message,
                struct dk_problem *p);
/* door_worker.c */
void door_worker(struct daemon *d, struct item *it, const struct dk_frame f[],
                 int n);

/* What ITEM_READ calls after the commit: writes the answer's body (nothing:
 * there is no answer), or returns a problem.  reads.c, lists.c, tallies.c,
 * verify.c, stats.c, follow.c, history_talk.c, history_proof.c,
 * keys_change.c.
 */
int read_hello(struct daemon *d, const struct item *it, struct dk_jw *w,
               struct dk_problem *p);
int read_case(struct daemon *d, const struct item *it, struct dk_jw *w,
              struct dk_problem *p);
int read_query(struct daemon *d, const struct item *it, struct dk_jw *w,
               struct dk_problem *p);
int read_events(struct daemon *d, const struct item *it, struct dk_jw *w,
                struct dk_problem *p);
int read_cases(struct daemon *d, const struct item *it, struct dk_jw *w,
               struct dk_problem *p);
int read_alerts(struct daemon *d, const struct item *it, struct dk_jw *w,
                struct dk_problem *p);
int read_clocks(struct daemon *d, const struct item *it, struct dk_jw *w,
                struct dk_problem *p);
int read_tasks(struct daemon *d, const struct item *it, struct dk_jw *w,
               struct dk_problem *p);
int read_task(struct daemon *d, const struct item *it, struct dk_jw *w,
              struct dk_problem *p);
int read_office(struct daemon *d, const struct item *it, struct dk_jw *w,
                struct dk_problem *p);
int read_tally(struct daemon *d, const struct item *it, struct dk_jw *w,
               struct dk_problem *p);
int read_workers(struct daemon *d, const struct item *it, struct dk_jw *w,
                 struct dk_problem *p);
int read_stats(struct daemon *d, const struct item *it, struct dk_jw *w,
               struct dk_problem *p);
int read_ckpts(struct daemon *d, const struct item *it, struct dk_jw *w,
               struct dk_problem *p);
int read_export(struct daemon *d, const struct item *it, struct dk_jw *w,
                struct dk_problem *p);
int read_verify(struct daemon *d, const struct item *it, struct dk_jw *w,
                struct dk_problem *p);
int read_keys_list(struct daemon *d, const struct item *it, struct dk_jw *w,
                   struct dk_problem *p);
int read_keys_allow(struct daemon *d, const struct item *it, struct dk_jw *w,
                    struct dk_problem *p);
int read_keys_revoke(struct daemon *d, const struct item *it, struct dk_jw *w,
                     struct dk_problem *p);
int read_clock_now(struct daemon *d, const struct item *it, struct dk_jw *w,
                   struct dk_problem *p);
int read_credit(struct daemon *d, const struct item *it, struct dk_jw *w,
                struct dk_problem *p);
int read_follow(struct daemon *d, const struct item *it, struct dk_jw *w,
                struct dk_problem *p);
int read_unfollow(struct daemon *d, const struct item *it, struct dk_jw *w,
                  struct dk_problem *p);

/* "kind:id" in the member "actor"; into it->actor. */
int door_actor(struct item *it, struct dk_problem *p);
/* May they hand in it->submit?  DK_EFORBIDDEN, DK_EFIELD. */
int door_brings(const struct daemon *d, struct item *it, struct dk_problem *p);
/* A case number or alert id from a body, checked against this county. */
int door_case_no(struct daemon *d, const cJSON *o, const char *key,
                 int64_t *out, struct dk_problem *p);

/* sight.c: is the case theirs to see?  1, 0 or an error.  As dk_sees() says;
 * and a supervisor or an auditor who is complained about in the case that this
 * one repeats, or in the first of its group, does not see this one either.
 */
int sight_key(struct daemon *d, const struct dk_who *who, int64_t key);
int sight_of(struct daemon *d, const struct dk_who *who,
             const struct dk_case *c);
/* The same as a refusal; `c` NULL: there is no such case. */
int sight_case(struct daemon *d, const struct item *it, const struct dk_case *c,
               struct dk_problem *p);
/* Who had the case that this one repeats is told only to who may see that one:
 * taken out of `c` (1), or left as it is (0).
 */
int sight_repeat(struct daemon *d, const struct dk_who *who, struct dk_case *c);
/* The same of an event, of which the link to the case `shown` may be told (0:
 * none): 1 and its body without, in `w`; 0: it may be told as it is.
 */
int sight_event(const struct dk_event *e, int64_t shown, struct dk_jw *w);

/* "CASE.n", the id of an alert; DK_EFIELD or DK_ENOTFOUND (other county). */
int door_alert_id(const struct daemon *d, const char *s, int64_t *key,
                  uint32_t *n);
/* The member "task_id". */
int door_task_id(const cJSON *o, int64_t *out, struct dk_problem *p);

/* The petitioner's query code of a submission: eight digits. */
void query_code(const struct daemon *d, const struct dk_uuid *submission,
                char out[9]);

/* The event as PROTOCOL.md shows it on the wire. */
void wire_event(const struct daemon *d, struct dk_jw *w, const char *key,
                const struct dk_event *e);

/* DK_EFRAMES when the request's id is a UUID and its body is not its own: that
 * of a submission (`submit`) with another id or none, or of a submission behind
 * another type.  Then parts of two messages were put together on the way, and
 * neither may be refused for what the other says.
 */
int wire_own_id(const char *request, const cJSON *body, bool submit,
                struct dk_problem *p);

/* "+08:00" */
void wire_offset(struct dk_jw *w, const char *key, int offset_min);
void wire_county(const struct daemon *d, struct dk_jw *w, const char *key);
void wire_case_no(const struct daemon *d, struct dk_jw *w, const char *key,
                  int64_t case_key);
void wire_id(struct dk_jw *w, const char *key, int64_t v); /* decimal string */
void wire_uuid(struct dk_jw *w, const char *key, const struct dk_uuid *u);

#endif /* DK_DAEMON_H */
