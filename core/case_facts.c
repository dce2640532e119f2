#include "case_internal.h"

#include <stdlib.h>
#include <string.h>

int dk_case_id_read(const cJSON *o, const char *key, char to[DK_ID_MAX + 1],
                    const struct dk_at *at, struct dk_problem *p)
{
    const char *id = "";
    int rc = dk_json_id(o, key, DK_OPTIONAL, &id, at, p);

    if (rc == 0)
        memcpy(to, id, strlen(id) + 1);
    return rc;
}

void dk_case_id_write(struct dk_jw *w, const char *key, const char *id)
{
    dk_jw_str(w, key, id[0] != '\0' ? id : NULL);
}

static int read_respondents(const cJSON *o, struct dk_case *c,
                            struct dk_problem *p)
{
    const cJSON *arr = NULL, *v;
    int n = 0;
    int rc = dk_json_arr(o, "respondents", DK_REQUIRED, 0, DK_RESPOND_MAX, &arr,
                         NULL, p);

    if (rc != 0)
        return rc;
    cJSON_ArrayForEach (v, arr) {
        const struct dk_at in = {NULL, "respondents", 0}, at = {&in, NULL, n};
        struct dk_case_respondent *r = &c->respondent[n++];

        rc = dk_case_id_read(v, "unit", r->unit, &at, p);
        if (rc == 0)
            rc = dk_case_id_read(v, "officer", r->officer, &at, p);
        if (rc != 0)
            return rc;
    }
    c->n_respondent = n;
    return 0;
}

void dk_case_respondents_write(struct dk_jw *w, const struct dk_case *c)
{
    dk_jw_arr(w, "respondents");
    for (int i = 0; i < c->n_respondent; i++) {
        dk_jw_obj(w, NULL);
        dk_case_id_write(w, "unit", c->respondent[i].unit);
        dk_case_id_write(w, "officer", c->respondent[i].officer);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
}

static int read_text(const cJSON *o, const char *key, int need, char **out,
                     struct dk_problem *p)
{
    const char *s = NULL;
    int rc = dk_json_str(o, key, need, 1, DK_CASE_TEXT_MAX, &s, NULL, p);

    if (rc != 0 || s == NULL)
        return rc;
    *out = strdup(s);
    return *out != NULL ? 0 : dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
}

/* *to becomes a copy of `s`; NULL stays NULL. */
static bool copy_text(char **to, const char *s)
{
    *to = s != NULL ? strdup(s) : NULL;
    return s == NULL || *to != NULL;
}

int dk_case_facts_take(const struct dk_submit *s, struct dk_case *c)
{
    c->imported = s->import;
    c->channel = s->channel;
    c->kind = s->kind;
    c->petitioners = s->petitioners;
    c->n_respondent = s->n_respondent;
    for (int i = 0; i < s->n_respondent; i++) {
        dk_case_put_id(c->respondent[i].unit, s->respondent[i].unit);
        dk_case_put_id(c->respondent[i].officer, s->respondent[i].officer);
    }
    c->anonymous = s->n_person == 0;
    c->unreachable = !s->import && !dk_submit_reachable(s);
    c->confidential = s->confidential;
    c->needs = s->needs;
    dk_case_from_take(s, c);
    bool ok = copy_text(&c->subject, s->subject);
    ok = copy_text(&c->region, s->region) && ok;
    ok = copy_text(&c->category, s->category) && ok;
    if (ok)
        return 0;
    free(c->subject);
    free(c->region);
    free(c->category);
    return DK_ENOMEM;
}

int dk_case_facts_read(const cJSON *o, struct dk_case *c, struct dk_problem *p)
{
    char *subject = NULL, *region = NULL, *category = NULL;
    int channel = 0, kind = 0;
    int rc = dk_json_enum(o, "channel", DK_REQUIRED, dk_channel_names, &channel,
                          NULL, p);

    if (rc == 0)
        rc =
            dk_json_enum(o, "kind", DK_REQUIRED, dk_kind_names, &kind, NULL, p);
    if (rc == 0)
        rc = dk_json_int(o, "petitioners", DK_REQUIRED, 1, INT64_C(1) << 53,
                         &c->petitioners, NULL, p);
    if (rc == 0)
        rc = read_respondents(o, c, p);
    if (rc == 0)
        rc = dk_json_bool(o, "anonymous", DK_OPTIONAL, &c->anonymous, NULL, p);
    if (rc == 0)
        rc = dk_json_bool(o, "unreachable", DK_OPTIONAL, &c->unreachable, NULL,
                          p);
    if (rc == 0)
        rc = dk_json_bool(o, "confidential", DK_OPTIONAL, &c->confidential,
                          NULL, p);
    if (rc == 0)
        rc = dk_json_set(o, "needs", DK_OPTIONAL, dk_need_names, &c->needs,
                         NULL, p);
    if (rc == 0)
        rc = dk_case_from_read(o, c, p);
    if (rc == 0)
        rc = read_text(o, "subject", DK_REQUIRED, &subject, p);
    if (rc == 0)
        rc = read_text(o, "region", DK_OPTIONAL, &region, p);
    if (rc == 0)
        rc = read_text(o, "category", DK_OPTIONAL, &category, p);
    if (rc != 0) {
        free(subject);
        free(region);
        free(category);
        return rc;
    }
    c->channel = (enum dk_channel)channel;
    c->kind = (enum dk_kind)kind;
    c->subject = subject;
    c->region = region;
    c->category = category;
    return 0;
}
