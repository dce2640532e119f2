/* ask.c - questions over the virtual network, and the watch over the answers.
 */
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "disk.h"
#include "people.h"
#include "proto/frames.h"

static struct {
    enum ask_kind kind;
    struct dk_uuid id;
} asked[ASKED_MAX];
static unsigned n_asked;

void *ask_open(const char *endpoint)
{
    void *sock = zmq_socket(NULL, ZMQ_DEALER);

    zmq_connect(sock, endpoint);
    return sock;
}

void ask_close(void *sock)
{
    if (sock != NULL)
        zmq_close(sock);
}

void ask_send(void *sock, const char *type, const char *request,
              const char *body, size_t len)
{
    zmq_send(sock, DK_VERSION_FRAME, 4, ZMQ_SNDMORE);
    zmq_send(sock, type, strlen(type), ZMQ_SNDMORE);
    zmq_send(sock, request, strlen(request), ZMQ_SNDMORE);
    zmq_send(sock, body, len, 0);
}

static void keep(char *to, size_t cap, zmq_msg_t *m)
{
    size_t n = zmq_msg_size(m) < cap - 1 ? zmq_msg_size(m) : cap - 1;

    memcpy(to, zmq_msg_data(m), n);
    to[n] = '\0';
}

bool ask_recv(void *sock, char type[40], char request[72], char **body)
{
    int more = 1;

    if (!net_waiting(sock))
        return false;
    *body = NULL;
    for (int i = 0; more; i++) {
        zmq_msg_t m;
        zmq_msg_init(&m);
        if (zmq_msg_recv(&m, sock, ZMQ_DONTWAIT) < 0)
            break;
        more = zmq_msg_more(&m);
        if (i == 1)
            keep(type, 40, &m);
        if (i == 2)
            keep(request, 72, &m);
        if (i == 3) {
            *body = malloc(zmq_msg_size(&m) + 1);
            if (*body == NULL)
                abort();
            keep(*body, zmq_msg_size(&m) + 1, &m);
        }
        zmq_msg_close(&m);
    }
    return *body != NULL;
}

void ask_reset(void)
{
    n_asked = 0;
}

void ask_start(struct ask *a, enum ask_kind kind, const char *type,
               const struct dk_uuid *id)
{
    if (n_asked >= ASKED_MAX) {
        broken("too many questions for one run");
        return;
    }
    a->kind = kind;
    a->type = type;
    a->no = n_asked++;
    a->tries = 0;
    asked[a->no].kind = kind;
    if (id != NULL)
        asked[a->no].id = *id;
    a->again = sim_now();
}

void ask_again(struct ask *a, void *sock)
{
    char request[32];

    (void)snprintf(request, sizeof(request), "%u.%u", a->no, ++a->tries);
    say("<- %s %s %.300s", a->type, request, a->body);
    ask_send(sock, a->type, request, a->body, strlen(a->body));
    a->again = sim_now() + sim_span(1500, 6000);
}

static unsigned number_of(const char *request)
{
    char *end;
    unsigned long no = strtoul(request, &end, 10);

    return *end == '.' && no < n_asked ? (unsigned)no : ASKED_MAX;
}

bool ask_is(const struct ask *a, const char *request)
{
    return a->kind != ASK_NONE && number_of(request) == a->no;
}

const struct dk_uuid *ask_id(unsigned no)
{
    return &asked[no].id;
}

/* ---- what the broker tells ----------------------------------------------- */

static int64_t number_in(const char *body, const char *key)
{
    char pattern[24];

    (void)snprintf(pattern, sizeof(pattern), "\"%s\":\"", key);
    const char *at = strstr(body, pattern);
    return at != NULL ? strtoll(at + strlen(pattern), NULL, 10) : -1;
}

static void watch_answer(const char *request)
{
    unsigned no = number_of(request);
    int64_t key;

    if (no == ASKED_MAX ||
        (asked[no].kind != ASK_SUBMIT && asked[no].kind != ASK_ACT))
        return;
    if (!disk_has(&asked[no].id, &key))
        broken("request %s is acknowledged and not on disk", request);
}

void ask_watch(const char *endpoint, const struct net_part *f, int n)
{
    char type[40], request[72];
    char *body = n == 4 ? malloc(f[3].len + 1) : NULL;

    (void)endpoint;
    if (body == NULL || f[1].len >= sizeof(type) ||
        f[2].len >= sizeof(request)) {
        broken("the broker sent something strange");
        free(body);
        return;
    }
    memcpy(type, f[1].data, f[1].len);
    type[f[1].len] = '\0';
    memcpy(request, f[2].data, f[2].len);
    request[f[2].len] = '\0';
    memcpy(body, f[3].data, f[3].len);
    body[f[3].len] = '\0';
    say("-> %s %s", type, request);
    if (strcmp(type, "ok") == 0)
        watch_answer(request);
    if (strcmp(type, "event") == 0 &&
        disk_event_hash(number_in(body, "seq")) == NULL)
        broken("an event is told that is not on disk: %.200s", body);
    if (strcmp(type, "task") == 0 && !disk_is_open(number_in(body, "task_id")))
        broken("a task is given out that is not open: %.200s", body);
    free(body);
}
