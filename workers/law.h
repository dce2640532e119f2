/* law.h - what a worker works by, read from files: a policy with the calendar
 * it counts by, and the office's book.
 */
#ifndef DK_WORKER_LAW_H
#define DK_WORKER_LAW_H

#include "core/book.h"
#include "core/policy.h"
#include "files.h"

struct law {
    struct dk_policy *policy;
    struct dk_calendar *calendar;
};

/* Read both files and check one against the other; every mistake is in the
 * report.  On failure (a DK_E code) *out is untouched.
 */
int law_load(struct law *out, const char *policy, const char *calendar,
             struct dk_report *r);
void law_fini(struct law *l); /* all zero is allowed */

/* The same for a law in use, which changes only when the files are without
 * fault; prints the report.
 */
int law_reload(struct law *l, const char *policy, const char *calendar);

/* NULL: the report says what is wrong. */
struct dk_book *law_load_book(const char *file, struct dk_report *r);

#endif /* DK_WORKER_LAW_H */
