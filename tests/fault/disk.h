/* disk.h - a disk in memory under DISK_ROOT, for SQLite (a VFS) and for the
 * store's own calls (the linker's --wrap: open, fsync, rename, ...).
 *
 * It can remember every write, truncation, sync and change of a name in the
 * order made (crash.h makes what a power cut leaves of it), and it can make the
 * n-th call fail.  Everything of it is one process's, single-threaded.
 */
#ifndef DK_FAULT_DISK_H
#define DK_FAULT_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_ROOT  "/disk-in-memory"
#define DISK_STORE DISK_ROOT "/docket.db"
#define DISK_NAME  96 /* of a path, with its end */

/* ---- what was done ------------------------------------------------------ */

enum disk_kind {
    DISK_WRITE,    /* to a file; not on the disk before its sync */
    DISK_TRUNCATE, /* likewise */
    DISK_SYNC,     /* of a file: what was done to it is on the disk */
    DISK_LOST,     /* a sync that failed: what was done may never get there */
    DISK_LINK,     /* a name for a file; there after the folder's sync */
    DISK_UNLINK,
    DISK_RENAME,
    DISK_SYNC_DIR
};

struct disk_op {
    enum disk_kind kind;
    int node;                /* which file; names may change */
    size_t at, len;          /* WRITE: where; TRUNCATE: at is the new size */
    size_t bytes;            /* WRITE: where in the journal's bytes */
    char name[DISK_NAME];    /* LINK, UNLINK, RENAME */
    char to_name[DISK_NAME]; /* RENAME */
};

struct disk_journal {
    struct disk_op *op;
    size_t n, cap;
    uint8_t *bytes;
    size_t n_bytes, cap_bytes;
};

/* ---- the disk ----------------------------------------------------------- */

/* Once a process; SQLite's default from then on. */
void disk_install(void);

/* Empty, nothing remembered, no fault. */
void disk_reset(void);

/* Start or stop remembering.  Starting asks that what is there counts as
 * synced; the journal before is forgotten.
 */
void disk_record(bool on);
const struct disk_journal *disk_journal(void);
struct disk_journal disk_take_journal(void); /* the caller's; disk_forget() */
void disk_forget(struct disk_journal *j);
size_t disk_now(void); /* operations remembered so far */

/* Files as they are for programs that run; `data` is copied. */
void disk_put(const char *path, const void *data, size_t len);
const uint8_t *disk_get(const char *path, size_t *len); /* NULL: none */
uint8_t *disk_edit(const char *path, size_t *len);      /* in place */
void disk_cut_short(const char *path, size_t len);

/* A copy of all files, to start from again and again. */
struct disk_copy;
struct disk_copy *disk_save(void);
void disk_restore(const struct disk_copy *c);
void disk_free(struct disk_copy *c);

/* ---- faults ------------------------------------------------------------- */

enum disk_fault {
    FAULT_NONE,
    FAULT_EIO,   /* any call */
    FAULT_FULL,  /* ENOSPC: calls that need room */
    FAULT_SHORT, /* half is written, then there is no room */
    FAULT_SYNC,  /* EIO of syncs only */
    FAULT_WRITE  /* EIO of writes only */
};

struct disk_faults {
    enum disk_fault kind;
    long at; /* which call from now on, of those the kind is about; 1: next */
    bool forever;
    long calls, struck; /* counted */
    char what[32];      /* the first call that failed */
};
extern struct disk_faults disk_faults;
void disk_arm(enum disk_fault kind, long at, bool forever);
void disk_disarm(void); /* keeps calls and struck */

/* A disk that says it synced and did not (control runs). */
extern bool disk_lies;

#endif /* DK_FAULT_DISK_H */
