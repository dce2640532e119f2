/* main.c - docketd: options, config, build, serve, tear down. */
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/move.h"
#include "daemon/recover.h"
#include "proto/timefmt.h"

struct options {
    const char *config, *recover, *out, *migrate, *to;
    bool back_out, check, help, version;
};

/* Long options that set a key of the config table. */
static const struct {
    const char *name, *key, *arg, *help;
} setters[] = {
    {"data", "broker.data", "DIR", "folder of the database"},
    {"store", "broker.store", "URL", "sqlite:FILE or postgres:CONNINFO"},
    {"name", "broker.name", "NAME", "of this broker, of several on one store"},
    {"clients", "broker.clients", "ENDPOINT", "where kiosks and tools connect"},
    {"workers", "broker.workers", "ENDPOINT", "where workers connect"},
    {"keys", "keys.file", "FILE", "who may talk (default DIR/keys)"},
    {"rate", "limits.rate", "N", "messages of one peer, a second; 0: any"},
    {"burst", "limits.burst", "N", "of them at once"},
    {"county", "office.county", "NNNNNN", "six digits of GB/T 2260"},
    {"utc-offset", "office.utc_offset", "+HH:MM", "the office's time zone"},
    {"batch", "limits.batch", "N", "most commands in one transaction"},
    {"heartbeat-ms", "limits.heartbeat_ms", "N", "between workers' heartbeats"},
    {"lease-ms", "limits.lease_ms", "N", "longest a worker may take"},
    {"max-attempts", "limits.max_attempts", "N", "before a task is dead"},
    {"followers", "limits.followers", "N", "most followers of the events"},
    {"ballast-mb", "broker.ballast_mb", "N", "MiB kept back on the disk"},
    {"log-level", "broker.log_level", "LEVEL", "error, warn, info or debug"},
};
#define N_SETTERS (sizeof(setters) / sizeof(setters[0]))

enum {
    OPT_CONFIG = 256,
    OPT_TEST_CLOCK,
    OPT_RECOVER,
    OPT_OUT,
    OPT_MIGRATE,
    OPT_TO,
    OPT_BACK_OUT,
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
          "  --recover FILE --out NEW\n"
          "                        save what a damaged database still holds\n"
          "  --migrate URL --to URL [--back-out]\n"
          "                        move a store, from sqlite:FILE to\n"
          "                        postgres:CONNINFO, or back out\n"
          "  --check-config        check options and config, then exit\n"
          "  --help, --version\n\n"
          "SIGTERM finishes what is under way and stops; SIGHUP reads the key\n"
          "file again.  Exit status: 0, or of sysexits(3): 64 usage, 65 data,\n"
          "69 endpoint in use, 70 keys are not asked for, 71 no resources, 73 "
          "cannot create, 74 I/O, 75 store in use, 78 config.\n",
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
    o[n++] = (struct option){"recover", required_argument, NULL, OPT_RECOVER};
    o[n++] = (struct option){"out", required_argument, NULL, OPT_OUT};
    o[n++] = (struct option){"migrate", required_argument, NULL, OPT_MIGRATE};
    o[n++] = (struct option){"to", required_argument, NULL, OPT_TO};
    o[n++] = (struct option){"back-out", no_argument, NULL, OPT_BACK_OUT};
    o[n++] = (struct option){"check-config", no_argument, NULL, OPT_CHECK};
    o[n++] = (struct option){"help", no_argument, NULL, OPT_HELP};
    o[n++] = (struct option){"version", no_argument, NULL, OPT_VERSION};
    o[n] = (struct option){NULL, 0, NULL, 0};
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
    struct option long_opts[N_SETTERS + 11];
    struct dk_problem p = {0};
    int o;

    build_options(long_opts);
    optind = 1;
    opterr = !second;
    while ((o = getopt_long(argc, argv, "", long_opts, NULL)) != -1) {
        if (o == OPT_CONFIG)
            opt->config = optarg;
        else if (o == OPT_RECOVER)
            opt->recover = optarg;
        else if (o == OPT_OUT)
            opt->out = optarg;
        else if (o == OPT_MIGRATE)
            opt->migrate = optarg;
        else if (o == OPT_TO)
            opt->to = optarg;
        else if (o == OPT_BACK_OUT)
            opt->back_out = true;
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
            return daemon_complain(&p, EX_USAGE);
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
    if (rc == 0 && (opt->recover != NULL) != (opt->out != NULL)) {
        fputs("docketd: --recover FILE and --out NEW go together\n", stderr);
        return EX_USAGE;
    }
    if (rc == 0 && ((opt->migrate != NULL) != (opt->to != NULL) ||
                    (opt->back_out && opt->to == NULL))) {
        fputs("docketd: --migrate sqlite:FILE and --to postgres:CONNINFO go "
              "together\n",
              stderr);
        return EX_USAGE;
    }
    if (opt->recover != NULL || opt->migrate != NULL)
        return rc; /* the file tells the rest */
    if (rc == 0 && config_check(c, &p) != DK_OK) {
        if (opt->config != NULL)
            fprintf(stderr, "docketd: %s, or the options beside it:\n",
                    opt->config);
        return daemon_complain(&p, EX_CONFIG);
    }
    if (rc == 0 && c->store[0] == '\0')
        snprintf(c->store, sizeof(c->store), "sqlite:%s/docket.db", c->data);
    return rc;
}

/* A crash must not write what is sealed on the disk to another file of it. */
static void no_core(void)
{
    const struct rlimit none = {0, 0};

    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
}

#define FILES_WANTED 32768 /* as LimitNOFILE of systemd/docketd.service */
#define FILES_FEW    4096

/* Every connection is a file descriptor, also of peers who say nothing; without
 * one left libzmq lets nobody in and spins until there is.
 */
static void raise_files(void)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) != 0)
        return;
    if (r.rlim_cur < FILES_WANTED && r.rlim_cur < r.rlim_max) {
        r.rlim_cur = r.rlim_max < FILES_WANTED ? r.rlim_max : FILES_WANTED;
        if (setrlimit(RLIMIT_NOFILE, &r) != 0)
            (void)getrlimit(RLIMIT_NOFILE, &r);
    }
    if (r.rlim_cur < FILES_FEW)
        log_warn("few_files",
                 "limit=%llu why=\"so few can connect at once: raise "
                 "LimitNOFILE (ulimit -n)\"",
                 (unsigned long long)r.rlim_cur);
}

int main(int argc, char **argv)
{
    static struct config cfg;
    static struct daemon d;
    struct options opt = {0};

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
    no_core();
    if (opt.recover != NULL)
        return recover_run(&cfg, opt.recover, opt.out);
    if (opt.migrate != NULL)
        return move_run(&cfg, opt.migrate, opt.to, opt.back_out);
    signal(SIGPIPE, SIG_IGN);
    /* Batches come and go: giving their memory back to the system each time
     * costs a page fault per page of the next one.
     */
    mallopt(M_TRIM_THRESHOLD, 32 << 20);
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    log_set_level((enum log_level)cfg.log);
    raise_files();
    rc = daemon_build(&d, &cfg);
    if (rc == 0)
        rc = daemon_serve(&d);
    daemon_tear_down(&d);
    return rc;
}
