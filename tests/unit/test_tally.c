/* What events add to the figures (docs/FIGURES.md), case by case, under the
 * policy that docket ships: above all what tricks do not gain.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/tally.h"
#include "tests/support/history.h"
#include "tests/support/lawwork.h"

#define ALL INT32_MAX

static struct law *the_law;

static int open_law(void **state)
{
    (void)state;
    the_law = new_law(NULL);
    return 0;
}

static int close_law(void **state)
{
    (void)state;
    free_law(the_law);
    return 0;
}

static int open_office(void **state)
{
    struct office *o = calloc(1, sizeof(*o));

    assert_non_null(o);
    office_open(o, the_law->p, the_law->cal, 1);
    o->alerts = false;
    *state = o;
    return 0;
}

static int close_office(void **state)
{
    office_close(*state);
    free(*state);
    return 0;
}

/* ---- lives --------------------------------------------------------------- */

static int32_t day(const char *date)
{
    struct dk_date d;

    if (dk_date_parse(date, strlen(date), &d) != 0)
        fail_msg("%s is no date", date);
    return (int32_t)dk_days_from_date(d);
}

/* "2026-05-06T09:30": office time */
static dk_ms at(const char *when)
{
    char text[40];

    (void)snprintf(text, sizeof(text), "%s:00+08:00", when);
    return cw_time(text);
}

static void file(struct office *o, const char *when, bool import)
{
    struct dk_submit s = kit_submission();

    s.person[0] = (struct dk_person){.name = "王某", .address = "城东镇"};
    s.n_person = 1;
    s.import = import;
    s.submitted_at = import ? at(when) : DK_NEVER;
    office_submit(o, import ? at("2026-07-01T09:00") : at(when), KIT_KEY, &s);
}

static int try(struct office *o, const char *when, enum dk_action a,
               const char *json)
{
    if (when != NULL)
        office_until(o, at(when));
    if (when != NULL)
        o->k.env.now = at(when);
    return office_do(o, a, json);
}

static void must(struct office *o, const char *when, enum dk_action a,
                 const char *json)
{
    if (try(o, when, a, json) != 0)
        fail_msg("%s: %s", dk_action_name(a), o->k.p.detail);
}

/* By somebody else, and claimed to be of another time. */
static int try_claimed(struct office *o, const char *actor, const char *claimed,
                       enum dk_action a, const char *json)
{
    cJSON *args = cw_json(json);
    size_t before = o->k.log.n;
    struct dk_command cmd = {.action = a,
                             .by = DK_BY_CLIENT,
                             .actor = actor,
                             .claimed = at(claimed),
                             .args = args};
    int rc = kit_run(&o->k, &cmd);

    if (rc == 0)
        office_answer(o, before);
    cJSON_Delete(args);
    return rc;
}

/* Handed in on 6 May and with town-a at once: notice is due on 21 May. */
static void file_and_transfer(struct office *o)
{
    file(o, "2026-05-06T09:30", false);
    must(o, NULL, DK_ACT_REGISTER, "{}");
    must(o, NULL, DK_ACT_TRANSFER, "{\"unit\":\"town-a\"}");
}

/* And accepted with notice the day after: the answer is due on 6 July. */
static void file_and_accept(struct office *o)
{
    file_and_transfer(o);
    must(o, "2026-05-07T10:00", DK_ACT_ACCEPT,
         "{\"notice\":\"受-1\",\"way\":\"post\"}");
}

#define ANSWER "{\"text\":\"已修复\",\"legal_basis\":\"条例\"}"

/* ---- figures ------------------------------------------------------------- */

/* The sum of a measure over all days, as known on `known`; unit NULL: any. */
static int64_t known_sum(const struct office *o, enum dk_measure m,
                         const char *unit, int32_t on, int32_t known)
{
    struct dk_case *c = dk_case_new();
    int64_t sum = 0;

    for (size_t i = 0; i < o->k.log.n; i++) {
        const struct dk_event *e = &o->k.log.v[i];
        struct dk_tally_was was;
        struct dk_tallies rows;

        dk_tally_before(c, CN_MIN, &was);
        assert_int_equal(dk_case_evolve(c, e), 0);
        assert_int_equal(dk_tally(&was, e, c, CN_MIN, &rows), 0);
        for (int r = 0; r < rows.n; r++) {
            const struct dk_tally *t = &rows.v[r];

            if (t->measure == m && t->known <= known &&
                (on == ALL || t->day == on) &&
                (unit == NULL || strcmp(t->unit, unit) == 0))
                sum += t->n;
        }
    }
    dk_case_free(c);
    return sum;
}

static int64_t sum(const struct office *o, enum dk_measure m, const char *unit)
{
    return known_sum(o, m, unit, ALL, ALL);
}

static int64_t on(const struct office *o, enum dk_measure m, const char *unit,
                  const char *date)
{
    return known_sum(o, m, unit, day(date), ALL);
}

/* How many limits of a unit are overdue at the end of a day. */
static int64_t overdue(const struct office *o, const char *unit,
                       const char *date)
{
    int64_t n = 0;

    for (int32_t d = day("2025-12-01"); d <= day(date); d++)
        n += known_sum(o, DK_T_OVERDUE_START, unit, d, ALL) -
             known_sum(o, DK_T_OVERDUE_END, unit, d, ALL);
    return n;
}

/* ---- plain counts -------------------------------------------------------- */

static void a_matter_is_received_on_the_day_it_is_handed_in(void **state)
{
    struct office *o = *state;

    file(o, "2026-05-06T23:59", false);
    assert_int_equal(on(o, DK_T_RECEIVED, "office", "2026-05-06"), 1);
    assert_int_equal(sum(o, DK_T_RECEIVED, NULL), 1);
    assert_int_equal(sum(o, DK_T_RECEIVED_REPEAT, NULL), 0);
}

static void history_counts_on_the_days_on_which_it_happened(void **state)
{
    struct office *o = *state;

    file(o, "2026-01-05T10:00", true);
    assert_int_equal(on(o, DK_T_RECEIVED, "office", "2026-01-05"), 1);
    assert_int_equal(known_sum(o, DK_T_RECEIVED, NULL, ALL, day("2026-06-30")),
                     0); /* nobody here knew of it then */
    assert_int_equal(
        try_claimed(o, "import:x", "2026-01-06T10:00", DK_ACT_REGISTER, "{}"),
        0);
    assert_int_equal(try_claimed(o, "import:x", "2026-01-07T10:00",
                                 DK_ACT_TRANSFER, "{\"unit\":\"town-a\"}"),
                     0);
    assert_int_equal(on(o, DK_T_TRANSFERRED_IN, "town-a", "2026-01-07"), 1);
    /* Its notice was due on 22 January, and given before; docket has known
     * since July only.
     */
    assert_int_equal(on(o, DK_T_NOTICE_DUE, "town-a", "2026-01-22"), 1);
    assert_int_equal(try_claimed(o, "import:x", "2026-01-20T10:00",
                                 DK_ACT_ACCEPT,
                                 "{\"notice\":\"受-1\",\"way\":\"post\"}"),
                     0);
    assert_int_equal(on(o, DK_T_NOTICE_IN_TIME, "town-a", "2026-01-22"), 1);
    assert_int_equal(overdue(o, NULL, "2026-02-20"), 0);
}

static void what_the_office_settles_on_the_spot_is_its_own(void **state)
{
    struct office *o = *state;

    file(o, "2026-05-06T09:30", false);
    must(o, NULL, DK_ACT_REGISTER, "{}");
    must(o, NULL, DK_ACT_ASSIGN, "{\"unit\":\"town-a\"}");
    must(o, NULL, DK_ACT_SETTLE,
         "{\"manner\":\"on_the_spot\",\"text\":\"好\"}");
    assert_int_equal(sum(o, DK_T_SETTLED, "office"), 1);
    assert_int_equal(sum(o, DK_T_SETTLED_FIRST, "office"), 1);
    assert_int_equal(sum(o, DK_T_SETTLED, "town-a"), 0);
}

static void one_evaluation_counts_the_latest(void **state)
{
    struct office *o = *state;

    file_and_accept(o);
    must(o, "2026-05-20T10:00", DK_ACT_ANSWER, ANSWER);
    for (int i = 0; i < 5; i++)
        must(o, "2026-05-21T10:00", DK_ACT_EVALUATE,
             "{\"handling\":5,\"result\":5}");
    assert_int_equal(sum(o, DK_T_EVALUATED, "town-a"), 1);
    assert_int_equal(sum(o, DK_T_SATISFIED_RESULT, "town-a"), 1);
    must(o, "2026-05-22T10:00", DK_ACT_EVALUATE,
         "{\"handling\":4,\"result\":3}");
    assert_int_equal(sum(o, DK_T_EVALUATED, NULL), 1);
    assert_int_equal(on(o, DK_T_EVALUATED, "town-a", "2026-05-22"), 1);
    assert_int_equal(sum(o, DK_T_SATISFIED_HANDLING, NULL), 1);
    assert_int_equal(sum(o, DK_T_SATISFIED_RESULT, NULL), 0);
    /* As of the day before it was still the other one. */
    assert_int_equal(
        known_sum(o, DK_T_SATISFIED_RESULT, NULL, ALL, day("2026-05-21")), 1);
}

static void a_review_is_counted_with_the_unit_that_decided(void **state)
{
    struct office *o = *state;

    file_and_accept(o);
    must(o, "2026-05-20T10:00", DK_ACT_ANSWER, ANSWER);
    must(o, "2026-05-25T10:00", DK_ACT_ASK_REVIEW, "{\"grounds\":\"不服\"}");
    must(o, NULL, DK_ACT_ASSIGN, "{\"unit\":\"county\"}");
    must(o, "2026-06-10T10:00", DK_ACT_REVIEW,
         "{\"result\":\"changed\",\"text\":\"改\"}");
    assert_int_equal(sum(o, DK_T_REVIEW_ASKED, "town-a"), 1);
    assert_int_equal(sum(o, DK_T_REVIEWED, "town-a"), 1);
    assert_int_equal(sum(o, DK_T_CHANGED, "town-a"), 1);
    assert_int_equal(sum(o, DK_T_REVIEWED, "county"), 0);
    assert_int_equal(sum(o, DK_T_RETRANSFERRED, NULL), 0);
}

/* ---- tricks -------------------------------------------------------------- */

static void accepted_without_notice_meets_nothing(void **state)
{
    struct office *o = *state;

    file_and_transfer(o);
    must(o, "2026-05-07T10:00", DK_ACT_ACCEPT, "{}");
    assert_int_equal(sum(o, DK_T_ACCEPTED, "town-a"), 1);
    assert_int_equal(sum(o, DK_T_NOTICE_IN_TIME, NULL), 0);
    must(o, "2026-06-01T10:00", DK_ACT_GIVE_NOTICE, "{\"way\":\"post\"}");
    assert_int_equal(on(o, DK_T_NOTICE_DUE, "town-a", "2026-05-21"), 1);
    assert_int_equal(on(o, DK_T_NOTICE_LATE, "town-a", "2026-05-21"), 1);
    assert_int_equal(sum(o, DK_T_NOTICE_IN_TIME, NULL), 0);
    assert_int_equal(overdue(o, "town-a", "2026-05-21"), 0);
    assert_int_equal(overdue(o, "town-a", "2026-05-22"), 1);
    assert_int_equal(overdue(o, "town-a", "2026-05-31"), 1);
    assert_int_equal(overdue(o, "town-a", "2026-06-01"), 0);
}

static void notice_until_midnight_of_the_last_day_is_in_time(void **state)
{
    struct office *o = *state;

    file_and_transfer(o);
    must(o, "2026-05-21T23:59", DK_ACT_ACCEPT,
         "{\"notice\":\"受-1\",\"way\":\"post\"}");
    assert_int_equal(sum(o, DK_T_NOTICE_IN_TIME, "town-a"), 1);
    assert_int_equal(sum(o, DK_T_OVERDUE_START, NULL), 1); /* to conclude */
}

static void notice_at_midnight_after_the_last_day_is_late(void **state)
{
    struct office *o = *state;

    file_and_transfer(o);
    must(o, "2026-05-22T00:00", DK_ACT_ACCEPT,
         "{\"notice\":\"受-1\",\"way\":\"post\"}");
    assert_int_equal(sum(o, DK_T_NOTICE_LATE, "town-a"), 1);
    assert_int_equal(sum(o, DK_T_NOTICE_IN_TIME, NULL), 0);
}

static void passing_a_case_around_moves_no_limit(void **state)
{
    struct office *o = *state;

    file_and_transfer(o);
    must(o, "2026-05-14T10:00", DK_ACT_TRANSFER, "{\"unit\":\"town-b\"}");
    must(o, "2026-05-18T10:00", DK_ACT_TRANSFER, "{\"unit\":\"town-a\"}");
    must(o, "2026-05-20T10:00", DK_ACT_TRANSFER, "{\"unit\":\"town-b\"}");
    must(o, "2026-05-28T10:00", DK_ACT_ACCEPT,
         "{\"notice\":\"受-1\",\"way\":\"post\"}");
    assert_int_equal(sum(o, DK_T_TRANSFERRED_IN, "town-a"), 1);
    assert_int_equal(sum(o, DK_T_RETRANSFERRED, "town-a"), 1);
    assert_int_equal(sum(o, DK_T_RETRANSFERRED, "town-b"), 2);
    assert_int_equal(sum(o, DK_T_PASSED_ON, "town-a"), 2);
    assert_int_equal(sum(o, DK_T_PASSED_ON, "town-b"), 1);
    /* Eight days after the last transfer, but the case had 15 days in all; it
     * lay with town-b when they ended.
     */
    assert_int_equal(on(o, DK_T_NOTICE_LATE, "town-b", "2026-05-21"), 1);
    assert_int_equal(sum(o, DK_T_NOTICE_DUE, NULL), 1);
    assert_int_equal(overdue(o, "town-b", "2026-05-27"), 1);
    assert_int_equal(overdue(o, NULL, "2026-05-28"), 0);
}

static void passed_on_when_late_it_stays_with_who_was_late(void **state)
{
    struct office *o = *state;

    file_and_transfer(o);
    must(o, "2026-05-25T10:00", DK_ACT_TRANSFER, "{\"unit\":\"town-b\"}");
    must(o, "2026-05-26T10:00", DK_ACT_ACCEPT,
         "{\"notice\":\"受-1\",\"way\":\"post\"}");
    assert_int_equal(on(o, DK_T_NOTICE_LATE, "town-a", "2026-05-21"), 1);
    assert_int_equal(sum(o, DK_T_NOTICE_DUE, "town-b"), 0);
    /* What is overdue now is with whoever has the case now. */
    assert_int_equal(overdue(o, "town-a", "2026-05-24"), 1);
    assert_int_equal(overdue(o, "town-a", "2026-05-25"), 0);
    assert_int_equal(overdue(o, "town-b", "2026-05-25"), 1);
    assert_int_equal(overdue(o, NULL, "2026-05-26"), 0);
}

static void the_office_answers_for_what_passes_while_it_decides(void **state)
{
    struct office *o = *state;

    file_and_transfer(o);
    must(o, "2026-05-08T10:00", DK_ACT_OBJECT, "{\"grounds\":\"不属本单位\"}");
    must(o, "2026-05-26T10:00", DK_ACT_UPHOLD_OBJECTION,
         "{\"reason\":\"属实\"}");
    must(o, "2026-05-27T10:00", DK_ACT_TRANSFER, "{\"unit\":\"town-b\"}");
    must(o, "2026-05-28T10:00", DK_ACT_ACCEPT,
         "{\"notice\":\"受-1\",\"way\":\"post\"}");
    assert_int_equal(on(o, DK_T_NOTICE_LATE, "office", "2026-05-21"), 1);
    assert_int_equal(sum(o, DK_T_NOTICE_DUE, NULL), 1);
    assert_int_equal(sum(o, DK_T_PASSED_ON, "town-a"), 1);
    assert_int_equal(sum(o, DK_T_RETRANSFERRED, "town-b"), 1);
    assert_int_equal(overdue(o, "office", "2026-05-26"), 1);
    assert_int_equal(overdue(o, "town-b", "2026-05-27"), 1);
}

static void an_extension_after_the_limit_changes_nothing(void **state)
{
    struct office *o = *state;

    file_and_accept(o);
    assert_int_equal(try(o, "2026-07-07T00:00", DK_ACT_EXTEND,
                         "{\"days\":30,\"reason\":\"复杂\","
                         "\"approved_by\":\"head\"}"),
                     DK_ELIMIT);
    must(o, "2026-07-10T10:00", DK_ACT_ANSWER, ANSWER);
    assert_int_equal(sum(o, DK_T_EXTENDED, NULL), 0);
    assert_int_equal(on(o, DK_T_CONCLUDE_DUE, "town-a", "2026-07-06"), 1);
    assert_int_equal(on(o, DK_T_CONCLUDE_LATE, "town-a", "2026-07-06"), 1);
}

static void an_extension_before_the_limit_moves_it(void **state)
{
    struct office *o = *state;

    file_and_accept(o);
    must(o, "2026-07-06T23:59", DK_ACT_EXTEND,
         "{\"days\":30,\"reason\":\"复杂\",\"approved_by\":\"head\"}");
    assert_int_equal(on(o, DK_T_CONCLUDE_DUE, NULL, "2026-07-06"), 0);
    assert_int_equal(on(o, DK_T_CONCLUDE_DUE, "town-a", "2026-08-05"), 1);
    must(o, "2026-08-01T10:00", DK_ACT_ANSWER, ANSWER);
    assert_int_equal(sum(o, DK_T_EXTENDED, "town-a"), 1);
    assert_int_equal(on(o, DK_T_CONCLUDE_IN_TIME, "town-a", "2026-08-05"), 1);
    assert_int_equal(overdue(o, NULL, "2026-08-30"), 0);
}

static void a_limit_that_stands_still_is_not_due(void **state)
{
    struct office *o = *state;

    file_and_accept(o);
    must(o, "2026-06-01T10:00", DK_ACT_SUSPEND, "{\"reason\":\"听证\"}");
    assert_int_equal(sum(o, DK_T_CONCLUDE_DUE, NULL), 0);
    must(o, "2026-07-20T10:00", DK_ACT_RESUME, "{}");
    assert_int_equal(overdue(o, NULL, "2026-07-20"), 0);
    assert_int_equal(sum(o, DK_T_CONCLUDE_DUE, "town-a"), 1);
    must(o, "2026-08-10T10:00", DK_ACT_ANSWER, ANSWER);
    assert_int_equal(sum(o, DK_T_CONCLUDE_IN_TIME, "town-a"), 1);
}

static void a_claimed_time_gains_nothing(void **state)
{
    struct office *o = *state;

    file_and_accept(o);
    office_until(o, at("2026-07-20T10:00"));
    o->k.env.now = at("2026-07-20T10:00");
    assert_int_equal(
        try_claimed(o, "officer:li", "2026-07-01T10:00", DK_ACT_ANSWER, ANSWER),
        0);
    assert_int_equal(on(o, DK_T_ANSWERED, "town-a", "2026-07-20"), 1);
    assert_int_equal(sum(o, DK_T_CONCLUDE_LATE, "town-a"), 1);
    assert_int_equal(sum(o, DK_T_CONCLUDE_IN_TIME, NULL), 0);
}

static void a_withdrawal_after_the_limit_leaves_it_late(void **state)
{
    struct office *o = *state;

    file_and_accept(o);
    must(o, "2026-07-10T10:00", DK_ACT_WITHDRAW, "{\"document\":\"撤-1\"}");
    assert_int_equal(on(o, DK_T_CONCLUDE_DUE, "town-a", "2026-07-06"), 1);
    assert_int_equal(sum(o, DK_T_CONCLUDE_IN_TIME, NULL), 0);
    assert_int_equal(sum(o, DK_T_WITHDRAWN, "town-a"), 1);
    assert_int_equal(overdue(o, NULL, "2026-07-10"), 0);
}

static void a_withdrawal_before_the_limit_owes_nothing(void **state)
{
    struct office *o = *state;

    file_and_accept(o);
    must(o, "2026-07-05T10:00", DK_ACT_WITHDRAW, "{\"document\":\"撤-1\"}");
    assert_int_equal(sum(o, DK_T_CONCLUDE_DUE, NULL), 0);
    assert_int_equal(sum(o, DK_T_FIRST_CONCLUDED, NULL), 0);
    assert_int_equal(overdue(o, NULL, "2026-12-01"), 0);
    /* Until then it was expected. */
    assert_int_equal(
        known_sum(o, DK_T_CONCLUDE_DUE, NULL, ALL, day("2026-07-04")), 1);
}

static void closing_without_an_answer_concludes_nothing(void **state)
{
    struct office *o = *state;

    file_and_transfer(o);
    must(o, "2026-05-08T10:00", DK_ACT_NOT_ACCEPT,
         "{\"ground\":\"诉讼\",\"other_door\":\"法院\",\"notice\":\"不-1\"}");
    assert_int_equal(sum(o, DK_T_REFUSED_NOTICED, "town-a"), 1);
    assert_int_equal(sum(o, DK_T_NOTICE_IN_TIME, "town-a"), 1);
    must(o, "2026-05-10T10:00", DK_ACT_ASK_REVIEW, "{\"grounds\":\"不服\"}");
    must(o, NULL, DK_ACT_ASSIGN, "{\"unit\":\"county\"}");
    must(o, "2026-05-20T10:00", DK_ACT_REVIEW,
         "{\"result\":\"upheld\",\"text\":\"维持\"}");
    office_until(o, at("2026-08-01T10:00"));
    assert_int_equal(o->k.c->state, DK_S_CLOSED);
    assert_int_equal(sum(o, DK_T_CLOSED_UNANSWERED, NULL), 1);
    assert_int_equal(sum(o, DK_T_FIRST_CONCLUDED, NULL), 0);
    assert_int_equal(sum(o, DK_T_ANSWERED, NULL), 0);
}

static void refusing_to_register_is_received_and_overdue(void **state)
{
    struct office *o = *state;

    file(o, "2026-05-06T09:30", false);
    office_until(o, at("2026-06-01T10:00"));
    assert_int_equal(sum(o, DK_T_RECEIVED, "office"), 1);
    assert_int_equal(overdue(o, "office", "2026-05-21"), 0);
    assert_int_equal(overdue(o, "office", "2026-05-22"), 1);
}

/* ---- settled the first time ---------------------------------------------- */

static int note_repeat(struct office *o, const char *when, bool undone)
{
    struct dk_command cmd = {.action = DK_ACT_NOTE_REPEAT,
                             .by = DK_BY_BROKER,
                             .actor = "docketd",
                             .claimed = at(when),
                             .undone = undone};

    office_until(o, at(when));
    o->k.env.now = at(when);
    return kit_run(&o->k, &cmd);
}

static void close_and_refile_is_not_settled_the_first_time(void **state)
{
    struct office *o = *state;

    file_and_accept(o);
    must(o, "2026-05-20T10:00", DK_ACT_ANSWER, ANSWER);
    assert_int_equal(on(o, DK_T_SETTLED_FIRST, "town-a", "2026-05-20"), 1);
    assert_int_equal(note_repeat(o, "2026-08-18T10:00", false), 0);
    assert_int_equal(sum(o, DK_T_FIRST_CONCLUDED, "town-a"), 1);
    assert_int_equal(sum(o, DK_T_SETTLED_FIRST, NULL), 0);
    assert_int_equal(sum(o, DK_T_REPEATED, "town-a"), 1);
    /* The bulletin of the time before says what it said. */
    assert_int_equal(
        known_sum(o, DK_T_SETTLED_FIRST, NULL, ALL, day("2026-08-17")), 1);
    assert_int_equal(note_repeat(o, "2026-08-18T10:00", true), 0);
    assert_int_equal(sum(o, DK_T_SETTLED_FIRST, NULL), 1);
    assert_int_equal(sum(o, DK_T_REPEATED, NULL), 0);
}

static void after_ninety_days_it_is_another_matter(void **state)
{
    struct office *o = *state;

    file_and_accept(o);
    must(o, "2026-05-20T10:00", DK_ACT_ANSWER, ANSWER);
    assert_int_equal(note_repeat(o, "2026-08-18T10:01", false), 0);
    assert_int_equal(sum(o, DK_T_SETTLED_FIRST, NULL), 1);
    assert_int_equal(sum(o, DK_T_REPEATED, NULL), 1);
}

static void a_repeat_is_no_first_time_case(void **state)
{
    struct office *o = *state;

    file_and_accept(o);
    must(o, NULL, DK_ACT_LINK,
         "{\"relation\":\"repeat\",\"to\":\"330000-20260215-000001-4\"}");
    assert_int_equal(on(o, DK_T_RECEIVED_REPEAT, "office", "2026-05-06"), 1);
    must(o, "2026-05-20T10:00", DK_ACT_ANSWER, ANSWER);
    assert_int_equal(sum(o, DK_T_FIRST_CONCLUDED, NULL), 0);
    assert_int_equal(sum(o, DK_T_SETTLED_FIRST, NULL), 0);
    must(o, NULL, DK_ACT_UNLINK,
         "{\"relation\":\"repeat\",\"to\":\"330000-20260215-000001-4\","
         "\"reason\":\"误\"}");
    assert_int_equal(sum(o, DK_T_RECEIVED_REPEAT, NULL), 0);
    assert_int_equal(sum(o, DK_T_SETTLED_FIRST, "town-a"), 1);
}

static void what_is_reopened_begins_anew(void **state)
{
    struct office *o = *state;

    file_and_accept(o);
    must(o, "2026-05-20T10:00", DK_ACT_ANSWER, ANSWER);
    must(o, "2026-06-01T10:00", DK_ACT_REOPEN, "{\"facts\":\"又坏了\"}");
    assert_int_equal(sum(o, DK_T_SETTLED_FIRST, NULL), 0);
    must(o, NULL, DK_ACT_TRANSFER, "{\"unit\":\"town-a\"}");
    must(o, "2026-06-02T10:00", DK_ACT_ACCEPT,
         "{\"notice\":\"受-2\",\"way\":\"post\"}");
    must(o, "2026-06-10T10:00", DK_ACT_ANSWER, ANSWER);
    assert_int_equal(sum(o, DK_T_NOTICE_DUE, "town-a"), 2);
    assert_int_equal(sum(o, DK_T_NOTICE_IN_TIME, "town-a"), 2);
    assert_int_equal(sum(o, DK_T_CONCLUDE_IN_TIME, "town-a"), 2);
    assert_int_equal(sum(o, DK_T_FIRST_CONCLUDED, NULL), 1);
    assert_int_equal(sum(o, DK_T_SETTLED_FIRST, NULL), 0);
    assert_int_equal(sum(o, DK_T_TRANSFERRED_IN, "town-a"), 2);
}

/* ---- names and prints ---------------------------------------------------- */

static void tags_have_names(void **state)
{
    char buf[16];

    (void)state;
    assert_string_equal(dk_tag_text(DK_T_RECEIVED, DK_CH_VISIT, buf), "visit");
    assert_string_equal(dk_tag_text(DK_T_SETTLED, 1, buf), "mediated");
    assert_string_equal(dk_tag_text(DK_T_CHANGED, 1, buf), "re_review");
    assert_null(dk_tag_text(DK_T_URGED, 0, buf));
    assert_string_equal(dk_tag_text(DK_T_URGED, 1, buf), "not_accepted");
    assert_string_equal(dk_tag_text(DK_T_OVERDUE_END, day("2026-05-22"), buf),
                        "2026-05-22");
    assert_null(dk_tag_text(DK_T_ACCEPTED, 0, buf));
    assert_null(dk_tag_text(DK_T_RECEIVED, 99, buf));
}

static void a_print_is_of_the_whole_key(void **state)
{
    const struct dk_tally a = {DK_T_ACCEPTED, 20000, 20001, "u1", "c", 3, 1};
    struct dk_tally b[7];

    (void)state;
    for (int i = 0; i < 7; i++)
        b[i] = a;
    b[0].measure = DK_T_NOT_ACCEPTED;
    b[1].day++;
    b[2].known++;
    b[3].unit = "u2";
    b[4].category = "cc";
    b[5].tag++;
    b[6].unit = "u1c"; /* and no category: texts do not run together */
    b[6].category = "";
    for (int i = 0; i < 7; i++)
        assert_true(dk_tally_print(&a) != dk_tally_print(&b[i]));
    b[0] = a;
    b[0].n = 5;
    assert_true(dk_tally_print(&a) == dk_tally_print(&b[0]));
}

static void a_day_ends_at_midnight_of_the_office(void **state)
{
    (void)state;
    assert_int_equal(dk_local_day(at("2026-05-06T23:59"), CN_MIN),
                     day("2026-05-06"));
    assert_int_equal(dk_local_day(at("2026-05-07T00:00"), CN_MIN),
                     day("2026-05-07"));
    assert_int_equal(dk_local_day(at("2026-05-07T00:00"), 0),
                     day("2026-05-06"));
    assert_int_equal(dk_local_day(-1, 0), -1);
    assert_int_equal(dk_local_day(0, -1), -1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, open_office, close_office)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_matter_is_received_on_the_day_it_is_handed_in),
        CASE(history_counts_on_the_days_on_which_it_happened),
        CASE(what_the_office_settles_on_the_spot_is_its_own),
        CASE(one_evaluation_counts_the_latest),
        CASE(a_review_is_counted_with_the_unit_that_decided),
        CASE(accepted_without_notice_meets_nothing),
        CASE(notice_until_midnight_of_the_last_day_is_in_time),
        CASE(notice_at_midnight_after_the_last_day_is_late),
        CASE(passing_a_case_around_moves_no_limit),
        CASE(passed_on_when_late_it_stays_with_who_was_late),
        CASE(the_office_answers_for_what_passes_while_it_decides),
        CASE(an_extension_after_the_limit_changes_nothing),
        CASE(an_extension_before_the_limit_moves_it),
        CASE(a_limit_that_stands_still_is_not_due),
        CASE(a_claimed_time_gains_nothing),
        CASE(a_withdrawal_after_the_limit_leaves_it_late),
        CASE(a_withdrawal_before_the_limit_owes_nothing),
        CASE(closing_without_an_answer_concludes_nothing),
        CASE(refusing_to_register_is_received_and_overdue),
        CASE(close_and_refile_is_not_settled_the_first_time),
        CASE(after_ninety_days_it_is_another_matter),
        CASE(a_repeat_is_no_first_time_case),
        CASE(what_is_reopened_begins_anew),
        cmocka_unit_test(tags_have_names),
        cmocka_unit_test(a_print_is_of_the_whole_key),
        cmocka_unit_test(a_day_ends_at_midnight_of_the_office),
    };

    return cmocka_run_group_tests(tests, open_law, close_law);
}
