/* verify_int.h - what the files of verify share. */
#ifndef DK_VERIFY_INT_H
#define DK_VERIFY_INT_H

#include "daemon/daemon.h"

#define VERIFY_MAX 200 /* what a slice may look at */

enum verify_phase {
    PHASE_CASES,
    PHASE_OPEN, /* tasks */
    PHASE_DEAD,
    PHASE_DAYS,
    PHASE_STREAM,
    PHASE_END
};

/* The recount of the figures under way. */
struct figures {
    bool on;       /* from the first case on, and no history had a fault */
    int64_t until; /* last event that counts */
    uint64_t sum;  /* so far */
    uint64_t want; /* after the last case */
};

/* The walk along the stream. */
struct walk {
    int64_t number; /* of the checkpoint looked at last; 0: none yet */
    bool open;      /* its events are being compared */
    int64_t seq;    /* next to look at */
    int64_t last;   /* last event that is there */
    /* of the open checkpoint so far */
    int64_t cases;
    int64_t missing, first_missing;
    int64_t changed, first_changed; /* blocks; first event of the first */
    uint64_t sum;
};

struct slice {
    struct daemon *d;
    const struct dk_who *who; /* asks */
    struct dk_jw *w;
    size_t start; /* where the faults begin in `w` */
    enum verify_phase phase;
    int64_t after; /* key, task id or day */
    size_t left;   /* may still be looked at */
    bool more;     /* the phase has more than was left */
    size_t n;      /* collected */
    int64_t key[VERIFY_MAX];
    struct store_task task[VERIFY_MAX];
    int64_t cases, events, checkpoints;
    struct figures figures;
    struct walk walk;
};

/* A slice ends by what it looked at, or by the faults that it found. */
bool verify_full(const struct slice *x);
/* `key` 0: of no case.  Of a case that is hidden from who asks they hear that
 * something is wrong, but not where.
 */
void verify_fault(struct slice *x, int64_t key, const char *what,
                  const char *detail);
/* Any number may be a damaged row's key; not every one is a case's number. */
bool verify_is_case(const struct daemon *d, int64_t key);

/* verify_stream.c: case numbers that were given out and are not there: those
 * before `key`, which comes after `before`; and the last ones of each day.
 */
int verify_gap(struct slice *x, int64_t before, int64_t key);
int verify_days(struct slice *x);
/* The stream from end to end, and the checkpoints over it. */
int verify_stream(struct slice *x);

#endif /* DK_VERIFY_INT_H */
