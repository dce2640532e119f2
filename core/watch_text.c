/* watch_text.c - what an alert of the office's own says: what is wrong, and
 * what to do about it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "watch.h"

#define SPAN 48

/* "3 days", "5 hours": as exact as a person wants it. */
static const char *span(char buf[SPAN], bool zh, int64_t s)
{
    static const struct {
        int64_t s;
        const char *en, *zh;
    } units[] = {{86400, "day", "天"},
                 {3600, "hour", "小时"},
                 {60, "minute", "分钟"},
                 {1, "second", "秒"}};
    size_t i = 0;

    if (s >= 120) /* two hours but for a second are two hours */
        s = (s + 30) / 60 * 60;
    while (i < 3 && s < 2 * units[i].s)
        i++;
    int64_t n = s / units[i].s;
    if (zh)
        snprintf(buf, SPAN, "%" PRId64 " %s", n, units[i].zh);
    else
        snprintf(buf, SPAN, "%" PRId64 " %s%s", n, units[i].en,
                 n == 1 ? "" : "s");
    return buf;
}

struct said {
    char *buf;
    size_t cap;
    bool zh;
    const char *subject, *about;
    int64_t value, limit;
    char span[SPAN], most[SPAN]; /* value and limit, if they are seconds */
};

static int no_worker(const struct said *t)
{
    static const char *const service[] = {"assign", "deadline", "escalate"};
    static const char *const en[] = {
        "new cases get no unit", "no time limit is set, held or stopped",
        "nobody is told that a time limit comes to its end"};
    static const char *const zh[] = {"新案件无人分派",
                                     "期限不会设定、中止或停止",
                                     "期限将至或已过都无人得知"};
    size_t i = 0;

    while (i < 2 && strcmp(service[i], t->subject) != 0)
        i++;
    if (t->zh)
        return snprintf(t->buf, t->cap,
                        "服务 %s 已有 %s没有工作进程在线：%s。请启动它"
                        "（systemctl start docket-%s@1），并用 journalctl -u "
                        "docket-%s@1 查明原因；积压的工作会自动补办。",
                        t->subject, t->span, zh[i], t->subject, t->subject);
    return snprintf(t->buf, t->cap,
                    "No %s worker has been connected for %s: %s. Start one "
                    "(systemctl start docket-%s@1) and see why it stopped "
                    "(journalctl -u docket-%s@1); what it missed is made up "
                    "for by itself.",
                    t->subject, t->span, en[i], t->subject, t->subject);
}

static int unassigned(const struct said *t)
{
    if (t->about[0] == '\0') /* hidden from who reads this */
        return snprintf(t->buf, t->cap,
                        t->zh ? "一件阅者无权查看的案件登记已 %s，仍无责任单位"
                                "（上限 %s），须由他人处理。请告知管理员。"
                              : "A case that you may not see was taken %s ago "
                                "and has no unit yet (limit %s): that is for "
                                "somebody else. Tell the administrator.",
                        t->span, t->most);
    if (t->zh)
        return snprintf(t->buf, t->cap,
                        "案件 %s 登记已 %s，仍无责任单位（上限 %s）。请查看 "
                        "docketctl tasks、docketctl dead 与单位规则，或用 "
                        "docketctl act %s assign 人工分派。",
                        t->about, t->span, t->most, t->about);
    return snprintf(t->buf, t->cap,
                    "Case %s was taken %s ago and has no unit yet (limit %s). "
                    "Look at docketctl tasks, docketctl dead and the rules of "
                    "the units, or assign it by hand: docketctl act %s assign.",
                    t->about, t->span, t->most, t->about);
}

static int calendar(const struct said *t)
{
    if (t->zh)
        return snprintf(
            t->buf, t->cap,
            "工作进程 docket-deadline 的日历只到 %" PRId64 " 年，需要 %" PRId64
            " 年：跨入未知年份的工作日期限无法计算，任务会失败并等"
            "待。请在国务院公布放假安排后更新日历文件，用 docketctl "
            "policy check 检查，再执行 systemctl reload "
            "docket-deadline@1。",
            t->value, t->limit);
    return snprintf(t->buf, t->cap,
                    "The calendar of docket-deadline ends with %" PRId64
                    " and %" PRId64 " is needed: a limit in working days that "
                    "reaches into an unknown year is not guessed, its task "
                    "fails and waits. Bring the calendar file up to date as "
                    "soon as the holidays are published, see docketctl policy "
                    "check, then systemctl reload docket-deadline@1.",
                    t->value, t->limit);
}

static int clock_jump(const struct said *t)
{
    bool back = t->value < 0;
    char by[SPAN];

    span(by, t->zh, back ? -t->value : t->value);
    if (t->zh)
        return snprintf(t->buf, t->cap,
                        "服务器时钟被%s拨 %s。%s请检查时间同步（timedatectl）"
                        "并核对最近的期限（docketctl clocks）；核对后请确认本"
                        "警示，它不会自行消除。",
                        back ? "回" : "快", by,
                        back ? "期限会推迟触发。" : "期限可能提前触发。");
    return snprintf(t->buf, t->cap,
                    "The clock of this machine was set %s by %s: time limits "
                    "fire %s. See to its synchronisation (timedatectl), look "
                    "through the limits (docketctl clocks), then acknowledge "
                    "this alert: it does not clear by itself.",
                    back ? "back" : "forward", by, back ? "late" : "early");
}

static int disk(const struct said *t)
{
    if (t->zh)
        return snprintf(t->buf, t->cap,
                        "数据目录 %s 所在磁盘只剩 %" PRId64 " MB（下限 %" PRId64
                        " MB）。空间用尽后将拒收新案件。请清理或扩容；切勿删除 "
                        "docket.db 及 docket.db-wal。",
                        t->about, t->value, t->limit);
    return snprintf(t->buf, t->cap,
                    "Only %" PRId64 " MB are free where the data is, %s (limit "
                    "%" PRId64 " MB). When nothing is left, new cases are "
                    "refused. Make room or add some; never delete docket.db "
                    "or docket.db-wal.",
                    t->value, t->about, t->limit);
}

static int backup(const struct said *t)
{
    if (t->value == -2 && t->zh)
        return snprintf(t->buf, t->cap,
                        "向 %s 的备份失败。原因见 docketctl backup --status；"
                        "消除后请重新备份，成功后本警示自动解除。",
                        t->about);
    if (t->value == -2)
        return snprintf(t->buf, t->cap,
                        "The backup to %s failed. docketctl backup --status "
                        "says why; mend that and make another: this alert "
                        "clears when one succeeds.",
                        t->about);
    if (t->value < 0 && t->zh)
        return snprintf(t->buf, t->cap,
                        "%s 处没有任何备份。请检查备份任务，或更正 [watch] "
                        "backup 的路径。",
                        t->about);
    if (t->value < 0)
        return snprintf(t->buf, t->cap,
                        "There is no backup at %s. See to the job that makes "
                        "it, or correct the path under [watch] backup.",
                        t->about);
    if (t->zh)
        return snprintf(t->buf, t->cap,
                        "%s 处最新的备份已是 %s前的（上限 %s）。请检查备份任务"
                        "及其磁盘。",
                        t->about, t->span, t->most);
    return snprintf(t->buf, t->cap,
                    "The newest backup at %s is %s old (limit %s). See to the "
                    "job that makes it, and to its disk.",
                    t->about, t->span, t->most);
}

static int dead_letter(const struct said *t)
{
    if (t->zh)
        return snprintf(t->buf, t->cap,
                        "有 %" PRId64
                        " 件死信任务等待处理，最早的是 %s。请用 docketctl dead "
                        "show %s 查看原因，消除后执行 docketctl dead retry %s，"
                        "或说明理由后 dead drop。",
                        t->value, t->about, t->about, t->about);
    return snprintf(t->buf, t->cap,
                    "Dead letters that wait for you: %" PRId64
                    ", the first is %s. See its reason (docketctl dead show "
                    "%s), mend the cause, then docketctl dead retry %s; or "
                    "drop it with a reason (dead drop).",
                    t->value, t->about, t->about, t->about);
}

static int queue(const struct said *t)
{
    if (t->zh)
        return snprintf(
            t->buf, t->cap,
            "任务 %s 已等待 %s（上限 %s）。请查看 docketctl workers "
            "与 docketctl tasks：工作进程可能缺席、过慢或反复失败。",
            t->about, t->span, t->most);
    return snprintf(t->buf, t->cap,
                    "Task %s has waited for %s (limit %s). Look at docketctl "
                    "workers and docketctl tasks: a worker is missing, too "
                    "slow, or fails again and again.",
                    t->about, t->span, t->most);
}

static int storage_full(const struct said *t)
{
    if (t->zh)
        return snprintf(t->buf, t->cap,
                        "磁盘已满，新案件被拒收（自助终端会保存并稍后重发）。请"
                        "立即腾出空间；有空间后自动恢复，无需重启。");
    return snprintf(t->buf, t->cap,
                    "The disk is full and new cases are refused (kiosks keep "
                    "theirs and try again). Make room at once; docketd goes on "
                    "by itself, without a restart.");
}

int dk_watch_text(char *buf, size_t cap, bool zh, enum dk_watch_kind k,
                  const char *subject, int64_t value, int64_t limit,
                  const char *about)
{
    static int (*const say[])(const struct said *) = {
        no_worker, unassigned,  calendar, clock_jump,  disk,
        backup,    dead_letter, queue,    storage_full};
    _Static_assert(sizeof(say) / sizeof(say[0]) == DK_W_N, "each has a text");
    struct said t = {.buf = buf,
                     .cap = cap,
                     .zh = zh,
                     .subject = subject,
                     .about = about,
                     .value = value,
                     .limit = limit};

    if ((unsigned)k >= DK_W_N) /* of a newer program's database */
        return snprintf(buf, cap, "%s", about);
    span(t.span, zh, value);
    span(t.most, zh, limit);
    return say[k](&t);
}
