/* serve.h - /metrics, /healthz, /readyz over one connection to the broker.
 *
 * Each question is asked of the broker when it comes; at most SERVE_CONNECTIONS
 * of them at once, so no crowd of askers becomes the broker's.
 */
#ifndef DK_METRICS_SERVE_H
#define DK_METRICS_SERVE_H

#include "options.h"

#define SERVE_CONNECTIONS 16

struct event_base;
struct serve;

/* DK_EFIELD, DK_EFORBIDDEN: the address cannot be had; *p says it. */
int serve_open(struct event_base *base, const struct metrics_config *c,
               struct serve **out, struct dk_problem *p);
void serve_close(struct serve *s); /* NULL is allowed */

#endif /* DK_METRICS_SERVE_H */
