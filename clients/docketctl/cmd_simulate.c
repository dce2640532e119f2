/* cmd_simulate.c - what another law would have meant.  The broker is asked for
 * every event that there is; docket-simulate, which knows the law, lives the
 * cases again (docs/adr/0010).
 */
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "spawn.h"

#define PROGRAM "docket-simulate"
#define SEQ_MAX (((int64_t)1 << 53) - 1)

/* clang-format off */
const struct opt opts_simulate[] = {
    {.name = "policy", .kind = OPT_TEXT, .arg = "FILE",
     .en = "the other law", .zh = "拟试行的期限规则"},
    {.name = "calendar", .kind = OPT_TEXT, .arg = "FILE",
     .en = "its calendar (default: calendar-ID.json beside it)",
     .zh = "所用的日历（默认取同目录下的 calendar-编号.json）"},
    {.name = "history", .kind = OPT_TEXT, .arg = "FILE",
     .en = "a file made by follow --json, instead of asking the broker",
     .zh = "由 follow --json 导出的文件，不再询问服务器"},
    {.name = "from", .kind = OPT_TEXT, .arg = "DATE",
     .en = "only cases handed in from then on", .zh = "只计该日起提交的案件"},
    {.name = "to", .kind = OPT_TEXT, .arg = "DATE",
     .en = "as of the end of that day (default: the last event)",
     .zh = "截至该日终了（默认截至最后一个事件）"},
    {.name = "law-of", .kind = OPT_TEXT, .arg = "DATE",
     .en = "for every case the version in force on that day",
     .zh = "一律适用该日有效的版本"},
    {.name = "cases", .kind = OPT_FLAG,
     .en = "list each limit that comes out differently",
     .zh = "列出结果不同的每个期限"},
    {.name = "csv", .kind = OPT_FLAG,
     .en = "print CSV; with --cases that list",
     .zh = "输出 CSV；与 --cases 同用时输出该清单"},
    {.name = "jobs", .kind = OPT_INT, .arg = "N", .min = 1, .max = 16,
     .en = "processes that share the work (default: one for each CPU)",
     .zh = "分担工作的进程数（默认每个 CPU 一个）"},
    {.name = "spool", .kind = OPT_TEXT, .arg = "FOLDER",
     .en = "for temporary files (default $TMPDIR, else /var/tmp)",
     .zh = "临时文件夹（默认 $TMPDIR，其次 /var/tmp）"},
    OPT_END,
};
/* clang-format on */

void more_simulate(const struct ctl *ctl)
{
    (void)fputs(
        T(ctl,
          "\nEvery case is lived twice, as it was and under the other law; "
          "only what people did\nis taken from history, every limit is "
          "counted anew. docs/SIMULATE.md tells more.\n\nExample:\n"
          "  docketctl simulate --policy new-law.json --law-of 2026-07-01\n",
          "\n每件案件推演两次：按当时的规则和按另一规则。历史中只取人的行为，"
          "所有期限重新计算。\n详见 docs/SIMULATE.md。\n\n示例：\n"
          "  docketctl simulate --policy new-law.json --law-of 2026-07-01\n"),
        ctl->out);
}

/* The last event there is now. */
static int ask_last(struct ctl *ctl, int64_t *out)
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
    return rc;
}

/* What goes to the program. */
struct feed {
    FILE *in;
    int64_t last;
};

enum {
    FEED_DONE = 1,
    FEED_BROKEN = 2
};

static int on_event(void *arg, const struct dk_reply *event, int64_t seq)
{
    const struct feed *f = arg;

    if (fwrite(event->text, 1, event->len, f->in) != event->len ||
        fputc('\n', f->in) == EOF)
        return FEED_BROKEN; /* the program says why */
    return seq >= f->last ? FEED_DONE : 0;
}

/* Give it every event up to `last`; then it goes on by itself. */
static int feed(struct ctl *ctl, struct spawn *s, int64_t last)
{
    struct feed f = {s->in, last};
    struct dk_problem p = {0};
    int rc = 0;

    if (last > 0)
        rc = ctl_open(ctl, &p);
    if (rc == 0 && last > 0)
        rc = dk_client_follow(ctl->client, 1, 0, on_event, &f, &p);
    if (rc >= 0)
        return spawn_close(ctl, s);
    /* Half a history must not be taken for a whole one. */
    (void)kill(s->pid, SIGTERM);
    (void)spawn_close(ctl, s);
    return say_problem(ctl, &p);
}

static void write_args(const struct ctl *ctl, const struct args *a,
                       const char *args[SPAWN_ARGS + 1])
{
    static const char *const words[][2] = {
        {"policy", "--policy"}, {"calendar", "--calendar"}, {"from", "--from"},
        {"to", "--to"},         {"law-of", "--law-of"},     {"jobs", "--jobs"},
        {"spool", "--spool"},   {"history", "--history"}};
    int n = 0;

    args[n++] = "--lang";
    args[n++] = T(ctl, "en", "zh-CN");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const char *value = args_get(a, words[i][0]);

        if (value == NULL)
            continue;
        args[n++] = words[i][1];
        args[n++] = value;
    }
    if (args_has(a, "cases"))
        args[n++] = "--cases";
    if (args_has(a, "csv"))
        args[n++] = "--csv";
    if (ctl->json)
        args[n++] = "--json";
    args[n] = NULL;
}

int cmd_simulate(struct ctl *ctl, const struct args *a)
{
    const char *args[SPAWN_ARGS + 1];
    struct spawn s;
    int64_t last = 0;

    write_args(ctl, a, args);
    /* Without a law it says what is missing. */
    if (args_has(a, "history") || !args_has(a, "policy"))
        return spawn_run(ctl, PROGRAM, args);
    int rc = ask_last(ctl, &last);
    if (rc == 0)
        rc = spawn_open(ctl, PROGRAM, args, &s);
    return rc == 0 ? feed(ctl, &s, last) : rc;
}
