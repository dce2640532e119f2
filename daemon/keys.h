/* keys.h - who may talk to this broker: the identities of the key file, and of
 * this machine's users.
 *
 * Whoever runs docketd, and root, need no line: they can read the disk anyway.
 * They are the administrator, and may serve everything.  A line of the key file
 * for the user that runs docketd takes its place.
 *
 * An identity is looked up again at every message, so that what changes here
 * holds for connections that are there already.
 */
#ifndef DK_KEYS_H
#define DK_KEYS_H

#include "core/bucket.h"
#include "core/keyfile.h"
#include "daemon/config.h"
#include "daemon/item.h"
#include "daemon/map.h"
#include "daemon/secret.h"

struct identity {
    struct dk_identity id;
    bool built_in;
    struct dk_bucket bucket;
    dk_ms quiet_until; /* monotonic: of a worker that makes mistakes */
};

struct keyring {
    char file[SECRET_PATH_MAX];
    struct identity *v; /* owned */
    size_t n;
    struct map by_key; /* -> index in v */
    uint64_t seed;
    struct dk_bucket strangers; /* answers to keys that are not known */
    dk_ms told_at;              /* monotonic: of the last line about refusals */
    int64_t untold;
    struct secret secret;         /* CURVE, of this broker; Z85 */
    char server_key[DK_KEY_TEXT]; /* its public part; "": not in use */
    bool made;                    /* by this run, and it serves not yet */
    bool knocking;                /* our own self-test: not told */
    bool changed;                 /* some may not do any more what they do */
};

struct daemon;

/* Read the key file; one that is not there has no lines.  DK_EFIELD: *p says
 * which line and what is wrong with it; DK_EFORBIDDEN: others may change the
 * file; DK_EIO, DK_ENOMEM.
 */
int keys_init(struct keyring *k, const struct config *cfg, uint64_t seed,
              struct dk_problem *p);
void keys_fini(struct keyring *k);
/* The start failed: leave no secret behind that this run has made. */
void keys_undo(struct keyring *k);
/* The broker's own key pair, made if there is none; for TCP endpoints. */
int keys_server(struct keyring *k, const struct config *cfg,
                struct dk_problem *p);

/* The identity that the ZAP handler named; NULL: it is gone. */
struct identity *keys_find(const struct keyring *k, const char *user);

/* zap.h's questions, for a struct daemon. */
bool keys_welcome(void *arg, const char *name, const char *user);
void keys_told(void *arg, const char *address, const char *user,
               const char *why);

/* Who sent this item (it->user), into it->who.  DK_EKEY: nobody that may talk;
 * DK_ERATE: too often.  Takes a token on the clients' endpoint; on the workers'
 * only keys_charge() does.  An administrator has no limit.
 */
int keys_admit(struct daemon *d, struct item *it, struct dk_problem *p);
/* A worker's message that no credit bounds: a hello, or a mistake. */
void keys_charge(struct daemon *d, const struct item *it);

/* Read the file again (SIGHUP).  A bad one changes nothing and is told. */
void keys_reload(struct daemon *d);
/* After a change: end the sessions and follows of those who may not any more.
 */
void keys_settle(struct daemon *d);

#endif /* DK_KEYS_H */
