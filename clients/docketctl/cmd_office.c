/* cmd_office.c - office, office ack: when the office itself fails. */
#include <inttypes.h>
#include <string.h>

#include "ctl.h"
#include "proto/words.h"
#include "table.h"
#include "when.h"

/* clang-format off */
const struct opt opts_office[] = {
    {.name = "open", .kind = OPT_FLAG,
     .en = "only those whose cause is still there (the default)",
     .zh = "仅未解除的（默认）"},
    {.name = "history", .kind = OPT_FLAG, .en = "those that have cleared too",
     .zh = "包括已解除的"},
    LIST_OPTS, OPT_END,
};
const struct opt opts_office_ack[] = {
    {.name = "actor", .kind = OPT_TEXT, .member = "actor", .arg = "KIND:ID",
     .en = "who sees to it, as in officer:li (required)",
     .zh = "由谁处理，如 officer:li（必填）"},
    {.name = "note", .kind = OPT_TEXT, .member = "note", .arg = "TEXT",
     .en = "a note", .zh = "备注"},
    OPT_END,
};
/* clang-format on */

static const char *named(const struct ctl *ctl, const char *group,
                         const char *name)
{
    return dk_word_named(group, name == NULL ? "?" : name,
                         ctl->zh ? DK_LANG_ZH_CN : DK_LANG_EN);
}

/* "label TIME" if the member is a time; else nothing. */
static void put_when(const struct ctl *ctl, const cJSON *o, const char *member,
                     const char *label)
{
    char buf[32], at[WHEN_TEXT];
    const char *s = member_text(o, member, buf);

    if (s == NULL)
        return;
    when_short(s, at);
    (void)fprintf(ctl->out, "  %s %s", label, at);
}

static void put_acked(const struct ctl *ctl, const cJSON *o)
{
    char buf[32];
    const char *by = member_text(o, "acked_by", buf);
    const char *note = member_text(o, "note", buf);

    if (by == NULL)
        return;
    (void)fprintf(ctl->out, "\n    %s ", T(ctl, "acknowledged by", "确认人"));
    put_text(ctl, by, false);
    put_when(ctl, o, "acked_at", T(ctl, "at", "确认于"));
    put_when(ctl, o, "quiet_until", T(ctl, "quiet until", "静默至"));
    if (note != NULL) {
        (void)fputs("\n    ", ctl->out);
        put_text(ctl, note, false);
    }
}

/* One alert, or one that could not be written down (it has no id). */
static void put_alert(const struct ctl *ctl, const cJSON *o)
{
    char buf[32];
    const char *id = member_text(o, "alert_id", buf);
    const char *level = member_text(o, "level", buf);
    const char *subject = member_text(o, "subject", buf);
    bool bad = level != NULL && strcmp(level, "serious") == 0;
    bool gone =
        cJSON_IsString(cJSON_GetObjectItemCaseSensitive(o, "cleared_at"));
    enum table_style style = gone ? CELL_DIM : bad ? CELL_BAD : CELL_WARN;
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(o, "text"), ctl->zh ? "zh-CN" : "en");

    put_text(ctl, id == NULL ? "-" : id, false);
    (void)fprintf(ctl->out, "  %s", ctl->color ? table_color(style) : "");
    put_text(ctl, named(ctl, "watch_level", level), false);
    (void)fputs("  ", ctl->out);
    put_text(ctl, named(ctl, "watch", member_text(o, "kind", buf)), false);
    if (subject != NULL) {
        (void)fputs(": ", ctl->out);
        put_text(ctl, subject, false);
    }
    (void)fputs(ctl->color ? TABLE_COLOR_OFF : "", ctl->out);
    put_when(ctl, o, "raised_at", T(ctl, "since", "始于"));
    put_when(ctl, o, "since", T(ctl, "since", "始于"));
    put_when(ctl, o, "cleared_at", T(ctl, "cleared", "解除于"));
    if (id == NULL)
        (void)fprintf(ctl->out, "  %s",
                      T(ctl, "not written down yet", "尚未落盘"));
    put_acked(ctl, o);
    (void)fputs("\n    ", ctl->out);
    put_text(ctl, cJSON_IsString(text) ? text->valuestring : "?", true);
    (void)fputc('\n', ctl->out);
}

static int put_items(const struct ctl *ctl, const cJSON *list, int *n)
{
    const cJSON *item;
    struct dk_jw w = {0};
    bool oom = false;

    cJSON_ArrayForEach (item, list) {
        ++*n;
        if (!ctl->json) {
            put_alert(ctl, item);
            continue;
        }
        dk_jw_reset(&w);
        dk_jw_cjson(&w, NULL, item);
        oom = oom || w.oom;
        (void)fprintf(ctl->out, "%s\n", w.oom ? "{}" : w.buf);
    }
    dk_jw_fini(&w);
    return oom ? say_oom(ctl) : 0;
}

/* One page; *next is the cursor of the following one, "" at the end. */
static int page(struct ctl *ctl, const struct args *a, char *next, size_t cap,
                int *n)
{
    bool first = next[0] == '\0', all = args_has(a, "all");
    struct dk_jw w = {0};
    struct dk_reply r;

    dk_jw_obj(&w, NULL);
    dk_jw_bool(&w, "open", !args_has(a, "history"));
    int rc = ctl_write_opts(ctl, a, &w);
    if (rc != 0) {
        dk_jw_fini(&w);
        return rc;
    }
    if (!first)
        dk_jw_str(&w, "after", next);
    dk_jw_end_obj(&w);
    rc = ctl_ask(ctl, "office.list", &w, &r);
    if (rc != 0)
        return rc;
    const cJSON *more = cJSON_GetObjectItemCaseSensitive(r.json, "next");
    (void)snprintf(next, cap, "%s",
                   cJSON_IsString(more) ? more->valuestring : "");
    if (ctl->json && !all) {
        print_raw(ctl, &r);
    } else {
        if (first) /* the worst first: nobody else can tell it */
            rc = put_items(
                ctl, cJSON_GetObjectItemCaseSensitive(r.json, "unwritten"), n);
        if (rc == 0)
            rc = put_items(
                ctl, cJSON_GetObjectItemCaseSensitive(r.json, "items"), n);
    }
    dk_reply_free(&r);
    return rc;
}

int cmd_office(struct ctl *ctl, const struct args *a)
{
    const char *after = args_get(a, "after");
    char next[64];
    int n = 0, rc;

    (void)snprintf(next, sizeof next, "%s", after == NULL ? "" : after);
    do {
        rc = page(ctl, a, next, sizeof next, &n);
    } while (rc == 0 && args_has(a, "all") && next[0] != '\0');
    if (rc != 0 || ctl->json)
        return rc;
    if (n == 0)
        (void)fprintf(ctl->err, "%s\n",
                      T(ctl, "Nothing is wrong with the office itself.",
                        "本机关自身运行正常，没有警示。"));
    if (next[0] != '\0')
        (void)fprintf(ctl->err,
                      T(ctl, "There is more: --after '%s', or --all.\n",
                        "还有更多：--after “%s” 或 --all。\n"),
                      next);
    return 0;
}
