/* door_worker.c - what a worker may say, and how it becomes an item. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/daemon.h"

#define COMMANDS_MAX 32

static const char *const service_actors[] = {"worker:assign", "worker:deadline",
                                             "worker:escalate"};

/* A worker with another county's book would assign to units that are not. */
static int check_county(const struct daemon *d, const cJSON *o,
                        struct dk_problem *p)
{
    const char *county = NULL;
    char ours[12];
    int rc = dk_json_str(o, "county", DK_OPTIONAL, 6, 6, &county, NULL, p);

    if (rc != DK_OK || county == NULL)
        return rc;
    snprintf(ours, sizeof(ours), "%06d", (int)d->cfg->county);
    if (strcmp(county, ours) == 0)
        return DK_OK;
    return dk_failf(p, DK_EFORBIDDEN, "/county",
                    "this worker's book is of county %s, and this office is "
                    "%s; give it the book of this office",
                    "该工作进程的单位册属于 %s，而本机关为 %s；请改用本机关的"
                    "单位册",
                    county, ours);
}

static int on_hello(struct daemon *d, struct item *it, struct session *s,
                    struct dk_problem *p)
{
    static const char *const fields[] = {"service",        "worker", "credit",
                                         "calendar_until", "county", NULL};
    int64_t until = 0;
    int service = 0;
    const char *name;
    int64_t credit;
    char text[24];
    int rc = dk_json_only(it->body, fields, NULL, p);

    (void)s;
    if (rc == DK_OK)
        rc = dk_json_enum(it->body, "service", DK_REQUIRED, dk_service_names,
                          &service, NULL, p);
    if (rc == DK_OK)
        rc = dk_json_id(it->body, "worker", DK_REQUIRED, &name, NULL, p);
    if (rc == DK_OK)
        rc = dk_json_int(it->body, "credit", DK_REQUIRED, 1, DESK_CREDIT_MAX,
                         &credit, NULL, p);
    if (rc == DK_OK)
        rc = dk_json_int(it->body, "calendar_until", DK_OPTIONAL, 1970, 9999,
                         &until, NULL, p);
    if (rc == DK_OK)
        rc = check_county(d, it->body, p);
    if (rc == DK_OK && !dk_may_serve(&it->who, service))
        rc = door_forbid(it, "hello", p);
    if (rc != DK_OK)
        return rc;
    s = desk_hello(d, &it->peer, (enum dk_service)service, name, (int)credit);
    if (s == NULL)
        return dk_fail(p, DK_EBUSY, NULL, NULL, NULL);
    memcpy(s->user, it->user, sizeof(s->user));
    s->calendar_until = (int)until;
    log_info("worker_hello", "service=%s worker=\"%s\" credit=%d",
             dk_service_names[service], name, (int)credit);
    struct dk_jw *w = batch_reply(&d->batch, it);
    snprintf(text, sizeof(text), "%" PRId64, d->info.epoch);
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "epoch", text);
    dk_jw_int(w, "heartbeat_ms", d->cfg->heartbeat_ms);
    dk_jw_int(w, "lease_ms", d->cfg->lease_ms);
    dk_jw_time(w, "now", d->batch.now, d->cfg->offset_min);
    wire_offset(w, "utc_offset", d->cfg->offset_min);
    wire_county(d, w, "county");
    dk_jw_bool(w, "test_clock", d->wall.test);
    dk_jw_end_obj(w);
    batch_reply_end(&d->batch, it, "welcome");
    return DK_OK;
}

/* The lease that the message speaks of, if it is still this session's. */
static int find_lease(struct daemon *d, struct item *it, struct session *s,
                      struct lease **out, struct dk_problem *p)
{
    const char *lease;
    int64_t task = 0;
    int rc = door_task_id(it->body, &task, p);

    s->late = false; /* it speaks of tasks again, in time or not */
    if (rc == DK_OK)
        rc =
            dk_json_str(it->body, "lease", DK_REQUIRED, 1, 48, &lease, NULL, p);
    if (rc != DK_OK)
        return rc;
    *out = desk_lease(d, s, task, lease);
    if (*out == NULL) {
        d->stats.leases_stale++;
        return dk_failf(
            p, DK_ELEASE, "/lease",
            "lease %.48s of task %lld has ended: the task was given "
            "to another worker or is done; drop this answer",
            "任务租约 %.48s（任务 %lld）已失效，请丢弃该结果", lease,
            (long long)task);
    }
    return DK_OK;
}

/* A bad body ends the attempt: the worker is told and the task goes on. */
static int fail_attempt(struct item *it, struct lease *l, int rc,
                        const struct dk_problem *p)
{
    l->state = LEASE_BUSY;
    it->lease = l;
    it->key = l->key;
    it->kind = ITEM_FAIL;
    snprintf(it->reason, sizeof(it->reason), "refused: %s: %.200s",
             dk_err_slug(rc), p->detail);
    return rc;
}

static int on_result(struct daemon *d, struct item *it, struct session *s,
                     struct dk_problem *p)
{
    static const char *const fields[] = {"task_id", "lease", "commands", NULL};
    const cJSON *list;
    struct lease *l = NULL;
    int rc = find_lease(d, it, s, &l, p);

    if (rc != DK_OK)
        return rc;
    rc = dk_json_only(it->body, fields, NULL, p);
    if (rc == DK_OK)
        rc = dk_json_arr(it->body, "commands", DK_REQUIRED, 0, COMMANDS_MAX,
                         &list, NULL, p);
    if (rc != DK_OK)
        return fail_attempt(it, l, rc, p);
    l->state = LEASE_BUSY;
    it->kind = ITEM_RESULT;
    it->lease = l;
    it->key = l->key;
    it->actor = service_actors[l->service];
    return DK_OK;
}

static int on_fail(struct daemon *d, struct item *it, struct session *s,
                   struct dk_problem *p)
{
    static const char *const fields[] = {"task_id", "lease", "reason",
                                         "retry_after_ms", NULL};
    const char *reason;
    struct lease *l = NULL;
    int rc = find_lease(d, it, s, &l, p);

    if (rc != DK_OK)
        return rc;
    rc = dk_json_only(it->body, fields, NULL, p);
    if (rc == DK_OK)
        rc = dk_json_str(it->body, "reason", DK_REQUIRED, 1, 240, &reason, NULL,
                         p);
    if (rc == DK_OK)
        rc = dk_json_int(it->body, "retry_after_ms", DK_OPTIONAL, 0, DK_HOUR,
                         &it->retry_ms, NULL, p);
    if (rc != DK_OK)
        return fail_attempt(it, l, rc, p);
    l->state = LEASE_BUSY;
    it->kind = ITEM_FAIL;
    it->lease = l;
    it->key = l->key;
    snprintf(it->reason, sizeof(it->reason), "%s", reason);
    return DK_OK;
}

static int on_extend(struct daemon *d, struct item *it, struct session *s,
                     struct dk_problem *p)
{
    struct lease *l = NULL;
    int rc = find_lease(d, it, s, &l, p);

    if (rc != DK_OK)
        return rc;
    l->until = mono_now() + d->cfg->lease_ms;
    struct dk_jw *w = batch_reply(&d->batch, it);
    dk_jw_obj(w, NULL);
    dk_jw_int(w, "lease_ms", d->cfg->lease_ms);
    dk_jw_end_obj(w);
    batch_reply_end(&d->batch, it, "ok");
    return DK_OK;
}

static int on_heartbeat(struct daemon *d, struct item *it, struct session *s,
                        struct dk_problem *p)
{
    (void)d;
    (void)it;
    (void)s;
    (void)p;
    return DK_OK; /* last_seen was set at the door */
}

static int on_bye(struct daemon *d, struct item *it, struct session *s,
                  struct dk_problem *p)
{
    (void)p;
    s->bye = true;
    struct dk_jw *w = batch_reply(&d->batch, it);
    dk_jw_obj(w, NULL);
    dk_jw_end_obj(w);
    batch_reply_end(&d->batch, it, "ok");
    return DK_OK;
}

static const struct worker_type {
    const char *name;
    bool stranger; /* allowed before hello */
    int (*fn)(struct daemon *d, struct item *it, struct session *s,
              struct dk_problem *p);
} types[] = {
    {"hello", true, on_hello},          {"result", false, on_result},
    {"fail", false, on_fail},           {"extend", false, on_extend},
    {"heartbeat", false, on_heartbeat}, {"bye", false, on_bye},
};
#define N_TYPES (sizeof(types) / sizeof(types[0]))

static int enter(struct daemon *d, struct item *it, const struct dk_msg *m,
                 struct dk_problem *p)
{
    struct session *s = desk_session(&d->desk, &it->peer);
    const struct worker_type *t = NULL;

    /* A routing id can come to another peer once its first has gone. */
    if (s != NULL && strcmp(s->user, it->user) != 0) {
        desk_end(d, s, "another peer has its place");
        s = NULL;
    }
    if (s != NULL)
        s->last_seen = mono_now();
    for (size_t i = 0; i < N_TYPES && t == NULL; i++) {
        if (strcmp(types[i].name, m->type) == 0)
            t = &types[i];
    }
    if (t == NULL)
        return dk_failf(p, DK_ETYPE, NULL,
                        "a worker does not say '%s'; PROTOCOL.md lists its "
                        "messages",
                        "工作进程没有“%s”这种消息，见 PROTOCOL.md", m->type);
    if (!dk_may(&it->who, DK_DOOR_WORKER, t->name))
        return door_forbid(it, t->name, p);
    if (s == NULL && !t->stranger)
        return dk_fail(p, DK_EHELLO, NULL,
                       "this session is not known (any more): say hello first",
                       "会话未建立或已结束：请先发送 hello");
    int rc =
        dk_json_parse_fixed(m->body, m->body_len, DK_BODY_MAX, &it->body, p);
    return rc == DK_OK ? t->fn(d, it, s, p) : rc;
}

void door_worker(struct daemon *d, struct item *it, const struct dk_frame f[],
                 int n)
{
    struct dk_problem p;
    struct dk_msg m;

    dk_problem_clear(&p);
    m.request[0] = '\0';
    int rc = dk_frames_read(f, n < 0 ? 0 : (size_t)n, &m, &p);

    d->stats.messages_workers++;
    memcpy(it->request, m.request, sizeof(it->request));
    int known = keys_admit(d, it, &p);
    if (known != DK_OK)
        rc = known;
    if (rc == DK_OK)
        rc = enter(d, it, &m, &p);
    if (rc != DK_OK || strcmp(m.type, "hello") == 0)
        keys_charge(d, it);
    if (rc == DK_OK)
        return;
    if (it->lease == NULL)
        it->kind = ITEM_NONE;
    d->stats.refused[-rc]++;
    batch_reply_problem(&d->batch, it, &p);
}
