/* spool_int.h - what the two files of the spool share. */
#ifndef DK_KIOSK_SPOOL_INT_H
#define DK_KIOSK_SPOOL_INT_H

#include <sqlite3.h>

#include "spool.h"

enum spool_stmt {
    STMT_BEGIN,
    STMT_COMMIT,
    STMT_ROLLBACK,
    STMT_BY_FILE,
    STMT_BY_ID,
    STMT_TAKE,
    STMT_NEXT,
    STMT_GET,
    STMT_SETTLE,
    STMT_COUNT,
    STMT_OLDEST,
    STMT_REFUSED,
    STMT_UNTOLD,
    STMT_TOLD,
    STMT_N
};

struct spool {
    sqlite3 *db;
    sqlite3_stmt *stmt[STMT_N];
    bool told; /* what was settled was told; to be written down */
};

/* Translate SQLite's state into a problem; returns its DK_E code. */
int spool_trouble(sqlite3 *db, int rc, const char *doing, struct dk_problem *p);

int spool_prepare(struct spool *s, struct dk_problem *p);

/* Write down what spool_told() noted; SQLITE_OK or SQLite's code. */
int spool_write_told(struct spool *s);

#endif /* DK_KIOSK_SPOOL_INT_H */
