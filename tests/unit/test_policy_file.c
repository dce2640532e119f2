/* Policy files: small ones, wrong ones, their ladders, and how they print. */
#include "core/policy_text.h"
#include "tests/support/lawwork.h"

/* ---- ladders and names ---- */

static void the_ladder_grows_with_the_delay(void **state)
{
    static const struct {
        const char *rung, *level, *last;
        int n;
    } want[] = {
        {"yellow", "yellow", "handler", 1},
        {"red", "red", "unit_head", 2},
        {"overdue", "overdue", "office", 3},
        {"overdue_7", "long_overdue", "leader", 4},
        {"overdue_30", "long_overdue", "bulletin", 5},
    };
    struct law *l = *state;
    submit(l, "2026-03-02T09:00:00+08:00");
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        const char *level = NULL, *role[6];
        int n = dk_policy_ladder(l->p, l->w.c, "conclude", want[i].rung, &level,
                                 role, 6);
        assert_int_equal(n, want[i].n);
        assert_string_equal(level, want[i].level);
        assert_string_equal(role[0], "handler");
        assert_string_equal(role[n - 1], want[i].last);
    }
}

static void a_clock_may_have_a_ladder_of_its_own(void **state)
{
    struct law *l = *state;
    const char *level = NULL, *role[6];
    submit(l, "2026-03-02T09:00:00+08:00");
    assert_int_equal(
        dk_policy_ladder(l->p, l->w.c, "transfer", "yellow", &level, role, 6),
        1);
    assert_string_equal(role[0], "office");
    assert_int_equal(dk_policy_ladder(l->p, l->w.c, "transfer", "overdue_30",
                                      &level, role, 2),
                     2); /* as many as there is room for */
}

static void clocks_have_names_in_both_languages(void **state)
{
    struct law *l = *state;
    submit(l, "2026-03-02T09:00:00+08:00");
    assert_string_equal(dk_policy_clock_name(l->p, l->w.c, "conclude", "zh-CN"),
                        "办结");
    assert_string_equal(dk_policy_clock_name(l->p, l->w.c, "conclude", "en"),
                        "Conclude");
    assert_string_equal(dk_policy_clock_name(l->p, l->w.c, "other", "en"),
                        "other");
}

/* ---- small policies ---- */

#define ONE_CLOCK                                                              \
    "{\"format\":\"docket-policy/1\",\"id\":\"one\",\"calendar\":\"cn\","      \
    "\"versions\":[{\"effective_from\":\"2000-01-01\",\"clocks\":["            \
    "{\"id\":\"answer\",\"starts_on\":[\"submitted\"],"                        \
    "\"stops_on\":[\"answered\"],\"length\":{\"days\":15}}]}]}"

static void a_policy_of_one_clock_is_a_few_lines(void **state)
{
    struct law *l = new_law(ONE_CLOCK);
    const char *level = NULL, *role[6];
    (void)state;
    submit(l, "2026-02-02T09:00:00+08:00");
    /* 17 February is Spring Festival; the default is to keep the day. */
    cw_assert_at(&l->w, "answer", NULL, "2026-02-18T00:00:00+08:00");
    assert_int_equal(cw_clock(&l->w, "answer")->n_rung, 1);
    /* Nobody was named, so those in charge hear of it. */
    assert_int_equal(
        dk_policy_ladder(l->p, l->w.c, "answer", "overdue", &level, role, 6),
        3);
    assert_string_equal(level, "overdue");
    assert_string_equal(role[2], "office");
    free_law(l);
}

static void a_clock_may_be_owed_to_some_kinds_only(void **state)
{
    struct law *l = new_law(
        "{\"format\":\"docket-policy/1\",\"id\":\"t\",\"calendar\":\"cn\","
        "\"versions\":[{\"effective_from\":\"2000-01-01\",\"clocks\":["
        "{\"id\":\"c\",\"starts_on\":[\"submitted\"],"
        "\"stops_on\":[\"answered\"],\"length\":{\"days\":15},"
        "\"only\":{\"kind\":[\"suggestion\"],"
        "\"channel\":[\"kiosk\",\"visit\"]}}]}]}");
    (void)state;
    cw_submit(&l->w, "2026-03-02T09:00:00+08:00", "");
    deadline(l);
    assert_int_equal(l->w.c->n_clock, 0);
    cw_submit(&l->w, "2026-03-02T09:00:00+08:00", "\"kind\":\"suggestion\"");
    deadline(l);
    assert_int_equal(l->w.c->n_clock, 1);
    free_law(l);
}

static void days_are_those_of_the_calendars_zone(void **state)
{
    /* Clocks in New York go forward on Sun 8 March 2026. */
    static const char calendar[] =
        "{\"format\":\"docket-calendar/1\",\"id\":\"us\","
        "\"zone\":\"EST5EDT,M3.2.0,M11.1.0\","
        "\"rest\":[\"saturday\",\"sunday\"],\"years\":{\"2026\":"
        "{\"source\":\"s\",\"holidays\":[],\"workdays\":[]}}}";
    struct law *l = new_law(ONE_CLOCK);
    struct dk_report r = {0};
    (void)state;
    dk_calendar_free(l->cal);
    l->cal = dk_calendar_load("us", calendar, strlen(calendar), &r);
    assert_non_null(l->cal);
    /* 11 pm on 28 February there; + 15 is 15 March, summer time. */
    submit(l, "2026-03-01T04:00:00Z");
    cw_assert_at(&l->w, "answer", NULL, "2026-03-16T00:00:00-04:00");
    dk_report_fini(&r);
    free_law(l);
}

static void the_documents_examples_are_right(void **state)
{
    struct dk_report r = {0};
    size_t len = 0;
    char *calendar = cw_example("docs/POLICY.md", 2, &len);
    struct dk_calendar *c = dk_calendar_load("POLICY.md", calendar, len, &r);

    (void)state;
    for (int i = 0; i < 2; i++) {
        char *policy = cw_example("docs/POLICY.md", i, &len);
        struct dk_policy *p = dk_policy_load("POLICY.md", policy, len, &r);

        if (p == NULL || c == NULL)
            fail_msg("%s", r.text);
        dk_policy_check(p, c, &r);
        assert_int_equal(r.errors, 0);
        dk_policy_free(p);
        free(policy);
    }
    dk_calendar_free(c);
    dk_report_fini(&r);
    free(calendar);
}

static void names_all(const char *doc, const struct pol_member *m)
{
    for (; m->name != NULL; m++) {
        char want[64];

        (void)snprintf(want, sizeof want, "`%s`", m->name);
        if (strstr(doc, want) == NULL)
            fail_msg("docs/POLICY.md does not describe \"%s\"", m->name);
    }
}

static void the_document_names_every_member(void **state)
{
    static const char *const *const words[] = {
        pol_level_names, pol_role_names,   pol_when_names,    pol_again_names,
        pol_count_names, pol_on_due_names, pol_document_names};
    size_t len = 0;
    char *doc = cw_read_file("docs/POLICY.md", &len);

    (void)state;
    doc[len] = '\0';
    names_all(doc, pol_version_members);
    names_all(doc, pol_clock_members);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        for (int j = 0; words[i][j] != NULL; j++) {
            if (strstr(doc, words[i][j]) == NULL)
                fail_msg("docs/POLICY.md has no word \"%s\"", words[i][j]);
        }
    }
    free(doc);
}

/* ---- mistakes ---- */

static void assert_refused(const char *text, int errors,
                           const char *const say[])
{
    struct dk_report r = {0};
    assert_null(dk_policy_load("p.json", text, strlen(text), &r));
    if (r.errors != errors)
        fail_msg("%d errors, not %d:\n%s", r.errors, errors, r.text);
    for (size_t i = 0; say[i] != NULL; i++) {
        if (strstr(r.text, say[i]) == NULL)
            fail_msg("\"%s\" is not said in:\n%s", say[i], r.text);
    }
    dk_report_fini(&r);
}

#define HEAD                                                                   \
    "{\"format\":\"docket-policy/1\",\"id\":\"t\",\"calendar\":\"cn\","        \
    "\"versions\":[{\"effective_from\":\"2000-01-01\","
#define C0                                                                     \
    "\"id\":\"c\",\"starts_on\":[\"submitted\"],\"stops_on\":[\"answered\"]"

#define C1                                                                     \
    "\"id\":\"c\",\"starts_on\":[\"transferred\"],\"stops_on\":[\"objected\"]"
#define C2                                                                     \
    "\"id\":\"c\",\"starts_on\":[\"handed_over\"],\"stops_on\":[\"reported\"]"

static void every_mistake_is_named_at_once(void **state)
{
    (void)state;
    assert_refused(
        HEAD "\"clock\":1,\"clocks\":["
             "{\"id\":\"a b\",\"starts_on\":[\"submited\"],\"stops_on\":[],"
             "\"length\":{\"days\":-1,\"count\":\"workdays\"},"
             "\"on_due\":\"late\",\"verified\":true,"
             "\"rungs\":[{\"id\":\"overdue\",\"after_start\":1},"
             "{\"id\":\"x\"},{\"id\":\"y\",\"after_start\":1,"
             "\"before_due\":2}],"
             "\"ladder\":{\"z\":{\"level\":\"orange\",\"tell\":[\"boss\"]}}},"
             "7]}],\"zone\":\"Shanghai\"}",
        16,
        (const char *const[]){
            "error p.json: /zone: ",
            "error p.json: /versions/0/clock: there is no member of this name",
            "here; did you mean \"clocks\"?",
            "error p.json: /versions/0/clocks/0/id: ",
            "/versions/0/clocks/0/starts_on/0: \"submited\" is not known here",
            "did you mean \"submitted\"?", "/versions/0/clocks/0/stops_on: ",
            "/versions/0/clocks/0/length/days: ",
            "/versions/0/clocks/0/length/count: ",
            "/versions/0/clocks/0/on_due: ", "/versions/0/clocks/0/verified: ",
            "/versions/0/clocks/0/rungs/0/id: ",
            "/versions/0/clocks/0/rungs/1: ", "/versions/0/clocks/0/rungs/2: ",
            "/versions/0/clocks/0/ladder/z/level: ",
            "/versions/0/clocks/0/ladder/z/tell/0: ",
            "/versions/0/clocks/0/ladder/z: ", "/versions/0/clocks/1: ", NULL});
}

static void a_petitioner_cannot_be_reported_by_mistake(void **state)
{
    (void)state;
    assert_refused(
        HEAD "\"ladder\":{\"r\":{\"level\":\"red\",\"tell\":[\"office\"]}},"
             "\"clocks\":[{\"id\":\"w\",\"starts_on\":[\"answered\"],"
             "\"stops_on\":[\"review_asked\"],\"length\":{\"days\":30},"
             "\"on_due\":\"close\",\"rungs\":[{\"id\":\"r\","
             "\"after_start\":20}]}]}]}",
        1,
        (const char *const[]){"/versions/0/clocks/0/ladder: rung \"r\": this "
                              "clock waits for the petitioner",
                              NULL});
    assert_refused(
        HEAD "\"clocks\":[{\"id\":\"w\",\"starts_on\":[\"answered\"],"
             "\"stops_on\":[\"evaluated\"],\"length\":{\"days\":30}}]}]}",
        1,
        (const char *const[]){"/versions/0/clocks/0/on_due: this clock waits "
                              "for the petitioner",
                              NULL});
}

static void what_cannot_work_is_refused(void **state)
{
    (void)state;
    assert_refused(HEAD "\"clocks\":[{" C0 ",\"length\":{\"days\":5},"
                        "\"holds_on\":[\"urged\"]}]}]}",
                   1, (const char *const[]){"/holds_on: only", NULL});
    assert_refused(HEAD "\"clocks\":[{" C1 ",\"length\":{\"days\":5},"
                        "\"on_due\":\"lapse\",\"rungs\":[{\"id\":\"r\","
                        "\"after_due\":1}]}]}]}",
                   1, (const char *const[]){"nothing comes after", NULL});
    assert_refused(HEAD "\"clocks\":[{" C0 ",\"length\":{\"days\":5}},{" C0
                        ",\"length\":{\"days\":5}}]}]}",
                   1, (const char *const[]){"/clocks/1/id: ", NULL});
    assert_refused(
        HEAD "\"clocks\":[{" C2 ",\"length\":{\"days\":5,"
             "\"from_event\":\"report_days\"}}]}]}",
        2, (const char *const[]){"/length/default: ", "/length/days: ", NULL});
    assert_refused(HEAD "\"clocks\":[{" C0 ",\"length\":{\"days\":5}}]},"
                        "{\"effective_from\":\"2000-01-01\",\"clocks\":[{" C0
                        ",\"length\":{\"days\":5}}]}]}",
                   1,
                   (const char *const[]){"/versions/1/effective_from: ", NULL});
}

static void what_is_odd_is_worth_a_word(void **state)
{
    static const char text[] =
        HEAD "\"ladder\":{\"spare\":{\"level\":\"red\","
             "\"tell\":[\"office\"]}},\"clocks\":[{" C0
             ",\"length\":{\"days\":5},\"rungs\":[{\"id\":\"r\","
             "\"after_start\":9}]}]}]}";
    struct dk_report r = {0};
    struct dk_policy *p = dk_policy_load("p.json", text, sizeof text - 1, &r);
    (void)state;
    assert_non_null(p);
    assert_int_equal(r.warnings, 3);
    assert_non_null(strstr(r.text, "never reached"));
    assert_non_null(strstr(r.text, "nobody is told"));
    assert_non_null(strstr(r.text, "/versions/0/ladder/spare: no clock"));
    dk_policy_free(p);
    dk_report_fini(&r);
}

static void a_policy_is_checked_against_its_calendar(void **state)
{
    static const char other[] =
        "{\"format\":\"docket-calendar/1\",\"id\":\"us\",\"zone\":\"-05:00\","
        "\"rest\":[],\"years\":{\"2026\":{\"source\":\"s\",\"holidays\":[],"
        "\"workdays\":[]}}}";
    struct law *l = *state;
    struct dk_report r = {0};
    struct dk_calendar *us =
        dk_calendar_load("us.json", other, strlen(other), &r);
    assert_non_null(us);
    dk_policy_check(l->p, l->cal, &r);
    assert_int_equal(r.errors, 0);
    assert_int_equal(r.warnings, 3);
    assert_non_null(strstr(r.text, "20 of 20 clocks were not verified"));
    assert_non_null(strstr(r.text, "knows 2004 to 2026"));
    dk_policy_check(l->p, us, &r);
    assert_int_equal(r.errors, 2);
    assert_non_null(strstr(r.text, "/calendar: the policy counts by"));
    assert_non_null(strstr(r.text, "/zone: "));
    dk_calendar_free(us);
    dk_report_fini(&r);
}

/* ---- printing ---- */

static void the_policy_prints_for_people_and_programs(void **state)
{
    struct law *l = *state;
    struct dk_jw w = {0};
    char *zh = NULL, *en = NULL;
    dk_policy_print(l->p, "zh-CN", &w, &zh);
    dk_policy_print(l->p, "en", NULL, &en);
    assert_non_null(zh);
    assert_non_null(en);
    assert_non_null(strstr(zh, "60天，可延长30天1次，遇休息日顺延"));
    assert_non_null(
        strstr(zh, "red（到期前7天） → 红色预警：承办人、单位负责人"));
    assert_non_null(strstr(en, "60 days + at most 30, 1 time(s), then next "
                               "working day"));
    assert_non_null(strstr(en, "overdue (at the due time) -> overdue: handler, "
                               "unit_head, office"));
    cJSON *o = cw_json(w.buf);
    assert_string_equal(
        cJSON_GetStringValue(cJSON_GetObjectItem(o, "calendar")), "cn");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(o, "versions")), 2);
    cJSON_Delete(o);
    dk_jw_fini(&w);
    free(zh);
    free(en);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_ladder_grows_with_the_delay),
        T(a_clock_may_have_a_ladder_of_its_own),
        T(clocks_have_names_in_both_languages),
        cmocka_unit_test(a_policy_of_one_clock_is_a_few_lines),
        cmocka_unit_test(a_clock_may_be_owed_to_some_kinds_only),
        cmocka_unit_test(days_are_those_of_the_calendars_zone),
        cmocka_unit_test(the_documents_examples_are_right),
        cmocka_unit_test(the_document_names_every_member),
        cmocka_unit_test(every_mistake_is_named_at_once),
        cmocka_unit_test(a_petitioner_cannot_be_reported_by_mistake),
        cmocka_unit_test(what_cannot_work_is_refused),
        cmocka_unit_test(what_is_odd_is_worth_a_word),
        T(a_policy_is_checked_against_its_calendar),
        T(the_policy_prints_for_people_and_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
