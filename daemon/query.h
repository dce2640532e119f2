/* query.h - case.query: what a petitioner sees with number and query code, and
 * how often a wrong code may be tried (docs/adr/0014).
 */
#ifndef DK_QUERY_H
#define DK_QUERY_H

#include "core/guess.h"
#include "proto/problem.h"
#include "proto/uuid.h"

struct query {
    struct dk_guesses guesses;
    uint8_t
        key[16]; /* of the hashes that name who guesses; made at the start */
};

struct daemon;
void query_init(struct daemon *d);
/* The id under which case `key` was handed in: its first event has it.  DK_OK,
 * or a code of the store.
 */
int query_submission(struct daemon *d, int64_t key, struct dk_uuid *out);

/* The petitioner's view of a case, as an object.  DK_OK, or a DK_E code of the
 * store.
 */
int query_view(struct daemon *d, struct dk_jw *w, const struct dk_case *c);

#endif /* DK_QUERY_H */
