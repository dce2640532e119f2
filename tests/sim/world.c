#include "world.h"

#include <string.h>

#include "disk.h"
#include "net.h"

#define SAME_INSTANT_MAX 20000

struct world_files world_files;
static int64_t steps;

/* One instant: everybody does what there is to do, in turn. */
static void step(void)
{
    steps++;
    net_deliver();
    broker_turn();
    people_turn();
    crew_turn();
}

static dk_ms next_instant(void)
{
    dk_ms t = net_next();

    if (broker_next() < t)
        t = broker_next();
    if (people_next() < t)
        t = people_next();
    if (crew_next() < t)
        t = crew_next();
    return t;
}

/* Let time pass until `until`, or until the promise is broken. */
static void live(dk_ms until)
{
    int same = 0;

    while (sim_broken() == NULL) {
        step();
        dk_ms t = next_instant();
        same = t <= sim_now() ? same + 1 : 0;
        if (same > SAME_INSTANT_MAX)
            broken("time does not pass");
        if (t > until)
            break;
        sim_set_now(t);
    }
    sim_set_now(until);
}

/* ---- trouble ------------------------------------------------------------- */

/* Which kinds of trouble a run has: some have few, some many. */
struct mood {
    int crew, broker, leave, line, forward, back;
};

/* One after the other: compilers differ in the order of initializers. */
static int how_much(int unit)
{
    static const int steps_of[] = {0, 0, 5, 30};

    return unit * steps_of[sim_pick(4)];
}

static int sometimes(int permille, int value)
{
    return sim_chance(permille) ? value : 0;
}

static struct mood choose_moods(void)
{
    struct mood m;

    m.crew = sometimes(700, 300);
    m.broker = sometimes(600, 120);
    m.leave = sometimes(300, 60);
    m.line = sometimes(600, 200);
    m.forward = sometimes(800, 400);
    m.back = sometimes(250, 80);
    net_mood.slowest = sim_chance(500) ? 5 : 120;
    net_mood.late = how_much(1);
    net_mood.duplicated = how_much(1);
    net_mood.broken = sometimes(300, 5);
    net_mood.full = sometimes(300, 5);
    disk_mood.full = how_much(3);
    disk_mood.eio = sometimes(300, 10);
    disk_mood.eio_done = sometimes(300, 10);
    disk_mood.crash_before = sometimes(300, 15);
    disk_mood.crash_after = sometimes(300, 15);
    disk_mood.reads = sometimes(300, 10);
    disk_mood.checkpoint = sometimes(300, 5);
    crew_lies = how_much(4);
    return m;
}

static void trouble(const struct mood *m)
{
    if (sim_chance(m->crew))
        crew_trouble();
    if (sim_chance(m->broker)) {
        if (sim_chance(500))
            broker_crash("killed between two steps");
        else /* while it is sending */
            net_mute(1 + (int)sim_pick(12));
    }
    if (sim_chance(m->leave))
        broker_leave();
    if (sim_chance(m->line))
        people_break();
    if (sim_chance(m->forward))
        sim_step_wall(
            sim_span(DK_MINUTE, sim_chance(200) ? 30 * DK_DAY : 3 * DK_DAY));
    if (sim_chance(m->back))
        sim_step_wall(-sim_span(1, 20 * DK_DAY));
}

static void be_calm(void)
{
    net_mood = (struct net_mood){.slowest = 5};
    disk_mood = (struct disk_mood){0};
    people_calm();
    crew_calm();
}

/* ---- a run --------------------------------------------------------------- */

/* Everybody well: all that was asked is answered, nothing is left to do. */
static void settle(const char *what)
{
    dk_ms until = sim_now() + 300 * DK_SECOND;

    while (sim_broken() == NULL && sim_now() < until) {
        live(sim_now() + 500);
        if (broker_up() && people_done() && disk_open_tasks() == 0)
            return;
    }
    int64_t dead;
    broken("%s: not settled in five minutes: broker %s, %lld tasks open, dead "
           "letters %s, people %s",
           what, broker_up() ? "up" : "down", (long long)disk_open_tasks(),
           disk_dead(&dead, 1) > 0 ? "yes" : "no",
           people_done() ? "done" : "not done");
}

/* All limits pass, one after the other. */
static void let_years_pass(void)
{
    for (int i = 0; i < 6 && sim_broken() == NULL; i++) {
        sim_step_wall(sim_span(10 * DK_DAY, 90 * DK_DAY));
        settle("after the years");
    }
}

static void verify(void)
{
    dk_ms until = sim_now() + 60 * DK_SECOND;

    people_verify();
    while (sim_broken() == NULL && !people_verified() && sim_now() < until)
        live(sim_now() + 200);
    if (!people_verified())
        broken("verify does not come to an end");
    disk_check_all();
}

void world_run(uint64_t seed, struct world_result *out)
{
    sim_mend();
    sim_seed(seed);
    net_reset();
    disk_open();
    steps = 0;
    struct mood m = choose_moods();
    dk_ms end = sim_now() + sim_span(5, 25) * DK_SECOND;
    broker_start();
    people_open();
    crew_open();
    while (sim_now() < end && sim_broken() == NULL) {
        live(sim_now() + sim_span(50, 1500));
        trouble(&m);
    }
    be_calm();
    settle("after the trouble");
    let_years_pass();
    verify();
    int64_t keys[CASES_MAX];
    *out = (struct world_result){.broken = sim_broken(),
                                 .print = sim_print(),
                                 .cases = disk_cases(keys),
                                 .events = disk_last_seq(),
                                 .steps = steps,
                                 .restarts = broker_restarts()};
    people_close();
    crew_close();
    broker_end();
    disk_close();
}
