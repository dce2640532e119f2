/* Units beside the one in charge, cases that belong together, and what cannot
 * wait.
 */
#include "decide_internal.h"

#include <string.h>

#include "clock.h"
#include "proto/caseno.h"

/* ---- co-handlers --------------------------------------------------------- */

static int find_co(const struct dk_decision *d, const char **unit)
{
    int rc = dk_json_id(d->args, "unit", DK_REQUIRED, unit, NULL, d->p);

    if (rc != 0 || dk_case_co_find(d->c, *unit) >= 0)
        return rc;
    return dk_failf(d->p, DK_ENOTFOUND, "/unit",
                    "'%s' is not one of the co-handlers of this case",
                    "“%s”不是本案的会办单位", *unit);
}

int dk_decide_add_co(struct dk_decision *d)
{
    const char *unit = NULL, *handler = NULL;
    int rc = dk_json_id(d->args, "unit", DK_REQUIRED, &unit, NULL, d->p);

    if (rc == 0)
        rc = dk_json_id(d->args, "handler", DK_OPTIONAL, &handler, NULL, d->p);
    if (rc == 0)
        rc = dk_check_unit(d, unit);
    if (rc != 0)
        return rc;
    if (handler != NULL && dk_is_respondent_officer(d->c, handler))
        return dk_refuse_respondent(d, "/handler", handler);
    if (strcmp(unit, d->c->unit) == 0)
        return dk_failf(d->p, DK_EFIELD, "/unit",
                        "'%s' has charge of the case already",
                        "“%s”已是本案的责任单位", unit);
    if (d->c->n_co == DK_CO_MAX && dk_case_co_find(d->c, unit) < 0)
        return dk_failf(d->p, DK_EFIELD, "/unit",
                        "a case has at most %d co-handlers; remove one first",
                        "每案最多 %d 个会办单位；请先撤销一个", DK_CO_MAX);
    dk_jw_str(&d->w, "unit", unit);
    dk_jw_str(&d->w, "handler", handler);
    return 0;
}

int dk_decide_remove_co(struct dk_decision *d)
{
    const char *unit = NULL;
    int rc = find_co(d, &unit);

    if (rc == 0)
        dk_jw_str(&d->w, "unit", unit);
    return rc;
}

int dk_decide_opinion(struct dk_decision *d)
{
    return dk_decide_remove_co(d);
}

/* ---- links --------------------------------------------------------------- */

static void write_no(struct dk_decision *d, const char *key, int64_t k)
{
    char no[DK_CASE_NO_MAX];

    dk_case_no_format(d->env->county, k, no);
    dk_jw_str(&d->w, key, no);
}

static void write_id(struct dk_decision *d, const char *key, const char *id)
{
    dk_jw_str(&d->w, key, id[0] != '\0' ? id : NULL);
}

/* May the case be linked to `to`?  Always the later one to the earlier. */
static int check_link(struct dk_decision *d, int relation,
                      const struct dk_case *to)
{
    int64_t has = relation == DK_GROUP ? d->c->group : d->c->repeat_of;
    int64_t want = to->key;

    if (relation == DK_GROUP && to->group != 0)
        want = to->group;
    if (want == d->c->key || to->key >= d->c->key)
        return dk_fail(d->p, DK_EFIELD, "/to",
                       "link the later case to the earlier one",
                       "请将后一案件关联到前一案件");
    d->nothing = has == want;
    if (has == 0 || has == want)
        return 0;
    return dk_fail(d->p, DK_ESTATE, "/to",
                   "the case is linked to another one; unlink it first",
                   "本案已关联到另一案件；请先解除关联");
}

int dk_decide_link(struct dk_decision *d)
{
    const struct dk_case *to = d->cmd->other;
    const char *no = NULL;
    int relation = 0;
    int rc = dk_json_enum(d->args, "relation", DK_REQUIRED, dk_relation_names,
                          &relation, NULL, d->p);

    if (rc == 0)
        rc = dk_json_str(d->args, "to", DK_REQUIRED, 1, DK_CASE_NO_MAX - 1, &no,
                         NULL, d->p);
    if (rc != 0)
        return rc;
    if (to == NULL)
        return dk_failf(d->p, DK_ENOTFOUND, "/to",
                        "there is no case %s; check the number",
                        "没有编号为 %s 的案件，请核对编号", no);
    rc = check_link(d, relation, to);
    if (rc != 0 || d->nothing)
        return rc;
    dk_jw_str(&d->w, "relation", dk_relation_names[relation]);
    write_no(d, "to", to->key);
    if (relation == DK_REPEAT) {
        write_id(d, "unit", to->unit);
        write_id(d, "handler", to->handler);
    } else {
        write_no(d, "group", to->group != 0 ? to->group : to->key);
    }
    return 0;
}

int dk_decide_unlink(struct dk_decision *d)
{
    const char *no = NULL;
    int32_t county;
    int64_t to = 0, has;
    int relation = 0;
    int rc = dk_json_enum(d->args, "relation", DK_REQUIRED, dk_relation_names,
                          &relation, NULL, d->p);

    if (rc == 0)
        rc = dk_json_str(d->args, "to", DK_REQUIRED, 1, DK_CASE_NO_MAX - 1, &no,
                         NULL, d->p);
    if (rc != 0)
        return rc;
    has = relation == DK_GROUP ? d->c->group : d->c->repeat_of;
    if (has == 0 || dk_case_no_parse(no, &county, &to) != 0 || to != has)
        return dk_failf(
            d->p, DK_ENOTFOUND, "/to", "the case has no link '%s' to %s",
            "本案没有“%s”关联：%s", dk_relation_names[relation], no);
    dk_jw_str(&d->w, "relation", dk_relation_names[relation]);
    write_no(d, "to", has);
    return 0;
}

int dk_decide_note_repeat(struct dk_decision *d)
{
    if (d->cmd->by_case <= 0)
        return dk_fail(d->p, DK_EBUG, NULL, NULL, NULL);
    if (d->cmd->undone && d->c->repeats == 0) {
        d->nothing = true;
        return 0;
    }
    write_no(d, "by", d->cmd->by_case);
    if (d->cmd->undone)
        dk_jw_bool(&d->w, "undone", true);
    return 0;
}

/* ---- what cannot wait ---------------------------------------------------- */

int dk_decide_prioritise(struct dk_decision *d)
{
    const char *why = NULL;
    int need = 0;
    int rc = dk_json_enum(d->args, "need", DK_REQUIRED, dk_need_names, &need,
                          NULL, d->p);

    if (rc == 0)
        rc =
            dk_json_str(d->args, "why", DK_REQUIRED, 1, 1000, &why, NULL, d->p);
    if (rc != 0)
        return rc;
    d->nothing = d->c->urgent == need + 1;
    dk_jw_str(&d->w, "need", dk_need_names[need]);
    dk_jw_str(&d->w, "why", why);
    return 0;
}
