/* The steps towards the petitioner: the papers that must reach them, the
 * answer, settlement, and the two ends that only they can choose.
 */
#include "decide_internal.h"

#include <string.h>

#include "clock.h"

const char *const dk_way_names[] = {"in_person", "post",   "electronic",
                                    "left",      "public", NULL};

static bool is_actor(const struct dk_decision *d, const char *kind)
{
    return strncmp(d->cmd->actor, kind, strlen(kind)) == 0;
}

/* ---- papers -------------------------------------------------------------- */

/* The paper that the latest of some events calls for; NULL: none happened. */
struct paper {
    enum dk_ev ev;
    const char *name;
};

static const char *latest_paper(const struct dk_case *c,
                                const struct paper papers[], int n)
{
    const char *name = NULL;
    uint32_t last = 0;

    for (int i = 0; i < n; i++) {
        if (c->last_n[papers[i].ev] > last) {
            last = c->last_n[papers[i].ev];
            name = papers[i].name;
        }
    }
    return name;
}

static const struct paper notices[] = {
    {DK_EV_ACCEPTED, "acceptance"},
    {DK_EV_NOT_ACCEPTED, "non_acceptance"},
};
static const struct paper opinions[] = {
    {DK_EV_ANSWERED, "answer"},
    {DK_EV_SETTLED, "settlement"},
    {DK_EV_REVIEWED, "review"},
    {DK_EV_RE_REVIEWED, "re_review"},
};
#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static int nothing_to_hand(const struct dk_decision *d)
{
    return dk_fail(d->p, DK_ESTATE, NULL,
                   "there is no paper yet that could be handed over",
                   "尚无可以送达的文书");
}

int dk_decide_give_notice(struct dk_decision *d)
{
    const char *name = latest_paper(d->c, notices, COUNT(notices));

    if (name == NULL)
        return nothing_to_hand(d);
    dk_jw_str(&d->w, "document", name);
    return 0;
}

int dk_decide_deliver(struct dk_decision *d)
{
    const char *name = latest_paper(d->c, opinions, COUNT(opinions));

    if (name == NULL)
        return nothing_to_hand(d);
    dk_jw_str(&d->w, "document", name);
    return 0;
}

/* The body of a second event about a paper; `way` is a member's name. */
static int write_paper(struct dk_decision *d, const char *document,
                       const char *number, const char *member, bool *any)
{
    int way = -1;
    int rc = dk_json_enum(d->args, member, DK_OPTIONAL, dk_way_names, &way,
                          NULL, d->p);

    *any = rc == 0 && (way >= 0 || number != NULL);
    if (!*any)
        return rc;
    dk_jw_obj(&d->w, NULL);
    dk_jw_str(&d->w, "document", document);
    if (number != NULL)
        dk_jw_str(&d->w, "number", number);
    dk_jw_str(&d->w, "way", dk_way_names[way >= 0 ? way : 0]);
    dk_jw_end_obj(&d->w);
    return 0;
}

int dk_decide_also(struct dk_decision *d, struct dk_events *out)
{
    enum dk_action a = d->cmd->action;
    const char *number = NULL;
    enum dk_ev ev = DK_EV_DELIVERED;
    bool any = false;
    int rc = 0;

    if (a == DK_ACT_ACCEPT || a == DK_ACT_NOT_ACCEPT) {
        ev = DK_EV_NOTICE_GIVEN;
        rc = dk_json_str(d->args, "notice", DK_OPTIONAL, 1, 200, &number, NULL,
                         d->p);
        if (rc == 0)
            rc = write_paper(d, notices[a == DK_ACT_NOT_ACCEPT].name, number,
                             "way", &any);
    } else if (a == DK_ACT_EXTEND) {
        ev = DK_EV_INFORMED;
        rc = write_paper(d, "extension", NULL, "informed", &any);
    } else if (a == DK_ACT_ANSWER) {
        rc = write_paper(d, "answer", NULL, "delivered", &any);
    } else if (a == DK_ACT_REVIEW) {
        rc = write_paper(d, "review", NULL, "delivered", &any);
    } else if (a == DK_ACT_RE_REVIEW) {
        rc = write_paper(d, "re_review", NULL, "delivered", &any);
    }
    if (rc != 0 || !any)
        return rc;
    return dk_events_add(out, d, ev, d->c->n + 2, d->cmd->actor, &d->w);
}

/* ---- the answer ---------------------------------------------------------- */

/* One of several units answers: the one in charge, or one beside it. */
int dk_decide_answer(struct dk_decision *d)
{
    const char *unit = NULL, *basis = NULL;
    int rc = dk_json_id(d->args, "unit", DK_OPTIONAL, &unit, NULL, d->p);

    if (rc == 0)
        rc = dk_json_str(d->args, "legal_basis", DK_OPTIONAL, 1, DK_TEXT_MAX,
                         &basis, NULL, d->p);
    if (rc != 0)
        return rc;
    if (unit != NULL && strcmp(unit, d->c->unit) != 0 &&
        dk_case_co_find(d->c, unit) < 0)
        return dk_failf(d->p, DK_EFIELD, "/unit",
                        "'%s' neither has charge of the case nor handles it "
                        "with others",
                        "“%s”既不是本案的责任单位，也不是会办单位", unit);
    if (basis == NULL && !d->c->imported && d->c->kind != DK_KIND_SUGGESTION)
        return dk_fail(d->p, DK_EFIELD, "/legal_basis",
                       "an answer names the law it rests on; fill in "
                       "'legal_basis'",
                       "答复须写明依据的法律、法规或政策；请填写“legal_basis”");
    if (unit != NULL)
        dk_jw_str(&d->w, "unit", unit);
    return 0;
}

int dk_decide_settle(struct dk_decision *d)
{
    dk_ms by = DK_NEVER;
    int rc = dk_json_time(d->args, "fulfil_by", DK_OPTIONAL, &by, NULL, d->p);

    if (rc == 0 && by != DK_NEVER)
        dk_jw_time(&d->w, "fulfil_by", by, d->env->offset_min);
    return rc;
}

/* ---- ends that the petitioner chooses ------------------------------------ */

/* A closed case is open to review only while a time for it runs that began when
 * the answer or the opinion reached the petitioner afterwards.
 */
int dk_decide_ask(struct dk_decision *d)
{
    enum dk_ev ev = dk_action_event(d->cmd->action);

    if (d->c->state != DK_S_CLOSED)
        return 0;
    for (int i = 0; i < d->c->n_clock; i++) {
        const struct dk_clock *k = &d->c->clock[i];

        if (k->state == DK_CLOCK_RUNNING &&
            (k->stops_on & UINT64_C(1) << ev) != 0)
            return 0;
    }
    return dk_fail(
        d->p, DK_ELIMIT, NULL,
        "the case is closed and no time to ask for this runs; if "
        "the answer reached the petitioner only now, record that "
        "first ('deliver'), and new facts open the case again "
        "('reopen')",
        "案件已办结，申请期限已过；答复系办结后送达的，请先登记送达；"
        "有新情况的，可以重新受理");
}

/* While a right of the petitioner's runs, nobody else closes the case. */
int dk_decide_close(struct dk_decision *d)
{
    if (is_actor(d, "petitioner:") || is_actor(d, "import:"))
        return 0;
    for (int i = 0; i < d->c->n_clock; i++) {
        const struct dk_clock *k = &d->c->clock[i];

        if (k->on_due == DK_DUE_CLOSE && k->state == DK_CLOCK_RUNNING &&
            !dk_clock_superseded(d->c, k))
            return dk_failf(d->p, DK_ELIMIT, NULL,
                            "the petitioner's time '%s' still runs; the case "
                            "closes by itself when it ends",
                            "信访人的期限“%s”尚未届满；期满后案件自动办结",
                            k->id);
    }
    return 0;
}

/* Others may write a withdrawal down, with the paper that the petitioner
 * signed.
 */
int dk_decide_withdraw(struct dk_decision *d)
{
    const char *paper = NULL;
    int rc = dk_json_str(d->args, "document", DK_OPTIONAL, 1, 200, &paper, NULL,
                         d->p);

    if (rc != 0 || paper != NULL || is_actor(d, "petitioner:") ||
        is_actor(d, "import:"))
        return rc;
    return dk_fail(d->p, DK_EFIELD, "/document",
                   "only the petitioner withdraws a case; give the number of "
                   "their signed request in 'document'",
                   "只有信访人可以撤回；请在“document”中填写其签名申请的编号");
}
