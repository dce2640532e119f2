/* sight.c - which cases somebody sees, and what of the links between them
 * (docs/adr/0030-what-a-repeat-shows.md).
 */
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/page.h"
#include "proto/caseno.h"

/* Ask of another case than the one at hand: as the batch has it, or the store.
 * Who is complained about in a case never changes.  1, 0 or an error; `lost`
 * when there is no such case, as after damage.
 */
static int ask(struct daemon *d, const struct dk_who *who, int64_t key,
               bool (*sees)(const struct dk_who *who, const struct dk_case *c),
               int lost)
{
    const struct slot *s = batch_slot(&d->batch, key);
    struct dk_case *c = NULL;

    if (s != NULL && s->c != NULL)
        return sees(who, s->c) ? 1 : 0;
    int rc = store_load_cases(d->st, &key, 1, &c);
    if (rc == DK_OK)
        rc = c == NULL ? lost : sees(who, c) ? 1 : 0;
    dk_case_free(c);
    return rc;
}

int sight_of(struct daemon *d, const struct dk_who *who,
             const struct dk_case *c)
{
    const int64_t links[] = {c->repeat_of, c->group};
    int seen = dk_sees(who, c) ? 1 : 0;

    if (dk_sees_all(who) || dk_sees_unit(who))
        return seen;
    for (size_t i = 0; seen == 1 && i < sizeof(links) / sizeof(links[0]); i++) {
        if (links[i] != 0)
            seen = ask(d, who, links[i], dk_may_repeat, 1);
    }
    return seen;
}

int sight_key(struct daemon *d, const struct dk_who *who, int64_t key)
{
    struct dk_case *c = NULL;

    if (dk_sees_all(who))
        return 1;
    int rc = store_load_cases(d->st, &key, 1, &c);
    if (rc == DK_OK)
        rc = c != NULL ? sight_of(d, who, c) : 0;
    dk_case_free(c);
    return rc;
}

int sight_case(struct daemon *d, const struct item *it, const struct dk_case *c,
               struct dk_problem *p)
{
    int seen = c != NULL ? sight_of(d, &it->who, c) : 0;

    if (seen == 1)
        return DK_OK;
    if (seen < 0)
        return dk_fail(p, seen, NULL, NULL, NULL);
    return dk_fail(p, DK_ENOTFOUND, "/case_no",
                   "there is no case under this number; check it",
                   "没有该编号的案件，请核对编号");
}

/* ---- who had the case that another repeats --------------------------------
 */

int sight_repeat(struct daemon *d, const struct dk_who *who, struct dk_case *c)
{
    if (!dk_sees_unit(who) || c->repeat_of == 0)
        return 0;
    int seen = ask(d, who, c->repeat_of, dk_sees, 0);
    if (seen != 0)
        return seen < 0 ? seen : 0;
    c->repeat_unit[0] = c->repeat_handler[0] = '\0';
    return 1;
}

static void forget(cJSON *o, const char *key)
{
    if (cJSON_GetObjectItemCaseSensitive(o, key) != NULL)
        cJSON_ReplaceItemInObjectCaseSensitive(o, key, cJSON_CreateNull());
}

static bool names(const cJSON *body, const char *key, int64_t shown)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(body, key);
    int32_t county;
    int64_t is;

    return cJSON_IsString(v) && shown != 0 &&
           dk_case_no_parse(v->valuestring, &county, &is) == DK_OK &&
           is == shown;
}

int sight_event(const struct dk_event *e, int64_t shown, struct dk_jw *w)
{
    cJSON *o = NULL, *had;
    int rc;

    if (e->type != DK_EV_SUBMITTED && e->type != DK_EV_LINKED)
        return 0;
    rc = dk_json_parse_obj(e->body, e->body_len, e->body_len, &o, NULL);
    if (rc != DK_OK)
        return rc == DK_ENOMEM ? rc : 0;
    bool first = e->type == DK_EV_SUBMITTED;
    had = first ? cJSON_GetObjectItemCaseSensitive(o, "repeat") : o;
    rc = had != NULL && !names(o, first ? "repeat_of" : "to", shown) ? 1 : 0;
    if (rc == 1) {
        forget(had, "unit");
        forget(had, "handler");
        dk_jw_cjson(w, NULL, o);
    }
    cJSON_Delete(o);
    return w->oom ? DK_ENOMEM : rc;
}
