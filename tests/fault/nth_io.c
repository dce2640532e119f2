/* nth_io.c - the n-th call on a file fails, once or from then on.
 *
 * For each kind of fault and each n a day at the office is played.  Where
 * docketd stops or does not start, the exit code must be the one for a disk
 * that fails; then the disk is mended, docketd starts again, and the day goes
 * on to its end.  At each such moment the power is cut as well, with nothing on
 * the disk but what was synced (a sync that failed leaves pages that no later
 * sync writes): what was acknowledged must be there, and so must everything
 * that the next start has seen.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "tests/fault/crash.h"
#include "tests/fault/office.h"
#include "tests/fault/truth.h"

#define CUT_SECONDS 20 /* ample for what a power cut left */

enum sums {
    S_RUNS,
    S_STRUCK,  /* runs in which the fault struck */
    S_STOPPED, /* ... and docketd stopped itself */
    S_REFUSED, /* ... or did not start */
    S_WAITED,  /* ... or refused until there was room again */
    S_CUTS,    /* power cuts */
    S_ATTEMPTED,
    S_ACKED,
    S_LOST,
    S_UNEXPECTED,
    S_DUPLICATED,
    S_RECOVERED,
    S_FAILED /* runs with anything wrong */
};

static const struct kind {
    enum disk_fault fault;
    bool forever;
    const char *name;
} kinds[] = {
    {FAULT_EIO, false, "EIO once"},
    {FAULT_EIO, true, "EIO from then on"},
    {FAULT_SYNC, false, "EIO of a sync once"},
    {FAULT_SYNC, true, "EIO of syncs from then on"},
    {FAULT_FULL, false, "ENOSPC once"},
    {FAULT_FULL, true, "ENOSPC from then on"},
    {FAULT_SHORT, false, "a short write once"},
    {FAULT_SHORT, true, "short writes from then on"},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct run {
    struct kit_options opt;
    long calls[KINDS];        /* of a day without a fault */
    int64_t n_points, stride; /* all of them; every stride-th is played */
};

struct play {
    struct office *o;
    const struct kind *kind;
    long n;
    size_t life;       /* moment of the last start */
    const char *wrong; /* the first thing */
    int64_t *sum;
};

static void blame(struct play *p, const char *wrong)
{
    if (p->wrong == NULL)
        p->wrong = wrong;
}

/* ---- the power is cut, in a child --------------------------------------- */

/* In the child: only what was synced is there.  `live`: everything that the
 * running store tells must be there, not only what was acknowledged.
 */
static int after_cut(struct play *p, bool live)
{
    static uint8_t random[48];
    struct store_options opt = truth_options(true);
    struct store *st = NULL;
    struct store_info info;
    struct dk_problem problem = {0};
    struct history_seen *seen = NULL;
    size_t n = 0, now = disk_now();
    uint64_t want = 0;

    disk_disarm();
    if (live) {
        struct truth t = truth_read(p->o->d.st, p->o->d.info.test_now);
        need(t.rc == 0);
        want = t.hash;
    }
    struct disk_journal j = disk_take_journal();
    struct crash *c = crash_new(&j, NULL);
    crash_to(c, j.n);
    crash_synced_only(c);
    if (store_open("sqlite:" DISK_STORE, &opt, random, &st, &info, &problem) !=
        0) {
        fprintf(stderr, "%s\n", problem.detail);
        return 2;
    }
    need(office_seen(st, &seen, &n) == 0);
    struct history_counts h = history_check(&p->o->history, now, seen, n);
    if (!history_good(&h))
        return 3;
    struct truth t = truth_read(st, info.test_now);
    return t.rc != 0 || (live && t.hash != want) ? 4 : 0;
}

/* Clang's sanitizer does not hold its allocator over a fork(): where a thread
 * of libzmq was in it, the child waits for ever.  Such a one ends by its alarm,
 * and another is made.
 */
static int in_a_child(struct play *p, bool live)
{
    int status = 0;

    fflush(stdout);
    for (int tries = 0; tries < 5; tries++) {
        pid_t child = fork();
        need(child >= 0);
        if (child == 0) {
            alarm(CUT_SECONDS);
            _exit(after_cut(p, live));
        }
        need(waitpid(child, &status, 0) == child);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGALRM)
            break;
    }
    return status;
}

static void cut(struct play *p, bool live)
{
    int status = in_a_child(p, live);

    p->sum[S_CUTS]++;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    blame(p, live ? "what the start after it saw is gone after a power cut"
                  : "something acknowledged is gone after a power cut");
}

/* ---- rules -------------------------------------------------------------- */

/* Nothing is acknowledged after a sync that failed. */
static void no_ack_after_lost(struct play *p)
{
    const struct disk_journal *j = disk_journal();
    const struct history *h = &p->o->history;
    size_t lost = p->life;

    while (lost < j->n && j->op[lost].kind != DISK_LOST)
        lost++;
    if (lost == j->n)
        return;
    for (size_t i = 0; i < h->n; i++) {
        if (h->item[i].acked != HISTORY_NEVER && h->item[i].acked > lost)
            blame(p, "an acknowledgement after a sync that failed");
    }
}

static void right_exit(struct play *p, bool started)
{
    bool full = p->kind->fault == FAULT_FULL || p->kind->fault == FAULT_SHORT;
    int code = p->o->d.exit_code;

    if (code != EX_IOERR && !(full && !started && code == EX_CANTCREAT))
        blame(p, "not the exit code of a disk that fails");
}

/* ---- one day ------------------------------------------------------------ */

static void finish(struct play *p)
{
    struct history_seen *seen = NULL;
    size_t n = 0;
    char fault[160];
    struct office *o = p->o;

    disk_disarm();
    need(office_seen(o->d.st, &seen, &n) == 0);
    struct history_counts c = history_check(&o->history, disk_now(), seen, n);
    free(seen);
    p->sum[S_ATTEMPTED] += c.attempted;
    p->sum[S_ACKED] += c.acknowledged;
    p->sum[S_LOST] += c.lost;
    p->sum[S_UNEXPECTED] += c.unexpected;
    p->sum[S_DUPLICATED] += c.duplicated;
    p->sum[S_RECOVERED] += c.recovered;
    if (!history_good(&c))
        blame(p, "lost, unexpected or duplicated");
    if (c.attempted != c.acknowledged)
        blame(p, "the day came to its end without all answers");
    if (truth_verify(o->d.st, &o->d.info, fault, sizeof(fault)) != 0)
        blame(p, "verify found something at the end");
    if (store_recount(o->d.st, &(struct store_totals){0}) != 0)
        blame(p, "the store refuses at the end");
}

/* docketd stopped, did not start, or there is no room: mend the disk. */
static void mend(struct play *p, bool started)
{
    struct office *o = p->o;

    if (disk_faults.struck == 0) {
        blame(p, "docketd stopped although nothing had failed");
        return;
    }
    if (o->gave_up) { /* it waits for room, and goes on by itself */
        p->sum[S_WAITED]++;
        o->gave_up = false;
        o->patience = 60;
        disk_disarm();
        return;
    }
    p->sum[started ? S_STOPPED : S_REFUSED]++;
    right_exit(p, started);
    no_ack_after_lost(p);
    office_stop(o, false);
    disk_disarm();
    cut(p, false);
}

static void day(struct play *p)
{
    struct office *o = p->o;

    for (int lives = 0; p->wrong == NULL; lives++) {
        bool started = o->built;

        if (lives > 4) {
            blame(p, "it does not come to its end");
            return;
        }
        if (!started) {
            p->life = disk_now();
            started = office_start(o) == 0;
            if (started && lives > 0)
                cut(p, true);
        }
        bool done = started && office_day(o);
        while (started && !done && o->gave_up && disk_faults.struck == 0) {
            o->gave_up = false; /* only slow so far */
            done = office_day(o);
        }
        if (done) {
            finish(p);
            return;
        }
        mend(p, started && o->d.st != NULL && o->zctx != NULL);
    }
}

/* In a control what goes wrong is what is wanted. */
static bool quiet;

static void one_point(size_t kind, long n, int64_t *sum)
{
    struct play p = {.kind = &kinds[kind], .n = n, .sum = sum};

    snprintf(kit_context, sizeof(kit_context), "%s, call %ld", p.kind->name, n);
    disk_reset();
    disk_record(true);
    p.o = office_new();
    p.o->patience = p.kind->forever ? 0.5 : 60;
    disk_arm(p.kind->fault, n, p.kind->forever);
    day(&p);
    sum[S_RUNS]++;
    sum[S_STRUCK] += disk_faults.struck > 0;
    sum[S_FAILED] += p.wrong != NULL;
    if (p.wrong != NULL && !quiet)
        fprintf(stderr, "%s, call %ld (%s), kind %zu, step %zu, exit %d: %s\n",
                p.kind->name, n, disk_faults.what, kind, p.o->step,
                p.o->d.exit_code, p.wrong);
    office_free(p.o);
}

static void points(void *arg, int worker, int workers, int64_t *sum)
{
    const struct run *run = arg;
    struct rng r = rng_of(run->opt.seed, 0);
    int64_t first = (int64_t)rng_below(&r, (uint64_t)run->stride);
    double start = kit_seconds();
    int64_t played = 0;

    for (int64_t i = first; i < run->n_points; i += run->stride) {
        size_t kind = 0;
        int64_t n = i;

        if (played++ % workers != worker)
            continue;
        if (run->opt.budget > 0 && kit_seconds() - start > run->opt.budget)
            break;
        while (n >= run->calls[kind])
            n -= run->calls[kind++];
        if (run->opt.only < 0 || run->opt.only == n + 1)
            one_point(kind, (long)n + 1, sum);
    }
}

/* How many calls there are to fail, and that without a fault nothing does. */
static void count_calls(struct run *run)
{
    for (size_t k = 0; k < KINDS; k++) {
        disk_reset();
        struct office *o = office_new();
        disk_arm(kinds[k].fault, 0, false);
        need(office_start(o) == 0 && office_day(o) && o->problems == 0);
        run->calls[k] = disk_faults.calls;
        if (run->opt.at != NULL && strcmp(run->opt.at, kinds[k].name) != 0)
            run->calls[k] = 0;
        run->n_points += run->calls[k];
        office_free(o);
        printf("%s: %ld calls\n", kinds[k].name, run->calls[k]);
    }
    run->stride = 1;
    if (run->opt.count > 0 && run->n_points > run->opt.count)
        run->stride = run->n_points / run->opt.count;
}

/* A spine that acknowledges what was not written must be found out. */
static bool control(void)
{
    int64_t sum[KIT_SUMS] = {0};

    quiet = office_lies = true;
    for (long n = 20; n < 70 && sum[S_FAILED] == 0; n += 3)
        one_point(2, n, sum);
    quiet = office_lies = false;
    printf("control, acknowledgements of what was not written: %" PRId64
           " of %" PRId64 " runs wrong\n",
           sum[S_FAILED], sum[S_RUNS]);
    return sum[S_FAILED] > 0;
}

int main(int argc, char **argv)
{
    struct run run = {
        .opt = kit_options(argc, argv, DK_FAULT_IO,
                           "nth_io: the n-th call on a file fails.\n"
                           "  --count is how many of these points; 0: all\n"
                           "  --at is a kind of fault; --only is n")};
    int64_t sum[KIT_SUMS] = {0};

    disk_install();
    count_calls(&run);
    if (run.opt.only >= 0)
        run.stride = 1;
    double start = kit_seconds();
    const struct kit_options first = run.opt;
    bool ended = true;
    for (int pass = 0; kit_pass(&first, &run.opt, pass, start); pass++)
        ended = kit_spread(first.jobs, points, &run, sum) && ended;
    struct history_counts c = {sum[S_ATTEMPTED],
                               sum[S_ACKED],
                               sum[S_LOST],
                               sum[S_UNEXPECTED],
                               sum[S_DUPLICATED],
                               sum[S_RECOVERED],
                               0};
    history_print("n-th call", &c);
    printf("n-th call: %" PRId64 " of %" PRId64 " points, %" PRId64
           " struck: %" PRId64 " starts refused, %" PRId64
           " times stopped, %" PRId64 " times waited for room; %" PRId64
           " power cuts; %" PRId64 " wrong; %.1f s\n",
           sum[S_RUNS], run.n_points, sum[S_STRUCK], sum[S_REFUSED],
           sum[S_STOPPED], sum[S_WAITED], sum[S_CUTS], sum[S_FAILED],
           kit_seconds() - start);
    bool good = ended && sum[S_FAILED] == 0 && history_good(&c);
    return control() && good ? 0 : 1;
}
