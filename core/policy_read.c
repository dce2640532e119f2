/* policy_read.c - a policy file's versions, clocks and ladders, checked. */
#include <stdlib.h>
#include <string.h>

#include "policy_impl.h"
#include "proto/submit.h"

#define BIT(ev) (UINT64_C(1) << (ev))

/* ---- lists of names ---- */

/* A list of words out of `names`, each once, as indices in order. */
static int read_words(const struct dk_rj *f, const cJSON *o, const char *key,
                      int need, int min, const char *const names[], int max,
                      int out[], const struct dk_at *at)
{
    const struct dk_at here = {at, key, 0};
    struct dk_at item = {&here, NULL, 0};
    const cJSON *list = NULL, *v = NULL;
    uint64_t seen = 0;
    int n = 0;

    if (!dk_rj_arr(f, o, key, need, min, max, &list, at) || list == NULL)
        return 0;
    cJSON_ArrayForEach (v, list) {
        const char *s = cJSON_GetStringValue(v);
        int i = 0;
        while (s != NULL && names[i] != NULL && strcmp(names[i], s) != 0)
            i++;
        if (s == NULL || names[i] == NULL) {
            const char *near = s != NULL ? dk_nearest(s, names) : NULL;
            dk_rj_error(f, &item, NULL, "\"%s\" is not known here; %s \"%s\"%s",
                        s != NULL ? s : "?",
                        near != NULL ? "did you mean" : "write for example",
                        near != NULL ? near : names[0],
                        near != NULL ? "?" : "");
        } else if ((seen & BIT(i)) != 0) {
            dk_rj_error(f, &item, NULL, "\"%s\" is in the list twice", s);
        } else {
            seen |= BIT(i);
            out[n++] = i;
        }
        item.index++;
    }
    return n;
}

static uint64_t read_mask(const struct dk_rj *f, const cJSON *o,
                          const char *key, int need, const char *const names[],
                          const struct dk_at *at)
{
    int word[64];
    uint64_t mask = 0;
    int n = read_words(f, o, key, need, 1, names, 64, word, at);

    for (int i = 0; i < n; i++)
        mask |= BIT(word[i]);
    return mask;
}

/* Events a clock can start or stop on: all but what the clocks leave behind. */
static uint64_t read_events(const struct dk_rj *f, const cJSON *o,
                            const char *key, int need, const struct dk_at *at)
{
    const char *names[DK_EV_CLOCK_SET + 1];

    for (int e = 0; e < DK_EV_CLOCK_SET; e++)
        names[e] = dk_ev_name((enum dk_ev)e);
    names[DK_EV_CLOCK_SET] = NULL;
    return read_mask(f, o, key, need, names, at);
}

/* ---- ladders ---- */

void pol_ladder_read(const struct dk_rj *f, const cJSON *o,
                     const struct dk_at *up, struct pol_ladder *l)
{
    static const char *const names[] = {"level", "tell", NULL};
    const struct dk_at at = {up, "ladder", 0};
    const cJSON *all = NULL, *v = NULL;

    if (!dk_rj_obj(f, o, "ladder", DK_OPTIONAL, &all, up) || all == NULL)
        return;
    if (cJSON_GetArraySize(all) > POL_STEPS_MAX) {
        dk_rj_error(f, &at, NULL, "a ladder has at most %d steps",
                    POL_STEPS_MAX);
        return;
    }
    cJSON_ArrayForEach (v, all) {
        const struct dk_at item = {&at, v->string, 0};
        struct pol_step *s = &l->step[l->n];
        int level = 0, role[POL_ROLES];

        if (!cJSON_IsObject(v)) {
            dk_rj_error(f, &item, NULL,
                        "write {\"level\": .., \"tell\": [roles]}");
            continue;
        }
        dk_rj_only(f, v, names, &item);
        (void)dk_rj_enum(f, v, "level", DK_REQUIRED, pol_level_names, &level,
                         &item);
        s->rung = v->string;
        s->level = (enum pol_level)level;
        s->n_role = read_words(f, v, "tell", DK_REQUIRED, 0, pol_role_names,
                               POL_ROLES, role, &item);
        for (int i = 0; i < s->n_role; i++)
            s->role[i] = (enum pol_role)role[i];
        l->n++;
    }
}

static bool is_due_name(const char *s)
{
    for (int i = 0; pol_on_due_names[i] != NULL; i++) {
        if (strcmp(pol_on_due_names[i], s) == 0)
            return true;
    }
    return false;
}

static bool has_rung(const struct pol_clock *k, const char *id)
{
    for (int i = 0; i < k->n_rung; i++) {
        if (strcmp(k->rung[i].id, id) == 0)
            return true;
    }
    return strcmp(pol_on_due_names[k->on_due], id) == 0;
}

/* ---- a clock ---- */

static void read_length(const struct dk_rj *f, const cJSON *o,
                        const struct dk_at *up, struct pol_clock *k)
{
    static const char *const names[] = {"days", "count", "from_event",
                                        "default", NULL};
    static const char *const fields[] = {"report_days", "answer_days", NULL};
    const struct dk_at at = {up, "length", 0};
    const cJSON *l = NULL;
    int count = 0, field = -1;

    if (!dk_rj_obj(f, o, "length", DK_REQUIRED, &l, up))
        return;
    dk_rj_only(f, l, names, &at);
    (void)dk_rj_enum(f, l, "count", DK_OPTIONAL, pol_count_names, &count, &at);
    k->working = count == 1;
    if (!dk_rj_has(l, "from_event")) {
        (void)dk_rj_int(f, l, "days", DK_REQUIRED, 0, POL_DAYS_MAX, &k->days,
                        &at);
        if (dk_rj_has(l, "default"))
            dk_rj_error(f, &at, "default",
                        "\"default\" goes with \"from_event\"; write \"days\"");
        return;
    }
    if (dk_rj_enum(f, l, "from_event", DK_REQUIRED, fields, &field, &at))
        k->from_event = fields[field];
    (void)dk_rj_int(f, l, "default", DK_REQUIRED, 0, POL_DAYS_MAX, &k->days,
                    &at);
    if (dk_rj_has(l, "days"))
        dk_rj_error(f, &at, "days",
                    "the length comes from the event; write \"default\" for "
                    "events that do not set it");
}

static void read_rung(const struct dk_rj *f, const cJSON *o,
                      const struct dk_at *at, const struct pol_clock *k,
                      struct pol_rung *out)
{
    static const char *const names[] = {"id", "after_start", "before_due",
                                        "after_due", NULL};
    int n = 0, found = 0;

    if (!cJSON_IsObject(o)) {
        dk_rj_error(f, at, NULL, "write {\"id\": .., \"before_due\": days}");
        return;
    }
    dk_rj_only(f, o, names, at);
    for (int i = 0; pol_when_names[i] != NULL; i++) {
        if (!dk_rj_has(o, pol_when_names[i]))
            continue;
        found++;
        out->when = (enum pol_when)i;
        (void)dk_rj_int(f, o, pol_when_names[i], DK_REQUIRED, 1, POL_DAYS_MAX,
                        &n, at);
    }
    out->n = n;
    if (found != 1)
        dk_rj_error(f, at, NULL,
                    "write one of \"after_start\", \"before_due\" and "
                    "\"after_due\"");
    if (!dk_rj_id(f, o, "id", DK_REQUIRED, &out->id, at))
        return;
    if (strlen(out->id) >= DK_RUNG_ID)
        dk_rj_error(f, at, "id", "a rung's id has at most %d bytes",
                    DK_RUNG_ID - 1);
    if (is_due_name(out->id))
        dk_rj_error(f, at, "id",
                    "\"%s\" is the rung at the due time, which every clock "
                    "has; choose another id",
                    out->id);
    else if (has_rung(k, out->id))
        dk_rj_error(f, at, "id", "the clock has a rung \"%s\" already",
                    out->id);
}

static void check_rung(const struct dk_rj *f, const struct dk_at *at,
                       const struct pol_clock *k, const struct pol_rung *g)
{
    if (g->when == POL_AFTER_DUE && k->on_due != DK_DUE_OVERDUE)
        dk_rj_error(f, at, "after_due",
                    "the clock ends at its due time (\"on_due\": \"%s\"); "
                    "nothing comes after",
                    pol_on_due_names[k->on_due]);
    if (g->when != POL_AFTER_DUE && g->n >= k->days && k->from_event == NULL)
        dk_rj_warn(f, at, pol_when_names[g->when],
                   "%d of %d days: this rung is never reached", g->n, k->days);
}

static void read_rungs(const struct dk_rj *f, const cJSON *o,
                       const struct dk_at *up, struct pol_clock *k)
{
    const struct dk_at at = {up, "rungs", 0};
    struct dk_at item = {&at, NULL, 0};
    const cJSON *list = NULL, *v = NULL;

    if (!dk_rj_arr(f, o, "rungs", DK_OPTIONAL, 0, DK_RUNGS_MAX - 1, &list,
                   up) ||
        list == NULL)
        return;
    cJSON_ArrayForEach (v, list) {
        struct pol_rung g = {NULL, POL_BEFORE_DUE, 0};
        int errors = f->r->errors;

        read_rung(f, v, &item, k, &g);
        if (f->r->errors == errors) {
            check_rung(f, &item, k, &g);
            k->rung[k->n_rung++] = g;
        }
        item.index++;
    }
}

static void read_only_if(const struct dk_rj *f, const cJSON *o,
                         const struct dk_at *up, struct pol_clock *k)
{
    static const char *const names[] = {"kind", "channel", NULL};
    const struct dk_at at = {up, "only", 0};
    const cJSON *l = NULL;

    if (!dk_rj_obj(f, o, "only", DK_OPTIONAL, &l, up) || l == NULL)
        return;
    dk_rj_only(f, l, names, &at);
    k->only_kind = read_mask(f, l, "kind", DK_OPTIONAL, dk_kind_names, &at);
    k->only_channel =
        read_mask(f, l, "channel", DK_OPTIONAL, dk_channel_names, &at);
}

static void read_extend(const struct dk_rj *f, const cJSON *o,
                        const struct dk_at *up, struct pol_clock *k)
{
    static const char *const names[] = {"times", "max_days", NULL};
    const struct dk_at at = {up, "extend", 0};
    const cJSON *l = NULL;

    if (!dk_rj_obj(f, o, "extend", DK_OPTIONAL, &l, up) || l == NULL)
        return;
    dk_rj_only(f, l, names, &at);
    (void)dk_rj_int(f, l, "times", DK_REQUIRED, 1, 100, &k->extend_times, &at);
    (void)dk_rj_int(f, l, "max_days", DK_REQUIRED, 1, 365, &k->extend_days,
                    &at);
    /* From the extension to the new due time the old one must not fire. */
    k->holds_on |= BIT(DK_EV_EXTENDED);
}

static void check_clock(const struct dk_rj *f, const struct dk_at *at,
                        const struct pol_clock *k)
{
    const uint64_t holds =
        BIT(DK_EV_SUSPENDED) | BIT(DK_EV_OBJECTED) | BIT(DK_EV_EXTENDED);

    if ((k->holds_on & ~holds) != 0)
        dk_rj_error(f, at, "holds_on",
                    "only \"suspended\" and \"objected\" can hold a clock, "
                    "because \"resumed\" and \"objection_refused\" set it "
                    "going again");
    if (k->stops_on != 0 && pol_is_petitioners(k) &&
        k->on_due == DK_DUE_OVERDUE)
        dk_rj_error(f, at, "on_due",
                    "this clock waits for the petitioner, who is never "
                    "overdue; write \"close\" or \"lapse\"");
    for (int i = 0; i < k->ladder.n; i++) {
        const struct dk_at ladder = {at, "ladder", 0};
        if (!has_rung(k, k->ladder.step[i].rung))
            dk_rj_error(f, &ladder, k->ladder.step[i].rung,
                        "the clock has no rung of this name; add it to "
                        "\"rungs\" or take the step out");
    }
}

void pol_clock_read(const struct dk_rj *f, const cJSON *o,
                    const struct dk_at *at, struct pol_clock *k)
{
    static const char *const names[] = {
        "id",       "name",     "article", "verified",         "starts_on",
        "stops_on", "holds_on", "only",    "on_last_day_rest", "length",
        "on_due",   "extend",   "rungs",   "ladder",           "note",
        NULL};
    static const char *const rest[] = {"keep", "next_working_day", NULL};
    const char *note = NULL;
    int choice = 0, on_due = 0;

    if (!cJSON_IsObject(o)) {
        dk_rj_error(f, at, NULL, "write an object for each clock");
        return;
    }
    dk_rj_only(f, o, names, at);
    (void)dk_rj_id(f, o, "id", DK_REQUIRED, &k->id, at);
    (void)dk_rj_name(f, o, "name", DK_OPTIONAL, &k->name, at);
    (void)dk_rj_str(f, o, "article", DK_OPTIONAL, 200, &k->article, at);
    (void)dk_rj_str(f, o, "note", DK_OPTIONAL, 2000, &note, at);
    (void)dk_rj_verified(f, o, &k->verified, at);
    k->starts_on = read_events(f, o, "starts_on", DK_REQUIRED, at);
    k->stops_on = read_events(f, o, "stops_on", DK_REQUIRED, at);
    k->holds_on = read_events(f, o, "holds_on", DK_OPTIONAL, at);
    (void)dk_rj_enum(f, o, "on_last_day_rest", DK_OPTIONAL, rest, &choice, at);
    k->next_working_day = choice == 1;
    (void)dk_rj_enum(f, o, "on_due", DK_OPTIONAL, pol_on_due_names, &on_due,
                     at);
    k->on_due = (enum dk_on_due)on_due;
    read_only_if(f, o, at, k);
    read_length(f, o, at, k);
    read_extend(f, o, at, k);
    read_rungs(f, o, at, k);
    pol_ladder_read(f, o, at, &k->ladder);
    check_clock(f, at, k);
}

/* ---- a version ---- */

/* What one rung of a clock leads to: a petitioner is reminded and nobody is
 * alerted about them; a rung of the office's clocks should tell somebody.
 */
static void check_step(const struct dk_rj *f, const struct dk_at *at,
                       const struct pol_version *v, const struct pol_clock *k,
                       const char *rung)
{
    const struct pol_step *s = pol_step_of(v, k, rung);

    if (s == NULL) {
        if (!is_due_name(rung))
            dk_rj_warn(f, at, "rungs",
                       "rung \"%s\" is in no ladder: nobody is told; add it to "
                       "\"ladder\"",
                       rung);
        return;
    }
    if (!pol_is_petitioners(k) || s->n_role == 0)
        return;
    if (s->level != POL_REMINDER || s->n_role != 1 ||
        s->role[0] != POL_PETITIONER)
        dk_rj_error(f, at, "ladder",
                    "rung \"%s\": this clock waits for the petitioner, who may "
                    "be reminded but never be reported; write {\"level\": "
                    "\"reminder\", \"tell\": [\"petitioner\"]}",
                    rung);
}

static void check_ladders(const struct dk_rj *f, const struct dk_at *up,
                          const struct pol_version *v)
{
    const struct dk_at clocks = {up, "clocks", 0}, ladder = {up, "ladder", 0};
    struct dk_at item = {&clocks, NULL, 0};

    for (int i = 0; i < v->n_clock; i++, item.index++) {
        const struct pol_clock *k = &v->clock[i];
        for (int j = 0; j < k->n_rung; j++)
            check_step(f, &item, v, k, k->rung[j].id);
        check_step(f, &item, v, k, pol_on_due_names[k->on_due]);
    }
    for (int i = 0; i < v->ladder.n; i++) {
        bool used = false;
        for (int j = 0; j < v->n_clock; j++)
            used = used || has_rung(&v->clock[j], v->ladder.step[i].rung);
        if (!used)
            dk_rj_warn(f, &ladder, v->ladder.step[i].rung,
                       "no clock has a rung of this name");
    }
}

static void read_clocks(const struct dk_rj *f, const cJSON *o,
                        const struct dk_at *up, struct pol_version *v)
{
    const struct dk_at at = {up, "clocks", 0};
    struct dk_at item = {&at, NULL, 0};
    const cJSON *list = NULL, *c = NULL;

    if (!dk_rj_arr(f, o, "clocks", DK_REQUIRED, 1, DK_CLOCKS_MAX, &list, up))
        return;
    v->clock = calloc((size_t)cJSON_GetArraySize(list), sizeof *v->clock);
    if (v->clock == NULL) {
        f->r->oom = true;
        return;
    }
    cJSON_ArrayForEach (c, list) {
        struct pol_clock *k = &v->clock[v->n_clock];
        pol_clock_read(f, c, &item, k);
        if (k->id != NULL) {
            if (pol_clock_find(v, k->id) != NULL)
                dk_rj_error(f, &item, "id",
                            "the version has a clock \"%s\" already", k->id);
            v->n_clock++;
        }
        item.index++;
    }
}

void pol_version_read(const struct dk_rj *f, const cJSON *o,
                      const struct dk_at *at, struct pol_version *v)
{
    static const char *const names[] = {"effective_from", "law",  "clocks",
                                        "ladder",         "note", NULL};
    const char *note = NULL;
    int errors = f->r->errors;

    v->from = INT64_MAX;
    if (!cJSON_IsObject(o)) {
        dk_rj_error(f, at, NULL, "write an object for each version");
        return;
    }
    dk_rj_only(f, o, names, at);
    (void)dk_rj_day(f, o, "effective_from", DK_REQUIRED, &v->from, at);
    v->from_text = cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(o, "effective_from"));
    (void)dk_rj_name(f, o, "law", DK_OPTIONAL, &v->law, at);
    (void)dk_rj_str(f, o, "note", DK_OPTIONAL, 4000, &note, at);
    pol_ladder_read(f, o, at, &v->ladder);
    read_clocks(f, o, at, v);
    if (f->r->errors == errors)
        check_ladders(f, at, v);
}
