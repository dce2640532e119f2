/* merkle.h - the hash tree over events that a checkpoint signs.
 *
 *   leaf(seq, hash) = BLAKE2b-256( 0x00 || seq, 8 bytes big-endian || hash )
 *   node(l, r)      = BLAKE2b-256( 0x01 || l || r )
 *
 * in the shape of RFC 6962: neighbours are paired, and what is left over at
 * the right end of a row moves up as it is.  Leaves are taken in blocks of
 * MERKLE_BLOCK: the root over the blocks' roots is the root over the leaves.
 */
#ifndef DK_MERKLE_H
#define DK_MERKLE_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/dk_types.h"

#define MERKLE_BLOCK 256

typedef uint8_t merkle_hash[DK_HASH_LEN];

void merkle_leaf(int64_t seq, const uint8_t hash[DK_HASH_LEN], merkle_hash out);
void merkle_node(const merkle_hash left, const merkle_hash right,
                 merkle_hash out);

/* A tree that grows to the right; of it only what is needed: one hash for each
 * whole subtree.  All zero is an empty one.
 */
struct merkle {
    uint64_t n; /* leaves */
    int top;
    merkle_hash v[64];
};

void merkle_push(struct merkle *m, const merkle_hash leaf);
void merkle_root(const struct merkle *m, merkle_hash out); /* n over 0 */

/* The root over n (over 0) hashes that stand one after the other. */
void merkle_root_of(const uint8_t *v, size_t n, merkle_hash out);

/* The way from hash `i` of n up to their root: what stands beside it in each
 * row, and whether to the left.  `v` is destroyed.
 */
#define MERKLE_PATH 64
struct merkle_path {
    int n;
    struct {
        bool left;
        merkle_hash hash;
    } step[MERKLE_PATH];
};
void merkle_path_of(uint8_t *v, size_t n, size_t i,
                    struct merkle_path *out); /* added to what is in it */

#endif /* DK_MERKLE_H */
