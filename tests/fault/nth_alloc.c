/* nth_alloc.c - the n-th allocation fails, once or from then on.
 *
 * docketd's own (malloc and its kin, by the linker), cJSON's (hooks) and
 * SQLite's (SQLITE_CONFIG_MALLOC) are counted together, while docketd runs and
 * not while the test does.  libzmq and libevent keep theirs: libzmq ends the
 * process when it has no memory, which is a SIGKILL to everybody else.
 *
 * Whatever n is: no crash, no leak (the sanitizers of the asan build, and what
 * SQLite says it still holds), and nothing acknowledged lost.  After a failure
 * once, docketd goes on by itself or ends with an exit code that says why; the
 * clients repeat what was not answered, and the day comes to its end.
 */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "tests/fault/disk.h"
#include "tests/fault/kit.h"
#include "tests/fault/office.h"
#include "tests/fault/truth.h"

enum sums {
    S_RUNS,
    S_STRUCK,
    S_STOPPED,
    S_REFUSED, /* starts */
    S_WAITED,  /* days on which answers failed to come until it was over */
    S_QUIET,   /* days on which nobody but docketd noticed */
    S_ATTEMPTED,
    S_ACKED,
    S_LOST,
    S_UNEXPECTED,
    S_DUPLICATED,
    S_RECOVERED,
    S_FAILED
};

/* ---- the allocations ---------------------------------------------------- */

static struct {
    bool armed, forever;
    long at, calls, struck;
    const char *whose; /* the first that failed */
} heap;

static bool refuses(const char *whose)
{
    if (kit_exempt > 0 || !heap.armed)
        return false;
    heap.calls++;
    if (heap.at == 0 || heap.calls < heap.at ||
        (heap.calls > heap.at && !heap.forever))
        return false;
    if (heap.struck++ == 0)
        heap.whose = whose;
    return true;
}

#define WRAP(ret, name, args)                                                  \
    ret __real_##name args;                                                    \
    ret __wrap_##name args;                                                    \
    ret __wrap_##name args

WRAP(void *, malloc, (size_t n))
{
    return refuses("malloc") ? NULL : __real_malloc(n);
}

WRAP(void *, calloc, (size_t n, size_t size))
{
    return refuses("calloc") ? NULL : __real_calloc(n, size);
}

WRAP(void *, realloc, (void *p, size_t n))
{
    return refuses("realloc") ? NULL : __real_realloc(p, n);
}

WRAP(char *, strdup, (const char *s))
{
    return refuses("strdup") ? NULL : __real_strdup(s);
}

WRAP(char *, strndup, (const char *s, size_t n))
{
    return refuses("strndup") ? NULL : __real_strndup(s, n);
}

static void *json_malloc(size_t n)
{
    return refuses("cJSON") ? NULL : __real_malloc(n);
}

static sqlite3_mem_methods sqlite;

static void *sqlite_malloc(int n)
{
    return refuses("SQLite") ? NULL : sqlite.xMalloc(n);
}

static void *sqlite_realloc(void *p, int n)
{
    return refuses("SQLite") ? NULL : sqlite.xRealloc(p, n);
}

static void take_over(void)
{
    cJSON_Hooks hooks = {json_malloc, free};
    sqlite3_mem_methods mine;

    need(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite) == SQLITE_OK);
    mine = sqlite;
    mine.xMalloc = sqlite_malloc;
    mine.xRealloc = sqlite_realloc;
    need(sqlite3_config(SQLITE_CONFIG_MALLOC, &mine) == SQLITE_OK);
    need(sqlite3_initialize() == SQLITE_OK);
    cJSON_InitHooks(&hooks);
    kit_exempt = 1;
}

/* ---- one day ------------------------------------------------------------ */

struct play {
    struct office *o;
    const char *wrong;
    int64_t *sum;
};

static void blame(struct play *p, const char *wrong)
{
    if (p->wrong == NULL)
        p->wrong = wrong;
}

static void finish(struct play *p)
{
    struct history_seen *seen = NULL;
    size_t n = 0;
    char fault[160];
    struct office *o = p->o;

    heap.armed = false;
    need(office_seen(o->d.st, &seen, &n) == 0);
    struct history_counts c = history_check(&o->history, disk_now(), seen, n);
    free(seen);
    p->sum[S_ATTEMPTED] += c.attempted;
    p->sum[S_ACKED] += c.acknowledged;
    p->sum[S_LOST] += c.lost;
    p->sum[S_UNEXPECTED] += c.unexpected;
    p->sum[S_DUPLICATED] += c.duplicated;
    p->sum[S_RECOVERED] += c.recovered;
    if (!history_good(&c) || c.attempted != c.acknowledged)
        blame(p, "lost, unexpected, duplicated or never answered");
    if (truth_verify(o->d.st, &o->d.info, fault, sizeof(fault)) != 0)
        blame(p, "verify found something at the end");
}

static void go_on(struct play *p, bool started)
{
    struct office *o = p->o;
    int code = o->d.exit_code;

    if (heap.struck == 0) {
        blame(p, "docketd stopped although nothing had failed");
        return;
    }
    heap.armed = false;
    if (o->gave_up) {
        p->sum[S_WAITED]++;
        o->gave_up = false;
        o->patience = 60;
        return;
    }
    p->sum[started ? S_STOPPED : S_REFUSED]++;
    if (code != EX_OSERR && code != EX_IOERR && code != EX_UNAVAILABLE)
        blame(p, "not an exit code that says why");
    office_stop(o, false);
}

static void day(struct play *p)
{
    struct office *o = p->o;

    for (int lives = 0; p->wrong == NULL; lives++) {
        bool started = o->built || office_start(o) == 0;

        if (lives > 2) {
            blame(p, "it does not come to its end");
            return;
        }
        bool done = started && office_day(o);
        while (started && !done && o->gave_up && heap.struck == 0) {
            o->gave_up = false; /* only slow so far */
            done = office_day(o);
        }
        if (done) {
            finish(p);
            return;
        }
        go_on(p, started && o->d.st != NULL && o->zctx != NULL);
    }
}

static struct office *fresh(void)
{
    disk_reset();
    disk_record(true);
    struct office *o = office_new();
    o->cfg.lease_ms = 300; /* a task that was lost on the way comes again */
    o->cfg.max_attempts = 20;
    return o;
}

/* What docketd says of each failure is of interest where something is wrong.
 * (A sanitizer does not ask what `stderr` is.)
 */
static struct {
    FILE *real, *to;
    char *text;
    size_t len;
} said;

static void on_abort(int sig)
{
    (void)sig;
    if (said.to != NULL && fflush(said.to) == 0)
        (void)!write(STDERR_FILENO, said.text, said.len);
    dprintf(STDERR_FILENO, "%s: aborted\n", kit_context);
}

static void keep_words(void)
{
    said.real = stderr;
    said.to = open_memstream(&said.text, &said.len);
    need(said.to != NULL);
    stderr = said.to;
}

static void give_words_back(bool tell)
{
    stderr = said.real;
    need(fclose(said.to) == 0);
    said.to = NULL;
    if (tell)
        fputs(said.text, stderr);
    free(said.text);
}

static void one_point(long n, bool forever, int64_t *sum)
{
    struct play p = {.o = fresh(), .sum = sum};
    int64_t held = sqlite3_memory_used();

    keep_words();
    snprintf(kit_context, sizeof(kit_context), "allocation %ld%s", n,
             forever ? " and all after it" : "");
    heap.at = n;
    heap.forever = forever;
    heap.calls = heap.struck = 0;
    heap.armed = true;
    p.o->patience = forever ? 0.4 : 15;
    int64_t noticed = sum[S_STOPPED] + sum[S_REFUSED] + sum[S_WAITED];
    day(&p);
    heap.armed = false;
    sum[S_RUNS]++;
    sum[S_STRUCK] += heap.struck > 0;
    sum[S_QUIET] += heap.struck > 0 && p.o->problems == 0 &&
                    noticed == sum[S_STOPPED] + sum[S_REFUSED] + sum[S_WAITED];
    size_t step = p.o->step;
    int code = p.o->d.exit_code;
    office_free(p.o);
    disk_record(false);
    if (sqlite3_memory_used() != held)
        blame(&p, "SQLite holds more memory than before");
    give_words_back(p.wrong != NULL);
    if (p.wrong == NULL)
        return;
    sum[S_FAILED]++;
    fprintf(stderr, "allocation %ld (%s)%s, step %zu, exit %d: %s\n", n,
            heap.whose != NULL ? heap.whose : "-",
            forever ? " and all after it" : "", step, code, p.wrong);
}

struct run {
    struct kit_options opt;
    long calls;
    int64_t stride;
};

static void points(void *arg, int worker, int workers, int64_t *sum)
{
    const struct run *run = arg;
    struct rng r = rng_of(run->opt.seed, 0);
    int64_t first = (int64_t)rng_below(&r, (uint64_t)run->stride);
    double start = kit_seconds();
    int64_t played = 0;

    for (int64_t i = first; i < 2 * run->calls; i += run->stride) {
        if (played++ % workers != worker)
            continue;
        if (run->opt.budget > 0 && kit_seconds() - start > run->opt.budget)
            break;
        if (run->opt.only < 0 || run->opt.only == i / 2 + 1)
            one_point((long)(i / 2) + 1, i % 2 != 0, sum);
    }
}

static long count_calls(void)
{
    struct office *o = fresh();

    heap.at = 0;
    heap.calls = 0;
    heap.armed = true;
    need(office_start(o) == 0 && office_day(o) && o->problems == 0);
    heap.armed = false;
    office_free(o);
    return heap.calls;
}

int main(int argc, char **argv)
{
    struct run run = {.opt =
                          kit_options(argc, argv, DK_FAULT_ALLOC,
                                      "nth_alloc: the n-th allocation fails.\n"
                                      "  --count is how many points; 0: all\n"
                                      "  --only is n")};
    int64_t sum[KIT_SUMS] = {0};

    take_over();
    disk_install();
    signal(SIGABRT, on_abort);
    run.calls = count_calls();
    printf("a day: %ld allocations\n", run.calls);
    run.stride = 1;
    if (run.opt.count > 0 && run.opt.only < 0 && 2 * run.calls > run.opt.count)
        run.stride = (2 * run.calls / run.opt.count) | 1;
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
    history_print("n-th allocation", &c);
    printf("n-th allocation: %" PRId64 " of %ld points, %" PRId64
           " struck: %" PRId64 " starts refused, %" PRId64
           " times stopped, %" PRId64 " times waited, %" PRId64
           " times nobody noticed; %" PRId64 " wrong; %.1f s\n",
           sum[S_RUNS], 2 * run.calls, sum[S_STRUCK], sum[S_REFUSED],
           sum[S_STOPPED], sum[S_WAITED], sum[S_QUIET], sum[S_FAILED],
           kit_seconds() - start);
    return ended && sum[S_FAILED] == 0 && history_good(&c) ? 0 : 1;
}
