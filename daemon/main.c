/* main.c - docketd: options, config, build, loop, tear down. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include <zmq.h>

#include "daemon/daemon.h"
#include "proto/timefmt.h"

struct options {
    const char *config;
    bool check, help, version;
};

/* Long options that set a key of the config table. */
static const struct {
    const char *name, *key, *arg, *help;
} setters[] = {
    {"data", "broker.data", "DIR", "folder of the database"},
    {"store", "broker.store", "URL", "sqlite:FILE (default DIR/docket.db)"},
    {"clients", "broker.clients", "ENDPOINT", "where kiosks and tools connect"},
    {"workers", "broker.workers", "ENDPOINT", "where workers connect"},
    {"county", "office.county", "NNNNNN", "six digits of GB/T 2260"},
    {"utc-offset", "office.utc_offset", "+HH:MM", "the office's time zone"},
    {"batch", "limits.batch", "N", "most commands in one transaction"},
    {"heartbeat-ms", "limits.heartbeat_ms", "N", "between workers' heartbeats"},
    {"lease-ms", "limits.lease_ms", "N", "longest a worker may take"},
    {"max-attempts", "limits.max_attempts", "N", "before a task is dead"},
    {"followers", "limits.followers", "N", "most followers of the events"},
    {"log-level", "broker.log_level", "LEVEL", "error, warn, info or debug"},
};
#define N_SETTERS (sizeof(setters) / sizeof(setters[0]))

enum {
    OPT_CONFIG = 256,
    OPT_TEST_CLOCK,
    OPT_CHECK,
    OPT_HELP,
    OPT_VERSION
};

static void usage(FILE *f)
{
    fputs("Usage: docketd [OPTION]...\n"
          "The broker of docket: makes cases durable, hands tasks to workers,\n"
          "fires the clocks of the law.\n\n"
          "  --config FILE         read FILE (default " CONFIG_DEFAULT_FILE
          " if it exists)\n",
          f);
    for (size_t i = 0; i < N_SETTERS; i++)
        fprintf(f, "  --%-12s %-8s %s\n", setters[i].name, setters[i].arg,
                setters[i].help);
    fputs("  --test-clock TIME     time stands still and moves only by order\n"
          "  --check-config        check options and config, then exit\n"
          "  --help, --version\n\n"
          "SIGTERM finishes what is under way and stops.  Exit status: 0, or\n"
          "of sysexits(3): 64 usage, 65 data, 73 cannot create, 74 I/O,\n"
          "75 in use by another broker, 78 config.\n",
          f);
}

static void build_options(struct option *o)
{
    size_t n = 0;

    for (; n < N_SETTERS; n++)
        o[n] = (struct option){setters[n].name, required_argument, NULL,
                               (int)n + 1};
    o[n++] = (struct option){"config", required_argument, NULL, OPT_CONFIG};
    o[n++] =
        (struct option){"test-clock", required_argument, NULL, OPT_TEST_CLOCK};
    o[n++] = (struct option){"check-config", no_argument, NULL, OPT_CHECK};
    o[n++] = (struct option){"help", no_argument, NULL, OPT_HELP};
    o[n++] = (struct option){"version", no_argument, NULL, OPT_VERSION};
    o[n] = (struct option){NULL, 0, NULL, 0};
}

static int complain(const struct dk_problem *p, int exit_code)
{
    fprintf(stderr, "docketd: %s\n", p->detail);
    fprintf(stderr, "docketd: %s\n", p->detail_zh);
    return exit_code;
}

static int set_test_clock(struct config *c, const char *arg)
{
    c->test_clock = true;
    if (dk_time_parse(arg, strlen(arg), &c->test_time) == DK_OK)
        return 0;
    fprintf(stderr,
            "docketd: --test-clock needs a time such as "
            "2026-05-06T09:00:00+08:00, not '%s'\n",
            arg);
    return EX_USAGE;
}

/* One pass over the command line; the config file lies between the two. */
static int read_options(int argc, char **argv, struct config *c,
                        struct options *opt, bool second)
{
    struct option long_opts[N_SETTERS + 6];
    struct dk_problem p = {0};
    int o;

    build_options(long_opts);
    optind = 1;
    opterr = !second;
    while ((o = getopt_long(argc, argv, "", long_opts, NULL)) != -1) {
        if (o == OPT_CONFIG)
            opt->config = optarg;
        else if (o == OPT_CHECK)
            opt->check = true;
        else if (o == OPT_HELP)
            opt->help = true;
        else if (o == OPT_VERSION)
            opt->version = true;
        else if (o == '?')
            return EX_USAGE;
        else if (o == OPT_TEST_CLOCK && set_test_clock(c, optarg) != 0)
            return EX_USAGE;
        else if (o <= (int)N_SETTERS && second &&
                 config_set(c, setters[o - 1].key, optarg, &p) != DK_OK)
            return complain(&p, EX_USAGE);
    }
    if (optind < argc) {
        fprintf(stderr, "docketd: '%s' is not an option; see --help\n",
                argv[optind]);
        return EX_USAGE;
    }
    return 0;
}

static int read_config(struct config *c, const struct options *opt)
{
    static char errors[8192];
    const char *file = opt->config != NULL ? opt->config : CONFIG_DEFAULT_FILE;

    if (opt->config == NULL && access(file, F_OK) != 0)
        return 0;
    if (config_load(c, file, errors, sizeof(errors)) == DK_OK)
        return 0;
    fprintf(stderr, "docketd: the configuration cannot be used:\n%s", errors);
    return EX_CONFIG;
}

static int configure(int argc, char **argv, struct config *c,
                     struct options *opt)
{
    struct dk_problem p = {0};

    config_defaults(c);
    int rc = read_options(argc, argv, c, opt, false);
    if (rc != 0 || opt->help || opt->version)
        return rc;
    rc = read_config(c, opt);
    if (rc == 0)
        rc = read_options(argc, argv, c, opt, true);
    if (rc == 0 && config_check(c, &p) != DK_OK)
        return complain(&p, EX_CONFIG);
    if (rc == 0 && c->store[0] == '\0')
        snprintf(c->store, sizeof(c->store), "sqlite:%s/docket.db", c->data);
    return rc;
}

/* ---- build --------------------------------------------------------------- */

static int exit_of_store(int rc)
{
    switch (rc) {
    case DK_EBUSY:
        return EX_TEMPFAIL;
    case DK_EFORBIDDEN:
    case DK_EVERSION:
    case DK_EJSON:
    case DK_ECONFLICT:
    case DK_EFIELD:
        return EX_DATAERR;
    case DK_ENOTFOUND:
    case DK_EFULL:
        return EX_CANTCREAT;
    case DK_ENOMEM:
        return EX_OSERR;
    default:
        return EX_IOERR;
    }
}

static int open_store(struct daemon *d)
{
    uint8_t random[48];
    struct dk_problem p = {0};
    struct store_options opt = {
        .county = (int32_t)d->cfg->county,
        .test_clock = d->cfg->test_clock,
        .test_now = d->cfg->test_time,
        .create = true,
    };

    randombytes_buf(random, sizeof(random));
    int rc = store_open(d->cfg->store, &opt, random, &d->st, &d->info, &p);
    sodium_memzero(random, sizeof(random));
    if (rc != DK_OK)
        return complain(&p, exit_of_store(rc));
    rc = store_next_due(d->st, &d->next_due);
    if (rc == DK_OK)
        rc = loads_reload(&d->loads, d->st);
    if (rc == DK_OK)
        return 0;
    dk_fail(&p, rc, NULL, NULL, NULL);
    return complain(&p, exit_of_store(rc));
}

/* libzmq removes an ipc path that is in use and binds anew; ask first. */
static bool is_in_use(const char *endpoint)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    if (strncmp(endpoint, "ipc://", 6) != 0 ||
        strlen(endpoint) - 6 >= sizeof(a.sun_path))
        return false;
    strcpy(a.sun_path, endpoint + 6);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool used = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
    close(fd);
    return used;
}

static void on_wake(void *arg)
{
    spine_tick(arg);
}

static int listen_on(struct daemon *d, const char *endpoint, struct zev **out)
{
    struct dk_problem p = {0};

    if (is_in_use(endpoint)) {
        dk_failf(&p, DK_EBUSY, NULL,
                 "cannot listen on '%s': another program listens there "
                 "already; stop it or choose another endpoint",
                 "无法监听 '%s':该地址已被其他程序占用,请停止该程序或改用"
                 "其他地址",
                 endpoint);
        return complain(&p, EX_UNAVAILABLE);
    }
    *out = zev_bind(d->base, d->zctx, endpoint, on_wake, d, &p);
    return *out == NULL ? complain(&p, EX_UNAVAILABLE) : 0;
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    spine_tick(arg);
}

static void on_house(evutil_socket_t fd, short what, void *arg)
{
    struct daemon *d = arg;
    uint64_t limit;

    (void)fd;
    (void)what;
    desk_house(d);
    follow_house(d);
    if (sd_watchdog_enabled(0, &limit) > 0)
        sd_notify(0, "WATCHDOG=1");
    zev_rearm(d->workers);
    zev_rearm(d->clients);
}

static void on_drained(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    spine_stop(arg, 0);
}

/* Answer what is there for a moment, take nothing new, then stop. */
static void on_signal(evutil_socket_t sig, short what, void *arg)
{
    static const struct timeval drain = {0, 300000};
    struct daemon *d = arg;

    (void)what;
    if (sig == SIGHUP) {
        log_info("reload", "what=nothing why=\"every key needs a restart\"");
        return;
    }
    if (d->draining)
        return;
    d->draining = true;
    log_info("stopping", "signal=%d", (int)sig);
    sd_notify(0, "STOPPING=1");
    event_base_once(d->base, -1, EV_TIMEOUT, on_drained, d, &drain);
}

static int add_events(struct daemon *d, struct event *sig[3])
{
    static const int signals[3] = {SIGTERM, SIGINT, SIGHUP};
    dk_ms ms = d->cfg->heartbeat_ms / 4;
    struct timeval house = {ms / 1000, (ms % 1000) * 1000};

    for (int i = 0; i < 3; i++) {
        sig[i] = evsignal_new(d->base, signals[i], on_signal, d);
        if (sig[i] == NULL || event_add(sig[i], NULL) != 0)
            return EX_OSERR;
    }
    d->again = evtimer_new(d->base, on_again, d);
    d->house = event_new(d->base, -1, EV_PERSIST, on_house, d);
    if (d->again == NULL || d->house == NULL ||
        event_add(d->house, &house) != 0)
        return EX_OSERR;
    dk_ms now = d->cfg->test_clock ? d->info.test_now : 0;
    if (wall_init(&d->wall, d->base, d->cfg->test_clock, now, on_wake, d) !=
        DK_OK)
        return EX_OSERR;
    return 0;
}

static struct event_base *make_base(void)
{
    struct event_config *c = event_config_new();
    struct timeval slice = {0, 5000};

    if (c == NULL)
        return NULL;
    event_config_set_max_dispatch_interval(c, &slice, 16, 0);
    struct event_base *base = event_base_new_with_config(c);
    event_config_free(c);
    return base;
}

static int build(struct daemon *d, struct event *sig[3])
{
    int rc = open_store(d);

    if (rc != 0)
        return rc;
    d->base = make_base();
    d->zctx = zmq_ctx_new();
    if (d->base == NULL || d->zctx == NULL)
        return EX_OSERR;
    zmq_ctx_set(d->zctx, ZMQ_MAX_SOCKETS, 65000);
    rc = add_events(d, sig);
    if (rc == 0)
        rc = listen_on(d, d->cfg->workers, &d->workers);
    if (rc == 0)
        rc = listen_on(d, d->cfg->clients, &d->clients);
    return rc;
}

static void tear_down(struct daemon *d, struct event *sig[3])
{
    zev_close(d->clients);
    zev_close(d->workers);
    if (d->zctx != NULL)
        zmq_ctx_term(d->zctx);
    if (d->base != NULL)
        wall_fini(&d->wall);
    for (int i = 0; i < 3; i++) {
        if (sig[i] != NULL)
            event_free(sig[i]);
    }
    if (d->again != NULL)
        event_free(d->again);
    if (d->house != NULL)
        event_free(d->house);
    if (d->base != NULL)
        event_base_free(d->base);
    if (d->st != NULL && d->exit_code == 0)
        store_checkpoint(d->st, true);
    store_close(d->st);
    batch_fini(&d->batch);
    loads_fini(&d->loads);
    desk_fini(&d->desk);
    free(d->follows.v);
}

static int serve(struct daemon *d)
{
    char store[700];

    log_info("ready", "clients=%s workers=%s store=%s version=%s",
             zev_endpoint(d->clients), zev_endpoint(d->workers),
             log_quote(d->cfg->store, store, sizeof(store)), DK_VERSION_TEXT);
    sd_notify(0, "READY=1\nSTATUS=serving");
    spine_tick(d); /* what an earlier run left to do */
    event_base_dispatch(d->base);
    log_info("stopped", "exit=%d", d->exit_code);
    return d->exit_code;
}

int main(int argc, char **argv)
{
    static struct config cfg;
    static struct daemon d;
    struct options opt = {0};
    struct event *sig[3] = {NULL, NULL, NULL};

    int rc = configure(argc, argv, &cfg, &opt);
    if (opt.help || opt.version) {
        if (opt.help)
            usage(stdout);
        else
            puts("docketd " DK_VERSION_TEXT);
        return 0;
    }
    if (rc != 0 || opt.check)
        return rc;
    if (sodium_init() < 0)
        return EX_OSERR;
    signal(SIGPIPE, SIG_IGN);
    log_set_level((enum log_level)cfg.log);
    uint64_t seed;
    randombytes_buf(&seed, sizeof(seed));
    d.cfg = &cfg;
    d.stats.started_mono = mono_now();
    batch_init(&d.batch, seed);
    loads_init(&d.loads, seed + 2);
    desk_init(&d.desk, seed + 3);
    rc = build(&d, sig);
    if (rc == 0)
        rc = serve(&d);
    else
        d.exit_code = rc;
    tear_down(&d, sig);
    return rc;
}
