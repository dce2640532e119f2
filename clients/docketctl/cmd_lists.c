/* cmd_lists.c - list, alerts, clocks, tasks, dead, workers: the lists of the
 * protocol, each a table of columns, and the small acts on their items.
 */
#include <string.h>

#include "ctl.h"

static const char *const levels[] = {"reminder", "yellow",       "red",
                                     "overdue",  "long_overdue", NULL};
static const char *const states[] = {"submitted",
                                     "registered",
                                     "transferred",
                                     "objected",
                                     "accepted",
                                     "suspended",
                                     "answered",
                                     "settled",
                                     "in_review",
                                     "review_suspended",
                                     "reviewed",
                                     "in_re_review",
                                     "ended",
                                     "re_review_suspended",
                                     "not_accepted",
                                     "discipline",
                                     "withdrawn",
                                     "closed",
                                     NULL};

static const char *const orders[] = {"key", "work", NULL};

/* clang-format off */
const struct opt opts_list[] = {
    {.name = "state", .kind = OPT_NAME, .member = "state", .arg = "STATE",
     .names = states, .en = "only in this state", .zh = "状态"},
    {.name = "unit", .kind = OPT_TEXT, .member = "unit", .arg = "ID",
     .en = "only this unit's, in charge or co-handler",
     .zh = "责任单位或会办单位"},
    {.name = "handler", .kind = OPT_TEXT, .member = "handler", .arg = "ID",
     .en = "only this handler's, in charge or for a co-handler; with --unit "
     "whom that unit named",
     .zh = "承办人，含会办单位的承办人；与 --unit 同用时仅限该单位的承办人"},
    {.name = "region", .kind = OPT_TEXT, .member = "region", .arg = "TEXT",
     .en = "only from this region", .zh = "地区"},
    {.name = "category", .kind = OPT_TEXT, .member = "category",
     .arg = "A/B", .en = "only of this category", .zh = "类别"},
    {.name = "open", .kind = OPT_FLAG, .member = "open",
     .en = "only where the office still owes a step", .zh = "仅未办结"},
    {.name = "overdue", .kind = OPT_FLAG, .member = "overdue",
     .en = "only where a limit has passed", .zh = "仅超期"},
    {.name = "group", .kind = OPT_TEXT, .member = "group", .arg = "CASE",
     .en = "only this case and those linked to it as the same matter of many",
     .zh = "仅该案件及与其归为同一事项的案件"},
    {.name = "order", .kind = OPT_NAME, .member = "order", .arg = "ORDER",
     .names = orders, .en = "key, or work: open cases, the urgent ones "
     "first, then by what is due first",
     .zh = "key（编号），或 work：未办结案件，急办在前，其后以到期先后为序"},
    {.name = "from", .kind = OPT_TEXT, .member = "from", .arg = "DAY",
     .en = "only those received on this day (2026-05-01) or later",
     .zh = "收到日期起（如 2026-05-01）"},
    {.name = "to", .kind = OPT_TEXT, .member = "to", .arg = "DAY",
     .en = "only those received on this day or earlier", .zh = "收到日期止"},
    {.name = "due-from", .kind = OPT_TEXT, .member = "due_from", .arg = "DAY",
     .en = "only where the first limit that the office must keep ends on this "
     "day or later", .zh = "最先到期的期限，其最后一日起"},
    {.name = "due-to", .kind = OPT_TEXT, .member = "due_to", .arg = "DAY",
     .en = "and on this day or earlier", .zh = "最先到期的期限，其最后一日止"},
    {.name = "text", .kind = OPT_TEXT, .member = "text", .arg = "WORDS",
     .en = "only where each word is in the subject or the facts",
     .zh = "标题或事实中含有各词"},
    {.name = "newest-first", .kind = OPT_FLAG, .member = "newest_first",
     .en = "latest first", .zh = "新案在前"},
    LIST_OPTS, OPT_END,
};
const struct opt opts_alerts[] = {
    {.name = "open", .kind = OPT_FLAG, .en = "only those not acknowledged "
     "(the default)", .zh = "仅未确认（默认）"},
    {.name = "acked", .kind = OPT_FLAG, .en = "those acknowledged too",
     .zh = "包括已确认的"},
    {.name = "level", .kind = OPT_NAME, .member = "level", .arg = "LEVEL",
     .names = levels, .en = "reminder, yellow, red, overdue, long_overdue",
     .zh = "级别：reminder、yellow、red、overdue、long_overdue"},
    {.name = "unit", .kind = OPT_TEXT, .member = "unit", .arg = "ID",
     .en = "only this unit's, in charge or co-handler",
     .zh = "责任单位或会办单位"},
    {.name = "case", .kind = OPT_TEXT, .member = "case_no", .arg = "CASE",
     .en = "only this case's", .zh = "案件编号"},
    {.name = "digest", .kind = OPT_FLAG,
     .en = "all of them, one entry for each recipient", .zh = "按接收人汇总"},
    {.name = "to", .kind = OPT_TEXT, .arg = "ROLE:ID",
     .en = "with --digest: only this recipient, as in handler:zhang, or a "
           "role", .zh = "与 --digest 同用：仅该接收人，如 handler:zhang，"
           "或某一角色"},
    LIST_OPTS, OPT_END,
};
const struct opt opts_ack[] = {
    {.name = "actor", .kind = OPT_TEXT, .member = "actor", .arg = "KIND:ID",
     .en = "who takes note, as in officer:li (required)",
     .zh = "确认人，如 officer:li（必填）"},
    {.name = "note", .kind = OPT_TEXT, .member = "note", .arg = "TEXT",
     .en = "a note", .zh = "备注"},
    OPT_END,
};
const struct opt opts_clocks[] = {
    {.name = "unit", .kind = OPT_TEXT, .member = "unit", .arg = "ID",
     .en = "only this unit's, in charge or co-handler",
     .zh = "责任单位或会办单位"},
    {.name = "clock", .kind = OPT_TEXT, .member = "clock", .arg = "ID",
     .en = "only this limit, as in conclude", .zh = "期限种类，如 conclude"},
    {.name = "overdue", .kind = OPT_FLAG, .member = "overdue",
     .en = "only those that have passed", .zh = "仅超期"},
    {.name = "late", .kind = OPT_FLAG, .member = "overdue", .en = "the same",
     .zh = "同上"},
    {.name = "before", .kind = OPT_TIME, .member = "due_before",
     .arg = "TIME", .en = "only those due before", .zh = "到期早于"},
    LIST_OPTS, OPT_END,
};
const struct opt opts_tasks[] = {LIST_OPTS, OPT_END};
const struct opt opts_drop[] = {
    {.name = "actor", .kind = OPT_TEXT, .member = "actor", .arg = "KIND:ID",
     .en = "who gives it up (required)", .zh = "操作人（必填）"},
    {.name = "reason", .kind = OPT_TEXT, .member = "reason", .arg = "TEXT",
     .en = "why (required)", .zh = "理由（必填）"},
    OPT_END,
};

static const struct column case_columns[] = {
    {"case_no", COL_TEXT, "CASE", "案件编号"},
    {"state", COL_STATE, "STATE", "状态"},
    {"submitted_at", COL_TIME, "SUBMITTED", "提交时间"},
    {"channel", COL_WORD, "CHANNEL", "渠道"},
    {"unit", COL_TEXT, "UNIT", "责任单位"},
    {"handler", COL_TEXT, "HANDLER", "承办人"},
    {"co_handlers", COL_TEXT, "CO-HANDLERS", "会办单位"},
    {"region", COL_TEXT, "REGION", "地区"},
    {"subject", COL_TEXT, "SUBJECT", "标题"},
};
static const struct column alert_columns[] = {
    {"alert_id", COL_TEXT, "ALERT", "警示编号"},
    {"level", COL_LEVEL, "LEVEL", "级别"},
    {"clock", COL_CLOCK, "CLOCK", "期限"},
    {"unit", COL_TEXT, "UNIT", "责任单位"},
    {"to", COL_TO, "TO", "接收人"},
    {"due_at", COL_TIME, "DUE", "到期"},
    {"raised_at", COL_TIME, "RAISED", "发出"},
    {"acked_by", COL_TEXT, "ACKED BY", "确认人"},
    {"text", COL_LANG, "TEXT", "内容"},
};
static const struct column clock_columns[] = {
    {"case_no", COL_TEXT, "CASE", "案件编号"},
    {"clock", COL_CLOCK, "CLOCK", "期限"},
    {"state", COL_STATE, "STATE", "状态"},
    {"overdue", COL_LATE, "LATE", "超期"},
    {"due_at", COL_TIME, "DUE", "到期"},
    {"next_at", COL_TIME, "NEXT", "下次提醒"},
    {"unit", COL_TEXT, "UNIT", "责任单位"},
};
static const struct column task_columns[] = {
    {"task_id", COL_INT, "TASK", "任务"},
    {"service", COL_TEXT, "SERVICE", "服务"},
    {"case_no", COL_TEXT, "CASE", "案件编号"},
    {"n", COL_INT, "EVENT", "事件"},
    {"attempts", COL_INT, "ATTEMPTS", "次数"},
    {"leased_to", COL_TEXT, "LEASED TO", "处理者"},
    {"failed_at", COL_TIME, "FAILED", "失败时间"},
    {"reason", COL_TEXT, "REASON", "原因"},
};
static const struct column worker_columns[] = {
    {"worker", COL_TEXT, "WORKER", "工作进程"},
    {"service", COL_TEXT, "SERVICE", "服务"},
    {"credit", COL_INT, "CREDIT", "额度"},
    {"leased", COL_INT, "LEASED", "在办"},
    {"done", COL_INT, "DONE", "完成"},
    {"failed", COL_INT, "FAILED", "失败"},
    {"last_seen_ms", COL_INT, "SEEN MS AGO", "最近（毫秒前）"},
    {"since", COL_TIME, "SINCE", "连接于"},
};
/* clang-format on */

#define COLUMNS(c) .columns = (c), .n = (int)(sizeof(c) / sizeof(c)[0])

int cmd_list(struct ctl *ctl, const struct args *a)
{
    static const struct list_spec spec = {
        .type = "case.list",
        COLUMNS(case_columns),
        .none_en = "No cases.",
        .none_zh = "没有案件。",
    };
    return list_run(ctl, a, &spec);
}

static int say_to_needs_digest(const struct ctl *ctl)
{
    struct dk_problem p = {0};

    (void)dk_fail(&p, DK_EFIELD, NULL, "--to goes with --digest",
                  "--to 须与 --digest 同用");
    return say_usage(ctl, &p);
}

int cmd_alerts(struct ctl *ctl, const struct args *a)
{
    struct list_spec spec = {
        .type = "alert.list",
        COLUMNS(alert_columns),
        .none_en = "No alerts.",
        .none_zh = "没有警示。",
    };
    spec.off = args_has(a, "acked") ? "open" : NULL;
    if (args_has(a, "digest"))
        return alerts_digest(ctl, a, spec.off);
    if (args_has(a, "to"))
        return say_to_needs_digest(ctl);
    return list_run(ctl, a, &spec);
}

int cmd_clocks(struct ctl *ctl, const struct args *a)
{
    static const struct list_spec spec = {
        .type = "clock.list",
        COLUMNS(clock_columns),
        .none_en = "No time limits.",
        .none_zh = "没有期限。",
    };
    return list_run(ctl, a, &spec);
}

int cmd_tasks(struct ctl *ctl, const struct args *a)
{
    static const struct list_spec spec = {
        .type = "task.list",
        COLUMNS(task_columns),
        .none_en = "No open tasks: the workers have answered everything.",
        .none_zh = "没有待处理任务：工作进程已全部答复。",
    };
    return list_run(ctl, a, &spec);
}

int cmd_dead(struct ctl *ctl, const struct args *a)
{
    static const struct list_spec spec = {
        .type = "task.list",
        COLUMNS(task_columns),
        .on = "dead",
        .none_en = "No dead letters.",
        .none_zh = "没有死信任务。",
    };
    return list_run(ctl, a, &spec);
}

int cmd_workers(struct ctl *ctl, const struct args *a)
{
    static const struct list_spec spec = {
        .type = "worker.list",
        COLUMNS(worker_columns),
        .none_en = "No worker is connected: nothing is assigned, no limit is "
                   "set.",
        .none_zh = "没有工作进程在线：案件不会分派，期限不会设定。",
    };
    return list_run(ctl, a, &spec);
}

/* Every option named must be there. */
static int need_opts(const struct ctl *ctl, const struct args *a,
                     const char *const names[])
{
    struct dk_problem p = {0};

    for (; *names != NULL; names++)
        if (!args_has(a, *names)) {
            (void)dk_failf(&p, DK_EFIELD, NULL, "--%s is needed", "缺少 --%s",
                           *names);
            return say_usage(ctl, &p);
        }
    return 0;
}

/* Ask about the one thing that a word names, and print the answer. */
static int ask_one(struct ctl *ctl, const struct args *a, const char *type,
                   const char *member, const char *value)
{
    struct dk_jw w = {0};

    dk_jw_obj(&w, NULL);
    dk_jw_str(&w, member, value);
    int rc = ctl_write_opts(ctl, a, &w);
    dk_jw_end_obj(&w);
    if (rc != 0) {
        dk_jw_fini(&w);
        return rc;
    }
    return ctl_show(ctl, type, &w);
}

/* The same for each word, though one of them is refused; a failure names its
 * word when there are several.
 */
static int ask_each(struct ctl *ctl, const struct args *a, const char *type,
                    const char *member)
{
    int worst = 0;

    for (int i = 0; i < a->n_pos; i++) {
        if (i > 0 && !ctl->json)
            (void)fputc('\n', ctl->out);
        int rc = ask_one(ctl, a, type, member, a->pos[i]);
        if (rc != 0 && a->n_pos > 1)
            (void)fprintf(ctl->err, T(ctl, "  that was %s\n", "  以上为 %s\n"),
                          a->pos[i]);
        if (rc != 0)
            worst = rc;
        if (rc == EX_UNAVAILABLE || rc == EX_USAGE)
            break;
    }
    return worst;
}

int cmd_alerts_ack(struct ctl *ctl, const struct args *a)
{
    static const char *const need[] = {"actor", NULL};
    int rc = need_opts(ctl, a, need);

    return rc != 0 ? rc : ask_each(ctl, a, "alert.ack", "alert_id");
}

int cmd_office_ack(struct ctl *ctl, const struct args *a)
{
    static const char *const need[] = {"actor", NULL};
    int rc = need_opts(ctl, a, need);

    return rc != 0 ? rc : ask_each(ctl, a, "office.ack", "alert_id");
}

int cmd_dead_show(struct ctl *ctl, const struct args *a)
{
    return ask_one(ctl, a, "task.get", "task_id", a->pos[0]);
}

int cmd_dead_retry(struct ctl *ctl, const struct args *a)
{
    return ask_each(ctl, a, "task.retry", "task_id");
}

int cmd_dead_drop(struct ctl *ctl, const struct args *a)
{
    static const char *const need[] = {"actor", "reason", NULL};
    int rc = need_opts(ctl, a, need);

    return rc != 0 ? rc : ask_one(ctl, a, "task.drop", "task_id", a->pos[0]);
}
