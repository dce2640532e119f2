/* store_ckpt.h - checkpoints in the store; part of store.h, and not included
 * alone.
 */
#ifndef DK_STORE_CKPT_H
#define DK_STORE_CKPT_H

#include "proto/checkpoint.h"

struct store;

/* A signed statement of how the stream stands (proto/checkpoint.h), with what
 * proofs and a search for changes need: the roots of the tree's blocks.
 */
struct store_ckpt {
    int64_t number;   /* 1, 2, .. */
    int64_t from, to; /* events it covers */
    const char *text;
    size_t text_len;
    uint8_t sig[DK_CKPT_SIG];
    const uint8_t *blocks; /* DK_HASH_LEN bytes each */
    size_t n_block;
};

/* Checkpoints with a number > after, rising; `newest` is the last one alone;
 * `covering` is the first whose last event is `seq` or after it.
 */
typedef int (*store_ckpt_fn)(void *arg, const struct store_ckpt *c);
int store_list_ckpt(struct store *st, int64_t after, int64_t limit,
                    store_ckpt_fn fn, void *arg);
int store_ckpt_newest(struct store *st, store_ckpt_fn fn, void *arg);
int store_ckpt_covering(struct store *st, int64_t seq, store_ckpt_fn fn,
                        void *arg);

#endif /* DK_STORE_CKPT_H */
