#include "notify_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/jsonx.h"

#define OPEN_ITEMS  "{{#items}}"
#define CLOSE_ITEMS "{{/items}}"

static const char one_zh[] =
    "【{{level}}】案件 {{case_no}}：{{clock}}\n"
    "{{text}}\n"
    "\n"
    "案件编号：{{case_no}}\n"
    "期限：{{clock}}，到期 {{due_at}}\n"
    "警示编号：{{alert_id}}，发出 {{raised_at}}\n"
    "\n"
    "请在系统中查看并确认。本邮件由系统自动发送，不含信访人信息。\n";
static const char one_en[] =
    "[{{level}}] Case {{case_no}}: {{clock}}\n"
    "{{text}}\n"
    "\n"
    "Case: {{case_no}}\n"
    "Limit: {{clock}}, due {{due_at}}\n"
    "Alert: {{alert_id}}, raised {{raised_at}}\n"
    "\n"
    "Please look at it in the system and acknowledge it. This message was sent "
    "by a program; it says nothing of petitioners.\n";
static const char many_zh[] =
    "【{{highest}}】{{count}} 条警示待处理\n"
    "以下 {{count}} 条警示尚未确认：\n"
    "\n"
    "{{#items}}· 【{{level}}】{{case_no}} {{clock}}，到期 {{due_at}}\n"
    "  {{text}}\n"
    "{{/items}}\n"
    "请在系统中查看并确认。本邮件由系统自动发送，不含信访人信息。\n";
static const char many_en[] =
    "[{{highest}}] {{count}} alerts are waiting\n"
    "These {{count}} alerts have not been acknowledged:\n"
    "\n"
    "{{#items}}- [{{level}}] {{case_no}} {{clock}}, due {{due_at}}\n"
    "  {{text}}\n"
    "{{/items}}\n"
    "Please look at them in the system and acknowledge them. This message was "
    "sent by a program; it says nothing of petitioners.\n";

const char *dk_notify_template(enum dk_lang lang, bool many)
{
    if (lang == DK_LANG_EN)
        return many ? many_en : one_en;
    return many ? many_zh : one_zh;
}

/* ---- a text that grows ---- */

struct out {
    char *s;
    size_t len, cap;
    bool oom;
};

static void put(struct out *o, const char *s, size_t n)
{
    if (o->oom)
        return;
    if (o->len + n + 1 > o->cap) {
        size_t cap = (o->len + n + 1) * 2;
        char *p = realloc(o->s, cap);
        if (p == NULL) {
            o->oom = true;
            return;
        }
        o->s = p;
        o->cap = cap;
    }
    memcpy(o->s + o->len, s, n);
    o->len += n;
    o->s[o->len] = '\0';
}

/* A value stays in its line, whatever it is. */
static void put_value(struct out *o, const char *s)
{
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        put(o, c < 0x20 || c == 0x7f ? " " : s, 1);
    }
}

/* ---- values ---- */

enum value {
    V_CASE_NO,
    V_LEVEL,
    V_CLOCK,
    V_RUNG,
    V_DUE_AT,
    V_RAISED_AT,
    V_ALERT_ID,
    V_TEXT,
    V_TO,
    V_COUNT, /* from here on: of the message */
    V_RECIPIENT,
    V_HIGHEST,
    V_KEY,
    V_N
};
static const char *const value_names[V_N + 1] = {
    "case_no",   "level",    "clock", "rung", "due_at",
    "raised_at", "alert_id", "text",  "to",   "count",
    "recipient", "highest",  "key",   NULL};

static int find_value(const char *s, size_t n)
{
    for (int i = 0; i < V_N; i++) {
        if (strlen(value_names[i]) == n && memcmp(s, value_names[i], n) == 0)
            return i;
    }
    return -1;
}

const char *dk_notify_highest(const struct dk_notify_message *m)
{
    int most = 0;

    for (size_t i = 0; i < m->n; i++) {
        int level = (int)dk_notify_level(m->item[i].level);
        most = level > most ? level : most;
    }
    return dk_notify_levels[most];
}

static void put_time(struct out *o, enum dk_lang lang,
                     const struct dk_notify_message *m, dk_ms t)
{
    char s[DK_TIME_MAX];

    if (t == DK_NEVER) {
        put_value(o, lang == DK_LANG_EN ? "unknown" : "不详");
        return;
    }
    dk_time_format(t, dk_zone_offset(m->zone, t), s);
    s[10] = ' '; /* "2026-05-01 09:30" */
    s[16] = '\0';
    put_value(o, s);
}

static void put_of_item(struct out *o, enum value v, enum dk_lang lang,
                        const struct dk_notify_message *m,
                        const struct dk_notify_item *i)
{
    const char *const plain[V_COUNT] = {[V_CASE_NO] = i->case_no,
                                        [V_RUNG] = i->rung,
                                        [V_ALERT_ID] = i->alert_id,
                                        [V_TEXT] = i->text[lang == DK_LANG_EN],
                                        [V_TO] = i->to};

    if (v == V_LEVEL)
        put_value(o, dk_word_named("level", i->level, lang));
    else if (v == V_CLOCK)
        put_value(o, dk_word_named("clock", i->clock, lang));
    else if (v == V_DUE_AT)
        put_time(o, lang, m, i->due_at);
    else if (v == V_RAISED_AT)
        put_time(o, lang, m, i->raised_at);
    else
        put_value(o, plain[v]);
}

static void put_one(struct out *o, enum value v, enum dk_lang lang,
                    const struct dk_notify_message *m,
                    const struct dk_notify_item *i)
{
    char count[24];

    if (v < V_COUNT) {
        put_of_item(o, v, lang, m, i);
    } else if (v == V_COUNT) {
        (void)snprintf(count, sizeof(count), "%zu", m->n);
        put_value(o, count);
    } else if (v == V_HIGHEST) {
        put_value(o, dk_word_named("level", dk_notify_highest(m), lang));
    } else {
        put_value(o, v == V_KEY ? m->key : m->recipient);
    }
}

/* ---- templates ---- */

/* What is within "{{" and "}}" at s; its end, or NULL. */
static const char *tag_end(const char *s)
{
    const char *end = strstr(s, "}}");

    return end != NULL && (size_t)(end - s) < 40 ? end : NULL;
}

static int line_of(const char *text, const char *at)
{
    int n = 1;

    for (; text < at; text++)
        n += *text == '\n';
    return n;
}

static const char *place(const char *text, const char *at, char buf[32])
{
    (void)snprintf(buf, 32, "line %d", line_of(text, at));
    return buf;
}

static void check_tag(const char *file, const char *text, const char *at,
                      bool *inside, struct dk_report *r)
{
    const char *end = tag_end(at + 2);
    char name[40], line[32];
    size_t n;

    if (end == NULL) {
        dk_report_error(r, file, place(text, at, line),
                        "there is no }} for this {{");
        return;
    }
    n = (size_t)(end - at - 2);
    memcpy(name, at + 2, n);
    name[n] = '\0';
    if (strcmp(name, "#items") == 0 || strcmp(name, "/items") == 0) {
        bool begins = name[0] == '#';
        if (begins == *inside || line_of(text, at) == 1)
            dk_report_error(r, file, place(text, at, line),
                            "{{%s}} does not belong here: {{#items}} and "
                            "{{/items}} come in pairs, after the first line",
                            name);
        *inside = begins;
    } else if (find_value(name, n) < 0) {
        dk_report_error(r, file, place(text, at, line),
                        "there is no value {{%s}}; docs/NOTIFY.md lists them",
                        name);
    }
}

void dk_notify_template_check(const char *file, const char *text,
                              struct dk_report *r)
{
    bool inside = false;

    if (strcspn(text, "\n") == 0 || strchr(text, '\n') == NULL)
        dk_report_error(r, file, "line 1",
                        "the first line is the subject, and the text follows");
    if (dk_utf8_valid(text, strlen(text)) != strlen(text))
        dk_report_error(r, file, "", "is not UTF-8");
    for (const char *s = strstr(text, "{{"); s != NULL; s = strstr(s + 2, "{{"))
        check_tag(file, text, s, &inside, r);
    if (inside)
        dk_report_error(r, file, "", "{{#items}} has no {{/items}}");
}

static void expand(struct out *o, const char *s, const char *end,
                   enum dk_lang lang, const struct dk_notify_message *m,
                   const struct dk_notify_item *item)
{
    while (s < end) {
        const char *tag = strstr(s, "{{"), *close;

        if (tag == NULL || tag >= end) {
            put(o, s, (size_t)(end - s));
            return;
        }
        put(o, s, (size_t)(tag - s));
        if (strncmp(tag, OPEN_ITEMS, strlen(OPEN_ITEMS)) == 0) {
            const char *from = tag + strlen(OPEN_ITEMS);
            const char *to = strstr(from, CLOSE_ITEMS);
            for (size_t i = 0; to != NULL && i < m->n; i++)
                expand(o, from, to, lang, m, &m->item[i]);
            s = to == NULL ? end : to + strlen(CLOSE_ITEMS);
            continue;
        }
        close = tag_end(tag + 2);
        int v =
            close == NULL ? -1 : find_value(tag + 2, (size_t)(close - tag - 2));
        if (v >= 0)
            put_one(o, (enum value)v, lang, m, item);
        s = close == NULL ? end : close + 2;
    }
}

int dk_notify_render(const char *text, enum dk_lang lang,
                     const struct dk_notify_message *m, char **subject,
                     char **body)
{
    const char *line = text + strcspn(text, "\n");
    struct out head = {0}, rest = {0};

    put(&head, "", 0);
    put(&rest, "", 0);
    expand(&head, text, line, lang, m, m->item);
    if (*line != '\0')
        expand(&rest, line + 1, line + strlen(line), lang, m, m->item);
    if (head.oom || rest.oom) {
        free(head.s);
        free(rest.s);
        return DK_ENOMEM;
    }
    *subject = head.s;
    *body = rest.s;
    return 0;
}

static void write_item(struct dk_jw *w, const struct dk_notify_message *m,
                       const struct dk_notify_item *i)
{
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "alert_id", i->alert_id);
    dk_jw_str(w, "case_no", i->case_no);
    dk_jw_str(w, "clock", i->clock);
    dk_jw_str(w, "rung", i->rung);
    dk_jw_str(w, "level", i->level);
    dk_jw_time(w, "due_at", i->due_at,
               i->due_at == DK_NEVER ? 0 : dk_zone_offset(m->zone, i->due_at));
    dk_jw_time(w, "raised_at", i->raised_at,
               dk_zone_offset(m->zone, i->raised_at));
    dk_jw_str(w, "to", i->to);
    dk_jw_obj(w, "text");
    dk_jw_str(w, "zh-CN", i->text[0]);
    dk_jw_str(w, "en", i->text[1]);
    dk_jw_end_obj(w);
    dk_jw_end_obj(w);
}

void dk_notify_data(struct dk_jw *w, const char *key,
                    const struct dk_notify_message *m)
{
    dk_jw_obj(w, key);
    dk_jw_str(w, "recipient", m->recipient);
    dk_jw_str(w, "highest", dk_notify_highest(m));
    dk_jw_arr(w, "alerts");
    for (size_t i = 0; i < m->n; i++)
        write_item(w, m, &m->item[i]);
    dk_jw_end_arr(w);
    dk_jw_end_obj(w);
}
