#include "cloudevent.h"

#include <stdio.h>
#include <string.h>

#include "problem.h"

void dk_cloudevent_begin(struct dk_jw *w, const struct dk_cloudevent *e)
{
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "specversion", "1.0");
    dk_jw_str(w, "id", e->id);
    dk_jw_str(w, "source", e->source);
    dk_jw_str(w, "type", e->type);
    if (e->subject != NULL)
        dk_jw_str(w, "subject", e->subject);
    if (e->time != NULL)
        dk_jw_str(w, "time", e->time);
    if (e->sequence != NULL)
        dk_jw_str(w, "sequence", e->sequence);
    dk_jw_str(w, "datacontenttype", "application/json");
}

static const char *text_of(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

    return cJSON_IsString(v) && v->valuestring[0] != '\0' ? v->valuestring
                                                          : NULL;
}

int dk_cloudevent_write(struct dk_jw *w, const cJSON *event)
{
    static const char *const data[] = {"case_no", "n",    "actor", "claimed_at",
                                       "body",    "hash", "prev"};
    const char *seq = text_of(event, "seq"), *type = text_of(event, "type");
    const char *broker = text_of(event, "broker");
    char source[64], kind[64], sequence[24];

    if (seq == NULL || type == NULL || broker == NULL || strlen(seq) > 20 ||
        strlen(broker) > 40 || strlen(type) > 40)
        return DK_EFIELD;
    (void)snprintf(source, sizeof(source), "urn:docket:%s", broker);
    (void)snprintf(kind, sizeof(kind), "docket.case.%s", type);
    (void)snprintf(sequence, sizeof(sequence), "%.*s%s",
                   (int)(20 - strlen(seq)), "00000000000000000000", seq);
    dk_cloudevent_begin(
        w, &(struct dk_cloudevent){.id = seq,
                                   .source = source,
                                   .type = kind,
                                   .subject = text_of(event, "case_no"),
                                   .time = text_of(event, "at"),
                                   .sequence = sequence});
    dk_jw_obj(w, "data");
    for (size_t i = 0; i < sizeof(data) / sizeof(data[0]); i++) {
        const cJSON *v = cJSON_GetObjectItemCaseSensitive(event, data[i]);
        if (v != NULL && !(i == 0 && cJSON_IsNull(v)))
            dk_jw_cjson(w, data[i], v);
    }
    dk_jw_end_obj(w);
    dk_jw_end_obj(w);
    return 0;
}
