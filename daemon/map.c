#include "daemon/map.h"

#include <stdlib.h>
#include <string.h>

#include "proto/problem.h"

enum {
    CELL_FREE,
    CELL_USED,
    CELL_GONE
};

struct map_cell {
    struct map_key k;
    uintptr_t v;
    uint32_t age;   /* 0 or not the map's: free */
    uint32_t state; /* CELL_USED or CELL_GONE */
};

void map_init(struct map *m, uint64_t seed)
{
    memset(m, 0, sizeof(*m));
    m->seed = seed;
    m->age = 1;
}

void map_fini(struct map *m)
{
    free(m->cell);
    map_init(m, m->seed);
}

void map_clear(struct map *m)
{
    m->n = m->used = 0;
    if (++m->age == 0) { /* after four thousand million times */
        memset(m->cell, 0, m->cap * sizeof(*m->cell));
        m->age = 1;
    }
}

struct map_key map_int_key(int64_t v)
{
    struct map_key k = {{0}};

    memcpy(k.b, &v, sizeof(v));
    return k;
}

/* Two rounds of a multiply-xorshift mix (as in splitmix64), seeded. */
static size_t hash(const struct map *m, const struct map_key *k)
{
    uint64_t a, b;

    memcpy(&a, k->b, 8);
    memcpy(&b, k->b + 8, 8);
    uint64_t h = m->seed ^ a;
    h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    h ^= b;
    h = (h ^ (h >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (size_t)(h ^ (h >> 31));
}

static struct map_cell *find(const struct map *m, const struct map_key *k)
{
    if (m->cap == 0)
        return NULL;
    for (size_t i = hash(m, k);; i++) {
        struct map_cell *c = &m->cell[i & (m->cap - 1)];
        if (c->age != m->age)
            return NULL;
        if (c->state == CELL_USED && memcmp(&c->k, k, sizeof(*k)) == 0)
            return c;
    }
}

static void place(struct map *m, const struct map_key *k, uintptr_t v)
{
    for (size_t i = hash(m, k);; i++) {
        struct map_cell *c = &m->cell[i & (m->cap - 1)];
        if (c->age != m->age) {
            *c = (struct map_cell){*k, v, m->age, CELL_USED};
            m->n++;
            m->used++;
            return;
        }
    }
}

static int grow(struct map *m)
{
    size_t cap = m->n * 4 < 64 ? 64 : m->cap;
    while (cap < m->n * 4)
        cap *= 2;
    struct map_cell *old = m->cell;
    size_t old_cap = m->cap;
    struct map_cell *cell = calloc(cap, sizeof(*cell));
    if (cell == NULL)
        return DK_ENOMEM;
    m->cell = cell;
    m->cap = cap;
    m->n = m->used = 0;
    for (size_t i = 0; i < old_cap; i++) {
        if (old[i].age == m->age && old[i].state == CELL_USED)
            place(m, &old[i].k, old[i].v);
    }
    free(old);
    return DK_OK;
}

int map_put(struct map *m, const struct map_key *k, uintptr_t v)
{
    struct map_cell *c = find(m, k);

    if (c != NULL) {
        c->v = v;
        return DK_OK;
    }
    if ((m->used + 1) * 2 > m->cap && grow(m) != DK_OK)
        return DK_ENOMEM;
    place(m, k, v);
    return DK_OK;
}

bool map_get(const struct map *m, const struct map_key *k, uintptr_t *out)
{
    const struct map_cell *c = find(m, k);

    if (c == NULL)
        return false;
    *out = c->v;
    return true;
}

bool map_del(struct map *m, const struct map_key *k)
{
    struct map_cell *c = find(m, k);

    if (c == NULL)
        return false;
    c->state = CELL_GONE;
    m->n--;
    return true;
}

bool map_next(const struct map *m, size_t *pos, uintptr_t *out)
{
    for (; *pos < m->cap; ++*pos) {
        const struct map_cell *c = &m->cell[*pos];
        if (c->age == m->age && c->state == CELL_USED) {
            *out = m->cell[*pos].v;
            ++*pos;
            return true;
        }
    }
    return false;
}
