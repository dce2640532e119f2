/* recover.h - docketd --recover: what can still be read of a damaged database,
 * in a new one.
 *
 * Rows are read page by page (daemon/store/salvage.h) into a scratch database.
 * The truth among them are the events: each case is made again from its events,
 * as far as its chain of hashes is whole, and everything else that is kept of a
 * case is made from that.  What no event tells (ids of requests, petitioners'
 * data, open tasks) is taken from its own rows, if they fit an event that was
 * saved.
 *
 * The new file is marked as a backup: it is put in place like one, and begins
 * another stream (docs/adr/0013).  The damaged file is only read.
 */
#ifndef DK_RECOVER_H
#define DK_RECOVER_H

#include "daemon/config.h"

/* Prints what was saved and what was not.  Returns an exit code: 0 everything
 * that the file should hold, 65 something is lost, 66 it cannot be read, 73 the
 * new file cannot be made (or is there already), 74 a disk failed; and
 * RECOVER_NO_SECRET: whatever else is lost, every query code is void.
 */
#define RECOVER_NO_SECRET 80 /* none of sysexits.h */
int recover_run(const struct config *given, const char *file, const char *out);

#endif /* DK_RECOVER_H */
