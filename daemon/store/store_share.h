/* store_share.h - a store that is reached over a network, and may be shared
 * with other brokers.  The end of store.h, which includes it.
 */
#ifndef DK_STORE_SHARE_H
#define DK_STORE_SHARE_H

/* Between batches: reach a store again that is away, a step at a time, waiting
 * for a few milliseconds at most.  0: it is there; 1: it is there again, and
 * whatever the caller remembers of it must be read anew (`last_seq` and
 * `last_at` of *info are filled): a commit that ended with DK_EBUSY may have
 * happened after all; DK_EBUSY: it is away; DK_EIO as everywhere.
 */
int store_tend(struct store *st, struct store_info *info);
/* Why it failed or is away, for a log; "": it has not said. */
const char *store_said(struct store *st);

/* The beginning and the end of a batch.  In between, among several brokers, the
 * cases that are loaded, the clocks that are due and the day whose number is
 * asked for are this broker's alone, so that what is decided on them still
 * holds when it is committed.  Alone, nothing to do.
 */
void store_hold(struct store *st);
void store_rest(struct store *st);

/* Among several brokers a task is worked on by one of them: take up to `limit`
 * open tasks of a service that are nobody's (or of a broker that was not heard
 * of for long).  *first is the lowest id, INT64_MAX: none.  store_tasks() gives
 * what was taken.  Alone, all are this broker's and nothing is to be taken.
 */
int store_claim(struct store *st, enum dk_service service, int64_t limit,
                int64_t *first);

#endif /* DK_STORE_SHARE_H */
