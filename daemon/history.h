/* history.h - checkpoints: what the broker signs of its event stream, so that
 * nobody can change it later without being found out (docs/HISTORY.md).
 *
 * Each committed event becomes a leaf of a hash tree, of which only the edge
 * and the roots of whole blocks are kept.  When a checkpoint is due, or asked
 * for, its row joins the batch of the tick like any other change.  What an
 * earlier run left unsigned is read again after the start, in slices between
 * the ticks.  Nothing is written while nothing happens.
 */
#ifndef DK_DAEMON_HISTORY_H
#define DK_DAEMON_HISTORY_H

#include "daemon/merkle.h"
#include "daemon/secret.h"
#include "daemon/store/store.h"
#include "proto/jsonw.h"

#define HISTORY_EVENTS (1 << 20) /* that one checkpoint covers at most */
#define HISTORY_BLOCKS (HISTORY_EVENTS / MERKLE_BLOCK)
#define HISTORY_KEYS   9 /* own and old ones */

struct history_state {
    struct secret secret;                       /* the signing key */
    uint8_t key[DK_CKPT_KEY];                   /* the public one */
    uint8_t old[HISTORY_KEYS - 1][DK_CKPT_KEY]; /* also trusted by verify */
    int n_old;

    bool broken;    /* the last checkpoint and the events do not fit */
    int64_t number; /* of the last checkpoint; 0: none */
    int64_t to;     /* the last event it covers */
    uint8_t previous[DK_HASH_LEN]; /* hash of its text */

    /* of the events after it, as far as they were taken */
    int64_t done;        /* the last that was */
    struct merkle block; /* of the block that is not full */
    uint8_t *blocks;     /* roots of the full ones; room for HISTORY_BLOCKS */
    size_t n_block;
    int64_t cases;
    uint64_t sum;
    dk_ms first_at; /* recorded time of the first of them */

    bool staged; /* `row` is part of this batch */
    struct store_ckpt row;
    struct dk_ckpt what;
    char text[DK_CKPT_TEXT];
    dk_ms retry_at;   /* monotonic: after a write that failed */
    struct event *ev; /* the next slice of what an earlier run left */
};

struct daemon;
struct item;

/* Get the key (made when there is none) and see where the last run stopped;
 * after the store is open.  0 or an exit code, told to standard error.
 */
int history_start(struct daemon *d);
void history_stop(struct daemon *d);

/* On the housekeeping timer: ask for a tick if a checkpoint is due. */
void history_house(struct daemon *d);
/* checkpoint.make in the batch. */
int history_make(struct daemon *d, struct item *it, struct dk_problem *p);
/* Before the commit: put what is due into the batch.  After it: it happened
 * (rc is 0), or it did not; and take the batch's events.
 */
void history_stage(struct daemon *d);
void history_settle(struct daemon *d, int rc);
/* The store was away: a checkpoint may be there of which nobody heard. */
int history_reload(struct daemon *d);

/* Are there events that no checkpoint covers and that were all taken? */
bool history_waits(const struct daemon *d);

/* The sum of a checkpoint: by so much does an event add to it. */
uint64_t history_weight(const uint8_t hash[DK_HASH_LEN]);
void history_text_hash(const char *text, size_t len, uint8_t out[DK_HASH_LEN]);
/* Is `key` ours, or one of those that the operator says were? */
bool history_trusts(const struct history_state *h,
                    const uint8_t key[DK_CKPT_KEY]);

/* history_key.c */
int history_key(struct daemon *d, struct dk_problem *p);

/* history_talk.c: the answer to checkpoint.make: the one that is staged, or
 * the last one.
 */
int history_reply(struct daemon *d, struct item *it, bool made,
                  struct dk_problem *p);
/* As the protocol shows it. */
void wire_ckpt(const struct daemon *d, struct dk_jw *w, const char *key,
               const struct store_ckpt *c);

#endif /* DK_DAEMON_HISTORY_H */
