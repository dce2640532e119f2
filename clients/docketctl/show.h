/* show.h - what `show` and `explain` share: a case and its events, asked for.
 */
#ifndef DK_CTL_SHOW_H
#define DK_CTL_SHOW_H

#include "ctl.h"

/* Ask "case.get" or, with from_n > 0, "case.events" of a case. */
int show_ask(struct ctl *ctl, const char *type, const char *case_no,
             int64_t from_n, struct dk_reply *r);

/* Every event of a case, in order, page by page.  Stops when `fn` returns
 * something else than 0, and returns that.
 */
int show_each_event(struct ctl *ctl, const char *case_no,
                    int (*fn)(struct ctl *, const cJSON *, void *), void *arg);

/* For show_each_event(): what people wrote in an event, printed; or written
 * into the array of a struct dk_jw.
 */
int print_texts(struct ctl *ctl, const cJSON *e, void *arg);
int write_texts(struct ctl *ctl, const cJSON *e, void *arg);

#endif /* DK_CTL_SHOW_H */
