/* notify.h - what systemd is told (sd_notify(3)): that we serve, how it goes,
 * and that the loop still turns.
 *
 * The loop stands still while a disk does not answer, so a disk that is stuck
 * for longer than WatchdogSec= ends in a new start like a loop that is stuck:
 * nothing that was acknowledged is lost by either.
 */
#ifndef DK_NOTIFY_H
#define DK_NOTIFY_H

#include "proto/dk_types.h"
#include "proto/jsonw.h"

struct notify {
    bool on;       /* somebody listens ($NOTIFY_SOCKET) */
    dk_ms ping_ms; /* how often the watchdog is told; 0: there is none */
    dk_ms ping_at, look_at; /* monotonic: next */
    char said[160];         /* the status told last */
};

struct daemon;

/* How it goes, in numbers. */
struct notify_load {
    int64_t hands; /* cases that some handler owes */
    int64_t late;  /* limits that have passed: counted up to NOTIFY_COUNT */
    int64_t tasks; /* open */
    dk_ms waits;   /* for how long the oldest of them, by the office's clock */
};
#define NOTIFY_COUNT 500

/* False: the store is away. */
bool notify_look(struct daemon *d, struct notify_load *out);
/* For stats: whether a case would be taken now, and the member "load". */
void notify_stats(struct daemon *d, struct dk_jw *w);

void notify_ready(struct daemon *d);
void notify_house(struct daemon *d); /* on the housekeeping timer */
void notify_stopping(void);

#endif /* DK_NOTIFY_H */
