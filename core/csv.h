/* csv.h - a table that a person exported: RFC 4180, read whole, every mistake
 * noted with its line.
 *
 * UTF-8, with or without a byte order mark; lines end in CRLF or LF; blank
 * lines are passed over; spaces around a cell without quotes are not part of
 * it.
 */
#ifndef DK_CSV_H
#define DK_CSV_H

#include "report.h"

#define DK_CSV_COLUMNS_MAX 64
#define DK_CSV_ROWS_MAX    20000

struct dk_csv_row {
    int line; /* where it begins, from 1 */
    int n;
    int first; /* index of its first cell */
};

struct dk_csv {
    char *text; /* the cells' bytes, each NUL-terminated */
    const char **cell;
    int *cell_line; /* where each cell begins */
    int n_cell;
    struct dk_csv_row *row;
    int n_row;
};

/* 0, DK_EFIELD (the report says what is wrong) or DK_ENOMEM.  The caller calls
 * dk_csv_fini() in any case.
 */
int dk_csv_parse(const char *file, const char *text, size_t len,
                 struct dk_csv *out, struct dk_report *r);
void dk_csv_fini(struct dk_csv *c);

/* Cell `i` of a row; "" where the row is shorter. */
const char *dk_csv_cell(const struct dk_csv *c, const struct dk_csv_row *row,
                        int i);

#endif /* DK_CSV_H */
