/* take.h - from lines and files into the spool, many in one transaction; what
 * is said to be taken is on the disk.
 */
#ifndef DK_KIOSK_TAKE_H
#define DK_KIOSK_TAKE_H

#include "folder.h"
#include "intake.h"
#include "lines.h"
#include "say.h"

#define TAKE_BATCH 32

struct take_entry {
    struct intake in;
    struct say_from from;
    char name[NAME_MAX + 1]; /* what from.file points to */
};

struct take {
    struct spool *spool;
    struct say *say;
    struct lines lines;
    struct folder folder;
    bool line_wanted; /* stdin gave all it had: fill before asking again */
    dk_ms hold_until; /* monotonic: the disk is full, try again then */
    size_t n;
    struct spool_item item[TAKE_BATCH];
    struct take_entry entry[TAKE_BATCH];
};

/* Take what is there, a bounded amount.  0, or a DK_E code after which the
 * spool must not be used any more.  *more: there may be more at once.
 */
int take_some(struct take *t, dk_ms now, bool *more, struct dk_problem *p);

/* Nothing will come from stdin, the folder was seen empty, nothing is held. */
bool take_over(const struct take *t);

void take_fini(struct take *t);

#endif /* DK_KIOSK_TAKE_H */
