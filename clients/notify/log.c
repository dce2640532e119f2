#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "journal/journal.h"

#define LINE_CAP 1024

void notify_log(const char *level, const char *event, const char *fmt, ...)
{
    char line[LINE_CAP + 1]; /* and its end */
    int keep = errno;
    int n =
        snprintf(line, (size_t)LINE_CAP, "level=%s event=%s ", level, event);
    va_list ap;

    va_start(ap, fmt);
    if (n >= 0 && (size_t)n < (size_t)LINE_CAP)
        vsnprintf(line + n, (size_t)LINE_CAP - (size_t)n, fmt, ap);
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
