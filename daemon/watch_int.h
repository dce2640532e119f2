/* watch_int.h - what the files of the watch share. */
#ifndef DK_DAEMON_WATCH_INT_H
#define DK_DAEMON_WATCH_INT_H

#include "daemon/config.h"
#include "daemon/watch.h"

/* A disk that was full within this time is full: nothing was written since. */
#define WATCH_FULL_MS 10000

void watch_row_copy(struct watch_row *to, const struct store_office *o);
struct dk_watch_rules watch_rules(const struct config *c, enum dk_watch_kind k);
struct dk_watch_alert watch_alert(const struct watch_slot *s);
enum dk_watch_verdict watch_verdict(const struct daemon *d,
                                    const struct watch_slot *s, dk_ms now,
                                    dk_ms mono);

/* watch_look.c: fill every slot's obs.  A DK_E code: the store cannot say. */
int watch_look(struct daemon *d, dk_ms now, dk_ms mono);
/* A case without a unit was written: it must be found by the search. */
void watch_lone_case(struct watch *w, const struct dk_case *c);

/* The disk is full at the monotonic time `mono`. */
void watch_disk_full(struct watch *w, dk_ms mono);

#endif /* DK_DAEMON_WATCH_INT_H */
