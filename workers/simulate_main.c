/* docket-simulate - what would another law have meant for the cases that were?
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "law.h"
#include "options.h"
#include "simulate_judge.h"
#include "simulate_print.h"

struct simulate {
    const char *policy, *calendar, *history, *from, *to, *law_of, *lang, *spool;
    int jobs, json, csv, cases;
    struct law files;
    struct sim_law law;
};

static int say(const char *what)
{
    fprintf(stderr, "docket-simulate: %s\n", what);
    return EX_USAGE;
}

static bool is_zh(const struct simulate *s)
{
    return strcmp(s->lang, "zh-CN") == 0;
}

static int exit_of(const struct simulate *s, int rc, const struct dk_problem *p)
{
    const char *what = is_zh(s) ? p->detail_zh : p->detail;

    (void)say(what[0] != '\0' ? what : dk_err_title(rc));
    return rc == DK_EIO ? EX_IOERR : rc == DK_ENOMEM ? EX_OSERR : EX_SOFTWARE;
}

/* ---- the law ------------------------------------------------------------- */

/* The calendar beside the policy that bears the name the policy says:
 * calendar-ID.json.  False: the policy cannot be read, or there is no room.
 */
static bool beside(const struct simulate *s, char *path, size_t cap)
{
    const char *slash = strrchr(s->policy, '/');
    struct dk_report r = {0};
    size_t len = 0;
    char *text = files_read(s->policy, &len, &r);
    struct dk_policy *p =
        text != NULL ? dk_policy_load(s->policy, text, len, &r) : NULL;
    int n = 0;

    if (p != NULL)
        n = snprintf(path, cap, "%.*scalendar-%s.json",
                     slash != NULL ? (int)(slash + 1 - s->policy) : 0,
                     s->policy, dk_policy_calendar_id(p));
    else
        files_print_report(&r);
    dk_policy_free(p);
    free(text);
    dk_report_fini(&r);
    return p != NULL && n > 0 && (size_t)n < cap;
}

static int load_law(struct simulate *s)
{
    const char *calendar = s->calendar;
    char path[4096];

    if (calendar == NULL) {
        if (!beside(s, path, sizeof(path)))
            return EX_CONFIG;
        calendar = path;
    }
    if (law_reload(&s->files, s->policy, calendar) != 0) {
        (void)say("the policy or its calendar has mistakes, see above");
        return EX_CONFIG;
    }
    s->law.policy = s->files.policy;
    s->law.calendar = s->files.calendar;
    return OPTIONS_GO;
}

/* A time, or a date: its first instant at the office, or its last. */
static int read_when(const struct simulate *s, const char *name,
                     const char *text, bool last, dk_ms *out)
{
    const struct dk_zone *z = dk_calendar_zone(s->law.calendar);
    struct dk_date d;
    size_t len;

    if (text == NULL)
        return OPTIONS_GO;
    len = strlen(text);
    if (dk_date_parse(text, len, &d) == 0) {
        int64_t day = dk_days_from_date(d);

        *out =
            last ? dk_zone_midnight(z, day + 1) - 1 : dk_zone_midnight(z, day);
        return OPTIONS_GO;
    }
    if (dk_time_parse(text, len, out) == 0)
        return OPTIONS_GO;
    fprintf(stderr,
            "docket-simulate: --%s wants a date (2026-05-31) or a time "
            "(2026-05-31T09:30:00+08:00), not \"%s\"\n",
            name, text);
    return EX_USAGE;
}

static int read_times(struct simulate *s)
{
    int status = read_when(s, "from", s->from, false, &s->law.from);

    if (status == OPTIONS_GO)
        status = read_when(s, "to", s->to, true, &s->law.to);
    if (status == OPTIONS_GO)
        status = read_when(s, "law-of", s->law_of, false, &s->law.law_of);
    if (status == OPTIONS_GO && s->law.from > s->law.to)
        status = say("--from is later than --to");
    return status;
}

/* ---- the history --------------------------------------------------------- */

static int open_history(const struct simulate *s, int *fd)
{
    const char *why;

    *fd = STDIN_FILENO;
    if (strcmp(s->history, "-") == 0)
        return OPTIONS_GO;
    *fd = open(s->history, O_RDONLY | O_CLOEXEC);
    if (*fd >= 0)
        return OPTIONS_GO;
    why = strerrordesc_np(errno);
    fprintf(stderr, "docket-simulate: the history \"%s\" cannot be read: %s\n",
            s->history, why != NULL ? why : "?");
    return EX_NOINPUT;
}

static int show_faults(const struct simulate *s, const struct faults *f)
{
    if (f->all == 0)
        return 0;
    for (int i = 0; i < f->n; i++)
        fprintf(stderr, "docket-simulate: %s\n", f->text[i]);
    if (f->all > (uint64_t)f->n)
        fprintf(stderr,
                is_zh(s) ? "docket-simulate: 另有 %llu 处错误\n"
                         : "docket-simulate: and %llu more\n",
                (unsigned long long)f->all - (unsigned long long)f->n);
    return EX_DATAERR;
}

static int read_history(struct simulate *s, struct sim_heaps *heaps,
                        struct sim_history *history, struct faults *faults)
{
    struct dk_problem p = {0};
    int fd = -1;
    int status = open_history(s, &fd);
    int rc;

    if (status != OPTIONS_GO)
        return status;
    rc = sim_read(fd, s->jobs, s->spool, is_zh(s), heaps, history, faults, &p);
    if (fd != STDIN_FILENO)
        (void)close(fd);
    if (rc != 0)
        return exit_of(s, rc, &p);
    if (s->to == NULL)
        s->law.to = history->last;
    return show_faults(s, faults);
}

/* ---- the result ---------------------------------------------------------- */

static void warn(const struct simulate *s, const struct sums *sums)
{
    bool zh = is_zh(s);

    if (sums->cases + sums->left_out + sums->uncounted == 0)
        fputs(zh ? "docket-simulate: 历史中没有案件\n"
                 : "docket-simulate: the history has no cases\n",
              stderr);
    if (sums->uncounted == 0)
        return;
    fprintf(stderr,
            zh ? "docket-simulate: %llu 件案件无法推演，未计入任何数字："
                 "%s。如该规则当时尚未施行，可用 --law-of 日期 "
                 "指定适用哪一日的版本\n"
               : "docket-simulate: %llu cases cannot be judged and are in no "
                 "figure: %s. Was the law not in force then? --law-of DATE "
                 "takes the version of that day for every case\n",
            (unsigned long long)sums->uncounted,
            zh ? sums->why.detail_zh : sums->why.detail);
}

static int print(const struct simulate *s, const struct sim_report *r)
{
    int rc = s->json  ? sim_print_json(stdout, r)
             : s->csv ? sim_print_csv(stdout, r)
                      : sim_print_table(stdout, r);

    if (rc != 0)
        return EX_OSERR;
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        (void)say("the output could not be written");
        return EX_IOERR;
    }
    return 0;
}

static int judge(struct simulate *s, const struct sim_heaps *heaps,
                 const struct sim_history *history, struct faults *faults)
{
    struct sums sums = {.row = NULL};
    struct dk_problem p = {0};
    const struct sim_report r = {&s->law, history, &sums, is_zh(s)};
    int rc = sim_judge(heaps, &s->law, s->jobs, is_zh(s), s->cases != 0, &sums,
                       faults, &p);
    int status = rc != 0 ? exit_of(s, rc, &p) : show_faults(s, faults);

    if (status == 0) {
        warn(s, &sums);
        status = print(s, &r);
    }
    sums_fini(&sums);
    return status;
}

static int run(struct simulate *s)
{
    struct sim_heaps heaps = {0};
    struct sim_history history = {0};
    struct faults *faults = calloc(1, sizeof(*faults));
    int status = faults != NULL ? load_law(s) : EX_OSERR;

    if (status == OPTIONS_GO)
        status = read_times(s);
    if (status == OPTIONS_GO)
        status = read_history(s, &heaps, &history, faults);
    if (status == 0)
        status = judge(s, &heaps, &history, faults);
    sim_heaps_fini(&heaps);
    law_fini(&s->files);
    free(faults);
    return status;
}

static int check_options(struct simulate *s)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    const char *tmp = getenv("TMPDIR");

    if (s->jobs == 0)
        s->jobs = cpus < 1 ? 1 : cpus > SIM_JOBS_MAX ? SIM_JOBS_MAX : (int)cpus;
    if (s->spool == NULL)
        s->spool = tmp != NULL && tmp[0] != '\0' ? tmp : "/var/tmp";
    if (strcmp(s->lang, "zh-CN") != 0 && strcmp(s->lang, "en") != 0)
        return say("--lang is zh-CN or en");
    if (s->json && s->csv)
        return say("--json and --csv are two; give one");
    return OPTIONS_GO;
}

#define TEXT(member, n, a, ...)                                                \
    {                                                                          \
        .name = (n), .kind = OPTION_TEXT,                                      \
        .at = offsetof(struct simulate, member), .arg = (a), __VA_ARGS__       \
    }
#define FLAG(member, n, h)                                                     \
    {                                                                          \
        .name = (n), .kind = OPTION_FLAG,                                      \
        .at = offsetof(struct simulate, member), .help = (h)                   \
    }
static const struct option_def options[] = {
    TEXT(policy, "policy", "FILE", .required = 1,
         .help = "the other law (docs/POLICY.md)"),
    TEXT(calendar, "calendar", "FILE",
         .help = "its calendar (beside it: calendar-ID.json)"),
    TEXT(history, "history", "FILE",
         .help = "events as docketctl follow --json prints them (-: standard "
                 "input)"),
    TEXT(from, "from", "DATE", .help = "only cases handed in from then on"),
    TEXT(to, "to", "DATE",
         .help = "as of the end of that day (the last event)"),
    TEXT(law_of, "law-of", "DATE",
         .help = "for every case the version in force on that day"),
    FLAG(cases, "cases", "list each limit that comes out differently"),
    FLAG(json, "json", "print JSON"),
    FLAG(csv, "csv", "print CSV; with --cases that list"),
    TEXT(lang, "lang", "LANG", .help = "zh-CN (default) or en"),
    {.name = "jobs",
     .kind = OPTION_INT,
     .at = offsetof(struct simulate, jobs),
     .arg = "N",
     .min = 1,
     .max = SIM_JOBS_MAX,
     .help = "processes that share the work (one for each CPU)"},
    TEXT(spool, "spool", "FOLDER",
         .help = "for temporary files ($TMPDIR, else /var/tmp)"),
    {0},
};
static const struct option_program program = {
    .name = "docket-simulate",
    .about = "Lives every case of a history again under another law, and says "
             "who would\nhave been late, beside who was.",
    .after = "Exits 65 where the history is damaged.  docs/SIMULATE.md tells "
             "more.",
    .opt = options,
};

int main(int argc, char **argv)
{
    struct simulate s = {
        .history = "-",
        .lang = "zh-CN",
        .law = {.from = INT64_MIN, .to = DK_NEVER, .law_of = DK_NEVER}};
    int status = options_parse(&program, &s, argc, argv);

    (void)signal(SIGPIPE, SIG_IGN);
    if (status == OPTIONS_GO)
        status = options_need(&program, &s);
    if (status == OPTIONS_GO)
        status = check_options(&s);
    return status == OPTIONS_GO ? run(&s) : status;
}
