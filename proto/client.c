#include "client.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <zmq.h>

#include "client_int.h"
#include "frames.h"
#include "uuid.h"

#define LINGER_MS     500
#define RECONNECT_MS  100
#define RECONNECT_MAX 5000
#define SEND_HWM      1000
#define RECV_HWM      10000
#define MAX_REPLY     ((size_t)16 << 20)

static dk_ms clock_ms(clockid_t which)
{
    struct timespec t;

    (void)clock_gettime(which, &t);
    return (dk_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

dk_ms dk_client_now(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

dk_ms dk_client_wall(void)
{
    return clock_ms(CLOCK_REALTIME);
}

void dk_client_uuid(char buf[DK_UUID_TEXT])
{
    struct dk_uuid u;
    uint8_t rnd[10];

    /* A request this small is never cut short; it can only be interrupted
     * while the kernel still gathers its first randomness.
     */
    while (getrandom(rnd, sizeof(rnd), 0) != (ssize_t)sizeof(rnd))
        continue;
    dk_uuid_v7(&u, dk_client_wall(), rnd);
    dk_uuid_format(&u, buf);
}

static int set(void *sock, int option, int value)
{
    return zmq_setsockopt(sock, option, &value, sizeof(value));
}

static int or_default(int value, int fallback)
{
    return value > 0 ? value : fallback;
}

static int configure(struct dk_client *c, const struct dk_client_options *o)
{
    int first = or_default(o->reconnect_ms, RECONNECT_MS);

    /* Nothing shall be queued for a broker that is not there.  ZMQ_IMMEDIATE
     * would do that, but it ends the pipe when the connection breaks, and
     * libzmq 4.3 aborts the process when a message is half read by then
     * ("Assertion failed: !_more", src/fq.cpp).  So the monitor tells us
     * whether there is a connection, and send() asks that.  Nor is there a
     * ZMQ_MAXMSGSIZE: a connection that it ends is never made again.
     */
    if (set(c->sock, ZMQ_LINGER, LINGER_MS) != 0 ||
        set(c->sock, ZMQ_SNDHWM, or_default(o->send_hwm, SEND_HWM)) != 0 ||
        set(c->sock, ZMQ_RCVHWM, c->keep_max) != 0 ||
        set(c->sock, ZMQ_RECONNECT_IVL, first) != 0 ||
        set(c->sock, ZMQ_RECONNECT_IVL_MAX,
            first > RECONNECT_MAX ? first : RECONNECT_MAX) != 0 ||
        set(c->sock, ZMQ_IPV6, 1) != 0)
        return -1;
    return 0;
}

/* The context's threads start with its first socket and inherit the mask of
 * signals: block all, or they would take the program's signals.
 */
static void *new_socket(void *ctx)
{
    sigset_t all, before;
    void *sock;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    sock = zmq_socket(ctx, ZMQ_DEALER);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return sock;
}

struct dk_client *dk_client_open(const char *endpoint,
                                 const struct dk_client_options *opt,
                                 struct dk_problem *p)
{
    const struct dk_client_options none = {0};
    struct dk_client *c = calloc(1, sizeof(*c));

    if (opt == NULL)
        opt = &none;
    if (c == NULL)
        goto no_memory;
    c->last = &c->first;
    c->max_reply = opt->max_reply != 0 ? opt->max_reply : MAX_REPLY;
    c->keep_max = or_default(opt->recv_hwm, RECV_HWM);
    (void)snprintf(c->endpoint, sizeof(c->endpoint), "%s", endpoint);
    c->shared = opt->context != NULL;
    c->ctx = c->shared ? opt->context : zmq_ctx_new();
    if (c->ctx == NULL)
        goto no_memory;
    c->sock = new_socket(c->ctx);
    if (c->sock == NULL || configure(c, opt) != 0 || dk_client_watch(c) != 0)
        goto no_memory;
    if (dk_client_show(c, opt, p) != 0) {
        dk_client_close(c);
        return NULL;
    }
    if (zmq_connect(c->sock, endpoint) == 0)
        return c;
    (void)dk_failf(p, DK_EFIELD, NULL,
                   "'%.200s' is not an endpoint (%s); write one such as "
                   "ipc:///run/docket/clients.sock or tcp://127.0.0.1:7601",
                   "“%.200s”不是有效的端点（%s）；请写成 "
                   "ipc:///run/docket/clients.sock 或 tcp://127.0.0.1:7601",
                   endpoint, zmq_strerror(errno));
    dk_client_close(c);
    return NULL;

no_memory:
    (void)dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    dk_client_close(c);
    return NULL;
}

void dk_client_close(struct dk_client *c)
{
    struct dk_reply r;

    if (c == NULL)
        return;
    while (dk_client_kept(c, NULL, &r))
        dk_reply_free(&r);
    if (c->monitor != NULL) {
        (void)zmq_socket_monitor(c->sock, NULL, 0);
        (void)zmq_close(c->monitor);
    }
    if (c->sock != NULL)
        (void)zmq_close(c->sock);
    while (c->ctx != NULL && !c->shared && zmq_ctx_term(c->ctx) != 0 &&
           errno == EINTR)
        continue;
    free(c);
}

bool dk_client_refused(const struct dk_client *c)
{
    return c->refused;
}

int dk_client_fd(struct dk_client *c)
{
    int fd = -1;
    size_t len = sizeof(fd);

    return zmq_getsockopt(c->sock, ZMQ_FD, &fd, &len) == 0 ? fd : -1;
}

static bool one_frame(struct dk_client *c, zmq_msg_t *m)
{
    int rc;

    do {
        rc = zmq_msg_recv(m, c->sock, ZMQ_DONTWAIT);
    } while (rc < 0 && errno == EINTR);
    return rc >= 0;
}

/* All frames of the next message, the first four of them in m[]: how many it
 * had; 0: there is none.
 */
static size_t frames(struct dk_client *c, zmq_msg_t m[4])
{
    zmq_msg_t extra;
    size_t n = 0;
    bool more = true;

    (void)zmq_msg_init(&extra);
    while (more) {
        zmq_msg_t *to = n < 4 ? &m[n] : &extra;

        if (!one_frame(c, to))
            break;
        more = zmq_msg_more(to) != 0;
        n++;
    }
    (void)zmq_msg_close(&extra);
    return n;
}

static int fill(struct dk_reply *out, const struct dk_msg *msg,
                struct dk_problem *p)
{
    int rc = dk_json_parse_obj(msg->body, msg->body_len, msg->body_len,
                               &out->json, p);

    if (rc != 0)
        return rc;
    out->text = malloc(msg->body_len + 1);
    if (out->text == NULL) {
        cJSON_Delete(out->json);
        out->json = NULL;
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    }
    memcpy(out->text, msg->body, msg->body_len);
    out->text[msg->body_len] = '\0';
    out->len = msg->body_len;
    memcpy(out->type, msg->type, sizeof(out->type));
    return 0;
}

static int take_one(struct dk_client *c, struct dk_reply *out,
                    struct dk_problem *p)
{
    struct dk_frame f[4];
    zmq_msg_t m[4];
    struct dk_msg msg;
    size_t n;
    int rc = DK_ETIMEOUT;

    *out = (struct dk_reply){0};
    for (int i = 0; i < 4; i++)
        (void)zmq_msg_init(&m[i]);
    n = frames(c, m);
    for (size_t i = 0; i < 4; i++)
        f[i] = (struct dk_frame){zmq_msg_data(&m[i]), zmq_msg_size(&m[i])};
    if (n > 0) {
        rc = dk_frames_read_max(f, n, c->max_reply, &msg, p);
        memcpy(out->request, msg.request, sizeof(out->request));
        if (rc == 0)
            rc = fill(out, &msg, p);
    }
    for (int i = 0; i < 4; i++)
        (void)zmq_msg_close(&m[i]);
    return rc;
}

/* A refusal that names another request than its frames do refuses neither. */
int dk_client_take(struct dk_client *c, struct dk_reply *out,
                   struct dk_problem *p)
{
    for (;;) {
        int rc = take_one(c, out, p);

        if (rc != 0 || strcmp(out->type, "problem") != 0 ||
            dk_reply_names(out, "request", out->request))
            return rc;
        dk_reply_free(out);
    }
}

/* 0, or DK_EBUSY: the queue is full or there is no connection.  When a
 * connection breaks between two frames, ZeroMQ drops the message but wants its
 * remaining frames all the same.
 */
static int push(struct dk_client *c, const struct dk_frame f[4])
{
    bool lost = false;

    for (int i = 0; i < 4; i++) {
        int flags = ZMQ_DONTWAIT | (i < 3 ? ZMQ_SNDMORE : 0);
        int rc;

        do {
            rc = zmq_send(c->sock, f[i].data, f[i].len, flags);
        } while (rc < 0 && errno == EINTR);
        if (rc < 0 && i == 0)
            return errno == EAGAIN ? DK_EBUSY : DK_EIO;
        lost = lost || rc < 0;
    }
    return lost ? DK_EBUSY : 0;
}

static int check_request(const char *type, const char *request, size_t body_len,
                         struct dk_problem *p)
{
    const struct dk_frame f[4] = {
        {DK_VERSION_FRAME, sizeof(DK_VERSION_FRAME) - 1},
        {type, strlen(type)},
        {request, strlen(request)},
        {"", body_len},
    };
    struct dk_msg msg;

    return dk_frames_read(f, 4, &msg, p);
}

int dk_client_send(struct dk_client *c, const char *type, const char *request,
                   const char *body, size_t body_len, char *used,
                   struct dk_problem *p)
{
    char id[DK_REQUEST_MAX + 1];
    struct dk_frame f[4];
    int rc;

    if (request == NULL) {
        dk_client_id(c, 's', id);
        request = id;
    }
    rc = check_request(type, request, body_len, p);
    if (rc != 0)
        return rc;
    f[0] = (struct dk_frame){DK_VERSION_FRAME, sizeof(DK_VERSION_FRAME) - 1};
    f[1] = (struct dk_frame){type, strlen(type)};
    f[2] = (struct dk_frame){request, strlen(request)};
    f[3] = (struct dk_frame){body, body_len};
    dk_client_look(c);
    rc = c->connected ? push(c, f) : DK_EBUSY;
    if (rc == DK_EBUSY)
        return dk_failf(p, rc, NULL,
                        "%s takes no more messages now: receive answers "
                        "first, or wait for its connection",
                        "%s 暂时不能接收更多消息：请先接收答复，或等待连接",
                        c->endpoint);
    if (rc != 0)
        return dk_fail(p, rc, NULL, zmq_strerror(errno), NULL);
    if (used != NULL)
        (void)snprintf(used, DK_REQUEST_MAX + 1, "%s", request);
    return 0;
}

int dk_client_recv(struct dk_client *c, int timeout_ms, struct dk_reply *out,
                   struct dk_problem *p)
{
    int64_t until = dk_client_now() + (timeout_ms > 0 ? timeout_ms : 0);
    bool signalled = false;

    if (dk_client_kept(c, NULL, out))
        return 0;
    for (;;) {
        int rc = dk_client_take(c, out, p);

        if (rc == 0 && dk_client_stale(c, out)) {
            dk_reply_free(out);
            continue;
        }
        if (rc != DK_ETIMEOUT)
            return rc;
        rc = timeout_ms > 0 ? dk_client_wait(c, false, until, &signalled)
                            : DK_ETIMEOUT;
        if (rc == DK_ETIMEOUT)
            return dk_failf(p, rc, NULL, "no message came from %s",
                            "没有收到来自 %s 的消息", c->endpoint);
        if (rc != 0)
            return dk_fail(p, rc, NULL, zmq_strerror(errno), NULL);
    }
}

/* Send, waiting for the connection if need be. */
static int ask(struct dk_client *c, const char *type, const char *id,
               const char *body, int64_t until, struct dk_problem *p)
{
    for (;;) {
        int rc = dk_client_send(c, type, id, body, strlen(body), NULL, p);

        if (rc != DK_EBUSY)
            return rc;
        rc = dk_client_wait(c, true, until, NULL);
        if (rc == DK_ETIMEOUT)
            return dk_failf(p, rc, NULL,
                            "there is no connection to %s; is the broker "
                            "running?%.0s%s",
                            "无法连接到 %s；服务是否在运行？%s%.0s",
                            c->endpoint, dk_client_hint_zh(c),
                            dk_client_hint(c));
        if (rc != 0)
            return dk_fail(p, rc, NULL, zmq_strerror(errno), NULL);
    }
}

/* The answer to request `id`, keeping others. */
static int await(struct dk_client *c, const char *id, int64_t until,
                 struct dk_reply *out, struct dk_problem *p)
{
    for (;;) {
        int rc = dk_client_take(c, out, p);

        if (strcmp(out->request, id) == 0)
            return rc;
        if (rc != DK_ETIMEOUT && dk_client_now() >= until) {
            dk_reply_free(out);
            return DK_ETIMEOUT;
        }
        if (rc == 0) {
            rc = dk_client_stale(c, out) ? 0 : dk_client_keep(c, out, p);
            dk_reply_free(out);
            if (rc != 0)
                return rc;
        } else if (rc == DK_ETIMEOUT) {
            rc = dk_client_wait(c, false, until, NULL);
            if (rc != 0)
                return rc;
        }
    }
}

int dk_client_call(struct dk_client *c, const char *type, const char *body,
                   int timeout_ms, struct dk_reply *out, struct dk_problem *p)
{
    int64_t until = dk_client_now() + (timeout_ms > 0 ? timeout_ms : 0);
    char id[DK_REQUEST_MAX + 1];
    struct dk_problem theirs;
    int rc;

    *out = (struct dk_reply){0};
    dk_client_id(c, 'c', id);
    rc = ask(c, type, id, body, until, p);
    if (rc != 0)
        return rc;
    rc = await(c, id, until, out, p);
    if (rc == DK_ETIMEOUT)
        return dk_failf(p, rc, NULL,
                        "no answer to %s from %s within %d ms; ask again, "
                        "with the same submission or command id",
                        "%s 未在限定时间内得到 %s 的答复（%d 毫秒）；"
                        "请用相同的编号重试",
                        type, c->endpoint, timeout_ms);
    if (rc != 0 || strcmp(out->type, "problem") != 0)
        return rc;
    dk_problem_read(out->json, &theirs);
    dk_reply_free(out);
    if (p != NULL)
        *p = theirs;
    return theirs.code;
}
