/* plant_fast_clock.c - a broker with a fault planted in it: it thinks that it
 * is an hour later than it is, and lets limits pass too early.  The simulation
 * must find it.
 */
#include "daemon/daemon.h"

#define wall_now(w) (wall_now(w) + DK_HOUR)
#include "daemon/spine.c"
