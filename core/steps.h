/* steps.h - what the petitioner may do next in a case, and until when: their
 * own rights, for the page and the paper that they look at.
 *
 * Pure: it says what decide() would allow now; the office's duties are clocks.
 */
#ifndef DK_STEPS_H
#define DK_STEPS_H

#include "case.h"

enum dk_step_kind {
    DK_STEP_EVALUATE,
    DK_STEP_ASK_REVIEW,
    DK_STEP_ASK_RE_REVIEW,
    DK_STEP_WITHDRAW,
    DK_STEP_N
};

/* "evaluate", "ask_review", ..: the names of the actions. */
extern const char *const dk_step_names[];

struct dk_step {
    enum dk_step_kind kind;
    dk_ms until; /* first instant that is too late; DK_NEVER: no time ends it */
};

/* Fill `out`, in the order of the enum; how many there are. */
int dk_case_steps(const struct dk_case *c, dk_ms now,
                  struct dk_step out[DK_STEP_N]);

#endif /* DK_STEPS_H */
