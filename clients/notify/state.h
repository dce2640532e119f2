/* state.h - which alert goes to whom, by which channel, and how far it has
 * come: one SQLite file, FULL, so that a kill at any moment neither loses nor
 * doubles one.
 *
 * An alert and what is wanted of it are written in the transaction that moves
 * our place in the event stream.  A message gets its key, its text and its
 * alerts in one transaction before it is first sent; each try sends the same
 * bytes under the same key, until one succeeded.  So a kill between a
 * receiver's "yes" and our note of it sends that message once more, under the
 * key by which the receiver knows it.
 *
 * `docket-notify dead` and `resend` use the file while the notifier runs: each
 * call is a transaction of its own, unless state_begin() was called.  Functions
 * return 0, 1 where said, or a DK_E code that the file's log line has told.
 */
#ifndef DK_NOTIFY_STATE_H
#define DK_NOTIFY_STATE_H

#include "conf.h"
#include "core/notify_text.h"

#define STATE_ITEMS 100 /* alerts in one digest, at most */

struct state;

struct place {
    char broker[33]; /* "": never begun */
    int64_t next;    /* sequence to come */
    dk_ms since;     /* alerts raised before are nobody's news any more */
};

struct message {
    int64_t id;
    char key[DK_UUID_TEXT];
    char recipient[DK_ID_MAX + 1];
    enum channel channel;
    int tries; /* made so far */
    dk_ms made_at;
    char *subject, *body; /* owned */
    char error[200];      /* of the last try */
};

enum message_state {
    MESSAGE_OPEN,
    MESSAGE_SENT,
    MESSAGE_DEAD,
    MESSAGE_MOOT /* all its alerts were acknowledged before it was delivered */
};

/* The folder must be there; the file in it is made if it is not. */
int state_open(struct state **out, const char *folder, struct dk_problem *p);
void state_close(struct state *s); /* NULL is allowed */

int state_begin(struct state *s);
int state_commit(struct state *s);
void state_rollback(struct state *s); /* harmless without a transaction */

int state_place(struct state *s, struct place *out);
int state_set_place(struct state *s, const struct place *at);

/* 1: it is new, and *id is its number here; 0: it was known. */
int state_add_alert(struct state *s, const struct dk_notify_item *a,
                    int64_t *id);
int state_add_want(struct state *s, int64_t alert, const char *recipient,
                   enum channel ch, const char *to, dk_ms due, bool held);
/* Somebody has seen it, or a later one stands for it: what was not sent of it
 * yet is dropped.
 */
int state_seen(struct state *s, const char *alert_id);

/* What is due is made into messages by `make`, one for each recipient and
 * channel of what was held back, one for each alert otherwise.  It fills
 * subject and body (to be freed by the caller); a failure of it ends in that
 * code and nothing is changed.
 */
typedef int (*state_make_fn)(void *arg, const char *recipient, enum channel ch,
                             const char *key, const struct dk_notify_item *item,
                             size_t n, char **subject, char **body);
int state_form(struct state *s, dk_ms now, dk_ms wall, state_make_fn make,
               void *arg);

/* The next message that is to be tried at `now` with an id above `after`: 1
 * and *out, which message_fini() frees; 0: none.
 */
int state_next(struct state *s, dk_ms now, int64_t after, struct message *out);
void message_fini(struct message *m);

int state_sent(struct state *s, int64_t id, dk_ms now);
/* A try failed; the next at `at`, DK_NEVER: it is dead. */
int state_failed(struct state *s, int64_t id, const char *error, dk_ms at);

/* When something is due next; DK_NEVER: nothing waits. */
int state_due(struct state *s, dk_ms *out);

/* Take away what was settled so long ago; alerts raised before `horizon` are
 * then known by their age alone.
 */
int state_prune(struct state *s, dk_ms keep);

/* For people: each message of a state, oldest first. */
typedef void (*state_each_fn)(void *arg, const struct message *m);
int state_each(struct state *s, enum message_state which, state_each_fn fn,
               void *arg);
/* Dead messages (of this key; NULL: all) are tried again, or dropped for good.
 * How many, or a DK_E code.
 */
int state_resend(struct state *s, const char *key, dk_ms now);
int state_drop(struct state *s, const char *key);

struct state_counts {
    int64_t alerts, waiting, open, sent, dead, moot;
};
int state_count(struct state *s, struct state_counts *out);

#endif /* DK_NOTIFY_STATE_H */
