#include "render.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/cloudevent.h"

/* A CloudEvent: what a webhook is posted and a command reads. */
static char *as_event(const struct render *r, const struct dk_notify_message *m,
                      const char *key)
{
    char at[DK_TIME_MAX], source[64];
    struct dk_jw w = {0};

    dk_time_format(r->now, dk_zone_offset(m->zone, r->now), at);
    (void)snprintf(source, sizeof(source), "urn:docket:%.40s", r->broker);
    dk_cloudevent_begin(
        &w, &(struct dk_cloudevent){
                .id = key,
                .source = source,
                .type = m->n == 1 ? "docket.alert" : "docket.alert.digest",
                .subject = m->n == 1 ? m->item[0].case_no : NULL,
                .time = at});
    dk_notify_data(&w, "data", m);
    dk_jw_end_obj(&w);
    return dk_jw_take(&w, NULL);
}

/* Priorities of syslog, for the journal: notice, warning, error. */
static int priority(const char *level)
{
    switch (dk_notify_level(level)) {
    case DK_NOTIFY_REMINDER:
        return 5;
    case DK_NOTIFY_YELLOW:
        return 4;
    case DK_NOTIFY_RED:
    case DK_NOTIFY_OVERDUE:
    case DK_NOTIFY_LONG_OVERDUE:
    case DK_NOTIFY_LEVEL_N:
    default:
        return 3;
    }
}

static void put_line(FILE *out, const char *s)
{
    for (; *s != '\0'; s++)
        (void)fputc((unsigned char)*s < 0x20 ? ' ' : *s, out);
}

/* One line for each alert. */
static char *as_lines(const struct dk_notify_message *m, const char *key,
                      enum dk_lang lang)
{
    bool journal = getenv("JOURNAL_STREAM") != NULL;
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < m->n; i++) {
        const struct dk_notify_item *a = &m->item[i];
        if (journal)
            (void)fprintf(out, "<%d>", priority(a->level));
        (void)fprintf(out,
                      "alert level=%s case=%s clock=%s rung=%s id=%s to=%s "
                      "recipient=%s key=%s ",
                      a->level, a->case_no, a->clock, a->rung, a->alert_id,
                      a->to, m->recipient, key);
        put_line(out, a->text[lang == DK_LANG_EN]);
        (void)fputc('\n', out);
    }
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

int render_message(void *arg, const char *recipient, enum channel ch,
                   const char *key, const struct dk_notify_item *item, size_t n,
                   char **subject, char **body)
{
    const struct render *r = arg;
    const struct recipient *who = conf_find(r->conf, recipient);
    enum dk_lang lang = who == NULL ? r->conf->lang : conf_lang(r->conf, who);
    const struct dk_notify_message m = {.recipient = recipient,
                                        .key = key,
                                        .item = item,
                                        .n = n,
                                        .zone = &r->conf->zone};
    int rc = dk_notify_render(conf_template(r->conf, lang, n > 1), lang, &m,
                              subject, body);

    if (rc != 0 || ch == CHANNEL_EMAIL)
        return rc;
    free(*body);
    *body =
        ch == CHANNEL_JOURNAL ? as_lines(&m, key, lang) : as_event(r, &m, key);
    if (*body != NULL)
        return 0;
    free(*subject);
    *subject = NULL;
    return DK_ENOMEM;
}
