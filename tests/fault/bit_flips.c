/* bit_flips.c - bits of the store's files change while nobody looks.
 *
 * Each flip hurts the database (of a docketd that stopped), or the database or
 * its log (of one that was killed), or a backup that is put in place: a bit, a
 * byte, some bits of a sector, a sector of zeros, two pages exchanged, or the
 * end cut off.  Then the store is opened and asked everything.  Allowed is: it
 * does not open; a read fails; verify names it; or every answer is the right
 * one.  Never a wrong answer that nobody notices.
 *
 * One thing no file can tell of itself: when the damage takes away the last
 * transaction of a log, the store is as it was before that one, which is also
 * what a power cut leaves.  Such flips are counted by themselves ("cut"), and
 * must be exactly that.  A checkpoint that was exported tells (docs/SECURITY).
 *
 * Control: without verify some flips must pass unnoticed.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/store/store_backup.h"
#include "tests/fault/disk.h"
#include "tests/fault/kit.h"
#include "tests/fault/office.h"
#include "tests/fault/truth.h"

enum sums {
    S_FLIPS,
    S_REFUSED,   /* by the opening */
    S_READ,      /* by a read */
    S_NAMED,     /* by verify */
    S_BUILD,     /* by integrity_check, on the stopped store */
    S_HARMLESS,  /* every answer is right, nothing was said */
    S_CUT,       /* as before the last transaction of the log */
    S_UNCHECKED, /* only rows are wrong that verify holds against nothing:
                    requests, counters of days, loads of handlers */
    S_SILENT,    /* a wrong answer that nobody notices */
    S_OPEN_ONLY, /* wrong answers that opening and reading do not notice */
    /* of a backup alone: */
    S_BACKUP,
    S_BACKUP_HARMLESS,
    S_BACKUP_BUILD,
    S_BACKUP_OPEN_ONLY
};

struct sample {
    struct disk_copy *files;
    const char *hurt; /* the file that is hurt */
    const char *name;
    uint64_t hash; /* of the truth */
    char *text;
    const struct office *o; /* the log's: truths before its last ones */
    uint8_t broker[16], secret[32];
};

#define SAMPLES   4
#define IN_BACKUP 3 /* the last of them */
#define BACKUP    DISK_ROOT "/backup.db"
struct run {
    struct kit_options opt;
    struct sample sample[SAMPLES];
};

static uint8_t some_random[48] = {9};

/* ---- damage ------------------------------------------------------------- */

enum damage {
    BIT,
    BYTE,
    BITS, /* of one sector */
    ZEROS,
    SWAP, /* two pages */
    SHORTER,
    DAMAGES
};

static const char *const damage_names[DAMAGES] = {"a bit",
                                                  "a byte",
                                                  "bits of a sector",
                                                  "a sector of zeros",
                                                  "two pages exchanged",
                                                  "the end cut off"};

static void swap_pages(struct rng *r, uint8_t *p, size_t len)
{
    uint8_t keep[4096];
    size_t pages = len / 4096;

    if (pages < 2)
        return;
    uint8_t *a = p + 4096 * rng_below(r, pages);
    uint8_t *b = p + 4096 * rng_below(r, pages);
    memcpy(keep, a, 4096);
    memmove(a, b, 4096);
    memcpy(b, keep, 4096);
}

/* Most damage is small: half of it is one bit. */
static enum damage choose(struct rng *r)
{
    uint64_t n = rng_below(r, 12);

    if (n < 6)
        return BIT;
    return n < 8 ? BYTE : (enum damage)(BITS + (n - 8));
}

static enum damage hurt(struct rng *r, const char *path, char *how, size_t cap)
{
    size_t len = 0;
    uint8_t *p = disk_edit(path, &len);
    enum damage d = choose(r);
    size_t at = (size_t)rng_below(r, len);
    size_t sector = at / 512 * 512;

    snprintf(how, cap, "%s of %s at %zu", damage_names[d], path, at);
    switch (d) {
    case BIT:
        p[at] ^= (uint8_t)(1U << rng_below(r, 8));
        break;
    case BYTE:
        p[at] ^= (uint8_t)(1 + rng_below(r, 255));
        break;
    case BITS:
        for (int i = 0; i < 8; i++) {
            size_t k = sector + rng_below(r, 512);
            if (k < len)
                p[k] ^= (uint8_t)(1U << rng_below(r, 8));
        }
        break;
    case ZEROS:
        memset(p + sector, 0, len - sector < 512 ? len - sector : 512);
        break;
    case SWAP:
        swap_pages(r, p, len);
        break;
    case SHORTER:
        disk_cut_short(path, at);
        break;
    case DAMAGES:
        break;
    }
    return d;
}

/* ---- one flip ----------------------------------------------------------- */

static bool right(const struct sample *s, uint64_t hash,
                  const struct store_info *info)
{
    return hash == s->hash &&
           memcmp(info->broker, s->broker, sizeof(s->broker)) == 0 &&
           memcmp(info->secret, s->secret, sizeof(s->secret)) == 0;
}

/* The first line that is not as it should be. */
static void tell(const struct sample *s, const char *is)
{
    const char *was = s->text, *line_was = was, *line_is = is;

    for (; *was != '\0' && *was == *is; was++, is++) {
        if (*was == '\n') {
            line_was = was + 1;
            line_is = is + 1;
        }
    }
    fprintf(stderr, "  was: %.*s\n  is:  %.*s\n", (int)strcspn(line_was, "\n"),
            line_was, (int)strcspn(line_is, "\n"), line_is);
}

static bool unchecked(const char *line)
{
    return strncmp(line, "request ", 8) == 0 || strncmp(line, "day ", 4) == 0 ||
           strncmp(line, "load ", 5) == 0;
}

static const char *next_checked(const char *p)
{
    while (*p != '\0' && unchecked(p)) {
        p += strcspn(p, "\n");
        p += *p == '\n';
    }
    return p;
}

/* Texts that are the same but for such lines. */
static bool same_but_unchecked(const char *a, const char *b)
{
    for (;;) {
        a = next_checked(a);
        b = next_checked(b);
        size_t n = strcspn(a, "\n"), m = strcspn(b, "\n");
        if (n != m || memcmp(a, b, n) != 0)
            return false;
        if (a[n] == '\0' || b[n] == '\0')
            return a[n] == b[n];
        a += n + 1;
        b += n + 1;
    }
}

/* How many of the last transactions the store is behind; 0: it is at none. */
static int behind(const struct office *o, uint64_t hash)
{
    int n = 0;

    for (size_t i = o->n_commit; i-- > 0;) {
        if (o->commit[i].done == HISTORY_NEVER)
            continue;
        if (o->commit[i].hash == hash)
            return n;
        n++;
    }
    return 0;
}

/* What damage of the log's end may take away: a cut, whatever was after it. */
static bool may_be_cut(const struct sample *s, enum damage d, uint64_t hash)
{
    int n = s->o != NULL ? behind(s->o, hash) : 0;

    return n == 1 || n == 2 || (n > 0 && n <= 4 && d == SWAP) ||
           (n > 0 && d == SHORTER);
}

static char *last_text; /* what the store told */

static enum sums look(const struct sample *s, enum damage d, struct store *st,
                      const struct store_info *info, int64_t *sum)
{
    char fault[160];
    struct truth t = truth_read(st, info->test_now);
    enum sums what = S_SILENT;

    if (t.rc != 0)
        what = S_READ;
    else if (right(s, t.hash, info))
        what = S_HARMLESS;
    sum[S_OPEN_ONLY] += what == S_SILENT;
    if (what == S_SILENT && truth_verify(st, info, fault, sizeof(fault)) != 0)
        what = S_NAMED;
    if (what == S_SILENT && may_be_cut(s, d, t.hash))
        what = S_CUT;
    if (what == S_SILENT && same_but_unchecked(s->text, t.text))
        what = S_UNCHECKED;
    free(last_text);
    last_text = t.text;
    return what;
}

static enum sums judge(const struct sample *s, enum damage d, int64_t *sum)
{
    struct store_options opt = truth_options(false);
    struct store *st = NULL;
    struct store_info info;
    struct dk_problem p = {0};

    if (store_open("sqlite:" DISK_STORE, &opt, some_random, &st, &info, &p) !=
        0)
        return S_REFUSED;
    enum sums what = look(s, d, st, &info, sum);
    store_close(st);
    if ((what == S_SILENT || what == S_UNCHECKED) && !truth_integrity())
        what = S_BUILD;
    if (what == S_SILENT && sum[S_SILENT] < 10)
        tell(s, last_text);
    return what;
}

static void flips(void *arg, int worker, int workers, int64_t *sum)
{
    const struct run *run = arg;
    double start = kit_seconds();

    for (int64_t i = worker; i < run->opt.count; i += workers) {
        struct rng r = rng_of(run->opt.seed, (uint64_t)i);
        const struct sample *s = &run->sample[i % SAMPLES];
        char how[160];

        if (run->opt.only >= 0 && i != run->opt.only)
            continue;
        if (run->opt.budget > 0 && kit_seconds() - start > run->opt.budget)
            break;
        disk_restore(s->files);
        enum damage d = hurt(&r, s->hurt, how, sizeof(how));
        int64_t open_only = sum[S_OPEN_ONLY];
        enum sums what = judge(s, d, sum);
        sum[S_FLIPS]++;
        if (s == &run->sample[IN_BACKUP]) {
            sum[S_BACKUP]++;
            sum[S_BACKUP_HARMLESS] += what == S_HARMLESS;
            sum[S_BACKUP_BUILD] += what == S_BUILD;
            sum[S_BACKUP_OPEN_ONLY] += sum[S_OPEN_ONLY] - open_only;
        }
        sum[what]++;
        if (what == S_SILENT && sum[S_SILENT] <= 10)
            fprintf(stderr,
                    "flip %" PRId64 " of seed %" PRIu64 ", %s, %s: "
                    "a wrong answer that nobody notices\n",
                    i, run->opt.seed, s->name, how);
    }
}

/* ---- the samples -------------------------------------------------------- */

static void know(struct sample *s)
{
    struct store_options opt = truth_options(false);
    struct store *st = NULL;
    struct store_info info;
    struct dk_problem p = {0};
    char fault[160];

    disk_restore(s->files);
    need_msg(store_open("sqlite:" DISK_STORE, &opt, some_random, &st, &info,
                        &p) == 0,
             "%s", p.detail);
    struct truth t = truth_read(st, info.test_now);
    need(t.rc == 0 && truth_verify(st, &info, fault, sizeof(fault)) == 0);
    s->hash = t.hash;
    memcpy(s->broker, info.broker, sizeof(s->broker));
    memcpy(s->secret, info.secret, sizeof(s->secret));
    s->text = t.text;
    store_close(st);
}

/* A finished backup of the stopped store, put in its place. */
static struct disk_copy *restored_backup(const struct disk_copy *stopped)
{
    struct store_options opt = truth_options(false);
    struct store *st = NULL;
    struct store_info info;
    struct store_backup b = {0};
    struct store_totals t;
    struct dk_problem p = {0};
    atomic_bool stop = false;
    size_t len = 0;

    disk_restore(stopped);
    need_msg(store_open("sqlite:" DISK_STORE, &opt, some_random, &st, &info,
                        &p) == 0,
             "%s", p.detail);
    need(store_totals(st, &t) == 0);
    struct store_backup_want want = {.last_seq = info.last_seq,
                                     .cases = t.cases};
    memcpy(want.broker, info.broker, sizeof(want.broker));
    int fd = open(BACKUP, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    need(fd >= 0 && store_backup_begin(st, BACKUP, &p) == 0);
    while (!b.whole)
        need_msg(store_backup_step(st, 64, &b, &p) == 0, "%s", p.detail);
    need_msg(store_backup_check(BACKUP, fd, &want, &stop, &p) == 0, "%s",
             p.detail);
    close(fd);
    store_close(st);
    const uint8_t *file = disk_get(BACKUP, &len);
    uint8_t *copy = malloc(len);
    need(file != NULL && copy != NULL);
    memcpy(copy, file, len);
    disk_reset();
    disk_put(DISK_STORE, copy, len);
    free(copy);
    return disk_save();
}

static void make_samples(struct run *run)
{
    disk_reset();
    struct office *o = office_new();
    o->truths = true;
    need(office_start(o) == 0 && office_day(o));
    struct disk_copy *killed = disk_save();
    office_stop(o, true);
    run->sample[0] = (struct sample){
        .files = disk_save(), .hurt = DISK_STORE, .name = "stopped, database"};
    run->sample[1] = (struct sample){
        .files = killed, .hurt = DISK_STORE, .name = "killed, database"};
    run->sample[2] = (struct sample){.files = killed,
                                     .hurt = DISK_STORE "-wal",
                                     .name = "killed, log",
                                     .o = o};
    run->sample[IN_BACKUP] =
        (struct sample){.files = restored_backup(run->sample[0].files),
                        .hurt = DISK_STORE,
                        .name = "a backup"};
    for (int i = 0; i < SAMPLES; i++)
        know(&run->sample[i]);
    need(run->sample[0].hash == run->sample[1].hash);
}

static void say(const int64_t *sum, double seconds)
{
    printf("bit flips: %" PRId64 ": %" PRId64 " refused, %" PRId64
           " told by a read, %" PRId64 " named by verify, %" PRId64
           " by integrity_check only, %" PRId64 " harmless\n",
           sum[S_FLIPS], sum[S_REFUSED], sum[S_READ], sum[S_NAMED],
           sum[S_BUILD], sum[S_HARMLESS]);
    printf("bit flips: %" PRId64 " cut the log's end, %" PRId64
           " in rows that nothing checks, %" PRId64 " silent; %.1f s\n",
           sum[S_CUT], sum[S_UNCHECKED], sum[S_SILENT], seconds);
    printf("of them in a backup: %" PRId64 ": %" PRId64 " harmless, %" PRId64
           " by integrity_check only\n",
           sum[S_BACKUP], sum[S_BACKUP_HARMLESS], sum[S_BACKUP_BUILD]);
    printf("control, without verify: %" PRId64 " wrong answers pass, %" PRId64
           " of them in a backup\n",
           sum[S_OPEN_ONLY], sum[S_BACKUP_OPEN_ONLY]);
}

int main(int argc, char **argv)
{
    static struct run run; /* to the end, with what it points at */
    int64_t sum[KIT_SUMS] = {0};

    run.opt = kit_options(argc, argv, DK_FAULT_FLIPS,
                          "bit_flips: bits of the store's files change.\n"
                          "  --count is how many flips");
    disk_install();
    make_samples(&run);
    double start = kit_seconds();
    const struct kit_options first = run.opt;
    bool ended = true;
    for (int pass = 0; kit_pass(&first, &run.opt, pass, start); pass++)
        ended = kit_spread(first.jobs, flips, &run, sum) && ended;
    say(sum, kit_seconds() - start);
    bool harmed = sum[S_OPEN_ONLY] > 0 && sum[S_BACKUP_OPEN_ONLY] > 0;
    if (run.opt.only < 0 && !harmed)
        fprintf(stderr, "no flip did harm, so this test cannot fail\n");
    if (sum[S_BACKUP_BUILD] != 0)
        fprintf(stderr, "a damaged backup was started and gave wrong answers "
                        "that verify does not find\n");
    return ended && sum[S_SILENT] == 0 && sum[S_BACKUP_BUILD] == 0 &&
                   (run.opt.only >= 0 || harmed)
               ? 0
               : 1;
}
