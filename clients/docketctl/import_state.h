/* import_state.h - how far an import has come, kept so that SIGKILL at any
 * moment costs only repeated, harmless requests.
 *
 * The state speaks of a prefix of the file: every line before `bytes` is
 * acknowledged in full or stands in the refused file, whose size then is
 * `refused_bytes`.
 */
#ifndef DK_CTL_IMPORT_STATE_H
#define DK_CTL_IMPORT_STATE_H

#include <stdio.h>

#include "lines.h"

#define IMPORT_MARK 33

struct import_state {
    int64_t bytes, lines; /* the prefix */
    int64_t cases, answers, refused;
    int64_t refused_bytes;
    char mark[IMPORT_MARK]; /* of the prefix's first and last bytes, hex */
};

/* DK_ENOTFOUND: there is none yet, *out is all zero (*p is left alone);
 * DK_ECONFLICT: it was kept for another source; DK_EFIELD, DK_EJSON: damaged.
 */
int import_state_load(const char *path, const char *source,
                      struct import_state *out, struct dk_problem *p);
/* Written aside, made durable, then renamed over the old one. */
int import_state_save(const char *path, const char *source,
                      const struct import_state *s, struct dk_problem *p);

/* Fingerprint of the prefix that ends at `bytes`. */
int import_mark(const struct lines *l, int64_t bytes, char out[IMPORT_MARK]);

/* Open the refused file, cut to `bytes`.  NULL with *p. */
FILE *import_refused_open(const char *path, int64_t bytes,
                          struct dk_problem *p);

#endif /* DK_CTL_IMPORT_STATE_H */
