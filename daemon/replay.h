/* replay.h - one case, made again from its events, for verify. */
#ifndef DK_REPLAY_H
#define DK_REPLAY_H

#include "daemon/store/store.h"

struct replay {
    struct dk_case *c; /* as far as its history is whole */
    int64_t events;    /* seen */
    struct store_alert *alert;
    cJSON **body; /* alerts borrow from these */
    size_t n_alert, cap_alert, cap_body;
    struct store_alert_ack *ack;
    char **by; /* acks borrow from these */
    size_t n_ack, cap_ack, cap_by;
    bool has_request;
    struct store_request request;     /* what its submission left behind */
    char person[2 * DK_HASH_LEN + 1]; /* commitment; "": no personal data */
    struct store_finding finding;     /* the first fault of the history */
    int offset_min;                   /* of the office */
    int64_t until;    /* figures: of events up to this number of the stream */
    uint64_t tallies; /* what they add, as in struct store_totals */
};

/* Reads all events of case `key` and does what they say.  Figures are those of
 * events up to number `until` of the stream, for an office at `offset_min`.
 * 0 also when the history has a fault; *r is freed by replay_fini() on either
 * outcome.
 */
int replay_case(struct store *st, int64_t key, int offset_min, int64_t until,
                struct replay *r);
void replay_fini(struct replay *r);

#endif /* DK_REPLAY_H */
