/* import_int.h - what import_run.c and import_send.c share. */
#ifndef DK_CTL_IMPORT_INT_H
#define DK_CTL_IMPORT_INT_H

#include "import_run.h"

enum {
    RING = 8192,
    LOOK_MIN = 5,
    LOOK_MAX = 4000,
    SCAN_MS = 2,
    DRAIN = 512
};

enum step {
    SUBMIT,
    LOOK,
    ACT,
    DONE,
    REFUSED
};

struct job {
    int64_t line;       /* number in the file, from 1 */
    int64_t start, end; /* bytes in the file */
    enum step step;
    bool in_flight;
    bool has_reply;
    bool transfer; /* the worker has left that to us */
    int sent;      /* requests of this step, told apart by their number */
    uint32_t tag;  /* of the request in flight: answers to older ones count
                      for nothing */
    dk_ms at;      /* in flight: when it was sent; else not before */
    dk_ms since;   /* LOOK: when the submission was acknowledged */
    int back_off;
    int parts; /* of its weight, 0..4 */
    char case_no[DK_CASE_NO_MAX];
    char own[DK_UUID_TEXT]; /* the last submission or command id it sent */
};

struct import_run {
    struct import_setup s;
    struct job ring[RING];
    int64_t head, tail; /* jobs ever retired, ever begun */
    int in_flight;
    int64_t submitted, finished, refused;
    int64_t weighed;    /* bytes of lines, by the steps they have done */
    int64_t ready_line; /* the latest line known to be with a unit */
    dk_ms look_ms;      /* how long that takes, smoothed */
    dk_ms scan_at, progress_at, heard_at;
    bool ended; /* no more lines */
    bool full;  /* the client's queue, in this step of the run */
    char text[IMPORT_LINE_MAX + 2];
    struct dk_jw body;
};

/* A line's weight comes in four parts, one for each step. */
void import_weigh(struct import_run *r, struct job *j, int parts);

/* The line is done with, and told about. */
void import_refuse(struct import_run *r, struct job *j,
                   const struct dk_problem *p);

/* Send the requests of the job's step; `text` is its line.  A line that is
 * wrong is refused, a full queue is noted in r->full; neither is a failure.
 */
int import_do_step(struct import_run *r, struct job *j, const char *text,
                   size_t len, dk_ms now, struct dk_problem *p);

/* The same from the file's own bytes. */
int import_send_step(struct import_run *r, struct job *j, dk_ms now,
                     struct dk_problem *p);

#endif /* DK_CTL_IMPORT_INT_H */
