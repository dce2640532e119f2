/* store_sqlite_cases.h - what a list of cases asks for, as pieces of a query:
 * shared by store_sqlite_cases.c and store_sqlite_list.c.
 */
#ifndef DK_STORE_SQLITE_CASES_H
#define DK_STORE_SQLITE_CASES_H

#include "store_sqlite_text.h"

/* A list as it is asked for. */
struct ask {
    const struct store_case_filter *f;
    bool own; /* work: by the order's own index, whatever the filter */
    int64_t left, looked;
    struct store_case_row last; /* that was looked at; no document */
};

static inline bool sq_given(const char *s)
{
    return s != NULL && *s != '\0';
}

/* Does a bound count the rows that a filter beside the index does not let
 * through?  (Of a group there are few.)
 */
bool sq_ask_counts(const struct ask *a);
/* Is it the index's own affair in which state a case is, and whose? */
bool sq_ask_by_state(const struct ask *a);
/* Are there cases that a unit or an officer handles beside another to ask for
 * by arms of their own?
 */
bool sq_ask_has_beside(const struct ask *a);

/* The index of the narrowest filter, or nothing. */
bool sq_add_case_index(struct sq_text *q, const struct ask *a);
void sq_add_states(struct sq_text *q, uint32_t states);
/* The ends of the limits; `begun`: a page goes on behind a row, and so behind
 * the lower bound.
 */
void sq_add_due(struct sq_text *q, const struct store_case_filter *f,
                bool begun);
/* The filter: what must be so of each row (`cased` false), and what is only
 * said of it.
 */
void sq_add_filter(struct sq_text *q, const struct ask *a, uint32_t states,
                   bool cased);
void sq_add_doc(struct sq_text *q, const struct ask *a, uint32_t states);
/* An arm for the open ones and one for the others, `tail` after each: as far
 * as `states` has any of them.
 */
void sq_add_beside_arms(struct sq_text *q, const struct ask *a, uint32_t states,
                        const char *tail);

#endif /* DK_STORE_SQLITE_CASES_H */
