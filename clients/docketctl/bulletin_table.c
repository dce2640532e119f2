/* bulletin_table.c - the bulletin for people: the figures of the period beside
 * those it is held against, then one line for each unit, category or month.
 */
#include <inttypes.h>
#include <string.h>

#include "bulletin.h"
#include "proto/submit.h"
#include "proto/words.h"
#include "table.h"
#include "text.h"

static void put_title(struct ctl *ctl, const struct bulletin *b)
{
    const struct period *p = &b->f[0].period;
    char from[16], to[16], as_of[16];
    bool given = b->q.as_of != INT32_MAX;

    dk_date_format(dk_date_from_days(p->from), from);
    dk_date_format(dk_date_from_days(p->to), to);
    dk_date_format(dk_date_from_days(given ? b->q.as_of : b->q.today), as_of);
    (void)fprintf(ctl->out,
                  T(ctl, "Bulletin %s: %s to %s, as of %s\n\n",
                    "信访情况 %s：%s 至 %s，截至 %s\n\n"),
                  p->text, from, to, as_of);
}

/* "92.3 % (12/13, 66.7–98.6 %)" */
static void put_share(struct table *t, int64_t n, int64_t of)
{
    char percent[PERCENT_TEXT], low[PERCENT_TEXT], high[PERCENT_TEXT];
    char text[96];

    if (of <= 0) {
        table_cell(t, NULL, CELL_DIM);
        return;
    }
    percent_text(n, of, percent);
    interval_text(n, of, low, high);
    if (of < BULLETIN_SMALL && low[0] != '\0')
        (void)snprintf(text, sizeof text,
                       "%s%% (%" PRId64 "/%" PRId64 ", %s–%s%%)", percent, n,
                       of, low, high);
    else
        (void)snprintf(text, sizeof text, "%s%% (%" PRId64 "/%" PRId64 ")",
                       percent, n, of);
    table_cell(t, text, CELL_PLAIN);
}

static void put_overdue(const struct ctl *ctl, struct table *t,
                        const struct bulletin *b, const struct figures *f,
                        struct group *g)
{
    struct overdue o = group_overdue(g, bulletin_stock_day(b, f, g));
    char text[96];

    if (o.n == 0)
        (void)snprintf(text, sizeof text, "0");
    else
        (void)snprintf(
            text, sizeof text,
            T(ctl, "%" PRId64 " (median %" PRId64 " d, worst %" PRId64 " d)",
              "%" PRId64 "（中位 %" PRId64 " 天，最长 %" PRId64 " 天）"),
            o.n, o.median, o.worst);
    table_cell(t, text, o.n > 0 ? CELL_BAD : CELL_PLAIN);
}

static int finish(struct ctl *ctl, struct table *t)
{
    struct table_look look = {ctl->color, ctl->columns};
    int rc = table_print(t, ctl->out, &look);

    table_free(t);
    return rc == 0 ? 0 : say_oom(ctl);
}

/* ---- all together -------------------------------------------------------- */

/* Is the count anything, in any of the periods? */
static bool is_any(const struct bulletin *b, enum figure f)
{
    for (int i = 0; i < b->n; i++) {
        if (b->f[i].total.n[f] != 0)
            return true;
    }
    return false;
}

static void put_counts(const struct ctl *ctl, struct table *t,
                       const struct bulletin *b, enum figure f)
{
    if (f != FIG_RECEIVED && !is_any(b, f))
        return;
    table_cell(t, figure_label(ctl, f), CELL_PLAIN);
    for (int i = 0; i < b->n; i++)
        table_int(t, b->f[i].total.n[f], CELL_PLAIN);
}

static void put_first_time(const struct ctl *ctl, struct table *t,
                           const struct bulletin *b)
{
    table_cell(t, T(ctl, "first-time", "其中初次"), CELL_PLAIN);
    for (int i = 0; i < b->n; i++)
        table_int(t,
                  b->f[i].total.n[FIG_RECEIVED] -
                      b->f[i].total.n[FIG_RECEIVED_REPEAT],
                  CELL_PLAIN);
}

static void put_channels(const struct ctl *ctl, struct table *t,
                         const struct bulletin *b)
{
    for (int c = 0; c < CHANNELS; c++) {
        const char *name = dk_channel_names[c];
        bool any = false;

        for (int i = 0; i < b->n; i++)
            any = any || b->f[i].total.channel[c] != 0;
        if (!any)
            continue;
        table_cell(t, ctl->zh ? word_zh(name) : name, CELL_DIM);
        for (int i = 0; i < b->n; i++)
            table_int(t, b->f[i].total.channel[c], CELL_DIM);
    }
}

/* The counts that stand in a ratio's cell are not told twice. */
static bool is_in_ratio(enum figure f)
{
    for (int i = 0; i < RATIOS; i++) {
        if (ratios[i].n == f && f != FIG_RECEIVED_REPEAT)
            return true;
    }
    return f == FIG_NOTICE_DUE || f == FIG_CONCLUDE_DUE ||
           f == FIG_FIRST_CONCLUDED;
}

static int put_overview(struct ctl *ctl, struct bulletin *b)
{
    const char *heads[1 + BULLETIN_PERIODS] = {T(ctl, "FIGURE", "项目")};
    char label[96];

    for (int i = 0; i < b->n; i++)
        heads[1 + i] = b->f[i].period.text;
    struct table *t = table_new(heads, 1 + b->n);
    if (t == NULL)
        return say_oom(ctl);
    put_counts(ctl, t, b, FIG_RECEIVED);
    put_first_time(ctl, t, b);
    put_counts(ctl, t, b, FIG_RECEIVED_REPEAT);
    put_channels(ctl, t, b);
    for (int f = FIG_RECEIVED_REPEAT + 1; f < FIG_N; f++) {
        if (!is_in_ratio((enum figure)f))
            put_counts(ctl, t, b, (enum figure)f);
    }
    for (int r = 0; r < RATIOS; r++) {
        ratio_label(ctl, &ratios[r], label, sizeof label);
        table_cell(t, label, CELL_PLAIN);
        for (int i = 0; i < b->n; i++)
            put_share(t, b->f[i].total.n[ratios[r].n],
                      b->f[i].total.n[ratios[r].of]);
    }
    table_cell(t,
               dk_word_named("figure", "overdue",
                             ctl->zh ? DK_LANG_ZH_CN : DK_LANG_EN),
               CELL_PLAIN);
    for (int i = 0; i < b->n; i++)
        put_overdue(ctl, t, b, &b->f[i], &b->f[i].total);
    return finish(ctl, t);
}

/* ---- rebound ------------------------------------------------------------- */

static void put_rise(struct ctl *ctl, const struct bulletin *b,
                     const struct rise *r)
{
    char p[PERCENT_TEXT];

    chance_text(r->p, p);
    (void)fprintf(ctl->out,
                  T(ctl,
                    "%s %s: %" PRId64 " in %" PRId64 " days, %" PRId64
                    " in %" PRId64 " days before; %s (P = %s)\n",
                    "%s %s：%" PRId64 " 件/%" PRId64 " 天，对照 %" PRId64
                    " 件/%" PRId64 " 天；%s（P = %s）\n"),
                  T(ctl, "Against", "对照"), b->f[r->against].period.text,
                  r->now, r->days, r->before, r->days_before,
                  r->rebound
                      ? T(ctl, "a rise that is more than chance", "反弹")
                      : T(ctl, "no rise beyond chance", "未见超出偶然的上升"),
                  p);
}

static void put_rises(struct ctl *ctl, const struct bulletin *b)
{
    if (b->n_rise == 0)
        return;
    (void)fputc('\n', ctl->out);
    for (int a = 1; a < b->n; a++) {
        const struct rise *r = bulletin_rise(b, NULL, a);

        if (r != NULL)
            put_rise(ctl, b, r);
    }
    (void)fprintf(ctl->out,
                  T(ctl,
                    "Exact conditional test of two Poisson rates, one-sided, "
                    "level %.4f each (%zu comparisons).\n",
                    "检验：两泊松率的精确条件检验（单侧），每次检验水平 %.4f"
                    "（共 %zu 次）。\n"),
                  b->level, b->n_rise);
}

/* ---- one line for each --------------------------------------------------- */

/* Marks of the periods against which the group has risen. */
static void put_marks(struct table *t, const struct bulletin *b,
                      const struct group *g)
{
    char text[80] = "";
    size_t len = 0;

    for (int a = 1; a < b->n; a++) {
        const struct rise *r = bulletin_rise(b, g->key, a);

        if (r != NULL && r->rebound && len + PERIOD_TEXT + 4 < sizeof text)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s↑%s",
                                    len > 0 ? " " : "", b->f[a].period.text);
    }
    table_cell(t, text[0] != '\0' ? text : NULL, CELL_WARN);
}

static const char *by_head(const struct ctl *ctl, enum by by)
{
    if (by == BY_UNIT)
        return T(ctl, "UNIT", "责任单位");
    return by == BY_CATEGORY ? T(ctl, "CATEGORY", "类别")
                             : T(ctl, "MONTH", "月份");
}

static int put_groups(struct ctl *ctl, struct bulletin *b)
{
    const char *heads[5 + RATIOS];
    char labels[RATIOS][96];
    int n = 0;

    heads[n++] = by_head(ctl, b->q.by);
    heads[n++] = figure_label(ctl, FIG_RECEIVED);
    heads[n++] = figure_label(ctl, FIG_TRANSFERRED_IN);
    for (int r = 0; r < RATIOS; r++) {
        ratio_label(ctl, &ratios[r], labels[r], sizeof labels[r]);
        heads[n++] = labels[r];
    }
    heads[n++] = dk_word_named("figure", "overdue",
                               ctl->zh ? DK_LANG_ZH_CN : DK_LANG_EN);
    heads[n++] = T(ctl, "rise", "反弹");
    struct table *t = table_new(heads, n);
    if (t == NULL)
        return say_oom(ctl);
    for (size_t i = 0; i < b->f[0].n; i++) {
        struct group *g = &b->f[0].v[i];

        table_cell(t, g->key[0] != '\0' ? g->key : NULL, CELL_PLAIN);
        table_int(t, g->n[FIG_RECEIVED], CELL_PLAIN);
        table_int(t, g->n[FIG_TRANSFERRED_IN], CELL_PLAIN);
        for (int r = 0; r < RATIOS; r++)
            put_share(t, g->n[ratios[r].n], g->n[ratios[r].of]);
        put_overdue(ctl, t, b, &b->f[0], g);
        put_marks(t, b, g);
    }
    (void)fputc('\n', ctl->out);
    return finish(ctl, t);
}

int bulletin_table(struct ctl *ctl, struct bulletin *b)
{
    put_title(ctl, b);
    int rc = put_overview(ctl, b);

    if (rc == 0)
        put_rises(ctl, b);
    if (rc == 0 && b->q.by != BY_NONE && b->f[0].n > 0)
        rc = put_groups(ctl, b);
    if (rc != 0)
        return rc;
    if (b->q.today - b->f[0].period.to < 90)
        (void)fputs(T(ctl,
                      "\nSettled at the first answer is not final for the "
                      "last 90 days.\n",
                      "\n一次性化解率：近 90 天的数字尚未最终确定。\n"),
                    ctl->out);
    return 0;
}
