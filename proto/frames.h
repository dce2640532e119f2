/* frames.h - the four frames of a message, as (pointer, length) pairs.
 *
 *   "DKT1" | type | request id | JSON body
 *
 * This module knows nothing of ZeroMQ: the routing id that a ROUTER puts in
 * front is its caller's affair.
 */
#ifndef DK_FRAMES_H
#define DK_FRAMES_H

#include "dk_types.h"
#include "problem.h"

#define DK_VERSION_FRAME "DKT1"

struct dk_frame {
    const void *data;
    size_t len;
};

struct dk_msg {
    char type[DK_TYPE_MAX + 1];
    char request[DK_REQUEST_MAX + 1];
    const char *body; /* borrowed from the frame; not NUL-terminated */
    size_t body_len;
};

/* Check n frames and describe them in *out.  DK_EFRAMES: not four frames, or a
 * type ([a-z.] only) or request id (printable ASCII, 1..64 bytes) out of
 * shape; DK_EVERSION: another version; DK_ETOOBIG: body too large.  On failure
 * out->request is set if it could be read, so that the problem can be sent
 * back under it; else it is "".
 */
int dk_frames_read(const struct dk_frame *f, size_t n, struct dk_msg *out,
                   struct dk_problem *p);

/* The same with another limit for the body: peers read what a broker sends
 * with DK_REPLY_MAX.
 */
int dk_frames_read_max(const struct dk_frame *f, size_t n, size_t max,
                       struct dk_msg *out, struct dk_problem *p);

#endif /* DK_FRAMES_H */
