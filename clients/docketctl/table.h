/* table.h - rows of text in columns that line up, Chinese or not.  Pure but
 * for table_print(), which writes to the stream it is given.
 */
#ifndef DK_CTL_TABLE_H
#define DK_CTL_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum table_style {
    CELL_PLAIN,
    CELL_DIM,
    CELL_GOOD,
    CELL_WARN,
    CELL_BAD
};

struct table;

/* `heads` (n of 1..TABLE_COLUMNS, borrowed while the table lives). */
#define TABLE_COLUMNS 16
struct table *table_new(const char *const heads[], int n);
void table_free(struct table *t);

/* The next cell, row by row; NULL is printed as "-".  The text is copied and
 * cleaned.  A failed allocation shows at table_print().
 */
void table_cell(struct table *t, const char *text, enum table_style style);
void table_int(struct table *t, int64_t v, enum table_style style);

struct table_look {
    bool color;
    int columns; /* of the terminal, the last cell is cut to fit; 0: no cut */
};

/* Print the rows added since the last call; the head line only the first time.
 * Columns never get narrower from call to call, so that pages line up.
 * 0 or DK_ENOMEM.
 */
int table_print(struct table *t, FILE *out, const struct table_look *look);

/* The escape sequence that starts a style, "" for CELL_PLAIN. */
const char *table_color(enum table_style style);
#define TABLE_COLOR_OFF "\033[0m"

#endif /* DK_CTL_TABLE_H */
