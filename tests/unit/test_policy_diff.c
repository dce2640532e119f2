/* What a new policy changes: in the law, in the calendar, for a case.  Dates
 * are worked out by hand.
 */
#include "tests/support/lawwork.h"

#include "core/policy_diff.h"

/* One law, written twice with small differences. */
#define CLOCK(id, on, off, len, more)                                          \
    "{\"id\":\"" id "\",\"starts_on\":[" on "],\"stops_on\":[" off             \
    "],\"length\":" len more "}"
#define VERSION(day, clocks)                                                   \
    "{\"effective_from\":\"" day "\",\"clocks\":[" clocks "]}"
#define POLICY(versions)                                                       \
    "{\"format\":\"docket-policy/1\",\"id\":\"t\",\"calendar\":\"cn\","        \
    "\"versions\":[" versions "]}"
#define ANSWER(len)                                                            \
    CLOCK("answer", "\"submitted\"", "\"answered\"", len,                      \
          ",\"on_last_day_rest\":\"next_working_day\","                        \
          "\"extend\":{\"times\":1,\"max_days\":30}")
#define DAYS(n) "{\"days\":" n "}"

static const char base[] = POLICY(VERSION("2000-01-01", ANSWER(DAYS("15"))));

struct pair {
    struct law *l; /* the old law, and the case */
    struct dk_policy *p;
    struct dk_law old, new_law;
};

static struct pair *pair(const char *old, const char *new_text)
{
    struct pair *x = calloc(1, sizeof *x);

    assert_non_null(x);
    x->l = new_law(old);
    x->p = load_policy(new_text, strlen(new_text));
    x->old = (struct dk_law){x->l->p, x->l->cal};
    x->new_law = (struct dk_law){x->p, x->l->cal};
    return x;
}

static void unpair(struct pair *x)
{
    dk_policy_free(x->p);
    free_law(x->l);
    free(x);
}

static struct dk_case_diff look(const struct pair *x)
{
    struct dk_case_diff d;

    assert_int_equal(dk_policy_diff_case(&x->old, &x->new_law, x->l->w.c, &d),
                     0);
    return d;
}

static void assert_due(dk_ms got, const char *want)
{
    char text[DK_TIME_MAX];

    if (want == NULL) {
        assert_true(got == DK_NEVER);
        return;
    }
    dk_time_format(got, CN_MIN, text);
    if (got != cw_time(want))
        fail_msg("%s, not %s", text, want);
}

static void assert_limit(const struct dk_limit_diff *d,
                         enum dk_limit_change change, const char *clock,
                         const char *old, const char *new_due)
{
    assert_int_equal(d->change, change);
    assert_string_equal(d->clock, clock);
    assert_due(d->due_old, old);
    assert_due(d->due_new, new_due);
}

/* ---- a case keeps the law of its day ---- */

static void a_new_version_leaves_the_cases_of_before_alone(void **state)
{
    struct pair *x =
        pair(base, POLICY(VERSION("2000-01-01", ANSWER(DAYS("15"))) "," VERSION(
                       "2026-07-01", ANSWER(DAYS("5")))));
    (void)state;
    submit(x->l, "2026-06-30T23:59:59+08:00");
    struct dk_case_diff d = look(x);
    assert_int_equal(d.law, DK_LAW_KEPT);
    assert_string_equal(d.version_old, "2000-01-01");
    assert_string_equal(d.version_new, "2000-01-01");
    assert_int_equal(d.n, 0);
    unpair(x);
}

static void a_version_put_before_the_case_takes_it_over(void **state)
{
    struct pair *x =
        pair(base, POLICY(VERSION("2000-01-01", ANSWER(DAYS("15"))) "," VERSION(
                       "2026-06-01", ANSWER(DAYS("5")))));
    (void)state;
    /* Tue 2 June 2026: + 15 is Wed 17, + 5 is Sun 7, moves to Mon 8. */
    submit(x->l, "2026-06-02T09:00:00+08:00");
    struct dk_case_diff d = look(x);
    assert_int_equal(d.law, DK_LAW_REPLACED);
    assert_string_equal(d.version_old, "2000-01-01");
    assert_string_equal(d.version_new, "2026-06-01");
    assert_int_equal(d.n, 1);
    assert_limit(&d.limit[0], DK_LIMIT_MOVED, "answer",
                 "2026-06-18T00:00:00+08:00", "2026-06-09T00:00:00+08:00");
    assert_due(d.limit[0].set, "2026-06-18T00:00:00+08:00");
    assert_int_equal(d.limit[0].no, 1);
    unpair(x);
}

static void a_version_written_anew_under_its_date_is_told_apart(void **state)
{
    struct pair *x =
        pair(base, POLICY(VERSION("2000-01-01", ANSWER("{\"days\":15,\"count\":"
                                                       "\"working\"}"))));
    (void)state;
    /* Tue 2 June 2026: working days 3, 4, 5, 8-12, 15-18 (12), Fri 19 is the
     * Dragon Boat holiday; 22, 23, 24 (15).
     */
    submit(x->l, "2026-06-02T09:00:00+08:00");
    struct dk_case_diff d = look(x);
    assert_int_equal(d.law, DK_LAW_REWRITTEN);
    assert_int_equal(d.n, 1);
    assert_limit(&d.limit[0], DK_LIMIT_MOVED, "answer",
                 "2026-06-18T00:00:00+08:00", "2026-06-25T00:00:00+08:00");
    unpair(x);
}

static void only_words_rewritten_move_no_limit(void **state)
{
    struct pair *x = pair(
        base, POLICY(VERSION(
                  "2000-01-01",
                  CLOCK("answer", "\"submitted\"", "\"answered\"", DAYS("15"),
                        ",\"on_last_day_rest\":\"next_working_day\","
                        "\"article\":\"Art. 1\","
                        "\"extend\":{\"times\":1,\"max_days\":30}"))));
    (void)state;
    submit(x->l, "2026-06-02T09:00:00+08:00");
    struct dk_case_diff d = look(x);
    assert_int_equal(d.law, DK_LAW_REWRITTEN);
    assert_int_equal(d.n, 0);
    unpair(x);
}

static void a_file_without_a_law_for_the_day_is_told(void **state)
{
    struct pair *x =
        pair(base, POLICY(VERSION("2026-07-01", ANSWER(DAYS("15")))));
    (void)state;
    submit(x->l, "2026-06-02T09:00:00+08:00");
    struct dk_case_diff d = look(x);
    assert_int_equal(d.law, DK_LAW_LOST);
    assert_null(d.version_new);
    assert_int_equal(d.n, 1);
    assert_limit(&d.limit[0], DK_LIMIT_GONE, "answer",
                 "2026-06-18T00:00:00+08:00", NULL);
    unpair(x);
}

/* ---- limits ---- */

static void an_extension_is_kept_under_the_new_length(void **state)
{
    struct pair *x =
        pair(base, POLICY(VERSION("2000-01-01", ANSWER(DAYS("10")))));
    (void)state;
    submit(x->l, "2026-06-02T09:00:00+08:00");
    cw_act(&x->l->w, NULL, "register", "{}");
    cw_act(&x->l->w, NULL, "transfer", "{\"unit\":\"town-a\"}");
    cw_act(&x->l->w, NULL, "accept", "{}");
    act(x->l, NULL, "extend",
        "{\"clock\":\"answer\",\"days\":10,\"approved_by\":\"wang\","
        "\"reason\":\"r\"}");
    /* Wed 17 June + 10 = Sat 27, moves to Mon 29.  By the new law: 12 June, a
     * Fri, + 10 = Mon 22.
     */
    struct dk_case_diff d = look(x);
    assert_int_equal(d.n, 1);
    assert_limit(&d.limit[0], DK_LIMIT_MOVED, "answer",
                 "2026-06-30T00:00:00+08:00", "2026-06-23T00:00:00+08:00");
    unpair(x);
}

#define REPORT(len) CLOCK("report", "\"handed_over\"", "\"reported\"", len, "")

static void a_length_that_was_said_stays_and_a_default_does_not(void **state)
{
    static const char old[] = POLICY(
        VERSION("2000-01-01",
                REPORT("{\"from_event\":\"report_days\",\"default\":60}")));
    static const char new_text[] = POLICY(
        VERSION("2000-01-01",
                REPORT("{\"from_event\":\"report_days\",\"default\":30}")));
    struct pair *x = pair(old, new_text);
    (void)state;
    submit(x->l, "2026-03-02T09:00:00+08:00");
    cw_act(&x->l->w, NULL, "register", "{}");
    act(x->l, NULL, "hand_over", "{\"unit\":\"a\",\"report_days\":20}");
    assert_int_equal(look(x).n, 0);
    act(x->l, NULL, "hand_over", "{\"unit\":\"b\"}");
    /* 2 March + 60 = 1 May; + 30 = 1 April. */
    struct dk_case_diff d = look(x);
    assert_int_equal(d.n, 1);
    assert_limit(&d.limit[0], DK_LIMIT_MOVED, "report",
                 "2026-05-02T00:00:00+08:00", "2026-04-02T00:00:00+08:00");
    unpair(x);
}

static void a_clock_taken_out_and_a_new_one_are_told(void **state)
{
    struct pair *x = pair(
        POLICY(VERSION("2000-01-01", ANSWER(DAYS("15")) "," CLOCK(
                                         "a", "\"registered\"", "\"accepted\"",
                                         DAYS("3"), ""))),
        POLICY(VERSION(
            "2000-01-01",
            CLOCK("a", "\"registered\"", "\"accepted\"", DAYS("3"),
                  "") "," CLOCK("b", "\"registered\"", "\"answered\"",
                                DAYS("7"),
                                "") "," CLOCK("c", "\"registered\"",
                                              "\"transferred\"", DAYS("7"),
                                              "") "," CLOCK("d", "\"accepted\"",
                                                            "\"answered\"",
                                                            DAYS("7"), ""))));
    (void)state;
    submit(x->l, "2026-03-02T09:00:00+08:00");
    act(x->l, NULL, "register", "{}");
    act(x->l, "2026-03-03T09:00:00+08:00", "transfer", "{\"unit\":\"a\"}");
    struct dk_case_diff d = look(x);
    assert_int_equal(d.n, 2);
    assert_limit(&d.limit[0], DK_LIMIT_GONE, "answer",
                 "2026-03-18T00:00:00+08:00", NULL);
    assert_limit(&d.limit[1], DK_LIMIT_ADDED, "b", NULL,
                 "2026-03-10T00:00:00+08:00");
    assert_int_equal(d.limit[1].no, 0);
    assert_due(d.limit[1].set, NULL);
    unpair(x);
}

static void what_has_happened_already_stops_a_limit_of_the_new_law(void **state)
{
    struct pair *x = pair(
        base, POLICY(VERSION("2000-01-01",
                             CLOCK("answer", "\"submitted\"",
                                   "\"answered\",\"registered\"", DAYS("15"),
                                   ",\"on_last_day_rest\":"
                                   "\"next_working_day\""))));
    (void)state;
    submit(x->l, "2026-03-02T09:00:00+08:00");
    assert_int_equal(look(x).n, 0);
    cw_act(&x->l->w, NULL, "register", "{}");
    struct dk_case_diff d = look(x);
    assert_int_equal(d.n, 1);
    assert_int_equal(d.limit[0].change, DK_LIMIT_GONE);
    unpair(x);
}

static void stopped_limits_are_nobodys_business(void **state)
{
    struct pair *x = pair(
        POLICY(VERSION("2000-01-01", CLOCK("a", "\"submitted\"",
                                           "\"registered\"", DAYS("15"), ""))),
        POLICY(VERSION("2000-01-01", CLOCK("a", "\"submitted\"",
                                           "\"registered\"", DAYS("5"), ""))));
    (void)state;
    submit(x->l, "2026-03-02T09:00:00+08:00");
    assert_int_equal(look(x).n, 1);
    cw_act(&x->l->w, NULL, "register", "{}");
    assert_int_equal(look(x).n, 0);
    unpair(x);
}

static void an_unknown_year_is_said_to_be_unknown(void **state)
{
    struct pair *x = pair(
        base, POLICY(VERSION("2000-01-01",
                             ANSWER("{\"days\":15,\"count\":\"working\"}"))));
    (void)state;
    submit(x->l, "2026-12-15T09:00:00+08:00");
    struct dk_case_diff d = look(x);
    assert_int_equal(d.n, 1);
    /* 15 December + 15 = Wed 30 December. */
    assert_limit(&d.limit[0], DK_LIMIT_UNKNOWN, "answer",
                 "2026-12-31T00:00:00+08:00", NULL);
    unpair(x);
}

/* ---- the calendar ---- */

static void a_new_holiday_moves_a_last_day(void **state)
{
    static const char text[] =
        "{\"format\":\"docket-calendar/1\",\"id\":\"cn\",\"zone\":\"+08:00\","
        "\"rest\":[\"saturday\",\"sunday\"],\"years\":{\"2026\":{\"source\":"
        "\"s\",\"holidays\":[\"2026-06-17\"],\"workdays\":[]},"
        "\"2027\":{\"source\":\"s\",\"holidays\":[],\"workdays\":[]}}}";
    struct pair *x = pair(base, base);
    struct dk_report r = {0};
    struct dk_calendar *cal = dk_calendar_load("new", text, strlen(text), &r);
    struct dk_jw w = {0};
    char *said = NULL;
    (void)state;
    assert_non_null(cal);
    x->new_law.calendar = cal;
    submit(x->l, "2026-06-02T09:00:00+08:00"); /* + 15 is Wed 17 June */
    struct dk_case_diff d = look(x);
    assert_int_equal(d.law, DK_LAW_KEPT);
    assert_int_equal(d.n, 1);
    assert_limit(&d.limit[0], DK_LIMIT_MOVED, "answer",
                 "2026-06-18T00:00:00+08:00", "2026-06-19T00:00:00+08:00");
    dk_jw_obj(&w, NULL);
    dk_policy_diff_law(&x->old, &x->new_law, "en", &w, &said);
    dk_jw_end_obj(&w);
    assert_non_null(said);
    assert_non_null(strstr(said, "  year 2027: new\n"));
    assert_non_null(strstr(said, "  year 2004: taken out\n"));
    assert_non_null(strstr(said, "  2026-06-17: rests now\n"));
    assert_non_null(strstr(said, "  2026-06-19: works now\n"));
    assert_non_null(strstr(w.buf, "\"years_added\":[2027]"));
    assert_non_null(strstr(w.buf, "{\"day\":\"2026-06-17\",\"works\":false}"));
    free(said);
    dk_jw_fini(&w);
    dk_calendar_free(cal);
    dk_report_fini(&r);
    unpair(x);
}

/* ---- the law ---- */

static void every_member_of_a_clock_is_compared(void **state)
{
    /* Each line changes one member of the clock. */
    static const char *const more[][2] = {
        {"name", ",\"name\":{\"zh-CN\":\"n\"}"},
        {"article", ",\"article\":\"a\""},
        {"verified", ",\"verified\":{\"by\":\"b\",\"on\":\"2026-01-01\","
                     "\"against\":\"a\"}"},
        {"holds_on", ",\"holds_on\":[\"suspended\"]"},
        {"only", ",\"only\":{\"kind\":[\"appeal\"]}"},
        {"only", ",\"only\":{\"urgent\":false}"},
        {"only", ",\"only\":{\"reachable\":true}"},
        {"only", ",\"only\":{\"channel\":[\"kiosk\"]}"},
        {"only", ",\"only\":{\"document\":[\"answer\"]}"},
        {"when_running", ",\"when_running\":\"later\""},
        {"first_day", ",\"first_day\":\"same_day\""},
        {"on_last_day_rest", ",\"on_last_day_rest\":\"next_working_day\""},
        {"on_due", ",\"on_due\":\"lapse\""},
        {"extend", ",\"extend\":{\"times\":1,\"max_days\":2}"},
        {"ladder", ",\"ladder\":{\"overdue\":{\"level\":\"red\","
                   "\"tell\":[\"office\"]}}"},
        {"repeat", ",\"repeat\":{\"days\":2}"},
        {"ack_holds", ",\"ack_holds\":{\"days\":2}"},
        {"excuses", ",\"excuses\":[{\"name\":{\"zh-CN\":\"e\"}}]"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        char text[1024], want[64];
        struct dk_jw w = {0};
        char *said = NULL;

        (void)snprintf(text, sizeof text,
                       POLICY(VERSION("2000-01-01",
                                      CLOCK("c", "\"delivered\"",
                                            "\"objected\"", DAYS("5"), "%s"))),
                       more[i][1]);
        struct pair *x = pair(
            POLICY(VERSION("2000-01-01", CLOCK("c", "\"delivered\"",
                                               "\"objected\"", DAYS("5"), ""))),
            text);
        dk_jw_obj(&w, NULL);
        dk_policy_diff_law(&x->old, &x->new_law, "zh-CN", &w, &said);
        dk_jw_end_obj(&w);
        (void)snprintf(want, sizeof want, "\"member\":\"%s\"", more[i][0]);
        if (strstr(w.buf, want) == NULL)
            fail_msg("%s is not in %s", want, w.buf);
        assert_non_null(said);
        assert_non_null(strstr(said, " → "));
        free(said);
        dk_jw_fini(&w);
        unpair(x);
    }
}

static void the_same_file_changes_nothing(void **state)
{
    size_t len = 0;
    char *text = cw_read_file("policy/xinfang-2022.json", &len), *said = NULL;
    (void)state;
    text[len] = '\0';
    struct pair *x = pair(text, text);
    struct dk_jw w = {0};
    dk_jw_obj(&w, NULL);
    dk_policy_diff_law(&x->old, &x->new_law, "en", &w, &said);
    dk_jw_end_obj(&w);
    assert_null(strstr(w.buf, "changed"));
    assert_non_null(strstr(w.buf, "\"change\":\"same\""));
    assert_non_null(strstr(said, "every day as before"));
    submit(x->l, "2026-03-02T09:00:00+08:00");
    assert_int_equal(look(x).n, 0);
    free(said);
    free(text);
    dk_jw_fini(&w);
    unpair(x);
}

static void a_new_version_is_compared_with_the_one_before_it(void **state)
{
    struct pair *x =
        pair(base, POLICY(VERSION("2000-01-01", ANSWER(DAYS("15"))) "," VERSION(
                       "2026-07-01", ANSWER(DAYS("5")))));
    struct dk_jw w = {0};
    char *said = NULL;
    (void)state;
    dk_jw_obj(&w, NULL);
    dk_policy_diff_law(&x->old, &x->new_law, "en", &w, &said);
    dk_jw_end_obj(&w);
    assert_non_null(said);
    assert_non_null(strstr(said, "2000-01-01 (-): unchanged"));
    assert_non_null(strstr(said, "compared with the version from 2000-01-01"));
    assert_non_null(strstr(said, "length: 15 days  ->  5 days"));
    assert_non_null(strstr(w.buf,
                           "{\"effective_from\":\"2026-07-01\",\"change\":"
                           "\"added\",\"against\":\"2000-01-01\""));
    free(said);
    dk_jw_fini(&w);
    unpair(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_version_leaves_the_cases_of_before_alone),
        cmocka_unit_test(a_version_put_before_the_case_takes_it_over),
        cmocka_unit_test(a_version_written_anew_under_its_date_is_told_apart),
        cmocka_unit_test(only_words_rewritten_move_no_limit),
        cmocka_unit_test(a_file_without_a_law_for_the_day_is_told),
        cmocka_unit_test(an_extension_is_kept_under_the_new_length),
        cmocka_unit_test(a_length_that_was_said_stays_and_a_default_does_not),
        cmocka_unit_test(a_clock_taken_out_and_a_new_one_are_told),
        cmocka_unit_test(
            what_has_happened_already_stops_a_limit_of_the_new_law),
        cmocka_unit_test(stopped_limits_are_nobodys_business),
        cmocka_unit_test(an_unknown_year_is_said_to_be_unknown),
        cmocka_unit_test(a_new_holiday_moves_a_last_day),
        cmocka_unit_test(every_member_of_a_clock_is_compared),
        cmocka_unit_test(the_same_file_changes_nothing),
        cmocka_unit_test(a_new_version_is_compared_with_the_one_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
