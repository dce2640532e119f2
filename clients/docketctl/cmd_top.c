/* cmd_top.c - status and top: how the office and its broker are doing, on one
 * screen; once, or again and again.
 */
#include <inttypes.h>
#include <string.h>

#include "ctl.h"
#include "table.h"
#include "top.h"
#include "when.h"

#define ROWS     5   /* of each list */
#define OVERDUE  500 /* limits that are looked at for the slowest units */
#define EVERY_MS 2000

/* clang-format off */
const struct opt opts_top[] = {
    {.name = "every", .kind = OPT_SPAN, .arg = "SPAN",
     .en = "look again after so long (default 2s)",
     .zh = "刷新间隔（默认 2s）"},
    {.name = "count", .kind = OPT_INT, .arg = "N", .min = 1, .max = 1000000,
     .en = "stop after so many screens", .zh = "显示 N 次后停止"},
    {.name = "once", .kind = OPT_FLAG, .en = "one screen, with the rates of one "
     "interval", .zh = "只显示一次（速率取一个间隔内）"},
    OPT_END,
};
/* clang-format on */

struct frame {
    struct dk_reply stats, workers, late, next;
};

static void frame_free(struct frame *f)
{
    dk_reply_free(&f->stats);
    dk_reply_free(&f->workers);
    dk_reply_free(&f->late);
    dk_reply_free(&f->next);
    *f = (struct frame){0};
}

static int ask_clocks(struct ctl *ctl, bool overdue, int limit,
                      struct dk_reply *out)
{
    struct dk_jw w = {0};

    dk_jw_obj(&w, NULL);
    if (overdue)
        dk_jw_bool(&w, "overdue", true);
    dk_jw_int(&w, "limit", limit);
    dk_jw_end_obj(&w);
    return ctl_ask(ctl, "clock.list", &w, out);
}

static int frame_take(struct ctl *ctl, struct frame *f)
{
    int rc = ctl_ask(ctl, "stats", NULL, &f->stats);

    if (rc == 0)
        rc = ctl_ask(ctl, "worker.list", NULL, &f->workers);
    if (rc == 0)
        rc = ask_clocks(ctl, true, OVERDUE, &f->late);
    if (rc == 0)
        rc = ask_clocks(ctl, false, ROWS, &f->next);
    return rc;
}

/* ---- for people ----------------------------------------------------------
 */

static const cJSON *at(const cJSON *o, const char *a, const char *b)
{
    o = cJSON_GetObjectItemCaseSensitive(o, a);
    return b == NULL ? o : cJSON_GetObjectItemCaseSensitive(o, b);
}

static int64_t number(const cJSON *o, const char *a, const char *b)
{
    const cJSON *v = at(o, a, b);

    return cJSON_IsNumber(v) ? (int64_t)v->valuedouble : 0;
}

static const char *style(const struct ctl *ctl, enum table_style s)
{
    return ctl->color ? table_color(s) : "";
}

/* A number, in red when it should be 0 and is not. */
static void put_bad(const struct ctl *ctl, int64_t v)
{
    (void)fprintf(ctl->out, "%s%" PRId64 "%s",
                  v != 0 ? style(ctl, CELL_BAD) : "", v,
                  v != 0 && ctl->color ? TABLE_COLOR_OFF : "");
}

static void put_head(const struct ctl *ctl, const cJSON *s)
{
    char up[SPAN_TEXT], buf[32];
    const char *version = member_text(s, "version", buf);
    bool takes = cJSON_IsTrue(at(s, "takes_cases", NULL));

    span_show(number(s, "uptime_ms", NULL), ctl->zh, up);
    (void)fputs("docketd ", ctl->out);
    put_text(ctl, version == NULL ? "?" : version, false);
    (void)fprintf(ctl->out, T(ctl, ", up %s, ", "，已运行 %s，"), up);
    (void)fputs(style(ctl, takes ? CELL_GOOD : CELL_BAD), ctl->out);
    (void)fputs(takes ? T(ctl, "takes cases", "受理中")
                      : T(ctl, "TAKES NO NEW CASES", "暂停受理新案件"),
                ctl->out);
    (void)fprintf(ctl->out, "%s\n", ctl->color ? TABLE_COLOR_OFF : "");
}

static void put_state(const struct ctl *ctl, const cJSON *s)
{
    int64_t late = number(s, "load", "clocks_overdue");
    char due[WHEN_TEXT] = "-", buf[32], waits[SPAN_TEXT];
    const char *next = member_text(s, "next_due", buf);

    if (next != NULL)
        when_short(next, due);
    (void)fprintf(ctl->out,
                  T(ctl, "cases    %" PRId64 " in hand, %" PRId64 " ever\n",
                    "案件    在办 %" PRId64 "，累计 %" PRId64 "\n"),
                  number(s, "load", "cases_in_hand"),
                  number(s, "store", "cases"));
    (void)fputs(T(ctl, "limits   ", "期限    超期 "), ctl->out);
    put_bad(ctl, late);
    (void)fprintf(
        ctl->out,
        T(ctl, "%s overdue, the next step at %s\n", "%s，下一步骤 %s\n"),
        late >= 500 ? T(ctl, " or more", " 以上") : "", due);
    span_show(number(s, "load", "oldest_task_ms"), ctl->zh, waits);
    (void)fprintf(ctl->out,
                  T(ctl, "tasks    %" PRId64 " open, the oldest for %s, ",
                    "任务    待处理 %" PRId64 "，最久等待 %s，死信 "),
                  number(s, "store", "tasks_open"), waits);
    put_bad(ctl, number(s, "store", "tasks_dead"));
    (void)fputs(T(ctl, " dead letters\n", "\n"), ctl->out);
    (void)fprintf(ctl->out,
                  T(ctl, "alerts   %" PRId64 " open; about the office ",
                    "警示    未确认 %" PRId64 "；本机关 "),
                  number(s, "store", "alerts_open"));
    put_bad(ctl, number(s, "office", "open"));
    (void)fputc('\n', ctl->out);
}

static void put_services(const struct ctl *ctl, const cJSON *s)
{
    const cJSON *v;
    const char *glue = "";

    (void)fputs(T(ctl, "workers  ", "工作进程 "), ctl->out);
    cJSON_ArrayForEach (v, at(s, "workers", NULL)) {
        (void)fputs(glue, ctl->out);
        put_text(ctl, v->string, false);
        (void)fprintf(ctl->out, " %s%" PRId64 "%s",
                      v->valuedouble > 0 ? "" : style(ctl, CELL_BAD),
                      (int64_t)v->valuedouble,
                      ctl->color ? TABLE_COLOR_OFF : "");
        glue = ", ";
    }
    (void)fputc('\n', ctl->out);
}

static const struct {
    const char *counter, *en, *zh;
} rates[] = {
    {"submitted", "submitted", "提交"}, {"acted", "actions", "办理"},
    {"results", "answers", "结果"},     {"events", "events", "事件"},
    {"commits", "commits", "写入"},
};
#define N_RATES (sizeof(rates) / sizeof(rates[0]))

static void put_rates(const struct ctl *ctl, const cJSON *then,
                      const cJSON *now)
{
    int64_t us = top_commit_us(then, now);

    (void)fputs(T(ctl, "a second ", "每秒    "), ctl->out);
    for (size_t i = 0; i < N_RATES; i++) {
        int64_t r = top_rate(then, now, rates[i].counter);

        (void)fprintf(ctl->out, "%s%s ", i == 0 ? "" : ", ",
                      T(ctl, rates[i].en, rates[i].zh));
        if (r < 0)
            (void)fputc('-', ctl->out);
        else
            (void)fprintf(ctl->out, "%" PRId64 ".%" PRId64, r / 10, r % 10);
    }
    if (us >= 0)
        (void)fprintf(ctl->out,
                      T(ctl, " of %" PRId64 " us", "（%" PRId64 " 微秒）"), us);
    (void)fputc('\n', ctl->out);
}

/* A short table of some members of the rows of an answer. */
static int put_rows(const struct ctl *ctl, const cJSON *items, int rows,
                    const struct column *columns, int n)
{
    const struct table_look look = {ctl->color, ctl->columns};
    const char *heads[TABLE_COLUMNS];
    const cJSON *item;
    struct table *t;
    int rc, left = rows;

    for (int i = 0; i < n; i++)
        heads[i] = T(ctl, columns[i].en, columns[i].zh);
    t = table_new(heads, n);
    if (t == NULL)
        return say_oom(ctl);
    cJSON_ArrayForEach (item, items) {
        if (left-- == 0)
            break;
        for (int i = 0; i < n; i++) {
            char buf[32], when[WHEN_TEXT], label[120];
            const char *v = member_text(item, columns[i].member, buf);

            if (v != NULL && columns[i].kind == COL_TIME) {
                when_short(v, when);
                v = when;
            } else if (v != NULL && columns[i].kind == COL_CLOCK) {
                clock_label(ctl, v, label, sizeof(label));
                v = label;
            }
            table_cell(t, v, CELL_PLAIN);
        }
    }
    (void)fputc('\n', ctl->out);
    rc = table_print(t, ctl->out, &look);
    table_free(t);
    return rc == 0 ? 0 : say_oom(ctl);
}

static int put_units(const struct ctl *ctl, const cJSON *late)
{
    const char *heads[] = {T(ctl, "SLOWEST UNITS", "超期最多的单位"),
                           T(ctl, "LIMITS OVERDUE", "超期期限"),
                           T(ctl, "SINCE", "最早到期")};
    const struct table_look look = {ctl->color, ctl->columns};
    struct top_unit unit[ROWS];
    int n = top_units(at(late, "items", NULL), unit, ROWS), rc;
    struct table *t = table_new(heads, 3);

    if (t == NULL)
        return say_oom(ctl);
    for (int i = 0; i < n; i++) {
        char when[WHEN_TEXT];

        when_short(unit[i].oldest, when);
        table_cell(t, unit[i].unit, CELL_PLAIN);
        table_int(t, unit[i].overdue, CELL_WARN);
        table_cell(t, when, CELL_PLAIN);
    }
    (void)fputc('\n', ctl->out);
    rc = table_print(t, ctl->out, &look);
    table_free(t);
    return rc == 0 ? 0 : say_oom(ctl);
}

static int put_lists(const struct ctl *ctl, const struct frame *f)
{
    static const struct column worker[] = {
        {"worker", COL_TEXT, "WORKER", "工作进程"},
        {"service", COL_TEXT, "SERVICE", "服务"},
        {"leased", COL_INT, "LEASED", "在办"},
        {"done", COL_INT, "DONE", "完成"},
        {"failed", COL_INT, "FAILED", "失败"},
        {"last_seen_ms", COL_INT, "SEEN MS AGO", "最近（毫秒前）"},
    };
    static const struct column clock[] = {
        {"next_at", COL_TIME, "NEXT STEP", "下一步骤"},
        {"due_at", COL_TIME, "DUE", "到期"},
        {"case_no", COL_TEXT, "CASE", "案件编号"},
        {"clock", COL_CLOCK, "CLOCK", "期限"},
        {"unit", COL_TEXT, "UNIT", "责任单位"},
    };
    int rc = put_rows(ctl, at(f->workers.json, "items", NULL), 2 * ROWS, worker,
                      (int)(sizeof(worker) / sizeof(worker[0])));

    if (rc == 0)
        rc = put_units(ctl, f->late.json);
    if (rc == 0)
        rc = put_rows(ctl, at(f->next.json, "items", NULL), ROWS, clock,
                      (int)(sizeof(clock) / sizeof(clock[0])));
    return rc;
}

/* ---- for programs --------------------------------------------------------
 */

static void json_units(struct dk_jw *w, const cJSON *late)
{
    struct top_unit unit[ROWS];
    int n = top_units(at(late, "items", NULL), unit, ROWS);

    dk_jw_arr(w, "slow_units");
    for (int i = 0; i < n; i++) {
        dk_jw_obj(w, NULL);
        dk_jw_str(w, "unit", unit[i].unit);
        dk_jw_int(w, "overdue", unit[i].overdue);
        dk_jw_str(w, "oldest_due_at", unit[i].oldest);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
}

/* Rates in tenths of one a second. */
static int put_json(const struct ctl *ctl, const cJSON *then,
                    const struct frame *f)
{
    struct dk_jw w = {0};
    bool oom;

    dk_jw_obj(&w, NULL);
    dk_jw_cjson(&w, "stats", f->stats.json);
    if (then != NULL) {
        dk_jw_obj(&w, "tenths_per_s");
        for (size_t i = 0; i < N_RATES; i++)
            dk_jw_int(&w, rates[i].counter,
                      top_rate(then, f->stats.json, rates[i].counter));
        dk_jw_end_obj(&w);
    }
    dk_jw_cjson(&w, "workers", at(f->workers.json, "items", NULL));
    json_units(&w, f->late.json);
    dk_jw_cjson(&w, "next", at(f->next.json, "items", NULL));
    dk_jw_end_obj(&w);
    oom = w.oom;
    if (!oom)
        (void)fprintf(ctl->out, "%s\n", w.buf);
    dk_jw_fini(&w);
    return oom ? say_oom(ctl) : 0;
}

/* ---- the commands --------------------------------------------------------
 */

int cmd_status(struct ctl *ctl, const struct args *a)
{
    struct frame f = {0};
    int rc = frame_take(ctl, &f);

    (void)a;
    if (rc == 0 && ctl->json) {
        rc = put_json(ctl, NULL, &f);
    } else if (rc == 0) {
        put_head(ctl, f.stats.json);
        put_state(ctl, f.stats.json);
        put_services(ctl, f.stats.json);
    }
    frame_free(&f);
    return rc;
}

static int put_frame(struct ctl *ctl, const cJSON *then, const struct frame *f)
{
    if (ctl->json)
        return put_json(ctl, then, f);
    if (ctl->columns > 0) /* a terminal: from its first line on */
        (void)fputs("\033[H\033[J", ctl->out);
    put_head(ctl, f->stats.json);
    put_state(ctl, f->stats.json);
    put_services(ctl, f->stats.json);
    put_rates(ctl, then, f->stats.json);
    int rc = put_lists(ctl, f);
    if (ctl->columns == 0)
        (void)fputc('\n', ctl->out);
    return rc;
}

int cmd_top(struct ctl *ctl, const struct args *a)
{
    int64_t left = args_has(a, "once") ? 1 : args_int(a, "count", -1);
    const char *every = args_get(a, "every");
    dk_ms wait = EVERY_MS;
    struct frame f = {0};
    struct dk_reply then = {0};
    int rc;

    if (every != NULL)
        (void)span_parse(every, &wait, NULL);
    rc = ctl_ask(ctl, "stats", NULL, &then);
    while (rc == 0 && left != 0) {
        ctl_sleep(wait);
        rc = frame_take(ctl, &f);
        if (rc == 0)
            rc = put_frame(ctl, then.json, &f);
        if (rc == 0 && fflush(ctl->out) != 0)
            break; /* main says so */
        dk_reply_free(&then);
        then = f.stats;
        f.stats = (struct dk_reply){0};
        frame_free(&f);
        left -= left > 0;
    }
    frame_free(&f);
    dk_reply_free(&then);
    return rc;
}
