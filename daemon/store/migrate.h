/* migrate.h - the numbered schema of the SQLite store (docs/STORE.md). */
#ifndef DK_MIGRATE_H
#define DK_MIGRATE_H

#include <sqlite3.h>

#include "store.h"

#define MIGRATE_APPLICATION_ID 0x444B5431 /* "DKT1" */
#define MIGRATE_BACKUP_ID      0x444B5442 /* "DKTB": not opened yet */

int migrate_latest(void); /* the schema this program writes */

/* Bring `db` from schema `from` to the latest, each step in a transaction of
 * its own that also sets user_version.  An SQLite result code; after a failure
 * the steps before it stay, the failed one left nothing.
 */
int migrate_run(sqlite3 *db, int from, const struct store_options *opt);

/* store_sqlite_fill.c: every case made anew from its events, with what schema 2
 * keeps of it; and the figures.  Within step 2's transaction.
 */
int migrate_fill_2(sqlite3 *db, const struct store_options *opt);

#endif /* DK_MIGRATE_H */
