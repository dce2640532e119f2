/* law.h - a policy together with the calendar it counts by, as files. */
#ifndef DK_WORKER_LAW_H
#define DK_WORKER_LAW_H

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

#endif /* DK_WORKER_LAW_H */
