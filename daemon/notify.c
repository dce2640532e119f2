/* notify.c - see notify.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "daemon/daemon.h"

#define LOOK_MS    5000
#define COUNT_MOST 500 /* limits that are overdue: so many are counted */

static int count(void *arg, const struct store_clock_row *row)
{
    *(int64_t *)arg += !row->passed && row->overdue;
    return 0;
}

/* "12 cases in hand, 3 limits overdue, 1 task waits, the oldest for 4 s". */
static void describe(struct daemon *d, char *out, size_t cap)
{
    struct store_clock_filter f = {
        .overdue = true, .due_before = DK_NEVER, .look = COUNT_MOST};
    struct store_totals t = {0};
    int64_t hands = 0, late = 0;
    char oldest[48] = "";

    if (d->away ||
        store_list_clocks(d->st, &f, COUNT_MOST, count, &late) != 0 ||
        store_totals(d->st, &t) != 0) {
        snprintf(out, cap,
                 "the store is away: all is refused, with a time to "
                 "try again");
        return;
    }
    for (size_t i = 0; i < d->loads.n; i++)
        hands += d->loads.row[i]->open;
    dk_ms waits = wall_now(&d->wall) - d->watch.task_at;
    if (d->watch.task != 0 && waits >= 1000)
        snprintf(oldest, sizeof(oldest), ", the oldest for %" PRId64 " s",
                 waits / 1000);
    snprintf(out, cap,
             "%s%" PRId64 " cases in hand, %" PRId64 "%s limits overdue, "
             "%" PRId64 " tasks open%s",
             d->pause_until != 0 ? "no room on the disk: " : "", hands, late,
             late >= COUNT_MOST ? " or more" : "", t.tasks_open, oldest);
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
