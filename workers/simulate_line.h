/* simulate_line.h - one line of history, read and made small.
 *
 * A line is an event as `docketctl follow --json` prints it.  What is kept of
 * it is what the clocks of a case can depend on: no text that a person wrote.
 */
#ifndef DK_SIMULATE_LINE_H
#define DK_SIMULATE_LINE_H

#include "simulate_shape.h"

/* What is kept of an event.  `len` bytes follow it: of what people did its body
 * with long texts cut to "-"; of a CLOCK_SET the clock, packed; of the firing
 * of a limit's end the body of a CLOCK_FIRED that names no other rungs; of the
 * rest of docket's own bookkeeping nothing.
 */
struct sim_event {
    int64_t key; /* of the case */
    dk_ms at, claimed;
    uint32_t n;
    uint32_t county;
    uint32_t len;
    uint8_t type;      /* enum dk_ev */
    uint8_t by_window; /* CLOSED because a petitioner's window ended */
    uint8_t zero[2];
};

/* Read `len` bytes, which a newline follows.  *more gets the bytes that belong
 * to the event, which must be empty.  DK_EJSON or DK_EFIELD: it is not such a
 * line; DK_ENOMEM.
 */
int sim_line_read(struct sim_shapes *shapes, const char *text, size_t len,
                  struct sim_event *out, struct dk_jw *more,
                  struct dk_problem *p);

#endif /* DK_SIMULATE_LINE_H */
