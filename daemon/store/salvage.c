#include "salvage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wal_format.h"

#define PAGE      WAL_PAGE
#define ROW_MAX   (4 << 20)
#define FRAME     WAL_FRAME
#define PAGES_MAX (INT64_C(1) << 31)

struct scan {
    int db, wal;    /* wal -1: none */
    int64_t n;      /* pages */
    uint32_t *at;   /* per page: 1 + its latest frame in the log; 0: none */
    uint8_t *free;  /* per page: 1: it is on the list of free pages */
    int64_t frames; /* of the log that belong to it */
    int64_t good;   /* of these, committed and sound */
    uint8_t *row;   /* ROW_MAX bytes */
    salvage_fn fn;
    void *arg;
    struct salvage_report *r;
};

static uint32_t be16(const uint8_t *b)
{
    return (uint32_t)b[0] << 8 | b[1];
}

/* ---- the log --------------------------------------------------------------
 */

static bool read_frame(const struct scan *s, int64_t i, uint8_t out[FRAME])
{
    return pread(s->wal, out, FRAME, WAL_FRAME_AT(i)) == FRAME;
}

static void note_frame(struct scan *s, int64_t i)
{
    uint8_t head[WAL_HEAD];

    if (pread(s->wal, head, sizeof head, WAL_FRAME_AT(i)) != sizeof head)
        return;
    uint32_t page = wal_be32(head);
    if (page >= 1 && page <= s->n)
        s->at[page - 1] = (uint32_t)i + 1;
}

/* How far the log can be trusted, and which page is where in it. */
static void read_log(struct scan *s)
{
    uint8_t h[WAL_HEADER], f[FRAME];
    bool sound = true;

    if (s->wal < 0 || pread(s->wal, h, sizeof h, 0) != sizeof h ||
        !wal_is_log(h)) {
        struct stat st;
        s->r->bad_log =
            s->wal >= 0 && fstat(s->wal, &st) == 0 && st.st_size > 0;
        return;
    }
    bool big = wal_big(h);
    struct wal_sum sum = wal_add((struct wal_sum){0, 0}, h, 24, big);
    for (; read_frame(s, s->frames, f); s->frames++) {
        if (memcmp(f + 8, h + 16, 8) != 0)
            break; /* of an earlier round: it is in the file */
        sum = wal_add_frame(sum, f, big);
        sound = sound && wal_same(sum, wal_told(f + 16));
        if (sound && wal_be32(f + 4) != 0)
            s->good = s->frames + 1;
        if (wal_be32(f + 4) > s->n && wal_be32(f + 4) < PAGES_MAX)
            s->n = wal_be32(f + 4);
    }
    s->r->bad_log = s->good < s->frames;
}

/* ---- pages -----------------------------------------------------------------
 */

static bool from_file(struct scan *s, int64_t page, uint8_t out[PAGE])
{
    ssize_t n = pread(s->db, out, PAGE, (page - 1) * PAGE);

    if (n < 0)
        s->r->unreadable++;
    return n == PAGE;
}

/* The page as it stands: of the log, else of the file. */
static bool get_page(struct scan *s, int64_t page, uint8_t out[PAGE])
{
    if (page < 1 || page > s->n)
        return false;
    uint32_t at = s->at[page - 1];
    if (at != 0)
        return pread(s->wal, out, PAGE, WAL_FRAME_AT(at - 1) + WAL_HEAD) ==
               PAGE;
    return from_file(s, page, out);
}

static void mark_free(struct scan *s, const uint8_t first[PAGE])
{
    uint8_t b[PAGE];
    int64_t page = wal_be32(first + 32);

    for (int64_t left = s->n; page != 0 && left > 0; left--) {
        if (!get_page(s, page, b) || s->free[page - 1])
            return;
        s->free[page - 1] = 1;
        uint32_t leaves = wal_be32(b + 4);
        for (uint32_t i = 0; i < leaves && i < PAGE / 4 - 2; i++) {
            uint32_t leaf = wal_be32(b + 8 + 4 * (size_t)i);
            if (leaf >= 1 && leaf <= s->n)
                s->free[leaf - 1] = 1;
        }
        page = wal_be32(b);
    }
}

/* ---- rows ------------------------------------------------------------------
 */

/* Bytes used, 0: not within n. */
static size_t varint(const uint8_t *b, size_t n, int64_t *out)
{
    uint64_t v = 0;

    for (size_t i = 0; i < n && i < 9; i++) {
        if (i == 8) {
            *out = (int64_t)(v << 8 | b[i]);
            return 9;
        }
        v = v << 7 | (b[i] & 0x7f);
        if ((b[i] & 0x80) == 0) {
            *out = (int64_t)v;
            return i + 1;
        }
    }
    return 0;
}

static bool value(int64_t code, const uint8_t *p, size_t left,
                  struct salvage_value *v, size_t *used)
{
    static const uint8_t widths[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0};
    uint64_t x = 0;

    *v = (struct salvage_value){.type = SALVAGE_INT};
    *used = 0;
    if (code < 0 || code == 10 || code == 11)
        return false;
    if (code >= 12) {
        *used = (size_t)(code - 12) / 2;
        v->type = code % 2 != 0 ? SALVAGE_TEXT : SALVAGE_BLOB;
        v->p = p;
        v->n = *used;
        return *used <= left;
    }
    *used = widths[code];
    if (*used > left)
        return false;
    for (size_t i = 0; i < *used; i++)
        x = (i == 0 && p[0] >= 0x80 ? ~UINT64_C(0) : x) << 8 | p[i];
    v->i = code == 9 ? 1 : (int64_t)x;
    if (code == 0)
        v->type = SALVAGE_NULL;
    if (code == 7)
        v->type = SALVAGE_OTHER;
    return true;
}

static bool record(const uint8_t *b, size_t n, struct salvage_row *row)
{
    int64_t head, code;
    size_t at = varint(b, n, &head);

    if (at == 0 || head < (int64_t)at || head > (int64_t)n)
        return false;
    size_t data = (size_t)head;
    for (row->n = 0; at < (size_t)head; row->n++) {
        size_t used = varint(b + at, (size_t)head - at, &code);
        if (used == 0 || row->n == SALVAGE_COLUMNS)
            return false;
        at += used;
        if (!value(code, b + data, n - data, &row->v[row->n], &used))
            return false;
        data += used;
    }
    return data == n && row->n > 0;
}

/* Put the payload together: what is in the page, and its overflow pages. */
static const uint8_t *payload(struct scan *s, const uint8_t *page, size_t at,
                              size_t n, bool table)
{
    uint8_t more[PAGE];
    size_t most = table ? PAGE - 35 : (PAGE - 12) * 64 / 255 - 23;
    size_t least = (PAGE - 12) * 32 / 255 - 23;
    size_t here = n;

    if (n > most) {
        here = least + (n - least) % (PAGE - 4);
        if (here > most)
            here = least;
    }
    if (at + here + (here < n ? 4 : 0) > PAGE)
        return NULL;
    if (here == n)
        return page + at;
    memcpy(s->row, page + at, here);
    int64_t next = wal_be32(page + at + here);
    while (here < n) {
        size_t part = n - here < PAGE - 4 ? n - here : PAGE - 4;
        if (!get_page(s, next, more))
            return NULL;
        memcpy(s->row + here, more + 4, part);
        here += part;
        next = wal_be32(more);
    }
    return s->row;
}

static int one_row(struct scan *s, const uint8_t *page, size_t at, int type,
                   bool current)
{
    struct salvage_row row = {.has_id = type == 0x0d, .current = current};
    int64_t n;

    if (type == 0x02)
        at += 4;
    size_t used = at < PAGE ? varint(page + at, PAGE - at, &n) : 0;
    at += used;
    if (used != 0 && row.has_id) {
        used = at < PAGE ? varint(page + at, PAGE - at, &row.id) : 0;
        at += used;
    }
    const uint8_t *b = NULL;
    if (used != 0 && n > 0 && n <= ROW_MAX)
        b = payload(s, page, at, (size_t)n, row.has_id);
    if (b == NULL || !record(b, (size_t)n, &row)) {
        s->r->bad_rows += current;
        return 0;
    }
    s->r->rows += current;
    return s->fn(s->arg, &row);
}

static bool is_blank(const uint8_t *b)
{
    return b[0] == 0 && memcmp(b, b + 1, PAGE - 1) == 0;
}

static int one_page(struct scan *s, int64_t no, const uint8_t *b, bool current)
{
    size_t head = no == 1 ? 100 : 0;
    int type = b[head];

    if (is_blank(b)) {
        s->r->blank += current;
        return 0;
    }
    if (type != 0x0d && type != 0x0a && type != 0x02)
        return 0;
    size_t cells = be16(b + head + 3);
    size_t list = head + (type == 0x02 ? 12 : 8);
    if (list + 2 * cells > PAGE) {
        s->r->bad_pages += current;
        cells = (PAGE - list) / 2; /* some of them may be there still */
    }
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < cells; i++)
        rc = one_row(s, b, be16(b + list + 2 * i), type, current);
    return rc;
}

static int all_pages(struct scan *s)
{
    uint8_t b[FRAME];
    int rc = 0;

    for (int64_t no = 1; rc == 0 && no <= s->n; no++) {
        bool current = !s->free[no - 1];
        if (get_page(s, no, b))
            rc = one_page(s, no, b, current);
        else
            s->r->missing++;
        /* What stood there before: rows that never change may be there. */
        if (rc == 0 && s->at[no - 1] != 0 && from_file(s, no, b))
            rc = one_page(s, no, b, false);
    }
    for (int64_t i = s->good; rc == 0 && i < s->frames; i++) {
        if (read_frame(s, i, b))
            rc = one_page(s, wal_be32(b), b + WAL_HEAD, false);
    }
    return rc;
}

static void measure(struct scan *s)
{
    uint8_t h[100] = {0};
    struct stat st;

    s->n = fstat(s->db, &st) == 0 ? (st.st_size + PAGE - 1) / PAGE : 0;
    s->r->bad_header = pread(s->db, h, sizeof h, 0) != sizeof h ||
                       memcmp(h, "SQLite format 3", 16) != 0 ||
                       be16(h + 16) != PAGE;
    if (!s->r->bad_header && wal_be32(h + 28) > s->n &&
        wal_be32(h + 28) < PAGES_MAX)
        s->n = wal_be32(h + 28);
}

static int scan(struct scan *s)
{
    uint8_t first[PAGE];

    measure(s);
    read_log(s);
    s->at = calloc((size_t)s->n + 1, sizeof *s->at);
    s->free = calloc((size_t)s->n + 1, 1);
    s->row = malloc(ROW_MAX);
    if (s->at == NULL || s->free == NULL || s->row == NULL)
        return DK_ENOMEM;
    for (int64_t i = 0; i < s->good; i++)
        note_frame(s, i);
    s->r->log_pages = s->good;
    s->r->pages = s->n;
    if (get_page(s, 1, first) && memcmp(first, "SQLite format 3", 16) == 0)
        mark_free(s, first);
    return all_pages(s);
}

int salvage_scan(const char *file, salvage_fn fn, void *arg,
                 struct salvage_report *out, struct dk_problem *p)
{
    struct scan s = {.wal = -1, .fn = fn, .arg = arg, .r = out};
    char log[1024];

    *out = (struct salvage_report){.pages = 0};
    s.db = open(file, O_RDONLY | O_CLOEXEC);
    if (s.db < 0)
        return dk_failf(p, errno == ENOENT ? DK_ENOTFOUND : DK_EFORBIDDEN, NULL,
                        "%s: it cannot be read (%s)", "%s：无法读取（%s）",
                        file, strerror(errno));
    (void)snprintf(log, sizeof log, "%s-wal", file);
    s.wal = open(log, O_RDONLY | O_CLOEXEC);
    int rc = scan(&s);
    free(s.at);
    free(s.free);
    free(s.row);
    (void)close(s.db);
    if (s.wal >= 0)
        (void)close(s.wal);
    return rc == 0 || p->code != DK_OK ? rc : dk_fail(p, rc, NULL, NULL, NULL);
}
