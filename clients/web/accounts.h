/* accounts.h - who may log in, and who did: a small database of its own.
 *
 * An account's row has the public key that the broker knows, and the secret key
 * as lockbox.h seals it.  The server and `docket-web account` use the file at
 * the same time, so its journal is SQLite's rollback journal: two connections
 * that write and checkpoint one log are what 3.40 cannot bear.
 */
#ifndef DK_WEB_ACCOUNTS_H
#define DK_WEB_ACCOUNTS_H

#include <stdbool.h>

#include "lockbox.h"
#include "proto/who.h"

#define AUDIT_KEPT 100000 /* rows of the audit */
#define AUDIT_TEXT 128

struct accounts;

struct account {
    char name[DK_WHO_MAX + 1];
    char public[DK_CLIENT_KEY];
    struct lockbox box;
    bool disabled;
    int64_t version; /* another one: log in again */
    dk_ms made_at, changed_at;
};

struct audit {
    int64_t n;
    dk_ms at;
    char name[DK_WHO_MAX + 1]; /* "?": no account's */
    char from[AUDIT_TEXT];     /* address, or "console" */
    char what[AUDIT_TEXT];
};

/* `make`: the folder and the file, if they are not there.  DK_ENOTFOUND,
 * DK_EFORBIDDEN (others can read the folder), DK_EVERSION, DK_EIO.
 */
int accounts_open(const char *folder, bool make, struct accounts **out,
                  struct dk_problem *p);
void accounts_close(struct accounts *a); /* NULL is allowed */

/* DK_ENOTFOUND: no such account; *p is filled then, too. */
int accounts_find(struct accounts *a, const char *name, struct account *out,
                  struct dk_problem *p);
/* DK_ECONFLICT: there is one.  Its version and times are made. */
int accounts_add(struct accounts *a, const struct account *is,
                 struct dk_problem *p);
/* Key, box and disabled of an account that is there; a new version. */
int accounts_change(struct accounts *a, const struct account *is,
                    struct dk_problem *p);
int accounts_remove(struct accounts *a, const char *name, struct dk_problem *p);

/* In order of the names; `fn` returns false to stop. */
int accounts_each(struct accounts *a,
                  bool (*fn)(void *arg, const struct account *is), void *arg,
                  struct dk_problem *p);

/* One line of the audit; the oldest beyond AUDIT_KEPT go. */
int accounts_note(struct accounts *a, const char *name, const char *from,
                  const char *what, struct dk_problem *p);
/* The newest first, at most `most`. */
int accounts_audit(struct accounts *a, int most,
                   bool (*fn)(void *arg, const struct audit *is), void *arg,
                   struct dk_problem *p);

#endif /* DK_WEB_ACCOUNTS_H */
