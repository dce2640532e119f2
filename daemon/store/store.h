/* store.h - what docketd keeps, and the one way to change it.
 *
 * All changes of one batch are one `struct store_changes`; store_commit()
 * writes them in one transaction that is durable when it returns 0, or leaves
 * everything as it was.  There are no SQL words in this contract.  Back ends:
 * "sqlite:PATH", "postgres:CONNINFO" (where it was built in) and "mem:" (tests;
 * can be told to fail the n-th call).  One conformance suite (tests/store) runs
 * against each.
 *
 * Not thread-safe; one owner.  Errors of the calls after store_open():
 *   DK_EFULL      no space: nothing was written, the store stays usable
 *   DK_EIO        anything else that failed while writing, or the file is
 *                 damaged: the store refuses everything from now on with the
 *                 same code; the caller must stop acknowledging and exit
 *                 (docs/adr/0002)
 *   DK_EBUG       the changes contradict the store or each other (see
 *                 store_commit): nothing was written, the store stays usable
 *   DK_ENOTFOUND  there is no such row
 *   DK_ENOMEM     nothing was written, the store stays usable
 * and from a store that is reached over a network:
 *   DK_EBUSY      it is away: nothing is known to be written; store_tend() gets
 *                 it back, and says so
 *   DK_ESTALE     another broker was at the same rows: nothing was written, and
 *                 it may be tried again at once
 */
#ifndef DK_STORE_H
#define DK_STORE_H

#include <stdbool.h>

#include "core/case.h"
#include "core/find.h"
#include "core/tally.h"
#include "daemon/store/store_backup.h"
#include "daemon/store/store_ckpt.h"
#include "daemon/store/store_figures.h"

struct store;

struct store_options {
    int32_t county;  /* 6 digits; must be the same for the life of a store */
    bool test_clock; /* must be the same for the life of a store */
    dk_ms test_now;  /* first time of a fresh test-clock store */
    bool create;     /* make it if it is not there */
    int offset_min;  /* the office's, for a store of an older schema whose
                        figures are made from its events */
    dk_ms now;       /* for a backup that is opened for the first time */
    const char
        *name; /* of this broker among several; NULL or "": it is alone */
    dk_ms (*mono)(void); /* time that only goes forward, to space attempts to
                            reach a store; NULL: one at each call */
    /* How the secret of a new store, and the plain rows of one of an older
     * schema, are sealed: *out is malloc'ed, *id the key's, or a code.  `key`
     * is the case, 0 for the secret.  NULL: they stay plain (tests).
     */
    int (*seal)(void *arg, int64_t key, const void *plain, size_t len,
                void **out, size_t *out_len, int64_t *id);
    void *seal_arg;
    /* Called while the opening takes long: a backup is read whole before its
     * first use.  NULL: nobody is told.
     */
    void (*busy)(void);
    /* What a request's hash of an older schema becomes; NULL: it stays. */
    void (*rehash)(const uint8_t secret[32], uint8_t hash[16]);
};

#define STORE_PLAIN         0         /* not sealed */
#define STORE_ERASED        INT64_MIN /* nothing but zeroes is left */
#define STORE_SECRET_SEALED 256       /* most bytes of the sealed secret */

/* What a store says of itself when opened. */
struct store_info {
    int64_t last_seq;   /* of the event stream; 0: none */
    int64_t epoch;      /* rises by one with each opening, durably */
    dk_ms test_now;     /* where the test clock stands */
    uint8_t broker[16]; /* random id of this stream, made at creation */
    uint8_t secret[32]; /* made at creation; zeroes where it is sealed */
    uint8_t sealed[STORE_SECRET_SEALED];
    size_t sealed_len;
    int64_t seal;  /* of the secret: id of its key, or STORE_PLAIN */
    dk_ms last_at; /* recorded time of the last event; 0: none */
    bool restored; /* it was a backup: another stream begins (below) */
    bool shared;   /* other brokers write here, too: what is read may have been
                      changed by the next batch */
};

/* A backup that is opened for the first time becomes a store of its own: its
 * broker id is new, its epoch far ahead, and the numbers of today's cases go on
 * in the next hundred thousand, since those that come next may have been given
 * out before the backup was needed (docs/adr/0012).
 */
#define STORE_RESTORE_STEP 100000

/* Open, check, migrate and sync (docs/adr/0002: the file and its log are
 * synced and checkpointed before this returns).  `random` are 48 random bytes
 * for a new store's broker id and secret.  On failure *p holds a sentence for
 * an operator, in both languages, and nothing was changed:
 *   DK_EBUSY      another process has the store open (its pid is named)
 *   DK_ENOTFOUND  the folder, or without `create` the file, is not there
 *   DK_EFORBIDDEN folder or file cannot be written; the store is of another
 *                 county, or was run on the other kind of clock
 *   DK_EVERSION   not a store of docket, or its schema is newer than this
 *                 program
 *   DK_EFULL      no space
 *   DK_EIO        a sync failed, or the file is damaged
 *   DK_EFIELD     no such kind of store; a county that is not six digits
 */
int store_open(const char *url, const struct store_options *opt,
               const uint8_t random[48], struct store **out,
               struct store_info *info, struct dk_problem *p);
void store_close(struct store *st); /* NULL is allowed */

/* ---- changes ---------------------------------------------------------- */

struct store_request { /* an id that a client used, and what came of it */
    struct dk_uuid id;
    uint8_t hash[16];    /* of the canonical body */
    int64_t key;         /* the case; 0 for none */
    uint32_t n;          /* number of its event; 1 for a submission */
    enum dk_state state; /* of the case after it */
    dk_ms at, submitted_at;
};

struct store_case_put {
    const struct dk_case *c;
    bool is_new;
    const char *doc; /* dk_case_write() text */
    size_t doc_len;
    const char *row_subject; /* reserved for lists; NULL: as c->subject */
};

/* The whole clock as it is after the batch.  Only running and held ones are
 * kept as rows; putting one that has stopped or lapsed removes its row.
 */
struct store_clock_put {
    int64_t key;
    const struct dk_clock *k;
    const char *unit; /* of the case, for lists: rows follow it, see below */
};

/* Of several brokers each has a range of ids for the tasks that it makes: the
 * rest of a division by this is what the broker gave to store_commit().
 */
#define STORE_TASK_RANGE (INT64_C(1) << 50)

struct store_task {
    int64_t id; /* rises with the event stream; never used again */
    enum dk_service service;
    int64_t key;
    uint32_t n;   /* the event it is about */
    int attempts; /* hand-outs that ended without an answer */
};

struct store_task_fail {
    int64_t id;
    int attempts;
    bool dead; /* to the dead letters */
    dk_ms at;
    const char *reason;
};

struct store_alert {
    int64_t key;
    uint32_t n; /* number of its alert_raised event */
    const char *clock, *rung, *level, *unit;
    dk_ms raised_at, due_at; /* due: the end of the limit */
    const char *body;        /* of its event; filled by reads, not kept twice */
};

struct store_alert_ack {
    int64_t key;
    uint32_t n;
    dk_ms at;
    const char *by;
};

struct store_person { /* personal data of a case; sealed bytes */
    int64_t key;
    int64_t seal; /* id of the key, STORE_PLAIN, or STORE_ERASED: then what is
                     there is overwritten, in place, and len does not matter */
    const void *data;
    size_t len;
};

struct store_secret { /* the store's secret, sealed (anew) */
    const void *data;
    size_t len;
    int64_t seal;
};

struct store_load { /* open cases of a handler after the batch */
    const char *unit, *handler;
    int64_t open;
};

struct store_day { /* last sequence of case numbers of a day */
    int32_t day;   /* YYYYMMDD */
    int32_t seq;
};

/* An alert of the office's own (core/watch.h), the whole row: put anew with the
 * same id it changes.  Ids are 1, 2, .. and never used for another.
 */
struct store_office {
    int64_t id;
    int kind, level;                /* enum dk_watch_kind, dk_watch_level */
    const char *subject, *about;    /* "": none */
    int64_t value, threshold, told; /* told: how often */
    dk_ms raised_at, told_at;       /* told_at: the last time */
    dk_ms cleared_at, acked_at;     /* DK_NEVER: not */
    const char *acked_by, *note;    /* NULL: none */
};

/* Arrays are borrowed; counts may be 0.  Written in this order; a case's
 * events are in order of n and `events` in order of seq, without gaps from
 * last_seq + 1.
 */
struct store_changes {
    const struct store_request *request;
    size_t n_request;
    const struct dk_event *const *event;
    size_t n_event;
    const struct store_case_put *kase;
    size_t n_case;
    const struct store_clock_put *clock;
    size_t n_clock;
    const struct store_task *task_new;
    size_t n_task_new;
    const int64_t *task_done;
    size_t n_task_done;
    const struct store_task_fail *task_fail;
    size_t n_task_fail;
    const int64_t *task_retry; /* out of the dead letters, attempts 0 */
    size_t n_task_retry;
    const struct store_alert *alert;
    size_t n_alert;
    const struct store_alert_ack *ack;
    size_t n_ack;
    const struct store_person *person;
    size_t n_person;
    const struct store_secret *secret; /* NULL: unchanged */
    const struct dk_uuid *forget; /* requests whose hash becomes all zeroes */
    size_t n_forget;
    const struct store_load *load;
    size_t n_load;
    const struct store_day *day;
    size_t n_day;
    const struct store_office *office;
    size_t n_office;
    const struct dk_tally *tally; /* n is added to the row of this key */
    size_t n_tally;
    const struct store_ckpt *ckpt; /* NULL: none */
    dk_ms test_now;                /* DK_NEVER: unchanged */
};

/* A case that is put with another unit takes the rows of its clocks along: the
 * unit of a clock is always its case's.
 *
 * All of it, durably, or nothing.  DK_EBUG for: a request id that is used; an
 * event whose seq is not the next, or whose (key, n) exists; a new case that
 * exists or a changed one that does not; a task id or an alert that exists; a
 * second open alert of the office's own of one kind and subject; a checkpoint
 * whose number exists; a text over 1 MiB.  Ending, failing or retrying a task
 * that is not there (or not in that state), and acknowledging an alert that is
 * not open, changes nothing and is no error: the answer of a worker may come
 * twice.
 */
int store_commit(struct store *st, const struct store_changes *ch);

/* ---- reads: they see exactly what was committed ------------------------ */

/* For each i fills found[i] and, if found, out[i]. */
int store_find_requests(struct store *st, const struct dk_uuid *ids, size_t n,
                        struct store_request *out, bool *found);

/* For each i: out[i] is a case the caller frees, with its hash, or NULL if
 * there is none.
 */
int store_load_cases(struct store *st, const int64_t *keys, size_t n,
                     struct dk_case **out);

/* `limit` is how many rows at most, 1 or more.
 *
 * Row callbacks return 0 to go on, 1 to stop early (the call returns 0), or a
 * negative code, which the call returns.  What they are given lives only
 * during the call.  They must not call the store.
 */
typedef int (*store_event_fn)(void *arg, const struct dk_event *e);
/* The stream from `from_seq`, in order of seq. */
int store_events(struct store *st, int64_t from_seq, int64_t limit,
                 store_event_fn fn, void *arg);
/* One case's events from number `from_n`, in order of n. */
int store_case_events(struct store *st, int64_t key, uint32_t from_n,
                      int64_t limit, store_event_fn fn, void *arg);

/* Clocks whose next rung is at or before `now`, earliest first. */
struct store_due {
    int64_t key;
    dk_ms fire_at;
    char clock[DK_ID_MAX + 1];
};
typedef int (*store_due_fn)(void *arg, const struct store_due *d);
int store_due_clocks(struct store *st, dk_ms now, int64_t limit,
                     store_due_fn fn, void *arg);
int store_next_due(struct store *st, dk_ms *out); /* DK_NEVER: none */

/* Open tasks of a service with id > after, in order of id.  `doc` is the
 * case's text and `e` the event, both as stored; NULL if there is no such row,
 * which is damage of this task alone: others are still given.
 */
struct store_task_row {
    struct store_task t;
    const char *doc;
    size_t doc_len;
    const uint8_t *hash; /* head of the case's chain; NULL: not at hand */
    const struct dk_event *e;
};
typedef int (*store_task_fn)(void *arg, const struct store_task_row *row);
int store_tasks(struct store *st, enum dk_service service, int64_t after,
                int64_t limit, store_task_fn fn, void *arg);
/* One task by id, dead or not; DK_ENOTFOUND when there is none. */
struct store_task_info {
    struct store_task t;
    bool dead;
    dk_ms failed_at; /* DK_NEVER: never failed */
    char reason[256];
};
int store_task_get(struct store *st, int64_t id, struct store_task_info *out);
typedef int (*store_task_info_fn)(void *arg, const struct store_task_info *t);
/* Lists open (`dead` false) or dead tasks, id > after, in order of id. */
int store_task_list(struct store *st, bool dead, int64_t after, int64_t limit,
                    store_task_info_fn fn, void *arg);
int store_task_count(struct store *st, enum dk_service service, bool dead,
                     int64_t limit, int64_t *out); /* counts up to limit */

/* Whose a case is: of the unit in charge, and of each that handles it beside
 * that one.  So `unit` finds both, here and for alerts and clocks; `handler`
 * together with it is who that unit named, alone whom any of them named.
 */
struct store_case_filter {
    int state;                     /* -1: any */
    const char *unit;              /* NULL: any */
    const char *handler;           /* NULL: any */
    const char *region, *category; /* NULL: any; category: exact or prefix/ */
    bool open;     /* only cases on which the office owes a step */
    bool overdue;  /* only cases with a running clock that is overdue */
    int64_t group; /* only this case and those grouped with it; 0: any */
    int64_t min_key, max_key; /* only keys from .. to, both in; 0: any */
    /* Only cases of which the first limit that the office must keep ends after
     * `due_after` and not after `due_until`; 0: no bound.  With a bound those
     * without such a limit are left out.
     */
    dk_ms due_after, due_until;
    const struct dk_find *words; /* NULL: any */
    int64_t after; /* key of the last case of the page before; 0: start */
    bool newest_first;
    /* In the order of work: open cases only; the urgent ones first, then by
     * the end of the first limit that the office must keep (none: last), then
     * by key.  The page before ended with `after` and these two.
     */
    bool work;
    bool after_urgent;
    dk_ms after_due; /* DK_NEVER: no limit ran */
    int64_t look;    /* of how many rows at most; 0: of any number (below) */
};
/* A bound for lists whose filter no index serves: after `look` rows or more, of
 * which fewer than `limit` are in the list, the call may stop.  It then gives
 * one more row, which is `passed`: only the place where it stopped, to go on
 * from as from a row of the list.  A back end that reads few rows need not
 * count.
 */
struct store_case_row {
    bool passed; /* no row: key, urgent and due tell how far the list got */
    int64_t key;
    const char *doc;
    size_t doc_len;
    bool urgent; /* and open */
    dk_ms due;   /* DK_NEVER: none */
};
typedef int (*store_case_fn)(void *arg, const struct store_case_row *row);
int store_list_cases(struct store *st, const struct store_case_filter *f,
                     int64_t limit, store_case_fn fn, void *arg);

struct store_alert_filter {
    bool open;         /* only those nobody has acknowledged */
    const char *level; /* NULL: any */
    const char *unit;  /* NULL: any */
    int64_t case_key;  /* 0: any */
    int64_t after_key; /* keyset: (key, n) of the last row; 0, 0: start */
    uint32_t after_n;
    int64_t look; /* as of cases */
};
struct store_alert_row {
    bool passed; /* no row: a.key and a.n tell how far the list got */
    struct store_alert a;
    dk_ms acked_at; /* DK_NEVER: not */
    const char *acked_by;
};
typedef int (*store_alert_fn)(void *arg, const struct store_alert_row *row);
int store_list_alerts(struct store *st, const struct store_alert_filter *f,
                      int64_t limit, store_alert_fn fn, void *arg);

/* The office's own alerts, newest first: all, or those that have not cleared.
 * `before` is the id of the last row of the page before; 0: start.
 */
typedef int (*store_office_fn)(void *arg, const struct store_office *o);
int store_list_office(struct store *st, bool open, int64_t before,
                      int64_t limit, store_office_fn fn, void *arg);
/* The first case in `state` with a key > after that has no unit; *key 0: there
 * is none among the `limit` that were looked at, up to *last.
 */
int store_next_unassigned(struct store *st, enum dk_state state, int64_t after,
                          int64_t limit, int64_t *key, int64_t *last);

struct store_clock_row {
    bool passed; /* no row: due_at, key and id tell how far the list got */
    int64_t key;
    const char *id, *unit;
    enum dk_clock_state state;
    bool overdue;
    dk_ms due_at, fire_at; /* fire_at DK_NEVER: no rung to come */
};
struct store_clock_filter {
    const char *unit, *clock; /* NULL: any */
    bool overdue;             /* only overdue ones */
    dk_ms due_before;         /* DK_NEVER: any */
    dk_ms after_due;          /* keyset (due_at, key, id) of the last row; */
    int64_t after_key;        /* after_due 0: start */
    const char *after_id;
    int64_t look; /* as of cases */
};
typedef int (*store_clock_fn)(void *arg, const struct store_clock_row *row);
/* Running and held clocks in order of (due_at, key, id). */
int store_list_clocks(struct store *st, const struct store_clock_filter *f,
                      int64_t limit, store_clock_fn fn, void *arg);

/* The caller frees out->data; NULL after an error. */
int store_person_get(struct store *st, int64_t key, struct store_person *out);
/* Rows sealed by one key, with a case key > after, in order of it. */
typedef int (*store_person_fn)(void *arg, const struct store_person *row);
int store_persons(struct store *st, int64_t seal, int64_t after, int64_t limit,
                  store_person_fn fn, void *arg);
/* The next id of a key > after by which rows are sealed; start with
 * STORE_ERASED.  Always above `after`, and the same cost for any number of
 * rows.  DK_ENOTFOUND: there is no other.
 */
int store_next_seal(struct store *st, int64_t after, int64_t *seal);
/* How many rows are sealed by one key, counted up to `limit`. */
int store_seal_rows(struct store *st, int64_t seal, int64_t limit,
                    int64_t *rows);

typedef int (*store_load_fn)(void *arg, const struct store_load *l);
int store_loads(struct store *st, store_load_fn fn, void *arg);
int store_day_seq(struct store *st, int32_t day,
                  int32_t *seq); /* 0: none yet */

/* Last numbers of the days after `after`, in order of day. */
typedef int (*store_day_fn)(void *arg, const struct store_day *day);
int store_list_days(struct store *st, int32_t after, int64_t limit,
                    store_day_fn fn, void *arg);

/* Totals for stats; kept, not counted. */
struct store_totals {
    int64_t cases, events, tasks_open, tasks_dead, alerts_open;
    uint64_t tallies; /* sum of n * dk_tally_print() over the figures' rows */
};
int store_totals(struct store *st, struct store_totals *out);

/* Write what must be written while there is time: move the log into the file.
 * Costs nothing when nothing was written since the last time.  Called when the
 * daemon has been idle for a while (not `whole`) and before it stops (`whole`:
 * the log is emptied).
 */
int store_checkpoint(struct store *st, bool whole);

/* Tests only: make the n-th call from now (1 = the next) of store_commit, and
 * of the reads when `reads`, fail with `code`, `times` times (-1: for ever),
 * before the back end is asked.  0 for n switches it off.  A commit that fails
 * with DK_EIO makes the store refuse everything after it, as a real one does.
 */
void store_fault(struct store *st, int64_t n, int times, int code, bool reads);

#include "store_check.h"
#include "store_share.h"

#endif /* DK_STORE_H */
