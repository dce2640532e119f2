/* client_peer.h - a small scripted peer for libdocket, on a socket of its own
 * in a folder of its own.  Included by tests/unit/test_client.c.
 */
#ifndef DK_CLIENT_PEER_H
#define DK_CLIENT_PEER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zmq.h>

#include "proto/jsonw.h"
#include "proto/jsonx.h"
#include "tests/support/folder.h"

/* The peer: answers by the type of a message, and has a stream of events. */
struct peer {
    char folder[64], endpoint[96];
    void *ctx, *sock;
    pthread_t thread;
    int stop[2];
    zmq_msg_t id; /* of the follower */
    char request[DK_REQUEST_MAX + 1];
    char held[DK_REQUEST_MAX + 1]; /* an answer that is owed */
    int64_t next, credit;
    int64_t gap_at, restart_at, last; /* 0: never */
    bool refuse_follow;
    atomic_int follows, stops;
};

static void send_frames(struct peer *s, zmq_msg_t *id, const char *const f[],
                        int n)
{
    zmq_msg_t to;

    (void)zmq_msg_init(&to);
    (void)zmq_msg_copy(&to, id);
    (void)zmq_msg_send(&to, s->sock, ZMQ_SNDMORE);
    for (int i = 0; i < n; i++)
        (void)zmq_send(s->sock, f[i], strlen(f[i]),
                       i + 1 < n ? ZMQ_SNDMORE : 0);
}

static void answer(struct peer *s, zmq_msg_t *id, const char *type,
                   const char *request, const char *body)
{
    send_frames(s, id, (const char *const[]){"DKT1", type, request, body}, 4);
}

static void bind_again(struct peer *s)
{
    const int zero = 0;

    if (s->sock != NULL)
        (void)zmq_close(s->sock);
    s->sock = zmq_socket(s->ctx, ZMQ_ROUTER);
    (void)zmq_setsockopt(s->sock, ZMQ_LINGER, &zero, sizeof(zero));
    while (zmq_bind(s->sock, s->endpoint) != 0)
        continue; /* the old one still goes */
}

static void on_follow(struct peer *s, zmq_msg_t *id, const char *request,
                      const cJSON *body)
{
    char text[64];

    atomic_fetch_add(&s->follows, 1);
    if (s->refuse_follow) {
        struct dk_problem p;
        struct dk_jw w = {0};

        dk_fail(&p, DK_EFIELD, "/from", "no", "不");
        dk_problem_write(&w, &p);
        answer(s, id, "problem", request, w.buf);
        dk_jw_fini(&w);
        return;
    }
    (void)zmq_msg_copy(&s->id, id);
    (void)snprintf(s->request, sizeof(s->request), "%.64s", request);
    s->next = (int64_t)cJSON_GetObjectItem(body, "from")->valuedouble;
    s->credit = (int64_t)cJSON_GetObjectItem(body, "credit")->valuedouble;
    (void)snprintf(text, sizeof(text), "{\"next\":\"%lld\"}",
                   (long long)s->next);
    answer(s, id, "ok", request, text);
}

static void push_events(struct peer *s)
{
    while (s->credit > 0 && s->next <= s->last) {
        char text[64];

        if (s->next == s->gap_at) { /* once */
            s->gap_at = 0;
            s->next++;
        }
        if (s->next == s->restart_at) {
            s->restart_at = 0;
            s->credit = 0;
            bind_again(s);
            return;
        }
        (void)snprintf(text, sizeof(text), "{\"seq\":\"%lld\"}",
                       (long long)s->next++);
        answer(s, &s->id, "event", s->request, text);
        s->credit--;
    }
}

static void on_odd(struct peer *s, zmq_msg_t *id, const char *type,
                   const char *request)
{
    if (strcmp(type, "odd.json") == 0) {
        answer(s, id, "ok", request, "{\"a\":1,\"a\":2}");
    } else if (strcmp(type, "odd.frames") == 0) {
        send_frames(s, id,
                    (const char *const[]){"DKT1", "ok", request, "{}", ""}, 5);
        answer(s, id, "ok", request, "{\"after\":1}");
    } else if (strcmp(type, "odd.large") == 0) {
        char *body = calloc(1, 200001);

        memset(body, ' ', 200000);
        body[0] = '{';
        body[199999] = '}';
        answer(s, id, "ok", request, body);
        free(body);
    }
}

static void on_message(struct peer *s, zmq_msg_t *id, const char *type,
                       const char *request, const char *body)
{
    cJSON *o = cJSON_Parse(body);

    if (s->held[0] != '\0') { /* what was owed comes late, and first */
        answer(s, id, "ok", s->held, "{\"late\":true}");
        s->held[0] = '\0';
    }
    if (strcmp(type, "echo") == 0) {
        answer(s, id, "ok", request, body);
    } else if (strcmp(type, "others") == 0) {
        for (int i = 0; i < 3; i++) {
            const char *const name[] = {"one", "two", "three"};

            answer(s, id, "ok", name[i], "{}");
        }
        answer(s, id, "ok", request, "{\"mine\":1}");
    } else if (strcmp(type, "mute") == 0) {
        (void)snprintf(s->held, sizeof(s->held), "%.64s", request);
    } else if (strcmp(type, "busy") == 0) {
        struct dk_problem p;
        struct dk_jw w = {0};

        dk_fail(&p, DK_EBUSY, "/x", "later", "稍后");
        dk_problem_write(&w, &p);
        answer(s, id, "problem", request, w.buf);
        dk_jw_fini(&w);
    } else if (strcmp(type, "events.follow") == 0) {
        on_follow(s, id, request, o);
    } else if (strcmp(type, "events.credit") == 0 &&
               strcmp(request, s->request) == 0) {
        s->credit += cJSON_GetObjectItem(o, "credit")->valueint;
    } else if (strcmp(type, "events.stop") == 0) {
        atomic_fetch_add(&s->stops, 1);
    } else {
        on_odd(s, id, type, request);
    }
    cJSON_Delete(o);
}

static void *serve(void *arg)
{
    struct peer *s = arg;

    for (;;) {
        zmq_pollitem_t items[2] = {{s->sock, 0, ZMQ_POLLIN, 0},
                                   {NULL, s->stop[0], ZMQ_POLLIN, 0}};
        char f[4][1 << 12]; /* what our client sends is shorter */
        zmq_msg_t id;

        if (zmq_poll(items, 2, -1) < 0)
            continue;
        if (items[1].revents != 0)
            break;
        (void)zmq_msg_init(&id);
        (void)zmq_msg_recv(&id, s->sock, 0);
        for (int i = 0; i < 4; i++) {
            int n = zmq_recv(s->sock, f[i], sizeof(f[i]) - 1, 0);

            f[i][n] = '\0';
        }
        on_message(s, &id, f[1], f[2], f[3]);
        (void)zmq_msg_close(&id);
        push_events(s);
    }
    (void)zmq_close(s->sock);
    return NULL;
}

static int peer_start(void **state)
{
    struct peer *s = calloc(1, sizeof(*s));

    assert_non_null(s);
    folder_make(s->folder, sizeof(s->folder), "docket-client");
    (void)snprintf(s->endpoint, sizeof(s->endpoint), "ipc://%s/s", s->folder);
    assert_int_equal(pipe(s->stop), 0);
    s->ctx = zmq_ctx_new();
    (void)zmq_msg_init(&s->id);
    bind_again(s);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
    *state = s;
    return 0;
}

static int peer_finish(void **state)
{
    struct peer *s = *state;
    char path[96];

    assert_int_equal(write(s->stop[1], "x", 1), 1);
    (void)pthread_join(s->thread, NULL);
    (void)zmq_msg_close(&s->id);
    (void)zmq_ctx_term(s->ctx);
    (void)close(s->stop[0]);
    (void)close(s->stop[1]);
    (void)snprintf(path, sizeof(path), "%s/s", s->folder);
    (void)unlink(path);
    (void)rmdir(s->folder);
    free(s);
    return 0;
}

#endif /* DK_CLIENT_PEER_H */
