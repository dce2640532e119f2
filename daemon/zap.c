#include "daemon/zap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#include "proto/dk_bug.h"

#define KEY_LEN      32
#define AT_ONCE      256 /* requests answered before others have their turn */
#define SELF_TEST_MS 5000
#define ADDRESS_MAX  128
#define DOMAIN_MAX   32

struct zap {
    void *sock;
    struct event *fd, *kick;
    zap_ask_fn ask;
    zap_told_fn told;
    void *arg;
};

/* ---- the decision -------------------------------------------------------- */

static bool is(const struct dk_frame *f, const char *text)
{
    size_t n = strlen(text);

    return f->len == n && memcmp(f->data, text, n) == 0;
}

/* A frame as text, or "" when it has bytes that a text of ours never has. */
static void text_of(const struct dk_frame *f, char *buf, size_t cap)
{
    const char *s = f->data;

    buf[0] = '\0';
    if (f->len >= cap)
        return;
    for (size_t i = 0; i < f->len; i++) {
        if (s[i] <= ' ' || s[i] > '~')
            return;
    }
    if (f->len > 0)
        memcpy(buf, s, f->len);
    buf[f->len] = '\0';
}

/* Over ipc libzmq tells who connected: "localhost:UID:GID:PID". */
static bool user_of_address(const struct dk_frame *f, char user[])
{
    static const char host[] = "localhost:";
    char address[ADDRESS_MAX];

    text_of(f, address, sizeof(address));
    if (strncmp(address, host, sizeof(host) - 1) != 0)
        return false;
    const char *uid = address + sizeof(host) - 1;
    size_t n = strspn(uid, "0123456789");
    if (n == 0 || n > 10 || uid[n] != ':')
        return false;
    snprintf(user, ZAP_USER_MAX + 1, "uid:%.*s", (int)n, uid);
    return true;
}

static void refuse(struct zap_answer *out, const char *text)
{
    out->status = "400";
    out->text = text;
}

/* "clients.tcp": the name into `name`, which has room for all of the domain;
 * true when it ends in `kind`.
 */
static bool is_kind(const char *domain, const char *kind, char name[])
{
    size_t n = strlen(domain), k = strlen(kind);

    if (n <= k || strcmp(domain + n - k, kind) != 0)
        return false;
    memcpy(name, domain, n - k);
    name[n - k] = '\0';
    return true;
}

/* Frames: version, request, domain, address, identity, mechanism, credentials.
 */
static const char *prove(const struct dk_frame f[], int n,
                         char name[DOMAIN_MAX], char user[])
{
    char domain[DOMAIN_MAX];

    text_of(&f[2], domain, sizeof(domain));
    if (is_kind(domain, ".ipc", name)) {
        if (!is(&f[5], "NULL") || n != ZAP_FRAMES - 1)
            return "another mechanism than this endpoint's";
        return user_of_address(&f[3], user) ? NULL : "no user id";
    }
    if (!is_kind(domain, ".tcp", name))
        return "unknown domain";
    if (!is(&f[5], "CURVE") || n != ZAP_FRAMES)
        return "another mechanism than this endpoint's";
    if (f[6].len != KEY_LEN)
        return "a key of another length";
    zmq_z85_encode(user, f[6].data, KEY_LEN); /* any bytes of this length */
    return NULL;
}

void zap_decide(const struct dk_frame f[], int n, zap_ask_fn ask, void *arg,
                struct zap_answer *out)
{
    char user[ZAP_USER_MAX + 1] = "";
    char name[DOMAIN_MAX];

    memset(out, 0, sizeof(*out));
    out->status = "500";
    out->text = "malformed request";
    out->request = (struct dk_frame){"", 0};
    if (n >= 2)
        out->request = f[1];
    if (n < ZAP_FRAMES - 1 || !is(&f[0], "1.0"))
        return;
    const char *why = prove(f, n, name, user);
    memcpy(out->user, user, sizeof(user));
    if (why != NULL) {
        refuse(out, why);
    } else if (!ask(arg, name, user)) {
        refuse(out, "not welcome here");
    } else {
        out->status = "200";
        out->text = "OK";
    }
}

/* ---- the socket ---------------------------------------------------------- */

/* A signal is no reason to lose a part: what is half read or half answered
 * would leave the socket in the wrong state, and nobody would be let in again.
 */
static void send_text(struct zap *z, const void *s, size_t n, int more)
{
    int rc;

    do {
        rc = zmq_send(z->sock, s, n, ZMQ_DONTWAIT | more);
    } while (rc < 0 && zmq_errno() == EINTR);
}

static int recv_part(void *sock, zmq_msg_t *m)
{
    int rc;

    do {
        rc = zmq_msg_recv(m, sock, ZMQ_DONTWAIT);
    } while (rc < 0 && zmq_errno() == EINTR);
    return rc;
}

/* False only when there is nothing to be read. */
static bool has_more(struct zap *z)
{
    int events = 0, rc;
    size_t len = sizeof(events);

    do {
        rc = zmq_getsockopt(z->sock, ZMQ_EVENTS, &events, &len);
    } while (rc < 0 && zmq_errno() == EINTR);
    return rc == 0 && (events & ZMQ_POLLIN) != 0;
}

static void answer(struct zap *z, const struct zap_answer *a)
{
    bool ok = strcmp(a->status, "200") == 0;

    send_text(z, "1.0", 3, ZMQ_SNDMORE);
    send_text(z, a->request.data, a->request.len, ZMQ_SNDMORE);
    send_text(z, a->status, strlen(a->status), ZMQ_SNDMORE);
    send_text(z, a->text, strlen(a->text), ZMQ_SNDMORE);
    send_text(z, a->user, ok ? strlen(a->user) : 0, ZMQ_SNDMORE);
    send_text(z, "", 0, 0);
}

/* One request, whatever it is: a REP socket that is not answered would let
 * nobody in any more.
 */
static bool serve(struct zap *z)
{
    zmq_msg_t part[ZAP_FRAMES];
    struct dk_frame f[ZAP_FRAMES];
    struct zap_answer a;
    int n = 0, kept = 0;
    bool more = true;

    while (more) {
        zmq_msg_t spare;
        zmq_msg_t *m = kept < ZAP_FRAMES ? &part[kept] : &spare;
        zmq_msg_init(m);
        if (recv_part(z->sock, m) < 0) {
            zmq_msg_close(m);
            break;
        }
        more = zmq_msg_more(m) != 0;
        if (kept < ZAP_FRAMES)
            kept++;
        else
            zmq_msg_close(m);
        n++;
    }
    if (n == 0)
        return false;
    for (int i = 0; i < kept; i++)
        f[i] =
            (struct dk_frame){zmq_msg_data(&part[i]), zmq_msg_size(&part[i])};
    zap_decide(f, n, z->ask, z->arg, &a);
    answer(z, &a);
    if (strcmp(a.status, "200") != 0) {
        char address[ADDRESS_MAX] = "";
        if (kept > 3)
            text_of(&f[3], address, sizeof(address));
        z->told(z->arg, address, a.user, a.text);
    }
    for (int i = 0; i < kept; i++)
        zmq_msg_close(&part[i]);
    return true;
}

static void pump(struct zap *z)
{
    static const struct timeval soon = {0, 0};

    for (int i = 0; i < AT_ONCE && serve(z); i++)
        continue;
    if (has_more(z))
        evtimer_add(z->kick, &soon);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    pump(arg);
}

struct zap *zap_open(struct event_base *base, void *zctx, zap_ask_fn ask,
                     zap_told_fn told, void *arg)
{
    struct zap *z = calloc(1, sizeof(*z));
    int fd, zero = 0;
    size_t len = sizeof(fd);

    if (z == NULL)
        return NULL;
    *z = (struct zap){.ask = ask, .told = told, .arg = arg};
    z->sock = zmq_socket(zctx, ZMQ_REP);
    if (z->sock == NULL ||
        zmq_setsockopt(z->sock, ZMQ_LINGER, &zero, sizeof(zero)) != 0 ||
        zmq_bind(z->sock, ZAP_ENDPOINT) != 0 ||
        zmq_getsockopt(z->sock, ZMQ_FD, &fd, &len) != 0)
        goto fail;
    z->fd = event_new(base, fd, EV_READ | EV_PERSIST, on_ready, z);
    z->kick = evtimer_new(base, on_ready, z);
    if (z->fd == NULL || z->kick == NULL || event_add(z->fd, NULL) != 0)
        goto fail;
    return z;
fail:
    zap_close(z);
    return NULL;
}

void zap_close(struct zap *z)
{
    if (z == NULL)
        return;
    if (z->fd != NULL)
        event_free(z->fd);
    if (z->kick != NULL)
        event_free(z->kick);
    if (z->sock != NULL)
        zmq_close(z->sock);
    free(z);
}

/* ---- the self-test ------------------------------------------------------- */

#define MONITOR "inproc://knock"

/* A DEALER with a fresh key, watched. */
static void *knock(void *ctx, const char *endpoint, const char *server_key,
                   void **monitor)
{
    char public[ZAP_USER_MAX + 1], secret[ZAP_USER_MAX + 1];
    int zero = 0;
    void *s = zmq_socket(ctx, ZMQ_DEALER);

    *monitor = zmq_socket(ctx, ZMQ_PAIR);
    if (s == NULL || *monitor == NULL ||
        zmq_curve_keypair(public, secret) != 0 ||
        zmq_setsockopt(s, ZMQ_LINGER, &zero, sizeof(zero)) != 0 ||
        zmq_setsockopt(*monitor, ZMQ_LINGER, &zero, sizeof(zero)) != 0 ||
        zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, public, sizeof(public)) != 0 ||
        zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, secret, sizeof(secret)) != 0 ||
        zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, server_key, ZAP_USER_MAX + 1) !=
            0 ||
        zmq_socket_monitor(s, MONITOR,
                           ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                               ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) != 0 ||
        zmq_connect(*monitor, MONITOR) != 0 || zmq_connect(s, endpoint) != 0) {
        if (s != NULL)
            zmq_close(s);
        return NULL;
    }
    return s;
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The event that the monitor told; 0: none yet. */
static unsigned event_of(void *monitor)
{
    uint16_t event = 0;
    zmq_msg_t m;
    int more;

    zmq_msg_init(&m);
    do {
        if (recv_part(monitor, &m) < 0)
            break;
        more = zmq_msg_more(&m);
        if (more && !DK_BUG(zmq_msg_size(&m) < sizeof(event)))
            memcpy(&event, zmq_msg_data(&m), sizeof(event));
    } while (more);
    zmq_msg_close(&m);
    return event;
}

bool zap_self_test(struct zap *z, const char *endpoint, const char *server_key)
{
    void *ctx = zmq_ctx_new();
    void *monitor = NULL;
    void *s = ctx != NULL ? knock(ctx, endpoint, server_key, &monitor) : NULL;
    int64_t until = now_ms() + SELF_TEST_MS;
    unsigned event = 0;

    while (s != NULL && event == 0 && now_ms() < until) {
        zmq_pollitem_t items[2] = {{z->sock, 0, ZMQ_POLLIN, 0},
                                   {monitor, 0, ZMQ_POLLIN, 0}};
        zmq_poll(items, 2, 50);
        pump(z);
        event = event_of(monitor);
    }
    if (s != NULL) {
        (void)zmq_socket_monitor(s, NULL, 0);
        zmq_close(s);
    }
    if (monitor != NULL)
        zmq_close(monitor);
    if (ctx != NULL)
        zmq_ctx_term(ctx);
    return event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
}

/* ---- keys ---------------------------------------------------------------- */

bool zap_key_bytes(const char *key, uint8_t out[32])
{
    return strlen(key) == ZAP_USER_MAX && zmq_z85_decode(out, key) != NULL;
}

bool zap_public_key(const char *secret, char *out)
{
    return zmq_curve_public(out, secret) == 0;
}

bool zap_new_secret(char *out)
{
    char public[ZAP_USER_MAX + 1];

    return zmq_curve_keypair(public, out) == 0;
}
