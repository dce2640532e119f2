/* What may be asked of clocks, and the firing of what is due. */
#include "decide_internal.h"

#include <string.h>

#include "clock.h"

int dk_decide_extend(struct dk_decision *d)
{
    const struct dk_clock *k;
    const char *id = "conclude", *by = NULL;
    int64_t days = 0;
    int i;
    int rc = dk_json_id(d->args, "clock", DK_OPTIONAL, &id, NULL, d->p);

    if (rc == 0)
        rc = dk_json_int(d->args, "days", DK_REQUIRED, 1, 365, &days, NULL,
                         d->p);
    if (rc == 0)
        rc = dk_json_id(d->args, "approved_by", DK_REQUIRED, &by, NULL, d->p);
    if (rc != 0)
        return rc;
    if (dk_is_respondent_officer(d->c, by))
        return dk_refuse_respondent(d, "/approved_by", by);
    i = dk_clock_find(d->c, id);
    if (i < 0)
        return dk_failf(d->p, DK_ENOTFOUND, "/clock",
                        "the case has no clock '%s' (yet)",
                        "本案（尚）没有名为“%s”的期限", id);
    k = &d->c->clock[i];
    if (k->state != DK_CLOCK_RUNNING)
        return dk_failf(
            d->p, DK_ELIMIT, "/clock", "clock '%s' does not run now (it is %s)",
            "期限“%s”当前未在运行（%s）", id, dk_clock_state_names[k->state]);
    if (d->effective >= k->due_at || k->late)
        return dk_failf(d->p, DK_ELIMIT, "/clock",
                        "clock '%s' has passed its limit; an extension is "
                        "approved before it",
                        "期限“%s”已到期；延期须在期限届满前批准", id);
    if (k->extend_times <= 0)
        return dk_failf(d->p, DK_ELIMIT, "/clock",
                        "clock '%s' cannot be extended (again)",
                        "期限“%s”不得（再次）延期", id);
    if (days > k->extend_days)
        return dk_failf(d->p, DK_ELIMIT, "/days",
                        "clock '%s' can be extended by at most %d days",
                        "期限“%s”最多延期 %d 日", id, k->extend_days);
    dk_jw_str(&d->w, "clock", id);
    dk_jw_int(&d->w, "days", days);
    dk_jw_str(&d->w, "approved_by", by);
    return 0;
}

/* Compare the clock that is asked for with what the case has under its id:
 * sets k->no, or d->nothing when there is nothing to do.
 */
static int place_number(struct dk_decision *d, struct dk_clock *k)
{
    int i = dk_clock_find(d->c, k->id);
    const struct dk_clock *old = i >= 0 ? &d->c->clock[i] : NULL;

    if (old == NULL) {
        if (d->c->n_clock >= DK_CLOCKS_MAX)
            return dk_failf(d->p, DK_EFIELD, "/clock",
                            "a case has at most %d different clocks",
                            "每案最多 %d 个期限", DK_CLOCKS_MAX);
        k->no = 1;
        return 0;
    }
    d->nothing = dk_clock_has(d->c, k);
    k->no = k->basis == old->basis ? old->no : old->no + 1;
    if (!d->nothing && k->no == old->no && old->state == DK_CLOCK_LAPSED)
        return dk_failf(d->p, DK_ELIMIT, "/clock",
                        "clock '%s' has come to its end and cannot be moved",
                        "期限“%s”已届满，不能再调整", k->id);
    return 0;
}

int dk_decide_clock(struct dk_decision *d)
{
    struct dk_clock k;
    int rc = dk_clock_read_set(d->args, &k, d->p);

    if (rc != 0)
        return rc;
    if (k.basis > d->c->n)
        return dk_failf(d->p, DK_EFIELD, "/basis",
                        "the case has %u events; there is no number %u",
                        "本案共有 %u 个事件，没有第 %u 号", d->c->n, k.basis);
    d->due = k.due_at;
    rc = place_number(d, &k);
    if (rc == 0)
        dk_clock_write_set(&d->w, &k, d->env->offset_min);
    return rc;
}

/* Since when has the case stood still?  The event that lets it go on says so:
 * the case itself may stand still again before somebody asks.
 */
static int write_since(struct dk_decision *d, enum dk_ev held)
{
    dk_jw_time(&d->w, "since", d->c->last_at[held], d->env->offset_min);
    return 0;
}

int dk_decide_resume(struct dk_decision *d)
{
    dk_jw_str(&d->w, "ground", dk_ground_names[d->c->suspended_for]);
    return write_since(d, DK_EV_SUSPENDED);
}

int dk_decide_refuse_objection(struct dk_decision *d)
{
    return write_since(d, DK_EV_OBJECTED);
}

/* ---- firing -------------------------------------------------------------- */

/* `rung` may be DK_RUNG_REPEAT, the one that is due at `now`. */
static void write_fired(struct dk_jw *w, const struct dk_clock *k, int rung,
                        uint32_t skipped, const struct dk_env *env)
{
    bool again = rung == DK_RUNG_REPEAT;
    uint32_t times = again ? dk_clock_times(k, env->now) : 0;
    int offset_min = env->offset_min;

    dk_jw_obj(w, NULL);
    dk_jw_str(w, "clock", k->id);
    dk_jw_int(w, "clock_no", k->no);
    dk_jw_str(w, "rung", again ? DK_RUNG_REPEAT_ID : k->rung[rung].id);
    dk_jw_time(w, "at", again ? dk_clock_repeat(k, times) : k->rung[rung].at,
               offset_min);
    dk_jw_time(w, "due_at", k->due_at, offset_min);
    dk_jw_arr(w, "skipped");
    for (int i = 0; i < k->n_rung; i++) {
        if ((skipped & (UINT32_C(1) << i)) != 0)
            dk_jw_str(w, NULL, k->rung[i].id);
    }
    dk_jw_end_arr(w);
    if (again)
        dk_jw_int(w, "times", times);
    dk_jw_end_obj(w);
}

static void write_closed(struct dk_jw *w, const struct dk_clock *k)
{
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "clock", k->id);
    dk_jw_int(w, "clock_no", k->no);
    dk_jw_end_obj(w);
}

/* Does the end of window `k`, which has just fired, close the case? */
static bool closes(const struct dk_case *c, const struct dk_clock *k)
{
    return k->on_due == DK_DUE_CLOSE && k->state == DK_CLOCK_LAPSED &&
           dk_fsm_next(c->state, DK_EV_CLOSED) >= 0 &&
           !dk_clock_superseded(c, k);
}

/* Add the event and let it happen in `c`, a copy of the case. */
static int happen(const struct dk_decision *d, struct dk_case *c, enum dk_ev ev,
                  const char *actor, struct dk_jw *w, struct dk_events *out)
{
    int rc = dk_events_add(out, d, ev, c->n + 1, actor, w);

    if (rc == 0)
        rc = dk_case_evolve(c, &out->v[out->n - 1]);
    return rc;
}

int dk_decide_fire(const struct dk_decision *d, struct dk_events *out)
{
    struct dk_jw w = {0};
    struct dk_case *c;
    int clock, rung, rc = 0;
    uint32_t skipped;

    if (!dk_clock_due(d->c, d->env->now, &clock, &rung, &skipped))
        return 0;
    c = dk_case_clone(d->c);
    if (c == NULL)
        return DK_ENOMEM;
    while (rc == 0 && dk_clock_due(c, d->env->now, &clock, &rung, &skipped)) {
        const struct dk_clock *k = &c->clock[clock];

        write_fired(&w, k, rung, skipped, d->env);
        rc = happen(d, c, DK_EV_CLOCK_FIRED, d->cmd->actor, &w, out);
        if (rc == 0 && closes(c, k)) {
            write_closed(&w, k);
            rc = happen(d, c, DK_EV_CLOSED, "docketd", &w, out);
        }
    }
    dk_jw_fini(&w);
    dk_case_free(c);
    return rc;
}

/* Rungs before the end that have not fired: the end says more than they. */
static uint32_t unfired_before(const struct dk_clock *k, int due)
{
    uint32_t skipped = 0;

    for (int i = 0; i < due; i++) {
        if (!k->rung[i].fired)
            skipped |= UINT32_C(1) << i;
    }
    return skipped;
}

int dk_decide_replaced(const struct dk_decision *d, struct dk_events *out)
{
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(d->args, "clock");
    const cJSON *basis = cJSON_GetObjectItemCaseSensitive(d->args, "basis");
    int i = cJSON_IsString(id) ? dk_clock_find(d->c, id->valuestring) : -1;
    const struct dk_clock *k = i >= 0 ? &d->c->clock[i] : NULL;
    int due = k != NULL ? dk_clock_due_rung(k) : -1;
    struct dk_jw w = {0};
    int rc;

    if (due < 0 || k->state != DK_CLOCK_RUNNING || k->rung[due].fired ||
        k->on_due != DK_DUE_OVERDUE || k->due_at > d->env->now ||
        !cJSON_IsNumber(basis) || basis->valuedouble == (double)k->basis)
        return 0;
    write_fired(&w, k, due, unfired_before(k, due), d->env);
    rc = dk_events_add(out, d, DK_EV_CLOCK_FIRED, d->c->n + 1, "docketd", &w);
    dk_jw_fini(&w);
    return rc;
}

/* Did this very command stop the clock, or set it?  A clock that an extension
 * holds is judged when it is set anew, not by the limit of before.
 */
static bool is_touched(const struct dk_decision *d, const struct dk_clock *k)
{
    int was = dk_clock_find(d->c, k->id);

    if (d->cmd->action == DK_ACT_CLOCK) {
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(d->args, "clock");
        return cJSON_IsString(id) && strcmp(id->valuestring, k->id) == 0;
    }
    return was >= 0 && d->c->clock[was].state == DK_CLOCK_RUNNING;
}

int dk_decide_missed(const struct dk_decision *d, size_t from,
                     struct dk_events *out)
{
    struct dk_jw w = {0};
    struct dk_case *c = dk_case_clone(d->c);
    int rc = c == NULL ? DK_ENOMEM : 0;

    for (size_t i = from; rc == 0 && i < out->n; i++)
        rc = dk_case_evolve(c, &out->v[i]);
    for (int i = 0; rc == 0 && i < c->n_clock; i++) {
        const struct dk_clock *k = &c->clock[i];
        int due = dk_clock_due_rung(k);

        if (!dk_clock_missed(c, k) || !is_touched(d, k))
            continue;
        write_fired(&w, k, due, unfired_before(k, due), d->env);
        rc = happen(d, c, DK_EV_CLOCK_FIRED, "docketd", &w, out);
    }
    dk_jw_fini(&w);
    dk_case_free(c);
    return rc;
}
