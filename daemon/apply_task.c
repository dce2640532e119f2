#include "daemon/apply_task.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/daemon.h"

/* ---- a worker's answer --------------------------------------------------- */

/* What a worker decides about history brought in counts from its day, not from
 * the day of the import: else limits of long ago would run out between the two.
 */
static dk_ms day_of(const struct item *it, const struct dk_case *c)
{
    return c->imported && it->lease->n == 1 ? c->submitted_at : DK_NEVER;
}

static int read_command(const cJSON *o, int index, const struct item *it,
                        struct dk_command *cmd, struct dk_problem *p)
{
    const char *name;
    const struct dk_at list = {NULL, "commands", 0};
    const struct dk_at at = {&list, NULL, index};
    int rc = dk_json_str(o, "action", DK_REQUIRED, 1, 64, &name, &at, p);

    if (rc != DK_OK)
        return rc;
    int action = dk_action_from_name(name);
    if (action < 0) {
        char pointer[96];
        dk_at_pointer(&at, "action", pointer, sizeof(pointer));
        return dk_failf(p, DK_EFIELD, pointer,
                        "there is no action '%.64s'; see the table of actions "
                        "in PROTOCOL.md",
                        "没有“%.64s”这一操作，见 PROTOCOL.md 操作表", name);
    }
    *cmd = (struct dk_command){.action = (enum dk_action)action,
                               .by = DK_BY_WORKER,
                               .actor = it->actor,
                               .claimed = DK_NEVER,
                               .args = o};
    return DK_OK;
}

static int run_commands(struct daemon *d, const struct item *it,
                        struct dk_case *c, const cJSON *list,
                        struct dk_problem *p)
{
    const cJSON *o;
    int i = 0;

    cJSON_ArrayForEach (o, list) {
        struct dk_command cmd;
        int rc = read_command(o, i++, it, &cmd, p);
        if (rc != DK_OK)
            return rc;
        cmd.claimed = day_of(it, c);
        rc = apply_command(d, c, &cmd, p);
        if (rc != DK_OK) {
            char inner[sizeof(p->pointer)];
            memcpy(inner, p->pointer, sizeof(inner));
            snprintf(p->pointer, sizeof(p->pointer), "/commands/%d%.100s",
                     i - 1, inner);
            return rc;
        }
    }
    return DK_OK;
}

/* All commands on a copy, which replaces the case when none was refused. */
static int run_result(struct daemon *d, const struct item *it, struct slot *s,
                      const cJSON *list, struct dk_problem *p)
{
    size_t mark = d->batch.events.n;
    struct dk_case *copy = dk_case_clone(s->c);

    if (copy == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    int rc = run_commands(d, it, copy, list, p);
    if (rc != DK_OK) {
        batch_truncate(&d->batch, mark);
        dk_case_free(copy);
        return rc;
    }
    dk_case_free(s->c);
    s->c = copy;
    apply_load(d, s);
    return DK_OK;
}

static int add_done(struct batch *b, int64_t task_id)
{
    if (vec_grow(&b->done, &b->cap_done, b->n_done + 1) != DK_OK) {
        b->broken = true;
        return DK_ENOMEM;
    }
    b->done[b->n_done++] = task_id;
    return DK_OK;
}

static void reply_task(struct daemon *d, struct item *it, int64_t task_id,
                       const char *type)
{
    char id[24];
    struct dk_jw *w = batch_reply(&d->batch, it);

    snprintf(id, sizeof(id), "%" PRId64, task_id);
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "task_id", id);
    dk_jw_end_obj(w);
    batch_reply_end(&d->batch, it, type);
}

/* Does the answer move a clock that another answer has set since this worker
 * looked?  Then one of the two moves would be lost.
 */
static bool is_outdated(const struct lease *l, const struct dk_case *c,
                        const cJSON *list)
{
    const cJSON *o;

    if (c->last_n[DK_EV_CLOCK_SET] <= l->saw_n)
        return false;
    cJSON_ArrayForEach (o, list) {
        const char *id =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "clock"));
        const cJSON *basis = cJSON_GetObjectItemCaseSensitive(o, "basis");
        for (int i = 0; id != NULL && i < c->n_clock; i++) {
            if (strcmp(c->clock[i].id, id) == 0 && cJSON_IsNumber(basis) &&
                basis->valuedouble == (double)c->clock[i].basis)
                return true;
        }
    }
    return false;
}

/* Not an attempt more: the same task goes out again, with the case as it is. */
static int put_back(struct item *it, struct dk_problem *p)
{
    it->outdated = true;
    return dk_fail(p, DK_ESTALE, "/commands",
                   "a clock of this case was set meanwhile; the task comes "
                   "again with the case as it is now",
                   "该案件的期限已被更新；任务将以最新案情重新下发");
}

int apply_result(struct daemon *d, struct item *it, struct dk_problem *p)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(it->body, "commands");
    struct slot *s = batch_slot(&d->batch, it->key);
    int rc;

    if (s == NULL || s->c == NULL)
        rc = dk_fail(p, DK_ENOTFOUND, NULL, NULL, NULL);
    else if (cJSON_GetArraySize(list) == 0)
        rc = DK_OK;
    else if (is_outdated(it->lease, s->c, list))
        return put_back(it, p);
    else
        rc = run_result(d, it, s, list, p);
    if (rc == DK_OK)
        rc = add_done(&d->batch, it->lease->task_id);
    if (rc == DK_OK) {
        d->stats.results++;
        reply_task(d, it, it->lease->task_id, "done");
        return DK_OK;
    }
    d->stats.results_refused++;
    it->refused = true;
    snprintf(it->reason, sizeof(it->reason), "refused: %s: %.200s",
             dk_err_slug(rc), p->detail);
    apply_failed(d, it);
    return rc;
}

/* ---- attempts ------------------------------------------------------------ */

int apply_failed(struct daemon *d, struct item *it)
{
    struct batch *b = &d->batch;
    int attempts = it->lease->attempts + 1;

    if (vec_grow(&b->fail, &b->cap_fail, b->n_fail + 1) != DK_OK) {
        b->broken = true;
        return DK_ENOMEM;
    }
    b->fail[b->n_fail++] = (struct store_task_fail){
        .id = it->lease->task_id,
        .attempts = attempts,
        .dead = attempts >= d->cfg->max_attempts,
        .at = b->now,
        .reason = it->reason,
    };
    if (it->kind == ITEM_FAIL && it->type == NULL) {
        reply_task(d, it, it->lease->task_id, "ok");
    }
    return DK_OK;
}

/* ---- dead letters -------------------------------------------------------- */

static int find_dead(struct daemon *d, const struct item *it,
                     struct dk_problem *p)
{
    struct store_task_info t;
    int rc = store_task_get(d->st, it->task_id, &t);

    if (rc == DK_OK && !t.dead)
        return dk_fail(p, DK_ESTATE, "/task_id",
                       "this task is not a dead letter: it is still being "
                       "worked on",
                       "该任务不是死信，仍在处理中");
    if (rc == DK_ENOTFOUND)
        return dk_fail(p, DK_ENOTFOUND, "/task_id",
                       "there is no such task: it was answered, or never was",
                       "没有该任务：已完成或从未存在");
    return rc == DK_OK ? rc : dk_fail(p, rc, NULL, NULL, NULL);
}

static bool listed(const int64_t *v, size_t n, int64_t id)
{
    for (size_t i = 0; i < n; i++) {
        if (v[i] == id)
            return true;
    }
    return false;
}

int apply_retry(struct daemon *d, struct item *it, struct dk_problem *p)
{
    struct batch *b = &d->batch;
    int rc = find_dead(d, it, p);

    if (rc != DK_OK)
        return rc;
    if (listed(b->done, b->n_done, it->task_id) ||
        listed(b->retry, b->n_retry, it->task_id))
        return dk_fail(p, DK_ESTATE, "/task_id",
                       "this dead letter was taken away meanwhile",
                       "该死信已被他人处理");
    if (vec_grow(&b->retry, &b->cap_retry, b->n_retry + 1) != DK_OK)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    b->retry[b->n_retry++] = it->task_id;
    reply_task(d, it, it->task_id, "ok");
    return DK_OK;
}

int apply_drop(struct daemon *d, struct item *it, struct dk_problem *p)
{
    struct batch *b = &d->batch;
    int rc = find_dead(d, it, p);
    char actor[160];
    char reason[520];

    if (rc != DK_OK)
        return rc;
    if (listed(b->done, b->n_done, it->task_id) ||
        listed(b->retry, b->n_retry, it->task_id))
        return dk_fail(p, DK_ESTATE, "/task_id",
                       "this dead letter was taken away meanwhile",
                       "该死信已被他人处理");
    rc = add_done(b, it->task_id);
    if (rc != DK_OK)
        return dk_fail(p, rc, NULL, NULL, NULL);
    log_warn("dead_letter_dropped", "task=%" PRId64 " by=%s reason=%s",
             it->task_id, log_quote(it->actor, actor, sizeof(actor)),
             log_quote(it->reason, reason, sizeof(reason)));
    reply_task(d, it, it->task_id, "ok");
    return DK_OK;
}
