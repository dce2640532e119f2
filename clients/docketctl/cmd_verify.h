/* cmd_verify.h - what the files of `verify` share. */
#ifndef DK_CTL_CMD_VERIFY_H
#define DK_CTL_CMD_VERIFY_H

#include "ctl.h"

struct verify { /* what was seen so far */
    int64_t cases, events, checkpoints, faults;
    bool tty;
    dk_ms said;
};

/* An array of {case_no, what, detail}. */
void verify_put_faults(const struct ctl *ctl, struct verify *v,
                       const cJSON *faults);

/* verify_kept.c: --checkpoint and --public-key.  An exit code; what is wrong
 * with the store has been told and counted.
 */
int verify_kept(struct ctl *ctl, const struct args *a, struct verify *v);

#endif /* DK_CTL_CMD_VERIFY_H */
