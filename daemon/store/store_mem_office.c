/* store_mem_office.c - the office's own alerts in memory. */
#include <stdlib.h>
#include <string.h>

#include "store_mem.h"

int mem_cmp_office(const void *a, const void *b)
{
    const struct store_office *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* Rows own their texts; the contract's struct borrows them. */
static void drop_text(const char *s)
{
    free((void *)(uintptr_t)s);
}

void mem_drop_office(void *row)
{
    struct store_office *o = row;

    if (o == NULL)
        return;
    drop_text(o->subject);
    drop_text(o->about);
    drop_text(o->acked_by);
    drop_text(o->note);
    free(o);
}

static struct store_office *copy_office(const struct store_office *from)
{
    struct store_office *o = malloc(sizeof *o);

    if (o == NULL)
        return NULL;
    *o = *from;
    o->subject = strdup(from->subject);
    o->about = strdup(from->about);
    o->acked_by = from->acked_by != NULL ? strdup(from->acked_by) : NULL;
    o->note = from->note != NULL ? strdup(from->note) : NULL;
    if (o->subject != NULL && o->about != NULL &&
        (o->acked_by != NULL) == (from->acked_by != NULL) &&
        (o->note != NULL) == (from->note != NULL))
        return o;
    mem_drop_office(o);
    return NULL;
}

static bool other_is_open(const struct mem *m, const struct store_office *o)
{
    const struct mem_rows *r = &m->t[MEM_OFFICE];

    for (size_t i = 0; i < r->n; i++) {
        const struct store_office *x = r->v[i];

        if (x->id != o->id && x->cleared_at == DK_NEVER && x->kind == o->kind &&
            strcmp(x->subject, o->subject) == 0)
            return true;
    }
    return false;
}

int mem_put_office(struct mem *m, const struct store_changes *ch)
{
    for (size_t i = 0; i < ch->n_office; i++) {
        const struct store_office *o = &ch->office[i];

        if (o->subject == NULL || o->about == NULL ||
            (o->cleared_at == DK_NEVER && other_is_open(m, o)))
            return DK_EBUG;
        int rc = mem_put(m, MEM_OFFICE, copy_office(o));
        if (rc != 0)
            return rc;
    }
    return 0;
}

int mem_list_office(struct store *st, bool open, int64_t before, int64_t limit,
                    store_office_fn fn, void *arg)
{
    const struct mem_rows *r = &((const struct mem *)st)->t[MEM_OFFICE];
    int rc = 0;

    for (size_t i = r->n; rc == 0 && limit > 0 && i-- > 0;) {
        const struct store_office *o = r->v[i];

        if ((before != 0 && o->id >= before) ||
            (open && o->cleared_at != DK_NEVER))
            continue;
        limit--;
        rc = fn(arg, o);
    }
    return rc < 0 ? rc : 0;
}

int mem_next_unassigned(struct store *st, enum dk_state state, int64_t after,
                        int64_t limit, int64_t *key, int64_t *last)
{
    const struct mem_rows *r = &((const struct mem *)st)->t[MEM_CASE];

    *key = 0;
    *last = after;
    for (size_t i = 0; i < r->n && limit > 0; i++) {
        const struct mem_case *c = r->v[i];

        if (c->state != state || c->key <= after)
            continue;
        limit--;
        *last = c->key;
        if (c->unit[0] != '\0')
            continue;
        *key = c->key;
        break;
    }
    return 0;
}
