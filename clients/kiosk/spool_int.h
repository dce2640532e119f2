/* spool_int.h - what the two files of the spool share. */
#ifndef DK_KIOSK_SPOOL_INT_H
#define DK_KIOSK_SPOOL_INT_H

#include <sqlite3.h>

#include "spool.h"

/* What a row's sum is of; docket_sum() is spool_sum.c's. */
#define SPOOL_SUM                                                              \
    "docket_sum(submission, state, taken_at, digest, body, file, file_hash,"   \
    " settled_at, case_no, code, problem, untold)"
#define SPOOL_WHOLE "sum IS " SPOOL_SUM

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
    STMT_ASIDE,
    STMT_ASIDE_TOLD,
    STMT_FIND,
    STMT_FIND_END,
    STMT_LAST,
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

/* Teach SQLite docket_sum(); SQLITE_OK or its code. */
int spool_sum_define(sqlite3 *db);

/* Rows that are not what was written are set aside; 0 or a DK_E code. */
int spool_sum_check(sqlite3 *db, struct dk_problem *p);

/* Empty the log; on a full disk it stays. */
int spool_move_log(struct spool *s, struct dk_problem *p);

/* Write down what spool_told() noted; SQLITE_OK or SQLite's code. */
int spool_write_told(struct spool *s);

#endif /* DK_KIOSK_SPOOL_INT_H */
