/* salvage.h - rows out of a damaged database file, page by page.
 *
 * Not by the trees that lead to them: whatever page looks like one with rows is
 * read, the ones of the log first.  What comes out may be damaged itself, may
 * come twice, and may be a row that was deleted; whoever takes it must know how
 * to tell (daemon/recover.c: hash chains, commitments).  The file is opened for
 * reading only and never written.
 *
 * https://www.sqlite.org/fileformat.html, 1.5 (cells), 2.1 (records), 4 (log).
 */
#ifndef DK_SALVAGE_H
#define DK_SALVAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/problem.h"

#define SALVAGE_COLUMNS 24

enum salvage_type {
    SALVAGE_NULL,
    SALVAGE_INT,
    SALVAGE_TEXT,
    SALVAGE_BLOB,
    SALVAGE_OTHER /* a real number: we have none */
};

struct salvage_value {
    enum salvage_type type;
    int64_t i;
    const uint8_t *p; /* TEXT, BLOB: borrowed during the call */
    size_t n;
};

struct salvage_row {
    bool has_id; /* of a table with rowids */
    int64_t id;
    bool current; /* not of an older version of a page, nor of a free page */
    int n;
    struct salvage_value v[SALVAGE_COLUMNS];
};

struct salvage_report {
    int64_t pages;      /* that the file should have */
    int64_t missing;    /* beyond its end */
    int64_t unreadable; /* the disk gave an error */
    int64_t blank;      /* nothing but zeros */
    int64_t bad_pages;  /* begin like one with rows, and are none */
    int64_t rows, bad_rows;
    int64_t log_pages; /* of the log that were used */
    bool bad_header;   /* of the file */
    bool bad_log;      /* the log has more than can be trusted */
};

/* Return 0, or a DK_E code that ends the scan. */
typedef int (*salvage_fn)(void *arg, const struct salvage_row *row);

/* Memory is a page, one row, and 12 bytes for each page of the file.
 * DK_ENOTFOUND, DK_EFORBIDDEN, DK_EIO: the file cannot be opened; DK_ENOMEM.
 */
int salvage_scan(const char *file, salvage_fn fn, void *arg,
                 struct salvage_report *out, struct dk_problem *p);

#endif /* DK_SALVAGE_H */
