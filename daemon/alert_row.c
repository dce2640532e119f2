#include "daemon/alert_row.h"

#include <string.h>

static dk_ms due_of(const struct dk_case *c, const char *clock)
{
    for (int i = 0; i < c->n_clock; i++) {
        if (strcmp(c->clock[i].id, clock) == 0)
            return c->clock[i].due_at;
    }
    return 0;
}

int alert_row(const struct dk_event *e, const struct dk_case *c, cJSON **body,
              struct store_alert *out)
{
    struct store_alert a = {
        .key = e->key, .n = e->n, .raised_at = e->at, .body = e->body};
    int rc = dk_json_parse_obj(e->body, e->body_len, e->body_len, body, NULL);

    if (rc == DK_OK)
        rc = dk_json_str(*body, "clock", DK_REQUIRED, 1, 64, &a.clock, NULL,
                         NULL);
    if (rc == DK_OK)
        rc =
            dk_json_str(*body, "rung", DK_REQUIRED, 1, 64, &a.rung, NULL, NULL);
    if (rc == DK_OK)
        rc = dk_json_str(*body, "level", DK_REQUIRED, 1, 64, &a.level, NULL,
                         NULL);
    if (rc != DK_OK)
        return rc;
    const cJSON *unit = cJSON_AddStringToObject(*body, "unit", c->unit);
    if (unit == NULL)
        return DK_ENOMEM;
    a.unit = unit->valuestring;
    /* Events from before they said so: as the limit stood. */
    a.due_at = due_of(c, a.clock);
    rc = dk_json_time(*body, "due_at", DK_OPTIONAL, &a.due_at, NULL, NULL);
    *out = a;
    return rc;
}

int alert_row_ack(const struct dk_event *e, struct store_alert_ack *out)
{
    bool acked = e->type == DK_EV_ALERT_ACKED;
    cJSON *o = NULL;
    int64_t n = 0;
    int rc = dk_json_parse_fixed(e->body, e->body_len, e->body_len, &o, NULL);

    if (rc == DK_OK)
        rc = dk_json_int(o, acked ? "alert" : "replaces",
                         acked ? DK_REQUIRED : DK_OPTIONAL, 1, UINT32_MAX, &n,
                         NULL, NULL);
    cJSON_Delete(o);
    *out = (struct store_alert_ack){.key = e->key,
                                    .n = (uint32_t)n,
                                    .at = e->at,
                                    .by = acked ? e->actor : "docketd"};
    return rc;
}
