/* docket-escalate - who must hear of it: a loop around core/escalate.h.
 *
 * Every alert is also one line on standard output, the first of the sinks:
 *
 *   alert level=overdue case=330699-20261125-000001-7 clock=conclude
 *         rung=overdue to=officer:zhang,office:330699 attempt=1
 *
 * (in one line).  It is written before the broker hears the answer, so a crash
 * between the two writes it again: at least once, never not at all.
 */
#include <stddef.h>
#include <stdio.h>
#include <sysexits.h>

#include "core/escalate.h"
#include "law.h"
#include "options.h"
#include "sink.h"
#include "worker.h"

struct escalate {
    const char *key_file, *server_key;
    const char *endpoint, *name, *policy, *calendar, *file;
    int credit, check;
    struct law law;
    struct dk_book *book;
    struct sink sink;
};

static int answer(void *arg, const struct dk_case *c, const struct dk_event *e,
                  const struct worker_env *env, struct dk_jw *commands,
                  struct dk_problem *why)
{
    struct escalate *x = arg;
    int rc = dk_escalate_answer(x->law.policy, x->book, c, e, env->offset_min,
                                commands, why);

    if (rc == 0 && !commands->oom)
        rc = sink_write(&x->sink, c->key, env, commands, why);
    return rc;
}

/* All three files or none. */
static int load(const struct escalate *x, struct law *law,
                struct dk_book **book, struct dk_report *r)
{
    struct dk_book *b = law_load_book(x->file, r);
    int rc = law_load(law, x->policy, x->calendar, r);

    if (rc == 0 && (b == NULL || r->errors > 0)) {
        law_fini(law);
        rc = DK_EFIELD;
    }
    if (rc != 0) {
        dk_book_free(b);
        return rc;
    }
    *book = b;
    return 0;
}

static int reload(void *arg)
{
    struct escalate *x = arg;
    struct dk_report r = {0};
    struct law law = {0};
    struct dk_book *book = NULL;
    int rc = load(x, &law, &book, &r);

    files_print_report(&r);
    dk_report_fini(&r);
    if (rc != 0)
        return rc;
    law_fini(&x->law);
    dk_book_free(x->book);
    x->law = law;
    x->book = book;
    return 0;
}

static void about(void *arg, struct worker_about *out)
{
    const struct escalate *x = arg;

    out->county = dk_book_county(x->book);
}

static int check(const struct escalate *x)
{
    struct dk_report r = {0};
    struct law law = {0};
    struct dk_book *book = NULL;
    int status;

    if (load(x, &law, &book, &r) == 0) {
        law_fini(&law);
        dk_book_free(book);
    }
    status = files_check_result(&r);
    dk_report_fini(&r);
    return status;
}

static int run(struct escalate *x)
{
    const struct worker_conf conf = {.service = "escalate",
                                     .endpoint = x->endpoint,
                                     .key_file = x->key_file,
                                     .server_key = x->server_key,
                                     .name = x->name,
                                     .credit = x->credit,
                                     .answer = answer,
                                     .reload = reload,
                                     .about = about,
                                     .arg = x};
    int status;

    if (reload(x) != 0) {
        fprintf(stderr, "docket-escalate: the policy, its calendar or the "
                        "book has mistakes, see above; not started\n");
        return EX_CONFIG;
    }
    status = worker_run(&conf);
    law_fini(&x->law);
    dk_book_free(x->book);
    return status;
}

static const struct option_def options[] = {
    {.name = "connect",
     .kind = OPTION_TEXT,
     .at = offsetof(struct escalate, endpoint),
     .arg = "ENDPOINT",
     .required = 1,
     .help = "the broker's endpoint for workers"},
    OPTION_KEYS(struct escalate),
    {.name = "policy",
     .kind = OPTION_TEXT,
     .at = offsetof(struct escalate, policy),
     .arg = "FILE",
     .required = 1,
     .help = "the law and its ladder as data (docs/POLICY.md)"},
    {.name = "calendar",
     .kind = OPTION_TEXT,
     .at = offsetof(struct escalate, calendar),
     .arg = "FILE",
     .required = 1,
     .help = "holidays and make-up workdays"},
    {.name = "book",
     .kind = OPTION_TEXT,
     .at = offsetof(struct escalate, file),
     .arg = "FILE",
     .required = 1,
     .help = "units, handlers and rules (docs/UNITS.md)"},
    {.name = "name",
     .kind = OPTION_TEXT,
     .at = offsetof(struct escalate, name),
     .arg = "NAME",
     .help = "what the broker calls this worker"},
    {.name = "credit",
     .kind = OPTION_INT,
     .at = offsetof(struct escalate, credit),
     .arg = "N",
     .min = 1,
     .max = WORKER_CREDIT_MAX,
     .help = "tasks in hand at most, 1..256 (64)"},
    {.name = "check",
     .kind = OPTION_FLAG,
     .at = offsetof(struct escalate, check),
     .help = "check the files, print every mistake, exit 0 or 78"},
    {0},
};
static const struct option_program program = {
    .name = "docket-escalate",
    .about = "Answers every rung that a clock reaches with the alert it "
             "calls for,\nand writes each alert as one line to standard "
             "output.",
    .after = "SIGHUP reads the files again; SIGTERM finishes and stops.\n"
             "docs/WORKERS.md tells more.",
    .opt = options,
};

int main(int argc, char **argv)
{
    struct escalate x = {.endpoint = "ipc:///run/docket/workers.sock",
                         .credit = WORKER_CREDIT};
    int status = options_parse(&program, &x, argc, argv);

    if (status == OPTIONS_GO)
        status = options_need(&program, &x);
    if (status != OPTIONS_GO)
        return status;
    return x.check ? check(&x) : run(&x);
}
