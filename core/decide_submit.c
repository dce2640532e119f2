#include "decide_internal.h"

#include "proto/caseno.h"
#include "proto/uuid.h"

static void write_respondents(struct dk_jw *w, const struct dk_submit *s)
{
    dk_jw_arr(w, "respondents");
    for (int i = 0; i < s->n_respondent; i++) {
        dk_jw_obj(w, NULL);
        dk_jw_str(w, "unit", s->respondent[i].unit);
        dk_jw_str(w, "officer", s->respondent[i].officer);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
}

/* Written as every case number is, however it was given. */
static void write_from(struct dk_jw *w, const struct dk_submit *s)
{
    char no[DK_CASE_NO_MAX];
    int32_t county;
    int64_t key;

    if (dk_case_no_parse(s->from, &county, &key) != 0)
        return; /* dk_submit_read() has checked it */
    dk_case_no_format(county, key, no);
    dk_jw_str(w, "from", no);
    dk_jw_str(w, "from_unit", s->from_unit[0] != '\0' ? s->from_unit : NULL);
}

/* What most submissions do not say is left out. */
static void write_rest(struct dk_decision *d)
{
    const struct dk_submit *s = d->cmd->submit;
    const struct dk_case *before = d->cmd->other;
    struct dk_jw *w = &d->w;

    if (s->n_person == 0)
        dk_jw_bool(w, "anonymous", true);
    /* Of history that is brought in nobody knows who could be reached. */
    if (!s->import && !dk_submit_reachable(s))
        dk_jw_bool(w, "unreachable", true);
    if (s->confidential)
        dk_jw_bool(w, "confidential", true);
    if (s->needs != 0)
        dk_needs_write(w, "needs", s->needs);
    if (s->from != NULL)
        write_from(w, s);
    if (s->repeat_of == NULL)
        return;
    dk_jw_str(w, "repeat_of", s->repeat_of);
    if (before == NULL)
        return;
    dk_jw_obj(w, "repeat");
    dk_jw_str(w, "unit", before->unit[0] != '\0' ? before->unit : NULL);
    dk_jw_str(w, "handler",
              before->handler[0] != '\0' ? before->handler : NULL);
    dk_jw_end_obj(w);
}

int dk_decide_submit(struct dk_decision *d)
{
    const struct dk_submit *s = d->cmd->submit;
    struct dk_jw *w = &d->w;
    char id[DK_UUID_TEXT];

    dk_uuid_format(&s->submission, id);
    dk_jw_str(w, "submission_id", id);
    dk_jw_str(w, "channel", dk_channel_names[s->channel]);
    dk_jw_str(w, "kind", dk_kind_names[s->kind]);
    dk_jw_str(w, "subject", s->subject);
    dk_jw_str(w, "facts", s->facts);
    dk_jw_str(w, "region", s->region);
    dk_jw_str(w, "category", s->category);
    dk_jw_int(w, "petitioners", s->petitioners);
    write_respondents(w, s);
    dk_jw_bool(w, "imported", s->import);
    dk_jw_time(w, "submitted_at", d->effective, d->env->offset_min);
    dk_jw_str(w, "person", d->cmd->person);
    write_rest(d);
    return 0;
}
