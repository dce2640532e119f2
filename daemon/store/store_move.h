/* store_move.h - a whole store, from SQLite to PostgreSQL, once
 * (docs/adr/0039).
 *
 * The old store must not be in use.  It is read and nothing else, until every
 * row of the copy was compared with it; then it is marked as moved, durably,
 * and only after that may a docketd open the new one.  So at no time can both
 * be served from.  Whatever ends a move on its way, the next call goes on.
 */
#ifndef DK_STORE_MOVE_H
#define DK_STORE_MOVE_H

#include "core/case.h"

enum store_move_step {
    STORE_MOVE_ANEW,    /* the old store was used since: the copy begins anew */
    STORE_MOVE_COPY,    /* rows of `table` that are there, durably */
    STORE_MOVE_INDEX,   /* the indices are made */
    STORE_MOVE_COMPARE, /* rows of `table` that were compared */
    STORE_MOVE_CHAIN,   /* events whose chain was followed, in the copy */
    STORE_MOVE_ALREADY, /* it had been moved, and nothing is done */
    STORE_MOVE_DONE,
};

struct store_move {
    const char *from; /* sqlite:PATH, of the schema of this program */
    const char *to;   /* postgres:CONNINFO, to an empty schema */
    const char *name; /* of the broker that goes on there; "": it is alone */
    /* How it goes; called often. */
    void (*tell)(void *arg, enum store_move_step step, const char *table,
                 int64_t rows);
    /* Every event of the copy, in order of case and number, with the head that
     * the case has there: NULL of a case that is not there.  `e` NULL: the end.
     * Another code than 0 ends the move before anything is switched.
     */
    int (*event)(void *arg, const struct dk_event *e, const uint8_t *head);
    void *arg;
};

/* On failure *p holds a sentence for an operator; the old store is as it was
 * before unless it is said that it was moved.
 *   DK_EBUSY      one of the two cannot be reached now, or is in use
 *   DK_ENOTFOUND  there is no such file
 *   DK_EFORBIDDEN, DK_EVERSION, DK_EFIELD  one of the two is not what it must
 * be DK_ECONFLICT  the copy, or the old store itself, is not right DK_EFULL,
 * DK_EIO, DK_ENOMEM  as in store.h
 */
int store_move(const struct store_move *m, struct dk_problem *p);

/* Back out: as before, if no docketd has opened the new store yet.  What was
 * copied is removed and the old store may be served from again.  DK_EFORBIDDEN:
 * the new one was served from.
 */
int store_move_back(const struct store_move *m, struct dk_problem *p);

#endif /* DK_STORE_MOVE_H */
