/* explain_clock.c - each limit's arithmetic: from the event that started it,
 * day by day, to the day on which it ends.
 */
#include <string.h>

#include "clock.h"
#include "explain_impl.h"

/* ---- by which law, and what started it ---- */

static void say_law(struct explain *x, const struct ex_clock *k)
{
    const struct ex_event *set = ex_event(x, k->set[0].n);
    const char *policy = ex_str(set, "policy");
    const char *version = ex_str(set, "version");
    const char *article = k->count.article;

    ex_head(x, "law", "依据");
    if (k->count_rc == 0 && article != NULL)
        ex_put(x, "%s%s", article,
               k->count.verified ? ""
                                 : EX_T(x, " (not verified)", "（未核对）"));
    else
        ex_put(x, "%s", EX_T(x, "no article", "无条款"));
    if (policy != NULL)
        ex_put(
            x,
            EX_T(x, "; policy %s, version of %s", "；期限规则“%s”，%s起的版本"),
            policy, version != NULL ? version : "?");
    ex_put(x, "\n");
}

/* Which of the two times counts, where they differ. */
static void say_claimed(struct explain *x, const struct ex_event *e)
{
    if (e->e.claimed == DK_NEVER || e->e.claimed == e->e.at)
        return;
    ex_put(x, "%s", EX_T(x, "; recorded ", "；记录于"));
    ex_put_time(x, e->e.at);
    ex_put(x, "%s", EX_T(x, ", claimed ", "，自述"));
    ex_put_time(x, e->e.claimed);
    ex_put(x, "%s",
           e->effective == e->e.at
               ? EX_T(x, ", which does not count", "，自述时间不计")
               : EX_T(x, ", which counts", "，以自述时间为准"));
}

static void say_start(struct explain *x, const struct ex_clock *k)
{
    const struct ex_event *e = ex_event(x, k->k.basis);

    ex_head(x, "starts", "起算");
    ex_put_time(x, k->k.started_at);
    if (e != NULL) {
        ex_put(x, EX_T(x, ": event %u, ", "：第%u号事件“"), e->e.n);
        ex_put_word(x, "event", dk_ev_name(e->e.type));
        ex_put(x, "%s", EX_T(x, "", "”"));
        say_claimed(x, e);
    }
    ex_put(x, "\n");
}

/* ---- where it ends, and whether that is right ---- */

static void say_due(struct explain *x, const struct ex_clock *k)
{
    static const char *const en[] = {"late", "closed", "too late to ask"};
    static const char *const zh[] = {"即为超期", "案件办结", "不得再提出"};

    ex_head(x, "due", "届满");
    ex_put_limit(x, k->k.due_at);
    ex_put(x, "%s", EX_T(x, "; from ", "；自"));
    ex_put_time(x, k->k.due_at);
    ex_put(x, EX_T(x, " on it is %s\n", "起%s\n"),
           EX_T(x, en[k->k.on_due], zh[k->k.on_due]));
}

static void say_one_difference(struct explain *x, const struct ex_set *s)
{
    const struct ex_event *e = ex_event(x, s->n);
    const char *policy = ex_str(e, "policy"),
               *now = dk_policy_id(x->by->policy);

    ex_put(x, EX_T(x, "event %u set ", "第%u号事件所设为"), s->n);
    ex_put_limit(x, s->k.due_at);
    if (s->computed == DK_NEVER) {
        ex_put(x, "%s",
               EX_T(x, ", the files given set no such limit there",
                    "，按所给文件此处不设该期限"));
    } else {
        ex_put(x, "%s",
               EX_T(x, ", by the files given it is ", "，按所给文件应为"));
        ex_put_limit(x, s->computed);
    }
    if (policy != NULL && strcmp(policy, now) != 0)
        ex_put(x,
               EX_T(x, " (set by policy %s, given is %s)",
                    "（当时的期限规则为“%s”，所给为“%s”）"),
               policy, now);
    ex_put(x, "\n");
}

/* The sum above gives another day than the one that was set. */
static void say_bad_sum(struct explain *x, const struct ex_set *s,
                        const struct ex_sum *sum)
{
    ex_put(x, EX_T(x, "event %u set ", "第%u号事件所设为"), s->n);
    ex_put_limit(x, s->k.due_at);
    ex_put(x, "%s", EX_T(x, ", by the days above it is ", "，按上列天数应为"));
    ex_put_day(x, sum->last);
    ex_put(x, "\n");
}

static void say_difference(struct explain *x, bool *any)
{
    if (*any)
        ex_indent(x);
    else
        ex_head(x, "DIFFERS", "不符");
    *any = true;
}

static void say_check(struct explain *x, const struct ex_clock *k)
{
    bool any = false, told = true;

    for (size_t i = 0; i < k->n_set; i++) {
        struct ex_sum sum;

        ex_sum(x, k, i, &sum);
        told = told && sum.rc == 0;
        if (ex_set_differs(&k->set[i])) {
            say_difference(x, &any);
            say_one_difference(x, &k->set[i]);
        } else if (sum.rc == 0 && !sum.agrees) {
            say_difference(x, &any);
            say_bad_sum(x, &k->set[i], &sum);
        }
    }
    if (any)
        return;
    ex_head(x, "checked", "核对");
    ex_put(x, "%s\n",
           told ? EX_T(x, "counted again by the files given: the same",
                       "按所给文件重新计算，结果相同")
                : EX_T(x, "the files given set the same",
                       "按所给文件设定的期限相同"));
}

/* ---- what became of it ---- */

static void say_stopped(struct explain *x, const struct ex_clock *k)
{
    const struct ex_event *e = ex_stopper(x, k);
    int64_t over = ex_day(x, k->k.stopped_at) - ex_day(x, k->k.due_at - 1);

    ex_head(x, "stopped", "停止");
    ex_put_time(x, k->k.stopped_at);
    if (e != NULL) {
        ex_put(x, EX_T(x, ": event %u, ", "：第%u号事件“"), e->e.n);
        ex_put_word(x, "event", dk_ev_name(e->e.type));
        ex_put(x, "%s", EX_T(x, "", "”"));
    }
    if (k->k.late && over > 0)
        ex_put(x, EX_T(x, "; %lld day%s late", "；超期%lld天%s"),
               (long long)over, x->zh || over == 1 ? "" : "s");
    else if (k->k.late)
        ex_put(x, "%s", EX_T(x, "; late", "；超期"));
    else
        ex_put(x, "%s", EX_T(x, "; in time", "；期限内"));
    ex_put(x, "\n");
}

static void say_extensions(struct explain *x, const struct ex_clock *k)
{
    if (k->k.extend_days == 0 || k->k.state != DK_CLOCK_RUNNING)
        return;
    ex_head(x, "extension", "可延期");
    if (k->k.extend_times > 0 && x->now < k->k.due_at)
        ex_put(x,
               EX_T(x, "%d more, of at most %d days, approved before the end\n",
                    "%d次，每次最多%d天，须在届满前批准\n"),
               k->k.extend_times, k->k.extend_days);
    else
        ex_put(x, "%s\n", EX_T(x, "not any more", "不能再延期"));
}

static void say_title(struct explain *x, const struct ex_clock *k)
{
    ex_put(x, "\n  ");
    ex_put_clock(x, k->k.id);
    if (k->k.no > 1)
        ex_put(x, EX_T(x, ", number %u", "第%u次"), k->k.no);
    ex_put(x, "%s", EX_T(x, ": ", "："));
    ex_put_word(x, "clock_state", dk_clock_state_names[k->k.state]);
    if (k->k.late)
        ex_put(x, "%s", EX_T(x, ", late", "，超期"));
    if (k->replaced)
        ex_put(x, "%s",
               EX_T(x, ", a later number took its place", "，已重新起算"));
    ex_put(x, "\n");
}

static void say_clock(struct explain *x, const struct ex_clock *k)
{
    say_title(x, k);
    say_law(x, k);
    say_start(x, k);
    ex_say_count(x, k);
    for (size_t i = 1; i < k->n_set; i++)
        ex_say_move(x, k, i);
    say_due(x, k);
    say_check(x, k);
    ex_say_rungs(x, k);
    say_extensions(x, k);
    if (k->k.state == DK_CLOCK_STOPPED)
        say_stopped(x, k);
}

/* ---- what is not there ---- */

static void say_missing(struct explain *x)
{
    for (size_t i = 0; i < x->n_want; i++) {
        const struct ex_want *w = &x->want[i];

        if (!ex_is_missing(x, w))
            continue;
        ex_put(x,
               EX_T(x, "\n  MISSING: event %u calls for ",
                    "\n  缺少：第%u号事件应设期限“"),
               w->cause);
        ex_put_clock(x, w->k.id);
        ex_put(x, "%s", EX_T(x, " until ", "”，至"));
        ex_put_limit(x, w->k.due_at);
        ex_put(x, "%s\n",
               EX_T(x,
                    ", and the case has none: see docketctl tasks and "
                    "docketctl dead",
                    "，而案件中没有：请查看 docketctl tasks 与 docketctl "
                    "dead"));
    }
}

static void say_troubles(struct explain *x)
{
    for (size_t i = 0; i < x->n_trouble; i++) {
        const struct ex_trouble *t = &x->trouble[i];

        ex_put(x, EX_T(x, "\n  Event %u: %s\n", "\n  第%u号事件：%s\n"), t->n,
               EX_T(x, t->why.detail, t->why.detail_zh));
    }
}

void ex_say_clocks(struct explain *x)
{
    for (size_t i = 0; i < x->n_clock; i++)
        say_clock(x, &x->clock[i]);
    if (x->n_clock == 0)
        ex_put(x, "%s", EX_T(x, "\n  none yet\n", "\n  尚未设定\n"));
    say_missing(x);
    say_troubles(x);
}
