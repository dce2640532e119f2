/* crash.h - what a power cut may leave on the disk.
 *
 * On the disk is what was synced.  Of all that was done since then, any part
 * may have got there: each write falls into the sectors it touches, and each of
 * these may be there, not be there, be zeros, be garbage, or be torn; each
 * truncation and each change of a name may have happened or not.  Bytes outside
 * of a write are never hurt (SQLite's "powersafe overwrite", which the store
 * relies on).
 */
#ifndef DK_FAULT_CRASH_H
#define DK_FAULT_CRASH_H

#include "tests/fault/disk.h"
#include "tests/fault/kit.h"

struct crash;

/* `start`: what was there, synced, when the journal began; NULL: nothing. */
struct crash *crash_new(const struct disk_journal *j,
                        const struct disk_copy *start);
void crash_free(struct crash *c);
/* Go to just before operation `at`; never back. */
void crash_to(struct crash *c, size_t at);

/* Put an image on the disk (disk_reset() before).  `how` gets words. */
void crash_image(struct crash *c, struct rng *r, char *how, size_t cap);
/* The image with nothing of what was not synced. */
void crash_synced_only(struct crash *c);

#endif /* DK_FAULT_CRASH_H */
