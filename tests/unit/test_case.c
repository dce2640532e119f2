#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/clock_kit.h"

/* ---- evolve ------------------------------------------------------------- */

/* The next event of `type` with `body` on a case in state `s`. */
static int evolve(enum dk_state s, enum dk_ev type, const char *json)
{
    struct dk_event e = {.type = type, .claimed = DK_NEVER};
    struct dk_case *copy;
    struct kit k;
    int rc;

    path_to(&k, s);
    copy = dk_case_clone(k.c);
    assert_non_null(copy);
    e.key = s == DK_S_NONE ? KIT_KEY : k.c->key;
    e.n = k.c->n + 1;
    e.at = k.env.now;
    e.body = strdup(json);
    assert_non_null(e.body);
    e.body_len = strlen(json);
    rc = dk_case_evolve(copy, &e);
    if (rc != 0 && s != DK_S_NONE)
        assert_true(kit_same(copy, k.c));
    if (rc != 0)
        assert_int_equal(copy->n, k.c->n);
    dk_event_fini(&e);
    assert_null(e.body);
    dk_case_free(copy);
    kit_close(&k);
    return rc;
}

#define FACTS                                                                  \
    "\"channel\":\"kiosk\",\"kind\":\"appeal\",\"subject\":\"x\","             \
    "\"petitioners\":1,\"imported\":false"
#define FIRED "{\"clock\":\"bell\",\"clock_no\":1,"
#define SET(id, basis, no)                                                     \
    "{\"clock\":\"" id "\",\"clock_no\":" no ",\"basis\":" basis               \
    ",\"started_at\":\"2026-03-01T08:00:00Z\","                                \
    "\"due_at\":\"2026-04-01T08:00:00Z\",\"on_due\":\"overdue\","              \
    "\"stops_on\":[],\"rungs\":[]}"

static const struct {
    enum dk_state s;
    enum dk_ev ev;
    const char *body;
    int rc;
} damaged[] = {
    {DK_S_NONE, DK_EV_SUBMITTED, "{" FACTS ",\"respondents\":[]}", 0},
    {DK_S_NONE, DK_EV_SUBMITTED, "{" FACTS "}", DK_EFIELD},
    {DK_S_NONE, DK_EV_SUBMITTED, "{}", DK_EFIELD},
    {DK_S_NONE, DK_EV_SUBMITTED,
     "{" FACTS ",\"respondents\":[{\"unit\":\"a b\"}]}", DK_EFIELD},
    {DK_S_NONE, DK_EV_SUBMITTED, "{" FACTS ",\"respondents\":[7]}", DK_EFIELD},
    {DK_S_NONE, DK_EV_REGISTERED, "{}", DK_ESTATE},
    {DK_S_SUBMITTED, DK_EV_SUBMITTED, "{" FACTS ",\"respondents\":[]}",
     DK_ESTATE},
    {DK_S_SUBMITTED, DK_EV_REGISTERED, "{}", 0},
    {DK_S_SUBMITTED, DK_EV_REGISTERED, "", DK_EJSON},
    {DK_S_SUBMITTED, DK_EV_REGISTERED, "[]", DK_EJSON},
    {DK_S_SUBMITTED, DK_EV_REGISTERED, "{\"note\":\"x\"", DK_EJSON},
    {DK_S_SUBMITTED, DK_EV_REGISTERED, "{\"a\":1,\"a\":1}", DK_EJSON},
    {DK_S_SUBMITTED, DK_EV_ASSIGNED, "{\"handler\":\"o1\"}", DK_EFIELD},
    {DK_S_SUBMITTED, DK_EV_ASSIGNED, "{\"unit\":\"u\",\"handler\":3}",
     DK_EFIELD},
    {DK_S_REGISTERED, DK_EV_TRANSFERRED, "{}", DK_EFIELD},
    {DK_S_ACCEPTED, DK_EV_EXTENDED, "{\"days\":3}", DK_EFIELD},
    {DK_S_ACCEPTED, DK_EV_EXTENDED, "{\"clock\":\"none\",\"days\":3}",
     DK_EFIELD},
    {DK_S_ACCEPTED, DK_EV_CLOCK_SET, SET("c", "1", "1"), 0},
    {DK_S_ACCEPTED, DK_EV_CLOCK_SET, SET("c", "1", "2"), DK_EFIELD},
    {DK_S_ACCEPTED, DK_EV_CLOCK_SET, SET("c", "99", "1"), DK_EFIELD},
    {DK_S_ACCEPTED, DK_EV_CLOCK_SET, SET("bell", "1", "1"), 0},
    {DK_S_ACCEPTED, DK_EV_CLOCK_SET, SET("bell", "1", "2"), DK_EFIELD},
    {DK_S_ACCEPTED, DK_EV_CLOCK_SET, SET("bell", "2", "2"), 0},
    {DK_S_ACCEPTED, DK_EV_CLOCK_SET, SET("bell", "2", "1"), DK_EFIELD},
    {DK_S_ACCEPTED, DK_EV_CLOCK_FIRED,
     FIRED "\"rung\":\"overdue\",\"skipped\":[]}", 0},
    {DK_S_ACCEPTED, DK_EV_CLOCK_FIRED, FIRED "\"rung\":\"overdue\"}",
     DK_EFIELD},
    {DK_S_ACCEPTED, DK_EV_CLOCK_FIRED, FIRED "\"rung\":\"a\",\"skipped\":[]}",
     DK_EFIELD}, /* has fired */
    {DK_S_ACCEPTED, DK_EV_CLOCK_FIRED,
     FIRED "\"rung\":\"overdue\",\"skipped\":[\"a\"]}", DK_EFIELD},
    {DK_S_ACCEPTED, DK_EV_CLOCK_FIRED,
     FIRED "\"rung\":\"overdue\",\"skipped\":[\"overdue\"]}", DK_EFIELD},
    {DK_S_ACCEPTED, DK_EV_CLOCK_FIRED,
     FIRED "\"rung\":\"overdue\",\"skipped\":[1]}", DK_EFIELD},
    {DK_S_ACCEPTED, DK_EV_CLOCK_FIRED,
     "{\"clock\":\"bell\",\"clock_no\":2,\"rung\":\"overdue\","
     "\"skipped\":[]}",
     DK_EFIELD},
    {DK_S_WITHDRAWN, DK_EV_CLOCK_FIRED, /* stopped with the case */
     FIRED "\"rung\":\"overdue\",\"skipped\":[]}", DK_EFIELD},
    {DK_S_ACCEPTED, DK_EV_ALERT_RAISED, FIRED "\"rung\":\"a\"}", 0},
    {DK_S_ACCEPTED, DK_EV_ALERT_RAISED, FIRED "\"rung\":\"b\"}", DK_EFIELD},
    {DK_S_ACCEPTED, DK_EV_ALERT_RAISED, FIRED "\"rung\":\"overdue\"}",
     DK_EFIELD},
    {DK_S_ACCEPTED, DK_EV_ALERT_ACKED, "{\"alert\":1}", DK_EFIELD},
    {DK_S_ACCEPTED, DK_EV_ALERT_ACKED, "{}", DK_EFIELD},
};

static void a_damaged_event_is_an_error_and_changes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        int rc = evolve(damaged[i].s, damaged[i].ev, damaged[i].body);

        if (rc != damaged[i].rc)
            print_error("%zu: %s\n", i, damaged[i].body);
        assert_int_equal(rc, damaged[i].rc);
    }
}

static void events_come_in_order_and_to_their_own_case(void **state)
{
    char empty[] = "{}";
    struct dk_event e = {.type = DK_EV_REGISTERED,
                         .at = KIT_T0,
                         .claimed = DK_NEVER,
                         .body = empty,
                         .body_len = 2};
    struct kit k;

    (void)state;
    path_to(&k, DK_S_SUBMITTED);
    e.key = k.c->key;
    e.n = k.c->n;
    assert_int_equal(dk_case_evolve(k.c, &e), DK_EFIELD);
    e.n = k.c->n + 2;
    assert_int_equal(dk_case_evolve(k.c, &e), DK_EFIELD);
    e.n = k.c->n + 1;
    e.key++;
    assert_int_equal(dk_case_evolve(k.c, &e), DK_EFIELD);
    e.key--;
    e.body = NULL;
    assert_int_equal(dk_case_evolve(k.c, &e), DK_EFIELD);
    e.body = empty;
    e.type = (enum dk_ev)999;
    assert_int_equal(dk_case_evolve(k.c, &e), DK_ESTATE);
    e.type = DK_EV_REGISTERED;
    assert_int_equal(dk_case_evolve(k.c, &e), 0);
    kit_close(&k);
}

static void a_submission_fills_the_case(void **state)
{
    struct dk_submit s = kit_submission();
    struct kit k;

    (void)state;
    s.n_respondent = 2;
    s.respondent[0].unit = "局四";
    s.respondent[1].officer = "o9";
    s.petitioners = 120;
    kit_open(&k);
    assert_int_equal(kit_submit(&k, &s), 0);
    assert_int_equal(k.c->key, KIT_KEY);
    assert_int_equal(k.c->n, 1);
    assert_int_equal(k.c->state, DK_S_SUBMITTED);
    assert_int_equal(k.c->channel, DK_CH_KIOSK);
    assert_string_equal(k.c->subject, s.subject);
    assert_string_equal(k.c->region, s.region);
    assert_string_equal(k.c->category, s.category);
    assert_int_equal(k.c->petitioners, 120);
    assert_int_equal(k.c->n_respondent, 2);
    assert_string_equal(k.c->respondent[0].unit, "局四");
    assert_string_equal(k.c->respondent[0].officer, "");
    assert_string_equal(k.c->respondent[1].officer, "o9");
    assert_int_equal(k.c->last_n[DK_EV_SUBMITTED], 1);
    assert_null(kit_check_json(&k));
    kit_close(&k);
}

static void effective_times_follow_their_rule(void **state)
{
    struct dk_case c = {.recorded_at = 1000};
    struct dk_event e = {.type = DK_EV_ANSWERED, .at = 2000};

    (void)state;
    e.claimed = DK_NEVER;
    assert_int_equal(dk_event_effective(&c, &e), 2000);
    e.claimed = 500;
    assert_int_equal(dk_event_effective(&c, &e), 2000);
    c.imported = true;
    assert_int_equal(dk_event_effective(&c, &e), 500);
    e.claimed = 1000;
    assert_int_equal(dk_event_effective(&c, &e), 1000);
    e.claimed = 1001;
    assert_int_equal(dk_event_effective(&c, &e), 2000);
    c.imported = false;
    e.type = DK_EV_SUBMITTED;
    assert_int_equal(dk_event_effective(&c, &e), 1001);
    e.claimed = 2001;
    assert_int_equal(dk_event_effective(&c, &e), 2000);
}

/* ---- JSON ---------------------------------------------------------------- */

static void the_case_file_is_written_in_its_one_order(void **state)
{
    struct kit k;
    char *text;

    (void)state;
    begin(&k, DK_S_TRANSFERRED);
    assert_int_equal(set(&k, &object), 0);
    text = kit_text(k.c);
    assert_string_equal(
        text,
        "{\"case_no\":\"330000-20260301-000001-0\",\"n\":6,"
        "\"state\":\"transferred\",\"owner\":\"office\","
        "\"submitted_at\":\"2026-03-01T08:00:00.000+08:00\","
        "\"recorded_at\":\"2026-03-01T08:00:00.000+08:00\","
        "\"updated_at\":\"2026-03-01T08:00:00.000+08:00\","
        "\"imported\":false,\"channel\":\"kiosk\",\"kind\":\"appeal\","
        "\"subject\":\"路灯不亮\",\"region\":\"330000/城东镇\","
        "\"category\":\"城乡建设/市政\",\"petitioners\":1,\"respondents\":[],"
        "\"unit\":\"局三\",\"handler\":\"o1\",\"rule\":null,"
        "\"answered_by\":null,\"extensions\":0,\"anonymous\":true,"
        "\"unreachable\":true,"
        "\"co_handlers\":[{\"unit\":\"局八\",\"handler\":\"o8\"}],\"last\":{"
        "\"submitted\":[1,\"2026-03-01T08:00:00.000+08:00\"],"
        "\"registered\":[2,\"2026-03-01T08:00:00.000+08:00\"],"
        "\"assigned\":[3,\"2026-03-01T08:00:00.000+08:00\"],"
        "\"transferred\":[4,\"2026-03-01T08:00:00.000+08:00\"],"
        "\"clock_set\":[6,\"2026-03-01T08:00:00.000+08:00\"],"
        "\"co_handler_added\":[5,\"2026-03-01T08:00:00.000+08:00\"]},"
        "\"clocks\":[{\"clock\":\"object\",\"no\":1,\"basis\":5,"
        "\"state\":\"running\",\"on_due\":\"lapse\","
        "\"started_at\":\"2026-03-01T08:00:00.000+08:00\","
        "\"due_at\":\"2026-03-08T08:00:00.000+08:00\",\"stopped_at\":null,"
        "\"late\":false,\"stops_on\":[\"objected\",\"accepted\"],"
        "\"holds_on\":[],\"extend_times\":0,\"extend_days\":0,\"rungs\":["
        "{\"id\":\"lapse\",\"at\":\"2026-03-08T08:00:00.000+08:00\","
        "\"fired\":false,\"alerted\":false}]}],\"alerts\":[]}");
    free(text);
    end(&k);
}

/* Put `json` in the place of member `key` of a good case file and read it. */
static int read_with(const char *key, const char *json)
{
    struct dk_case *c = NULL;
    struct dk_problem p;
    cJSON *o = NULL, *v = NULL;
    struct kit k;
    char *text;
    int rc;

    path_to(&k, DK_S_ACCEPTED);
    text = kit_text(k.c);
    assert_int_equal(kit_parse(text, &o), 0);
    if (json == NULL) {
        cJSON_DeleteItemFromObjectCaseSensitive(o, key);
    } else {
        assert_int_equal(kit_parse(json, &v), 0);
        assert_true(cJSON_ReplaceItemInObjectCaseSensitive(o, key, v));
    }
    rc = dk_case_read(o, &c, &p);
    assert_true((rc == 0) == (c != NULL));
    dk_case_free(c);
    cJSON_Delete(o);
    free(text);
    kit_close(&k);
    return rc;
}

static void what_a_case_file_lacks_or_has_wrong_is_refused(void **state)
{
    static const char *const needed[] = {
        "case_no",     "n",          "state",       "submitted_at",
        "recorded_at", "updated_at", "imported",    "channel",
        "kind",        "subject",    "petitioners", "respondents",
        "extensions",  "last",       "clocks",      "alerts"};
    static const struct {
        const char *key, *json;
    } wrong[] = {
        {"case_no", "\"330000-20260301-000001-7\""},
        {"n", "0"},
        {"n", "4294967296"},
        {"state", "\"open\""},
        {"unit", "\"a b\""},
        {"extensions", "-1"},
        {"last", "{\"submitted\":[1]}"},
        {"last", "{\"submitted\":[0,\"2026-03-01T08:00:00Z\"]}"},
        {"last", "{\"submitted\":[999,\"2026-03-01T08:00:00Z\"]}"},
        {"last", "{\"submitted\":[1,\"yesterday\"]}"},
        {"last", "{\"arrived\":[1,\"2026-03-01T08:00:00Z\"]}"},
        {"last", "{\"submitted\":5}"},
        {"alerts", "[0]"},
        {"alerts", "[\"1\"]"},
        {"alerts", "[999]"},
        {"clocks", "[{}]"},
        {"clocks", "[5]"},
        {"clocks", "{}"},
    };

    (void)state;
    assert_int_equal(read_with("owner", NULL), 0); /* follows from the rest */
    assert_int_equal(read_with("unit", NULL), 0);
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        assert_int_equal(read_with(needed[i], NULL), DK_EFIELD);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(read_with(wrong[i].key, wrong[i].json), DK_EFIELD);
}

/* The clock of a good case file with `was` replaced by `is`. */
static int read_clock_with(const char *was, const char *is)
{
    struct dk_case *c = NULL;
    char spoiled[8192], *text, *at;
    cJSON *o = NULL;
    struct kit k;
    int rc;

    begin(&k, DK_S_TRANSFERRED);
    assert_int_equal(set(&k, &object), 0);
    text = kit_text(k.c);
    at = strstr(text, was);
    assert_non_null(at);
    (void)snprintf(spoiled, sizeof(spoiled), "%.*s%s%s", (int)(at - text), text,
                   is, at + strlen(was));
    assert_int_equal(kit_parse(spoiled, &o), 0);
    rc = dk_case_read(o, &c, NULL);
    dk_case_free(c);
    cJSON_Delete(o);
    free(text);
    kit_close(&k);
    return rc;
}

static void a_wrong_clock_in_a_case_file_is_refused(void **state)
{
    static const char *const pairs[][2] = {
        {"\"clock\":\"object\"", "\"clock\":null"},
        {"\"no\":1", "\"no\":0"},
        {"\"basis\":5", "\"basis\":7"},
        {"\"state\":\"running\"", "\"state\":\"paused\""},
        {"\"on_due\":\"lapse\"", "\"on_due\":\"close\""}, /* no such rung */
        {"\"due_at\":\"2026-03-08T08", "\"due_at\":\"2026-03-08T09"},
        {"\"stops_on\":[\"objected\"", "\"stops_on\":[\"clock_fired\""},
        {"\"extend_days\":0", "\"extend_days\":-1"},
        {"\"late\":false", "\"late\":0"},
        {"\"id\":\"lapse\"", "\"id\":\"a-rung-id-that-is-too-long\""},
        {"\"fired\":false", "\"fired\":null"},
        {"\"rungs\":[{", "\"rungs\":[{\"id\":\"lapse\",\"at\":"
                         "\"2026-03-08T08:00:00Z\",\"fired\":true,"
                         "\"alerted\":true},{"},
    };

    (void)state;
    assert_int_equal(read_clock_with("\"no\":1", "\"no\":3"), 0);
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        int rc = read_clock_with(pairs[i][0], pairs[i][1]);

        if (rc != DK_EFIELD)
            print_error("%s\n", pairs[i][1]);
        assert_int_equal(rc, DK_EFIELD);
    }
}

static void an_event_goes_to_a_worker_and_is_read_there(void **state)
{
    struct dk_event e = {.key = 0};
    struct dk_jw w = {0};
    cJSON *o = NULL;
    struct kit k;

    (void)state;
    path_to(&k, DK_S_SUBMITTED);
    dk_event_write_task(&w, NULL, &k.log.v[0], k.c, 480);
    assert_int_equal(kit_parse(w.buf, &o), 0);
    assert_string_equal(cJSON_GetObjectItem(o, "effective_at")->valuestring,
                        "2026-03-01T08:00:00.000+08:00");
    assert_int_equal(dk_event_read(o, &e, NULL), 0);
    assert_int_equal(e.n, 1);
    assert_int_equal(e.type, DK_EV_SUBMITTED);
    assert_int_equal(e.at, KIT_T0);
    assert_int_equal(e.claimed, DK_NEVER);
    assert_string_equal(e.actor, "kiosk");
    assert_string_equal(e.body, k.log.v[0].body);
    dk_event_fini(&e);
    cJSON_DeleteItemFromObject(o, "body");
    assert_int_equal(dk_event_read(o, &e, NULL), DK_EFIELD);
    assert_null(e.body);
    cJSON_Delete(o);
    dk_jw_fini(&w);
    kit_close(&k);
}

static void a_clone_stands_on_its_own(void **state)
{
    struct dk_case *copy;
    struct kit k;

    (void)state;
    path_to(&k, DK_S_ACCEPTED);
    copy = dk_case_clone(k.c);
    assert_non_null(copy);
    assert_true(kit_same(copy, k.c));
    path_do(&k, DK_ACT_ACK_ALERT);
    assert_int_equal(k.c->n_alert, 0);
    assert_int_equal(copy->n_alert, 1);
    kit_close(&k);
    assert_string_equal(copy->subject, "路灯不亮");
    dk_case_free(copy);
    dk_case_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_damaged_event_is_an_error_and_changes_nothing),
        cmocka_unit_test(events_come_in_order_and_to_their_own_case),
        cmocka_unit_test(a_submission_fills_the_case),
        cmocka_unit_test(effective_times_follow_their_rule),
        cmocka_unit_test(the_case_file_is_written_in_its_one_order),
        cmocka_unit_test(what_a_case_file_lacks_or_has_wrong_is_refused),
        cmocka_unit_test(a_wrong_clock_in_a_case_file_is_refused),
        cmocka_unit_test(an_event_goes_to_a_worker_and_is_read_there),
        cmocka_unit_test(a_clone_stands_on_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
