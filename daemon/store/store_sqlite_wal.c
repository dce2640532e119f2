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
#include "wal_format.h"

struct wal {
    int fd, db;
    int64_t frames;
    bool big; /* sums over big-endian words */
    bool header_good;
    uint8_t header[WAL_HEADER];
    uint8_t *frame, *page; /* of the frame read last; of the database */
};

static bool read_at(int fd, uint8_t *p, size_t n, int64_t at)
{
    return pread(fd, p, n, (off_t)at) == (ssize_t)n;
}

static bool read_frame(struct wal *w, int64_t i)
{
    return read_at(w->fd, w->frame, WAL_FRAME, WAL_FRAME_AT(i));
}

static void read_header(struct wal *w)
{
    struct wal_sum none = {0, 0};

    w->big = wal_big(w->header);
    w->header_good =
        wal_is_log(w->header) && wal_same(wal_add(none, w->header, 24, w->big),
                                          wal_told(w->header + 24));
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
    struct wal_sum before = {0, 0};
    uint8_t its[8] = {0};

    for (int64_t i = 0; i < w->frames; i++) {
        if (!read_frame(w, i))
            return DK_EIO;
        const uint8_t *f = w->frame;
        if (i == 0)
            memcpy(salt, f + 8, 8);
        if (i > 0 && memcmp(f + 8, its, 8) == 0 &&
            wal_same(wal_add_frame(before, f, w->big), wal_told(f + 16))) {
            memcpy(salt, its, 8);
            return 0;
        }
        memcpy(its, f + 8, 8);
        before = wal_told(f + 16);
    }
    return 0;
}

static int walk(struct wal *w, struct walk *x)
{
    struct wal_sum stored = wal_told(w->header + 24),
                   made =
                       wal_add((struct wal_sum){0, 0}, w->header, 24, w->big);
    bool whole = w->header_good, commit = false, hurt = false;
    int64_t done = -1; /* the last whole commit, whether one follows or not */

    *x = (struct walk){.last = -1};
    memcpy(x->salt, w->header + 16, 8);
    if (!w->header_good && first_salt(w, x->salt) != 0)
        return DK_EIO;
    for (int64_t i = 0; i < w->frames; i++) {
        if (!read_frame(w, i))
            return DK_EIO;
        const uint8_t *f = w->frame;
        struct wal_sum is = wal_told(f + 16),
                       next = wal_add_frame(stored, f, w->big);
        bool on = memcmp(f + 8, x->salt, 8) == 0;
        bool linked = on && (wal_same(next, is) ||
                             wal_same(wal_add_frame(made, f, w->big), is));

        whole = whole && on && wal_same(next, is);
        x->good += whole;
        if (on)
            x->n = i + 1;
        if (linked && commit)
            x->last = i - 1;
        /* Frame 0 goes on from a header whose own sum is wrong: the header was
         * synced before it, so no power cut did that.
         */
        hurt = hurt || (i == 0 && linked && !w->header_good);
        made = next;
        stored = is;
        /* Only its own sum tells that it is a commit, and no rubbish. */
        commit = linked && wal_be32(f + 4) != 0;
        done = commit ? i : done;
    }
    /* The header's sector is written with frame 0 for the last time.  Behind a
     * second transaction no power cut hurt it, but for one that hurt a header
     * that was begun anew, and then all commits are in the database: so if one
     * is not (not_moved()), be it the last, the log is damaged.
     */
    if (!w->header_good && x->last >= 0 && done > x->last)
        x->last = done;
    if (hurt)
        x->last = x->n - 1;
    return 0;
}

/* Is a page of the log not in the database as the log has it last?  When a log
 * is begun anew the old one is behind the new header, all of it moved before.
 *
 * A page beyond what the file and all frames could hold is not there, whatever
 * number somebody made of it.
 */
static int not_moved(struct wal *w, const struct walk *x, bool *found)
{
    struct stat sb;
    int64_t pages = fstat(w->db, &sb) == 0 ? sb.st_size / WAL_PAGE : 0;
    int64_t most = pages + w->frames;
    uint8_t *seen = calloc((size_t)most + 1, 1);

    *found = false;
    if (seen == NULL)
        return DK_ENOMEM;
    for (int64_t i = x->n; i-- > 0 && !*found;) {
        if (!read_frame(w, i) || memcmp(w->frame + 8, x->salt, 8) != 0)
            continue;
        uint32_t no = wal_be32(w->frame);
        if (no == 0 || (no <= most && seen[no] != 0))
            continue;
        if (no <= most)
            seen[no] = 1;
        if (i > x->last)
            continue;
        *found =
            no > most ||
            !read_at(w->db, w->page, WAL_PAGE, (int64_t)(no - 1) * WAL_PAGE) ||
            memcmp(w->page, w->frame + WAL_HEAD, WAL_PAGE) != 0;
    }
    free(seen);
    return 0;
}

/* DK_EIO: it cannot be read; DK_ENOMEM. */
static int look(struct wal *w, bool *damaged)
{
    struct walk x;

    read_header(w);
    int rc = walk(w, &x);
    *damaged = rc == 0 && x.last >= x.good;
    if (!*damaged || w->header_good)
        return rc;
    return not_moved(w, &x, damaged);
}

static int cannot_read(const struct sq_file *f, int code, struct dk_problem *p)
{
    return sq_refuse(p, code, f->wal, errno, "the log cannot be read",
                     "日志无法读取");
}

/* The files are open, and there is memory for a frame and a page. */
static int check_open(struct wal *w, const struct sq_file *f,
                      struct dk_problem *p)
{
    bool damaged = false;
    struct stat sb;

    if (w->db < 0 || fstat(w->fd, &sb) != 0)
        return cannot_read(f, DK_EIO, p);
    if (sb.st_size <= WAL_HEADER || !read_at(w->fd, w->header, WAL_HEADER, 0))
        return 0;
    w->frames = (sb.st_size - WAL_HEADER) / WAL_FRAME;
    int rc = look(w, &damaged);
    if (rc == DK_ENOMEM)
        return dk_fail(p, rc, NULL, NULL, NULL);
    if (rc != 0)
        return cannot_read(f, DK_EIO, p);
    return damaged
               ? sq_refuse(p, DK_EIO, f->wal, 0,
                           "the log is damaged in its middle, and what was "
                           "acknowledged after that place would be lost. Do "
                           "not delete it; see docs/STORE.md, \"Damage\"",
                           "日志中段已损坏，其后已确认的内容将会丢失。请勿"
                           "删除；参见 docs/STORE.md“Damage”一节")
               : 0;
}

int sq_wal_check(const struct sq_file *f, struct dk_problem *p)
{
    struct wal w = {.fd = open(f->wal, O_RDONLY | O_CLOEXEC), .db = -1};

    if (w.fd < 0)
        return errno == ENOENT ? 0 : cannot_read(f, sq_errno_code(errno), p);
    w.db = open(f->db, O_RDONLY | O_CLOEXEC);
    w.frame = malloc(WAL_FRAME);
    w.page = malloc(WAL_PAGE);
    int rc = w.frame == NULL || w.page == NULL
                 ? dk_fail(p, DK_ENOMEM, NULL, NULL, NULL)
                 : check_open(&w, f, p);
    free(w.frame);
    free(w.page);
    if (w.db >= 0)
        (void)close(w.db);
    (void)close(w.fd);
    return rc;
}
