/* The same matter again: the unit and the officer who know it. */
#include "tests/support/bookwork.h"

#include "core/case.h"

#define AT "2026-05-04T10:00:00+08:00"

static const char units[] =
    "{\"id\":\"u\",\"name\":\"甲局\",\"parent\":\"top\","
    "\"head\":{\"id\":\"h\"},\"handlers\":["
    "{\"id\":\"a\",\"name\":\"阿一\",\"away\":[{\"from\":\"2026-06-01\","
    "\"to\":\"2026-06-05\",\"delegate\":\"b\"}]},{\"id\":\"b\"}]},"
    "{\"id\":\"old\",\"name\":\"旧局\",\"parent\":\"top\","
    "\"handlers\":[{\"id\":\"q\"}],"
    "\"valid_to\":\"2026-04-30\",\"merged_into\":\"u\"},"
    "{\"id\":\"v\",\"name\":\"乙局\",\"parent\":\"top\"},"
    "{\"id\":\"jw\",\"name\":\"纪委\",\"parent\":\"top\"}";
static const char rules[] =
    "\"send_to_discipline\":\"jw\","
    "\"rules\":[{\"id\":\"rv\",\"region\":\"V\",\"unit\":\"v\"},"
    "{\"id\":\"ru\",\"region\":\"U\",\"unit\":\"u\",\"mode\":\"hand_over\","
    "\"report_days\":20}]";

#define EARLIER INT64_C(20260301000007)

/* A new case that repeats one which `unit` and `handler` had. */
static void again(struct bookwork *k, const char *at, const char *more,
                  const char *unit, const char *handler)
{
    bw_load_units(k, units, rules);
    cw_submit(&k->w, at, more);
    k->w.c->repeat_of = EARLIER;
    (void)snprintf(k->w.c->repeat_unit, DK_ID_MAX + 1, "%s", unit);
    (void)snprintf(k->w.c->repeat_handler, DK_ID_MAX + 1, "%s", handler);
}

static void a_repeat_goes_to_who_had_it(void **state)
{
    struct bookwork *k = *state;

    again(k, AT, "\"region\":\"V\"", "u", "a");
    assert_string_equal(
        bw_answer(k),
        "[{\"action\":\"register\"},{\"action\":\"assign\",\"unit\":\"u\","
        "\"handler\":\"a\",\"rule\":\"repeat\",\"why\":\"与案件"
        "330699-20260301-000007-2为同一事项重复信访，仍由“甲局”办理。"
        "由原承办人阿一继续办理。\"},{\"action\":\"transfer\",\"unit\":\"u\"}"
        "]");
    bw_assign(k);
    assert_string_equal(k->w.c->unit, "u");
    assert_string_equal(k->w.c->handler, "a");
    assert_string_equal(k->w.c->rule, "repeat");
    assert_int_equal(k->w.c->state, DK_S_TRANSFERRED);
}

static void the_rule_that_leads_there_says_how_it_is_passed_on(void **state)
{
    struct bookwork *k = *state;

    again(k, AT, "\"region\":\"U\"", "u", "a");
    (void)bw_answer(k);
    bw_says(k, "{\"action\":\"hand_over\",\"unit\":\"u\",\"report_days\":20}");
    again(k, AT, "", "o", "");
    (void)bw_answer(k);
    bw_says(k, "\"unit\":\"o\",\"rule\":\"repeat\"");
    bw_says_not(k, "transfer"); /* the office passes on nothing to itself */
}

static void a_handler_who_is_not_there_is_passed_over(void **state)
{
    struct bookwork *k = *state;

    again(k, "2026-06-02T10:00:00+08:00", "", "u", "a");
    (void)bw_answer(k);
    bw_says(k, "\"unit\":\"u\",\"candidates\":[\"b\"],\"rule\":\"repeat\"");
    bw_says(k, "原承办人阿一（休假至2026年6月5日），另行确定承办人。");
    again(k, AT, "\"respondents\":[{\"officer\":\"阿一\"}]", "u", "a");
    (void)bw_answer(k);
    bw_says(k, "\"candidates\":[\"b\"]");
    bw_says(k, "原承办人阿一（在本案中被反映）");
    again(k, AT, "", "u", "who-left");
    (void)bw_answer(k);
    bw_says(k, "\"candidates\":[\"a\",\"b\"]");
    bw_says(k, "原承办人who-left（已不在该单位）");
    again(k, AT, "", "u", "");
    (void)bw_answer(k);
    bw_says_not(k, "原承办人");
}

static void who_took_over_gets_the_repeats_too(void **state)
{
    struct bookwork *k = *state;

    again(k, AT, "", "old", "q");
    (void)bw_answer(k);
    bw_says(k, "\"unit\":\"u\"");
    bw_says(k, "重复信访，“旧局”存续至2026年4月30日，已并入“甲局”，"
               "仍由“甲局”办理。");
}

static void a_repeat_that_may_not_go_there_goes_by_rule(void **state)
{
    struct bookwork *k = *state;

    again(k, AT, "\"region\":\"V\",\"respondents\":[{\"unit\":\"甲局\"}]", "u",
          "a");
    (void)bw_answer(k);
    bw_says(k, "\"unit\":\"v\",\"rule\":\"rv\"");
    bw_says(k, "原责任单位“甲局”在本案中被反映，按规则分派。按规则“rv”");
    again(k, AT, "\"region\":\"V\"", "unheard-of", "");
    (void)bw_answer(k);
    bw_says(k, "\"unit\":\"v\",\"rule\":\"rv\"");
    bw_says(k, "“unheard-of”不在单位册中");
    again(k, AT, "\"region\":\"V\"", "", ""); /* nobody had it */
    (void)bw_answer(k);
    bw_says(k, "\"why\":\"按规则“rv”");
}

static void an_accusation_stays_with_the_discipline_body(void **state)
{
    struct bookwork *k = *state;

    again(k, AT, "\"kind\":\"accusation\"", "u", "a");
    (void)bw_answer(k);
    bw_says(k, "{\"action\":\"send_to_discipline\",\"body\":\"jw\"}");
    bw_says_not(k, "assign");
}

/* ---- linked later ---- */

/* Link the case by hand to an earlier one, as the broker would. */
static void link_to(struct bookwork *k, const char *relation)
{
    struct dk_case *other = dk_case_clone(k->w.c);
    char args[128];
    struct dk_problem p = {0};
    struct dk_env env = {.now = k->w.now, .offset_min = 480, .county = 330699};
    struct dk_command cmd = {.action = DK_ACT_LINK,
                             .by = DK_BY_CLIENT,
                             .actor = "officer:li",
                             .claimed = DK_NEVER};

    assert_non_null(other);
    other->key = EARLIER;
    k->w.c->key = INT64_C(20260504000001);
    (void)snprintf(other->unit, DK_ID_MAX + 1, "u");
    (void)snprintf(other->handler, DK_ID_MAX + 1, "a");
    (void)snprintf(args, sizeof args,
                   "{\"relation\":\"%s\",\"to\":\"330699-20260301-000007-2\"}",
                   relation);
    cJSON *o = cw_json(args);
    cmd.args = o;
    cmd.other = other;
    dk_events_fini(&k->w.last);
    if (dk_decide(k->w.c, &cmd, &env, &k->w.last, &p) != 0)
        fail_msg("%s", p.detail);
    assert_int_equal(k->w.last.n, 1);
    assert_int_equal(dk_case_evolve(k->w.c, &k->w.last.v[0]), 0);
    cJSON_Delete(o);
    dk_case_free(other);
}

static void a_link_while_the_case_waits_assigns_it(void **state)
{
    struct bookwork *k = *state;

    bw_load_units(k, units, rules);
    cw_submit(&k->w, AT, "\"region\":\"V\"");
    link_to(k, "repeat");
    bw_assign(k);
    assert_string_equal(k->w.c->unit, "u");
    assert_string_equal(k->w.c->handler, "a");
    assert_string_equal(k->w.c->rule, "repeat");
}

static void a_link_wins_over_what_was_only_proposed(void **state)
{
    struct bookwork *k = *state;

    bw_load_units(k, units, rules);
    bw_submit(k, AT, ""); /* stays with the office by default */
    assert_int_equal(k->w.c->state, DK_S_REGISTERED);
    link_to(k, "repeat");
    bw_assign(k);
    assert_string_equal(k->w.c->unit, "u");
    assert_int_equal(k->w.c->state, DK_S_TRANSFERRED);
}

static void a_link_does_not_undo_what_a_person_chose(void **state)
{
    struct bookwork *k = *state;

    bw_load_units(k, units, rules);
    cw_submit(&k->w, AT, "");
    cw_act(&k->w, NULL, "register", "{}");
    cw_act(&k->w, NULL, "assign", "{\"unit\":\"v\"}");
    link_to(k, "repeat");
    assert_string_equal(bw_answer(k), "[]");
}

static void a_case_with_a_unit_stays_there_when_it_is_linked(void **state)
{
    struct bookwork *k = *state;

    bw_load_units(k, units, rules);
    bw_submit(k, AT, "\"region\":\"V\"");
    assert_int_equal(k->w.c->state, DK_S_TRANSFERRED);
    link_to(k, "repeat");
    assert_string_equal(bw_answer(k), "[]");
}

static void a_group_link_never_assigns(void **state)
{
    struct bookwork *k = *state;

    bw_load_units(k, units, rules);
    cw_submit(&k->w, AT, "");
    link_to(k, "group");
    assert_string_equal(bw_answer(k), "[]");
    /* Nor does it where the case is a repeat as well. */
    link_to(k, "repeat");
    k->w.c->group = 0;
    link_to(k, "group");
    assert_string_equal(bw_answer(k), "[]");
}

static void a_link_that_leads_nowhere_changes_nothing(void **state)
{
    struct bookwork *k = *state;

    bw_load_units(k, units, rules);
    cw_submit(&k->w, AT, "\"region\":\"V\",\"respondents\":[{\"unit\":\"u\"}]");
    link_to(k, "repeat");
    assert_string_equal(bw_answer(k), "[]");
}

static void who_objected_does_not_get_it_back_by_a_link(void **state)
{
    struct bookwork *k = *state;

    bw_load_units(k, units, rules);
    bw_submit(k, AT, "\"region\":\"U\"");
    assert_string_equal(k->w.c->unit, "u");
    cw_act(&k->w, NULL, "object", "{\"grounds\":\"g\"}");
    cw_act(&k->w, NULL, "uphold_objection", "{\"reason\":\"r\"}");
    link_to(k, "repeat");
    assert_string_equal(bw_answer(k), "[]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BW(a_repeat_goes_to_who_had_it),
        BW(the_rule_that_leads_there_says_how_it_is_passed_on),
        BW(a_handler_who_is_not_there_is_passed_over),
        BW(who_took_over_gets_the_repeats_too),
        BW(a_repeat_that_may_not_go_there_goes_by_rule),
        BW(an_accusation_stays_with_the_discipline_body),
        BW(a_link_while_the_case_waits_assigns_it),
        BW(a_link_wins_over_what_was_only_proposed),
        BW(a_link_does_not_undo_what_a_person_chose),
        BW(a_case_with_a_unit_stays_there_when_it_is_linked),
        BW(a_group_link_never_assigns),
        BW(a_link_that_leads_nowhere_changes_nothing),
        BW(who_objected_does_not_get_it_back_by_a_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
