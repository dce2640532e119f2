#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/fsm.h"
#include "tests/support/fsm_table.h"

#define E(ev) (UINT64_C(1) << DK_EV_##ev)
#define BOOKS                                                                  \
    (E(CLOCK_SET) | E(CLOCK_FIRED) | E(ALERT_RAISED) | E(ALERT_ACKED) |        \
     E(PERSON_READ) | E(PERSON_ERASED) | E(ALERT_MUTED) | E(LINKED) |          \
     E(UNLINKED) | E(REPEATED) | E(INFORMED) | E(RELAYED))

/* The law once more, written from its own text and the other way round than in
 * fsm.c: by event, where it may happen and where it leads.
 */
#define S(s) (1u << DK_S_##s)
#define OWING                                                                  \
    (S(SUBMITTED) | S(REGISTERED) | S(TRANSFERRED) | S(OBJECTED) |             \
     S(ACCEPTED) | S(SUSPENDED) | S(IN_REVIEW) | S(IN_RE_REVIEW) |             \
     S(REVIEW_SUSPENDED) | S(RE_REVIEW_SUSPENDED))
#define REVIEWING                                                              \
    (S(IN_REVIEW) | S(IN_RE_REVIEW) | S(REVIEW_SUSPENDED) |                    \
     S(RE_REVIEW_SUSPENDED))
#define HANDLING     (S(TRANSFERRED) | S(ACCEPTED) | S(SUSPENDED))
#define DONE         (S(ANSWERED) | S(SETTLED) | S(REVIEWED) | S(ENDED) | S(CLOSED))
#define WITH_UNIT    (OWING & ~(S(SUBMITTED) | S(REGISTERED)))
#define ALL_BUT_NONE (((1u << DK_S_N) - 1) & ~S(NONE))
#define STAYS        (-1)
#define AS_TABLED    (-2) /* leads to more than one: below */

static const struct {
    enum dk_ev ev;
    unsigned from;
    int to;
} law[] = {
    {DK_EV_SUBMITTED, S(NONE), DK_S_SUBMITTED},
    {DK_EV_REGISTERED, S(SUBMITTED), DK_S_REGISTERED},
    {DK_EV_ASSIGNED, OWING, STAYS},
    {DK_EV_TRANSFERRED, S(REGISTERED) | S(TRANSFERRED), DK_S_TRANSFERRED},
    {DK_EV_HANDED_OVER, S(REGISTERED) | S(TRANSFERRED), DK_S_TRANSFERRED},
    {DK_EV_DISCIPLINE, S(SUBMITTED) | S(REGISTERED), DK_S_DISCIPLINE},
    {DK_EV_OBJECTED, S(TRANSFERRED), DK_S_OBJECTED},
    {DK_EV_OBJECTION_UPHELD, S(OBJECTED), DK_S_REGISTERED},
    {DK_EV_OBJECTION_REFUSED, S(OBJECTED), DK_S_TRANSFERRED},
    {DK_EV_ACCEPTED, S(TRANSFERRED), DK_S_ACCEPTED},
    {DK_EV_NOT_ACCEPTED, S(TRANSFERRED), DK_S_NOT_ACCEPTED},
    {DK_EV_EXTENDED, S(ACCEPTED), STAYS},
    {DK_EV_SUSPENDED, S(ACCEPTED) | S(IN_REVIEW) | S(IN_RE_REVIEW), AS_TABLED},
    {DK_EV_RESUMED, S(SUSPENDED) | S(REVIEW_SUSPENDED) | S(RE_REVIEW_SUSPENDED),
     AS_TABLED},
    {DK_EV_REPORTED, HANDLING | S(ANSWERED) | S(SETTLED), STAYS},
    {DK_EV_ANSWERED, S(ACCEPTED), DK_S_ANSWERED},
    {DK_EV_REVIEW_ASKED, S(ANSWERED) | S(NOT_ACCEPTED) | S(CLOSED),
     DK_S_IN_REVIEW},
    {DK_EV_REVIEWED, S(IN_REVIEW), DK_S_REVIEWED},
    {DK_EV_RE_REVIEW_ASKED, S(REVIEWED) | S(CLOSED), DK_S_IN_RE_REVIEW},
    {DK_EV_RE_REVIEWED, S(IN_RE_REVIEW), DK_S_ENDED},
    {DK_EV_CLOSED, S(ANSWERED) | S(SETTLED) | S(REVIEWED), DK_S_CLOSED},
    {DK_EV_WITHDRAWN, OWING | S(ANSWERED) | S(REVIEWED), DK_S_WITHDRAWN},
    {DK_EV_REOPENED,
     S(CLOSED) | S(ENDED) | S(WITHDRAWN) | S(NOT_ACCEPTED) | S(ANSWERED) |
         S(REVIEWED) | S(DISCIPLINE) | S(SETTLED),
     DK_S_REGISTERED},
    {DK_EV_EVALUATED, DONE, STAYS},
    {DK_EV_URGED, WITH_UNIT | DONE, STAYS},
    {DK_EV_URGE_ANSWERED, WITH_UNIT | DONE, STAYS},
    {DK_EV_CLOCK_SET, ALL_BUT_NONE, STAYS},
    {DK_EV_CLOCK_FIRED, ALL_BUT_NONE, STAYS},
    {DK_EV_ALERT_RAISED, ALL_BUT_NONE, STAYS},
    {DK_EV_ALERT_ACKED, ALL_BUT_NONE, STAYS},
    {DK_EV_PERSON_READ, ALL_BUT_NONE, STAYS},
    {DK_EV_PERSON_ERASED, ALL_BUT_NONE, STAYS},
    {DK_EV_NOTICE_GIVEN,
     S(ACCEPTED) | S(SUSPENDED) | S(NOT_ACCEPTED) | S(ANSWERED) | S(SETTLED),
     STAYS},
    {DK_EV_INFORMED, ALL_BUT_NONE, STAYS},
    {DK_EV_DELIVERED, DONE, STAYS},
    {DK_EV_SETTLED, S(REGISTERED) | HANDLING | REVIEWING, DK_S_SETTLED},
    {DK_EV_CO_HANDLER_ADDED, HANDLING, STAYS},
    {DK_EV_CO_HANDLER_REMOVED, HANDLING, STAYS},
    {DK_EV_OPINION_GIVEN, HANDLING, STAYS},
    {DK_EV_LINKED, ALL_BUT_NONE, STAYS},
    {DK_EV_UNLINKED, ALL_BUT_NONE, STAYS},
    {DK_EV_REPEATED, ALL_BUT_NONE, STAYS},
    {DK_EV_PRIORITISED, OWING, STAYS},
    {DK_EV_ALERT_MUTED, OWING | DONE | S(NOT_ACCEPTED), STAYS},
    {DK_EV_RELAYED, ALL_BUT_NONE, STAYS},
};

/* A suspension leads out of a state and back into the same. */
static const enum dk_state suspended[][2] = {
    {DK_S_ACCEPTED, DK_S_SUSPENDED},
    {DK_S_IN_REVIEW, DK_S_REVIEW_SUSPENDED},
    {DK_S_IN_RE_REVIEW, DK_S_RE_REVIEW_SUSPENDED},
};

static int as_tabled(enum dk_ev ev, int from)
{
    bool out = ev == DK_EV_SUSPENDED;

    for (int i = 0; i < 3; i++) {
        if ((int)suspended[i][out ? 0 : 1] == from)
            return (int)suspended[i][out ? 1 : 0];
    }
    return -1;
}

static void every_cell_is_as_the_law_says(void **state)
{
    int rows = (int)(sizeof(law) / sizeof(law[0]));

    (void)state;
    assert_int_equal(rows, DK_EV_N);
    for (int i = 0; i < rows; i++) {
        for (int s = 0; s < DK_S_N; s++) {
            int want = (law[i].from & (1u << s)) == 0 ? -1
                       : law[i].to == STAYS           ? s
                       : law[i].to == AS_TABLED       ? as_tabled(law[i].ev, s)
                                                      : law[i].to;
            int is = dk_fsm_next((enum dk_state)s, law[i].ev);

            if (is != want)
                print_error("%s in %s\n", dk_ev_name(law[i].ev),
                            dk_state_name((enum dk_state)s));
            assert_int_equal(is, want);
            assert_int_equal(
                (dk_fsm_allowed((enum dk_state)s) >> law[i].ev) & 1, want >= 0);
        }
    }
}

static void what_is_no_state_or_event_is_refused(void **state)
{
    (void)state;
    assert_int_equal(dk_fsm_next(DK_S_N, DK_EV_REGISTERED), -1);
    assert_int_equal(dk_fsm_next((enum dk_state)1000, DK_EV_REGISTERED), -1);
    assert_int_equal(dk_fsm_next(DK_S_SUBMITTED, DK_EV_N), -1);
    assert_int_equal(dk_fsm_next(DK_S_SUBMITTED, (enum dk_ev)1000), -1);
    assert_int_equal(dk_fsm_allowed(DK_S_N), 0);
    assert_int_equal(dk_ev_services(DK_EV_N), 0);
    assert_false(dk_state_owes(DK_S_N));
    assert_string_equal(dk_state_name(DK_S_N), "?");
    assert_string_equal(dk_ev_zh(DK_EV_N), "?");
}

static void every_state_can_be_reached_and_none_is_a_trap(void **state)
{
    unsigned seen = S(NONE);

    (void)state;
    for (int round = 0; round < DK_S_N; round++) {
        for (int s = 0; s < DK_S_N; s++) {
            for (int ev = 0; ev < DK_EV_N; ev++) {
                int to = dk_fsm_next((enum dk_state)s, (enum dk_ev)ev);

                if ((seen & (1u << s)) != 0 && to >= 0)
                    seen |= 1u << to;
            }
        }
    }
    assert_int_equal(seen, (1u << DK_S_N) - 1);
    for (int s = 0; s < DK_S_N; s++)
        assert_int_not_equal(dk_fsm_allowed((enum dk_state)s) & ~BOOKS, 0);
}

static void names_lead_back_to_what_they_name(void **state)
{
    (void)state;
    for (int s = 0; s < DK_S_N; s++)
        assert_int_equal(dk_state_from_name(dk_state_name((enum dk_state)s)),
                         s);
    for (int e = 0; e < DK_EV_N; e++)
        assert_int_equal(dk_ev_from_name(dk_ev_name((enum dk_ev)e)), e);
    assert_int_equal(dk_state_from_name("Submitted"), -1);
    assert_int_equal(dk_ev_from_name(""), -1);
    assert_string_equal(dk_ev_name(DK_EV_DISCIPLINE), "sent_to_discipline");
    assert_string_equal(dk_state_zh(DK_S_CLOSED), "已办结");
}

static void
a_step_is_owed_exactly_where_somebody_can_be_put_in_charge(void **state)
{
    (void)state;
    for (int s = 0; s < DK_S_N; s++)
        assert_int_equal(dk_state_owes((enum dk_state)s),
                         dk_fsm_next((enum dk_state)s, DK_EV_ASSIGNED) >= 0);
}

static void services_are_asked_for_what_they_must_answer(void **state)
{
    uint64_t assign = E(SUBMITTED) | E(OBJECTION_UPHELD) | E(REOPENED) |
                      E(REVIEW_ASKED) | E(RE_REVIEW_ASKED) | E(LINKED);
    uint64_t no_deadline = E(ASSIGNED) | E(EVALUATED) | E(PRIORITISED) |
                           E(CO_HANDLER_ADDED) | E(CO_HANDLER_REMOVED) |
                           E(OPINION_GIVEN) | (BOOKS & ~E(ALERT_ACKED));

    (void)state;
    for (int e = 0; e < DK_EV_N; e++) {
        unsigned mask = dk_ev_services((enum dk_ev)e);

        assert_int_equal((mask >> DK_SVC_ASSIGN) & 1, (assign >> e) & 1);
        assert_int_equal((mask >> DK_SVC_DEADLINE) & 1,
                         ((no_deadline >> e) & 1) == 0);
        assert_int_equal((mask >> DK_SVC_ESCALATE) & 1, e == DK_EV_CLOCK_FIRED);
        assert_int_equal(mask >> DK_SVC_N, 0);
    }
    assert_string_equal(dk_service_names[DK_SVC_ASSIGN], "assign");
    assert_string_equal(dk_service_names[DK_SVC_DEADLINE], "deadline");
    assert_string_equal(dk_service_names[DK_SVC_ESCALATE], "escalate");
    assert_null(dk_service_names[DK_SVC_N]);
}

static void the_protocol_document_prints_this_table(void **state)
{
    static char doc[1 << 20];
    char *want = NULL, *begin, *end;
    size_t want_len = 0, n;
    FILE *f = fopen("proto/PROTOCOL.md", "rb");
    FILE *mem = open_memstream(&want, &want_len);

    (void)state;
    assert_non_null(f); /* run from the root of the repository */
    assert_non_null(mem);
    n = fread(doc, 1, sizeof(doc) - 1, f);
    (void)fclose(f);
    doc[n] = '\0';
    fsm_print(mem);
    (void)fclose(mem);
    begin = strstr(doc, FSM_MARK);
    assert_non_null(begin); /* tests/support/print_fsm.c writes it */
    begin += strlen(FSM_MARK);
    end = strstr(begin, FSM_MARK);
    assert_non_null(end);
    *end = '\0';
    assert_string_equal(begin, want);
    free(want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_is_as_the_law_says),
        cmocka_unit_test(what_is_no_state_or_event_is_refused),
        cmocka_unit_test(every_state_can_be_reached_and_none_is_a_trap),
        cmocka_unit_test(names_lead_back_to_what_they_name),
        cmocka_unit_test(
            a_step_is_owed_exactly_where_somebody_can_be_put_in_charge),
        cmocka_unit_test(services_are_asked_for_what_they_must_answer),
        cmocka_unit_test(the_protocol_document_prints_this_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
