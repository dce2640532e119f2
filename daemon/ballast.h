/* ballast.h - the file beside the database that keeps room back for finishing
 * work on a full disk (core/reserve.h decides, this file does).
 *
 *   DATA/docket.ballast   allocated, never written; may be deleted at any time
 */
#ifndef DK_BALLAST_H
#define DK_BALLAST_H

#include "core/reserve.h"
#include "proto/dk_types.h"

struct daemon;
struct config;

struct ballast {
    struct dk_reserve r;
    char path[700]; /* "": the database is not in a file */
    int fd;         /* -1: not open */
    dk_ms look_at;  /* monotonic */
};

void ballast_init(struct ballast *b, const struct config *cfg);
/* After the store was opened (its lock is ours): make the file, or take the one
 * that is there.  Where there is no room for it the daemon starts, and takes
 * only what finishes work.
 */
void ballast_open(struct daemon *d);
/* Before that: the opening found the disk full.  True: room was made. */
bool ballast_drop(struct ballast *b);
/* A commit found the disk full.  True: room was made. */
bool ballast_give_up(struct daemon *d);
/* On the housekeeping timer: make it again, step by step. */
void ballast_house(struct daemon *d);
void ballast_close(struct ballast *b);

#endif /* DK_BALLAST_H */
