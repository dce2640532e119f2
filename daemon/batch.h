/* batch.h - the working set of one tick: items, the cases they name, the events
 * that come of them, and what all that changes in the store.
 */
#ifndef DK_BATCH_H
#define DK_BATCH_H

#include "daemon/item.h"
#include "daemon/loads.h"
#include "daemon/map.h"

/* The task of service s for event seq has the id seq * TASK_STEP + s. */
#define TASK_STEP 4
_Static_assert(DK_SVC_N <= TASK_STEP, "ids of tasks are different");

/* Make room for n elements of *v, whose capacity is *cap.  0 or DK_ENOMEM. */
int vec_grow_(void **v, size_t *cap, size_t n, size_t size);
#define vec_grow(v, cap, n) vec_grow_((void **)(v), (cap), (n), sizeof(**(v)))

/* How a clock stood when the case was loaded, to see what changed. */
struct clock_mark {
    uint32_t no;
    enum dk_clock_state state;
    dk_ms next, due;
    bool late;
};

struct slot { /* a case in the batch */
    int64_t key;
    struct dk_case *c; /* owned; NULL: there is no such case */
    uint32_t n_before;
    bool is_new;
    bool rewrite; /* write all clocks, changed or not */
    bool has_load;
    char unit[DK_ID_MAX + 1], handler[DK_ID_MAX + 1]; /* whose load it is */
    int n_mark;
    struct clock_mark mark[DK_CLOCKS_MAX];
    size_t doc_at, doc_len; /* in batch.docs, while collecting */
};

struct batch_figure {  /* what an event adds to a figure */
    struct dk_tally t; /* its texts are in `unit` and the case */
    int64_t key;       /* of the case */
    size_t event;      /* which: index in events */
    char unit[DK_ID_MAX + 1];
};

struct batch {
    dk_ms now;
    bool broken;  /* an own error: nothing of this batch may be written */
    bool rewrite; /* a slot asks for its clocks to be written anew */
    struct item *item;
    size_t n_item, cap_item;
    struct slot *slot;
    size_t n_slot, cap_slot;
    struct map by_key; /* case key -> slot index */
    struct map by_id;  /* request id -> index in request[] */
    struct dk_events events;
    struct dk_jw replies, docs;

    struct store_request *request;
    size_t n_request, cap_request;
    struct store_person *person; /* data owned */
    size_t n_person, cap_person;
    struct dk_uuid *forget; /* submissions that held what is erased */
    size_t n_forget, cap_forget;
    int64_t *done;
    size_t n_done, cap_done;
    struct store_task_fail *fail; /* reason borrowed from the item */
    size_t n_fail, cap_fail;
    int64_t *retry;
    size_t n_retry, cap_retry;
    struct store_day *day;
    size_t n_day, cap_day;
    struct store_alert *alert; /* texts borrowed from parsed */
    size_t *alert_event;       /* of which event: index in events */
    size_t n_alert, cap_alert, cap_alert_event;
    cJSON **parsed; /* owned; one for each alert */
    size_t cap_parsed;
    struct batch_figure *figure;
    size_t n_figure, cap_figure;

    /* made by batch_collect() */
    const struct dk_event **event;
    size_t cap_event;
    struct store_case_put *put;
    size_t cap_put;
    struct store_clock_put *clock;
    size_t n_clock, cap_clock;
    struct store_task *task;
    size_t n_task, cap_task;
    struct store_alert_ack *ack;
    size_t n_ack, cap_ack;
    struct store_load *load;
    size_t n_load, cap_load;
    struct dk_tally *tally;
    size_t cap_tally;
    struct store_changes changes;
};

void batch_init(struct batch *b, uint64_t seed);
void batch_fini(struct batch *b);
void batch_reset(struct batch *b, dk_ms now);

/* A fresh item at the end, all zero; NULL: out of memory.  Pointers to items
 * are valid until the next call.
 */
struct item *batch_item(struct batch *b);

struct slot *batch_slot(struct batch *b, int64_t key); /* NULL: not loaded */
/* Put a case into the batch, which owns it from now on (also on failure).  `c`
 * may be NULL.
 */
int batch_add_slot(struct batch *b, int64_t key, struct dk_case *c,
                   bool is_new);

/* Keep the alert that event `i` has just raised in its case `c`: what it says
 * of the case must be as it is now, not as the batch leaves it.
 */
int batch_add_alert(struct batch *b, size_t i, const struct dk_case *c);

/* Keep what event `i` adds to the figures: `was` is its case before, `after` as
 * it is now.
 */
int batch_tally(struct batch *b, size_t i, const struct dk_tally_was *was,
                const struct dk_case *after, int offset_min);
int batch_collect_tally(struct batch *b); /* for batch_collect() */

/* Forget the events from index `n` on (a refusal half-way). */
void batch_truncate(struct batch *b, size_t n);

/* Write down what the events changed, numbering them from first_seq on. */
int batch_collect(struct batch *b, const struct loads *loads, int64_t first_seq,
                  int32_t county, int offset_min);

/* Does the batch have anything to write? */
bool batch_writes(const struct batch *b);

/* The reply text: start and end the answer of one item. */
struct dk_jw *batch_reply(struct batch *b, struct item *it);
void batch_reply_end(struct batch *b, struct item *it, const char *type);
void batch_reply_problem(struct batch *b, struct item *it,
                         const struct dk_problem *p);

#endif /* DK_BATCH_H */
