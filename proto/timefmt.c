#include "timefmt.h"

#include <stdbool.h>
#include <string.h>

/* The civil calendar counts years from March, so that the leap day is a
 * year's last: a day's number within the year is then (153 m + 2) / 5 + d - 1
 * with m = 0 for March.  An era is the calendar's period, 400 years.
 */
#define ERA_DAYS   146097
#define EPOCH_DAYS 719468           /* from 0000-03-01 to 1970-01-01 */
#define FIRST_DAY  INT64_C(-719161) /* 0001-01-02 */
#define LAST_DAY   INT64_C(2932896) /* 9999-12-31 */

int64_t dk_days_from_date(struct dk_date d)
{
    int64_t y = d.month <= 2 ? (int64_t)d.year - 1 : d.year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t m = d.month > 2 ? d.month - 3 : d.month + 9;
    int64_t doy = (153 * m + 2) / 5 + d.day - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

    return era * ERA_DAYS + doe - EPOCH_DAYS;
}

struct dk_date dk_date_from_days(int64_t days)
{
    int64_t z = days + EPOCH_DAYS;
    int64_t era = (z >= 0 ? z : z - (ERA_DAYS - 1)) / ERA_DAYS;
    int64_t doe = z - era * ERA_DAYS;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t m = (5 * doy + 2) / 153;
    int64_t y = yoe + era * 400 + (m >= 10 ? 1 : 0);

    return (struct dk_date){
        .year = (int)y,
        .month = (int)(m < 10 ? m + 3 : m - 9),
        .day = (int)(doy - (153 * m + 2) / 5 + 1),
    };
}

int dk_weekday(int64_t days)
{
    int64_t r = (days + 3) % 7; /* 1970-01-01 was a Thursday */

    return (int)(r < 0 ? r + 7 : r) + 1;
}

static int month_days(int year, int month)
{
    static const int n[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return n[month - 1] + (month == 2 && leap ? 1 : 0);
}

int dk_date_valid(struct dk_date d)
{
    return d.year >= 1 && d.year <= 9999 && d.month >= 1 && d.month <= 12 &&
           d.day >= 1 && d.day <= month_days(d.year, d.month);
}

/* Exactly n decimal digits; -1 if they are not. */
static int digits(const char *s, int n)
{
    int v = 0;

    for (int i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return -1;
        v = v * 10 + (s[i] - '0');
    }
    return v;
}

int dk_date_parse(const char *s, size_t n, struct dk_date *out)
{
    struct dk_date d;

    if (n != 10 || s[4] != '-' || s[7] != '-')
        return DK_EFIELD;
    d.year = digits(s, 4);
    d.month = digits(s + 5, 2);
    d.day = digits(s + 8, 2);
    if (!dk_date_valid(d))
        return DK_EFIELD;
    *out = d;
    return 0;
}

/* "+08:00", six bytes. */
static int offset(const char *s, int *out_min)
{
    int h, m;

    if ((s[0] != '+' && s[0] != '-') || s[3] != ':')
        return DK_EFIELD;
    h = digits(s + 1, 2);
    m = digits(s + 4, 2);
    if (h < 0 || h > 23 || m < 0 || m > 59)
        return DK_EFIELD;
    *out_min = (h * 60 + m) * (s[0] == '-' ? -1 : 1);
    return 0;
}

int dk_offset_parse(const char *s, int *out_min)
{
    return strlen(s) == 6 ? offset(s, out_min) : DK_EFIELD;
}

/* The fraction at s[0..n), its point included: its length, or 0 if there is
 * none, or -1 if it is wrong.
 */
static int fraction(const char *s, size_t n, int *ms)
{
    int v = 0, unit = 100;
    size_t i = 1;

    *ms = 0;
    if (n == 0 || s[0] != '.')
        return 0;
    while (i < n && s[i] >= '0' && s[i] <= '9') {
        v += (s[i] - '0') * unit;
        unit /= 10;
        i++;
    }
    *ms = v;
    return i > 1 && i <= 64 ? (int)i : -1;
}

int dk_time_parse(const char *s, size_t n, dk_ms *out)
{
    struct dk_date d;
    int h, min, sec, ms, frac, off = 0;
    dk_ms t;

    if (n < 20 || dk_date_parse(s, 10, &d) != 0 || d.year < 1970 ||
        s[10] != 'T' || s[13] != ':' || s[16] != ':')
        return DK_EFIELD;
    h = digits(s + 11, 2);
    min = digits(s + 14, 2);
    sec = digits(s + 17, 2);
    if (h < 0 || h > 23 || min < 0 || min > 59 || sec < 0 || sec > 59)
        return DK_EFIELD;
    frac = fraction(s + 19, n - 19, &ms);
    if (frac < 0)
        return DK_EFIELD;
    s += 19 + frac;
    n -= 19 + (size_t)frac;
    if (!(n == 1 && s[0] == 'Z') && !(n == 6 && offset(s, &off) == 0))
        return DK_EFIELD;
    t = dk_days_from_date(d) * DK_DAY + h * DK_HOUR + min * DK_MINUTE +
        sec * DK_SECOND + ms - off * DK_MINUTE;
    if (t < 0 || t >= dk_days_from_date((struct dk_date){9999, 12, 31}) *
                          DK_DAY) /* may be year 10000 somewhere */
        return DK_EFIELD;
    *out = t;
    return 0;
}

/* Two digits; `v` is below 100. */
static char *two(char *p, unsigned v)
{
    p[0] = (char)('0' + v / 10);
    p[1] = (char)('0' + v % 10);
    return p + 2;
}

void dk_date_format(struct dk_date d, char *buf)
{
    char *p = two(buf, (unsigned)d.year / 100 % 100);

    p = two(p, (unsigned)d.year % 100);
    *p++ = '-';
    p = two(p, (unsigned)d.month % 100);
    *p++ = '-';
    p = two(p, (unsigned)d.day % 100);
    *p = '\0';
}

void dk_time_format(dk_ms t, int offset_min, char *buf)
{
    const dk_ms first = FIRST_DAY * DK_DAY, last = LAST_DAY * DK_DAY;
    unsigned off, ms;
    int64_t days;
    char *p;

    if (offset_min < -1439 || offset_min > 1439)
        offset_min = 0;
    off = (unsigned)(offset_min < 0 ? -offset_min : offset_min);
    t = t < first ? first : t > last ? last : t; /* four digits of year */
    t += offset_min * DK_MINUTE;
    days = t >= 0 ? t / DK_DAY : -((DK_DAY - 1 - t) / DK_DAY);
    ms = (unsigned)(t - days * DK_DAY);
    dk_date_format(dk_date_from_days(days), buf);
    p = buf + 10;
    *p++ = 'T';
    p = two(p, ms / 3600000);
    *p++ = ':';
    p = two(p, ms / 60000 % 60);
    *p++ = ':';
    p = two(p, ms / 1000 % 60);
    *p++ = '.';
    *p++ = (char)('0' + ms / 100 % 10);
    p = two(p, ms % 100);
    *p++ = offset_min < 0 ? '-' : '+';
    p = two(p, off / 60);
    *p++ = ':';
    p = two(p, off % 60);
    *p = '\0';
}
