/* apply_task.h - the parts of apply.c that live in files of their own: what
 * workers' answers, the dead letters' keeper and the readers of alerts change.
 */
#ifndef DK_APPLY_TASK_H
#define DK_APPLY_TASK_H

#include "daemon/batch.h"

/* A worker's commands, all or none.  A refusal counts as a failed attempt. */
int apply_result(struct daemon *d, struct item *it, struct dk_problem *p);
/* A hand-out that ended without an answer. */
int apply_failed(struct daemon *d, struct item *it);
/* Dead letters: back to work, or away for good with a reason. */
int apply_retry(struct daemon *d, struct item *it, struct dk_problem *p);
int apply_drop(struct daemon *d, struct item *it, struct dk_problem *p);

/* An alert was seen (apply_alert.c). */
int apply_ack(struct daemon *d, struct item *it, struct dk_problem *p);

/* "There is no such case", also of one that the asker must not see (apply.c).
 */
int apply_not_found(const struct daemon *d, int64_t key, struct dk_problem *p);
/* The case of the batch under this key; DK_ENOTFOUND: there is none (apply.c).
 */
int apply_slot(struct daemon *d, int64_t key, struct slot **out,
               struct dk_problem *p);
/* The same for what `it` asks for: DK_ENOTFOUND also when its sender may not
 * see the case, DK_EFORBIDDEN when they may not do `a` in it (apply.c).
 */
int apply_seen(struct daemon *d, const struct item *it, enum dk_action a,
               struct slot **out, struct dk_problem *p);
/* One command on a case; its events join the batch (apply.c). */
int apply_command(struct daemon *d, struct dk_case *c,
                  const struct dk_command *cmd, struct dk_problem *p);
/* Count the case for its handler as it stands now (apply.c). */
void apply_load(struct daemon *d, struct slot *s);

#endif /* DK_APPLY_TASK_H */
