/* store_moved.h - the old side of a move; private to this folder. */
#ifndef DK_STORE_MOVED_H
#define DK_STORE_MOVED_H

#include "store_sqlite.h"

struct moved {
    struct sq_file file; /* its lock is held */
    sqlite3 *db;
    bool marked;
    uint8_t broker[16];
    int64_t epoch;
    int county;
};

/* Lock it, see that it is whole as far as an opening does, and of our schema.
 */
int moved_open(struct moved *m, const char *path, struct dk_problem *p);
void moved_close(struct moved *m);
/* Durably say where it went: no docketd opens it from now on; or that it did
 * not.
 */
int moved_mark(struct moved *m, const char *place, struct dk_problem *p);
int moved_unmark(struct moved *m, struct dk_problem *p);
/* The sentence of an opening that finds the mark; always a code. */
int moved_refuse(sqlite3 *db, const struct sq_file *f, struct dk_problem *p);
/* What SQLite said, as a sentence; `rc` is its result code. */
int moved_say(const struct moved *m, int rc, struct dk_problem *p);

#endif /* DK_STORE_MOVED_H */
