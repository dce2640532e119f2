/* Leave, delegates, and who fills a role meanwhile. */
#include "tests/support/bookwork.h"

#define D(day) "2026-05-" day "T10:00:00+08:00"

/* A unit with three handlers: one on leave from 1 to 10 May with a delegate of
 * the same unit, one absent, one there; and a unit of one who is on leave.
 */
static const char units[] =
    "{\"id\":\"u\",\"name\":\"甲局\",\"parent\":\"top\","
    "\"head\":{\"id\":\"u-head\",\"name\":\"局长\"},\"handlers\":["
    "{\"id\":\"a\",\"name\":\"阿一\",\"away\":[{\"from\":\"2026-05-01\","
    "\"to\":\"2026-05-10\",\"delegate\":\"b\"}]},"
    "{\"id\":\"b\",\"name\":\"阿二\",\"away\":[{\"from\":\"2026-05-05\","
    "\"to\":\"2026-05-06\",\"delegate\":\"c\"}]},"
    "{\"id\":\"c\",\"name\":\"阿三\"},"
    "{\"id\":\"d\",\"name\":\"阿四\",\"absent\":true}]},"
    "{\"id\":\"v\",\"name\":\"乙镇\",\"parent\":\"top\","
    "\"head\":{\"id\":\"v-head\",\"name\":\"镇长\"},\"handlers\":["
    "{\"id\":\"e\",\"name\":\"阿五\",\"away\":[{\"from\":\"2026-05-01\","
    "\"to\":\"2026-05-10\",\"delegate\":\"v-head\"}]}]},"
    "{\"id\":\"w\",\"name\":\"丙村\",\"parent\":\"v\","
    "\"handlers\":[{\"id\":\"f\",\"away\":[{\"from\":\"2026-05-01\","
    "\"to\":\"2026-05-10\"}]}]}";
static const char rules[] =
    "\"rules\":[{\"id\":\"ru\",\"region\":\"U\",\"unit\":\"u\"},"
    "{\"id\":\"rv\",\"region\":\"V\",\"unit\":\"v\"},"
    "{\"id\":\"rw\",\"region\":\"W\",\"unit\":\"w\"}]";

static void candidates(struct bookwork *k, const char *at, const char *more,
                       const char *want)
{
    bw_load_units(k, units, rules);
    cw_submit(&k->w, at, more);
    (void)bw_answer(k);
    bw_says(k, want);
}

static void who_is_on_leave_is_no_candidate_on_those_days(void **state)
{
    struct bookwork *k = *state;

    candidates(k, "2026-04-30T23:59:59+08:00", "\"region\":\"U\"",
               "\"candidates\":[\"a\",\"b\",\"c\"],");
    candidates(k, "2026-05-01T00:00:00+08:00", "\"region\":\"U\"",
               "\"candidates\":[\"b\",\"c\"],");
    bw_says(k, "未列入候选：阿一（休假至2026年5月10日）、阿四（不在岗）。");
    candidates(k, "2026-05-10T23:59:59+08:00", "\"region\":\"U\"",
               "\"candidates\":[\"b\",\"c\"],");
    candidates(k, "2026-05-11T00:00:00+08:00", "\"region\":\"U\"",
               "\"candidates\":[\"a\",\"b\",\"c\"],");
}

static void the_offices_zone_decides_which_day_it_is(void **state)
{
    struct bookwork *k = *state;

    /* 16:00 UTC on 30 April is 1 May at the office. */
    candidates(k, "2026-04-30T16:00:00Z", "\"region\":\"U\"",
               "\"candidates\":[\"b\",\"c\"],");
    candidates(k, "2026-04-30T15:59:59Z", "\"region\":\"U\"",
               "\"candidates\":[\"a\",\"b\",\"c\"],");
}

static void delegates_of_other_units_come_in_when_nobody_is_left(void **state)
{
    struct bookwork *k = *state;

    candidates(k, D("02"), "\"region\":\"V\"", "\"candidates\":[\"v-head\"],");
    bw_says(k, "未列入候选：阿五（休假至2026年5月10日）。镇长（代阿五）代办。");
    candidates(k, D("12"), "\"region\":\"V\"", "\"candidates\":[\"e\"],");
}

static void without_candidate_the_head_names_somebody(void **state)
{
    struct bookwork *k = *state;

    candidates(k, D("02"), "\"region\":\"W\"", "\"unit\":\"w\",\"rule\"");
    bw_says(k, "暂无可承办人员，由单位负责人指定。");
}

static void a_delegate_complained_about_does_not_stand_in(void **state)
{
    struct bookwork *k = *state;

    /* The unit's head is its delegate: the unit gives way as a whole. */
    candidates(k, D("02"),
               "\"region\":\"V\",\"respondents\":[{\"officer\":\"镇长\"}]",
               "\"unit\":\"top\"");
    bw_says(k, "“乙镇”的负责人在本案中被反映，改由“顶”办理。");
}

static void assert_role(struct bookwork *k, const char *role, const char *want)
{
    const char *got = dk_book_role(k->b, k->w.c, role);

    if (got == NULL || strcmp(got, want) != 0)
        fail_msg("%s is %s, not %s", role, got != NULL ? got : "nobody", want);
}

/* A case of unit u with handler `who`, and then an event at `at`. */
static void case_of(struct bookwork *k, const char *who, const char *more,
                    const char *at)
{
    char args[128];

    bw_load_units(k, units, rules);
    cw_submit(&k->w, "2026-04-20T10:00:00+08:00", more);
    cw_act(&k->w, NULL, "register", "{}");
    (void)snprintf(args, sizeof args, "{\"unit\":\"u\",\"handler\":\"%s\"}",
                   who);
    cw_act(&k->w, NULL, "assign", args);
    cw_act(&k->w, at, "transfer", "{}");
}

static void an_alert_for_who_is_on_leave_goes_to_the_delegate(void **state)
{
    struct bookwork *k = *state;

    case_of(k, "a", "", D("01"));
    assert_role(k, "handler", "b");
    case_of(k, "a", "", D("11"));
    assert_role(k, "handler", "a");
}

static void delegates_on_leave_pass_it_on(void **state)
{
    struct bookwork *k = *state;

    case_of(k, "a", "", D("05")); /* b is away too, and c stands in for b */
    assert_role(k, "handler", "c");
    case_of(k, "a", "", D("07"));
    assert_role(k, "handler", "b");
}

static void a_chain_that_ends_with_nobody_ends_with_the_head(void **state)
{
    struct bookwork *k = *state;

    case_of(k, "a", "\"respondents\":[{\"officer\":\"c\"}]", D("05"));
    assert_role(k, "handler", "u-head");
    case_of(k, "a", "\"respondents\":[{\"officer\":\"阿二\"}]", D("01"));
    assert_role(k, "handler", "u-head");
    /* b is away and complained about: whom b names stands in. */
    case_of(k, "a", "\"respondents\":[{\"officer\":\"阿二\"}]", D("05"));
    assert_role(k, "handler", "c");
}

static void an_absent_or_unknown_handler_is_the_heads(void **state)
{
    struct bookwork *k = *state;

    case_of(k, "d", "", D("02"));
    assert_role(k, "handler", "u-head");
    case_of(k, "who-left", "", D("02"));
    assert_role(k, "handler", "u-head");
    case_of(k, "e", "", D("02")); /* of another unit */
    assert_role(k, "handler", "u-head");
}

static void a_head_on_leave_is_stood_in_for_too(void **state)
{
    struct bookwork *k = *state;

    bw_load_units(k,
                  "{\"id\":\"p\",\"name\":\"P\",\"head\":{\"id\":\"p-head\"}},"
                  "{\"id\":\"u\",\"name\":\"U\",\"parent\":\"p\","
                  "\"head\":{\"id\":\"h\",\"away\":["
                  "{\"from\":\"2026-05-01\",\"to\":\"2026-05-02\","
                  "\"delegate\":\"x\"},"
                  "{\"from\":\"2026-05-03\",\"to\":\"2026-05-04\"}]},"
                  "\"handlers\":[{\"id\":\"x\"}]}",
                  "\"leader\":{\"id\":\"l\",\"away\":[{\"from\":\"2026-05-01\","
                  "\"to\":\"2026-05-02\",\"delegate\":\"p-head\"}]}");
    cw_submit(&k->w, D("01"), "");
    cw_act(&k->w, NULL, "assign", "{\"unit\":\"u\",\"handler\":\"x\"}");
    assert_role(k, "unit_head", "x");
    assert_role(k, "leader", "p-head");
    cw_act(&k->w, D("03"), "register", "{}");
    assert_role(k, "unit_head", "p-head"); /* nobody stands in: the one above */
    assert_role(k, "leader", "l");
    cw_act(&k->w, D("05"), "assign", "{\"unit\":\"u\"}");
    assert_role(k, "unit_head", "h");
}

static void a_small_office_may_name_handlers_by_hand(void **state)
{
    struct bookwork *k = *state;

    bw_load_units(k, "{\"id\":\"u\",\"name\":\"U\"}", "");
    cw_submit(&k->w, D("01"), "");
    cw_act(&k->w, NULL, "assign", "{\"unit\":\"u\",\"handler\":\"li\"}");
    assert_role(k, "handler", "li");
}

static void officers_have_names(void **state)
{
    struct bookwork *k = *state;

    bw_load_units(k, units, rules);
    assert_string_equal(dk_book_officer_name(k->b, "v-head"), "镇长");
    assert_string_equal(dk_book_officer_name(k->b, "f"), "f");
    assert_string_equal(dk_book_officer_name(k->b, "nobody"), "nobody");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BW(who_is_on_leave_is_no_candidate_on_those_days),
        BW(the_offices_zone_decides_which_day_it_is),
        BW(delegates_of_other_units_come_in_when_nobody_is_left),
        BW(without_candidate_the_head_names_somebody),
        BW(a_delegate_complained_about_does_not_stand_in),
        BW(an_alert_for_who_is_on_leave_goes_to_the_delegate),
        BW(delegates_on_leave_pass_it_on),
        BW(a_chain_that_ends_with_nobody_ends_with_the_head),
        BW(an_absent_or_unknown_handler_is_the_heads),
        BW(a_head_on_leave_is_stood_in_for_too),
        BW(a_small_office_may_name_handlers_by_hand),
        BW(officers_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
