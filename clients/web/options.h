/* options.h - what the operator decided for docket-web: defaults, then the
 * file, then the command line.
 */
#ifndef DK_WEB_OPTIONS_H
#define DK_WEB_OPTIONS_H

#include <stdbool.h>

#include "proto/client_keys.h"

#define WEB_HOSTS 8

struct web_config {
    char listen[256];     /* 127.0.0.1:8087 */
    char broker[256];     /* where the broker listens for clients, tcp:// */
    char server_key[512]; /* its public key, or a file with it */
    char data[512];       /* the accounts' folder */
    char page_files[512];
    char book[512], policy[512]; /* "": no names from there */
    char hosts[512];             /* further names of ours, spaces between */
    char certificate[512], private_key[512]; /* "": no TLS */
    int64_t idle_min, session_h; /* a session's silence, and its whole life */
    int64_t sessions, per_account, connections, password_mib;
};

struct web_options {
    struct web_config c;
    /* Of the commands: what stands behind the options. */
    char **words;
    int n_words;
    /* Of `account add`. */
    const char *allow, *unit, *admin;
    bool random, json;
    int most; /* lines of the audit */
};

/* -1: go on; else the status to exit with (0 after --help, 64 or 78 after a
 * mistake that was told on standard error).
 */
int web_options_read(int argc, char **argv, struct web_options *out);

/* One value of the file, "section.key"; DK_EFIELD: unknown, or a bad value. */
int web_config_set(struct web_config *c, const char *name, const char *value,
                   struct dk_problem *p);
void web_config_defaults(struct web_config *c);

/* The broker's public key: the value itself, or the first word of the file that
 * it names.  DK_EFIELD.
 */
int web_server_key(const struct web_config *c, char key[DK_CLIENT_KEY],
                   struct dk_problem *p);

#endif /* DK_WEB_OPTIONS_H */
