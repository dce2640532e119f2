#include "http.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "http_int.h"

#define HEADERS_MAX 8192

/* ---- connections ---------------------------------------------------------
 *
 * evhttp tells nobody when a connection ends.  But each has a bufferevent that
 * we make, and hold as well: when evhttp has let go of it, it has no callbacks
 * any more.  That is looked for four times a second while there are any; the
 * peer does not wait for it, for evhttp shuts its end down at once.
 */
#define SWEEP_MS 250

struct conn {
    struct bufferevent *bev;
    dk_ms by; /* monotonic */
    struct conn *next;
};

static dk_ms now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (dk_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool let_go(const struct conn *c)
{
    bufferevent_data_cb reads, writes;
    bufferevent_event_cb events;
    void *arg;

    bufferevent_getcb(c->bev, &reads, &writes, &events, &arg);
    return reads == NULL && writes == NULL && events == NULL;
}

static void sweep_later(struct http *h)
{
    const struct timeval t = {.tv_usec = SWEEP_MS * 1000L};

    if (h->n_conn > 0)
        event_add(h->sweep, &t);
}

/* `all`: evhttp is gone. */
static void sweep(struct http *h, bool all)
{
    struct conn **at = &h->conn;
    dk_ms now = now_ms();

    while (*at != NULL) {
        struct conn *c = *at;

        if (all || let_go(c)) {
            *at = c->next;
            bufferevent_decref(c->bev); /* closes the descriptor */
            free(c);
            h->n_conn--;
            continue;
        }
        /* Whoever drips bytes holds nothing for ever. */
        if (c->by <= now)
            shutdown(bufferevent_getfd(c->bev), SHUT_RDWR);
        at = &c->next;
    }
    if (!all && h->full && h->n_conn < 2 * h->o.connections) {
        h->full = false;
        evconnlistener_enable(h->listener);
    }
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
    struct http *h = arg;

    (void)fd;
    (void)what;
    sweep(h, false);
    sweep_later(h);
}

/* Full: whoever has said nothing for the longest time goes, so that a heap of
 * silent connections keeps nobody out.
 */
static void make_room(struct http *h)
{
    struct conn *idle = h->conn;

    for (struct conn *c = h->conn; c != NULL; c = c->next)
        if (c->by < idle->by)
            idle = c;
    if (h->n_conn > h->o.connections) {
        shutdown(bufferevent_getfd(idle->bev), SHUT_RDWR);
        idle->by = DK_NEVER; /* it has been told */
    }
    if (h->n_conn >= 2 * h->o.connections) {
        h->full = true;
        evconnlistener_disable(h->listener);
    }
}

static struct bufferevent *conn_new(struct event_base *base, void *arg)
{
    struct http *h = arg;
    struct conn *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return NULL; /* evhttp makes its own, of which we never hear */
    c->bev = h->o.tls != NULL
                 ? http_tls_conn(h->o.tls, base)
                 : bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (c->bev == NULL) {
        free(c);
        return NULL;
    }
    bufferevent_incref(c->bev);
    if (h->n_conn >= h->o.connections)
        sweep(h, false); /* who has gone needs no room */
    c->by = now_ms() + h->o.total_s * 1000LL;
    c->next = h->conn;
    h->conn = c;
    h->n_conn++;
    make_room(h);
    if (!evtimer_pending(h->sweep, NULL))
        sweep_later(h);
    return c->bev;
}

void http_more_time(struct http *h, struct evhttp_connection *of)
{
    struct bufferevent *bev = evhttp_connection_get_bufferevent(of);

    for (struct conn *c = h->conn; c != NULL; c = c->next)
        if (c->bev == bev)
            c->by = now_ms() + h->o.total_s * 1000LL;
}

/* ---- requests -------------------------------------------------------------
 */

void http_ask_gone(struct evhttp_connection *c, void *ask)
{
    struct http_ask *a = ask;

    (void)c;
    /* Of a connection that breaks before the answer, evhttp lets go of the
     * request, and nobody frees it but us; else it frees it itself.
     */
    if (evhttp_request_get_connection(a->req) == NULL)
        evhttp_request_free(a->req);
    a->req = NULL;
    if (a->on_gone != NULL)
        a->on_gone(a);
}

static const char *header(struct evhttp_request *r, const char *name)
{
    const char *v =
        evhttp_find_header(evhttp_request_get_input_headers(r), name);

    return v != NULL ? v : "";
}

/* A page of somebody else, in the same browser, under a name that leads here,
 * would be of our origin.
 */
static bool host_is_ours(const struct http *h, struct evhttp_request *r)
{
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    const char *host = header(r, "Host");

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char want[32];

        if (h->port == 0) /* a socket of this machine */
            snprintf(want, sizeof(want), "%s", names[i]);
        else
            snprintf(want, sizeof(want), "%s:%d", names[i], h->port);
        if (strcasecmp(host, want) == 0)
            return true;
    }
    for (size_t i = 0; h->o.hosts != NULL && h->o.hosts[i] != NULL; i++) {
        size_t n = strlen(h->o.hosts[i]);

        if (strncasecmp(host, h->o.hosts[i], n) == 0 &&
            (host[n] == '\0' || host[n] == ':'))
            return true;
    }
    return false;
}

static bool sent_by_our_page(struct evhttp_request *r)
{
    const char *site = header(r, "Sec-Fetch-Site");

    return strncasecmp(header(r, "Content-Type"), "application/json", 16) ==
               0 &&
           (header(r, "X-Docket")[0] != '\0' ||
            header(r, "X-CSRF-Token")[0] != '\0') &&
           (site[0] == '\0' || strcasecmp(site, "same-origin") == 0);
}

static bool route_fits(const struct http_route *r, const char *path,
                       const char **tail)
{
    size_t n = strlen(r->path);

    if (r->path[n - 1] == '/' && strncmp(r->path, path, n) == 0 &&
        path[n] != '\0') {
        *tail = path + n;
        return true;
    }
    *tail = "";
    return strcmp(r->path, path) == 0;
}

static const struct http_route *find_route(const struct http *h,
                                           struct http_ask *a,
                                           const char *method, bool *other)
{
    *other = false;
    for (size_t i = 0; i < h->o.n_route; i++) {
        const struct http_route *r = &h->o.route[i];

        if (!route_fits(r, a->path, &a->tail))
            continue;
        if (strcmp(r->method, method) == 0)
            return r;
        *other = true;
    }
    return NULL;
}

static void refuse(struct http_ask *a, int code, const char *en, const char *zh)
{
    struct dk_problem p = {0};

    dk_fail(&p, code, NULL, en, zh);
    http_problem(a, &p);
}

static void dispatch(struct http *h, struct http_ask *a)
{
    struct evhttp_request *req = a->req;
    bool post = evhttp_request_get_command(req) == EVHTTP_REQ_POST;
    const struct http_file *file;
    bool other;
    const struct http_route *r =
        find_route(h, a, post ? "POST" : "GET", &other);

    if (!host_is_ours(h, req)) {
        refuse(a, DK_EFORBIDDEN, "this server answers to its own address only",
               "本服务只应答自身地址");
    } else if (r != NULL && post && !sent_by_our_page(req)) {
        refuse(a, DK_EFORBIDDEN,
               "send JSON (Content-Type: application/json) with the header "
               "X-Docket",
               "请以 JSON 发送（Content-Type: application/json），并带 "
               "X-Docket 头");
    } else if (r != NULL) {
        r->fn(h->o.arg, a);
    } else if (other || post) {
        evhttp_add_header(evhttp_request_get_output_headers(req), "Allow",
                          other && !post ? "POST" : "GET, HEAD");
        http_status_problem(a, 405, "another method is for this path",
                            "此路径请使用其他方法");
    } else {
        file = h->o.files != NULL ? http_files_find(h->o.files, a->path) : NULL;
        if (file != NULL)
            http_file_answer(a, file);
        else
            refuse(a, DK_ENOTFOUND, NULL, NULL);
    }
}

static bool split_path(struct evhttp_request *req, char **out)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
    const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;
    size_t n = 0;

    *out = path != NULL ? evhttp_uridecode(path, 0, &n) : NULL;
    return *out != NULL && strlen(*out) == n && (*out)[0] == '/';
}

static void on_request(struct evhttp_request *req, void *arg)
{
    struct http *h = arg;
    struct evbuffer *in = evhttp_request_get_input_buffer(req);
    struct evhttp_connection *c = evhttp_request_get_connection(req);
    struct http_ask *a = calloc(1, sizeof(*a));
    char *path = NULL;

    if (a == NULL) {
        evhttp_send_error(req, HTTP_SERVUNAVAIL, NULL);
        return;
    }
    http_more_time(h, c);
    a->http = h;
    a->req = req;
    a->path = a->tail = a->query = "";
    a->len = evbuffer_get_length(in);
    a->body = "";
    if (evbuffer_add(in, "", 1) == 0)
        a->body = (const char *)evbuffer_pullup(in, -1);
    evhttp_connection_set_closecb(c, http_ask_gone, a);
    if (a->body == NULL) {
        http_status_problem(a, 503, "out of memory", "内存不足");
    } else if (!split_path(req, &path)) {
        http_status_problem(a, 400, "the path cannot be read",
                            "请求路径无法识别");
    } else {
        const char *query =
            evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req));

        a->path = path;
        if (query != NULL)
            a->query = query;
        dispatch(h, a); /* borrows both only until it returns */
    }
    free(path);
}

/* ---- opening --------------------------------------------------------------
 */

int http_open(struct event_base *base, const char *where,
              const struct http_options *o, struct http **out,
              struct dk_problem *p)
{
    struct http *h = calloc(1, sizeof(*h));
    int rc;

    *out = NULL;
    if (h == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    h->base = base;
    h->o = *o;
    h->evhttp = evhttp_new(base);
    h->sweep = evtimer_new(base, on_sweep, h);
    if (h->evhttp == NULL || h->sweep == NULL) {
        http_close(h);
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    }
    evhttp_set_timeout(h->evhttp, o->idle_s);
    evhttp_set_max_headers_size(h->evhttp, HEADERS_MAX);
    evhttp_set_max_body_size(h->evhttp, (ev_ssize_t)o->body_max);
    evhttp_set_allowed_methods(h->evhttp, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD |
                                              EVHTTP_REQ_POST);
    evhttp_set_default_content_type(h->evhttp, NULL);
    evhttp_set_bevcb(h->evhttp, conn_new, h);
    evhttp_set_gencb(h->evhttp, on_request, h);
    rc = http_bind(h, where, p);
    if (rc != 0) {
        http_close(h);
        return rc;
    }
    *out = h;
    return 0;
}

void http_close(struct http *h)
{
    if (h == NULL)
        return;
    if (h->evhttp != NULL)
        evhttp_free(h->evhttp);
    sweep(h, true);
    if (h->sweep != NULL)
        event_free(h->sweep);
    free(h);
}

int http_port(const struct http *h)
{
    return h->port;
}

int http_connections(const struct http *h)
{
    return h->n_conn;
}
