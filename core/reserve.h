/* reserve.h - the ballast: room on the disk that is kept back for the day on
 * which it is full.
 *
 * A file of the ballast's size lies beside the database.  When a write finds no
 * room, the file is emptied: with that room the work at hand can be finished
 * (workers' answers, limits that pass, alerts, officers' acts), while new cases
 * are refused until the ballast is whole again.  Pure: the daemon measures and
 * allocates (daemon/ballast.c), here is decided what and when.
 */
#ifndef DK_RESERVE_H
#define DK_RESERVE_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes throughout. */
struct dk_reserve {
    int64_t want; /* 0: nothing is kept back */
    int64_t have;
    bool tight; /* no new cases: it was given up and is not whole again */
};

/* How much to keep back of a disk of `disk` bytes: `most`, but never more than
 * a sixteenth of the disk, in whole units of 64 KiB.
 */
int64_t dk_reserve_want(int64_t most, int64_t disk);

/* The size that the ballast should have next, with `free_bytes` left on the
 * disk: as it is, or larger by a bounded step.  It is made again only when a
 * quarter more than what is missing is free, so that it does not take the last
 * room from the database.
 */
int64_t dk_reserve_next(const struct dk_reserve *r, int64_t free_bytes);

/* It has `have` bytes now.  Whole again: new cases are taken again. */
void dk_reserve_is(struct dk_reserve *r, int64_t have);

/* A write found no room.  True: the ballast was there, is to be emptied now,
 * and the write is worth another try; false: there is nothing to give up.
 */
bool dk_reserve_give_up(struct dk_reserve *r);

#endif /* DK_RESERVE_H */
