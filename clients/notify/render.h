/* render.h - from alerts to the bytes that a channel sends. */
#ifndef DK_NOTIFY_RENDER_H
#define DK_NOTIFY_RENDER_H

#include "conf.h"
#include "core/notify_text.h"

struct render {
    const struct conf *conf;
    const char *broker; /* its id */
    dk_ms now;
};

/* As state_make_fn has it; `arg` is a struct render.  DK_ENOMEM at most: who is
 * no recipient any more gets the office's language, and the message fails when
 * it is sent.
 */
int render_message(void *arg, const char *recipient, enum channel ch,
                   const char *key, const struct dk_notify_item *item, size_t n,
                   char **subject, char **body);

#endif /* DK_NOTIFY_RENDER_H */
