/* notify.c - see notify.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "daemon/daemon.h"

#define LOOK_MS 5000

static int count(void *arg, const struct store_clock_row *row)
{
    *(int64_t *)arg += !row->passed && row->overdue;
    return 0;
}

bool notify_look(struct daemon *d, struct notify_load *out)
{
    struct store_clock_filter f = {
        .overdue = true, .due_before = DK_NEVER, .look = NOTIFY_COUNT};
    struct store_totals t = {0};

    *out = (struct notify_load){0};
    if (d->away ||
        store_list_clocks(d->st, &f, NOTIFY_COUNT, count, &out->late) != 0 ||
        store_totals(d->st, &t) != 0)
        return false;
    for (size_t i = 0; i < d->loads.n; i++)
        out->hands += d->loads.row[i]->open;
    out->tasks = t.tasks_open;
    if (d->watch.task != 0 && wall_now(&d->wall) > d->watch.task_at)
        out->waits = wall_now(&d->wall) - d->watch.task_at;
    return true;
}

void notify_stats(struct daemon *d, struct dk_jw *w)
{
    struct notify_load l;
    bool there = notify_look(d, &l);

    dk_jw_bool(w, "takes_cases",
               there && !d->ballast.r.tight && d->pause_until == 0 &&
                   !d->draining);
    dk_jw_obj(w, "load");
    dk_jw_int(w, "cases_in_hand", l.hands);
    dk_jw_int(w, "clocks_overdue", l.late);
    dk_jw_int(w, "oldest_task_ms", l.waits);
    dk_jw_end_obj(w);
}

/* "12 cases in hand, 3 limits overdue, 1 task waits, the oldest for 4 s". */
static void describe(struct daemon *d, char *out, size_t cap)
{
    struct notify_load l;
    char oldest[48] = "";

    if (!notify_look(d, &l)) {
        snprintf(out, cap,
                 "the store is away: all is refused, with a time to "
                 "try again");
        return;
    }
    if (l.waits >= 1000)
        snprintf(oldest, sizeof(oldest), ", the oldest for %" PRId64 " s",
                 l.waits / 1000);
    snprintf(out, cap,
             "%s%" PRId64 " cases in hand, %" PRId64 "%s limits overdue, "
             "%" PRId64 " tasks open%s",
             d->pause_until != 0 ? "no room on the disk: " : "", l.hands,
             l.late, l.late >= NOTIFY_COUNT ? " or more" : "", l.tasks, oldest);
}

static void say(struct daemon *d, const char *first)
{
    struct notify *n = &d->notify;
    char now[sizeof(n->said)];

    describe(d, now, sizeof(now));
    if (*first == '\0' && strcmp(now, n->said) == 0)
        return;
    memcpy(n->said, now, sizeof(now));
    sd_notifyf(0, "%sSTATUS=%s", first, now);
}

void notify_ready(struct daemon *d)
{
    struct notify *n = &d->notify;
    uint64_t limit = 0;

    n->on = getenv("NOTIFY_SOCKET") != NULL;
    if (sd_watchdog_enabled(0, &limit) > 0)
        n->ping_ms = (dk_ms)(limit / 4000) + 1;
    if (n->on)
        say(d, "READY=1\n");
}

void notify_house(struct daemon *d)
{
    struct notify *n = &d->notify;
    dk_ms now = mono_now();

    if (n->ping_ms != 0 && now >= n->ping_at) {
        n->ping_at = now + n->ping_ms;
        sd_notify(0, "WATCHDOG=1");
    }
    if (n->on && now >= n->look_at) {
        n->look_at = now + LOOK_MS;
        say(d, "");
    }
}

void notify_stopping(void)
{
    sd_notify(0, "STOPPING=1\nSTATUS=answering what is there");
}
