#include "note.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "journal.h"

#define NOTE_MAX 1024

void note(const char *level, const char *event, const char *fmt, ...)
{
    char line[NOTE_MAX + 1]; /* and its end */
    int keep = errno;
    int n = snprintf(line, NOTE_MAX, "level=%s event=%s ", level, event);
    va_list ap;

    va_start(ap, fmt);
    if (n >= 0 && (size_t)n < NOTE_MAX)
        vsnprintf(line + n, NOTE_MAX - (size_t)n, fmt, ap);
    va_end(ap);
    for (char *c = line; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20)
            *c = ' ';
    }
    size_t len = strlen(line);
    line[len] = '\n';
    journal_line(line, len + 1);
    errno = keep;
}
