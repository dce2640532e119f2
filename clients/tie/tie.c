#include "tie.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_MS 5000 /* for the connection, before an ask is given up */
#define RETRY_MS   20   /* between looks, while something waits to be sent */
#define LOOK_MS    500  /* between looks at what is due */
#define DRAIN      64   /* messages in one go */
#define RECV_HWM   256

struct asked {
    char *body; /* NULL: a free place */
    size_t len;
    char type[DK_TYPE_MAX + 1], request[DK_REQUEST_MAX + 1];
    char member[24], id[DK_REQUEST_MAX + 1];
    bool sent;
    dk_ms send_by, by; /* monotonic */
    tie_fn fn;
    void *arg;
};

struct tie {
    struct tie_with with;
    struct dk_client *client;
    struct event *readable, *kick;
    uint64_t made;
    struct asked asked[TIE_ASKS];
    bool busy; /* in a callback: closing waits for its end */
    bool closed;
};

static void kick_in(struct tie *t, int ms)
{
    const struct timeval in = {.tv_sec = ms / 1000,
                               .tv_usec = ms % 1000 * 1000L};

    event_add(t->kick, &in);
}

/* The place is free before the callback, which may ask again. */
static void finish(struct asked *q, const struct dk_reply *r,
                   const struct dk_problem *p)
{
    tie_fn fn = q->fn;
    void *arg = q->arg;

    free(q->body);
    *q = (struct asked){0};
    fn(arg, r, p);
}

static void finish_failed(struct asked *q, int code, const char *en,
                          const char *zh)
{
    struct dk_problem p = {0};

    dk_fail(&p, code, NULL, en, zh);
    if (p.retry_after_ms == 0)
        p.retry_after_ms = dk_err_retry_ms(code);
    finish(q, NULL, &p);
}

static void send_one(struct tie *t, struct asked *q)
{
    struct dk_problem p = {0};
    int rc;

    if (q->body == NULL || q->sent)
        return;
    rc = dk_client_send(t->client, q->type, q->request, q->body, q->len, NULL,
                        &p);
    q->sent = rc == 0;
    if (rc != 0 && rc != DK_EBUSY)
        finish(q, NULL, &p);
}

static struct asked *find(struct tie *t, const char *request)
{
    for (int i = 0; i < TIE_ASKS; i++)
        if (t->asked[i].body != NULL &&
            strcmp(t->asked[i].request, request) == 0)
            return &t->asked[i];
    return NULL;
}

static void take(struct tie *t, const struct dk_reply *r)
{
    struct asked *q = find(t, r->request);
    struct dk_problem p = {0};

    if (q == NULL) {
        if (t->with.on_push != NULL)
            t->with.on_push(t->with.arg, r);
        return;
    }
    if (strcmp(r->type, "ok") == 0) {
        if (q->member[0] == '\0' || dk_reply_names(r, q->member, q->id))
            finish(q, r, NULL);
        return; /* else parts of two answers: it times out */
    }
    dk_problem_read(r->json, &p);
    finish(q, NULL, &p);
}

/* True: there may be more. */
static bool drain(struct tie *t)
{
    struct dk_problem p = {0};
    struct dk_reply r;

    for (int i = 0; i < DRAIN && !t->closed; i++) {
        int rc = dk_client_recv(t->client, 0, &r, &p);

        if (rc == DK_ETIMEOUT)
            return false;
        if (rc == 0) {
            take(t, &r);
            dk_reply_free(&r);
        }
    }
    return true;
}

static void overdue(struct tie *t, struct asked *q, dk_ms now)
{
    if (q->body == NULL)
        return;
    if (!q->sent && q->send_by <= now && dk_client_refused(t->client))
        finish_failed(q, DK_EKEY,
                      "the broker does not know this key (any more)",
                      "服务器未登记该密钥，或已撤销");
    else if (!q->sent && q->send_by <= now)
        finish_failed(q, DK_EBUSY,
                      "the broker is not there now; nothing was sent to it",
                      "暂时无法连接后台服务，请求尚未送出");
    else if (q->sent && q->by <= now)
        finish_failed(q, DK_ETIMEOUT,
                      "the broker has not answered in time; ask again with "
                      "the same id",
                      "后台服务未及时答复；请用相同的编号重试");
}

static void tie_free(struct tie *t)
{
    t->busy = true; /* a callback that closes again finds it closed */
    for (int i = 0; i < TIE_ASKS; i++)
        if (t->asked[i].body != NULL)
            finish_failed(&t->asked[i], DK_ESHUTDOWN, NULL, NULL);
    if (t->readable != NULL)
        event_free(t->readable);
    if (t->kick != NULL)
        event_free(t->kick);
    dk_client_close(t->client);
    free(t);
}

static void pump(struct tie *t)
{
    bool more, unsent = false, any = false;
    dk_ms now = dk_client_now();

    t->busy = true;
    for (int i = 0; i < TIE_ASKS && !t->closed; i++)
        send_one(t, &t->asked[i]);
    more = drain(t);
    for (int i = 0; i < TIE_ASKS && !t->closed; i++) {
        overdue(t, &t->asked[i], now);
        any = any || t->asked[i].body != NULL;
        unsent = unsent || (t->asked[i].body != NULL && !t->asked[i].sent);
    }
    t->busy = false;
    if (t->closed)
        tie_free(t);
    else if (more)
        kick_in(t, 0);
    else if (any)
        kick_in(t, unsent ? RETRY_MS : LOOK_MS);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    pump(arg);
}

int tie_open(const struct tie_with *with, struct tie **out,
             struct dk_problem *p)
{
    const struct dk_client_options o = {
        .recv_hwm = RECV_HWM,
        .max_reply = DK_REPLY_MAX,
        .keys = with->keys,
        .context = with->zmq,
    };
    struct tie *t = calloc(1, sizeof(*t));

    *out = NULL;
    if (t == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    t->with = *with;
    t->with.keys = NULL; /* the client has its copy */
    t->client = dk_client_open(with->endpoint, &o, p);
    if (t->client == NULL) {
        tie_free(t);
        return p->code;
    }
    t->kick = evtimer_new(with->base, on_event, t);
    t->readable = event_new(with->base, dk_client_fd(t->client),
                            EV_READ | EV_PERSIST, on_event, t);
    if (t->kick == NULL || t->readable == NULL ||
        event_add(t->readable, NULL) != 0) {
        tie_free(t);
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    }
    *out = t;
    return 0;
}

void tie_close(struct tie *t)
{
    if (t == NULL)
        return;
    t->closed = true;
    if (!t->busy)
        tie_free(t);
}

static struct asked *place(struct tie *t)
{
    for (int i = 0; i < TIE_ASKS; i++)
        if (t->asked[i].body == NULL)
            return &t->asked[i];
    return NULL;
}

int tie_ask(struct tie *t, const struct tie_ask *ask, char *used,
            struct dk_problem *p)
{
    struct asked *q = place(t);
    dk_ms now = dk_client_now();

    if (q == NULL)
        return dk_fail(p, DK_ERATE, NULL,
                       "too many requests of this connection are unanswered",
                       "本连接尚未答复的请求过多");
    q->body = malloc(ask->len + 1);
    if (q->body == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    memcpy(q->body, ask->body, ask->len);
    q->body[ask->len] = '\0';
    q->len = ask->len;
    snprintf(q->type, sizeof(q->type), "%s", ask->type);
    snprintf(q->request, sizeof(q->request), "w%llu",
             (unsigned long long)++t->made);
    if (ask->member != NULL && ask->id != NULL) {
        snprintf(q->member, sizeof(q->member), "%s", ask->member);
        snprintf(q->id, sizeof(q->id), "%s", ask->id);
        /* Then parts of two messages are told apart (PROTOCOL.md, Frames). */
        if (strcmp(ask->member, "submission_id") == 0 && ask->id[0] != '\0')
            snprintf(q->request, sizeof(q->request), "%s", ask->id);
    }
    q->send_by = now + CONNECT_MS;
    q->by = now + ask->wait_ms;
    q->fn = ask->fn;
    q->arg = ask->arg;
    if (used != NULL)
        snprintf(used, DK_REQUEST_MAX + 1, "%s", q->request);
    if (!t->busy)
        kick_in(t, 0);
    return 0;
}

bool tie_tell(struct tie *t, const char *type, const char *request,
              const char *body)
{
    bool sent = dk_client_send(t->client, type, request, body, strlen(body),
                               NULL, NULL) == 0;

    if (!t->busy)
        kick_in(t, 0);
    return sent;
}

bool tie_refused(const struct tie *t)
{
    return dk_client_refused(t->client);
}
