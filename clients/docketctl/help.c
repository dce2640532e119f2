/* help.c - the tables of commands and of the options that all of them have,
 * and --help printed from them.
 */
#include <string.h>

#include "ctl.h"
#include "table.h"
#include "width.h"

static const char *const langs[] = {"zh-CN", "en", NULL};
static const char *const whens[] = {"auto", "always", "never", NULL};

/* clang-format off */
const struct opt global_opts[] = {
    {.name = "connect", .kind = OPT_TEXT, .arg = "ENDPOINT",
     .en = "the broker's client endpoint (default $DOCKET_CLIENTS, else "
           "ipc:///run/docket/clients.sock)",
     .zh = "服务器的客户端地址（默认取 $DOCKET_CLIENTS，其次为 "
           "ipc:///run/docket/clients.sock）"},
    {.name = "key", .kind = OPT_TEXT, .arg = "FILE",
     .en = "over tcp://: our key, of keys new (default $DOCKET_KEY)",
     .zh = "使用 tcp:// 时的密钥文件，由 keys new 生成（默认取 $DOCKET_KEY）"},
    {.name = "server-key", .kind = OPT_TEXT, .arg = "KEY",
     .en = "and the broker's (default $DOCKET_SERVER_KEY, else as in FILE)",
     .zh = "服务器公钥（默认取 $DOCKET_SERVER_KEY，其次取密钥文件）"},
    {.name = "json", .kind = OPT_FLAG,
     .en = "print JSON: one document, or one per line for follow and --all",
     .zh = "输出 JSON：单个文档；follow 与 --all 时每行一个"},
    {.name = "timeout", .kind = OPT_INT, .arg = "MS", .min = 1,
     .max = 86400000, .en = "wait so long for the broker (default 5000)",
     .zh = "等待服务器的毫秒数（默认 5000）"},
    {.name = "lang", .kind = OPT_NAME, .arg = "LANG", .names = langs,
     .en = "zh-CN or en (default: by LC_ALL, LC_MESSAGES, LANG)",
     .zh = "zh-CN 或 en（默认取 LC_ALL、LC_MESSAGES、LANG）"},
    {.name = "color", .kind = OPT_NAME, .arg = "WHEN", .names = whens,
     .en = "auto (a terminal, and NO_COLOR is not set), always or never",
     .zh = "auto（终端且未设 NO_COLOR 时着色）、always 或 never"},
    {.name = "help", .kind = OPT_FLAG, .en = "this, or the help of a command",
     .zh = "显示本说明或某个命令的说明"},
    {.name = "version", .kind = OPT_FLAG, .en = "the version",
     .zh = "显示版本"},
    OPT_END,
};
/* clang-format on */

/* clang-format off */
const struct command commands[] = {
    {"submit", "[--file FILE|-]", 0, 0,
     "hand in a case; prints its number and query code",
     "提交案件，输出案件编号与查询码", opts_submit, cmd_submit, more_submit},
    {"show", "CASE", 1, 1, "a case as it stands, with its clocks",
     "查看案件现状及其期限", opts_show, cmd_show, NULL},
    {"explain", "CASE", 1, 1,
     "why: who has it, by which rule, each limit day by day",
     "说明：由谁办理、依据何规则、各期限逐日如何计算", opts_explain,
     cmd_explain, more_explain},
    {"query", "CASE CODE", 2, 2, "what its petitioner may see",
     "按查询码查看（信访人视角）", NULL, cmd_query, NULL},
    {"list", "", 0, 0, "cases, filtered", "按条件列出案件", opts_list,
     cmd_list, NULL},
    {"act", "CASE ACTION [FIELD=VALUE]...", 2, -1,
     "record a step in the life of a case", "登记案件的一个办理步骤",
     opts_act, cmd_act, more_act},
    {"alerts", "", 0, 0, "alerts; those acknowledged too with --acked",
     "列出警示（默认仅未确认）", opts_alerts, cmd_alerts, NULL},
    {"alerts list", "", 0, 0, "the same", "同上", opts_alerts, cmd_alerts,
     NULL},
    {"alerts ack", "ALERT...", 1, -1, "say that somebody has taken note",
     "确认警示", opts_ack, cmd_alerts_ack, NULL},
    {"clocks", "", 0, 0, "legal time limits, by when they fire next",
     "列出法定期限", opts_clocks, cmd_clocks, NULL},
    {"tasks", "", 0, 0, "events that a worker has yet to answer",
     "列出待处理任务", opts_tasks, cmd_tasks, NULL},
    {"dead", "", 0, 0, "tasks that failed too often", "列出死信任务",
     opts_tasks, cmd_dead, NULL},
    {"dead list", "", 0, 0, "the same", "同上", opts_tasks, cmd_dead, NULL},
    {"dead show", "TASK", 1, 1, "one of them, with its reason",
     "查看一个死信任务", NULL, cmd_dead_show, NULL},
    {"dead retry", "TASK...", 1, -1, "make it an open task again",
     "重新处理死信任务", NULL, cmd_dead_retry, NULL},
    {"dead drop", "TASK", 1, 1, "give it up, with a reason",
     "放弃死信任务（须说明理由）", opts_drop, cmd_dead_drop, NULL},
    {"workers", "", 0, 0, "who is connected and what they hold",
     "列出已连接的工作进程", NULL, cmd_workers, NULL},
    {"office", "", 0, 0, "alerts about the office itself: workers, disk, backup",
     "列出本机关自身的警示：工作进程、磁盘、备份等", opts_office, cmd_office,
     NULL},
    {"office list", "", 0, 0, "the same", "同上", opts_office, cmd_office,
     NULL},
    {"office ack", "ALERT...", 1, -1,
     "say that somebody sees to it; quiet for some days",
     "确认该警示已有人处理，数日内不再提醒", opts_office_ack, cmd_office_ack,
     NULL},
    {"person", "CASE", 1, 1,
     "who the petitioners of a case are; that you read it is recorded",
     "查阅案件的信访人信息（查阅将被记录）", opts_person, cmd_person, NULL},
    {"erase-person", "CASE", 1, 1,
     "erase who the petitioners of a case are, for ever",
     "永久删除案件的信访人信息", opts_erase, cmd_erase_person, more_erase},
    {"seal", "", 0, 0, "the keys that personal data is sealed with",
     "查看个人信息的封存密钥", NULL, cmd_seal_status, NULL},
    {"seal status", "", 0, 0, "the same", "同上", NULL, cmd_seal_status, NULL},
    {"seal rotate", "", 0, 0,
     "make a new key and seal everything anew with it, while running",
     "更换封存密钥并在运行中重新封存全部个人信息", opts_seal_rotate,
     cmd_seal_rotate, NULL},
    {"keys", "", 0, 0, "who may talk to the broker, and as what",
     "查看可与服务器通信的身份及角色", NULL, cmd_keys_list, NULL},
    {"keys list", "", 0, 0, "the same", "同上", NULL, cmd_keys_list, NULL},
    {"keys new", "NAME", 1, 1, "make a key here; says how to enrol it",
     "在本机生成密钥，并显示登记命令", opts_keys_new, cmd_keys_new, NULL},
    {"keys allow", "NAME KEY --roles ROLE,...", 2, 2,
     "let a key talk to the broker", "登记公钥", opts_keys_allow,
     cmd_keys_allow, NULL},
    {"keys revoke", "NAME", 1, 1, "turn a key away, at once", "立即撤销密钥",
     NULL, cmd_keys_revoke, NULL},
    {"follow", "", 0, 0, "committed events, as they happen",
     "实时查看已落盘的事件", opts_follow, cmd_follow, NULL},
    {"bulletin", "--period PERIOD", 0, 0,
     "the office's figures of a period, against others",
     "某一时段的信访情况及对照", opts_bulletin, cmd_bulletin, more_bulletin},
    {"status", "", 0, 0, "how the office and its broker are doing",
     "查看业务与服务的总体状况", NULL, cmd_status, NULL},
    {"top", "", 0, 0,
     "the same live: rates, workers, slowest units, what is due next",
     "实时查看速率、工作进程、超期最多的单位与将到的期限", opts_top, cmd_top,
     NULL},
    {"stats", "", 0, 0, "counters and totals of the broker",
     "查看服务器计数", NULL, cmd_stats, NULL},
    {"backup", "[FILE]", 0, 1,
     "a checked copy of the running broker's database",
     "为运行中的服务生成经过校验的备份", opts_backup, cmd_backup, more_backup},
    {"recover", "FILE --out NEW", 1, 1,
     "save what a damaged database still holds; docketd is stopped",
     "从损坏的数据库中抢救内容（须先停止 docketd）", opts_recover, cmd_recover,
     NULL},
    {"migrate", "sqlite:FILE postgres:CONNINFO", 2, 2,
     "move all cases to PostgreSQL, verified; docketd is stopped",
     "将全部案件迁移到 PostgreSQL 并逐行核对（须先停止 docketd）", opts_migrate,
     cmd_migrate, NULL},
    {"verify", "", 0, 0,
     "check every hash chain, replay and checkpoint; exit 65 on a fault",
     "校验全部哈希链、重放与检查点，有误则退出码为 65", opts_verify, cmd_verify,
     NULL},
    {"checkpoint", "", 0, 0,
     "sign how the event stream stands; keep the file elsewhere",
     "对事件流当前状态签名，请将文件另行保存", opts_checkpoint, cmd_checkpoint,
     NULL},
    {"checkpoint list", "", 0, 0, "the checkpoints there are", "列出检查点",
     opts_checkpoint_list, cmd_checkpoint_list, NULL},
    {"checkpoint key", "", 0, 0, "the public key that verifies them",
     "查看验证检查点的公钥", NULL, cmd_checkpoint_key, NULL},
    {"export", "CASE", 1, 1,
     "a case with proofs that an auditor can check without the broker",
     "导出案件及其证明，供审计人员独立核验", opts_export, cmd_export, NULL},
    {"import", "FILE.ndjson", 1, 1,
     "bring in history with its own times; resumable",
     "导入历史案件（保留原时间，可续传）", opts_import, cmd_import,
     more_import},
    {"policy check", "POLICY CALENDAR [UNITS]", 1, 3,
     "check policy files with the programs that will use them",
     "用实际使用它的程序检查期限规则", opts_policy, cmd_policy_check, NULL},
    {"policy show", "POLICY CALENDAR", 1, 2, "what a policy says",
     "查看期限规则的内容", opts_policy, cmd_policy_show, NULL},
    {"policy diff", "OLD NEW", 2, 2,
     "what a new policy changes, in the law and for open cases",
     "新期限规则的变化及其对未办结案件的影响", opts_policy_diff,
     cmd_policy_diff, more_policy_diff},
    {"units import", "FILE.csv", 1, 1,
     "take units from a table into the book of units",
     "从表格导入单位到单位册", opts_units_import, cmd_units_import, NULL},
    {"units check", "BOOK", 1, 1,
     "check the book, and list open cases of units that closed; exit 1 if any",
     "检查单位册，列出滞留在已撤销单位的案件（有则退出码为 1）", NULL,
     cmd_units_check, NULL},
    {"simulate", "--policy FILE", 0, 0,
     "who would have been late under another law, beside who was",
     "按另一期限规则推演历史，与当时的超期对照", opts_simulate, cmd_simulate,
     more_simulate},
    {"ping", "", 0, 0, "is the broker there, and how fast",
     "测试服务器是否应答", NULL, cmd_ping, NULL},
    {"hello", "", 0, 0, "the broker's version, county, limits",
     "查看服务器版本、区划与限额", NULL, cmd_hello, NULL},
    {"clock now", "", 0, 0, "what time it is for the broker",
     "查看服务器时间", NULL, cmd_clock_now, NULL},
    {"clock set", "TIME", 1, 1, "move the test clock", "设定测试时钟",
     opts_clock_move, cmd_clock_set, NULL},
    {"clock advance", "SPAN", 1, 1, "move the test clock on, as in 3d or 2h",
     "拨快测试时钟，如 3d、2h", opts_clock_move, cmd_clock_advance, NULL},
    {NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL},
};
/* clang-format on */

static void two_columns(const struct ctl *ctl, const char *left, int width,
                        const char *right)
{
    int pad = width - text_width(left);

    if (pad < 2)
        (void)fprintf(ctl->out, "  %s\n  %*s%s\n", left, width, "", right);
    else
        (void)fprintf(ctl->out, "  %s%*s%s\n", left, pad, "", right);
}

static void print_opts(const struct ctl *ctl, const struct opt *o)
{
    char left[80];

    for (; o != NULL && o->name != NULL; o++) {
        (void)snprintf(left, sizeof left, "--%s%s%s", o->name,
                       o->arg == NULL ? "" : " ", o->arg == NULL ? "" : o->arg);
        two_columns(ctl, left, 28, T(ctl, o->en, o->zh));
    }
}

void help_program(const struct ctl *ctl)
{
    char left[80];

    (void)fprintf(ctl->out,
                  T(ctl,
                    "docketctl - work with docketd, the letters-and-visits "
                    "workflow daemon\n\nUsage: docketctl [OPTION]... COMMAND "
                    "...\n\nCommands (docketctl COMMAND --help for each):\n",
                    "docketctl - 操作信访工作流服务 docketd\n\n用法："
                    "docketctl [选项]... 命令 ...\n\n命令（详见 docketctl "
                    "命令 --help）：\n"));
    for (const struct command *c = commands; c->name != NULL; c++) {
        if (strcmp(c->en, "the same") == 0)
            continue;
        (void)snprintf(left, sizeof left, "%s %s", c->name, c->words);
        two_columns(ctl, left, 34, T(ctl, c->en, c->zh));
    }
    (void)fputs(T(ctl, "\nOptions:\n", "\n选项：\n"), ctl->out);
    print_opts(ctl, global_opts);
    (void)fputs(
        T(ctl,
          "\nTimes are RFC 3339, or a date: midnight at the office.\n"
          "Exit: 0 done, 64 usage, 65 refused or faults found, 69 no answer, "
          "75 try later.\n",
          "\n时间用 RFC 3339 格式，或日期（办公地当日零时）。\n"
          "退出码：0 完成，64 用法错误，65 被拒绝或发现问题，69 无应答，75 "
          "稍后重试。\n"),
        ctl->out);
}

void help_command(const struct ctl *ctl, const struct command *c)
{
    (void)fprintf(ctl->out,
                  T(ctl, "Usage: docketctl %s %s\n\n%s\n",
                    "用法：docketctl %s %s\n\n%s\n"),
                  c->name, c->words, T(ctl, c->en, c->zh));
    if (c->opts != NULL) {
        (void)fputs(T(ctl, "\nOptions:\n", "\n选项：\n"), ctl->out);
        print_opts(ctl, c->opts);
    }
    if (c->more != NULL)
        c->more(ctl);
    (void)fputs(T(ctl, "\nOptions of every command:\n", "\n通用选项：\n"),
                ctl->out);
    print_opts(ctl, global_opts);
}

/* Does the command's name match the words, all of them? */
static int match(const struct command *c, int argc, const char *const argv[])
{
    size_t n = strcspn(c->name, " ");

    if (strlen(argv[0]) != n || memcmp(c->name, argv[0], n) != 0)
        return 0;
    if (c->name[n] == '\0')
        return 1;
    return argc > 1 && strcmp(c->name + n + 1, argv[1]) == 0 ? 2 : 0;
}

/* The second words after `group`; names[] gets them. */
static int seconds(const char *group, const char *names[], int cap)
{
    size_t len = strlen(group);
    int n = 0;

    for (const struct command *c = commands; c->name != NULL; c++)
        if (strncmp(c->name, group, len) == 0 && c->name[len] == ' ' &&
            n < cap - 1)
            names[n++] = c->name + len + 1;
    names[n] = NULL;
    return n;
}

static void unknown_second(const char *first, const char *second,
                           const char *const names[], struct dk_problem *p)
{
    char all[120] = "";
    size_t len = 0;
    const char *near = second == NULL ? NULL : dk_nearest(second, names);

    for (int i = 0; names[i] != NULL; i++) {
        int w = snprintf(all + len, sizeof all - len, "%s%s",
                         i == 0 ? "" : ", ", names[i]);
        if (w > 0 && (size_t)w < sizeof all - len)
            len += (size_t)w;
    }
    if (near != NULL)
        (void)dk_failf(p, DK_EFIELD, NULL,
                       "there is no command '%.40s %.40s'; did you mean "
                       "'%.40s %.40s'?",
                       "没有命令“%.40s %.40s”；是否想写“%.40s %.40s”？", first,
                       second, first, near);
    else
        (void)dk_failf(p, DK_EFIELD, NULL, "'%.40s' is followed by one of: %s",
                       "“%.40s”之后应为：%s", first, all);
}

static void unknown_command(const char *word, struct dk_problem *p)
{
    const char *names[64];
    int n = 0;

    for (const struct command *c = commands; c->name != NULL; c++)
        if (n < 63)
            names[n++] = c->name;
    names[n] = NULL;
    const char *near = dk_nearest(word, names);
    if (near == NULL)
        (void)dk_failf(p, DK_EFIELD, NULL, "there is no command '%.40s'",
                       "没有命令“%.40s”", word);
    else
        (void)dk_failf(p, DK_EFIELD, NULL,
                       "there is no command '%.40s'; did you mean '%s'?",
                       "没有命令“%.40s”；是否想写“%s”？", word, near);
}

const struct command *command_find(int argc, const char *const argv[],
                                   int *words, struct dk_problem *p)
{
    const struct command *best = NULL;
    const char *names[16];
    bool second = argc > 1 && argv[1][0] != '-';

    *words = 0;
    for (const struct command *c = commands; c->name != NULL; c++) {
        int n = match(c, argc, argv);
        if (n > *words) {
            *words = n;
            best = c;
        }
    }
    int n = seconds(argv[0], names, 16);
    bool lost = best == NULL || (*words == 1 && second);
    if (n > 0 && lost)
        unknown_second(argv[0], second ? argv[1] : NULL, names, p);
    else if (best == NULL)
        unknown_command(argv[0], p);
    return n > 0 && lost ? NULL : best;
}
