/* seal.h - what lies in the spool, unreadable without a key of its own.
 *
 * XChaCha20-Poly1305; `name` says what the text is of, so that no sealed text
 * can be put in the place of another.
 */
#ifndef DK_RELAY_SEAL_H
#define DK_RELAY_SEAL_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/problem.h"

#define SEAL_KEY   32
#define SEAL_EXTRA 40 /* bytes that a sealed text is longer */

/* Read the key; with `create` make one (mode 0400, synced) where no file is.
 * DK_ENOTFOUND, DK_EFORBIDDEN (others can read it, or it cannot be read),
 * DK_EFIELD (it is no key), DK_EIO.
 */
int seal_key(const char *file, bool create, unsigned char key[SEAL_KEY],
             struct dk_problem *p);

/* `out` has n + SEAL_EXTRA bytes. */
void seal_shut(const unsigned char key[SEAL_KEY], const char *name,
               const void *text, size_t n, unsigned char *out);

/* `out` has n - SEAL_EXTRA bytes and one for a NUL.  DK_EFORBIDDEN: another key
 * sealed it, or it was changed.
 */
int seal_open(const unsigned char key[SEAL_KEY], const char *name,
              const unsigned char *sealed, size_t n, char *out);

#endif /* DK_RELAY_SEAL_H */
