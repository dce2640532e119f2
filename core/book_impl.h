/* book_impl.h - the book in memory; private to core/book*.c.
 *
 * Strings are borrowed from the parsed file, which the book keeps.
 */
#ifndef DK_BOOK_IMPL_H
#define DK_BOOK_IMPL_H

#include "book.h"
#include "calendar.h"
#include "report_json.h"

#define BOOK_UNITS_MAX    2000
#define BOOK_RULES_MAX    2000
#define BOOK_HANDLERS_MAX 100 /* candidates of one assignment (wire) */
#define BOOK_ANY          INT64_MIN

enum book_mode {
    BOOK_TRANSFER,
    BOOK_HAND_OVER,
    BOOK_PROPOSE
};

struct book_officer {
    const char *id; /* NULL: nobody is named */
    const char *name;
    bool absent;
};

struct book_unit {
    const char *id;
    struct dk_rj_name name;
    const struct book_unit *parent; /* NULL: nothing above it in the book */
    struct book_officer head;
    struct book_officer *handler;
    int n_handler;
    int64_t valid_from; /* day, or BOOK_ANY */
};

struct book_rule {
    const char *id;
    const cJSON *region, *category; /* a string or a list; NULL: any */
    uint64_t channel, kind;         /* masks; 0: any */
    const struct book_unit *unit;
    enum book_mode mode;
    int report_days; /* 0: not said */
};

struct dk_book {
    cJSON *root;
    int32_t county;
    struct dk_zone zone;
    struct book_officer leader;
    struct book_unit *unit;
    int n_unit;
    struct book_rule *rule;
    int n_rule;
    const struct book_unit *office, *discipline; /* discipline may be NULL */
    struct book_rule fallback; /* "default"; unit NULL: none */
};

const struct book_unit *book_unit_find(const struct dk_book *b, const char *id);

/* Complained about: by id or by name; a unit also when its head is. */
bool book_is_accused_officer(const struct dk_case *c,
                             const struct book_officer *o);
bool book_is_accused_unit(const struct dk_case *c, const struct book_unit *u);

/* Fill `b` from b->root; reports what is wrong. */
void book_read(const struct dk_rj *f, struct dk_book *b);
void book_rules_read(const struct dk_rj *f, struct dk_book *b);
/* The unit that member `key` names; NULL: reported, or absent and optional. */
const struct book_unit *book_unit_ref(const struct dk_rj *f,
                                      const struct dk_book *b, const cJSON *o,
                                      const char *key, int need,
                                      const struct dk_at *at);

#endif /* DK_BOOK_IMPL_H */
