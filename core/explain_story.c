/* explain_story.c - the steps of a case in their order: who did what, and of
 * each assignment the rule that chose it and why.
 */
#include <string.h>

#include "explain_impl.h"

typedef void (*tell_fn)(struct explain *x, const struct ex_event *e);

static void put_text(struct explain *x, const struct ex_event *e,
                     const char *key, const char *en, const char *zh)
{
    const char *s = ex_str(e, key);

    if (s == NULL)
        return;
    ex_put(x, "%s", EX_T(x, en, zh));
    ex_put_brief(x, s);
}

static void put_term(struct explain *x, const struct ex_event *e,
                     const char *key, const char *group)
{
    const char *s = ex_str(e, key);

    if (s == NULL)
        return;
    ex_put(x, "%s", EX_T(x, ", ", "，"));
    ex_put_word(x, group, s);
}

static void put_unit(struct explain *x, const struct ex_event *e,
                     const char *key)
{
    const char *s = ex_str(e, key);

    if (s == NULL)
        return;
    ex_put(x, "%s", EX_T(x, ": ", "："));
    ex_put_unit(x, s);
}

static void put_handler(struct explain *x, const struct ex_event *e)
{
    const char *s = ex_str(e, "handler");

    if (s == NULL)
        return;
    ex_put(x, "%s", EX_T(x, ", handler ", "，承办人"));
    ex_put_officer(x, s);
}

static void tell_submitted(struct explain *x, const struct ex_event *e)
{
    put_term(x, e, "channel", "channel");
    put_term(x, e, "kind", "kind");
    if (e->e.claimed != DK_NEVER && e->e.claimed != e->e.at) {
        ex_put(x, "%s", EX_T(x, ", handed in ", "，提交于"));
        ex_put_time(x, e->effective);
    }
}

/* The reason of a choice is told whole. */
static void put_why(struct explain *x, const struct ex_event *e)
{
    const char *s = ex_str(e, "why");

    if (s == NULL)
        return;
    ex_put(x, "%s", EX_T(x, ": ", "："));
    ex_put_line(x, s);
}

/* A new line under the event's own. */
static void put_under(struct explain *x)
{
    ex_put(x, "\n        ");
}

static void tell_assigned(struct explain *x, const struct ex_event *e)
{
    const char *unit = ex_str(e, "unit"), *rule = ex_str(e, "rule");
    bool moved = unit != NULL && e->unit_before[0] != '\0' &&
                 strcmp(unit, e->unit_before) != 0;

    put_unit(x, e, "unit");
    put_handler(x, e);
    if (ex_str(e, "handler") != NULL)
        ex_put(x, EX_T(x, ", who had %lld cases then", "，当时在办%lld件"),
               (long long)ex_int(e, "load", 0));
    if (moved) {
        put_under(x);
        ex_put(x, "%s", EX_T(x, "taken from ", "原由"));
        ex_put_unit(x, e->unit_before);
        ex_put(x, "%s", EX_T(x, "", "办理"));
    }
    put_under(x);
    if (rule != NULL)
        ex_put(x, EX_T(x, "rule %s", "规则“%s”"), rule);
    else
        ex_put(x, "%s", EX_T(x, "by hand, no rule", "人工分派，未用规则"));
    put_why(x, e);
}

static void tell_given(struct explain *x, const struct ex_event *e)
{
    int64_t days = ex_int(e, "report_days", 0);

    put_unit(x, e, "unit");
    if (days > 0)
        ex_put(x, EX_T(x, ", report owed in %lld days", "，须在%lld天内回报"),
               (long long)days);
    put_text(x, e, "note", "; ", "；");
}

static void tell_discipline(struct explain *x, const struct ex_event *e)
{
    put_unit(x, e, "body");
}

static void tell_reason(struct explain *x, const struct ex_event *e)
{
    put_text(x, e, "grounds", ": ", "：");
    put_text(x, e, "reason", ": ", "：");
    put_text(x, e, "facts", ": ", "：");
}

static void tell_not_accepted(struct explain *x, const struct ex_event *e)
{
    put_text(x, e, "ground", ": ", "：");
    put_text(x, e, "other_door", "; the other door: ", "；可向何处提出：");
}

static void tell_extended(struct explain *x, const struct ex_event *e)
{
    const char *clock = ex_str(e, "clock"), *by = ex_str(e, "approved_by");

    ex_put(x, "%s", EX_T(x, ": ", "："));
    ex_put_clock(x, clock != NULL ? clock : "conclude");
    ex_put(x, EX_T(x, ", %lld days", "，%lld天"),
           (long long)ex_int(e, "days", 0));
    if (by != NULL) {
        ex_put(x, "%s", EX_T(x, ", approved by ", "，批准人"));
        ex_put_officer(x, by);
    }
    tell_reason(x, e);
}

static void tell_suspended(struct explain *x, const struct ex_event *e)
{
    put_term(x, e, "ground", "suspend_ground");
    tell_reason(x, e);
}

static void tell_answered(struct explain *x, const struct ex_event *e)
{
    put_unit(x, e, "unit");
    put_text(x, e, "legal_basis", ", by ", "，依据：");
}

static void tell_reviewed(struct explain *x, const struct ex_event *e)
{
    put_term(x, e, "result", "result");
}

static void tell_paper(struct explain *x, const struct ex_event *e)
{
    put_term(x, e, "document", "document");
    put_text(x, e, "number", " ", " ");
    put_term(x, e, "way", "way");
}

static void tell_settled(struct explain *x, const struct ex_event *e)
{
    put_term(x, e, "manner", "manner");
}

static void tell_co(struct explain *x, const struct ex_event *e)
{
    put_unit(x, e, "unit");
    put_handler(x, e);
    put_why(x, e);
    tell_reason(x, e);
}

static void tell_link(struct explain *x, const struct ex_event *e)
{
    put_term(x, e, "relation", "relation");
    put_text(x, e, "to", " ", " ");
    put_text(x, e, "by", " ", " ");
    tell_reason(x, e);
}

static void tell_prioritised(struct explain *x, const struct ex_event *e)
{
    put_term(x, e, "need", "need");
    put_text(x, e, "rule", ", rule ", "，规则");
    put_why(x, e);
}

static void tell_urged(struct explain *x, const struct ex_event *e)
{
    int64_t days = ex_int(e, "answer_days", 0);

    put_term(x, e, "ground", "urge_ground");
    put_text(x, e, "grounds", ": ", "：");
    if (days > 0)
        ex_put(x, EX_T(x, "; answer owed in %lld days", "；须在%lld天内反馈"),
               (long long)days);
}

static void tell_evaluated(struct explain *x, const struct ex_event *e)
{
    ex_put(
        x, EX_T(x, ": handling %lld, result %lld", "：过程%lld分，结果%lld分"),
        (long long)ex_int(e, "handling", 0), (long long)ex_int(e, "result", 0));
}

static void tell_closed(struct explain *x, const struct ex_event *e)
{
    const char *clock = ex_str(e, "clock");

    tell_reason(x, e);
    if (clock == NULL)
        return;
    ex_put(x, "%s", EX_T(x, ": the time ended, ", "：期满，"));
    ex_put_clock(x, clock);
}

static void tell_withdrawn(struct explain *x, const struct ex_event *e)
{
    put_text(x, e, "document", ", paper ", "，申请书");
    tell_reason(x, e);
}

static void tell_muted(struct explain *x, const struct ex_event *e)
{
    const char *clock = ex_str(e, "clock");
    dk_ms until = ex_time(e, "until");

    ex_put(x, "%s", EX_T(x, ": ", "："));
    ex_put_clock(x, clock != NULL ? clock : "?");
    if (until != DK_NEVER) {
        ex_put(x, "%s", EX_T(x, ", until ", "，至"));
        ex_put_limit(x, until);
    }
    tell_reason(x, e);
}

static void tell_relayed(struct explain *x, const struct ex_event *e)
{
    put_text(x, e, "there", " ", " ");
    put_term(x, e, "event", "event");
    put_text(x, e, "text", ": ", "：");
}

/* clang-format off */
static const tell_fn tellers[DK_EV_N] = {
    [DK_EV_SUBMITTED] = tell_submitted, [DK_EV_ASSIGNED] = tell_assigned,
    [DK_EV_TRANSFERRED] = tell_given, [DK_EV_HANDED_OVER] = tell_given,
    [DK_EV_DISCIPLINE] = tell_discipline, [DK_EV_OBJECTED] = tell_reason,
    [DK_EV_OBJECTION_UPHELD] = tell_reason,
    [DK_EV_OBJECTION_REFUSED] = tell_reason,
    [DK_EV_NOT_ACCEPTED] = tell_not_accepted, [DK_EV_EXTENDED] = tell_extended,
    [DK_EV_SUSPENDED] = tell_suspended, [DK_EV_ANSWERED] = tell_answered,
    [DK_EV_REVIEW_ASKED] = tell_reason, [DK_EV_REVIEWED] = tell_reviewed,
    [DK_EV_RE_REVIEW_ASKED] = tell_reason, [DK_EV_RE_REVIEWED] = tell_reviewed,
    [DK_EV_CLOSED] = tell_closed, [DK_EV_WITHDRAWN] = tell_withdrawn,
    [DK_EV_REOPENED] = tell_reason, [DK_EV_EVALUATED] = tell_evaluated,
    [DK_EV_URGED] = tell_urged, [DK_EV_NOTICE_GIVEN] = tell_paper,
    [DK_EV_INFORMED] = tell_paper, [DK_EV_DELIVERED] = tell_paper,
    [DK_EV_SETTLED] = tell_settled, [DK_EV_CO_HANDLER_ADDED] = tell_co,
    [DK_EV_CO_HANDLER_REMOVED] = tell_co, [DK_EV_OPINION_GIVEN] = tell_co,
    [DK_EV_LINKED] = tell_link, [DK_EV_UNLINKED] = tell_link,
    [DK_EV_REPEATED] = tell_link, [DK_EV_PRIORITISED] = tell_prioritised,
    [DK_EV_ALERT_MUTED] = tell_muted, [DK_EV_RELAYED] = tell_relayed,
};
/* clang-format on */

void ex_say_story(struct explain *x)
{
    for (size_t i = 0; i < x->n_ev; i++) {
        const struct ex_event *e = &x->ev[i];

        if (dk_ev_is_bookkeeping(e->e.type) && e->e.type != DK_EV_ALERT_MUTED)
            continue;
        ex_put(x, "  %4u  ", e->e.n);
        ex_put_time(x, e->e.at);
        ex_put(x, "  ");
        ex_put_word(x, "event", dk_ev_name(e->e.type));
        ex_put(x, "%s", EX_T(x, " (", "（"));
        ex_put_actor(x, e->e.actor);
        ex_put(x, "%s", EX_T(x, ")", "）"));
        if (tellers[e->e.type] != NULL)
            tellers[e->e.type](x, e);
        ex_put(x, "\n");
    }
}
