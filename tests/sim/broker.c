/* broker.c - the real daemon, turned by hand. */
#include <event2/event_struct.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "daemon/daemon.h"
#include "disk.h"
#include "net.h"
#include "world.h"

#define TURNS_MAX 1000 /* of the loop at one instant */

static struct config cfg;
static struct daemon d;
static bool up;
static dk_ms start_at;
static int64_t restarts;

/* ---- starting and stopping ----------------------------------------------- */

static void configure(void)
{
    config_defaults(&cfg);
    cfg.county = OFFICE_COUNTY;
    cfg.offset_min = OFFICE_OFFSET;
    cfg.full_pause_ms = 200;
    cfg.heartbeat_ms = 1000;
    cfg.lease_ms = 4000;
    cfg.max_attempts = 4;
    cfg.batch = sim_chance(300) ? 1 + (int64_t)sim_pick(8) : cfg.batch;
    cfg.watch.clock_jump_s = 0; /* the simulation's days are such jumps */
    strcpy(cfg.store, "mem:");
    strcpy(cfg.clients, CLIENTS_AT);
    strcpy(cfg.workers, WORKERS_AT);
}

void broker_start(void)
{
    configure();
    int rc = daemon_build(&d, &cfg);
    up = rc == 0;
    if (rc != 0) {
        /* A store that cannot be read at the start: the next start tries. */
        daemon_tear_down(&d);
        start_at = sim_now() + 100;
        if (rc != EX_IOERR)
            broken("the broker does not start: exit %d", rc);
        return;
    }
    say("broker: up, epoch %lld", (long long)d.info.epoch);
    spine_again(&d);
}

static void down(const char *why)
{
    say("broker: down: %s", why);
    daemon_tear_down(&d);
    up = false;
    restarts++;
    start_at = sim_now() + sim_span(20, 1500);
}

void broker_crash(const char *why)
{
    if (up)
        down(why);
}

/* As SIGTERM would. */
void broker_leave(void)
{
    if (up)
        event_active(d.sig[0], EV_SIGNAL, 1);
}

void broker_end(void)
{
    if (up)
        daemon_tear_down(&d);
    up = false;
    restarts = 0;
    start_at = 0;
}

bool broker_up(void)
{
    return up;
}

int64_t broker_restarts(void)
{
    return restarts;
}

/* ---- what must hold ------------------------------------------------------ */

static void check_session(const struct session *s)
{
    size_t pos = 0;
    uintptr_t v;
    int n = 0;

    while (map_next(&d.desk.leases, &pos, &v))
        n += ((const struct lease *)v)->session == s;
    if (s->leased != n || n > s->credit || n < 0)
        broken("worker %s: %d leases, %d counted, credit %d", s->name,
               s->leased, n, s->credit);
}

static void check_leases(void)
{
    size_t pos = 0;
    uintptr_t v;

    for (size_t i = 0; i < d.desk.n_session; i++)
        check_session(d.desk.session[i]);
    while (map_next(&d.desk.leases, &pos, &v)) {
        const struct lease *l = (const struct lease *)v;
        if (l->state == LEASE_OUT && l->session == NULL)
            broken("task %lld is out with nobody", (long long)l->task_id);
        if (l->state == LEASE_WAITING && l->session != NULL)
            broken("task %lld waits with somebody", (long long)l->task_id);
    }
}

/* The loop sleeps: then nothing is due, and it will wake for what comes. */
static void check_idle(void)
{
    if (d.pause_until != 0 || d.draining)
        return;
    disk_check_due(sim_wall());
    if (d.info.last_seq != disk_last_seq())
        broken("the broker believes in event %lld of %lld",
               (long long)d.info.last_seq, (long long)disk_last_seq());
    if (d.next_due != DK_NEVER && d.wall.armed > d.next_due)
        broken("the timer is set to %lld, and something is due at %lld",
               (long long)d.wall.armed, (long long)d.next_due);
}

/* ---- turning ------------------------------------------------------------- */

static int earliest(const struct event_base *base, const struct event *ev,
                    void *arg)
{
    dk_ms *t = arg;

    (void)base;
    if ((ev->ev_evcallback.evcb_flags & EVLIST_TIMEOUT) == 0)
        return 0;
    dk_ms at = (dk_ms)ev->ev_timeout.tv_sec * 1000 +
               (ev->ev_timeout.tv_usec + 999) / 1000;
    if (at < *t)
        *t = at;
    return 0;
}

static dk_ms next_timer(void)
{
    dk_ms t = DK_NEVER;

    (void)event_base_foreach_event(d.base, earliest, &t);
    return t;
}

static bool wants_turn(void)
{
    return net_rings() || sim_timer_rings() || next_timer() <= sim_now() ||
           event_base_get_num_events(d.base, EVENT_BASE_COUNT_ACTIVE) > 0;
}

dk_ms broker_next(void)
{
    if (!up)
        return start_at;
    dk_ms t = next_timer();
    dk_ms wall = sim_timer_at();
    return wall < t ? wall : t;
}

static void after_turn(void)
{
    if (net_muted()) {
        broker_crash("killed");
    } else if (event_base_got_break(d.base)) {
        if (d.exit_code != 0 && d.exit_code != EX_IOERR)
            broken("the broker stops with %d", d.exit_code);
        down(d.exit_code == 0 ? "asked to" : "the disk failed");
    } else {
        check_leases();
    }
}

void broker_turn(void)
{
    int n = 0;

    if (!up && start_at <= sim_now())
        broker_start();
    for (; up && sim_broken() == NULL && wants_turn(); n++) {
        event_base_loop(d.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
        after_turn();
        if (n > TURNS_MAX)
            broken("the loop does not come to rest");
    }
    if (up && n > 0)
        check_idle();
}
