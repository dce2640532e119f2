/* log.h - one line per fact, key=value, to standard error (systemd's journal
 * keeps it).  Only the daemon logs; libraries never do.
 */
#ifndef DK_LOG_H
#define DK_LOG_H

enum log_level {
    LOG_ERR_,
    LOG_WARN_,
    LOG_INFO_,
    LOG_DEBUG_
};

void log_set_level(enum log_level l);
int log_level_parse(const char *s, enum log_level *out); /* 0 or DK_EFIELD */

/* `event` is a short stable word; fmt gives the other key=value pairs.  Keeps
 * errno.  With the journal on the other end it becomes an entry with fields
 * (journal/journal.h).
 */
__attribute__((format(printf, 3, 4))) void
log_line(enum log_level l, const char *event, const char *fmt, ...);

/* A text as the value of a key: quoted, with control characters escaped, cut
 * to cap - 1 bytes.  Returns buf.
 */
const char *log_quote(const char *s, char *buf, unsigned long cap);

#define log_error(...) log_line(LOG_ERR_, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN_, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO_, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG_, __VA_ARGS__)

#endif /* DK_LOG_H */
