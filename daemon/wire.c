/* wire.c - how the daemon's values look in a body. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "proto/caseno.h"
#include "proto/uuid.h"

void wire_offset(struct dk_jw *w, const char *key, int offset_min)
{
    char s[16];
    int m = abs(offset_min);

    snprintf(s, sizeof(s), "%c%02d:%02d", offset_min < 0 ? '-' : '+', m / 60,
             m % 60);
    dk_jw_str(w, key, s);
}

void wire_county(const struct daemon *d, struct dk_jw *w, const char *key)
{
    char s[16];

    snprintf(s, sizeof(s), "%06d", (int)d->cfg->county);
    dk_jw_str(w, key, s);
}

void wire_case_no(const struct daemon *d, struct dk_jw *w, const char *key,
                  int64_t case_key)
{
    char no[DK_CASE_NO_MAX];

    dk_case_no_format((int32_t)d->cfg->county, case_key, no);
    dk_jw_str(w, key, no);
}

void wire_id(struct dk_jw *w, const char *key, int64_t v)
{
    char s[24];

    snprintf(s, sizeof(s), "%" PRId64, v);
    dk_jw_str(w, key, s);
}

void wire_uuid(struct dk_jw *w, const char *key, const struct dk_uuid *u)
{
    char text[DK_UUID_TEXT];

    dk_uuid_format(u, text);
    dk_jw_str(w, key, text);
}

void wire_event(const struct daemon *d, struct dk_jw *w, const char *key,
                const struct dk_event *e)
{
    dk_jw_obj(w, key);
    wire_id(w, "seq", e->seq);
    dk_jw_hex(w, "broker", d->info.broker, sizeof(d->info.broker));
    wire_case_no(d, w, "case_no", e->key);
    dk_jw_int(w, "n", e->n);
    dk_jw_str(w, "type", dk_ev_name(e->type));
    dk_jw_time(w, "at", e->at, d->cfg->offset_min);
    dk_jw_time(w, "claimed_at", e->claimed, d->cfg->offset_min);
    dk_jw_str(w, "actor", e->actor);
    dk_jw_raw(w, "body", e->body, e->body_len);
    dk_jw_hex(w, "hash", e->hash, sizeof(e->hash));
    dk_jw_end_obj(w);
}

/* Who sits on the line can leave out whole parts of what CURVE protects, and
 * libzmq sees nothing; a kiosk must not be told of another's case.
 */
int wire_own_id(const char *request, const cJSON *body, bool submit,
                struct dk_problem *p)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(body, "submission_id");
    struct dk_uuid asked;

    if (dk_uuid_parse(request, strlen(request), &asked) != DK_OK)
        return DK_OK;
    if (submit ? cJSON_IsString(v) && strcmp(v->valuestring, request) == 0
               : v == NULL)
        return DK_OK;
    return dk_fail(p, DK_EFRAMES, NULL,
                   "the request's id is a UUID, but not the submission_id of "
                   "its body: parts of two messages were put together; send "
                   "both again, each with its submission_id as its request id",
                   "请求编号是 UUID，但与消息内容的 submission_id "
                   "不一致：两条消息的部分被拼在一起；请将两条都重发，各以其 "
                   "submission_id 作为请求编号");
}
