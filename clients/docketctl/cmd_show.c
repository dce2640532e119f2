/* cmd_show.c - one case: as the office sees it, with its events, and as its
 * petitioner may see it.
 */
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "show.h"
#include "table.h"
#include "text.h"
#include "when.h"

/* clang-format off */
const struct opt opts_show[] = {
    {.name = "events", .kind = OPT_FLAG, .en = "its events too, from the first",
     .zh = "同时列出全部事件"},
    {.name = "texts", .kind = OPT_FLAG,
     .en = "what was written in it: facts, reports, answers, opinions",
     .zh = "同时列出所写的内容：事实、回报、答复、意见等"},
    OPT_END,
};
/* clang-format on */

int show_ask(struct ctl *ctl, const char *type, const char *case_no,
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
    enum { AS_TEXT, AS_WORD, AS_TIME, AS_SET, AS_WORDS, AS_PAIRS, AS_FLAG,
           AS_OWNER, AS_APART } how;
    const char *en, *zh;
} shown[] = {
    {"case_no", AS_TEXT, "case number", "案件编号"},
    {"state", AS_WORD, "state", "状态"},
    {"subject", AS_TEXT, "subject", "标题"},
    {"kind", AS_WORD, "kind", "目的"},
    {"channel", AS_WORD, "channel", "渠道"},
    {"submitted_at", AS_TIME, "submitted", "提交时间"},
    {"recorded_at", AS_TIME, "recorded", "记录时间"},
    {"updated_at", AS_TIME, "last event", "最近办理"},
    {"region", AS_TEXT, "region", "地区"},
    {"category", AS_TEXT, "category", "类别"},
    {"petitioners", AS_TEXT, "people", "人数"},
    {"anonymous", AS_FLAG, "anonymous", "匿名"},
    {"confidential", AS_FLAG, "confidential", "保密"},
    {"unreachable", AS_FLAG, "name or address unknown", "姓名、住址不清"},
    {"imported", AS_FLAG, "imported", "历史导入"},
    {"respondents", AS_PAIRS, "about", "被反映"},
    {"needs", AS_WORDS, "needs as told", "自述急需"},
    {"urgent", AS_WORDS, "put first for", "列为急办"},
    {"owner", AS_OWNER, "owed by", "当前责任方"},
    {"unit", AS_TEXT, "unit", "责任单位"},
    {"handler", AS_TEXT, "handler", "承办人"},
    {"rule", AS_SET, "assigned by rule", "分派规则"},
    {"co_handlers", AS_PAIRS, "co-handlers", "会办单位"},
    {"answered_by", AS_SET, "answered by", "答复单位"},
    {"judged", AS_WORDS, "took part", "参与答复的单位"},
    {"repeat_of", AS_SET, "repeats", "重复的前案"},
    {"repeat_unit", AS_SET, "had by unit", "前案责任单位"},
    {"repeat_handler", AS_SET, "had by", "前案承办人"},
    {"group", AS_SET, "group of", "同一事项首案"},
    {"n", AS_TEXT, "events", "事件数"},
    {"alerts", AS_APART, NULL, NULL},
    {"clocks", AS_APART, NULL, NULL},
    {"marks", AS_APART, NULL, NULL}, /* of the figures: for programs */
    {"last", AS_APART, NULL, NULL},
};
/* clang-format on */
enum {
    SHOWN_N = sizeof shown / sizeof shown[0]
};

static void add_word(char *buf, size_t cap, const char *sep, const char *s)
{
    size_t len = strlen(buf);

    (void)snprintf(buf + len, cap - len, "%s%s", len == 0 ? "" : sep, s);
}

/* "u-1/zhang, u-2": of objects the ids in their order. */
static void list_text(const struct ctl *ctl, const cJSON *v, char *buf,
                      size_t cap)
{
    const char *sep = T(ctl, ", ", "、");
    const cJSON *item, *id;

    buf[0] = '\0';
    cJSON_ArrayForEach (item, v) {
        char pair[2 * DK_ID_MAX + 4] = "";
        if (cJSON_IsString(item))
            add_word(buf, cap, sep,
                     T(ctl, item->valuestring, word_zh(item->valuestring)));
        if (!cJSON_IsObject(item))
            continue;
        cJSON_ArrayForEach (id, item)
            if (cJSON_IsString(id))
                add_word(pair, sizeof pair, "/", id->valuestring);
        add_word(buf, cap, sep, pair);
    }
}

static void show_list(const struct ctl *ctl, const char *label, const cJSON *v)
{
    char buf[1024];

    if (cJSON_IsString(v))
        field_word(ctl, label, v->valuestring);
    if (!cJSON_IsArray(v) || v->child == NULL)
        return;
    list_text(ctl, v, buf, sizeof buf);
    print_field(ctl, label, buf);
}

static void show_member(const struct ctl *ctl, const struct shown *m,
                        const cJSON *o)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, m->member);
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
    case AS_WORDS:
    case AS_PAIRS:
        show_list(ctl, label, v);
        break;
    case AS_FLAG:
        if (cJSON_IsTrue(v))
            print_field(ctl, label, T(ctl, "yes", "是"));
        break;
    case AS_OWNER:
        print_field(ctl, label, s == NULL || !ctl->zh ? s : role_zh(s));
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

static void cell_time(struct table *t, const char *s)
{
    char buf[WHEN_TEXT];

    if (s != NULL)
        when_short(s, buf);
    table_cell(t, s == NULL ? NULL : buf, CELL_PLAIN);
}

static void clock_row(const struct ctl *ctl, struct table *t, const cJSON *k)
{
    bool late = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(k, "late"));
    enum table_style style = late ? CELL_BAD : CELL_PLAIN;
    char buf[32], name[2 * DK_ID_MAX];
    const char *s = member_text(k, "clock", buf);

    clock_label(ctl, s, name, sizeof name);
    table_cell(t, s == NULL ? NULL : name, style);
    s = member_text(k, "state", buf);
    table_cell(t, s == NULL ? NULL : T(ctl, s, word_zh(s)), style);
    cell_time(t, member_text(k, "started_at", buf));
    cell_time(t, member_text(k, "due_at", buf));
    cell_time(t, member_text(k, "stopped_at", buf));
    table_cell(t, late ? T(ctl, "late", "超期") : "", CELL_BAD);
}

static int show_clocks(const struct ctl *ctl, const cJSON *o)
{
    const cJSON *clocks = cJSON_GetObjectItemCaseSensitive(o, "clocks"), *k;
    const struct table_look look = {ctl->color, ctl->columns};
    const char *heads[6] = {T(ctl, "CLOCK", "期限"),   T(ctl, "STATE", "状态"),
                            T(ctl, "STARTED", "起算"), T(ctl, "DUE", "到期"),
                            T(ctl, "STOPPED", "停止"), T(ctl, "LATE", "超期")};

    if (!cJSON_IsArray(clocks) || clocks->child == NULL)
        return 0;
    struct table *t = table_new(heads, 6);
    if (t == NULL)
        return say_oom(ctl);
    cJSON_ArrayForEach (k, clocks)
        clock_row(ctl, t, k);
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

int show_each_event(struct ctl *ctl, const char *case_no,
                    int (*fn)(struct ctl *, const cJSON *, void *), void *arg)
{
    int64_t from = 1;

    for (;;) {
        struct dk_reply r;
        int rc = show_ask(ctl, "case.events", case_no, from, &r);
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

/* {"case":...,"events":[...],"texts":[...]}: one document. */
static int json_with_events(struct ctl *ctl, const cJSON *c,
                            const char *case_no, bool events, bool texts)
{
    struct dk_jw w = {0};
    int rc = 0;

    dk_jw_obj(&w, NULL);
    dk_jw_cjson(&w, "case", c);
    if (events) {
        dk_jw_arr(&w, "events");
        rc = show_each_event(ctl, case_no, write_event, &w);
        dk_jw_end_arr(&w);
    }
    if (rc == 0 && texts) {
        dk_jw_arr(&w, "texts");
        rc = show_each_event(ctl, case_no, write_texts, &w);
        dk_jw_end_arr(&w);
    }
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

/* The case for people, then its events and texts as asked. */
static int show_words(struct ctl *ctl, const cJSON *o, const char *case_no,
                      bool events, bool texts)
{
    for (int i = 0; i < SHOWN_N; i++)
        show_member(ctl, &shown[i], o);
    show_alerts(ctl, o);
    int rc = show_others(ctl, o);
    if (rc == 0)
        rc = show_clocks(ctl, o);
    if (rc == 0 && texts)
        rc = show_each_event(ctl, case_no, print_texts, NULL);
    if (rc == 0 && events) {
        (void)fputc('\n', ctl->out);
        rc = show_each_event(ctl, case_no, print_event, NULL);
    }
    return rc;
}

int cmd_show(struct ctl *ctl, const struct args *a)
{
    bool events = args_has(a, "events"), texts = args_has(a, "texts");
    struct dk_reply r;
    int rc = show_ask(ctl, "case.get", a->pos[0], 0, &r);

    if (rc != 0)
        return rc;
    if (!ctl->json)
        rc = show_words(ctl, r.json, a->pos[0], events, texts);
    else if (events || texts)
        rc = json_with_events(ctl, r.json, a->pos[0], events, texts);
    else
        print_raw(ctl, &r);
    dk_reply_free(&r);
    return rc;
}

static void show_next_limit(const struct ctl *ctl, const cJSON *o)
{
    const cJSON *k = cJSON_GetObjectItemCaseSensitive(o, "next_limit");
    char line[256], label[2 * DK_ID_MAX], buf[32], at[WHEN_TEXT];
    const char *due = member_text(k, "due_at", buf);
    const char *name = member_text(k, "clock", buf);

    if (due == NULL || name == NULL) {
        print_field(ctl, T(ctl, "next limit", "下一期限"), NULL);
        return;
    }
    when_short(due, at);
    clock_label(ctl, name, label, sizeof label);
    (void)snprintf(line, sizeof line, "%s  %s", at, label);
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
        const char *owner = member_text(r.json, "owner", buf);
        print_field(ctl, T(ctl, "owed by", "当前责任方"),
                    owner == NULL || !ctl->zh ? owner : role_zh(owner));
        show_next_limit(ctl, r.json);
    }
    dk_reply_free(&r);
    return 0;
}
