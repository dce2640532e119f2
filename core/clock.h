/* clock.h - the rules of a case's clocks, shared by the case (what an event
 * does to them) and by decide (what may be asked of them).  PROTOCOL.md,
 * "Rules of the clocks", says the same in words.
 */
#ifndef DK_CLOCK_H
#define DK_CLOCK_H

#include "case.h"

/* The id of the rung at `due`: "overdue", "close" or "lapse"; also the wire
 * names of enum dk_on_due.  NULL-terminated.
 */
extern const char *const dk_on_due_names[];
extern const char *const dk_clock_state_names[];
extern const char *const dk_ground_names[];

/* The pseudo rung of a clock that says again that it is overdue. */
#define DK_RUNG_REPEAT_ID "repeat"
#define DK_RUNG_REPEAT    (-2)

/* Index of the clock `id` of the case, or -1. */
int dk_clock_find(const struct dk_case *c, const char *id);
int dk_rung_find(const struct dk_clock *k, const char *id); /* or -1 */
int dk_clock_due_rung(const struct dk_clock *k);

/* Did the limit pass without its end having fired: the clock stopped late, and
 * nobody was told?  (History brought in is nobody's news.)
 */
bool dk_clock_missed(const struct dk_case *c,
                     const struct dk_clock *k); /* -1 only in a damaged one */

/* Names of events <-> mask of 1 << event.  The bookkeeping events, which no
 * clock can wait for, are refused.  Absent and optional: *out is 0.
 */
int dk_clock_mask_read(const cJSON *o, const char *key, int need, uint64_t *out,
                       const struct dk_at *at, struct dk_problem *p);
void dk_clock_mask_write(struct dk_jw *w, const char *key, uint64_t mask);

/* Read the fields of a "clock" action (or of a clock_set body, which has the
 * same) into *out: a running clock with its rungs sorted and the rung at `due`
 * among them.  `no` is left 0.
 */
int dk_clock_read_set(const cJSON *o, struct dk_clock *out,
                      struct dk_problem *p);
/* Write those fields, and clock_no unless it is 0, as members of an open
 * object.
 */
void dk_clock_write_set(struct dk_jw *w, const struct dk_clock *k,
                        int offset_min);

/* What those fields and a case document have in common of how the due time
 * came about and what follows it.  Left out at the default.
 */
int dk_clock_read_count(const cJSON *o, struct dk_clock *k,
                        const struct dk_at *at, struct dk_problem *p);
void dk_clock_write_count(struct dk_jw *w, const struct dk_clock *k,
                          int offset_min);

/* The clocks of a case as they stand, in its document (clock_doc.c). */
void dk_clocks_write(struct dk_jw *w, const char *key, const struct dk_case *c,
                     int offset_min);
int dk_clocks_read(const cJSON *o, const char *key, struct dk_case *c,
                   struct dk_problem *p);

/* Put the rungs in order of time; the one at `due` is the last of its time. */
void dk_clock_sort(struct dk_clock *k);

/* Make `k`, as read, what it is when set in case `c`: its state, and what it
 * keeps from `old` (the clock of this id as the case has it, or NULL).  A clock
 * whose stop came before its setting starts stopped; one set while the case
 * stands still by an event of its holds_on starts held.
 */
void dk_clock_place(const struct dk_case *c, const struct dk_clock *old,
                    struct dk_clock *k);

/* Does the case stand still by an event of the clock's holds_on? */
bool dk_clock_stands_still(const struct dk_case *c, const struct dk_clock *k);

/* Does the case have clock `k` just so, or one of a later event?  Then setting
 * it changes nothing.
 */
bool dk_clock_has(const struct dk_case *c, const struct dk_clock *k);

/* Set clock `k` of case `c`, as read or as dk_policy_clocks() gives it: finds
 * its number and its state.  DK_EFIELD: the case has too many clocks, or the
 * clock has lapsed and cannot be moved.  1: there was nothing to do.
 */
int dk_clock_put(struct dk_case *c, const struct dk_clock *k);

/* True when both say the same limit, whatever became of it since. */
bool dk_clock_same(const struct dk_clock *a, const struct dk_clock *b);

/* True when what started the clock has happened again, or the case was
 * reopened since: the clock then speaks of the past, closes nothing and
 * refuses nothing.
 */
bool dk_clock_superseded(const struct dk_case *c, const struct dk_clock *k);

/* Can, of what stops the clock, something still happen to the case as it is?
 * In a closed case the petitioner can ask for review only when the time for it
 * began afterwards.
 */
bool dk_clock_can_stop(const struct dk_case *c, const struct dk_clock *k);

/* The clock (index) whose passed limit forbids `ev` at instant `at`, or -1. */
int dk_clock_forbids(const struct dk_case *c, enum dk_ev ev, dk_ms at);

/* What `ev` at instant `at` does to the clocks: stops, holds, and, when the
 * case (already in its new state) owes nothing any more, the end of those that
 * wait for nothing that can still come.  An extension holds only the clock
 * `extended` (index; -1 for other events).
 */
void dk_clocks_touch(struct dk_case *c, enum dk_ev ev, dk_ms at, int extended);

/* When rung `i` fires if it has not: what was acknowledged or muted waits, the
 * end of a limit never does.
 */
dk_ms dk_rung_when(const struct dk_clock *k, int i);

/* The number of repetitions that are past at `t`, and when number `n` is. */
uint32_t dk_clock_times(const struct dk_clock *k, dk_ms t);
dk_ms dk_clock_repeat(const struct dk_clock *k, uint32_t n);

/* The next rung of the case that fires at `now`: its clock and rung (or
 * DK_RUNG_REPEAT), and in *skipped the mask of the rungs passed over with it.
 * False: nothing is due.
 */
bool dk_clock_due(const struct dk_case *c, dk_ms now, int *clock, int *rung,
                  uint32_t *skipped);

#endif /* DK_CLOCK_H */
