/* store_pg_args.c - parameters, arrays of them, and columns of rows.
 *
 * Everything is in the binary format: integers are eight bytes, most
 * significant first, whatever their column; texts and bytes are as they are.
 */
#include <limits.h>

#include "store_pg.h"

#define OID_BYTEA 17
#define OID_INT8  20
#define OID_TEXT  25
#define HEAD      20 /* bytes before the elements of an array */

static void put32(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> (24 - 8 * i));
}

static void put64(unsigned char *p, int64_t v)
{
    put32(p, (uint32_t)((uint64_t)v >> 32));
    put32(p + 4, (uint32_t)v);
}

/* ---- parameters --------------------------------------------------------- */

struct pg_args pg_args(struct pg *s)
{
    struct pg_args a;

    a.s = s;
    a.n = 0;
    a.oom = false;
    return a;
}

static void put(struct pg_args *a, Oid type, const void *v, size_t n)
{
    int i = a->n++;

    if (i >= PG_ARGS || n > INT_MAX) {
        a->oom = true;
        a->n = 0;
        return;
    }
    a->type[i] = type;
    a->v[i] = v;
    a->len[i] = (int)n;
    a->format[i] = 1;
}

void pg_int(struct pg_args *a, int64_t v)
{
    unsigned char *p = a->num[a->n < PG_ARGS ? a->n : 0];

    put64(p, v);
    put(a, OID_INT8, p, 8);
}

void pg_when(struct pg_args *a, dk_ms t)
{
    if (t == DK_NEVER)
        put(a, OID_INT8, NULL, 0);
    else
        pg_int(a, t);
}

void pg_str(struct pg_args *a, const char *v)
{
    put(a, OID_TEXT, v, v != NULL ? strlen(v) : 0);
}

void pg_strn(struct pg_args *a, const char *v, size_t n)
{
    put(a, OID_TEXT, v, n);
}

void pg_bytes(struct pg_args *a, const void *v, size_t n)
{
    put(a, OID_BYTEA, n != 0 ? v : "", n);
}

/* The type of an array of such elements. */
static Oid array_of(unsigned elem)
{
    return elem == OID_INT8 ? 1016 : elem == OID_TEXT ? 1009 : 1001;
}

void pg_arr(struct pg_args *a, struct pg_array *v)
{
    if (v->oom) {
        a->oom = true;
        return;
    }
    put32(v->buf, v->n > 0 ? 1 : 0);
    put32(v->buf + 4, v->nulls);
    put32(v->buf + 8, v->elem);
    put32(v->buf + 12, (uint32_t)v->n);
    put32(v->buf + 16, 1);
    put(a, array_of(v->elem), v->buf, v->n > 0 ? v->len : 12);
}

void pg_args_cols(struct pg_args *a, int n)
{
    for (int i = 0; i < n; i++)
        pg_arr(a, &a->s->col[i]);
}

/* ---- arrays ------------------------------------------------------------- */

/* Room for n bytes more; NULL: there is none. */
static unsigned char *room(struct pg_array *v, size_t n)
{
    if (v->len + n > v->cap) {
        size_t cap = v->cap < 256 ? 256 : v->cap;

        while (cap < v->len + n)
            cap *= 2;
        unsigned char *buf = realloc(v->buf, cap);
        if (buf == NULL) {
            v->oom = true;
            return NULL;
        }
        v->buf = buf;
        v->cap = cap;
    }
    v->len += n;
    return v->buf + v->len - n;
}

void pg_cols(struct pg *s, const char *types)
{
    for (int i = 0; types[i] != '\0' && i < PG_ARGS; i++) {
        struct pg_array *v = &s->col[i];

        v->elem = types[i] == 'i'   ? OID_INT8
                  : types[i] == 't' ? OID_TEXT
                                    : OID_BYTEA;
        v->len = 0;
        v->n = 0;
        v->nulls = v->oom = false;
        (void)room(v, HEAD);
    }
}

static void add(struct pg_array *v, const void *x, size_t n)
{
    unsigned char *p = v->oom || n > INT_MAX ? NULL : room(v, 4 + n);

    if (p == NULL) {
        v->oom = true;
        return;
    }
    put32(p, (uint32_t)n);
    if (n != 0)
        memcpy(p + 4, x, n);
    v->n++;
}

static void add_null(struct pg_array *v)
{
    unsigned char *p = v->oom ? NULL : room(v, 4);

    if (p == NULL)
        return;
    put32(p, UINT32_MAX);
    v->nulls = true;
    v->n++;
}

void pg_add_int(struct pg_array *v, int64_t x)
{
    unsigned char b[8];

    put64(b, x);
    add(v, b, sizeof b);
}

void pg_add_when(struct pg_array *v, dk_ms t)
{
    if (t == DK_NEVER)
        add_null(v);
    else
        pg_add_int(v, t);
}

void pg_add_str(struct pg_array *v, const char *x)
{
    if (x == NULL)
        add_null(v);
    else
        add(v, x, strlen(x));
}

void pg_add_bytes(struct pg_array *v, const void *x, size_t n)
{
    add(v, x, n);
}

/* ---- columns ------------------------------------------------------------ */

bool pg_col_null(const struct pg_row *r, int i)
{
    return PQgetisnull(r->res, r->at, i) != 0;
}

int64_t pg_col_int(const struct pg_row *r, int i)
{
    const unsigned char *p;
    uint64_t v = 0;

    if (pg_col_null(r, i))
        return 0;
    p = (const unsigned char *)PQgetvalue(r->res, r->at, i);
    for (int k = 0; k < PQgetlength(r->res, r->at, i); k++)
        v = v << 8 | p[k];
    return (int64_t)v;
}

dk_ms pg_col_when(const struct pg_row *r, int i)
{
    return pg_col_null(r, i) ? DK_NEVER : pg_col_int(r, i);
}

const char *pg_col_text(const struct pg_row *r, int i)
{
    return pg_col_null(r, i) ? NULL : PQgetvalue(r->res, r->at, i);
}

size_t pg_col_len(const struct pg_row *r, int i)
{
    return (size_t)PQgetlength(r->res, r->at, i);
}

bool pg_col_bytes(const struct pg_row *r, int i, void *out, size_t n)
{
    if (pg_col_null(r, i) || pg_col_len(r, i) != n)
        return false;
    memcpy(out, PQgetvalue(r->res, r->at, i), n);
    return true;
}

int pg_each(struct pg *s, int rc, PGresult *res, pg_row_fn fn, void *arg)
{
    int n = rc == 0 ? PQntuples(res) : 0;

    for (int i = 0; rc == 0 && i < n; i++) {
        struct pg_row r = {res, i};

        rc = fn(s, &r, arg);
    }
    PQclear(res);
    return rc < 0 ? rc : 0;
}
