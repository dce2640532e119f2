#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/core_path.h"

/* ---- state x action --------------------------------------------------- */

static int submit_again(struct kit *k)
{
    struct dk_submit s = kit_submission();

    return kit_submit(k, &s);
}

static int act(struct kit *k, enum dk_action a)
{
    if (a == DK_ACT_SUBMIT)
        return submit_again(k);
    if (a == DK_ACT_FIRE)
        return kit_fire(k);
    return kit_do(k, a, path_args(k, a));
}

/* A closed case can be asked about while a time for it runs that began when
 * the answer was handed over afterwards.
 */
static void open_window(struct kit *k)
{
    char json[300];

    path_do(k, DK_ACT_DELIVER);
    (void)snprintf(json, sizeof json,
                   "{\"clock\":\"window\",\"basis\":%u,"
                   "\"started_at\":\"2026-03-01T08:00:00+08:00\","
                   "\"due_at\":\"2026-06-01T00:00:00+08:00\","
                   "\"on_due\":\"close\",\"stops_on\":[\"review_asked\","
                   "\"re_review_asked\"],\"rungs\":[]}",
                   k->c->n);
    assert_int_equal(kit_do(k, DK_ACT_CLOCK, json), 0);
    assert_int_equal(k->c->clock[k->c->n_clock - 1].state, DK_CLOCK_RUNNING);
}

static void every_action_is_possible_exactly_where_its_event_is(void **state)
{
    (void)state;
    for (int s = 0; s < DK_S_N; s++) {
        for (int a = 0; a < DK_ACT_N; a++) {
            enum dk_ev ev = dk_action_event((enum dk_action)a);
            int next = dk_fsm_next((enum dk_state)s, ev);
            struct kit k;
            uint32_t n;
            int rc;

            path_to(&k, (enum dk_state)s);
            if (s == DK_S_CLOSED &&
                (ev == DK_EV_REVIEW_ASKED || ev == DK_EV_RE_REVIEW_ASKED))
                open_window(&k);
            n = k.c->n;
            rc = act(&k, (enum dk_action)a);
            if (rc != (next < 0 ? DK_ESTATE : 0))
                print_error("%s in %s: %d %s %s\n",
                            dk_action_name((enum dk_action)a),
                            dk_state_name((enum dk_state)s), rc, k.p.pointer,
                            k.p.detail);
            assert_int_equal(rc, next < 0 ? DK_ESTATE : 0);
            assert_int_equal(k.c->state, next < 0 ? s : next);
            assert_int_equal(k.c->n,
                             n + (next >= 0 && a != DK_ACT_FIRE ? 1 : 0));
            if (next >= 0 && a != DK_ACT_FIRE) {
                assert_int_equal(k.log.v[k.log.n - 1].type, ev);
                assert_int_equal(k.log.v[k.log.n - 1].at, k.env.now);
            } else if (next < 0) {
                assert_non_null(
                    strstr(k.p.detail, dk_state_name((enum dk_state)s)));
                assert_non_null(
                    strstr(k.p.detail_zh, dk_state_name((enum dk_state)s)));
            }
            assert_null(kit_check(&k));
            assert_null(kit_check_replay(&k));
            if (k.c->n > 0)
                assert_null(kit_check_json(&k));
            kit_close(&k);
        }
    }
}

static void nobody_does_what_is_not_his(void **state)
{
    static const unsigned by[] = {DK_BY_CLIENT, DK_BY_WORKER, DK_BY_BROKER, 0};

    (void)state;
    for (int a = 0; a < DK_ACT_N; a++) {
        for (int i = 0; i < 4; i++) {
            struct kit k;
            int rc;

            if ((dk_action_who((enum dk_action)a) & by[i]) != 0)
                continue;
            path_to(&k, DK_S_SUBMITTED);
            struct dk_submit s = kit_submission();
            struct dk_command cmd = {.action = (enum dk_action)a,
                                     .by = by[i],
                                     .actor = "officer:a",
                                     .claimed = DK_NEVER,
                                     .submit = &s};

            rc = kit_run(&k, &cmd);
            assert_int_equal(rc, DK_EFORBIDDEN);
            assert_null(k.fault);
            kit_close(&k);
        }
    }
}

static void a_worker_names_neither_itself_nor_a_case(void **state)
{
    static const char *const members[] = {"actor", "case_no", "command_id",
                                          "expect_n"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct kit k;
        struct dk_command cmd = {.action = DK_ACT_REGISTER,
                                 .actor = "worker:assign",
                                 .claimed = DK_NEVER};
        cJSON *args = cJSON_CreateObject();

        assert_non_null(cJSON_AddStringToObject(args, "action", "register"));
        assert_non_null(cJSON_AddStringToObject(args, members[i], "x"));
        cmd.args = args;
        path_to(&k, DK_S_SUBMITTED);
        cmd.by = DK_BY_WORKER;
        assert_int_equal(kit_run(&k, &cmd), DK_EFIELD);
        cmd.by = DK_BY_CLIENT; /* its door has read them */
        assert_int_equal(kit_run(&k, &cmd), 0);
        kit_close(&k);
        cJSON_Delete(args);
    }
}

static void actions_have_names_that_lead_back(void **state)
{
    (void)state;
    for (int a = 0; a < DK_ACT_N; a++)
        assert_int_equal(dk_action_from_name(dk_action_name((enum dk_action)a)),
                         a);
    assert_int_equal(dk_action_from_name("delete"), -1);
    assert_string_equal(dk_action_name(DK_ACT_N), "?");
    assert_int_equal(dk_action_who(DK_ACT_N), 0);
    assert_int_equal(dk_action_event(DK_ACT_N), DK_EV_N);
}

/* ---- fields ------------------------------------------------------------ */

static const struct {
    enum dk_action a;
    enum dk_state in;
    const char *args, *pointer;
} bad_fields[] = {
    {DK_ACT_REGISTER, DK_S_SUBMITTED, "{\"note\":\"\"}", "/note"},
    {DK_ACT_REGISTER, DK_S_SUBMITTED, "{\"note\":5}", "/note"},
    {DK_ACT_REGISTER, DK_S_SUBMITTED, "{\"nota\":\"x\"}", "/nota"},
    {DK_ACT_REGISTER, DK_S_SUBMITTED, "[]", ""},
    {DK_ACT_ASSIGN, DK_S_SUBMITTED, "{}", "/unit"},
    {DK_ACT_ASSIGN, DK_S_SUBMITTED, "{\"unit\":\"a b\"}", "/unit"},
    {DK_ACT_ASSIGN, DK_S_SUBMITTED, "{\"unit\":\"u\",\"candidates\":\"o1\"}",
     "/candidates"},
    {DK_ACT_ASSIGN, DK_S_SUBMITTED,
     "{\"unit\":\"u\",\"candidates\":[\"o1\",7]}", "/candidates/1"},
    {DK_ACT_ASSIGN, DK_S_SUBMITTED, "{\"unit\":\"u\",\"candidates\":[null]}",
     "/candidates/0"},
    {DK_ACT_ASSIGN, DK_S_SUBMITTED, "{\"unit\":\"u\",\"handler\":\"\"}",
     "/handler"},
    {DK_ACT_ASSIGN, DK_S_SUBMITTED, "{\"unit\":\"u\",\"why\":\"\"}", "/why"},
    {DK_ACT_TRANSFER, DK_S_REGISTERED, "{\"unit\":\"\"}", "/unit"},
    {DK_ACT_TRANSFER, DK_S_REGISTERED, "{\"report_days\":3}", "/report_days"},
    {DK_ACT_HAND_OVER, DK_S_REGISTERED, "{\"unit\":\"u\",\"report_days\":0}",
     "/report_days"},
    {DK_ACT_HAND_OVER, DK_S_REGISTERED, "{\"unit\":\"u\",\"report_days\":366}",
     "/report_days"},
    {DK_ACT_DISCIPLINE, DK_S_SUBMITTED, "{}", "/body"},
    {DK_ACT_OBJECT, DK_S_TRANSFERRED, "{}", "/grounds"},
    {DK_ACT_UPHOLD_OBJECTION, DK_S_OBJECTED, "{}", "/reason"},
    {DK_ACT_REFUSE_OBJECTION, DK_S_OBJECTED, "{}", "/reason"},
    {DK_ACT_NOT_ACCEPT, DK_S_TRANSFERRED, "{\"ground\":\"x\"}", "/other_door"},
    {DK_ACT_NOT_ACCEPT, DK_S_TRANSFERRED, "{\"other_door\":\"x\"}", "/ground"},
    {DK_ACT_EXTEND, DK_S_ACCEPTED,
     "{\"reason\":\"x\",\"approved_by\":\"head\"}", "/days"},
    {DK_ACT_EXTEND, DK_S_ACCEPTED,
     "{\"days\":366,\"reason\":\"x\",\"approved_by\":\"head\"}", "/days"},
    {DK_ACT_EXTEND, DK_S_ACCEPTED, "{\"days\":5,\"reason\":\"x\"}",
     "/approved_by"},
    {DK_ACT_EXTEND, DK_S_ACCEPTED, "{\"days\":5,\"approved_by\":\"head\"}",
     "/reason"},
    {DK_ACT_SUSPEND, DK_S_ACCEPTED, "{}", "/reason"},
    {DK_ACT_REPORT, DK_S_ACCEPTED, "{}", "/text"},
    {DK_ACT_ANSWER, DK_S_ACCEPTED, "{\"legal_basis\":\"x\"}", "/text"},
    {DK_ACT_ASK_REVIEW, DK_S_ANSWERED, "{}", "/grounds"},
    {DK_ACT_REVIEW, DK_S_IN_REVIEW, "{\"text\":\"x\"}", "/result"},
    {DK_ACT_REVIEW, DK_S_IN_REVIEW, "{\"result\":\"upheld\"}", "/text"},
    {DK_ACT_REVIEW, DK_S_IN_REVIEW, "{\"result\":\"confirmed\",\"text\":\"x\"}",
     "/result"},
    {DK_ACT_RE_REVIEW, DK_S_IN_RE_REVIEW, "{\"text\":\"x\"}", "/result"},
    {DK_ACT_REOPEN, DK_S_CLOSED, "{}", "/facts"},
    {DK_ACT_EVALUATE, DK_S_ANSWERED, "{\"handling\":3}", "/result"},
    {DK_ACT_EVALUATE, DK_S_ANSWERED, "{\"handling\":0,\"result\":3}",
     "/handling"},
    {DK_ACT_EVALUATE, DK_S_ANSWERED, "{\"handling\":3,\"result\":6}",
     "/result"},
    {DK_ACT_URGE, DK_S_ACCEPTED, "{\"answer_days\":3}", "/grounds"},
    {DK_ACT_URGE, DK_S_ACCEPTED, "{\"grounds\":\"x\",\"answer_days\":91}",
     "/answer_days"},
    {DK_ACT_ANSWER_URGE, DK_S_ACCEPTED, "{}", "/text"},
    {DK_ACT_ACK_ALERT, DK_S_ACCEPTED, "{}", "/alert"},
};

static void a_wrong_field_is_refused_by_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad_fields) / sizeof(bad_fields[0]); i++) {
        struct kit k;
        int rc;

        path_to(&k, bad_fields[i].in);
        rc = kit_do(&k, bad_fields[i].a, bad_fields[i].args);
        if (rc != DK_EFIELD || strcmp(k.p.pointer, bad_fields[i].pointer) != 0)
            print_error("%s %s: %d %s\n", dk_action_name(bad_fields[i].a),
                        bad_fields[i].args, rc, k.p.pointer);
        assert_int_equal(rc, DK_EFIELD);
        assert_string_equal(k.p.pointer, bad_fields[i].pointer);
        assert_null(kit_check(&k));
        kit_close(&k);
    }
}

static void texts_end_at_their_longest(void **state)
{
    static char json[DK_BODY_MAX];
    struct kit k;

    (void)state;
    for (int over = 0; over < 2; over++) {
        path_to(&k, DK_S_ACCEPTED);
        memset(json, 'x', sizeof(json));
        memcpy(json, "{\"text\":\"", 9);
        memcpy(json + 9 + 32768 + over, "\"}", 3);
        assert_int_equal(kit_do(&k, DK_ACT_REPORT, json), over ? DK_EFIELD : 0);
        kit_close(&k);
    }
}

static void a_body_holds_the_fields_as_given(void **state)
{
    struct kit k;

    (void)state;
    path_to(&k, DK_S_TRANSFERRED);
    assert_int_equal(
        kit_do_as(&k, DK_ACT_ACCEPT, DK_BY_CLIENT, "unit:局三",
                  "{\"action\":\"accept\",\"actor\":\"unit:局三\",\"at\":null,"
                  "\"case_no\":\"x\",\"command_id\":\"y\",\"expect_n\":9,"
                  "\"notice\":\"受理〔2026〕1号\",\"note\":\"当场受理\"}"),
        0);
    assert_int_equal(k.new_events, 2);
    assert_string_equal(
        k.log.v[k.log.n - 2].body,
        "{\"note\":\"当场受理\",\"notice\":\"受理〔2026〕1号\"}");
    assert_string_equal(
        k.log.v[k.log.n - 1].body,
        "{\"document\":\"acceptance\","
        "\"number\":\"受理〔2026〕1号\",\"way\":\"in_person\"}");
    assert_string_equal(k.log.v[k.log.n - 1].actor, "unit:局三");
    assert_int_equal(kit_do(&k, DK_ACT_ANSWER,
                            "{\"text\":\"已修\",\"legal_basis\":\"条例\"}"),
                     0);
    assert_int_equal(kit_do(&k, DK_ACT_EVALUATE,
                            "{\"note\":\"好\",\"result\":5,\"handling\":4}"),
                     0);
    assert_string_equal(k.log.v[k.log.n - 1].body,
                        "{\"handling\":4,\"result\":5,\"note\":\"好\"}");
    kit_close(&k);
}

/* ---- what holds for every action --------------------------------------- */

static void a_case_that_changed_meanwhile_is_not_touched(void **state)
{
    struct dk_command cmd = {.action = DK_ACT_REGISTER,
                             .by = DK_BY_CLIENT,
                             .actor = "office:a",
                             .claimed = DK_NEVER};
    struct kit k;

    (void)state;
    path_to(&k, DK_S_SUBMITTED);
    cmd.expect_n = k.c->n + 1;
    assert_int_equal(kit_run(&k, &cmd), DK_ESTALE);
    cmd.expect_n = k.c->n - 1;
    assert_int_equal(kit_run(&k, &cmd), DK_ESTALE);
    cmd.expect_n = k.c->n;
    assert_int_equal(kit_run(&k, &cmd), 0);
    kit_close(&k);
}

static void a_claimed_time_is_kept_but_not_believed(void **state)
{
    struct dk_command cmd = {
        .action = DK_ACT_REGISTER, .by = DK_BY_CLIENT, .actor = "office:a"};
    struct kit k;

    (void)state;
    path_to(&k, DK_S_SUBMITTED);
    cmd.claimed = k.env.now + 5 * DK_MINUTE + 1;
    assert_int_equal(kit_run(&k, &cmd), DK_EFIELD);
    assert_string_equal(k.p.pointer, "/at");
    cmd.claimed = k.env.now - 9 * DK_DAY;
    assert_int_equal(kit_run(&k, &cmd), 0);
    assert_int_equal(k.log.v[k.log.n - 1].claimed, cmd.claimed);
    assert_int_equal(k.c->last_at[DK_EV_REGISTERED], k.env.now);
    kit_close(&k);
    path_to(&k, DK_S_SUBMITTED);
    cmd.claimed = k.env.now + 5 * DK_MINUTE;
    assert_int_equal(kit_run(&k, &cmd), 0);
    kit_close(&k);
}

static void who_acts_must_be_said_and_fit(void **state)
{
    char actor[DK_ID_MAX + 2];
    struct kit k;

    (void)state;
    path_to(&k, DK_S_SUBMITTED);
    assert_int_equal(kit_do_as(&k, DK_ACT_REGISTER, DK_BY_CLIENT, NULL, "{}"),
                     DK_EFIELD);
    assert_int_equal(kit_do_as(&k, DK_ACT_REGISTER, DK_BY_CLIENT, "", "{}"),
                     DK_EFIELD);
    assert_int_equal(
        kit_do_as(&k, DK_ACT_REGISTER, DK_BY_CLIENT, "office:\xff", "{}"),
        DK_EFIELD);
    memset(actor, 'a', sizeof(actor));
    actor[DK_ID_MAX + 1] = '\0';
    assert_int_equal(kit_do_as(&k, DK_ACT_REGISTER, DK_BY_CLIENT, actor, "{}"),
                     DK_EFIELD);
    assert_string_equal(k.p.pointer, "/actor");
    actor[DK_ID_MAX] = '\0';
    assert_int_equal(kit_do_as(&k, DK_ACT_REGISTER, DK_BY_CLIENT, actor, "{}"),
                     0);
    assert_string_equal(k.log.v[k.log.n - 1].actor, actor);
    kit_close(&k);
}

static void a_submission_counts_from_when_it_was_handed_in(void **state)
{
    static const dk_ms ahead[] = {-90 * DK_DAY, 0, DK_MINUTE, 400 * DK_DAY};

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct dk_submit s = kit_submission();
        struct kit k;
        dk_ms want = KIT_T0 + (ahead[i] < 0 ? ahead[i] : 0);
        char text[DK_TIME_MAX];

        kit_open(&k);
        s.submitted_at = KIT_T0 + ahead[i];
        assert_int_equal(kit_submit(&k, &s), 0);
        assert_int_equal(k.c->submitted_at, want);
        assert_int_equal(k.c->last_at[DK_EV_SUBMITTED], want);
        assert_int_equal(k.c->recorded_at, KIT_T0);
        assert_int_equal(k.log.v[0].claimed, s.submitted_at);
        dk_time_format(want, 480, text);
        assert_non_null(strstr(k.log.v[0].body, text));
        kit_close(&k);
    }
}

static void a_submission_without_a_body_is_our_own_mistake(void **state)
{
    struct dk_command cmd = {.action = DK_ACT_SUBMIT,
                             .by = DK_BY_BROKER,
                             .actor = "kiosk",
                             .claimed = DK_NEVER};
    struct kit k;

    (void)state;
    kit_open(&k);
    assert_int_equal(kit_run(&k, &cmd), DK_EBUG);
    cmd.action = DK_ACT_N;
    assert_int_equal(kit_run(&k, &cmd), DK_EBUG);
    kit_close(&k);
}

static void a_refusal_leaves_earlier_events_alone(void **state)
{
    struct kit k;
    size_t n;

    (void)state;
    path_to(&k, DK_S_ACCEPTED);
    n = k.log.n;
    assert_int_equal(kit_do(&k, DK_ACT_CLOSE, "{}"), DK_ESTATE);
    assert_int_equal(kit_do(&k, DK_ACT_ANSWER, "{}"), DK_EFIELD);
    assert_int_equal(k.log.n, n);
    assert_null(kit_check(&k));
    assert_null(kit_check_replay(&k));
    kit_close(&k);
}

/* What a case is written as that began with the submission `s`. */
static void first_case(const struct dk_submit *s, const struct dk_case *before,
                       bool read, struct dk_jw *out)
{
    const struct dk_env env = {
        .now = KIT_T0, .offset_min = 480, .county = 330699};
    const struct dk_command cmd = {.action = DK_ACT_SUBMIT,
                                   .by = DK_BY_BROKER,
                                   .actor = "kiosk",
                                   .claimed = s->submitted_at,
                                   .submit = s,
                                   .key = INT64_C(20260302000007),
                                   .other = before};
    struct dk_case *c = dk_case_new();
    struct dk_events es = {0};

    assert_non_null(c);
    assert_int_equal(dk_decide(c, &cmd, &env, &es, NULL), 0);
    assert_int_equal(es.n, 1);
    if (read)
        assert_int_equal(dk_case_evolve(c, &es.v[0]), 0);
    else
        assert_int_equal(dk_case_begin(c, &es.v[0], s, before), 0);
    dk_jw_reset(out);
    dk_case_write(out, NULL, c, env.county, env.offset_min);
    assert_false(out->oom);
    dk_events_fini(&es);
    dk_case_free(c);
}

static void a_case_begins_as_its_first_event_says(void **state)
{
    static const char head[] =
        "{\"submission_id\":\"0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b\","
        "\"channel\":\"visit\",\"subject\":\"路\\n灯\",\"facts\":\"坏了\"";
    static const char *const rest[] = {
        "",
        ",\"import\":true,\"submitted_at\":\"2020-02-01T08:00:00+08:00\"",
        ",\"persons\":[{\"name\":\"甲\"}],\"petitioners\":1000",
        ",\"persons\":[{\"name\":\"甲\"},{\"name\":\"乙\",\"phone\":\"1\"}]",
        ",\"kind\":\"accusation\",\"region\":\"城关\",\"category\":\"甲/乙\"",
        ",\"respondents\":[{\"unit\":\"u\"},{\"officer\":\"o\"}]",
        ",\"respondents\":[{\"unit\":\"v\",\"officer\":\"p\"}]",
        ",\"confidential\":true",
        ",\"needs\":[\"wages\",\"minor\"]",
        ",\"repeat_of\":\"330000-20260215-000001-4\"",
    };
    struct dk_case *before = dk_case_new();
    struct dk_jw a = {0}, b = {0};

    (void)state;
    assert_non_null(before);
    before->key = INT64_C(20260215000001);
    for (size_t i = 0; i < 3 * sizeof(rest) / sizeof(rest[0]); i++) {
        struct dk_submit s;
        char text[1024];
        cJSON *o;

        if (i == 2 * sizeof(rest) / sizeof(rest[0]))
            memcpy(before->unit, "局一", sizeof("局一"));
        (void)snprintf(text, sizeof(text), "%s%s}", head,
                       rest[i % (sizeof(rest) / sizeof(rest[0]))]);
        assert_int_equal(
            dk_json_parse_obj(text, strlen(text), DK_BODY_MAX, &o, NULL), 0);
        assert_int_equal(dk_submit_read(o, &s, NULL), 0);
        const struct dk_case *other =
            i >= sizeof(rest) / sizeof(rest[0]) ? before : NULL;
        first_case(&s, other, true, &a);
        first_case(&s, other, false, &b);
        assert_string_equal(a.buf, b.buf);
        cJSON_Delete(o);
    }
    dk_case_free(before);
    dk_jw_fini(&a);
    dk_jw_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_action_is_possible_exactly_where_its_event_is),
        cmocka_unit_test(nobody_does_what_is_not_his),
        cmocka_unit_test(a_worker_names_neither_itself_nor_a_case),
        cmocka_unit_test(actions_have_names_that_lead_back),
        cmocka_unit_test(a_wrong_field_is_refused_by_its_place),
        cmocka_unit_test(texts_end_at_their_longest),
        cmocka_unit_test(a_body_holds_the_fields_as_given),
        cmocka_unit_test(a_case_that_changed_meanwhile_is_not_touched),
        cmocka_unit_test(a_claimed_time_is_kept_but_not_believed),
        cmocka_unit_test(who_acts_must_be_said_and_fit),
        cmocka_unit_test(a_submission_counts_from_when_it_was_handed_in),
        cmocka_unit_test(a_submission_without_a_body_is_our_own_mistake),
        cmocka_unit_test(a_refusal_leaves_earlier_events_alone),
        cmocka_unit_test(a_case_begins_as_its_first_event_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
