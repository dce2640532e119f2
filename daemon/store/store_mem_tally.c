/* store_mem_tally.c - the office's figures in memory. */
#include <stdlib.h>
#include <string.h>

#include "store_mem.h"

static int cmp_int(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

/* In the order of reading, so that equal sums are neighbours. */
static int cmp_sum(const struct dk_tally *x, const struct dk_tally *y)
{
    int c = cmp_int(x->measure, y->measure);

    if (c == 0)
        c = strcmp(x->unit, y->unit);
    if (c == 0)
        c = strcmp(x->category, y->category);
    if (c == 0)
        c = cmp_int(x->day, y->day);
    return c != 0 ? c : cmp_int(x->tag, y->tag);
}

int mem_cmp_tally(const void *a, const void *b)
{
    const struct dk_tally *x = a, *y = b;
    int c = cmp_sum(x, y);

    return c != 0 ? c : cmp_int(x->known, y->known);
}

void mem_drop_tally(void *row)
{
    struct dk_tally *t = row;

    if (t == NULL)
        return;
    free((void *)(uintptr_t)t->unit);
    free((void *)(uintptr_t)t->category);
    free(t);
}

static struct dk_tally *copy_tally(const struct dk_tally *from)
{
    struct dk_tally *t = malloc(sizeof *t);

    if (t == NULL)
        return NULL;
    *t = *from;
    t->unit = strdup(from->unit);
    t->category = strdup(from->category);
    if (t->unit != NULL && t->category != NULL)
        return t;
    mem_drop_tally(t);
    return NULL;
}

int mem_put_tally(struct mem *m, const struct store_changes *ch)
{
    for (size_t i = 0; i < ch->n_tally; i++) {
        struct dk_tally row = ch->tally[i];
        const struct dk_tally *old = mem_find(m, MEM_TALLY, &row);

        m->tot.tallies += (uint64_t)row.n * dk_tally_print(&row);
        if (old != NULL)
            row.n += old->n;
        int rc = mem_put(m, MEM_TALLY, copy_tally(&row));
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* ---- sums ---------------------------------------------------------------- */

static bool under(const char *category, const char *wanted)
{
    size_t n = strlen(wanted);

    return strncmp(category, wanted, n) == 0 &&
           (category[n] == '\0' || category[n] == '/');
}

static bool fits(const struct store_tally_filter *f, const struct dk_tally *t)
{
    return (f->measures >> t->measure & 1) != 0 && t->day >= f->from &&
           t->day <= f->to && t->known <= f->known &&
           (f->unit == NULL || strcmp(f->unit, t->unit) == 0) &&
           (f->category == NULL || under(t->category, f->category));
}

static int by_sum(const void *a, const void *b)
{
    return cmp_sum(a, b);
}

/* The rows asked for, without what is not kept apart; the caller frees it. */
static struct dk_tally *choose(const struct mem *m,
                               const struct store_tally_filter *f, size_t *n)
{
    const struct mem_rows *r = &m->t[MEM_TALLY];
    struct dk_tally *v = malloc((r->n + 1) * sizeof *v);

    *n = 0;
    for (size_t i = 0; v != NULL && i < r->n; i++) {
        struct dk_tally t = *(const struct dk_tally *)r->v[i];

        if (!fits(f, &t))
            continue;
        t.known = 0;
        t.day = f->by_day ? t.day : 0;
        t.unit = f->by_unit ? t.unit : "";
        t.category = f->by_category ? t.category : "";
        if (f->after == NULL || cmp_sum(&t, f->after) > 0)
            v[(*n)++] = t;
    }
    return v;
}

int mem_tally(struct store *st, const struct store_tally_filter *f,
              int64_t limit, store_tally_fn fn, void *arg)
{
    size_t n;
    struct dk_tally *v = choose((const struct mem *)st, f, &n);
    int rc = 0;

    if (v == NULL)
        return DK_ENOMEM;
    qsort(v, n, sizeof *v, by_sum);
    for (size_t i = 0; rc == 0 && i < n && limit > 0;) {
        struct dk_tally sum = v[i++];

        while (i < n && cmp_sum(&v[i], &sum) == 0)
            sum.n += v[i++].n;
        if (sum.n == 0)
            continue;
        limit--;
        rc = fn(arg, &sum);
    }
    free(v);
    return rc < 0 ? rc : 0;
}
