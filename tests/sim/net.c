#include "net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.h>

#define SOCK_MAX 64
#define CONN_MAX 64

struct packet {
    struct packet *next;
    dk_ms at;
    int n;
    struct net_part part[NET_PART_MAX];
};

struct queue {
    struct packet *first, **last;
    dk_ms latest; /* of the last one: order is kept */
};

struct sock {
    bool used, inert;
    int type;
    char endpoint[128];
    int fd;         /* ROUTER: readable when it wants its loop */
    bool rung;      /* the descriptor is readable */
    bool asleep;    /* its reader found nothing */
    bool reconnect; /* DEALER: without a connection until `at` */
    dk_ms at;
    struct queue ready; /* arrived */
    struct queue held;  /* DEALER: sent while there was no connection */
    struct packet *out; /* being written */
    uint32_t to;        /* ROUTER: where to; 0: nobody */
    struct packet *in;  /* being read */
    int in_at;
};

/* A DEALER's connection to a ROUTER. */
struct conn {
    uint32_t id; /* 0: free */
    struct sock *dealer, *router;
    struct queue up, down; /* to the router, to the dealer */
};

struct net_mood net_mood;
void (*net_on_send)(const char *endpoint, const struct net_part *f, int n);
static struct sock socks[SOCK_MAX];
static struct conn conns[CONN_MAX];
static uint32_t next_id;
static bool muted;
static int mute_after; /* -1: not asked for */

/* ---- packets ------------------------------------------------------------- */

static void *must(void *p)
{
    if (p == NULL)
        abort();
    return p;
}

static void drop(struct packet *p)
{
    for (int i = 0; p != NULL && i < p->n; i++)
        free(p->part[i].data);
    free(p);
}

static void put(struct queue *q, struct packet *p, dk_ms at)
{
    p->at = at > q->latest ? at : q->latest;
    q->latest = p->at;
    p->next = NULL;
    if (q->first == NULL)
        q->last = &q->first;
    *q->last = p;
    q->last = &p->next;
}

static struct packet *take(struct queue *q)
{
    struct packet *p = q->first;

    if (p != NULL)
        q->first = p->next;
    return p;
}

static void empty(struct queue *q)
{
    while (q->first != NULL)
        drop(take(q));
}

static struct packet *copy(const struct packet *p)
{
    struct packet *c = must(calloc(1, sizeof(*c)));

    c->n = p->n;
    for (int i = 0; i < p->n; i++) {
        c->part[i].len = p->part[i].len;
        c->part[i].data = must(malloc(p->part[i].len + 1));
        memcpy(c->part[i].data, p->part[i].data, p->part[i].len);
    }
    return c;
}

static dk_ms travel(void)
{
    dk_ms t = sim_span(0, net_mood.slowest);

    return sim_now() + (sim_chance(net_mood.late) ? 10 * t : t);
}

/* ---- connections --------------------------------------------------------- */

static struct conn *conn_of(const struct sock *dealer)
{
    for (int i = 0; i < CONN_MAX; i++) {
        if (conns[i].id != 0 && conns[i].dealer == dealer)
            return &conns[i];
    }
    return NULL;
}

static struct conn *conn_by_id(const struct sock *router, uint32_t id)
{
    for (int i = 0; i < CONN_MAX; i++) {
        if (id != 0 && conns[i].id == id && conns[i].router == router)
            return &conns[i];
    }
    return NULL;
}

static struct sock *router_at(const char *endpoint)
{
    for (int i = 0; i < SOCK_MAX; i++) {
        if (socks[i].used && socks[i].type == ZMQ_ROUTER &&
            strcmp(socks[i].endpoint, endpoint) == 0)
            return &socks[i];
    }
    return NULL;
}

/* What is under way is lost, the DEALER tries again later. */
static void cut(struct conn *c)
{
    empty(&c->up);
    empty(&c->down);
    c->dealer->reconnect = true;
    c->dealer->at = sim_now() + sim_span(50, 1000);
    memset(c, 0, sizeof(*c));
}

static void try_connect(struct sock *s)
{
    struct sock *r = router_at(s->endpoint);
    int i = 0;

    s->at = sim_now() + sim_span(50, 1000);
    while (i < CONN_MAX && conns[i].id != 0)
        i++;
    if (r == NULL || i == CONN_MAX)
        return;
    conns[i].id = ++next_id;
    conns[i].dealer = s;
    conns[i].router = r;
    s->reconnect = false;
    while (s->held.first != NULL)
        put(&conns[i].up, take(&s->held), travel());
    s->held.latest = 0;
}

static void ring(struct sock *s)
{
    uint64_t one = 1;

    if (s->fd >= 0 && !s->rung)
        s->rung = write(s->fd, &one, sizeof(one)) == sizeof(one);
}

/* Any call to a socket reads its mailbox, and with it the signal. */
static void hush(struct sock *s)
{
    uint64_t n;

    if (s->rung)
        (void)!read(s->fd, &n, sizeof(n));
    s->rung = false;
}

static void arrive(struct conn *c, struct packet *p)
{
    struct sock *r = c->router;

    /* The routing id in front, as libzmq's own: five bytes, the first zero. */
    memmove(p->part + 1, p->part, (size_t)p->n * sizeof(p->part[0]));
    p->part[0].len = 5;
    p->part[0].data = must(calloc(1, 6));
    memcpy(p->part[0].data + 1, &c->id, 4);
    p->n++;
    put(&r->ready, p, 0);
    if (r->asleep)
        ring(r);
    r->asleep = false;
}

void net_deliver(void)
{
    for (int i = 0; i < SOCK_MAX; i++) {
        if (socks[i].used && socks[i].reconnect && socks[i].at <= sim_now())
            try_connect(&socks[i]);
    }
    for (int i = 0; i < CONN_MAX; i++) {
        struct conn *c = &conns[i];
        while (c->id != 0 && c->up.first != NULL &&
               c->up.first->at <= sim_now())
            arrive(c, take(&c->up));
        while (c->id != 0 && c->down.first != NULL &&
               c->down.first->at <= sim_now())
            put(&c->dealer->ready, take(&c->down), 0);
    }
}

dk_ms net_next(void)
{
    dk_ms t = DK_NEVER;

    for (int i = 0; i < SOCK_MAX; i++) {
        if (socks[i].used && socks[i].reconnect && socks[i].at < t)
            t = socks[i].at;
    }
    for (int i = 0; i < CONN_MAX; i++) {
        const struct conn *c = &conns[i];
        if (c->id != 0 && c->up.first != NULL && c->up.first->at < t)
            t = c->up.first->at;
        if (c->id != 0 && c->down.first != NULL && c->down.first->at < t)
            t = c->down.first->at;
    }
    return t;
}

bool net_rings(void)
{
    for (int i = 0; i < SOCK_MAX; i++) {
        if (socks[i].used && socks[i].rung)
            return true;
    }
    return false;
}

bool net_waiting(const void *sock)
{
    return ((const struct sock *)sock)->ready.first != NULL;
}

void net_break(void *dealer)
{
    struct conn *c = conn_of(dealer);

    if (c != NULL)
        cut(c);
}

void net_mute(int after)
{
    if (after == 0)
        muted = true;
    else if (mute_after < 0)
        mute_after = after;
}

bool net_muted(void)
{
    return muted;
}

void net_reset(void)
{
    memset(conns, 0, sizeof(conns));
    memset(socks, 0, sizeof(socks));
    next_id = 0;
    muted = false;
    mute_after = -1;
}

/* ---- libzmq -------------------------------------------------------------- */

void *zmq_ctx_new(void)
{
    return must(malloc(1));
}

int zmq_ctx_set(void *ctx, int option, int value)
{
    (void)ctx;
    (void)option;
    (void)value;
    return 0;
}

int zmq_ctx_term(void *ctx)
{
    free(ctx);
    return 0;
}

int zmq_errno(void)
{
    return errno;
}

const char *zmq_strerror(int e)
{
    return strerror(e);
}

void *zmq_socket(void *ctx, int type)
{
    (void)ctx;
    for (int i = 0; i < SOCK_MAX; i++) {
        struct sock *s = &socks[i];
        if (s->used)
            continue;
        *s = (struct sock){.used = true, .type = type, .fd = -1};
        s->asleep = true;
        return s;
    }
    abort();
}

int zmq_setsockopt(void *sock, int option, const void *value, size_t len)
{
    (void)sock;
    (void)option;
    (void)value;
    (void)len;
    return 0;
}

int zmq_getsockopt(void *sock, int option, void *value, size_t *len)
{
    struct sock *s = sock;

    switch (option) {
    case ZMQ_FD:
        if (s->fd < 0)
            s->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        memcpy(value, &s->fd, sizeof(int));
        return 0;
    case ZMQ_EVENTS:
        hush(s);
        *(int *)value =
            ZMQ_POLLOUT |
            (s->ready.first != NULL || s->in != NULL ? ZMQ_POLLIN : 0);
        return 0;
    case ZMQ_LAST_ENDPOINT:
        *len = strlen(s->endpoint) + 1;
        memcpy(value, s->endpoint, *len);
        return 0;
    default:
        errno = EINVAL;
        return -1;
    }
}

int zmq_bind(void *sock, const char *endpoint)
{
    struct sock *s = sock;

    snprintf(s->endpoint, sizeof(s->endpoint), "%s", endpoint);
    return 0;
}

int zmq_connect(void *sock, const char *endpoint)
{
    struct sock *s = sock;

    snprintf(s->endpoint, sizeof(s->endpoint), "%s", endpoint);
    s->reconnect = true;
    s->at = sim_now() + sim_span(0, 20);
    return 0;
}

int zmq_close(void *sock)
{
    struct sock *s = sock;

    for (int i = 0; i < CONN_MAX; i++) {
        if (conns[i].id == 0)
            continue;
        if (conns[i].router == s) {
            cut(&conns[i]);
        } else if (conns[i].dealer == s) {
            empty(&conns[i].up);
            empty(&conns[i].down);
            memset(&conns[i], 0, sizeof(conns[i]));
        }
    }
    empty(&s->ready);
    empty(&s->held);
    drop(s->out);
    drop(s->in);
    if (s->fd >= 0)
        close(s->fd);
    if (s->type == ZMQ_ROUTER) {
        muted = false;
        mute_after = -1;
    }
    memset(s, 0, sizeof(*s));
    return 0;
}

/* ---- sending ------------------------------------------------------------- */

static int to_peer(struct sock *s, const void *id, size_t len)
{
    uint32_t n = 0;

    if (len == 5)
        memcpy(&n, (const char *)id + 1, 4);
    struct conn *c = conn_by_id(s, n);
    if (c == NULL) {
        errno = EHOSTUNREACH;
        return -1;
    }
    if (sim_chance(net_mood.full)) {
        errno = EAGAIN;
        return -1;
    }
    s->to = n;
    s->out = must(calloc(1, sizeof(*s->out)));
    return (int)len;
}

static void router_send(struct sock *s, struct packet *p)
{
    struct conn *c = conn_by_id(s, s->to);

    s->to = 0;
    if (mute_after == 0)
        muted = true;
    if (mute_after > 0)
        mute_after--;
    if (muted || c == NULL) {
        drop(p);
        return;
    }
    if (net_on_send != NULL)
        net_on_send(s->endpoint, p->part, p->n);
    put(&c->down, p, travel());
    if (sim_chance(net_mood.broken))
        cut(c);
}

/* A stream that is asked for twice begins anew; all else bears it. */
static bool may_come_twice(const struct packet *p)
{
    return p->n < 2 || p->part[1].len < 7 ||
           memcmp(p->part[1].data, "events.", 7) != 0;
}

static void dealer_send(struct sock *s, struct packet *p)
{
    struct conn *c = conn_of(s);

    if (c == NULL) {
        put(&s->held, p, 0);
        return;
    }
    if (may_come_twice(p) && sim_chance(net_mood.duplicated))
        put(&c->up, copy(p), travel());
    put(&c->up, p, travel());
    if (sim_chance(net_mood.broken))
        cut(c);
}

int zmq_send(void *sock, const void *data, size_t len, int flags)
{
    struct sock *s = sock;
    struct packet *p;

    hush(s);
    if (s->type == ZMQ_ROUTER && s->out == NULL)
        return to_peer(s, data, len);
    if (s->out == NULL)
        s->out = must(calloc(1, sizeof(*s->out)));
    p = s->out;
    if (p->n >= NET_PART_MAX - 1)
        abort();
    p->part[p->n].len = len;
    p->part[p->n].data = must(malloc(len + 1));
    if (len > 0)
        memcpy(p->part[p->n].data, data, len);
    p->n++;
    if ((flags & ZMQ_SNDMORE) == 0) {
        s->out = NULL;
        if (s->type == ZMQ_ROUTER)
            router_send(s, p);
        else
            dealer_send(s, p);
    }
    return (int)len;
}

/* ---- receiving ----------------------------------------------------------- */

/* What a zmq_msg_t holds here. */
struct frame {
    char *data;
    size_t len;
    int more;
};
_Static_assert(sizeof(struct frame) <= sizeof(zmq_msg_t), "it fits");

static struct frame frame_get(const zmq_msg_t *m)
{
    struct frame f;

    memcpy(&f, m, sizeof(f));
    return f;
}

int zmq_msg_init(zmq_msg_t *m)
{
    memset(m, 0, sizeof(*m));
    return 0;
}

int zmq_msg_recv(zmq_msg_t *m, void *sock, int flags)
{
    struct sock *s = sock;
    struct frame f;

    (void)flags;
    hush(s);
    if (s->in == NULL) {
        s->in = take(&s->ready);
        s->in_at = 0;
    }
    if (s->in == NULL) {
        s->asleep = true;
        errno = EAGAIN;
        return -1;
    }
    f.data = s->in->part[s->in_at].data;
    f.len = s->in->part[s->in_at].len;
    s->in->part[s->in_at++].data = NULL;
    f.more = s->in_at < s->in->n;
    if (!f.more) {
        drop(s->in);
        s->in = NULL;
    }
    memcpy(m, &f, sizeof(f));
    return (int)f.len;
}

int zmq_msg_close(zmq_msg_t *m)
{
    free(frame_get(m).data);
    memset(m, 0, sizeof(*m));
    return 0;
}

void *zmq_msg_data(zmq_msg_t *m)
{
    return frame_get(m).data;
}

size_t zmq_msg_size(const zmq_msg_t *m)
{
    return frame_get(m).len;
}

/* Everybody in the simulated world is docketd's own user. */
const char *zmq_msg_gets(const zmq_msg_t *m, const char *property)
{
    static char user[32];

    (void)m;
    if (strcmp(property, "User-Id") != 0)
        return NULL;
    snprintf(user, sizeof(user), "uid:%lu", (unsigned long)geteuid());
    return user;
}

int zmq_msg_more(const zmq_msg_t *m)
{
    return frame_get(m).more;
}
