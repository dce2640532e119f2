/* explain_count.c - the arithmetic of a limit in words: day by day from the
 * event that started it, and what moved its last day since.
 */
#include <string.h>

#include "explain_impl.h"

void ex_head(struct explain *x, const char *en, const char *zh)
{
    int wide = (int)strlen(zh) / 3 * 2; /* three bytes, two columns each */

    if (x->zh)
        ex_put(x, "    %s%*s", zh, 10 - wide, "");
    else
        ex_put(x, "    %-12s", en);
}

void ex_indent(struct explain *x)
{
    ex_put(x, "%s", EX_T(x, "                ", "              "));
}

/* ---- days ---- */

static void put_span(struct explain *x, int64_t from, int64_t to)
{
    ex_put_short(x, from);
    if (to == from)
        return;
    ex_put(x, "%s", EX_T(x, " to ", "至"));
    ex_put_short(x, to);
}

/* "1 day", "12 working days" */
static void put_days(struct explain *x, bool working, long long n)
{
    if (x->zh)
        ex_put(x, working ? "%lld个工作日" : "%lld天", n);
    else
        ex_put(x, "%lld %s%s", n, working ? "working day" : "day",
               n == 1 ? "" : "s");
}

static void say_rest(struct explain *x, bool holiday, long long days)
{
    ex_put(x, "%s", holiday ? EX_T(x, "", "节假日") : EX_T(x, "", "休息日"));
    put_days(x, false, days);
    ex_put(x, "%s",
           holiday ? EX_T(x, " of a holiday, not counted", "，不计")
                   : EX_T(x, " of rest, not counted", "，不计"));
}

static void say_run(struct explain *x, bool working, const struct ex_run *r)
{
    long long days = (long long)(r->to - r->from) + 1;

    ex_indent(x);
    put_span(x, r->from, r->to);
    ex_put(x, "%s", EX_T(x, ": ", "："));
    if (r->kind == EX_COUNTED) {
        put_days(x, working, days);
        ex_put(x,
               working ? EX_T(x, ", to day %d", "，数到第%d个")
                       : EX_T(x, ", to day %d", "，数到第%d天"),
               r->upto);
        if (r->makeup)
            ex_put(x, "%s",
                   EX_T(x, " (a make-up workday in it)", "（含调休上班日）"));
    } else {
        say_rest(x, r->kind == EX_HOLIDAY, days);
    }
    ex_put(x, "\n");
}

/* The days of a sum that were not told yet, and where it ends. */
static void say_leg(struct explain *x, const struct ex_leg *l)
{
    struct ex_run r = {.to = l->told_to, .upto = l->told};

    while (r.to < l->counted) {
        r = ex_run_from(x, l->working, r.to + 1, l->counted, r.upto);
        say_run(x, l->working, &r);
    }
    ex_head(x, "last day", "末日");
    ex_put_day(x, l->counted);
    if (l->last != l->counted) {
        ex_put(
            x, "%s",
            ex_rest_kind(x, l->counted) == EX_HOLIDAY
                ? EX_T(x, ", a holiday; moved to ", "，是节假日，顺延至")
                : EX_T(x, ", a day of rest; moved to ", "，是休息日，顺延至"));
        ex_put_day(x, l->last);
    }
    if (l->unknown)
        ex_put(
            x, "%s",
            EX_T(x,
                 "; the calendar does not know that year, so the day is kept",
                 "；日历中没有该年度，按原日计"));
    ex_put(x, "\n");
}

static void say_not_counted(struct explain *x)
{
    ex_put(x, "%s\n",
           EX_T(x, "the calendar given does not know a year on the way",
                "所给日历缺少所需年份"));
}

void ex_say_count(struct explain *x, const struct ex_clock *k)
{
    struct ex_sum s;
    bool same_day = k->count.day0 < ex_day(x, k->k.started_at);

    ex_head(x, "counts", "计数");
    if (k->count_rc != 0) {
        ex_put(x, "%s\n", EX_T(x, k->count_why.detail, k->count_why.detail_zh));
        return;
    }
    ex_sum(x, k, 0, &s);
    if (s.n == 0) {
        if (k->count.n == 0)
            ex_put(x, "%s\n",
                   EX_T(x, "its length was not kept", "未保存其长度"));
        else
            say_not_counted(x);
        return;
    }
    put_days(x, s.leg[0].working, s.leg[0].days);
    ex_put(x, "%s",
           s.leg[0].working ? "" : EX_T(x, ", all counted", "，自然日"));
    ex_put(x, "%s",
           same_day ? EX_T(x, "; the day of the event is day 1: ",
                           "；事件当天为第1天：")
                    : EX_T(x, "; day 0, not counted: ", "；第0天，不计："));
    ex_put_day(x, s.leg[0].day0 + (same_day ? 1 : 0));
    ex_put(x, "\n");
    say_leg(x, &s.leg[0]);
}

/* ---- what moved it ---- */

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

/* Which days stood still, and why. */
static void say_still(struct explain *x, const struct ex_clock *k,
                      const struct ex_event *end)
{
    const struct ex_event *hold = hold_of(x, end);
    const char *ground = ex_str(hold, "ground");
    int64_t from, to = ex_day(x, end->effective);

    ex_head(x, "stood still", "中止");
    if (hold == NULL)
        return;
    from =
        hold->effective > k->k.started_at ? hold->effective : k->k.started_at;
    from = ex_day(x, from);
    ex_put(x, EX_T(x, "events %u to %u", "第%u号至第%u号事件"), hold->e.n,
           end->e.n);
    if (to > from) {
        ex_put(x, "%s", EX_T(x, ", ", "，"));
        put_span(x, from + 1, to);
    }
    if (ground != NULL) {
        ex_put(x, "%s", EX_T(x, ", ", "，"));
        ex_put_word(x, "suspend_ground", ground);
    }
    ex_put(x, "%s", EX_T(x, ": ", "："));
}

static void say_held(struct explain *x, const struct ex_clock *k,
                     const struct dk_clock *was, const struct dk_clock *now,
                     const struct ex_event *end, const struct ex_sum *s)
{
    int days = now->held_days - was->held_days;

    say_still(x, k, end);
    if (days == 0) {
        int late = now->late_days - was->late_days;

        if (late > 0)
            ex_put(x,
                   EX_T(x,
                        "it was late already and stays so; later steps wait "
                        "%d days\n",
                        "此前已超期，到期不变；其后的梯级顺延%d天\n"),
                   late);
        else
            ex_put(x, "%s\n",
                   EX_T(x, "nothing is added to the count", "计数不变"));
        return;
    }
    put_days(x, k->count.working, days);
    ex_put(x, "%s", EX_T(x, " not counted", "不计"));
    if (s->n > 0)
        ex_put(x,
               k->count.working ? EX_T(x, ", so it is counted on to day %d\n",
                                       "，续数到第%d个\n")
                                : EX_T(x, ", so it is counted on to day %d\n",
                                       "，续数到第%d天\n"),
               s->leg[0].days);
    else
        ex_put(x, "\n");
}

/* An extension that is told for the first time, or again after a pause. */
static void say_extension(struct explain *x, const struct ex_set *now,
                          const struct ex_leg *l, bool again)
{
    ex_head(x, "extended", "延期");
    if (again)
        ex_put(x, "%s", EX_T(x, "as before, ", "同前，"));
    else
        ex_put(x, EX_T(x, "event %u, ", "第%u号事件，"), now->cause);
    if (!x->zh)
        put_days(x, l->working, l->days);
    ex_put(x, "%s", EX_T(x, " from the last day on: ", "自末日"));
    ex_put_day(x, l->day0);
    if (x->zh) {
        ex_put(x, "起加");
        put_days(x, l->working, l->days);
    }
    ex_put(x, "\n");
}

static void say_acked(struct explain *x, const struct ex_set *now)
{
    ex_head(x, "seen", "确认");
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

    ex_head(x, "set again", "重设");
    if (e != NULL) {
        ex_put(x, EX_T(x, "event %u, ", "第%u号事件“"), e->e.n);
        ex_put_word(x, "event", dk_ev_name(e->e.type));
        ex_put(x, "%s", EX_T(x, ": ", "”："));
    }
    ex_put(x, "%s", EX_T(x, "counted from ", "自"));
    ex_put_time(x, now->k.started_at);
    ex_put(x, "%s", EX_T(x, ", the last day is ", "起计，末日为"));
    ex_put_day(x, ex_day(x, now->k.due_at - 1));
    ex_put(x, "\n");
}

void ex_say_move(struct explain *x, const struct ex_clock *k, size_t i)
{
    const struct ex_set *was = &k->set[i - 1], *now = &k->set[i];
    const struct ex_event *e = ex_event(x, now->cause);
    bool held = e != NULL && (e->e.type == DK_EV_RESUMED ||
                              e->e.type == DK_EV_OBJECTION_REFUSED);
    struct ex_sum s;

    ex_sum(x, k, i, &s);
    if (held)
        say_held(x, k, &was->k, &now->k, e, &s);
    else if (e != NULL && e->e.type == DK_EV_ALERT_ACKED)
        say_acked(x, now);
    else if (e == NULL || e->e.type != DK_EV_EXTENDED)
        say_other(x, now);
    if (s.rc != 0) {
        ex_indent(x);
        say_not_counted(x);
    }
    for (int j = 0; j < s.n; j++) {
        if (s.leg[j].why == EX_LEG_EXTENDED)
            say_extension(x, now, &s.leg[j],
                          now->k.extended_days == was->k.extended_days);
        say_leg(x, &s.leg[j]);
    }
}
