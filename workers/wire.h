/* wire.h - the worker's DEALER socket: whole messages of four frames. */
#ifndef DK_WORKER_WIRE_H
#define DK_WORKER_WIRE_H

#include <zmq.h>

#include "proto/frames.h"

#define WIRE_FRAMES 4

struct wire {
    void *ctx;                         /* borrowed */
    const char *key_file, *server_key; /* over tcp://; proto/client_keys.h */
    void *sock;                        /* NULL: closed */
    zmq_msg_t frame[WIRE_FRAMES];
    int n_frame; /* of the message read last: wire_next() closes them */
};

/* 0, or a negative DK_E code: DK_EFIELD for an endpoint that ZeroMQ does not
 * understand; those of dk_client_keys_load().  A broker that is not there is no
 * failure.
 */
int wire_open(struct wire *w, const char *endpoint, struct dk_problem *p);

/* Close and, within `linger_ms`, still send what is queued. */
void wire_close(struct wire *w, int linger_ms);

/* Never blocks.  DK_EBUSY: there is no connection that takes it now. */
int wire_send(struct wire *w, const char *type, const char *request,
              const char *body, size_t len);

/* The next message that is waiting; never blocks.  *out lives until the next
 * call or wire_close().  DK_ETIMEOUT: none waits.  Any other code: a message
 * came that is none of ours (*p says why); it is gone, ask again.
 */
int wire_next(struct wire *w, struct dk_msg *out, struct dk_problem *p);

#endif /* DK_WORKER_WIRE_H */
