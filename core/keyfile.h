/* keyfile.h - the list of who may talk to a broker, as a file that a person can
 * read and change.  Pure.
 *
 *   # name     roles               unit  key
 *   hall-1     kiosk               - rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7
 *   li         handler             u-12  ...
 *   wang       supervisor,auditor  -     ...
 *   assigner   worker:assign       -     uid:997
 *
 * Four words on a line; lines that begin with # and empty ones are skipped.  A
 * key is a CURVE public key in Z85 (forty characters), or uid:N for whoever
 * connects on this machine (ipc) as that user.  Each name and each key is there
 * once.
 */
#ifndef DK_KEYFILE_H
#define DK_KEYFILE_H

#include "core/roles.h"

#define DK_KEY_TEXT     41        /* bytes of a key's text with its NUL */
#define DK_KEYFILE_MAX  (1 << 20) /* bytes of the file */
#define DK_KEYFILE_LINE 320       /* bytes of a line that we write */
#define DK_IDENTITY_MAX 10000

struct dk_identity {
    struct dk_who who;
    char key[DK_KEY_TEXT]; /* Z85, or "uid:N" */
};

struct dk_identities {
    struct dk_identity *v; /* owned */
    size_t n, cap;
};

/* Read a whole file.  DK_EFIELD: *line (from 1) has the mistake that *p names,
 * and *out is empty; DK_ENOMEM.
 */
int dk_keyfile_read(const char *text, size_t len, struct dk_identities *out,
                    int *line, struct dk_problem *p);
void dk_identities_fini(struct dk_identities *l);

/* One identity, checked as a line is; `roles` are names joined by commas, a
 * NULL or "-" unit is none.  The pointer of *p is "/name", "/roles", "/unit" or
 * "/key".
 */
int dk_identity_make(struct dk_identity *out, const char *name,
                     const char *roles, const char *unit, const char *key,
                     struct dk_problem *p);

/* Names joined by commas, in the table's order; cut at `cap`. */
void dk_roles_text(unsigned roles, char *buf, size_t cap);

/* The text with `id`'s line put in place of the one of its name, or at the end;
 * with only `name`, its line taken out (DK_ENOTFOUND: there is none).  Every
 * other line stays as it is.  *out is the caller's to free.
 */
int dk_keyfile_splice(const char *text, size_t len, const char *name,
                      const struct dk_identity *id, char **out,
                      size_t *out_len);

/* Forty characters of Z85 that stand for 32 bytes? */
bool dk_z85_key(const char *s);

#endif /* DK_KEYFILE_H */
