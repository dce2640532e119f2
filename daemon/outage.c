/* outage.c - a store that is reached over a network goes away, and comes back.
 *
 * While it is away every batch is refused with a time to retry, as on a full
 * disk.  When it is back, what memory holds of it is read anew: the last commit
 * may have happened although its answer was lost, and then the clients find
 * their ids used when they come again (docs/adr/0025).
 */
#include <inttypes.h>
#include <sysexits.h>

#include "daemon/daemon.h"

/* What the last batch was believed to have left, made true.  Tasks: whatever
 * is open is looked for from the start; those that are out are known.
 */
static int read_anew(struct daemon *d)
{
    int rc = loads_reload(&d->loads, d->st);

    d->day = (struct store_day){0, 0};
    kept_clear(&d->kept);
    if (rc == DK_OK)
        rc = store_next_due(d->st, &d->next_due);
    if (rc == DK_OK)
        rc = watch_reload(d);
    if (rc == DK_OK)
        rc = history_reload(d);
    for (int i = 0; i < DK_SVC_N; i++) {
        d->desk.cursor[i] = 0;
        d->desk.more[i] = true;
    }
    return rc;
}

static void say_away(struct daemon *d)
{
    char why[300];

    if (d->away)
        return;
    d->away = true;
    log_error("store_away", "why=%s",
              log_quote(store_said(d->st), why, sizeof(why)));
}

bool spine_tend(struct daemon *d)
{
    char why[300];
    int rc = store_tend(d->st, &d->info);

    d->unread = d->unread || rc == 1 || (rc == 0 && d->away);
    if (rc >= 0 && !d->unread)
        return true;
    if (rc >= 0)
        rc = read_anew(d);
    d->unread = d->unread && rc != DK_OK;
    if (rc == DK_OK) {
        log_warn("store_back", "last_seq=%" PRId64, d->info.last_seq);
        d->away = false;
        spine_again(d);
        return true;
    }
    if (rc != DK_EIO) {
        say_away(d);
        return false;
    }
    log_error("store_lost", "why=%s",
              log_quote(store_said(d->st), why, sizeof(why)));
    spine_stop(d, EX_IOERR);
    return false;
}

#define SHARE_MS 1000

void spine_share(struct daemon *d)
{
    dk_ms now = mono_now();

    if (now - d->shared_at < SHARE_MS)
        return;
    d->shared_at = now;
    int rc = loads_reload(&d->loads, d->st);
    d->unread = d->unread || rc != DK_OK;
    if (rc == DK_OK)
        rc = store_next_due(d->st, &d->next_due);
    for (int i = 0; i < DK_SVC_N; i++)
        d->desk.more[i] = true;
    if (rc == DK_OK && d->next_due <= wall_now(&d->wall))
        spine_again(d);
}
