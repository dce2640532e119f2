#include "daemon/zev.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define FRAMES_MAX                                                             \
    6 /* routing id, our four, and one to see that it is over                  \
       */
#define HWM 20000

struct zev {
    void *sock;
    struct event *fd, *kick;
    zev_fn fn;
    void *arg;
    char endpoint[1100]; /* all, joined by commas */
    char last[256];
    zmq_msg_t part[FRAMES_MAX];
    int n_part; /* open parts of the message lent out */
};

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
    struct zev *z = arg;

    (void)fd;
    (void)what;
    z->fn(z->arg);
}

static int set_int(void *sock, int opt, int v)
{
    return zmq_setsockopt(sock, opt, &v, sizeof(v));
}

static int open_socket(struct zev *z, void *zctx)
{
    int64_t max = 4L * DK_BODY_MAX;

    z->sock = zmq_socket(zctx, ZMQ_ROUTER);
    if (z->sock == NULL)
        return -1;
    /* No ZMQ_HEARTBEAT_IVL, no ROUTER_HANDOVER: reliability notes 3-5. */
    if (set_int(z->sock, ZMQ_ROUTER_MANDATORY, 1) != 0 ||
        set_int(z->sock, ZMQ_LINGER, 1000) != 0 ||
        set_int(z->sock, ZMQ_SNDHWM, HWM) != 0 ||
        set_int(z->sock, ZMQ_RCVHWM, HWM) != 0 ||
        set_int(z->sock, ZMQ_BACKLOG, 1024) != 0 ||
        set_int(z->sock, ZMQ_HANDSHAKE_IVL, 5000) != 0 ||
        zmq_setsockopt(z->sock, ZMQ_MAXMSGSIZE, &max, sizeof(max)) != 0)
        return -1;
    return 0;
}

static int watch(struct zev *z, struct event_base *base)
{
    int fd;
    size_t len = sizeof(fd);

    if (zmq_getsockopt(z->sock, ZMQ_FD, &fd, &len) != 0)
        return -1;
    z->fd = event_new(base, fd, EV_READ | EV_PERSIST, on_ready, z);
    z->kick = evtimer_new(base, on_ready, z);
    if (z->fd == NULL || z->kick == NULL || event_add(z->fd, NULL) != 0)
        return -1;
    zev_rearm(z); /* the signal may have come before the watch */
    return 0;
}

static int explain_bind(const char *endpoint, int err, struct dk_problem *p)
{
    if (err == EADDRINUSE)
        return dk_failf(p, DK_EFORBIDDEN, NULL,
                        "cannot listen on '%s': another program listens there "
                        "already; stop it or choose another endpoint",
                        "无法监听“%s”：该地址已被其他程序占用，"
                        "请停止该程序或改用其他地址",
                        endpoint);
    if (err == EACCES || err == ENOENT || err == EROFS)
        return dk_failf(p, DK_EFORBIDDEN, NULL,
                        "cannot listen on '%s': the folder of the socket is "
                        "missing or this user may not write to it",
                        "无法监听“%s”：套接字所在目录不存在或无写入权限",
                        endpoint);
    return dk_failf(p, DK_EFIELD, NULL,
                    "cannot listen on '%s': give an endpoint such as "
                    "ipc:///run/docket/clients.sock (at most 107 bytes of "
                    "path) or tcp://127.0.0.1:7070",
                    "无法监听“%s”：请给出形如 "
                    "ipc:///run/docket/clients.sock 或 "
                    "tcp://127.0.0.1:7070 的地址",
                    endpoint);
}

struct zev *zev_open(struct event_base *base, void *zctx, zev_fn fn, void *arg)
{
    struct zev *z = calloc(1, sizeof(*z));

    if (z == NULL)
        return NULL;
    z->fn = fn;
    z->arg = arg;
    if (open_socket(z, zctx) == 0 && watch(z, base) == 0)
        return z;
    zev_close(z);
    return NULL;
}

/* Options count for the endpoints bound after them. */
static int set_guard(struct zev *z, const struct zev_guard *g)
{
    if (g == NULL)
        return 0;
    if (zmq_setsockopt(z->sock, ZMQ_ZAP_DOMAIN, g->domain, strlen(g->domain)) !=
            0 ||
        zmq_setsockopt(z->sock, ZMQ_AFFINITY, &g->threads,
                       sizeof(g->threads)) != 0 ||
        set_int(z->sock, ZMQ_CURVE_SERVER, g->secret != NULL ? 1 : 0) != 0)
        return -1;
    return g->secret != NULL ? zmq_setsockopt(z->sock, ZMQ_CURVE_SECRETKEY,
                                              g->secret, strlen(g->secret) + 1)
                             : 0;
}

int zev_listen(struct zev *z, const char *endpoint,
               const struct zev_guard *guard, struct dk_problem *p)
{
    size_t len = sizeof(z->last), used = strlen(z->endpoint);

    if (set_guard(z, guard) != 0)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    int fd = guard != NULL && guard->fd > 0 ? guard->fd : -1;
    if (set_int(z->sock, ZMQ_USE_FD, fd) != 0)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    if (zmq_bind(z->sock, endpoint) != 0)
        return explain_bind(endpoint, zmq_errno(), p);
    if (zmq_getsockopt(z->sock, ZMQ_LAST_ENDPOINT, z->last, &len) != 0)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    snprintf(z->endpoint + used, sizeof(z->endpoint) - used, "%s%s",
             used > 0 ? "," : "", z->last);
    zev_rearm(z);
    return DK_OK;
}

void zev_unlisten(struct zev *z)
{
    char *comma = strrchr(z->endpoint, ',');

    (void)zmq_unbind(z->sock, z->last);
    *(comma != NULL ? comma : z->endpoint) = '\0';
    z->last[0] = '\0';
}

static void give_back(struct zev *z)
{
    for (int i = 0; i < z->n_part; i++)
        zmq_msg_close(&z->part[i]);
    z->n_part = 0;
}

void zev_close(struct zev *z)
{
    if (z == NULL)
        return;
    give_back(z);
    /* The events go before the socket: it owns the fd. */
    if (z->fd != NULL)
        event_free(z->fd);
    if (z->kick != NULL)
        event_free(z->kick);
    if (z->sock != NULL)
        zmq_close(z->sock);
    free(z);
}

const char *zev_endpoint(const struct zev *z)
{
    return z->endpoint;
}

const char *zev_last_endpoint(const struct zev *z)
{
    return z->last;
}

const char *zev_user(struct zev *z)
{
    /* Never of the routing id: after ZMQ_EVENTS was asked, libzmq 4.3.4 has
     * lost what it knew of that part.
     */
    return z->n_part > 1 ? zmq_msg_gets(&z->part[1], "User-Id") : NULL;
}

/* Read the parts of one message into z->part; parts beyond are dropped.
 * Returns how many there were, 0 when nothing waits.
 */
static int read_parts(struct zev *z)
{
    int n = 0;
    int more = 1;

    give_back(z);
    while (more) {
        zmq_msg_t spare;
        zmq_msg_t *m = n < FRAMES_MAX ? &z->part[n] : &spare;
        zmq_msg_init(m);
        int rc;
        do {
            rc = zmq_msg_recv(m, z->sock, ZMQ_DONTWAIT);
        } while (rc < 0 && zmq_errno() == EINTR);
        if (rc < 0) {
            zmq_msg_close(m);
            break;
        }
        more = zmq_msg_more(m);
        if (n < FRAMES_MAX)
            z->n_part++;
        else
            zmq_msg_close(m);
        n++;
    }
    return n;
}

int zev_recv(struct zev *z, struct zev_peer *peer, struct dk_frame f[], int cap,
             int *n)
{
    int parts = read_parts(z);

    if (parts == 0)
        return 0;
    peer->len = (uint8_t)zmq_msg_size(&z->part[0]); /* ZeroMQ: 1..255 */
    memcpy(peer->id, zmq_msg_data(&z->part[0]), peer->len);
    for (int i = 1; i < z->n_part && i - 1 < cap; i++) {
        f[i - 1].data = zmq_msg_data(&z->part[i]);
        f[i - 1].len = zmq_msg_size(&z->part[i]);
    }
    *n = parts - 1;
    return 1;
}

static int send_part(struct zev *z, const void *p, size_t n, int flags)
{
    int rc;

    do {
        rc = zmq_send(z->sock, p, n, flags | ZMQ_DONTWAIT);
    } while (rc < 0 && zmq_errno() == EINTR);
    return rc < 0 ? -1 : 0;
}

int zev_send(struct zev *z, const struct zev_peer *peer, const char *type,
             const char *request, const char *body, size_t len)
{
    if (send_part(z, peer->id, peer->len, ZMQ_SNDMORE) != 0)
        return zmq_errno() == EAGAIN ? DK_EBUSY : DK_ENOTFOUND;
    /* After the routing id was taken the rest cannot fail (libzmq keeps the
     * pipe until the last part).
     */
    send_part(z, DK_VERSION_FRAME, strlen(DK_VERSION_FRAME), ZMQ_SNDMORE);
    send_part(z, type, strlen(type), ZMQ_SNDMORE);
    send_part(z, request, strlen(request), ZMQ_SNDMORE);
    send_part(z, body, len, 0);
    return DK_OK;
}

void zev_rearm(struct zev *z)
{
    static const struct timeval at_once = {0, 0};
    int events = 0;
    size_t len = sizeof(events);

    if (zmq_getsockopt(z->sock, ZMQ_EVENTS, &events, &len) == 0 &&
        (events & ZMQ_POLLIN) != 0)
        evtimer_add(z->kick, &at_once);
}

bool zev_same(const struct zev_peer *a, const struct zev_peer *b)
{
    return a->len == b->len && memcmp(a->id, b->id, a->len) == 0;
}
