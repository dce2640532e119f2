/* Who takes part in a case beside the unit in charge, and which cases belong
 * together: what events do to that, and how a case document says it.
 */
#include "case_internal.h"

#include <string.h>

#include "proto/caseno.h"

const char *const dk_relation_names[] = {"repeat", "group", NULL};

void dk_case_put_id(char to[DK_ID_MAX + 1], const char *id)
{
    if (id == NULL)
        id = "";
    memcpy(to, id, strlen(id) + 1);
}

int dk_case_no_read(const cJSON *o, const char *key, int64_t *out,
                    struct dk_problem *p)
{
    char pointer[64];
    const struct dk_at at = {NULL, key, 0};
    const char *no = NULL;
    int32_t county;
    int rc =
        dk_json_str(o, key, DK_OPTIONAL, 1, DK_CASE_NO_MAX - 1, &no, NULL, p);

    *out = 0;
    if (rc != 0 || no == NULL)
        return rc;
    if (dk_case_no_parse(no, &county, out) == 0)
        return 0;
    dk_at_pointer(&at, NULL, pointer, sizeof(pointer));
    return dk_fail(p, DK_EFIELD, pointer, "this is not a case number",
                   "案件编号不正确");
}

/* ---- who answered -------------------------------------------------------- */

bool dk_case_took_part(const struct dk_case *c, const char *unit)
{
    for (int i = 0; i < c->n_judged; i++) {
        if (strcmp(c->judged[i], unit) == 0)
            return true;
    }
    return dk_case_co_find(c, unit) >= 0;
}

static void note_judged(struct dk_case *c, const char *unit)
{
    if (unit[0] == '\0')
        return;
    for (int i = 0; i < c->n_judged; i++) {
        if (strcmp(c->judged[i], unit) == 0)
            return;
    }
    if (c->n_judged == DK_JUDGED_MAX) { /* the longest ago gives way */
        memmove(c->judged[0], c->judged[1],
                (DK_JUDGED_MAX - 1) * sizeof(c->judged[0]));
        c->n_judged--;
    }
    memcpy(c->judged[c->n_judged++], unit, strlen(unit) + 1);
}

int dk_case_read_answered(struct dk_case *c, struct dk_change *ch)
{
    (void)c;
    return dk_json_id(ch->body, "unit", DK_OPTIONAL, &ch->unit, NULL, NULL);
}

void dk_case_apply_answered(struct dk_case *c, struct dk_change *ch)
{
    dk_case_put_id(c->answered_by, ch->unit != NULL ? ch->unit : c->unit);
    note_judged(c, c->answered_by);
    note_judged(c, c->unit);
}

void dk_case_apply_review_asked(struct dk_case *c, struct dk_change *ch)
{
    (void)ch;
    for (int i = 0; i < c->n_co; i++)
        note_judged(c, c->co[i].unit);
    c->n_co = 0;
}

/* ---- co-handlers --------------------------------------------------------- */

int dk_case_co_find(const struct dk_case *c, const char *unit)
{
    for (int i = 0; i < c->n_co; i++) {
        if (strcmp(c->co[i].unit, unit) == 0)
            return i;
    }
    return -1;
}

static void remove_co(struct dk_case *c, int i)
{
    c->n_co--;
    memmove(&c->co[i], &c->co[i + 1], (size_t)(c->n_co - i) * sizeof(c->co[0]));
}

void dk_case_lead_is_no_co(struct dk_case *c)
{
    int i = dk_case_co_find(c, c->unit);

    if (i >= 0)
        remove_co(c, i);
}

int dk_case_read_co_added(struct dk_case *c, struct dk_change *ch)
{
    int rc = dk_json_id(ch->body, "unit", DK_REQUIRED, &ch->unit, NULL, NULL);

    if (rc == 0)
        rc = dk_json_id(ch->body, "handler", DK_OPTIONAL, &ch->handler, NULL,
                        NULL);
    if (rc != 0)
        return rc;
    ch->co = dk_case_co_find(c, ch->unit);
    if (ch->co < 0)
        ch->co = c->n_co;
    return ch->co < DK_CO_MAX ? 0 : DK_EFIELD;
}

void dk_case_apply_co_added(struct dk_case *c, struct dk_change *ch)
{
    dk_case_put_id(c->co[ch->co].unit, ch->unit);
    dk_case_put_id(c->co[ch->co].handler, ch->handler);
    if (ch->co == c->n_co)
        c->n_co++;
}

int dk_case_read_co_removed(struct dk_case *c, struct dk_change *ch)
{
    int rc = dk_json_id(ch->body, "unit", DK_REQUIRED, &ch->unit, NULL, NULL);

    if (rc != 0)
        return rc;
    ch->co = dk_case_co_find(c, ch->unit);
    return ch->co >= 0 ? 0 : DK_EFIELD;
}

void dk_case_apply_co_removed(struct dk_case *c, struct dk_change *ch)
{
    remove_co(c, ch->co);
}

/* ---- links --------------------------------------------------------------- */

int dk_case_read_linked(struct dk_case *c, struct dk_change *ch)
{
    int rc = dk_json_enum(ch->body, "relation", DK_REQUIRED, dk_relation_names,
                          &ch->relation, NULL, NULL);

    (void)c;
    if (rc == 0)
        rc = dk_case_no_read(ch->body, "to", &ch->other, NULL);
    if (rc == 0)
        rc = dk_case_no_read(ch->body, "group", &ch->group, NULL);
    if (rc == 0)
        rc = dk_json_id(ch->body, "unit", DK_OPTIONAL, &ch->unit, NULL, NULL);
    if (rc == 0)
        rc = dk_json_id(ch->body, "handler", DK_OPTIONAL, &ch->handler, NULL,
                        NULL);
    if (rc != 0)
        return rc;
    return ch->other != 0 && (ch->relation == DK_REPEAT || ch->group != 0)
               ? 0
               : DK_EFIELD;
}

void dk_case_apply_linked(struct dk_case *c, struct dk_change *ch)
{
    if (ch->relation == DK_GROUP) {
        c->group = ch->group;
        return;
    }
    c->repeat_of = ch->other;
    dk_case_put_id(c->repeat_unit, ch->unit);
    dk_case_put_id(c->repeat_handler, ch->handler);
}

int dk_case_read_unlinked(struct dk_case *c, struct dk_change *ch)
{
    (void)c;
    return dk_json_enum(ch->body, "relation", DK_REQUIRED, dk_relation_names,
                        &ch->relation, NULL, NULL);
}

void dk_case_apply_unlinked(struct dk_case *c, struct dk_change *ch)
{
    if (ch->relation == DK_GROUP) {
        c->group = 0;
        return;
    }
    c->repeat_of = 0;
    c->repeat_unit[0] = c->repeat_handler[0] = '\0';
}

int dk_case_read_repeated(struct dk_case *c, struct dk_change *ch)
{
    int rc = dk_case_no_read(ch->body, "by", &ch->other, NULL);

    if (rc == 0)
        rc = dk_json_bool(ch->body, "undone", DK_OPTIONAL, &ch->undone, NULL,
                          NULL);
    if (rc != 0)
        return rc;
    return ch->other != 0 && (!ch->undone || c->repeats > 0) &&
                   c->repeats < INT32_MAX
               ? 0
               : DK_EFIELD;
}

void dk_case_apply_repeated(struct dk_case *c, struct dk_change *ch)
{
    if (ch->undone)
        c->repeats--;
    else
        c->repeats++;
}

/* ---- urgency ------------------------------------------------------------- */

int dk_case_read_prioritised(struct dk_case *c, struct dk_change *ch)
{
    (void)c;
    return dk_json_enum(ch->body, "need", DK_REQUIRED, dk_need_names, &ch->need,
                        NULL, NULL);
}

void dk_case_apply_prioritised(struct dk_case *c, struct dk_change *ch)
{
    c->urgent = ch->need + 1;
}

/* ---- the document -------------------------------------------------------- */

static void write_true(struct dk_jw *w, const char *key, bool v)
{
    if (v)
        dk_jw_bool(w, key, true);
}

static void write_no(struct dk_jw *w, const char *key, int32_t county,
                     int64_t k)
{
    char no[DK_CASE_NO_MAX];

    if (k == 0)
        return;
    dk_case_no_format(county, k, no);
    dk_jw_str(w, key, no);
}

static void write_units(struct dk_jw *w, const struct dk_case *c)
{
    if (c->n_judged > 0) {
        dk_jw_arr(w, "judged");
        for (int i = 0; i < c->n_judged; i++)
            dk_jw_str(w, NULL, c->judged[i]);
        dk_jw_end_arr(w);
    }
    if (c->n_co == 0)
        return;
    dk_jw_arr(w, "co_handlers");
    for (int i = 0; i < c->n_co; i++) {
        dk_jw_obj(w, NULL);
        dk_case_id_write(w, "unit", c->co[i].unit);
        dk_case_id_write(w, "handler", c->co[i].handler);
        dk_jw_end_obj(w);
    }
    dk_jw_end_arr(w);
}

void dk_case_parts_write(struct dk_jw *w, const struct dk_case *c,
                         int32_t county)
{
    write_true(w, "anonymous", c->anonymous);
    write_true(w, "unreachable", c->unreachable);
    write_true(w, "confidential", c->confidential);
    if (c->needs != 0)
        dk_needs_write(w, "needs", c->needs);
    if (c->urgent != 0)
        dk_jw_str(w, "urgent", dk_need_names[c->urgent - 1]);
    write_units(w, c);
    if (c->repeat_of != 0) {
        write_no(w, "repeat_of", county, c->repeat_of);
        dk_case_id_write(w, "repeat_unit", c->repeat_unit);
        dk_case_id_write(w, "repeat_handler", c->repeat_handler);
    }
    write_no(w, "group", county, c->group);
    if (c->repeats != 0)
        dk_jw_int(w, "repeats", c->repeats);
    dk_case_relay_write(w, c);
}

static int read_judged(const cJSON *o, struct dk_case *c, struct dk_problem *p)
{
    const cJSON *arr = NULL, *v;
    int rc =
        dk_json_arr(o, "judged", DK_OPTIONAL, 0, DK_JUDGED_MAX, &arr, NULL, p);

    if (rc != 0)
        return rc;
    cJSON_ArrayForEach (v, arr) {
        if (!cJSON_IsString(v) || v->valuestring[0] == '\0' ||
            strlen(v->valuestring) > DK_ID_MAX)
            return dk_fail(p, DK_EFIELD, "/judged", "ids of units are expected",
                           "此处应为单位编号");
        dk_case_put_id(c->judged[c->n_judged++], v->valuestring);
    }
    return 0;
}

static int read_co(const cJSON *o, struct dk_case *c, struct dk_problem *p)
{
    const struct dk_at in = {NULL, "co_handlers", 0};
    const cJSON *arr = NULL, *v;
    int rc =
        dk_json_arr(o, "co_handlers", DK_OPTIONAL, 0, DK_CO_MAX, &arr, NULL, p);

    if (rc != 0)
        return rc;
    cJSON_ArrayForEach (v, arr) {
        const struct dk_at at = {&in, NULL, c->n_co};
        struct dk_co_handler *co = &c->co[c->n_co++];
        const char *unit = NULL;

        rc = dk_json_id(v, "unit", DK_REQUIRED, &unit, &at, p);
        if (rc == 0)
            rc = dk_case_id_read(v, "handler", co->handler, &at, p);
        if (rc != 0)
            return rc;
        dk_case_put_id(co->unit, unit);
    }
    return 0;
}

static int read_links(const cJSON *o, struct dk_case *c, struct dk_problem *p)
{
    int64_t repeats = 0;
    int rc = dk_case_no_read(o, "repeat_of", &c->repeat_of, p);

    if (rc == 0)
        rc = dk_case_id_read(o, "repeat_unit", c->repeat_unit, NULL, p);
    if (rc == 0)
        rc = dk_case_id_read(o, "repeat_handler", c->repeat_handler, NULL, p);
    if (rc == 0)
        rc = dk_case_no_read(o, "group", &c->group, p);
    if (rc == 0)
        rc = dk_json_int(o, "repeats", DK_OPTIONAL, 0, INT32_MAX, &repeats,
                         NULL, p);
    c->repeats = (uint32_t)repeats;
    return rc;
}

int dk_case_parts_read(const cJSON *o, struct dk_case *c, struct dk_problem *p)
{
    int urgent = -1;
    int rc =
        dk_json_enum(o, "urgent", DK_OPTIONAL, dk_need_names, &urgent, NULL, p);

    c->urgent = urgent + 1;
    if (rc == 0)
        rc = read_judged(o, c, p);
    if (rc == 0)
        rc = read_co(o, c, p);
    if (rc == 0)
        rc = read_links(o, c, p);
    if (rc == 0)
        rc = dk_case_relay_read(o, c, p);
    return rc;
}
