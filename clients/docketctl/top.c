#include "top.h"

#include <stdlib.h>
#include <string.h>

static int64_t number(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

    return cJSON_IsNumber(v) ? (int64_t)v->valuedouble : 0;
}

static int64_t counter_of(const cJSON *stats, const char *key)
{
    return number(cJSON_GetObjectItemCaseSensitive(stats, "counters"), key);
}

int64_t top_rate(const cJSON *then, const cJSON *now, const char *counter)
{
    int64_t ms = number(now, "uptime_ms") - number(then, "uptime_ms");
    int64_t rose = counter_of(now, counter) - counter_of(then, counter);

    return ms <= 0 || rose < 0 ? -1 : rose * 10000 / ms;
}

int64_t top_commit_us(const cJSON *then, const cJSON *now)
{
    int64_t n = counter_of(now, "commits") - counter_of(then, "commits");
    int64_t us = counter_of(now, "commit_us_total") -
                 counter_of(then, "commit_us_total");

    return n <= 0 || us < 0 ? -1 : us / n;
}

static int worse(const void *a, const void *b)
{
    const struct top_unit *x = a, *y = b;

    if (x->overdue != y->overdue)
        return x->overdue > y->overdue ? -1 : 1;
    int by_time = strcmp(x->oldest, y->oldest);
    return by_time != 0 ? by_time : strcmp(x->unit, y->unit);
}

static const char *text_of(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

    return cJSON_IsString(v) ? v->valuestring : "-";
}

int top_units(const cJSON *items, struct top_unit *out, int cap)
{
    struct top_unit all[TOP_UNITS];
    const cJSON *item;
    int n = 0;

    cJSON_ArrayForEach (item, items) {
        const char *unit = text_of(item, "unit");
        const char *due = text_of(item, "due_at");
        int i = 0;

        while (i < n && strcmp(all[i].unit, unit) != 0)
            i++;
        if (i == TOP_UNITS)
            continue;
        if (i == n)
            all[n++] = (struct top_unit){unit, due, 0};
        all[i].overdue++;
        if (strcmp(due, all[i].oldest) < 0)
            all[i].oldest = due;
    }
    qsort(all, (size_t)n, sizeof(all[0]), worse);
    n = n < cap ? n : cap;
    memcpy(out, all, (size_t)n * sizeof(all[0]));
    return n;
}
