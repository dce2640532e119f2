/* book_match.c - which assignment rule fits a case best. */
#include <string.h>

#include "book_choice.h"

/* `code` is that of a place, and `within` that of one above it. */
static bool is_place_in(const char *code, const char *within)
{
    char hint[128];

    return book_code_kind(within, hint) != BOOK_KIND_NONE &&
           book_code_kind(code, hint) != BOOK_KIND_NONE &&
           strncmp(code, within, book_code_prefix(within)) == 0;
}

const char *book_region(const cJSON *cond, const char *region)
{
    bool list = cJSON_IsArray(cond);

    for (const cJSON *e = list ? cond->child : cond;
         e != NULL && region != NULL; e = list ? e->next : NULL) {
        if (strcmp(e->valuestring, region) == 0 ||
            is_place_in(region, e->valuestring))
            return e->valuestring;
    }
    return NULL;
}

/* `prefix` is the category or one of the levels above it. */
static bool is_level_of(const char *prefix, const char *category)
{
    size_t n = strlen(prefix);
    return strncmp(prefix, category, n) == 0 &&
           (category[n] == '\0' || category[n] == '/');
}

int book_depth(const char *category)
{
    int depth = 1;
    for (; *category != '\0'; category++)
        depth += *category == '/' ? 1 : 0;
    return depth;
}

const char *book_category(const cJSON *cond, const char *category)
{
    bool list = cJSON_IsArray(cond);
    const char *best = NULL;

    for (const cJSON *e = list ? cond->child : cond;
         e != NULL && category != NULL; e = list ? e->next : NULL) {
        if (is_level_of(e->valuestring, category) &&
            (best == NULL || book_depth(e->valuestring) > book_depth(best)))
            best = e->valuestring;
    }
    return best;
}

/* How well a rule fits: -1 not at all, else more conditions count more, then a
 * deeper category.
 */
static int fit(const struct book_rule *r, const struct dk_case *c)
{
    const char *category = NULL;
    int n = 0;

    if (r->region != NULL) {
        if (book_region(r->region, c->region) == NULL)
            return -1;
        n++;
    }
    if (r->category != NULL) {
        category = book_category(r->category, c->category);
        if (category == NULL)
            return -1;
        n++;
    }
    if (r->channel != 0) {
        if ((r->channel >> c->channel & 1) == 0)
            return -1;
        n++;
    }
    if (r->kind != 0) {
        if ((r->kind >> c->kind & 1) == 0)
            return -1;
        n++;
    }
    return n * 1000 + (category != NULL ? book_depth(category) : 0);
}

/* The rule leads to somebody that day, who has not just refused it. */
static bool is_usable(const struct book_rule *r, const struct book_ask *a)
{
    const struct book_unit *u = book_heir(r->unit, a->day);

    return u != NULL && u != a->avoid;
}

const struct book_rule *book_rule_find(const struct book_ask *a)
{
    const struct dk_book *b = a->b;
    const struct book_rule *best = NULL;
    int most = -1;

    for (int i = 0; i < b->n_rule; i++) {
        int n = fit(&b->rule[i], a->c);
        if (n > most && is_usable(&b->rule[i], a)) {
            best = &b->rule[i];
            most = n;
        }
    }
    if (best == NULL && b->fallback.unit != NULL && is_usable(&b->fallback, a))
        best = &b->fallback;
    return best;
}

void book_say_passed_rules(const struct book_ask *a,
                           const struct book_rule *best, struct book_why *y)
{
    int most = best == &a->b->fallback ? -1 : fit(best, a->c);

    for (int i = 0; i < a->b->n_rule; i++) {
        const struct book_rule *r = &a->b->rule[i];
        int n = fit(r, a->c);
        if (n < most || (n == most && r > best) || n < 0 || r == best)
            continue;
        if (book_heir(r->unit, a->day) != NULL)
            continue; /* it leads to the unit that refused: said already */
        book_say_item(y, "、", "规则“%s”（“%s”%s）", r->id,
                      book_name(r->unit, "zh-CN", a->day),
                      a->day < r->unit->valid_from ? "尚未设立"
                                                   : "已撤销，无承接单位");
    }
    if (y->n_list + y->n_more > 0) {
        book_say_list_end(y);
        book_say(y, "不适用。");
    }
}
