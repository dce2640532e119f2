#include "simulate_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "simulate_pipe.h"

/* Lines lie in blocks of memory that all processes see.  Each that reads has a
 * few, which the one that cuts fills in turn.
 */
#define BLOCK      ((size_t)1 << 19)
#define BLOCKS     3 /* of each process */
#define BLOCK_ROOM (BLOCK + 64)

/* Whole lines, on their way to the process that reads them; back comes a word
 * that says they were.
 */
struct block {
    int64_t line;      /* number of the first */
    int64_t from, len; /* in the blocks */
};

/* What a process has read; its index and its faults follow. */
struct part {
    int rc;
    struct sim_history history;
};

size_t sim_event_size(const struct sim_event *e)
{
    return sizeof(*e) + (((size_t)e->len + 1 + 7) & ~(size_t)7);
}

/* ---- a process that reads ------------------------------------------------ */

struct reader {
    bool zh;
    struct spool *spool;
    struct sim_shapes *shapes;
    struct dk_jw more;
    struct part part;
    struct faults faults;
};

static unsigned heap_of(const struct sim_event *e)
{
    uint64_t h = ((uint64_t)e->key ^ (uint64_t)e->county << 44) *
                 UINT64_C(0x9e3779b97f4a7c15);

    return (unsigned)(h >> 32) % SPOOL_HEAPS;
}

static int keep(struct reader *r, const struct sim_event *e)
{
    static const char zeros[8] = {0};
    unsigned heap = heap_of(e);
    int rc = spool_add(r->spool, heap, e, sizeof(*e));

    if (rc == 0 && e->len > 0)
        rc = spool_add(r->spool, heap, r->more.buf, e->len);
    if (rc == 0)
        rc = spool_add(r->spool, heap, zeros,
                       sim_event_size(e) - sizeof(*e) - e->len);
    return rc;
}

static void note_time(struct sim_history *h, dk_ms at)
{
    if (h->events == 0 || at < h->first)
        h->first = at;
    if (h->events == 0 || at > h->last)
        h->last = at;
    h->events++;
}

static void refuse(struct reader *r, int64_t line, const struct dk_problem *p)
{
    char text[512];

    (void)snprintf(text, sizeof(text),
                   r->zh ? "历史第 %lld 行：%s" : "history line %lld: %s",
                   (long long)line, r->zh ? p->detail_zh : p->detail);
    faults_add(&r->faults, line, text);
}

static int read_line(struct reader *r, const char *text, size_t len,
                     int64_t line)
{
    struct dk_problem p;
    struct sim_event e;
    int rc;

    dk_problem_clear(&p);
    if (len > 0 && text[len - 1] == '\r')
        len--;
    if (len == 0)
        return 0;
    dk_jw_reset(&r->more);
    rc = len > DK_REPLY_MAX
             ? dk_failf(&p, DK_EJSON, NULL,
                        "the line has more than %d bytes, which no event has",
                        "该行超过 %d 字节，不可能是事件", DK_REPLY_MAX)
             : sim_line_read(r->shapes, text, len, &e, &r->more, &p);
    if (rc == 0) {
        note_time(&r->part.history, e.at);
        return keep(r, &e);
    }
    if (rc != DK_ENOMEM)
        refuse(r, line, &p);
    return rc == DK_ENOMEM ? rc : 0;
}

static int read_block(struct reader *r, const char *text, const struct block *b)
{
    const char *end = text + b->len;
    int64_t line = b->line;
    int rc = 0;

    while (rc == 0 && text < end) {
        const char *nl = memchr(text, '\n', (size_t)(end - text));

        if (nl == NULL)
            return DK_EBUG;
        rc = read_line(r, text, (size_t)(nl - text), line++);
        text = nl + 1;
    }
    return rc;
}

static int read_blocks(struct reader *r, int in, int out, const char *blocks)
{
    const char done = 'd';
    struct block b;
    int rc;

    for (;;) {
        rc = pipe_next(in, &b, sizeof(b));
        if (rc != 1)
            return rc;
        rc = read_block(r, blocks + b.from, &b);
        if (rc == 0)
            rc = pipe_send(out, &done, 1);
        if (rc != 0)
            return rc;
    }
}

struct reading {
    bool zh;
    const int *spool_fd;
    const char *blocks;
};

static int read_work(void *arg, int i, int in, int out)
{
    const struct reading *x = arg;
    struct reader *r = calloc(1, sizeof(*r));
    struct spool_index *index = calloc(1, sizeof(*index));
    const char end = 'e';
    int rc = DK_ENOMEM;

    if (r != NULL && index != NULL) {
        r->zh = x->zh;
        r->spool = spool_new(x->spool_fd[i]);
        r->shapes = sim_shapes_new();
        rc = r->spool != NULL && r->shapes != NULL
                 ? read_blocks(r, in, out, x->blocks)
                 : DK_ENOMEM;
        if (rc == 0)
            rc = spool_end(r->spool, index);
        sim_shapes_free(r->shapes);
        r->part.rc = rc;
        rc = pipe_send(out, &end, 1);
        if (rc == 0)
            rc = pipe_send(out, &r->part, sizeof(r->part));
        if (rc == 0)
            rc = pipe_send(out, index, sizeof(*index));
        if (rc == 0)
            rc = pipe_send(out, &r->faults, sizeof(r->faults));
        spool_free(r->spool);
        dk_jw_fini(&r->more);
    }
    free(index);
    free(r);
    return rc;
}

/* ---- the process that cuts ----------------------------------------------- */

struct cutter {
    int fd;
    struct crew *crew;
    char *blocks;
    struct {
        int sent;   /* blocks, of which the latest BLOCKS may be in use */
        int done;   /* that were read */
        bool ended; /* it reads no more */
    } hand[CREW_MAX];
    int next;  /* who gets this block */
    char *buf; /* the block */
    size_t len;
    int64_t line; /* number of the first line in it */
    bool end;
    bool inside; /* of a line that is too long */
    bool zh;
    struct faults *faults;
};

/* Fill the buffer as far as there is history; -1 with errno. */
static int fill(struct cutter *c)
{
    while (c->len < BLOCK && !c->end) {
        ssize_t n = read(c->fd, c->buf + c->len, BLOCK - c->len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        c->end = n == 0;
        c->len += (size_t)n;
    }
    if (c->end && c->len > 0 && c->buf[c->len - 1] != '\n')
        c->buf[c->len++] = '\n'; /* there is room for this one */
    return 0;
}

static int64_t count_lines(const char *p, size_t len)
{
    const char *end = p + len;
    int64_t n = 0;

    while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
        n++;
        p++;
    }
    return n;
}

static int too_long(struct cutter *c)
{
    char text[128];

    if (!c->inside) {
        (void)snprintf(text, sizeof(text),
                       c->zh ? "历史第 %lld 行：该行过长，不可能是事件"
                             : "history line %lld: it is longer than any event",
                       (long long)c->line);
        faults_add(c->faults, c->line, text);
    }
    c->inside = true;
    c->len = 0;
    return 0;
}

/* Wait until hand `i` has read a block, or says that it ends. */
static int wait_done(struct cutter *c, int i)
{
    char word = 0;
    int rc = pipe_receive(c->crew->hand[i].from, &word, 1);

    c->hand[i].done++;
    c->hand[i].ended = rc != 0 || word != 'd';
    return c->hand[i].ended ? DK_EIO : 0;
}

/* Go on in the next hand's next block, with what is left of this one. */
static int next_block(struct cutter *c, const char *rest, size_t len)
{
    int i = c->next = (c->next + 1) % c->crew->n;
    int slot = c->hand[i].sent % BLOCKS;
    int rc = 0;

    if (c->hand[i].sent - c->hand[i].done >= BLOCKS)
        rc = wait_done(c, i);
    if (rc != 0)
        return rc;
    c->buf = c->blocks + ((size_t)i * BLOCKS + (size_t)slot) * BLOCK_ROOM;
    memmove(c->buf, rest, len);
    c->len = len;
    return 0;
}

/* Send the whole lines of the block, and keep the rest. */
static int send_block(struct cutter *c)
{
    const char *nl = memrchr(c->buf, '\n', c->len);
    struct block b = {.line = c->line};
    size_t from = 0, whole;
    int rc;

    if (nl == NULL)
        return too_long(c);
    whole = (size_t)(nl + 1 - c->buf);
    if (c->inside) { /* the end of it first */
        const char *first = memchr(c->buf, '\n', whole);

        from = (size_t)(first + 1 - c->buf);
        b.line++;
        c->inside = false;
    }
    b.from = c->buf + from - c->blocks;
    b.len = (int64_t)(whole - from);
    c->line = b.line + count_lines(c->buf + from, whole - from);
    rc = pipe_send(c->crew->hand[c->next].to, &b, sizeof(b));
    if (rc != 0)
        return rc;
    c->hand[c->next].sent++;
    return next_block(c, c->buf + whole, c->len - whole);
}

static int cut(struct cutter *c, struct dk_problem *p)
{
    do {
        const char *why;

        if (fill(c) != 0) {
            why = strerrordesc_np(errno);
            return dk_failf(p, DK_EIO, NULL, "the history cannot be read: %s",
                            "无法读取历史：%s", why != NULL ? why : "?");
        }
        if (c->len > 0 && send_block(c) != 0)
            return dk_fail(p, DK_EIO, NULL,
                           "a process of docket-simulate ended early",
                           "docket-simulate 的一个进程提前结束");
    } while (!c->end || c->len > 0);
    return 0;
}

/* ---- together ------------------------------------------------------------ */

static int no_room(struct dk_problem *p, int rc)
{
    if (rc == DK_ENOMEM)
        return dk_fail(p, rc, NULL, NULL, NULL);
    return dk_fail(p, DK_EIO, NULL,
                   "the temporary file cannot be written: is its disk full? "
                   "Name another folder with --spool",
                   "无法写入临时文件：磁盘是否已满？请用 --spool "
                   "指定其他文件夹");
}

static int collect(struct cutter *c, int i, struct spool_index *index,
                   struct sim_history *h, struct dk_problem *p)
{
    struct faults *more = malloc(sizeof(*more));
    int from = c->crew->hand[i].from;
    struct part part;
    int rc = more != NULL ? 0 : DK_ENOMEM;

    while (!c->hand[i].ended)
        (void)wait_done(c, i);
    if (rc == 0)
        rc = pipe_receive(from, &part, sizeof(part));
    if (rc == 0)
        rc = pipe_receive(from, index, sizeof(*index));
    if (rc == 0)
        rc = pipe_receive(from, more, sizeof(*more));
    if (rc != 0) {
        free(more);
        return rc; /* crew_end() says why */
    }
    faults_merge(c->faults, more);
    free(more);
    if (part.rc != 0)
        return no_room(p, part.rc);
    if (part.history.events > 0) {
        uint64_t events = h->events + part.history.events;

        note_time(h, part.history.first);
        note_time(h, part.history.last);
        h->events = events;
    }
    return 0;
}

static int open_spools(struct sim_heaps *h, int jobs, const char *dir,
                       struct dk_problem *p)
{
    h->index = calloc((size_t)jobs, sizeof(*h->index));
    if (h->index == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    for (int i = 0; i < jobs; i++) {
        int rc = spool_file(dir, &h->fd[i], p);

        if (rc != 0)
            return rc;
        h->n = i + 1;
    }
    return 0;
}

static int read_all(struct cutter *c, int jobs, struct reading *x,
                    struct sim_heaps *out, struct sim_history *history,
                    struct dk_problem *p)
{
    int rc = crew_start(c->crew, jobs, read_work, x, p);
    int ended;

    if (rc == 0)
        rc = cut(c, p);
    crew_close_to(c->crew);
    for (int i = 0; i < c->crew->n; i++) {
        int got = collect(c, i, &out->index[i], history, p);

        rc = rc != 0 ? rc : got;
    }
    ended = crew_end(c->crew, p);
    return rc != 0 ? rc : ended;
}

int sim_read(int fd, int jobs, const char *spool_dir, bool zh,
             struct sim_heaps *out, struct sim_history *history,
             struct faults *faults, struct dk_problem *p)
{
    size_t len = (size_t)jobs * BLOCKS * BLOCK_ROOM;
    char *blocks = mmap(NULL, len, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct reading x = {zh, out->fd, blocks};
    struct crew crew = {0};
    struct cutter c = {.fd = fd,
                       .crew = &crew,
                       .blocks = blocks,
                       .buf = blocks,
                       .line = 1,
                       .zh = zh,
                       .faults = faults};
    int rc;

    *history = (struct sim_history){0, DK_NEVER, DK_NEVER};
    if (blocks == MAP_FAILED)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    rc = open_spools(out, jobs, spool_dir, p);
    if (rc == 0)
        rc = read_all(&c, jobs, &x, out, history, p);
    (void)munmap(blocks, len);
    return rc;
}

void sim_heaps_fini(struct sim_heaps *h)
{
    for (int i = 0; i < h->n; i++)
        (void)close(h->fd[i]);
    free(h->index);
    *h = (struct sim_heaps){0};
}
