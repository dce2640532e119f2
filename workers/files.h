/* files.h - read a file that a person wrote, whole. */
#ifndef DK_WORKER_FILES_H
#define DK_WORKER_FILES_H

#include "core/report.h"

#define FILES_MAX (4 * 1024 * 1024) /* bytes of one file */

/* The file's text, NUL-terminated, which the caller frees.  NULL: it cannot
 * be read, is no regular file, or is larger than FILES_MAX; the report says
 * so.
 */
char *files_read(const char *path, size_t *len, struct dk_report *r);

/* Write the report's lines, if any, to standard error. */
void files_print_report(const struct dk_report *r);

/* Exit status of --check: prints the report and, where nothing is wrong, one
 * line to standard output.  0 or 78.
 */
int files_check_result(const struct dk_report *r);

#endif /* DK_WORKER_FILES_H */
