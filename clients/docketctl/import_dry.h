/* import_dry.h - what an import would do, without doing it. */
#ifndef DK_CTL_IMPORT_DRY_H
#define DK_CTL_IMPORT_DRY_H

#include "ctl.h"
#include "import_line.h"

/* Check every line of `file`: what the broker would refuse, ids that come
 * again, and times that lie ahead of this machine's clock.  Returns the exit
 * code; on DK_ENOTFOUND *p says so too.
 */
int import_dry_run(const struct ctl *ctl, const struct import_how *how,
                   const char *file, struct dk_problem *p);

/* "line 3: what is wrong  /pointer" */
void import_say_line(const struct ctl *ctl, int64_t line,
                     const struct dk_problem *p);

#endif /* DK_CTL_IMPORT_DRY_H */
