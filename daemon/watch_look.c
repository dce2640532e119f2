/* watch_look.c - what there is to see of the office itself. */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "daemon/daemon.h"
#include "daemon/watch_int.h"
#include "proto/caseno.h"

#define ASK_MS     1000   /* the database is asked once a second at most */
#define SLICE      500    /* cases looked at in one go */
#define FILES_MAX  100000 /* of a backup's folder */
#define MEGA_BYTES 1000000

/* States in which a case may have no unit yet. */
static const enum dk_state unassigned_states[2] = {DK_S_SUBMITTED,
                                                   DK_S_REGISTERED};

static struct dk_watch_obs *obs_of(struct watch *w, enum dk_watch_kind k)
{
    for (int i = 0; i < WATCH_SLOTS; i++) {
        if (w->slot[i].kind == k)
            return &w->slot[i].obs;
    }
    return &w->slot[0].obs; /* each kind has a slot */
}

static bool is_open(const struct watch *w, enum dk_watch_kind k)
{
    for (int i = 0; i < WATCH_SLOTS; i++) {
        if (w->slot[i].kind == k)
            return w->slot[i].open;
    }
    return false;
}

/* ---- the workers --------------------------------------------------------- */

static void look_at_workers(struct daemon *d, dk_ms now, dk_ms mono)
{
    struct watch *w = &d->watch;
    int64_t limit = d->cfg->watch.no_worker_s;
    int n[DK_SVC_N] = {0};
    int until = 0;

    for (size_t i = 0; i < d->desk.n_session; i++) {
        const struct session *s = d->desk.session[i];
        if (s->bye)
            continue;
        n[s->service]++;
        /* One of them with an old calendar is enough to go wrong. */
        if (s->calendar_until != 0 && (until == 0 || s->calendar_until < until))
            until = s->calendar_until;
    }
    for (int i = 0; i < DK_SVC_N; i++) {
        struct dk_watch_obs *o = &w->slot[DK_W_NO_WORKER + i].obs;
        if (n[i] > 0)
            w->none_since[i] = 0;
        else if (w->none_since[i] == 0)
            w->none_since[i] = mono;
        o->saw = n[i] > 0 || limit == 0 ? DK_SAW_GOOD : DK_SAW_BAD;
        o->level = DK_WL_SERIOUS;
        o->value = n[i] > 0 ? 0 : (mono - w->none_since[i]) / DK_SECOND;
        o->limit = limit;
    }
    *obs_of(w, DK_W_CALENDAR) =
        until != 0 ? dk_watch_calendar(until, now, d->cfg->offset_min)
                   : (struct dk_watch_obs){.saw = DK_SAW_NOTHING};
}

/* ---- the database -------------------------------------------------------- */

void watch_lone_case(struct watch *w, const struct dk_case *c)
{
    for (int i = 0; i < 2; i++) {
        if (c->state == unassigned_states[i] && c->key <= w->after[i])
            w->after[i] = c->key - 1;
    }
}

static int date_lone_case(struct daemon *d, int64_t key)
{
    struct watch *w = &d->watch;
    struct dk_case *c = NULL;
    int rc = DK_OK;

    if (key == w->lone)
        return DK_OK;
    if (key != 0)
        rc = store_load_cases(d->st, &key, 1, &c);
    if (rc == DK_OK) {
        w->lone = c != NULL ? key : 0;
        w->lone_at = c != NULL ? c->recorded_at : 0;
    }
    dk_case_free(c);
    return rc;
}

/* The oldest case without a unit.  Each case is passed once; *more: there are
 * others that were not looked at yet.
 */
static int ask_for_lone_case(struct daemon *d, bool *more)
{
    struct watch *w = &d->watch;
    int64_t oldest = 0;

    for (int i = 0; i < 2; i++) {
        int64_t key, last;
        int rc = store_next_unassigned(d->st, unassigned_states[i], w->after[i],
                                       SLICE, &key, &last);
        if (rc != DK_OK)
            return rc;
        *more = *more || (key == 0 && last != w->after[i]);
        w->after[i] = key != 0 ? key - 1 : last;
        if (key != 0 && (oldest == 0 || key < oldest))
            oldest = key;
    }
    return date_lone_case(d, oldest);
}

static int on_task(void *arg, const struct store_task_info *t)
{
    struct store_task_info *out = arg;

    *out = *t;
    return 1;
}

static int on_event(void *arg, const struct dk_event *e)
{
    struct dk_event *out = arg;

    out->seq = e->seq;
    out->n = e->n;
    out->at = e->at;
    return 1;
}

static int ask_for_oldest_task(struct daemon *d)
{
    struct watch *w = &d->watch;
    struct store_task_info t = {.t.id = 0};
    struct dk_event e = {.seq = 0};
    int rc = store_task_list(d->st, false, 0, 1, on_task, &t);

    if (rc != DK_OK || t.t.id == w->task)
        return rc;
    if (t.t.id != 0) /* as old as the event it is about */
        rc = store_case_events(d->st, t.t.key, t.t.n, 1, on_event, &e);
    if (rc != DK_OK)
        return rc;
    w->task = e.seq != 0 && e.n == t.t.n ? t.t.id : 0;
    w->task_at = e.at;
    w->task_service = t.t.service;
    return DK_OK;
}

static int ask_for_dead_letters(struct daemon *d)
{
    struct dk_watch_obs *o = obs_of(&d->watch, DK_W_DEAD_LETTER);
    struct store_task_info t = {.t.id = 0};
    struct store_totals tot;
    int rc = store_totals(d->st, &tot);

    if (rc == DK_OK && tot.tasks_dead > 0)
        rc = store_task_list(d->st, true, 0, 1, on_task, &t);
    if (rc != DK_OK)
        return rc;
    o->saw = tot.tasks_dead > 0 ? DK_SAW_BAD : DK_SAW_GOOD;
    o->level = DK_WL_SERIOUS;
    o->value = tot.tasks_dead;
    snprintf(o->about, sizeof(o->about), "%" PRId64, t.t.id);
    return DK_OK;
}

/* Only after a commit can it have other answers. */
static int ask_the_database(struct daemon *d, dk_ms mono)
{
    struct watch *w = &d->watch;
    int64_t commits = d->stats.commits;
    bool more = false;

    if (w->commits_seen == commits || mono < w->ask_at)
        return DK_OK;
    w->ask_at = mono + ASK_MS;
    int rc = ask_for_lone_case(d, &more);
    if (rc == DK_OK)
        rc = ask_for_oldest_task(d);
    if (rc == DK_OK)
        rc = ask_for_dead_letters(d);
    if (rc == DK_OK && !more)
        w->commits_seen = commits;
    return rc;
}

/* Something that waits since `at` and may do so for `limit` seconds. */
static void judge_age(struct dk_watch_obs *o, bool there, dk_ms at, dk_ms now,
                      int64_t limit, int worse)
{
    o->limit = limit;
    o->value = there ? (now - at) / DK_SECOND : 0;
    o->saw = limit > 0 && there && o->value > limit ? DK_SAW_BAD : DK_SAW_GOOD;
    o->level =
        limit > 0 && o->value / worse > limit ? DK_WL_SERIOUS : DK_WL_WARNING;
}

static void look_at_waiting(struct daemon *d, dk_ms now)
{
    struct watch *w = &d->watch;
    struct dk_watch_obs *lone = obs_of(w, DK_W_UNASSIGNED);
    struct dk_watch_obs *task = obs_of(w, DK_W_QUEUE);

    judge_age(lone, w->lone != 0, w->lone_at, now,
              d->cfg->watch.unassigned_h * 3600, 3);
    if (w->lone != 0)
        dk_case_no_format((int32_t)d->cfg->county, w->lone, lone->about);
    judge_age(task, w->task != 0, w->task_at, now, d->cfg->watch.queue_min * 60,
              6);
    if (w->task != 0)
        snprintf(task->about, sizeof(task->about), "%" PRId64 " (%s)", w->task,
                 dk_service_names[w->task_service]);
}

/* ---- the machine --------------------------------------------------------- */

/* The folder of the database; false: it is not in a file. */
static bool data_folder(const struct config *c, char *out, size_t cap)
{
    char path[sizeof(c->store)];

    if (strncmp(c->store, "sqlite:", 7) != 0)
        return false;
    snprintf(path, sizeof(path), "%s", c->store + 7);
    snprintf(out, cap, "%s", dirname(path));
    return true;
}

/* As much of it as there is room for, but no half character. */
static void say_path(struct dk_watch_obs *o, const char *path)
{
    size_t n = strlen(path);

    if (n >= sizeof(o->about))
        n = sizeof(o->about) - 1;
    while (n > 0 && ((unsigned char)path[n] & 0xc0) == 0x80)
        n--;
    memcpy(o->about, path, n);
    o->about[n] = '\0';
}

static void look_at_disk(struct daemon *d)
{
    struct dk_watch_obs *o = obs_of(&d->watch, DK_W_DISK);
    int64_t limit = d->cfg->watch.disk_mb;
    char folder[sizeof(d->cfg->store)];
    struct statvfs v;

    o->saw = DK_SAW_GOOD;
    if (limit == 0 || !data_folder(d->cfg, folder, sizeof(folder)))
        return;
    say_path(o, folder);
    if (statvfs(folder, &v) != 0) {
        o->saw = DK_SAW_NOTHING;
        return;
    }
    o->limit = limit;
    o->value = (int64_t)((uint64_t)v.f_bavail * v.f_frsize / MEGA_BYTES);
    /* A tenth more to clear than to raise: no alert comes and goes with it. */
    if (is_open(&d->watch, DK_W_DISK))
        limit += limit / 10;
    if (o->value < limit)
        o->saw = DK_SAW_BAD;
    o->level = o->value < o->limit / 4 ? DK_WL_SERIOUS : DK_WL_WARNING;
}

/* The latest change of a file, or of anything in a folder; 0: there is none. */
static int64_t newest(const char *path)
{
    struct stat st;
    int64_t t = 0;
    const struct dirent *e;
    int left = FILES_MAX;

    if (stat(path, &st) != 0)
        return 0;
    if (!S_ISDIR(st.st_mode))
        return st.st_mtim.tv_sec;
    DIR *dir = opendir(path);
    if (dir == NULL)
        return 0;
    while (left-- > 0 && (e = readdir(dir)) != NULL) {
        size_t n = strlen(e->d_name);
        bool part = n > 5 && strcmp(e->d_name + n - 5, ".part") == 0;
        if (part || strcmp(e->d_name, ".") == 0 ||
            strcmp(e->d_name, "..") == 0 ||
            fstatat(dirfd(dir), e->d_name, &st, 0) != 0)
            continue;
        if (st.st_mtim.tv_sec > t)
            t = st.st_mtim.tv_sec;
    }
    closedir(dir);
    return t;
}

/* Files have the machine's time, also where the office has a test clock. */
static void look_at_backup(struct daemon *d)
{
    struct dk_watch_obs *o = obs_of(&d->watch, DK_W_BACKUP);
    const char *path = d->cfg->watch.backup;

    o->saw = DK_SAW_GOOD;
    if (d->backup.state == BACKUP_FAILED) { /* until one succeeds */
        o->saw = DK_SAW_BAD;
        o->level = DK_WL_SERIOUS;
        o->value = -2;
        say_path(o, d->backup.file);
        return;
    }
    if (path[0] == '\0')
        return;
    int64_t t = newest(path);
    judge_age(o, true, t * DK_SECOND, real_now(), d->cfg->watch.backup_h * 3600,
              3);
    say_path(o, path);
    if (t != 0)
        return;
    o->saw = DK_SAW_BAD;
    o->level = DK_WL_SERIOUS;
    o->value = -1;
}

static void look_at_clock(struct daemon *d)
{
    struct watch *w = &d->watch;
    struct dk_watch_obs *o = obs_of(w, DK_W_CLOCK_JUMP);
    dk_ms limit = d->cfg->watch.clock_jump_s * DK_SECOND;
    dk_ms now = wall_now(&d->wall);
    dk_ms step;

    /* A test clock stands still and is moved on; back is a step. */
    step = dk_watch_step(&w->offset, now, d->wall.test ? 0 : boot_now(), limit);
    if (d->wall.test && step > 0)
        step = 0;
    if (limit > 0 && step != 0)
        w->jump = step;
    o->limit = limit / DK_SECOND;
    o->saw = w->jump != 0 ? DK_SAW_BAD : DK_SAW_GOOD;
    o->value = w->jump / DK_SECOND;
    o->level =
        w->jump > DK_HOUR || w->jump < -DK_HOUR ? DK_WL_SERIOUS : DK_WL_WARNING;
}

static void look_at_full_disk(struct daemon *d, dk_ms mono)
{
    struct watch *w = &d->watch;
    struct dk_watch_obs *o = obs_of(&d->watch, DK_W_STORAGE_FULL);

    if (d->ballast.r.tight)
        watch_disk_full(w, mono);
    o->saw = w->full_at != 0 && mono - w->full_at < WATCH_FULL_MS ? DK_SAW_BAD
                                                                  : DK_SAW_GOOD;
    o->level = DK_WL_SERIOUS;
    o->value = w->full_at != 0 ? (mono - w->full_since) / DK_SECOND : 0;
}

int watch_look(struct daemon *d, dk_ms now, dk_ms mono)
{
    struct watch *w = &d->watch;

    look_at_clock(d);
    look_at_workers(d, now, mono);
    look_at_full_disk(d, mono);
    if (mono >= w->look_at) {
        w->look_at = mono + d->cfg->watch.look_s * DK_SECOND;
        look_at_disk(d);
        look_at_backup(d);
    }
    int rc = ask_the_database(d, mono);
    if (rc == DK_OK)
        look_at_waiting(d, now);
    return rc;
}
