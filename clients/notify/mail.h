/* mail.h - a message as an e-mail, RFC 5322 and MIME. */
#ifndef DK_NOTIFY_MAIL_H
#define DK_NOTIFY_MAIL_H

#include "core/notify.h"

struct mail {
    const char *from, *to, *subject, *body; /* UTF-8 */
    const char *key;                        /* its Message-ID's local part */
    dk_ms at;
    int offset_min;
    bool english;
};

/* The whole, with CRLF, which the caller frees; NULL: out of memory.  The same
 * mail gives the same bytes.  `from` and `to` are plain addresses.
 */
char *mail_write(const struct mail *m);

#endif /* DK_NOTIFY_MAIL_H */
