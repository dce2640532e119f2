/* explain_clock.c - each limit's arithmetic: from the event that started it,
 * day by day, to the day on which it ends.
 */
#include <string.h>

#include "clock.h"
#include "explain_impl.h"

/* A line of a clock begins with what it is about; all are as wide. */
static void head(struct explain *x, const char *en, const char *zh)
{
    int wide = (int)strlen(zh) / 3 * 2; /* three bytes, two columns each */

    if (x->zh)
        ex_put(x, "    %s%*s", zh, 10 - wide, "");
    else
        ex_put(x, "    %-12s", en);
}

static void indent(struct explain *x)
{
    ex_put(x, "%s", EX_T(x, "                ", "              "));
}

/* ---- by which law, and what started it ---- */

static void say_law(struct explain *x, const struct ex_clock *k)
{
    const struct ex_event *set = ex_event(x, k->set[0].n);
    const char *policy = ex_str(set, "policy");
    const char *version = ex_str(set, "version");
    const char *article = k->count.article;

    head(x, "law", "依据");
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

    head(x, "starts", "起算");
    ex_put_time(x, k->k.started_at);
    if (e != NULL) {
        ex_put(x, EX_T(x, ": event %u, ", "：第%u号事件“"), e->e.n);
        ex_put_word(x, "event", dk_ev_name(e->e.type));
        ex_put(x, "%s", EX_T(x, "", "”"));
        say_claimed(x, e);
    }
    ex_put(x, "\n");
}

/* ---- the count ---- */

static void put_span(struct explain *x, int64_t from, int64_t to)
{
    ex_put_short(x, from);
    if (to == from)
        return;
    ex_put(x, "%s", EX_T(x, " to ", "至"));
    ex_put_short(x, to);
}

static void say_run(struct explain *x, bool working, const struct ex_run *r)
{
    long long days = (long long)(r->to - r->from) + 1;

    indent(x);
    put_span(x, r->from, r->to);
    if (r->kind == EX_COUNTED) {
        ex_put(x,
               working
                   ? EX_T(x, ": %lld working days, to day %d",
                          "：%lld个工作日，数到第%d个")
                   : EX_T(x, ": %lld days, to day %d", "：%lld天，数到第%d天"),
               days, r->upto);
        if (r->makeup)
            ex_put(x, "%s",
                   EX_T(x, " (a make-up workday in it)", "（含调休上班日）"));
    } else {
        ex_put(x,
               r->kind == EX_HOLIDAY
                   ? EX_T(x, ": %lld days of a holiday, not counted",
                          "：节假日%lld天，不计")
                   : EX_T(x, ": %lld days of rest, not counted",
                          "：休息日%lld天，不计"),
               days);
    }
    ex_put(x, "\n");
}

static void say_runs(struct explain *x, bool working, int64_t from, int64_t to)
{
    struct ex_run r = {.to = from - 1};

    while (r.to < to) {
        r = ex_run_from(x, working, r.to + 1, to, r.upto);
        say_run(x, working, &r);
    }
}

/* "Sunday, a day of rest: moved to ..", when `counted` is not the last day. */
static void say_moved(struct explain *x, int64_t counted, int64_t last)
{
    if (counted == last)
        return;
    ex_put(x, "%s",
           ex_rest_kind(x, counted) == EX_HOLIDAY
               ? EX_T(x, ", a holiday; moved to ", "，是节假日，顺延至")
               : EX_T(x, ", a day of rest; moved to ", "，是休息日，顺延至"));
    ex_put_day(x, last);
}

static void say_length(struct explain *x, const struct dk_counting *c)
{
    ex_put(x,
           c->working ? EX_T(x, "%d working days", "%d个工作日")
                      : EX_T(x, "%d days", "%d天，自然日"),
           c->n);
}

static void say_count(struct explain *x, const struct ex_clock *k)
{
    const struct dk_counting *c = &k->count;
    bool same_day = c->day0 < ex_day(x, k->k.started_at);

    head(x, "counts", "计数");
    if (k->count_rc != 0) {
        ex_put(x, "%s\n", EX_T(x, k->count_why.detail, k->count_why.detail_zh));
        return;
    }
    if (c->n == 0) {
        ex_put(x, "%s\n", EX_T(x, "its length was not kept", "未保存其长度"));
        return;
    }
    say_length(x, c);
    ex_put(x, "%s",
           same_day ? EX_T(x, "; the day of the event is day 1: ",
                           "；事件当天为第1天：")
                    : EX_T(x, "; day 0, not counted: ", "；第0天，不计："));
    ex_put_day(x, same_day ? c->day0 + 1 : c->day0);
    ex_put(x, "\n");
    say_runs(x, c->working, c->day0 + 1, c->counted);
    head(x, "last day", "末日");
    ex_put_day(x, c->counted);
    say_moved(x, c->counted, c->last);
    if (c->unknown)
        ex_put(
            x, "%s",
            EX_T(x,
                 "; the calendar does not know that year, so the day is kept",
                 "；日历中没有该年度，按原日计"));
    ex_put(x, "\n");
}

/* ---- what moved it ---- */

/* The n-th day on as the clock counts; `day` itself if that is not known. */
static int64_t days_on(const struct explain *x, bool working, int64_t day,
                       int n)
{
    int64_t out = day + n;

    if (working && dk_calendar_add(x->by->calendar, day, n, &out) != 0)
        out = day;
    return out;
}

static void say_added(struct explain *x, const struct ex_clock *k,
                      const struct ex_set *was, const struct ex_set *now,
                      int days)
{
    int64_t old = ex_day(x, was->k.due_at - 1);
    int64_t last = ex_day(x, now->k.due_at - 1);
    int64_t counted = days_on(x, k->count.working, old, days);

    ex_put(x, EX_T(x, "%d days from the last day ", "自末日"), days);
    ex_put_day(x, old);
    if (x->zh)
        ex_put(x, "起加%d天", days);
    ex_put(x, "%s", EX_T(x, " on: ", "："));
    ex_put_day(x, counted);
    say_moved(x, counted, last);
    ex_put(x, "\n");
}

static void say_extended(struct explain *x, const struct ex_clock *k,
                         const struct ex_set *was, const struct ex_set *now)
{
    head(x, "extended", "延期");
    ex_put(x, EX_T(x, "event %u: ", "第%u号事件，"), now->cause);
    say_added(x, k, was, now, now->k.extended_days - was->k.extended_days);
}

/* Since when the matter stood still, by the event that ended that. */
static const struct ex_event *hold_of(const struct explain *x,
                                      const struct ex_event *end)
{
    enum dk_ev hold =
        end->e.type == DK_EV_RESUMED ? DK_EV_SUSPENDED : DK_EV_OBJECTED;

    for (uint32_t n = end->e.n - 1; n > 0; n--)
        if (x->ev[n - 1].e.type == hold)
            return &x->ev[n - 1];
    return NULL;
}

static void say_held(struct explain *x, const struct ex_clock *k,
                     const struct ex_set *was, const struct ex_set *now)
{
    const struct ex_event *end = ex_event(x, now->cause);
    const struct ex_event *hold = hold_of(x, end);
    const char *ground = ex_str(hold, "ground");
    int days = now->k.held_days - was->k.held_days;

    head(x, "stood still", "中止");
    if (hold != NULL) {
        ex_put(x, EX_T(x, "events %u to %u, ", "第%u号至第%u号事件，"),
               hold->e.n, end->e.n);
        put_span(x, ex_day(x, hold->effective), ex_day(x, end->effective));
    }
    if (ground != NULL) {
        ex_put(x, "%s", EX_T(x, ", ", "，"));
        ex_put_word(x, "suspend_ground", ground);
    }
    ex_put(x, "%s", EX_T(x, ": ", "："));
    if (days > 0) {
        ex_put(x, EX_T(x, "%d days not counted; ", "%d天不计；"), days);
        say_added(x, k, was, now, days);
    } else if (now->k.late_days > was->k.late_days) {
        ex_put(x,
               EX_T(x,
                    "it was late already and stays so; later steps wait %d "
                    "days\n",
                    "此前已超期，到期不变；其后的梯级顺延%d天\n"),
               now->k.late_days - was->k.late_days);
    } else {
        ex_put(x, "%s\n",
               EX_T(x, "within a day, nothing is added", "不足一天，不加"));
    }
}

static void say_acked(struct explain *x, const struct ex_set *now)
{
    head(x, "seen", "确认");
    ex_put(x,
           EX_T(x, "alert acknowledged by event %u; ", "第%u号事件确认警示；"),
           now->cause);
    if (now->k.quiet_until == 0) {
        ex_put(x, "%s\n",
               EX_T(x, "nothing waits for that", "不影响其后的梯级"));
        return;
    }
    ex_put(x, "%s", EX_T(x, "the next step waits until ", "下一梯级不早于"));
    ex_put_time(x, now->k.quiet_until);
    ex_put(x, "\n");
}

static void say_other(struct explain *x, const struct ex_set *now)
{
    const struct ex_event *e = ex_event(x, now->cause);

    head(x, "set again", "重设");
    if (e != NULL) {
        ex_put(x, EX_T(x, "event %u, ", "第%u号事件“"), e->e.n);
        ex_put_word(x, "event", dk_ev_name(e->e.type));
        ex_put(x, "%s", EX_T(x, ": ", "”："));
    }
    ex_put(x, "%s", EX_T(x, "the last day is ", "末日为"));
    ex_put_day(x, ex_day(x, now->k.due_at - 1));
    ex_put(x, "\n");
}

static void say_move(struct explain *x, const struct ex_clock *k, size_t i)
{
    const struct ex_set *was = &k->set[i - 1], *now = &k->set[i];
    const struct ex_event *e = ex_event(x, now->cause);

    if (e == NULL)
        say_other(x, now);
    else if (e->e.type == DK_EV_EXTENDED)
        say_extended(x, k, was, now);
    else if (e->e.type == DK_EV_RESUMED || e->e.type == DK_EV_OBJECTION_REFUSED)
        say_held(x, k, was, now);
    else if (e->e.type == DK_EV_ALERT_ACKED)
        say_acked(x, now);
    else
        say_other(x, now);
}

/* ---- where it ends, and whether that is right ---- */

static void say_due(struct explain *x, const struct ex_clock *k)
{
    static const char *const en[] = {"late", "closed", "too late to ask"};
    static const char *const zh[] = {"即为超期", "案件办结", "不得再提出"};

    head(x, "due", "届满");
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

static void say_check(struct explain *x, const struct ex_clock *k)
{
    bool any = false;

    for (size_t i = 0; i < k->n_set; i++) {
        if (!ex_set_differs(&k->set[i]))
            continue;
        if (any)
            indent(x);
        else
            head(x, "DIFFERS", "不符");
        any = true;
        say_one_difference(x, &k->set[i]);
    }
    if (any)
        return;
    head(x, "checked", "核对");
    ex_put(x, "%s\n",
           EX_T(x, "counted again by the files given: the same",
                "按所给文件重新计算，结果相同"));
}

/* ---- what became of it ---- */

static void say_stopped(struct explain *x, const struct ex_clock *k)
{
    const struct ex_event *e = ex_stopper(x, k);
    int64_t over = ex_day(x, k->k.stopped_at) - ex_day(x, k->k.due_at - 1);

    head(x, "stopped", "停止");
    ex_put_time(x, k->k.stopped_at);
    if (e != NULL) {
        ex_put(x, EX_T(x, ": event %u, ", "：第%u号事件“"), e->e.n);
        ex_put_word(x, "event", dk_ev_name(e->e.type));
        ex_put(x, "%s", EX_T(x, "", "”"));
    }
    if (k->k.late && over > 0)
        ex_put(x, EX_T(x, "; %lld days late", "；超期%lld天"), (long long)over);
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
    head(x, "extension", "可延期");
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
    say_count(x, k);
    for (size_t i = 1; i < k->n_set; i++)
        say_move(x, k, i);
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
