/* daemon.c - build the daemon, run its loop, take it down. */
#include <libgen.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include <zmq.h>

#include "daemon/daemon.h"
#include "daemon/secmem.h"

int daemon_complain(const struct dk_problem *p, int exit_code)
{
    fprintf(stderr, "docketd: %s\n", p->detail);
    fprintf(stderr, "docketd: %s\n", p->detail_zh);
    return exit_code;
}

static bool may_write(const struct config *cfg)
{
    char path[sizeof(cfg->store)];

    if (strncmp(cfg->store, "sqlite:", 7) != 0)
        return true;
    snprintf(path, sizeof(path), "%s", cfg->store + 7);
    if (access(path, F_OK) == 0 && access(path, R_OK | W_OK) != 0)
        return false;
    return access(dirname(path), W_OK | X_OK) == 0;
}

static int exit_of_store(const struct config *cfg, int rc)
{
    switch (rc) {
    case DK_EBUSY:
        return EX_TEMPFAIL;
    case DK_EFORBIDDEN: /* a folder's rights, or another kind of clock */
        return may_write(cfg) ? EX_DATAERR : EX_CANTCREAT;
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

static int exit_of_seal(int rc)
{
    return rc == DK_EIO      ? EX_IOERR
           : rc == DK_EFULL  ? EX_CANTCREAT
           : rc == DK_ENOMEM ? EX_OSERR
                             : EX_CONFIG;
}

/* systemd is to wait: a restored backup of a county takes minutes. */
static void on_busy(void)
{
    sd_notify(0, "EXTEND_TIMEOUT_USEC=900000000\n"
                 "STATUS=reading all of a restored backup");
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
        .offset_min = d->cfg->offset_min,
        .now = real_now(),
        .name = d->cfg->name,
        .mono = mono_now,
        .busy = on_busy,
    };

    persons_open(d, &opt);
    randombytes_buf(random, sizeof(random));
    int rc = store_open(d->cfg->store, &opt, random, &d->st, &d->info, &p);
    if (rc == DK_EFULL && ballast_drop(&d->ballast)) {
        /* Opening writes a little; what is under way is to be finished. */
        dk_problem_clear(&p);
        rc = store_open(d->cfg->store, &opt, random, &d->st, &d->info, &p);
    }
    sodium_memzero(random, sizeof(random));
    if (rc != DK_OK && d->persons.problem.code != DK_OK)
        return daemon_complain(&d->persons.problem,
                               exit_of_seal(d->persons.problem.code));
    if (rc != DK_OK)
        return daemon_complain(&p, exit_of_store(d->cfg, rc));
    rc = persons_ready(d, &p);
    if (rc != DK_OK)
        return daemon_complain(&p, exit_of_seal(rc));
    if (d->info.restored)
        log_warn("restored",
                 "epoch=%" PRId64 " last_seq=%" PRId64
                 " why=\"this was a backup: followers begin anew\"",
                 d->info.epoch, d->info.last_seq);
    ballast_open(d);
    if (!d->info.shared) /* else others change what we would keep */
        d->kept.most = KEPT_BYTES;
    rc = store_next_due(d->st, &d->next_due);
    if (rc == DK_OK)
        rc = loads_reload(&d->loads, d->st);
    if (rc == DK_OK)
        return 0;
    dk_fail(&p, rc, NULL, NULL, NULL);
    return daemon_complain(&p, exit_of_store(d->cfg, rc));
}

static void on_wake(void *arg)
{
    spine_tick(arg);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    on_wake(arg);
}

/* Who may talk is known, and asked, before anybody can. */
static int start_keys(struct daemon *d, uint64_t seed)
{
    struct dk_problem p = {0};
    const struct config *cfg = d->cfg;
    int rc = keys_init(&d->keys, cfg, seed, &p);

    if (rc == DK_OK && listen_tcp(d))
        rc = keys_server(&d->keys, cfg, &p);
    if (rc != DK_OK)
        return daemon_complain(&p, rc == DK_ENOMEM ? EX_OSERR : EX_CONFIG);
    d->zap = zap_open(d->base, d->zctx, keys_welcome, keys_told, d);
    return d->zap != NULL ? 0 : EX_OSERR;
}

void daemon_house_store(struct daemon *d, dk_ms now)
{
    if (d->stats.commits != d->commits_seen) {
        d->commits_seen = d->stats.commits;
        d->quiet_since = now;
    }
    if (d->quiet_since == DK_NEVER || now - d->quiet_since < DAEMON_QUIET_MS)
        return;
    d->quiet_since = DK_NEVER;
    kept_clear(&d->kept); /* nobody asks for them now */
    /* On a full disk everything stays in the log, which is as safe. */
    int rc = store_checkpoint(d->st, false);
    if (rc == DK_EIO) {
        log_error("checkpoint_failed", "code=%s", dk_err_slug(rc));
        spine_stop(d, EX_IOERR);
    }
}

static void on_house(evutil_socket_t fd, short what, void *arg)
{
    struct daemon *d = arg;

    (void)fd;
    (void)what;
    if (spine_tend(d) && d->info.shared)
        spine_share(d);
    desk_house(d);
    follow_house(d);
    daemon_house_store(d, mono_now());
    ballast_house(d);
    watch_house(d);
    history_house(d);
    persons_house(d);
    notify_house(d);
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
        keys_reload(d);
        return;
    }
    if (d->draining)
        return;
    d->draining = true;
    log_info("stopping", "signal=%d", (int)sig);
    notify_stopping();
    event_base_once(d->base, -1, EV_TIMEOUT, on_drained, d, &drain);
}

static int add_events(struct daemon *d)
{
    static const int signals[3] = {SIGTERM, SIGINT, SIGHUP};
    dk_ms ms = d->cfg->heartbeat_ms < 1000 ? d->cfg->heartbeat_ms / 4 : 250;
    struct timeval house = {ms / 1000, (ms % 1000) * 1000};

    for (int i = 0; i < 3; i++) {
        d->sig[i] = evsignal_new(d->base, signals[i], on_signal, d);
        if (d->sig[i] == NULL || event_add(d->sig[i], NULL) != 0)
            return EX_OSERR;
    }
    d->again = evtimer_new(d->base, on_again, d);
    d->house = event_new(d->base, -1, EV_PERSIST, on_house, d);
    if (backup_init(d) != DK_OK || d->again == NULL || d->house == NULL ||
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

static int no_resources(void)
{
    struct dk_problem p = {0};

    dk_fail(&p, DK_ENOMEM, NULL,
            "the system has no memory, file descriptors or random numbers left "
            "for this process; see its limits",
            "系统无法再为本进程提供内存、文件描述符或随机数，请检查其限额");
    return daemon_complain(&p, EX_OSERR);
}

static int start_watch(struct daemon *d)
{
    struct dk_problem p = {0};
    int rc = watch_init(d);

    if (rc == DK_OK)
        return 0;
    dk_fail(&p, rc, NULL, NULL, NULL);
    return daemon_complain(&p, exit_of_store(d->cfg, rc));
}

int daemon_build(struct daemon *d, const struct config *cfg)
{
    uint64_t seed;

    if (sodium_init() < 0 || secmem_open() != 0)
        return no_resources();
    randombytes_buf(&seed, sizeof(seed));
    memset(d, 0, sizeof(*d));
    d->cfg = cfg;
    d->wall.fd = -1;
    d->backup.fd = -1;
    ballast_init(&d->ballast, cfg);
    d->stats.started_mono = mono_now();
    d->quiet_since = DK_NEVER;
    query_init(d);
    batch_init(&d->batch, seed);
    loads_init(&d->loads, seed + 2);
    kept_init(&d->kept, 0, seed + 6);
    desk_init(&d->desk, seed + 3);
    d->base = make_base();
    d->zctx = zmq_ctx_new();
    if (d->base == NULL || d->zctx == NULL)
        return d->exit_code = no_resources();
    zmq_ctx_set(d->zctx, ZMQ_MAX_SOCKETS, 65000);
    /* One for this machine's peers and one for the network's: the handshakes
     * of strangers cost time, and workers must not wait for it.
     */
    zmq_ctx_set(d->zctx, ZMQ_IO_THREADS, 2);
    /* The store last: a busy endpoint must not leave a mark on the disk. */
    int rc = listen_take(d);
    if (rc == 0)
        rc = start_keys(d, seed + 4);
    if (rc == 0)
        rc = listen_workers(d);
    if (rc == 0)
        rc = listen_clients(d);
    if (rc == EX_OSERR)
        rc = no_resources();
    if (rc == 0)
        rc = open_store(d);
    if (rc == 0 && add_events(d) != 0)
        rc = no_resources();
    if (rc == 0)
        rc = start_watch(d);
    if (rc == 0)
        rc = history_start(d);
    d->exit_code = rc;
    return rc;
}

void daemon_tear_down(struct daemon *d)
{
    char clients[1100] = "", workers[1100] = "";

    if (d->clients != NULL) /* what is really ours, not what we asked for */
        snprintf(clients, sizeof(clients), "%s", zev_endpoint(d->clients));
    if (d->workers != NULL)
        snprintf(workers, sizeof(workers), "%s", zev_endpoint(d->workers));
    backup_stop(d);
    zev_close(d->clients);
    zev_close(d->workers);
    zap_close(d->zap);
    if (d->zctx != NULL)
        zmq_ctx_term(d->zctx);
    listen_clean(d, clients);
    listen_clean(d, workers);
    if (d->base != NULL)
        wall_fini(&d->wall);
    for (int i = 0; i < 3; i++) {
        if (d->sig[i] != NULL)
            event_free(d->sig[i]);
    }
    if (d->again != NULL)
        event_free(d->again);
    if (d->house != NULL)
        event_free(d->house);
    history_stop(d);
    if (d->base != NULL)
        event_base_free(d->base);
    if (d->st != NULL && d->exit_code == 0)
        store_checkpoint(d->st, true);
    store_close(d->st);
    ballast_close(&d->ballast);
    persons_fini(d);
    batch_fini(&d->batch);
    loads_fini(&d->loads);
    kept_fini(&d->kept);
    desk_fini(&d->desk);
    keys_undo(&d->keys);
    keys_fini(&d->keys);
    free(d->follows.v);
}

int daemon_serve(struct daemon *d)
{
    char store[700];
    bool file = strncmp(d->cfg->store, "postgres:", 9) != 0;

    log_info(
        "ready", "clients=%s workers=%s store=%s version=%s",
        zev_endpoint(d->clients), zev_endpoint(d->workers),
        /* (a connection string may have a password in it) */
        log_quote(file ? d->cfg->store : "postgres:", store, sizeof(store)),
        DK_VERSION_TEXT);
    d->keys.made = false; /* from now on others know it */
    notify_ready(d);
    spine_again(d); /* what an earlier run left to do */
    event_base_dispatch(d->base);
    log_info("stopped", "exit=%d", d->exit_code);
    return d->exit_code;
}
