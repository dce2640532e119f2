/* What an explanation says, in both languages: each date worked out by hand.
 * Days of rest as in test_policy_clocks.c.
 */
#include "tests/support/explainkit.h"

#define ANSWER "{\"text\":\"t\",\"legal_basis\":\"b\"}"
#define EXTEND "{\"days\":30,\"reason\":\"r\",\"approved_by\":\"head\"}"

#define OWN(id, length)                                                        \
    "{\"format\":\"docket-policy/1\",\"id\":\"" id "\",\"calendar\":\"cn\","   \
    "\"versions\":[{\"effective_from\":\"2020-01-01\",\"clocks\":["            \
    "{\"id\":\"c\",\"starts_on\":[\"accepted\"],"                              \
    "\"stops_on\":[\"answered\"],\"holds_on\":[\"suspended\"],"                \
    "\"length\":" length "}]}]}"

static void natural_days_are_told_month_by_month(void **state)
{
    struct story *s = *state;

    /* 1 April + 60: 30 April is the 29th, Sun 31 May the 60th. */
    xk_accepted(s, "2026-04-01T09:00:00+08:00");
    xk_says(s,
            "    counts      60 days, all counted; day 0, not counted: "
            "2026-04-01 (Wed)\n"
            "                2 April to 30 April: 29 days, to day 29\n"
            "                1 May to 31 May: 31 days, to day 60\n"
            "    last day    2026-05-31 (Sun), a day of rest; moved to "
            "2026-06-01 (Mon)\n"
            "    due         2026-06-01 24:00; from 2026-06-02 00:00 on it is "
            "late\n"
            "    checked     counted again by the files given: the same\n",
            "    计数      60天，自然日；第0天，不计：2026-04-01（周三）\n"
            "              4月2日至4月30日：29天，数到第29天\n"
            "              5月1日至5月31日：31天，数到第60天\n"
            "    末日      2026-05-31（周日），是休息日，顺延至2026-06-01（"
            "周一）\n"
            "    届满      2026-06-01 24:00；自2026-06-02 00:00起即为超期\n"
            "    核对      按所给文件重新计算，结果相同\n");
}

static void a_pause_and_an_extension_are_counted_on(void **state)
{
    struct story *s = *state;

    xk_accepted(s, "2026-04-01T09:00:00+08:00");
    xk_act(s, "2026-05-11T09:00:00+08:00", DK_ACT_SUSPEND,
           "{\"reason\":\"r\",\"ground\":\"hearing\"}");
    xk_act(s, "2026-05-21T09:00:00+08:00", DK_ACT_RESUME, "{}");
    /* The seventieth day is Wed 10 June, and 30 after that Fri 10 July. */
    xk_act(s, "2026-05-22T09:00:00+08:00", DK_ACT_EXTEND, EXTEND);
    xk_says(s,
            ", 12 May to 21 May, hearing: 10 days not counted, so it is "
            "counted on to day 70\n"
            "                1 June to 10 June: 10 days, to day 70\n"
            "    last day    2026-06-10 (Wed)\n",
            "，5月12日至5月21日，听证：10天不计，续数到第70天\n"
            "              6月1日至6月10日：10天，数到第70天\n"
            "    末日      2026-06-10（周三）\n");
    xk_says(s,
            ", 30 days from the last day on: 2026-06-10 (Wed)\n"
            "                11 June to 30 June: 20 days, to day 20\n"
            "                1 July to 10 July: 10 days, to day 30\n"
            "    last day    2026-07-10 (Fri)\n"
            "    due         2026-07-10 24:00; ",
            "自末日2026-06-10（周三）起加30天\n"
            "              6月11日至6月30日：20天，数到第20天\n"
            "              7月1日至7月10日：10天，数到第30天\n"
            "    末日      2026-07-10（周五）\n"
            "    届满      2026-07-10 24:00；");
}

static void an_extension_before_a_pause_is_told_again(void **state)
{
    struct story *s = *state;

    xk_accepted(s, "2026-04-01T09:00:00+08:00");
    xk_act(s, "2026-05-06T09:00:00+08:00", DK_ACT_EXTEND, EXTEND);
    xk_act(s, "2026-05-11T09:00:00+08:00", DK_ACT_SUSPEND,
           "{\"reason\":\"r\",\"ground\":\"hearing\"}");
    xk_act(s, "2026-05-21T09:00:00+08:00", DK_ACT_RESUME, "{}");
    xk_says(s,
            "    extended    as before, 30 days from the last day on: "
            "2026-06-10 (Wed)\n",
            "    延期      同前，自末日2026-06-10（周三）起加30天\n");
    xk_says(s, "    due         2026-07-10 24:00", "    届满      2026-07-10");
}

static void holidays_and_make_up_days_are_told(void **state)
{
    struct story *s = *state;

    /* From Mon 9 February: Tue 10 to Sat 14 are five, Tue 24 to Sat 28 five;
     * both Saturdays make up for the Spring Festival.
     */
    xk_policy(s, OWN("own", "{\"days\":10,\"count\":\"working\"}"));
    xk_accepted(s, "2026-02-09T09:00:00+08:00");
    xk_says(s,
            "    counts      10 working days; day 0, not counted: 2026-02-09 "
            "(Mon)\n"
            "                10 February to 14 February: 5 working days, to "
            "day 5 (a make-up workday in it)\n"
            "                15 February to 23 February: 9 days of a holiday, "
            "not counted\n"
            "                24 February to 28 February: 5 working days, to "
            "day 10 (a make-up workday in it)\n"
            "    last day    2026-02-28 (Sat)\n",
            "    计数      10个工作日；第0天，不计：2026-02-09（周一）\n"
            "              2月10日至2月14日：5个工作日，数到第5个（含调休上"
            "班日）\n"
            "              2月15日至2月23日：节假日9天，不计\n"
            "              2月24日至2月28日：5个工作日，数到第10个（含调休上"
            "班日）\n"
            "    末日      2026-02-28（周六）\n");
}

static void working_days_of_a_pause_are_told(void **state)
{
    struct story *s = *state;

    xk_policy(s, OWN("own", "{\"days\":10,\"count\":\"working\"}"));
    xk_accepted(s, "2026-02-09T09:00:00+08:00");
    xk_act(s, "2026-02-12T09:00:00+08:00", DK_ACT_SUSPEND,
           "{\"reason\":\"r\",\"ground\":\"hearing\"}");
    xk_act(s, "2026-02-25T09:00:00+08:00", DK_ACT_RESUME, "{}");
    /* Held on Fri 13, Sat 14, Tue 24 and Wed 25: Mon 2 to Thu 5 March. */
    xk_says(s,
            ", 13 February to 25 February, hearing: 4 working days not "
            "counted, so it is counted on to day 14\n"
            "                1 March: 1 day of rest, not counted\n"
            "                2 March to 5 March: 4 working days, to day 14\n"
            "    last day    2026-03-05 (Thu)\n",
            "，2月13日至2月25日，听证：4个工作日不计，续数到第14个\n"
            "              3月1日：休息日1天，不计\n"
            "              3月2日至3月5日：4个工作日，数到第14个\n"
            "    末日      2026-03-05（周四）\n");
}

static void a_stopped_clock_says_what_stopped_it(void **state)
{
    struct story *s = *state;

    xk_accepted(s, "2026-04-01T09:00:00+08:00");
    xk_fire(s, "2026-06-02T00:00:00+08:00");
    xk_act(s, "2026-06-05T10:00:00+08:00", DK_ACT_ANSWER, ANSWER);
    xk_says(s, "answered; 4 days late\n", "“答复”；超期4天\n");
    xk_says(s, "transferred; in time\n", "“转送”；期限内\n");
    /* What comes of it counts from then. */
    xk_says(s, "starts      2026-06-05 10:00: event ",
            "起算      2026-06-05 10:00：第");
}

static void the_time_that_counts_is_told(void **state)
{
    struct story *s = *state;
    struct dk_submit sub = kit_submission();

    sub.submitted_at = cw_time("2026-04-01T08:00:00+08:00");
    xk_at(s, "2026-04-03T09:00:00+08:00");
    assert_int_equal(kit_submit(&s->k, &sub), 0);
    xk_answer(s);
    xk_says(s,
            "    starts      2026-04-01 08:00: event 1, submitted; recorded "
            "2026-04-03 09:00, claimed 2026-04-01 08:00, which counts\n",
            "    起算      2026-04-01 08:00：第1号事件“提交”；记录于2026-04-03 "
            "09:00，自述2026-04-01 08:00，以自述时间为准\n");
    xk_again(s);
    sub.import = true;
    assert_int_equal(kit_submit(&s->k, &sub), 0);
    xk_answer(s);
    xk_says(s, "  Imported: claimed times from before the import count.\n",
            "  历史导入：导入之前的自述时间有效。\n");
}

static void another_law_than_the_cases_own_is_said(void **state)
{
    struct story *s = *state;

    xk_policy(s, OWN("old", "{\"days\":60}"));
    xk_accepted(s, "2026-03-02T09:00:00+08:00");
    xk_policy(s, OWN("new", "{\"days\":45}"));
    /* 2 March + 60 is Fri 1 May; + 45 Thu 16 April. */
    xk_says(s,
            " set 2026-05-01 24:00, by the files given it is 2026-04-16 24:00 "
            "(set by policy old, given is new)\n",
            "所设为2026-05-01 24:00，按所给文件应为2026-04-16 24:00（当时的期限"
            "规则为“old”，所给为“new”）\n");
    char *text = xk_text(s, "en");
    xk_has(text, "    DIFFERS ");
    xk_lacks(text, "    checked ");
    free(text);
    cJSON *all = xk_json(s);
    const cJSON *k = cJSON_GetArrayItem(cJSON_GetObjectItem(all, "clocks"), 0);
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(k, "agrees")));
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(k, "policy")),
                        "old");
    cJSON_Delete(all);
}

static void a_day_without_a_law_is_said(void **state)
{
    struct story *s = *state;

    xk_policy(s, OWN("own", "{\"days\":60}"));
    xk_submit(s, "2019-12-31T23:59:59+08:00");
    xk_says(s,
            "  Event 1: policy \"own\" has no version in force on 2019-12-31, "
            "when the case was handed in\n",
            "  第1号事件：期限规则“own”在案件提交之日（2019-12-31）没有生效的"
            "版本\n");
    xk_says(s, "  none yet\n", "  尚未设定\n");
}

static void a_limit_that_nobody_set_is_missing(void **state)
{
    struct story *s = *state;
    struct dk_submit sub = kit_submission();

    xk_at(s, "2026-05-06T09:00:00+08:00");
    assert_int_equal(kit_submit(&s->k, &sub), 0);
    /* 6 May + 15 is Thu 21 May. */
    xk_says(s,
            "  MISSING: event 1 calls for Register and pass on (transfer) "
            "until 2026-05-21 24:00",
            "  缺少：第1号事件应设期限“登记转送交办（transfer）”，至2026-05-21 "
            "24:00");
}

static void who_has_it_and_by_which_rule_is_said(void **state)
{
    struct story *s = *state;

    xk_accepted(s, "2026-05-06T09:00:00+08:00");
    xk_says(s,
            ": town-a, handler o1, who had 0 cases then\n"
            "        rule r-1: 按规则“r-1”\n",
            "：town-a，承办人o1，当时在办0件\n"
            "        规则“r-1”：按规则“r-1”\n");
    xk_act(s, NULL, DK_ACT_PRIORITISE,
           "{\"need\":\"wages\",\"why\":\"节前欠薪\",\"rule\":\"qianxin\"}");
    xk_says(s, ", by rule qianxin: 节前欠薪 (event ",
            "，依据规则“qianxin”：节前欠薪（第");
}

static void a_case_that_is_not_its_events_is_said(void **state)
{
    struct story *s = *state;
    cJSON *doc, *c;
    char *text;

    xk_accepted(s, "2026-05-06T09:00:00+08:00");
    doc = xk_doc(s);
    text = xk_text_of(s, doc, "en");
    xk_lacks(text, "THE STORED CASE");
    free(text);
    c = cJSON_GetObjectItem(doc, "case");
    cJSON_SetValuestring(cJSON_GetObjectItem(c, "unit"), "town-b");
    text = xk_text_of(s, doc, "en");
    xk_has(text, "THE STORED CASE IS NOT WHAT ITS EVENTS GIVE");
    free(text);
    cJSON_Delete(doc);
}

static void what_is_no_case_is_refused(void **state)
{
    static const struct {
        const char *doc;
        int code;
        const char *pointer;
    } bad[] = {
        {"{}", DK_EFIELD, "/events"},
        {"{\"events\":[]}", DK_EFIELD, "/events"},
        {"{\"events\":[{}]}", DK_EFIELD, "/case_no"},
        {"{\"events\":[{\"case_no\":\"x\"}]}", DK_EFIELD, "/case/case_no"},
        {"{\"events\":[{\"case_no\":\"330699-20260506-000001-6\"}]}", DK_EFIELD,
         ""},
    };
    struct story *s = *state;
    const struct dk_explain_by by = {s->p, s->cal, NULL};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct dk_problem p = {0};
        cJSON *doc = cw_json(bad[i].doc);
        char *text = NULL;

        assert_int_equal(dk_explain(&by, doc, "en", NULL, &text, &p),
                         bad[i].code);
        assert_null(text);
        if (bad[i].pointer[0] != '\0')
            assert_string_equal(p.pointer, bad[i].pointer);
        assert_true(p.detail[0] != '\0' && p.detail_zh[0] != '\0');
        cJSON_Delete(doc);
    }
}

static void an_event_that_is_left_out_is_found(void **state)
{
    struct story *s = *state;
    const struct dk_explain_by by = {s->p, s->cal, NULL};
    struct dk_problem p = {0};
    char *text = NULL;
    cJSON *doc;

    xk_accepted(s, "2026-05-06T09:00:00+08:00");
    doc = xk_doc(s);
    cJSON_DeleteItemFromArray(cJSON_GetObjectItem(doc, "events"), 2);
    assert_int_equal(dk_explain(&by, doc, "en", NULL, &text, &p), DK_EJSON);
    xk_has(p.detail, "event 4 does not follow from the ones before it");
    cJSON_Delete(doc);
}

#define T(name) cmocka_unit_test_setup_teardown(name, xk_setup, xk_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(natural_days_are_told_month_by_month),
        T(a_pause_and_an_extension_are_counted_on),
        T(an_extension_before_a_pause_is_told_again),
        T(holidays_and_make_up_days_are_told),
        T(working_days_of_a_pause_are_told),
        T(a_stopped_clock_says_what_stopped_it),
        T(the_time_that_counts_is_told),
        T(another_law_than_the_cases_own_is_said),
        T(a_day_without_a_law_is_said),
        T(a_limit_that_nobody_set_is_missing),
        T(who_has_it_and_by_which_rule_is_said),
        T(a_case_that_is_not_its_events_is_said),
        T(what_is_no_case_is_refused),
        T(an_event_that_is_left_out_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
