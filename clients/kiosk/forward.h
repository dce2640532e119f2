/* forward.h - from the spool to the broker, until it has acknowledged.
 *
 * Pipelined: at most FORWARD_WINDOW submissions are under way.  What is not
 * answered in time, or answered "not now", is sent again with the same
 * submission id, later and later, with chance in it; a broker in trouble is
 * asked one case at a time.  What the broker refuses for good is written down
 * as refused and not sent again.  Time is handed in (monotonic).
 */
#ifndef DK_KIOSK_FORWARD_H
#define DK_KIOSK_FORWARD_H

#include "proto/client.h"
#include "say.h"
#include "spool.h"

#define FORWARD_WINDOW 32
#define FORWARD_SLOTS  256 /* under way, and waiting for another try */

enum slot_state {
    SLOT_FREE,
    SLOT_LATER,
    SLOT_SENT
};

/* Do messages find a way to the broker? */
enum forward_link {
    LINK_UNKNOWN,
    LINK_UP,
    LINK_DOWN
};

struct forward_slot {
    enum slot_state state;
    int64_t id; /* in the spool */
    char submission[DK_UUID_TEXT];
    unsigned tries;
    dk_ms at; /* LATER: not before; SENT: given up then */
};

struct forward {
    struct spool *spool;
    struct dk_client *client;
    struct say *say;
    const char *kiosk; /* its name for the broker's log, or NULL */
    /* What answers no submission of ours: somebody else asked (NULL: no). */
    void (*other)(void *arg, const struct dk_reply *r);
    void *other_arg;
    struct forward_slot slot[FORWARD_SLOTS];
    int n_used, n_sent, window;
    int64_t cursor;    /* id of the newest case that got a slot */
    dk_ms pause_until; /* nothing is sent before; 0: no pause */
    unsigned trouble;  /* rounds that the broker could not serve */
    enum forward_link link;
    bool dry; /* no case of the spool is without a slot */
    bool greeted;
    size_t n_answer; /* read, and not yet written down */
    struct spool_answer answer[FORWARD_WINDOW];
    char answered[FORWARD_WINDOW][DK_UUID_TEXT];
    int answer_slot[FORWARD_WINDOW];
};

/* Send and receive what can be; afterwards nothing is left that the client's
 * fd would not announce.  0, or a DK_E code of the spool after which it must
 * not be used any more.
 */
int forward_pump(struct forward *f, dk_ms now, struct dk_problem *p);

/* When to call it again at the latest; DK_NEVER: only when something comes. */
dk_ms forward_next(const struct forward *f);

/* Nothing of what was in the spool at the last call of forward_pump() waits. */
bool forward_idle(const struct forward *f);

#endif /* DK_KIOSK_FORWARD_H */
