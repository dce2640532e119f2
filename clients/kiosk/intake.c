#include "intake.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/submit.h"
#include "proto/timefmt.h"
#include "proto/uuid.h"

void intake_hash(const void *data, size_t len, uint8_t out[SPOOL_HASH])
{
    crypto_generichash(out, SPOOL_HASH, data, len, NULL, 0);
}

/* Set a member that is absent; null counts as absent. */
static int set_absent(cJSON *o, const char *key, const char *value)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

    if (v != NULL && !cJSON_IsNull(v))
        return 0;
    cJSON_DeleteItemFromObjectCaseSensitive(o, key);
    if (cJSON_AddStringToObject(o, key, value) == NULL)
        return DK_ENOMEM;
    return 0;
}

/* Of what is said, before a missing submitted_at is filled in: a producer that
 * repeats itself does not know what we filled in the first time.
 */
static int digest(const struct dk_submit *s, uint8_t out[SPOOL_HASH])
{
    struct dk_jw w = {0};
    int rc = 0;

    dk_submit_write_canonical(&w, s);
    if (w.oom || w.len == 0)
        rc = DK_ENOMEM;
    else
        intake_hash(w.buf, w.len, out);
    dk_jw_fini(&w);
    return rc;
}

static int write_body(const cJSON *o, struct intake *out, struct dk_problem *p)
{
    struct dk_jw w = {0};

    dk_jw_cjson(&w, NULL, o);
    out->body = dk_jw_take(&w, &out->len);
    if (out->body == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    if (out->len > DK_BODY_MAX)
        return dk_failf(p, DK_ETOOBIG, NULL,
                        "the case has %zu bytes; at most %d can be sent",
                        "案件有 %zu 字节，最多可发送 %d 字节", out->len,
                        DK_BODY_MAX);
    return 0;
}

int intake_read(const char *text, size_t len, const char *fresh_id, dk_ms now,
                struct intake *out, struct dk_problem *p)
{
    cJSON *o = NULL;
    struct dk_submit s;
    char at[DK_TIME_MAX];
    int rc;

    *out = (struct intake){0};
    rc = dk_json_parse_obj(text, len, DK_BODY_MAX, &o, p);
    if (rc != 0)
        return rc;
    if (set_absent(o, "submission_id", fresh_id) != 0) {
        rc = dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
        goto end;
    }
    rc = dk_submit_read(o, &s, p);
    if (rc == 0 && s.from != NULL)
        rc = dk_fail(p, DK_EFIELD, "/from",
                     "a case from another docket does not come by a kiosk; "
                     "leave 'from' out",
                     "其他平台的案件不经自助终端提交；请勿填写“from”");
    if (rc != 0)
        goto end;
    dk_uuid_format(&s.submission, out->submission);
    dk_time_format(now, 0, at);
    if (digest(&s, out->digest) != 0 ||
        set_absent(o, "submitted_at", at) != 0) {
        rc = dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
        goto end;
    }
    rc = write_body(o, out, p);

end:
    cJSON_Delete(o);
    if (rc != 0)
        intake_fini(out);
    return rc;
}

void intake_fini(struct intake *in)
{
    free(in->body);
    in->body = NULL;
}
