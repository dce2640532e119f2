/* chain.h - the hash chain over one case's events.
 *
 * hash(n) = BLAKE2b-256( hash(n-1) || text ), hash(0) = 32 zero bytes, where
 * text is UTF-8:  KEY \n N \n TYPE \n AT \n CLAIMED \n ACTOR \n BODY
 * with KEY, N, AT and CLAIMED in decimal (milliseconds; CLAIMED "-" when
 * nothing was claimed) and BODY the bytes of the body as stored.  BODY comes
 * last and the others hold no line feed, so two different events never give
 * the same text.  An auditor needs nothing else (PROTOCOL.md, "History").
 */
#ifndef DK_CHAIN_H
#define DK_CHAIN_H

#include "core/case.h"

#define CHAIN_HEAD (192 + DK_ID_MAX)

/* The text up to BODY; its length. */
size_t chain_head(const struct dk_event *e, char out[CHAIN_HEAD]);

void chain_hash(const uint8_t prev[DK_HASH_LEN], const struct dk_event *e,
                uint8_t out[DK_HASH_LEN]);

/* The commitment to personal data that a case's first event carries: 64 hex
 * digits of BLAKE2b-256 of the data, keyed with the salt.
 */
void chain_commit(const uint8_t salt[16], const void *data, size_t len,
                  char out[2 * DK_HASH_LEN + 1]);

#endif /* DK_CHAIN_H */
