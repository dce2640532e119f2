/* spawn.h - ask another program of docket, as those that will use a file are
 * asked whether they can (docs/adr/0010).
 */
#ifndef DK_CTL_SPAWN_H
#define DK_CTL_SPAWN_H

#include <sys/types.h>

#include "ctl.h"

#define SPAWN_ARGS 30

/* Run a program that is beside this one, in the build's folder of workers or
 * in PATH, with `args` (NULL-terminated, at most SPAWN_ARGS), and wait.
 * Returns its exit code, or ours, told, when it could not run.
 */
int spawn_run(const struct ctl *ctl, const char *name,
              const char *const args[]);

/* The same in two steps: what is written to `in` is its standard input.  A
 * program that ends early makes the writes fail; it says itself why.
 */
struct spawn {
    const char *name;
    pid_t pid;
    FILE *in;
};
int spawn_open(const struct ctl *ctl, const char *name,
               const char *const args[], struct spawn *out);
int spawn_close(const struct ctl *ctl, struct spawn *s);

#endif /* DK_CTL_SPAWN_H */
