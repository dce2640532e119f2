/* A case that is also in another docket: whether it came from there or was
 * passed on to it, and what is told of it there.
 */
#include <string.h>

#include "case_internal.h"
#include "decide_internal.h"
#include "proto/caseno.h"

/* The first event of a case.  Told of the other docket it says that the case
 * has arrived there, and under which number.
 */
#define ARRIVED dk_ev_name(DK_EV_SUBMITTED)

/* *to is the number in the form that every case number has. */
static bool canonical(const char *no, char to[DK_CASE_NO_MAX])
{
    int32_t county;
    int64_t key;

    if (dk_case_no_parse(no, &county, &key) != 0)
        return false;
    dk_case_no_format(county, key, to);
    return true;
}

/* ---- where it came from -------------------------------------------------- */

void dk_case_from_take(const struct dk_submit *s, struct dk_case *c)
{
    if (s->from == NULL || !canonical(s->from, c->from))
        return;
    dk_case_put_id(c->from_unit, s->from_unit);
}

static int read_no(const cJSON *o, const char *key, char to[DK_CASE_NO_MAX],
                   struct dk_problem *p)
{
    const struct dk_at at = {NULL, key, 0};
    char pointer[64];
    const char *no = NULL;
    int rc =
        dk_json_str(o, key, DK_OPTIONAL, 1, DK_CASE_NO_MAX - 1, &no, NULL, p);

    to[0] = '\0';
    if (rc != 0 || no == NULL || canonical(no, to))
        return rc;
    dk_at_pointer(&at, NULL, pointer, sizeof(pointer));
    return dk_fail(p, DK_EFIELD, pointer, "this is not a case number",
                   "案件编号不正确");
}

int dk_case_from_read(const cJSON *o, struct dk_case *c, struct dk_problem *p)
{
    int rc = read_no(o, "from", c->from, p);

    if (rc == 0)
        rc = dk_case_id_read(o, "from_unit", c->from_unit, NULL, p);
    return rc;
}

/* ---- what is told of it there -------------------------------------------- */

int dk_case_read_relayed(struct dk_case *c, struct dk_change *ch)
{
    const char *event = NULL;
    int rc = dk_json_str(ch->body, "there", DK_REQUIRED, 1, DK_CASE_NO_MAX - 1,
                         &ch->there, NULL, NULL);

    if (rc == 0)
        rc = dk_json_id(ch->body, "event", DK_REQUIRED, &event, NULL, NULL);
    if (rc != 0)
        return rc;
    if (strcmp(event, ARRIVED) != 0 || strcmp(ch->there, c->from) == 0)
        ch->there = NULL;
    return 0;
}

void dk_case_apply_relayed(struct dk_case *c, struct dk_change *ch)
{
    if (ch->there == NULL)
        return;
    memcpy(c->relayed_to, ch->there, strlen(ch->there) + 1);
    dk_case_put_id(c->relayed_unit, c->unit);
}

int dk_decide_relay(struct dk_decision *d)
{
    char no[DK_CASE_NO_MAX];
    const struct dk_case *c = d->c;
    const char *there = NULL, *event = NULL;
    int32_t county;
    int64_t key;
    int rc = dk_json_str(d->args, "there", DK_REQUIRED, 1, DK_CASE_NO_MAX - 1,
                         &there, NULL, d->p);

    if (rc == 0)
        rc = dk_json_id(d->args, "event", DK_REQUIRED, &event, NULL, d->p);
    if (rc != 0)
        return rc;
    if (dk_case_no_parse(there, &county, &key) != 0 || county == d->env->county)
        return dk_fail(d->p, DK_EFIELD, "/there",
                       "'there' is the number that the case has in another "
                       "docket; check its digits",
                       "“there”须为本案在其他平台的编号，请核对数字");
    dk_case_no_format(county, key, no);
    if (strcmp(event, ARRIVED) != 0 && strcmp(no, c->from) != 0 &&
        strcmp(no, c->relayed_to) != 0)
        return dk_failf(d->p, DK_EFIELD, "/there",
                        "this case has not been told to be %s elsewhere; say "
                        "first that it has arrived there (event=%s)",
                        "本案尚未登记其他平台的编号 %s；请先登记其已到达"
                        "（event=%s）",
                        no, ARRIVED);
    dk_jw_str(&d->w, "there", no);
    return 0;
}

/* ---- in a case document -------------------------------------------------- */

static void write_pair(struct dk_jw *w, const char *no_key, const char *no,
                       const char *unit_key, const char *unit)
{
    if (no[0] == '\0')
        return;
    dk_jw_str(w, no_key, no);
    dk_case_id_write(w, unit_key, unit);
}

void dk_case_relay_write(struct dk_jw *w, const struct dk_case *c)
{
    write_pair(w, "from", c->from, "from_unit", c->from_unit);
    write_pair(w, "relayed_to", c->relayed_to, "relayed_unit", c->relayed_unit);
}

int dk_case_relay_read(const cJSON *o, struct dk_case *c, struct dk_problem *p)
{
    int rc = read_no(o, "relayed_to", c->relayed_to, p);

    if (rc == 0)
        rc = dk_case_id_read(o, "relayed_unit", c->relayed_unit, NULL, p);
    return rc;
}
