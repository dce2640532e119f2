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

#endif /* DK_QUERY_H */
