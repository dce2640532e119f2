/* problem_table.h - print the catalogue of problems as PROTOCOL.md shows it.
 * Included by tests/support/print_problems.c, which writes that part of the
 * document, and by tests/unit/test_protocol.c, which compares the two.
 */
#ifndef DK_PROBLEM_TABLE_H
#define DK_PROBLEM_TABLE_H

#include <stdio.h>

#include "proto/problem.h"

#define PROBLEM_MARK     "<!-- problems-table -->\n"
#define PROBLEM_MARK_END "<!-- /problems-table -->\n"

static void problems_print(FILE *f)
{
    (void)fprintf(f, "| slug | status | retry_after_ms | title | 中文 |\n"
                     "| --- | --- | --- | --- | --- |\n");
    for (int code = -1; code > -(int)DK_ORD_N; code--) {
        (void)fprintf(f, "| `%s` | %d | ", dk_err_slug(code),
                      dk_err_status(code));
        if (dk_err_retry_ms(code) > 0)
            (void)fprintf(f, "%lld", (long long)dk_err_retry_ms(code));
        else
            (void)fprintf(f, "–");
        (void)fprintf(f, " | %s | %s |\n", dk_err_title(code),
                      dk_err_title_zh(code));
    }
}

#endif /* DK_PROBLEM_TABLE_H */
