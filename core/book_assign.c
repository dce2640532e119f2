/* book_assign.c - who answers for a case. */
#include <string.h>

#include "book_choice.h"
#include "proto/caseno.h"
#include "proto/words.h"

/* ---- who may not ---- */

/* Nobody who is listed may handle the case, because all of them are complained
 * about.
 */
static bool has_only_accused(const struct dk_case *c, const struct book_unit *u)
{
    for (int i = 0; i < u->n_handler; i++) {
        if (!book_is_accused_officer(c, &u->handler[i]))
            return false;
    }
    return u->n_handler > 0;
}

/* Why the unit may not have the case; NULL: it may. */
static const char *find_bar(const struct book_ask *a, const struct book_unit *u)
{
    if (u == a->avoid)
        return "的异议已成立";
    if (a->review && book_is_judged_unit(a->b, a->c, u, a->day))
        return "参与过原处理";
    if (book_is_named_unit(a->b, a->c, u, a->day))
        return "在本案中被反映";
    if (book_is_accused_officer(a->c, &u->head))
        return "的负责人在本案中被反映";
    if (has_only_accused(a->c, u))
        return "的承办人均在本案中被反映";
    return NULL;
}

/* Why `u` is not there that day, and who is instead. */
static void say_closed(const struct book_ask *a, const struct book_unit *u,
                       const struct book_unit *heir, struct book_why *y)
{
    const char *name = book_name(u, "zh-CN", u->valid_to);
    struct dk_date d;

    if (a->day <= u->valid_to) {
        book_say_item(y, "；", "“%s”尚未设立", name);
        return;
    }
    d = dk_date_from_days(u->valid_to);
    if (heir != NULL)
        book_say_item(y, "；", "“%s”存续至%d年%d月%d日，已并入“%s”", name,
                      d.year, d.month, d.day, book_name(heir, "zh-CN", a->day));
    else
        book_say_item(y, "；", "“%s”存续至%d年%d月%d日，已撤销", name, d.year,
                      d.month, d.day);
}

/* `u`, or who took over from it, or the first unit above it that is not barred;
 * above the last one comes the office, when `office` is not NULL.  Says who was
 * passed over, as an open list.
 */
static const struct book_unit *climb(const struct book_ask *a,
                                     const struct book_unit *u,
                                     const struct book_unit *office,
                                     struct book_why *y)
{
    /* An heir may be below the unit that it took over from. */
    for (int i = 0; u != NULL && i <= 2 * a->b->n_unit; i++) {
        const struct book_unit *now = book_heir(u, a->day);
        const char *bar = now != NULL ? find_bar(a, now) : NULL;

        if (now != u)
            say_closed(a, u, now, y);
        if (now != NULL && bar == NULL)
            return now;
        if (now != NULL) {
            book_say_item(y, "；", "“%s”%s", book_name(now, "zh-CN", a->day),
                          bar);
            u = now;
        }
        u = u->parent;
        if (u == NULL) {
            u = office;
            office = NULL; /* once */
        }
    }
    return NULL;
}

/* ---- by rule ---- */

static void say_rule(const struct book_ask *a, const struct book_rule *r,
                     struct book_why *y)
{
    const char *unit = book_name(r->unit, "zh-CN", a->day);

    if (r == &a->b->fallback) {
        book_say(y, "没有适用的规则，由“%s”接收。", unit);
        return;
    }
    book_say(y, "按规则“%s”", r->id);
    if (r->region != NULL)
        book_say(y, "，地区“%s”", book_region(r->region, a->c->region));
    if (r->category != NULL)
        book_say(y, "，类别“%s”", book_category(r->category, a->c->category));
    if (r->channel != 0)
        book_say(y, "，渠道“%s”",
                 dk_word_named("channel", dk_channel_names[a->c->channel],
                               DK_LANG_ZH_CN));
    if (r->kind != 0)
        book_say(
            y, "，目的“%s”",
            dk_word_named("kind", dk_kind_names[a->c->kind], DK_LANG_ZH_CN));
    book_say(y, "，由“%s”办理。", unit);
}

static int choose_by_rule(const struct book_ask *a, struct book_choice *ch,
                          struct dk_problem *why)
{
    const struct book_rule *r = book_rule_find(a);

    if (r == NULL)
        return dk_fail(why, DK_ENOTFOUND, NULL,
                       "no rule of the book matches the case and the book has "
                       "no default unit; add a rule or a default, then try "
                       "again",
                       "单位册中没有适用的规则，也没有默认单位；请补充后重试");
    if (a->avoid != NULL)
        book_say(&ch->why, "“%s”的异议成立，重新分派。",
                 book_name(a->avoid, "zh-CN", a->day));
    book_say_passed_rules(a, r, &ch->why);
    say_rule(a, r, &ch->why);
    ch->rule = r->id;
    ch->mode = r->mode;
    ch->report_days = r->report_days;
    ch->unit = climb(a, r->unit, a->b->office, &ch->why);
    book_say_list_end(&ch->why);
    if (ch->unit == NULL)
        return dk_fail(
            why, DK_ERESPONDENT, NULL,
            "every unit up to the office is complained about in "
            "this case; a person must decide who handles it",
            "本案中各级单位直至信访部门均被反映，须由人工确定责任单位");
    if (ch->unit == r->unit)
        return 0;
    book_say(&ch->why, "，改由“%s”办理。",
             book_name(ch->unit, "zh-CN", a->day));
    if (ch->unit == book_heir(a->b->office, a->day))
        ch->mode = BOOK_PROPOSE; /* for somebody there to look at */
    return 0;
}

/* ---- the same matter again ---- */

/* The unit that had it before, and its handler: true when it may have it again.
 * Says so, or why not.
 */
static bool choose_repeat(const struct book_ask *a, struct book_choice *ch)
{
    const struct book_unit *u = book_unit_find(a->b, a->c->repeat_unit), *now;
    const struct book_rule *r;
    const char *bar;
    char no[DK_CASE_NO_MAX];

    dk_case_no_format(a->b->county, a->c->repeat_of, no);
    book_say(&ch->why, "与案件%s为同一事项重复信访，", no);
    if (u == NULL) {
        book_say(&ch->why, "原责任单位“%s”不在单位册中，按规则分派。",
                 a->c->repeat_unit);
        return false;
    }
    now = book_heir(u, a->day);
    bar = now != NULL ? find_bar(a, now) : NULL;
    if (now != u) {
        say_closed(a, u, now, &ch->why);
        book_say_list_end(&ch->why);
        book_say(&ch->why, "，");
    }
    if (now == NULL || bar != NULL) {
        if (now != NULL)
            book_say(&ch->why, "原责任单位“%s”%s，",
                     book_name(now, "zh-CN", a->day), bar);
        book_say(&ch->why, "按规则分派。");
        return false;
    }
    book_say(&ch->why, "仍由“%s”办理。", book_name(now, "zh-CN", a->day));
    ch->unit = now;
    ch->rule = "repeat";
    r = book_rule_find(a);
    if (r != NULL && book_heir(r->unit, a->day) == now) {
        ch->mode = r->mode;
        ch->report_days = r->report_days;
    } else if (now == book_heir(a->b->office, a->day)) {
        ch->mode = BOOK_PROPOSE;
    }
    book_keep_handler(a, a->c->repeat_handler, ch);
    return true;
}

static bool is_repeat(const struct dk_case *c)
{
    return c->repeat_of != 0 && c->repeat_unit[0] != '\0';
}

/* ---- reviews ---- */

/* The unit above the one that answered, or that reviewed before. */
static int choose_reviewer(const struct book_ask *a, bool again,
                           struct book_choice *ch, struct dk_problem *why)
{
    const char *id =
        a->c->answered_by[0] != '\0' ? a->c->answered_by : a->c->unit;
    const struct book_unit *u = book_unit_find(a->b, id);

    ch->rule = again ? "re_review" : "review";
    ch->mode = BOOK_PROPOSE;
    ch->unit = u != NULL ? climb(a, u->parent, NULL, &ch->why) : NULL;
    if (ch->unit == NULL)
        return dk_failf(why, DK_ENOTFOUND, NULL,
                        "the book names no unit above \"%s\" that may review "
                        "its answer; add one as its parent, then try again",
                        "单位册中没有可以复查、复核“%s”答复的上级单位；"
                        "请补充上级单位后重试",
                        id);
    if (ch->why.n_list > 0) {
        book_say_list_end(&ch->why);
        book_say(&ch->why, "，");
    }
    book_say(&ch->why, "由“%s”的%s“%s”%s。", book_name(u, "zh-CN", a->day),
             ch->unit == u->parent ? "上一级" : "上级",
             book_name(ch->unit, "zh-CN", a->day), again ? "复核" : "复查");
    return 0;
}

/* ---- the commands ---- */

static void write_register(struct dk_jw *w, const struct dk_case *c)
{
    if (c->state != DK_S_SUBMITTED)
        return;
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "action", "register");
    dk_jw_end_obj(w);
}

static void write_assign(struct dk_jw *w, const struct book_choice *ch)
{
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "action", "assign");
    dk_jw_str(w, "unit", ch->unit->id);
    if (ch->handler != NULL)
        dk_jw_str(w, "handler", ch->handler);
    if (ch->n_candidate > 0) {
        dk_jw_arr(w, "candidates");
        for (int i = 0; i < ch->n_candidate; i++)
            dk_jw_str(w, NULL, ch->candidate[i]);
        dk_jw_end_arr(w);
    }
    dk_jw_str(w, "rule", ch->rule);
    dk_jw_str(w, "why", ch->why.s);
    dk_jw_end_obj(w);
}

static void write_pass_on(struct dk_jw *w, const struct book_choice *ch)
{
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

static void write_discipline(struct dk_jw *w, const struct book_unit *body)
{
    dk_jw_obj(w, NULL);
    dk_jw_str(w, "action", "send_to_discipline");
    dk_jw_str(w, "body", body->id);
    dk_jw_end_obj(w);
}

/* ---- is there something to choose? ---- */

/* A unit that waits for the case since its objection was upheld. */
static bool is_refused(const struct dk_case *c)
{
    return c->last_n[DK_EV_OBJECTION_UPHELD] > c->last_n[DK_EV_ASSIGNED];
}

/* A link comes late where a person chose the unit already. */
static bool is_link_open(const struct dk_case *c, const struct dk_event *e)
{
    cJSON *body = NULL;
    const char *relation = NULL;
    bool repeat;

    if (!is_repeat(c) ||
        (c->unit[0] != '\0' && c->rule[0] == '\0' && !is_refused(c)) ||
        dk_json_parse_fixed(e->body, e->body_len, e->body_len, &body, NULL) !=
            0)
        return false;
    repeat =
        dk_json_id(body, "relation", DK_REQUIRED, &relation, NULL, NULL) == 0 &&
        strcmp(relation, dk_relation_names[DK_REPEAT]) == 0;
    cJSON_Delete(body);
    return repeat;
}

/* Not when somebody chose since, nor in a state where nobody waits for it. */
static bool is_open(const struct dk_case *c, const struct dk_event *e)
{
    if (c->last_n[DK_EV_ASSIGNED] > e->n)
        return false;
    switch (c->state) {
    case DK_S_SUBMITTED:
    case DK_S_REGISTERED:
        return e->type == DK_EV_SUBMITTED || e->type == DK_EV_REOPENED ||
               e->type == DK_EV_OBJECTION_UPHELD ||
               (e->type == DK_EV_LINKED && is_link_open(c, e));
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

/* ---- the answer ---- */

static struct book_ask ask_of(const struct dk_book *b, const struct dk_case *c,
                              dk_ms at)
{
    struct book_ask a = {.b = b, .c = c, .day = dk_zone_day(&b->zone, at)};
    const struct book_unit *u;

    a.review = c->state == DK_S_IN_REVIEW || c->state == DK_S_IN_RE_REVIEW ||
               c->state == DK_S_REVIEW_SUSPENDED ||
               c->state == DK_S_RE_REVIEW_SUSPENDED;
    if (is_refused(c)) {
        u = book_unit_find(b, c->unit);
        a.avoid = book_heir(u, a.day);
        if (a.avoid == NULL)
            a.avoid = u;
    }
    return a;
}

/* The body that an accusation goes to, or NULL. */
static const struct book_unit *find_discipline(const struct book_ask *a)
{
    const struct book_unit *u = a->b->discipline;

    if (a->review || a->c->kind != DK_KIND_ACCUSATION || u == NULL)
        return NULL;
    u = book_heir(u, a->day);
    return u != NULL && !book_is_accused_unit(a->b, a->c, u, a->day) ? u : NULL;
}

static int choose(const struct book_ask *a, const struct dk_event *e,
                  struct book_choice *ch, struct dk_problem *why)
{
    bool fresh = e->type == DK_EV_SUBMITTED || e->type == DK_EV_LINKED;

    if (a->review)
        return choose_reviewer(a, e->type == DK_EV_RE_REVIEW_ASKED, ch, why);
    if (fresh && is_repeat(a->c) && choose_repeat(a, ch))
        return 0;
    return choose_by_rule(a, ch, why);
}

/* The commands for a case that waits.  A link that leads nowhere changes
 * nothing: the rules have been asked, or will be.
 */
static int write_choice(const struct book_ask *a, const struct dk_event *e,
                        struct dk_jw *w, struct dk_problem *why)
{
    const struct book_unit *discipline = find_discipline(a);
    bool linked = e->type == DK_EV_LINKED;
    struct book_choice ch = {.unit = NULL};
    int rc = 0;

    if (discipline == NULL)
        rc = choose(a, e, &ch, why);
    if (linked && (ch.rule == NULL || strcmp(ch.rule, "repeat") != 0)) {
        dk_jw_arr(w, NULL);
        dk_jw_end_arr(w);
        return 0;
    }
    if (rc != 0)
        return rc;
    dk_jw_arr(w, NULL);
    write_register(w, a->c);
    if (e->type == DK_EV_SUBMITTED && a->c->urgent == 0)
        book_write_prioritise(a->b, a->c, a->day, w);
    if (discipline != NULL) {
        write_discipline(w, discipline);
    } else {
        book_staff(a, &ch);
        write_assign(w, &ch);
        write_pass_on(w, &ch);
    }
    dk_jw_end_arr(w);
    return 0;
}

int dk_book_assign(const struct dk_book *b, const struct dk_case *c,
                   const struct dk_event *e, struct dk_jw *w,
                   struct dk_problem *why)
{
    const struct book_ask a = ask_of(b, c, e->at);

    if (is_open(c, e))
        return write_choice(&a, e, w, why);
    dk_jw_arr(w, NULL);
    /* Somebody was faster with the unit, but what cannot wait cannot. */
    if (e->type == DK_EV_SUBMITTED && c->urgent == 0 &&
        (dk_fsm_allowed(c->state) >> DK_EV_PRIORITISED & 1) != 0)
        book_write_prioritise(b, c, a.day, w);
    dk_jw_end_arr(w);
    return 0;
}

int dk_book_move(const struct dk_book *b, const struct dk_case *c, dk_ms at,
                 struct dk_jw *w, struct dk_problem *why)
{
    const struct book_ask a = ask_of(b, c, at);
    const struct book_unit *u = book_unit_find(b, c->unit);
    struct book_choice ch = {.rule = "merged"};

    if (u == NULL || a.day <= u->valid_to || !dk_state_owes(c->state))
        return 0;
    ch.unit = climb(&a, u, a.review ? NULL : b->office, &ch.why);
    book_say_list_end(&ch.why);
    if (ch.unit == NULL)
        return dk_failf(why, DK_ENOTFOUND, NULL,
                        "nobody took over from \"%s\", and no unit above may "
                        "have the case; a person must decide",
                        "“%s”无承接单位，也没有可接手的上级单位，须由人工确定",
                        u->id);
    book_say(&ch.why, "，改由“%s”办理。", book_name(ch.unit, "zh-CN", a.day));
    book_keep_handler(&a, c->handler, &ch);
    book_staff(&a, &ch);
    write_assign(w, &ch);
    return 1;
}
