/* explain_now.c - what a case waits for, who answers for it and why. */
#include <string.h>

#include "explain_impl.h"

enum whose {
    OFFICE,
    UNIT,
    PETITIONER,
    NOBODY
};

/* Who must do what next: in Chinese "等待" who what, in English "Waits for" who
 * what.
 */
static const struct next {
    enum whose whose;
    const char *en, *zh;
} nexts[DK_S_N] = {
    [DK_S_SUBMITTED] = {OFFICE, "to register it and find a responsible unit",
                        "登记并确定责任单位"},
    [DK_S_REGISTERED] = {OFFICE, "to transfer it or hand it over",
                         "转送或交办"},
    [DK_S_TRANSFERRED] = {UNIT, "to accept it, not accept it, or object",
                          "受理、不予受理或提出异议"},
    [DK_S_OBJECTED] = {OFFICE, "to decide on the objection", "对异议作出决定"},
    [DK_S_ACCEPTED] = {UNIT, "to give its written answer", "作出书面答复"},
    [DK_S_SUSPENDED] = {UNIT,
                        "to go on, once the reason to stand still is gone",
                        "在中止原因消除后恢复办理"},
    [DK_S_ANSWERED] = {PETITIONER,
                       "to ask for review or not; it closes when that time is "
                       "over",
                       "决定是否申请复查，期满未申请即办结"},
    [DK_S_SETTLED] = {UNIT, "to do what was agreed; then it is closed",
                      "落实调解、和解的内容，之后办结"},
    [DK_S_IN_REVIEW] = {UNIT, "to decide on the review", "作出复查意见"},
    [DK_S_REVIEW_SUSPENDED] = {UNIT,
                               "to go on with the review, once the reason to "
                               "stand still is gone",
                               "在中止原因消除后恢复复查"},
    [DK_S_REVIEWED] = {PETITIONER,
                       "to ask for re-review or not; it closes when that time "
                       "is over",
                       "决定是否申请复核，期满未申请即办结"},
    [DK_S_IN_RE_REVIEW] = {UNIT, "to decide on the re-review", "作出复核意见"},
    [DK_S_RE_REVIEW_SUSPENDED] = {UNIT,
                                  "to go on with the re-review, once the "
                                  "reason to stand still is gone",
                                  "在中止原因消除后恢复复核"},
    [DK_S_NOT_ACCEPTED] = {PETITIONER,
                           "to ask for review or not; nothing else is owed",
                           "决定是否申请复查，此外无须办理"},
    [DK_S_ENDED] = {NOBODY, NULL, NULL},
    [DK_S_DISCIPLINE] = {NOBODY, NULL, NULL},
    [DK_S_WITHDRAWN] = {NOBODY, NULL, NULL},
    [DK_S_CLOSED] = {NOBODY, NULL, NULL},
    [DK_S_NONE] = {NOBODY, NULL, NULL},
};

static void put_whose(struct explain *x, enum whose w)
{
    if (w == PETITIONER)
        ex_put_word(x, "role", "petitioner");
    else if (w == OFFICE || x->c->unit[0] == '\0')
        ex_put_word(x, "role", "office");
    else
        ex_put_unit(x, x->c->unit);
}

static void say_waiting(struct explain *x)
{
    const struct next *n = &nexts[x->c->state];

    ex_put(x, EX_T(x, "  State: ", "  状态："));
    ex_put_word(x, "state", dk_state_name(x->c->state));
    ex_put(x, "%s", EX_T(x, ". ", "。"));
    if (n->whose == NOBODY) {
        ex_put(x, "%s\n", EX_T(x, "Nothing more is owed.", "无须再办理。"));
        return;
    }
    ex_put(x, "%s", EX_T(x, "It waits for ", "等待"));
    put_whose(x, n->whose);
    ex_put(x, "%s%s%s\n", EX_T(x, " ", ""), EX_T(x, n->en, n->zh),
           EX_T(x, ".", "。"));
}

const char *ex_waits_for(const struct explain *x)
{
    static const char *const names[] = {"office", "unit", "petitioner", NULL};

    return names[nexts[x->c->state].whose];
}

uint32_t ex_owner_since(const struct explain *x)
{
    const uint32_t *n = x->c->last_n;
    uint32_t last = 0;
    /* clang-format off */
    static const enum dk_ev takes[] = {
        DK_EV_SUBMITTED, DK_EV_REOPENED, DK_EV_ACCEPTED, DK_EV_NOT_ACCEPTED,
        DK_EV_OBJECTION_UPHELD, DK_EV_DISCIPLINE, DK_EV_REVIEW_ASKED,
        DK_EV_RE_REVIEW_ASKED};
    /* clang-format on */

    for (size_t i = 0; i < sizeof takes / sizeof takes[0]; i++)
        last = n[takes[i]] > last ? n[takes[i]] : last;
    /* In charge of a review is who was assigned to it. */
    if (last != 0 && n[DK_EV_ASSIGNED] > last &&
        (last == n[DK_EV_REVIEW_ASKED] || last == n[DK_EV_RE_REVIEW_ASKED]))
        last = n[DK_EV_ASSIGNED];
    return last;
}

static const char *owner_reason(const struct explain *x)
{
    const struct ex_event *e = ex_event(x, ex_owner_since(x));
    bool office = strcmp(dk_case_owner(x->c), "office") == 0;

    if (office && x->c->last_n[DK_EV_TRANSFERRED] == 0 &&
        x->c->last_n[DK_EV_HANDED_OVER] == 0)
        return EX_T(x, "until a unit accepts it the office answers for it",
                    "在责任单位受理之前，由信访部门负责");
    if (office)
        return EX_T(x,
                    "until the unit accepts it, the office that transferred it "
                    "answers for it",
                    "责任单位受理之前，由转送的信访部门负责");
    if (e != NULL && e->e.type == DK_EV_ASSIGNED)
        return EX_T(x, "it was put in charge of the review",
                    "由其承担复查、复核");
    return EX_T(x,
                "from acceptance on, the unit that took it on answers for it",
                "自受理起，由受理的单位负责");
}

static void put_handler(struct explain *x)
{
    if (x->c->handler[0] == '\0')
        return;
    ex_put(x, "%s", EX_T(x, ", handler ", "，承办人"));
    ex_put_officer(x, x->c->handler);
}

/* The unit that has the case while another answers for it. */
static void say_with(struct explain *x)
{
    if (x->c->unit[0] == '\0' || strcmp(x->c->unit, dk_case_owner(x->c)) == 0)
        return;
    ex_put(x, "%s", EX_T(x, "  With: ", "  去向："));
    ex_put_unit(x, x->c->unit);
    put_handler(x);
    ex_put(x, "%s\n", EX_T(x, ".", "。"));
}

static void say_owner(struct explain *x)
{
    const struct ex_event *e = ex_event(x, ex_owner_since(x));

    ex_put(x, "%s", EX_T(x, "  Owner: ", "  责任："));
    ex_put_unit(x, dk_case_owner(x->c));
    if (strcmp(x->c->unit, dk_case_owner(x->c)) == 0)
        put_handler(x);
    ex_put(x, "%s%s", EX_T(x, "; ", "。"), owner_reason(x));
    if (e != NULL) {
        ex_put(x, EX_T(x, " (event %u, ", "（第%u号事件，"), e->e.n);
        ex_put_time(x, e->effective);
        ex_put(x, "%s", EX_T(x, ")", "）"));
    }
    ex_put(x, "%s\n", EX_T(x, ".", "。"));
    say_with(x);
}

static const char *plural(const struct explain *x, int64_t n)
{
    return x->zh || n == 1 ? "" : "s";
}

/* "3 days left", "9 days over" as of now. */
static void put_distance(struct explain *x, const struct dk_clock *k)
{
    int64_t last = ex_day(x, k->due_at - 1), today = ex_day(x, x->now);

    if (k->state == DK_CLOCK_HELD)
        ex_put(x, "%s", EX_T(x, "the count stands still", "计时暂停"));
    else if (x->now < k->due_at)
        ex_put(x, EX_T(x, "%lld day%s left", "还有%lld天%s"),
               (long long)(last - today), plural(x, last - today));
    else
        ex_put(x, EX_T(x, "%lld day%s late", "超期%lld天%s"),
               (long long)(today - last), plural(x, today - last));
}

static void say_owed(struct explain *x)
{
    bool any = false;

    for (int i = 0; i < x->c->n_clock; i++) {
        const struct dk_clock *k = &x->c->clock[i];

        if (k->state != DK_CLOCK_RUNNING && k->state != DK_CLOCK_HELD)
            continue;
        ex_put(x, "%s",
               any ? EX_T(x, "          ", "        ")
                   : EX_T(x, "  Limits: ", "  期限："));
        any = true;
        ex_put_clock(x, k->id);
        ex_put(x, "%s", EX_T(x, ", until ", "，至"));
        ex_put_limit(x, k->due_at);
        ex_put(x, "%s", EX_T(x, ", ", "，"));
        put_distance(x, k);
        ex_put(x, "\n");
    }
    if (!any)
        ex_put(x, "%s",
               EX_T(x, "  Limits: none is running\n",
                    "  期限：没有正在计算的期限\n"));
}

static void put_needs(struct explain *x)
{
    bool any = false;

    for (int i = 0; i < DK_NEED_N; i++) {
        if ((x->c->needs & (1u << i)) == 0)
            continue;
        ex_put(x, "%s", any ? EX_T(x, ", ", "、") : "");
        ex_put_word(x, "need", dk_need_names[i]);
        any = true;
    }
}

static void say_urgency(struct explain *x)
{
    const struct ex_event *e = ex_event(x, x->c->last_n[DK_EV_PRIORITISED]);
    const char *rule = ex_str(e, "rule"), *why = ex_str(e, "why");

    if (x->c->needs == 0 && e == NULL)
        return;
    ex_put(x, "%s", EX_T(x, "  Urgency: ", "  急需："));
    if (x->c->needs != 0) {
        ex_put(x, "%s", EX_T(x, "told at the submission: ", "提交时自述："));
        put_needs(x);
        ex_put(x, "%s", EX_T(x, ". ", "。"));
    }
    if (e == NULL) {
        ex_put(x, "%s\n",
               EX_T(x, "No rule put it first.", "没有规则将其列为急办。"));
        return;
    }
    ex_put(x, "%s", EX_T(x, "Put first for ", "列为急办："));
    ex_put_word(x, "need", dk_need_names[x->c->urgent - 1]);
    if (rule != NULL)
        ex_put(x, EX_T(x, ", by rule %s", "，依据规则“%s”"), rule);
    ex_put(x, "%s", EX_T(x, ": ", "："));
    ex_put_line(x, why != NULL ? why : "");
    ex_put(x, EX_T(x, " (event %u, ", "（第%u号事件，"), e->e.n);
    ex_put_time(x, e->e.at);
    ex_put(x, "%s", EX_T(x, ", ", "，"));
    ex_put_actor(x, e->e.actor);
    ex_put(x, "%s\n", EX_T(x, ")", "）"));
}

static void say_co(struct explain *x)
{
    for (int i = 0; i < x->c->n_co; i++) {
        ex_put(x, "%s",
               i == 0 ? EX_T(x, "  Co-handlers: ", "  会办：")
                      : EX_T(x, ", ", "、"));
        ex_put_unit(x, x->c->co[i].unit);
        if (x->c->co[i].handler[0] != '\0') {
            ex_put(x, "%s", EX_T(x, " with ", "，承办人"));
            ex_put_officer(x, x->c->co[i].handler);
        }
    }
    if (x->c->n_co > 0)
        ex_put(x, "\n");
}

static void put_no(struct explain *x, int64_t key)
{
    char no[DK_CASE_NO_MAX];

    dk_case_no_format(x->county, key, no);
    ex_put(x, "%s", no);
}

static void say_links(struct explain *x)
{
    const struct dk_case *c = x->c;

    if (c->repeat_of != 0) {
        ex_put(x, "%s",
               EX_T(x, "  Repeats: the same matter as ", "  重复：与前案"));
        put_no(x, c->repeat_of);
        ex_put(x, "%s", EX_T(x, "", "为同一事项"));
        if (c->repeat_unit[0] != '\0') {
            ex_put(x, "%s", EX_T(x, ", had by ", "，前案由"));
            ex_put_unit(x, c->repeat_unit);
            if (c->repeat_handler[0] != '\0') {
                ex_put(x, "%s", EX_T(x, ", ", "、"));
                ex_put_officer(x, c->repeat_handler);
            }
            ex_put(x, "%s", EX_T(x, "", "办理"));
        }
        ex_put(x, "%s\n", EX_T(x, ".", "。"));
    }
    if (c->group != 0) {
        ex_put(x, "%s",
               EX_T(x, "  Group: the same matter of many, first in ",
                    "  同一事项：多人反映，首案为"));
        put_no(x, c->group);
        ex_put(x, "%s\n",
               EX_T(x, "; its rights and limits are its own.",
                    "；本案的权利与期限不变。"));
    }
    if (c->repeats > 0)
        ex_put(x,
               EX_T(x, "  Repeated: later cases of the same matter: %u.\n",
                    "  再次提出：此后有%u件重复本案。\n"),
               c->repeats);
}

static void say_marks(struct explain *x)
{
    const struct dk_case *c = x->c;

    if (c->confidential)
        ex_put(x, "%s",
               EX_T(x, "  Confidential: nobody but who handles it is told.\n",
                    "  保密：除办理人员外不得告知他人。\n"));
    if (c->unreachable)
        ex_put(x, "%s",
               EX_T(x, "  Name or address unknown: no notice can be sent.\n",
                    "  姓名、住址不清：无法书面告知。\n"));
    if (c->imported)
        ex_put(x, "%s",
               EX_T(x,
                    "  Imported: claimed times from before the import count.\n",
                    "  历史导入：导入之前的自述时间有效。\n"));
}

void ex_say_now(struct explain *x)
{
    say_waiting(x);
    say_owner(x);
    say_owed(x);
    say_urgency(x);
    say_co(x);
    say_links(x);
    say_marks(x);
}
