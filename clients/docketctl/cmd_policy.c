/* cmd_policy.c - ask the programs that will use a policy whether they can, what
 * it says and what a new one changes (docs/adr/0010): docketctl itself knows
 * nothing of policies.
 */
#include <inttypes.h>

#include "ctl.h"
#include "feed.h"
#include "spawn.h"

#define CALENDAR "/etc/docket/calendar.json"

/* clang-format off */
const struct opt opts_policy[] = {
    {.name = "calendar", .kind = OPT_TEXT, .arg = "FILE",
     .en = "the calendar it will be used with", .zh = "所用的日历文件"},
    {.name = "units", .kind = OPT_TEXT, .arg = "FILE",
     .en = "check the book of units too", .zh = "同时检查单位册"},
    {.name = "today", .kind = OPT_TEXT, .arg = "DAY",
     .en = "check as of that day (default: today)",
     .zh = "按该日检查（默认今天）"},
    OPT_END,
};
const struct opt opts_policy_diff[] = {
    {.name = "calendar", .kind = OPT_TEXT, .arg = "FILE",
     .en = "the calendar in force (default " CALENDAR ")",
     .zh = "现行日历（默认 " CALENDAR "）"},
    {.name = "new-calendar", .kind = OPT_TEXT, .arg = "FILE",
     .en = "the calendar that comes with NEW (default: the same)",
     .zh = "新规则所用的日历（默认不变）"},
    {.name = "files-only", .kind = OPT_FLAG,
     .en = "compare the files, ask no broker for its open cases",
     .zh = "仅比较文件，不查询未办结案件"},
    OPT_END,
};
/* clang-format on */

void more_policy_diff(const struct ctl *ctl)
{
    (void)fputs(
        T(ctl,
          "\nThe open cases of the broker are held against both files: which "
          "law each case is\nunder, and which limits either file would end on "
          "another day. A case keeps the\nlaw of the day on which it was "
          "handed in, and a limit that is set stays as it is.\n\nExample:\n"
          "  docketctl policy diff /etc/docket/policy.json new.json "
          "--calendar calendar.json\n",
          "\n以新旧两份期限规则对照服务器中的未办结案件：每件适用哪一版本，"
          "哪些期限会在\n不同日期届满。案件适用提交当日的规则，已设定的期限"
          "不变。\n\n示例：\n"
          "  docketctl policy diff /etc/docket/policy.json new.json "
          "--calendar calendar.json\n"),
        ctl->out);
}

/* The second and third word, or the option of that name. */
static const char *calendar_of(const struct args *a)
{
    const char *v = args_get(a, "calendar");
    return v != NULL || a->n_pos < 2 ? v : a->pos[1];
}

static const char *units_of(const struct args *a)
{
    const char *v = args_get(a, "units");
    return v != NULL || a->n_pos < 3 ? v : a->pos[2];
}

static int ask_deadline(const struct ctl *ctl, const struct args *a,
                        const char *what)
{
    const char *calendar = calendar_of(a), *today = args_get(a, "today");
    const char *args[12] = {what, "--policy", a->pos[0], "--lang",
                            T(ctl, "en", "zh-CN")};
    int n = 5;

    if (calendar != NULL) {
        args[n++] = "--calendar";
        args[n++] = calendar;
    }
    if (today != NULL) {
        args[n++] = "--today";
        args[n++] = today;
    }
    if (ctl->json)
        args[n++] = "--json";
    args[n] = NULL;
    return spawn_run(ctl, "docket-deadline", args);
}

int cmd_policy_check(struct ctl *ctl, const struct args *a)
{
    const char *args[] = {"--check", "--book", units_of(a), NULL};
    int rc = ask_deadline(ctl, a, "--check");

    if (args[2] == NULL)
        return rc;
    int rc2 = spawn_run(ctl, "docket-assign", args);
    return rc != 0 ? rc : rc2;
}

int cmd_policy_show(struct ctl *ctl, const struct args *a)
{
    return ask_deadline(ctl, a, "--print");
}

/* ---- diff ---- */

/* Every case that has a limit still to come: those on which the office owes a
 * step, and those that wait for the petitioner.
 */
static int feed_open(struct ctl *ctl, FILE *in)
{
    static const char *const states[] = {NULL, "answered", "settled",
                                         "reviewed"};
    int64_t n = 0;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof states / sizeof states[0]; i++)
        rc = feed_cases(ctl, states[i], in, &n);
    if (rc == 0)
        (void)fprintf(in, "{\"end\":%" PRId64 "}\n", n);
    return rc;
}

int cmd_policy_diff(struct ctl *ctl, const struct args *a)
{
    const char *calendar = args_get(a, "calendar");
    const char *new_calendar = args_get(a, "new-calendar");
    const char *args[16] = {
        "--policy",   a->pos[0],
        "--calendar", calendar != NULL ? calendar : CALENDAR,
        "--diff",     a->pos[1],
        "--lang",     T(ctl, "en", "zh-CN")};
    struct spawn s;
    int n = 8, rc, code;

    if (new_calendar != NULL) {
        args[n++] = "--new-calendar";
        args[n++] = new_calendar;
    }
    if (ctl->json)
        args[n++] = "--json";
    if (args_has(a, "files-only"))
        return spawn_run(ctl, "docket-deadline", args);
    args[n] = "--cases";
    rc = spawn_open(ctl, "docket-deadline", args, &s);
    if (rc != 0)
        return rc;
    rc = feed_open(ctl, s.in);
    code = spawn_close(ctl, &s);
    /* If it ended early it said why; if the broker did, that was said. */
    return rc != 0 ? rc : code;
}
