/* policy_diff.h - what a new policy file changes, before it is put in force:
 * in the law itself, in the calendar, and for the cases that are open.
 *
 * A limit that is set stays as it is, whatever a new file says; the file holds
 * for limits that are set or moved after it.  What is compared for a case is
 * therefore what either file makes of the limits it has now.
 */
#ifndef DK_POLICY_DIFF_H
#define DK_POLICY_DIFF_H

#include "policy.h"

/* One side of the comparison. */
struct dk_law {
    const struct dk_policy *policy;
    const struct dk_calendar *calendar;
};

/* What becomes of the law that a case lives under. */
enum dk_case_law {
    DK_LAW_KEPT,      /* its version stands in the new file as it was */
    DK_LAW_REWRITTEN, /* the new file says something else under its date */
    DK_LAW_REPLACED,  /* the new file has another version for its day */
    DK_LAW_LOST       /* the new file has none for its day */
};
extern const char *const dk_case_law_names[]; /* "kept", .., NULL */

enum dk_limit_change {
    DK_LIMIT_MOVED,   /* due on another day */
    DK_LIMIT_GONE,    /* not set, or stopped by what happened already */
    DK_LIMIT_ADDED,   /* set by what happened already */
    DK_LIMIT_UNKNOWN, /* by one of the two in a year its calendar lacks */
    DK_LIMIT_CHANGE_N
};
extern const char *const dk_limit_change_names[];

struct dk_limit_diff {
    enum dk_limit_change change;
    const char *clock;      /* borrowed from a policy or the case */
    uint32_t no;            /* 0: the case does not have it */
    dk_ms set;              /* when it is due as it stands; DK_NEVER: not set */
    dk_ms due_old, due_new; /* DK_NEVER: none, or unknown */
};

struct dk_case_diff {
    enum dk_case_law law;
    const char *version_old, *version_new; /* NULL: none; borrowed */
    int n;
    struct dk_limit_diff limit[2 * DK_CLOCKS_MAX];
};

/* What the new file changes for one case.  DK_ENOMEM, else 0. */
int dk_policy_diff_case(const struct dk_law *old, const struct dk_law *new_law,
                        const struct dk_case *c, struct dk_case_diff *out);

/* What it changes in the law: as the members "versions" and "calendar" of an
 * open object of `w`, and in words, in `lang` ("zh-CN" or "en"), as *text,
 * which the caller frees; it is NULL when out of memory.  Either may be NULL.
 */
void dk_policy_diff_law(const struct dk_law *old, const struct dk_law *new_law,
                        const char *lang, struct dk_jw *json_or_null,
                        char **text_or_null);

#endif /* DK_POLICY_DIFF_H */
