/* Small books, and books with mistakes in them. */
#include "tests/support/casework.h"

#include "core/book.h"

static void assert_refused(const char *text, int errors,
                           const char *const say[])
{
    struct dk_report r = {0};
    assert_null(dk_book_load("b.json", text, strlen(text), &r));
    if (r.errors != errors)
        fail_msg("%d errors, not %d:\n%s", r.errors, errors, r.text);
    for (size_t i = 0; say[i] != NULL; i++) {
        if (strstr(r.text, say[i]) == NULL)
            fail_msg("\"%s\" is not said in:\n%s", say[i], r.text);
    }
    dk_report_fini(&r);
}

static void every_mistake_is_named_at_once(void **state)
{
    (void)state;
    assert_refused(
        "{\"format\":\"docket-units/1\",\"county\":\"33069\","
        "\"office\":\"offic\",\"leader\":\"zhang\",\"colour\":1,"
        "\"units\":[{\"id\":\"office\",\"name\":\"O\",\"parent\":\"nowhere\"},"
        "{\"id\":\"office\",\"name\":\"P\"},{\"name\":\"Q\"},"
        "{\"id\":\"a\",\"name\":\"A\",\"handlers\":[{\"id\":\"h\"},"
        "{\"id\":\"h\"},{\"id\":\"i\",\"absent\":\"yes\"}]}],"
        "\"rules\":[{\"id\":\"default\",\"unit\":\"a\"},"
        "{\"id\":\"r\",\"unit\":\"a\",\"category\":\"/x\",\"kind\":\"apeal\","
        "\"region\":[]},{\"id\":\"r\",\"unit\":\"b\",\"mode\":\"send\"},"
        "{\"id\":\"s\",\"unit\":\"a\",\"report_days\":5}],"
        "\"default\":{\"unit\":\"a\",\"mode\":\"transfer\"}}",
        17,
        (const char *const[]){
            "error b.json: /county: ",
            "error b.json: /office: no unit \"offic\" is listed",
            "is listed; did you mean \"office\"?",
            "error b.json: /leader: write",
            "error b.json: /colour: ",
            "error b.json: /units/0/parent: no unit \"nowhere\" is listed",
            "error b.json: /units/1/id: there is a unit \"office\" already",
            "error b.json: /units/2/id: ",
            "error b.json: /units/3/handlers/1/id: ",
            "error b.json: /units/3/handlers/2/absent: ",
            "error b.json: /rules/0/id: \"default\" is what docket calls",
            "error b.json: /rules/1/category: ",
            "error b.json: /rules/1/kind: \"apeal\" is not known here",
            "did you mean \"appeal\"",
            "error b.json: /rules/1/region: the list is empty",
            "error b.json: /rules/2/id: there is a rule \"r\" already",
            "error b.json: /rules/2/unit: ",
            "error b.json: /rules/2/mode: ",
            "error b.json: /rules/3/report_days: ",
            NULL});
}

static void no_unit_is_above_itself(void **state)
{
    (void)state;
    assert_refused("{\"format\":\"docket-units/1\",\"county\":\"330699\","
                   "\"office\":\"a\",\"default\":\"a\",\"units\":["
                   "{\"id\":\"a\",\"name\":\"A\",\"parent\":\"b\"},"
                   "{\"id\":\"b\",\"name\":\"B\",\"parent\":\"a\"},"
                   "{\"id\":\"c\",\"name\":\"C\",\"parent\":\"a\"}]}",
                   2,
                   (const char *const[]){"unit \"a\" is above itself",
                                         "unit \"b\" is above itself", NULL});
}

static void a_book_needs_rules_or_a_default(void **state)
{
    (void)state;
    assert_refused("{\"format\":\"docket-units/1\",\"county\":\"330699\","
                   "\"office\":\"a\",\"units\":["
                   "{\"id\":\"a\",\"name\":\"A\"}]}",
                   1, (const char *const[]){"/rules: ", NULL});
}

/* A book of which only "units" (after the office) and other members differ. */
static void assert_units_refused(const char *units, const char *more,
                                 int errors, const char *const say[])
{
    char text[8192];
    int n = snprintf(text, sizeof text,
                     "{\"format\":\"docket-units/1\",\"county\":\"330699\","
                     "\"office\":\"o\",\"default\":\"o\",\"units\":["
                     "{\"id\":\"o\",\"name\":\"O\"}%s%s]%s%s}",
                     units[0] != '\0' ? "," : "", units,
                     more[0] != '\0' ? "," : "", more);
    assert_in_range(n, 1, sizeof text - 1);
    assert_refused(text, errors, say);
}

static void a_county_has_a_code_of_gb_2260(void **state)
{
    static const struct {
        const char *code, *say;
    } bad[] = {{"010203", "no province has the code 01"},
               {"660101", "no province has the code 66"},
               {"990101", "no province has the code 99"},
               {"330001", "digits 3 and 4 of a county's code are not 00"},
               {"33069", "write its six digits"},
               {"3306991", "write its six digits"},
               {"33O699", "write its six digits"}};
    static const char *const good[] = {"330699", "110101", "659001", "330600",
                                       "330000"};
    char text[512];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(text, sizeof text,
                       "{\"format\":\"docket-units/1\",\"county\":\"%s\","
                       "\"office\":\"o\",\"default\":\"o\",\"units\":["
                       "{\"id\":\"o\",\"name\":\"O\"}]}",
                       bad[i].code);
        assert_refused(text, 1, (const char *const[]){bad[i].say, NULL});
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct dk_report r = {0};
        (void)snprintf(text, sizeof text,
                       "{\"format\":\"docket-units/1\",\"county\":\"%s\","
                       "\"office\":\"o\",\"default\":\"o\",\"units\":["
                       "{\"id\":\"o\",\"name\":\"O\"}]}",
                       good[i]);
        struct dk_book *b = dk_book_load("b.json", text, strlen(text), &r);
        if (b == NULL)
            fail_msg("%s: %s", good[i], r.text);
        dk_book_free(b);
        dk_report_fini(&r);
    }
}

static void codes_fit_their_kind_and_their_place(void **state)
{
    (void)state;
    assert_units_refused(
        "{\"id\":\"c\",\"name\":\"C\",\"code\":\"330699\"},"
        "{\"id\":\"d\",\"name\":\"D\",\"parent\":\"c\","
        "\"kind\":\"department\"},"
        "{\"id\":\"t1\",\"name\":\"T\",\"parent\":\"d\","
        "\"code\":\"330698101\"},"
        "{\"id\":\"t2\",\"name\":\"T\",\"parent\":\"c\","
        "\"code\":\"330699000\"},"
        "{\"id\":\"t3\",\"name\":\"T\",\"parent\":\"c\","
        "\"code\":\"330699101000\"},"
        "{\"id\":\"t4\",\"name\":\"T\",\"parent\":\"c\","
        "\"code\":\"330699101\",\"kind\":\"village\"},"
        "{\"id\":\"t5\",\"name\":\"T\",\"parent\":\"c\","
        "\"code\":\"330699000001\"},"
        "{\"id\":\"t6\",\"name\":\"T\",\"parent\":\"c\","
        "\"code\":\"12a\"},"
        "{\"id\":\"d2\",\"name\":\"T\",\"code\":\"330699102\","
        "\"kind\":\"department\"},"
        "{\"id\":\"v\",\"name\":\"V\",\"parent\":\"t4\","
        "\"code\":\"330699101\",\"valid_from\":\"2030-01-01\"},"
        "{\"id\":\"w\",\"name\":\"W\",\"code\":\"330701001\"},"
        "{\"id\":\"x\",\"name\":\"X\",\"code\":\"330699101201\","
        "\"valid_to\":\"2025-12-31\"},"
        "{\"id\":\"y\",\"name\":\"Y\",\"code\":\"330699101201\","
        "\"valid_from\":\"2026-01-01\"},"
        "{\"id\":\"z\",\"name\":\"Z\",\"code\":\"330699101201\"}",
        "", 11,
        (const char *const[]){
            "/units/3/code: 330698101 is not below 330699, the code of \"c\"",
            "/units/4/code: \"330699000\" is no code of a place; the zeros "
            "only fill it up; write its first 6 digits, 330699",
            "/units/5/code: \"330699101000\" is no code of a place; the zeros "
            "only fill it up; write its first 9 digits, 330699101",
            "/units/6/code: 330699101 is the code of a township, and \"kind\" "
            "says village",
            "/units/7/code: \"330699000001\" is no code of a place; digits 7 "
            "to 9",
            "/units/8/code: \"12a\" is no code of a place; write six digits",
            "/units/9/code: a department has no code",
            "/units/10/code: 330699101 is not below 330699101, the code of "
            "\"t4\"",
            "/units/10/code: unit \"t4\" has the code 330699101 at the same",
            "/units/11/code: 330701001 does not lie in the book's county "
            "330699",
            "/units/14/code: unit \"x\" has the code", NULL});
}

static void units_in_time_make_sense(void **state)
{
    (void)state;
    assert_units_refused(
        "{\"id\":\"a\",\"name\":\"A\",\"valid_from\":\"2026-02-01\","
        "\"valid_to\":\"2026-01-31\"},"
        "{\"id\":\"b\",\"name\":\"B\",\"merged_into\":\"o\"},"
        "{\"id\":\"c\",\"name\":\"C\",\"valid_to\":\"2026-01-31\","
        "\"merged_into\":\"oo\"},"
        "{\"id\":\"d\",\"name\":\"D\",\"valid_to\":\"2026-01-31\","
        "\"merged_into\":\"d2\"},"
        "{\"id\":\"d2\",\"name\":\"D\",\"valid_to\":\"2026-01-31\","
        "\"merged_into\":\"d\"},"
        "{\"id\":\"e\",\"name\":\"E\",\"valid_to\":\"2026-01-31\","
        "\"merged_into\":\"f\"},"
        "{\"id\":\"f\",\"name\":\"F\",\"valid_from\":\"2026-02-02\"},"
        "{\"id\":\"g\",\"name\":\"G\",\"valid_to\":\"2026-01-31\","
        "\"merged_into\":\"h\"},"
        "{\"id\":\"h\",\"name\":\"H\",\"valid_to\":\"2026-01-30\"},"
        "{\"id\":\"i\",\"name\":\"I\",\"valid_to\":\"31.1.2026\"},"
        "{\"id\":\"j\",\"name\":\"J\",\"former_names\":["
        "{\"name\":\"X\",\"until\":\"2020-01-01\"},"
        "{\"name\":\"Y\",\"until\":\"2020-01-01\"},{\"name\":\"Z\"},7]},"
        "{\"id\":\"k\",\"name\":\"K\",\"valid_from\":\"2026-01-01\","
        "\"former_names\":[{\"name\":\"X\",\"until\":\"2025-12-31\"}]}",
        "\"send_to_discipline\":\"h\"", 13,
        (const char *const[]){
            "/units/1/valid_to: the unit would close before it begins",
            "/units/2/valid_to: give the last day of a unit that is merged",
            "/units/3/merged_into: no unit \"oo\" is listed",
            "/units/4/merged_into: unit \"d\" is merged into itself at last",
            "/units/5/merged_into: unit \"d2\" is merged into itself",
            "/units/6/merged_into: \"f\" is not there yet when \"e\" closes",
            "/units/8/merged_into: \"h\" closes earlier than \"g\"",
            "/units/10/valid_to: \"31.1.2026\" is not a date",
            "/units/11/former_names/1/until: another name ends on the same",
            "/units/11/former_names/2/until: ",
            "/units/11/former_names/3: write {\"name\"",
            "/units/12/former_names/0/until: the unit is not there",
            "/send_to_discipline: \"h\" closes and nobody takes over", NULL});
}

static void leaves_make_sense(void **state)
{
    (void)state;
    assert_units_refused(
        "{\"id\":\"a\",\"name\":\"A\",\"head\":{\"id\":\"h\"},"
        "\"handlers\":["
        "{\"id\":\"p\",\"away\":[{\"from\":\"2026-05-02\","
        "\"to\":\"2026-05-01\"},{\"from\":\"2026-06-01\","
        "\"to\":\"2026-06-05\"},{\"from\":\"2026-06-05\","
        "\"to\":\"2026-06-09\"},{\"from\":\"x\"},3]},"
        "{\"id\":\"q\",\"away\":[{\"from\":\"2026-05-01\","
        "\"to\":\"2026-05-10\",\"delegate\":\"r\"}]},"
        "{\"id\":\"r\",\"away\":[{\"from\":\"2026-05-09\","
        "\"to\":\"2026-05-20\",\"delegate\":\"s\"}]},"
        "{\"id\":\"s\",\"away\":[{\"from\":\"2026-05-10\","
        "\"to\":\"2026-05-10\",\"delegate\":\"q\"}]},"
        "{\"id\":\"t-1\",\"away\":[{\"from\":\"2026-05-01\","
        "\"to\":\"2026-05-02\",\"delegate\":\"t-1\"},"
        "{\"from\":\"2026-05-03\",\"to\":\"2026-05-04\","
        "\"delegate\":\"t-2\"}]},"
        "{\"id\":\"u\",\"away\":7},"
        /* one after the other is no circle */
        "{\"id\":\"v\",\"away\":[{\"from\":\"2026-05-01\","
        "\"to\":\"2026-05-02\",\"delegate\":\"w\"}]},"
        "{\"id\":\"w\",\"away\":[{\"from\":\"2026-05-03\","
        "\"to\":\"2026-05-04\",\"delegate\":\"v\"}]}]},"
        "{\"id\":\"b\",\"name\":\"B\",\"handlers\":["
        "{\"id\":\"v\",\"away\":[{\"from\":\"2026-07-01\","
        "\"to\":\"2026-07-02\"}]}]}",
        "", 10,
        (const char *const[]){
            "/units/1/handlers/0/away/0/to: the leave ends before it begins",
            "/units/1/handlers/0/away/2/from: two leaves overlap",
            "/units/1/handlers/0/away/3/from: \"x\" is not a date",
            "/units/1/handlers/0/away/3/to: ",
            "/units/1/handlers/0/away/4: write {\"from\"",
            "/units/1/handlers/3/away/0/delegate: \"q\" would stand in for "
            "\"s\" and the other way round",
            "/units/1/handlers/4/away/0/delegate: \"t-1\" would stand in for "
            "\"t-1\"",
            "/units/1/handlers/4/away/1/delegate: no officer \"t-2\" is "
            "listed; did you mean \"t-1\"?",
            "/units/1/handlers/5/away: ",
            "/units/2/handlers/0/away: the leave of \"v\" is listed in "
            "another place",
            NULL});
}

static void urgency_is_never_that_of_numbers(void **state)
{
    static const char *const weights[] = {"petitioners", "channel",  "repeats",
                                          "repeat_of",   "imported", "group"};
    char more[256];
    (void)state;
    for (size_t i = 0; i < sizeof weights / sizeof weights[0]; i++) {
        (void)snprintf(more, sizeof more,
                       "\"urgent\":[{\"id\":\"r\",\"need\":\"wages\","
                       "\"needs\":[\"wages\"],\"%s\":5}]",
                       weights[i]);
        assert_units_refused(
            "", more, 1,
            (const char *const[]){weights[i],
                                  "urgency is a matter's, never that of how "
                                  "many people stand behind it, how it came "
                                  "or how often; take it out",
                                  NULL});
    }
}

static void urgent_rules_make_sense(void **state)
{
    (void)state;
    assert_units_refused(
        "",
        "\"rules\":[{\"id\":\"r\",\"region\":\"X\",\"unit\":\"o\"}],"
        "\"urgent\":[{\"id\":\"a\",\"need\":\"wage\","
        "\"category\":\"X\"},{\"id\":\"a\",\"need\":\"wages\","
        "\"needs\":[\"safty\"]},{\"id\":\"b\",\"need\":\"wages\"},"
        "{\"id\":\"r\",\"need\":\"minor\",\"category\":\"/x\"},"
        "{\"id\":\"c\",\"need\":\"minor\",\"category\":\"x\","
        "\"between\":[{\"from\":\"12-32\",\"to\":\"2-1\"},{\"from\":1},"
        "4],\"kinds\":\"appeal\"},{\"id\":\"d\",\"need\":\"minor\","
        "\"category\":\"x\",\"between\":[],\"colour\":1},5]",
        15,
        (const char *const[]){
            "/urgent/0/need: ", "/urgent/1/id: there is an urgent rule \"a\"",
            "/urgent/1/needs/0: \"safty\" is not known here; did you mean "
            "\"safety\"",
            "/urgent/2: the rule would put every case first",
            "/urgent/3/id: a rule of \"rules\" has the id \"r\" already",
            "/urgent/3/category: \"/x\"",
            "/urgent/4/between/0/from: \"12-32\" is not a day of the year",
            "/urgent/4/between/0/to: \"2-1\" is not a day of the year",
            "/urgent/4/between/1/from: ", "/urgent/4/between/1/to: ",
            "/urgent/4/between/2: write {\"from\"",
            "/urgent/4/kinds: there is no member of this name here; did you "
            "mean \"kind\"?",
            "/urgent/5/between: ", "/urgent/5/colour: ",
            "/urgent/6: write an object", NULL});
}

static void the_documents_example_is_right(void **state)
{
    struct casework w = {0};
    struct dk_report r = {0};
    struct dk_problem why = {0};
    struct dk_jw out = {0};
    size_t len = 0;
    char *text = cw_example("docs/UNITS.md", 0, &len);
    struct dk_book *b = dk_book_load("UNITS.md", text, len, &r);
    (void)state;
    if (b == NULL || r.warnings != 0)
        fail_msg("%s", r.text);
    cw_submit(&w, "2026-03-02T10:00:00+08:00", "\"region\":\"X\"");
    assert_int_equal(dk_book_assign(b, w.c, &w.last.v[0], &out, &why), 0);
    cw_apply(&w, out.buf);
    assert_int_equal(w.c->state, DK_S_REGISTERED);
    assert_string_equal(w.c->unit, "xfj");
    cw_fini(&w);
    dk_book_free(b);
    dk_jw_fini(&out);
    dk_report_fini(&r);
    free(text);
}

/* The officer and the urgent rule of the document in a book. */
static void its_other_examples_are_right_too(void **state)
{
    struct dk_report r = {0};
    char text[2048];
    size_t len = 0;
    char *officer = cw_example("docs/UNITS.md", 1, &len), *rule;
    (void)state;
    officer[len] = '\0';
    rule = cw_example("docs/UNITS.md", 2, &len);
    rule[len] = '\0';
    (void)snprintf(text, sizeof text,
                   "{\"format\":\"docket-units/1\",\"county\":\"330699\","
                   "\"office\":\"o\",\"default\":\"o\",\"units\":["
                   "{\"id\":\"o\",\"name\":\"O\",\"handlers\":[%s,"
                   "{\"id\":\"rsj-tang\"}]}],\"urgent\":[%s]}",
                   officer, rule);
    struct dk_book *b = dk_book_load("UNITS.md", text, strlen(text), &r);
    if (b == NULL || r.warnings != 0)
        fail_msg("%s", r.text);
    dk_book_free(b);
    dk_report_fini(&r);
    free(officer);
    free(rule);
}

/* The sentence that the document quotes is what the sample county says. */
static void the_documents_sentence_is_said(void **state)
{
    struct casework w = {0};
    struct dk_report r = {0};
    struct dk_problem why = {0};
    struct dk_jw out = {0};
    size_t len = 0;
    char *text = cw_read_file("policy/units-sample.json", &len), *doc, *said;
    struct dk_book *b = dk_book_load("b", text, len, &r);
    (void)state;
    assert_non_null(b);
    free(text);
    cw_submit(&w, "2026-05-04T10:00:00+08:00",
              "\"category\":\"劳动和社会保障/劳动关系\","
              "\"respondents\":[{\"officer\":\"金石\"}]");
    assert_int_equal(dk_book_assign(b, w.c, &w.last.v[0], &out, &why), 0);
    said = strstr(out.buf, "\"why\":\"");
    assert_non_null(said);
    said += strlen("\"why\":\"");
    said[strcspn(said, "\"")] = '\0';
    doc = cw_read_file("docs/UNITS.md", &len);
    doc[len] = '\0';
    if (strstr(doc, said) == NULL)
        fail_msg("docs/UNITS.md does not quote: %s", said);
    free(doc);
    cw_fini(&w);
    dk_book_free(b);
    dk_jw_fini(&out);
    dk_report_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_documents_example_is_right),
        cmocka_unit_test(its_other_examples_are_right_too),
        cmocka_unit_test(the_documents_sentence_is_said),
        cmocka_unit_test(every_mistake_is_named_at_once),
        cmocka_unit_test(no_unit_is_above_itself),
        cmocka_unit_test(a_book_needs_rules_or_a_default),
        cmocka_unit_test(a_county_has_a_code_of_gb_2260),
        cmocka_unit_test(codes_fit_their_kind_and_their_place),
        cmocka_unit_test(units_in_time_make_sense),
        cmocka_unit_test(leaves_make_sense),
        cmocka_unit_test(urgency_is_never_that_of_numbers),
        cmocka_unit_test(urgent_rules_make_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
