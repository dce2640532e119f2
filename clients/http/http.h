/* http.h - a small HTTP server for pages and their JSON, on libevent's evhttp.
 *
 * What evhttp lacks is here: a bound on connections, a deadline for a whole
 * request (its own time-out is of silence only: a byte every nine seconds
 * keeps it for ever), and the checks that keep other pages of a browser away
 * from ours: the Host header, and for POST a content type and a header that no
 * foreign page can send unasked.
 *
 * One thread, one loop.  Every request is an `http_ask` that is answered
 * exactly once, at once or later: an answer to a peer that has gone is dropped.
 */
#ifndef DK_HTTP_H
#define DK_HTTP_H

#include <stdbool.h>

#include "proto/jsonw.h"
#include "proto/problem.h"

struct event_base;
struct http;
struct http_tls;

struct http_ask {
    struct http *http;
    void *req; /* evhttp's; NULL once the peer has gone */
    /* These three are borrowed, and there until the route returns. */
    const char *path; /* decoded, without the query */
    const char *tail; /* what stands behind a route that ends in '/' */
    const char
        *query;       /* as it was sent, without its '?'; "" if there is none */
    const char *body; /* NUL-terminated; "" if there is none */
    size_t len;
    void *arg; /* for whoever answers later */
    /* The peer of a stream (below) has gone: end it.  NULL: nobody asks. */
    void (*on_gone)(struct http_ask *a);
    bool streams;
};

typedef void (*http_fn)(void *arg, struct http_ask *a);

struct http_route {
    const char *method; /* "GET" (HEAD too) or "POST" */
    const char *path;   /* the whole path, or with a '/' at its end a prefix */
    http_fn fn;
};

struct http_options {
    const struct http_route *route; /* borrowed */
    size_t n_route;
    void *arg;                /* the routes' first argument */
    struct http_files *files; /* for every path without a route; borrowed */
    size_t body_max;          /* bytes of a request's body */
    int connections;          /* at once; of more the longest silent goes */
    int idle_s, total_s;      /* silence; a whole request with its answer */
    /* Other names in the Host header that are ours, NULL at the end; their
     * port does not count.  NULL: none.
     */
    const char *const *hosts;
    bool local_sockets;   /* "unix:/PATH" is an address, too */
    struct http_tls *tls; /* NULL: none; borrowed */
};

/* Listen on `where`: "127.0.0.1:8086", "[::1]:8086"; port 0: any.  Only this
 * machine's own addresses are accepted, but with TLS every one.  0, or
 * DK_EFIELD (it is no such address), DK_EFORBIDDEN (it cannot be had),
 * DK_ENOMEM; *p says it.
 */
int http_open(struct event_base *base, const char *where,
              const struct http_options *o, struct http **out,
              struct dk_problem *p);
/* Every ask that is not answered yet must be answered before. */
void http_close(struct http *h); /* NULL is allowed */

/* A certificate with its chain and its private key, PEM files.  DK_EFIELD. */
int http_tls_open(const char *certificate, const char *private_key,
                  struct http_tls **out, struct dk_problem *p);
void http_tls_close(struct http_tls *t); /* NULL is allowed */

int http_port(const struct http *h);
int http_connections(const struct http *h);

/* Each of these answers `a` and frees it. */
void http_json(struct http_ask *a, int status, struct dk_jw *w); /* empties w */
void http_problem(struct http_ask *a, const struct dk_problem *p);
void http_empty(struct http_ask *a, int status);
/* `type` is the content type; `data` is copied.  API answers are not stored by
 * the browser.
 */
void http_bytes(struct http_ask *a, int status, const char *type,
                const void *data, size_t n);
/* RFC 9457 with a type of one's own, urn:docket:problem:SLUG.  `retry_s` 0:
 * repeating does not help.
 */
void http_own_problem(struct http_ask *a, int status, const char *slug,
                      const char *en, const char *zh, int retry_s);

/* Before the answer.  The header of the request ("" if it is not there), one
 * more for the answer, and the peer's address ("": a peer without one).
 */
const char *http_header(const struct http_ask *a, const char *name);
void http_add(struct http_ask *a, const char *name, const char *value);
const char *http_peer(const struct http_ask *a);

/* An answer without an end known, of type text/event-stream: begun, gone on
 * with, and ended, which frees `a`.  http_stream_waits() is how many bytes the
 * peer has not taken yet: who writes sees to a bound.  When the peer has gone,
 * on_gone() is called; http_stream_end() is owed all the same.
 */
void http_stream_start(struct http_ask *a);
void http_stream_write(struct http_ask *a, const char *text, size_t n);
size_t http_stream_waits(const struct http_ask *a);
void http_stream_end(struct http_ask *a);

/* ---- files ----------------------------------------------------------------
 *
 * The files of a folder and of its folders, read once into memory: nothing on
 * the disk is reached by a path that a browser sends.
 */

/* DK_ENOTFOUND: no folder, or no index.html in it; DK_ETOOBIG: more than 128
 * files, or one of more than 8 MiB; DK_EIO, DK_ENOMEM.
 */
int http_files_open(const char *folder, struct http_files **out,
                    struct dk_problem *p);
void http_files_close(struct http_files *f); /* NULL is allowed */

struct http_file {
    char name[96];    /* "/index.html", "/lib/keyboard.js" */
    const char *type; /* content type */
    void *data, *gz;  /* gz: NULL where packing gains nothing */
    size_t n, n_gz;
    char etag[24]; /* with its quotes */
};

/* NULL: there is none.  "/" is "/index.html". */
const struct http_file *http_files_find(const struct http_files *f,
                                        const char *path);

#endif /* DK_HTTP_H */
