#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A person mends a file line by line; nobody reads more than this. */
#define REPORT_MAX ((size_t)1 << 20)

void dk_report_fini(struct dk_report *r)
{
    free(r->text);
    memset(r, 0, sizeof *r);
}

/* Make room for `n` more bytes and the NUL. */
static bool grow(struct dk_report *r, size_t n)
{
    size_t need = r->len + n + 1;
    if (need <= r->cap)
        return true;
    size_t cap = r->cap > 0 ? r->cap : 256;
    while (cap < need)
        cap *= 2;
    char *text = realloc(r->text, cap);
    if (text == NULL) {
        r->oom = true;
        return false;
    }
    r->text = text;
    r->cap = cap;
    return true;
}

__attribute__((format(printf, 2, 0))) static void
vput(struct dk_report *r, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0 || r->len + (size_t)n > REPORT_MAX || !grow(r, (size_t)n))
        return;
    (void)vsnprintf(r->text + r->len, (size_t)n + 1, fmt, ap);
    r->len += (size_t)n;
}

__attribute__((format(printf, 2, 3))) static void put(struct dk_report *r,
                                                      const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vput(r, fmt, ap);
    va_end(ap);
}

void dk_report_error(struct dk_report *r, const char *file, const char *pointer,
                     const char *fmt, ...)
{
    va_list ap;
    r->errors++;
    put(r, "error %s: %s: ", file, pointer[0] != '\0' ? pointer : "/");
    va_start(ap, fmt);
    vput(r, fmt, ap);
    va_end(ap);
    put(r, "\n");
}

void dk_report_warn(struct dk_report *r, const char *file, const char *pointer,
                    const char *fmt, ...)
{
    va_list ap;
    r->warnings++;
    put(r, "warning %s: %s: ", file, pointer[0] != '\0' ? pointer : "/");
    va_start(ap, fmt);
    vput(r, fmt, ap);
    va_end(ap);
    put(r, "\n");
}
