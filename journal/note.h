/* note.h - one line per fact on standard error: level=… event=… key=value.
 * Keeps errno.
 *
 * Never a password, a token, a key, the text of a message, or a name that is no
 * account's: people type their password where the name belongs.
 */
#ifndef DK_JOURNAL_NOTE_H
#define DK_JOURNAL_NOTE_H

__attribute__((format(printf, 3, 4))) void
note(const char *level, const char *event, const char *fmt, ...);

#endif /* DK_JOURNAL_NOTE_H */
