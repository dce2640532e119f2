/* docket-assign - who answers for a case: a loop around core/book.h. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "law.h"
#include "options.h"
#include "units.h"
#include "worker.h"

struct assign {
    const char *key_file, *server_key;
    const char *endpoint, *name, *file, *import, *at, *lang;
    int credit, check, dry, stale, json;
    struct dk_book *book;
};

static int answer(void *arg, const struct dk_case *c, const struct dk_event *e,
                  const struct worker_env *env, struct dk_jw *commands,
                  struct dk_problem *why)
{
    const struct assign *a = arg;

    (void)env; /* a choice of units does not depend on the time */
    return dk_book_assign(a->book, c, e, commands, why);
}

/* The new book takes the old one's place only when it is without fault. */
static int reload(void *arg)
{
    struct assign *a = arg;
    struct dk_report r = {0};
    struct dk_book *book = law_load_book(a->file, &r);

    files_print_report(&r);
    dk_report_fini(&r);
    if (book == NULL)
        return DK_EFIELD;
    dk_book_free(a->book);
    a->book = book;
    return 0;
}

static void about(void *arg, struct worker_about *out)
{
    const struct assign *a = arg;

    out->county = dk_book_county(a->book);
}

static int check(const struct assign *a)
{
    struct dk_report r = {0};
    int status;

    dk_book_free(law_load_book(a->file, &r));
    status = files_check_result(&r);
    dk_report_fini(&r);
    return status;
}

static int run(struct assign *a)
{
    const struct worker_conf conf = {.service = "assign",
                                     .endpoint = a->endpoint,
                                     .key_file = a->key_file,
                                     .server_key = a->server_key,
                                     .name = a->name,
                                     .credit = a->credit,
                                     .answer = answer,
                                     .reload = reload,
                                     .about = about,
                                     .arg = a};
    int status;

    if (reload(a) != 0) {
        fprintf(stderr, "docket-assign: the book has mistakes, see above; "
                        "not started\n");
        return EX_CONFIG;
    }
    status = worker_run(&conf);
    dk_book_free(a->book);
    return status;
}

static const struct option_def options[] = {
    {.name = "connect",
     .kind = OPTION_TEXT,
     .at = offsetof(struct assign, endpoint),
     .arg = "ENDPOINT",
     .required = 1,
     .help = "the broker's endpoint for workers"},
    OPTION_KEYS(struct assign),
    {.name = "book",
     .kind = OPTION_TEXT,
     .at = offsetof(struct assign, file),
     .arg = "FILE",
     .help = "units, handlers and rules (docs/UNITS.md)"},
    {.name = "name",
     .kind = OPTION_TEXT,
     .at = offsetof(struct assign, name),
     .arg = "NAME",
     .help = "what the broker calls this worker"},
    {.name = "credit",
     .kind = OPTION_INT,
     .at = offsetof(struct assign, credit),
     .arg = "N",
     .min = 1,
     .max = WORKER_CREDIT_MAX,
     .help = "tasks in hand at most, 1..256 (64)"},
    {.name = "check",
     .kind = OPTION_FLAG,
     .at = offsetof(struct assign, check),
     .help = "check the file, print every mistake, exit 0 or 78"},
    {.name = "import",
     .kind = OPTION_TEXT,
     .at = offsetof(struct assign, import),
     .arg = "FILE.csv",
     .help = "take units from a table into the book; without one only check"},
    {.name = "dry-run",
     .kind = OPTION_FLAG,
     .at = offsetof(struct assign, dry),
     .help = "with --import: write nothing"},
    {.name = "stale",
     .kind = OPTION_FLAG,
     .at = offsetof(struct assign, stale),
     .help = "list the cases on standard input whose unit has closed"},
    {.name = "at",
     .kind = OPTION_TEXT,
     .at = offsetof(struct assign, at),
     .arg = "TIME",
     .help = "with --stale: as of then, not of each case's latest change"},
    {.name = "json",
     .kind = OPTION_FLAG,
     .at = offsetof(struct assign, json),
     .help = "print JSON"},
    {.name = "lang",
     .kind = OPTION_TEXT,
     .at = offsetof(struct assign, lang),
     .arg = "LANG",
     .help = "zh-CN or en (en)"},
    {0},
};
static const struct option_program program = {
    .name = "docket-assign",
    .about = "Answers every new case with the unit and handlers that "
             "answer for it.",
    .after = "SIGHUP reads the book again; SIGTERM finishes and stops.\n"
             "docs/WORKERS.md tells more.",
    .opt = options,
};

/* Whatever is asked but serving. */
static int run_once(const struct assign *a)
{
    const struct units_look look = {.json = a->json != 0,
                                    .zh = strncmp(a->lang, "zh", 2) == 0};

    if (a->import != NULL)
        return units_import(a->import, a->file, a->dry != 0, &look);
    if (a->file == NULL) {
        fputs("docket-assign: --book FILE is missing\n"
              "Try docket-assign --help.\n",
              stderr);
        return EX_USAGE;
    }
    return a->stale ? units_stale(a->file, a->at, stdin, &look) : check(a);
}

int main(int argc, char **argv)
{
    struct assign a = {.endpoint = "ipc:///run/docket/workers.sock",
                       .credit = WORKER_CREDIT,
                       .lang = "en"};
    int status = options_parse(&program, &a, argc, argv);

    if (status != OPTIONS_GO)
        return status;
    if (a.import != NULL || a.stale || a.check || a.file == NULL)
        return run_once(&a);
    status = options_need(&program, &a);
    return status != OPTIONS_GO ? status : run(&a);
}
