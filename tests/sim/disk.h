/* disk.h - what the disk keeps, and the promise held against it.
 *
 * Stands between the broker and its store: every commit may fail in the ways a
 * disk fails, and every commit that did not is compared with a second book of
 * what must be there (the ledger).
 */
#ifndef DK_SIM_DISK_H
#define DK_SIM_DISK_H

#include "core/case.h"
#include "sim.h"

#define CASES_MAX     64
#define ALERTS_MAX    64
#define OFFICE_COUNTY 330699
#define OFFICE_OFFSET 480

/* permille of commits, reads (of `reads`) and checkpoints */
struct disk_mood {
    int full;         /* no space: nothing was written */
    int eio;          /* an error, and nothing was written */
    int eio_done;     /* an error, and yet it is there afterwards */
    int crash_before; /* the process dies before it is written */
    int crash_after;  /* and just after it */
    int reads;        /* of a thousand commits: a read after it fails */
    int checkpoint;   /* fails */
};
extern struct disk_mood disk_mood;
extern int64_t disk_commits; /* all that happened, for the figures */

void disk_open(void);  /* a new disk and an empty ledger */
void disk_close(void); /* forget both */

/* Whom the broker may tell what, after every step of it. */
bool disk_has(const struct dk_uuid *request, int64_t *key);
/* The case as the ledger has it; NULL: there is none. */
const struct dk_case *disk_case(int64_t key);
int disk_cases(int64_t keys[CASES_MAX]);
int64_t disk_last_seq(void);
const uint8_t *disk_event_hash(int64_t seq); /* NULL: no such event */
int64_t disk_open_tasks(void);
bool disk_is_open(int64_t task);
/* Ids of the dead letters, at most `cap` of them. */
int disk_dead(int64_t *out, int cap);
/* Is a due rung of a running clock still to fire? */
void disk_check_due(dk_ms wall);
/* The whole disk against the ledger. */
void disk_check_all(void);

#endif /* DK_SIM_DISK_H */
