#include "when.h"

#include <stdio.h>
#include <string.h>

static const struct unit {
    const char *name;
    dk_ms ms;
    const char *en, *zh;
} units[] = {
    {"w", 7 * DK_DAY, "w", "周"}, {"d", DK_DAY, "d", "天"},
    {"h", DK_HOUR, "h", "小时"},  {"m", DK_MINUTE, "min", "分"},
    {"s", DK_SECOND, "s", "秒"},  {"ms", 1, "ms", "毫秒"},
};
enum {
    UNIT_N = sizeof units / sizeof units[0],
    UNIT_MS = UNIT_N - 1
};

bool when_is_date(const char *s)
{
    struct dk_date d;
    return dk_date_parse(s, strlen(s), &d) == 0;
}

int when_parse(const char *s, int offset_min, dk_ms *out, struct dk_problem *p)
{
    struct dk_date d;
    dk_ms t;

    if (dk_date_parse(s, strlen(s), &d) == 0 && d.year >= 1970) {
        *out = dk_days_from_date(d) * DK_DAY - offset_min * DK_MINUTE;
        return 0;
    }
    if (dk_time_parse(s, strlen(s), &t) == 0) {
        *out = t;
        return 0;
    }
    return dk_failf(p, DK_EFIELD, NULL,
                    "'%.60s' is not a time: write 2026-05-01 or "
                    "2026-05-01T09:30:00+08:00",
                    "“%.60s”不是时间：请写成 2026-05-01 或 "
                    "2026-05-01T09:30:00+08:00",
                    s);
}

/* The unit that `s` starts with, longest name first; -1: none. */
static int unit_at(const char *s)
{
    if (s[0] == 'm' && s[1] == 's')
        return UNIT_MS;
    for (int i = 0; i < UNIT_MS; i++)
        if (s[0] == units[i].name[0])
            return i;
    return -1;
}

int span_parse(const char *s, dk_ms *out, struct dk_problem *p)
{
    const dk_ms most = 36525 * DK_DAY;
    const char *at = s;
    dk_ms sum = 0;
    int last = -1;

    while (*at != '\0') {
        dk_ms v = 0;
        int digits = 0;
        for (; *at >= '0' && *at <= '9' && digits < 13; at++, digits++)
            v = v * 10 + (*at - '0');
        int u = unit_at(at);
        if (digits == 0 || u <= last || v > most / units[u].ms)
            goto bad;
        at += strlen(units[u].name);
        sum += v * units[u].ms;
        last = u;
    }
    if (sum <= 0 || sum > most)
        goto bad;
    *out = sum;
    return 0;
bad:
    return dk_failf(p, DK_EFIELD, NULL,
                    "'%.60s' is not a span of time: write 90m, 2h30m, 3d or "
                    "1w",
                    "“%.60s”不是时长：请写成 90m、2h30m、3d 或 1w", s);
}

void span_show(dk_ms span, bool zh, char buf[SPAN_TEXT])
{
    int i = 1; /* days: "24 d" says more than "3 w 3 d" */

    if (span < 0)
        span = 0;
    while (i < UNIT_MS && span < units[i].ms)
        i++;
    const char *name = zh ? units[i].zh : units[i].en;
    long long big = (long long)(span / units[i].ms);
    if (i >= UNIT_MS - 1) {
        (void)snprintf(buf, SPAN_TEXT, "%lld %s", big, name);
        return;
    }
    long long rest = (long long)(span % units[i].ms / units[i + 1].ms);
    (void)snprintf(buf, SPAN_TEXT, "%lld %s %lld %s", big, name, rest,
                   zh ? units[i + 1].zh : units[i + 1].en);
}

void when_short(const char *rfc3339, char buf[WHEN_TEXT])
{
    (void)snprintf(buf, WHEN_TEXT, "%.16s", rfc3339);
    if (strlen(buf) == 16 && buf[10] == 'T')
        buf[10] = ' ';
}
