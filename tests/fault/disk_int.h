/* disk_int.h - what disk.c, disk_libc.c and disk_vfs.c share. */
#ifndef DK_FAULT_DISK_INT_H
#define DK_FAULT_DISK_INT_H

#include "tests/fault/disk.h"

struct disk_node {
    uint8_t *data;
    size_t len, cap;
    int no;
    int users; /* open files */
    bool named;
    int locked_by; /* descriptor; 0: none */
};

#define DISK_FILES 64

struct disk_copy {
    size_t n;
    struct {
        char path[DISK_NAME];
        uint8_t *data;
        size_t len;
    } file[DISK_FILES];
};

enum disk_call {
    CALL_OPEN,
    CALL_CREATE,
    CALL_READ,
    CALL_WRITE,
    CALL_SYNC,
    CALL_TRUNCATE,
    CALL_LOCK,
    CALL_STAT,
    CALL_DELETE,
    CALL_RENAME
};

/* Does the armed fault strike this call?  Counts it. */
bool disk_strikes(enum disk_call call, const char *what);

bool disk_is_here(const char *path);
struct disk_node *disk_find(const char *path);
struct disk_node *disk_make(const char *path); /* a new name, a new file */
struct disk_node *disk_anonymous(void);
void disk_leave(struct disk_node *f); /* one user less */

/* Fails (false) as the armed fault says; then half may have been written. */
bool disk_write(struct disk_node *f, const void *p, size_t n, size_t at);
size_t disk_read(const struct disk_node *f, void *p, size_t n, size_t at);
void disk_truncate(struct disk_node *f, size_t len);
void disk_sync(struct disk_node *f, bool failed);
void disk_sync_dir(void);
bool disk_unlink(const char *path);
bool disk_rename(const char *from, const char *to);

#endif /* DK_FAULT_DISK_INT_H */
