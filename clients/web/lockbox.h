/* lockbox.h - an account's secret key, sealed under its password.
 *
 * Argon2id makes a key of the password, XSalsa20-Poly1305 seals the secret
 * under it.  Nothing else of the password is kept: a wrong one does not open.
 */
#ifndef DK_WEB_LOCKBOX_H
#define DK_WEB_LOCKBOX_H

#include <stddef.h>

#include "proto/client_keys.h"
#include "proto/problem.h"

#define LOCKBOX_SALT   16
#define LOCKBOX_NONCE  24
#define LOCKBOX_KEY    32
#define LOCKBOX_SEALED (DK_CLIENT_KEY - 1 + 16)

#define PASSWORD_MIN 10  /* bytes */
#define PASSWORD_MAX 200 /* bytes */

struct lockbox {
    unsigned char salt[LOCKBOX_SALT], nonce[LOCKBOX_NONCE];
    unsigned char sealed[LOCKBOX_SEALED];
    int64_t passes, mib; /* of Argon2id */
};

/* May this be a password of this account?  DK_EFIELD at /password: too short,
 * too long, the account's name, or one character again and again.
 */
int lockbox_check_password(const char *password, const char *name,
                           struct dk_problem *p);

/* Slow, by intent (a tenth of a second, `mib` of memory).  0, or DK_ENOMEM. */
int lockbox_derive(const struct lockbox *b, const char *password,
                   unsigned char key[LOCKBOX_KEY]);

/* New salt, for lockbox_derive() and then lockbox_seal(). */
void lockbox_begin(struct lockbox *b, int64_t mib);
void lockbox_seal(struct lockbox *b, const unsigned char key[LOCKBOX_KEY],
                  const char secret[DK_CLIENT_KEY]);

/* DK_EFORBIDDEN: this key does not open it. */
int lockbox_open(const struct lockbox *b, const unsigned char key[LOCKBOX_KEY],
                 char secret[DK_CLIENT_KEY]);

#endif /* DK_WEB_LOCKBOX_H */
