/* web.h - the kiosk's page: its files, and what it asks docket-kiosk.
 *
 * docs/KIOSK.md, "The page", tells each path.  Served on loopback only.  A
 * matter that is handed in is in the spool before the page is told so.
 */
#ifndef DK_KIOSK_WEB_H
#define DK_KIOSK_WEB_H

#include "forward.h"

struct event_base;
struct web;

struct web_options {
    const char *where;   /* 127.0.0.1:PORT */
    const char *files;   /* the page's folder */
    const char *form;    /* the form file, docket-kiosk/1 */
    const char *printer; /* ESC/POS device or file, or NULL */
    const char *spool;   /* its path: beside it a file says that we run */
    int idle_s;          /* told to the page */
};

/* 0, or a DK_E code with *p. */
int web_open(struct event_base *base, const struct web_options *o,
             struct spool *spool, struct say *say, struct forward *forward,
             struct web **out, struct dk_problem *p);

/* `clean`: we end because we were asked to.  NULL is allowed. */
void web_close(struct web *w, bool clean);

/* What waited too long is told so.  0, or the DK_E code of a spool that must
 * not be used any more.
 */
int web_pump(struct web *w, dk_ms now, struct dk_problem *p);

/* When to call web_pump() at the latest (monotonic). */
dk_ms web_next(const struct web *w);

#endif /* DK_KIOSK_WEB_H */
