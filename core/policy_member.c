/* policy_member.c - the members of clocks and versions, one by one. */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "policy_text.h"
#include "proto/submit.h"

#define BIT(ev) (UINT64_C(1) << (ev))

/* ---- the members ---- */

#define ARGS_J                                                                 \
    struct dk_jw *w, const struct pol_version *v, const struct pol_clock *k
#define ARGS_S                                                                 \
    struct pol_text *t, const struct pol_version *v,                           \
        const struct pol_clock *k, bool en

static void j_name(ARGS_J)
{
    (void)v;
    pol_json_name(w, &k->name);
}
static void s_name(ARGS_S)
{
    (void)v;
    pol_put(t, "%s", pol_name(&k->name, en));
}

static void j_article(ARGS_J)
{
    (void)v;
    dk_jw_str(w, NULL, k->article);
}
static void s_article(ARGS_S)
{
    (void)v;
    (void)en;
    pol_put(t, "%s", k->article != NULL ? k->article : "-");
}

static void j_verified(ARGS_J)
{
    (void)v;
    dk_jw_bool(w, NULL, k->verified);
}
static void s_verified(ARGS_S)
{
    (void)v;
    pol_put(t, "%s",
            k->verified ? (en ? "yes" : "已核对") : (en ? "no" : "未核对"));
}

static void j_starts(ARGS_J)
{
    (void)v;
    pol_json_events(w, k->starts_on);
}
static void s_starts(ARGS_S)
{
    (void)v;
    pol_say_events(t, k->starts_on, en);
}

static void j_stops(ARGS_J)
{
    (void)v;
    pol_json_events(w, k->stops_on);
}
static void s_stops(ARGS_S)
{
    (void)v;
    pol_say_events(t, k->stops_on, en);
}

/* That an extension holds a clock until it is answered is not in the file. */
static uint64_t holds_of(const struct pol_clock *k)
{
    return k->holds_on & ~BIT(DK_EV_EXTENDED);
}
static void j_holds(ARGS_J)
{
    (void)v;
    pol_json_events(w, holds_of(k));
}
static void s_holds(ARGS_S)
{
    (void)v;
    if (holds_of(k) == 0)
        pol_put(t, "-");
    pol_say_events(t, holds_of(k), en);
}

static void j_holds_for(ARGS_J)
{
    (void)v;
    pol_json_mask(w, NULL, k->holds_for, dk_ground_names);
}
static void s_holds_for(ARGS_S)
{
    (void)v;
    if (k->holds_for == 0)
        pol_put(t, en ? "any ground" : "任何事由");
    pol_say_mask(t, "suspend_ground", k->holds_for, dk_ground_names, en);
}

static void j_only(ARGS_J)
{
    (void)v;
    dk_jw_obj(w, NULL);
    if (k->only_kind != 0)
        pol_json_mask(w, "kind", k->only_kind, dk_kind_names);
    if (k->only_channel != 0)
        pol_json_mask(w, "channel", k->only_channel, dk_channel_names);
    if (k->only_reachable)
        dk_jw_bool(w, "reachable", true);
    if (k->only_document != 0)
        pol_json_mask(w, "document", k->only_document, pol_document_names);
    if (k->only_urgent != 0)
        dk_jw_bool(w, "urgent", k->only_urgent > 0);
    dk_jw_end_obj(w);
}
static void s_only(ARGS_S)
{
    size_t start = t->len;

    (void)v;
    pol_say_mask(t, "kind", k->only_kind, dk_kind_names, en);
    if (k->only_channel != 0) {
        pol_say_sep(t, start, en);
        pol_say_mask(t, "channel", k->only_channel, dk_channel_names, en);
    }
    if (k->only_reachable) {
        pol_say_sep(t, start, en);
        pol_put(t, en ? "reachable petitioner" : "信访人可以联系");
    }
    if (k->only_document != 0) {
        pol_say_sep(t, start, en);
        pol_put(t, en ? "the paper is: " : "所涉文书：");
        pol_say_mask(t, "document", k->only_document, pol_document_names, en);
    }
    if (k->only_urgent != 0) {
        pol_say_sep(t, start, en);
        pol_put(t, "%s",
                k->only_urgent > 0 ? (en ? "urgent" : "急办")
                                   : (en ? "not urgent" : "非急办"));
    }
    if (t->len == start)
        pol_put(t, en ? "any case" : "所有案件");
}

static void j_again(ARGS_J)
{
    (void)v;
    dk_jw_str(w, NULL, pol_again_names[k->again]);
}
static void s_again(ARGS_S)
{
    static const char *const zh[] = {"重新起算", "以先到期者为准",
                                     "以后到期者为准"};
    static const char *const text[] = {"anew", "the earlier one",
                                       "the later one"};
    (void)v;
    pol_put(t, "%s", en ? text[k->again] : zh[k->again]);
}

static void j_length(ARGS_J)
{
    (void)v;
    dk_jw_obj(w, NULL);
    if (k->from_event != NULL)
        dk_jw_str(w, "from_event", k->from_event);
    dk_jw_int(w, k->from_event != NULL ? "default" : "days", k->days);
    dk_jw_str(w, "count", pol_count_names[k->working ? 1 : 0]);
    dk_jw_end_obj(w);
}
static void s_length(ARGS_S)
{
    (void)v;
    pol_say_length(t, k, en);
}

static void j_first(ARGS_J)
{
    (void)v;
    dk_jw_str(w, NULL, k->same_day ? "same_day" : "next_day");
}
static void s_first(ARGS_S)
{
    (void)v;
    pol_put(t, "%s",
            k->same_day ? (en ? "the day itself" : "当日")
                        : (en ? "the day after" : "次日"));
}

static void j_rest(ARGS_J)
{
    (void)v;
    dk_jw_str(w, NULL, k->next_working_day ? "next_working_day" : "keep");
}
static void s_rest(ARGS_S)
{
    (void)v;
    pol_put(t, "%s",
            k->next_working_day ? (en ? "next working day" : "顺延至下一工作日")
                                : (en ? "kept" : "不顺延"));
}

static void j_due(ARGS_J)
{
    (void)v;
    dk_jw_str(w, NULL, pol_on_due_names[k->on_due]);
}
static void s_due(ARGS_S)
{
    (void)v;
    pol_say_word(t, "on_due", pol_on_due_names[k->on_due], en);
}

static void j_extend(ARGS_J)
{
    (void)v;
    if (k->extend_times == 0) {
        dk_jw_null(w, NULL);
        return;
    }
    dk_jw_obj(w, NULL);
    dk_jw_int(w, "times", k->extend_times);
    dk_jw_int(w, "max_days", k->extend_days);
    dk_jw_end_obj(w);
}
static void s_extend(ARGS_S)
{
    (void)v;
    if (k->extend_times == 0) {
        pol_put(t, en ? "not at all" : "不得延期");
        return;
    }
    pol_put(t, en ? "%d time(s), at most " : "%d次，每次最多", k->extend_times);
    pol_say_days(t, k->extend_days, k->working, en);
}

static void j_rungs(ARGS_J)
{
    (void)v;
    dk_jw_arr(w, NULL);
    for (int i = 0; i < k->n_rung; i++) {
        dk_jw_obj(w, NULL);
        dk_jw_str(w, "id", k->rung[i].id);
        dk_jw_int(w, pol_when_names[k->rung[i].when], k->rung[i].n);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
}
static void s_rungs(ARGS_S)
{
    size_t start = t->len;

    (void)v;
    for (int i = 0; i < k->n_rung; i++) {
        const struct pol_rung *g = &k->rung[i];
        int n = g->n;

        pol_say_sep(t, start, en);
        pol_put(t, "%s ", g->id);
        if (g->when == POL_AFTER_START)
            pol_put(t, en ? "%d after the start" : "起算后%d日", n);
        else if (g->when == POL_BEFORE_DUE)
            pol_put(t, en ? "%d before due" : "到期前%d日", n);
        else
            pol_put(t, en ? "%d after due" : "到期后%d日", n);
    }
    if (t->len == start)
        pol_put(t, "-");
}

/* ---- ladders, repetitions, acknowledgements ---- */

static void json_ladder(struct dk_jw *w, const struct pol_ladder *l)
{
    dk_jw_obj(w, NULL);
    for (int i = 0; i < l->n; i++) {
        const struct pol_step *s = &l->step[i];

        dk_jw_obj(w, s->rung);
        dk_jw_str(w, "level", pol_level_names[s->level]);
        dk_jw_arr(w, "tell");
        for (int j = 0; j < s->n_role; j++)
            dk_jw_str(w, NULL, pol_role_names[s->role[j]]);
        dk_jw_end_arr(w);
        dk_jw_end_obj(w);
    }
    dk_jw_end_obj(w);
}

static void say_ladder(struct pol_text *t, const struct pol_ladder *l, bool en)
{
    if (l->n == 0)
        pol_put(t, "-");
    for (int i = 0; i < l->n; i++) {
        const struct pol_step *s = &l->step[i];

        pol_put(t, "%s%s -> ", i > 0 ? (en ? "; " : "；") : "", s->rung);
        pol_say_word(t, "level", pol_level_names[s->level], en);
        pol_put(t, "%s", en ? ": " : "：");
        for (int j = 0; j < s->n_role; j++) {
            pol_put(t, "%s", j > 0 ? (en ? ", " : "、") : "");
            pol_say_word(t, "role", pol_role_names[s->role[j]], en);
        }
        if (s->n_role == 0)
            pol_put(t, en ? "nobody" : "不通知");
    }
}

static const struct pol_ladder *ladder_of(const struct pol_version *v,
                                          const struct pol_clock *k)
{
    return k != NULL ? &k->ladder : &v->ladder;
}
static void j_ladder(ARGS_J)
{
    json_ladder(w, ladder_of(v, k));
}
static void s_ladder(ARGS_S)
{
    say_ladder(t, ladder_of(v, k), en);
}

static const struct pol_repeat *repeat_of(const struct pol_version *v,
                                          const struct pol_clock *k)
{
    return k != NULL ? &k->repeat : &v->repeat;
}
static void j_repeat(ARGS_J)
{
    const struct pol_repeat *r = repeat_of(v, k);

    if (r->said)
        dk_jw_int(w, NULL, r->days);
    else
        dk_jw_null(w, NULL);
}
static void s_repeat(ARGS_S)
{
    const struct pol_repeat *r = repeat_of(v, k);

    if (!r->said)
        pol_put(t, "-");
    else if (r->days == 0)
        pol_put(t, en ? "never" : "不重复");
    else
        pol_put(t, en ? "every %d day(s)" : "每%d天", r->days);
}

static const struct pol_hold *hold_of(const struct pol_version *v,
                                      const struct pol_clock *k)
{
    return k != NULL ? &k->hold : &v->hold;
}
static void j_hold(ARGS_J)
{
    const struct pol_hold *h = hold_of(v, k);

    if (!h->said) {
        dk_jw_null(w, NULL);
        return;
    }
    dk_jw_obj(w, NULL);
    dk_jw_int(w, "days", h->days);
    dk_jw_str(w, "count", pol_count_names[h->working ? 1 : 0]);
    dk_jw_int(w, "times", h->times);
    dk_jw_end_obj(w);
}
static void s_hold(ARGS_S)
{
    const struct pol_hold *h = hold_of(v, k);

    if (!h->said) {
        pol_put(t, "-");
        return;
    }
    pol_say_days(t, h->days, h->working, en);
    pol_put(t, en ? ", %d time(s)" : "，%d次", h->times);
}

static void j_excuses(ARGS_J)
{
    (void)v;
    dk_jw_arr(w, NULL);
    for (int i = 0; i < k->n_excuse; i++)
        pol_json_name(w, &k->excuse[i]);
    dk_jw_end_arr(w);
}
static void s_excuses(ARGS_S)
{
    (void)v;
    if (k->n_excuse == 0)
        pol_put(t, "-");
    for (int i = 0; i < k->n_excuse; i++)
        pol_put(t, "%s%s", i > 0 ? (en ? "; " : "；") : "",
                pol_name(&k->excuse[i], en));
}

static void j_law(ARGS_J)
{
    (void)k;
    pol_json_name(w, &v->law);
}
static void s_law(ARGS_S)
{
    (void)k;
    pol_put(t, "%s", pol_name(&v->law, en));
}

static void s_hours(ARGS_S)
{
    const struct pol_hours *h = &v->hours;

    (void)k;
    if (h->n == 0)
        pol_put(t, en ? "day and night" : "全天");
    for (int i = 0; i < h->n; i++)
        pol_put(t, "%s%02d:%02d-%02d:%02d", i > 0 ? "," : "",
                h->span[i].from / 60, h->span[i].from % 60, h->span[i].to / 60,
                h->span[i].to % 60);
}
static void j_hours(ARGS_J)
{
    struct pol_text t = {0};

    s_hours(&t, v, k, true);
    dk_jw_str(w, NULL, v->hours.n > 0 ? t.buf : NULL);
    w->oom = w->oom || t.oom;
    free(t.buf);
}

/* clang-format off */
const struct pol_member pol_clock_members[] = {
    {"name", "name", "名称", j_name, s_name},
    {"article", "article", "条款", j_article, s_article},
    {"verified", "verified", "核对", j_verified, s_verified},
    {"starts_on", "starts on", "起算于", j_starts, s_starts},
    {"stops_on", "stops on", "止于", j_stops, s_stops},
    {"holds_on", "held by", "中止于", j_holds, s_holds},
    {"holds_for", "held for", "中止事由", j_holds_for, s_holds_for},
    {"only", "owed to", "适用于", j_only, s_only},
    {"when_running", "started again", "再次起算", j_again, s_again},
    {"length", "length", "长度", j_length, s_length},
    {"first_day", "first day", "首日", j_first, s_first},
    {"on_last_day_rest", "last day on a holiday", "末日为休息日", j_rest, s_rest},
    {"on_due", "at the end", "到期后果", j_due, s_due},
    {"extend", "extension", "延期", j_extend, s_extend},
    {"rungs", "rungs", "梯级", j_rungs, s_rungs},
    {"ladder", "ladder", "阶梯", j_ladder, s_ladder},
    {"repeat", "told again", "重复提醒", j_repeat, s_repeat},
    {"ack_holds", "an acknowledgement holds", "确认后暂缓", j_hold, s_hold},
    {"excuses", "excuses", "免责事由", j_excuses, s_excuses},
    {NULL, NULL, NULL, NULL, NULL}};

const struct pol_member pol_version_members[] = {
    {"law", "law", "依据", j_law, s_law},
    {"ladder", "ladder", "阶梯", j_ladder, s_ladder},
    {"repeat", "told again", "重复提醒", j_repeat, s_repeat},
    {"ack_holds", "an acknowledgement holds", "确认后暂缓", j_hold, s_hold},
    {"hours", "office hours", "办公时间", j_hours, s_hours},
    {NULL, NULL, NULL, NULL, NULL}};
/* clang-format on */
