/* Alerts: raised for a fired rung, once, and acknowledged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/clock_kit.h"

static const char *alert(const char *clock, int no, const char *rung)
{
    static char json[300];

    (void)snprintf(json, sizeof(json),
                   "{\"clock\":\"%s\",\"clock_no\":%d,\"rung\":\"%s\","
                   "\"level\":\"yellow\",\"to\":[\"handler:o1\"],"
                   "\"text\":{\"zh-CN\":\"将到期\",\"en\":\"soon due\"}}",
                   clock, no, rung);
    return json;
}

static void an_alert_is_raised_once_for_a_fired_rung(void **state)
{
    struct kit k;
    char ack[40], said[120];

    (void)state;
    begin(&k, DK_S_ACCEPTED);
    assert_int_equal(set(&k, &conclude), 0);
    assert_int_equal(fire(&k, 40, 0), 1);
    assert_int_equal(kit_do(&k, DK_ACT_ALERT, alert("conclude", 1, "red")),
                     DK_ENOTFOUND);
    assert_int_equal(kit_do(&k, DK_ACT_ALERT, alert("conclude", 1, "blue")),
                     DK_ENOTFOUND);
    assert_int_equal(kit_do(&k, DK_ACT_ALERT, alert("conclude", 2, "yellow")),
                     DK_ENOTFOUND);
    assert_int_equal(kit_do(&k, DK_ACT_ALERT, alert("notice", 1, "yellow")),
                     DK_ENOTFOUND);
    assert_int_equal(kit_do(&k, DK_ACT_ALERT, alert("conclude", 1, "yellow")),
                     0);
    assert_int_equal(k.new_events, 1);
    assert_string_equal(
        body(&k, 0),
        "{\"clock\":\"conclude\",\"clock_no\":1,\"rung\":\"yellow\","
        "\"level\":\"yellow\",\"due_at\":\"2026-04-30T08:00:00.000+08:00\","
        "\"to\":[\"handler:o1\"],"
        "\"text\":{\"zh-CN\":\"将到期\",\"en\":\"soon due\"}}");
    assert_int_equal(k.c->n_alert, 1);
    assert_int_equal(k.c->alert[0], k.c->n);
    assert_int_equal(kit_do(&k, DK_ACT_ALERT, alert("conclude", 1, "yellow")),
                     0);
    assert_int_equal(k.new_events, 0);
    (void)snprintf(ack, sizeof(ack), "{\"alert\":%u,\"note\":\"知\"}",
                   k.c->alert[0]);
    assert_int_equal(kit_do(&k, DK_ACT_ACK_ALERT, "{\"alert\":1}"),
                     DK_ENOTFOUND);
    assert_int_equal(kit_do(&k, DK_ACT_ACK_ALERT, ack), 0);
    (void)snprintf(said, sizeof(said),
                   "{\"alert\":%u,\"clock\":\"conclude\",\"clock_no\":1,"
                   "\"rung\":\"yellow\",\"note\":\"知\"}",
                   k.c->n - 1);
    assert_string_equal(body(&k, 0), said);
    assert_int_equal(k.c->n_alert, 0);
    assert_int_equal(kit_do(&k, DK_ACT_ACK_ALERT, ack), DK_ENOTFOUND);
    end(&k);
}

static void a_wrong_alert_is_refused_by_its_place(void **state)
{
#define ALERT(level, to, text)                                                 \
    "{\"clock\":\"conclude\",\"clock_no\":1,\"rung\":\"yellow\",\"level\":"    \
    "\"" level "\",\"to\":" to ",\"text\":" text "}"
#define TEXT "{\"zh-CN\":\"x\",\"en\":\"y\"}"
    static const struct {
        const char *json, *pointer;
    } bad[] = {
        {ALERT("purple", "[]", TEXT), "/level"},
        {ALERT("red", "\"handler:o1\"", TEXT), "/to"},
        {ALERT("red", "[\"handler:o1\",\"\"]", TEXT), "/to/1"},
        {ALERT("red", "[5]", TEXT), "/to/0"},
        {ALERT("red", "[]", "{\"en\":\"y\"}"), "/text/zh-CN"},
        {ALERT("red", "[]", "{\"zh-CN\":\"x\"}"), "/text/en"},
        {ALERT("red", "[]", "{\"zh-CN\":\"x\",\"en\":\"y\",\"fr\":\"z\"}"),
         "/text/fr"},
        {"{}", "/clock"},
    };
    struct kit k;

    (void)state;
    begin(&k, DK_S_ACCEPTED);
    assert_int_equal(set(&k, &conclude), 0);
    assert_int_equal(fire(&k, 40, 0), 1);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(kit_do(&k, DK_ACT_ALERT, bad[i].json), DK_EFIELD);
        assert_string_equal(k.p.pointer, bad[i].pointer);
    }
    end(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_is_raised_once_for_a_fired_rung),
        cmocka_unit_test(a_wrong_alert_is_refused_by_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
