/* loads.h - how many owing cases each handler has: a table in memory, because
 * handlers do not grow with cases, written with each batch that changes it.
 */
#ifndef DK_LOADS_H
#define DK_LOADS_H

#include "daemon/map.h"
#include "daemon/store/store.h"

struct load_row {
    char unit[DK_ID_MAX + 1], handler[DK_ID_MAX + 1];
    int64_t open;
    bool touched; /* since the last loads_clean() */
};

struct loads {
    struct map by_name;
    struct load_row **row;
    size_t n, cap;
};

void loads_init(struct loads *l, uint64_t seed);
void loads_fini(struct loads *l);
/* Forget everything and read it from the store. */
int loads_reload(struct loads *l, struct store *st);
int loads_add(struct loads *l, const char *unit, const char *handler,
              int64_t change);
/* A dk_load_fn; arg is the struct loads. */
int64_t loads_get(void *arg, const char *unit, const char *handler);
void loads_clean(struct loads *l);

#endif /* DK_LOADS_H */
