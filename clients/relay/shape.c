#include "shape.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "proto/timefmt.h"
#include "proto/uuid.h"

#define TEXT_MAX 32000 /* bytes of a text that is told */

static const char *str(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

    return cJSON_IsString(v) ? v->valuestring : NULL;
}

static bool is(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

int shape_event_read(const cJSON *o, struct shape_event *out,
                     struct dk_problem *p)
{
    const cJSON *n = cJSON_GetObjectItemCaseSensitive(o, "n");
    int rc = 0;

    *out = (struct shape_event){
        .type = str(o, "type"),
        .case_no = str(o, "case_no"),
        .actor = str(o, "actor"),
        .hash = str(o, "hash"),
        .body = cJSON_GetObjectItemCaseSensitive(o, "body"),
    };
    if (is(out->type, "hidden"))
        return 0;
    if (out->type == NULL || out->case_no == NULL || out->actor == NULL ||
        out->hash == NULL || !cJSON_IsNumber(n) || !cJSON_IsObject(out->body))
        return dk_fail(p, DK_EFIELD, NULL, "this is no event", "这不是事件");
    out->n = (int64_t)n->valuedouble;
    rc = dk_json_time(o, "at", DK_REQUIRED, &out->at, NULL, p);
    return rc == 0 ? 1 : rc;
}

/* ---- which cases --------------------------------------------------------- */

bool shape_passes_on(const struct shape_rules *r, const struct shape_event *e,
                     const char *unit)
{
    for (int i = 0; i < r->n_acts; i++)
        if (is(e->type, r->acts[i]))
            return is(str(e->body, "unit"), unit);
    return false;
}

bool shape_wanted(const struct shape_rules *r, const char *category)
{
    if (category == NULL)
        category = "";
    for (int i = 0; i < r->n_categories; i++) {
        size_t n = strlen(r->category[i]);

        if (strncmp(category, r->category[i], n) == 0 &&
            (category[n] == '\0' || category[n] == '/'))
            return true;
    }
    return r->n_categories == 0;
}

/* ---- ids ----------------------------------------------------------------- */

/* Version 7 (RFC 9562) of the time and a hash where others have chance. */
static void make_id(const char *const part[], int n, dk_ms at,
                    char out[DK_UUID_TEXT])
{
    crypto_generichash_state st;
    uint8_t hash[32];
    struct dk_uuid u;

    crypto_generichash_init(&st, NULL, 0, sizeof(hash));
    for (int i = 0; i < n; i++) /* with its NUL: no two lists look alike */
        crypto_generichash_update(&st, (const unsigned char *)part[i],
                                  strlen(part[i]) + 1);
    crypto_generichash_final(&st, hash, sizeof(hash));
    dk_uuid_v7(&u, at > 0 ? at : 0, hash);
    dk_uuid_format(&u, out);
}

void shape_submission(const struct shape_event *e, char out[DK_UUID_TEXT])
{
    const char *const part[] = {"docket-relay submission", e->case_no, e->hash};

    make_id(part, 3, e->at, out);
}

void shape_command(const char *case_no, const char *hash, const char *what,
                   dk_ms at, char out[DK_UUID_TEXT])
{
    const char *const part[] = {"docket-relay command", case_no, hash, what};

    make_id(part, 4, at, out);
}

/* ---- the case itself ----------------------------------------------------- */

/* Who is complained about is called something else there.  Whom the operator
 * has not named is somebody of where the case comes from: then nothing of that
 * place gets it there, which is the safe mistake.
 */
static const char *name_there(const struct shape_rules *r, const char *here,
                              const char *unit_there)
{
    for (int i = 0; i < r->n_names; i++)
        if (is(here, r->name[i].here))
            return r->name[i].there;
    return unit_there;
}

static void put_respondents(const struct shape_rules *r,
                            const struct shape_case *c, struct dk_jw *w)
{
    const cJSON *list =
        cJSON_GetObjectItemCaseSensitive(c->submitted, "respondents");
    const cJSON *v;

    dk_jw_arr(w, "respondents");
    cJSON_ArrayForEach (v, list) {
        const char *unit = str(v, "unit"), *officer = str(v, "officer");
        char id[DK_ID_MAX + 1];

        dk_jw_obj(w, NULL);
        dk_jw_str(w, "unit", name_there(r, unit, c->unit_there));
        /* Officers' ids are a docket's own: theirs may be somebody else's. */
        if (officer != NULL && snprintf(id, sizeof(id), "%.6s.%s", c->case_no,
                                        officer) < (int)sizeof(id))
            dk_jw_str(w, "officer", id);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
}

static void copy(struct dk_jw *w, const cJSON *from, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(from, key);

    if (v != NULL && !cJSON_IsNull(v))
        dk_jw_cjson(w, key, v);
}

void shape_submit(const struct shape_rules *r, const struct shape_case *c,
                  struct dk_jw *w)
{
    static const char *const as_it_was[] = {
        "channel",  "kind",        "subject",      "facts", "region",
        "category", "petitioners", "confidential", "needs"};

    dk_jw_obj(w, NULL);
    dk_jw_str(w, "submission_id", c->submission);
    dk_jw_str(w, "from", c->case_no);
    dk_jw_time(w, "submitted_at", c->came_at, 0);
    for (size_t i = 0; i < sizeof(as_it_was) / sizeof(as_it_was[0]); i++)
        copy(w, c->submitted, as_it_was[i]);
    dk_jw_cjson(w, "persons", c->persons);
    put_respondents(r, c, w);
    dk_jw_end_obj(w);
}

/* ---- what happens to it there -------------------------------------------- */

/* Events that are the same step on the other side, and what they say. */
static const struct step {
    const char *event, *action;
    const char *member[6];
} steps[] = {
    {"accepted", "accept", {"note"}},
    {"not_accepted", "not_accept", {"ground", "other_door"}},
    {"notice_given", "give_notice", {"number", "way", "note"}},
    {"extended", "extend", {"clock", "days", "approved_by", "reason"}},
    {"suspended", "suspend", {"ground", "reason"}},
    {"resumed", "resume", {"note"}},
    {"reported", "report", {"text"}},
    {"answered", "answer", {"text", "legal_basis", "explanation"}},
    {"settled", "settle", {"manner", "text", "fulfil_by"}},
    {"delivered", "deliver", {"way", "note"}},
    {"withdrawn", "withdraw", {"document", "reason"}},
};
/* Events that are told there where the case came from .. */
static const char *const told_home[] = {
    "registered",   "transferred", "handed_over",     "reopened",    "closed",
    "review_asked", "reviewed",    "re_review_asked", "re_reviewed", NULL};
/* .. and in the docket that it was passed on to. */
static const char *const told_away[] = {"withdrawn",         "urged",
                                        "reopened",          "objection_upheld",
                                        "objection_refused", NULL};
/* Which member of a body is its text. */
static const char *const texts[] = {"text",  "reason", "grounds", "ground",
                                    "facts", "note",   "unit",    NULL};

static const char *text_of(const cJSON *body)
{
    for (int i = 0; texts[i] != NULL; i++)
        if (str(body, texts[i]) != NULL)
            return str(body, texts[i]);
    return NULL;
}

static void open_act(struct dk_jw *w, const struct shape_act *a,
                     const char *command, const char *action)
{
    char actor[DK_ID_MAX + 8];

    snprintf(actor, sizeof(actor), "unit:%s", a->unit_here);
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "command_id", command);
    dk_jw_str(w, "case_no", a->case_no);
    dk_jw_str(w, "action", action);
    dk_jw_str(w, "actor", actor);
}

/* In the spool an act has what is needed to tell it otherwise. */
static void close_act(struct dk_jw *w, const struct shape_act *a,
                      const char *event, const char *hash)
{
    dk_jw_obj(w, "_");
    dk_jw_str(w, "there", a->there);
    dk_jw_str(w, "event", event);
    dk_jw_str(w, "hash", hash);
    dk_jw_end_obj(w);
    dk_jw_end_obj(w);
}

static void put_step(const struct shape_event *e, const struct shape_act *a,
                     const struct step *s, struct dk_jw *w,
                     char command[DK_UUID_TEXT])
{
    shape_command(a->case_no, e->hash, s->action, e->at, command);
    open_act(w, a, command, s->action);
    for (size_t i = 0; i < 6 && s->member[i] != NULL; i++)
        copy(w, e->body, s->member[i]);
    dk_jw_time(w, "at", e->at, 0);
    close_act(w, a, e->type, e->hash);
}

static void put_text(struct dk_jw *w, const char *key, const char *head,
                     const char *text)
{
    static char buf[TEXT_MAX + 128];
    size_t n;

    snprintf(buf, sizeof(buf), "%s%s", head, text);
    n = strlen(buf);
    if (n > TEXT_MAX)
        n = TEXT_MAX;
    n = dk_utf8_valid(buf, n); /* not half of a character */
    dk_jw_strn(w, key, buf, n);
}

static void put_told(const struct shape_event *e, const struct shape_act *a,
                     struct dk_jw *w, char command[DK_UUID_TEXT])
{
    const char *text = text_of(e->body);

    shape_command(a->case_no, e->hash, "relay", e->at, command);
    open_act(w, a, command, "relay");
    dk_jw_str(w, "there", a->there);
    dk_jw_str(w, "event", e->type);
    if (text != NULL)
        put_text(w, "text", "", text);
    dk_jw_time(w, "at", e->at, 0);
    close_act(w, a, e->type, e->hash);
}

/* Given back to where it came from: what that is there is an objection here. */
static void put_back(const struct shape_event *e, const struct shape_act *a,
                     struct dk_jw *w, char command[DK_UUID_TEXT])
{
    const char *note = str(e->body, "note");
    char head[120];

    shape_command(a->case_no, e->hash, "object", e->at, command);
    open_act(w, a, command, "object");
    snprintf(head, sizeof(head), "对方平台退回（%s）。Sent back%s", a->there,
             note != NULL ? ": " : ".");
    put_text(w, "grounds", head, note != NULL ? note : "");
    dk_jw_time(w, "at", e->at, 0);
    close_act(w, a, e->type, e->hash);
}

static bool among(const char *const names[], const char *name)
{
    for (int i = 0; names[i] != NULL; i++)
        if (is(names[i], name))
            return true;
    return false;
}

int shape_act(const struct shape_event *e, const struct shape_act *a,
              struct dk_jw *w, char command[DK_UUID_TEXT])
{
    bool gives = is(e->type, "transferred") || is(e->type, "handed_over");

    if (!a->home) {
        if (!among(told_away, e->type))
            return 0;
        put_told(e, a, w, command);
        return 1;
    }
    if (gives && is(str(e->body, "unit"), a->back)) {
        put_back(e, a, w, command);
        return 1;
    }
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (is(e->type, steps[i].event)) {
            put_step(e, a, &steps[i], w, command);
            return 1;
        }
    }
    if (!among(told_home, e->type))
        return 0;
    put_told(e, a, w, command);
    return 1;
}

/* The time that is in an id, for ids that are made of it. */
static dk_ms time_of(const char *id)
{
    struct dk_uuid u;

    return dk_uuid_parse(id, strlen(id), &u) == 0 ? dk_uuid_time(&u) : 0;
}

void shape_arrived(const struct shape_act *a, const char *submission,
                   struct dk_jw *w, char command[DK_UUID_TEXT])
{
    shape_command(a->case_no, submission, a->there, time_of(submission),
                  command);
    open_act(w, a, command, "relay");
    dk_jw_str(w, "there", a->there);
    dk_jw_str(w, "event", "submitted");
    close_act(w, a, "submitted", submission);
}

void shape_objection(const struct shape_act *a, const char *submission,
                     const char *problem, struct dk_jw *w,
                     char command[DK_UUID_TEXT])
{
    char text[160];

    shape_command(a->case_no, submission, "refused", time_of(submission),
                  command);
    open_act(w, a, command, "object");
    snprintf(text, sizeof(text),
             "对方平台未接收（%s）。The other docket did not take it (%s).",
             problem, problem);
    dk_jw_str(w, "grounds", text);
    close_act(w, a, "refused", submission);
}

/* ---- forms --------------------------------------------------------------- */

int shape_next(const cJSON *act, int form, const struct dk_problem *why)
{
    const cJSON *extra = cJSON_GetObjectItemCaseSensitive(act, "_");
    bool timed = cJSON_GetObjectItemCaseSensitive(act, "at") != NULL;
    const char *there = str(extra, "there");

    if (form == SHAPE_FULL && timed && strcmp(why->pointer, "/at") == 0)
        return SHAPE_NO_TIME;
    /* What was told already, or can be told of nowhere, is not told again. */
    if (form >= SHAPE_TOLD || is(str(act, "action"), "relay") ||
        there == NULL || there[0] == '\0')
        return -1;
    return SHAPE_TOLD;
}

static void form_told(const cJSON *act, const char *case_no, struct dk_jw *w)
{
    const cJSON *extra = cJSON_GetObjectItemCaseSensitive(act, "_");
    const char *action = str(act, "action"), *text = text_of(act);
    char command[DK_UUID_TEXT], head[96];
    dk_ms at = 0;

    (void)dk_json_time(act, "at", DK_OPTIONAL, &at, NULL, NULL);
    shape_command(str(act, "case_no"), str(extra, "hash"), "told", at, command);
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "command_id", command);
    dk_jw_str(w, "case_no", case_no);
    dk_jw_str(w, "action", "relay");
    dk_jw_str(w, "actor", str(act, "actor"));
    dk_jw_str(w, "there", str(extra, "there"));
    dk_jw_str(w, "event", str(extra, "event"));
    snprintf(head, sizeof(head), "%s%s", action, text != NULL ? ": " : "");
    put_text(w, "text", head, text != NULL ? text : "");
    dk_jw_end_obj(w);
}

void shape_form(const cJSON *act, int form, const char *case_no,
                struct dk_jw *w)
{
    const cJSON *extra = cJSON_GetObjectItemCaseSensitive(act, "_"), *v;
    char command[DK_UUID_TEXT];

    if (form == SHAPE_TOLD) {
        form_told(act, case_no, w);
        return;
    }
    dk_jw_obj(w, NULL);
    cJSON_ArrayForEach (v, act) {
        if (is(v->string, "_") ||
            (form == SHAPE_NO_TIME && is(v->string, "at")))
            continue;
        if (is(v->string, "case_no")) {
            dk_jw_str(w, "case_no", case_no);
            continue;
        }
        if (form == SHAPE_NO_TIME && is(v->string, "command_id")) {
            shape_command(str(act, "case_no"), str(extra, "hash"),
                          str(act, "action"), 0, command);
            dk_jw_str(w, "command_id", command);
            continue;
        }
        dk_jw_cjson(w, v->string, v);
    }
    dk_jw_end_obj(w);
}
