/* figures.h - the office's figures of a period, as the broker sums them up
 * (docs/FIGURES.md), and the ratios made of them.
 */
#ifndef DK_CTL_FIGURES_H
#define DK_CTL_FIGURES_H

#include "ctl.h"
#include "period.h"

/* X(NAME, wire, en, zh) */
#define FIGURES(X)                                                             \
    X(RECEIVED, "received", "received", "收到")                                \
    X(RECEIVED_REPEAT, "received_repeat", "repeat", "其中重复")                \
    X(TRANSFERRED_IN, "transferred_in", "transferred in", "首次转入")          \
    X(RETRANSFERRED, "retransferred", "transferred in again", "再次转入")      \
    X(PASSED_ON, "passed_on", "passed on", "转出")                             \
    X(DISCIPLINE, "sent_to_discipline", "sent to discipline", "移送纪检监察")  \
    X(ACCEPTED, "accepted", "accepted", "受理")                                \
    X(NOT_ACCEPTED, "not_accepted", "not accepted", "不予受理")                \
    X(REFUSED_NOTICED, "refused_with_notice", "refused with notice",           \
      "不予受理并告知")                                                        \
    X(NOTICE_DUE, "notice_due", "notice due", "应告知")                        \
    X(NOTICE_IN_TIME, "notice_in_time", "notice in time", "按期告知")          \
    X(NOTICE_LATE, "notice_late", "notice late", "超期告知")                   \
    X(EXTENDED, "extended", "extended", "延期")                                \
    X(ANSWERED, "answered", "answered", "答复")                                \
    X(SETTLED, "settled", "settled", "化解")                                   \
    X(CONCLUDE_DUE, "conclude_due", "answer due", "应办结")                    \
    X(CONCLUDE_IN_TIME, "conclude_in_time", "answered in time", "按期办结")    \
    X(CONCLUDE_LATE, "conclude_late", "answered late", "超期办结")             \
    X(FIRST_CONCLUDED, "first_concluded", "first concluded", "初次办结")       \
    X(SETTLED_FIRST, "settled_first", "settled at the first answer",           \
      "一次性化解")                                                            \
    X(REVIEW_ASKED, "review_asked", "review asked", "申请复查复核")            \
    X(REVIEWED, "reviewed", "reviewed", "复查复核")                            \
    X(CHANGED, "changed", "changed on review", "复查复核改变")                 \
    X(REPEATED, "repeated", "repeated later", "被重复")                        \
    X(EVALUATED, "evaluated", "evaluated", "评价")                             \
    X(SATISFIED_HANDLING, "satisfied_handling", "satisfied, handling",         \
      "对办理满意")                                                            \
    X(SATISFIED_RESULT, "satisfied_result", "satisfied, result", "对结果满意") \
    X(WITHDRAWN, "withdrawn", "withdrawn", "撤回")                             \
    X(CLOSED_UNANSWERED, "closed_unanswered", "closed unanswered",             \
      "未答复即办结")                                                          \
    X(REOPENED, "reopened", "reopened", "重新受理")                            \
    X(URGED, "urged", "urged", "督办")

#define FIGURE_ENUM(name, wire, en, zh) FIG_##name,
enum figure {
    FIGURES(FIGURE_ENUM) FIG_N
};
#undef FIGURE_ENUM

const char *figure_wire(enum figure f);
const char *figure_label(const struct ctl *ctl, enum figure f);

/* A ratio: its two counts, and what people call it. */
struct ratio {
    const char *id;
    enum figure n, of;
    const char *word;    /* of the glossary's group "figure" */
    const char *en, *zh; /* what stands behind the word, or "" */
};
#define RATIOS 8
extern const struct ratio ratios[RATIOS];
void ratio_label(const struct ctl *ctl, const struct ratio *r, char *buf,
                 size_t cap);

enum by {
    BY_NONE,
    BY_UNIT,
    BY_CATEGORY,
    BY_MONTH
};

struct late { /* limits that are overdue, by their first day that is too late */
    int32_t day;
    int64_t n;
};

#define CHANNELS 6
struct group {
    char *key; /* owned; unit, category ("": not said), month */
    int64_t n[FIG_N];
    int64_t channel[CHANNELS]; /* of `received` */
    struct late *late;         /* owned */
    size_t n_late, cap_late;
};

/* How a group stands with what is overdue at the end of `day`. */
struct overdue {
    int64_t n, median, worst; /* days over; of an even number the lower one */
};
struct overdue group_overdue(struct group *g, int32_t day);

struct figures {
    struct period period;
    int32_t limits_to; /* last day of limits that have ended */
    int32_t stock_day; /* what is overdue is overdue at its end */
    struct group total;
    struct group *v; /* in order of the key; by nothing: none */
    size_t n, cap;
};

struct figures_ask {
    enum by by;
    const char *unit, *category; /* NULL: any */
    int32_t as_of;               /* INT32_MAX: not given */
    int32_t today;
};

/* Ask the broker for a period.  On failure it has been told; the exit code.
 * *out is freed by figures_fini() on either outcome.
 */
int figures_fetch(struct ctl *ctl, const struct figures_ask *q,
                  const struct period *period, struct figures *out);
void figures_fini(struct figures *f);

/* The group of this key, or NULL. */
struct group *figures_find(const struct figures *f, const char *key);

/* Days of the period up to the as-of day or today. */
int64_t figures_days(const struct figures_ask *q, const struct period *p);

#endif /* DK_CTL_FIGURES_H */
