/* watch_talk.c - what clients ask and say about the office's own alerts. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/watch_int.h"
#include "proto/caseno.h"

/* ---- office.list --------------------------------------------------------- */

struct page {
    struct daemon *d;
    const struct dk_who *who;
    struct dk_jw *w;
    int64_t left, last;
    size_t start;
    bool more;
};

static dk_ms quiet_until(const struct daemon *d, const struct store_office *o)
{
    enum dk_watch_kind kind = (enum dk_watch_kind)o->kind;
    struct dk_watch_rules r = watch_rules(d->cfg, kind);
    const struct dk_watch_alert a = {.open = o->cleared_at == DK_NEVER,
                                     .told_at = o->told_at,
                                     .acked_at = o->acked_at};

    return dk_watch_quiet_until(&a, &r);
}

static void write_text(struct dk_jw *w, const struct store_office *o)
{
    char text[1200];

    dk_jw_obj(w, "text");
    for (int zh = 1; zh >= 0; zh--) {
        dk_watch_text(text, sizeof(text), zh != 0, (enum dk_watch_kind)o->kind,
                      o->subject, o->value, o->threshold, o->about);
        dk_jw_str(w, zh != 0 ? "zh-CN" : "en", text);
    }
    dk_jw_end_obj(w);
}

static const char *level_name(const struct store_office *o)
{
    bool known = o->level >= 0 && o->level < DK_WL_N;

    return dk_watch_level_names[known ? o->level : DK_WL_SERIOUS];
}

/* With what is seen at this moment, where the cause is still there: a reader
 * wants to know how it stands, not how it stood when it was told.
 */
static struct store_office as_it_stands(const struct daemon *d,
                                        const struct store_office *row)
{
    struct store_office o = *row;

    for (int i = 0; i < WATCH_SLOTS && o.cleared_at == DK_NEVER; i++) {
        const struct watch_slot *s = &d->watch.slot[i];
        if (!s->open || s->row.o.id != o.id || s->obs.saw != DK_SAW_BAD ||
            dk_watch_until_acked(s->kind))
            continue;
        o.value = s->obs.value;
        o.threshold = s->obs.limit;
        o.about = s->obs.about;
    }
    return o;
}

/* A case is named only to who may see it; nobody knows of one that cannot be
 * loaded whose it is.
 */
static void hide(struct daemon *d, const struct dk_who *who,
                 struct store_office *o)
{
    int32_t county;
    int64_t key;

    if (dk_sees_all(who) || o->kind != (int)DK_W_UNASSIGNED ||
        (dk_case_no_parse(o->about, &county, &key) == DK_OK &&
         sight_key(d, who, key) == 1))
        return;
    o->about = "";
}

static void write_alert(struct daemon *d, const struct dk_who *who,
                        struct dk_jw *w, const struct store_office *row)
{
    int off = d->cfg->offset_min;
    struct store_office now = as_it_stands(d, row);
    const struct store_office *o = &now;

    hide(d, who, &now);

    dk_jw_obj(w, NULL);
    wire_id(w, "alert_id", o->id);
    dk_jw_str(w, "kind", dk_watch_name((enum dk_watch_kind)o->kind));
    dk_jw_str(w, "subject", o->subject[0] != '\0' ? o->subject : NULL);
    dk_jw_str(w, "level", level_name(o));
    write_text(w, o);
    dk_jw_str(w, "about", o->about[0] != '\0' ? o->about : NULL);
    dk_jw_int(w, "value", o->value);
    dk_jw_int(w, "threshold", o->threshold);
    dk_jw_int(w, "told", o->told);
    dk_jw_time(w, "raised_at", o->raised_at, off);
    dk_jw_time(w, "told_at", o->told_at, off);
    dk_jw_time(w, "cleared_at", o->cleared_at, off);
    dk_jw_time(w, "acked_at", o->acked_at, off);
    dk_jw_str(w, "acked_by", o->acked_by);
    dk_jw_str(w, "note", o->note);
    dk_jw_time(w, "quiet_until", quiet_until(d, o), off);
    dk_jw_end_obj(w);
}

static int on_row(void *arg, const struct store_office *o)
{
    struct page *x = arg;

    if (x->left-- <= 0 || x->w->len - x->start >= DK_REPLY_MAX / 2) {
        x->more = true;
        return 1;
    }
    x->last = o->id;
    write_alert(x->d, x->who, x->w, o);
    return 0;
}

/* What should be an alert by now but could not be written down: the disk is
 * full, or it happened this second.
 */
static bool is_unwritten(const struct daemon *d, const struct watch_slot *s)
{
    return !s->open && watch_verdict(d, s, wall_now(&d->wall), mono_now()) ==
                           DK_WATCH_RAISE;
}

static void write_unwritten(struct daemon *d, const struct dk_who *who,
                            struct dk_jw *w)
{
    dk_jw_arr(w, "unwritten");
    for (int i = 0; i < WATCH_SLOTS; i++) {
        const struct watch_slot *s = &d->watch.slot[i];
        struct store_office o = {.kind = (int)s->kind,
                                 .subject = s->subject,
                                 .about = s->obs.about,
                                 .value = s->obs.value,
                                 .threshold = s->obs.limit};
        if (!is_unwritten(d, s))
            continue;
        hide(d, who, &o);
        dk_jw_obj(w, NULL);
        dk_jw_str(w, "kind", dk_watch_name(s->kind));
        dk_jw_str(w, "subject", s->subject[0] != '\0' ? s->subject : NULL);
        dk_jw_str(w, "level", dk_watch_level_names[s->obs.level]);
        write_text(w, &o);
        dk_jw_time(w, "since", s->state.bad_at, d->cfg->offset_min);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
}

static int read_id(const cJSON *o, const char *key, int need, int64_t *out,
                   struct dk_problem *p)
{
    const char *s = NULL;
    char pointer[40];
    int rc = dk_json_str(o, key, need, 1, 18, &s, NULL, p);

    if (rc != DK_OK || s == NULL)
        return rc;
    snprintf(pointer, sizeof(pointer), "/%s", key);
    if (strspn(s, "0123456789") == strlen(s) &&
        (*out = strtoll(s, NULL, 10)) > 0)
        return DK_OK;
    return dk_failf(p, DK_EFIELD, pointer,
                    "'%.18s' is not the id of an alert of the office's own; "
                    "office.list shows them",
                    "“%.18s”不是本机关自身警示的编号；编号见 office.list", s);
}

int read_office(struct daemon *d, const struct item *it, struct dk_jw *w,
                struct dk_problem *p)
{
    struct page x = {
        .d = d, .who = &it->who, .w = w, .left = 50, .start = w->len};
    bool open = true;
    int64_t before = 0;
    int rc = dk_json_bool(it->body, "open", DK_OPTIONAL, &open, NULL, p);

    if (rc == DK_OK)
        rc = read_id(it->body, "after", DK_OPTIONAL, &before, p);
    if (rc == DK_OK)
        rc = dk_json_int(it->body, "limit", DK_OPTIONAL, 1, 500, &x.left, NULL,
                         p);
    if (rc != DK_OK)
        return rc;
    dk_jw_obj(w, NULL);
    dk_jw_arr(w, "items");
    rc = store_list_office(d->st, open, before, x.left + 1, on_row, &x);
    dk_jw_end_arr(w);
    if (x.more)
        wire_id(w, "next", x.last);
    else
        dk_jw_null(w, "next");
    write_unwritten(d, &it->who, w);
    dk_jw_end_obj(w);
    return rc == DK_OK ? rc : dk_fail(p, rc, NULL, NULL, NULL);
}

/* ---- office.ack ---------------------------------------------------------- */

int door_office_ack(struct daemon *d, struct item *it, struct dk_problem *p)
{
    const char *note = NULL;
    int rc = read_id(it->body, "alert_id", DK_REQUIRED, &it->task_id, p);

    (void)d;
    if (rc == DK_OK)
        rc = dk_json_str(it->body, "note", DK_OPTIONAL, 1, WATCH_NOTE_MAX,
                         &note, NULL, p);
    it->kind = ITEM_OFFICE_ACK;
    return rc;
}

static int on_found(void *arg, const struct store_office *o)
{
    *(int64_t *)arg = o->id;
    return 1;
}

/* It is not open: it has cleared, or there never was one. */
static int not_open(struct daemon *d, const struct item *it,
                    struct dk_problem *p)
{
    int64_t found = 0;
    int rc =
        store_list_office(d->st, false, it->task_id + 1, 1, on_found, &found);

    if (rc != DK_OK)
        return dk_fail(p, rc, NULL, NULL, NULL);
    if (found == it->task_id)
        return dk_fail(p, DK_ESTATE, "/alert_id",
                       "this alert has cleared: its cause is gone",
                       "该警示已解除：原因已消除");
    return dk_fail(p, DK_ENOTFOUND, "/alert_id",
                   "there is no alert of the office's own under this id; "
                   "office.list shows them",
                   "没有该编号的本机关自身警示；见 office.list");
}

static void reply(struct daemon *d, struct item *it,
                  const struct store_office *o)
{
    struct dk_jw *w = batch_reply(&d->batch, it);
    int off = d->cfg->offset_min;

    dk_jw_obj(w, NULL);
    wire_id(w, "alert_id", o->id);
    dk_jw_time(w, "acked_at", o->acked_at, off);
    dk_jw_str(w, "acked_by", o->acked_by);
    dk_jw_time(w, "quiet_until", quiet_until(d, o), off);
    dk_jw_time(w, "cleared_at", o->cleared_at, off);
    dk_jw_end_obj(w);
    batch_reply_end(&d->batch, it, "ok");
}

static struct watch_slot *find_slot(struct watch *w, int64_t id)
{
    for (int i = 0; i < WATCH_SLOTS; i++) {
        if (w->slot[i].open && w->slot[i].row.o.id == id)
            return &w->slot[i];
    }
    return NULL;
}

int watch_ack(struct daemon *d, struct item *it, struct dk_problem *p)
{
    struct watch_slot *s = find_slot(&d->watch, it->task_id);
    const char *note = cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(it->body, "note"));

    if (s == NULL)
        return not_open(d, it, p);
    if (!s->staged) /* else another acknowledged it in this batch */
        watch_row_copy(&s->next, &s->row.o);
    struct store_office *o = &s->next.o;
    bool again = quiet_until(d, o) != DK_NEVER && o->acked_by != NULL &&
                 strcmp(o->acked_by, it->actor) == 0;
    if (!again) {
        struct store_office fresh = *o;
        fresh.acked_at = d->batch.now > o->told_at ? d->batch.now : o->told_at;
        fresh.acked_by = it->actor;
        fresh.note = note;
        if (dk_watch_until_acked(s->kind))
            fresh.cleared_at = d->batch.now;
        watch_row_copy(&s->next, &fresh);
        s->staged = true;
        s->verdict = DK_WATCH_KEEP;
    }
    reply(d, it, &s->next.o);
    return DK_OK;
}

/* ---- stats --------------------------------------------------------------- */

void watch_write_stats(const struct daemon *d, struct dk_jw *w)
{
    int64_t open = 0, loud = 0, unwritten = 0;

    for (int i = 0; i < WATCH_SLOTS; i++) {
        const struct watch_slot *s = &d->watch.slot[i];
        open += s->open;
        loud += s->open && quiet_until(d, &s->row.o) == DK_NEVER;
        unwritten += is_unwritten(d, s);
    }
    dk_jw_obj(w, "office");
    dk_jw_int(w, "open", open);
    dk_jw_int(w, "unacked", loud);
    dk_jw_int(w, "unwritten", unwritten);
    dk_jw_obj(w, "kinds"); /* those that are open: how many of each */
    for (int k = 0; k < DK_W_N; k++) {
        int64_t n = 0;

        for (int i = 0; i < WATCH_SLOTS; i++)
            n += d->watch.slot[i].open && (int)d->watch.slot[i].kind == k;
        if (n != 0)
            dk_jw_int(w, dk_watch_name((enum dk_watch_kind)k), n);
    }
    dk_jw_end_obj(w);
    dk_jw_end_obj(w);
}
