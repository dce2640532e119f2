/* sess.h - who is logged in.  Memory only: after a restart everybody logs in
 * again.
 */
#ifndef DK_WEB_SESS_H
#define DK_WEB_SESS_H

#include "accounts.h"
#include "clients/tie/tie.h"

#define SESS_TOKEN 65 /* bytes of a cookie's value with its NUL */
#define SESS_CSRF  33

struct sess {
    struct sess *next;
    uint64_t serial;         /* never used twice */
    unsigned char token[32]; /* hash of the cookie's value */
    char csrf[SESS_CSRF];
    char name[DK_WHO_MAX + 1];
    int64_t version;   /* the account's, when they logged in */
    dk_ms began, used; /* monotonic */
    struct dk_client_keys keys;
    struct tie *tie;
    int streams;
};

struct sess_bounds {
    int64_t idle_ms, life_ms, all, per_account;
};

struct sess_table {
    struct sess *first;
    int64_t n;
    uint64_t made;
    struct sess_bounds bounds;
};

/* A new session; the table owns it and, from now on, `tie`.  Of too many of one
 * account, the one unused for the longest time ends.  NULL: there is no room,
 * or no memory; `tie` is still the caller's.
 */
struct sess *sess_new(struct sess_table *t, const char *name, struct tie *tie,
                      dk_ms now, char token[SESS_TOKEN]);

/* Whose cookie this is, if it has not ended by `now`; NULL: nobody's.  `used`
 * moves.
 */
struct sess *sess_find(struct sess_table *t, const char *token, dk_ms now);
struct sess *sess_by_serial(struct sess_table *t, uint64_t serial);
bool sess_csrf_is(const struct sess *s, const char *given);

void sess_end(struct sess_table *t, struct sess *s);
/* Those of an account but `but` (NULL: all). */
void sess_end_of(struct sess_table *t, const char *name,
                 const struct sess *but);
/* Those whose time is over; returns how many. */
int sess_sweep(struct sess_table *t, dk_ms now);
void sess_end_all(struct sess_table *t);

#endif /* DK_WEB_SESS_H */
