/* door.c - what a client may say, and how it becomes an item. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "proto/caseno.h"

#define LAST_TIME INT64_C(253402214400000) /* 9999-12-31T00:00:00Z */

struct client_type {
    const char *name;
    const char *const *fields; /* allowed members; NULL: the decoder checks */
    int (*decode)(struct daemon *d, struct item *it, struct dk_problem *p);
    item_read_fn read; /* with no decode: answered after the commit */
};

int door_case_no(struct daemon *d, const cJSON *o, const char *key,
                 int64_t *out, struct dk_problem *p)
{
    const char *s;
    char pointer[80];
    int32_t county;
    int rc = dk_json_str(o, key, DK_REQUIRED, 1, DK_CASE_NO_MAX, &s, NULL, p);

    if (rc != DK_OK)
        return rc;
    snprintf(pointer, sizeof(pointer), "/%s", key);
    if (dk_case_no_parse(s, &county, out) != DK_OK)
        return dk_failf(p, DK_EFIELD, pointer,
                        "'%.40s' is not a case number; it looks like "
                        "330699-20260501-000001-7 and its last digit checks "
                        "the others",
                        "“%.40s”不是案件编号；编号形如 "
                        "330699-20260501-000001-7，末位为校验码",
                        s);
    if (county != d->cfg->county)
        return dk_failf(p, DK_ENOTFOUND, pointer,
                        "case %.40s belongs to another county (%06d); ask its "
                        "office",
                        "案件 %.40s 属于其他县（%06d），请向该县查询", s,
                        (int)county);
    return DK_OK;
}

/* What a request says, in one hash; frees the text. */
static int hash_text(const struct daemon *d, struct dk_jw *w, uint8_t out[16],
                     struct dk_problem *p)
{
    int rc = w->oom ? dk_fail(p, DK_ENOMEM, NULL, NULL, NULL) : DK_OK;

    if (rc == DK_OK) {
        crypto_generichash(out, 16, (void *)w->buf, w->len, NULL, 0);
        persons_rehash(persons_secret(d), out);
    }
    dk_jw_fini(w);
    return rc;
}

/* ---- writes -------------------------------------------------------------- */

/* The case that a submission says it repeats; 0: none of ours. */
static int64_t repeated_case(const struct daemon *d, const struct dk_submit *s)
{
    int32_t county;
    int64_t key;

    if (s->repeat_of == NULL ||
        dk_case_no_parse(s->repeat_of, &county, &key) != DK_OK ||
        county != d->cfg->county)
        return 0;
    return key;
}

static int decode_submit(struct daemon *d, struct item *it,
                         struct dk_problem *p)
{
    struct dk_jw w = {0};
    int rc = dk_submit_read(it->body, &it->submit, p);

    if (rc == DK_OK)
        rc = door_brings(d, it, p);
    if (rc != DK_OK)
        return rc;
    it->other = repeated_case(d, &it->submit);
    dk_submit_write_canonical(&w, &it->submit);
    rc = hash_text(d, &w, it->hash, p);
    it->id = it->submit.submission;
    it->kind = ITEM_SUBMIT;
    return rc;
}

static int unknown_action(const char *name, struct dk_problem *p)
{
    const char *names[DK_ACT_N + 1] = {0};
    int n = 0;

    for (int a = 0; a < DK_ACT_N; a++) {
        if (dk_action_who((enum dk_action)a) & DK_BY_CLIENT)
            names[n++] = dk_action_name((enum dk_action)a);
    }
    const char *near = dk_nearest(name, names);
    return dk_failf(p, DK_EFIELD, "/action",
                    "there is no action '%.64s'; did you mean '%s'?",
                    "没有“%.64s”这一操作；是否想用“%s”？", name,
                    near == NULL ? "accept" : near);
}

static int decode_act(struct daemon *d, struct item *it, struct dk_problem *p)
{
    const cJSON *o = it->body;
    const char *action;
    struct dk_jw w = {0};
    int rc = dk_json_uuid(o, "command_id", DK_REQUIRED, true, &it->id, NULL, p);

    if (rc == DK_OK)
        rc = door_case_no(d, o, "case_no", &it->key, p);
    if (rc == DK_OK)
        rc = dk_json_str(o, "action", DK_REQUIRED, 1, 64, &action, NULL, p);
    if (rc == DK_OK)
        rc = door_actor(it, p);
    if (rc == DK_OK)
        rc = dk_json_time(o, "at", DK_OPTIONAL, &it->claimed, NULL, p);
    if (rc == DK_OK)
        rc = dk_json_int(o, "expect_n", DK_OPTIONAL, 1, UINT32_MAX,
                         &it->expect_n, NULL, p);
    if (rc != DK_OK)
        return rc;
    int a = dk_action_from_name(action);
    if (a < 0)
        return unknown_action(action, p);
    if ((dk_action_who((enum dk_action)a) & DK_BY_CLIENT) == 0)
        return dk_failf(p, DK_EFORBIDDEN, "/action",
                        "'%.64s' is not for clients: the broker or its workers "
                        "do it",
                        "“%.64s”不由客户端执行，而由系统或其工作进程执行",
                        action);
    it->action = (enum dk_action)a;
    if (!dk_may_act(&it->who, it->action))
        return door_forbid(it, action, p);
    if (a == DK_ACT_LINK || a == DK_ACT_UNLINK)
        rc = door_case_no(d, o, "to", &it->other, p);
    if (rc != DK_OK)
        return rc;
    dk_jw_cjson(&w, NULL, o);
    rc = hash_text(d, &w, it->hash, p);
    it->kind = ITEM_ACT;
    return rc;
}

int door_alert_id(const struct daemon *d, const char *s, int64_t *key,
                  uint32_t *n)
{
    char no[DK_CASE_NO_MAX];
    int32_t county;
    const char *dot = strchr(s, '.');

    if (dot == NULL || (size_t)(dot - s) >= sizeof(no))
        return DK_EFIELD;
    memcpy(no, s, (size_t)(dot - s));
    no[dot - s] = '\0';
    size_t digits = strspn(dot + 1, "0123456789");
    if (digits == 0 || digits > 9 || dot[1 + digits] != '\0' ||
        dk_case_no_parse(no, &county, key) != DK_OK)
        return DK_EFIELD;
    *n = (uint32_t)strtoul(dot + 1, NULL, 10);
    if (*n == 0)
        return DK_EFIELD;
    return county == d->cfg->county ? DK_OK : DK_ENOTFOUND;
}

static int decode_ack(struct daemon *d, struct item *it, struct dk_problem *p)
{
    const char *id;
    const char *note = NULL;
    int rc =
        dk_json_str(it->body, "alert_id", DK_REQUIRED, 1, 60, &id, NULL, p);

    if (rc == DK_OK)
        rc = door_actor(it, p);
    if (rc == DK_OK)
        rc =
            dk_json_str(it->body, "note", DK_OPTIONAL, 1, 2000, &note, NULL, p);
    if (rc != DK_OK)
        return rc;
    rc = door_alert_id(d, id, &it->key, &it->alert_n);
    if (rc == DK_EFIELD)
        return dk_fail(p, DK_EFIELD, "/alert_id",
                       "an alert's id is its case number, a dot and a number, "
                       "as alert.list shows it",
                       "警示编号由案件编号、点和序号组成，见 alert.list");
    if (rc != DK_OK)
        return dk_fail(p, rc, "/alert_id", NULL, NULL);
    it->kind = ITEM_ACK;
    return DK_OK;
}

int door_task_id(const cJSON *o, int64_t *out, struct dk_problem *p)
{
    const char *s;
    int rc = dk_json_str(o, "task_id", DK_REQUIRED, 1, 18, &s, NULL, p);

    if (rc != DK_OK)
        return rc;
    if (strspn(s, "0123456789") != strlen(s))
        return dk_fail(p, DK_EFIELD, "/task_id",
                       "a task's id is a decimal number in a string",
                       "任务编号是字符串形式的十进制数");
    *out = strtoll(s, NULL, 10); /* 18 digits always fit */
    return DK_OK;
}

static int decode_retry(struct daemon *d, struct item *it, struct dk_problem *p)
{
    (void)d;
    it->kind = ITEM_RETRY;
    return door_task_id(it->body, &it->task_id, p);
}

static int decode_drop(struct daemon *d, struct item *it, struct dk_problem *p)
{
    const char *reason;
    int rc = door_task_id(it->body, &it->task_id, p);

    (void)d;
    if (rc == DK_OK)
        rc = door_actor(it, p);
    if (rc == DK_OK)
        rc = dk_json_str(it->body, "reason", DK_REQUIRED, 1, 240, &reason, NULL,
                         p);
    if (rc == DK_OK)
        snprintf(it->reason, sizeof(it->reason), "%s", reason);
    it->kind = ITEM_DROP;
    return rc;
}

static int decode_office_ack(struct daemon *d, struct item *it,
                             struct dk_problem *p)
{
    int rc = door_office_ack(d, it, p);

    return rc == DK_OK ? door_actor(it, p) : rc;
}

static int decode_checkpoint(struct daemon *d, struct item *it,
                             struct dk_problem *p)
{
    (void)d;
    (void)p;
    it->kind = ITEM_CHECKPOINT;
    return DK_OK;
}

/* ---- the test clock ------------------------------------------------------ */

/* Another asks for the same: whoever asked before gets its answer now. */
static void take_over(struct daemon *d, struct item *it)
{
    struct advance *a = &d->advance;
    struct dk_problem p = {0};
    struct dk_jw w = {0};

    if (zev_same(&a->peer, &it->peer) && strcmp(a->request, it->request) == 0)
        return;
    dk_fail(&p, DK_EBUSY, NULL,
            "another request moves the test clock to the same time now",
            "另一请求正将测试时钟推进至同一时刻");
    dk_problem_answer(&w, &p, a->request);
    if (w.oom || zev_send(d->clients, &a->peer, "problem", a->request, w.buf,
                          w.len) != DK_OK)
        d->stats.replies_lost++;
    dk_jw_fini(&w);
}

static int start_advance(struct daemon *d, struct item *it, dk_ms target,
                         struct dk_problem *p)
{
    struct advance *a = &d->advance;
    bool settle = false;
    int rc = dk_json_bool(it->body, "settle", DK_OPTIONAL, &settle, NULL, p);

    if (rc != DK_OK)
        return rc;
    if (a->on && a->target != target) /* the same again: a retry takes over */
        return dk_fail(p, DK_EBUSY, NULL,
                       "the test clock is on its way already; wait for its "
                       "answer",
                       "测试时钟正在推进，请等待其完成");
    if (target > LAST_TIME)
        return dk_fail(p, DK_EFIELD, "/ms",
                       "the clock ends with the year 9999; choose an earlier "
                       "time",
                       "时钟最晚至 9999 年，请选择更早的时间");
    if (a->on)
        take_over(d, it);
    *a = (struct advance){
        .on = true, .settle = settle, .target = target, .peer = it->peer};
    memcpy(a->request, it->request, sizeof(a->request));
    return DK_OK;
}

static int need_test_clock(const struct daemon *d, struct dk_problem *p)
{
    if (d->wall.test)
        return DK_OK;
    return dk_fail(p, DK_EFORBIDDEN, NULL,
                   "this broker runs on real time; only one started with "
                   "--test-clock can be moved",
                   "本服务使用真实时间；只有以 --test-clock 启动的服务可以"
                   "调整时钟");
}

static int decode_clock_set(struct daemon *d, struct item *it,
                            struct dk_problem *p)
{
    dk_ms to = 0;
    int rc = need_test_clock(d, p);

    if (rc == DK_OK)
        rc = dk_json_time(it->body, "to", DK_REQUIRED, &to, NULL, p);
    return rc == DK_OK ? start_advance(d, it, to, p) : rc;
}

static int decode_clock_advance(struct daemon *d, struct item *it,
                                struct dk_problem *p)
{
    int64_t ms = 0;
    int rc = need_test_clock(d, p);

    if (rc == DK_OK)
        rc = dk_json_int(it->body, "ms", DK_REQUIRED, 0, 36500 * DK_DAY, &ms,
                         NULL, p);
    return rc == DK_OK ? start_advance(d, it, d->wall.test_now + ms, p) : rc;
}

/* ---- the table ----------------------------------------------------------- */

#define FIELDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_FIELDS   ((const char *const[]){NULL})

static const struct client_type types[] = {
    {"case.submit", NULL, decode_submit, NULL},
    {"case.act", NULL, decode_act, NULL},
    {"case.get", FIELDS("case_no"), NULL, read_case},
    {"case.query", FIELDS("case_no", "query_code"), NULL, read_query},
    {"case.list", NULL, NULL, read_cases},
    {"case.events", FIELDS("case_no", "from_n", "limit"), NULL, read_events},
    {"alert.list", FIELDS("open", "level", "unit", "case_no", "after", "limit"),
     NULL, read_alerts},
    {"alert.ack", FIELDS("alert_id", "actor", "note"), decode_ack, NULL},
    {"clock.list",
     FIELDS("unit", "clock", "overdue", "due_before", "after", "limit"), NULL,
     read_clocks},
    {"clock.now", NO_FIELDS, NULL, read_clock_now},
    {"clock.set", FIELDS("to", "settle"), decode_clock_set, NULL},
    {"clock.advance", FIELDS("ms", "settle"), decode_clock_advance, NULL},
    {"person.get", FIELDS("case_no", "actor", "reason"), door_person, NULL},
    {"person.erase", FIELDS("case_no", "actor", "reason", "erase"), door_erase,
     NULL},
    {"seal.rotate", NO_FIELDS, NULL, read_rotate},
    {"task.list", FIELDS("dead", "after", "limit"), NULL, read_tasks},
    {"task.get", FIELDS("task_id"), NULL, read_task},
    {"task.retry", FIELDS("task_id"), decode_retry, NULL},
    {"task.drop", FIELDS("task_id", "actor", "reason"), decode_drop, NULL},
    {"office.list", FIELDS("open", "after", "limit"), NULL, read_office},
    {"office.ack", FIELDS("alert_id", "actor", "note"), decode_office_ack,
     NULL},
    {"tally.list",
     FIELDS("from", "to", "as_of", "measures", "unit", "category", "by",
            "after", "limit"),
     NULL, read_tally},
    {"keys.list", FIELDS("after", "limit"), NULL, read_keys_list},
    {"keys.allow", FIELDS("name", "roles", "unit", "key", "replace"), NULL,
     read_keys_allow},
    {"keys.revoke", FIELDS("name"), NULL, read_keys_revoke},
    {"worker.list", NO_FIELDS, NULL, read_workers},
    {"stats", NO_FIELDS, NULL, read_stats},
    {"backup.start", FIELDS("backup_id", "file"), NULL, read_backup_start},
    {"backup.status", NO_FIELDS, NULL, read_backup_status},
    {"checkpoint.make", NO_FIELDS, decode_checkpoint, NULL},
    {"checkpoint.list", FIELDS("after", "limit"), NULL, read_ckpts},
    {"case.export", FIELDS("case_no", "from_n", "limit"), NULL, read_export},
    {"verify", FIELDS("after", "limit"), NULL, read_verify},
    {"hello", FIELDS("client"), NULL, read_hello},
    {"events.follow", FIELDS("from", "credit"), NULL, read_follow},
    {"events.credit", FIELDS("credit"), NULL, read_credit},
    {"events.stop", NO_FIELDS, NULL, read_unfollow},
};
#define N_TYPES (sizeof(types) / sizeof(types[0]))

static int unknown_type(const char *name, struct dk_problem *p)
{
    const char *names[N_TYPES + 1] = {0};

    for (size_t i = 0; i < N_TYPES; i++)
        names[i] = types[i].name;
    const char *near = dk_nearest(name, names);
    if (near == NULL)
        return dk_failf(p, DK_ETYPE, NULL,
                        "there is no message '%s'; PROTOCOL.md lists them",
                        "没有“%s”这种消息，见 PROTOCOL.md", name);
    return dk_failf(p, DK_ETYPE, NULL,
                    "there is no message '%s'; did you mean '%s'?",
                    "没有“%s”这种消息；是否想用“%s”？", name, near);
}

static int enter(struct daemon *d, struct item *it, const struct dk_msg *m,
                 struct dk_problem *p)
{
    const struct client_type *t = NULL;

    for (size_t i = 0; i < N_TYPES && t == NULL; i++) {
        if (strcmp(types[i].name, m->type) == 0)
            t = &types[i];
    }
    if (t == NULL)
        return unknown_type(m->type, p);
    if (!dk_may(&it->who, DK_DOOR_CLIENT, t->name))
        return door_forbid(it, t->name, p);
    int rc =
        dk_json_parse_fixed(m->body, m->body_len, DK_BODY_MAX, &it->body, p);
    if (rc == DK_OK) /* first of all: whose fault is it what the body says? */
        rc = wire_own_id(it->request, it->body, t->decode == decode_submit, p);
    if (rc == DK_OK && t->fields != NULL)
        rc = dk_json_only(it->body, t->fields, NULL, p);
    if (rc != DK_OK)
        return rc;
    if (t->decode == NULL) {
        it->kind = ITEM_READ;
        it->read = t->read;
        return DK_OK;
    }
    if (d->draining)
        return dk_fail(p, DK_ESHUTDOWN, NULL, NULL, NULL);
    return t->decode(d, it, p);
}

void door_client(struct daemon *d, struct item *it, const struct dk_frame f[],
                 int n)
{
    struct dk_problem p;
    struct dk_msg m;

    dk_problem_clear(&p);
    m.request[0] = '\0';
    int rc = dk_frames_read(f, n < 0 ? 0 : (size_t)n, &m, &p);

    d->stats.messages_clients++;
    memcpy(it->request, m.request, sizeof(it->request));
    int known = keys_admit(d, it, &p);
    if (known != DK_OK)
        rc = known;
    if (rc == DK_OK)
        rc = enter(d, it, &m, &p);
    if (rc == DK_OK)
        return;
    it->kind = ITEM_NONE;
    d->stats.refused[-rc]++;
    batch_reply_problem(&d->batch, it, &p);
}
