/* calendar.h - natural days and working days in an explicit time zone.
 *
 * A calendar is data (policy/calendar-*.json): the zone, the weekly days of
 * rest, and per year the public holidays and the make-up workdays (调休), each
 * year with its source.  A year that the file does not have is unknown: what
 * needs its working days is refused, never guessed.
 */
#ifndef DK_CALENDAR_H
#define DK_CALENDAR_H

#include "proto/timefmt.h"
#include "report.h"

/* A time zone: a fixed offset, or a POSIX TZ rule such as
 * "EST5EDT,M3.2.0,M11.1.0".  libc's zone files and TZ are not looked at.
 */
struct dk_zone {
    int std_min, dst_min; /* minutes east of UTC; equal: no daylight saving */
    struct {
        int month, week, weekday; /* M rule: week 5 = last; weekday 0 Sunday */
        int at_sec;               /* local time of the change */
    } begin, end;                 /* of daylight saving */
};
/* "+08:00", "CST-8", "EST5EDT,M3.2.0,M11.1.0"; 0 or DK_EFIELD. */
int dk_zone_parse(const char *s, struct dk_zone *out);
int dk_zone_offset(const struct dk_zone *z, dk_ms t); /* minutes east at t */
/* First instant of a local day.  Where midnight does not exist, the first
 * instant that does.
 */
dk_ms dk_zone_midnight(const struct dk_zone *z, int64_t day);
int64_t dk_zone_day(const struct dk_zone *z, dk_ms t); /* local day of t */

struct dk_calendar;

/* Read a calendar file's text.  NULL when the report has errors. */
struct dk_calendar *dk_calendar_load(const char *file, const char *text,
                                     size_t len, struct dk_report *r);
void dk_calendar_free(struct dk_calendar *c);

const char *dk_calendar_id(const struct dk_calendar *c);
const struct dk_zone *dk_calendar_zone(const struct dk_calendar *c);
bool dk_calendar_knows(const struct dk_calendar *c, int year);
/* First and last year of the file, and how many nobody has verified yet. */
void dk_calendar_span(const struct dk_calendar *c, int *first, int *last,
                      int *unverified);
/* Warn of what the calendar soon lacks, as of the local day `today`: from
 * November on the next year, which its yearly notice has settled by then, and
 * at any time the year itself.
 */
void dk_calendar_check(const struct dk_calendar *c, const char *file,
                       int64_t today, struct dk_report *r);
/* 1 working day, 0 day of rest, DK_ENOTFOUND year unknown. */
int dk_calendar_works(const struct dk_calendar *c, int64_t day);

/* The n-th working day after `day` (n >= 0; 0: `day` itself, whatever it is),
 * or before it for n < 0.  DK_ENOTFOUND when a year on the way is unknown.
 */
int dk_calendar_add(const struct dk_calendar *c, int64_t day, int n,
                    int64_t *out);
/* `day` if it works, else the next day that does. */
int dk_calendar_next(const struct dk_calendar *c, int64_t day, int64_t *out);

#endif /* DK_CALENDAR_H */
