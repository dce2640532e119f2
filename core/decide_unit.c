/* Who is put in charge: assign, transfer, hand_over, send_to_discipline. */
#include "decide_internal.h"

#include <string.h>

#define CANDIDATES_MAX 100

bool dk_is_respondent_unit(const struct dk_case *c, const char *unit)
{
    for (int i = 0; i < c->n_respondent; i++) {
        if (c->respondent[i].unit[0] != '\0' &&
            strcmp(c->respondent[i].unit, unit) == 0)
            return true;
    }
    return false;
}

bool dk_is_respondent_officer(const struct dk_case *c, const char *officer)
{
    for (int i = 0; i < c->n_respondent; i++) {
        if (c->respondent[i].officer[0] != '\0' &&
            strcmp(c->respondent[i].officer, officer) == 0)
            return true;
    }
    return false;
}

int dk_refuse_respondent(const struct dk_decision *d, const char *pointer,
                         const char *who)
{
    return dk_failf(d->p, DK_ERESPONDENT, pointer,
                    "'%s' is complained about in this case; choose the unit "
                    "above or another officer",
                    "“%s”是本案被反映的对象；请改选上级单位或其他人员", who);
}

int dk_pick_handler(const char *unit, const char *const candidates[], int n,
                    dk_load_fn load, void *arg)
{
    int best = -1;
    int64_t least = 0;

    for (int i = 0; i < n; i++) {
        int64_t has = load != NULL ? load(arg, unit, candidates[i]) : 0;

        if (best < 0 || has < least ||
            (has == least && strcmp(candidates[i], candidates[best]) < 0)) {
            best = i;
            least = has;
        }
    }
    return best;
}

/* A unit that answered, or took part, does not review that (Arts. 35, 36). */
static bool is_own_judge(const struct dk_case *c, const char *unit)
{
    bool review =
        c->state == DK_S_IN_REVIEW || c->state == DK_S_REVIEW_SUSPENDED ||
        c->state == DK_S_IN_RE_REVIEW || c->state == DK_S_RE_REVIEW_SUSPENDED;

    return review && dk_case_took_part(c, unit);
}

int dk_check_unit(const struct dk_decision *d, const char *unit)
{
    if (dk_is_respondent_unit(d->c, unit))
        return dk_refuse_respondent(d, "/unit", unit);
    if (is_own_judge(d->c, unit))
        return dk_failf(d->p, DK_ERESPONDENT, "/unit",
                        "'%s' took part in what is to be reviewed; choose "
                        "the unit above it",
                        "“%s”参与了原处理，不得复查、复核；请改选其上级单位",
                        unit);
    return 0;
}

/* Read the candidates, leaving out who is complained about.  *given is how
 * many were named, *n how many are left.
 */
static int read_candidates(const struct dk_decision *d, const char *out[],
                           int *n, int *given)
{
    const struct dk_at in = {NULL, "candidates", 0};
    const cJSON *arr = NULL, *v;
    int rc = dk_json_arr(d->args, "candidates", DK_OPTIONAL, 0, CANDIDATES_MAX,
                         &arr, NULL, d->p);

    if (rc != 0)
        return rc;
    cJSON_ArrayForEach (v, arr) {
        const char *id = NULL;

        rc = dk_item_id(v, *given, &id, &in, d->p);
        if (rc != 0)
            return rc;
        ++*given;
        if (!dk_is_respondent_officer(d->c, id))
            out[(*n)++] = id;
    }
    return 0;
}

/* Who of the unit gets the case: *handler stays NULL if nobody was named. */
static int choose_handler(const struct dk_decision *d, const char *unit,
                          const char **handler)
{
    const char *list[CANDIDATES_MAX];
    int n = 0, given = 0, best;
    int rc = dk_json_id(d->args, "handler", DK_OPTIONAL, handler, NULL, d->p);

    if (rc == 0)
        rc = read_candidates(d, list, &n, &given);
    if (rc != 0)
        return rc;
    if (*handler != NULL)
        return dk_is_respondent_officer(d->c, *handler)
                   ? dk_refuse_respondent(d, "/handler", *handler)
                   : 0;
    if (given > 0 && n == 0)
        return dk_fail(d->p, DK_ERESPONDENT, "/candidates",
                       "every candidate is complained about in this case; "
                       "choose the unit above",
                       "候选承办人均为本案被反映人；请改选上级单位");
    best = dk_pick_handler(unit, list, n, d->env->load, d->env->load_arg);
    if (best >= 0)
        *handler = list[best];
    return 0;
}

int dk_decide_assign(struct dk_decision *d)
{
    const char *unit = NULL, *handler = NULL, *rule = NULL, *why = NULL;
    int64_t load = 0;
    int rc = dk_json_id(d->args, "unit", DK_REQUIRED, &unit, NULL, d->p);

    if (rc == 0)
        rc = dk_check_unit(d, unit);
    if (rc == 0)
        rc = choose_handler(d, unit, &handler);
    if (rc == 0)
        rc = dk_json_id(d->args, "rule", DK_OPTIONAL, &rule, NULL, d->p);
    if (rc == 0)
        rc =
            dk_json_str(d->args, "why", DK_OPTIONAL, 1, 1000, &why, NULL, d->p);
    if (rc != 0)
        return rc;
    if (handler != NULL && d->env->load != NULL)
        load = d->env->load(d->env->load_arg, unit, handler);
    dk_jw_str(&d->w, "unit", unit);
    dk_jw_str(&d->w, "handler", handler);
    dk_jw_int(&d->w, "load", load);
    dk_jw_str(&d->w, "rule", rule);
    dk_jw_str(&d->w, "why", why);
    return 0;
}

/* Is there a unit that the case was meant for?  Not the one whose objection
 * was upheld: the case is not its own.
 */
static bool has_unit(const struct dk_case *c)
{
    return c->unit[0] != '\0' &&
           c->last_n[DK_EV_OBJECTION_UPHELD] <= c->last_n[DK_EV_ASSIGNED];
}

int dk_decide_transfer(struct dk_decision *d)
{
    const char *unit = NULL;
    int rc = dk_json_id(d->args, "unit", DK_OPTIONAL, &unit, NULL, d->p);

    if (rc != 0)
        return rc;
    if (unit == NULL && !has_unit(d->c))
        return dk_fail(d->p, DK_EFIELD, "/unit",
                       "the case has no unit yet; assign it first or give "
                       "'unit'",
                       "本案尚未分派责任单位；请先分派或填写“unit”");
    if (unit == NULL)
        unit = d->c->unit;
    rc = dk_check_unit(d, unit);
    if (rc == 0)
        dk_jw_str(&d->w, "unit", unit);
    return rc;
}

int dk_decide_discipline(struct dk_decision *d)
{
    const char *body = NULL;
    int rc = dk_json_id(d->args, "body", DK_REQUIRED, &body, NULL, d->p);

    if (rc != 0)
        return rc;
    if (dk_is_respondent_unit(d->c, body))
        return dk_refuse_respondent(d, "/body", body);
    dk_jw_str(&d->w, "body", body);
    return 0;
}
