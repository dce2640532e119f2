/* page.h - one page of a list, without what its reader may not see.
 *
 * A page's `next` names its last row, so paging costs the same on every page
 * and never skips or repeats a row that stayed.  Rows that are hidden from the
 * reader are left out, and others come in their place: neither how full a page
 * is nor its `next` tells of them.
 *
 * But the work for one page is bounded: after PAGE_LOOK_MAX rows it ends early,
 * be it empty.  Its `next` then names a row that may be hidden, and is sealed.
 */
#ifndef DK_PAGE_H
#define DK_PAGE_H

#include "daemon/item.h"

#define PAGE_CURSOR    160
#define PAGE_SEALED    288 /* of a sealed cursor, with its NUL */
#define PAGE_LIMIT_MAX 500
#define PAGE_LOOK_MAX                                                          \
    600 /* of one page, and what comes with the last of them */

struct page_row { /* one that is written, until it is known who may see it */
    int64_t key;
    size_t at, len;
    char next[PAGE_CURSOR];
};

struct page {
    struct daemon *d;
    const struct dk_who *who;
    struct dk_jw *w; /* where a row goes */
    int64_t left;
    size_t start;           /* where the rows begin in `w` */
    bool more;              /* there is a row that found no room */
    char next[PAGE_CURSOR]; /* of the row written last */
    bool early; /* ended by what was looked at: `next` may be hidden */
    struct page_row *row; /* NULL: this reader sees everything */
    size_t n_row;
    size_t row_at;
    bool cases; /* as in page_list */
};

struct page_list {
    /* Ask the store for `limit` rows from where the filter `f` stands. */
    int (*fetch)(struct page *x, const void *f, int64_t limit);
    /* Put the filter behind a row, by its `next`; DK_EFIELD: it is none. */
    int (*seek)(struct page *x, void *f, const char *next);
    void *f;
    bool cases; /* a row is a case, of which they may not see every member */
};

/* The members "after" and "limit" of a request. */
int page_read(const cJSON *o, const char **after, int64_t *limit,
              struct dk_problem *p);

/* Write the page {"items":[...],"next":...}. */
int page_write(struct daemon *d, const struct item *it, struct dk_jw *w,
               const struct page_list *list, struct dk_problem *p);

/* For `fetch`, around each row: true when it finds no room (stop then); and
 * after it was written, with x->next set.
 */
bool page_over(struct page *x);
void page_row(struct page *x, int64_t key);
/* The store stopped looking behind the row that x->next names, which is none of
 * the list's: the page ends early.  Returns 1, for the store to stop.
 */
int page_passed(struct page *x);

/* A `fetch` that finds nothing. */
int page_nothing(struct page *x, const void *f, int64_t limit);

/* Who sees one unit only asks for no other: false when nothing is left. */
bool page_narrow(const struct dk_who *who, const char **unit);

#endif /* DK_PAGE_H */
