#include "watch.h"

#include <string.h>

#include "proto/timefmt.h"

#define NEWS_MS (DK_HOUR)        /* between two tellings that it got worse */
#define JUMP_MS (10 * DK_MINUTE) /* between two of clocks that jump about */

const char *const dk_watch_level_names[] = {"warning", "serious", NULL};

#define WATCH_NAME(name, wire) wire,
static const char *const names[] = {DK_WATCH_KINDS(WATCH_NAME)};

const char *dk_watch_name(enum dk_watch_kind k)
{
    return (unsigned)k < DK_W_N ? names[k] : "unknown";
}

bool dk_watch_until_acked(enum dk_watch_kind k)
{
    return k == DK_W_CLOCK_JUMP;
}

void dk_watch_see(struct dk_watch_state *s, const struct dk_watch_obs *o,
                  const struct dk_watch_rules *r, dk_ms now, dk_ms mono)
{
    if (o->saw != DK_SAW_GOOD) { /* not seen well is not well */
        s->good = false;
        if (o->saw == DK_SAW_BAD && !s->bad) {
            s->bad = true;
            s->bad_since = mono;
            s->bad_at = now;
        }
        return;
    }
    if (!s->good) {
        s->good = true;
        s->good_since = mono;
    }
    if (mono - s->good_since >= r->calm)
        s->bad = false;
}

static bool is_quiet(const struct dk_watch_alert *a)
{
    return a->acked_at != DK_NEVER && a->acked_at >= a->told_at;
}

dk_ms dk_watch_quiet_until(const struct dk_watch_alert *a,
                           const struct dk_watch_rules *r)
{
    return a->open && is_quiet(a) ? a->acked_at + r->quiet : DK_NEVER;
}

static bool is_worse(enum dk_watch_kind k, const struct dk_watch_obs *o,
                     const struct dk_watch_alert *a, dk_ms now)
{
    dk_ms since = now > a->told_at ? now - a->told_at : a->told_at - now;

    if (o->saw != DK_SAW_BAD)
        return false;
    if (dk_watch_until_acked(k)) /* it happened again */
        return since >= JUMP_MS;
    if (k == DK_W_DEAD_LETTER && o->value > a->value && since >= NEWS_MS)
        return true;
    return o->level > a->level;
}

/* A wall clock that was set back must not make an alert wait for years. */
static bool is_time_again(const struct dk_watch_alert *a,
                          const struct dk_watch_rules *r, dk_ms now)
{
    dk_ms last = is_quiet(a) ? a->acked_at : a->told_at;
    dk_ms wait = is_quiet(a) ? r->quiet : r->repeat;

    return now >= last + wait || now < last - DK_HOUR;
}

static enum dk_watch_verdict
judge_open(enum dk_watch_kind k, const struct dk_watch_state *s,
           const struct dk_watch_obs *o, const struct dk_watch_alert *a,
           const struct dk_watch_rules *r, dk_ms now, dk_ms mono)
{
    if (o->saw == DK_SAW_GOOD && !dk_watch_until_acked(k)) {
        bool calm = s->good && mono - s->good_since >= r->calm;
        return calm ? DK_WATCH_CLEAR : DK_WATCH_KEEP;
    }
    if (is_worse(k, o, a, now) || is_time_again(a, r, now))
        return DK_WATCH_TELL;
    return DK_WATCH_KEEP;
}

enum dk_watch_verdict
dk_watch_judge(enum dk_watch_kind k, const struct dk_watch_state *s,
               const struct dk_watch_obs *o, const struct dk_watch_alert *a,
               const struct dk_watch_rules *r, dk_ms now, dk_ms mono)
{
    if (a->open)
        return judge_open(k, s, o, a, r, now, mono);
    if (o->saw == DK_SAW_BAD && s->bad && mono - s->bad_since >= r->hold)
        return DK_WATCH_RAISE;
    return DK_WATCH_KEEP;
}

dk_ms dk_watch_step(dk_ms *offset, dk_ms now, dk_ms mono, dk_ms limit)
{
    dk_ms before = *offset;
    dk_ms step;

    *offset = now - mono;
    if (before == DK_NEVER)
        return 0;
    step = *offset - before;
    return step > limit || step < -limit ? step : 0;
}

struct dk_watch_obs dk_watch_calendar(int until, dk_ms now, int offset_min)
{
    dk_ms local = now + offset_min * DK_MINUTE;
    int64_t days = local / DK_DAY - (local % DK_DAY < 0);
    struct dk_date d = dk_date_from_days(days);
    struct dk_watch_obs o = {.value = until, .limit = d.year};

    if (d.month >= 11)
        o.limit++;
    o.saw = until < o.limit ? DK_SAW_BAD : DK_SAW_GOOD;
    o.level = until < d.year ? DK_WL_SERIOUS : DK_WL_WARNING;
    return o;
}
