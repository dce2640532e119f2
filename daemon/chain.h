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

void chain_hash(const uint8_t prev[DK_HASH_LEN], const struct dk_event *e,
                uint8_t out[DK_HASH_LEN]);

#endif /* DK_CHAIN_H */
