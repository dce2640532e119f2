/* cmd_watch.c - look at the broker: ping, hello, stats, follow. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "proto/cloudevent.h"
#include "proto/words.h"
#include "table.h"
#include "text.h"
#include "when.h"

#define SEQ_MAX (((int64_t)1 << 53) - 1)

/* clang-format off */
const struct opt opts_follow[] = {
    {.name = "from", .kind = OPT_INT, .arg = "SEQ", .min = 1,
     .max = SEQ_MAX, .en = "start at this sequence number (default 1)",
     .zh = "从该序号开始（默认 1）"},
    {.name = "new", .kind = OPT_FLAG, .en = "only what happens from now on",
     .zh = "只看此后发生的事件"},
    {.name = "count", .kind = OPT_INT, .arg = "N", .min = 1,
     .max = SEQ_MAX, .en = "stop after so many events",
     .zh = "看到 N 个事件后停止"},
    {.name = "idle", .kind = OPT_SPAN, .arg = "SPAN",
     .en = "stop when nothing has happened for so long, as in 5s",
     .zh = "超过该时长没有事件时停止，如 5s"},
    {.name = "case", .kind = OPT_TEXT, .arg = "CASE",
     .en = "print only this case's events", .zh = "只看该案件"},
    {.name = "type", .kind = OPT_TEXT, .arg = "TYPE",
     .en = "print only events of this type, as in alert_raised",
     .zh = "只看该类事件，如 alert_raised"},
    {.name = "cloudevents", .kind = OPT_FLAG,
     .en = "print CloudEvents 1.0, one JSON object per line",
     .zh = "按 CloudEvents 1.0 输出，每行一个 JSON 对象"},
    OPT_END,
};
/* clang-format on */

int cmd_hello(struct ctl *ctl, const struct args *a)
{
    (void)a;
    return ctl_show(ctl, "hello", NULL);
}

int cmd_stats(struct ctl *ctl, const struct args *a)
{
    (void)a;
    return ctl_show(ctl, "stats", NULL);
}

int cmd_clock_now(struct ctl *ctl, const struct args *a)
{
    (void)a;
    return ctl_show(ctl, "clock.now", NULL);
}

int cmd_ping(struct ctl *ctl, const struct args *a)
{
    struct dk_reply r;
    char buf[32];
    int rc = ctl_ask(ctl, "hello", NULL, &r); /* connects */

    (void)a;
    if (rc != 0)
        return rc;
    dk_reply_free(&r);
    dk_ms start = dk_client_now();
    rc = ctl_ask(ctl, "hello", NULL, &r);
    dk_ms took = dk_client_now() - start;
    if (rc != 0)
        return rc;
    const char *version = member_text(r.json, "version", buf);
    if (ctl->json)
        (void)fprintf(ctl->out, "{\"ms\":%" PRId64 "}\n", took);
    else
        (void)fprintf(ctl->out,
                      T(ctl, "docketd %.40s answered in %" PRId64 " ms\n",
                        "docketd %.40s 在 %" PRId64 " 毫秒内应答\n"),
                      version == NULL ? "?" : version, took);
    dk_reply_free(&r);
    return 0;
}

struct follower {
    struct ctl *ctl;
    const char *case_no, *type;
    int64_t left; /* events until the end; -1: no end */
    bool cloudevents;
};

enum {
    FOLLOW_DONE = 1,
    FOLLOW_BROKEN = 2
};

static bool is_wanted(const struct follower *f, const cJSON *e)
{
    char buf[32];
    const char *case_no = member_text(e, "case_no", buf);
    const char *type = member_text(e, "type", buf);

    if (f->case_no != NULL &&
        (case_no == NULL || strcmp(case_no, f->case_no) != 0))
        return false;
    return f->type == NULL || (type != NULL && strcmp(type, f->type) == 0);
}

static void put_member(const struct ctl *ctl, const cJSON *o,
                       const char *member)
{
    char buf[32];
    const char *s = member_text(o, member, buf);

    put_text(ctl, s == NULL ? "?" : s, false);
    (void)fputs("  ", ctl->out);
}

/* One line: what people need to see; the whole is there with --json. */
static void put_event(const struct ctl *ctl, const cJSON *e)
{
    static const char *const brief[] = {"unit",   "handler", "clock",
                                        "rung",   "level",   "due_at",
                                        "result", "reason",  "subject"};
    char buf[32], at[WHEN_TEXT] = "";
    const char *when = member_text(e, "at", buf);
    const char *type = member_text(e, "type", buf);
    const cJSON *body = cJSON_GetObjectItemCaseSensitive(e, "body");

    if (when != NULL)
        when_short(when, at);
    put_member(ctl, e, "seq");
    (void)fprintf(ctl->out, "%s  ", at);
    put_member(ctl, e, "case_no");
    (void)fputs(ctl->color ? table_color(CELL_GOOD) : "", ctl->out);
    put_text(ctl, type == NULL ? "?" : T(ctl, type, event_zh(type)), false);
    (void)fputs(ctl->color ? TABLE_COLOR_OFF "  " : "  ", ctl->out);
    put_member(ctl, e, "actor");
    for (size_t i = 0; i < sizeof brief / sizeof brief[0]; i++) {
        const char *s = member_text(body, brief[i], buf);
        if (s == NULL || s[0] == '\0')
            continue;
        (void)fprintf(ctl->out, "%s=", brief[i]);
        put_text(ctl, s, false);
        (void)fputc(' ', ctl->out);
    }
    (void)fputc('\n', ctl->out);
}

/* 0, or FOLLOW_BROKEN when it cannot be written. */
static int put_cloudevent(const struct ctl *ctl, const cJSON *e)
{
    struct dk_jw w = {0};
    int rc = dk_cloudevent_write(&w, e);

    if (rc == 0 && !w.oom)
        (void)fprintf(ctl->out, "%s\n", w.buf);
    rc = rc != 0 || w.oom ? FOLLOW_BROKEN : 0;
    dk_jw_fini(&w);
    return rc;
}

static int on_event(void *arg, const struct dk_reply *event, int64_t seq)
{
    struct follower *f = arg;

    (void)seq;
    if (!is_wanted(f, event->json))
        return 0;
    if (f->cloudevents) {
        if (put_cloudevent(f->ctl, event->json) != 0)
            return FOLLOW_BROKEN;
    } else if (f->ctl->json)
        print_raw(f->ctl, event);
    else
        put_event(f->ctl, event->json);
    if (fflush(f->ctl->out) != 0)
        return FOLLOW_BROKEN;
    if (f->left > 0 && --f->left == 0)
        return FOLLOW_DONE;
    return 0;
}

/* The sequence that comes next, from the broker's totals. */
static int next_seq(struct ctl *ctl, int64_t *out)
{
    struct dk_reply r;
    char buf[32];
    int rc = ctl_ask(ctl, "stats", NULL, &r);

    if (rc != 0)
        return rc;
    const char *last = member_text(r.json, "last_seq", buf);
    if (last == NULL || int_parse(last, 0, SEQ_MAX, out) != 0)
        rc = say_odd_reply(ctl, "last_seq");
    dk_reply_free(&r);
    *out += 1;
    return rc;
}

/* A type that does not exist never comes: say so instead of waiting. */
static int check_type(struct ctl *ctl, const char *type)
{
    static const char prefix[] = "event.";
    const char *names[DK_WORD_N + 1];
    struct dk_problem p = {0};
    int n = 0;

    for (int w = 0; w < DK_WORD_N; w++) {
        const char *id = dk_word_id((enum dk_word)w);
        if (strncmp(id, prefix, sizeof prefix - 1) == 0)
            names[n++] = id + sizeof prefix - 1;
    }
    names[n] = NULL;
    for (int i = 0; type != NULL && i < n; i++) {
        if (strcmp(names[i], type) == 0)
            return 0;
    }
    if (type == NULL)
        return 0;
    const char *near = dk_nearest(type, names);
    if (near != NULL)
        (void)dk_failf(&p, DK_EFIELD, NULL,
                       "there is no event '%.40s'; did you mean '%s'?",
                       "没有“%.40s”这种事件；是否想写“%s”？", type, near);
    else
        (void)dk_failf(&p, DK_EFIELD, NULL,
                       "there is no event '%.40s'; PROTOCOL.md, \"Life "
                       "cycle\", lists them",
                       "没有“%.40s”这种事件；全部事件见 PROTOCOL.md", type);
    return say_usage(ctl, &p);
}

int cmd_follow(struct ctl *ctl, const struct args *a)
{
    struct follower f = {ctl, args_get(a, "case"), args_get(a, "type"),
                         args_int(a, "count", -1), args_has(a, "cloudevents")};
    const char *idle = args_get(a, "idle");
    struct dk_problem p = {0};
    int64_t from = args_int(a, "from", 1);
    dk_ms idle_ms = 0;

    /* Following waits for a broker for ever; a wrong address should not. */
    int64_t next;
    int code = check_type(ctl, f.type);
    if (code == 0)
        code = next_seq(ctl, &next);
    if (code != 0)
        return code;
    if (args_has(a, "new") && !args_has(a, "from"))
        from = next;
    if (idle != NULL)
        (void)span_parse(idle, &idle_ms, NULL);
    if (idle_ms > INT32_MAX)
        idle_ms = INT32_MAX;
    int rc = ctl_open(ctl, &p);
    if (rc == 0)
        rc =
            dk_client_follow(ctl->client, from, (int)idle_ms, on_event, &f, &p);
    if (rc < 0)
        return say_problem(ctl, &p);
    return 0; /* a broken output shows when main flushes */
}
