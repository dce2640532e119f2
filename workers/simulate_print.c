#include "simulate_print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proto/caseno.h"
#include "proto/words.h"

#define T(r, en, text_zh) ((r)->zh ? (text_zh) : (en))

enum {
    UNIT,
    CLOCK,
    LIMITS,
    LATE_THEN,
    LATE_NOW,
    NEWLY_LATE,
    NEWLY_IN_TIME,
    OVER_THEN,
    OVER_NOW,
    COLUMN_N
};
#define CELL 160

/* A table under way: its cells, row by row. */
struct table {
    char (*row)[COLUMN_N][CELL];
    size_t n, cap;
};

const char *sim_clock_name(const struct sim_law *law, const char *clock,
                           const char *lang)
{
    struct dk_case c = {.submitted_at =
                            law->law_of != DK_NEVER ? law->law_of : law->to};

    return dk_policy_clock_name(law->policy, &c, clock, lang);
}

static const char *lang_of(const struct sim_report *r)
{
    return r->zh ? "zh-CN" : "en";
}

static const char *unit_name(const struct sim_report *r, const char *unit)
{
    if (strcmp(unit, "office") != 0)
        return unit;
    return dk_word(DK_WORD_ROLE_OFFICE, r->zh ? DK_LANG_ZH_CN : DK_LANG_EN);
}

static void time_text(const struct sim_report *r, dk_ms t, char *buf)
{
    if (t == DK_NEVER)
        (void)snprintf(buf, DK_TIME_MAX, "-");
    else
        dk_time_format(t, dk_zone_offset(dk_calendar_zone(r->law->calendar), t),
                       buf);
}

/* The last day of a limit, for people. */
static void day_text(const struct sim_report *r, dk_ms due, char buf[16])
{
    const struct dk_zone *z = dk_calendar_zone(r->law->calendar);

    if (due == DK_NEVER)
        (void)snprintf(buf, 16, "-");
    else
        dk_date_format(dk_date_from_days(dk_zone_day(z, due - 1)), buf);
}

/* ---- the table ----------------------------------------------------------- */

/* Columns a text takes on a terminal; Chinese takes two each. */
static int width_of(const char *s)
{
    int width = 0;

    for (const unsigned char *p = (const unsigned char *)s; *p != '\0'; p++) {
        if ((*p & 0xC0) == 0x80)
            continue;
        /* From U+2E80 on, which three bytes from E2 BA on and four hold. */
        width += *p > 0xE2 || (*p == 0xE2 && p[1] >= 0xBA) ? 2 : 1;
    }
    return width;
}

static char (*new_row(struct table *t))[CELL]
{
    if (t->n == t->cap) {
        size_t cap = t->cap != 0 ? t->cap * 2 : 64;
        void *row = realloc(t->row, cap * sizeof(*t->row));

        if (row == NULL)
            return NULL;
        t->row = row;
        t->cap = cap;
    }
    return t->row[t->n++];
}

static void put_text(char cell[CELL], const char *s)
{
    size_t n = strlen(s);

    if (n >= CELL)
        n = dk_utf8_valid(s, CELL - 1);
    memcpy(cell, s, n);
    cell[n] = '\0';
}

static void put_count(char cell[CELL], uint64_t n)
{
    (void)snprintf(cell, CELL, "%" PRIu64, n);
}

static void put_days(char cell[CELL], const struct days *d)
{
    if (d->all == 0)
        put_text(cell, "-");
    else
        (void)snprintf(cell, CELL, "%" PRId64 " / %" PRId64, days_median(d),
                       days_worst(d));
}

static int add_row(struct table *t, const char *unit, const char *clock,
                   const struct row *row)
{
    char(*cell)[CELL] = new_row(t);

    if (cell == NULL)
        return DK_ENOMEM;
    put_text(cell[UNIT], unit);
    put_text(cell[CLOCK], clock);
    (void)snprintf(cell[LIMITS], CELL,
                   row->limits_then == row->limits_now ? "%" PRIu64
                                                       : "%" PRIu64
                                                         " → %" PRIu64,
                   row->limits_then, row->limits_now);
    put_count(cell[LATE_THEN], row->late_then);
    put_count(cell[LATE_NOW], row->late_now);
    put_count(cell[NEWLY_LATE], row->newly_late);
    put_count(cell[NEWLY_IN_TIME], row->newly_in_time);
    put_days(cell[OVER_THEN], &row->days_then);
    put_days(cell[OVER_NOW], &row->days_now);
    return 0;
}

static int add_head(struct table *t, const struct sim_report *r)
{
    static const char *const head[COLUMN_N][2] = {
        [UNIT] = {"Unit", "单位"},
        [CLOCK] = {"Limit", "期限"},
        [LIMITS] = {"Limits", "期限数"},
        [LATE_THEN] = {"Late then", "当时超期"},
        [LATE_NOW] = {"Late now", "现超期"},
        [NEWLY_LATE] = {"Newly late", "新增超期"},
        [NEWLY_IN_TIME] = {"Newly in time", "不再超期"},
        [OVER_THEN] = {"Days over then", "当时超期天数"},
        [OVER_NOW] = {"Days over now", "现超期天数"},
    };
    char(*cell)[CELL] = new_row(t);

    if (cell == NULL)
        return DK_ENOMEM;
    for (int i = 0; i < COLUMN_N; i++)
        put_text(cell[i], head[i][r->zh]);
    return 0;
}

static void print_cells(FILE *out, const struct table *t)
{
    int width[COLUMN_N] = {0};

    for (size_t i = 0; i < t->n; i++) {
        for (int c = 0; c < COLUMN_N; c++) {
            int w = width_of(t->row[i][c]);

            width[c] = w > width[c] ? w : width[c];
        }
    }
    for (size_t i = 0; i < t->n; i++) {
        for (int c = 0; c < COLUMN_N; c++) {
            const char *s = t->row[i][c];
            int pad = width[c] - width_of(s);

            if (c < LIMITS) /* words to the left, numbers to the right */
                (void)fprintf(out, "%s%*s  ", s, pad, "");
            else
                (void)fprintf(out, "%*s%s%s", pad, "", s,
                              c == COLUMN_N - 1 ? "\n" : "  ");
        }
    }
}

static int add_total(struct table *t, const struct sim_report *r,
                     const char *clock)
{
    struct row sum;
    int rc = sums_total(r->sums, clock, &sum);

    if (rc == 0)
        rc = add_row(t, T(r, "All units", "全部单位"),
                     clock != NULL ? sim_clock_name(r->law, clock, lang_of(r))
                                   : T(r, "All limits", "全部期限"),
                     &sum);
    sums_free_row(&sum);
    return rc;
}

static int print_rows(FILE *out, const struct sim_report *r)
{
    const struct sums *s = r->sums;
    struct table t = {0};
    int rc = add_head(&t, r);

    for (size_t i = 0; rc == 0 && i < s->n_row; i++)
        rc = add_row(&t, unit_name(r, s->row[i].unit),
                     sim_clock_name(r->law, s->row[i].clock, lang_of(r)),
                     &s->row[i]);
    for (size_t i = 0; rc == 0 && i < s->n_row; i++) {
        if (sums_is_first(s, i))
            rc = add_total(&t, r, s->row[i].clock);
    }
    if (rc == 0)
        rc = add_total(&t, r, NULL);
    if (rc == 0)
        print_cells(out, &t);
    free(t.row);
    return rc;
}

static void print_top(FILE *out, const struct sim_report *r)
{
    const struct sums *s = r->sums;
    char first[DK_TIME_MAX], last[DK_TIME_MAX], to[DK_TIME_MAX];

    time_text(r, r->history->first, first);
    time_text(r, r->history->last, last);
    time_text(r, r->law->to, to);
    (void)fprintf(out,
                  T(r,
                    "Policy %s on %" PRIu64 " events from %.16s to %.16s, as "
                    "of %.16s\n",
                    "期限规则 %s，历史事件 %" PRIu64 " 个（%.16s 至 "
                    "%.16s），截至 %.16s\n"),
                  dk_policy_id(r->law->policy), r->history->events, first, last,
                  to);
    (void)fprintf(
        out,
        T(r,
          "%" PRIu64 " cases: %" PRIu64 " late then, %" PRIu64
          " late now; %" PRIu64 " newly late, %" PRIu64 " newly in time\n",
          "案件 %" PRIu64 " 件：当时超期 %" PRIu64 " 件，现超期 "
          "%" PRIu64 " 件；新增超期 %" PRIu64 " 件，不再超期 %" PRIu64 " 件\n"),
        s->cases, s->late_then, s->late_now, s->newly_late, s->newly_in_time);
    if (s->left_out > 0)
        (void)fprintf(out,
                      T(r, "%" PRIu64 " cases of other days are left out\n",
                        "不在所选日期内的案件 %" PRIu64 " 件未计入\n"),
                      s->left_out);
    for (int e = 0; e < DK_EV_N; e++) {
        if (s->refused[e] > 0)
            (void)fprintf(
                out,
                T(r,
                  "%" PRIu64 " cases took a step that this law "
                  "refuses: %s\n",
                  "%" PRIu64 " 件案件的下列步骤不为该规则所准许："
                  "%s\n"),
                s->refused[e],
                T(r, dk_ev_name((enum dk_ev)e), dk_ev_zh((enum dk_ev)e)));
    }
}

static void print_changes(FILE *out, const struct sim_report *r)
{
    const struct sums *s = r->sums;

    (void)fprintf(
        out, "\n%s\n",
        T(r, "Limits that come out differently:", "结果不同的期限："));
    for (size_t i = 0; i < s->n_change; i++) {
        const struct change *c = &s->change[i];
        char no[DK_CASE_NO_MAX], then[16], now[16];

        dk_case_no_format((int32_t)c->county, c->key, no);
        day_text(r, c->due_then, then);
        day_text(r, c->due_now, now);
        (void)fprintf(out, "%s  %s  %s  %s → %s  ", no, unit_name(r, c->unit),
                      sim_clock_name(r->law, c->clock, lang_of(r)), then, now);
        (void)fprintf(out,
                      c->late ? T(r, "newly late, %" PRId64 " days\n",
                                  "新增超期 %" PRId64 " 天\n")
                              : T(r, "newly in time, was %" PRId64 " days\n",
                                  "不再超期（当时 %" PRId64 " 天）\n"),
                      c->days);
    }
}

int sim_print_table(FILE *out, const struct sim_report *r)
{
    int rc;

    print_top(out, r);
    (void)fputc('\n', out);
    rc = print_rows(out, r);
    if (rc == 0 && r->sums->list)
        print_changes(out, r);
    return rc;
}
