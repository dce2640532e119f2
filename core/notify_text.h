/* notify_text.h - what somebody is told: templates, and what is put into them.
 *
 * A template's first line is the subject, the rest the text.  {{name}} stands
 * for a value, and what is between {{#items}} and {{/items}} is repeated for
 * each alert.  Of the message: count, recipient, highest (level), key.  Of an
 * alert, within items or where there is one only: case_no, level, clock, rung,
 * due_at, raised_at, alert_id, text, to.  Nothing else is known here: a message
 * cannot tell who a petitioner is, nor what they wrote.
 */
#ifndef DK_NOTIFY_TEXT_H
#define DK_NOTIFY_TEXT_H

#include "notify.h"
#include "proto/jsonw.h"
#include "proto/words.h"

/* One alert, all of it borrowed. */
struct dk_notify_item {
    const char *case_no, *alert_id, *clock, *rung, *level, *to;
    const char *text[2]; /* zh-CN, en */
    dk_ms due_at;        /* DK_NEVER: unknown */
    dk_ms raised_at;
};

struct dk_notify_message {
    const char *recipient; /* the name in the configuration */
    const char *key;       /* of this delivery; the same on every try */
    const struct dk_notify_item *item;
    size_t n;
    const struct dk_zone *zone;
};

/* The templates that docket comes with; `many` for a digest. */
const char *dk_notify_template(enum dk_lang lang, bool many);

/* Is it one?  Each mistake is reported with its line. */
void dk_notify_template_check(const char *file, const char *text,
                              struct dk_report *r);

/* The subject (one line) and the text, NUL-terminated, which the caller frees.
 * The template must have passed the check.  0 or DK_ENOMEM.
 */
int dk_notify_render(const char *text, enum dk_lang lang,
                     const struct dk_notify_message *m, char **subject,
                     char **body);

/* The same as the `data` of a CloudEvent: one object. */
void dk_notify_data(struct dk_jw *w, const char *key,
                    const struct dk_notify_message *m);

/* Of several levels the highest; "reminder" of none. */
const char *dk_notify_highest(const struct dk_notify_message *m);

#endif /* DK_NOTIFY_TEXT_H */
