/* law_diff.h - what a new policy would change, for docket-deadline --diff. */
#ifndef DK_WORKER_LAW_DIFF_H
#define DK_WORKER_LAW_DIFF_H

#include <stdio.h>

struct law_diff_ask {
    const char *policy, *calendar;         /* in force */
    const char *new_policy, *new_calendar; /* NULL: the calendar in force */
    const char *lang;
    int json;
    /* Case files (proto/schemas/case-file.json), a line each, and at their end
     * {"end": how many}, so that half a list is not taken for a whole one.
     * NULL: only the files are compared.
     */
    FILE *cases;
};

/* Print the comparison to standard output.  0; 78: a file has mistakes; 65: the
 * cases cannot be read; EX_OSERR.
 */
int law_diff(const struct law_diff_ask *ask);

#endif /* DK_WORKER_LAW_DIFF_H */
