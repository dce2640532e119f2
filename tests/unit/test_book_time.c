/* Units in time: founded, renamed, merged, closed; and what that means for who
 * answers, who reviews and who is complained about.
 */
#include "tests/support/bookwork.h"

#define AT(day) day "T10:00:00+08:00"

/* a was renamed on 1 April 2024 and merged into b on 1 July 2026, which merged
 * into c on 1 January 2027; z closed on 1 July 2026 and nobody took over.
 */
static const char units[] =
    "{\"id\":\"a\",\"name\":{\"zh-CN\":\"甲局\",\"en\":\"A\"},"
    "\"former_names\":[{\"name\":{\"zh-CN\":\"甲处\",\"en\":\"A Office\"},"
    "\"until\":\"2024-03-31\"},{\"name\":\"甲科\",\"until\":\"2010-12-31\"}],"
    "\"parent\":\"top\",\"head\":{\"id\":\"a-head\"},"
    "\"handlers\":[{\"id\":\"a-1\"},{\"id\":\"m\",\"name\":\"老马\"}],"
    "\"valid_to\":\"2026-06-30\",\"merged_into\":\"b\"},"
    "{\"id\":\"b\",\"name\":\"乙局\",\"parent\":\"top\","
    "\"head\":{\"id\":\"b-head\"},"
    "\"handlers\":[{\"id\":\"b-1\"},{\"id\":\"m\",\"name\":\"老马\"}],"
    "\"valid_to\":\"2026-12-31\",\"merged_into\":\"c\"},"
    "{\"id\":\"c\",\"name\":\"丙局\",\"parent\":\"top\","
    "\"handlers\":[{\"id\":\"c-1\"}],\"valid_from\":\"2026-12-01\"},"
    "{\"id\":\"z\",\"name\":\"末局\",\"parent\":\"top\","
    "\"valid_to\":\"2026-06-30\"},"
    "{\"id\":\"n\",\"name\":\"新局\",\"parent\":\"c\"}";
static const char rules[] =
    "\"rules\":[{\"id\":\"ra\",\"region\":\"A\",\"unit\":\"a\"},"
    "{\"id\":\"rc\",\"region\":\"C\",\"category\":\"X\",\"unit\":\"c\"},"
    "{\"id\":\"rc2\",\"region\":\"C\",\"unit\":\"b\"},"
    "{\"id\":\"rn\",\"region\":\"N\",\"unit\":\"n\"}]";

static void load(struct bookwork *k)
{
    bw_load_units(k, units, rules);
}

static void assigned(struct bookwork *k, const char *at, const char *more,
                     const char *unit)
{
    load(k);
    cw_submit(&k->w, at, more);
    bw_assign(k);
    assert_string_equal(k->w.c->unit, unit);
}

static void the_unit_of_the_day_gets_the_case(void **state)
{
    struct bookwork *k = *state;

    assigned(k, "2026-06-30T23:59:59+08:00", "\"region\":\"A\"", "a");
    bw_says_not(k, "并入");
    assigned(k, "2026-07-01T00:00:00+08:00", "\"region\":\"A\"", "b");
    bw_says(k, "由“甲局”办理。“甲局”存续至2026年6月30日，已并入“乙局”，"
               "改由“乙局”办理。");
    assert_string_equal(k->w.c->rule, "ra");
    assert_int_equal(k->w.c->state, DK_S_TRANSFERRED);
    assigned(k, AT("2027-01-01"), "\"region\":\"A\"", "c");
    bw_says(k, "已并入“丙局”");
}

static void a_unit_that_is_not_there_yet_is_passed_over(void **state)
{
    struct bookwork *k = *state;

    assigned(k, AT("2026-11-30"), "\"region\":\"C\",\"category\":\"X\"", "b");
    bw_says(k, "规则“rc”（“丙局”尚未设立）不适用。按规则“rc2”");
    assigned(k, AT("2026-12-01"), "\"region\":\"C\",\"category\":\"X\"", "c");
    bw_says_not(k, "不适用");
}

static void a_rule_that_leads_to_nobody_is_passed_over(void **state)
{
    struct bookwork *k = *state;
    struct dk_report r = {0};
    const char *text =
        "{\"format\":\"docket-units/1\",\"county\":\"330699\","
        "\"office\":\"o\",\"default\":\"o\",\"units\":["
        "{\"id\":\"o\",\"name\":\"O\"},{\"id\":\"z\",\"name\":\"末局\","
        "\"valid_to\":\"2026-06-30\"}],\"rules\":["
        "{\"id\":\"rz\",\"region\":\"Z\",\"unit\":\"z\"}]}";

    k->b = dk_book_load("b", text, strlen(text), &r);
    assert_non_null(k->b);
    assert_int_equal(r.warnings, 1);
    assert_non_null(strstr(r.text, "warning b: /rules/0/unit: \"z\" closes"));
    dk_report_fini(&r);
    cw_submit(&k->w, AT("2026-06-30"), "\"region\":\"Z\"");
    bw_assign(k);
    assert_string_equal(k->w.c->unit, "z");
    cw_submit(&k->w, AT("2026-07-01"), "\"region\":\"Z\"");
    bw_assign(k);
    assert_string_equal(k->w.c->unit, "o");
    bw_says(k, "规则“rz”（“末局”已撤销，无承接单位）不适用。");
}

static void names_are_those_of_the_day(void **state)
{
    struct bookwork *k = *state;
    static const struct {
        const char *at, *zh, *en;
    } want[] = {{"2005-01-01T00:00:00+08:00", "甲科", "a"},
                {"2010-12-31T23:59:59+08:00", "甲科", "a"},
                {"2011-01-01T00:00:00+08:00", "甲处", "A Office"},
                {"2024-03-31T23:59:59+08:00", "甲处", "A Office"},
                {"2024-04-01T00:00:00+08:00", "甲局", "A"},
                {"2030-01-01T00:00:00+08:00", "甲局", "A"}};

    load(k);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        dk_ms at = cw_time(want[i].at);
        assert_string_equal(dk_book_unit_name_at(k->b, "a", "zh-CN", at),
                            want[i].zh);
        assert_string_equal(dk_book_unit_name_at(k->b, "a", "en", at),
                            want[i].en);
    }
    assert_string_equal(dk_book_unit_name(k->b, "a", "zh-CN"), "甲局");
    assert_string_equal(dk_book_unit_name_at(k->b, "?", "en", 0), "?");
}

static void a_complaint_under_an_old_name_counts(void **state)
{
    struct bookwork *k = *state;

    assigned(k, AT("2026-05-01"),
             "\"region\":\"A\",\"respondents\":[{\"unit\":\"甲处\"}]", "top");
    bw_says(k, "“甲局”在本案中被反映，改由“顶”办理。");
}

static void who_took_over_is_complained_about_with_it(void **state)
{
    struct bookwork *k = *state;

    assigned(k, AT("2026-07-02"),
             "\"region\":\"A\",\"respondents\":[{\"unit\":\"甲局\"}]", "top");
    assigned(k, AT("2027-07-02"),
             "\"region\":\"A\",\"respondents\":[{\"unit\":\"a\"}]", "top");
    /* Not before it took over. */
    assigned(k, AT("2026-06-30"),
             "\"region\":\"C\",\"respondents\":[{\"unit\":\"a\"}]", "b");
}

/* ---- reviews ---- */

/* A case that `unit` answered and whose review is asked at `at`. */
static void answered(struct bookwork *k, const char *unit, const char *at)
{
    char args[64];

    load(k);
    cw_submit(&k->w, AT("2026-05-04"), "");
    (void)snprintf(args, sizeof args, "{\"unit\":\"%s\"}", unit);
    cw_act(&k->w, NULL, "register", "{}");
    cw_act(&k->w, NULL, "assign", args);
    cw_act(&k->w, NULL, "transfer", "{}");
    cw_act(&k->w, NULL, "accept", "{}");
    cw_act(
        &k->w, NULL, "answer",
        "{\"text\":\"t\",\"legal_basis\":\"l\",\"delivered\":\"in_person\"}");
    cw_act(&k->w, at, "ask_review", "{\"grounds\":\"g\"}");
}

static void a_review_body_is_one_of_the_day(void **state)
{
    struct bookwork *k = *state;

    answered(k, "n", AT("2026-05-20"));
    bw_assign(k); /* n's parent c is not there yet: the one above */
    assert_string_equal(k->w.c->unit, "top");
    bw_says(k, "“丙局”尚未设立，由“新局”的上级“顶”复查。");
}

static void nobody_who_took_part_reviews(void **state)
{
    struct bookwork *k = *state;

    answered(k, "n", AT("2026-05-20"));
    bw_load_units(k,
                  "{\"id\":\"c\",\"name\":\"丙局\",\"parent\":\"top\"},"
                  "{\"id\":\"n\",\"name\":\"新局\",\"parent\":\"c\"}",
                  "");
    /* c handled it beside n, and so took part. */
    (void)snprintf(k->w.c->judged[k->w.c->n_judged++], DK_ID_MAX + 1, "c");
    bw_assign(k);
    assert_string_equal(k->w.c->unit, "top");
    bw_says(k, "“丙局”参与过原处理，由“新局”的上级“顶”复查。");
    assert_string_equal(k->w.c->rule, "review");
}

static void a_co_handler_does_not_review(void **state)
{
    struct bookwork *k = *state;

    bw_load_units(k,
                  "{\"id\":\"c\",\"name\":\"丙局\",\"parent\":\"top\"},"
                  "{\"id\":\"n\",\"name\":\"新局\",\"parent\":\"c\"}",
                  "");
    cw_submit(&k->w, AT("2026-05-04"), "");
    cw_act(&k->w, NULL, "register", "{}");
    cw_act(&k->w, NULL, "assign", "{\"unit\":\"n\"}");
    cw_act(&k->w, NULL, "transfer", "{}");
    cw_act(&k->w, NULL, "accept", "{}");
    cw_act(&k->w, NULL, "add_co_handler", "{\"unit\":\"c\"}");
    cw_act(
        &k->w, NULL, "answer",
        "{\"text\":\"t\",\"legal_basis\":\"l\",\"delivered\":\"in_person\"}");
    cw_act(&k->w, NULL, "ask_review", "{\"grounds\":\"g\"}");
    bw_assign(k);
    assert_string_equal(k->w.c->unit, "top");
}

static void who_took_over_from_who_answered_does_not_review(void **state)
{
    struct bookwork *k = *state;
    struct dk_problem why = {0};
    struct dk_jw w = {0};

    answered(k, "n", AT("2026-07-20"));
    /* n was merged into its parent c. */
    bw_load_units(k,
                  "{\"id\":\"c\",\"name\":\"丙局\"},{\"id\":\"n\","
                  "\"name\":\"新局\",\"parent\":\"c\","
                  "\"valid_to\":\"2026-06-30\",\"merged_into\":\"c\"}",
                  "");
    assert_int_equal(dk_book_assign(k->b, k->w.c, &k->w.last.v[0], &w, &why),
                     DK_ENOTFOUND);
    assert_int_equal(w.len, 0);
    dk_jw_fini(&w);
}

/* ---- moving what a closed unit has ---- */

static int move(struct bookwork *k, const char *at)
{
    struct dk_problem why = {0};

    dk_jw_reset(&k->out);
    return dk_book_move(k->b, k->w.c, cw_time(at), &k->out, &why);
}

static void cases_of_a_closed_unit_are_moved_to_who_took_over(void **state)
{
    struct bookwork *k = *state;

    assigned(k, AT("2026-06-01"), "\"region\":\"A\"", "a");
    cw_act(&k->w, NULL, "assign", "{\"unit\":\"a\",\"handler\":\"m\"}");
    assert_int_equal(move(k, AT("2026-06-30")), 0);
    assert_int_equal(move(k, AT("2026-07-01")), 1);
    assert_string_equal(
        k->out.buf, "{\"action\":\"assign\",\"unit\":\"b\",\"handler\":\"m\","
                    "\"rule\":\"merged\",\"why\":"
                    "\"“甲局”存续至2026年6月30日，已并入“乙局”，"
                    "改由“乙局”办理。由原承办人老马继续办理。\"}");
    assert_int_equal(move(k, AT("2027-03-01")), 1);
    bw_says(k, "\"unit\":\"c\",\"candidates\":[\"c-1\"],");
    bw_says(k, "原承办人m（已不在该单位），另行确定承办人。");
    /* A role is filled from who took over, even before. */
    cw_act(&k->w, AT("2026-07-02"), "accept", "{}");
    assert_string_equal(dk_book_role(k->b, k->w.c, "unit_head"), "b-head");
    assert_string_equal(dk_book_role(k->b, k->w.c, "handler"), "m");
    cw_act(&k->w, NULL, "assign", "{\"unit\":\"a\",\"handler\":\"a-1\"}");
    assert_string_equal(dk_book_role(k->b, k->w.c, "handler"), "b-head");
}

static void without_successor_the_unit_above_takes_it(void **state)
{
    struct bookwork *k = *state;

    load(k);
    cw_submit(&k->w, AT("2026-06-01"), "");
    cw_act(&k->w, NULL, "assign", "{\"unit\":\"z\"}");
    assert_int_equal(move(k, AT("2026-07-01")), 1);
    bw_says(k, "\"unit\":\"top\"");
    bw_says(k, "“末局”存续至2026年6月30日，已撤销，改由“顶”办理。");
}

static void what_nobody_owes_any_more_is_not_moved(void **state)
{
    struct bookwork *k = *state;

    assigned(k, AT("2026-06-01"), "\"region\":\"A\"", "a");
    cw_act(&k->w, NULL, "withdraw", "{\"document\":\"d\"}");
    assert_int_equal(move(k, AT("2026-07-01")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BW(the_unit_of_the_day_gets_the_case),
        BW(a_unit_that_is_not_there_yet_is_passed_over),
        BW(a_rule_that_leads_to_nobody_is_passed_over),
        BW(names_are_those_of_the_day),
        BW(a_complaint_under_an_old_name_counts),
        BW(who_took_over_is_complained_about_with_it),
        BW(a_review_body_is_one_of_the_day),
        BW(nobody_who_took_part_reviews),
        BW(a_co_handler_does_not_review),
        BW(who_took_over_from_who_answered_does_not_review),
        BW(cases_of_a_closed_unit_are_moved_to_who_took_over),
        BW(without_successor_the_unit_above_takes_it),
        BW(what_nobody_owes_any_more_is_not_moved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
