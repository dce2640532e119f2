/* backup.h - a backup of the running broker: copied in slices between two
 * rounds of the loop, synced and checked in a thread, then given its name.
 *
 *   FILE.part   while it is made; locked, and removed if it fails
 *   FILE        complete, synced and checked; never written over
 *
 * One at a time.  Copying waits for the disk of the backup: not more than a few
 * MiB are ever written and not synced, so that the system has no reason to hold
 * the loop up.
 */
#ifndef DK_BACKUP_H
#define DK_BACKUP_H

#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>

#include "daemon/store/store.h"
#include "proto/jsonw.h"
#include "proto/uuid.h"

#define BACKUP_PATH_MAX 700

enum backup_state {
    BACKUP_NONE,
    BACKUP_COPYING,
    BACKUP_CHECKING,
    BACKUP_DONE,
    BACKUP_FAILED
};

/* One thing that a thread does, while the loop goes on. */
struct backup_job {
    pthread_t thread;
    bool on; /* started and not joined */
    atomic_bool over;
    atomic_bool stop; /* the loop's wish */
    int fd;           /* of FILE.part */
    bool finish;      /* check and name it; else only sync */
    const char *file, *part;
    struct store_backup_want want;
    int rc;
    struct dk_problem problem;
};

struct backup {
    enum backup_state state;
    struct dk_uuid id;
    char file[BACKUP_PATH_MAX + 1], part[BACKUP_PATH_MAX + 8];
    int fd; /* of FILE.part; -1: none */
    struct event *slice;
    struct store_backup pages;
    bool failing;               /* the copy failed; ends once the thread has */
    int64_t unsynced;           /* pages copied since the last sync began */
    dk_ms started_at, ended_at; /* the machine's time */
    int64_t slowest_us;         /* longest that one slice took */
    struct dk_problem problem;  /* FAILED: why */
    struct backup_job job;
};

struct daemon;
struct item;

int backup_init(struct daemon *d);  /* a DK_E code */
void backup_stop(struct daemon *d); /* gives up what is under way */

/* Give a finished, synced file its name, never over another one, durably.
 * DK_ECONFLICT: there is one; DK_EIO.
 */
int backup_give_name(const char *part, const char *file, struct dk_problem *p);

/* backup.start: answers as backup.status does. */
int read_backup_start(struct daemon *d, const struct item *it, struct dk_jw *w,
                      struct dk_problem *p);
int read_backup_status(struct daemon *d, const struct item *it, struct dk_jw *w,
                       struct dk_problem *p);

#endif /* DK_BACKUP_H */
