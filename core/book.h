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
 * writes the JSON array of commands to `w`.
 *
 * For a new case: register, prioritise if a rule of "urgent" says so, assign
 * and, as the rule's mode says, transfer or hand_over; for an upheld objection
 * a new assign + transfer, never to the unit that objected; for a review the
 * unit above the one that answered, never one that took part.  A repeat goes to
 * who had the matter before, at its submission or when it is linked while it
 * waits.  Empty when somebody was put in charge since, or nobody need be any
 * more.
 *
 * The most specific matching rule wins (region, category, channel and kind
 * each count; between equals the deeper category), then the order in the file.
 * A unit or officer complained about is never chosen: the unit above is asked
 * instead, up to the office itself.  A unit that closed gives way to the one
 * that took over; who is on leave is no candidate.  Both as of the day of the
 * event.  `why` of the assign command says all of that.
 *
 * DK_ENOTFOUND: no rule matches and the book has no default, or there is no
 * unit above for a review; DK_ERESPONDENT: everybody is complained about.
 * Nothing is written then.
 */
int dk_book_assign(const struct dk_book *b, const struct dk_case *c,
                   const struct dk_event *e, struct dk_jw *w,
                   struct dk_problem *why);

/* A case whose unit has closed by `at`: writes the assign command that moves it
 * to the unit that took over.  1: written; 0: it need not move; else a DK_E
 * code with the reason.
 */
int dk_book_move(const struct dk_book *b, const struct dk_case *c, dk_ms at,
                 struct dk_jw *w, struct dk_problem *why);

/* The officer who fills a role ("handler", "unit_head", "office", "leader")
 * for a case as of its latest event: an id (of "office" the unit's), or NULL
 * when the book names nobody.  Never who is complained about.  Who is on leave
 * is stood in for by the delegate; a handler without one, or who is absent or
 * not (or no longer) the unit's, by the unit's head; a head by the head above.
 */
const char *dk_book_role(const struct dk_book *b, const struct dk_case *c,
                         const char *role);
/* The unit's name today, and what it was called at `at`; the id if the book
 * does not know it.
 */
const char *dk_book_unit_name(const struct dk_book *b, const char *unit,
                              const char *lang);
const char *dk_book_unit_name_at(const struct dk_book *b, const char *unit,
                                 const char *lang, dk_ms at);

/* An officer's name; the id if the book does not know it. */
const char *dk_book_officer_name(const struct dk_book *b, const char *officer);

#endif /* DK_BOOK_H */
