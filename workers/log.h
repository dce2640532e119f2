/* log.h - a worker's log: one line per fact, key=value, to standard error. */
#ifndef DK_WORKER_LOG_H
#define DK_WORKER_LOG_H

/* `level` is error, warn or info; `event` a short stable word; fmt gives the
 * other key=value pairs.  Keeps errno.
 */
__attribute__((format(printf, 3, 4))) void
worker_log(const char *level, const char *event, const char *fmt, ...);

/* A text as the value of a key: quoted, quotes and control characters
 * escaped, cut at a character's boundary to fit.  Returns buf.
 */
const char *worker_quote(const char *s, char *buf, unsigned long cap);

#endif /* DK_WORKER_LOG_H */
