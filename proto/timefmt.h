/* timefmt.h - instants and civil dates, by arithmetic alone: no libc time
 * functions, no locale, no TZ (docs/adr/0006).  Proleptic Gregorian calendar.
 */
#ifndef DK_TIMEFMT_H
#define DK_TIMEFMT_H

#include "dk_types.h"
#include "problem.h"

struct dk_date {
    int year, month, day; /* 1..9999, 1..12, 1..31 */
};

/* Days since 1970-01-01 of a civil date, and back. */
int64_t dk_days_from_date(struct dk_date d);
struct dk_date dk_date_from_days(int64_t days);
int dk_weekday(int64_t days); /* 1 Monday .. 7 Sunday (ISO 8601) */
int dk_date_valid(struct dk_date d);

/* RFC 3339 date-time with 'T', seconds, optional fraction (cut to ms), and an
 * offset or 'Z'; years 1970..9999; leap seconds refused.  0 or DK_EFIELD.
 */
int dk_time_parse(const char *s, size_t n, dk_ms *out);
/* "YYYY-MM-DD". */
int dk_date_parse(const char *s, size_t n, struct dk_date *out);
/* "2026-05-01T09:30:00.000+08:00"; milliseconds always; buf of DK_TIME_MAX. */
void dk_time_format(dk_ms t, int offset_min, char *buf);
void dk_date_format(struct dk_date d, char *buf); /* at least 11 bytes */
/* "+08:00" -> 480; 0 or DK_EFIELD. */
int dk_offset_parse(const char *s, int *out_min);

#endif /* DK_TIMEFMT_H */
