/* simulate_line.h - one line of history, read and made small.
 *
 * A line is an event as `docketctl follow --json` prints it.  What is kept of
 * it is what the clocks of a case can depend on: no text that a person wrote.
 */
#ifndef DK_SIMULATE_LINE_H
#define DK_SIMULATE_LINE_H

#include "core/case.h"

/* Events of one case at most, so that a broken number is noticed. */
#define SIM_N_MAX 1000000

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
int sim_line_read(const char *text, size_t len, struct sim_event *out,
                  struct dk_jw *more, struct dk_problem *p);

/* A clock as bytes with its due rung only, and back (false: these are none). */
#define SIM_PACK_MAX (sizeof(struct dk_clock) + 64)
size_t sim_clock_pack(const struct dk_clock *k, unsigned char to[SIM_PACK_MAX]);
bool sim_clock_unpack(const char *from, size_t len, struct dk_clock *k);

/* Leave a clock no rung but the one at its due time. */
void sim_clock_bare(struct dk_clock *k);

#endif /* DK_SIMULATE_LINE_H */
