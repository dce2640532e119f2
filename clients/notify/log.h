/* log.h - one line per fact on standard error: level=… event=… key=value.
 * Keeps errno.  Never a password, a secret or the text of a message.
 */
#ifndef DK_NOTIFY_LOG_H
#define DK_NOTIFY_LOG_H

__attribute__((format(printf, 3, 4))) void
notify_log(const char *level, const char *event, const char *fmt, ...);

#endif /* DK_NOTIFY_LOG_H */
