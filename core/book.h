/* book.h - the office's book of units, handlers and assignment rules, and the
 * choice of who answers for a case.  docs/UNITS.md is the format.
 */
#ifndef DK_BOOK_H
#define DK_BOOK_H

#include "case.h"
#include "report.h"

struct dk_book;

struct dk_book *dk_book_load(const char *file, const char *text, size_t len,
                             struct dk_report *r);
void dk_book_free(struct dk_book *b);
int32_t dk_book_county(const struct dk_book *b);

/* What the assignment service answers for event `e`, already part of `c`:
 * writes the JSON array of commands to `w`: for a new case register, assign
 * and, as the rule's mode says, transfer or hand_over; for an upheld objection
 * a new assign + transfer, never to the unit that objected; for a review the
 * unit above the one that answered.  Empty when somebody was put in charge
 * since, or nobody need be any more.
 * The most specific matching rule wins (region, category, channel and kind
 * each count; between equals the deeper category), then the order in the file.
 * A unit or officer complained about is never chosen: the unit above is asked
 * instead, up to the office itself.
 * DK_ENOTFOUND: no rule matches and the book has no default, or there is no
 * unit above for a review; DK_ERESPONDENT: everybody is complained about.
 * Nothing is written then.
 */
int dk_book_assign(const struct dk_book *b, const struct dk_case *c,
                   const struct dk_event *e, struct dk_jw *w,
                   struct dk_problem *why);

/* The officer who fills a role ("handler", "unit_head", "office", "leader")
 * for a case: an id (of "office" the unit's), or NULL when the book names
 * nobody.  Never who is complained about: the head above stands in for a
 * unit's head, NULL for the others.
 */
const char *dk_book_role(const struct dk_book *b, const struct dk_case *c,
                         const char *role);
const char *dk_book_unit_name(const struct dk_book *b, const char *unit,
                              const char *lang);

#endif /* DK_BOOK_H */
