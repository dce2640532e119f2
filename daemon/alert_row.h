/* alert_row.h - the rows that alert events make.  One place for who writes them
 * (the batch) and who checks them (verify).
 */
#ifndef DK_ALERT_ROW_H
#define DK_ALERT_ROW_H

#include "daemon/store/store.h"

/* What an alert_raised event makes; `c` is the case right after it.  The texts
 * are borrowed from *body, which is set to the parsed body with the unit added
 * (the caller deletes it, also on failure).
 */
int alert_row(const struct dk_event *e, const struct dk_case *c, cJSON **body,
              struct store_alert *out);

/* What an alert_acked event makes, and an alert_raised one that takes the place
 * of an earlier alert, which "docketd" then puts away; `n` 0: nothing.  `by` is
 * borrowed from the event.
 */
int alert_row_ack(const struct dk_event *e, struct store_alert_ack *out);

#endif /* DK_ALERT_ROW_H */
