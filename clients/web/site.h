/* site.h - the office's pages and their JSON API (docs/WEB.md).
 *
 * It decides nothing: whoever is logged in has a key of their own, with which
 * their requests go to the broker, and the broker's answers go back as they
 * are.
 */
#ifndef DK_WEB_SITE_H
#define DK_WEB_SITE_H

#include "options.h"

struct event_base;
struct site;

/* `c` must outlive it. */
int site_open(struct event_base *base, const struct web_config *c,
              struct site **out, struct dk_problem *p);
void site_close(struct site *s); /* NULL is allowed */

#endif /* DK_WEB_SITE_H */
