#include "period.h"

#include <stdio.h>
#include <string.h>

#define YEAR_MIN 1971
#define YEAR_MAX 9998

static int32_t day_of(int year, int month, int day)
{
    return (int32_t)dk_days_from_date((struct dk_date){year, month, day});
}

/* The day before the first of the month after. */
static int32_t month_end(int year, int month)
{
    return month == 12 ? day_of(year + 1, 1, 1) - 1
                       : day_of(year, month + 1, 1) - 1;
}

static struct period make_months(enum period_kind kind, int year, int month,
                                 int n)
{
    struct period p = {.kind = kind,
                       .from = day_of(year, month, 1),
                       .to = month_end(year, month + n - 1)};

    if (kind == PERIOD_MONTH)
        (void)snprintf(p.text, sizeof p.text, "%04d-%02d", year, month);
    else if (kind == PERIOD_QUARTER)
        (void)snprintf(p.text, sizeof p.text, "%04dQ%d", year, month / 3 + 1);
    else
        (void)snprintf(p.text, sizeof p.text, "%04d", year);
    return p;
}

static struct period make_range(int32_t from, int32_t to)
{
    struct period p = {.kind = PERIOD_RANGE, .from = from, .to = to};
    char a[16], b[16];

    dk_date_format(dk_date_from_days(from), a);
    dk_date_format(dk_date_from_days(to), b);
    (void)snprintf(p.text, sizeof p.text, "%.10s..%.10s", a, b);
    return p;
}

static bool is_year(int year)
{
    return year >= YEAR_MIN && year <= YEAR_MAX;
}

/* Exactly `n` digits at `s`. */
static bool digits(const char *s, int n, int *out)
{
    *out = 0;
    for (int i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        *out = *out * 10 + (s[i] - '0');
    }
    return true;
}

static bool parse_range(const char *s, struct period *out)
{
    struct dk_date a, b;

    if (strlen(s) != 22 || strncmp(s + 10, "..", 2) != 0 ||
        dk_date_parse(s, 10, &a) != 0 || dk_date_parse(s + 12, 10, &b) != 0 ||
        !is_year(a.year) || !is_year(b.year))
        return false;
    *out = make_range((int32_t)dk_days_from_date(a),
                      (int32_t)dk_days_from_date(b));
    return out->from <= out->to;
}

int period_parse(const char *s, struct period *out, struct dk_problem *p)
{
    size_t n = strlen(s);
    int year = 0, part = 0;

    if (n >= 4 && digits(s, 4, &year) && is_year(year)) {
        if (n == 4) {
            *out = make_months(PERIOD_YEAR, year, 1, 12);
            return 0;
        }
        if (n == 6 && s[4] == 'Q' && s[5] >= '1' && s[5] <= '4') {
            *out = make_months(PERIOD_QUARTER, year, (s[5] - '1') * 3 + 1, 3);
            return 0;
        }
        if (n == 7 && s[4] == '-' && digits(s + 5, 2, &part) && part >= 1 &&
            part <= 12) {
            *out = make_months(PERIOD_MONTH, year, part, 1);
            return 0;
        }
    }
    if (parse_range(s, out))
        return 0;
    return dk_failf(p, DK_EFIELD, NULL,
                    "'%.60s' is not a period: write 2026-05, 2026Q2, 2026 or "
                    "2026-05-01..2026-05-20",
                    "“%.60s”不是时段：请写成 2026-05、2026Q2、2026 或 "
                    "2026-05-01..2026-05-20",
                    s);
}

/* `n` months that begin `back` months before the period does. */
static struct period months_back(const struct period *p, int n, int back)
{
    struct dk_date d = dk_date_from_days(p->from);
    int months = d.year * 12 + d.month - 1 - back;

    return make_months(p->kind, months / 12, months % 12 + 1, n);
}

static const int months_of[] = {
    [PERIOD_MONTH] = 1, [PERIOD_QUARTER] = 3, [PERIOD_YEAR] = 12};

struct period period_before(const struct period *p)
{
    int32_t n = p->to - p->from + 1;

    if (p->kind == PERIOD_RANGE)
        return make_range(p->from - n, p->to - n);
    return months_back(p, months_of[p->kind], months_of[p->kind]);
}

static int32_t year_before(int32_t day)
{
    struct dk_date d = dk_date_from_days(day);

    d.year--;
    if (!dk_date_valid(d))
        d.day = 28;
    return (int32_t)dk_days_from_date(d);
}

struct period period_year_before(const struct period *p)
{
    if (p->kind == PERIOD_RANGE)
        return make_range(year_before(p->from), year_before(p->to));
    return months_back(p, months_of[p->kind], 12);
}

bool period_month(const struct period *p, int i, struct period *out)
{
    struct dk_date d = dk_date_from_days(p->from);
    int months = d.year * 12 + d.month - 1 + i;

    *out = make_months(PERIOD_MONTH, months / 12, months % 12 + 1, 1);
    if (out->from > p->to)
        return false;
    out->from = out->from < p->from ? p->from : out->from;
    out->to = out->to > p->to ? p->to : out->to;
    return true;
}
