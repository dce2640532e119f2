/* book_assign.c - who answers for a case. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "book_impl.h"
#include "proto/submit.h"

#define WHY_MAX 1000 /* bytes (wire) */

struct choice {
    const struct book_unit *unit;
    const char *rule;
    enum book_mode mode;
    int report_days;
    char why[WHY_MAX + 1]; /* a sentence for people */
};

__attribute__((format(printf, 2, 3))) static void say(struct choice *ch,
                                                      const char *fmt, ...)
{
    size_t len = strlen(ch->why);
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(ch->why + len, sizeof ch->why - len, fmt, ap);
    va_end(ap);
    ch->why[dk_utf8_valid(ch->why, strlen(ch->why))] = '\0';
}

/* ---- rules ---- */

static const char *matched_region(const cJSON *cond, const char *region)
{
    bool list = cJSON_IsArray(cond);

    for (const cJSON *e = list ? cond->child : cond;
         e != NULL && region != NULL; e = list ? e->next : NULL) {
        if (strcmp(e->valuestring, region) == 0)
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

static int depth_of(const char *category)
{
    int depth = 1;
    for (; *category != '\0'; category++)
        depth += *category == '/' ? 1 : 0;
    return depth;
}

/* The deepest of the condition's categories that the case is in, or NULL. */
static const char *matched_category(const cJSON *cond, const char *category)
{
    bool list = cJSON_IsArray(cond);
    const char *best = NULL;

    for (const cJSON *e = list ? cond->child : cond;
         e != NULL && category != NULL; e = list ? e->next : NULL) {
        if (is_level_of(e->valuestring, category) &&
            (best == NULL || depth_of(e->valuestring) > depth_of(best)))
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
        if (matched_region(r->region, c->region) == NULL)
            return -1;
        n++;
    }
    if (r->category != NULL) {
        category = matched_category(r->category, c->category);
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
    return n * 1000 + (category != NULL ? depth_of(category) : 0);
}

/* The best rule on `day`; none that leads to `avoid`. */
static const struct book_rule *find_rule(const struct dk_book *b,
                                         const struct dk_case *c, int64_t day,
                                         const struct book_unit *avoid)
{
    const struct book_rule *best = NULL;
    int most = -1;

    for (int i = 0; i < b->n_rule; i++) {
        const struct book_rule *r = &b->rule[i];
        int n = fit(r, c);
        if (n > most && r->unit != avoid && r->unit->valid_from <= day) {
            best = r;
            most = n;
        }
    }
    if (best == NULL && b->fallback.unit != NULL && b->fallback.unit != avoid)
        best = &b->fallback;
    return best;
}

/* ---- respondents ---- */

/* Nobody who is present may handle the case, because all of them are
 * complained about.
 */
static bool has_only_accused(const struct dk_case *c, const struct book_unit *u)
{
    int accused = 0, free_to = 0;

    for (int i = 0; i < u->n_handler; i++) {
        if (book_is_accused_officer(c, &u->handler[i]))
            accused++;
        else
            free_to++;
    }
    return accused > 0 && free_to == 0;
}

static bool is_barred(const struct dk_case *c, const struct book_unit *u,
                      const struct book_unit *avoid)
{
    return u == avoid || book_is_accused_unit(c, u) || has_only_accused(c, u);
}

/* `u`, or the first unit above it that is not barred; above the last one comes
 * the office, when `office` is not NULL.
 */
static const struct book_unit *climb(const struct dk_case *c,
                                     const struct book_unit *u,
                                     const struct book_unit *office,
                                     const struct book_unit *avoid)
{
    while (u != NULL && is_barred(c, u, avoid)) {
        u = u->parent;
        if (u == NULL) {
            u = office;
            office = NULL; /* once */
        }
    }
    return u;
}

/* ---- the choice ---- */

static void say_rule(struct choice *ch, const struct book_rule *r,
                     const struct dk_case *c)
{
    const char *region =
        r->region != NULL ? matched_region(r->region, c->region) : NULL;
    const char *category =
        r->category != NULL ? matched_category(r->category, c->category) : NULL;

    if (r->region == NULL && r->category == NULL && r->channel == 0 &&
        r->kind == 0 && strcmp(r->id, "default") == 0) {
        say(ch, "没有适用的规则，由“%s”接收。", r->unit->name.zh);
        return;
    }
    say(ch, "按规则“%s”", r->id);
    if (region != NULL)
        say(ch, "，地区“%s”", region);
    if (category != NULL)
        say(ch, "，类别“%s”", category);
    say(ch, "，由“%s”办理。", r->unit->name.zh);
}

static int choose_by_rule(const struct dk_book *b, const struct dk_case *c,
                          const struct dk_event *e, struct choice *ch,
                          struct dk_problem *why)
{
    const struct book_unit *avoid = NULL;
    const struct book_rule *r;

    if (e->type == DK_EV_OBJECTION_UPHELD) {
        avoid = book_unit_find(b, c->unit);
        say(ch, "“%s”的异议成立，重新分派。",
            dk_book_unit_name(b, c->unit, "zh-CN"));
    }
    r = find_rule(b, c, dk_zone_day(&b->zone, e->at), avoid);
    if (r == NULL)
        return dk_fail(why, DK_ENOTFOUND, NULL,
                       "no rule of the book matches the case and the book has "
                       "no default unit; add a rule or a default, then try "
                       "again",
                       "单位册中没有适用的规则，也没有默认单位；请补充后重试");
    say_rule(ch, r, c);
    ch->rule = r->id;
    ch->mode = r->mode;
    ch->report_days = r->report_days;
    ch->unit = climb(c, r->unit, b->office, avoid);
    if (ch->unit == NULL)
        return dk_fail(
            why, DK_ERESPONDENT, NULL,
            "every unit up to the office is complained about in "
            "this case; a person must decide who handles it",
            "本案中各级单位直至信访部门均被反映，须由人工确定承办单位");
    if (ch->unit == r->unit)
        return 0;
    say(ch, "因其单位、负责人或承办人在本案中被反映，改由“%s”办理。",
        ch->unit->name.zh);
    if (ch->unit == b->office)
        ch->mode = BOOK_PROPOSE; /* for somebody there to look at */
    return 0;
}

/* The unit above the one that answered, or that reviewed before. */
static int choose_reviewer(const struct dk_book *b, const struct dk_case *c,
                           const struct dk_event *e, struct choice *ch,
                           struct dk_problem *why)
{
    const char *id = c->answered_by[0] != '\0' ? c->answered_by : c->unit;
    const struct book_unit *u = book_unit_find(b, id);
    bool again = e->type == DK_EV_RE_REVIEW_ASKED;

    ch->rule = again ? "re_review" : "review";
    ch->mode = BOOK_PROPOSE;
    ch->unit = u != NULL ? climb(c, u->parent, NULL, u) : NULL;
    if (ch->unit == NULL)
        return dk_failf(why, DK_ENOTFOUND, NULL,
                        "the book names no unit above \"%s\" that may review "
                        "its answer; add one as its parent, then try again",
                        "单位册中没有可以复查、复核“%s”答复的上级单位；"
                        "请补充上级单位后重试",
                        id);
    say(ch, "由“%s”的上一级“%s”%s。", u->name.zh, ch->unit->name.zh,
        again ? "复核" : "复查");
    return 0;
}

/* ---- the commands ---- */

static void write_candidates(struct dk_jw *w, const struct dk_case *c,
                             const struct book_unit *u)
{
    bool any = false;

    for (int i = 0; i < u->n_handler; i++) {
        const struct book_officer *h = &u->handler[i];
        if (h->absent || book_is_accused_officer(c, h))
            continue;
        if (!any)
            dk_jw_arr(w, "candidates");
        any = true;
        dk_jw_str(w, NULL, h->id);
    }
    if (any)
        dk_jw_end_arr(w);
}

static void write_register(struct dk_jw *w, const struct dk_case *c)
{
    if (c->state != DK_S_SUBMITTED)
        return;
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "action", "register");
    dk_jw_end_obj(w);
}

static void write_choice(struct dk_jw *w, const struct dk_case *c,
                         const struct choice *ch)
{
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "action", "assign");
    dk_jw_str(w, "unit", ch->unit->id);
    write_candidates(w, c, ch->unit);
    dk_jw_str(w, "rule", ch->rule);
    dk_jw_str(w, "why", ch->why);
    dk_jw_end_obj(w);
    if (ch->mode == BOOK_PROPOSE)
        return;
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "action",
              ch->mode == BOOK_HAND_OVER ? "hand_over" : "transfer");
    dk_jw_str(w, "unit", ch->unit->id);
    if (ch->report_days > 0)
        dk_jw_int(w, "report_days", ch->report_days);
    dk_jw_end_obj(w);
}

static void write_discipline(struct dk_jw *w, const struct dk_book *b)
{
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "action", "send_to_discipline");
    dk_jw_str(w, "body", b->discipline->id);
    dk_jw_end_obj(w);
}

/* Is there still something to choose?  Not when somebody did since, nor in a
 * state where nobody waits for it.
 */
static bool is_open(const struct dk_case *c, const struct dk_event *e)
{
    if (c->last_n[DK_EV_ASSIGNED] > e->n)
        return false;
    switch (c->state) {
    case DK_S_SUBMITTED:
    case DK_S_REGISTERED:
        return e->type == DK_EV_SUBMITTED || e->type == DK_EV_REOPENED ||
               e->type == DK_EV_OBJECTION_UPHELD;
    case DK_S_IN_REVIEW:
        return e->type == DK_EV_REVIEW_ASKED;
    case DK_S_IN_RE_REVIEW:
        return e->type == DK_EV_RE_REVIEW_ASKED;
    case DK_S_NONE:
    case DK_S_TRANSFERRED:
    case DK_S_OBJECTED:
    case DK_S_ACCEPTED:
    case DK_S_SUSPENDED:
    case DK_S_ANSWERED:
    case DK_S_SETTLED:
    case DK_S_REVIEW_SUSPENDED:
    case DK_S_RE_REVIEW_SUSPENDED:
    case DK_S_REVIEWED:
    case DK_S_ENDED:
    case DK_S_NOT_ACCEPTED:
    case DK_S_DISCIPLINE:
    case DK_S_WITHDRAWN:
    case DK_S_CLOSED:
    case DK_S_N:
        break;
    }
    return false;
}

int dk_book_assign(const struct dk_book *b, const struct dk_case *c,
                   const struct dk_event *e, struct dk_jw *w,
                   struct dk_problem *why)
{
    bool review =
        e->type == DK_EV_REVIEW_ASKED || e->type == DK_EV_RE_REVIEW_ASKED;
    bool discipline = c->kind == DK_KIND_ACCUSATION && !review &&
                      b->discipline != NULL &&
                      !book_is_accused_unit(c, b->discipline);
    struct choice ch = {.unit = NULL};
    int rc = 0;

    if (!is_open(c, e)) {
        dk_jw_arr(w, NULL);
        dk_jw_end_arr(w);
        return 0;
    }
    if (review)
        rc = choose_reviewer(b, c, e, &ch, why);
    else if (!discipline)
        rc = choose_by_rule(b, c, e, &ch, why);
    if (rc != 0)
        return rc;
    dk_jw_arr(w, NULL);
    write_register(w, c);
    if (discipline)
        write_discipline(w, b);
    else
        write_choice(w, c, &ch);
    dk_jw_end_arr(w);
    return 0;
}
