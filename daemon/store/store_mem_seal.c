/* store_mem_seal.c - personal data in memory: as the SQLite one keeps it. */
#include <stdlib.h>
#include <string.h>

#include "store_mem.h"

static int put_person(struct mem *m, const struct store_person *from)
{
    bool erase = from->seal == STORE_ERASED;
    struct mem_person probe = {.key = from->key};
    const struct mem_person *old = mem_find(m, MEM_PERSON, &probe);
    struct mem_person *p = NULL;

    if (erase && old == NULL)
        return 0;
    size_t len = erase ? old->len : from->len;
    p = calloc(1, sizeof *p);
    if (p == NULL)
        return DK_ENOMEM;
    p->key = from->key;
    p->seal = from->seal;
    p->len = len;
    p->data = calloc(1, len + 1);
    if (p->data != NULL && !erase && len != 0)
        memcpy(p->data, from->data, len);
    bool whole = p->data != NULL;
    int rc = mem_put(m, MEM_PERSON, p);
    return rc != 0 || !whole ? DK_ENOMEM : 0;
}

static int forget(struct mem *m, const struct dk_uuid *id)
{
    struct store_request probe = {.id = *id};
    const struct store_request *old = mem_find(m, MEM_REQUEST, &probe);
    struct store_request *r;

    if (old == NULL)
        return 0;
    r = malloc(sizeof *r);
    if (r == NULL)
        return DK_ENOMEM;
    *r = *old;
    memset(r->hash, 0, sizeof r->hash);
    return mem_put(m, MEM_REQUEST, r);
}

int mem_put_persons(struct mem *m, const struct store_changes *ch)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < ch->n_person; i++)
        rc = put_person(m, &ch->person[i]);
    for (size_t i = 0; rc == 0 && i < ch->n_forget; i++)
        rc = forget(m, &ch->forget[i]);
    return rc; /* the secret of this store is never read again */
}

int mem_person_get(struct store *st, int64_t key, struct store_person *out)
{
    struct mem_person probe = {.key = key};
    const struct mem_person *p =
        mem_find((const struct mem *)st, MEM_PERSON, &probe);
    void *data;

    if (p == NULL)
        return DK_ENOTFOUND;
    data = malloc(p->len + 1);
    if (data == NULL)
        return DK_ENOMEM;
    memcpy(data, p->data, p->len);
    *out = (struct store_person){p->key, p->seal, data, p->len};
    return 0;
}

int mem_persons(struct store *st, int64_t seal, int64_t after, int64_t limit,
                store_person_fn fn, void *arg)
{
    const struct mem_rows *r = &((const struct mem *)st)->t[MEM_PERSON];
    int rc = 0;

    for (size_t i = 0; rc == 0 && limit > 0 && i < r->n; i++) {
        const struct mem_person *p = r->v[i];
        struct store_person row = {p->key, p->seal, p->data, p->len};

        if (p->seal != seal || p->key <= after)
            continue;
        limit--;
        rc = fn(arg, &row);
    }
    return rc < 0 ? rc : 0;
}

int mem_next_seal(struct store *st, int64_t after, int64_t *seal)
{
    const struct mem_rows *r = &((const struct mem *)st)->t[MEM_PERSON];
    const struct mem_person *best = NULL;

    for (size_t i = 0; i < r->n; i++) {
        const struct mem_person *p = r->v[i];

        if (p->seal > after && (best == NULL || p->seal < best->seal))
            best = p;
    }
    if (best == NULL)
        return DK_ENOTFOUND;
    *seal = best->seal;
    return 0;
}

int mem_seal_rows(struct store *st, int64_t seal, int64_t limit, int64_t *rows)
{
    const struct mem_rows *r = &((const struct mem *)st)->t[MEM_PERSON];

    *rows = 0;
    for (size_t i = 0; i < r->n && *rows < limit; i++) {
        const struct mem_person *p = r->v[i];

        *rows += p->seal == seal;
    }
    return 0;
}
