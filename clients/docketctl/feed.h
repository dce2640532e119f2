/* feed.h - the broker's cases for another program of docket, a line each. */
#ifndef DK_CTL_FEED_H
#define DK_CTL_FEED_H

#include "ctl.h"

/* Which cases: those on which the office owes a step (`state` NULL), or those
 * in a state.
 */
int feed_cases(struct ctl *ctl, const char *state, FILE *in, int64_t *n);

#endif /* DK_CTL_FEED_H */
