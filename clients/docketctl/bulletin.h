/* bulletin.h - what `docketctl bulletin` has put together, and the ways in
 * which it says it.
 */
#ifndef DK_CTL_BULLETIN_H
#define DK_CTL_BULLETIN_H

#include "figures.h"

#define BULLETIN_PERIODS 3
#define BULLETIN_LEVEL   0.05 /* of all comparisons of a table together */
#define BULLETIN_SMALL   30   /* fewer than that: a ratio has its interval */

/* One comparison of what came in: docs/FIGURES.md, "Rebound". */
struct rise {
    const char *key; /* of the group; NULL: the total */
    int against;     /* which of the periods */
    int64_t now, days, before, days_before;
    double p;
    bool rebound;
};

struct bulletin {
    struct figures_ask q;
    const char *by_name;
    struct figures f[BULLETIN_PERIODS]; /* the period, then what it is held
                                           against */
    int n;
    struct rise *rise; /* owned */
    size_t n_rise, cap_rise;
    double level; /* of one comparison */
};

/* The comparison of a group, or NULL. */
const struct rise *bulletin_rise(const struct bulletin *b, const char *key,
                                 int against);

/* The last day that counts for what is overdue in a group. */
int32_t bulletin_stock_day(const struct bulletin *b, const struct figures *f,
                           const struct group *g);

/* "92.3", of n of `of`; "" if `of` is 0. */
#define PERCENT_TEXT 24
void percent_text(int64_t n, int64_t of, char buf[PERCENT_TEXT]);
void interval_text(int64_t n, int64_t of, char low[PERCENT_TEXT],
                   char high[PERCENT_TEXT]);
/* "0.0023", "<0.0001" */
void chance_text(double p, char buf[PERCENT_TEXT]);

int bulletin_table(struct ctl *ctl, struct bulletin *b);
int bulletin_csv(struct ctl *ctl, struct bulletin *b);
int bulletin_json(struct ctl *ctl, struct bulletin *b);

#endif /* DK_CTL_BULLETIN_H */
