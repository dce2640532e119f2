#include "daemon/kept.h"

#include <stdlib.h>
#include <string.h>

struct kept_case {
    struct dk_case *c; /* packed */
    size_t bytes;
    struct kept_case *newer, *older;
};

void kept_init(struct kept_cases *k, size_t most, uint64_t seed)
{
    *k = (struct kept_cases){.most = most};
    map_init(&k->by_key, seed);
}

static void link_newest(struct kept_cases *k, struct kept_case *e)
{
    e->newer = NULL;
    e->older = k->newest;
    if (k->newest != NULL)
        k->newest->newer = e;
    else
        k->oldest = e;
    k->newest = e;
}

static void unlink_it(struct kept_cases *k, struct kept_case *e)
{
    if (e->newer != NULL)
        e->newer->older = e->older;
    else
        k->newest = e->older;
    if (e->older != NULL)
        e->older->newer = e->newer;
    else
        k->oldest = e->newer;
}

static struct kept_case *find(const struct kept_cases *k, int64_t key)
{
    struct map_key mk = map_int_key(key);
    uintptr_t v;

    return map_get(&k->by_key, &mk, &v) ? (struct kept_case *)v : NULL;
}

/* Out of the list and the map; the case is the caller's. */
static struct dk_case *remove_it(struct kept_cases *k, struct kept_case *e)
{
    struct dk_case *c = e->c;
    struct map_key mk = map_int_key(c->key);

    map_del(&k->by_key, &mk);
    unlink_it(k, e);
    k->bytes -= e->bytes;
    free(e);
    return c;
}

void kept_clear(struct kept_cases *k)
{
    while (k->oldest != NULL)
        dk_case_free(remove_it(k, k->oldest));
    map_clear(&k->by_key);
}

void kept_fini(struct kept_cases *k)
{
    kept_clear(k);
    map_fini(&k->by_key);
}

struct dk_case *kept_take(struct kept_cases *k, int64_t key)
{
    struct kept_case *e = find(k, key);

    return e != NULL ? dk_case_unpack(remove_it(k, e)) : NULL;
}

const struct dk_case *kept_look(struct kept_cases *k, int64_t key)
{
    struct kept_case *e = find(k, key);

    if (e == NULL)
        return NULL;
    unlink_it(k, e);
    link_newest(k, e);
    return e->c;
}

void kept_put(struct kept_cases *k, struct dk_case *c)
{
    if (c == NULL || k->most == 0) {
        dk_case_free(c);
        return;
    }
    struct kept_case *e = find(k, c->key);
    if (e != NULL)
        dk_case_free(remove_it(k, e));
    struct map_key mk = map_int_key(c->key);
    size_t bytes = sizeof(*e);

    e = malloc(sizeof(*e));
    if (e != NULL)
        e->c = dk_case_pack(c, &bytes);
    if (e == NULL || e->c == NULL ||
        map_put(&k->by_key, &mk, (uintptr_t)e) != DK_OK) {
        dk_case_free(e != NULL && e->c != NULL ? e->c : c);
        free(e);
        return;
    }
    e->bytes = bytes;
    k->bytes += bytes;
    link_newest(k, e);
    while (k->bytes > k->most)
        dk_case_free(remove_it(k, k->oldest));
}
