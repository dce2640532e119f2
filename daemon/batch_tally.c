/* batch_tally.c - what a batch's events add to the office's figures: collected
 * event by event, added up and put in order once, before the commit.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/batch.h"

int batch_tally(struct batch *b, size_t i, const struct dk_tally_was *was,
                const struct dk_case *after, int offset_min)
{
    struct dk_tallies rows;
    int rc = dk_tally(was, &b->events.v[i], after, offset_min, &rows);

    if (rc != DK_OK)
        return rc;
    if (vec_grow(&b->figure, &b->cap_figure, b->n_figure + (size_t)rows.n) !=
        DK_OK)
        return DK_ENOMEM;
    for (int r = 0; r < rows.n; r++) {
        struct batch_figure *f = &b->figure[b->n_figure++];

        f->t = rows.v[r];
        f->t.unit = f->t.category = NULL; /* the case may be replaced */
        f->key = after->key;
        f->event = i;
        memcpy(f->unit, rows.v[r].unit, strlen(rows.v[r].unit) + 1);
    }
    return DK_OK;
}

static int cmp_int(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* In the order of the store's table. */
static int by_row(const void *a, const void *b)
{
    const struct dk_tally *x = a, *y = b;
    int c = cmp_int(x->measure, y->measure);

    if (c == 0)
        c = cmp_int(x->day, y->day);
    if (c == 0)
        c = strcmp(x->unit, y->unit);
    if (c == 0)
        c = strcmp(x->category, y->category);
    if (c == 0)
        c = cmp_int(x->tag, y->tag);
    return c != 0 ? c : cmp_int(x->known, y->known);
}

int batch_collect_tally(struct batch *b)
{
    size_t n = 0;

    if (vec_grow(&b->tally, &b->cap_tally, b->n_figure + 1) != DK_OK)
        return DK_ENOMEM;
    for (size_t i = 0; i < b->n_figure; i++) {
        const struct batch_figure *f = &b->figure[i];
        const struct slot *s = batch_slot(b, f->key);
        const char *category = s->c->category;

        b->tally[i] = f->t;
        b->tally[i].unit = f->unit;
        b->tally[i].category = category != NULL ? category : "";
    }
    qsort(b->tally, b->n_figure, sizeof(*b->tally), by_row);
    for (size_t i = 0; i < b->n_figure;) {
        struct dk_tally sum = b->tally[i++];

        while (i < b->n_figure && by_row(&sum, &b->tally[i]) == 0)
            sum.n += b->tally[i++].n;
        if (sum.n != 0)
            b->tally[n++] = sum;
    }
    b->changes.tally = b->tally;
    b->changes.n_tally = n;
    return DK_OK;
}
