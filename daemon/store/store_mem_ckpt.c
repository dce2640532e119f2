/* store_mem_ckpt.c - checkpoints and the days' last numbers in memory. */
#include <stdlib.h>
#include <string.h>

#include "store_mem.h"

int mem_cmp_ckpt(const void *a, const void *b)
{
    const struct store_ckpt *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

void mem_drop_ckpt(void *row)
{
    struct store_ckpt *c = row;

    if (c == NULL)
        return;
    free((void *)(uintptr_t)c->text);
    free((void *)(uintptr_t)c->blocks);
    free(c);
}

static void *copy_bytes(const void *from, size_t n)
{
    void *p = malloc(n + 1);

    if (p != NULL)
        memcpy(p, from, n);
    return p;
}

int mem_put_ckpt(struct mem *m, const struct store_changes *ch)
{
    if (ch->ckpt == NULL)
        return 0;
    if (mem_find(m, MEM_CKPT, ch->ckpt) != NULL)
        return DK_EBUG;
    struct store_ckpt *c = malloc(sizeof *c);
    if (c == NULL)
        return DK_ENOMEM;
    *c = *ch->ckpt;
    c->text = copy_bytes(ch->ckpt->text, c->text_len);
    c->blocks = copy_bytes(ch->ckpt->blocks, c->n_block * DK_HASH_LEN);
    if (c->text == NULL || c->blocks == NULL) {
        mem_drop_ckpt(c);
        return DK_ENOMEM;
    }
    return mem_put(m, MEM_CKPT, c);
}

int mem_list_ckpt(struct store *st, int64_t after, int64_t limit,
                  store_ckpt_fn fn, void *arg)
{
    const struct mem_rows *r = &((const struct mem *)st)->t[MEM_CKPT];
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < r->n && limit > 0; i++) {
        const struct store_ckpt *c = r->v[i];

        if (c->number <= after)
            continue;
        limit--;
        rc = fn(arg, c);
    }
    return rc < 0 ? rc : 0;
}

int mem_ckpt_newest(struct store *st, store_ckpt_fn fn, void *arg)
{
    const struct mem_rows *r = &((const struct mem *)st)->t[MEM_CKPT];
    int rc = r->n > 0 ? fn(arg, r->v[r->n - 1]) : 0;

    return rc < 0 ? rc : 0;
}

int mem_ckpt_covering(struct store *st, int64_t seq, store_ckpt_fn fn,
                      void *arg)
{
    const struct mem_rows *r = &((const struct mem *)st)->t[MEM_CKPT];
    const struct store_ckpt *best = NULL;

    for (size_t i = 0; i < r->n; i++) {
        const struct store_ckpt *c = r->v[i];

        if (c->to >= seq && (best == NULL || c->to < best->to))
            best = c;
    }
    int rc = best != NULL ? fn(arg, best) : 0;
    return rc < 0 ? rc : 0;
}

int mem_list_days(struct store *st, int32_t after, int64_t limit,
                  store_day_fn fn, void *arg)
{
    const struct mem_rows *r = &((const struct mem *)st)->t[MEM_DAY];
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < r->n && limit > 0; i++) {
        const struct store_day *day = r->v[i];

        if (day->day <= after)
            continue;
        limit--;
        rc = fn(arg, day);
    }
    return rc < 0 ? rc : 0;
}
