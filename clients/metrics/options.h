/* options.h - what the operator decided for docket-metrics: defaults, then the
 * file, then the command line.
 */
#ifndef DK_METRICS_OPTIONS_H
#define DK_METRICS_OPTIONS_H

#include <stdbool.h>

#include "proto/client_keys.h"

struct metrics_config {
    char listen[256]; /* 127.0.0.1:9464, [::1]:PORT, unix:/PATH */
    char broker[256]; /* where the broker listens for clients */
    char key[512];    /* over tcp://: our key file */
    char server_key[128];
    struct dk_client_keys keys; /* read from these two; wipe them */
};

/* -1: go on; else the status to exit with (0 after --help and --check-config,
 * 64 or 78 after a mistake that was told on standard error).
 */
int metrics_options(int argc, char **argv, struct metrics_config *out);

/* One value of the file, "section.key"; DK_EFIELD: unknown, or too long. */
int metrics_config_set(struct metrics_config *c, const char *name,
                       const char *value, struct dk_problem *p);

#endif /* DK_METRICS_OPTIONS_H */
