/* report.h - what is wrong with a file that a person wrote, all of it at once.
 *
 * Policy, calendar and units files are checked whole: every mistake is
 * reported with its place and what to do, not only the first.
 */
#ifndef DK_REPORT_H
#define DK_REPORT_H

#include <stdbool.h>
#include <stddef.h>

struct dk_report {
    char *text; /* lines "error|warning FILE: POINTER: what; how to mend" */
    size_t len, cap;
    int errors, warnings;
    bool oom;
};

void dk_report_fini(struct dk_report *r);
__attribute__((format(printf, 4, 5))) void
dk_report_error(struct dk_report *r, const char *file, const char *pointer,
                const char *fmt, ...);
__attribute__((format(printf, 4, 5))) void dk_report_warn(struct dk_report *r,
                                                          const char *file,
                                                          const char *pointer,
                                                          const char *fmt, ...);

#endif /* DK_REPORT_H */
