/* command.h - what docket-notify does for people beside serving: each command
 * uses the state while the notifier runs.
 */
#ifndef DK_NOTIFY_COMMAND_H
#define DK_NOTIFY_COMMAND_H

#include "conf.h"

/* `word` is dead, resend, drop, status or test; `arg` its argument or NULL.
 * An exit status.
 */
int command_run(const struct conf *c, const char *word, const char *arg,
                bool json);
bool command_is(const char *word);

#endif /* DK_NOTIFY_COMMAND_H */
