/* task.h - the messages between broker and worker, read and written.
 *
 * What a broker sends is read strictly where it is used; members that this
 * version does not know are passed over, so a newer broker may add some.
 */
#ifndef DK_WORKER_TASK_H
#define DK_WORKER_TASK_H

#include "core/case.h"
#include "proto/frames.h"
#include "worker.h"

#define TASK_ID_MAX     20  /* decimal digits */
#define TASK_REASON_MAX 240 /* bytes of a fail's reason (wire) */

struct task {
    char id[TASK_ID_MAX + 1];       /* "" if it could not be read */
    char lease[DK_REQUEST_MAX + 1]; /* "" if it could not be read */
    int attempt;
    dk_ms now;
    struct dk_case *kase;  /* owned */
    struct dk_event event; /* its body is owned */
};

struct welcome {
    char epoch[TASK_ID_MAX + 1];
    int heartbeat_ms, lease_ms;
    dk_ms now;
    int offset_min;
    int32_t county;
    bool test_clock;
};

int welcome_read(const struct dk_msg *m, struct welcome *out,
                 struct dk_problem *p);

/* Fills what it can, so that a task that cannot be read may still be failed
 * by its id and lease.  Always ended by task_fini().  `service` is ours: a
 * task for another one is refused.
 */
int task_read(const struct dk_msg *m, const char *service, struct task *out,
              struct dk_problem *p);
void task_fini(struct task *t);

/* A problem message's body. */
void task_read_problem(const struct dk_msg *m, struct dk_problem *out);

void task_write_hello(struct dk_jw *w, const char *service, const char *worker,
                      int credit, const struct worker_about *about);
/* `commands` is the JSON array of the answer. */
void task_write_result(struct dk_jw *w, const struct task *t,
                       const struct dk_jw *commands);
void task_write_fail(struct dk_jw *w, const struct task *t,
                     const struct dk_problem *why);

#endif /* DK_WORKER_TASK_H */
