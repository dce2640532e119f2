/* simulate_shape.h - clocks that were set, read fast and kept small. */
#ifndef DK_SIMULATE_SHAPE_H
#define DK_SIMULATE_SHAPE_H

#include "core/case.h"
#include "simulate_span.h"

/* Events of one case at most, so that a broken number is noticed. */
#define SIM_N_MAX 1000000

/* A law has few clocks: most bodies of CLOCK_SET differ in nothing but when and
 * why they were set.  What they have in common is read once.
 */
struct sim_shapes;
struct sim_shapes *sim_shapes_new(void); /* NULL: out of memory */
void sim_shapes_free(struct sim_shapes *s);

/* Put the clock of a CLOCK_SET's body, packed, into `w`, which is empty.
 * DK_EFIELD, DK_EJSON: it is none; DK_ENOMEM.
 */
int sim_shapes_set(struct sim_shapes *s, struct span body, struct dk_jw *w,
                   struct dk_problem *p);

/* A clock as bytes with its due rung only, and back (false: these are none). */
#define SIM_PACK_MAX (sizeof(struct dk_clock) + 64)
size_t sim_clock_pack(const struct dk_clock *k, unsigned char to[SIM_PACK_MAX]);
bool sim_clock_unpack(const char *from, size_t len, struct dk_clock *k);

/* Leave a clock no rung but the one at its due time. */
void sim_clock_bare(struct dk_clock *k);

#endif /* DK_SIMULATE_SHAPE_H */
