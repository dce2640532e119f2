/* migrate.h - the numbered schema of the SQLite store (docs/STORE.md). */
#ifndef DK_MIGRATE_H
#define DK_MIGRATE_H

#include <sqlite3.h>

#define MIGRATE_APPLICATION_ID 0x444B5431 /* "DKT1" */

int migrate_latest(void); /* the schema this program writes */

/* Bring `db` from schema `from` to the latest, each step in a transaction of
 * its own that also sets user_version.  An SQLite result code; after a failure
 * the steps before it stay, the failed one left nothing.
 */
int migrate_run(sqlite3 *db, int from);

#endif /* DK_MIGRATE_H */
