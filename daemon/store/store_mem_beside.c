/* store_mem_beside.c - the units that handle a case beside the one in charge.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_mem.h"

int mem_cmp_beside(const void *a, const void *b)
{
    const struct mem_beside *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return strcmp(x->unit, y->unit);
}

static int drop_rows(struct mem *m, int64_t key)
{
    const struct mem_rows *r = &m->t[MEM_BESIDE];
    struct mem_beside probe = {.key = key};
    int rc = 0;

    while (rc == 0) {
        size_t i = mem_lower(m, MEM_BESIDE, &probe);

        if (i == r->n || ((const struct mem_beside *)r->v[i])->key != key)
            break;
        struct mem_beside gone = *(const struct mem_beside *)r->v[i];
        rc = mem_del(m, MEM_BESIDE, &gone);
    }
    return rc;
}

int mem_put_beside(struct mem *m, const struct dk_case *c)
{
    int rc = drop_rows(m, c->key);

    for (int i = 0; rc == 0 && i < c->n_co; i++) {
        struct row_beside row = store_row_beside(c, i);
        struct mem_beside *b = calloc(1, sizeof *b);

        if (b == NULL)
            return DK_ENOMEM;
        b->key = row.key;
        b->open = row.open != 0;
        (void)snprintf(b->unit, sizeof b->unit, "%s", row.unit);
        (void)snprintf(b->handler, sizeof b->handler, "%s", row.handler);
        rc = mem_put(m, MEM_BESIDE, b);
    }
    return rc;
}

bool mem_is_beside(const struct mem *m, int64_t key, const char *unit,
                   const char *handler)
{
    const struct mem_rows *r = &m->t[MEM_BESIDE];
    struct mem_beside probe = {.key = key};

    for (size_t i = mem_lower(m, MEM_BESIDE, &probe); i < r->n; i++) {
        const struct mem_beside *b = r->v[i];

        if (b->key != key)
            break;
        if ((unit == NULL || strcmp(unit, b->unit) == 0) &&
            (handler == NULL || strcmp(handler, b->handler) == 0))
            return true;
    }
    return false;
}

int mem_beside_rows(struct store *st, int64_t key, row_beside_fn fn, void *arg)
{
    const struct mem *m = (const struct mem *)st;
    const struct mem_rows *r = &m->t[MEM_BESIDE];
    struct mem_beside probe = {.key = key};
    int rc = 0;

    for (size_t i = mem_lower(m, MEM_BESIDE, &probe); rc == 0 && i < r->n;
         i++) {
        const struct mem_beside *b = r->v[i];
        struct row_beside row = {key, b->unit, b->handler, b->open};

        if (b->key != key)
            break;
        rc = fn(arg, &row);
    }
    return rc < 0 ? rc : 0;
}
