/* book_rules.c - a book's assignment rules, checked. */
#include <stdlib.h>
#include <string.h>

#include "book_impl.h"
#include "proto/submit.h"

#define TEXT_MAX 200 /* bytes of a region or category */

static const char *const mode_names[] = {"transfer", "hand_over", "propose",
                                         NULL};

/* A text of a condition: the item itself, or each of a list. */
typedef void (*text_fn)(const struct dk_rj *f, const struct dk_at *at,
                        const char *s, void *arg);

static const cJSON *read_texts(const struct dk_rj *f, const cJSON *o,
                               const char *key, const struct dk_at *up,
                               text_fn check, void *arg)
{
    const struct dk_at at = {up, key, 0};
    struct dk_at item = {&at, NULL, 0};
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key), *e = NULL;
    bool list = cJSON_IsArray(v);

    if (v == NULL || cJSON_IsNull(v))
        return NULL;
    if (!list && !cJSON_IsString(v)) {
        dk_rj_error(f, &at, NULL, "write a text or a list of texts");
        return NULL;
    }
    if (list && cJSON_GetArraySize(v) == 0)
        dk_rj_error(f, &at, NULL,
                    "the list is empty and matches nothing; take \"%s\" out",
                    key);
    for (e = list ? v->child : v; e != NULL; e = list ? e->next : NULL) {
        const char *s = cJSON_GetStringValue(e);
        if (s == NULL || s[0] == '\0' || strlen(s) > TEXT_MAX)
            dk_rj_error(f, list ? &item : &at, NULL,
                        "write a text of 1 to %d bytes", TEXT_MAX);
        else if (check != NULL)
            check(f, list ? &item : &at, s, arg);
        item.index++;
    }
    return v;
}

const cJSON *book_region_read(const struct dk_rj *f, const cJSON *o,
                              const struct dk_at *at)
{
    return read_texts(f, o, "region", at, NULL, NULL);
}

static void check_category(const struct dk_rj *f, const struct dk_at *at,
                           const char *s, void *arg)
{
    size_t n = strlen(s);

    (void)arg;
    if (s[0] == '/' || s[n - 1] == '/' || strstr(s, "//") != NULL)
        dk_rj_error(f, at, NULL,
                    "\"%s\": write levels joined by \"/\", without one at the "
                    "ends",
                    s);
}

const cJSON *book_category_read(const struct dk_rj *f, const cJSON *o,
                                const struct dk_at *at)
{
    return read_texts(f, o, "category", at, check_category, NULL);
}

struct word_list {
    const char *const *names;
    uint64_t mask;
};

static void check_word(const struct dk_rj *f, const struct dk_at *at,
                       const char *s, void *arg)
{
    struct word_list *w = arg;
    const char *near;
    int i = 0;

    while (w->names[i] != NULL && strcmp(w->names[i], s) != 0)
        i++;
    if (w->names[i] != NULL) {
        w->mask |= UINT64_C(1) << i;
        return;
    }
    near = dk_nearest(s, w->names);
    dk_rj_error(f, at, NULL, "\"%s\" is not known here; %s \"%s\"", s,
                near != NULL ? "did you mean" : "write for example",
                near != NULL ? near : w->names[0]);
}

uint64_t book_words_read(const struct dk_rj *f, const cJSON *o, const char *key,
                         const char *const names[], const struct dk_at *at)
{
    struct word_list w = {names, 0};

    (void)read_texts(f, o, key, at, check_word, &w);
    return w.mask;
}

static void read_mode(const struct dk_rj *f, const cJSON *o,
                      const struct dk_at *at, struct book_rule *r)
{
    int mode = 0;

    (void)dk_rj_enum(f, o, "mode", DK_OPTIONAL, mode_names, &mode, at);
    r->mode = (enum book_mode)mode;
    (void)dk_rj_int(f, o, "report_days", DK_OPTIONAL, 1, 365, &r->report_days,
                    at);
    if (r->report_days > 0 && r->mode != BOOK_HAND_OVER)
        dk_rj_error(f, at, "report_days",
                    "only a case handed over is reported back on; write "
                    "\"mode\": \"hand_over\"");
}

static void read_rule(const struct dk_rj *f, const cJSON *o,
                      const struct dk_at *at, struct dk_book *b)
{
    static const char *const names[] = {
        "id",   "region", "category",    "kind", "channel",
        "unit", "mode",   "report_days", "note", NULL};
    static const char *const taken[] = {"default", "review", "re_review",
                                        "repeat",  "merged", NULL};
    struct book_rule *r = &b->rule[b->n_rule];
    const char *note = NULL;

    if (!cJSON_IsObject(o)) {
        dk_rj_error(f, at, NULL, "write an object for each rule");
        return;
    }
    dk_rj_only(f, o, names, at);
    r->place = at->index;
    (void)dk_rj_id(f, o, "id", DK_REQUIRED, &r->id, at);
    (void)dk_rj_str(f, o, "note", DK_OPTIONAL, 2000, &note, at);
    r->region = book_region_read(f, o, at);
    r->category = book_category_read(f, o, at);
    r->kind = book_words_read(f, o, "kind", dk_kind_names, at);
    r->channel = book_words_read(f, o, "channel", dk_channel_names, at);
    r->unit = book_unit_ref(f, b, o, "unit", DK_REQUIRED, at);
    read_mode(f, o, at, r);
    for (int i = 0; r->id != NULL && i < b->n_rule; i++) {
        if (b->rule[i].id != NULL && strcmp(b->rule[i].id, r->id) == 0)
            dk_rj_error(f, at, "id",
                        "there is a rule \"%s\" already; choose another id",
                        r->id);
    }
    for (int i = 0; r->id != NULL && taken[i] != NULL; i++) {
        if (strcmp(taken[i], r->id) == 0)
            dk_rj_error(f, at, "id",
                        "\"%s\" is what docket calls a choice without a rule; "
                        "choose another id",
                        r->id);
    }
    b->n_rule++;
}

/* A rule that leads nowhere one day is passed over from then on. */
static void check_lasting(const struct dk_rj *f, const struct dk_book *b,
                          const struct book_rule *r, const struct dk_at *at)
{
    const struct book_unit *u = book_last_heir(b, r->unit);

    if (u != NULL && u->valid_to != BOOK_OPEN && u->heir == NULL)
        dk_rj_warn(f, at, "unit",
                   "\"%s\" closes and nobody takes over: the rule is passed "
                   "over from then on",
                   u->id);
}

/* "default": a unit's id, or {"unit": .., "mode": ..}.  What no rule knows
 * stays with the office for somebody to look at, if the default is the office.
 */
static void read_default(const struct dk_rj *f, struct dk_book *b)
{
    static const char *const names[] = {"unit", "mode", "report_days", NULL};
    const struct dk_at at = {NULL, "default", 0};
    const cJSON *o = cJSON_GetObjectItemCaseSensitive(b->root, "default");

    b->fallback.id = "default";
    if (!cJSON_IsObject(o)) {
        b->fallback.unit =
            book_unit_ref(f, b, b->root, "default", DK_OPTIONAL, NULL);
        b->fallback.mode =
            b->fallback.unit == b->office ? BOOK_PROPOSE : BOOK_TRANSFER;
        return;
    }
    dk_rj_only(f, o, names, &at);
    b->fallback.unit = book_unit_ref(f, b, o, "unit", DK_REQUIRED, &at);
    read_mode(f, o, &at, &b->fallback);
}

void book_rules_read(const struct dk_rj *f, struct dk_book *b)
{
    const struct dk_at at = {NULL, "rules", 0};
    struct dk_at item = {&at, NULL, 0};
    const cJSON *list = NULL, *o = NULL;

    read_default(f, b);
    if (!dk_rj_arr(f, b->root, "rules", DK_OPTIONAL, 0, BOOK_RULES_MAX, &list,
                   NULL) ||
        list == NULL || cJSON_GetArraySize(list) == 0) {
        if (b->fallback.unit == NULL)
            dk_rj_error(f, NULL, "rules",
                        "there are no rules and no default; name a "
                        "\"default\" unit at least");
        return;
    }
    b->rule = calloc((size_t)cJSON_GetArraySize(list), sizeof *b->rule);
    if (b->rule == NULL) {
        f->r->oom = true;
        return;
    }
    cJSON_ArrayForEach (o, list) {
        read_rule(f, o, &item, b);
        item.index++;
    }
    for (int i = 0; i < b->n_rule; i++) {
        item.index = b->rule[i].place;
        check_lasting(f, b, &b->rule[i], &item);
    }
    if (b->fallback.unit == NULL)
        dk_rj_warn(f, NULL, "default",
                   "no unit is named for cases that no rule matches; they "
                   "will wait for an operator");
}
