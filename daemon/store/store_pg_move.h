/* store_pg_move.h - the parts of a move to PostgreSQL; private to this folder:
 *
 *   store_pg_move.c       its steps, and how they are backed out of
 *   store_pg_move_list.c  the tables, and their rows as COPY has them
 *   store_pg_move_copy.c  rows there, and rows compared
 */
#ifndef DK_STORE_PG_MOVE_H
#define DK_STORE_PG_MOVE_H

#include "store_move.h"
#include "store_moved.h"
#include "store_pg.h"

struct move_table {
    const char *name, *columns;
    const char *types; /* a letter each: `i` bigint, `t` text, `b` bytea */
    const char *from;  /* the rows of the old store, in order of the key */
    const char *order; /* ... and that order there */
};
extern const struct move_table move_tables[];
extern const int move_n_tables;

struct mover {
    const struct store_move *m;
    struct moved old;
    struct pg *pg;    /* for its connection only; not in pipeline mode */
    char place[200];  /* the connection string without its passwords */
    int64_t stage;    /* how many tables are there; then MOVE_ after them */
    int64_t rows;     /* ... and how many rows of the next */
    int64_t compared; /* rows of the table that was compared last */
    int64_t cases, events;
    struct dk_problem *p;
};

/* One row as COPY BINARY has it. */
struct move_buf {
    unsigned char *b;
    size_t len, cap;
    bool oom;
};
void move_put(struct move_buf *w, const void *v, size_t n);
void move_put32(struct move_buf *w, uint32_t v);
/* The row on which `q` stands; false: a column is not of its type. */
bool move_row(struct move_buf *w, sqlite3_stmt *q, const struct move_table *t);
/* 0, or the code of a failure that was told. */
int move_select(struct mover *v, const struct move_table *t, sqlite3_stmt **q);

/* ---- store_pg_move.c ---------------------------------------------------- */

int move_sql(struct mover *v, const char *sql);
/* The first column of the first row of a statement; 0 where there is none. */
int move_ask(struct mover *v, const char *sql, int64_t *out);
/* What the server said last, as a sentence; returns a code. */
int move_refused(struct mover *v, const PGresult *res);

/* ---- store_pg_move_copy.c ----------------------------------------------- */

/* Table `i` from where the copy ended, in transactions of some thousand rows.
 */
int move_copy(struct mover *v, int i);
/* The rows of a table into the transaction that is open; *n of them, at most
 * `limit`.  *end: there are no more.
 */
int move_copy_some(struct mover *v, const struct move_table *t, sqlite3_stmt *q,
                   int64_t limit, int64_t *n, bool *end);
/* Every byte of every row, there and in the old store. */
int move_compare(struct mover *v, const struct move_table *t);
/* Every event of the copy, to the caller's check of chains. */
int move_chains(struct mover *v);

#endif /* DK_STORE_PG_MOVE_H */
