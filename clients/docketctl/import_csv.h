/* import_csv.h - a table of old cases, as a spreadsheet exports it, becomes the
 * lines that an import reads.
 */
#ifndef DK_CTL_IMPORT_CSV_H
#define DK_CTL_IMPORT_CSV_H

#include <stdio.h>

#include "import_line.h"

#define CSV_NO_ZONE INT32_MAX

/* Write one line of JSON for each row of `in` (RFC 4180, UTF-8): row N of the
 * table, the header being row 1, is line N, so that whatever is said of a line
 * is said of a row.  A line has the columns that the map names and no other:
 * who wrote stays in the table.  Times such as 2019/3/5 14:30 become RFC 3339
 * with the offset (minutes; CSV_NO_ZONE: only times that have one are times);
 * what is none stays as it is, and the import refuses the row. DK_EFIELD: it is
 * no such table, or lacks a column.  DK_EIO, DK_ENOMEM.
 */
int import_csv(FILE *in, const struct import_map *map, int offset_min,
               FILE *out, struct dk_problem *p);

#endif /* DK_CTL_IMPORT_CSV_H */
