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

struct notify {
    bool on;       /* somebody listens ($NOTIFY_SOCKET) */
    dk_ms ping_ms; /* how often the watchdog is told; 0: there is none */
    dk_ms ping_at, look_at; /* monotonic: next */
    char said[160];         /* the status told last */
};

struct daemon;

void notify_ready(struct daemon *d);
void notify_house(struct daemon *d); /* on the housekeeping timer */
void notify_stopping(void);

#endif /* DK_NOTIFY_H */
