/* order.h - which of two cases comes first in line.
 *
 * What is urgent first; then whose limit ends first, of those that the office
 * must keep and that run; then who came first.  How many people stand behind a
 * case, how it came, how often and whether it was brought in from elsewhere
 * are not looked at.
 */
#ifndef DK_ORDER_H
#define DK_ORDER_H

#include "case.h"

/* When the first limit ends that the office must keep and that runs; DK_NEVER:
 * there is none.
 */
dk_ms dk_order_due(const struct dk_case *c);

/* < 0: `a` comes first; > 0: `b`; 0: they are the same case. */
int dk_order_cmp(const struct dk_case *a, const struct dk_case *b);

#endif /* DK_ORDER_H */
