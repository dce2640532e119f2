/* The steps towards the petitioner, and who takes part in a case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/core_path.h"

#define EV(k, back) ((k).log.v[(k).log.n - 1 - (back)])

/* ---- papers -------------------------------------------------------------- */

static void acceptance_without_a_paper_is_one_event_and_no_notice(void **state)
{
    struct kit k;

    (void)state;
    path_to(&k, DK_S_TRANSFERRED);
    assert_int_equal(kit_do(&k, DK_ACT_ACCEPT, "{}"), 0);
    assert_int_equal(k.new_events, 1);
    assert_int_equal(k.c->last_n[DK_EV_NOTICE_GIVEN], 0);
    assert_int_equal(kit_do(&k, DK_ACT_GIVE_NOTICE,
                            "{\"way\":\"left\",\"number\":\"受-7\"}"),
                     0);
    assert_string_equal(
        EV(k, 0).body,
        "{\"document\":\"acceptance\",\"number\":\"受-7\",\"way\":\"left\"}");
    assert_null(kit_check_replay(&k));
    kit_close(&k);
}

static void a_refusal_is_told_in_writing_too(void **state)
{
    struct kit k;

    (void)state;
    path_to(&k, DK_S_TRANSFERRED);
    assert_int_equal(kit_do(&k, DK_ACT_NOT_ACCEPT,
                            "{\"ground\":\"已诉讼\",\"other_door\":\"法院\","
                            "\"notice\":\"不受-1\",\"way\":\"post\"}"),
                     0);
    assert_int_equal(k.new_events, 2);
    assert_int_equal(EV(k, 0).type, DK_EV_NOTICE_GIVEN);
    assert_string_equal(EV(k, 0).body,
                        "{\"document\":\"non_acceptance\","
                        "\"number\":\"不受-1\",\"way\":\"post\"}");
    assert_int_equal(k.c->state, DK_S_NOT_ACCEPTED);
    kit_close(&k);
}

static void an_answer_may_be_handed_over_with_it_or_later(void **state)
{
    static const struct {
        enum dk_state in;
        enum dk_action a;
        const char *args, *document;
    } rows[] = {
        {DK_S_ACCEPTED, DK_ACT_ANSWER,
         "{\"text\":\"t\",\"legal_basis\":\"l\",\"delivered\":\"post\"}",
         "answer"},
        {DK_S_IN_REVIEW, DK_ACT_REVIEW,
         "{\"text\":\"t\",\"result\":\"upheld\",\"delivered\":\"post\"}",
         "review"},
        {DK_S_IN_RE_REVIEW, DK_ACT_RE_REVIEW,
         "{\"text\":\"t\",\"result\":\"upheld\",\"delivered\":\"post\"}",
         "re_review"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char want[100];
        struct kit k;

        (void)snprintf(want, sizeof(want),
                       "{\"document\":\"%s\",\"way\":\"post\"}",
                       rows[i].document);
        path_to(&k, rows[i].in);
        assert_int_equal(kit_do(&k, rows[i].a, rows[i].args), 0);
        assert_int_equal(k.new_events, 2);
        assert_int_equal(EV(k, 0).type, DK_EV_DELIVERED);
        assert_string_equal(EV(k, 0).body, want);
        assert_int_equal(kit_do(&k, DK_ACT_DELIVER, "{\"way\":\"post\"}"), 0);
        assert_string_equal(EV(k, 0).body, want);
        assert_null(kit_check_replay(&k));
        kit_close(&k);
    }
}

static void who_extends_may_say_that_the_petitioner_was_told(void **state)
{
    struct kit k;

    (void)state;
    path_to(&k, DK_S_ACCEPTED);
    assert_int_equal(kit_do(&k, DK_ACT_EXTEND,
                            "{\"days\":30,\"reason\":\"复杂\","
                            "\"approved_by\":\"head\",\"informed\":\"post\"}"),
                     0);
    assert_int_equal(k.new_events, 2);
    assert_string_equal(EV(k, 0).body,
                        "{\"document\":\"extension\",\"way\":\"post\"}");
    kit_close(&k);
}

/* ---- the answer ---------------------------------------------------------- */

static void an_answer_without_its_law_is_none(void **state)
{
    struct dk_submit s = kit_submission();
    struct kit k;

    (void)state;
    path_to(&k, DK_S_ACCEPTED);
    assert_int_equal(kit_do(&k, DK_ACT_ANSWER, "{\"text\":\"已办\"}"),
                     DK_EFIELD);
    assert_string_equal(k.p.pointer, "/legal_basis");
    kit_close(&k);
    s.kind = DK_KIND_SUGGESTION;
    path_to_with(&k, DK_S_ACCEPTED, &s);
    assert_int_equal(kit_do(&k, DK_ACT_ANSWER, "{\"text\":\"已采纳\"}"), 0);
    kit_close(&k);
    s = kit_submission();
    s.import = true;
    path_to_with(&k, DK_S_ACCEPTED, &s);
    assert_int_equal(kit_do(&k, DK_ACT_ANSWER, "{\"text\":\"已办\"}"), 0);
    kit_close(&k);
}

static void one_of_several_units_answers(void **state)
{
    struct kit k;

    (void)state;
    path_to(&k, DK_S_ACCEPTED);
    assert_int_equal(kit_do(&k, DK_ACT_ANSWER,
                            "{\"unit\":\"局九\",\"text\":\"t\","
                            "\"legal_basis\":\"l\"}"),
                     DK_EFIELD);
    assert_string_equal(k.p.pointer, "/unit");
    assert_int_equal(kit_do(&k, DK_ACT_ANSWER,
                            "{\"unit\":\"局八\",\"text\":\"t\","
                            "\"legal_basis\":\"l\"}"),
                     0);
    assert_string_equal(k.c->answered_by, "局八");
    assert_string_equal(k.c->unit, "局三");
    kit_close(&k);
}

/* ---- ends ---------------------------------------------------------------- */

static void only_the_petitioner_takes_a_case_back(void **state)
{
    struct kit k;

    (void)state;
    path_to(&k, DK_S_ACCEPTED);
    assert_int_equal(kit_do(&k, DK_ACT_WITHDRAW, "{\"reason\":\"不办了\"}"),
                     DK_EFIELD);
    assert_string_equal(k.p.pointer, "/document");
    assert_int_equal(
        kit_do_as(&k, DK_ACT_WITHDRAW, DK_BY_CLIENT, "petitioner:k", "{}"), 0);
    kit_close(&k);
    path_to(&k, DK_S_ACCEPTED);
    assert_int_equal(kit_do(&k, DK_ACT_WITHDRAW, "{\"document\":\"撤-1\"}"), 0);
    kit_close(&k);
}

static void nobody_closes_a_case_over_the_petitioners_head(void **state)
{
    static const char window[] =
        "{\"clock\":\"review-window\",\"basis\":%u,"
        "\"started_at\":\"2026-03-01T08:00:00+08:00\","
        "\"due_at\":\"2026-04-01T00:00:00+08:00\",\"on_due\":\"close\","
        "\"stops_on\":[\"review_asked\"],\"rungs\":[]}";
    char args[400];
    struct kit k;

    (void)state;
    for (int who = 0; who < 2; who++) {
        path_to(&k, DK_S_ANSWERED);
        (void)snprintf(args, sizeof(args), window, k.c->n);
        assert_int_equal(kit_do(&k, DK_ACT_CLOCK, args), 0);
        assert_int_equal(kit_do(&k, DK_ACT_CLOSE, "{}"), DK_ELIMIT);
        if (who == 0)
            assert_int_equal(
                kit_do_as(&k, DK_ACT_CLOSE, DK_BY_CLIENT, "petitioner:k", "{}"),
                0);
        else
            k.env.now += 40 * DK_DAY;
        if (who == 1)
            assert_int_equal(kit_fire(&k), 0);
        assert_int_equal(k.c->state, DK_S_CLOSED);
        kit_close(&k);
    }
}

static void a_settlement_is_kept_or_the_case_opens_again(void **state)
{
    struct kit k;

    (void)state;
    path_to(&k, DK_S_REGISTERED);
    assert_int_equal(
        kit_do(&k, DK_ACT_SETTLE, "{\"manner\":\"by_force\",\"text\":\"t\"}"),
        DK_EFIELD);
    assert_string_equal(k.p.pointer, "/manner");
    assert_int_equal(kit_do(&k, DK_ACT_SETTLE,
                            "{\"manner\":\"on_the_spot\",\"text\":\"当场修好\","
                            "\"fulfil_by\":\"2026-04-01T00:00:00+08:00\"}"),
                     0);
    assert_string_equal(EV(k, 0).body,
                        "{\"fulfil_by\":\"2026-04-01T00:00:00.000+08:00\","
                        "\"manner\":\"on_the_spot\",\"text\":\"当场修好\"}");
    assert_int_equal(
        kit_do(&k, DK_ACT_URGE,
               "{\"ground\":\"not_carried_out\",\"grounds\":\"未履行\"}"),
        0);
    assert_int_equal(kit_do(&k, DK_ACT_REOPEN, "{\"facts\":\"未履行\"}"), 0);
    assert_int_equal(k.c->state, DK_S_REGISTERED);
    assert_null(kit_check_replay(&k));
    kit_close(&k);
}

static void a_hearing_stops_a_review_and_leads_back_to_it(void **state)
{
    static const enum dk_state rows[][2] = {
        {DK_S_ACCEPTED, DK_S_SUSPENDED},
        {DK_S_IN_REVIEW, DK_S_REVIEW_SUSPENDED},
        {DK_S_IN_RE_REVIEW, DK_S_RE_REVIEW_SUSPENDED}};

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct kit k;

        path_to(&k, rows[i][0]);
        assert_int_equal(kit_do(&k, DK_ACT_SUSPEND,
                                "{\"ground\":\"slow\",\"reason\":\"r\"}"),
                         DK_EFIELD);
        assert_int_equal(kit_do(&k, DK_ACT_SUSPEND,
                                "{\"ground\":\"hearing\",\"reason\":\"r\"}"),
                         0);
        assert_int_equal(k.c->state, rows[i][1]);
        assert_int_equal(kit_do(&k, DK_ACT_RESUME, "{}"), 0);
        assert_int_equal(k.c->state, rows[i][0]);
        kit_close(&k);
    }
}

/* ---- co-handlers --------------------------------------------------------- */

static void co_handlers_come_and_go(void **state)
{
    struct kit k;

    (void)state;
    path_to(&k, DK_S_ACCEPTED); /* 局三 in charge, 局八 beside it */
    assert_int_equal(k.c->n_co, 1);
    assert_int_equal(kit_do(&k, DK_ACT_ADD_CO_HANDLER, "{\"unit\":\"局三\"}"),
                     DK_EFIELD);
    assert_int_equal(
        kit_do(&k, DK_ACT_GIVE_OPINION, "{\"unit\":\"局七\",\"text\":\"t\"}"),
        DK_ENOTFOUND);
    for (int i = 1; i < DK_CO_MAX; i++) {
        char args[60];

        (void)snprintf(args, sizeof(args), "{\"unit\":\"u%d\"}", i);
        assert_int_equal(kit_do(&k, DK_ACT_ADD_CO_HANDLER, args), 0);
    }
    assert_int_equal(kit_do(&k, DK_ACT_ADD_CO_HANDLER, "{\"unit\":\"u99\"}"),
                     DK_EFIELD);
    assert_int_equal(kit_do(&k, DK_ACT_REMOVE_CO_HANDLER,
                            "{\"unit\":\"u1\",\"reason\":\"r\"}"),
                     0);
    assert_int_equal(k.c->n_co, DK_CO_MAX - 1);
    assert_int_equal(dk_case_co_find(k.c, "u1"), -1);
    assert_string_equal(k.c->co[1].unit, "u2");
    assert_null(kit_check_json(&k));
    assert_null(kit_check_replay(&k));
    kit_close(&k);
}

static void a_unit_that_gets_the_case_stands_no_longer_beside_it(void **state)
{
    struct kit k;

    (void)state;
    path_to(&k, DK_S_TRANSFERRED);
    assert_int_equal(kit_do(&k, DK_ACT_TRANSFER, "{\"unit\":\"局八\"}"), 0);
    assert_int_equal(k.c->n_co, 0);
    assert_string_equal(k.c->unit, "局八");
    kit_close(&k);
}

static void who_is_complained_about_does_not_stand_beside_it(void **state)
{
    struct dk_submit s = kit_submission();
    struct kit k;

    (void)state;
    s.respondent[0] = (struct dk_respondent){.unit = "镇一"};
    s.respondent[1] = (struct dk_respondent){.officer = "o5"};
    s.n_respondent = 2;
    path_to_with(&k, DK_S_ACCEPTED, &s);
    assert_int_equal(kit_do(&k, DK_ACT_ADD_CO_HANDLER, "{\"unit\":\"镇一\"}"),
                     DK_ERESPONDENT);
    assert_int_equal(kit_do(&k, DK_ACT_ADD_CO_HANDLER,
                            "{\"unit\":\"镇二\",\"handler\":\"o5\"}"),
                     DK_ERESPONDENT);
    kit_close(&k);
}

static void nobody_who_took_part_judges_it(void **state)
{
    static const char *const barred[] = {"{\"unit\":\"局三\"}",
                                         "{\"unit\":\"局八\"}"};
    struct kit k;

    (void)state;
    path_to(&k, DK_S_IN_REVIEW);
    for (int i = 0; i < 2; i++)
        assert_int_equal(kit_do(&k, DK_ACT_ASSIGN, barred[i]), DK_ERESPONDENT);
    assert_int_equal(kit_do(&k, DK_ACT_ASSIGN, "{\"unit\":\"县五\"}"), 0);
    path_do(&k, DK_ACT_REVIEW);
    path_do(&k, DK_ACT_ASK_RE_REVIEW);
    for (int i = 0; i < 2; i++)
        assert_int_equal(kit_do(&k, DK_ACT_ASSIGN, barred[i]), DK_ERESPONDENT);
    assert_int_equal(kit_do(&k, DK_ACT_ASSIGN, "{\"unit\":\"县五\"}"),
                     DK_ERESPONDENT);
    assert_int_equal(kit_do(&k, DK_ACT_ASSIGN, "{\"unit\":\"市六\"}"), 0);
    kit_close(&k);
}

/* ---- links --------------------------------------------------------------- */

#define TO "\"to\":\"" PATH_OTHER "\""

static void a_repeat_remembers_who_knows_the_matter(void **state)
{
    struct kit k;

    (void)state;
    path_to(&k, DK_S_SUBMITTED); /* linked as a repeat on the way */
    assert_true(k.c->repeat_of == KIT_OTHER);
    assert_string_equal(k.c->repeat_unit, "局三");
    assert_string_equal(k.c->repeat_handler, "o1");
    assert_int_equal(
        kit_do(&k, DK_ACT_LINK, "{\"relation\":\"repeat\"," TO "}"), 0);
    assert_int_equal(k.new_events, 0); /* as it was */
    assert_int_equal(kit_do(&k, DK_ACT_UNLINK,
                            "{\"relation\":\"group\"," TO ",\"reason\":\"r\"}"),
                     DK_ENOTFOUND);
    assert_int_equal(kit_do(&k, DK_ACT_UNLINK,
                            "{\"relation\":\"repeat\"," TO
                            ",\"reason\":\"r\"}"),
                     0);
    assert_true(k.c->repeat_of == 0);
    assert_string_equal(k.c->repeat_handler, "");
    assert_null(kit_check_replay(&k));
    kit_close(&k);
}

static void a_group_has_the_number_of_its_first(void **state)
{
    struct kit k;

    (void)state;
    path_to(&k, DK_S_SUBMITTED);
    k.other->group = INT64_C(20260214000009);
    assert_int_equal(kit_do(&k, DK_ACT_LINK, "{\"relation\":\"group\"," TO "}"),
                     0);
    assert_true(k.c->group == k.other->group);
    k.other->group = 0; /* another group's */
    assert_int_equal(kit_do(&k, DK_ACT_LINK, "{\"relation\":\"group\"," TO "}"),
                     DK_ESTATE);
    kit_close(&k);
}

static void a_link_leads_to_an_earlier_case_that_is_there(void **state)
{
    struct kit k;
    struct dk_case *other;

    (void)state;
    path_to(&k, DK_S_SUBMITTED);
    other = k.other;
    k.other = NULL;
    assert_int_equal(kit_do(&k, DK_ACT_LINK, "{\"relation\":\"group\"," TO "}"),
                     DK_ENOTFOUND);
    k.other = other;
    k.other->key = KIT_KEY;
    assert_int_equal(kit_do(&k, DK_ACT_LINK, "{\"relation\":\"group\"," TO "}"),
                     DK_EFIELD);
    k.other->key = KIT_KEY + 1;
    assert_int_equal(kit_do(&k, DK_ACT_LINK, "{\"relation\":\"group\"," TO "}"),
                     DK_EFIELD);
    kit_close(&k);
}

static void the_first_case_hears_of_repeats_and_of_their_undoing(void **state)
{
    struct dk_command cmd = {.action = DK_ACT_NOTE_REPEAT,
                             .by = DK_BY_BROKER,
                             .actor = "docketd",
                             .claimed = DK_NEVER};
    struct kit k;

    (void)state;
    path_to(&k, DK_S_CLOSED);
    for (int i = 0; i < 2; i++)
        assert_int_equal(kit_run(&k, &cmd), 0);
    assert_int_equal(k.c->repeats, 2);
    cmd.undone = true;
    for (int i = 0; i < 3; i++)
        assert_int_equal(kit_run(&k, &cmd), 0);
    assert_int_equal(k.new_events, 0);
    assert_int_equal(k.c->repeats, 0);
    assert_null(kit_check_replay(&k));
    kit_close(&k);
}

/* The later case was handed in before the office's clock was set back. */
static void a_repeat_from_a_clock_that_was_ahead_is_noted(void **state)
{
    struct dk_command cmd = {
        .action = DK_ACT_NOTE_REPEAT, .by = DK_BY_BROKER, .actor = "docketd"};
    struct kit k;

    (void)state;
    path_to(&k, DK_S_CLOSED);
    cmd.claimed = k.env.now + 20 * DK_DAY;
    assert_int_equal(kit_run(&k, &cmd), 0);
    assert_int_equal(k.c->repeats, 1);
    assert_null(kit_check_replay(&k));
    kit_close(&k);
}

/* ---- submissions, urgency ------------------------------------------------ */

static void what_is_told_at_the_counter_is_kept(void **state)
{
    struct dk_submit s = kit_submission();
    struct dk_command cmd = {.action = DK_ACT_SUBMIT,
                             .by = DK_BY_BROKER,
                             .actor = "kiosk",
                             .claimed = DK_NEVER,
                             .submit = &s,
                             .key = KIT_KEY};
    struct kit k;

    (void)state;
    kit_open(&k);
    s.person[0] = (struct dk_person){.name = "某", .phone = "1"};
    s.n_person = 1;
    s.confidential = true;
    s.needs = 1U << DK_NEED_WAGES | 1U << DK_NEED_MINOR;
    s.repeat_of = PATH_OTHER;
    cmd.other = k.other;
    assert_int_equal(kit_run(&k, &cmd), 0);
    assert_false(k.c->anonymous);
    assert_false(k.c->unreachable);
    assert_true(k.c->confidential);
    assert_int_equal(k.c->needs, s.needs);
    assert_true(k.c->repeat_of == KIT_OTHER);
    assert_string_equal(k.c->repeat_handler, "o1");
    assert_null(kit_check_json(&k));
    assert_null(kit_check_replay(&k));
    kit_close(&k);
    kit_open(&k); /* a number that leads nowhere turns nobody away */
    cmd.other = NULL;
    assert_int_equal(kit_run(&k, &cmd), 0);
    assert_true(k.c->repeat_of == 0);
    assert_non_null(strstr(EV(k, 0).body, "\"repeat_of\":\"" PATH_OTHER "\""));
    kit_close(&k);
}

static void urgency_has_a_need_and_a_reason(void **state)
{
    struct kit k;

    (void)state;
    path_to(&k, DK_S_SUBMITTED);
    assert_int_equal(kit_do(&k, DK_ACT_PRIORITISE, "{\"need\":\"medical\"}"),
                     DK_EFIELD);
    assert_int_equal(
        kit_do(&k, DK_ACT_PRIORITISE, "{\"need\":\"loud\",\"why\":\"x\"}"),
        DK_EFIELD);
    assert_int_equal(k.c->urgent, 0);
    assert_int_equal(
        kit_do(&k, DK_ACT_PRIORITISE, "{\"need\":\"minor\",\"why\":\"x\"}"), 0);
    assert_int_equal(k.c->urgent, 1 + DK_NEED_MINOR);
    assert_int_equal(
        kit_do(&k, DK_ACT_PRIORITISE, "{\"need\":\"minor\",\"why\":\"y\"}"), 0);
    assert_int_equal(k.new_events, 0);
    assert_null(kit_check_json(&k));
    kit_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acceptance_without_a_paper_is_one_event_and_no_notice),
        cmocka_unit_test(a_refusal_is_told_in_writing_too),
        cmocka_unit_test(an_answer_may_be_handed_over_with_it_or_later),
        cmocka_unit_test(who_extends_may_say_that_the_petitioner_was_told),
        cmocka_unit_test(an_answer_without_its_law_is_none),
        cmocka_unit_test(one_of_several_units_answers),
        cmocka_unit_test(only_the_petitioner_takes_a_case_back),
        cmocka_unit_test(nobody_closes_a_case_over_the_petitioners_head),
        cmocka_unit_test(a_settlement_is_kept_or_the_case_opens_again),
        cmocka_unit_test(a_hearing_stops_a_review_and_leads_back_to_it),
        cmocka_unit_test(co_handlers_come_and_go),
        cmocka_unit_test(a_unit_that_gets_the_case_stands_no_longer_beside_it),
        cmocka_unit_test(who_is_complained_about_does_not_stand_beside_it),
        cmocka_unit_test(nobody_who_took_part_judges_it),
        cmocka_unit_test(a_repeat_remembers_who_knows_the_matter),
        cmocka_unit_test(a_group_has_the_number_of_its_first),
        cmocka_unit_test(a_link_leads_to_an_earlier_case_that_is_there),
        cmocka_unit_test(the_first_case_hears_of_repeats_and_of_their_undoing),
        cmocka_unit_test(a_repeat_from_a_clock_that_was_ahead_is_noted),
        cmocka_unit_test(what_is_told_at_the_counter_is_kept),
        cmocka_unit_test(urgency_has_a_need_and_a_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
