#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/roles.h"

/* The table once more, by role: a column for each of kiosk, assign, deadline,
 * escalate, handler, supervisor, auditor, administrator, relay, monitor, in
 * that order.
 */
static const struct expected {
    const char *message, *cells;
} clients[] = {
    {"hello", "xxxxxxxxxx"},           {"clock.now", "xxxxxxxxxx"},
    {"case.submit", "x....x.xx."},     {"case.query", "x....x.x.."},
    {"case.get", "....xxxxx."},        {"case.list", "....xxxx.."},
    {"case.events", "....xxxxx."},     {"case.act", "....xx.xx."},
    {"case.export", ".....xxx.."},     {"person.get", "....xx.xx."},
    {"person.erase", ".....x.x.."},    {"alert.list", "....xxxx.."},
    {"alert.ack", "....xx.x.."},       {"clock.list", "....xxxx.."},
    {"tally.list", ".....xxx.."},      {"task.list", ".......x.."},
    {"task.get", ".......x.."},        {"task.retry", ".......x.."},
    {"task.drop", ".......x.."},       {"worker.list", ".....xxx.."},
    {"office.list", ".....xxx.."},     {"office.ack", ".....x.x.."},
    {"stats", ".....xxx.x"},           {"verify", "......xx.."},
    {"events.follow", ".....xxxx."},   {"events.credit", ".....xxxx."},
    {"events.stop", ".....xxxx."},     {"checkpoint.make", "......xx.."},
    {"checkpoint.list", ".....xxx.."}, {"seal.rotate", ".......x.."},
    {"backup.start", ".......x.."},    {"backup.status", ".....xxx.."},
    {"keys.list", "......xx.."},       {"keys.allow", ".......x.."},
    {"keys.revoke", ".......x.."},     {"clock.set", ".......x.."},
    {"clock.advance", ".......x.."},
};
static const struct expected workers[] = {
    {"hello", ".xxx......"},     {"result", ".xxx......"},
    {"fail", ".xxx......"},      {"extend", ".xxx......"},
    {"heartbeat", ".xxx......"}, {"bye", ".xxx......"},
};
#define N(t) (sizeof(t) / sizeof((t)[0]))

static void walk(enum dk_door door, const struct expected *t, size_t n)
{
    unsigned may;

    for (size_t i = 0; i < n; i++) {
        for (int r = 0; r < DK_ROLE_N; r++) {
            struct dk_who who = {.roles = 1u << r};
            if (dk_may(&who, door, t[i].message) != (t[i].cells[r] == 'x'))
                fail_msg("%s, %s", t[i].message, dk_role_name(1u << r));
        }
    }
    for (size_t i = 0; dk_roles_row(door, i, &may) != NULL; i++) {
        size_t j = 0;
        while (j < n && strcmp(t[j].message, dk_roles_row(door, i, &may)) != 0)
            j++;
        if (j == n)
            fail_msg("%s is in no row here", dk_roles_row(door, i, &may));
    }
}

static void every_cell_of_the_messages(void **state)
{
    (void)state;
    walk(DK_DOOR_CLIENT, clients, N(clients));
    walk(DK_DOOR_WORKER, workers, N(workers));
}

static void what_is_not_in_the_table_is_refused(void **state)
{
    struct dk_who all = {.roles = DK_ROLES_ALL};
    struct dk_who nobody = {.name = "x", .roles = 0};
    unsigned may;

    (void)state;
    assert_false(dk_may(&all, DK_DOOR_CLIENT, "case.steal"));
    assert_false(dk_may(&all, DK_DOOR_CLIENT, ""));
    assert_false(dk_may(&all, DK_DOOR_CLIENT, "result"));
    assert_false(dk_may(&all, DK_DOOR_WORKER, "case.get"));
    for (size_t i = 0; dk_roles_row(DK_DOOR_CLIENT, i, &may) != NULL; i++)
        assert_false(dk_may(&nobody, DK_DOOR_CLIENT,
                            dk_roles_row(DK_DOOR_CLIENT, i, &may)));
    assert_false(dk_may_serve(&all, -1));
    assert_false(dk_may_serve(&all, DK_SVC_N));
    assert_false(dk_may_act(&all, DK_ACT_N));
}

/* By action: 'o' the office only, 'u' the unit in charge too, 'b' one beside it
 * too, '-' nobody (the broker's or the workers' own).  And where a relay may as
 * well: 'r' beside 'u', 't' beside 'o', both in the cases of its unit; 'c'
 * beside 'o', also in those that it brought or passed on.
 */
static const char *const actions[] = {
    "-submit",
    "oregister",
    "oassign",
    "otransfer",
    "ohand_over",
    "osend_to_discipline",
    "robject",
    "ouphold_objection",
    "orefuse_objection",
    "raccept",
    "rnot_accept",
    "rextend",
    "rsuspend",
    "rresume",
    "rreport",
    "ranswer",
    "oask_review",
    "ureview",
    "oask_re_review",
    "ure_review",
    "uclose",
    "twithdraw",
    "oreopen",
    "oevaluate",
    "ourge",
    "uanswer_urge",
    "rgive_notice",
    "uinform",
    "rdeliver",
    "rsettle",
    "uadd_co_handler",
    "oremove_co_handler",
    "bgive_opinion",
    "olink",
    "ounlink",
    "-note_repeat",
    "uprioritise",
    "omute",
    "-clock",
    "-alert",
    "uack_alert",
    "-fire",
    "-read_person",
    "-erase_person",
    "crelay",
};

static void the_case(struct dk_case *c)
{
    memset(c, 0, sizeof(*c));
    strcpy(c->unit, "u-1");
    c->n_co = 1;
    strcpy(c->co[0].unit, "u-2");
    c->n_respondent = 2;
    strcpy(c->respondent[0].unit, "u-9");
    strcpy(c->respondent[1].unit, "u-8");
    strcpy(c->respondent[1].officer, "zhao");
    strcpy(c->from_unit, "u-6");
    strcpy(c->relayed_unit, "u-7");
}

static void every_cell_of_the_actions(void **state)
{
    static struct dk_case c;

    (void)state;
    the_case(&c);
    assert_int_equal(N(actions), DK_ACT_N);
    for (size_t i = 0; i < N(actions); i++) {
        int a = dk_action_from_name(actions[i] + 1);
        char k = actions[i][0];
        bool carries = k == 'c';
        bool relays = k == 'r' || k == 't' || carries;
        assert_true(a >= 0);
        for (int r = 0; r < DK_ROLE_N; r++) {
            struct dk_who w = {.name = "li", .roles = 1u << r};
            bool office = k != '-' && (w.roles == DK_ROLE_SUPERVISOR ||
                                       w.roles == DK_ROLE_ADMINISTRATOR);
            bool handler = (k == 'u' || k == 'b' || k == 'r') &&
                           w.roles == DK_ROLE_HANDLER;
            bool relay = relays && w.roles == DK_ROLE_RELAY;
            if (dk_may_act(&w, (enum dk_action)a) !=
                (office || handler || relay))
                fail_msg("%s, %s", actions[i], dk_role_name(w.roles));
            assert_int_equal(dk_may_act_on(&w, (enum dk_action)a, &c), office);
            strcpy(w.unit, "u-1");
            assert_int_equal(dk_may_act_on(&w, (enum dk_action)a, &c),
                             office || handler || relay);
            strcpy(w.unit, "u-2");
            assert_int_equal(dk_may_act_on(&w, (enum dk_action)a, &c),
                             office || (handler && k == 'b'));
            strcpy(w.unit, "u-3");
            assert_int_equal(dk_may_act_on(&w, (enum dk_action)a, &c), office);
            strcpy(w.unit, "u-6");
            assert_int_equal(dk_may_act_on(&w, (enum dk_action)a, &c),
                             office || (relay && carries));
            strcpy(w.unit, "u-7");
            assert_int_equal(dk_may_act_on(&w, (enum dk_action)a, &c),
                             office || (relay && carries));
        }
    }
}

static bool asks(bool (*fn)(const struct dk_who *, const struct dk_case *),
                 unsigned roles, const char *name, const char *unit)
{
    static struct dk_case c;
    struct dk_who w = {.roles = roles};

    the_case(&c);
    strcpy(w.name, name);
    strcpy(w.unit, unit);
    return fn(&w, &c);
}

static bool sees(unsigned roles, const char *name, const char *unit)
{
    return asks(dk_sees, roles, name, unit);
}

static void who_is_complained_about_sees_nothing(void **state)
{
    static const unsigned may_see =
        DK_ROLE_HANDLER | DK_ROLE_SUPERVISOR | DK_ROLE_AUDITOR;

    (void)state;
    for (int r = 0; r < DK_ROLE_N; r++) {
        unsigned role = 1u << r;
        bool admin = role == DK_ROLE_ADMINISTRATOR;
        bool office =
            admin || role == DK_ROLE_SUPERVISOR || role == DK_ROLE_AUDITOR;
        bool handler = role == DK_ROLE_HANDLER;
        bool relay = role == DK_ROLE_RELAY;
        assert_int_equal(sees(role, "li", "u-1"), office || handler || relay);
        assert_int_equal(sees(role, "li", "u-2"), office || handler);
        assert_int_equal(sees(role, "li", "u-6"), office || relay);
        assert_int_equal(sees(role, "li", "u-7"), office || relay);
        assert_int_equal(sees(role, "li", "u-3"), office);
        assert_int_equal(sees(role, "li", ""), office);
        assert_int_equal(sees(role, "zhao", "u-1"), admin);
        assert_int_equal(sees(role, "zhao", ""), admin);
        assert_int_equal(sees(role, "li", "u-9"), admin);
        assert_int_equal(sees(role, "li", "u-8"), admin);
    }
    assert_false(sees(may_see, "zhao", "u-1"));
    assert_false(sees(may_see, "li", "u-9"));
}

static bool reads(unsigned roles, const char *name, const char *unit)
{
    return asks(dk_may_read_person, roles, name, unit);
}

/* Two roles never read more than the one of them that may. */
static void who_the_petitioners_are_is_for_few(void **state)
{
    static const unsigned office = DK_ROLE_SUPERVISOR | DK_ROLE_ADMINISTRATOR;

    (void)state;
    for (unsigned roles = 0; roles <= DK_ROLES_ALL; roles++) {
        bool admin = (roles & DK_ROLE_ADMINISTRATOR) != 0;
        bool of_office = (roles & office) != 0;
        bool handler = (roles & (DK_ROLE_HANDLER | DK_ROLE_RELAY)) != 0;
        assert_int_equal(reads(roles, "li", "u-1"), of_office || handler);
        assert_int_equal(reads(roles, "li", "u-6"), of_office);
        assert_int_equal(reads(roles, "li", "u-2"), of_office);
        assert_int_equal(reads(roles, "li", "u-3"), of_office);
        assert_int_equal(reads(roles, "li", ""), of_office);
        assert_int_equal(reads(roles, "zhao", "u-1"), admin);
        assert_int_equal(reads(roles, "li", "u-9"), admin);
    }
}

static void a_repeat_is_linked_but_by_who_is_complained_about(void **state)
{
    static struct dk_case c;

    (void)state;
    the_case(&c);
    for (int r = 0; r < DK_ROLE_N; r++) {
        struct dk_who w = {.name = "hall", .roles = 1u << r};
        bool admin = w.roles == DK_ROLE_ADMINISTRATOR;
        assert_true(dk_may_repeat(&w, &c));
        strcpy(w.unit, "u-1");
        assert_true(dk_may_repeat(&w, &c));
        strcpy(w.unit, "u-9");
        assert_int_equal(dk_may_repeat(&w, &c), admin);
        strcpy(w.unit, "u-8");
        assert_int_equal(dk_may_repeat(&w, &c), admin);
        strcpy(w.unit, "");
        strcpy(w.name, "zhao");
        assert_int_equal(dk_may_repeat(&w, &c), admin);
    }
}

/* A relay carries what it brought also when the place that it comes from is
 * complained about; but it reads nobody's name there.
 */
static void a_relay_carries_whoever_is_complained_about(void **state)
{
    static struct dk_case c;
    struct dk_who w = {.name = "qx", .roles = DK_ROLE_RELAY, .unit = "u-9"};

    (void)state;
    the_case(&c);
    assert_false(dk_sees(&w, &c));
    strcpy(c.from_unit, "u-9");
    assert_true(dk_sees(&w, &c));
    assert_true(dk_may_act_on(&w, DK_ACT_RELAY, &c));
    assert_false(dk_may_act_on(&w, DK_ACT_ACCEPT, &c));
    strcpy(c.unit, "u-9");
    assert_false(dk_may_read_person(&w, &c));
    w.unit[0] = '\0';
    c.from_unit[0] = '\0';
    assert_false(dk_sees(&w, &c));
}

static void only_a_relay_brings_what_is_from_elsewhere(void **state)
{
    struct dk_submit ours = {0}, theirs = {.from = "330699-20260501-000001-7"};

    (void)state;
    for (int r = 0; r < DK_ROLE_N; r++) {
        struct dk_who w = {.name = "x", .roles = 1u << r, .unit = "u"};
        bool relay = w.roles == DK_ROLE_RELAY;
        bool office = w.roles == DK_ROLE_KIOSK ||
                      w.roles == DK_ROLE_SUPERVISOR ||
                      w.roles == DK_ROLE_ADMINISTRATOR;
        assert_int_equal(dk_may_bring(&w, &theirs), relay);
        assert_int_equal(dk_may_bring(&w, &ours), office);
    }
}

static void nobody_acts_in_anothers_name(void **state)
{
    struct dk_who qx = {.name = "qx", .roles = DK_ROLE_RELAY, .unit = "shi"};
    struct dk_who li = {.name = "li", .roles = DK_ROLE_SUPERVISOR};
    struct dk_who admin = {.name = "root", .roles = DK_ROLE_ADMINISTRATOR};

    (void)state;
    assert_true(dk_may_be(&li, "officer:li"));
    assert_false(dk_may_be(&li, "officer:lin"));
    assert_false(dk_may_be(&li, "officer:l"));
    assert_false(dk_may_be(&li, "officer:"));
    assert_false(dk_may_be(&li, "unit:li"));
    assert_false(dk_may_be(&li, "petitioner:self"));
    assert_false(dk_may_be(&li, "li"));
    assert_true(dk_may_be(&qx, "unit:shi"));
    assert_false(dk_may_be(&qx, "unit:sh"));
    assert_false(dk_may_be(&qx, "officer:qx"));
    assert_false(dk_may_be(&qx, "petitioner:self"));
    assert_true(dk_may_be(&admin, "import:old"));
    assert_true(dk_may_be(&admin, "officer:li"));
}

static void a_worker_serves_only_what_its_role_says(void **state)
{
    (void)state;
    for (int r = 0; r < DK_ROLE_N; r++) {
        struct dk_who w = {.roles = 1u << r};
        for (int s = 0; s < DK_SVC_N; s++) {
            char name[40];
            snprintf(name, sizeof(name), "worker:%s", dk_service_names[s]);
            assert_int_equal(dk_may_serve(&w, s),
                             dk_role_from_name(name) == 1u << r);
        }
    }
}

static void roles_have_names(void **state)
{
    (void)state;
    for (int r = 0; r < DK_ROLE_N; r++)
        assert_int_equal(dk_role_from_name(dk_role_name(1u << r)), 1u << r);
    assert_string_equal(dk_role_name(0), "?");
    assert_string_equal(dk_role_name(3), "?");
    assert_int_equal(dk_role_from_name("root"), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_of_the_messages),
        cmocka_unit_test(what_is_not_in_the_table_is_refused),
        cmocka_unit_test(every_cell_of_the_actions),
        cmocka_unit_test(who_is_complained_about_sees_nothing),
        cmocka_unit_test(who_the_petitioners_are_is_for_few),
        cmocka_unit_test(a_repeat_is_linked_but_by_who_is_complained_about),
        cmocka_unit_test(a_relay_carries_whoever_is_complained_about),
        cmocka_unit_test(only_a_relay_brings_what_is_from_elsewhere),
        cmocka_unit_test(nobody_acts_in_anothers_name),
        cmocka_unit_test(a_worker_serves_only_what_its_role_says),
        cmocka_unit_test(roles_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
