/* docketctl does not link core/: the words and fields that it knows by heart
 * are compared with core's here, so that neither can drift.
 */
#include "clients/docketctl/actions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clients/docketctl/opts.h"
#include "clients/docketctl/text.h"
#include "core/decide.h"
#include "proto/caseno.h"

static void the_words_are_those_of_core(void **state)
{
    (void)state;
    for (int s = 0; s < DK_S_N; s++)
        assert_string_equal(word_zh(dk_state_name((enum dk_state)s)),
                            dk_state_zh((enum dk_state)s));
    for (int e = 0; e < DK_EV_N; e++)
        assert_string_equal(event_zh(dk_ev_name((enum dk_ev)e)),
                            dk_ev_zh((enum dk_ev)e));
    assert_string_equal(word_zh("of-tomorrow"), "of-tomorrow");
}

static void every_action_of_a_client_is_known_and_no_other(void **state)
{
    int known = 0;

    (void)state;
    for (int a = 0; a < DK_ACT_N; a++) {
        const char *name = dk_action_name((enum dk_action)a);
        bool client = (dk_action_who((enum dk_action)a) & DK_BY_CLIENT) != 0;
        struct dk_problem p = {0};
        assert_int_equal(action_find(name, &p) != NULL, client);
        known += client;
    }
    for (const struct action *a = actions; a->name != NULL; a++)
        known--;
    assert_int_equal(known, 0);
}

/* A case far enough along for `a`, so that only its fields can be wrong. */
static struct dk_case *case_for(enum dk_action a)
{
    struct dk_case *c = dk_case_new();

    assert_non_null(c);
    c->n = 9;
    c->key = dk_case_key((struct dk_date){2026, 5, 6}, 1);
    (void)snprintf(c->unit, sizeof(c->unit), "u");
    c->last_n[DK_EV_ACCEPTED] = 2; /* there are papers to hand over */
    c->last_n[DK_EV_ANSWERED] = 3;
    c->repeat_of = dk_case_key((struct dk_date){2026, 5, 5}, 1);
    c->n_co = 1;
    (void)snprintf(c->co[0].unit, sizeof(c->co[0].unit), "u-2");
    c->n_clock = 1;
    c->clock[0] = (struct dk_clock){.id = "conclude",
                                    .no = 1,
                                    .basis = 1,
                                    .due_at = DK_NEVER / 2,
                                    .stopped_at = DK_NEVER,
                                    .extend_times = 1,
                                    .extend_days = 30,
                                    .n_rung = 1};
    (void)snprintf(c->clock[0].rung[0].id, DK_RUNG_ID, "overdue");
    c->clock[0].rung[0].at = c->clock[0].due_at;
    c->clock[0].late = a == DK_ACT_MUTE; /* nothing else can be muted */
    for (int s = DK_S_SUBMITTED; s < DK_S_N; s++) {
        bool late = s == DK_S_CLOSED &&
                    (a == DK_ACT_ASK_REVIEW || a == DK_ACT_ASK_RE_REVIEW);

        if (!late && dk_fsm_next((enum dk_state)s, dk_action_event(a)) >= 0)
            c->state = (enum dk_state)s;
    }
    return c;
}

static int decide(enum dk_action a, const char *args, struct dk_problem *p)
{
    struct dk_case *c = case_for(a);
    struct dk_env env = {
        .now = dk_days_from_date((struct dk_date){2026, 5, 6}) * DK_DAY};
    struct dk_command cmd = {.action = a,
                             .by = DK_BY_CLIENT,
                             .actor = "officer:li",
                             .claimed = DK_NEVER};
    struct dk_events out = {0};
    cJSON *o = cJSON_Parse(args);

    assert_non_null(o);
    cmd.args = o;
    int rc = dk_decide(c, &cmd, &env, &out, p);
    dk_events_fini(&out);
    cJSON_Delete(o);
    dk_case_free(c);
    return rc;
}

/* What may stand there, in a case such as case_for() makes. */
static const char *sample(const struct action *a, const struct field *f)
{
    if (strcmp(f->name, "clock") == 0)
        return "conclude";
    if (strcmp(f->name, "event") == 0)
        return "submitted";
    if (strcmp(f->name, "unit") == 0 && strcmp(a->name, "answer") == 0)
        return "u";
    if (strcmp(f->name, "unit") == 0 &&
        (strcmp(a->name, "remove_co_handler") == 0 ||
         strcmp(a->name, "give_opinion") == 0))
        return "u-2";
    switch (f->kind) {
    case FIELD_INT:
        return "3";
    case FIELD_IDS:
        return "zhang,li";
    case FIELD_ENUM:
        return f->names[0];
    case FIELD_TIME:
        return "2026-05-20T00:00:00+08:00";
    case FIELD_CASE:
        return "330699-20260505-000001-1";
    case FIELD_TEXT:
    case FIELD_ID:
    case FIELD_END:
        return "x";
    }
    return "x";
}

/* Every field of `a` but `without`; the field `with` as `value`. */
static char *body_with(const struct action *a, const char *without,
                       const char *with, const char *value)
{
    struct dk_jw w = {0};
    struct dk_problem p = {0};

    dk_jw_obj(&w, NULL);
    for (const struct field *f = a->field; f->kind != FIELD_END; f++) {
        bool other = strcmp(a->name, "assign") == 0 &&
                     strcmp(f->name, "handler") == 0; /* or candidates */
        const char *v = strcmp(f->name, with) == 0 ? value : sample(a, f);
        if (strcmp(f->name, without) != 0 && !other)
            assert_int_equal(action_write(a, f->name, v, &w, &p), 0);
    }
    dk_jw_end_obj(&w);
    return dk_jw_take(&w, NULL);
}

static char *body_of(const struct action *a, const char *without)
{
    return body_with(a, without, "", "");
}

static void
core_takes_what_docketctl_writes_and_misses_what_it_needs(void **state)
{
    (void)state;
    for (const struct action *a = actions; a->name != NULL; a++) {
        enum dk_action act = (enum dk_action)dk_action_from_name(a->name);
        struct dk_problem p = {0};
        char *all = body_of(a, "");
        int rc = decide(act, all, &p);
        if (rc == DK_EFIELD)
            fail_msg("%s %s: %s %s", a->name, all, p.pointer, p.detail);
        free(all);
        for (const struct field *f = a->field; f->kind != FIELD_END; f++) {
            char *less = body_of(a, f->name);
            rc = decide(act, less, &p);
            if (f->need != FIELD_MAY && rc != DK_EFIELD)
                fail_msg("%s needs %s, but core does not", a->name, f->name);
            if (f->need == FIELD_MAY && rc == DK_EFIELD &&
                strstr(p.pointer, f->name))
                fail_msg("core needs %s of %s", f->name, a->name);
            free(less);
        }
    }
}

static void core_takes_every_name_that_docketctl_offers(void **state)
{
    int names = 0;

    (void)state;
    for (const struct action *a = actions; a->name != NULL; a++) {
        enum dk_action act = (enum dk_action)dk_action_from_name(a->name);
        for (const struct field *f = a->field; f->kind != FIELD_END; f++) {
            for (int i = 0; f->kind == FIELD_ENUM && f->names[i] != NULL; i++) {
                struct dk_problem p = {0};
                char *all = body_with(a, "", f->name, f->names[i]);
                int rc = decide(act, all, &p);
                if (rc == DK_EFIELD)
                    fail_msg("%s %s: %s", a->name, all, p.detail);
                free(all);
                names++;
            }
        }
    }
    assert_true(names > 50);
}

/* "rule=x why=y" as a shell would split it. */
static void the_examples_of_the_help_are_right(void **state)
{
    int examples = 0;

    (void)state;
    for (const struct action *a = actions; a->name != NULL; a++) {
        char usage[ACTION_USAGE], line[400];
        struct dk_problem p = {0};
        struct dk_jw w = {0};

        action_usage(a, usage, sizeof usage);
        assert_true(strlen(usage) < sizeof usage - 1);
        assert_true((a->note_en == NULL) == (a->note_zh == NULL));
        if (a->example == NULL)
            continue;
        examples++;
        (void)snprintf(line, sizeof line, "%s", a->example);
        dk_jw_obj(&w, NULL);
        for (char *pair = strtok(line, " "); pair != NULL;
             pair = strtok(NULL, " ")) {
            char *eq = strchr(pair, '=');
            assert_non_null(eq);
            *eq = '\0';
            if (action_write(a, pair, eq + 1, &w, &p) != 0)
                fail_msg("%s %s: %s", a->name, pair, p.detail);
        }
        for (const struct field *f = a->field; f->kind != FIELD_END; f++) {
            char member[80];
            (void)snprintf(member, sizeof member, "\"%s\":", f->name);
            if (f->need != FIELD_MAY && strstr(w.buf, member) == NULL)
                fail_msg("the example of %s lacks %s", a->name, f->name);
        }
        dk_jw_fini(&w);
    }
    assert_true(examples > 15);
}

static void values_are_typed_by_their_field(void **state)
{
    const struct action *a = action_find("assign", NULL);
    struct dk_problem p = {0};
    struct dk_jw w = {0};

    (void)state;
    dk_jw_obj(&w, NULL);
    assert_int_equal(action_write(a, "unit", "u-1", &w, &p), 0);
    assert_int_equal(action_write(a, "candidates", "zhang,li", &w, &p), 0);
    dk_jw_end_obj(&w);
    assert_string_equal(w.buf,
                        "{\"unit\":\"u-1\",\"candidates\":[\"zhang\",\"li\"]}");
    dk_jw_fini(&w);
}

static void slips_are_told_with_what_was_meant(void **state)
{
    struct dk_problem p = {0};
    struct dk_jw w = {0};
    const struct action *extend = action_find("extend", &p);
    const struct action *review = action_find("review", &p);

    (void)state;
    assert_null(action_find("acept", &p));
    assert_non_null(strstr(p.detail, "'accept'"));
    assert_null(action_find("fly", &p));
    assert_null(action_find("clock", &p)); /* only workers may */
    assert_int_equal(action_write(extend, "dayss", "3", &w, &p), DK_EFIELD);
    assert_non_null(strstr(p.detail, "'days'"));
    assert_int_equal(action_write(extend, "zzzzzz", "3", &w, &p), DK_EFIELD);
    assert_non_null(strstr(p.detail, "approved_by=ID"));
    assert_int_equal(action_write(extend, "days", "366", &w, &p), DK_EFIELD);
    assert_int_equal(action_write(extend, "days", "3x", &w, &p), DK_EFIELD);
    assert_int_equal(action_write(extend, "reason", "", &w, &p), DK_EFIELD);
    assert_int_equal(action_write(extend, "reason", "\xff", &w, &p), DK_EFIELD);
    assert_int_equal(action_write(review, "result", "maybe", &w, &p),
                     DK_EFIELD);
    assert_string_equal(p.detail,
                        "result is upheld, changed or revoked, not 'maybe'");
    const struct action *assign = action_find("assign", &p);
    assert_int_equal(action_write(assign, "candidates", "a,,b", &w, &p),
                     DK_EFIELD);
    assert_int_equal(action_write(assign, "candidates", "a,", &w, &p),
                     DK_EFIELD);
    dk_jw_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_words_are_those_of_core),
        cmocka_unit_test(every_action_of_a_client_is_known_and_no_other),
        cmocka_unit_test(
            core_takes_what_docketctl_writes_and_misses_what_it_needs),
        cmocka_unit_test(core_takes_every_name_that_docketctl_offers),
        cmocka_unit_test(the_examples_of_the_help_are_right),
        cmocka_unit_test(values_are_typed_by_their_field),
        cmocka_unit_test(slips_are_told_with_what_was_meant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
