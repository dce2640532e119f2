/* door_who.c - in whose name a client asks, and what it may hand in. */
#include <string.h>

#include "daemon/daemon.h"
#include "proto/caseno.h"

/* Who it is tells the key; a body only repeats it. */
static int check_actor(const struct item *it, struct dk_problem *p)
{
    bool relay = it->who.roles == DK_ROLE_RELAY;

    if (dk_may_be(&it->who, it->actor))
        return DK_OK;
    return dk_failf(
        p, DK_EFORBIDDEN, "/actor",
        "'%.64s' is not who sends this: write %s%.64s",
        "操作人“%.64s”与发送者不符，应写 %s%.64s", it->actor,
        relay ? "unit:" : "officer:", relay ? it->who.unit : it->who.name);
}

/* "kind:id"; the kinds that are the broker's or the workers' own are not for
 * clients.
 */
int door_actor(struct item *it, struct dk_problem *p)
{
    static const char *const kinds[] = {
        "officer:", "unit:", "office:", "petitioner:", "import:", NULL};
    int rc = dk_json_id(it->body, "actor", DK_REQUIRED, &it->actor, NULL, p);

    if (rc != DK_OK)
        return rc;
    for (int i = 0; kinds[i] != NULL; i++) {
        size_t n = strlen(kinds[i]);
        if (strncmp(it->actor, kinds[i], n) == 0 && it->actor[n] != '\0')
            return check_actor(it, p);
    }
    return dk_fail(p, DK_EFIELD, "/actor",
                   "say who acts as kind:id, with the kind officer, unit, "
                   "office, petitioner or import, such as officer:li",
                   "请以“kind:id”写明操作人，kind 为 officer、unit、office、"
                   "petitioner 或 import，例如 officer:li");
}

/* Not every case is everybody's to hand in.  Who brought one from another
 * docket is written down with it: `submit` gets the unit that the relay speaks
 * for.
 */
int door_brings(const struct daemon *d, struct item *it, struct dk_problem *p)
{
    struct dk_submit *s = &it->submit;
    int32_t county = 0;
    int64_t key;

    if (s->import && !dk_sees_all(&it->who))
        return dk_failf(p, DK_EFORBIDDEN, "/import",
                        "only administrators bring in history, not '%.64s'",
                        "“%.64s”无权导入历史案件", it->who.name);
    if (!dk_may_bring(&it->who, s) && s->from == NULL)
        return dk_failf(p, DK_EFORBIDDEN, "/from",
                        "'%.64s' is a relay: it brings cases of another "
                        "docket, with their number there as 'from'",
                        "“%.64s”是流转服务，只提交其他平台的案件，并以“from”"
                        "写明其在该平台的编号",
                        it->who.name);
    if (!dk_may_bring(&it->who, s))
        return dk_failf(
            p, DK_EFORBIDDEN, "/from",
            "only a relay brings cases of another docket, not "
            "'%.64s'; leave 'from' out",
            "只有流转服务可提交其他平台的案件，“%.64s”不可；请勿填写"
            "“from”",
            it->who.name);
    if (s->from == NULL)
        return DK_OK;
    if (dk_case_no_parse(s->from, &county, &key) != DK_OK ||
        county == d->cfg->county)
        return dk_fail(p, DK_EFIELD, "/from",
                       "'from' is a number of this docket itself; a relay "
                       "brings cases of another one",
                       "“from”是本平台自己的编号；流转服务提交的须为其他平台"
                       "的案件");
    memcpy(s->from_unit, it->who.unit, sizeof(s->from_unit));
    return DK_OK;
}
