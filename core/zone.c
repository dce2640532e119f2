/* zone.c - local days by rule, without libc (docs/adr/0006). */
#include <stdbool.h>
#include <string.h>

#include "calendar.h"

#define DAY_SEC     86400
#define OFFSET_MAX  (26 * 60) /* minutes; POSIX allows 24 h and a part */
#define RULE_AT_MAX (167 * 3600)

struct cursor {
    const char *s;
};

static bool eat(struct cursor *c, char ch)
{
    if (*c->s != ch)
        return false;
    c->s++;
    return true;
}

static bool eat_int(struct cursor *c, int min, int max, int *out)
{
    int v = 0, digits = 0;
    while (*c->s >= '0' && *c->s <= '9') {
        if (++digits > 3)
            return false;
        v = v * 10 + (*c->s++ - '0');
    }
    if (digits == 0 || v < min || v > max)
        return false;
    *out = v;
    return true;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool eat_time(struct cursor *c, int max_hour, int *out)
{
    int h = 0, m = 0, s = 0;
    bool minus = eat(c, '-');
    if (!minus)
        (void)eat(c, '+');
    if (!eat_int(c, 0, max_hour, &h))
        return false;
    if (eat(c, ':')) {
        if (!eat_int(c, 0, 59, &m))
            return false;
        if (eat(c, ':') && !eat_int(c, 0, 59, &s))
            return false;
    }
    *out = (h * 3600 + m * 60 + s) * (minus ? -1 : 1);
    return true;
}

/* At least three letters, or <letters, digits, signs>. */
static bool eat_name(struct cursor *c)
{
    size_t n = 0;
    if (eat(c, '<')) {
        while (*c->s != '\0' && *c->s != '>') {
            c->s++;
            n++;
        }
        return eat(c, '>') && n >= 3;
    }
    while ((*c->s >= 'A' && *c->s <= 'Z') || (*c->s >= 'a' && *c->s <= 'z')) {
        c->s++;
        n++;
    }
    return n >= 3;
}

/* POSIX counts west of Greenwich; we count east, in whole minutes. */
static bool eat_offset(struct cursor *c, int *east_min)
{
    int sec = 0;
    if (!eat_time(c, 24, &sec) || sec % 60 != 0)
        return false;
    *east_min = -sec / 60;
    return true;
}

/* Mm.w.d[/time] */
static bool eat_rule(struct cursor *c, int *month, int *week, int *weekday,
                     int *at_sec)
{
    *at_sec = 2 * 3600;
    return eat(c, ',') && eat(c, 'M') && eat_int(c, 1, 12, month) &&
           eat(c, '.') && eat_int(c, 1, 5, week) && eat(c, '.') &&
           eat_int(c, 0, 6, weekday) &&
           (!eat(c, '/') || eat_time(c, RULE_AT_MAX / 3600, at_sec));
}

int dk_zone_parse(const char *s, struct dk_zone *out)
{
    struct dk_zone z = {0};
    struct cursor c = {s};

    if (*s == '+' || *s == '-' || *s == 'Z') {
        int rc = dk_offset_parse(s, &z.std_min);
        if (rc != 0)
            return rc;
        z.dst_min = z.std_min;
        *out = z;
        return 0;
    }
    if (!eat_name(&c) || !eat_offset(&c, &z.std_min))
        return DK_EFIELD;
    z.dst_min = z.std_min;
    if (*c.s != '\0') {
        if (!eat_name(&c))
            return DK_EFIELD;
        z.dst_min = z.std_min + 60;
        if (*c.s != ',' && !eat_offset(&c, &z.dst_min))
            return DK_EFIELD;
        if (!eat_rule(&c, &z.begin.month, &z.begin.week, &z.begin.weekday,
                      &z.begin.at_sec) ||
            !eat_rule(&c, &z.end.month, &z.end.week, &z.end.weekday,
                      &z.end.at_sec) ||
            *c.s != '\0')
            return DK_EFIELD;
    }
    if (z.dst_min > OFFSET_MAX || z.dst_min < -OFFSET_MAX)
        return DK_EFIELD;
    *out = z;
    return 0;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return a % b < 0 ? q - 1 : q;
}

static int64_t local_day(dk_ms t, int offset_min)
{
    return floor_div(t + offset_min * DK_MINUTE, DK_DAY);
}

/* The day of a year on which an M rule falls. */
static int64_t rule_day(int year, int month, int week, int weekday)
{
    int64_t first = dk_days_from_date((struct dk_date){year, month, 1});
    int64_t day = first + (weekday - dk_weekday(first) % 7 + 7) % 7;
    int64_t next =
        month == 12 ? dk_days_from_date((struct dk_date){year + 1, 1, 1})
                    : dk_days_from_date((struct dk_date){year, month + 1, 1});

    day += (int64_t)7 * (week - 1);
    return day < next ? day : day - 7; /* week 5 is the last one */
}

int dk_zone_offset(const struct dk_zone *z, dk_ms t)
{
    if (z->std_min == z->dst_min)
        return z->std_min;

    int year = dk_date_from_days(local_day(t, z->std_min)).year;
    int64_t on =
        rule_day(year, z->begin.month, z->begin.week, z->begin.weekday);
    int64_t off = rule_day(year, z->end.month, z->end.week, z->end.weekday);
    dk_ms begin =
        (on * DAY_SEC + z->begin.at_sec) * DK_SECOND - z->std_min * DK_MINUTE;
    dk_ms end =
        (off * DAY_SEC + z->end.at_sec) * DK_SECOND - z->dst_min * DK_MINUTE;
    /* South of the equator daylight saving runs over the new year. */
    bool dst = begin < end ? t >= begin && t < end : t >= begin || t < end;
    return dst ? z->dst_min : z->std_min;
}

dk_ms dk_zone_midnight(const struct dk_zone *z, int64_t day)
{
    int most = z->std_min > z->dst_min ? z->std_min : z->dst_min;
    int least = z->std_min > z->dst_min ? z->dst_min : z->std_min;
    dk_ms lo = day * DK_DAY - most * DK_MINUTE;
    dk_ms hi = day * DK_DAY - least * DK_MINUTE;

    /* Midnight happens under the larger offset, or under the smaller one. */
    if (dk_zone_offset(z, lo) == most)
        return lo;
    if (dk_zone_offset(z, hi) == least)
        return hi;
    /* It does not happen: the clocks go forward over it between lo and hi. */
    while (hi - lo > 1) {
        dk_ms mid = lo + (hi - lo) / 2;
        if (dk_zone_offset(z, mid) == most)
            hi = mid;
        else
            lo = mid;
    }
    return hi;
}

int64_t dk_zone_day(const struct dk_zone *z, dk_ms t)
{
    return local_day(t, dk_zone_offset(z, t));
}
