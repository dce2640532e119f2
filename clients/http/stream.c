/* stream.c - headers by name, and answers without an end known. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <stdlib.h>

#include "http_int.h"

#define SILENCE_S 60 /* so long a peer may take nothing */

const char *http_header(const struct http_ask *a, const char *name)
{
    const char *v = NULL;

    if (a->req != NULL)
        v = evhttp_find_header(evhttp_request_get_input_headers(a->req), name);
    return v != NULL ? v : "";
}

void http_add(struct http_ask *a, const char *name, const char *value)
{
    if (a->req != NULL)
        evhttp_add_header(evhttp_request_get_output_headers(a->req), name,
                          value);
}

const char *http_peer(const struct http_ask *a)
{
    char *address = NULL;
    ev_uint16_t port = 0;

    if (a->req != NULL)
        evhttp_connection_get_peer(evhttp_request_get_connection(a->req),
                                   &address, &port);
    return address != NULL ? address : "";
}

void http_stream_start(struct http_ask *a)
{
    struct evhttp_connection *c;

    if (a->req == NULL)
        return;
    a->streams = true;
    c = evhttp_request_get_connection(a->req);
    http_add(a, "Content-Type", "text/event-stream");
    http_add(a, "Cache-Control", "no-store");
    http_always(a);
    http_more_time(a->http, c);
    evhttp_connection_set_timeout(c, SILENCE_S);
    evhttp_send_reply_start(a->req, 200, NULL);
}

void http_stream_write(struct http_ask *a, const char *text, size_t n)
{
    struct evbuffer *out;

    if (a->req == NULL)
        return;
    out = evbuffer_new();
    if (out != NULL && evbuffer_add(out, text, n) == 0) {
        http_more_time(a->http, evhttp_request_get_connection(a->req));
        evhttp_send_reply_chunk(a->req, out);
    }
    if (out != NULL)
        evbuffer_free(out);
}

size_t http_stream_waits(const struct http_ask *a)
{
    if (a->req == NULL)
        return 0;
    return evbuffer_get_length(
        bufferevent_get_output(evhttp_connection_get_bufferevent(
            evhttp_request_get_connection(a->req))));
}

void http_stream_end(struct http_ask *a)
{
    if (a->req != NULL) {
        evhttp_connection_set_closecb(evhttp_request_get_connection(a->req),
                                      NULL, NULL);
        evhttp_send_reply_end(a->req);
    }
    free(a);
}
