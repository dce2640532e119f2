/* when.h - times and spans of time as people type and read them. Pure. */
#ifndef DK_CTL_WHEN_H
#define DK_CTL_WHEN_H

#include <stdbool.h>

#include "proto/timefmt.h"

/* "2026-05-01T09:30:00+08:00" (RFC 3339), or "2026-05-01": midnight at the
 * start of that day, `offset_min` east of Greenwich.  0 or DK_EFIELD.
 */
int when_parse(const char *s, int offset_min, dk_ms *out, struct dk_problem *p);

/* Does `s` have the shape of a bare date, so that an offset is needed? */
bool when_is_date(const char *s);

/* "1w", "3d", "2h30m", "90m", "45s", "250ms": largest unit first, each once;
 * more than nothing, at most 100 years.  0 or DK_EFIELD.
 */
int span_parse(const char *s, dk_ms *out, struct dk_problem *p);

#define SPAN_TEXT 64
/* "2 d 3 h", "4 min 10 s", "35 s": the two largest units. */
void span_show(dk_ms span, bool zh, char buf[SPAN_TEXT]);

#define WHEN_TEXT 20
/* "2026-05-01T09:30:00.000+08:00" -> "2026-05-01 09:30"; what does not have
 * that shape is cut and kept.
 */
void when_short(const char *rfc3339, char buf[WHEN_TEXT]);

#endif /* DK_CTL_WHEN_H */
