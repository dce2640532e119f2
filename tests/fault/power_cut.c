/* power_cut.c - the power fails at any moment of a day at the office.
 *
 * The day is played once, on a disk that remembers every write and sync.  Then
 * for each image: cut the power before some operation, let any part of what was
 * not synced be there (crash.h), open the store as docketd does, and hold what
 * it says against the truth after the commits of that day: it must be exactly
 * the truth after one of them, not older than the last one that was done, and
 * `verify` must find nothing.  Some openings are cut off in their turn.
 */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fault/crash.h"
#include "tests/fault/office.h"
#include "tests/fault/truth.h"

enum sums {
    S_IMAGES,
    S_FAILED,   /* images with anything wrong */
    S_AGAIN,    /* openings that were cut off too */
    S_DISTINCT, /* databases that had to be read in full */
    S_ATTEMPTED,
    S_ACKED,
    S_LOST,
    S_UNEXPECTED,
    S_DUPLICATED,
    S_RECOVERED,
    S_REFUSED, /* openings that failed */
    S_FAULTY,  /* verify found something */
    S_OTHER    /* another truth than any commit's */
};

struct day { /* what was recorded */
    struct office *o;
    struct disk_journal j;
    struct disk_copy *start; /* NULL: an empty disk */
    uint64_t first_hash;     /* the truth at the start, of an old store */
};

struct run {
    const struct day *day;
    struct kit_options opt;
    bool quiet; /* a control: failures are what is wanted */
};

/* ---- what was true at a moment ------------------------------------------ */

/* The last commit that was done before operation `at`, and the last that was
 * begun; -1: none.
 */
static void commits_at(const struct office *o, size_t at, int *done, int *begun)
{
    *done = *begun = -1;
    for (size_t i = 0; i < o->n_commit; i++) {
        if (o->commit[i].done <= at)
            *done = (int)i;
        if (o->commit[i].begun <= at)
            *begun = (int)i;
    }
}

static const struct office_opening *opening_at(const struct office *o,
                                               size_t at)
{
    const struct office_opening *k = NULL;

    for (size_t i = 0; i < o->n_opening; i++) {
        if (o->opening[i].done <= at)
            k = &o->opening[i];
    }
    return k;
}

/* ---- one image ---------------------------------------------------------- */

static uint8_t fixed_random[48] = {7};

/* Databases already read in full by this process, by a hash of their bytes. */
#define MEMO 65536
struct memo {
    uint64_t db;
    struct truth truth; /* rc and hash only */
    int faults;
    struct history_seen *seen;
    size_t n_seen;
};
static struct memo memo[MEMO];

/* After the opening the log was moved into the file and then took the new epoch
 * only: what the file's bytes are, the answers are.
 */
static const struct memo *read_all(struct store *st,
                                   const struct store_info *info, int64_t *sum)
{
    size_t len = 0;
    const uint8_t *db = disk_get(DISK_STORE, &len);
    uint64_t hash = kit_hash(db, len, 3) | 1;
    struct memo *m = &memo[hash % MEMO];
    char fault[160];

    if (m->db == hash)
        return m;
    sum[S_DISTINCT]++;
    free(m->seen);
    *m = (struct memo){.db = hash};
    m->truth = truth_read(st, info->test_now);
    truth_free(&m->truth);
    m->faults = truth_verify(st, info, fault, sizeof(fault));
    if (office_seen(st, &m->seen, &m->n_seen) != 0)
        m->faults = -1;
    return m;
}

static bool is_a_truth(const struct day *day, size_t at, uint64_t hash)
{
    const struct office *o = day->o;
    int done, begun;

    commits_at(o, at, &done, &begun);
    if (done < 0 && hash == day->first_hash)
        return true;
    for (int i = done < 0 ? 0 : done; i <= begun; i++) {
        if (o->commit[i].hash == hash)
            return true;
    }
    return false;
}

/* Hold an opened store against the moment `at`.  The words of the first thing
 * that is wrong, or NULL.
 */
static const char *judge(const struct day *day, size_t at, struct store *st,
                         const struct store_info *info, int64_t *sum)
{
    const struct office_opening *k = opening_at(day->o, at);
    int64_t before = sum[S_DISTINCT];
    const struct memo *m = read_all(st, info, sum);
    struct history_counts c =
        history_check(&day->o->history, at, m->seen, m->n_seen);
    const char *wrong = NULL;

    sum[S_ATTEMPTED] += c.attempted;
    sum[S_ACKED] += c.acknowledged;
    sum[S_LOST] += c.lost;
    sum[S_UNEXPECTED] += c.unexpected;
    sum[S_DUPLICATED] += c.duplicated;
    sum[S_RECOVERED] += c.recovered;
    if (m->faults != 0) {
        sum[S_FAULTY]++;
        wrong = "verify found something";
    }
    if (!is_a_truth(day, at, m->truth.hash)) {
        sum[S_OTHER]++;
        wrong = "it is not the truth after any commit that may be there";
    }
    if (!history_good(&c))
        wrong = "lost, unexpected or duplicated";
    if (k != NULL &&
        (info->epoch <= k->epoch || memcmp(info->broker, k->broker, 16) != 0))
        wrong = "the epoch or the stream's id went back";
    if (sum[S_DISTINCT] != before && wrong == NULL) {
        store_checkpoint(st, true);
        return NULL;
    }
    return wrong;
}

static const char *open_and_judge(const struct day *day, size_t at,
                                  int64_t *sum, char *detail, size_t cap)
{
    struct store_options opt = truth_options(true);
    struct store *st = NULL;
    struct store_info info;
    struct dk_problem p = {0};
    int64_t before = sum[S_DISTINCT];

    if (store_open("sqlite:" DISK_STORE, &opt, fixed_random, &st, &info, &p) !=
        0) {
        sum[S_REFUSED]++;
        snprintf(detail, cap, "%s", p.detail);
        return "the store does not open";
    }
    const char *wrong = judge(day, at, st, &info, sum);
    store_close(st);
    if (wrong == NULL && sum[S_DISTINCT] != before && !truth_integrity())
        wrong = "integrity_check found something";
    return wrong;
}

/* Open the image, but cut the power off again somewhere on the way. */
static void cut_the_opening(struct rng *r, int64_t *sum)
{
    struct store_options opt = truth_options(true);
    struct disk_copy *start = disk_save();
    struct store *st = NULL;
    struct store_info info;
    struct dk_problem p = {0};
    char how[160];

    disk_restore(start);
    disk_record(true);
    (void)store_open("sqlite:" DISK_STORE, &opt, fixed_random, &st, &info, &p);
    store_close(st);
    struct disk_journal j = disk_take_journal();
    struct crash *c = crash_new(&j, start);
    crash_to(c, (size_t)rng_below(r, j.n + 1));
    crash_image(c, r, how, sizeof(how));
    crash_free(c);
    disk_forget(&j);
    disk_free(start);
    sum[S_AGAIN]++;
}

static void one_image(const struct run *run, struct crash *c, size_t at,
                      int64_t number, int64_t *sum)
{
    struct rng r = rng_of(run->opt.seed, (uint64_t)number);
    char how[160];
    char detail[512] = "";

    crash_image(c, &r, how, sizeof(how));
    bool again = rng_below(&r, 16) == 0;
    if (again)
        cut_the_opening(&r, sum);
    const char *wrong =
        open_and_judge(run->day, at, sum, detail, sizeof(detail));
    sum[S_IMAGES]++;
    if (wrong == NULL)
        return;
    sum[S_FAILED]++;
    if (!run->quiet && sum[S_FAILED] <= 5)
        fprintf(stderr,
                "image %" PRId64 " of seed %" PRIu64 ": %s\n  %s%s\n  %s\n",
                number, run->opt.seed, wrong, how,
                again ? ", and again while it was opened" : "", detail);
}

/* Worker w of n takes every n-th image; images rise with the moment. */
static void images(void *arg, int worker, int workers, int64_t *sum)
{
    const struct run *run = arg;
    const struct day *day = run->day;
    struct crash *c = crash_new(&day->j, day->start);
    double start = kit_seconds();

    for (int64_t i = worker; i < run->opt.count; i += workers) {
        size_t at = (size_t)((double)i * (double)(day->j.n + 1) /
                             (double)run->opt.count);
        if (run->opt.only >= 0 && i != run->opt.only)
            continue;
        if (run->opt.budget > 0 && kit_seconds() - start > run->opt.budget)
            break;
        crash_to(c, at);
        one_image(run, c, at, i, sum);
    }
    crash_free(c);
}

/* ---- the days ----------------------------------------------------------- */

/* The truth of a store in which nothing has happened. */
static uint64_t nothing(void)
{
    struct store_options opt = truth_options(true);
    struct store *st = NULL;
    struct store_info info;
    struct dk_problem p = {0};

    need(store_open("sqlite:" DISK_STORE, &opt, fixed_random, &st, &info, &p) ==
         0);
    struct truth t = truth_read(st, info.test_now);
    store_close(st);
    truth_free(&t);
    return t.hash;
}

static struct day play(void)
{
    struct day day = {.o = office_new()};
    bool lies = disk_lies;

    disk_reset();
    day.first_hash = nothing();
    disk_reset();
    disk_lies = lies;
    disk_record(true);
    day.o->truths = true;
    need(office_start(day.o) == 0);
    need(office_day(day.o));
    office_stop(day.o, true);
    day.j = disk_take_journal();
    return day;
}

static void day_fini(struct day *day)
{
    office_free(day->o);
    disk_forget(&day->j);
    if (day->start != NULL)
        disk_free(day->start);
}

static bool report(const char *name, const int64_t *sum, double took)
{
    struct history_counts c = {.attempted = sum[S_ATTEMPTED],
                               .acknowledged = sum[S_ACKED],
                               .lost = sum[S_LOST],
                               .unexpected = sum[S_UNEXPECTED],
                               .duplicated = sum[S_DUPLICATED],
                               .recovered = sum[S_RECOVERED]};

    history_print(name, &c);
    printf("%s: %" PRId64 " images (%" PRId64 " cut off again while opening), "
           "%" PRId64 " wrong: %" PRId64 " not opened, %" PRId64
           " with faults, %" PRId64 " of another truth; %" PRId64
           " read in full; %.1f s, %.2f ms each\n",
           name, sum[S_IMAGES], sum[S_AGAIN], sum[S_FAILED], sum[S_REFUSED],
           sum[S_FAULTY], sum[S_OTHER], sum[S_DISTINCT], took,
           1000 * took / (double)(sum[S_IMAGES] != 0 ? sum[S_IMAGES] : 1));
    fflush(stdout);
    return sum[S_FAILED] == 0 && history_good(&c);
}

static bool cut(const char *name, const struct day *day,
                const struct kit_options *opt, bool quiet)
{
    struct run run = {.day = day, .opt = *opt, .quiet = quiet};
    int64_t sum[KIT_SUMS] = {0};
    double start = kit_seconds();
    bool ended = true;

    for (int pass = 0; kit_pass(opt, &run.opt, pass, start); pass++)
        ended = kit_spread(opt->jobs, images, &run, sum) && ended;
    return report(name, sum, kit_seconds() - start) && ended;
}

/* ---- controls: what must lose ------------------------------------------- */

static bool normal; /* synchronous=NORMAL behind the store's back */

int __real_sqlite3_prepare_v2(sqlite3 *db, const char *sql, int n,
                              sqlite3_stmt **out, const char **tail);
int __wrap_sqlite3_prepare_v2(sqlite3 *db, const char *sql, int n,
                              sqlite3_stmt **out, const char **tail);
int __wrap_sqlite3_prepare_v2(sqlite3 *db, const char *sql, int n,
                              sqlite3_stmt **out, const char **tail)
{
    if (normal && strcmp(sql, "PRAGMA synchronous") == 0) {
        int rc =
            sqlite3_exec(db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
        if (rc != SQLITE_OK)
            return rc;
        sql = "SELECT '2'";
    }
    return __real_sqlite3_prepare_v2(db, sql, n, out, tail);
}

static bool control(const char *name, const struct kit_options *opt)
{
    struct kit_options few = *opt;
    struct day day = play();

    normal = false;
    few.count = opt->count / 20 > 400 ? 400 : opt->count / 20 + 100;
    few.only = -1;
    few.budget = 0;
    bool held = cut(name, &day, &few, true);
    day_fini(&day);
    if (held)
        fprintf(stderr, "%s: nothing was lost, so this test cannot fail\n",
                name);
    return !held;
}

static bool controls(const struct kit_options *opt)
{
    normal = true;
    bool good = control("control, synchronous=NORMAL", opt);

    disk_lies = true;
    good = control("control, a disk that lies", opt) && good;
    disk_lies = false;
    return good;
}

int main(int argc, char **argv)
{
    struct kit_options opt = kit_options(
        argc, argv, DK_FAULT_IMAGES,
        "power_cut: the power fails at any moment of a day at the office.\n"
        "  --count is the number of images");

    disk_install();
    struct day day = play();
    printf("a day: %zu commits, %zu operations on the disk\n", day.o->n_commit,
           day.j.n);
    fflush(stdout);
    bool good = cut("power cut", &day, &opt, false);
    day_fini(&day);
    if (opt.only < 0)
        good = controls(&opt) && good;
    return good ? 0 : 1;
}
