/* tally.h - what one event adds to the office's figures.
 *
 * A figure is a sum of rows (measure, day, unit, category, tag, known) -> n.
 * `day` is the day that the row belongs to, `known` the day on which docket
 * came to know it.  So the figures of any days as they stood on any later day
 * are a sum over the rows of those days with `known` up to then, and a recount
 * from the events recorded until then gives the same.  What each measure is,
 * whose it is and of which day: docs/FIGURES.md.
 */
#ifndef DK_TALLY_H
#define DK_TALLY_H

#include "case.h"

/* What a tag says. */
enum dk_tag {
    DK_TAG_NONE,    /* 0 */
    DK_TAG_CHANNEL, /* enum dk_channel */
    DK_TAG_MANNER,  /* of a settlement: index of dk_manner_names */
    DK_TAG_STAGE,   /* 0 review, 1 re-review */
    DK_TAG_GROUND,  /* of an urging: 1 + index of dk_urge_names; 0: not said */
    DK_TAG_DAY      /* first day that is too late */
};

/* X(NAME, wire name, what its tag says).  Stored as numbers: new ones go to
 * the end.
 */
#define DK_MEASURES(X)                                                         \
    X(RECEIVED, "received", CHANNEL)                                           \
    X(RECEIVED_REPEAT, "received_repeat", CHANNEL)                             \
    X(TRANSFERRED_IN, "transferred_in", NONE)                                  \
    X(RETRANSFERRED, "retransferred", NONE)                                    \
    X(PASSED_ON, "passed_on", NONE)                                            \
    X(DISCIPLINE, "sent_to_discipline", NONE)                                  \
    X(ACCEPTED, "accepted", NONE)                                              \
    X(NOT_ACCEPTED, "not_accepted", NONE)                                      \
    X(REFUSED_NOTICED, "refused_with_notice", NONE)                            \
    X(NOTICE_DUE, "notice_due", NONE)                                          \
    X(NOTICE_IN_TIME, "notice_in_time", NONE)                                  \
    X(NOTICE_LATE, "notice_late", NONE)                                        \
    X(EXTENDED, "extended", NONE)                                              \
    X(ANSWERED, "answered", NONE)                                              \
    X(SETTLED, "settled", MANNER)                                              \
    X(CONCLUDE_DUE, "conclude_due", NONE)                                      \
    X(CONCLUDE_IN_TIME, "conclude_in_time", NONE)                              \
    X(CONCLUDE_LATE, "conclude_late", NONE)                                    \
    X(FIRST_CONCLUDED, "first_concluded", NONE)                                \
    X(SETTLED_FIRST, "settled_first", NONE)                                    \
    X(REVIEW_ASKED, "review_asked", STAGE)                                     \
    X(REVIEWED, "reviewed", STAGE)                                             \
    X(CHANGED, "changed", STAGE)                                               \
    X(REPEATED, "repeated", NONE)                                              \
    X(EVALUATED, "evaluated", NONE)                                            \
    X(SATISFIED_HANDLING, "satisfied_handling", NONE)                          \
    X(SATISFIED_RESULT, "satisfied_result", NONE)                              \
    X(WITHDRAWN, "withdrawn", NONE)                                            \
    X(CLOSED_UNANSWERED, "closed_unanswered", NONE)                            \
    X(REOPENED, "reopened", NONE)                                              \
    X(URGED, "urged", GROUND)                                                  \
    X(OVERDUE_START, "overdue_start", DAY)                                     \
    X(OVERDUE_END, "overdue_end", DAY)

#define DK_MEASURE_ENUM(name, wire, tag) DK_T_##name,
enum dk_measure {
    DK_MEASURES(DK_MEASURE_ENUM) DK_T_N
};
#undef DK_MEASURE_ENUM

extern const char *const dk_measure_names[]; /* NULL-terminated */
enum dk_tag dk_measure_tag(enum dk_measure m);

/* The tag as PROTOCOL.md writes it: a name, a date, or NULL (none); `buf` of
 * 11 bytes is used for dates.
 */
const char *dk_tag_text(enum dk_measure m, int32_t tag, char *buf);

#define DK_TALLY_OFFICE "office" /* who is charged before a unit is */

/* The same matter again within so many days of its conclusion was not settled
 * the first time.
 */
#define DK_REPEAT_DAYS 90

/* Texts are borrowed from the case before and after the event. */
struct dk_tally {
    enum dk_measure measure;
    int32_t day, known;          /* days since 1970-01-01, office time */
    const char *unit, *category; /* category "": not said */
    int32_t tag;
    int64_t n;
};

/* An event touches the limits of a case, four rows each at most, and little
 * more.
 */
#define DK_TALLY_MAX (4 * DK_CLOCKS_MAX + 32)
struct dk_tallies {
    struct dk_tally v[DK_TALLY_MAX];
    int n;
};

/* What must be remembered of a case before an event. */
struct dk_tally_was {
    uint32_t n;
    enum dk_state state;
    char holder[DK_ID_MAX + 1], unit[DK_ID_MAX + 1];
    char answered_by[DK_ID_MAX + 1];
    int64_t repeat_of;
    uint32_t repeats;
    uint32_t reopened, transferred, noticed;
    bool concluded; /* since it was reopened */
    struct dk_marks marks;
    int n_item;
    struct dk_tally_item {
        uint32_t no;
        bool open;
        int32_t late_day;
    } item[DK_CLOCKS_MAX];
};

void dk_tally_before(const struct dk_case *c, int offset_min,
                     struct dk_tally_was *was);

/* What `e` adds, given the case before (`was`) and after it.  0 or
 * DK_ENOMEM; DK_EFIELD when its body is not what this version writes.
 */
int dk_tally(const struct dk_tally_was *was, const struct dk_event *e,
             const struct dk_case *after, int offset_min,
             struct dk_tallies *out);

/* Whose the case is for the figures: its unit from the transfer on; the office
 * before, while an objection is open, and after one was upheld.
 */
const char *dk_tally_holder(const struct dk_case *c);

int32_t dk_local_day(dk_ms t, int offset_min);

/* A number for a row's key, so that sets of rows can be compared by one sum:
 * the sum over all rows of n times this, modulo 2^64.
 */
uint64_t dk_tally_print(const struct dk_tally *t);

/* ---- what a case remembers for its figures (marks.c) --------------------- */

/* Called by dk_case_evolve() when everything else is done. */
void dk_marks_event(struct dk_case *c, const struct dk_event *e,
                    const cJSON *body);
void dk_marks_write(struct dk_jw *w, const char *key, const struct dk_case *c,
                    int offset_min);
int dk_marks_read(const cJSON *o, const char *key, struct dk_case *c,
                  struct dk_problem *p);

/* The clock whose limit counts as the notice's, or the conclusion's; -1: the
 * case has none (since it was reopened).
 */
int dk_notice_clock(const struct dk_case *c);
int dk_conclude_clock(const struct dk_case *c);

#endif /* DK_TALLY_H */
