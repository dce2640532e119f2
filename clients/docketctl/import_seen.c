#include "import_seen.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

struct slot {
    uint64_t hash[2]; /* of the id: 128 bits do not meet by chance */
    int64_t line;     /* 0: free */
    dk_ms at;
};

struct seen {
    struct slot *slot;
    size_t n, cap; /* cap is a power of 2, at most half full */
};

struct seen *seen_new(void)
{
    struct seen *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->cap = 1024;
    s->slot = calloc(s->cap, sizeof *s->slot);
    if (s->slot == NULL) {
        free(s);
        return NULL;
    }
    return s;
}

void seen_free(struct seen *s)
{
    if (s == NULL)
        return;
    free(s->slot);
    free(s);
}

/* Where the hash is, or the free place where it belongs. */
static struct slot *place(struct slot *slot, size_t cap, const uint64_t h[2])
{
    size_t i = (size_t)h[0] & (cap - 1);

    while (slot[i].line != 0 &&
           (slot[i].hash[0] != h[0] || slot[i].hash[1] != h[1]))
        i = (i + 1) & (cap - 1);
    return &slot[i];
}

static int grow(struct seen *s)
{
    size_t cap = s->cap * 2;
    struct slot *slot = calloc(cap, sizeof *slot);

    if (slot == NULL)
        return -1;
    for (size_t i = 0; i < s->cap; i++)
        if (s->slot[i].line != 0)
            *place(slot, cap, s->slot[i].hash) = s->slot[i];
    free(s->slot);
    s->slot = slot;
    s->cap = cap;
    return 0;
}

int64_t seen_add(struct seen *s, const char *id, dk_ms at, int64_t line,
                 dk_ms *first_at)
{
    uint64_t h[2];

    (void)crypto_generichash((unsigned char *)h, sizeof h,
                             (const unsigned char *)id, strlen(id), NULL, 0);
    if (s->n * 2 >= s->cap && grow(s) != 0)
        return -1;
    struct slot *t = place(s->slot, s->cap, h);
    if (t->line != 0) {
        *first_at = t->at;
        return t->line;
    }
    *t = (struct slot){{h[0], h[1]}, line, at};
    s->n++;
    return 0;
}
