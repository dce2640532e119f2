/* logline.h - a line of a log, "level=info event=ready key=value ...", as the
 * fields of a systemd journal entry (systemd.journal-fields(7), the protocol of
 * systemd's "Native Journal Protocol").  Pure.
 *
 * MESSAGE is the line.  MESSAGE_ID is that of the event (log_events.def), so
 * that the catalog explains it.  A case's number is CASE_NO; every other key is
 * DOCKET_ and its name in capitals: UNIT, CODE_FILE and others are systemd's.
 */
#ifndef DK_LOGLINE_H
#define DK_LOGLINE_H

#include <stddef.h>

#define DK_LOGLINE_MAX 8192 /* bytes of an entry of a line of up to 2048 */

/* Writes the entry of `line` (n bytes, without its line end) and returns its
 * length; 0: it does not fit, or the line names no event (event=..., or a
 * first word as in "alert level=red case=...").
 */
size_t dk_logline_entry(const char *line, size_t n, const char *program,
                        char *buf, size_t cap);

/* The 32 hexadecimal digits of an event's MESSAGE_ID; NULL: it has none. */
const char *dk_logline_id(const char *event, size_t n);

#endif /* DK_LOGLINE_H */
