/* notify.h - when somebody is told of an alert, and what follows from a try
 * that failed.
 *
 * The notifier (clients/notify) keeps, sends and tries again; what it decides
 * by is here: whom an alert is for, how long quiet hours or a digest hold it
 * back, and when a message that could not be delivered is tried again or given
 * up.
 */
#ifndef DK_NOTIFY_H
#define DK_NOTIFY_H

#include "calendar.h"

/* The levels of an alert, from the mildest; a mask has one bit for each. */
enum dk_notify_level {
    DK_NOTIFY_REMINDER,
    DK_NOTIFY_YELLOW,
    DK_NOTIFY_RED,
    DK_NOTIFY_OVERDUE,
    DK_NOTIFY_LONG_OVERDUE,
    DK_NOTIFY_LEVEL_N
};
extern const char *const dk_notify_levels[DK_NOTIFY_LEVEL_N + 1];

/* Of a name that is not known (a newer broker's): the highest, so that it is
 * held back by nothing.
 */
enum dk_notify_level dk_notify_level(const char *name);

/* "red overdue" as a mask; "none" is 0 and "all" every level.  0 or DK_EFIELD.
 */
int dk_notify_levels_parse(const char *s, unsigned *mask);

/* How one recipient wants to be told.  Minutes count from local midnight. */
struct dk_notify_rule {
    unsigned levels;          /* which alerts at all */
    int quiet_from, quiet_to; /* equal: no quiet hours; may span midnight */
    unsigned quiet_days;      /* bit 1 Monday .. bit 7 Sunday: quiet all day */
    unsigned breaks_quiet;    /* levels that come all the same */
    int digest_at;    /* minute at which a day's digest goes; -1: none */
    int digest_every; /* or minutes between two digests; 0: none */
    unsigned at_once; /* levels that wait for no digest */
};

/* "22:00-07:30", both from 00:00 to 23:59.  0 or DK_EFIELD. */
int dk_notify_span_parse(const char *s, int *from, int *to);
/* "08:30" to minutes.  0 or DK_EFIELD. */
int dk_notify_minute_parse(const char *s, int *out);
/* "sat sun" to bits.  0 or DK_EFIELD. */
int dk_notify_days_parse(const char *s, unsigned *days);

/* Is `to` ("role:id") one of the space-separated `patterns`?  A pattern is a
 * whole "role:id", "role:*", or "*".  The petitioner is told by nobody but the
 * office: nothing matches them.
 */
bool dk_notify_matches(const char *patterns, const char *to);

/* When an alert of this level, known since `now`, is to be sent: `now` itself,
 * or when the next digest goes or the quiet hours end.  `z` is the office's.
 * (Days that are quiet from Monday to Sunday hold nothing for ever: after a
 * week they are passed over.)
 */
dk_ms dk_notify_when(const struct dk_notify_rule *r, enum dk_notify_level level,
                     dk_ms now, const struct dk_zone *z);

/* What came of one try. */
enum dk_notify_outcome {
    DK_NOTIFY_SENT,
    DK_NOTIFY_AGAIN, /* may go better later */
    DK_NOTIFY_NEVER  /* will not */
};
/* By the answer of an HTTP receiver (0: none came): 2xx is sent, 410 says that
 * nobody is there any more, and everything else may be mended.
 */
enum dk_notify_outcome dk_notify_http(long status);
/* By the last reply of a mail server (0: none came) to a try that failed.  A
 * 5yz is for ever, but for those about who we are or how we came, and for a
 * full mailbox: an operator or time mends these.
 */
enum dk_notify_outcome dk_notify_smtp(long code);

struct dk_notify_retry {
    int most;           /* tries until a message is given up */
    dk_ms first, limit; /* wait after the first; no wait is longer */
};
/* After try number `tries` (1, 2, ...) failed: how long to wait, or DK_NEVER:
 * it is a dead letter.  Doubles from `first` on; `chance` (any number) takes
 * off up to half, so that many messages do not come back at once.  The
 * receiver's own wish `wish` (0: none) is heeded up to `limit`.
 */
dk_ms dk_notify_wait(const struct dk_notify_retry *r, int tries,
                     enum dk_notify_outcome outcome, uint64_t chance,
                     dk_ms wish);

#endif /* DK_NOTIFY_H */
