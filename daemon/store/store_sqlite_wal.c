/* store_sqlite_wal.c - is the log damaged in its middle?
 *
 * SQLite reads a log up to the first frame whose sum is wrong, and takes what
 * follows for what a power cut left of a transaction that was never synced.  A
 * bit that changed on the disk looks the same to it: then everything that was
 * acknowledged after that frame would be gone without a word.
 *
 * What tells them apart: a transaction is written only after the one before it
 * was synced.  So a power cut can leave rubbish in the last transaction alone.
 * Where a whole commit is followed by a frame whose sum goes on from it, all up
 * to that commit was synced once; if SQLite would stop before, the log is
 * damaged.  (Where the hurt frame is itself the commit of the last transaction
 * but one, that cannot be told.)
 * (https://www.sqlite.org/fileformat.html, 4.)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_sqlite.h"

#define HEADER 32
#define FRAME  24
#define PAGE   4096 /* SQLite's own choice, which the store keeps */

struct sum {
    uint32_t a, b;
};

struct wal {
    int fd, db;
    int64_t frames;
    bool big; /* sums over big-endian words */
    bool header_good;
    uint8_t header[HEADER];
    uint8_t *frame, *page; /* of the frame read last; of the database */
};

static uint32_t be32(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 |
           b[3];
}

static uint32_t le32(const uint8_t *b)
{
    return (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 |
           b[0];
}

static struct sum add(struct sum s, const uint8_t *p, size_t n, bool big)
{
    for (; n >= 8; p += 8, n -= 8) {
        s.a += (big ? be32(p) : le32(p)) + s.b;
        s.b += (big ? be32(p + 4) : le32(p + 4)) + s.a;
    }
    return s;
}

static bool same(struct sum a, struct sum b)
{
    return a.a == b.a && a.b == b.b;
}

static struct sum told(const uint8_t *p)
{
    return (struct sum){be32(p), be32(p + 4)};
}

static bool read_at(int fd, uint8_t *p, size_t n, int64_t at)
{
    return pread(fd, p, n, (off_t)at) == (ssize_t)n;
}

static bool read_frame(struct wal *w, int64_t i)
{
    return read_at(w->fd, w->frame, FRAME + PAGE, HEADER + i * (FRAME + PAGE));
}

/* What the sum of this frame comes to after `before`. */
static struct sum sum_frame(const struct wal *w, struct sum before)
{
    return add(add(before, w->frame, 8, w->big), w->frame + FRAME, PAGE,
               w->big);
}

static void read_header(struct wal *w)
{
    uint32_t magic = be32(w->header) & ~UINT32_C(1);

    w->big = (be32(w->header) & 1) != 0;
    w->header_good = magic == 0x377f0682 && be32(w->header + 8) == PAGE &&
                     same(add((struct sum){0, 0}, w->header, 24, w->big),
                          told(w->header + 24));
    if (!w->header_good) { /* how sums are made: as this machine makes them */
        const uint16_t one = 1;
        w->big = *(const uint8_t *)&one == 0;
    }
}

/* What a walk over the frames of one log finds; behind them there may be frames
 * of older logs, with another salt.
 */
struct walk {
    int64_t n;    /* frames of it that were met */
    int64_t good; /* frames that SQLite takes */
    int64_t last; /* commit that a frame follows in its turn; -1: none */
    uint8_t salt[8];
};

/* Without a good header the log is that of its first frames: a header is synced
 * before a frame is written over the log before.  The sector that has the
 * header has the beginning of frame 0 as well, so ask two that go together.
 */
static int first_salt(struct wal *w, uint8_t salt[8])
{
    struct sum before = {0, 0};
    uint8_t its[8] = {0};

    for (int64_t i = 0; i < w->frames; i++) {
        if (!read_frame(w, i))
            return DK_EIO;
        const uint8_t *f = w->frame;
        if (i == 0)
            memcpy(salt, f + 8, 8);
        if (i > 0 && memcmp(f + 8, its, 8) == 0 &&
            same(sum_frame(w, before), told(f + 16))) {
            memcpy(salt, its, 8);
            return 0;
        }
        memcpy(its, f + 8, 8);
        before = told(f + 16);
    }
    return 0;
}

static int walk(struct wal *w, struct walk *x)
{
    struct sum stored = told(w->header + 24), made = stored;
    bool whole = w->header_good, commit = false;

    *x = (struct walk){.last = -1};
    memcpy(x->salt, w->header + 16, 8);
    if (!w->header_good && first_salt(w, x->salt) != 0)
        return DK_EIO;
    for (int64_t i = 0; i < w->frames; i++) {
        if (!read_frame(w, i))
            return DK_EIO;
        const uint8_t *f = w->frame;
        struct sum is = told(f + 16), next = sum_frame(w, stored);
        bool on = memcmp(f + 8, x->salt, 8) == 0;
        bool linked = on && (same(next, is) || same(sum_frame(w, made), is));

        whole = whole && on && same(next, is);
        x->good += whole;
        if (on)
            x->n = i + 1;
        if (linked && commit)
            x->last = i - 1;
        made = next;
        stored = is;
        /* Only its own sum tells that it is a commit, and no rubbish. */
        commit = linked && be32(f + 4) != 0;
    }
    return 0;
}

/* A set of page numbers; false: no memory. */
struct pages {
    uint8_t *seen;
    size_t cap;
};

static bool pages_add(struct pages *s, uint32_t no, bool *is_new)
{
    if (no >= s->cap) {
        size_t cap = 2 * (size_t)no + 64;
        uint8_t *more = realloc(s->seen, cap);
        if (more == NULL)
            return false;
        memset(more + s->cap, 0, cap - s->cap);
        s->seen = more;
        s->cap = cap;
    }
    *is_new = s->seen[no] == 0;
    s->seen[no] = 1;
    return true;
}

/* Is a page of the log not in the database as the log has it last?  When a log
 * is begun anew the old one is behind the new header, all of it moved before.
 */
static bool not_moved(struct wal *w, const struct walk *x)
{
    struct pages pages = {NULL, 0};
    bool found = false, is_new = false;

    for (int64_t i = x->n; i-- > 0 && !found;) {
        if (!read_frame(w, i) || memcmp(w->frame + 8, x->salt, 8) != 0)
            continue;
        uint32_t no = be32(w->frame);
        if (no == 0 || no > INT32_MAX || !pages_add(&pages, no, &is_new))
            continue;
        if (!is_new || i > x->last)
            continue;
        found = !read_at(w->db, w->page, PAGE, (int64_t)(no - 1) * PAGE) ||
                memcmp(w->page, w->frame + FRAME, PAGE) != 0;
    }
    free(pages.seen);
    return found;
}

static bool damaged(struct wal *w)
{
    struct walk x;

    read_header(w);
    if (walk(w, &x) != 0)
        return true;
    if (x.last < x.good)
        return false;
    return w->header_good || not_moved(w, &x);
}

int sq_wal_check(const struct sq_file *f, struct dk_problem *p)
{
    struct stat sb;
    struct wal w = {.fd = open(f->wal, O_RDONLY | O_CLOEXEC), .db = -1};
    int rc = 0;

    if (w.fd < 0)
        return errno == ENOENT
                   ? 0
                   : sq_refuse(p, sq_errno_code(errno), f->wal, errno,
                               "the log cannot be read", "日志无法读取");
    w.db = open(f->db, O_RDONLY | O_CLOEXEC);
    w.frame = malloc(FRAME + PAGE);
    w.page = malloc(PAGE);
    if (w.frame == NULL || w.page == NULL)
        rc = dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    else if (w.db < 0 || fstat(w.fd, &sb) != 0)
        rc = sq_refuse(p, DK_EIO, f->wal, errno, "the log cannot be read",
                       "日志无法读取");
    else if (sb.st_size > HEADER && read_at(w.fd, w.header, HEADER, 0)) {
        w.frames = (sb.st_size - HEADER) / (FRAME + PAGE);
        if (damaged(&w))
            rc = sq_refuse(p, DK_EIO, f->wal, 0,
                           "the log is damaged in its middle, and what was "
                           "acknowledged after that place would be lost. Do "
                           "not delete it; see docs/STORE.md, \"Damage\"",
                           "日志中段已损坏，其后已确认的内容将会丢失。请勿"
                           "删除；参见 docs/STORE.md“Damage”一节");
    }
    free(w.frame);
    free(w.page);
    if (w.db >= 0)
        (void)close(w.db);
    (void)close(w.fd);
    return rc;
}
