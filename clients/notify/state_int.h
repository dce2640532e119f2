/* state_int.h - what the files of the state share. */
#ifndef DK_NOTIFY_STATE_INT_H
#define DK_NOTIFY_STATE_INT_H

#include <sqlite3.h>

#include "state.h"

struct state {
    sqlite3 *db;
    bool within; /* a transaction that state_begin() began */
};

/* One statement with its values: 'i' int64_t, 't' const char *; for more than
 * one row or a result, use state_prepare().  0 or a DK_E code.
 */
int state_run(struct state *s, const char *sql, const char *kinds, ...);
sqlite3_stmt *state_prepare(struct state *s, const char *sql);
/* 1: a row, 0: the end, or a DK_E code. */
int state_step(struct state *s, sqlite3_stmt *q);
/* One number; DK_ENOTFOUND: no row. */
int state_number(struct state *s, const char *sql, int64_t *out);
int state_failed_now(struct state *s, const char *what);
/* A column's text, "" for NULL. */
const char *state_text(sqlite3_stmt *q, int column);
void state_message(sqlite3_stmt *q, struct message *m);
#define MESSAGE_COLUMNS                                                        \
    "id, key, recipient, channel, tries, made_at, subject, body, error"

#endif /* DK_NOTIFY_STATE_INT_H */
