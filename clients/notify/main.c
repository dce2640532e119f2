/* docket-notify - tells people of alerts: by e-mail, webhook, command, journal.
 *
 * It follows the broker's events, keeps in a file of its own what goes to whom,
 * and tries until it has been delivered or is a dead letter (docs/NOTIFY.md).
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "command.h"
#include "conf.h"
#include "journal/note.h"
#include "render.h"
#include "send.h"
#include "sign.h"
#include "state.h"
#include "stream.h"

#define SLEEP_MS 5000 /* a resend by hand is seen after so long at most */
#define PRUNE_MS ((dk_ms)6 * 3600 * 1000)
#define HOLD_MS  5000 /* after our own file failed */

static const char help[] =
    "usage: docket-notify [--config FILE]                 tell people\n"
    "       docket-notify [--config FILE] dead            dead letters\n"
    "       docket-notify [--config FILE] resend KEY|all  try them again\n"
    "       docket-notify [--config FILE] drop KEY|all    give them up\n"
    "       docket-notify [--config FILE] status          counts\n"
    "       docket-notify [--config FILE] test NAME       a message to try it\n"
    "\n"
    "Follows the broker's events and tells each recipient of the alerts that\n"
    "are theirs, by e-mail, webhook, command or the journal, with quiet hours\n"
    "and digests, until it has been delivered.\n"
    "\n"
    "options:\n"
    "  --config FILE    the configuration (" CONF_FILE ")\n"
    "  --check-config   check it, print every mistake, end with 0 or 78\n"
    "  --new-secret     print a new secret for a webhook, and end\n"
    "  --json           dead and status print JSON\n"
    "  --help, --version\n"
    "\n"
    "SIGHUP reads the configuration again; SIGTERM stops at any moment "
    "without\n"
    "loss.  docs/NOTIFY.md tells more.\n";

struct app {
    const char *file;
    struct conf *conf;
    struct state *state;
    struct stream stream;
    struct sender sender;
    dk_ms prune_at;
    int signals, lock;
    bool stop;
};

/* ---- what became of a try ---- */

static void on_done(void *arg, const struct message *m,
                    enum dk_notify_outcome outcome, dk_ms wish, const char *why)
{
    struct app *a = arg;
    const struct conf *c = a->conf;
    const struct dk_notify_retry retry = {.most = (int)c->tries,
                                          .first = c->first_wait_s * DK_SECOND,
                                          .limit =
                                              c->most_wait_min * DK_MINUTE};
    int tries = m->tries + 1;
    uint64_t chance;
    dk_ms wait;

    if (outcome == DK_NOTIFY_SENT) {
        note("info", "sent", "key=%s to=%s by=%s tries=%d", m->key,
             m->recipient, channel_names[m->channel], tries);
        /* If this cannot be noted, it is sent again under the same key. */
        (void)state_sent(a->state, m->id, dk_client_wall());
        return;
    }
    randombytes_buf(&chance, sizeof(chance));
    wait = dk_notify_wait(&retry, tries, outcome, chance, wish);
    if (wait == DK_NEVER)
        note("error", "dead",
             "key=%s to=%s by=%s tries=%d why=\"%s\" hint=\"docket-notify "
             "dead; resend\"",
             m->key, m->recipient, channel_names[m->channel], tries, why);
    else
        note("warn", "failed",
             "key=%s to=%s by=%s tries=%d again_s=%" PRId64 " why=\"%s\"",
             m->key, m->recipient, channel_names[m->channel], tries,
             wait / DK_SECOND, why);
    (void)state_failed(a->state, m->id, why,
                       wait == DK_NEVER ? DK_NEVER : dk_client_wall() + wait);
}

/* ---- one turn ---- */

static int start_due(struct app *a, dk_ms now)
{
    struct render r = {a->conf, a->stream.at.broker, now};
    int rc = state_form(a->state, now, now, render_message, &r);
    struct message m;
    int64_t after = 0;

    while (rc == 0 && a->sender.n < (size_t)a->conf->at_once &&
           (rc = state_next(a->state, now, after, &m)) == 1) {
        rc = 0;
        after = m.id;
        if (sender_has(&a->sender, m.id))
            message_fini(&m);
        else
            sender_start(&a->sender, &m);
    }
    return rc < 0 ? rc : 0;
}

/* Milliseconds until something of ours is due. */
static int sleep_for(struct app *a, dk_ms wake, dk_ms late)
{
    dk_ms left = wake - dk_client_now(), due = DK_NEVER;

    if (state_due(a->state, &due) == 0 && due != DK_NEVER) {
        due -= dk_client_wall();
        /* What is under way, or waits for a place, is told by its end. */
        if (due < 0)
            due = a->sender.n > 0 ? SLEEP_MS : 0;
        left = due < left ? due : left;
    }
    left = late < left ? late : left;
    if (left > SLEEP_MS)
        left = SLEEP_MS;
    return left < 0 ? 0 : (int)left;
}

static void reload(struct app *a)
{
    struct dk_report r = {0};
    struct conf *c = conf_load(a->file, &r);

    if (r.text != NULL)
        (void)fputs(r.text, stderr);
    if (c == NULL) {
        note("error", "reload_refused", "file=\"%s\"", a->file);
    } else if (strcmp(c->data, a->conf->data) != 0 ||
               strcmp(c->connect, a->conf->connect) != 0) {
        note("error", "reload_refused",
             "why=\"another data or connect needs a restart\"");
        conf_free(c);
    } else {
        note("info", "reloaded", "recipients=%zu", c->n);
        /* Tries under way have copies of what they need. */
        conf_free(a->conf);
        a->stream.conf = a->sender.conf = a->conf = c;
    }
    dk_report_fini(&r);
}

static void take_signals(struct app *a)
{
    struct signalfd_siginfo s;

    while (read(a->signals, &s, sizeof(s)) == (ssize_t)sizeof(s)) {
        if (s.ssi_signo == SIGHUP)
            reload(a);
        else if (s.ssi_signo != SIGCHLD && s.ssi_signo != SIGUSR1)
            a->stop = true;
    }
}

static void turn(struct app *a)
{
    dk_ms wake = dk_client_now() + SLEEP_MS;
    struct pollfd fds[2] = {
        {.fd = a->signals, .events = POLLIN},
        {.fd = dk_client_fd(a->stream.client), .events = POLLIN}};
    int rc;

    take_signals(a);
    dk_ms late = sender_work(&a->sender);
    rc = start_due(a, dk_client_wall());
    if (rc == 0 && dk_client_now() >= a->prune_at) {
        rc = state_prune(a->state, a->conf->keep_days * DK_DAY);
        a->prune_at = dk_client_now() + PRUNE_MS;
    }
    /* Last, for the client's descriptor only tells of what is new. */
    if (rc == 0)
        rc = stream_tick(&a->stream, &wake);
    if (a->stop)
        return;
    if (rc != 0) /* the disk: wait for a signal at most */
        (void)poll(fds, 1, HOLD_MS);
    else
        (void)poll(fds, 2, sleep_for(a, wake, late));
}

/* ---- start and end ---- */

static bool block_signals(struct app *a)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGCHLD);
    (void)sigaddset(&set, SIGUSR1);
    (void)signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return false;
    a->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return a->signals >= 0;
}

/* Two notifiers on one folder would each send everything. */
static bool lock_folder(struct app *a)
{
    char path[600];

    (void)snprintf(path, sizeof(path), "%s/lock", a->conf->data);
    a->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (a->lock < 0 || flock(a->lock, LOCK_EX | LOCK_NB) != 0)
        return false;
    /* Whom `resend` and `test` wake. */
    return ftruncate(a->lock, 0) == 0 &&
           dprintf(a->lock, "%ld\n", (long)getpid()) > 0;
}

static int serve(struct app *a)
{
    struct dk_problem p = {0};
    int rc;

    if (!block_signals(a))
        return EX_OSERR;
    if (!lock_folder(a)) {
        note("error", "not_started", "data=\"%s\" why=\"%s\"", a->conf->data,
             errno == EWOULDBLOCK ? "another docket-notify uses it"
                                  : strerrordesc_np(errno));
        return errno == EWOULDBLOCK ? EX_TEMPFAIL : EX_CANTCREAT;
    }
    rc = state_open(&a->state, a->conf->data, &p);
    if (rc == 0)
        rc = stream_init(&a->stream, a->conf, a->state, &p);
    if (rc != 0) {
        note("error", "not_started", "why=\"%s\"", p.detail);
        return EX_CONFIG;
    }
    a->sender = (struct sender){.conf = a->conf, .done = on_done, .arg = a};
    note("info", "started", "recipients=%zu next=%" PRId64, a->conf->n,
         a->stream.at.next);
    while (!a->stop)
        turn(a);
    note("info", "stopped",
         "events=%" PRIu64 " alerts=%" PRIu64 " nobody=%" PRIu64,
         a->stream.did.events, a->stream.did.alerts, a->stream.did.nobody);
    return EX_OK;
}

static void app_fini(struct app *a)
{
    sender_fini(&a->sender);
    if (a->stream.client != NULL)
        stream_fini(&a->stream);
    state_close(a->state);
    conf_free(a->conf);
    if (a->signals >= 0)
        (void)close(a->signals);
    if (a->lock >= 0)
        (void)close(a->lock);
}

enum {
    O_CONFIG = 256,
    O_CHECK,
    O_SECRET,
    O_JSON,
    O_HELP,
    O_VERSION
};
static const struct option options[] = {
    {"config", required_argument, NULL, O_CONFIG},
    {"check-config", no_argument, NULL, O_CHECK},
    {"new-secret", no_argument, NULL, O_SECRET},
    {"json", no_argument, NULL, O_JSON},
    {"help", no_argument, NULL, O_HELP},
    {"version", no_argument, NULL, O_VERSION},
    {0},
};

static int complain(const char *what, const char *word)
{
    (void)fprintf(stderr, "docket-notify: %s%s\nTry docket-notify --help.\n",
                  what, word);
    return EX_USAGE;
}

/* -1: go on; else the status to end with. */
static int one_option(int v, const char *word, bool *check, bool *json,
                      const char **file)
{
    char secret[SIGN_TEXT];

    switch (v) {
    case O_CONFIG:
        *file = optarg;
        return -1;
    case O_CHECK:
        *check = true;
        return -1;
    case O_JSON:
        *json = true;
        return -1;
    case O_SECRET:
        sign_new_secret(secret);
        (void)puts(secret);
        return EX_OK;
    case O_HELP:
        (void)fputs(help, stdout);
        return EX_OK;
    case O_VERSION:
        (void)puts("docket-notify " DK_VERSION_TEXT);
        return EX_OK;
    default:
        return complain("there is no such option, or it wants a value: ", word);
    }
}

int main(int argc, char **argv)
{
    struct app a = {.file = CONF_FILE, .signals = -1, .lock = -1};
    struct dk_report r = {0};
    bool check = false, json = false;
    int status = -1, v;

    if (sodium_init() < 0)
        return EX_OSERR;
    opterr = 0;
    while (status == -1 &&
           (v = getopt_long(argc, argv, "", options, NULL)) != -1)
        status = one_option(v, argv[optind - 1], &check, &json, &a.file);
    if (status != -1)
        return status;
    if (argc - optind > 2)
        return complain("too many words: ", argv[optind + 2]);
    if (optind < argc && !command_is(argv[optind]))
        return complain("there is no command ", argv[optind]);
    a.conf = conf_load(a.file, &r);
    if (r.text != NULL)
        (void)fputs(r.text, stderr);
    dk_report_fini(&r);
    if (a.conf == NULL)
        status = EX_CONFIG;
    else if (check)
        status =
            printf("%s: no mistakes, %zu recipients\n", a.file, a.conf->n) > 0
                ? EX_OK
                : EX_IOERR;
    else if (optind < argc)
        status = command_run(a.conf, argv[optind],
                             optind + 1 < argc ? argv[optind + 1] : NULL, json);
    else
        status = serve(&a);
    app_fini(&a);
    return status;
}
