#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "proto/client.h"
#include "session.h"

#define LEAVE_MS 4000 /* of the five seconds that we promise */

/* Signals come by an fd; ZeroMQ's threads, started later, inherit the mask. */
static int open_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* A task that does not come to its end would hold this worker for ever, and
 * with it every task behind it.  Whoever started us starts us again.
 */
static void on_wedged(int signo)
{
    static const char line[] =
        "level=error event=wedged detail=\"a task took longer than two leases; "
        "this worker ends, and the task goes to another\"\n";

    (void)signo;
    if (write(STDERR_FILENO, line, sizeof(line) - 1) < 0)
        _exit(EX_SOFTWARE);
    _exit(EX_SOFTWARE);
}

static void watch(dk_ms most)
{
    struct itimerval t = {
        .it_value = {.tv_sec = most / 1000, .tv_usec = most % 1000 * 1000}};

    setitimer(ITIMER_REAL, &t, NULL);
}

struct run {
    struct session *s;
    const struct worker_conf *conf;
    int sigfd;
    dk_ms leave_by; /* DK_NEVER: nobody asked us to go */
};

static void stop(struct run *r, dk_ms now, const char *signal_name)
{
    if (r->leave_by != DK_NEVER) { /* asked twice: at once */
        r->leave_by = now;
        return;
    }
    worker_log("info", "stopping", "service=%s signal=%s in_hand=%d",
               r->conf->service, signal_name, r->s->in_hand);
    r->leave_by = now + LEAVE_MS;
    session_leave(r->s, now);
}

static void reload(const struct run *r, dk_ms now)
{
    if (r->conf->reload == NULL)
        return;
    if (r->conf->reload(r->conf->arg) == 0) {
        worker_log("info", "reloaded", "service=%s", r->conf->service);
        session_renew(r->s, now);
        return;
    }
    worker_log("error", "reload-refused",
               "service=%s detail=\"nothing was changed\"", r->conf->service);
}

static void read_signals(struct run *r, dk_ms now)
{
    struct signalfd_siginfo si;

    while (read(r->sigfd, &si, sizeof(si)) == sizeof(si)) {
        if (si.ssi_signo == SIGHUP)
            reload(r, now);
        else
            stop(r, now, si.ssi_signo == SIGINT ? "INT" : "TERM");
    }
}

/* Sleep until a message, a signal, or `until`. */
static void wait_for(const struct run *r, dk_ms until, dk_ms now)
{
    struct session *s = r->s;
    zmq_pollitem_t item[2] = {
        {.fd = r->sigfd, .events = ZMQ_POLLIN},
        {.socket = s->wire.sock, .events = ZMQ_POLLIN},
    };
    int n = s->wire.sock != NULL ? 2 : 1;
    dk_ms wait;

    if (s->state == SESSION_CONNECT)
        item[1].events = ZMQ_POLLIN | ZMQ_POLLOUT;
    if (r->leave_by < until)
        until = r->leave_by;
    wait = until - now;
    if (until == DK_NEVER)
        wait = -1;
    else if (wait < 0)
        wait = 0;
    if (zmq_poll(item, n, wait) > 0 && n == 2 &&
        (item[1].revents & ZMQ_POLLOUT) != 0)
        session_writable(s, dk_client_now());
}

static void work(struct run *r)
{
    struct session *s = r->s;
    dk_ms now = dk_client_now();

    while (!session_over(s) && now < r->leave_by) {
        dk_ms until = session_tick(s, now);

        if (session_over(s))
            break;
        wait_for(r, until, now);
        now = dk_client_now();
        /* What waits is read before time is looked at: a worker that slept
         * must not take its own sleep for the broker's silence.
         */
        session_drain(s, now);
        read_signals(r, now);
        now = dk_client_now();
    }
}

static int check_conf(const struct worker_conf *conf)
{
    if (conf->name == NULL)
        return 0;
    if (strlen(conf->name) <= SESSION_NAME_MAX &&
        strpbrk(conf->name, " \"/\\\n\t") == NULL)
        return 0;
    worker_log("error", "bad-name",
               "detail=\"a worker's name has 1 to %d "
               "bytes without space, quote or slash\"",
               SESSION_NAME_MAX);
    return EX_USAGE;
}

int worker_run(const struct worker_conf *conf)
{
    struct session s;
    struct run r = {.s = &s, .conf = conf, .leave_by = DK_NEVER};
    struct dk_problem p = {0};
    int status = check_conf(conf);
    void *ctx;

    if (status != 0)
        return status;
    r.sigfd = open_signals();
    if (r.sigfd < 0) {
        worker_log("error", "no-signals", "errno=%d", errno);
        return EX_OSERR;
    }
    ctx = zmq_ctx_new();
    if (ctx == NULL) {
        worker_log("error", "no-zeromq", "errno=%d", errno);
        close(r.sigfd);
        return EX_OSERR;
    }
    if (session_init(&s, conf, ctx, dk_client_now(), &p) != 0) {
        worker_log("error", "bad-endpoint", "detail=\"%s\"", p.detail);
        status = p.code == DK_EFIELD ? EX_USAGE : EX_OSERR;
    } else {
        signal(SIGALRM, on_wedged);
        s.watch = watch;
        worker_log("info", "started", "service=%s worker=%s endpoint=%s",
                   conf->service, s.name, conf->endpoint);
        work(&r);
        status = s.status;
        worker_log("info", "stopped",
                   "service=%s done=%llu failed=%llu refused=%llu",
                   conf->service, (unsigned long long)s.done,
                   (unsigned long long)s.failed, (unsigned long long)s.refused);
    }
    session_fini(&s);
    zmq_ctx_term(ctx);
    close(r.sigfd);
    return status;
}
