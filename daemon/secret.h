/* secret.h - what must stay secret and lives outside of the database: read from
 * a systemd credential or from a file of mode 0400, made once.
 *
 * The bytes are kept in memory that is locked, left out of core dumps, and
 * wiped when given back.  No function prints or logs a byte of them; problems
 * name the file and say what to do.
 *
 * Errors, with a sentence for an operator in both languages:
 *   DK_ENOTFOUND  there is no such file, or not its folder
 *   DK_EFORBIDDEN it belongs to somebody else, others may read or change it, it
 *                 is no plain file, or the system refuses to open it
 *   DK_EFIELD     it is empty or longer than `max`
 *   DK_ECONFLICT  secret_create(): it is there already
 *   DK_EFULL, DK_EIO, DK_ENOMEM
 */
#ifndef DK_SECRET_H
#define DK_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/problem.h"

#define SECRET_PATH_MAX 700

struct secret_place {
    const char *credential; /* "docket.seal": looked for first, in the folder
                               that systemd names; NULL: never */
    const char *file;       /* else this path */
    size_t max;             /* longest content in bytes */
};

struct secret {
    uint8_t *v; /* owned; followed by a zero byte; NULL: none */
    size_t len;
    bool credential; /* read from one: this program cannot change it */
    char path[SECRET_PATH_MAX];
};

/* Read it; sodium_init() was called.  On failure *out is empty. */
int secret_read(const struct secret_place *at, struct secret *out,
                struct dk_problem *p);

/* Write a new file of mode 0400, whole and durable when this returns 0 (file
 * and folder are synced), or nothing.
 */
int secret_create(const char *file, const void *data, size_t len,
                  struct dk_problem *p);

/* Put another content in place of the old one, whole and durable or not at all;
 * the bytes of the old file are overwritten, as far as the disk does it.
 */
int secret_replace(const char *file, const void *data, size_t len,
                   struct dk_problem *p);

/* secret_read(); if there is neither credential nor file, make(arg, to, cap)
 * fills `to` with at most `cap` bytes and returns how many (0: no memory), and
 * that is created and read.  *made says whether; it must be told to the
 * operator.
 */
typedef size_t (*secret_make_fn)(void *arg, uint8_t *to, size_t cap);
int secret_obtain(const struct secret_place *at, secret_make_fn make, void *arg,
                  struct secret *out, bool *made, struct dk_problem *p);

/* Room for a secret: locked, not in core dumps.  NULL: no memory. */
int secret_room(struct secret *out, size_t len);

/* Wipe and give back; an empty one is allowed. */
void secret_wipe(struct secret *s);

#endif /* DK_SECRET_H */
