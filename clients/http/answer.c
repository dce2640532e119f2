#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_int.h"

/* Nothing from elsewhere, nothing inline, in nobody's frame. */
static const char *const always[][2] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; "
     "img-src 'self' data:; connect-src 'self'; font-src 'self'; "
     "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
};

static void add(struct http_ask *a, const char *name, const char *value)
{
    evhttp_add_header(evhttp_request_get_output_headers(a->req), name, value);
}

void http_always(struct http_ask *a)
{
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
        add(a, always[i][0], always[i][1]);
}

/* What evhttp does not do by itself for HEAD: say how long it would be. */
static void reply(struct http_ask *a, int status, struct evbuffer *out)
{
    struct evhttp_connection *c;
    char length[24];

    if (a->req == NULL) {
        free(a);
        return;
    }
    c = evhttp_request_get_connection(a->req);
    http_always(a);
    if (evhttp_request_get_command(a->req) == EVHTTP_REQ_HEAD && out != NULL) {
        snprintf(length, sizeof(length), "%zu", evbuffer_get_length(out));
        add(a, "Content-Length", length);
    }
    evhttp_connection_set_closecb(c, NULL, NULL);
    http_more_time(a->http, c);
    evhttp_send_reply(a->req, status, NULL, out);
    free(a);
}

static void answer(struct http_ask *a, int status, const char *type,
                   const char *cache, const void *data, size_t n)
{
    struct evbuffer *out = evbuffer_new();

    if (a->req != NULL) {
        if (type != NULL)
            add(a, "Content-Type", type);
        add(a, "Cache-Control", cache);
    }
    if (out == NULL || (n > 0 && evbuffer_add(out, data, n) != 0))
        status = 503;
    reply(a, status, out);
    if (out != NULL)
        evbuffer_free(out);
}

void http_bytes(struct http_ask *a, int status, const char *type,
                const void *data, size_t n)
{
    answer(a, status, type, "no-store", data, n);
}

void http_empty(struct http_ask *a, int status)
{
    answer(a, status, NULL, "no-store", NULL, 0);
}

void http_json(struct http_ask *a, int status, struct dk_jw *w)
{
    if (w->oom)
        http_status_problem(a, 503, "out of memory", "内存不足");
    else
        http_bytes(a, status, "application/json", w->buf, w->len);
    dk_jw_fini(w);
}

static void problem(struct http_ask *a, int status, const struct dk_problem *p)
{
    struct dk_jw w = {0};
    char wait[24];

    dk_problem_write(&w, p);
    if (a->req != NULL && p->retry_after_ms > 0) {
        snprintf(wait, sizeof(wait), "%lld",
                 (long long)(p->retry_after_ms + 999) / 1000);
        add(a, "Retry-After", wait);
    }
    if (w.oom)
        http_empty(a, 503);
    else
        http_bytes(a, status, "application/problem+json", w.buf, w.len);
    dk_jw_fini(&w);
}

void http_problem(struct http_ask *a, const struct dk_problem *p)
{
    problem(a, dk_err_status(p->code), p);
}

void http_own_problem(struct http_ask *a, int status, const char *slug,
                      const char *en, const char *zh, int retry_s)
{
    struct dk_jw w = {0};
    char text[80];

    snprintf(text, sizeof(text), "urn:docket:problem:%s", slug);
    dk_jw_obj(&w, NULL);
    dk_jw_str(&w, "type", text);
    dk_jw_str(&w, "title", en);
    dk_jw_int(&w, "status", status);
    dk_jw_str(&w, "detail", en);
    dk_jw_str(&w, "detail_zh", zh);
    if (retry_s > 0)
        dk_jw_int(&w, "retry_after_ms", retry_s * 1000LL);
    dk_jw_end_obj(&w);
    snprintf(text, sizeof(text), "%d", retry_s);
    if (a->req != NULL && retry_s > 0)
        add(a, "Retry-After", text);
    if (w.oom)
        http_empty(a, 503);
    else
        http_bytes(a, status, "application/problem+json", w.buf, w.len);
    dk_jw_fini(&w);
}

/* RFC 9457 for what has no slug of docket's. */
void http_status_problem(struct http_ask *a, int status, const char *en,
                         const char *zh)
{
    struct dk_jw w = {0};

    dk_jw_obj(&w, NULL);
    dk_jw_str(&w, "type", "about:blank");
    dk_jw_int(&w, "status", status);
    dk_jw_str(&w, "detail", en);
    dk_jw_str(&w, "detail_zh", zh);
    dk_jw_end_obj(&w);
    if (w.oom)
        http_empty(a, 503);
    else
        http_bytes(a, status, "application/problem+json", w.buf, w.len);
    dk_jw_fini(&w);
}

static bool takes_gzip(struct http_ask *a)
{
    const char *v = evhttp_find_header(evhttp_request_get_input_headers(a->req),
                                       "Accept-Encoding");

    return v != NULL && strstr(v, "gzip") != NULL;
}

void http_file_answer(struct http_ask *a, const struct http_file *f)
{
    const char *has = evhttp_find_header(
        evhttp_request_get_input_headers(a->req), "If-None-Match");

    add(a, "ETag", f->etag);
    add(a, "Vary", "Accept-Encoding");
    if (has != NULL && strstr(has, f->etag) != NULL) {
        answer(a, 304, NULL, "no-cache", NULL, 0);
        return;
    }
    if (f->gz != NULL && takes_gzip(a)) {
        add(a, "Content-Encoding", "gzip");
        answer(a, 200, f->type, "no-cache", f->gz, f->n_gz);
        return;
    }
    answer(a, 200, f->type, "no-cache", f->data, f->n);
}
