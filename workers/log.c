#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "journal/journal.h"

#define LINE_MAX_ 1024

void worker_log(const char *level, const char *event, const char *fmt, ...)
{
    char line[LINE_MAX_ + 1]; /* and its end */
    int keep = errno;
    int n = snprintf(line, LINE_MAX_, "level=%s event=%s ", level, event);
    va_list ap;

    va_start(ap, fmt);
    if (n >= 0 && (size_t)n < LINE_MAX_)
        vsnprintf(line + n, LINE_MAX_ - (size_t)n, fmt, ap);
    va_end(ap);
    size_t len = strlen(line);
    line[len] = '\n';
    journal_line(line, len + 1);
    errno = keep;
}

/* Bytes of the UTF-8 character that starts with c. */
static size_t char_len(unsigned char c)
{
    if (c < 0xc0)
        return 1;
    if (c < 0xe0)
        return 2;
    return c < 0xf0 ? 3 : 4;
}

static size_t put_char(char *to, const char *s, size_t n)
{
    unsigned char c = (unsigned char)*s;

    if (c == '"' || c == '\\') {
        to[0] = '\\';
        to[1] = *s;
        return 2;
    }
    if (c < 0x20 || c == 0x7f) {
        to[0] = ' ';
        return 1;
    }
    memcpy(to, s, n);
    return n;
}

const char *worker_quote(const char *s, char *buf, unsigned long cap)
{
    size_t out = 1;

    if (cap < 8) {
        if (cap > 0)
            buf[0] = '\0';
        return buf;
    }
    buf[0] = '"';
    while (*s != '\0' && out + 6 < cap) {
        size_t n = strnlen(s, char_len((unsigned char)*s));

        out += put_char(buf + out, s, n);
        s += n;
    }
    buf[out] = '"';
    buf[out + 1] = '\0';
    return buf;
}
