/* map.h - a hash table from 16-byte keys to a pointer-sized value; open
 * addressing, linear probing.  Keys are a UUID, or an integer by
 * map_int_key().
 */
#ifndef DK_MAP_H
#define DK_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_key {
    uint8_t b[16];
};

struct map {
    struct map_cell *cell;
    size_t cap, n, used; /* used counts removed cells too */
    uint64_t seed;       /* against keys chosen to collide */
    uint32_t age;        /* cells of another age are free: clearing is O(1) */
};

void map_init(struct map *m, uint64_t seed);
void map_fini(struct map *m);
void map_clear(struct map *m); /* keeps the memory */
struct map_key map_int_key(int64_t v);

/* Set; replaces.  0 or DK_ENOMEM. */
int map_put(struct map *m, const struct map_key *k, uintptr_t v);
bool map_get(const struct map *m, const struct map_key *k, uintptr_t *out);
bool map_del(struct map *m, const struct map_key *k);

/* Iterate: start with *pos = 0; false at the end.  Deleting the pair just
 * returned is allowed, putting is not.
 */
bool map_next(const struct map *m, size_t *pos, uintptr_t *out);

#endif /* DK_MAP_H */
