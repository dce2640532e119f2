#include "notify.h"

#include <string.h>

#define DAY_MIN 1440

const char *const dk_notify_levels[DK_NOTIFY_LEVEL_N + 1] = {
    "reminder", "yellow", "red", "overdue", "long_overdue", NULL};

enum dk_notify_level dk_notify_level(const char *name)
{
    for (int i = 0; i < DK_NOTIFY_LEVEL_N; i++) {
        if (strcmp(dk_notify_levels[i], name) == 0)
            return (enum dk_notify_level)i;
    }
    return DK_NOTIFY_LONG_OVERDUE;
}

/* The next word of a list: its length, *s moved to its start; 0 at the end. */
static size_t next_word(const char **s)
{
    *s += strspn(*s, " \t");
    return strcspn(*s, " \t");
}

static bool is_word(const char *s, size_t n, const char *word)
{
    return strlen(word) == n && memcmp(s, word, n) == 0;
}

int dk_notify_levels_parse(const char *s, unsigned *mask)
{
    unsigned got = 0;
    bool none = false;
    size_t n;

    for (; (n = next_word(&s)) > 0; s += n) {
        unsigned bit = 0;
        for (int i = 0; i < DK_NOTIFY_LEVEL_N; i++)
            if (is_word(s, n, dk_notify_levels[i]))
                bit = 1u << i;
        if (is_word(s, n, "all"))
            bit = (1u << DK_NOTIFY_LEVEL_N) - 1;
        if (is_word(s, n, "none"))
            none = true;
        else if (bit == 0)
            return DK_EFIELD;
        got |= bit;
    }
    if (none == (got != 0)) /* neither, or both */
        return DK_EFIELD;
    *mask = got;
    return 0;
}

static bool two_digits(const char *s, int *out)
{
    if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
        return false;
    *out = (s[0] - '0') * 10 + s[1] - '0';
    return true;
}

/* "HH:MM" at s, whatever follows. */
static bool clock_at(const char *s, int *out)
{
    int h, m;

    if (!two_digits(s, &h) || s[2] != ':' || !two_digits(s + 3, &m) || h > 23 ||
        m > 59)
        return false;
    *out = h * 60 + m;
    return true;
}

int dk_notify_minute_parse(const char *s, int *out)
{
    return strlen(s) == 5 && clock_at(s, out) ? 0 : DK_EFIELD;
}

int dk_notify_span_parse(const char *s, int *from, int *to)
{
    int a, b;

    if (strlen(s) != 11 || s[5] != '-' || !clock_at(s, &a) ||
        !clock_at(s + 6, &b))
        return DK_EFIELD;
    *from = a;
    *to = b;
    return 0;
}

int dk_notify_days_parse(const char *s, unsigned *days)
{
    static const char *const names[] = {"mon", "tue", "wed", "thu",
                                        "fri", "sat", "sun"};
    unsigned got = 0;
    size_t n;

    for (; (n = next_word(&s)) > 0; s += n) {
        unsigned bit = 0;
        for (int i = 0; i < 7; i++)
            if (is_word(s, n, names[i]))
                bit = 2u << i;
        if (bit == 0)
            return DK_EFIELD;
        got |= bit;
    }
    *days = got;
    return 0;
}

bool dk_notify_matches(const char *patterns, const char *to)
{
    size_t role = strcspn(to, ":"), n;

    if (strncmp(to, "petitioner", role) == 0 && role == 10)
        return false;
    for (; (n = next_word(&patterns)) > 0; patterns += n) {
        if (is_word(patterns, n, "*") || is_word(patterns, n, to))
            return true;
        if (n == role + 2 && memcmp(patterns, to, role) == 0 &&
            memcmp(patterns + role, ":*", 2) == 0)
            return true;
    }
    return false;
}

/* ---- when ---- */

static dk_ms local_minute(const struct dk_zone *z, int64_t day, int minute)
{
    /* Not midnight plus minutes: a day may have 23 hours. */
    dk_ms t = dk_zone_midnight(z, day) + minute * DK_MINUTE;
    int before = dk_zone_offset(z, dk_zone_midnight(z, day));

    return t - (dk_zone_offset(z, t) - before) * DK_MINUTE;
}

static int minute_of(const struct dk_zone *z, dk_ms t)
{
    dk_ms local = t + dk_zone_offset(z, t) * DK_MINUTE;

    return (int)(local % DK_DAY / DK_MINUTE);
}

static dk_ms next_digest(const struct dk_notify_rule *r, dk_ms now,
                         const struct dk_zone *z)
{
    int64_t day = dk_zone_day(z, now);
    dk_ms at;

    if (r->digest_at >= 0) {
        at = local_minute(z, day, r->digest_at);
        return at > now ? at : local_minute(z, day + 1, r->digest_at);
    }
    at = dk_zone_midnight(z, day);
    return at + ((now - at) / (r->digest_every * DK_MINUTE) + 1) *
                    (r->digest_every * DK_MINUTE);
}

/* The end of the quiet that `t` falls in, one stretch of it; `t` if it is not
 * quiet.
 */
static dk_ms end_of_quiet(const struct dk_notify_rule *r, dk_ms t,
                          const struct dk_zone *z)
{
    int64_t day = dk_zone_day(z, t);
    int m = minute_of(z, t), from = r->quiet_from, to = r->quiet_to;
    dk_ms end = t;

    if ((r->quiet_days >> dk_weekday(day) & 1) != 0)
        return dk_zone_midnight(z, day + 1);
    if (from < to && m >= from && m < to)
        end = local_minute(z, day, to);
    else if (from > to && m >= from)
        end = local_minute(z, day + 1, to);
    else if (from > to && m < to)
        end = local_minute(z, day, to);
    return end > t ? end : t; /* an hour that a change of clocks took away */
}

dk_ms dk_notify_when(const struct dk_notify_rule *r, enum dk_notify_level level,
                     dk_ms now, const struct dk_zone *z)
{
    bool digest = r->digest_at >= 0 || r->digest_every > 0;
    dk_ms t = now, end;

    if (digest && (r->at_once >> level & 1) == 0)
        t = next_digest(r, now, z);
    if ((r->breaks_quiet >> level & 1) != 0)
        return t;
    /* Each day has at most three stretches. */
    for (int i = 0; i < 3 * 8; i++) {
        end = end_of_quiet(r, t, z);
        if (end == t)
            return t;
        t = end;
    }
    return t;
}

/* ---- again ---- */

enum dk_notify_outcome dk_notify_http(long status)
{
    if (status >= 200 && status < 300)
        return DK_NOTIFY_SENT;
    return status == 410 ? DK_NOTIFY_NEVER : DK_NOTIFY_AGAIN;
}

enum dk_notify_outcome dk_notify_smtp(long code)
{
    static const long mended[] = {502, 503, 504, 521, 523,
                                  530, 534, 535, 538, 552};

    for (size_t i = 0; i < sizeof(mended) / sizeof(mended[0]); i++) {
        if (code == mended[i])
            return DK_NOTIFY_AGAIN;
    }
    return code >= 500 && code < 600 ? DK_NOTIFY_NEVER : DK_NOTIFY_AGAIN;
}

dk_ms dk_notify_wait(const struct dk_notify_retry *r, int tries,
                     enum dk_notify_outcome outcome, uint64_t chance,
                     dk_ms wish)
{
    dk_ms wait = r->first;

    if (outcome == DK_NOTIFY_NEVER || tries >= r->most)
        return DK_NEVER;
    for (int i = 1; i < tries && wait < r->limit; i++)
        wait *= 2;
    if (wait > r->limit)
        wait = r->limit;
    wait -= (dk_ms)(chance % (uint64_t)(wait / 2 + 1));
    if (wish > wait)
        wait = wish < r->limit ? wish : r->limit;
    return wait;
}
