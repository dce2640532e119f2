/* spool_int.h - what the files of the spool share. */
#ifndef DK_RELAY_SPOOL_INT_H
#define DK_RELAY_SPOOL_INT_H

#include <sqlite3.h>

#include "spool.h"

struct spool {
    sqlite3 *db;
    unsigned char key[SEAL_KEY];
};

/* What SQLite says, as a problem; its DK_E code. */
int spool_trouble(sqlite3 *db, int rc, struct dk_problem *p);

/* Run one statement with its parameters: for each letter of `kinds` a
 * const char * (t; NULL is null), an int64_t (i), or a const void * and a
 * size_t (b).  *row (may be NULL: there must be none) is a statement at its
 * first row, to be finalized; NULL when there is none.
 */
int spool_run(struct spool *s, sqlite3_stmt **row, struct dk_problem *p,
              const char *sql, const char *kinds, ...);

/* The text of a column; "" for null. */
void spool_text(sqlite3_stmt *st, int column, char *out, size_t cap);

#endif /* DK_RELAY_SPOOL_INT_H */
