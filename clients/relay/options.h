/* options.h - what the operator decided for docket-relay: defaults, then the
 * file, then the command line.
 */
#ifndef DK_RELAY_OPTIONS_H
#define DK_RELAY_OPTIONS_H

#include <stdbool.h>

#include "proto/client_keys.h"
#include "shape.h"

#define RELAY_PATH 512

struct relay_end {
    char broker[256];            /* where it listens for clients, tcp:// */
    char key[RELAY_PATH];        /* our key file for it */
    char server_key[RELAY_PATH]; /* its public key, or a file with it */
    struct dk_client_keys keys;  /* both, once relay_options_keys() read them */
};

struct relay_options {
    struct relay_end end[2]; /* enum side: FROM, TO */
    struct shape_rules rules;
    char spool[RELAY_PATH], spool_key[RELAY_PATH];
    const char *config;
    bool check, status, again, json;
};

/* -1: go on; else the status to exit with (0 after --help, 64 or 78 after a
 * mistake that was told on standard error).
 */
int relay_options_read(int argc, char **argv, struct relay_options *out);

/* What is there as a whole: 0, or DK_EFIELD with what is missing. */
int relay_options_check(const struct relay_options *o, struct dk_problem *p);

/* Read the key files; as dk_client_keys_load(). */
int relay_options_keys(struct relay_options *o, struct dk_problem *p);

#endif /* DK_RELAY_OPTIONS_H */
