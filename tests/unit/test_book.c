/* Who answers for a case: the sample book policy/units-sample.json, and small
 * ones of the tests' own.
 */
#include "tests/support/casework.h"

#include "core/book.h"

#define ANSWER "{\"text\":\"t\",\"legal_basis\":\"l\"}"

struct office {
    struct casework w;
    struct dk_book *b;
};

static struct dk_book *load_book(const char *text, size_t len)
{
    struct dk_report r = {0};
    struct dk_book *b = dk_book_load("book", text, len, &r);
    if (b == NULL || r.warnings != 0)
        fail_msg("%s", r.text);
    dk_report_fini(&r);
    return b;
}

static int setup(void **state)
{
    struct office *o = calloc(1, sizeof *o);
    size_t len = 0;
    char *text = cw_read_file("policy/units-sample.json", &len);
    assert_non_null(o);
    o->b = load_book(text, len);
    free(text);
    *state = o;
    return 0;
}

static int teardown(void **state)
{
    struct office *o = *state;
    cw_fini(&o->w);
    dk_book_free(o->b);
    free(o);
    return 0;
}

static int try_assign(struct office *o, struct dk_problem *why)
{
    struct dk_jw w = {0};
    int rc;

    assert_int_equal(o->w.last.n, 1);
    rc = dk_book_assign(o->b, o->w.c, &o->w.last.v[0], &w, why);
    if (rc == 0)
        cw_apply(&o->w, w.buf);
    else
        assert_int_equal(w.len, 0);
    dk_jw_fini(&w);
    return rc;
}

static void assign(struct office *o)
{
    struct dk_problem why = {0};
    if (try_assign(o, &why) != 0)
        fail_msg("%s", why.detail);
}

/* A new case, assigned by the book. */
static void submit(struct office *o, const char *more)
{
    cw_submit(&o->w, "2026-03-02T10:00:00+08:00", more);
    assign(o);
}

static void assert_with(const struct office *o, enum dk_state state,
                        const char *unit, const char *rule)
{
    assert_string_equal(o->w.c->unit, unit);
    assert_string_equal(o->w.c->rule, rule);
    assert_string_equal(dk_state_name(o->w.c->state), dk_state_name(state));
}

static const char *commands(struct office *o, struct dk_jw *w)
{
    struct dk_problem why = {0};
    dk_jw_reset(w);
    if (dk_book_assign(o->b, o->w.c, &o->w.last.v[0], w, &why) != 0)
        fail_msg("%s", why.detail);
    return w->buf;
}

/* ---- rules ---- */

static void the_answer_is_register_assign_and_transfer(void **state)
{
    struct office *o = *state;
    struct dk_jw w = {0};
    cw_submit(&o->w, "2026-03-02T10:00:00+08:00",
              "\"region\":\"青石镇\",\"category\":\"环境保护/水污染\"");
    assert_string_equal(
        commands(o, &w),
        "[{\"action\":\"register\"},{\"action\":\"assign\",\"unit\":\"sthj\","
        "\"candidates\":[\"sthj-ye\",\"sthj-cen\"],\"rule\":\"huanbao\","
        "\"why\":\"按规则“huanbao”，类别“环境保护”，"
        "由“青溪县生态环境局”办理。\"},"
        "{\"action\":\"transfer\",\"unit\":\"sthj\"}]");
    dk_jw_fini(&w);
}

static void more_conditions_win_over_fewer(void **state)
{
    struct office *o = *state;
    submit(o, "\"region\":\"青石镇\",\"category\":\"民政/低保\"");
    assert_with(o, DK_S_TRANSFERRED, "qingshi", "nongcun-qingshi");
}

static void a_deeper_category_wins_over_a_shallower_one(void **state)
{
    struct office *o = *state;
    submit(o, "\"category\":\"城乡建设/建筑市场/拖欠工程款\"");
    assert_with(o, DK_S_TRANSFERRED, "rsj", "qianxin");
    assert_true(o->w.c->last_n[DK_EV_HANDED_OVER] > 0);
    submit(o, "\"category\":\"城乡建设/建筑市场/工程招投标\"");
    assert_with(o, DK_S_TRANSFERRED, "zjj", "jianshe");
}

static void a_category_is_a_prefix_by_whole_levels(void **state)
{
    struct office *o = *state;
    submit(o, "\"category\":\"民政局的事\"");
    assert_with(o, DK_S_REGISTERED, "xfj", "default");
}

static void a_region_is_matched_as_a_whole(void **state)
{
    struct office *o = *state;
    submit(o, "\"region\":\"青溪县河西镇\"");
    assert_with(o, DK_S_TRANSFERRED, "hexi", "shudi-hexi");
    submit(o, "\"region\":\"河西\"");
    assert_with(o, DK_S_REGISTERED, "xfj", "default");
}

static void what_no_rule_knows_stays_with_the_office(void **state)
{
    struct office *o = *state;
    submit(o, "");
    assert_with(o, DK_S_REGISTERED, "xfj", "default");
}

static void a_proposal_is_assigned_but_not_transferred(void **state)
{
    struct office *o = *state;
    submit(o, "\"kind\":\"suggestion\"");
    assert_with(o, DK_S_REGISTERED, "xfj", "jianyi");
}

static void the_first_of_two_equal_rules_wins(void **state)
{
    struct office *o = *state;
    const char *text =
        "{\"format\":\"docket-units/1\",\"county\":\"330699\","
        "\"office\":\"o\",\"units\":[{\"id\":\"o\",\"name\":\"O\"},"
        "{\"id\":\"a\",\"name\":\"A\"},{\"id\":\"b\",\"name\":\"B\","
        "\"valid_from\":\"2026-03-03\"}],\"default\":\"o\",\"rules\":["
        "{\"id\":\"r0\",\"region\":\"X\",\"unit\":\"b\"},"
        "{\"id\":\"r1\",\"channel\":[\"kiosk\",\"visit\"],\"unit\":\"a\"},"
        "{\"id\":\"r2\",\"region\":\"X\",\"unit\":\"o\"},"
        "{\"id\":\"r3\",\"kind\":\"appeal\",\"unit\":\"b\"}]}";
    dk_book_free(o->b);
    o->b = load_book(text, strlen(text));
    /* b does not exist before 3 March. */
    submit(o, "\"region\":\"X\"");
    assert_with(o, DK_S_TRANSFERRED, "a", "r1");
    cw_submit(&o->w, "2026-03-03T00:00:00+08:00", "\"region\":\"X\"");
    assign(o);
    assert_with(o, DK_S_TRANSFERRED, "b", "r0");
}

static void without_rule_and_default_the_case_waits_for_a_person(void **state)
{
    struct office *o = *state;
    struct dk_report r = {0};
    struct dk_problem why = {0};
    const char *text =
        "{\"format\":\"docket-units/1\",\"county\":\"330699\","
        "\"office\":\"o\",\"units\":[{\"id\":\"o\",\"name\":\"O\"}],"
        "\"rules\":[{\"id\":\"r\",\"region\":\"X\",\"unit\":\"o\"}]}";
    dk_book_free(o->b);
    o->b = dk_book_load("b.json", text, strlen(text), &r);
    assert_non_null(o->b);
    assert_int_equal(r.warnings, 1);
    dk_report_fini(&r);
    cw_submit(&o->w, "2026-03-02T10:00:00+08:00", "");
    assert_int_equal(try_assign(o, &why), DK_ENOTFOUND);
    assert_non_null(strstr(why.detail, "default"));
    assert_true(why.detail_zh[0] != '\0');
}

/* ---- who is absent, who is complained about ---- */

static void who_is_absent_is_no_candidate(void **state)
{
    struct office *o = *state;
    struct dk_jw w = {0};
    cw_submit(&o->w, "2026-03-02T10:00:00+08:00", "\"category\":\"交通运输\"");
    assert_non_null(strstr(commands(o, &w), "\"candidates\":[\"jtj-qiao\"],"));
    dk_jw_fini(&w);
}

static void a_unit_complained_about_gives_way_to_the_one_above(void **state)
{
    struct office *o = *state;
    submit(o,
           "\"category\":\"环境保护\",\"respondents\":[{\"unit\":\"sthj\"}]");
    assert_with(o, DK_S_TRANSFERRED, "xian-zf", "huanbao");
    /* By its name too. */
    submit(o, "\"category\":\"环境保护\","
              "\"respondents\":[{\"unit\":\"青溪县生态环境局\"}]");
    assert_with(o, DK_S_TRANSFERRED, "xian-zf", "huanbao");
    /* And so on upwards. */
    submit(o, "\"category\":\"环境保护\",\"respondents\":[{\"unit\":\"sthj\"},"
              "{\"unit\":\"xian-zf\"}]");
    assert_with(o, DK_S_TRANSFERRED, "yunhe-shi", "huanbao");
}

static void above_the_last_unit_comes_the_office(void **state)
{
    struct office *o = *state;
    struct dk_problem why = {0};
    submit(o, "\"category\":\"环境保护\",\"respondents\":[{\"unit\":\"sthj\"},"
              "{\"unit\":\"xian-zf\"},{\"unit\":\"yunhe-shi\"}]");
    assert_with(o, DK_S_REGISTERED, "xfj", "huanbao"); /* a person decides */
    cw_submit(&o->w, "2026-03-02T10:00:00+08:00",
              "\"category\":\"环境保护\",\"respondents\":[{\"unit\":\"sthj\"},"
              "{\"unit\":\"xian-zf\"},{\"unit\":\"yunhe-shi\"},"
              "{\"unit\":\"xfj\"}]");
    assert_int_equal(try_assign(o, &why), DK_ERESPONDENT);
}

static void an_officer_complained_about_is_never_a_candidate(void **state)
{
    struct office *o = *state;
    struct dk_jw w = {0};
    /* By id, and by name. */
    cw_submit(&o->w, "2026-03-02T10:00:00+08:00",
              "\"category\":\"环境保护\","
              "\"respondents\":[{\"officer\":\"sthj-ye\"}]");
    assert_non_null(strstr(commands(o, &w), "\"candidates\":[\"sthj-cen\"],"));
    cw_submit(&o->w, "2026-03-02T10:00:00+08:00",
              "\"category\":\"环境保护\","
              "\"respondents\":[{\"officer\":\"岑林\"}]");
    assert_non_null(strstr(commands(o, &w), "\"candidates\":[\"sthj-ye\"],"));
    dk_jw_fini(&w);
}

static void a_unit_gives_way_with_its_head_or_all_its_handlers(void **state)
{
    struct office *o = *state;
    submit(o, "\"category\":\"环境保护\","
              "\"respondents\":[{\"officer\":\"苏碧水\"}]");
    assert_with(o, DK_S_TRANSFERRED, "xian-zf", "huanbao");
    submit(o, "\"category\":\"环境保护\",\"respondents\":["
              "{\"officer\":\"sthj-ye\"},{\"officer\":\"sthj-cen\"}]");
    assert_with(o, DK_S_TRANSFERRED, "xian-zf", "huanbao");
}

static void an_accusation_goes_to_the_discipline_body(void **state)
{
    struct office *o = *state;
    submit(o, "\"kind\":\"accusation\",\"category\":\"环境保护\","
              "\"respondents\":[{\"unit\":\"sthj\"}]");
    assert_int_equal(o->w.c->state, DK_S_DISCIPLINE);
    assert_string_equal(o->w.c->unit, ""); /* no unit saw it */
}

static void an_accusation_of_the_discipline_body_does_not(void **state)
{
    struct office *o = *state;
    submit(o, "\"kind\":\"accusation\","
              "\"respondents\":[{\"unit\":\"jwjw\"}]");
    assert_with(o, DK_S_REGISTERED, "xfj", "default");
}

/* ---- objections ---- */

static void an_upheld_objection_never_goes_back_to_who_objected(void **state)
{
    struct office *o = *state;
    submit(o, "\"region\":\"青石镇\",\"category\":\"民政/低保\"");
    assert_with(o, DK_S_TRANSFERRED, "qingshi", "nongcun-qingshi");
    cw_act(&o->w, NULL, "object", "{\"grounds\":\"g\"}");
    cw_act(&o->w, NULL, "uphold_objection", "{\"reason\":\"r\"}");
    assign(o);
    assert_with(o, DK_S_TRANSFERRED, "mzj", "minzheng");
    cw_act(&o->w, NULL, "object", "{\"grounds\":\"g\"}");
    cw_act(&o->w, NULL, "uphold_objection", "{\"reason\":\"r\"}");
    assign(o);
    assert_string_not_equal(o->w.c->unit, "mzj");
}

/* ---- reviews ---- */

static void answer_and_ask_review(struct office *o)
{
    submit(o, "\"category\":\"环境保护\"");
    cw_act(&o->w, NULL, "accept", "{}");
    cw_act(&o->w, NULL, "answer", ANSWER);
    cw_act(&o->w, NULL, "ask_review", "{\"grounds\":\"g\"}");
}

static void a_review_is_done_one_level_up_each_time(void **state)
{
    struct office *o = *state;
    answer_and_ask_review(o);
    assign(o);
    assert_with(o, DK_S_IN_REVIEW, "xian-zf", "review");
    cw_act(&o->w, NULL, "review", "{\"result\":\"upheld\",\"text\":\"t\"}");
    cw_act(&o->w, NULL, "ask_re_review", "{\"grounds\":\"g\"}");
    assign(o);
    assert_with(o, DK_S_IN_RE_REVIEW, "yunhe-shi", "re_review");
}

static void a_review_passes_over_who_is_complained_about(void **state)
{
    struct office *o = *state;
    submit(o, "\"category\":\"环境保护\","
              "\"respondents\":[{\"unit\":\"xian-zf\"}]");
    cw_act(&o->w, NULL, "accept", "{}");
    cw_act(&o->w, NULL, "answer", ANSWER);
    cw_act(&o->w, NULL, "ask_review", "{\"grounds\":\"g\"}");
    assign(o);
    assert_with(o, DK_S_IN_REVIEW, "yunhe-shi", "review");
}

static void with_no_unit_above_a_person_must_find_the_reviewer(void **state)
{
    struct office *o = *state;
    struct dk_problem why = {0};
    submit(o, "\"category\":\"环境保护\",\"respondents\":[{\"unit\":\"sthj\"},"
              "{\"unit\":\"xian-zf\"}]");
    cw_act(&o->w, NULL, "accept", "{}");
    cw_act(&o->w, NULL, "answer", ANSWER);
    cw_act(&o->w, NULL, "ask_review", "{\"grounds\":\"g\"}");
    assert_int_equal(try_assign(o, &why), DK_ENOTFOUND);
    assert_non_null(strstr(why.detail, "yunhe-shi"));
}

/* ---- late and repeated tasks ---- */

static void what_a_person_did_first_is_left_alone(void **state)
{
    struct office *o = *state;
    struct dk_event e;
    struct dk_jw w = {0};
    struct dk_problem why = {0};
    cw_submit(&o->w, "2026-03-02T10:00:00+08:00", "\"category\":\"环境保护\"");
    e = o->w.last.v[0];
    e.body = strdup(e.body);
    assert_non_null(e.body);
    cw_act(&o->w, NULL, "register", "{}");
    assert_int_equal(dk_book_assign(o->b, o->w.c, &e, &w, &why), 0);
    assert_non_null(strstr(w.buf, "[{\"action\":\"assign\","));
    cw_act(&o->w, NULL, "assign", "{\"unit\":\"hexi\"}");
    dk_jw_reset(&w);
    assert_int_equal(dk_book_assign(o->b, o->w.c, &e, &w, &why), 0);
    assert_string_equal(w.buf, "[]");
    dk_jw_fini(&w);
    dk_event_fini(&e);
}

static void a_reopened_case_is_assigned_anew(void **state)
{
    struct office *o = *state;
    answer_and_ask_review(o);
    assign(o);
    cw_act(&o->w, NULL, "withdraw", "{\"document\":\"d\"}");
    cw_act(&o->w, NULL, "reopen", "{\"facts\":\"f\"}");
    assign(o);
    assert_with(o, DK_S_TRANSFERRED, "sthj", "huanbao");
}

/* ---- roles ---- */

static void roles_are_filled_from_the_book(void **state)
{
    struct office *o = *state;
    submit(o, "\"category\":\"环境保护\"");
    assert_string_equal(dk_book_role(o->b, o->w.c, "handler"), "sthj-cen");
    assert_string_equal(dk_book_role(o->b, o->w.c, "unit_head"), "sthj-ju");
    assert_string_equal(dk_book_role(o->b, o->w.c, "office"), "xfj");
    assert_string_equal(dk_book_role(o->b, o->w.c, "leader"), "xz-fen");
    assert_null(dk_book_role(o->b, o->w.c, "emperor"));
    assert_string_equal(dk_book_unit_name(o->b, "sthj", "zh-CN"),
                        "青溪县生态环境局");
    assert_string_equal(dk_book_unit_name(o->b, "sthj", "en"),
                        "Bureau of Ecology and Environment");
    assert_string_equal(dk_book_unit_name(o->b, "none", "en"), "none");
    assert_int_equal(dk_book_county(o->b), 330699);
}

static void no_role_is_filled_by_who_is_complained_about(void **state)
{
    struct office *o = *state;
    submit(o, "\"category\":\"环境保护\",\"respondents\":["
              "{\"officer\":\"sthj-ju\"},{\"officer\":\"简书言\"},"
              "{\"unit\":\"xfj\"}]");
    assert_with(o, DK_S_TRANSFERRED, "xian-zf", "huanbao");
    cw_act(&o->w, NULL, "assign", "{\"unit\":\"sthj\"}");
    assert_string_equal(dk_book_role(o->b, o->w.c, "unit_head"), "xz-shen");
    assert_null(dk_book_role(o->b, o->w.c, "leader"));
    assert_null(dk_book_role(o->b, o->w.c, "office"));
    /* Nobody was named, so it is the head's. */
    assert_string_equal(dk_book_role(o->b, o->w.c, "handler"), "xz-shen");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_answer_is_register_assign_and_transfer),
        T(more_conditions_win_over_fewer),
        T(a_deeper_category_wins_over_a_shallower_one),
        T(a_category_is_a_prefix_by_whole_levels),
        T(a_region_is_matched_as_a_whole),
        T(what_no_rule_knows_stays_with_the_office),
        T(a_proposal_is_assigned_but_not_transferred),
        T(the_first_of_two_equal_rules_wins),
        T(without_rule_and_default_the_case_waits_for_a_person),
        T(who_is_absent_is_no_candidate),
        T(a_unit_complained_about_gives_way_to_the_one_above),
        T(above_the_last_unit_comes_the_office),
        T(an_officer_complained_about_is_never_a_candidate),
        T(a_unit_gives_way_with_its_head_or_all_its_handlers),
        T(an_accusation_goes_to_the_discipline_body),
        T(an_accusation_of_the_discipline_body_does_not),
        T(an_upheld_objection_never_goes_back_to_who_objected),
        T(a_review_is_done_one_level_up_each_time),
        T(a_review_passes_over_who_is_complained_about),
        T(with_no_unit_above_a_person_must_find_the_reviewer),
        T(what_a_person_did_first_is_left_alone),
        T(a_reopened_case_is_assigned_anew),
        T(roles_are_filled_from_the_book),
        T(no_role_is_filled_by_who_is_complained_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
