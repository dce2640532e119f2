/* load.c - many clients that submit cases as fast as they are acknowledged.
 *
 * One process, one thread, one DEALER socket per client; each client keeps
 * `window` submissions under way and sends the next when one is acknowledged.
 * It speaks the protocol and nothing else, so that docketd and bench/ceiling
 * are measured by the same hand.  With a key in $DOCKET_KEY it speaks CURVE.
 * Prints one JSON line.
 *
 *     load ENDPOINT NAME CLIENTS WINDOW SECONDS
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "bench/body.h"
#include "proto/client_keys.h"

#define WARM_UP_US  700000
#define SILENCE_US  10000000 /* nothing comes back for so long: give up */
#define CLIENTS_MAX 4096
#define WINDOW_MAX  256

struct client {
    void *sock;
    bool heard;                  /* its first answer came: it is connected */
    int64_t sent_us[WINDOW_MAX]; /* when each slot's submission was sent */
};

struct load {
    void *ctx;
    int epoll;
    int n_client, n_heard, window;
    struct client *client;
    char body[BODY_LEN + 1];
    int64_t begin_us, end_us;
    bool sending;
    size_t under_way;
    struct took took; /* by the answers inside the measured time */
    int64_t problems;
    char first_problem[200];
};

static void fail(const char *what)
{
    (void)fprintf(stderr, "load: %s\n", what);
    exit(1);
}

static void submit(struct load *l, int client, int slot)
{
    struct client *c = &l->client[client];
    char request[32];
    int n = snprintf(request, sizeof(request), "%d", slot);

    body_new_id(l->body);
    c->sent_us[slot] = body_clock_us(CLOCK_MONOTONIC);
    if (zmq_send(c->sock, "DKT1", 4, ZMQ_SNDMORE) < 0 ||
        zmq_send(c->sock, "case.submit", 11, ZMQ_SNDMORE) < 0 ||
        zmq_send(c->sock, request, (size_t)n, ZMQ_SNDMORE) < 0 ||
        zmq_send(c->sock, l->body, BODY_LEN, 0) < 0)
        fail(zmq_strerror(zmq_errno()));
    l->under_way++;
}

static void open_clients(struct load *l, const char *endpoint)
{
    int none = 0;
    struct dk_client_keys keys;
    struct dk_problem p;

    if (dk_client_keys_load(NULL, NULL, &keys, &p) != 0)
        fail(p.detail);
    l->client = calloc((size_t)l->n_client, sizeof(*l->client));
    if (l->client == NULL)
        fail("out of memory");
    for (int i = 0; i < l->n_client; i++) {
        struct client *c = &l->client[i];
        struct epoll_event ev = {.events = EPOLLIN};
        int fd;
        size_t len = sizeof(fd);

        ev.data.u32 = (uint32_t)i;
        c->sock = zmq_socket(l->ctx, ZMQ_DEALER);
        if (c->sock == NULL || dk_client_keys_put(c->sock, &keys) != 0 ||
            zmq_setsockopt(c->sock, ZMQ_LINGER, &none, sizeof(none)) != 0 ||
            zmq_connect(c->sock, endpoint) != 0 ||
            zmq_getsockopt(c->sock, ZMQ_FD, &fd, &len) != 0 ||
            epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev) != 0)
            fail(zmq_strerror(zmq_errno()));
    }
}

static void note_time(struct load *l, int64_t now, int64_t sent)
{
    if (now >= l->begin_us && now < l->end_us)
        took_add(&l->took, now - sent);
}

/* Take one answer of a client; false when none is waiting. */
static bool take_answer(struct load *l, int client)
{
    struct client *c = &l->client[client];
    char version[8], type[DK_TYPE_MAX + 1], request[DK_REQUEST_MAX + 1];
    char body[1024];
    int n;

    if (zmq_recv(c->sock, version, sizeof(version), ZMQ_DONTWAIT) < 0)
        return false;
    n = zmq_recv(c->sock, type, sizeof(type) - 1, 0);
    type[n > 0 && (size_t)n < sizeof(type) ? n : 0] = '\0';
    n = zmq_recv(c->sock, request, sizeof(request) - 1, 0);
    request[n > 0 && (size_t)n < sizeof(request) ? n : 0] = '\0';
    n = zmq_recv(c->sock, body, sizeof(body) - 1, 0);

    int64_t now = body_clock_us(CLOCK_MONOTONIC);
    int slot = (int)strtol(request, NULL, 10);
    if (n < 0 || slot < 0 || slot >= l->window)
        fail("an answer that nobody asked for");
    l->under_way--;
    l->n_heard += !c->heard;
    c->heard = true;
    if (strcmp(type, "ok") == 0) {
        note_time(l, now, c->sent_us[slot]);
    } else if (l->problems++ == 0) {
        size_t len = (size_t)n < sizeof(l->first_problem) - 1
                         ? (size_t)n
                         : sizeof(l->first_problem) - 1;
        memcpy(l->first_problem, body, len);
    }
    if (l->sending)
        submit(l, client, slot);
    return true;
}

/* Until nothing is waiting at the socket: after that its fd will tell. */
static void drain(struct load *l, int client)
{
    while (take_answer(l, client))
        ;
}

/* Connecting is not what is measured: hundreds of handshakes with keys take
 * longer than the warm-up.
 */
static void begin(struct load *l, int64_t now, double seconds)
{
    l->begin_us = now;
    l->end_us = now + (int64_t)(seconds * 1e6);
}

static void run(struct load *l, double seconds)
{
    int64_t start = body_clock_us(CLOCK_MONOTONIC), heard = start;

    l->begin_us = l->end_us = INT64_MAX;
    l->sending = true;
    for (int i = 0; i < l->n_client; i++) {
        for (int s = 0; s < l->window; s++)
            submit(l, i, s);
        drain(l, i);
    }
    while (l->under_way > 0) {
        struct epoll_event ev[256];
        int n = epoll_wait(l->epoll, ev, 256, 100);
        int64_t now = body_clock_us(CLOCK_MONOTONIC);

        for (int i = 0; i < n; i++)
            drain(l, (int)ev[i].data.u32);
        if (n > 0)
            heard = now;
        else if (now - heard > SILENCE_US)
            fail("no answers any more");
        if (l->begin_us == INT64_MAX && l->n_heard == l->n_client &&
            now - start >= WARM_UP_US)
            begin(l, now, seconds);
        if (now >= l->end_us)
            l->sending = false;
    }
}

static void print(struct load *l, const char *name, double seconds)
{
    took_sort(&l->took);
    (void)printf("{\"name\":\"%s\",\"measure\":\"submit\",\"clients\":%d,"
                 "\"window\":%d,\"seconds\":%.1f,\"per_second\":%.0f,"
                 "\"p50_us\":%u,\"p99_us\":%u,\"p999_us\":%u,\"max_us\":%u,"
                 "\"problems\":%lld}\n",
                 name, l->n_client, l->window, seconds,
                 (double)l->took.n / seconds, took_at(&l->took, 500),
                 took_at(&l->took, 990), took_at(&l->took, 999),
                 took_at(&l->took, 1000), (long long)l->problems);
    if (l->problems > 0)
        (void)fprintf(stderr, "load: the first problem: %s\n",
                      l->first_problem);
}

static void raise_limits(struct load *l)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
        r.rlim_cur = r.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &r);
    }
    l->ctx = zmq_ctx_new();
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (l->ctx == NULL || l->epoll < 0 ||
        zmq_ctx_set(l->ctx, ZMQ_MAX_SOCKETS, CLIENTS_MAX + 8) != 0)
        fail("cannot start");
}

int main(int argc, char **argv)
{
    static struct load l;
    double seconds;

    if (argc != 6) {
        (void)fprintf(stderr,
                      "usage: load ENDPOINT NAME CLIENTS WINDOW SECONDS\n");
        return 64;
    }
    l.n_client = (int)strtol(argv[3], NULL, 10);
    l.window = (int)strtol(argv[4], NULL, 10);
    seconds = strtod(argv[5], NULL);
    if (l.n_client < 1 || l.n_client > CLIENTS_MAX || l.window < 1 ||
        l.window > WINDOW_MAX || !(seconds > 0 && seconds < 3600))
        fail("clients 1..4096, window 1..256, seconds 0..3600");
    body_make(l.body);
    raise_limits(&l);
    open_clients(&l, argv[1]);
    run(&l, seconds);
    print(&l, argv[2], seconds);
    for (int i = 0; i < l.n_client; i++)
        (void)zmq_close(l.client[i].sock);
    (void)zmq_ctx_term(l.ctx);
    (void)close(l.epoll);
    free(l.client);
    free(l.took.us);
    return l.took.n > 0 && l.problems == 0 ? 0 : 1;
}
