/* cmd_bulletin.c - bulletin: the office's figures of a period, against others.
 */
#include <stdlib.h>
#include <string.h>

#include "bulletin.h"
#include "stat.h"

static const char *const by_names[] = {"unit", "category", "month", NULL};

/* clang-format off */
const struct opt opts_bulletin[] = {
    {.name = "period", .kind = OPT_TEXT, .arg = "PERIOD",
     .en = "2026-05, 2026Q2, 2026 or 2026-05-01..2026-05-20 (required)",
     .zh = "时段：2026-05、2026Q2、2026 或 2026-05-01..2026-05-20（必填）"},
    {.name = "against", .kind = OPT_TEXT, .arg = "PERIOD",
     .en = "another period, previous, year, both (the default) or none",
     .zh = "对照时段：某一时段，或 previous（上期）、year（上年同期）、"
           "both（二者，默认）、none（不对照）"},
    {.name = "by", .kind = OPT_NAME, .arg = "WHAT", .names = by_names,
     .en = "unit, category or month: one line for each",
     .zh = "分列：unit（责任单位）、category（类别）、month（月份）"},
    {.name = "unit", .kind = OPT_TEXT, .arg = "ID", .en = "only this unit's",
     .zh = "仅该责任单位"},
    {.name = "category", .kind = OPT_TEXT, .arg = "A/B",
     .en = "only of this category and below", .zh = "仅该类别及其下级"},
    {.name = "as-of", .kind = OPT_TEXT, .arg = "DATE",
     .en = "as it was known at the end of that day",
     .zh = "按该日终了时已知的情况"},
    {.name = "csv", .kind = OPT_FLAG, .en = "print CSV (RFC 4180)",
     .zh = "输出 CSV（RFC 4180）"},
    OPT_END,
};
/* clang-format on */

void more_bulletin(const struct ctl *ctl)
{
    (void)fputs(
        T(ctl,
          "What each figure counts, whose it is and of which day is told in\n"
          "docs/FIGURES.md. Counts of matters are no merit and are not "
          "ranked.\n",
          "各项计数的口径、归属与日期见 docs/FIGURES.md。"
          "信访量不作排名。\n"),
        ctl->out);
}

/* ---- comparisons --------------------------------------------------------- */

const struct rise *bulletin_rise(const struct bulletin *b, const char *key,
                                 int against)
{
    for (size_t i = 0; i < b->n_rise; i++) {
        const struct rise *r = &b->rise[i];

        if (r->against == against &&
            (key == NULL ? r->key == NULL
                         : r->key != NULL && strcmp(r->key, key) == 0))
            return r;
    }
    return NULL;
}

/* What came in: to the office, or to a unit. */
static int64_t volume(const struct bulletin *b, const struct group *g)
{
    const char *unit = b->q.by == BY_UNIT ? g->key : b->q.unit;

    if (unit == NULL || strcmp(unit, "office") == 0)
        return g->n[FIG_RECEIVED];
    return g->n[FIG_TRANSFERRED_IN];
}

static int add_rise(struct bulletin *b, int against, const struct group *now,
                    const struct group *before)
{
    struct rise r = {.key = now->key, .against = against};

    r.now = volume(b, now);
    r.before = before == NULL ? 0 : volume(b, before);
    r.days = figures_days(&b->q, &b->f[0].period);
    r.days_before = figures_days(&b->q, &b->f[against].period);
    if (r.now + r.before == 0 || r.days == 0 || r.days_before == 0)
        return 0;
    if (b->n_rise == b->cap_rise) {
        size_t cap = b->cap_rise == 0 ? 32 : b->cap_rise * 2;
        struct rise *v = realloc(b->rise, cap * sizeof *v);

        if (v == NULL)
            return DK_ENOMEM;
        b->rise = v;
        b->cap_rise = cap;
    }
    r.p = stat_rise(r.now, r.days, r.before, r.days_before);
    b->rise[b->n_rise++] = r;
    return 0;
}

/* A time of which there is nothing is one before docket, not one of peace. */
static bool is_known(const struct figures *f)
{
    return f->total.n[FIG_RECEIVED] + f->total.n[FIG_TRANSFERRED_IN] > 0;
}

static int compare(struct bulletin *b)
{
    for (int a = 1; a < b->n; a++) {
        if (!is_known(&b->f[a]))
            continue;
        int rc = add_rise(b, a, &b->f[0].total, &b->f[a].total);

        for (size_t i = 0; rc == 0 && b->q.by != BY_MONTH && i < b->f[0].n; i++)
            rc = add_rise(b, a, &b->f[0].v[i],
                          figures_find(&b->f[a], b->f[0].v[i].key));
        if (rc != 0)
            return rc;
    }
    b->level = BULLETIN_LEVEL / (b->n_rise > 0 ? (double)b->n_rise : 1.0);
    for (size_t i = 0; i < b->n_rise; i++) {
        struct rise *r = &b->rise[i];

        r->rebound =
            r->p <= b->level && r->now * r->days_before > r->before * r->days;
    }
    return 0;
}

int32_t bulletin_stock_day(const struct bulletin *b, const struct figures *f,
                           const struct group *g)
{
    struct period month;

    if (b->q.by != BY_MONTH || g->key == NULL ||
        period_parse(g->key, &month, NULL) != 0 || month.to > f->stock_day)
        return f->stock_day;
    return month.to;
}

/* ---- the command --------------------------------------------------------- */

static int refuse(const struct ctl *ctl, const char *en, const char *zh)
{
    struct dk_problem p = {0};

    (void)dk_fail(&p, DK_EFIELD, NULL, en, zh);
    return say_usage(ctl, &p);
}

/* The date of the broker's clock: what is over is over there. */
static int ask_today(struct ctl *ctl, int32_t *out)
{
    struct dk_reply r;
    struct dk_date d;
    int rc = ctl_ask(ctl, "clock.now", NULL, &r);

    if (rc != 0)
        return rc;
    const char *now =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(r.json, "now"));
    bool good = now != NULL && strlen(now) > 10 &&
                dk_date_parse(now, 10, &d) == 0; /* in the office's zone */
    dk_reply_free(&r);
    if (!good)
        return say_odd_reply(ctl, "now");
    *out = (int32_t)dk_days_from_date(d);
    return 0;
}

static int read_ask(struct ctl *ctl, const struct args *a, struct bulletin *b)
{
    const char *as_of = args_get(a, "as-of");
    struct dk_date d;

    b->by_name = args_get(a, "by");
    for (int i = 0; b->by_name != NULL && by_names[i] != NULL; i++) {
        if (strcmp(by_names[i], b->by_name) == 0)
            b->q.by = (enum by)(BY_UNIT + i);
    }
    b->q.unit = args_get(a, "unit");
    b->q.category = args_get(a, "category");
    b->q.as_of = INT32_MAX;
    if (as_of == NULL)
        return 0;
    if (dk_date_parse(as_of, strlen(as_of), &d) != 0 || d.year < 1971)
        return refuse(ctl, "--as-of is a date, as in 2026-06-10",
                      "--as-of 须为日期，如 2026-06-10");
    b->q.as_of = (int32_t)dk_days_from_date(d);
    return 0;
}

/* The period, and what it is held against. */
static int read_periods(struct ctl *ctl, const struct args *a,
                        struct period out[BULLETIN_PERIODS], int *n)
{
    const char *period = args_get(a, "period");
    const char *against = args_get(a, "against");
    struct dk_problem p = {0};

    *n = 1;
    if (period == NULL)
        return refuse(ctl, "--period is needed, as in --period 2026-05",
                      "缺少 --period，如 --period 2026-05");
    if (period_parse(period, &out[0], &p) != 0)
        return say_usage(ctl, &p);
    if (against != NULL && strcmp(against, "none") == 0)
        return 0;
    bool both = against == NULL || strcmp(against, "both") == 0;
    if (both || strcmp(against, "previous") == 0)
        out[(*n)++] = period_before(&out[0]);
    if (both || strcmp(against, "year") == 0)
        out[(*n)++] = period_year_before(&out[0]);
    if (*n > 1)
        return 0;
    if (period_parse(against, &out[(*n)++], &p) != 0)
        return say_usage(ctl, &p);
    return 0;
}

static int print(struct ctl *ctl, const struct args *a, struct bulletin *b)
{
    if (ctl->json)
        return bulletin_json(ctl, b);
    return args_has(a, "csv") ? bulletin_csv(ctl, b) : bulletin_table(ctl, b);
}

int cmd_bulletin(struct ctl *ctl, const struct args *a)
{
    struct period periods[BULLETIN_PERIODS];
    struct bulletin b = {.n = 0};
    int n = 0;
    int rc = read_ask(ctl, a, &b);

    if (rc == 0)
        rc = read_periods(ctl, a, periods, &n);
    if (rc == 0 && ctl->json && args_has(a, "csv"))
        rc = refuse(ctl, "--json or --csv, not both",
                    "--json 与 --csv 不能同时使用");
    if (rc == 0)
        rc = ask_today(ctl, &b.q.today);
    for (int i = 0; rc == 0 && i < n; i++) {
        rc = figures_fetch(ctl, &b.q, &periods[i], &b.f[i]);
        b.n = i + 1;
    }
    if (rc == 0 && compare(&b) != 0)
        rc = say_oom(ctl);
    if (rc == 0)
        rc = print(ctl, a, &b);
    for (int i = 0; i < b.n; i++)
        figures_fini(&b.f[i]);
    free(b.rise);
    return rc;
}
