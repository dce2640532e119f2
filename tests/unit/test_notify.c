#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/notify.h"
#include "core/notify_text.h"

static const struct dk_zone cn = {.std_min = 480, .dst_min = 480};

static dk_ms at(const char *s)
{
    dk_ms t;

    assert_int_equal(dk_time_parse(s, strlen(s), &t), 0);
    return t;
}

#define assert_when(rule, level, now, want)                                    \
    assert_int_equal(dk_notify_when(rule, DK_NOTIFY_##level, at(now), &cn),    \
                     at(want))

static struct dk_notify_rule plain(void)
{
    return (struct dk_notify_rule){.levels = 0x1f, .digest_at = -1};
}

static void without_wishes_at_once(void **state)
{
    struct dk_notify_rule r = plain();

    (void)state;
    assert_when(&r, REMINDER, "2026-05-01T03:00:00+08:00",
                "2026-05-01T03:00:00+08:00");
}

static void quiet_hours_hold_back_until_they_end(void **state)
{
    struct dk_notify_rule r = plain();

    (void)state;
    assert_int_equal(
        dk_notify_span_parse("22:00-07:30", &r.quiet_from, &r.quiet_to), 0);
    r.breaks_quiet = 1u << DK_NOTIFY_OVERDUE;
    assert_when(&r, RED, "2026-05-01T21:59:59+08:00",
                "2026-05-01T21:59:59+08:00");
    assert_when(&r, RED, "2026-05-01T22:00:00+08:00",
                "2026-05-02T07:30:00+08:00");
    assert_when(&r, RED, "2026-05-02T07:29:59+08:00",
                "2026-05-02T07:30:00+08:00");
    assert_when(&r, RED, "2026-05-02T07:30:00+08:00",
                "2026-05-02T07:30:00+08:00");
    assert_when(&r, OVERDUE, "2026-05-02T03:00:00+08:00",
                "2026-05-02T03:00:00+08:00");
    assert_int_equal(
        dk_notify_span_parse("12:00-14:00", &r.quiet_from, &r.quiet_to), 0);
    assert_when(&r, RED, "2026-05-01T12:30:00+08:00",
                "2026-05-01T14:00:00+08:00");
    assert_when(&r, RED, "2026-05-01T23:00:00+08:00",
                "2026-05-01T23:00:00+08:00");
}

static void quiet_days_go_on_into_quiet_hours(void **state)
{
    struct dk_notify_rule r = plain();

    (void)state;
    assert_int_equal(dk_notify_days_parse("sat sun", &r.quiet_days), 0);
    assert_int_equal(
        dk_notify_span_parse("18:00-08:00", &r.quiet_from, &r.quiet_to), 0);
    /* 1 May 2026 is a Friday. */
    assert_when(&r, YELLOW, "2026-05-01T17:00:00+08:00",
                "2026-05-01T17:00:00+08:00");
    assert_when(&r, YELLOW, "2026-05-01T18:00:00+08:00",
                "2026-05-04T08:00:00+08:00");
    assert_when(&r, YELLOW, "2026-05-03T12:00:00+08:00",
                "2026-05-04T08:00:00+08:00");
}

static void a_week_of_quiet_days_holds_nothing_for_ever(void **state)
{
    struct dk_notify_rule r = plain();
    dk_ms now = at("2026-05-01T12:00:00+08:00");

    (void)state;
    r.quiet_days = 0xfe;
    assert_in_range(dk_notify_when(&r, DK_NOTIFY_RED, now, &cn) - now, 1,
                    40 * DK_DAY);
}

static void a_digest_goes_at_its_minute(void **state)
{
    struct dk_notify_rule r = plain();

    (void)state;
    r.digest_at = 8 * 60 + 30;
    r.at_once = 1u << DK_NOTIFY_OVERDUE;
    assert_when(&r, YELLOW, "2026-05-01T08:29:59+08:00",
                "2026-05-01T08:30:00+08:00");
    assert_when(&r, YELLOW, "2026-05-01T08:30:00+08:00",
                "2026-05-02T08:30:00+08:00");
    assert_when(&r, OVERDUE, "2026-05-01T09:00:00+08:00",
                "2026-05-01T09:00:00+08:00");
    /* One that falls into quiet hours goes when they end. */
    r.quiet_from = 0;
    r.quiet_to = 9 * 60;
    assert_when(&r, YELLOW, "2026-05-01T08:00:00+08:00",
                "2026-05-01T09:00:00+08:00");
    r = plain();
    r.digest_every = 45;
    assert_when(&r, YELLOW, "2026-05-01T00:00:00+08:00",
                "2026-05-01T00:45:00+08:00");
    assert_when(&r, YELLOW, "2026-05-01T08:00:00+08:00",
                "2026-05-01T08:15:00+08:00");
}

static void a_change_of_clocks_moves_the_minute_with_it(void **state)
{
    struct dk_notify_rule r = plain();
    struct dk_zone ny;

    (void)state;
    assert_int_equal(dk_zone_parse("EST5EDT,M3.2.0,M11.1.0", &ny), 0);
    r.digest_at = 8 * 60;
    /* 8 March 2026 has 23 hours; 8:00 there is 12:00Z, the day before 13:00Z */
    assert_int_equal(
        dk_notify_when(&r, DK_NOTIFY_RED, at("2026-03-07T13:00:00Z"), &ny),
        at("2026-03-08T12:00:00Z"));
    assert_int_equal(
        dk_notify_when(&r, DK_NOTIFY_RED, at("2026-10-31T13:00:00Z"), &ny),
        at("2026-11-01T13:00:00Z"));
}

static void what_is_held_is_never_sent_before_its_time(void **state)
{
    (void)state;
    /* Every minute of ten days under many rules: never earlier, never in the
     * quiet, never longer than 80 hours.
     */
    for (int v = 0; v < 24; v++) {
        struct dk_notify_rule r = plain();
        r.quiet_from = v * 53 % 1440;
        r.quiet_to = v * 211 % 1440;
        r.quiet_days = v % 3 == 0 ? 0xc0 : 0;
        r.digest_at = v % 2 == 0 ? v * 97 % 1440 : -1;
        for (dk_ms m = 0; m < 14400; m += 7) {
            dk_ms now = at("2026-05-01T00:00:00+08:00") + m * DK_MINUTE;
            dk_ms when = dk_notify_when(&r, DK_NOTIFY_YELLOW, now, &cn);
            struct dk_notify_rule q = r;

            q.digest_at = -1;
            assert_true(when >= now && when <= now + 130 * DK_HOUR);
            assert_int_equal(dk_notify_when(&q, DK_NOTIFY_YELLOW, when, &cn),
                             when);
        }
    }
}

static void patterns(void **state)
{
    (void)state;
    assert_true(dk_notify_matches("handler:zhang leader:*", "leader:li"));
    assert_true(dk_notify_matches("handler:zhang leader:*", "handler:zhang"));
    assert_false(dk_notify_matches("handler:zhang leader:*", "handler:zhan"));
    assert_false(dk_notify_matches("handler:zhang", "handler:zhang2"));
    assert_false(dk_notify_matches("lead:*", "leader:li"));
    assert_false(dk_notify_matches("leader:*", "lead:li"));
    assert_true(dk_notify_matches("*", "office:xfj"));
    assert_false(dk_notify_matches("", "office:xfj"));
    assert_false(dk_notify_matches("*", "petitioner:330699-20260501-000001-7"));
    assert_false(dk_notify_matches("petitioner:*", "petitioner:x"));
}

static void words_that_are_none_are_refused(void **state)
{
    unsigned m = 7;
    int a = 1, b = 2;

    (void)state;
    assert_int_equal(dk_notify_levels_parse("red  overdue", &m), 0);
    assert_int_equal(m, 1u << DK_NOTIFY_RED | 1u << DK_NOTIFY_OVERDUE);
    assert_int_equal(dk_notify_levels_parse("none", &m), 0);
    assert_int_equal(m, 0);
    assert_int_equal(dk_notify_levels_parse("all", &m), 0);
    assert_int_equal(m, 0x1f);
    for (const char *const *s =
             (const char *const[]){"", "none red", "redd", "re", NULL};
         *s != NULL; s++)
        assert_int_equal(dk_notify_levels_parse(*s, &m), DK_EFIELD);
    for (const char *const *s =
             (const char *const[]){"", "22:00", "22:00-24:00", "22:00 07:30",
                                   "2:00-07:30", "22:60-07:30", NULL};
         *s != NULL; s++)
        assert_int_equal(dk_notify_span_parse(*s, &a, &b), DK_EFIELD);
    assert_int_equal(dk_notify_minute_parse("8:30", &a), DK_EFIELD);
    assert_int_equal(dk_notify_minute_parse("08:300", &a), DK_EFIELD);
    assert_int_equal(dk_notify_days_parse("sat sunday", &m), DK_EFIELD);
    assert_int_equal(a, 1);
    assert_int_equal(m, 0x1f);
}

static void tries_become_rarer_and_end(void **state)
{
    const struct dk_notify_retry r = {5, 10 * DK_SECOND, 60 * DK_SECOND};

    (void)state;
    assert_int_equal(dk_notify_wait(&r, 1, DK_NOTIFY_AGAIN, 0, 0), 10000);
    assert_int_equal(dk_notify_wait(&r, 2, DK_NOTIFY_AGAIN, 0, 0), 20000);
    assert_int_equal(dk_notify_wait(&r, 4, DK_NOTIFY_AGAIN, 0, 0), 60000);
    assert_int_equal(dk_notify_wait(&r, 5, DK_NOTIFY_AGAIN, 0, 0), DK_NEVER);
    assert_int_equal(dk_notify_wait(&r, 1, DK_NOTIFY_NEVER, 0, 0), DK_NEVER);
    for (uint64_t chance = 1; chance < 100000; chance = chance * 3 + 1)
        assert_in_range(dk_notify_wait(&r, 2, DK_NOTIFY_AGAIN, chance, 0),
                        10000, 20000);
    assert_int_equal(dk_notify_wait(&r, 1, DK_NOTIFY_AGAIN, 0, 30000), 30000);
    assert_int_equal(dk_notify_wait(&r, 1, DK_NOTIFY_AGAIN, 0, 90000), 60000);
    assert_int_equal(dk_notify_wait(&r, 1, DK_NOTIFY_AGAIN, 0, 1), 10000);
}

static void answers(void **state)
{
    (void)state;
    assert_int_equal(dk_notify_http(204), DK_NOTIFY_SENT);
    assert_int_equal(dk_notify_http(302), DK_NOTIFY_AGAIN);
    assert_int_equal(dk_notify_http(404), DK_NOTIFY_AGAIN);
    assert_int_equal(dk_notify_http(410), DK_NOTIFY_NEVER);
    assert_int_equal(dk_notify_http(0), DK_NOTIFY_AGAIN);
    assert_int_equal(dk_notify_smtp(0), DK_NOTIFY_AGAIN);
    assert_int_equal(dk_notify_smtp(451), DK_NOTIFY_AGAIN);
    assert_int_equal(dk_notify_smtp(535), DK_NOTIFY_AGAIN);
    assert_int_equal(dk_notify_smtp(550), DK_NOTIFY_NEVER);
}

/* ---- texts ---- */

static const struct dk_notify_item items[] = {
    {"330699-20260501-000001-7",
     "330699-20260501-000001-7.9",
     "conclude",
     "red",
     "red",
     "handler:w-1",
     {"第一条", "the first"},
     1000,
     0},
    {"330699-20260501-000002-5",
     "330699-20260501-000002-5.4",
     "made-up",
     "overdue",
     "overdue",
     "handler:w-1",
     {"第二\n条", "the\tsecond"},
     DK_NEVER,
     0},
};

static void expect(const char *text, enum dk_lang lang, size_t n,
                   const char *subject, const char *body)
{
    const struct dk_notify_message m = {"zhang", "k-1", items, n, &cn};
    struct dk_report r = {0};
    char *got[2];

    dk_notify_template_check("t", text, &r);
    assert_int_equal(r.errors, 0);
    assert_int_equal(dk_notify_render(text, lang, &m, &got[0], &got[1]), 0);
    assert_string_equal(got[0], subject);
    if (body != NULL)
        assert_string_equal(got[1], body);
    free(got[0]);
    free(got[1]);
    dk_report_fini(&r);
}

static void values_are_put_in(void **state)
{
    (void)state;
    expect("{{level}} {{case_no}}\n{{clock}} {{due_at}} {{key}}", DK_LANG_EN, 1,
           "red 330699-20260501-000001-7", "Conclude 1970-01-01 08:00 k-1");
    expect("{{highest}} {{count}}\n{{#items}}<{{clock}}|{{text}}|{{due_at}}>"
           "{{/items}}.",
           DK_LANG_ZH_CN, 2, "超期 2",
           "<办结|第一条|1970-01-01 08:00><made-up|第二 条|不详>.");
}

static void the_templates_that_docket_comes_with(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        enum dk_lang lang = i / 2 != 0 ? DK_LANG_EN : DK_LANG_ZH_CN;
        static const char *const subjects[] = {
            "【红色预警】案件 330699-20260501-000001-7：办结",
            "【超期】2 条警示待处理",
            "[red] Case 330699-20260501-000001-7: Conclude",
            "[overdue] 2 alerts are waiting"};
        expect(dk_notify_template(lang, i % 2), lang, (size_t)(1 + i % 2),
               subjects[i], NULL);
    }
}

static void templates_with_mistakes(void **state)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"", "line 1"},
        {"\nx\n", "line 1"},
        {"one line", "line 1"},
        {"a\n{{name}}\n", "line 2: there is no value {{name}}"},
        {"a\n\n{{text\n", "line 3: there is no }}"},
        {"a\n{{#items}}x", "has no {{/items}}"},
        {"{{#items}}\n{{/items}}", "line 1"},
        {"a\n{{#items}}{{#items}}{{/items}}", "come in pairs"},
        {"a\n\xff\n", "not UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct dk_report r = {0};
        dk_notify_template_check("t", bad[i].text, &r);
        assert_true(r.errors > 0);
        if (strstr(r.text, bad[i].says) == NULL)
            fail_msg("%zu: %s", i, r.text);
        dk_report_fini(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_wishes_at_once),
        cmocka_unit_test(quiet_hours_hold_back_until_they_end),
        cmocka_unit_test(quiet_days_go_on_into_quiet_hours),
        cmocka_unit_test(a_week_of_quiet_days_holds_nothing_for_ever),
        cmocka_unit_test(a_digest_goes_at_its_minute),
        cmocka_unit_test(a_change_of_clocks_moves_the_minute_with_it),
        cmocka_unit_test(what_is_held_is_never_sent_before_its_time),
        cmocka_unit_test(patterns),
        cmocka_unit_test(words_that_are_none_are_refused),
        cmocka_unit_test(tries_become_rarer_and_end),
        cmocka_unit_test(answers),
        cmocka_unit_test(values_are_put_in),
        cmocka_unit_test(the_templates_that_docket_comes_with),
        cmocka_unit_test(templates_with_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
