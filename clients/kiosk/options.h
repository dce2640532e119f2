/* options.h - the command line of docket-kiosk. */
#ifndef DK_KIOSK_OPTIONS_H
#define DK_KIOSK_OPTIONS_H

#include <stdbool.h>

struct kiosk_options {
    const char *key_file, *server_key; /* proto/client_keys.h */
    const char *spool, *endpoint, *folder, *name;
    const char *page, *page_files, *form, *printer; /* web.h */
    bool use_stdin, drain, status, json;
    int timeout_ms, idle_s;
};

/* -1: go on; else the status to exit with (0 after --help, 64 after a mistake
 * that was told on standard error).
 */
int kiosk_options_read(int argc, char **argv, struct kiosk_options *out);

#endif /* DK_KIOSK_OPTIONS_H */
