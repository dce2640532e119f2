/* Who must hear that a clock reached a rung, and in what words.  The law is
 * policy/xinfang-2022.json, the book policy/units-sample.json.
 */
#include "tests/support/lawwork.h"

#include "core/escalate.h"

#define NAMED "\"persons\":[{\"name\":\"甲\",\"phone\":\"13900000000\"}]"

struct duty {
    struct law *l;
    struct dk_book *b;
    struct dk_jw w; /* the latest answer */
};

static int setup_duty(void **state)
{
    struct duty *d = calloc(1, sizeof *d);
    struct dk_report r = {0};
    size_t len = 0;
    char *text = cw_read_file("policy/units-sample.json", &len);
    assert_non_null(d);
    d->b = dk_book_load("units-sample.json", text, len, &r);
    if (d->b == NULL)
        fail_msg("%s", r.text);
    dk_report_fini(&r);
    free(text);
    d->l = new_law(NULL);
    *state = d;
    return 0;
}

static int teardown_duty(void **state)
{
    struct duty *d = *state;
    free_law(d->l);
    dk_book_free(d->b);
    dk_jw_fini(&d->w);
    free(d);
    return 0;
}

/* With nyj, handled by nyj-gu, since 2 March 2026; `more` as in
 * cw_submit().  Accepted too: due at the end of Wed 6 May (test_policy.c).
 */
static void accepted(struct duty *d, const char *more)
{
    struct casework *w = &d->l->w;
    cw_submit(w, "2026-03-02T10:00:00+08:00", more);
    deadline(d->l);
    cw_act(w, NULL, "register", "{}");
    cw_act(w, NULL, "assign", "{\"unit\":\"nyj\",\"handler\":\"nyj-gu\"}");
    act(d->l, NULL, "transfer", "{\"unit\":\"nyj\"}");
    act(d->l, NULL, "accept", "{}");
}

/* The answer to event `e`. */
static const char *answer_to(struct duty *d, const struct dk_event *e)
{
    struct dk_problem why = {0};
    dk_jw_reset(&d->w);
    if (dk_escalate_answer(d->l->p, d->b, d->l->w.c, e, CN_MIN, &d->w, &why) !=
        0)
        fail_msg("%s %s", why.pointer, why.detail);
    return d->w.buf;
}

/* The answer to the first rung of `clock` that fires at `at`. */
static const char *fired(struct duty *d, const char *at, const char *clock)
{
    char want[80];
    (void)snprintf(want, sizeof want, "\"clock\":\"%s\"", clock);
    cw_fire(&d->l->w, at);
    for (size_t i = 0; i < d->l->w.last.n; i++) {
        if (strstr(d->l->w.last.v[i].body, want) != NULL)
            return answer_to(d, &d->l->w.last.v[i]);
    }
    fail_msg("clock \"%s\" did not fire at %s", clock, at);
    return NULL;
}

static void assert_says(const char *answer, const char *want)
{
    if (strstr(answer, want) == NULL)
        fail_msg("\"%s\" is not said in %s", want, answer);
}

static void a_warning_goes_to_the_handler(void **state)
{
    struct duty *d = *state;
    accepted(d, "");
    assert_string_equal(
        fired(d, "2026-04-12T00:00:00+08:00", "conclude"),
        "[{\"action\":\"alert\",\"clock\":\"conclude\",\"clock_no\":1,"
        "\"rung\":\"yellow\",\"level\":\"yellow\","
        "\"due_at\":\"2026-05-07T00:00:00.000+08:00\","
        "\"to\":[\"handler:nyj-gu\"],"
        "\"text\":{\"zh-CN\":\"【黄色预警】案件 330699-20260101-000001-4 "
        "的“办结”"
        "期限将于2026年5月6日24时届满，还有25天。责任单位："
        "青溪县农业农村局。\",\"en\":\"[yellow] Case "
        "330699-20260101-000001-4: the limit \\\"Conclude\\\" ends on 6 May "
        "2026 at 24:00, 25 days from now. Responsible unit: Bureau of "
        "Agriculture and Rural Affairs.\"}}]");
}

static void the_broker_takes_the_alert_once(void **state)
{
    struct duty *d = *state;
    accepted(d, "");
    char *answer = strdup(fired(d, "2026-04-12T00:00:00+08:00", "conclude"));
    assert_non_null(answer);
    cw_apply(&d->l->w, answer);
    assert_int_equal(d->l->w.last.n, 1);
    assert_int_equal(d->l->w.c->n_alert, 1);
    cw_apply(&d->l->w, answer); /* a second worker says the same */
    assert_int_equal(d->l->w.last.n, 0);
    assert_int_equal(d->l->w.c->n_alert, 1);
    free(answer);
}

static void what_is_late_climbs_the_ladder(void **state)
{
    struct duty *d = *state;
    const char *s;
    accepted(d, "");
    s = fired(d, "2026-05-07T00:00:00+08:00", "conclude");
    assert_says(s, "\"level\":\"overdue\",\"due_at\":");
    assert_says(
        s, "\"to\":[\"handler:nyj-gu\",\"unit_head:nyj-ju\",\"office:xfj\"]");
    assert_says(s, "已于2026年5月6日24时届满。");
    assert_says(s, "ended on 6 May 2026 at 24:00. ");
    s = fired(d, "2026-05-14T00:00:00+08:00", "conclude");
    assert_says(s, "\"level\":\"long_overdue\"");
    assert_says(s, "\"office:xfj\",\"leader:xz-fen\"]");
    assert_says(s, "届满，已超过7天。");
    assert_says(s, "建议督办。");
    assert_says(s, "7 days ago.");
    s = fired(d, "2026-06-06T00:00:00+08:00", "conclude");
    assert_says(s, "\"leader:xz-fen\",\"bulletin:nyj\"]");
    assert_says(s, "已超过30天");
}

static void a_day_is_a_day_and_not_days(void **state)
{
    struct duty *d = *state;
    accepted(d, "");
    /* The last second of the last day: that day is still left. */
    assert_says(fired(d, "2026-05-06T23:59:59+08:00", "conclude"), "还有1天");
    assert_says(d->w.buf, ", 1 day from now.");
}

static void before_the_transfer_the_office_is_to_blame(void **state)
{
    struct duty *d = *state;
    submit(d->l, "2026-03-02T10:00:00+08:00");
    assert_says(fired(d, "2026-03-13T00:00:00+08:00", "transfer"),
                "\"to\":[\"office:xfj\"]");
    assert_null(strstr(d->w.buf, "责任单位"));
    assert_says(fired(d, "2026-04-17T00:00:00+08:00", "transfer"),
                "\"rung\":\"overdue\",\"level\":\"overdue\",");
    assert_says(d->w.buf, "\"to\":[\"office:xfj\",\"leader:xz-fen\"]");
}

static void who_is_complained_about_hears_nothing(void **state)
{
    struct duty *d = *state;
    const char *s;
    /* The head of nyj, by name, and the county's leader, by id. */
    accepted(d, "\"respondents\":[{\"officer\":\"田守成\"},"
                "{\"officer\":\"xz-fen\"}]");
    s = fired(d, "2026-05-14T00:00:00+08:00", "conclude");
    assert_says(s, "\"to\":[\"handler:nyj-gu\",\"unit_head:xz-shen\","
                   "\"office:xfj\"]");
    /* The step after it, which tells the leader of others. */
    s = answer_to(d, &d->l->w.last.v[d->l->w.last.n - 1]);
    assert_says(s, "\"rung\":\"overdue_7\"");
    assert_null(strstr(s, "nyj-ju"));
    assert_null(strstr(s, "xz-fen"));
}

static void somebody_always_hears_of_it(void **state)
{
    struct duty *d = *state;
    accepted(d, "");
    /* A unit that the book does not know, and no handler. */
    cw_act(&d->l->w, NULL, "assign", "{\"unit\":\"elsewhere\"}");
    assert_says(fired(d, "2026-04-12T00:00:00+08:00", "conclude"),
                "\"to\":[\"office:xfj\"]");
    assert_says(d->w.buf, "责任单位：elsewhere。");
}

static void a_petitioner_is_reminded_by_case_number_only(void **state)
{
    struct duty *d = *state;
    accepted(d, "");
    act(d->l, "2026-04-01T09:00:00+08:00", "answer",
        "{\"text\":\"t\",\"legal_basis\":\"b\"}");
    assert_says(fired(d, "2026-04-22T00:00:00+08:00", "review-window"),
                "\"level\":\"reminder\",");
    assert_says(d->w.buf, "\"to\":[\"petitioner:330699-20260101-000001-4\"]");
    assert_says(d->w.buf, "【提醒】");
    /* The window's end closes the case and alerts nobody. */
    assert_string_equal(fired(d, "2026-05-07T00:00:00+08:00", "review-window"),
                        "[]");
}

static void a_right_that_is_gone_is_not_reminded_of(void **state)
{
    struct duty *d = *state;
    cw_submit(&d->l->w, "2026-03-02T10:00:00+08:00", "");
    deadline(d->l);
    cw_act(&d->l->w, NULL, "register", "{}");
    act(d->l, NULL, "transfer", "{\"unit\":\"nyj\"}");
    /* Three working days: Thu 5 March. */
    assert_says(fired(d, "2026-03-06T00:00:00+08:00", "object"),
                "\"rung\":\"remind\",\"level\":\"reminder\",");
    /* The head stands in for a handler that nobody named, and is told once. */
    assert_says(d->w.buf, "\"to\":[\"unit_head:nyj-ju\"]");
    accepted(d, "");
    assert_string_equal(fired(d, "2026-03-06T00:00:00+08:00", "object"), "[]");
}

/* ---- told again ---- */

static void what_is_overdue_is_told_again_each_day(void **state)
{
    struct duty *d = *state;
    struct casework *w = &d->l->w;
    const char *s;
    accepted(d, "");
    cw_apply(w, fired(d, "2026-05-07T00:00:00+08:00", "conclude"));
    assert_int_equal(w->c->n_alert, 1);
    s = fired(d, "2026-05-08T00:00:00+08:00", "conclude");
    assert_says(s, "\"rung\":\"repeat\",\"level\":\"overdue\",");
    assert_says(s, "\"times\":1,\"to\":[\"handler:nyj-gu\","
                   "\"unit_head:nyj-ju\",\"office:xfj\"]");
    assert_says(s, "已超过1天。责任单位：青溪县农业农村局。第1次催报，");
    assert_says(s, "Told again, number 1;");
    cw_apply(w, s);
    assert_int_equal(w->c->n_alert, 2);
    /* Each takes the place of the one before; the first stays. */
    for (int day = 9; day <= 12; day++) {
        char at[DK_TIME_MAX];
        (void)snprintf(at, sizeof at, "2026-05-%02dT00:00:00+08:00", day);
        cw_apply(w, fired(d, at, "conclude"));
        assert_int_equal(w->last.n, 1);
        assert_int_equal(w->c->n_alert, 2);
        assert_int_equal(w->c->alert[1], w->c->n);
    }
}

static void a_repetition_says_how_far_it_has_come(void **state)
{
    struct duty *d = *state;
    accepted(d, "");
    (void)fired(d, "2026-05-14T00:00:00+08:00", "conclude");
    assert_says(fired(d, "2026-05-15T00:00:00+08:00", "conclude"),
                "\"rung\":\"repeat\",\"level\":\"long_overdue\",");
}

static void after_somebody_acted_nothing_is_told_again(void **state)
{
    struct duty *d = *state;
    struct dk_event again;
    accepted(d, "");
    (void)fired(d, "2026-05-07T00:00:00+08:00", "conclude");
    (void)fired(d, "2026-05-08T00:00:00+08:00", "conclude");
    again = d->l->w.last.v[d->l->w.last.n - 1];
    d->l->w.last.n--; /* kept here */
    cw_act(&d->l->w, "2026-05-08T09:00:00+08:00", "answer",
           "{\"text\":\"t\",\"legal_basis\":\"b\"}");
    assert_string_equal(answer_to(d, &again), "[]");
    dk_event_fini(&again);
}

static void an_alert_of_a_number_that_was_replaced_is_told(void **state)
{
    struct duty *d = *state;
    struct casework *w = &d->l->w;
    struct dk_event late;
    cw_submit(w, "2026-03-02T10:00:00+08:00", NAMED);
    deadline(d->l);
    cw_act(w, NULL, "register", "{}");
    act(d->l, NULL, "transfer", "{\"unit\":\"nyj\"}");
    cw_fire(w, "2026-03-18T00:00:00+08:00");
    late = w->last.v[w->last.n - 1];
    w->last.n--;
    assert_says(late.body, "\"clock\":\"notice\"");
    /* Passed on before the alert was written. */
    act(d->l, "2026-03-18T00:00:01+08:00", "transfer", "{\"unit\":\"jyj\"}");
    assert_int_equal(cw_clock(w, "notice")->no, 2);
    cw_apply(w, answer_to(d, &late));
    assert_int_equal(w->last.n, 1);
    assert_says(w->last.v[0].body, "\"clock_no\":1,\"rung\":\"overdue\"");
    assert_says(w->last.v[0].body,
                "\"due_at\":\"2026-03-18T00:00:00.000+08:00\"");
    assert_int_equal(w->c->n_alert, 1);
    dk_event_fini(&late);
}

static void other_events_are_nobodys_alert(void **state)
{
    struct duty *d = *state;
    submit(d->l, "2026-03-02T10:00:00+08:00");
    assert_string_equal(answer_to(d, &d->l->w.last.v[0]), "[]");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_duty, teardown_duty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_warning_goes_to_the_handler),
        T(the_broker_takes_the_alert_once),
        T(what_is_late_climbs_the_ladder),
        T(a_day_is_a_day_and_not_days),
        T(before_the_transfer_the_office_is_to_blame),
        T(who_is_complained_about_hears_nothing),
        T(somebody_always_hears_of_it),
        T(a_petitioner_is_reminded_by_case_number_only),
        T(a_right_that_is_gone_is_not_reminded_of),
        T(what_is_overdue_is_told_again_each_day),
        T(a_repetition_says_how_far_it_has_come),
        T(after_somebody_acted_nothing_is_told_again),
        T(an_alert_of_a_number_that_was_replaced_is_told),
        T(other_events_are_nobodys_alert),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
