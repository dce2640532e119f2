/* A table of units from a stranger into a book: what comes out is a book that
 * the service reads, with all that was around the units, and so it is when the
 * table comes again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/book.h"
#include "core/book_import.h"

static const char book[] =
    "{\"format\": \"docket-units/1\", \"county\": \"330699\",\n"
    " \"office\": \"o\", \"default\": \"o\", \"units\": [\n"
    "  {\"id\": \"o\", \"name\": \"信访局\"},\n"
    "  {\"id\": \"c\", \"code\": \"330699\", \"name\": \"县\"},\n"
    "  {\"id\": \"t\", \"code\": \"330699101\", \"parent\": \"c\",\n"
    "   \"name\": {\"zh-CN\": \"镇\", \"en\": \"Town\"},\n"
    "   \"head\": {\"id\": \"h\", \"name\": \"长\"}}\n ],\n"
    " \"rules\": [{\"id\": \"r\", \"region\": [\"镇\"], \"unit\": \"t\"}]}\n";

static int import(const char *into, size_t len, const uint8_t *csv, size_t n,
                  struct dk_import *out)
{
    struct dk_report r = {0};
    const struct dk_import_in in = {.csv_file = "t.csv",
                                    .csv = (const char *)csv,
                                    .csv_len = n,
                                    .book_file = into != NULL ? "b" : NULL,
                                    .book = into,
                                    .book_len = len};
    int rc = dk_book_import(&in, out, &r);

    if ((rc == 0) != (r.errors == 0) && rc != DK_ENOMEM) {
        fprintf(stderr, "rc %d with %d errors:\n%s\n", rc, r.errors, r.text);
        abort();
    }
    dk_report_fini(&r);
    return rc;
}

static void check(const struct dk_import *i)
{
    static const char tail[] = "\n ],\n \"rules\": [{\"id\": \"r\", ";
    struct dk_report r = {0};
    struct dk_book *b = dk_book_load("b", i->text, i->len, &r);

    if (b == NULL || strstr(i->text, tail) == NULL) {
        fprintf(stderr, "%s\n%s\n", i->text, r.text != NULL ? r.text : "");
        abort();
    }
    dk_book_free(b);
    dk_report_fini(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dk_import once, twice, alone;

    if (import(book, sizeof book - 1, data, size, &once) == 0 &&
        once.text != NULL) {
        check(&once);
        if (import(once.text, once.len, data, size, &twice) == 0 &&
            twice.text != NULL)
            check(&twice);
        dk_import_fini(&twice);
    }
    dk_import_fini(&once);
    (void)import(NULL, 0, data, size, &alone);
    dk_import_fini(&alone);
    return 0;
}
