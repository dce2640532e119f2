/* explain_put.c - dates, names and terms in the text of an explanation. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain_impl.h"

#define BRIEF 120 /* bytes of what somebody wrote */

void ex_put(struct explain *x, const char *fmt, ...)
{
    struct ex_text *t = &x->t;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0 || t->oom)
        return;
    if (t->len + (size_t)n + 1 > t->cap) {
        size_t cap = (t->len + (size_t)n + 1) * 2;
        char *buf = realloc(t->buf, cap);
        if (buf == NULL) {
            t->oom = true;
            return;
        }
        t->buf = buf;
        t->cap = cap;
    }
    va_start(ap, fmt);
    (void)vsnprintf(t->buf + t->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    t->len += (size_t)n;
}

const char *ex_weekday(const struct explain *x, int64_t day)
{
    static const char *const zh[] = {"周一", "周二", "周三", "周四",
                                     "周五", "周六", "周日"};
    static const char *const en[] = {"Mon", "Tue", "Wed", "Thu",
                                     "Fri", "Sat", "Sun"};
    int i = dk_weekday(day) - 1;

    return x->zh ? zh[i] : en[i];
}

void ex_put_day(struct explain *x, int64_t day)
{
    char buf[16];

    dk_date_format(dk_date_from_days(day), buf);
    ex_put(x, EX_T(x, "%s (%s)", "%s（%s）"), buf, ex_weekday(x, day));
}

void ex_put_short(struct explain *x, int64_t day)
{
    static const char *const months[] = {
        "January", "February", "March",     "April",   "May",      "June",
        "July",    "August",   "September", "October", "November", "December"};
    struct dk_date d = dk_date_from_days(day);

    if (x->zh)
        ex_put(x, "%d月%d日", d.month, d.day);
    else
        ex_put(x, "%d %s", d.day, months[d.month - 1]);
}

static void put_at(struct explain *x, int64_t day, dk_ms since)
{
    int64_t sec = since / 1000;
    char buf[16];

    dk_date_format(dk_date_from_days(day), buf);
    ex_put(x, "%s %02d:%02d", buf, (int)(sec / 3600), (int)(sec / 60 % 60));
    if (sec % 60 != 0)
        ex_put(x, ":%02d", (int)(sec % 60));
}

/* Local time by the zone's offset at that moment. */
static dk_ms local_of(const struct explain *x, dk_ms t)
{
    return t + dk_zone_offset(x->zone, t) * DK_MINUTE;
}

void ex_put_time(struct explain *x, dk_ms t)
{
    int64_t day = ex_day(x, t);

    put_at(x, day, local_of(x, t) - day * DK_DAY);
}

void ex_put_limit(struct explain *x, dk_ms t)
{
    int64_t day = ex_day(x, t);
    dk_ms since = local_of(x, t) - day * DK_DAY;

    if (since == 0)
        put_at(x, day - 1, DK_DAY);
    else
        put_at(x, day, since);
}

/* "name (id)", or the id alone where the book has no name. */
static void put_named(struct explain *x, const char *name, const char *id)
{
    if (name == NULL || strcmp(name, id) == 0)
        ex_put(x, "%s", id);
    else
        ex_put(x, EX_T(x, "%s (%s)", "%s（%s）"), name, id);
}

void ex_put_unit(struct explain *x, const char *unit)
{
    if (strcmp(unit, "office") == 0)
        ex_put_word(x, "role", "office");
    else
        put_named(x,
                  x->by->book != NULL
                      ? dk_book_unit_name(x->by->book, unit, x->tag)
                      : NULL,
                  unit);
}

void ex_put_officer(struct explain *x, const char *officer)
{
    put_named(x,
              x->by->book != NULL ? dk_book_officer_name(x->by->book, officer)
                                  : NULL,
              officer);
}

/* "officer:zhang", "unit:rsj", "worker:assign", "kiosk" */
void ex_put_actor(struct explain *x, const char *actor)
{
    if (strncmp(actor, "officer:", 8) == 0)
        ex_put_officer(x, actor + 8);
    else if (strncmp(actor, "unit:", 5) == 0)
        ex_put_unit(x, actor + 5);
    else if (strncmp(actor, "petitioner:", 11) == 0)
        ex_put_word(x, "role", "petitioner");
    else
        ex_put(x, "%s", actor);
}

const char *ex_clock_name(const struct explain *x, const char *id)
{
    const char *name = dk_policy_clock_name(x->by->policy, x->c, id, x->tag);

    return strcmp(name, id) == 0 ? dk_word_named("clock", id, x->lang) : name;
}

void ex_put_clock(struct explain *x, const char *id)
{
    put_named(x, ex_clock_name(x, id), id);
}

void ex_put_word(struct explain *x, const char *group, const char *name)
{
    ex_put(x, "%s", dk_word_named(group, name, x->lang));
}

/* On one line. */
static void put_line(struct explain *x, const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t part = strcspn(text + i, "\n\r\t");

        part = part < n - i ? part : n - i;
        ex_put(x, "%.*s", (int)part, text + i);
        i += part;
        if (i < n)
            ex_put(x, " ");
        i++;
    }
}

void ex_put_line(struct explain *x, const char *text)
{
    put_line(x, text, strlen(text));
}

void ex_put_brief(struct explain *x, const char *text)
{
    size_t n = strlen(text);
    size_t keep = dk_utf8_valid(text, n > BRIEF ? BRIEF : n);

    put_line(x, text, keep);
    ex_put(x, "%s", keep < n ? "…" : "");
}
