#include "daemon/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/journal.h"
#include "proto/problem.h"

static enum log_level level = LOG_INFO_; /* the one global: see style */
static const char *const level_names[] = {"error", "warn", "info", "debug"};

void log_set_level(enum log_level l)
{
    level = l;
}

int log_level_parse(const char *s, enum log_level *out)
{
    for (int i = 0; i < 4; i++) {
        if (strcmp(s, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return DK_OK;
        }
    }
    return DK_EFIELD;
}

void log_line(enum log_level l, const char *event, const char *fmt, ...)
{
    char buf[2048];
    int saved = errno;

    if (l > level)
        return;
    int n =
        snprintf(buf, sizeof(buf), "level=%s event=%s ", level_names[l], event);
    va_list ap;
    va_start(ap, fmt);
    int m = vsnprintf(buf + n, sizeof(buf) - (size_t)n, fmt, ap);
    va_end(ap);
    size_t len = (size_t)n + (m > 0 ? (size_t)m : 0);
    if (len > sizeof(buf) - 2)
        len = sizeof(buf) - 2;
    buf[len++] = '\n';
    journal_line(buf, len);
    errno = saved;
}

const char *log_quote(const char *s, char *buf, unsigned long cap)
{
    unsigned long n = 0;

    buf[n++] = '"';
    for (; *s != '\0' && n + 4 < cap; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            buf[n++] = '\\';
        buf[n++] = c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    buf[n++] = '"';
    buf[n] = '\0';
    return buf;
}
