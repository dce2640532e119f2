/* client_keys.h - who we are to a broker: a CURVE key pair in a file.
 *
 * Over tcp:// a broker wants a key.  A key file is text, readable by its owner
 * alone:
 *
 *     public rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7
 *     secret ...
 *     server ...          (the broker's public key; may be given apart)
 *
 * `docketctl keys new` makes one.
 */
#ifndef DK_CLIENT_KEYS_H
#define DK_CLIENT_KEYS_H

#include <stdbool.h>

#include "problem.h"

#define DK_CLIENT_KEY 41 /* bytes of a key in Z85 with its NUL */

struct dk_client_keys { /* all "": none, which is enough over ipc:// */
    char mine[DK_CLIENT_KEY], secret[DK_CLIENT_KEY], server[DK_CLIENT_KEY];
};

/* Read the key file (NULL: the one that $DOCKET_KEY names, if any) and take the
 * broker's key from `server` (NULL: $DOCKET_SERVER_KEY, else the file).
 * DK_EFORBIDDEN: it cannot be read, or others can read it (the group may, of a
 * file in $CREDENTIALS_DIRECTORY); DK_EFIELD: it is no key file, or the
 * broker's key is missing.
 */
int dk_client_keys_load(const char *file, const char *server,
                        struct dk_client_keys *out, struct dk_problem *p);

/* Make a key pair in a new file of mode 0400, synced; `server` may be NULL.
 * DK_ECONFLICT: there is such a file.  `mine` gets the public key.
 */
int dk_client_keys_make(const char *file, const char *server,
                        char mine[DK_CLIENT_KEY], struct dk_problem *p);

/* Use them on a ZeroMQ socket, before it connects; 0 or -1. */
int dk_client_keys_put(void *sock, const struct dk_client_keys *k);

/* Both for a socket that will connect to `endpoint`: keys count over tcp://
 * only. *keyed (may be NULL): there are some.
 */
int dk_client_keys_show(void *sock, const char *endpoint, const char *file,
                        const char *server, bool *keyed, struct dk_problem *p);

/* Overwrite them. */
void dk_client_keys_wipe(struct dk_client_keys *k);

#endif /* DK_CLIENT_KEYS_H */
