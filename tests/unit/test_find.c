#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/find.h"
#include "proto/jsonw.h"

/* Is a case of this subject and these facts found by this text? */
static bool found(const char *text, const char *subject, const char *facts)
{
    struct dk_find f;
    struct dk_jw doc = {0}, body = {0};

    assert_int_equal(dk_find_read(text, &f, NULL), 0);
    dk_jw_obj(&doc, NULL);
    dk_jw_str(&doc, "case_no", "330127-20260501-000001-1");
    dk_jw_str(&doc, "subject", subject);
    dk_jw_str(&doc, "region", "somewhere");
    dk_jw_end_obj(&doc);
    dk_jw_obj(&body, NULL);
    dk_jw_str(&body, "channel", "letter");
    dk_jw_str(&body, "facts", facts);
    dk_jw_str(&body, "kind", "appeal");
    dk_jw_end_obj(&body);
    bool is =
        dk_find_fits(&f, doc.buf, doc.len, facts != NULL ? body.buf : NULL,
                     facts != NULL ? body.len : 0);
    dk_jw_fini(&doc);
    dk_jw_fini(&body);
    return is;
}

static void every_word_must_be_in_the_subject_or_the_facts(void **state)
{
    (void)state;
    assert_true(found("工资", "拖欠工资", "工地三个月没有发钱"));
    assert_true(found("三个月", "拖欠工资", "工地三个月没有发钱"));
    assert_true(found("工资 工地", "拖欠工资", "工地三个月没有发钱"));
    assert_true(found("　工资　三个月 ", "拖欠工资", "工地三个月没有发钱"));
    assert_false(found("工资 供水", "拖欠工资", "工地三个月没有发钱"));
    assert_false(found("三个月", "拖欠工资", NULL));
    assert_true(found("工资", "拖欠工资", NULL));
}

static void
letters_are_the_same_in_either_case_and_nothing_else_is(void **state)
{
    (void)state;
    assert_true(found("wATER Pipe", "The water pipe", "broken"));
    assert_false(found("@ater", "`ater", ""));
    assert_false(found("[ipe", "{ipe", ""));
}

/* Only these two texts: not the names of members, nor any other value. */
static void nothing_else_of_the_case_is_looked_at(void **state)
{
    (void)state;
    assert_false(found("somewhere", "water", "pipe"));
    assert_false(found("letter", "water", "pipe"));
    assert_false(found("subject", "water", "pipe"));
    assert_false(found("facts", "water", "pipe"));
    assert_false(found("330127", "water", "pipe"));
}

static void quotes_and_line_ends_are_what_they_say(void **state)
{
    (void)state;
    assert_true(found("\"a\\b\"", "say \"a\\b\" twice", ""));
    assert_true(found("\\", "a \\ b", ""));
    assert_false(found("\\", "a b", "c\nd"));
    assert_false(found("nd", "a b", "c\nd"));
    assert_true(found("nd", "a b", "c\nd\\nd"));
    assert_true(found("\",\"facts\":\"x", "\",\"facts\":\"x", "y"));
    assert_false(found("y\"", "z", "y"));
}

static void what_cannot_be_looked_for_is_told(void **state)
{
    struct dk_problem p = {0};
    struct dk_find f;

    (void)state;
    assert_int_equal(dk_find_read(" \t　\n", &f, &p), DK_EFIELD);
    assert_string_equal(p.pointer, "/text");
    assert_int_equal(dk_find_read("a b c d e f g h", &f, &p), 0);
    assert_int_equal(f.n, 8);
    assert_int_equal(dk_find_read("a b c d e f g h i", &f, &p), DK_EFIELD);
}

static void a_damaged_text_is_not_read_beyond_its_end(void **state)
{
    static const char whole[] = "{\"subject\":\"abc\\\\\"}";
    struct dk_find f;

    (void)state;
    assert_int_equal(dk_find_read("abc", &f, NULL), 0);
    for (size_t n = 0; n < sizeof whole; n++) {
        char *cut = malloc(n + 1);

        assert_non_null(cut);
        memcpy(cut, whole, n);
        /* A member without its end is none. */
        assert_int_equal(dk_find_fits(&f, cut, n, cut, n), n >= 18);
        free(cut);
    }
}

/* The longest that may be asked for, all of it escaped. */
static void the_longest_text_has_room(void **state)
{
    char text[DK_FIND_MAX + 1];
    struct dk_find f;

    (void)state;
    memset(text, '"', DK_FIND_MAX);
    text[DK_FIND_MAX] = '\0';
    assert_int_equal(dk_find_read(text, &f, NULL), 0);
    assert_int_equal(f.len[0], 2 * DK_FIND_MAX);
    assert_true(found(text, text, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_must_be_in_the_subject_or_the_facts),
        cmocka_unit_test(
            letters_are_the_same_in_either_case_and_nothing_else_is),
        cmocka_unit_test(nothing_else_of_the_case_is_looked_at),
        cmocka_unit_test(quotes_and_line_ends_are_what_they_say),
        cmocka_unit_test(what_cannot_be_looked_for_is_told),
        cmocka_unit_test(a_damaged_text_is_not_read_beyond_its_end),
        cmocka_unit_test(the_longest_text_has_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
