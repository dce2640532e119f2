/* seal.h - personal data sealed (docs/SECURITY.md): XChaCha20-Poly1305 with a
 * fresh nonce for each, bound to the county, the case and the key; and the ring
 * of keys, so that a new one can take over while older rows wait their turn.
 *
 * The ring is a secret (secret.h): a file
 *
 *   docket-seal-1
 *   key ID HEX            the one that seals; ID is computed from HEX
 *   key ID HEX            older ones, which only open
 *
 * Pure but for randomness and that file.  Not one byte of a key or of what is
 * sealed is ever printed.
 */
#ifndef DK_SEAL_H
#define DK_SEAL_H

#include "daemon/secret.h"

#define SEAL_KEYS_MAX   8
#define SEAL_KEY_LEN    32
#define SEAL_ID_TEXT    17 /* 16 hex digits */
#define SEAL_CREDENTIAL "docket.seal"

/* A key's id, as rows have it: from 2^62 up, never STORE_PLAIN or _ERASED, and
 * always as many bytes in a row.
 */
void seal_id_text(int64_t id, char out[SEAL_ID_TEXT]);
int64_t seal_id_parse(const char *text); /* 0: none */

struct seal {
    int32_t county;
    char file[SECRET_PATH_MAX]; /* "": this ring is never written */
    char path[SECRET_PATH_MAX]; /* where it was read */
    bool credential;            /* read from one, which we cannot change */
    int n;                      /* keys; 0: not loaded */
    int64_t id[SEAL_KEYS_MAX];  /* id[0] seals */
    struct secret keys;         /* n * SEAL_KEY_LEN bytes, in that order */
};

/* `file` NULL: for a store in memory, which is for tests; always the same key.
 */
void seal_init(struct seal *s, int32_t county, const char *file);
void seal_fini(struct seal *s);

/* Read the ring; if there is none and `make`, make it with one key.  *made says
 * so.  Errors: as secret.h; DK_EFIELD also for a file that is no such ring.
 */
int seal_load(struct seal *s, bool make, bool *made, struct dk_problem *p);

bool seal_has(const struct seal *s, int64_t id);
int64_t seal_current(const struct seal *s);

/* A new key that seals from now on; the file is durable before this returns 0.
 * DK_EFORBIDDEN: the ring is a credential; DK_EBUSY: there are as many keys as
 * it can hold.  After an error nothing is changed.
 */
int seal_new_key(struct seal *s, struct dk_problem *p);
/* Forget all keys but the current one, in the file as well. */
int seal_drop_old(struct seal *s, struct dk_problem *p);

/* Seal for `key` (a case, or 0); *out is malloc'ed.  DK_ENOMEM, or DK_EBUG when
 * no ring is loaded.
 */
int seal_wrap(const struct seal *s, int64_t key, const void *plain, size_t len,
              void **out, size_t *out_len, int64_t *id);
/* And open it; the caller gives it back with seal_forget().  Id 0: it is not
 * sealed (a store that was recovered from an older schema).
 *   DK_ENOTFOUND  the ring has no such key
 *   DK_EJSON      this is not what was sealed for this case
 */
int seal_unwrap(const struct seal *s, int64_t key, int64_t id, const void *data,
                size_t len, void **plain, size_t *plain_len);
void seal_forget(void *plain, size_t len); /* wipe and free */

#endif /* DK_SEAL_H */
