/* wake.h - wait for one of a few descriptors, as poll() does, while libevent
 * serves the page.
 */
#ifndef DK_KIOSK_WAKE_H
#define DK_KIOSK_WAKE_H

#include <poll.h>

struct event_base;
struct wake;

struct wake *wake_new(void);    /* NULL: no memory */
void wake_free(struct wake *w); /* NULL is allowed */
struct event_base *wake_base(struct wake *w);

/* poll(), but for `events`: only POLLIN is asked for.  Also returns when
 * something of the page happened.  `w` NULL: plain poll().  -1: a signal, or no
 * memory.
 */
int wake_wait(struct wake *w, struct pollfd *fd, int n, int ms);

#endif /* DK_KIOSK_WAKE_H */
