/* book_urgent.c - what cannot wait: the rules of "urgent", checked and applied.
 *
 * They look at the matter and at what the petitioner told, never at how many
 * people stand behind it, how it came or how often.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "book_impl.h"
#include "proto/words.h"

/* ---- reading ---- */

/* What would weigh a case by numbers is refused with that reason. */
static void refuse_weights(const struct dk_rj *f, const cJSON *o,
                           const struct dk_at *at)
{
    static const char *const names[] = {"id",       "need", "region",
                                        "category", "kind", "needs",
                                        "between",  "note", NULL};
    static const char *const weights[] = {
        "petitioners", "petitioner", "people", "persons",   "count", "channel",
        "channels",    "repeats",    "repeat", "repeat_of", "group", "visits",
        "imported",    "import",     "times",  NULL};
    const cJSON *m = NULL;

    cJSON_ArrayForEach (m, o) {
        int i = 0, k = 0;
        const char *near;
        while (names[i] != NULL && strcmp(names[i], m->string) != 0)
            i++;
        while (weights[k] != NULL && strcmp(weights[k], m->string) != 0)
            k++;
        if (names[i] != NULL)
            continue;
        near = dk_nearest(m->string, names);
        if (weights[k] != NULL)
            dk_rj_error(f, at, m->string,
                        "urgency is a matter's, never that of how many people "
                        "stand behind it, how it came or how often; take it "
                        "out");
        else if (near != NULL)
            dk_rj_error(f, at, m->string,
                        "there is no member of this name here; did you mean "
                        "\"%s\"?",
                        near);
        else
            dk_rj_error(f, at, m->string,
                        "there is no member of this name here; take it out");
    }
}

/* "MM-DD" as month * 100 + day; 0: it is no day of a year. */
static int read_month_day(const char *s)
{
    char full[16];
    struct dk_date d;

    if (strlen(s) != 5)
        return 0;
    (void)snprintf(full, sizeof full, "2024-%s", s); /* with a 29 February */
    return dk_date_parse(full, 10, &d) == 0 ? d.month * 100 + d.day : 0;
}

static int read_end(const struct dk_rj *f, const cJSON *o, const char *key,
                    const struct dk_at *at)
{
    const char *s = NULL;
    int md;

    if (!dk_rj_str(f, o, key, DK_REQUIRED, 32, &s, at))
        return 0;
    md = read_month_day(s);
    if (md == 0)
        dk_rj_error(f, at, key,
                    "\"%s\" is not a day of the year; write MM-DD, as in "
                    "12-01",
                    s);
    return md;
}

static void read_season(const struct dk_rj *f, const cJSON *o,
                        const struct dk_at *at, struct book_urgent *r)
{
    static const char *const names[] = {"from", "to", NULL};
    struct book_season s;

    if (!cJSON_IsObject(o)) {
        dk_rj_error(f, at, NULL,
                    "write {\"from\": \"MM-DD\", \"to\": \"MM-DD\"}; both days "
                    "are part of it");
        return;
    }
    dk_rj_only(f, o, names, at);
    s.from = read_end(f, o, "from", at);
    s.to = read_end(f, o, "to", at);
    if (s.from != 0 && s.to != 0)
        r->season[r->n_season++] = s;
}

static void read_seasons(const struct dk_rj *f, const cJSON *o,
                         const struct dk_at *up, struct book_urgent *r)
{
    const struct dk_at at = {up, "between", 0};
    struct dk_at item = {&at, NULL, 0};
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, "between"), *e = NULL;

    if (cJSON_IsObject(v)) {
        read_season(f, v, &at, r);
        return;
    }
    if (!dk_rj_arr(f, o, "between", DK_OPTIONAL, 1, BOOK_SEASONS_MAX, &v, up) ||
        v == NULL)
        return;
    cJSON_ArrayForEach (e, v) {
        read_season(f, e, &item, r);
        item.index++;
    }
}

static void check_id(const struct dk_rj *f, const struct dk_book *b,
                     const struct book_urgent *r, const struct dk_at *at)
{
    for (int i = 0; r->id != NULL && i < b->n_urgent; i++) {
        if (b->urgent[i].id != NULL && strcmp(b->urgent[i].id, r->id) == 0)
            dk_rj_error(
                f, at, "id",
                "there is an urgent rule \"%s\" already; choose another id",
                r->id);
    }
    for (int i = 0; r->id != NULL && i < b->n_rule; i++) {
        if (b->rule[i].id != NULL && strcmp(b->rule[i].id, r->id) == 0)
            dk_rj_error(
                f, at, "id",
                "a rule of \"rules\" has the id \"%s\" already; choose another",
                r->id);
    }
}

static void read_rule(const struct dk_rj *f, const cJSON *o,
                      const struct dk_at *at, struct dk_book *b)
{
    struct book_urgent *r = &b->urgent[b->n_urgent];
    const char *note = NULL;
    int need = 0;

    if (!cJSON_IsObject(o)) {
        dk_rj_error(f, at, NULL, "write an object for each urgent rule");
        return;
    }
    refuse_weights(f, o, at);
    (void)dk_rj_id(f, o, "id", DK_REQUIRED, &r->id, at);
    (void)dk_rj_enum(f, o, "need", DK_REQUIRED, dk_need_names, &need, at);
    (void)dk_rj_str(f, o, "note", DK_OPTIONAL, 2000, &note, at);
    r->need = (enum dk_need)need;
    r->region = book_region_read(f, o, at);
    r->category = book_category_read(f, o, at);
    r->kind = book_words_read(f, o, "kind", dk_kind_names, at);
    r->needs = (unsigned)book_words_read(f, o, "needs", dk_need_names, at);
    read_seasons(f, o, at, r);
    if (!dk_rj_has(o, "needs") && r->region == NULL && r->category == NULL)
        dk_rj_error(f, at, NULL,
                    "the rule would put every case first; name \"needs\", a "
                    "\"category\" or a \"region\"");
    check_id(f, b, r, at);
    b->n_urgent++;
}

void book_urgent_read(const struct dk_rj *f, struct dk_book *b)
{
    const struct dk_at at = {NULL, "urgent", 0};
    struct dk_at item = {&at, NULL, 0};
    const cJSON *list = NULL, *o = NULL;

    if (!dk_rj_arr(f, b->root, "urgent", DK_OPTIONAL, 0, BOOK_URGENT_MAX, &list,
                   NULL) ||
        list == NULL || list->child == NULL)
        return;
    b->urgent = calloc((size_t)cJSON_GetArraySize(list), sizeof *b->urgent);
    if (b->urgent == NULL) {
        f->r->oom = true;
        return;
    }
    cJSON_ArrayForEach (o, list) {
        read_rule(f, o, &item, b);
        item.index++;
    }
}

/* ---- applying ---- */

static const char *need_zh(int need)
{
    return dk_word_named("need", dk_need_names[need], DK_LANG_ZH_CN);
}

static const struct book_season *find_season(const struct book_urgent *r,
                                             int64_t day)
{
    const struct dk_date d = dk_date_from_days(day);
    int md = d.month * 100 + d.day;

    for (int i = 0; i < r->n_season; i++) {
        const struct book_season *s = &r->season[i];
        bool after = md >= s->from, before = md <= s->to;
        if (s->from <= s->to ? after && before : after || before)
            return s;
    }
    return NULL;
}

/* All that the rule says of the matter itself; false where it says nothing. */
static bool is_matter(const struct book_urgent *r, const struct dk_case *c)
{
    if (r->region == NULL && r->category == NULL)
        return false;
    return (r->region == NULL || book_region(r->region, c->region) != NULL) &&
           (r->category == NULL ||
            book_category(r->category, c->category) != NULL) &&
           (r->kind == 0 || (r->kind >> c->kind & 1) != 0);
}

static void say_matter(const struct book_urgent *r, const struct dk_case *c,
                       struct book_why *y)
{
    if (r->region != NULL)
        book_say(y, "，地区“%s”", book_region(r->region, c->region));
    if (r->category != NULL)
        book_say(y, "，类别“%s”", book_category(r->category, c->category));
}

/* Does the rule put the case first?  Says why. */
static bool applies(const struct book_urgent *r, const struct dk_case *c,
                    int64_t day, struct book_why *y)
{
    const struct book_season *s = find_season(r, day);
    bool told = (r->needs & c->needs) != 0;
    const char *sep = "";

    if ((r->n_season > 0 && s == NULL) || (!told && !is_matter(r, c)))
        return false;
    book_say(y, "按急办规则“%s”", r->id);
    if (told) {
        book_say(y, "，信访人说明有急需（");
        for (int i = 0; i < DK_NEED_N; i++) {
            if ((r->needs & c->needs) >> i & 1) {
                book_say(y, "%s%s", sep, need_zh(i));
                sep = "、";
            }
        }
        book_say(y, "）");
    } else {
        say_matter(r, c, y);
    }
    if (s != NULL)
        book_say(y, "，正值%d月%d日至%d月%d日", s->from / 100, s->from % 100,
                 s->to / 100, s->to % 100);
    book_say(y, "，列为急办：%s。", need_zh((int)r->need));
    return true;
}

void book_write_prioritise(const struct dk_book *b, const struct dk_case *c,
                           int64_t day, struct dk_jw *w)
{
    struct book_why y = {.n_list = 0};
    int i = 0;

    while (i < b->n_urgent && !applies(&b->urgent[i], c, day, &y))
        i++;
    if (i == b->n_urgent)
        return;
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "action", "prioritise");
    dk_jw_str(w, "need", dk_need_names[b->urgent[i].need]);
    dk_jw_str(w, "why", y.s);
    dk_jw_str(w, "rule", b->urgent[i].id);
    dk_jw_end_obj(w);
}
