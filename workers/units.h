/* units.h - what docket-assign does with a book beside serving: take units from
 * a table, and list the cases that a closed unit still has.
 */
#ifndef DK_WORKER_UNITS_H
#define DK_WORKER_UNITS_H

#include <stdbool.h>
#include <stdio.h>

struct units_look {
    bool json; /* JSON on standard output, else sentences */
    bool zh;
};

/* Take the units of a CSV file into a book, which is replaced as a whole or
 * not at all; `book` NULL only checks the table, `dry` writes nothing.  An exit
 * status (sysexits): 0; 65, every mistake told; 66 a file is missing; 73, 74
 * it cannot be written; 75 somebody else wrote it meanwhile.
 */
int units_import(const char *csv, const char *book, bool dry,
                 const struct units_look *look);

/* Read case files (case.list), one a line, and list those whose unit has closed
 * by `at` (RFC 3339; NULL: by the latest change of each case), with the command
 * that moves them.  0: there are none; 1: there are; 65 a line is no case; 78
 * the book has mistakes.
 */
int units_stale(const char *book, const char *at, FILE *in,
                const struct units_look *look);

#endif /* DK_WORKER_UNITS_H */
