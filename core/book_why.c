/* book_why.c - the reason of a choice, as a sentence of bounded length. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "book_impl.h"

/* What a list leaves free, so that what comes after it is said as well. */
#define LIST_MAX (BOOK_WHY_MAX - 300)

__attribute__((format(printf, 2, 0))) static void
vsay(struct book_why *y, const char *fmt, va_list ap)
{
    size_t len = strlen(y->s);

    (void)vsnprintf(y->s + len, sizeof y->s - len, fmt, ap);
    y->s[dk_utf8_valid(y->s, strlen(y->s))] = '\0';
}

void book_say(struct book_why *y, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsay(y, fmt, ap);
    va_end(ap);
}

void book_say_item(struct book_why *y, const char *sep, const char *fmt, ...)
{
    va_list ap;

    if (strlen(y->s) > LIST_MAX) {
        y->n_more++;
        return;
    }
    if (y->n_list++ > 0)
        book_say(y, "%s", sep);
    va_start(ap, fmt);
    vsay(y, fmt, ap);
    va_end(ap);
}

void book_say_list_end(struct book_why *y)
{
    if (y->n_more > 0)
        book_say(y, "等（另有%d项）", y->n_more);
    y->n_list = y->n_more = 0;
}
