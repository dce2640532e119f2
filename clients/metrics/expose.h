/* expose.h - what a broker says of itself (stats), as text for a monitoring
 * system: OpenMetrics 1.0, or the older text format 0.0.4 of Prometheus.
 *
 * Only what the table of expose.c and its few labels name is written: no other
 * member of the answer, so never a name and nothing of a case.
 */
#ifndef DK_METRICS_EXPOSE_H
#define DK_METRICS_EXPOSE_H

#include <stdbool.h>
#include <stdio.h>

#include "proto/jsonx.h"

#define EXPOSE_OPEN  "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define EXPOSE_PLAIN "text/plain; version=0.0.4; charset=utf-8"

/* Does the value of an Accept header name OpenMetrics? */
bool expose_wants_open(const char *accept);

/* `stats` NULL: the broker did not answer, and docket_up 0 is all there is. */
void expose(FILE *out, const cJSON *stats, bool open);

/* The name of the `i`th metric of the table, and where it stands in the answer
 * ("counters.submitted"); NULL after the last.  For the checks of what is
 * shipped beside it.
 */
const char *expose_name(size_t i, const char **at);

#endif /* DK_METRICS_EXPOSE_H */
