/* docket-deadline - by when the office must act: a loop around core/policy.h.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "core/policy.h"
#include "explain_run.h"
#include "law.h"
#include "law_diff.h"
#include "options.h"
#include "worker.h"

struct deadline {
    const char *key_file, *server_key;
    const char *endpoint, *name, *policy, *calendar, *book, *lang;
    const char *diff, *new_calendar, *today;
    int credit, check, print, explain, json, cases;
    struct law law;
};

static int answer(void *arg, const struct dk_case *c, const struct dk_event *e,
                  const struct worker_env *env, struct dk_jw *commands,
                  struct dk_problem *why)
{
    const struct deadline *d = arg;

    return dk_policy_answer(d->law.policy, d->law.calendar, c, e,
                            env->offset_min, commands, why);
}

static int reload(void *arg)
{
    struct deadline *d = arg;

    return law_reload(&d->law, d->policy, d->calendar);
}

static void about(void *arg, struct worker_about *out)
{
    const struct deadline *d = arg;
    int first, unverified;

    dk_calendar_span(d->law.calendar, &first, &out->calendar_until,
                     &unverified);
}

/* The day that it is in the calendar's zone: as given, or the machine's. */
static int64_t today(const struct deadline *d, const struct dk_calendar *cal)
{
    struct dk_date date;

    if (d->today != NULL &&
        dk_date_parse(d->today, strlen(d->today), &date) == 0)
        return dk_days_from_date(date);
    return dk_zone_day(dk_calendar_zone(cal), (dk_ms)time(NULL) * DK_SECOND);
}

static int check(const struct deadline *d)
{
    struct dk_report r = {0};
    struct law law = {0};
    int status;

    law_load(&law, d->policy, d->calendar, &r);
    if (law.calendar != NULL)
        dk_calendar_check(law.calendar, d->calendar, today(d, law.calendar),
                          &r);
    status = files_check_result(&r);
    law_fini(&law);
    dk_report_fini(&r);
    return status;
}

static int print(const struct deadline *d)
{
    struct dk_jw w = {0};
    char *text = NULL;
    int status = 0;

    dk_policy_print(d->law.policy, d->lang, d->json ? &w : NULL,
                    d->json ? NULL : &text);
    if (d->json && !w.oom && w.len > 0)
        puts(w.buf);
    else if (!d->json && text != NULL)
        fputs(text, stdout);
    else
        status = EX_OSERR;
    if (fflush(stdout) != 0)
        status = EX_IOERR;
    free(text);
    dk_jw_fini(&w);
    return status;
}

static int run(struct deadline *d)
{
    const struct worker_conf conf = {.service = "deadline",
                                     .endpoint = d->endpoint,
                                     .key_file = d->key_file,
                                     .server_key = d->server_key,
                                     .name = d->name,
                                     .credit = d->credit,
                                     .answer = answer,
                                     .reload = reload,
                                     .about = about,
                                     .arg = d};
    int status;

    if (reload(d) != 0) {
        fprintf(stderr, "docket-deadline: the policy or its calendar has "
                        "mistakes, see above; not started\n");
        return EX_CONFIG;
    }
    status = d->print ? print(d) : worker_run(&conf);
    law_fini(&d->law);
    return status;
}

static int explain(const struct deadline *d)
{
    const struct explain_files f = {.policy = d->policy,
                                    .calendar = d->calendar,
                                    .book = d->book,
                                    .lang = d->lang,
                                    .json = d->json};

    return explain_run(&f);
}

static int diff(const struct deadline *d)
{
    const struct law_diff_ask ask = {.policy = d->policy,
                                     .calendar = d->calendar,
                                     .new_policy = d->diff,
                                     .new_calendar = d->new_calendar,
                                     .lang = d->lang,
                                     .json = d->json,
                                     .cases = d->cases ? stdin : NULL};

    return law_diff(&ask);
}

static int check_today(const char *day)
{
    struct dk_date date;

    if (day == NULL || dk_date_parse(day, strlen(day), &date) == 0)
        return OPTIONS_GO;
    fprintf(stderr,
            "docket-deadline: --today is a date such as 2026-11-01, not "
            "\"%s\"\n",
            day);
    return EX_USAGE;
}

static int check_lang(const char *lang)
{
    if (strcmp(lang, "zh-CN") == 0 || strcmp(lang, "en") == 0)
        return OPTIONS_GO;
    fprintf(stderr, "docket-deadline: --lang is zh-CN or en, not \"%s\"\n",
            lang);
    return EX_USAGE;
}

static const struct option_def options[] = {
    {.name = "connect",
     .kind = OPTION_TEXT,
     .at = offsetof(struct deadline, endpoint),
     .arg = "ENDPOINT",
     .required = 1,
     .help = "the broker's endpoint for workers"},
    OPTION_KEYS(struct deadline),
    {.name = "policy",
     .kind = OPTION_TEXT,
     .at = offsetof(struct deadline, policy),
     .arg = "FILE",
     .required = 1,
     .help = "the law as data (docs/POLICY.md)"},
    {.name = "calendar",
     .kind = OPTION_TEXT,
     .at = offsetof(struct deadline, calendar),
     .arg = "FILE",
     .required = 1,
     .help = "holidays and make-up workdays"},
    {.name = "name",
     .kind = OPTION_TEXT,
     .at = offsetof(struct deadline, name),
     .arg = "NAME",
     .help = "what the broker calls this worker"},
    {.name = "credit",
     .kind = OPTION_INT,
     .at = offsetof(struct deadline, credit),
     .arg = "N",
     .min = 1,
     .max = WORKER_CREDIT_MAX,
     .help = "tasks in hand at most, 1..256 (64)"},
    {.name = "check",
     .kind = OPTION_FLAG,
     .at = offsetof(struct deadline, check),
     .help = "check the files, print every mistake, exit 0 or 78"},
    {.name = "print",
     .kind = OPTION_FLAG,
     .at = offsetof(struct deadline, print),
     .help = "print what the policy says, and exit"},
    {.name = "today",
     .kind = OPTION_TEXT,
     .at = offsetof(struct deadline, today),
     .arg = "DAY",
     .help = "with --check: as of that day (default: the machine's)"},
    {.name = "diff",
     .kind = OPTION_TEXT,
     .at = offsetof(struct deadline, diff),
     .arg = "NEW",
     .help = "print what the policy NEW changes, and exit"},
    {.name = "new-calendar",
     .kind = OPTION_TEXT,
     .at = offsetof(struct deadline, new_calendar),
     .arg = "FILE",
     .help = "with --diff: the calendar of NEW (default: the same)"},
    {.name = "cases",
     .kind = OPTION_FLAG,
     .at = offsetof(struct deadline, cases),
     .help = "with --diff: for the case files on standard input, too"},
    {.name = "explain",
     .kind = OPTION_FLAG,
     .at = offsetof(struct deadline, explain),
     .help = "explain the case (with its events) on standard input, and exit"},
    {.name = "book",
     .kind = OPTION_TEXT,
     .at = offsetof(struct deadline, book),
     .arg = "FILE",
     .help = "with --explain: the units, for names and who is told"},
    {.name = "json",
     .kind = OPTION_FLAG,
     .at = offsetof(struct deadline, json),
     .help = "with --print, --diff, --explain: as JSON"},
    {.name = "lang",
     .kind = OPTION_TEXT,
     .at = offsetof(struct deadline, lang),
     .arg = "LANG",
     .help = "with these: zh-CN (default) or en"},
    {0},
};
static const struct option_program program = {
    .name = "docket-deadline",
    .about = "Answers every event with the legal time limits that it "
             "starts or moves.",
    .after = "SIGHUP reads the files again; SIGTERM finishes and stops.\n"
             "docs/WORKERS.md tells more.",
    .opt = options,
};

int main(int argc, char **argv)
{
    struct deadline d = {.endpoint = "ipc:///run/docket/workers.sock",
                         .lang = "zh-CN",
                         .credit = WORKER_CREDIT};
    int status = options_parse(&program, &d, argc, argv);

    if (status == OPTIONS_GO)
        status = options_need(&program, &d);
    if (status == OPTIONS_GO)
        status = check_lang(d.lang);
    if (status == OPTIONS_GO)
        status = check_today(d.today);
    if (status != OPTIONS_GO)
        return status;
    if (d.explain)
        return explain(&d);
    if (d.diff != NULL)
        return diff(&d);
    return d.check ? check(&d) : run(&d);
}
