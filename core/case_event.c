/* Events as JSON, the way tasks carry them. */
#include "case_internal.h"

#include <string.h>

void dk_event_write_task(struct dk_jw *w, const char *key,
                         const struct dk_event *e, const struct dk_case *c,
                         int offset_min)
{
    dk_jw_obj(w, key);
    dk_jw_int(w, "n", e->n);
    dk_jw_str(w, "type", dk_ev_name(e->type));
    dk_jw_time(w, "at", e->at, offset_min);
    dk_jw_time(w, "claimed_at", e->claimed, offset_min);
    dk_jw_time(w, "effective_at", dk_event_effective(c, e), offset_min);
    dk_jw_str(w, "actor", e->actor);
    dk_jw_raw(w, "body", e->body, e->body_len);
    dk_jw_end_obj(w);
}

static const char *const event_names[] = {
#define EVENT_NAME(name, wire, zh) wire,
    DK_EVENTS(EVENT_NAME)
#undef EVENT_NAME
        NULL};

int dk_event_read(const cJSON *o, struct dk_event *out, struct dk_problem *p)
{
    struct dk_event e = {.claimed = DK_NEVER};
    struct dk_jw w = {0};
    const char *actor = NULL;
    const cJSON *body = NULL;
    int64_t n = 0;
    int type = 0;
    int rc = dk_json_int(o, "n", DK_REQUIRED, 1, UINT32_MAX, &n, NULL, p);

    if (rc == 0)
        rc = dk_json_enum(o, "type", DK_REQUIRED, event_names, &type, NULL, p);
    if (rc == 0)
        rc = dk_json_time(o, "at", DK_REQUIRED, &e.at, NULL, p);
    if (rc == 0)
        rc = dk_json_time(o, "claimed_at", DK_OPTIONAL, &e.claimed, NULL, p);
    if (rc == 0)
        rc =
            dk_json_str(o, "actor", DK_REQUIRED, 1, DK_ID_MAX, &actor, NULL, p);
    if (rc == 0)
        rc = dk_json_obj(o, "body", DK_REQUIRED, &body, NULL, p);
    if (rc != 0)
        return rc;
    dk_jw_cjson(&w, NULL, body);
    e.body = dk_jw_take(&w, &e.body_len);
    dk_jw_fini(&w);
    if (e.body == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    e.n = (uint32_t)n;
    e.type = (enum dk_ev)type;
    memcpy(e.actor, actor, strlen(actor) + 1);
    *out = e;
    return 0;
}
