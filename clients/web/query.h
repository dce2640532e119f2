/* query.h - what a browser sends beside a body: query strings and cookies.
 * Pure.
 */
#ifndef DK_WEB_QUERY_H
#define DK_WEB_QUERY_H

#include <stdbool.h>

#include "proto/jsonw.h"
#include "proto/problem.h"

#define QUERY_MAX   4096 /* bytes of a query string */
#define QUERY_PAIRS 24

enum query_kind {
    QUERY_TEXT,
    QUERY_BOOL, /* "true" or "false" */
    QUERY_INT,  /* 0 to 2^53 - 1 */
    QUERY_NAMES /* "a,b": an array of text */
};

struct query_param {
    const char *name; /* NULL ends the table; also the member's name */
    enum query_kind kind;
};

/* Write every pair of `query` ("a=b&c=d", percent-encoded; '+' is a space) as a
 * member into the open object of `w`.  An empty value counts as not given.
 * DK_EFIELD with the pointer "/name": a name that `known` does not have, one
 * that is there twice, a value that is not of its kind, not UTF-8, or has a
 * control character; DK_ETOOBIG: too long, or too many.
 */
int query_write(const char *query, const struct query_param *known,
                struct dk_jw *w, struct dk_problem *p);

/* The value of a name in a query string into buf, decoded; false: it is not
 * there, or is no text as above, or does not fit.
 */
bool query_get(const char *query, const char *name, char *buf, size_t cap);

/* The value of the cookie `name` in a Cookie header (RFC 6265) into buf; false:
 * it is not there, is there twice (which one would be ours?), or does not fit.
 */
bool cookie_get(const char *header, const char *name, char *buf, size_t cap);

#endif /* DK_WEB_QUERY_H */
