/* spool_flips.c - bits of a kiosk's spool change while nobody looks.
 *
 * Each flip hurts the spool of a kiosk that stopped, or the spool or its log of
 * one that was killed: a bit, a byte, some bits of a sector, a sector of zeros,
 * two pages exchanged, or the end cut off.  Then it is opened and asked
 * everything that the kiosk asks.  Allowed is: it does not open, with a
 * sentence; a read fails; what is wrong is set aside and named; or every answer
 * is the right one.  A case that waits again although the office has it is
 * right: the office answers it as before.  Never other words than were taken,
 * another number, or a case that is gone without a word.
 *
 * Control: some flips must be seen by the sums of the rows alone.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clients/kiosk/spool.h"
#include "tests/fault/kit.h"

enum sums {
    S_FLIPS,
    S_REFUSED,  /* by the opening */
    S_READ,     /* by a read */
    S_ASIDE,    /* set aside and named */
    S_HARMLESS, /* every answer is right, nothing was said */
    S_SILENT
};

#define CASES   40
#define SAMPLES 3

struct file {
    uint8_t *data;
    size_t len;
};

struct sample {
    const char *name;
    struct file db, wal;
    bool hurt_wal;
};

struct run {
    struct kit_options opt;
    struct sample sample[SAMPLES];
};

struct truth {
    char submission[DK_UUID_TEXT], case_no[DK_CASE_NO_MAX], code[SPOOL_CODE];
    uint8_t digest[SPOOL_HASH];
    char body[9000];
    size_t len;
    enum spool_state state;
    bool untold;
};

static struct truth truth[CASES];

/* What one opening of a hurt spool told. */
struct told {
    bool seen[CASES], wrong;
    int aside[CASES], stranger; /* set aside under no id of ours */
    const char *why;
};

/* ---- the spools --------------------------------------------------------- */

static void make_truth(struct rng *r)
{
    for (unsigned i = 0; i < CASES; i++) {
        struct truth *t = &truth[i];
        size_t room = i % 10 == 9 ? sizeof(t->body) - 200 : 500;
        size_t words = 1 + rng_below(r, room / 6);

        snprintf(t->submission, sizeof(t->submission),
                 "0192f0c0-0000-7000-8000-%012x", i);
        snprintf(t->case_no, sizeof(t->case_no), "330699-20260506-%06u-5", i);
        snprintf(t->code, sizeof(t->code), "%08u", 10000000 + i);
        t->len = (size_t)snprintf(t->body, sizeof(t->body),
                                  "{\"submission_id\":\"%s\",\"facts\":\"",
                                  t->submission);
        for (size_t k = 0; k < words; k++, t->len += 6)
            memcpy(t->body + t->len, "路灯", 6);
        memcpy(t->body + t->len, "\"}", 3);
        t->len += 2;
        crypto_generichash(t->digest, sizeof(t->digest),
                           (const uint8_t *)t->body, t->len, NULL, 0);
        t->state = i % 4 == 0 ? SPOOL_DONE : SPOOL_WAITING;
        if (i % 13 == 5)
            t->state = SPOOL_REFUSED;
    }
}

static int take(struct spool *s, const struct truth *t, struct spool_item *it)
{
    struct dk_problem p = {0};

    *it = (struct spool_item){.taken_at = 1778029200000 + (t - truth),
                              .body = t->body,
                              .len = t->len};
    memcpy(it->submission, t->submission, sizeof(it->submission));
    memcpy(it->digest, t->digest, sizeof(it->digest));
    return spool_take(s, it, 1, &p);
}

/* Settle the cases from `from` to `to` that are to be settled. */
static void settle(struct spool *s, int from, int to)
{
    struct dk_problem p = {0};

    for (int i = from; i < to; i++) {
        struct spool_answer a = {.id = i + 1, .state = truth[i].state, .at = 1};

        if (a.state == SPOOL_WAITING)
            continue;
        memcpy(a.case_no, truth[i].case_no, sizeof(a.case_no));
        memcpy(a.code, truth[i].code, sizeof(a.code));
        if (a.state == SPOOL_REFUSED)
            dk_fail(&a.problem, DK_EFIELD, "/subject", NULL, NULL);
        need(spool_settle(s, &a, 1, &p) == 0);
    }
}

static void fill(const char *path, bool stop)
{
    struct dk_problem p = {0};
    struct spool_item it;
    struct spool *s = NULL;

    need_msg(spool_open(path, true, &s, &p) == 0, "%s", p.detail);
    for (int i = 0; i < CASES; i++)
        need(take(s, &truth[i], &it) == 0 && it.verdict == SPOOL_TAKEN);
    settle(s, 0, CASES / 2);
    spool_told(s);
    need(spool_tidy(s, &p) == 0);
    settle(s, CASES / 2, CASES);
    if (stop)
        spool_close(s);
}

static struct file load(const char *path)
{
    struct file f = {NULL, 0};
    FILE *in = fopen(path, "rb");

    if (in == NULL)
        return f;
    need(fseek(in, 0, SEEK_END) == 0);
    f.len = (size_t)ftell(in);
    rewind(in);
    f.data = kit_calloc(f.len + 1);
    need(fread(f.data, 1, f.len, in) == f.len);
    fclose(in);
    return f;
}

static void save(const char *path, const uint8_t *data, size_t len)
{
    FILE *out = fopen(path, "wb");

    need(out != NULL && fwrite(data, 1, len, out) == len && fclose(out) == 0);
}

static void make_samples(struct run *run, const char *path, const char *wal)
{
    static const char *const names[SAMPLES] = {"stopped", "killed, the file",
                                               "killed, the log"};

    for (int i = 0; i < SAMPLES; i++) {
        struct sample *s = &run->sample[i];
        int status = 1;

        unlink(path);
        pid_t pid = fork();
        if (pid == 0) { /* a kill is an end without a close */
            fill(path, i == 0);
            _exit(0);
        }
        need(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
        s->name = names[i];
        s->db = load(path);
        s->wal = load(wal);
        s->hurt_wal = i == 2;
        need_msg(s->db.len >= 16384 && (s->wal.len > 0) == (i > 0),
                 "%s: %zu and %zu bytes", s->name, s->db.len, s->wal.len);
        unlink(path);
        unlink(wal);
    }
    for (int i = 0; i < CASES; i++)
        truth[i].untold = i >= CASES / 2 && truth[i].state != SPOOL_WAITING;
}

/* ---- damage ------------------------------------------------------------- */

static size_t hurt(struct rng *r, uint8_t *p, size_t len, char *how, size_t cap)
{
    size_t at = (size_t)rng_below(r, len), sector = at / 512 * 512;
    uint64_t what = rng_below(r, 12);

    snprintf(how, cap, "damage %" PRIu64 " at %zu", what, at);
    if (what < 6) {
        p[at] ^= (uint8_t)(1U << rng_below(r, 8));
    } else if (what < 8) {
        p[at] ^= (uint8_t)(1 + rng_below(r, 255));
    } else if (what == 8) {
        for (int i = 0; i < 8; i++) {
            size_t k = sector + rng_below(r, 512);
            if (k < len)
                p[k] ^= (uint8_t)(1U << rng_below(r, 8));
        }
    } else if (what == 9) {
        memset(p + sector, 0, len - sector < 512 ? len - sector : 512);
    } else if (what == 10) {
        uint8_t keep[4096];
        uint8_t *a = p + 4096 * rng_below(r, len / 4096);
        uint8_t *b = p + 4096 * rng_below(r, len / 4096);
        memcpy(keep, a, 4096);
        memmove(a, b, 4096);
        memcpy(b, keep, 4096);
    } else {
        return at;
    }
    return len;
}

/* ---- judging ------------------------------------------------------------ */

static void wrong(struct told *t, const char *why)
{
    t->wrong = true;
    t->why = why;
}

static int find(const char *submission)
{
    for (int i = 0; i < CASES; i++)
        if (strcmp(truth[i].submission, submission) == 0)
            return i;
    return -1;
}

static void on_aside(void *arg, const char *submission)
{
    struct told *t = arg;
    int i = find(submission);

    if (i < 0)
        t->stranger++;
    else
        t->aside[i]++;
}

static void on_untold(void *arg, const char *submission, const char *case_no,
                      const char *code, const char *problem)
{
    struct told *t = arg;
    int i = find(submission);

    if (i < 0 || truth[i].state == SPOOL_WAITING) {
        wrong(t, "told of no answer");
        return;
    }
    t->seen[i] = true;
    if (truth[i].state == SPOOL_REFUSED ? problem == NULL
                                        : case_no == NULL || code == NULL)
        wrong(t, "told something else");
    else if (truth[i].state == SPOOL_DONE &&
             (strcmp(case_no, truth[i].case_no) != 0 ||
              strcmp(code, truth[i].code) != 0))
        wrong(t, "told another number");
}

static int ask_waiting(struct spool *s, struct told *t)
{
    struct dk_problem p = {0};
    struct spool_row row = {.id = 0};
    int rc;

    for (int n = 0; (rc = spool_next(s, row.id, &row, &p)) == 1; n++) {
        int i = find(row.submission);

        if (i < 0 || row.len != truth[i].len ||
            memcmp(row.body, truth[i].body, row.len) != 0)
            wrong(t, "sends other words");
        else if (t->seen[i])
            wrong(t, "waits and is settled");
        else
            t->seen[i] = true;
        free(row.body);
        if (n > CASES)
            return 0; /* round and round; wrong by now */
    }
    return rc;
}

/* The same lines come once more: what was settled is told again. */
static int ask_again(struct spool *s, struct told *t)
{
    for (int i = 0; i < CASES; i++) {
        struct spool_item it;

        if (t->aside[i] > 0 || t->seen[i])
            continue;
        if (take(s, &truth[i], &it) != 0)
            return -1;
        if (it.verdict != SPOOL_ALREADY)
            continue; /* it is not there */
        t->seen[i] = true;
        if (truth[i].state == SPOOL_WAITING ||
            (truth[i].state == SPOOL_DONE &&
             (strcmp(it.case_no, truth[i].case_no) != 0 ||
              strcmp(it.code, truth[i].code) != 0)))
            wrong(t, "answers something else");
    }
    return 0;
}

static enum sums judge(const char *path, const char **why)
{
    struct dk_problem p = {0};
    struct told t = {.why = ""};
    struct spool *s = NULL;
    int gone = 0, aside = 0;

    if (spool_open(path, false, &s, &p) != 0) {
        need(p.detail[0] != '\0' && p.detail_zh[0] != '\0');
        return S_REFUSED;
    }
    int rc = spool_aside(s, true, on_aside, &t, &p);
    if (rc == 0)
        rc = spool_untold(s, on_untold, &t, &p);
    if (rc == 0)
        rc = ask_waiting(s, &t);
    if (rc == 0)
        rc = ask_again(s, &t);
    spool_close(s);
    *why = t.why;
    if (t.wrong)
        return S_SILENT;
    if (rc != 0)
        return S_READ;
    for (int i = 0; i < CASES; i++) {
        aside += t.aside[i];
        gone += !t.seen[i] && t.aside[i] == 0;
    }
    *why = "gone without a word";
    if (gone > t.stranger) /* an id that is hurt is named as it is now */
        return S_SILENT;
    return aside + t.stranger > 0 ? S_ASIDE : S_HARMLESS;
}

static void one(const struct run *run, int64_t i, const char *path,
                const char *wal, int64_t *sum)
{
    struct rng r = rng_of(run->opt.seed, (uint64_t)i);
    const struct sample *s = &run->sample[i % SAMPLES];
    const struct file *f = s->hurt_wal ? &s->wal : &s->db;
    const char *why = "";
    char how[80];

    uint8_t *copy = kit_calloc(f->len + 1);
    memcpy(copy, f->data, f->len);
    size_t len = hurt(&r, copy, f->len, how, sizeof(how));
    unlink(wal);
    save(path, s->db.data, s->db.len);
    if (s->wal.len > 0)
        save(wal, s->wal.data, s->wal.len);
    save(s->hurt_wal ? wal : path, copy, len);
    free(copy);
    enum sums what = judge(path, &why);
    sum[S_FLIPS]++;
    sum[what]++;
    if (what == S_SILENT && sum[S_SILENT] <= 10)
        fprintf(stderr, "flip %" PRId64 " of seed %" PRIu64 ", %s, %s: %s\n", i,
                run->opt.seed, s->name, how, why);
}

static void flips(void *arg, int worker, int workers, int64_t *sum)
{
    const struct run *run = arg;
    double start = kit_seconds();
    char path[64], wal[72];

    snprintf(path, sizeof(path), "/dev/shm/dk-flips-%d", (int)getpid());
    snprintf(wal, sizeof(wal), "%s-wal", path);
    for (int64_t i = worker; i < run->opt.count; i += workers) {
        if (run->opt.only >= 0 && i != run->opt.only)
            continue;
        if (run->opt.budget > 0 && kit_seconds() - start > run->opt.budget)
            break;
        one(run, i, path, wal, sum);
    }
    unlink(path);
    unlink(wal);
}

int main(int argc, char **argv)
{
    static struct run run;
    int64_t sum[KIT_SUMS] = {0};
    char path[64], wal[72];

    run.opt = kit_options(argc, argv, DK_FAULT_FLIPS,
                          "spool_flips: bits of a kiosk's spool change.\n"
                          "  --count is how many flips");
    need(sodium_init() >= 0);
    struct rng r = rng_of(run.opt.seed, 1U << 30);
    make_truth(&r);
    snprintf(path, sizeof(path), "/dev/shm/dk-flips-%d", (int)getpid());
    snprintf(wal, sizeof(wal), "%s-wal", path);
    make_samples(&run, path, wal);
    double start = kit_seconds();
    const struct kit_options first = run.opt;
    bool ended = true;
    for (int pass = 0; kit_pass(&first, &run.opt, pass, start); pass++)
        ended = kit_spread(first.jobs, flips, &run, sum) && ended;
    printf("spool flips: %" PRId64 ": %" PRId64 " refused, %" PRId64
           " told by a read, %" PRId64 " set aside and named, %" PRId64
           " harmless, %" PRId64 " silent; %.1f s\n",
           sum[S_FLIPS], sum[S_REFUSED], sum[S_READ], sum[S_ASIDE],
           sum[S_HARMLESS], sum[S_SILENT], kit_seconds() - start);
    if (run.opt.only < 0 && sum[S_ASIDE] == 0)
        fprintf(stderr, "no flip was seen by a sum, so they prove nothing\n");
    return ended && sum[S_SILENT] == 0 &&
                   (run.opt.only >= 0 || sum[S_ASIDE] > 0)
               ? 0
               : 1;
}
