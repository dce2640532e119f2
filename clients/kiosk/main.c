/* docket-kiosk - takes cases, keeps them safe, forwards them.
 *
 * One loop: take (lines, files) into the spool, pump the spool to the broker,
 * sleep until something comes.  Everything that matters is in the spool's
 * file, so the process may be killed at any moment.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "forward.h"
#include "journal/note.h"
#include "options.h"
#include "take.h"
#include "wake.h"
#include "web.h"

struct kiosk {
    struct kiosk_options opt;
    struct spool *spool;
    struct dk_client *client;
    struct say say;
    struct take take;
    struct forward forward;
    struct wake *wake;
    struct web *web; /* NULL: no page */
    dk_ms drain_by;  /* DK_NEVER until all is taken */
    bool tidy;       /* the spool's log was emptied since the last answer */
    bool stop;
    bool broken; /* the spool must not be used any more */
    int status;
};

static int exit_status(int code)
{
    switch (code) {
    case DK_EBUSY:
        return EX_TEMPFAIL;
    case DK_EVERSION:
        return EX_DATAERR;
    case DK_ENOTFOUND:
        return EX_NOINPUT;
    case DK_EFORBIDDEN:
        return EX_CANTCREAT;
    case DK_EFIELD:
    case DK_EJSON: /* the form is no JSON */
    case DK_ETOOBIG:
        return EX_USAGE;
    case DK_EFULL:
    case DK_EIO:
        return EX_IOERR;
    default:
        return EX_SOFTWARE;
    }
}

static int open_signals(void)
{
    static const int wanted[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        sigaddset(&set, wanted[i]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void give_up(struct kiosk *k, const struct dk_problem *p)
{
    note("error", "stopped", "code=%s detail=\"%s\"", dk_err_slug(p->code),
         p->detail);
    k->status = exit_status(p->code);
    k->stop = true;
    k->broken = true;
}

static void print_counts(struct kiosk *k)
{
    struct spool_counts c;
    struct dk_problem p = {0};

    if (spool_count(k->spool, &c, &p) != 0)
        give_up(k, &p);
    else
        say_status(&k->say, &c);
}

static void read_signals(struct kiosk *k)
{
    struct signalfd_siginfo si;

    while (read(k->say.sigfd, &si, sizeof(si)) == sizeof(si)) {
        if (si.ssi_signo == SIGUSR1) {
            print_counts(k);
            continue;
        }
        /* What is in the spool goes on when we are started again; a drain
         * that was stopped has not done what it was asked.
         */
        k->stop = true;
        k->status = k->opt.drain ? EX_TEMPFAIL : 0;
    }
}

/* Read stdin only when it says that it has something. */
static void fill_lines(struct kiosk *k, short revents)
{
    if (revents == 0 || !k->take.line_wanted)
        return;
    k->take.line_wanted = false;
    if (lines_fill(&k->take.lines) != 0) {
        note("error", "stdin",
             "detail=\"standard input cannot be read: "
             "%s\"",
             strerrordesc_np(errno));
        k->take.lines.eof = true;
        k->status = EX_IOERR;
    }
}

static void check_drained(struct kiosk *k, bool all_taken, dk_ms now)
{
    if (!k->opt.drain || !all_taken)
        return;
    if (forward_idle(&k->forward)) {
        k->stop = true;
        if (k->status == 0 && k->say.refused > 0)
            k->status = EX_DATAERR; /* not everything has arrived */
        return;
    }
    if (k->drain_by == DK_NEVER)
        k->drain_by = now + k->opt.timeout_ms;
    if (now < k->drain_by)
        return;
    note("error", "not-drained",
         "detail=\"cases still wait; they are safe "
         "in the spool\"");
    k->status = EX_TEMPFAIL;
    k->stop = true;
}

/* In idle moments wipe what the log still holds of acknowledged cases. */
static void keep_tidy(struct kiosk *k, bool idle)
{
    struct dk_problem p = {0};

    if (!idle) {
        k->tidy = false;
    } else if (!k->tidy) {
        k->tidy = true;
        if (spool_tidy(k->spool, &p) != 0)
            give_up(k, &p);
    }
}

static int until(dk_ms at, dk_ms now)
{
    if (at <= now)
        return 0;
    return at - now < 60000 ? (int)(at - now) : 60000;
}

static void sleep_until(struct kiosk *k, dk_ms at, dk_ms now)
{
    const struct take *t = &k->take;
    bool want_line = t->line_wanted && t->hold_until == 0;
    struct pollfd fd[4] = {
        {.fd = k->say.sigfd, .events = POLLIN},
        {.fd = dk_client_fd(k->client), .events = POLLIN},
        {.fd = want_line ? t->lines.fd : -1, .events = POLLIN},
        {.fd = t->folder.notify, .events = POLLIN},
    };

    if (wake_wait(k->wake, fd, 4, until(at, now)) < 0)
        return;
    fill_lines(k, fd[2].revents);
}

static dk_ms wake_at(const struct kiosk *k, bool more, dk_ms now)
{
    dk_ms at = forward_next(&k->forward);

    if (more)
        return now;
    if (k->web != NULL && web_next(k->web) < at)
        at = web_next(k->web);
    if (k->take.hold_until != 0 && k->take.hold_until < at)
        at = k->take.hold_until;
    if (k->take.folder.dir >= 0 && k->take.folder.scan_at < at)
        at = k->take.folder.scan_at;
    return k->drain_by < at ? k->drain_by : at;
}

static void print_refused(void *arg, const char *submission,
                          const char *problem)
{
    struct say *say = arg;
    struct dk_problem p = {0};
    cJSON *o = NULL;

    if (dk_json_parse_obj(problem, strlen(problem), DK_BODY_MAX, &o, &p) == 0)
        dk_problem_read(o, &p);
    cJSON_Delete(o);
    say_refused(say, submission, &p);
}

static void print_answer(void *arg, const char *submission, const char *case_no,
                         const char *code, const char *problem)
{
    if (case_no != NULL && code != NULL)
        say_case(arg, submission, case_no, code);
    else if (problem != NULL)
        print_refused(arg, submission, problem);
}

/* Its id may be hurt too: whatever it is, it must be text that can be told. */
static void print_damaged(void *arg, const char *submission)
{
    char id[DK_UUID_TEXT] = "";

    for (size_t i = 0; submission[i] != '\0' && i + 1 < sizeof(id); i++)
        id[i] =
            submission[i] > 0x20 && submission[i] < 0x7f ? submission[i] : '?';
    say_damaged(arg, id);
    note("error", "damaged", "submission=%s", id);
}

/* What the broker answered and an earlier run, killed, may not have printed;
 * and what the disk did to the spool.
 */
static void catch_up(struct kiosk *k)
{
    struct dk_problem p = {0};

    if (spool_aside(k->spool, true, print_damaged, &k->say, &p) != 0 ||
        spool_untold(k->spool, print_answer, &k->say, &p) != 0)
        give_up(k, &p);
    else if (!k->say.failed)
        spool_told(k->spool);
}

static void work(struct kiosk *k)
{
    struct dk_problem p = {0};
    bool more = false;

    catch_up(k);
    while (!k->stop) {
        dk_ms now = dk_client_now();
        bool all_taken;

        if (take_some(&k->take, now, &more, &p) != 0 ||
            forward_pump(&k->forward, now, &p) != 0 ||
            (k->web != NULL && web_pump(k->web, now, &p) != 0)) {
            give_up(k, &p);
            break;
        }
        if (k->say.failed) {
            k->status = EX_IOERR;
            k->stop = true;
        }
        all_taken = !more && take_over(&k->take);
        check_drained(k, all_taken, now);
        keep_tidy(k, !more && forward_idle(&k->forward));
        if (!k->stop)
            sleep_until(k, wake_at(k, more, now), now);
        read_signals(k);
    }
    /* What was told is written down, so that the next start is silent. */
    if (!k->broken && spool_tidy(k->spool, &p) != 0)
        give_up(k, &p);
}

static void show_status(struct kiosk *k)
{
    struct dk_problem p = {0};

    print_counts(k);
    if (k->status == 0 &&
        spool_aside(k->spool, false, print_damaged, &k->say, &p) != 0)
        give_up(k, &p);
    if (k->status == 0 &&
        spool_refused(k->spool, print_refused, &k->say, &p) != 0)
        give_up(k, &p);
}

static int open_page(struct kiosk *k, struct dk_problem *p)
{
    const struct web_options with = {
        .where = k->opt.page,
        .files = k->opt.page_files,
        .form = k->opt.form,
        .printer = k->opt.printer,
        .spool = k->opt.spool,
        .idle_s = k->opt.idle_s,
    };

    k->wake = wake_new();
    if (k->wake == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    return web_open(wake_base(k->wake), &with, k->spool, &k->say, &k->forward,
                    &k->web, p);
}

static int open_all(struct kiosk *k, struct dk_problem *p)
{
    const struct kiosk_options *o = &k->opt;
    const struct dk_client_options with = {.key_file = o->key_file,
                                           .server_key = o->server_key};
    int rc = spool_open(o->spool, !o->status, &k->spool, p);

    if (rc != 0 || o->status)
        return rc;
    lines_init(&k->take.lines, o->use_stdin ? STDIN_FILENO : -1);
    k->take.line_wanted = o->use_stdin;
    if (o->folder != NULL)
        rc = folder_open(&k->take.folder, o->folder, p);
    if (rc != 0)
        return rc;
    k->client = dk_client_open(o->endpoint, &with, p);
    if (k->client == NULL)
        return p->code;
    k->take.spool = k->forward.spool = k->spool;
    k->take.say = k->forward.say = &k->say;
    k->forward.client = k->client;
    k->forward.kiosk = o->name;
    return o->page != NULL ? open_page(k, p) : 0;
}

/* What petitioners said is in memory: a crash must not put it on the disk. */
static void no_core(void)
{
    const struct rlimit none = {0, 0};

    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
}

int main(int argc, char **argv)
{
    struct dk_problem p = {0};
    struct kiosk *k;
    int status;

    k = calloc(1, sizeof(*k)); /* its line buffer is too large for a stack */
    if (k == NULL)
        return EX_OSERR;
    no_core();
    k->drain_by = DK_NEVER;
    k->take.folder.dir = k->take.folder.notify = -1;
    status = kiosk_options_read(argc, argv, &k->opt);
    if (status >= 0) {
        free(k);
        return status;
    }
    k->say.json = k->opt.json;
    k->say.sigfd = open_signals();
    if (sodium_init() < 0 || k->say.sigfd < 0)
        k->status = EX_OSERR;
    else if (open_all(k, &p) != 0)
        give_up(k, &p);
    else if (k->opt.status)
        show_status(k);
    else
        work(k);
    web_close(k->web, !k->broken);
    wake_free(k->wake);
    dk_client_close(k->client);
    take_fini(&k->take);
    spool_close(k->spool);
    if (k->say.sigfd >= 0)
        close(k->say.sigfd);
    status = k->status;
    free(k);
    return status;
}
