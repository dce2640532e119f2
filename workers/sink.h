/* sink.h - alerts as lines on standard output. */
#ifndef DK_WORKER_SINK_H
#define DK_WORKER_SINK_H

#include "worker.h"

struct sink {
    bool stuck; /* the last line found no reader */
};

/* One line for each alert among `commands` (a JSON array).  A reader that does
 * not read holds nobody up for longer than a second, once: the alert itself
 * stands in the broker.  DK_EJSON: `commands` is no such array.
 */
int sink_write(struct sink *s, int64_t case_key, const struct worker_env *env,
               const struct dk_jw *commands, struct dk_problem *why);

#endif /* DK_WORKER_SINK_H */
