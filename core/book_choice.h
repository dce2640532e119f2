/* book_choice.h - a choice under way; private to core/book*.c. */
#ifndef DK_BOOK_CHOICE_H
#define DK_BOOK_CHOICE_H

#include "book_impl.h"

struct book_ask {
    const struct dk_book *b;
    const struct dk_case *c;
    int64_t day;
    bool review;                   /* the unit is to review */
    const struct book_unit *avoid; /* its objection was upheld; or NULL */
};

struct book_choice {
    const struct book_unit *unit;
    const char *rule;
    enum book_mode mode;
    int report_days;
    const char *handler; /* NULL: the least loaded of the candidates */
    const char *candidate[BOOK_HANDLERS_MAX];
    int n_candidate;
    struct book_why why;
};

/* The best rule that leads to somebody, or the default, or NULL. */
const struct book_rule *book_rule_find(const struct book_ask *a);
/* Rules that fit better but lead to nobody that day. */
void book_say_passed_rules(const struct book_ask *a,
                           const struct book_rule *best, struct book_why *y);

/* book_staff.c: the candidates of ch->unit, and who is none for what. */
void book_staff(const struct book_ask *a, struct book_choice *ch);
/* Who had the matter before goes on with it, if he is there: then ch->handler
 * is set.
 */
void book_keep_handler(const struct book_ask *a, const char *id,
                       struct book_choice *ch);

#endif /* DK_BOOK_CHOICE_H */
