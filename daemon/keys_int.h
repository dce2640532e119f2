/* keys_int.h - what the files of the keys share. */
#ifndef DK_KEYS_INT_H
#define DK_KEYS_INT_H

#include "daemon/keys.h"

/* The file's text, owned by the caller; "" when there is no file. */
int keys_text(const char *file, char **out, size_t *len, struct dk_problem *p);
/* Its identities; the caller ends *out on every path. */
int keys_parse(const char *file, const char *text, size_t len,
               struct dk_identities *out, struct dk_problem *p);
/* Use these from now on; on failure nothing changes. */
int keys_take(struct keyring *k, const struct dk_identities *l,
              struct dk_problem *p);

/* All three, for the key file as it is now. */
int keys_read(struct keyring *k, struct dk_problem *p);

#endif /* DK_KEYS_INT_H */
