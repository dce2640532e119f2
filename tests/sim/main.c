/* main.c - many seeds, or one of them again.
 *
 *     sim [--from N] [--seeds N] [--jobs N]    run so many, from that seed on
 *     sim --budget SECONDS                     at most that long (with no
 *                                              --seeds: all that time)
 *     sim --budget SECONDS --least N           fewer runs are a failure
 *     sim --seed N [--trace]                   one, exactly as before
 *     sim --seeds N --plant NAME               must be found broken, as
 *     sim --seeds N --expect-broken            a program with a planted fault
 *
 * --from 0: from a seed that the clock gives; it is printed.
 */
#include <getopt.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/log.h"
#include "workers/law.h"
#include "world.h"

#define JOBS_MAX 64

struct options {
    uint64_t from;
    int64_t seeds, least;
    int budget, jobs;
    bool one, trace, expect_broken;
};

/* Of all jobs together, in memory that they share. */
struct sums {
    int64_t runs, cases, events, steps, restarts;
    int failed;
    uint64_t seed; /* of the first failure */
    char why[512];
};

/* The programs' own lines belong to the trace. */
void __wrap_log_line(enum log_level l, const char *event, const char *fmt, ...);
void __wrap_worker_log(const char *level, const char *event, const char *fmt,
                       ...);

__attribute__((format(printf, 3, 4))) void
__wrap_log_line(enum log_level l, const char *event, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    (void)l;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    say("docketd %s %s", event, text);
}

__attribute__((format(printf, 3, 4))) void
__wrap_worker_log(const char *level, const char *event, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    (void)level;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    say("worker %s %s", event, text);
}

/* The world's clock is not ours. */
static double real_seconds(void)
{
    struct timespec ts;

    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int load_files(void)
{
    struct dk_report r = {0};
    struct law law = {0};
    int rc = law_load(&law, "policy/xinfang-2022.json",
                      "policy/calendar-cn.json", &r);

    world_files.policy = law.policy;
    world_files.calendar = law.calendar;
    world_files.book = law_load_book("policy/units-sample.json", &r);
    if (rc == 0 && world_files.book != NULL)
        rc = r.errors > 0 ? -1 : 0;
    if (rc != 0 || world_files.book == NULL)
        fprintf(stderr, "sim: run it in the project's folder\n%s",
                r.text != NULL ? r.text : "");
    dk_report_fini(&r);
    return world_files.book != NULL ? rc : -1;
}

static void run_one(struct sums *s, uint64_t seed)
{
    struct world_result r;

    world_run(seed, &r);
    __atomic_add_fetch(&s->runs, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&s->cases, r.cases, __ATOMIC_RELAXED);
    __atomic_add_fetch(&s->events, r.events, __ATOMIC_RELAXED);
    __atomic_add_fetch(&s->steps, r.steps, __ATOMIC_RELAXED);
    __atomic_add_fetch(&s->restarts, r.restarts, __ATOMIC_RELAXED);
    if (r.broken == NULL ||
        __atomic_add_fetch(&s->failed, 1, __ATOMIC_RELAXED) != 1)
        return;
    s->seed = seed;
    (void)snprintf(s->why, sizeof(s->why), "%s", r.broken);
}

/* Job `j` of `o->jobs`: every so many-th seed. */
static void work(const struct options *o, struct sums *s, int j)
{
    double end = real_seconds() + o->budget;

    for (int64_t i = j; o->seeds == 0 || i < o->seeds; i += o->jobs) {
        if (__atomic_load_n(&s->failed, __ATOMIC_RELAXED) > 0 ||
            (o->budget > 0 && real_seconds() > end))
            return;
        run_one(s, o->from + (uint64_t)i);
        /* The same again must be the same: now and then. */
        if (i % 50 == 0) {
            struct world_result a, b;
            world_run(o->from + (uint64_t)i, &a);
            world_run(o->from + (uint64_t)i, &b);
            if (a.print != b.print &&
                __atomic_add_fetch(&s->failed, 1, __ATOMIC_RELAXED) == 1) {
                s->seed = o->from + (uint64_t)i;
                (void)snprintf(s->why, sizeof(s->why),
                               "two runs of the seed are not the same");
            }
        }
    }
}

static int fork_jobs(const struct options *o, struct sums *s)
{
    pid_t pid[JOBS_MAX];
    int bad = 0;

    for (int j = 0; j < o->jobs; j++) {
        pid[j] = fork();
        if (pid[j] == 0) {
            work(o, s, j);
            exit(0);
        }
        bad += pid[j] < 0;
    }
    for (int j = 0; j < o->jobs; j++) {
        int status = 0;
        if (pid[j] > 0 && waitpid(pid[j], &status, 0) == pid[j])
            bad += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    }
    return bad;
}

static int plant_by_name(const char *name)
{
    for (int i = 0; sim_plant_names[i] != NULL; i++) {
        if (strcmp(sim_plant_names[i], name) == 0)
            return i;
    }
    fprintf(stderr, "sim: there is no such plant: %s\n", name);
    exit(2);
}

static void read_options(struct options *o, int argc, char **argv)
{
    static const struct option names[] = {
        {"from", 1, NULL, 'f'},   {"seeds", 1, NULL, 'n'},
        {"budget", 1, NULL, 'b'}, {"jobs", 1, NULL, 'j'},
        {"seed", 1, NULL, 's'},   {"trace", 0, NULL, 't'},
        {"plant", 1, NULL, 'p'},  {"expect-broken", 0, NULL, 'x'},
        {"least", 1, NULL, 'l'},  {NULL, 0, NULL, 0}};
    int c;

    while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (c == 'f' || c == 's')
            o->from = strtoull(optarg, NULL, 10);
        if (c == 'n')
            o->seeds = strtoll(optarg, NULL, 10);
        if (c == 'l')
            o->least = strtoll(optarg, NULL, 10);
        if (c == 's')
            o->one = true;
        if (c == 'b')
            o->budget = (int)strtol(optarg, NULL, 10);
        if (c == 'j')
            o->jobs = (int)strtol(optarg, NULL, 10);
        if (c == 't')
            o->trace = true;
        if (c == 'p')
            sim_plant = (enum plant)plant_by_name(optarg);
        if (c == 'x' || c == 'p')
            o->expect_broken = true;
        if (c == '?')
            exit(2);
    }
    if (o->jobs < 1 || o->jobs > JOBS_MAX)
        o->jobs = 1;
    if (o->seeds == 0 && o->budget == 0)
        o->seeds = 100;
    if (o->from == 0)
        o->from = (uint64_t)(real_seconds() * 1000);
}

static int tell(const struct options *o, const struct sums *s, double took,
                int bad)
{
    printf("{\"runs\":%lld,\"seconds\":%.1f,\"runs_per_minute\":%.0f,"
           "\"cases\":%lld,\"events\":%lld,\"steps\":%lld,\"restarts\":%lld,"
           "\"broken\":%d,\"print\":\"%016llx\"}\n",
           (long long)s->runs, took, (double)s->runs / took * 60,
           (long long)s->cases, (long long)s->events, (long long)s->steps,
           (long long)s->restarts, s->failed, (unsigned long long)sim_print());
    if (s->failed > 0)
        printf("seed %llu: %s\nRun it again: sim --seed %llu --trace%s%s\n",
               (unsigned long long)s->seed, s->why, (unsigned long long)s->seed,
               sim_plant != PLANT_NONE ? " --plant " : "",
               sim_plant != PLANT_NONE ? sim_plant_names[sim_plant] : "");
    if (bad > 0)
        printf("%d jobs ended badly\n", bad);
    if (o->expect_broken) {
        printf("the planted fault was %s\n", s->failed ? "found" : "NOT found");
        return s->failed > 0 && bad == 0 ? 0 : 1;
    }
    if (s->runs < o->least)
        printf("only %lld runs of at least %lld\n", (long long)s->runs,
               (long long)o->least);
    return s->failed > 0 || bad > 0 || s->runs < o->least ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct options o = {.from = 1, .jobs = 1};
    struct sums *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int bad = 0;

    read_options(&o, argc, argv);
    /* What is drawn at its start must not belong to the first run. */
    sim_seed(0);
    if (s == MAP_FAILED || sodium_init() < 0 || load_files() != 0)
        return 2;
    double began = real_seconds();
    printf("from seed %llu\n", (unsigned long long)o.from);
    fflush(stdout); /* before the jobs have copies of it */
    sim_set_trace(o.trace ? stdout : NULL);
    if (o.one) {
        run_one(s, o.from);
    } else if (o.jobs == 1) {
        work(&o, s, 0);
    } else {
        bad = fork_jobs(&o, s);
    }
    int rc = tell(&o, s, real_seconds() - began, bad);
    dk_policy_free(world_files.policy);
    dk_calendar_free(world_files.calendar);
    dk_book_free(world_files.book);
    return rc;
}
