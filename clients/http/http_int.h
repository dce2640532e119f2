/* http_int.h - what the server's files share. */
#ifndef DK_HTTP_INT_H
#define DK_HTTP_INT_H

#include "http.h"

struct event;
struct evhttp;
struct evhttp_connection;
struct evconnlistener;
struct bufferevent;
struct conn;

struct http {
    struct event_base *base;
    struct evhttp *evhttp;
    struct evconnlistener *listener;
    struct event *sweep;
    struct http_options o;
    struct conn *conn;
    int n_conn, port;
    bool full; /* the listener rests */
};

/* A request has come, or its answer goes: the deadline begins anew. */
void http_more_time(struct http *h, struct evhttp_connection *of);

/* As http_problem(), for what only HTTP knows. */
void http_status_problem(struct http_ask *a, int status, const char *en,
                         const char *zh);

/* Listen on `where` and learn the port (0: a local socket). */
int http_bind(struct http *h, const char *where, struct dk_problem *p);

struct bufferevent *http_tls_conn(struct http_tls *t, struct event_base *base);

/* The headers of every answer. */
void http_always(struct http_ask *a);

/* The peer of an ask has gone. */
void http_ask_gone(struct evhttp_connection *c, void *ask);

void http_file_answer(struct http_ask *a, const struct http_file *f);

#endif /* DK_HTTP_INT_H */
