/* decide_alert.c - alerts: raised for what a clock reached, acknowledged, and
 * muted for a while.
 */
#include "decide_internal.h"

#include <string.h>

#include "clock.h"

#define TO_MAX     16
#define TO_LEN_MAX 129 /* "role:id" */
#define MUTE_MAX   (30 * DK_DAY)

static int copy_to(struct dk_decision *d)
{
    const struct dk_at at = {NULL, "to", 0};
    const cJSON *arr = NULL, *v;
    int i = 0;
    int rc =
        dk_json_arr(d->args, "to", DK_REQUIRED, 0, TO_MAX, &arr, NULL, d->p);

    if (rc != 0)
        return rc;
    dk_jw_arr(&d->w, "to");
    cJSON_ArrayForEach (v, arr) {
        const char *to = NULL;

        rc = dk_item_str(v, i++, TO_LEN_MAX, &to, &at, d->p);
        if (rc != 0)
            return rc;
        dk_jw_str(&d->w, NULL, to);
    }
    dk_jw_end_arr(&d->w);
    return 0;
}

static int copy_text(struct dk_decision *d)
{
    static const char *const langs[] = {"zh-CN", "en", NULL};
    const struct dk_at at = {NULL, "text", 0};
    const cJSON *o = NULL;
    int rc = dk_json_obj(d->args, "text", DK_REQUIRED, &o, NULL, d->p);

    if (rc == 0)
        rc = dk_json_only(o, langs, &at, d->p);
    dk_jw_obj(&d->w, "text");
    for (int i = 0; rc == 0 && langs[i] != NULL; i++) {
        const char *s = NULL;

        rc = dk_json_str(o, langs[i], DK_REQUIRED, 1, DK_TEXT_MAX, &s, &at,
                         d->p);
        if (rc == 0)
            dk_jw_str(&d->w, langs[i], s);
    }
    dk_jw_end_obj(&d->w);
    return rc;
}

/* What an alert speaks of. */
struct spoken {
    const struct dk_clock *k;
    const char *id, *rung;
    int64_t no, times;
    dk_ms due_at;
};

static int not_reached(struct dk_decision *d, const struct spoken *s)
{
    return dk_failf(d->p, DK_ENOTFOUND, "/rung",
                    "clock '%s' has not reached a rung '%s'",
                    "期限“%s”尚未到达梯级“%s”", s->id, s->rung);
}

/* A repetition that is past, and the latest one that somebody is told of. */
static int find_repeat(struct dk_decision *d, const struct spoken *s)
{
    if (s->times < 1 || s->times > (int64_t)s->k->times)
        return not_reached(d, s);
    d->nothing = s->times <= (int64_t)s->k->told;
    return 0;
}

/* The rung must have fired.  Of a number that was replaced meanwhile the case
 * does not know the rungs any more; what it reached is told all the same.
 */
static int find_rung(struct dk_decision *d, struct spoken *s)
{
    int i = dk_clock_find(d->c, s->id), r;

    if (i < 0 || (int64_t)d->c->clock[i].no < s->no)
        return dk_failf(d->p, DK_ENOTFOUND, "/clock",
                        "the case has no clock '%s' number %lld",
                        "本案没有期限“%s”第 %lld 号", s->id, (long long)s->no);
    s->k = &d->c->clock[i];
    if ((int64_t)s->k->no > s->no)
        return 0;
    s->due_at = s->k->due_at;
    if (strcmp(s->rung, DK_RUNG_REPEAT_ID) == 0)
        return find_repeat(d, s);
    r = dk_rung_find(s->k, s->rung);
    if (r < 0 || !s->k->rung[r].fired)
        return not_reached(d, s);
    d->nothing = s->k->rung[r].alerted;
    return 0;
}

static bool is_open(const struct dk_case *c, uint32_t alert)
{
    for (size_t i = 0; i < c->n_alert; i++) {
        if (c->alert[i] == alert)
            return true;
    }
    return false;
}

static int read_spoken(struct dk_decision *d, struct spoken *s)
{
    int rc = dk_json_id(d->args, "clock", DK_REQUIRED, &s->id, NULL, d->p);

    if (rc == 0)
        rc = dk_json_int(d->args, "clock_no", DK_REQUIRED, 1, UINT32_MAX,
                         &s->no, NULL, d->p);
    if (rc == 0)
        rc = dk_json_id(d->args, "rung", DK_REQUIRED, &s->rung, NULL, d->p);
    if (rc == 0)
        rc = dk_json_int(d->args, "times", DK_OPTIONAL, 1, UINT32_MAX,
                         &s->times, NULL, d->p);
    if (rc == 0)
        rc = dk_json_time(d->args, "due_at", DK_OPTIONAL, &s->due_at, NULL,
                          d->p);
    return rc;
}

/* A repetition takes the place of the one before it, if nobody has
 * acknowledged that: one line for what goes on, not one a day.
 */
static void write_spoken(struct dk_decision *d, const struct spoken *s,
                         const char *level)
{
    dk_jw_str(&d->w, "clock", s->id);
    dk_jw_int(&d->w, "clock_no", s->no);
    dk_jw_str(&d->w, "rung", s->rung);
    dk_jw_str(&d->w, "level", level);
    if (s->due_at != 0)
        dk_jw_time(&d->w, "due_at", s->due_at, d->env->offset_min);
    if (s->times == 0)
        return;
    dk_jw_int(&d->w, "times", s->times);
    if ((int64_t)s->k->no == s->no && is_open(d->c, s->k->repeat_alert))
        dk_jw_int(&d->w, "replaces", s->k->repeat_alert);
}

int dk_decide_alert(struct dk_decision *d)
{
    static const char *const levels[] = {"reminder", "yellow",       "red",
                                         "overdue",  "long_overdue", NULL};
    struct spoken s = {.times = 0};
    int level = 0;
    int rc = read_spoken(d, &s);

    if (rc == 0)
        rc = dk_json_enum(d->args, "level", DK_REQUIRED, levels, &level, NULL,
                          d->p);
    if (rc == 0)
        rc = find_rung(d, &s);
    if (rc != 0)
        return rc;
    write_spoken(d, &s, levels[level]);
    rc = copy_to(d);
    return rc == 0 ? copy_text(d) : rc;
}

/* Which rung the acknowledged alert is of, if the clock is still that one: the
 * deadline service may let the next rung wait.
 */
static void write_acked(struct dk_decision *d, uint32_t n)
{
    for (int i = 0; i < d->c->n_clock; i++) {
        const struct dk_clock *k = &d->c->clock[i];
        const char *rung = k->repeat_alert == n ? DK_RUNG_REPEAT_ID : NULL;

        for (int r = 0; r < k->n_rung; r++) {
            if (k->rung[r].alert == n)
                rung = k->rung[r].id;
        }
        if (rung == NULL)
            continue;
        dk_jw_str(&d->w, "clock", k->id);
        dk_jw_int(&d->w, "clock_no", k->no);
        dk_jw_str(&d->w, "rung", rung);
        return;
    }
}

int dk_decide_ack_alert(struct dk_decision *d)
{
    int64_t n = 0;
    int rc = dk_json_int(d->args, "alert", DK_REQUIRED, 1, UINT32_MAX, &n, NULL,
                         d->p);

    if (rc != 0)
        return rc;
    if (!is_open(d->c, (uint32_t)n))
        return dk_failf(d->p, DK_ENOTFOUND, "/alert",
                        "no alert %lld is open in this case",
                        "本案没有待确认的第 %lld 号警示", (long long)n);
    dk_jw_int(&d->w, "alert", n);
    write_acked(d, (uint32_t)n);
    return 0;
}

/* ---- muting -------------------------------------------------------------- */

/* A mute has an owner: who handles the matter, not who waits for it. */
static int check_mute(const struct dk_decision *d, const char *id, int i)
{
    const struct dk_clock *k = i >= 0 ? &d->c->clock[i] : NULL;
    const char *actor = d->cmd->actor;

    if (strncmp(actor, "petitioner:", 11) == 0 ||
        strncmp(actor, "import:", 7) == 0)
        return dk_fail(d->p, DK_EFORBIDDEN, "/actor",
                       "a mute has an owner: an officer sets it",
                       "暂停催报须有责任人，由工作人员设置");
    if (k == NULL)
        return dk_failf(d->p, DK_ENOTFOUND, "/clock",
                        "the case has no clock '%s' (yet)",
                        "本案（尚）没有期限“%s”", id);
    if (k->on_due != DK_DUE_OVERDUE)
        return dk_failf(d->p, DK_ELIMIT, "/clock",
                        "clock '%s' is nobody's to be overdue with; there is "
                        "nothing to mute",
                        "期限“%s”不会超期，无可暂停", id);
    if (k->state == DK_CLOCK_STOPPED)
        return dk_failf(d->p, DK_ELIMIT, "/clock",
                        "clock '%s' has stopped; nothing more is said of it",
                        "期限“%s”已停止，不再催报", id);
    return 0;
}

int dk_decide_mute(struct dk_decision *d)
{
    const char *id = NULL;
    dk_ms until = DK_NEVER;
    int i;
    int rc = dk_json_id(d->args, "clock", DK_REQUIRED, &id, NULL, d->p);

    if (rc == 0)
        rc = dk_json_time(d->args, "until", DK_REQUIRED, &until, NULL, d->p);
    if (rc != 0)
        return rc;
    i = dk_clock_find(d->c, id);
    rc = check_mute(d, id, i);
    if (rc != 0)
        return rc;
    if (until <= d->env->now || until > d->env->now + MUTE_MAX)
        return dk_fail(d->p, DK_EFIELD, "/until",
                       "a mute ends between now and 30 days from now",
                       "暂停须在此刻之后、30 日之内结束");
    dk_jw_str(&d->w, "clock", id);
    dk_jw_int(&d->w, "clock_no", d->c->clock[i].no);
    dk_jw_time(&d->w, "until", until, d->env->offset_min);
    return 0;
}
