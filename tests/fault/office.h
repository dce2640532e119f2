/* office.h - a day at the office, through docketd's real spine, doors, core and
 * store, with the store on the disk in memory.  Clients and workers behave as
 * PROTOCOL.md asks: what is refused with a retry they repeat, with the same id.
 *
 * What clients attempted and were told is written into a history, at the moment
 * at which docketd gave the answer away (zev_send() and store_commit() are
 * wrapped by the linker).
 */
#ifndef DK_FAULT_OFFICE_H
#define DK_FAULT_OFFICE_H

#include "daemon/daemon.h"
#include "tests/fault/history.h"

#define OFFICE_CASES 6

/* One store_commit(), in moments of the disk's journal. */
struct office_commit {
    size_t begun, done; /* done: HISTORY_NEVER if it failed */
    uint64_t hash;      /* of the truth after it */
    int64_t last_seq;
};

struct office_opening { /* one store_open() that succeeded */
    size_t done;
    int64_t epoch;
    uint8_t broker[16];
};

struct office {
    char dir[64];
    struct config cfg;
    struct daemon d;
    bool built;
    void *zctx, *client, *worker[DK_SVC_N];
    char case_no[OFFICE_CASES][DK_CASE_NO_MAX];
    char alert_id[64];
    size_t step;     /* the next one */
    int problems;    /* refusals with a retry */
    bool gave_up;    /* an answer did not come */
    double patience; /* seconds for one answer */

    struct history history;
    bool truths; /* read the truth after each commit (slow) */
    struct office_commit *commit;
    size_t n_commit, cap_commit;
    struct office_opening *opening;
    size_t n_opening, cap_opening;
};

/* Control runs: a commit that failed is told as one that did not. */
extern bool office_lies;

struct office *office_new(void);
void office_free(struct office *o);

/* Start docketd on the disk as it is; 0 or its exit code. */
int office_start(struct office *o);
/* Stop it; clean: as after SIGTERM, else as after a failure. */
void office_stop(struct office *o, bool clean);

/* Go on with the scenario, from where it was cut short, if it was.  False:
 * docketd stopped itself or did not start (o->d.exit_code), or o->gave_up.
 */
bool office_day(struct office *o);

/* The id that the client gives to the thing `id`. */
struct dk_uuid office_uuid(size_t id);

/* Ids of the history that are found in a store, by the marks in its events. */
int office_seen(struct store *st, struct history_seen **out, size_t *n);

#endif /* DK_FAULT_OFFICE_H */
