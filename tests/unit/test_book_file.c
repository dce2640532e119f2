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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_documents_example_is_right),
        cmocka_unit_test(every_mistake_is_named_at_once),
        cmocka_unit_test(no_unit_is_above_itself),
        cmocka_unit_test(a_book_needs_rules_or_a_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
