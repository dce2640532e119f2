/* Who is put in charge of a case, and who never is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/core_path.h"

static const char *last_body(const struct kit *k)
{
    return k->log.v[k->log.n - 1].body;
}

/* A case against unit 局三, officer o2 of any unit, and officer o4 of 局四. */
static void path_against(struct kit *k, enum dk_state to)
{
    struct dk_submit s = kit_submission();

    s.n_respondent = 3;
    s.respondent[0].unit = "局三";
    s.respondent[1].officer = "o2";
    s.respondent[2].unit = "局四";
    s.respondent[2].officer = "o4";
    kit_open(k);
    path_begin(k, &s);
    if (to != DK_S_SUBMITTED)
        path_do(k, DK_ACT_REGISTER);
    if (to == DK_S_SUBMITTED || to == DK_S_REGISTERED)
        return;
    if (kit_do(k, DK_ACT_ASSIGN, "{\"unit\":\"县五\"}") != 0 ||
        kit_do(k, DK_ACT_TRANSFER, "{}") != 0)
        abort();
    if (to == DK_S_ACCEPTED)
        path_do(k, DK_ACT_ACCEPT);
}

/* Loads by unit and officer. */
static int64_t some_load(void *arg, const char *unit, const char *handler)
{
    const int64_t *loads = arg;

    assert_string_equal(unit, "局三");
    return loads[handler[1] - '1'];
}

static void the_least_loaded_candidate_is_chosen(void **state)
{
    int64_t loads[] = {5, 2, 2, 9};
    struct kit k;

    (void)state;
    path_to(&k, DK_S_REGISTERED);
    k.env.load = some_load;
    k.env.load_arg = loads;
    assert_int_equal(
        kit_do(&k, DK_ACT_ASSIGN,
               "{\"unit\":\"局三\",\"candidates\":[\"o4\",\"o3\","
               "\"o2\",\"o1\"],\"rule\":\"r-7\",\"why\":\"最少\"}"),
        0);
    assert_string_equal(k.c->unit, "局三");
    assert_string_equal(k.c->handler, "o2"); /* of equals, by order of id */
    assert_string_equal(k.c->rule, "r-7");
    assert_string_equal(last_body(&k),
                        "{\"unit\":\"局三\",\"handler\":\"o2\",\"load\":2,"
                        "\"rule\":\"r-7\",\"why\":\"最少\"}");
    kit_close(&k);
}

static void a_named_handler_comes_before_candidates(void **state)
{
    int64_t loads[] = {5, 2, 2, 9};
    struct kit k;

    (void)state;
    path_to(&k, DK_S_REGISTERED);
    k.env.load = some_load;
    k.env.load_arg = loads;
    assert_int_equal(kit_do(&k, DK_ACT_ASSIGN,
                            "{\"unit\":\"局三\",\"candidates\":[\"o2\"],"
                            "\"handler\":\"o4\"}"),
                     0);
    assert_string_equal(last_body(&k),
                        "{\"unit\":\"局三\",\"handler\":\"o4\",\"load\":9,"
                        "\"rule\":null,\"why\":null}");
    kit_close(&k);
}

static void a_unit_may_name_its_handler_later(void **state)
{
    const char *unit, *handler;
    struct kit k;

    (void)state;
    path_to(&k, DK_S_REGISTERED);
    assert_int_equal(
        kit_do(&k, DK_ACT_ASSIGN, "{\"unit\":\"局三\",\"candidates\":[]}"), 0);
    assert_string_equal(k.c->handler, "");
    assert_false(dk_case_load(k.c, &unit, &handler));
    assert_string_equal(last_body(&k),
                        "{\"unit\":\"局三\",\"handler\":null,\"load\":0,"
                        "\"rule\":null,\"why\":null}");
    kit_close(&k);
}

static void a_choice_does_not_depend_on_the_order_of_candidates(void **state)
{
    static const char *const abc[] = {"c", "a", "b"};
    static const char *const cba[] = {"b", "c", "a"};

    (void)state;
    assert_int_equal(dk_pick_handler("u", abc, 3, NULL, NULL), 1);
    assert_int_equal(dk_pick_handler("u", cba, 3, NULL, NULL), 2);
    assert_int_equal(dk_pick_handler("u", abc, 0, NULL, NULL), -1);
}

static void who_is_complained_about_is_never_in_charge(void **state)
{
    static const struct {
        enum dk_action a;
        const char *args, *pointer;
    } bad[] = {
        {DK_ACT_ASSIGN, "{\"unit\":\"局三\"}", "/unit"},
        {DK_ACT_ASSIGN, "{\"unit\":\"局四\"}", "/unit"},
        {DK_ACT_ASSIGN, "{\"unit\":\"县五\",\"handler\":\"o2\"}", "/handler"},
        {DK_ACT_ASSIGN, "{\"unit\":\"县五\",\"handler\":\"o4\"}", "/handler"},
        {DK_ACT_ASSIGN, "{\"unit\":\"县五\",\"candidates\":[\"o2\",\"o4\"]}",
         "/candidates"},
        {DK_ACT_TRANSFER, "{\"unit\":\"局三\"}", "/unit"},
        {DK_ACT_HAND_OVER, "{\"unit\":\"局四\"}", "/unit"},
        {DK_ACT_DISCIPLINE, "{\"body\":\"局三\"}", "/body"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct kit k;

        path_against(&k, DK_S_REGISTERED);
        assert_int_equal(kit_do(&k, bad[i].a, bad[i].args), DK_ERESPONDENT);
        assert_string_equal(k.p.pointer, bad[i].pointer);
        assert_null(kit_check(&k));
        kit_close(&k);
    }
}

static void candidates_complained_about_are_passed_over(void **state)
{
    struct kit k;

    (void)state;
    path_against(&k, DK_S_REGISTERED);
    assert_int_equal(
        kit_do(&k, DK_ACT_ASSIGN,
               "{\"unit\":\"县五\",\"candidates\":[\"o2\",\"o4\",\"o9\"]}"),
        0);
    assert_string_equal(k.c->handler, "o9");
    kit_close(&k);
}

static void who_is_complained_about_does_not_act_in_the_case(void **state)
{
    static const char *const actors[] = {"officer:o2", "officer:o4",
                                         "unit:局三", "unit:局四"};
    struct kit k;

    (void)state;
    path_against(&k, DK_S_TRANSFERRED);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(
            kit_do_as(&k, DK_ACT_ACCEPT, DK_BY_CLIENT, actors[i], "{}"),
            DK_ERESPONDENT);
        assert_string_equal(k.p.pointer, "/actor");
    }
    /* An officer is not the unit that bears the same name. */
    assert_int_equal(
        kit_do_as(&k, DK_ACT_ACCEPT, DK_BY_CLIENT, "officer:局三", "{}"), 0);
    assert_int_equal(kit_do(&k, DK_ACT_EXTEND,
                            "{\"days\":5,\"reason\":\"x\",\"approved_by\":"
                            "\"o2\"}"),
                     DK_ERESPONDENT);
    assert_string_equal(k.p.pointer, "/approved_by");
    kit_close(&k);
}

static void a_review_is_not_by_who_answered(void **state)
{
    struct kit k;

    (void)state;
    path_to(&k, DK_S_IN_REVIEW);
    assert_string_equal(k.c->answered_by, "局三");
    assert_int_equal(kit_do(&k, DK_ACT_ASSIGN, "{\"unit\":\"局三\"}"),
                     DK_ERESPONDENT);
    assert_int_equal(kit_do(&k, DK_ACT_ASSIGN, "{\"unit\":\"县五\"}"), 0);
    path_do(&k, DK_ACT_REVIEW);
    assert_string_equal(k.c->answered_by, "县五");
    path_do(&k, DK_ACT_ASK_RE_REVIEW);
    assert_int_equal(kit_do(&k, DK_ACT_ASSIGN, "{\"unit\":\"县五\"}"),
                     DK_ERESPONDENT);
    assert_int_equal(kit_do(&k, DK_ACT_ASSIGN, "{\"unit\":\"市六\"}"), 0);
    kit_close(&k);
    /* The refusal to accept is reviewed by another, too. */
    path_to(&k, DK_S_NOT_ACCEPTED);
    path_do(&k, DK_ACT_ASK_REVIEW);
    assert_int_equal(kit_do(&k, DK_ACT_ASSIGN, "{\"unit\":\"局三\"}"),
                     DK_ERESPONDENT);
    kit_close(&k);
}

static void a_transfer_needs_a_unit(void **state)
{
    struct kit k;

    (void)state;
    path_to(&k, DK_S_SUBMITTED);
    path_do(&k, DK_ACT_REGISTER);
    assert_int_equal(kit_do(&k, DK_ACT_TRANSFER, "{}"), DK_EFIELD);
    assert_string_equal(k.p.pointer, "/unit");
    assert_non_null(strstr(k.p.detail, "assign"));
    path_do(&k, DK_ACT_ASSIGN);
    assert_int_equal(
        kit_do(&k, DK_ACT_HAND_OVER, "{\"report_days\":45,\"note\":\"速办\"}"),
        0);
    assert_string_equal(
        last_body(&k),
        "{\"unit\":\"局三\",\"report_days\":45,\"note\":\"速办\"}");
    kit_close(&k);
}

static void another_unit_brings_another_handler(void **state)
{
    struct kit k;

    (void)state;
    path_to(&k, DK_S_REGISTERED);
    path_do(&k, DK_ACT_ASSIGN);
    assert_string_equal(k.c->handler, "o1");
    path_do(&k, DK_ACT_TRANSFER); /* the same unit */
    assert_string_equal(k.c->handler, "o1");
    assert_int_equal(kit_do(&k, DK_ACT_TRANSFER, "{\"unit\":\"局四\"}"), 0);
    assert_string_equal(k.c->unit, "局四");
    assert_string_equal(k.c->handler, "");
    kit_close(&k);
}

static void an_upheld_objection_does_not_lead_back_by_itself(void **state)
{
    struct kit k;

    (void)state;
    path_to(&k, DK_S_OBJECTED);
    path_do(&k, DK_ACT_UPHOLD_OBJECTION);
    assert_int_equal(kit_do(&k, DK_ACT_TRANSFER, "{}"), DK_EFIELD);
    assert_int_equal(kit_do(&k, DK_ACT_ASSIGN, "{\"unit\":\"局四\"}"), 0);
    assert_int_equal(kit_do(&k, DK_ACT_TRANSFER, "{}"), 0);
    assert_string_equal(k.c->unit, "局四");
    kit_close(&k);
}

static void somebody_answers_for_the_case_at_every_moment(void **state)
{
    static const enum dk_state by_unit[] = {DK_S_ACCEPTED,
                                            DK_S_SUSPENDED,
                                            DK_S_ANSWERED,
                                            DK_S_IN_REVIEW,
                                            DK_S_REVIEWED,
                                            DK_S_IN_RE_REVIEW,
                                            DK_S_ENDED,
                                            DK_S_CLOSED,
                                            DK_S_SETTLED,
                                            DK_S_REVIEW_SUSPENDED,
                                            DK_S_RE_REVIEW_SUSPENDED};
    struct kit k;

    (void)state;
    for (int s = 0; s < DK_S_N; s++) {
        bool unit = false;

        for (size_t i = 0; i < sizeof(by_unit) / sizeof(by_unit[0]); i++)
            unit = unit || by_unit[i] == (enum dk_state)s;
        path_to(&k, (enum dk_state)s);
        assert_string_equal(dk_case_owner(k.c), unit ? "局三" : "office");
        kit_close(&k);
    }
    path_to(&k, DK_S_ACCEPTED);
    path_do(&k, DK_ACT_WITHDRAW);
    assert_string_equal(dk_case_owner(k.c), "局三");
    path_do(&k, DK_ACT_REOPEN);
    assert_string_equal(dk_case_owner(k.c), "office");
    path_do(&k, DK_ACT_WITHDRAW);
    assert_string_equal(dk_case_owner(k.c), "office");
    kit_close(&k);
}

static void a_load_is_counted_while_a_step_is_owed(void **state)
{
    const char *unit = NULL, *handler = NULL;
    struct kit k;

    (void)state;
    path_to(&k, DK_S_ACCEPTED);
    assert_true(dk_case_load(k.c, &unit, &handler));
    assert_string_equal(unit, "局三");
    assert_string_equal(handler, "o1");
    path_do(&k, DK_ACT_ANSWER);
    assert_false(dk_case_load(k.c, &unit, &handler));
    kit_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_loaded_candidate_is_chosen),
        cmocka_unit_test(a_named_handler_comes_before_candidates),
        cmocka_unit_test(a_unit_may_name_its_handler_later),
        cmocka_unit_test(a_choice_does_not_depend_on_the_order_of_candidates),
        cmocka_unit_test(who_is_complained_about_is_never_in_charge),
        cmocka_unit_test(candidates_complained_about_are_passed_over),
        cmocka_unit_test(who_is_complained_about_does_not_act_in_the_case),
        cmocka_unit_test(a_review_is_not_by_who_answered),
        cmocka_unit_test(a_transfer_needs_a_unit),
        cmocka_unit_test(another_unit_brings_another_handler),
        cmocka_unit_test(an_upheld_objection_does_not_lead_back_by_itself),
        cmocka_unit_test(somebody_answers_for_the_case_at_every_moment),
        cmocka_unit_test(a_load_is_counted_while_a_step_is_owed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
