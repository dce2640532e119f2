#include "daemon/watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "daemon/daemon.h"
#include "daemon/watch_int.h"

#define RETRY_MS 5000 /* after a write that failed */
#define BUG_MS   60000

/* ---- rows ---------------------------------------------------------------- */

/* `from` may be `to` itself, or NULL. */
static const char *keep(char *to, size_t cap, const char *from)
{
    if (from != NULL && from != to)
        snprintf(to, cap, "%s", from);
    return from != NULL ? to : NULL;
}

void watch_row_copy(struct watch_row *to, const struct store_office *o)
{
    to->o = *o;
    to->o.about = keep(to->about, sizeof(to->about), o->about);
    to->o.acked_by = keep(to->acked_by, sizeof(to->acked_by), o->acked_by);
    to->o.note = keep(to->note, sizeof(to->note), o->note);
}

struct dk_watch_rules watch_rules(const struct config *c, enum dk_watch_kind k)
{
    struct dk_watch_rules r = {.hold = c->watch.settle_s * DK_SECOND,
                               .calm = c->watch.settle_s * DK_SECOND,
                               .repeat = c->watch.repeat_h * DK_HOUR,
                               .quiet = c->watch.ack_h * DK_HOUR};

    if (k == DK_W_NO_WORKER)
        r.hold = c->watch.no_worker_s * DK_SECOND;
    /* These happen, and are not a state that may pass by itself. */
    if (k == DK_W_DEAD_LETTER || k == DK_W_STORAGE_FULL || k == DK_W_CLOCK_JUMP)
        r.hold = 0;
    return r;
}

struct dk_watch_alert watch_alert(const struct watch_slot *s)
{
    return (struct dk_watch_alert){.open = s->open,
                                   .level = (enum dk_watch_level)s->row.o.level,
                                   .value = s->row.o.value,
                                   .raised_at = s->row.o.raised_at,
                                   .told_at = s->row.o.told_at,
                                   .acked_at = s->row.o.acked_at};
}

enum dk_watch_verdict watch_verdict(const struct daemon *d,
                                    const struct watch_slot *s, dk_ms now,
                                    dk_ms mono)
{
    struct dk_watch_rules r = watch_rules(d->cfg, s->kind);
    struct dk_watch_alert a = watch_alert(s);

    return dk_watch_judge(s->kind, &s->state, &s->obs, &a, &r, now, mono);
}

/* ---- the start ----------------------------------------------------------- */

static int on_latest(void *arg, const struct store_office *o)
{
    *(int64_t *)arg = o->id + 1;
    return 1;
}

static int on_open(void *arg, const struct store_office *o)
{
    struct watch *w = arg;

    for (int i = 0; i < WATCH_SLOTS; i++) {
        struct watch_slot *s = &w->slot[i];
        if ((int)s->kind != o->kind || strcmp(s->subject, o->subject) != 0)
            continue;
        watch_row_copy(&s->row, o);
        s->row.o.subject = s->subject;
        s->open = true;
    }
    return 0;
}

int watch_init(struct daemon *d)
{
    struct watch *w = &d->watch;
    int n = 0;

    memset(w, 0, sizeof(*w));
    w->offset = DK_NEVER;
    w->commits_seen = -1;
    for (int k = 0; k < DK_W_N; k++) {
        int subjects = k == DK_W_NO_WORKER ? DK_SVC_N : 1;
        for (int i = 0; i < subjects; i++)
            w->slot[n++] = (struct watch_slot){
                .kind = (enum dk_watch_kind)k,
                .subject = subjects > 1 ? dk_service_names[i] : ""};
    }
    for (int i = 0; i < DK_SVC_N; i++)
        w->none_since[i] = mono_now();
    /* A clock that was set back while nobody was there to see it. */
    dk_ms back = d->info.last_at - wall_now(&d->wall);
    if (!d->wall.test && d->cfg->watch.clock_jump_s > 0 &&
        back > d->cfg->watch.clock_jump_s * DK_SECOND)
        w->jump = -back;
    return watch_reload(d);
}

int watch_reload(struct daemon *d)
{
    struct watch *w = &d->watch;

    w->next_id = 1;
    for (int i = 0; i < WATCH_SLOTS; i++)
        w->slot[i].open = false;
    int rc = store_list_office(d->st, false, 0, 1, on_latest, &w->next_id);
    if (rc == DK_OK)
        rc = store_list_office(d->st, true, 0, 1000, on_open, w);
    return rc;
}

/* ---- looking ------------------------------------------------------------- */

void watch_house(struct daemon *d)
{
    struct watch *w = &d->watch;
    dk_ms now = wall_now(&d->wall), mono = mono_now();
    bool due = false;

    if (d->draining)
        return;
    int rc = watch_look(d, now, mono);
    if (rc != DK_OK) {
        if (rc == DK_EIO)
            spine_stop(d, EX_IOERR);
        return; /* next time */
    }
    for (int i = 0; i < WATCH_SLOTS; i++) {
        struct watch_slot *s = &w->slot[i];
        struct dk_watch_rules r = watch_rules(d->cfg, s->kind);
        dk_watch_see(&s->state, &s->obs, &r, now, mono);
        due = due || watch_verdict(d, s, now, mono) != DK_WATCH_KEEP;
    }
    if (due && d->pause_until == 0 && mono >= w->retry_at)
        spine_again(d);
}

/* ---- the batch ----------------------------------------------------------- */

static void stage(struct watch_slot *s, enum dk_watch_verdict v, int64_t id,
                  dk_ms now)
{
    struct store_office *o = &s->next.o;

    s->verdict = v;
    s->staged = true;
    if (v == DK_WATCH_RAISE)
        *o = (struct store_office){.id = id,
                                   .kind = (int)s->kind,
                                   .subject = s->subject,
                                   .about = "",
                                   .raised_at = s->state.bad_at,
                                   .cleared_at = DK_NEVER,
                                   .acked_at = DK_NEVER};
    else
        watch_row_copy(&s->next, &s->row.o);
    if (v == DK_WATCH_CLEAR) {
        o->cleared_at = now;
        return;
    }
    o->told++;
    o->told_at = now;
    if (s->obs.saw != DK_SAW_BAD && v == DK_WATCH_TELL)
        return; /* as it was when it was last seen */
    o->level = (int)s->obs.level;
    o->value = s->obs.value;
    o->threshold = s->obs.limit;
    o->about = keep(s->next.about, sizeof(s->next.about), s->obs.about);
}

void watch_stage(struct daemon *d)
{
    struct watch *w = &d->watch;
    struct batch *b = &d->batch;
    dk_ms mono = mono_now();
    bool may = d->pause_until == 0 && d->cautious == 0 && !d->draining &&
               mono >= w->retry_at;
    int64_t id = w->next_id;
    size_t n = 0;

    for (int i = 0; i < WATCH_SLOTS; i++) {
        struct watch_slot *s = &w->slot[i];
        enum dk_watch_verdict v = may && !s->staged
                                      ? watch_verdict(d, s, b->now, mono)
                                      : DK_WATCH_KEEP;
        if (v != DK_WATCH_KEEP)
            stage(s, v, id, b->now);
        id += v == DK_WATCH_RAISE;
        if (s->staged)
            w->put[n++] = s->next.o;
    }
    b->changes.office = w->put;
    b->changes.n_office = n;
}

static void log_alert(const struct watch_slot *s)
{
    static const char *const words[] = {"office_acked", "office_alert",
                                        "office_alert", "office_cleared"};
    const struct store_office *o = &s->row.o;
    char text[1200];
    char quoted[1300];
    char actor[160];
    bool tell = s->verdict == DK_WATCH_RAISE || s->verdict == DK_WATCH_TELL;

    dk_watch_text(text, sizeof(text), false, s->kind, s->subject, o->value,
                  o->threshold, o->about);
    log_line(tell ? LOG_WARN_ : LOG_INFO_, words[s->verdict],
             "alert=%" PRId64 " kind=%s%s%s level=%s told=%" PRId64 "%s%s%s%s",
             o->id, dk_watch_name(s->kind), s->subject[0] ? " subject=" : "",
             s->subject, dk_watch_level_names[o->level], o->told,
             s->verdict == DK_WATCH_KEEP ? " by=" : "",
             s->verdict == DK_WATCH_KEEP
                 ? log_quote(o->acked_by, actor, sizeof(actor))
                 : "",
             tell ? " text=" : "",
             tell ? log_quote(text, quoted, sizeof(quoted)) : "");
}

static void settle_slot(struct watch *w, struct watch_slot *s)
{
    watch_row_copy(&s->row, &s->next.o);
    s->open = s->row.o.cleared_at == DK_NEVER;
    w->next_id += s->verdict == DK_WATCH_RAISE;
    if (s->kind == DK_W_CLOCK_JUMP && s->verdict != DK_WATCH_KEEP) {
        w->jump = 0; /* told */
        s->obs.saw = DK_SAW_GOOD;
        s->state = (struct dk_watch_state){0};
    }
    log_alert(s);
}

/* Cases that have no unit (again) and lie behind the search. */
static void look_behind(struct daemon *d)
{
    const struct batch *b = &d->batch;

    for (size_t i = 0; i < b->n_slot; i++) {
        const struct dk_case *c = b->slot[i].c;
        if (c != NULL && c->unit[0] == '\0')
            watch_lone_case(&d->watch, c);
    }
}

/* Among other items it may be one of theirs; they come again without us. */
static bool is_own_bug(const struct daemon *d, int rc)
{
    return rc == DK_EBUG && d->batch.n_item == 0;
}

void watch_disk_full(struct watch *w, dk_ms mono)
{
    if (w->full_at == 0 || mono - w->full_at > WATCH_FULL_MS)
        w->full_since = mono;
    w->full_at = mono;
}

void watch_settle(struct daemon *d, int rc)
{
    struct watch *w = &d->watch;
    bool tried = false;

    for (int i = 0; i < WATCH_SLOTS; i++) {
        struct watch_slot *s = &w->slot[i];
        if (!s->staged)
            continue;
        s->staged = false;
        tried = tried || s->verdict != DK_WATCH_KEEP;
        if (rc == DK_OK)
            settle_slot(w, s);
    }
    if (rc == DK_OK) {
        look_behind(d);
        return;
    }
    if (tried)
        w->retry_at = mono_now() + (is_own_bug(d, rc) ? BUG_MS : RETRY_MS);
    if (rc == DK_EFULL)
        watch_disk_full(w, mono_now());
}
