/* What the petitioner is told they may do: what decide() allows, and until the
 * instant at which it stops allowing it.
 */
#include "core/steps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/clock_kit.h"

static const struct limit window = {.id = "review_window",
                                    .due = 30,
                                    .on_due = "close",
                                    .stops = "\"review_asked\",\"closed\""};

/* "ask_review:30 withdraw": each step with the day on which its time ends. */
static const char *told(const struct kit *k, int day)
{
    static char text[200];
    struct dk_step step[DK_STEP_N];
    int n = dk_case_steps(k->c, DAYS(day), step);
    size_t len = 0;

    text[0] = '\0';
    for (int i = 0; i < n; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
                                i > 0 ? " " : "", dk_step_names[step[i].kind]);
        if (step[i].until != DK_NEVER)
            len += (size_t)snprintf(
                text + len, sizeof(text) - len, ":%lld",
                (long long)((step[i].until - KIT_T0) / DK_DAY));
    }
    return text;
}

static void each_state_has_its_steps(void **state)
{
    static const struct {
        enum dk_state s;
        const char *steps;
    } t[] = {
        {DK_S_SUBMITTED, "withdraw"},
        {DK_S_TRANSFERRED, "withdraw"},
        {DK_S_ACCEPTED, "withdraw"},
        {DK_S_ANSWERED, "evaluate ask_review withdraw"},
        {DK_S_NOT_ACCEPTED, "ask_review"},
        {DK_S_REVIEWED, "evaluate ask_re_review withdraw"},
        {DK_S_ENDED, "evaluate"},
        {DK_S_WITHDRAWN, ""},
        {DK_S_DISCIPLINE, ""},
        /* Closed, and no time runs: it is too late to ask. */
        {DK_S_CLOSED, "evaluate"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct kit k;

        begin(&k, t[i].s);
        assert_string_equal(told(&k, 1), t[i].steps);
        end(&k);
    }
}

static void a_window_says_when_it_ends_and_is_gone_then(void **state)
{
    struct kit k;

    (void)state;
    begin(&k, DK_S_ANSWERED);
    assert_int_equal(set(&k, &window), 0);
    assert_string_equal(told(&k, 29), "evaluate ask_review:30 withdraw");
    assert_string_equal(told(&k, 30), "evaluate withdraw");
    /* decide() is of the same mind. */
    k.env.now = DAYS(30);
    assert_int_equal(kit_do(&k, DK_ACT_ASK_REVIEW, "{\"grounds\":\"x\"}"),
                     DK_ELIMIT);
    k.env.now = DAYS(30) - 1;
    assert_int_equal(kit_do(&k, DK_ACT_ASK_REVIEW, "{\"grounds\":\"x\"}"), 0);
    assert_string_equal(told(&k, 29), "withdraw");
    end(&k);
}

static void a_limit_of_the_office_ends_no_right(void **state)
{
    static const struct limit duty = {
        .id = "notice", .due = 5, .stops = "\"review_asked\""};
    struct kit k;

    (void)state;
    begin(&k, DK_S_ANSWERED);
    assert_int_equal(set(&k, &duty), 0);
    assert_string_equal(told(&k, 9), "evaluate ask_review withdraw");
    end(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_state_has_its_steps),
        cmocka_unit_test(a_window_says_when_it_ends_and_is_gone_then),
        cmocka_unit_test(a_limit_of_the_office_ends_no_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
