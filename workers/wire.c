#include "wire.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "proto/client_keys.h"

#define HWM              1000 /* above credit: done, tasks and beats together */
#define RECONNECT_MS     100
#define RECONNECT_MAX_MS 2000
#define HANDSHAKE_MS     5000

static int set_int(void *sock, int opt, int v)
{
    return zmq_setsockopt(sock, opt, &v, sizeof(v));
}

/* ZMQ_HEARTBEAT_IVL stays off: on a DEALER whose receive queue has once been
 * full, libzmq 4.3.4 aborts the process.  Beats are messages of our own.
 * IMMEDIATE stays off too: with it libzmq 4.3.4 aborts when a connection breaks
 * in the middle of a message (fq.cpp, !_more).  What is queued for a session
 * that has ended is refused as stale, and the task comes again.
 */
static int set_options(void *sock)
{
    int64_t max = DK_REPLY_MAX;

    if (set_int(sock, ZMQ_LINGER, 0) != 0 ||
        set_int(sock, ZMQ_SNDHWM, HWM) != 0 ||
        set_int(sock, ZMQ_RCVHWM, HWM) != 0 ||
        set_int(sock, ZMQ_RECONNECT_IVL, RECONNECT_MS) != 0 ||
        set_int(sock, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS) != 0 ||
        set_int(sock, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS) != 0)
        return -1;
    return zmq_setsockopt(sock, ZMQ_MAXMSGSIZE, &max, sizeof(max));
}

int wire_open(struct wire *w, const char *endpoint, struct dk_problem *p)
{
    int rc;

    w->n_frame = 0;
    w->sock = zmq_socket(w->ctx, ZMQ_DEALER);
    if (w->sock == NULL)
        return dk_failf(p, DK_ENOMEM, NULL, "no ZeroMQ socket: %s",
                        "无法建立 ZeroMQ 套接字：%s", zmq_strerror(errno));
    rc = dk_client_keys_show(w->sock, endpoint, w->key_file, w->server_key,
                             NULL, p);
    if (rc != 0) {
        wire_close(w, 0);
        return rc;
    }
    if (set_options(w->sock) != 0 || zmq_connect(w->sock, endpoint) != 0) {
        dk_failf(p, DK_EFIELD, NULL,
                 "cannot connect to \"%.200s\": %s; an endpoint looks like "
                 "ipc:///run/docket/workers.sock or tcp://127.0.0.1:7402",
                 "无法连接 \"%.200s\":%s;地址形如 "
                 "ipc:///run/docket/workers.sock 或 tcp://127.0.0.1:7402",
                 endpoint, zmq_strerror(errno));
        wire_close(w, 0);
        return DK_EFIELD;
    }
    return 0;
}

static void drop_frames(struct wire *w)
{
    while (w->n_frame > 0)
        zmq_msg_close(&w->frame[--w->n_frame]);
}

void wire_close(struct wire *w, int linger_ms)
{
    drop_frames(w);
    if (w->sock == NULL)
        return;
    set_int(w->sock, ZMQ_LINGER, linger_ms);
    zmq_close(w->sock);
    w->sock = NULL;
}

static int send_frame(void *sock, const void *data, size_t len, int more)
{
    int rc;

    do {
        rc = zmq_send(sock, data, len, ZMQ_DONTWAIT | more);
    } while (rc < 0 && errno == EINTR);
    return rc < 0 ? DK_EBUSY : 0;
}

int wire_send(struct wire *w, const char *type, const char *request,
              const char *body, size_t len)
{
    const struct dk_frame f[WIRE_FRAMES] = {
        {DK_VERSION_FRAME, sizeof(DK_VERSION_FRAME) - 1},
        {type, strlen(type)},
        {request, strlen(request)},
        {body, len},
    };

    /* Only the first frame can find no room: a message is sent whole. */
    for (int i = 0; i < WIRE_FRAMES; i++) {
        int more = i + 1 < WIRE_FRAMES ? ZMQ_SNDMORE : 0;
        int rc = send_frame(w->sock, f[i].data, f[i].len, more);

        if (rc != 0)
            return rc;
    }
    return 0;
}

static int recv_frame(struct wire *w, zmq_msg_t *m)
{
    int rc;

    zmq_msg_init(m);
    do {
        rc = zmq_msg_recv(m, w->sock, ZMQ_DONTWAIT);
    } while (rc < 0 && errno == EINTR);
    if (rc < 0) {
        zmq_msg_close(m);
        return DK_ETIMEOUT;
    }
    return 0;
}

/* Read a whole message, keep its first frames, and count them all. */
static int recv_all(struct wire *w, size_t *n)
{
    bool more = true;

    for (*n = 0; more; (*n)++) {
        zmq_msg_t extra;
        bool keep = w->n_frame < WIRE_FRAMES;
        zmq_msg_t *m = keep ? &w->frame[w->n_frame] : &extra;

        if (recv_frame(w, m) != 0)
            return DK_ETIMEOUT;
        more = zmq_msg_more(m) != 0;
        if (keep)
            w->n_frame++;
        else
            zmq_msg_close(&extra);
    }
    return 0;
}

int wire_next(struct wire *w, struct dk_msg *out, struct dk_problem *p)
{
    struct dk_frame f[WIRE_FRAMES];
    size_t n;

    drop_frames(w);
    if (recv_all(w, &n) != 0)
        return DK_ETIMEOUT;
    for (int i = 0; i < w->n_frame; i++) {
        f[i].data = zmq_msg_data(&w->frame[i]);
        f[i].len = zmq_msg_size(&w->frame[i]);
    }
    if (n > WIRE_FRAMES)
        return dk_failf(p, DK_EFRAMES, NULL,
                        "the message has %zu frames, not four",
                        "消息有 %zu 帧，应为四帧", n);
    return dk_frames_read_max(f, n, DK_REPLY_MAX, out, p);
}
