/* cmd_show.c - one case: as the office sees it, with its events, and as its
 * petitioner may see it.
 */
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "table.h"
#include "text.h"
#include "when.h"
#include "width.h"

const struct opt opts_show[] = {
    {.name = "events",
     .kind = OPT_FLAG,
     .en = "its events too, from the first",
     .zh = "同时列出全部事件"},
    OPT_END,
};

static int ask_case(struct ctl *ctl, const char *type, const char *case_no,
                    int64_t from_n, struct dk_reply *r)
{
    struct dk_jw w = {0};

    dk_jw_obj(&w, NULL);
    dk_jw_str(&w, "case_no", case_no);
    if (from_n > 0) {
        dk_jw_int(&w, "from_n", from_n);
        dk_jw_int(&w, "limit", 200);
    }
    dk_jw_end_obj(&w);
    return ctl_ask(ctl, type, &w, r);
}

static void field_word(const struct ctl *ctl, const char *label, const char *s)
{
    print_field(ctl, label, s == NULL || !ctl->zh ? s : word_zh(s));
}

static void field_time(const struct ctl *ctl, const char *label, const char *s)
{
    char buf[WHEN_TEXT];

    if (s != NULL)
        when_short(s, buf);
    print_field(ctl, label, s == NULL ? NULL : buf);
}

/* clang-format off */
static const struct shown {
    const char *member;
    enum { AS_TEXT, AS_WORD, AS_TIME, AS_SET, AS_APART } how;
    const char *en, *zh;
} shown[] = {
    {"case_no", AS_TEXT, "case number", "案件编号"},
    {"state", AS_WORD, "state", "状态"},
    {"subject", AS_TEXT, "subject", "标题"},
    {"kind", AS_WORD, "kind", "目的"},
    {"channel", AS_WORD, "channel", "渠道"},
    {"submitted_at", AS_TIME, "submitted", "提交时间"},
    {"recorded_at", AS_TIME, "recorded", "登录时间"},
    {"updated_at", AS_TIME, "last event", "最近办理"},
    {"region", AS_TEXT, "region", "地区"},
    {"category", AS_TEXT, "category", "类别"},
    {"petitioners", AS_TEXT, "people", "人数"},
    {"owner", AS_TEXT, "owed by", "当前责任方"},
    {"unit", AS_TEXT, "unit", "责任单位"},
    {"handler", AS_TEXT, "handler", "承办人"},
    {"rule", AS_SET, "assigned by rule", "分派规则"},
    {"answered_by", AS_SET, "answered by", "答复单位"},
    {"n", AS_TEXT, "events", "事件数"},
    {"alerts", AS_APART, NULL, NULL},
    {"clocks", AS_APART, NULL, NULL},
    {"last", AS_APART, NULL, NULL},
};
/* clang-format on */
enum {
    SHOWN_N = sizeof shown / sizeof shown[0]
};

static void show_member(const struct ctl *ctl, const struct shown *m,
                        const cJSON *o)
{
    char buf[32];
    const char *s = member_text(o, m->member, buf);
    const char *label = T(ctl, m->en, m->zh);

    switch (m->how) {
    case AS_TEXT:
        print_field(ctl, label, s);
        break;
    case AS_WORD:
        field_word(ctl, label, s);
        break;
    case AS_TIME:
        field_time(ctl, label, s);
        break;
    case AS_SET:
        if (s != NULL && s[0] != '\0')
            print_field(ctl, label, s);
        break;
    case AS_APART:
        break;
    }
}

static bool is_shown(const char *member)
{
    for (int i = 0; i < SHOWN_N; i++)
        if (strcmp(shown[i].member, member) == 0)
            return true;
    return false;
}

/* What a newer broker says more, or what is rarely there. */
static int show_others(const struct ctl *ctl, const cJSON *o)
{
    cJSON *rest = cJSON_Duplicate(o, true);

    if (rest == NULL)
        return say_oom(ctl);
    for (cJSON *v = rest->child, *next; v != NULL; v = next) {
        next = v->next;
        bool empty =
            cJSON_IsNull(v) || cJSON_IsFalse(v) ||
            ((cJSON_IsArray(v) || cJSON_IsObject(v)) && v->child == NULL);
        bool zero = cJSON_IsNumber(v) && v->valueint == 0;
        if (empty || zero || is_shown(v->string))
            cJSON_Delete(cJSON_DetachItemViaPointer(rest, v));
    }
    print_object(ctl, rest, 0);
    cJSON_Delete(rest);
    return 0;
}

static enum table_style clock_style(const cJSON *k)
{
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(k, "late")) ||
        cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(k, "overdue")))
        return CELL_BAD;
    return CELL_PLAIN;
}

static void cell_time(struct table *t, const char *s)
{
    char buf[WHEN_TEXT];

    if (s != NULL)
        when_short(s, buf);
    table_cell(t, s == NULL ? NULL : buf, CELL_PLAIN);
}

static int show_clocks(const struct ctl *ctl, const cJSON *o)
{
    const cJSON *clocks = cJSON_GetObjectItemCaseSensitive(o, "clocks"), *k;
    const struct table_look look = {ctl->color, ctl->columns};
    const char *heads[5] = {T(ctl, "CLOCK", "期限"), T(ctl, "STATE", "状态"),
                            T(ctl, "STARTED", "起算"), T(ctl, "DUE", "到期"),
                            T(ctl, "STOPPED", "停止")};
    char buf[32];

    if (!cJSON_IsArray(clocks) || clocks->child == NULL)
        return 0;
    struct table *t = table_new(heads, 5);
    if (t == NULL)
        return say_oom(ctl);
    cJSON_ArrayForEach (k, clocks) {
        table_cell(t, member_text(k, "clock", buf), clock_style(k));
        const char *s = member_text(k, "state", buf);
        table_cell(t, s == NULL ? NULL : T(ctl, s, word_zh(s)), clock_style(k));
        cell_time(t, member_text(k, "started_at", buf));
        cell_time(t, member_text(k, "due_at", buf));
        cell_time(t, member_text(k, "stopped_at", buf));
    }
    (void)fputc('\n', ctl->out);
    int rc = table_print(t, ctl->out, &look);
    table_free(t);
    return rc == 0 ? 0 : say_oom(ctl);
}

static void event_line(const struct ctl *ctl, const cJSON *e)
{
    char n[32], buf[32], at[WHEN_TEXT] = "";
    const char *num = member_text(e, "n", n);
    const char *type = member_text(e, "type", buf);
    const char *actor = member_text(e, "actor", buf);
    const char *when = member_text(e, "at", buf);

    if (when != NULL)
        when_short(when, at);
    (void)fprintf(ctl->out, "%s%4s  %s  %s", ctl->color ? "\033[1m" : "",
                  num == NULL ? "?" : num, at,
                  ctl->color ? TABLE_COLOR_OFF : "");
    put_text(ctl, type == NULL ? "?" : T(ctl, type, event_zh(type)), false);
    (void)fputs("  ", ctl->out);
    put_text(ctl, actor == NULL ? "?" : actor, false);
    (void)fputc('\n', ctl->out);
    const cJSON *body = cJSON_GetObjectItemCaseSensitive(e, "body");
    if (cJSON_IsObject(body))
        print_object(ctl, body, 8);
}

/* Every event from `n` on.  Each page is handed to `fn`. */
static int each_event(struct ctl *ctl, const char *case_no,
                      int (*fn)(struct ctl *, const cJSON *, void *), void *arg)
{
    int64_t from = 1;

    for (;;) {
        struct dk_reply r;
        int rc = ask_case(ctl, "case.events", case_no, from, &r);
        if (rc != 0)
            return rc;
        const cJSON *items = cJSON_GetObjectItemCaseSensitive(r.json, "items");
        const cJSON *next = cJSON_GetObjectItemCaseSensitive(r.json, "next");
        const cJSON *e;
        int64_t last = from - 1;
        cJSON_ArrayForEach (e, items) {
            int64_t n = 0;
            (void)dk_json_int(e, "n", DK_REQUIRED, 1, INT32_MAX, &n, NULL,
                              NULL);
            last = n > last ? n : last;
            rc = rc == 0 ? fn(ctl, e, arg) : rc;
        }
        bool more = next != NULL && !cJSON_IsNull(next) && last >= from;
        dk_reply_free(&r);
        if (rc != 0 || !more)
            return rc;
        from = last + 1;
    }
}

static int print_event(struct ctl *ctl, const cJSON *e, void *arg)
{
    (void)arg;
    event_line(ctl, e);
    return 0;
}

static int write_event(struct ctl *ctl, const cJSON *e, void *arg)
{
    (void)ctl;
    dk_jw_cjson(arg, NULL, e);
    return 0;
}

/* {"case":...,"events":[...]}: one document. */
static int json_with_events(struct ctl *ctl, const cJSON *c,
                            const char *case_no)
{
    struct dk_jw w = {0};

    dk_jw_obj(&w, NULL);
    dk_jw_cjson(&w, "case", c);
    dk_jw_arr(&w, "events");
    int rc = each_event(ctl, case_no, write_event, &w);
    dk_jw_end_arr(&w);
    dk_jw_end_obj(&w);
    if (rc == 0 && w.oom)
        rc = say_oom(ctl);
    if (rc == 0)
        (void)fprintf(ctl->out, "%s\n", w.buf);
    dk_jw_fini(&w);
    return rc;
}

static void show_alerts(const struct ctl *ctl, const cJSON *o)
{
    const cJSON *alerts = cJSON_GetObjectItemCaseSensitive(o, "alerts");
    char buf[32];

    (void)snprintf(buf, sizeof buf, "%d", cJSON_GetArraySize(alerts));
    print_field(ctl, T(ctl, "open alerts", "未确认警示"), buf);
}

int cmd_show(struct ctl *ctl, const struct args *a)
{
    struct dk_reply r;
    bool events = args_has(a, "events");
    int rc = ask_case(ctl, "case.get", a->pos[0], 0, &r);

    if (rc != 0)
        return rc;
    if (ctl->json && events) {
        rc = json_with_events(ctl, r.json, a->pos[0]);
    } else if (ctl->json) {
        print_raw(ctl, &r);
    } else {
        for (int i = 0; i < SHOWN_N; i++)
            show_member(ctl, &shown[i], r.json);
        show_alerts(ctl, r.json);
        rc = show_others(ctl, r.json);
        if (rc == 0)
            rc = show_clocks(ctl, r.json);
        if (rc == 0 && events) {
            (void)fputc('\n', ctl->out);
            rc = each_event(ctl, a->pos[0], print_event, NULL);
        }
    }
    dk_reply_free(&r);
    return rc;
}

static void show_next_limit(const struct ctl *ctl, const cJSON *o)
{
    const cJSON *k = cJSON_GetObjectItemCaseSensitive(o, "next_limit");
    char line[128], buf[32], at[WHEN_TEXT];
    const char *due = member_text(k, "due_at", buf);
    const char *name = member_text(k, "clock", buf);

    if (due == NULL || name == NULL) {
        print_field(ctl, T(ctl, "next limit", "下一期限"), NULL);
        return;
    }
    when_short(due, at);
    (void)snprintf(line, sizeof line, "%s  %.64s", at, name);
    print_field(ctl, T(ctl, "next limit", "下一期限"), line);
}

int cmd_query(struct ctl *ctl, const struct args *a)
{
    struct dk_jw w = {0};
    struct dk_reply r;
    char buf[32];

    dk_jw_obj(&w, NULL);
    dk_jw_str(&w, "case_no", a->pos[0]);
    dk_jw_str(&w, "query_code", a->pos[1]);
    dk_jw_end_obj(&w);
    int rc = ctl_ask(ctl, "case.query", &w, &r);
    if (rc != 0)
        return rc;
    if (ctl->json) {
        print_raw(ctl, &r);
    } else {
        print_field(ctl, T(ctl, "case number", "案件编号"),
                    member_text(r.json, "case_no", buf));
        print_field(ctl, T(ctl, "state", "状态"),
                    member_text(r.json, ctl->zh ? "state_zh" : "state", buf));
        field_time(ctl, T(ctl, "submitted", "提交时间"),
                   member_text(r.json, "submitted_at", buf));
        print_field(ctl, T(ctl, "unit", "责任单位"),
                    member_text(r.json, "unit", buf));
        print_field(ctl, T(ctl, "owed by", "当前责任方"),
                    member_text(r.json, "owner", buf));
        show_next_limit(ctl, r.json);
    }
    dk_reply_free(&r);
    return 0;
}
