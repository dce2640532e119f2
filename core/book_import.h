/* book_import.h - units from a table (CSV) into a book of units.
 *
 * One row is one unit.  A row for a unit that the book has changes the members
 * whose cells are filled; an empty cell leaves its member as it is, "-" takes
 * it out.  Units that the table does not name stay; so does all the rest of the
 * book, byte by byte.  docs/UNITS.md lists the columns.
 */
#ifndef DK_BOOK_IMPORT_H
#define DK_BOOK_IMPORT_H

#include "proto/jsonw.h"
#include "report.h"

struct dk_import_in {
    const char *csv_file, *csv;
    size_t csv_len;
    const char *book_file, *book; /* NULL: only check the table */
    size_t book_len;
};

struct dk_import {
    char *text; /* the book with the changes, owned; NULL: nothing changes */
    size_t len;
    /* {"added":[{"id","name","line"}],
     *  "changed":[{"id","name","line","members":[{"member","from","to"}]}],
     *  "closed":[the same with "valid_to" and "merged_into"],
     *  "same":N,"others":N}
     */
    struct dk_jw changes;
};

/* 0; DK_EFIELD: the report has every mistake, of the table by line and column;
 * DK_ENOMEM.  What comes out was read by dk_book_load() without a mistake.  The
 * caller calls dk_import_fini() in any case.
 */
int dk_book_import(const struct dk_import_in *in, struct dk_import *out,
                   struct dk_report *r);
void dk_import_fini(struct dk_import *i);

#endif /* DK_BOOK_IMPORT_H */
