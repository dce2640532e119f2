/* explain_rungs.c - the warnings of a limit: when, of which level, and who is
 * told; of those that are past, who was.
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "explain_impl.h"

#define ROLES_MAX 8

static void put_role(struct explain *x, const char *role)
{
    const char *id =
        x->by->book != NULL ? dk_book_role(x->by->book, x->c, role) : NULL;

    ex_put_word(x, "role", role);
    if (id == NULL || strcmp(role, "petitioner") == 0 ||
        strcmp(role, "bulletin") == 0 || strcmp(id, role) == 0)
        return;
    ex_put(x, " ");
    if (strcmp(role, "office") == 0)
        ex_put_unit(x, id);
    else
        ex_put_officer(x, id);
}

/* Does the ladder name anybody? */
static bool is_told(const struct explain *x, const struct ex_clock *k,
                    const char *rung)
{
    const char *role, *level = NULL;

    return dk_policy_ladder(x->by->policy, x->c, k->k.id, rung, &level, &role,
                            1) > 0;
}

/* Whom the ladder names. */
static void put_ladder(struct explain *x, const struct ex_clock *k,
                       const char *rung)
{
    const char *roles[ROLES_MAX], *level = NULL;
    int n = dk_policy_ladder(x->by->policy, x->c, k->k.id, rung, &level, roles,
                             ROLES_MAX);

    if (n == 0) {
        ex_put(x, "%s", EX_T(x, "nobody is told", "不通知"));
        return;
    }
    ex_put_word(x, "level", level);
    for (int i = 0; i < n; i++) {
        ex_put(x, "%s", i == 0 ? " → " : EX_T(x, ", ", "、"));
        put_role(x, roles[i]);
    }
}

/* Who was told, by the alert: "handler:zhang". */
static void put_told(struct explain *x, const struct ex_event *alert)
{
    const cJSON *to = cJSON_GetObjectItemCaseSensitive(alert->body, "to"), *v;
    const char *level = ex_str(alert, "level");
    bool any = false;

    ex_put_word(x, "level", level != NULL ? level : "?");
    cJSON_ArrayForEach (v, to) {
        const char *s = cJSON_IsString(v) ? v->valuestring : "?";
        const char *id = strchr(s, ':');
        char role[32];

        (void)snprintf(role, sizeof role, "%.*s", (int)strcspn(s, ":"), s);
        ex_put(x, "%s", any ? EX_T(x, ", ", "、") : " → ");
        any = true;
        ex_put_word(x, "role", role);
        if (id == NULL || strcmp(role, "petitioner") == 0 ||
            strcmp(id + 1, role) == 0)
            continue;
        ex_put(x, " ");
        if (strcmp(role, "office") == 0 || strcmp(role, "bulletin") == 0)
            ex_put_unit(x, id + 1);
        else
            ex_put_officer(x, id + 1);
    }
}

static void put_ack(struct explain *x, const struct ex_event *alert)
{
    const struct ex_event *ack = ex_acked(x, alert->e.n);

    ex_put(x, EX_T(x, "; alert %u", "；第%u号警示"), alert->e.n);
    if (ack == NULL) {
        ex_put(x, "%s", EX_T(x, ", not acknowledged", "，未确认"));
        return;
    }
    ex_put(x, "%s", EX_T(x, ", acknowledged ", "，已于"));
    ex_put_time(x, ack->e.at);
    ex_put(x, "%s", EX_T(x, " by ", "由"));
    ex_put_actor(x, ack->e.actor);
    ex_put(x, "%s", EX_T(x, "", "确认"));
}

/* It will not come any more: the clock has stopped. */
static bool is_off(const struct ex_clock *k)
{
    return k->k.state == DK_CLOCK_STOPPED || k->k.state == DK_CLOCK_LAPSED ||
           k->replaced;
}

static void say_rung(struct explain *x, const struct ex_clock *k,
                     const struct dk_rung *r, bool first)
{
    bool skipped = false;
    const struct ex_event *fired = ex_fired(x, k, r->id, &skipped);
    const struct ex_event *alert = ex_alert(x, k, r->id);

    ex_put(x, "%s",
           first ? EX_T(x, "    warns       ", "    梯级      ")
                 : EX_T(x, "                ", "              "));
    ex_put_limit(x, r->at);
    ex_put(x, "  %s  ", r->id);
    if (alert != NULL) {
        put_told(x, alert);
        put_ack(x, alert);
    } else if (skipped) {
        ex_put(x, "%s",
               EX_T(x, "passed over, a later one said more",
                    "已略过，由其后的梯级一并警示"));
    } else if (fired != NULL && !is_told(x, k, r->id)) {
        ex_put(x,
               EX_T(x, "reached, event %u; nobody is told",
                    "已到达，第%u号事件；不通知"),
               fired->e.n);
    } else if (fired != NULL) {
        ex_put(x,
               EX_T(x, "reached, event %u; no alert came of it",
                    "已到达，第%u号事件；未发出警示"),
               fired->e.n);
    } else if (is_off(k)) {
        ex_put(x, "%s", EX_T(x, "not reached", "未到达"));
    } else {
        put_ladder(x, k, r->id);
    }
    ex_put(x, "\n");
}

static void say_repeat(struct explain *x, const struct ex_clock *k)
{
    const struct dk_clock *c = &k->k;
    const struct ex_event *alert = ex_alert(x, k, DK_RUNG_REPEAT_ID);

    if (c->repeat_days == 0 || (is_off(k) && c->times == 0))
        return;
    ex_put(x, "%s", EX_T(x, "    repeats     ", "    重复      "));
    ex_put(x, "%s", EX_T(x, "from ", "自"));
    ex_put_time(x, c->repeat_at);
    ex_put(x, "%s", EX_T(x, " on ", "起"));
    if (c->repeat_days == 1)
        ex_put(x, "%s", EX_T(x, "every day", "每天"));
    else
        ex_put(x, EX_T(x, "every %d days", "每%d天"), c->repeat_days);
    ex_put(x,
           EX_T(x, " until somebody acts, %u times so far: ",
                "一次，直至有人处理，已%u次："),
           c->times);
    if (alert != NULL) {
        put_told(x, alert);
        put_ack(x, alert);
    } else {
        put_ladder(x, k, DK_RUNG_REPEAT_ID);
    }
    ex_put(x, "\n");
}

static void say_muted(struct explain *x, const struct ex_clock *k)
{
    const struct ex_event *e = ex_event(x, k->k.muted_n);
    const char *reason = ex_str(e, "reason");

    if (k->k.muted_until == 0)
        return;
    ex_put(x, "%s", EX_T(x, "    muted       until ", "    暂停催报  至"));
    ex_put_limit(x, k->k.muted_until);
    ex_put(x, "%s", EX_T(x, " by ", "，由"));
    ex_put_actor(x, k->k.muted_by);
    ex_put(x, "%s", EX_T(x, ": ", "设置："));
    ex_put_brief(x, reason != NULL ? reason : "");
    ex_put(x, "\n");
}

void ex_say_rungs(struct explain *x, const struct ex_clock *k)
{
    for (int i = 0; i < k->k.n_rung; i++)
        say_rung(x, k, &k->k.rung[i], i == 0);
    say_repeat(x, k);
    say_muted(x, k);
}
