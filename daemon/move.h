/* move.h - docketd --migrate: a county's store from SQLite to PostgreSQL
 * (daemon/store/store_move.h, docs/adr/0039).
 */
#ifndef DK_MOVE_H
#define DK_MOVE_H

#include <stdbool.h>

#include "daemon/config.h"

/* Prints how it goes.  `from` and `to` are URLs of stores; `back`: back out.
 * Returns an exit code: 0 it is done (or was before), 65 the copy or the old
 * store is not right, 66 there is no such file, 73 one of the two cannot be
 * used for this, 74 a disk failed or the database refused, 75 run it again.
 */
int move_run(const struct config *cfg, const char *from, const char *to,
             bool back);

#endif /* DK_MOVE_H */
