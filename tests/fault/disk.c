#include "tests/fault/disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fault/disk_int.h"
#include "tests/fault/kit.h"

#define NAMES DISK_FILES

struct entry {
    char path[DISK_NAME];
    struct disk_node *node;
};

static struct {
    struct entry entry[NAMES];
    size_t n;
    int next_no;
    bool recording;
    struct disk_journal j;
} disk;

struct disk_faults disk_faults;
bool disk_lies;

/* ---- the journal -------------------------------------------------------- */

static struct disk_op *note(enum disk_kind kind, int node)
{
    static struct disk_op nowhere;
    struct disk_journal *j = &disk.j;

    if (!disk.recording)
        return &nowhere;
    j->op = kit_grow(j->op, j->n, &j->cap, sizeof(*j->op));
    struct disk_op *op = &j->op[j->n++];
    memset(op, 0, sizeof(*op));
    op->kind = kind;
    op->node = node;
    return op;
}

static void note_write(const struct disk_node *f, const void *p, size_t n,
                       size_t at)
{
    struct disk_journal *j = &disk.j;

    if (!disk.recording)
        return;
    struct disk_op *op = note(DISK_WRITE, f->no);
    op->at = at;
    op->len = n;
    op->bytes = j->n_bytes;
    if (j->n_bytes + n > j->cap_bytes) {
        j->cap_bytes = 2 * (j->n_bytes + n);
        j->bytes = kit_realloc(j->bytes, j->cap_bytes);
    }
    memcpy(j->bytes + j->n_bytes, p, n);
    j->n_bytes += n;
}

static void note_name(enum disk_kind kind, const struct disk_node *f,
                      const char *a, const char *b)
{
    struct disk_op *op = note(kind, f->no);

    snprintf(op->name, sizeof(op->name), "%s", a);
    snprintf(op->to_name, sizeof(op->to_name), "%s", b);
}

const struct disk_journal *disk_journal(void)
{
    return &disk.j;
}

size_t disk_now(void)
{
    return disk.j.n;
}

void disk_forget(struct disk_journal *j)
{
    free(j->op);
    free(j->bytes);
    *j = (struct disk_journal){.n = 0};
}

struct disk_journal disk_take_journal(void)
{
    struct disk_journal j = disk.j;

    disk.j = (struct disk_journal){.n = 0};
    disk.recording = false;
    return j;
}

void disk_record(bool on)
{
    disk_forget(&disk.j);
    disk.recording = on;
}

/* ---- files -------------------------------------------------------------- */

bool disk_is_here(const char *path)
{
    return strncmp(path, DISK_ROOT, sizeof(DISK_ROOT) - 1) == 0;
}

static struct entry *entry_of(const char *path)
{
    for (size_t i = 0; i < disk.n; i++) {
        if (strcmp(disk.entry[i].path, path) == 0)
            return &disk.entry[i];
    }
    return NULL;
}

struct disk_node *disk_find(const char *path)
{
    struct entry *e = entry_of(path);
    return e != NULL ? e->node : NULL;
}

struct disk_node *disk_anonymous(void)
{
    struct disk_node *f = kit_calloc(sizeof(*f));

    f->no = ++disk.next_no;
    return f;
}

struct disk_node *disk_make(const char *path)
{
    struct disk_node *f = disk_anonymous();

    need(disk.n < NAMES && strlen(path) < DISK_NAME);
    f->named = true;
    disk.entry[disk.n] = (struct entry){.node = f};
    snprintf(disk.entry[disk.n++].path, DISK_NAME, "%s", path);
    note_name(DISK_LINK, f, path, "");
    return f;
}

static void drop(struct disk_node *f)
{
    if (f->users > 0 || f->named)
        return;
    free(f->data);
    free(f);
}

void disk_leave(struct disk_node *f)
{
    f->users--;
    drop(f);
}

static void make_room(struct disk_node *f, size_t len)
{
    if (len <= f->cap)
        return;
    f->cap = len < 65536 ? 65536 : 2 * len;
    f->data = kit_realloc(f->data, f->cap);
}

static void write_now(struct disk_node *f, const void *p, size_t n, size_t at)
{
    make_room(f, at + n);
    if (at > f->len)
        memset(f->data + f->len, 0, at - f->len);
    memcpy(f->data + at, p, n);
    if (at + n > f->len)
        f->len = at + n;
    note_write(f, p, n, at);
}

bool disk_write(struct disk_node *f, const void *p, size_t n, size_t at)
{
    if (!disk_strikes(CALL_WRITE, "write")) {
        write_now(f, p, n, at);
        return true;
    }
    if (disk_faults.kind != FAULT_FULL)
        write_now(f, p, n / 2, at); /* torn */
    return false;
}

size_t disk_read(const struct disk_node *f, void *p, size_t n, size_t at)
{
    size_t got = at < f->len ? f->len - at : 0;

    if (got > n)
        got = n;
    if (got > 0)
        memcpy(p, f->data + at, got);
    return got;
}

void disk_truncate(struct disk_node *f, size_t len)
{
    struct disk_op *op = note(DISK_TRUNCATE, f->no);

    op->at = len;
    make_room(f, len);
    if (len > f->len)
        memset(f->data + f->len, 0, len - f->len);
    f->len = len;
}

void disk_sync(struct disk_node *f, bool failed)
{
    if (!disk_lies || failed)
        note(failed ? DISK_LOST : DISK_SYNC, f->no);
}

void disk_sync_dir(void)
{
    note(DISK_SYNC_DIR, 0);
}

bool disk_unlink(const char *path)
{
    struct entry *e = entry_of(path);

    if (e == NULL)
        return false;
    note_name(DISK_UNLINK, e->node, path, "");
    e->node->named = false;
    drop(e->node);
    *e = disk.entry[--disk.n];
    return true;
}

bool disk_rename(const char *from, const char *to)
{
    struct entry *e = entry_of(from), *old = entry_of(to);

    if (e == NULL)
        return false;
    note_name(DISK_RENAME, e->node, from, to);
    if (old != NULL) {
        old->node->named = false;
        drop(old->node);
        old->node = e->node;
        *e = disk.entry[--disk.n];
    } else {
        snprintf(e->path, sizeof(e->path), "%s", to);
    }
    return true;
}

void disk_reset(void)
{
    for (size_t i = 0; i < disk.n; i++) {
        disk.entry[i].node->named = false;
        drop(disk.entry[i].node);
    }
    disk.n = 0;
    disk.next_no = 0;
    disk_record(false);
    disk_disarm();
    disk_lies = false;
}

void disk_put(const char *path, const void *data, size_t len)
{
    struct disk_node *f = disk_find(path);

    if (f == NULL)
        f = disk_make(path);
    make_room(f, len);
    if (len > 0)
        memcpy(f->data, data, len);
    f->len = len;
}

const uint8_t *disk_get(const char *path, size_t *len)
{
    return disk_edit(path, len);
}

uint8_t *disk_edit(const char *path, size_t *len)
{
    struct disk_node *f = disk_find(path);

    *len = f != NULL ? f->len : 0;
    return f != NULL ? f->data : NULL;
}

void disk_cut_short(const char *path, size_t len)
{
    struct disk_node *f = disk_find(path);

    need(f != NULL && len <= f->len);
    f->len = len;
}

/* ---- copies ------------------------------------------------------------- */

struct disk_copy *disk_save(void)
{
    struct disk_copy *c = kit_calloc(sizeof(*c));

    for (size_t i = 0; i < disk.n; i++) {
        const struct disk_node *f = disk.entry[i].node;

        memcpy(c->file[i].path, disk.entry[i].path, DISK_NAME);
        c->file[i].len = f->len;
        c->file[i].data = kit_realloc(NULL, f->len);
        if (f->len > 0)
            memcpy(c->file[i].data, f->data, f->len);
    }
    c->n = disk.n;
    return c;
}

void disk_restore(const struct disk_copy *c)
{
    disk_reset();
    for (size_t i = 0; i < c->n; i++)
        disk_put(c->file[i].path, c->file[i].data, c->file[i].len);
}

void disk_free(struct disk_copy *c)
{
    for (size_t i = 0; i < c->n; i++)
        free(c->file[i].data);
    free(c);
}

/* ---- faults ------------------------------------------------------------- */

void disk_arm(enum disk_fault kind, long at, bool forever)
{
    disk_faults =
        (struct disk_faults){.kind = kind, .at = at, .forever = forever};
}

void disk_disarm(void)
{
    disk_faults.kind = FAULT_NONE;
}

static bool concerns(enum disk_fault kind, enum disk_call call)
{
    switch (kind) {
    case FAULT_EIO:
        return true;
    case FAULT_FULL:
        return call == CALL_CREATE || call == CALL_WRITE || call == CALL_RENAME;
    case FAULT_SHORT:
    case FAULT_WRITE:
        return call == CALL_WRITE;
    case FAULT_SYNC:
        return call == CALL_SYNC;
    case FAULT_NONE:
        break;
    }
    return false;
}

bool disk_strikes(enum disk_call call, const char *what)
{
    struct disk_faults *f = &disk_faults;

    if (!concerns(f->kind, call))
        return false;
    f->calls++;
    if (f->at == 0 || f->calls < f->at || (f->calls > f->at && !f->forever))
        return false;
    if (f->struck++ == 0)
        snprintf(f->what, sizeof(f->what), "%s", what);
    return true;
}
