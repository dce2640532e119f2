/* secmem.h - locked memory for the secrets of handshakes, kept ready.
 *
 * libzmq asks libsodium (sodium_allocarray, sodium_free) for each of the few
 * buffers of a CURVE handshake.  libsodium maps, protects, locks and unmaps
 * pages for each of them, which is most of what a handshake costs; and
 * strangers can begin handshakes as often as they like.  So these two functions
 * are defined here and stand before libsodium's in every program that has this
 * file: small buffers come from one block, made by libsodium when it is opened
 * (locked, not in core dumps, between guard pages), and all else, or when the
 * block is used up or was never opened, from libsodium as ever.
 * docs/adr/0028-locked-memory-kept-ready.md
 */
#ifndef DK_SECMEM_H
#define DK_SECMEM_H

#include <stddef.h>

#define SECMEM_SLOTS 64
#define SECMEM_ROOM  480 /* bytes of a buffer that a slot has room for */

/* Make the block, once, before there are threads; it stays as long as the
 * process.  0, or DK_ENOMEM.
 */
int secmem_open(void);

/* How many buffers were given from the block so far, and are out now. */
size_t secmem_given(void);
size_t secmem_out(void);

#endif /* DK_SECMEM_H */
