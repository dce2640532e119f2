#include "tests/fault/crash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fault/disk_int.h"

#define NODES 4096
#define NAMES 64

struct bytes {
    uint8_t *data;
    size_t len, cap;
};

struct durable {
    struct bytes is;
    size_t *pending; /* operations on it that no sync covers */
    size_t n, cap;
    bool used;
};

struct link {
    char name[DISK_NAME];
    int node;
};

struct links {
    struct link v[NAMES];
    size_t n;
};

struct crash {
    const struct disk_journal *j;
    size_t at;
    struct durable node[NODES];
    int n_node;
    struct links links;
    size_t *names; /* changes of names that no sync of the folder covers */
    size_t n_names, cap_names;
};

/* ---- bytes -------------------------------------------------------------- */

static void room(struct bytes *b, size_t len)
{
    if (len > b->cap) {
        b->cap = 2 * len;
        b->data = kit_realloc(b->data, b->cap);
    }
    if (len > b->len) {
        memset(b->data + b->len, 0, len - b->len);
        b->len = len;
    }
}

static void write_at(struct bytes *b, const void *p, size_t n, size_t at)
{
    if (n == 0)
        return;
    room(b, at + n);
    memcpy(b->data + at, p, n);
}

static void cut(struct bytes *b, size_t len)
{
    room(b, len);
    b->len = len;
}

/* ---- names -------------------------------------------------------------- */

static struct link *link_of(struct links *l, const char *name)
{
    for (size_t i = 0; i < l->n; i++) {
        if (strcmp(l->v[i].name, name) == 0)
            return &l->v[i];
    }
    return NULL;
}

static void remove_name(struct links *l, const char *name)
{
    struct link *k = link_of(l, name);

    if (k != NULL)
        *k = l->v[--l->n];
}

static void add_name(struct links *l, const char *name, int node)
{
    remove_name(l, name);
    need(l->n < NAMES);
    l->v[l->n].node = node;
    memcpy(l->v[l->n++].name, name, DISK_NAME);
}

static void apply_name(struct links *l, const struct disk_op *op)
{
    struct link *k = link_of(l, op->name);

    if (op->kind == DISK_LINK) {
        add_name(l, op->name, op->node);
    } else if (op->kind == DISK_UNLINK) {
        if (k != NULL && k->node == op->node)
            remove_name(l, op->name);
    } else if (k != NULL && k->node == op->node) {
        remove_name(l, op->name);
        add_name(l, op->to_name, op->node);
    }
}

/* ---- going on ----------------------------------------------------------- */

static void apply(const struct disk_journal *j, struct bytes *b, size_t i)
{
    const struct disk_op *op = &j->op[i];

    if (op->kind == DISK_WRITE)
        write_at(b, j->bytes + op->bytes, op->len, op->at);
    else
        cut(b, op->at);
}

static void settle(struct crash *c, struct durable *d)
{
    for (size_t i = 0; i < d->n; i++)
        apply(c->j, &d->is, d->pending[i]);
    d->n = 0;
}

static struct durable *node_of(struct crash *c, int no)
{
    need(no > 0 && no < NODES);
    c->node[no].used = true;
    if (no >= c->n_node)
        c->n_node = no + 1;
    return &c->node[no];
}

static void step(struct crash *c, size_t i)
{
    const struct disk_op *op = &c->j->op[i];
    struct durable *d;

    switch (op->kind) {
    case DISK_WRITE:
    case DISK_TRUNCATE:
        d = node_of(c, op->node);
        d->pending = kit_grow(d->pending, d->n, &d->cap, sizeof(size_t));
        d->pending[d->n++] = i;
        break;
    case DISK_SYNC:
        settle(c, node_of(c, op->node));
        break;
    case DISK_LOST: /* the pages count as clean: no later sync writes them */
        node_of(c, op->node)->n = 0;
        break;
    case DISK_LINK:
    case DISK_UNLINK:
    case DISK_RENAME:
        c->names =
            kit_grow(c->names, c->n_names, &c->cap_names, sizeof(size_t));
        c->names[c->n_names++] = i;
        break;
    case DISK_SYNC_DIR:
        for (size_t k = 0; k < c->n_names; k++)
            apply_name(&c->links, &c->j->op[c->names[k]]);
        c->n_names = 0;
        break;
    }
}

void crash_to(struct crash *c, size_t at)
{
    need(at >= c->at && at <= c->j->n);
    while (c->at < at)
        step(c, c->at++);
}

struct crash *crash_new(const struct disk_journal *j,
                        const struct disk_copy *start)
{
    struct crash *c = kit_calloc(sizeof(*c));

    c->j = j;
    for (size_t i = 0; start != NULL && i < start->n; i++) {
        int no = (int)i + 1; /* as disk_restore() numbers them */

        write_at(&node_of(c, no)->is, start->file[i].data, start->file[i].len,
                 0);
        add_name(&c->links, start->file[i].path, no);
    }
    return c;
}

void crash_free(struct crash *c)
{
    for (int i = 0; i < NODES; i++) {
        free(c->node[i].is.data);
        free(c->node[i].pending);
    }
    free(c->names);
    free(c);
}

/* ---- images ------------------------------------------------------------- */

enum fate {
    KEEP,
    DROP,
    ZERO,
    GARBAGE,
    TORN
};

enum mood {
    ALL_LOST,
    ALL_THERE,
    COIN,
    RARE,     /* few got there */
    OFTEN,    /* few did not */
    ANYHOW,   /* all five fates */
    IN_ORDER, /* up to some piece, which is torn; nothing after it */
    LAST,     /* only what came after some piece */
    ONE_BAD,  /* all but one */
    RUBBISH,  /* mostly garbage */
    MOODS
};

static const char *const mood_names[MOODS] = {
    "all lost", "all there", "coin",       "few there", "few lost",
    "any fate", "in order",  "last first", "one bad",   "garbage"};

struct draw {
    struct rng *r;
    enum mood mood;
    size_t sector, piece, pieces, pick;
};

static enum fate bad_fate(struct draw *d)
{
    return (enum fate)(DROP + rng_below(d->r, TORN - DROP + 1));
}

static enum fate fate_of(struct draw *d)
{
    size_t i = d->piece++;

    switch (d->mood) {
    case ALL_LOST:
        return DROP;
    case ALL_THERE:
        return KEEP;
    case COIN:
        return rng_below(d->r, 2) == 0 ? KEEP : DROP;
    case RARE:
        return rng_below(d->r, 8) == 0 ? KEEP : DROP;
    case OFTEN:
        return rng_below(d->r, 8) != 0 ? KEEP : bad_fate(d);
    case ANYHOW:
        return (enum fate)rng_below(d->r, TORN + 1);
    case IN_ORDER:
        return i < d->pick ? KEEP : i == d->pick ? TORN : DROP;
    case LAST:
        return i < d->pick ? DROP : KEEP;
    case ONE_BAD:
        return i == d->pick ? bad_fate(d) : KEEP;
    case RUBBISH:
        return rng_below(d->r, 4) != 0 ? GARBAGE : KEEP;
    case MOODS:
        break;
    }
    return KEEP;
}

static size_t sectors(const struct disk_op *op, size_t sector)
{
    if (op->kind != DISK_WRITE || op->len == 0)
        return 1;
    return (op->at + op->len - 1) / sector - op->at / sector + 1;
}

static void lay_piece(struct draw *d, struct bytes *b, const uint8_t *p,
                      size_t n, size_t at)
{
    uint8_t junk[4096];

    switch (fate_of(d)) {
    case KEEP:
        write_at(b, p, n, at);
        break;
    case DROP:
        break;
    case ZERO:
        memset(junk, 0, sizeof(junk));
        write_at(b, junk, n, at);
        break;
    case GARBAGE:
        for (size_t i = 0; i < n; i++)
            junk[i] = (uint8_t)(rng_next(d->r) >> 7);
        write_at(b, junk, n, at);
        break;
    case TORN:
        write_at(b, p, (size_t)rng_below(d->r, n + 1), at);
        break;
    }
}

static void lay_write(struct draw *d, struct bytes *b, const uint8_t *p,
                      size_t n, size_t at)
{
    while (n > 0) {
        size_t part = d->sector - at % d->sector;

        if (part > n)
            part = n;
        lay_piece(d, b, p, part, at);
        p += part;
        at += part;
        n -= part;
    }
}

static size_t count_pieces(const struct crash *c, size_t sector)
{
    size_t n = c->n_names;

    for (int i = 1; i < c->n_node; i++) {
        for (size_t k = 0; k < c->node[i].n; k++)
            n += sectors(&c->j->op[c->node[i].pending[k]], sector);
    }
    return n;
}

static void lay_all(struct crash *c, struct draw *d)
{
    struct links links = c->links;
    struct bytes b = {NULL, 0, 0};

    for (size_t i = 0; i < c->n_names; i++) {
        if (fate_of(d) == KEEP)
            apply_name(&links, &c->j->op[c->names[i]]);
    }
    disk_reset();
    for (size_t i = 0; i < links.n; i++) {
        const struct durable *n = &c->node[links.v[i].node];

        b.len = 0;
        write_at(&b, n->is.data, n->is.len, 0);
        for (size_t k = 0; k < n->n; k++) {
            const struct disk_op *op = &c->j->op[n->pending[k]];

            if (op->kind == DISK_WRITE)
                lay_write(d, &b, c->j->bytes + op->bytes, op->len, op->at);
            else if (fate_of(d) == KEEP)
                cut(&b, op->at);
        }
        disk_put(links.v[i].name, b.data, b.len);
    }
    free(b.data);
}

void crash_image(struct crash *c, struct rng *r, char *how, size_t cap)
{
    struct draw d = {.r = r,
                     .mood = (enum mood)rng_below(r, MOODS),
                     .sector = rng_below(r, 2) == 0 ? 512 : 4096};

    d.pieces = count_pieces(c, d.sector);
    d.pick = d.pieces != 0 ? (size_t)rng_below(r, d.pieces) : 0;
    snprintf(how, cap,
             "cut before operation %zu, sectors of %zu, %zu pieces "
             "open, %s (%zu)",
             c->at, d.sector, d.pieces, mood_names[d.mood], d.pick);
    lay_all(c, &d);
}

void crash_synced_only(struct crash *c)
{
    struct draw d = {.mood = ALL_LOST, .sector = 4096};

    lay_all(c, &d);
}
