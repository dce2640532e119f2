/* migrate.h - the numbered schema of the SQLite store (docs/STORE.md). */
#ifndef DK_MIGRATE_H
#define DK_MIGRATE_H

#include <sqlite3.h>

#include "store.h"

#define MIGRATE_APPLICATION_ID 0x444B5431 /* "DKT1" */
#define MIGRATE_BACKUP_ID      0x444B5442 /* "DKTB": not opened yet */
#define MIGRATE_MOVED_ID       0x444B544D /* "DKTM": it is in PostgreSQL now */

int migrate_latest(void); /* the schema this program writes */

/* Bring `db` from schema `from` to the latest, each step in a transaction of
 * its own that also sets user_version.  An SQLite result code; after a failure
 * the steps before it stay, the failed one left nothing.
 */
int migrate_run(sqlite3 *db, int from, const struct store_options *opt);

/* The one row about a new store; `random` as store_open() has it. */
int migrate_fill_meta(sqlite3 *db, const struct store_options *opt,
                      const uint8_t random[48]);

/* store_sqlite_fill.c: every case made anew from its events, with what schema 2
 * keeps of it; and the figures.  Within step 2's transaction.
 */
int migrate_fill_2(sqlite3 *db, const struct store_options *opt);

/* store_sqlite_seal.c: personal data and the secret sealed, the hashes of
 * requests keyed.  Within step 3's transaction.
 */
int migrate_fill_3(sqlite3 *db, const struct store_options *opt);
/* store_sqlite_fill.c: the co-handlers of the cases as they stand.  Within step
 * 5's transaction.
 */
int migrate_fill_5(sqlite3 *db, const struct store_options *opt);
/* Put the secret of a store, sealed if there is something to seal it with. */
int migrate_seal_secret(sqlite3 *db, const struct store_options *opt,
                        const uint8_t secret[32]);

#endif /* DK_MIGRATE_H */
