#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "clients/relay/shape.h"
#include "clients/relay/spool.h"

#define NO    "330699-20260501-000001-7"
#define THERE "330600-20260501-000001-1"

static cJSON *parse(const char *text)
{
    cJSON *o = NULL;

    assert_int_equal(dk_json_parse(text, strlen(text), 1 << 20, &o, NULL), 0);
    return o;
}

/* An event; its JSON lives until the next one. */
static struct shape_event event(const char *type, const char *body)
{
    static cJSON *o;
    struct shape_event e;
    char text[2000];

    cJSON_Delete(o);
    snprintf(text, sizeof(text),
             "{\"type\":\"%s\",\"case_no\":\"" THERE "\",\"n\":4,\"actor\":"
             "\"officer:li\",\"hash\":\"aa\",\"at\":"
             "\"2026-05-02T09:00:00.000+08:00\",\"body\":%s}",
             type, body);
    o = parse(text);
    assert_int_equal(shape_event_read(o, &e, NULL), 1);
    return e;
}

static const struct shape_act at_home = {NO, THERE, "shi", "qx", true};

static const char *text_of(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

    return cJSON_IsString(v) ? v->valuestring : "";
}

/* What an event becomes, in its first form; NULL: nothing. */
static cJSON *act_of(const char *type, const char *body,
                     const struct shape_act *a)
{
    const struct shape_event e = event(type, body);
    char command[DK_UUID_TEXT] = "";
    struct dk_jw w = {0};
    cJSON *o = NULL;

    if (shape_act(&e, a, &w, command) == 1) {
        o = parse(w.buf);
        assert_string_equal(text_of(o, "command_id"), command);
    }
    dk_jw_fini(&w);
    return o;
}

static void becomes(const char *type, const char *body, const char *action,
                    const char *member, const char *value)
{
    cJSON *o = act_of(type, body, &at_home);

    if (o == NULL)
        fail_msg("%s becomes nothing", type);
    assert_string_equal(text_of(o, "action"), action);
    assert_string_equal(text_of(o, "actor"), "unit:shi");
    assert_string_equal(text_of(o, "case_no"), NO);
    if (member != NULL && strstr(text_of(o, member), value) == NULL)
        fail_msg("%s: %s is '%s'", type, member, text_of(o, member));
    cJSON_Delete(o);
}

static void steps_there_are_steps_at_home(void **state)
{
    (void)state;
    becomes("accepted", "{\"note\":\"好\"}", "accept", "note", "好");
    becomes("not_accepted", "{\"ground\":\"诉讼\",\"other_door\":\"法院\"}",
            "not_accept", "other_door", "法院");
    becomes("answered",
            "{\"text\":\"已修\",\"legal_basis\":\"条例\",\"unit\":\"x\"}",
            "answer", "legal_basis", "条例");
    becomes("delivered", "{\"document\":\"answer\",\"way\":\"post\"}",
            "deliver", "way", "post");
    becomes("withdrawn", "{\"document\":\"撤1\"}", "withdraw", "document",
            "撤1");
    becomes("transferred", "{\"unit\":\"sthj\"}", "relay", "event",
            "transferred");
    becomes("transferred", "{\"unit\":\"qx\",\"note\":\"属县级\"}", "object",
            "grounds", "属县级");
    becomes("reopened", "{\"facts\":\"新情况\"}", "relay", "text", "新情况");
}

/* What is not the other docket's business, or is secret. */
static void what_stays_where_it_is(void **state)
{
    static const char *const quiet[] = {
        "submitted",    "assigned",        "sent_to_discipline", "clock_set",
        "alert_raised", "person_read",     "opinion_given",      "linked",
        "relayed",      "person_erased",   "evaluated",          "objected",
        "clock_fired",  "co_handler_added"};
    struct shape_act away = at_home;

    (void)state;
    away.home = false;
    for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++) {
        if (act_of(quiet[i], "{\"text\":\"x\"}", &at_home) != NULL)
            fail_msg("%s is told at home", quiet[i]);
        if (act_of(quiet[i], "{\"text\":\"x\"}", &away) != NULL)
            fail_msg("%s is told away", quiet[i]);
    }
    assert_null(act_of("answered", "{\"text\":\"x\"}", &away));
    cJSON *o = act_of("urged", "{\"grounds\":\"逾期\"}", &away);
    assert_non_null(o);
    assert_string_equal(text_of(o, "action"), "relay");
    assert_string_equal(text_of(o, "text"), "逾期");
    cJSON_Delete(o);
}

static cJSON *form_of(const cJSON *act, int form)
{
    struct dk_jw w = {0};
    cJSON *o;

    shape_form(act, form, THERE, &w);
    o = parse(w.buf);
    dk_jw_fini(&w);
    return o;
}

static void a_refused_step_is_told_instead(void **state)
{
    struct dk_problem late = {.code = DK_ELIMIT},
                      ahead = {.code = DK_EFIELD, .pointer = "/at"};
    cJSON *act = act_of("answered", "{\"text\":\"已修\"}", &at_home);
    cJSON *full = form_of(act, SHAPE_FULL), *plain, *told;

    (void)state;
    assert_null(cJSON_GetObjectItemCaseSensitive(full, "_"));
    assert_string_equal(text_of(full, "case_no"), THERE);
    assert_int_equal(shape_next(act, SHAPE_FULL, &ahead), SHAPE_NO_TIME);
    assert_int_equal(shape_next(act, SHAPE_FULL, &late), SHAPE_TOLD);
    assert_int_equal(shape_next(act, SHAPE_NO_TIME, &ahead), SHAPE_TOLD);
    assert_int_equal(shape_next(act, SHAPE_TOLD, &late), -1);
    plain = form_of(act, SHAPE_NO_TIME);
    told = form_of(act, SHAPE_TOLD);
    assert_null(cJSON_GetObjectItemCaseSensitive(plain, "at"));
    assert_string_equal(text_of(told, "action"), "relay");
    assert_string_equal(text_of(told, "event"), "answered");
    assert_string_equal(text_of(told, "text"), "answer: 已修");
    /* Three different commands, each the same whenever it is made. */
    assert_string_not_equal(text_of(full, "command_id"),
                            text_of(plain, "command_id"));
    assert_string_not_equal(text_of(full, "command_id"),
                            text_of(told, "command_id"));
    cJSON *again = act_of("answered", "{\"text\":\"已修\"}", &at_home);
    assert_string_equal(text_of(full, "command_id"),
                        text_of(again, "command_id"));
    cJSON_Delete(again);
    cJSON_Delete(told);
    cJSON_Delete(plain);
    cJSON_Delete(full);
    cJSON_Delete(act);
}

static void who_is_complained_about_is_so_there(void **state)
{
    struct shape_rules r = {.name = {{"xfj", "qx-xfj"}}, .n_names = 1};
    cJSON *submitted = parse(
        "{\"channel\":\"visit\",\"kind\":\"appeal\",\"subject\":\"s\","
        "\"facts\":\"f\",\"region\":null,\"respondents\":[{\"unit\":\"xfj\","
        "\"officer\":null},{\"unit\":\"wjw\",\"officer\":\"li\"},"
        "{\"unit\":null,\"officer\":\"wu\"}],\"imported\":false,"
        "\"person\":null}");
    cJSON *persons = parse("[{\"name\":\"张\"}]");
    const struct shape_case c = {NO, "id", submitted, persons, 0, "qx"};
    struct dk_jw w = {0};
    cJSON *o, *v;

    (void)state;
    shape_submit(&r, &c, &w);
    o = parse(w.buf);
    v = cJSON_GetObjectItemCaseSensitive(o, "respondents");
    assert_string_equal(text_of(cJSON_GetArrayItem(v, 0), "unit"), "qx-xfj");
    assert_string_equal(text_of(cJSON_GetArrayItem(v, 1), "unit"), "qx");
    assert_string_equal(text_of(cJSON_GetArrayItem(v, 1), "officer"),
                        "330699.li");
    assert_string_equal(text_of(cJSON_GetArrayItem(v, 2), "unit"), "qx");
    assert_string_equal(text_of(o, "from"), NO);
    assert_null(cJSON_GetObjectItemCaseSensitive(o, "region"));
    assert_null(cJSON_GetObjectItemCaseSensitive(o, "person"));
    assert_null(cJSON_GetObjectItemCaseSensitive(o, "imported"));
    cJSON_Delete(o);
    cJSON_Delete(persons);
    cJSON_Delete(submitted);
    dk_jw_fini(&w);
}

static void which_cases_the_rule_names(void **state)
{
    struct shape_rules r = {.acts = {"handed_over"},
                            .n_acts = 1,
                            .category = {"环境保护"},
                            .n_categories = 1};
    struct shape_event e = event("handed_over", "{\"unit\":\"shi\"}");

    (void)state;
    assert_true(shape_passes_on(&r, &e, "shi"));
    assert_false(shape_passes_on(&r, &e, "sh"));
    e = event("transferred", "{\"unit\":\"shi\"}");
    assert_false(shape_passes_on(&r, &e, "shi"));
    assert_true(shape_wanted(&r, "环境保护"));
    assert_true(shape_wanted(&r, "环境保护/水污染"));
    assert_false(shape_wanted(&r, "环境保护区"));
    assert_false(shape_wanted(&r, NULL));
    r.n_categories = 0;
    assert_true(shape_wanted(&r, NULL));
}

/* ---- the spool ----------------------------------------------------------- */

static void bytes_of(const char *path, char *buf, size_t cap, size_t *n)
{
    FILE *f = fopen(path, "rb");

    *n = 0;
    if (f == NULL)
        return;
    *n = fread(buf, 1, cap, f);
    (void)fclose(f);
}

static bool has(const char *buf, size_t n, const char *word)
{
    return memmem(buf, n, word, strlen(word)) != NULL;
}

static void the_spool_keeps_what_it_holds_to_itself(void **state)
{
    static const char secret[] = "{\"persons\":[{\"name\":\"欧阳铁柱\"}]}";
    static char buf[1 << 20];
    const char *tmp = getenv("TMPDIR");
    char dir[200], path[240], wal[250];
    unsigned char key[SEAL_KEY], other[SEAL_KEY];
    struct dk_problem p = {0};
    struct item it = {.case_no = NO, .submission = "s-1", .came_n = 3};
    struct spool *s;
    struct act a;
    size_t n;

    (void)state;
    snprintf(dir, sizeof(dir), "%s/relay-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/relay.db", dir);
    snprintf(wal, sizeof(wal), "%s-wal", path);
    randombytes_buf(key, sizeof(key));
    randombytes_buf(other, sizeof(other));
    assert_int_equal(spool_open(path, false, key, &s, &p), DK_ENOTFOUND);
    assert_int_equal(spool_open(path, true, key, &s, &p), 0);
    assert_int_equal(spool_item_put(s, &it, &p), 0);
    assert_int_equal(spool_item_seal(s, NO, secret, strlen(secret), &p), 0);
    assert_int_equal(
        spool_act_put(s, TO, NO, "c-1", secret, strlen(secret), &p), 0);
    assert_int_equal(spool_act_put(s, TO, NO, "c-1", "x", 1, &p), 0);
    /* It has no number there: what is to be told there waits. */
    assert_int_equal(spool_act_first(s, TO, &a, &p), 0);
    assert_int_equal(spool_item_ready(s, &it, &p), 1);
    assert_string_equal(it.body, secret);
    free(it.body);
    bytes_of(path, buf, sizeof(buf), &n);
    assert_false(has(buf, n, "欧阳"));
    bytes_of(wal, buf, sizeof(buf), &n);
    assert_true(n > 0 && has(buf, n, NO));
    assert_false(has(buf, n, "欧阳"));
    assert_int_equal(spool_item_set(s, NO, ITEM_ARRIVED, THERE, NULL, &p), 0);
    assert_int_equal(spool_item_ready(s, &it, &p), 0);
    assert_int_equal(spool_act_first(s, TO, &a, &p), 1);
    assert_string_equal(a.number, THERE);
    assert_string_equal(a.body, secret);
    free(a.body);
    assert_int_equal(spool_item_there(s, THERE, &it, &p), 1);
    assert_string_equal(it.case_no, NO);
    spool_close(s);
    assert_int_equal(spool_open(path, true, other, &s, &p), DK_EFORBIDDEN);
    assert_int_equal(spool_open(path, true, key, &s, &p), 0);
    spool_close(s);
    (void)remove(wal);
    assert_int_equal(remove(path), 0);
    assert_int_equal(remove(dir), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_there_are_steps_at_home),
        cmocka_unit_test(what_stays_where_it_is),
        cmocka_unit_test(a_refused_step_is_told_instead),
        cmocka_unit_test(who_is_complained_about_is_so_there),
        cmocka_unit_test(which_cases_the_rule_names),
        cmocka_unit_test(the_spool_keeps_what_it_holds_to_itself),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
