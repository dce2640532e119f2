/* query_view.c - what a petitioner is told of a case: how it stands, by when
 * the office owes the next step, what it wrote to them, and what they may do.
 */
#include "core/steps.h"
#include "daemon/daemon.h"

static void write_limit(struct daemon *d, struct dk_jw *w,
                        const struct dk_case *c)
{
    const struct dk_clock *next = NULL;

    for (int i = 0; i < c->n_clock; i++) {
        const struct dk_clock *k = &c->clock[i];
        if (k->state == DK_CLOCK_RUNNING &&
            (next == NULL || k->due_at < next->due_at))
            next = k;
    }
    if (next == NULL) {
        dk_jw_null(w, "next_limit");
        return;
    }
    dk_jw_obj(w, "next_limit");
    dk_jw_str(w, "clock", next->id);
    dk_jw_time(w, "due_at", next->due_at, d->cfg->offset_min);
    dk_jw_end_obj(w);
}

static void write_steps(struct daemon *d, struct dk_jw *w,
                        const struct dk_case *c)
{
    struct dk_step step[DK_STEP_N];
    int n = dk_case_steps(c, wall_now(&d->wall), step);

    dk_jw_arr(w, "steps");
    for (int i = 0; i < n; i++) {
        dk_jw_obj(w, NULL);
        dk_jw_str(w, "action", dk_step_names[step[i].kind]);
        dk_jw_time(w, "until", step[i].until, d->cfg->offset_min);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
}

/* ---- what the office wrote ------------------------------------------------
 */

static const struct paper {
    enum dk_ev ev, given;
    const char *document;
    const char *text; /* the event's member that is its text */
} papers[] = {
    {DK_EV_NOT_ACCEPTED, DK_EV_NOTICE_GIVEN, "non_acceptance", "ground"},
    {DK_EV_ANSWERED, DK_EV_DELIVERED, "answer", "text"},
    {DK_EV_SETTLED, DK_EV_DELIVERED, "settlement", "text"},
    {DK_EV_REVIEWED, DK_EV_DELIVERED, "review", "text"},
    {DK_EV_RE_REVIEWED, DK_EV_DELIVERED, "re_review", "text"},
};

/* The latest of them; NULL: nothing was written yet. */
static const struct paper *latest(const struct dk_case *c)
{
    const struct paper *p = NULL;

    for (size_t i = 0; i < sizeof(papers) / sizeof(papers[0]); i++) {
        uint32_t n = c->last_n[papers[i].ev];

        if (n > 0 && (p == NULL || n > c->last_n[p->ev]))
            p = &papers[i];
    }
    return p;
}

struct writing {
    const struct daemon *d;
    struct dk_jw *w;
    const struct dk_case *c;
    const struct paper *p;
};

static int write_event(void *arg, const struct dk_event *e)
{
    static const char *const more[] = {"legal_basis", "explanation",
                                       "other_door", "result", "manner"};
    const struct writing *r = arg;
    const char *text = NULL;
    cJSON *o = NULL;
    int rc = dk_json_parse_obj(e->body, e->body_len, e->body_len, &o, NULL);

    if (rc == DK_OK)
        rc = dk_json_str(o, r->p->text, DK_REQUIRED, 1, DK_BODY_MAX, &text,
                         NULL, NULL);
    if (rc == DK_OK) {
        dk_jw_obj(r->w, "paper");
        dk_jw_str(r->w, "document", r->p->document);
        dk_jw_time(r->w, "at", e->claimed != DK_NEVER ? e->claimed : e->at,
                   r->d->cfg->offset_min);
        dk_jw_bool(r->w, "delivered", r->c->last_n[r->p->given] > e->n);
        dk_jw_str(r->w, "text", text);
        for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
            const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, more[i]);

            if (cJSON_IsString(v))
                dk_jw_str(r->w, more[i], v->valuestring);
        }
        dk_jw_end_obj(r->w);
    }
    cJSON_Delete(o);
    return rc == DK_OK ? 1 : rc;
}

static int write_paper(struct daemon *d, struct dk_jw *w,
                       const struct dk_case *c)
{
    struct writing r = {.d = d, .w = w, .c = c, .p = latest(c)};

    if (r.p == NULL) {
        dk_jw_null(w, "paper");
        return DK_OK;
    }
    return store_case_events(d->st, c->key, c->last_n[r.p->ev], 1, write_event,
                             &r);
}

int query_view(struct daemon *d, struct dk_jw *w, const struct dk_case *c)
{
    int rc;

    dk_jw_obj(w, NULL);
    wire_case_no(d, w, "case_no", c->key);
    dk_jw_str(w, "state", dk_state_name(c->state));
    dk_jw_str(w, "state_zh", dk_state_zh(c->state));
    dk_jw_time(w, "submitted_at", c->submitted_at, d->cfg->offset_min);
    dk_jw_str(w, "unit", c->unit[0] != '\0' ? c->unit : NULL);
    dk_jw_str(w, "owner", dk_case_owner(c));
    write_limit(d, w, c);
    write_steps(d, w, c);
    rc = write_paper(d, w, c);
    dk_jw_end_obj(w);
    return rc;
}
