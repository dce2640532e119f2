/* command.h - `docket-web account ...` and `docket-web audit`. */
#ifndef DK_WEB_COMMAND_H
#define DK_WEB_COMMAND_H

#include "options.h"

/* Each returns the exit code (sysexits.h); mistakes were told on stderr. */
int command_account(const struct web_options *o);
int command_audit(const struct web_options *o);

#endif /* DK_WEB_COMMAND_H */
