/* book_table.h - a table of units: its columns, its rows, and what they make of
 * a book; private to core/book*.c.
 */
#ifndef DK_BOOK_TABLE_H
#define DK_BOOK_TABLE_H

#include "book_impl.h"
#include "csv.h"

enum book_col {
    COL_ID,
    COL_CODE,
    COL_NAME,
    COL_NAME_EN,
    COL_PARENT,
    COL_KIND,
    COL_HEAD,
    COL_HEAD_NAME,
    COL_FROM,
    COL_TO,
    COL_INTO,
    COL_RENAMED,
    COL_NOTE,
    COL_N
};

struct book_row {
    const struct dk_csv_row *row;
    const char *id;
    const struct book_unit *unit; /* of the book; NULL: a new one */
    const cJSON *old;             /* its member of "units", or NULL */
    cJSON *now;                   /* owned */
    int place;                    /* in the new list of units */
    bool bad;                     /* a mistake of it was reported */
};

struct book_table {
    const char *file;
    struct dk_report *r;
    const struct dk_book *book;
    struct dk_csv csv;
    int at[COL_N]; /* which cell of a row; -1: the table has no such column */
    struct book_row *row;
    int n_row;
};

/* Read the header and the rows and make the units; 0 or a DK_E code, with every
 * mistake reported.
 */
int book_table_read(struct book_table *t, const char *csv, size_t len);
int book_table_apply(struct book_table *t);
void book_table_fini(struct book_table *t);

/* The cell of a row; "" if the table has no such column. */
const char *book_table_cell(const struct book_table *t,
                            const struct book_row *row, enum book_col col);
/* A mistake in a cell: `col` COL_N is the row as a whole. */
__attribute__((format(printf, 4, 5))) void
book_table_error(const struct book_table *t, const struct book_row *row,
                 enum book_col col, const char *fmt, ...);
/* The column that a member of a unit comes from, or COL_N. */
enum book_col book_table_col(const char *member);

/* book_cell.c: put a row's cells into its unit. */
void book_cells_apply(const struct book_table *t, struct book_row *row);

/* book_splice.c: the book's text with the elements of "units" from `from` (for
 * each of n_old: NULL leaves it as it is) and `n_new` more at the end.  NULL:
 * out of memory.
 */
char *book_splice(const char *text, size_t len, const cJSON *const from[],
                  int n_old, const cJSON *const more[], int n_more,
                  size_t *out_len);

#endif /* DK_BOOK_TABLE_H */
