/* What waits in the spool goes to where it belongs. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "carry_int.h"
#include "journal/note.h"

static const char *str(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

    return cJSON_IsString(v) ? v->valuestring : "";
}

/* Texts of people do not stay in memory that is given back. */
static void wipe(struct dk_jw *w)
{
    if (w->buf != NULL)
        sodium_memzero(w->buf, w->len);
    dk_jw_fini(w);
}

/* ---- acts ---------------------------------------------------------------- */

static int send_act(struct carry *c, struct carry_side *s,
                    const struct act *act, const cJSON *body,
                    struct dk_problem *p)
{
    char slug[40], command[DK_UUID_TEXT] = "";
    cJSON *o = NULL;
    struct dk_problem why;
    struct dk_jw w = {0};
    struct dk_reply r;
    enum verdict v;
    int form, rc;

    shape_form(body, act->form, act->number, &w);
    rc = w.oom ? dk_fail(p, DK_ENOMEM, NULL, NULL, NULL)
               : dk_json_parse_obj(w.buf, w.len, w.len, &o, p);
    if (rc != 0) {
        wipe(&w);
        return rc;
    }
    snprintf(command, sizeof(command), "%s", str(o, "command_id"));
    cJSON_Delete(o);
    v = carry_ask(c, s, "case.act", w.buf, "command_id", command, &r, &why);
    wipe(&w);
    if (v == VERDICT_LATER)
        return 0;
    c->untidy = true;
    if (v == VERDICT_OK) {
        dk_reply_free(&r);
        c->done++;
        rc = spool_act_done(c->spool, act->id, p);
        return rc == 0 ? 1 : rc;
    }
    form = shape_next(body, act->form, &why);
    snprintf(slug, sizeof(slug), "%s", dk_err_slug(why.code));
    if (form < 0)
        note("warn", "relay_act_refused", "side=%s case=%s action=%s code=%s",
             side_names[s->side], act->number, str(body, "action"), slug);
    rc = spool_act_refused(c->spool, act->id, form, slug, p);
    return rc == 0 ? 1 : rc;
}

static int next_act(struct carry *c, struct carry_side *s, struct dk_problem *p)
{
    struct act act;
    cJSON *body = NULL;
    int rc = spool_act_first(c->spool, s->side, &act, p);

    if (rc <= 0)
        return rc;
    rc = dk_json_parse_fixed(act.body, act.len, act.len, &body, p);
    if (rc == 0)
        rc = send_act(c, s, &act, body, p);
    cJSON_Delete(body);
    sodium_memzero(act.body, act.len);
    free(act.body);
    return rc;
}

/* ---- a case is read ------------------------------------------------------ */

static int set_state(struct carry *c, const struct item *it,
                     enum item_state state, const char *why,
                     struct dk_problem *p)
{
    int rc = spool_item_set(c->spool, it->case_no, state, NULL, why, p);

    if (state == ITEM_REFUSED)
        note("warn", "relay_case_refused", "case=%s code=%s", it->case_no, why);
    else
        note("info", "relay_skipped", "case=%s state=%s", it->case_no,
             item_state_names[state]);
    return rc == 0 ? 1 : rc;
}

/* Ask for something about one case, by a body that is made of pieces. */
static enum verdict ask_case(struct carry *c, struct carry_side *s,
                             const struct item *it, const char *type,
                             struct dk_reply *r, struct dk_problem *why)
{
    struct dk_jw w = {0};
    char text[DK_ID_MAX + 40];
    enum verdict v;

    dk_jw_obj(&w, NULL);
    dk_jw_str(&w, "case_no", it->case_no);
    if (strcmp(type, "case.events") == 0)
        dk_jw_int(&w, "limit", 1);
    if (strcmp(type, "person.get") == 0) {
        snprintf(text, sizeof(text), "unit:%s", s->unit);
        dk_jw_str(&w, "actor", text);
        snprintf(text, sizeof(text), "转送 %s", c->side[TO].county);
        dk_jw_str(&w, "reason", text);
    }
    dk_jw_end_obj(&w);
    v = w.oom ? VERDICT_LATER
              : carry_ask(c, s, type, w.buf, "case_no", it->case_no, r, why);
    dk_jw_fini(&w);
    return v;
}

/* Is it still to be carried?  1, or what set_state() answered, in *rc. */
static bool is_wanted(struct carry *c, const struct carry_side *s,
                      const struct item *it, const cJSON *file, int *rc,
                      struct dk_problem *p)
{
    enum item_state state = ITEM_WANTED;

    if (strcmp(str(file, "unit"), s->unit) != 0 ||
        (strcmp(str(file, "state"), "transferred") != 0 &&
         str(file, "relayed_to")[0] == '\0') ||
        !shape_wanted(c->rules, str(file, "category")))
        state = ITEM_GONE;
    else if (strcmp(str(file, "from_unit"), s->unit) == 0)
        state = ITEM_RETURNED; /* it goes back to where it came from */
    if (state == ITEM_WANTED)
        return true;
    *rc = set_state(c, it, state, NULL, p);
    return false;
}

static int seal(struct carry *c, const struct item *it, const cJSON *submitted,
                const cJSON *persons, struct dk_problem *p)
{
    const struct shape_case sc = {
        .case_no = it->case_no,
        .submission = it->submission,
        .submitted = submitted,
        .persons = persons,
        .came_at = it->came_at,
        .unit_there = c->side[TO].unit,
    };
    struct dk_jw w = {0};
    int rc;

    shape_submit(c->rules, &sc, &w);
    rc = w.oom ? dk_fail(p, DK_ENOMEM, NULL, NULL, NULL)
               : spool_item_seal(c->spool, it->case_no, w.buf, w.len, p);
    wipe(&w);
    return rc == 0 ? 1 : rc;
}

/* Its first event says what was handed in, and never changes. */
static int read_rest(struct carry *c, struct carry_side *s,
                     const struct item *it, struct dk_problem *p)
{
    struct dk_reply first = {0}, who = {0};
    const cJSON *submitted, *persons;
    struct dk_problem why;
    enum verdict v = ask_case(c, s, it, "case.events", &first, &why);
    int rc = 0;

    if (v == VERDICT_OK)
        v = ask_case(c, s, it, "person.get", &who, &why);
    if (v == VERDICT_REFUSED)
        rc = set_state(c, it,
                       why.code == DK_ENOTFOUND ? ITEM_GONE : ITEM_REFUSED,
                       dk_err_slug(why.code), p);
    if (v == VERDICT_OK) {
        submitted = cJSON_GetObjectItemCaseSensitive(
            cJSON_GetArrayItem(
                cJSON_GetObjectItemCaseSensitive(first.json, "items"), 0),
            "body");
        persons = cJSON_GetObjectItemCaseSensitive(who.json, "persons");
        rc = cJSON_IsObject(submitted) && cJSON_IsArray(persons)
                 ? seal(c, it, submitted, persons, p)
                 : set_state(c, it, ITEM_REFUSED, "internal", p);
    }
    if (who.text != NULL)
        sodium_memzero(who.text, who.len);
    dk_reply_free(&who);
    dk_reply_free(&first);
    return rc;
}

static int read_case(struct carry *c, struct carry_side *s,
                     struct dk_problem *p)
{
    struct dk_problem why;
    struct dk_reply file;
    struct item it;
    int rc = spool_item_first(c->spool, ITEM_WANTED, &it, p);
    enum verdict v;
    bool wanted;

    if (rc <= 0)
        return rc;
    v = ask_case(c, s, &it, "case.get", &file, &why);
    if (v == VERDICT_LATER)
        return 0;
    if (v == VERDICT_REFUSED)
        return set_state(c, &it,
                         why.code == DK_ENOTFOUND ? ITEM_GONE : ITEM_REFUSED,
                         dk_err_slug(why.code), p);
    wanted = is_wanted(c, s, &it, file.json, &rc, p);
    dk_reply_free(&file);
    return wanted ? read_rest(c, s, &it, p) : rc;
}

/* ---- a case is handed in ------------------------------------------------- */

static int arrived(struct carry *c, const struct item *it, const char *there,
                   struct dk_problem *p)
{
    int rc = spool_begin(c->spool, p);

    if (rc == 0)
        rc = carry_arrived(c, it, there, p);
    if (rc == 0)
        rc = spool_commit(c->spool, p);
    if (rc != 0) {
        spool_undo(c->spool);
        return rc;
    }
    c->done++;
    note("info", "relay_carried", "case=%s there=%s", it->case_no, there);
    return 1;
}

/* The docket there will not have it: whoever passed it on must know. */
static int refused(struct carry *c, const struct item *it,
                   const struct dk_problem *why, struct dk_problem *p)
{
    const struct shape_act a = {
        .case_no = it->case_no, .there = "", .unit_here = c->side[FROM].unit};
    const char *slug = dk_err_slug(why->code);
    char command[DK_UUID_TEXT];
    struct dk_jw w = {0};
    int rc = spool_begin(c->spool, p);

    shape_objection(&a, it->submission, slug, &w, command);
    if (rc == 0)
        rc = set_state(c, it, ITEM_REFUSED, slug, p);
    /* Under this id it is there already, said otherwise: its stream tells. */
    if (rc == 1 && why->code != DK_ECONFLICT)
        rc = spool_act_put(c->spool, FROM, it->case_no, command, w.buf, w.len,
                           p);
    dk_jw_fini(&w);
    if (rc >= 0)
        rc = spool_commit(c->spool, p);
    if (rc != 0)
        spool_undo(c->spool);
    c->untidy = true;
    return rc == 0 ? 1 : rc;
}

static int hand_in(struct carry *c, struct carry_side *s, struct dk_problem *p)
{
    struct dk_problem why;
    struct dk_reply r;
    struct item it;
    enum verdict v;
    int rc = spool_item_ready(c->spool, &it, p);

    if (rc <= 0)
        return rc;
    v = carry_ask(c, s, "case.submit", it.body, "submission_id", it.submission,
                  &r, &why);
    sodium_memzero(it.body, it.len);
    free(it.body);
    it.body = NULL;
    if (v == VERDICT_LATER)
        return 0;
    if (v == VERDICT_OK) {
        rc = arrived(c, &it, str(r.json, "case_no"), p);
        dk_reply_free(&r);
        return rc;
    }
    if (why.code == DK_EFORBIDDEN) { /* the key's fault, not the case's */
        carry_rest(s, "case.submit", &why, 30000);
        return 0;
    }
    return refused(c, &it, &why, p);
}

int carry_send(struct carry *c, struct carry_side *s, struct dk_problem *p)
{
    int rc = s->side == FROM ? next_act(c, s, p) : hand_in(c, s, p);

    if (rc != 0 || !s->up)
        return rc;
    return s->side == FROM ? read_case(c, s, p) : next_act(c, s, p);
}
