#include "import_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "proto/submit.h"
#include "proto/timefmt.h"
#include "proto/uuid.h"

enum {
    ANSWER_MAX = 32768
};

static const struct import_map plain = {
    .member =
        {
            [IMPORT_ID] = "id",
            [IMPORT_SUBMITTED] = "submitted_at",
            [IMPORT_SUBJECT] = "subject",
            [IMPORT_FACTS] = "facts",
            [IMPORT_REGION] = "region",
            [IMPORT_CATEGORY] = "category",
            [IMPORT_REPLY] = "reply",
            [IMPORT_REPLIED] = "replied_at",
            [IMPORT_ACCEPTED] = "accepted_at",
            [IMPORT_CHANNEL] = "channel",
        },
};

static int bad_map(const char *at, struct dk_problem *p)
{
    return dk_failf(p, DK_EFIELD, NULL,
                    "--map is 'replied' or pairs such as facts=content, of "
                    "id, submitted_at, subject, facts, region, category, "
                    "reply, replied_at, accepted_at, channel; not '%.60s'",
                    "--map 为 replied，或如 facts=content 的对应关系（可用 "
                    "id、submitted_at、subject、facts、region、category、"
                    "reply、replied_at、accepted_at、channel）；不能是“%.60s”",
                    at);
}

static int map_pair(struct import_map *m, char *pair, struct dk_problem *p)
{
    char *value = strchr(pair, '=');

    if (value == NULL || value[1] == '\0')
        return bad_map(pair, p);
    *value++ = '\0';
    for (int i = 0; i < IMPORT_FIELD_N; i++)
        if (strcmp(plain.member[i], pair) == 0) {
            m->member[i] = value;
            return 0;
        }
    return bad_map(pair, p);
}

int import_map_parse(const char *text, struct import_map *out,
                     struct dk_problem *p)
{
    struct import_map m = plain;
    char *save = NULL;

    if (text != NULL && strcmp(text, "replied") != 0) {
        m.text = strdup(text);
        if (m.text == NULL)
            return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
        for (char *pair = strtok_r(m.text, ",", &save); pair != NULL;
             pair = strtok_r(NULL, ",", &save))
            if (map_pair(&m, pair, p) != 0) {
                free(m.text);
                return DK_EFIELD;
            }
    }
    *out = m;
    return 0;
}

void import_map_fini(struct import_map *m)
{
    free(m->text);
    m->text = NULL;
}

/* An id is text or a whole number. */
static int read_id(const cJSON *o, const char *key, struct import_line *l,
                   struct dk_problem *p)
{
    int64_t n;

    if (cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(o, key))) {
        int rc = dk_json_int(o, key, DK_REQUIRED, 0, INT64_MAX, &n, NULL, p);
        if (rc != 0)
            return rc;
        (void)snprintf(l->number, sizeof l->number, "%" PRId64, n);
        l->id = l->number;
        return 0;
    }
    return dk_json_str(o, key, DK_REQUIRED, 1, 200, &l->id, NULL, p);
}

static int read_time(const cJSON *o, const char *key, int need,
                     const char **text, dk_ms *out, struct dk_problem *p)
{
    int rc = dk_json_time(o, key, need, out, NULL, p);

    if (rc == 0)
        rc = dk_json_str(o, key, need, 1, 64, text, NULL, p);
    return rc;
}

/* "" says no more than null does. */
static const char *or_null(const char *s)
{
    return s == NULL || s[0] == '\0' ? NULL : s;
}

static int read_texts(const cJSON *o, const struct import_how *how,
                      struct import_line *l, struct dk_problem *p)
{
    const char *const *m = how->map.member;
    const char *facts = m[IMPORT_FACTS];
    int channel = -1;
    int rc;

    /* "facts" unless the line calls it "body", as message boards do */
    if (facts == plain.member[IMPORT_FACTS] &&
        cJSON_GetObjectItemCaseSensitive(o, facts) == NULL &&
        cJSON_GetObjectItemCaseSensitive(o, "body") != NULL)
        facts = "body";
    if ((rc = dk_json_str(o, m[IMPORT_SUBJECT], DK_REQUIRED, 1, 400,
                          &l->subject, NULL, p)) != 0 ||
        (rc = dk_json_str(o, facts, DK_REQUIRED, 1, 49152, &l->facts, NULL,
                          p)) != 0 ||
        (rc = dk_json_str(o, m[IMPORT_REGION], DK_OPTIONAL, 0, DK_ID_MAX,
                          &l->region, NULL, p)) != 0 ||
        (rc = dk_json_str(o, m[IMPORT_CATEGORY], DK_OPTIONAL, 0, 200,
                          &l->category, NULL, p)) != 0 ||
        (rc = dk_json_str(o, m[IMPORT_REPLY], DK_OPTIONAL, 0, ANSWER_MAX,
                          &l->reply, NULL, p)) != 0 ||
        (rc = dk_json_enum(o, m[IMPORT_CHANNEL], DK_OPTIONAL, dk_channel_names,
                           &channel, NULL, p)) != 0)
        return rc;
    l->region = or_null(l->region);
    l->category = or_null(l->category);
    l->reply = or_null(l->reply);
    l->channel = channel < 0 ? how->channel : dk_channel_names[channel];
    return 0;
}

static int fail_at(struct dk_problem *p, const char *key, const char *en,
                   const char *zh)
{
    char pointer[128];

    dk_at_pointer(NULL, key, pointer, sizeof pointer);
    return dk_fail(p, DK_EFIELD, pointer, en, zh);
}

static int read_times(const cJSON *o, const struct import_how *how,
                      struct import_line *l, struct dk_problem *p)
{
    const char *const *m = how->map.member;
    int rc;

    l->accepted = l->replied = DK_NEVER;
    if ((rc = read_time(o, m[IMPORT_SUBMITTED], DK_REQUIRED, &l->submitted_at,
                        &l->submitted, p)) != 0 ||
        (rc = read_time(o, m[IMPORT_REPLIED], DK_OPTIONAL, &l->replied_at,
                        &l->replied, p)) != 0 ||
        (rc = read_time(o, m[IMPORT_ACCEPTED], DK_OPTIONAL, &l->accepted_at,
                        &l->accepted, p)) != 0)
        return rc;
    if (l->reply != NULL && l->replied == DK_NEVER)
        return fail_at(p, m[IMPORT_REPLIED],
                       "there is a reply but not when it was given",
                       "有答复但没有答复时间");
    if (l->reply == NULL && l->replied != DK_NEVER)
        return fail_at(p, m[IMPORT_REPLY],
                       "there is a time of reply but no reply",
                       "有答复时间但没有答复");
    if (l->accepted == DK_NEVER) {
        l->accepted = l->submitted;
        l->accepted_at = l->submitted_at;
    }
    if (l->accepted < l->submitted)
        return fail_at(p, m[IMPORT_ACCEPTED],
                       "accepted before it was submitted",
                       "受理时间早于提交时间");
    if (l->reply != NULL && l->replied < l->accepted)
        return fail_at(p, m[IMPORT_REPLIED],
                       "answered before it was submitted or accepted",
                       "答复时间早于提交或受理时间");
    return 0;
}

int import_line_read(const char *text, size_t len, const struct import_how *how,
                     struct import_line *out, struct dk_problem *p)
{
    int rc;

    memset(out, 0, sizeof *out);
    rc = dk_json_parse_obj(text, len, IMPORT_LINE_MAX, &out->json, p);
    if (rc != 0)
        return rc;
    rc = read_id(out->json, how->map.member[IMPORT_ID], out, p);
    if (rc == 0)
        rc = read_texts(out->json, how, out, p);
    if (rc == 0)
        rc = read_times(out->json, how, out, p);
    if (rc != 0)
        import_line_fini(out);
    return rc;
}

void import_line_fini(struct import_line *l)
{
    cJSON_Delete(l->json);
    l->json = NULL;
}

void import_uuid(const char *source, const char *step, const char *id, dk_ms at,
                 char out[DK_UUID_TEXT])
{
    static const char domain[] = "docket import 1";
    crypto_generichash_state st;
    uint8_t hash[16];
    struct dk_uuid u;
    const char *const parts[] = {domain, source, step, id};

    (void)crypto_generichash_init(&st, NULL, 0, sizeof hash);
    for (int i = 0; i < 4; i++) /* each with its NUL: no two run together */
        (void)crypto_generichash_update(&st, (const uint8_t *)parts[i],
                                        strlen(parts[i]) + 1);
    (void)crypto_generichash_final(&st, hash, sizeof hash);
    dk_uuid_v7(&u, at, hash);
    dk_uuid_format(&u, out);
}

static int finish(const struct dk_jw *w, struct dk_problem *p)
{
    if (w->oom)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    if (w->len > DK_BODY_MAX)
        return dk_failf(p, DK_ETOOBIG, NULL,
                        "the line makes a request of %zu bytes, more than "
                        "%d",
                        "该行生成的请求为 %zu 字节，超过 %d", w->len,
                        DK_BODY_MAX);
    return 0;
}

/* As the broker will: what it would refuse need not travel. */
static int check_submit(const struct dk_jw *w, struct dk_problem *p)
{
    struct dk_submit s;
    cJSON *o;
    int rc = dk_json_parse_obj(w->buf, w->len, DK_BODY_MAX, &o, p);

    if (rc != 0)
        return rc;
    rc = dk_submit_read(o, &s, p);
    cJSON_Delete(o);
    return rc;
}

int import_write_submit(const struct import_line *l,
                        const struct import_how *how, struct dk_jw *w,
                        struct dk_problem *p)
{
    char id[DK_UUID_TEXT];

    import_uuid(how->source, "submit", l->id, l->submitted, id);
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "submission_id", id);
    dk_jw_str(w, "channel", l->channel);
    dk_jw_str(w, "subject", l->subject);
    dk_jw_str(w, "facts", l->facts);
    if (l->region != NULL)
        dk_jw_str(w, "region", l->region);
    if (l->category != NULL)
        dk_jw_str(w, "category", l->category);
    dk_jw_str(w, "submitted_at", l->submitted_at);
    dk_jw_bool(w, "import", true);
    dk_jw_end_obj(w);
    int rc = finish(w, p);
    return rc == 0 ? check_submit(w, p) : rc;
}

int import_write_act(const struct import_line *l, const struct import_how *how,
                     const char *action, const char *case_no, struct dk_jw *w,
                     struct dk_problem *p)
{
    bool answer = strcmp(action, "answer") == 0;
    char id[DK_UUID_TEXT];

    import_uuid(how->source, action, l->id, answer ? l->replied : l->accepted,
                id);
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "command_id", id);
    dk_jw_str(w, "case_no", case_no);
    dk_jw_str(w, "action", action);
    dk_jw_str(w, "actor", how->source);
    dk_jw_str(w, "at", answer ? l->replied_at : l->accepted_at);
    if (answer)
        dk_jw_str(w, "text", l->reply);
    dk_jw_end_obj(w);
    return finish(w, p);
}
