/* checkpoint.h - the text of a checkpoint: what a broker signs to say how its
 * event stream stands (docs/HISTORY.md).  Text only; hashes and signatures are
 * made and checked by whoever has a library for them.
 */
#ifndef DK_CHECKPOINT_H
#define DK_CHECKPOINT_H

#include <stdbool.h>

#include "dk_types.h"

#define DK_CKPT_TEXT 512 /* bytes that suffice for a text */
#define DK_CKPT_SIG  64  /* bytes of an Ed25519 signature */
#define DK_CKPT_KEY  32  /* of its public key */

struct dk_ckpt {
    uint8_t broker[16]; /* whose stream */
    int64_t number;     /* 1, 2, 3, ... */
    int64_t from, to;   /* the events it covers, by their place in the stream */
    int64_t cases;      /* of these, how many began a case */
    uint64_t sum;       /* of the events' hashes, see docs/HISTORY.md */
    uint8_t root[DK_HASH_LEN];
    uint8_t previous[DK_HASH_LEN]; /* hash of the text before; 0: the first */
    uint8_t key[DK_CKPT_KEY];      /* public, of who signs */
    dk_ms at;
};

/* Writes the text, NUL-terminated; its length. */
size_t dk_ckpt_write(const struct dk_ckpt *c, char buf[DK_CKPT_TEXT]);

/* The exact inverse: DK_EFIELD for every text that dk_ckpt_write() would not
 * have written.  *out is filled only on success.
 */
int dk_ckpt_read(const char *text, size_t len, struct dk_ckpt *out);

#endif /* DK_CHECKPOINT_H */
