#include "daemon/loads.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/batch.h"

static struct map_key name_key(const char *unit, const char *handler)
{
    struct map_key k;
    crypto_generichash_state st;

    crypto_generichash_init(&st, NULL, 0, sizeof(k.b));
    crypto_generichash_update(&st, (const unsigned char *)unit,
                              strlen(unit) + 1);
    crypto_generichash_update(&st, (const unsigned char *)handler,
                              strlen(handler));
    crypto_generichash_final(&st, k.b, sizeof(k.b));
    return k;
}

void loads_init(struct loads *l, uint64_t seed)
{
    memset(l, 0, sizeof(*l));
    map_init(&l->by_name, seed);
}

static void forget(struct loads *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->row[i]);
    l->n = 0;
    map_clear(&l->by_name);
}

void loads_fini(struct loads *l)
{
    forget(l);
    free(l->row);
    map_fini(&l->by_name);
    memset(l, 0, sizeof(*l));
}

static struct load_row *find(struct loads *l, const char *unit,
                             const char *handler)
{
    struct map_key k = name_key(unit, handler);
    uintptr_t v;

    return map_get(&l->by_name, &k, &v) ? l->row[v] : NULL;
}

static struct load_row *make(struct loads *l, const char *unit,
                             const char *handler)
{
    struct map_key k = name_key(unit, handler);

    if (vec_grow(&l->row, &l->cap, l->n + 1) != DK_OK)
        return NULL;
    struct load_row *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return NULL;
    if (map_put(&l->by_name, &k, (uintptr_t)l->n) != DK_OK) {
        free(r);
        return NULL;
    }
    strncpy(r->unit, unit, DK_ID_MAX);
    strncpy(r->handler, handler, DK_ID_MAX);
    l->row[l->n++] = r;
    return r;
}

int loads_add(struct loads *l, const char *unit, const char *handler,
              int64_t change)
{
    struct load_row *r = find(l, unit, handler);

    if (r == NULL)
        r = make(l, unit, handler);
    if (r == NULL)
        return DK_ENOMEM;
    r->open += change;
    r->touched = true;
    return DK_OK;
}

int64_t loads_get(void *arg, const char *unit, const char *handler)
{
    const struct load_row *r = find(arg, unit, handler);

    return r == NULL ? 0 : r->open;
}

static int on_load(void *arg, const struct store_load *row)
{
    return loads_add(arg, row->unit, row->handler, row->open);
}

int loads_reload(struct loads *l, struct store *st)
{
    forget(l);
    int rc = store_loads(st, on_load, l);
    loads_clean(l);
    return rc;
}

void loads_clean(struct loads *l)
{
    for (size_t i = 0; i < l->n; i++)
        l->row[i]->touched = false;
}
