#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void notify_log(const char *level, const char *event, const char *fmt, ...)
{
    char line[1024];
    int keep = errno;
    int n = snprintf(line, sizeof(line), "level=%s event=%s ", level, event);
    va_list ap;

    va_start(ap, fmt);
    if (n >= 0 && (size_t)n < sizeof(line))
        vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
    va_end(ap);
    for (char *c = line; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20)
            *c = ' ';
    }
    dprintf(STDERR_FILENO, "%s\n", line);
    errno = keep;
}
