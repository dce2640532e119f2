/* policy_read.c - a policy file's versions and ladders, checked. */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "policy_impl.h"

#define BIT(ev) (UINT64_C(1) << (ev))

/* ---- lists of names ---- */

/* A list of words out of `names`, each once, as indices in order. */
int pol_words_read(const struct dk_rj *f, const cJSON *o, const char *key,
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

uint64_t pol_mask_read(const struct dk_rj *f, const cJSON *o, const char *key,
                       int need, const char *const names[],
                       const struct dk_at *at)
{
    int word[64];
    uint64_t mask = 0;
    int n = pol_words_read(f, o, key, need, 1, names, 64, word, at);

    for (int i = 0; i < n; i++)
        mask |= BIT(word[i]);
    return mask;
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
        s->n_role = pol_words_read(f, v, "tell", DK_REQUIRED, 0, pol_role_names,
                                   POL_ROLES, role, &item);
        for (int i = 0; i < s->n_role; i++)
            s->role[i] = (enum pol_role)role[i];
        l->n++;
    }
}

bool pol_is_due_name(const char *s)
{
    for (int i = 0; pol_on_due_names[i] != NULL; i++) {
        if (strcmp(pol_on_due_names[i], s) == 0)
            return true;
    }
    return strcmp(DK_RUNG_REPEAT_ID, s) == 0;
}

bool pol_has_rung(const struct pol_clock *k, const char *id)
{
    for (int i = 0; i < k->n_rung; i++) {
        if (strcmp(k->rung[i].id, id) == 0)
            return true;
    }
    return strcmp(pol_on_due_names[k->on_due], id) == 0 ||
           (k->on_due == DK_DUE_OVERDUE && strcmp(id, DK_RUNG_REPEAT_ID) == 0);
}

/* ---- what a version and a clock can both say ---- */

void pol_repeat_read(const struct dk_rj *f, const cJSON *o,
                     const struct dk_at *up, struct pol_repeat *r)
{
    static const char *const names[] = {"days", NULL};
    const struct dk_at at = {up, "repeat", 0};
    const cJSON *l = NULL;

    if (!dk_rj_obj(f, o, "repeat", DK_OPTIONAL, &l, up) || l == NULL)
        return;
    dk_rj_only(f, l, names, &at);
    r->said = true;
    (void)dk_rj_int(f, l, "days", DK_REQUIRED, 0, 365, &r->days, &at);
}

void pol_hold_read(const struct dk_rj *f, const cJSON *o,
                   const struct dk_at *up, struct pol_hold *h)
{
    static const char *const names[] = {"days", "count", "times", NULL};
    const struct dk_at at = {up, "ack_holds", 0};
    const cJSON *l = NULL;
    int count = 0;

    if (!dk_rj_obj(f, o, "ack_holds", DK_OPTIONAL, &l, up) || l == NULL)
        return;
    dk_rj_only(f, l, names, &at);
    h->said = true;
    h->times = 1;
    (void)dk_rj_int(f, l, "days", DK_REQUIRED, 0, 60, &h->days, &at);
    (void)dk_rj_enum(f, l, "count", DK_OPTIONAL, pol_count_names, &count, &at);
    h->working = count == 1;
    (void)dk_rj_int(f, l, "times", DK_OPTIONAL, 1, 100, &h->times, &at);
}

/* "HH:MM" as minutes of the day, up to 24:00; -1: it is not one. */
static int minute_of(const char *s)
{
    int h, m;

    for (int i = 0; i < 5; i++) {
        if (i == 2 ? s[i] != ':' : s[i] < '0' || s[i] > '9')
            return -1;
    }
    h = (s[0] - '0') * 10 + s[1] - '0';
    m = (s[3] - '0') * 10 + s[4] - '0';
    return m < 60 && h * 60 + m <= 24 * 60 ? h * 60 + m : -1;
}

/* "08:30-12:00,14:00-17:30" */
static bool parse_hours(const char *s, struct pol_hours *h)
{
    int before = 0;

    for (;; s++) {
        int from = strlen(s) >= 11 ? minute_of(s) : -1;
        int to = from >= 0 && s[5] == '-' ? minute_of(s + 6) : -1;

        if (to < 0 || from < before || to <= from || h->n == POL_SPANS_MAX)
            return false;
        h->span[h->n].from = from;
        h->span[h->n++].to = before = to;
        s += 11;
        if (*s == '\0')
            return true;
        if (*s != ',')
            return false;
    }
}

static void read_hours(const struct dk_rj *f, const cJSON *o,
                       const struct dk_at *at, struct pol_hours *h)
{
    const char *text = NULL;

    if (!dk_rj_str(f, o, "hours", DK_OPTIONAL, 100, &text, at) || text == NULL)
        return;
    if (!parse_hours(text, h))
        dk_rj_error(f, at, "hours",
                    "\"%s\" are no office hours; write them in order, at most "
                    "%d stretches, such as \"08:30-12:00,14:00-17:30\"",
                    text, POL_SPANS_MAX);
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
        if (!pol_is_due_name(rung))
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
        if (k->on_due == DK_DUE_OVERDUE)
            check_step(f, &item, v, k, DK_RUNG_REPEAT_ID);
        pol_climb_check(f, &item, v, k);
    }
    for (int i = 0; i < v->ladder.n; i++) {
        bool used = false;
        for (int j = 0; j < v->n_clock; j++)
            used = used || pol_has_rung(&v->clock[j], v->ladder.step[i].rung);
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
                dk_rj_error(
                    f, &item, "id",
                    "the version has a clock \"%s\" already; choose another id",
                    k->id);
            v->n_clock++;
        }
        item.index++;
    }
}

void pol_version_read(const struct dk_rj *f, const cJSON *o,
                      const struct dk_at *at, struct pol_version *v)
{
    static const char *const names[] = {"effective_from", "law",    "clocks",
                                        "ladder",         "repeat", "ack_holds",
                                        "hours",          "note",   NULL};
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
    pol_repeat_read(f, o, at, &v->repeat);
    pol_hold_read(f, o, at, &v->hold);
    read_hours(f, o, at, &v->hours);
    read_clocks(f, o, at, v);
    if (f->r->errors == errors)
        check_ladders(f, at, v);
}
