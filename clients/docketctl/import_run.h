/* import_run.h - the import itself: many lines in flight at once, kept in the
 * file's order where it matters (what is done, what is refused).
 */
#ifndef DK_CTL_IMPORT_RUN_H
#define DK_CTL_IMPORT_RUN_H

#include "import_line.h"
#include "import_state.h"
#include "proto/client.h"

struct import_run;

/* What happened to a line that was refused. */
typedef void (*import_refused_fn)(void *arg, int64_t line,
                                  const struct dk_problem *p);

struct import_setup {
    struct dk_client *client; /* borrowed, as is everything here */
    struct import_how *how;
    struct lines *lines; /* opened at state->bytes */
    FILE *refused;
    struct import_state *state;
    int window;     /* requests in flight at once, 1..10000 */
    int timeout_ms; /* then a request is sent again */
    dk_ms patience; /* without any progress */
    import_refused_fn on_refused;
    void *arg;
};

struct import_run *import_run_new(const struct import_setup *s);
void import_run_free(struct import_run *r);

/* Work for a moment (some 10 ms at most).  1: there is more to do; 0: all is
 * done; DK_ETIMEOUT: no progress for `patience` (out of it); DK_EIO: the file
 * or the refused file; or a DK_E of the client.
 */
int import_run_step(struct import_run *r, dk_ms now, struct dk_problem *p);

/* How it stands, for the progress line. */
struct import_view {
    int64_t submitted; /* lines acknowledged or refused */
    int64_t lines;     /* done with or refused, in any order */
    int64_t bytes;     /* of the file, weighed by how far its lines are */
    int64_t refused;
    int64_t waiting; /* cases that are not with a unit yet */
    dk_ms quiet;     /* since the last progress */
    bool answered;   /* the broker has sent something in that time */
};
void import_run_view(const struct import_run *r, dk_ms now,
                     struct import_view *out);

#endif /* DK_CTL_IMPORT_RUN_H */
