/* docket-deadline - by when the office must act: a loop around core/policy.h.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "core/policy.h"
#include "explain_run.h"
#include "law.h"
#include "options.h"
#include "worker.h"

struct deadline {
    const char *endpoint, *name, *policy, *calendar, *book, *lang;
    int credit, check, print, explain, json;
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

static int check(const struct deadline *d)
{
    struct dk_report r = {0};
    struct law law = {0};
    int status;

    law_load(&law, d->policy, d->calendar, &r);
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
     .help = "with --print and --explain: as JSON"},
    {.name = "lang",
     .kind = OPTION_TEXT,
     .at = offsetof(struct deadline, lang),
     .arg = "LANG",
     .help = "with --print and --explain: zh-CN (default) or en"},
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
    if (status != OPTIONS_GO)
        return status;
    if (d.explain)
        return explain(&d);
    return d.check ? check(&d) : run(&d);
}
