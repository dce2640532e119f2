#include "clients/docketctl/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clients/docketctl/width.h"

static char *printed(struct table *t, bool color, int columns)
{
    const struct table_look look = {color, columns};
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);

    assert_non_null(f);
    assert_int_equal(table_print(t, f, &look), 0);
    assert_int_equal(fclose(f), 0);
    return text;
}

static void chinese_takes_two_columns_and_marks_take_none(void **state)
{
    (void)state;
    assert_int_equal(text_width(""), 0);
    assert_int_equal(text_width("case"), 4);
    assert_int_equal(text_width("案件编号"), 8);
    assert_int_equal(text_width("A县,B。"), 7);
    assert_int_equal(text_width("e\xcc\x81"), 1);        /* e with an accent */
    assert_int_equal(text_width("\xf0\xa0\x80\x80"), 2); /* U+20000 */
    assert_int_equal(text_width("\xff\xfe"), 2);         /* not UTF-8 */
}

static void text_is_cut_between_characters_only(void **state)
{
    int used = -1;

    (void)state;
    assert_int_equal(text_fit("案件", 3, &used), 3);
    assert_int_equal(used, 2);
    assert_int_equal(text_fit("案件", 4, &used), 6);
    assert_int_equal(used, 4);
    assert_int_equal(text_fit("abc", 0, &used), 0);
    assert_int_equal(used, 0);
}

static void nothing_that_steers_a_terminal_is_left(void **state)
{
    static const char *const bad[] = {
        "\033[2J", /* clear the screen */
        ("\xc2\x9b"
         "31m"),        /* C1 CSI */
        "\xe2\x80\xae", /* right-to-left override */
        "\xe2\x81\xa6", /* isolate */
        "\x7f",
        "\a",
        "\b",
        "\r",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char *s = text_clean(bad[i], true);
        assert_non_null(s);
        for (const char *c = s; *c != '\0'; c++)
            assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
        assert_null(strstr(s, "\xc2\x9b"));
        assert_null(strstr(s, "\xe2\x80\xae"));
        assert_null(strstr(s, "\xe2\x81\xa6"));
        assert_non_null(strstr(s, "\xef\xbf\xbd"));
        free(s);
    }
}

static void line_ends_stay_only_where_asked(void **state)
{
    char *kept = text_clean("一\r\n二\t三", true);
    char *flat = text_clean("一\r\n二\t三", false);

    (void)state;
    assert_string_equal(kept, "一\n二 三");
    assert_string_equal(flat, "一 二 三");
    free(kept);
    free(flat);
}

static void columns_line_up_whatever_the_script(void **state)
{
    static const char *const heads[] = {"单位", "N", "SUBJECT"};
    struct table *t = table_new(heads, 3);

    (void)state;
    table_cell(t, "城管局", CELL_PLAIN);
    table_int(t, 7, CELL_PLAIN);
    table_cell(t, "路灯", CELL_PLAIN);
    table_cell(t, "x", CELL_PLAIN);
    table_int(t, 1234, CELL_PLAIN);
    table_cell(t, NULL, CELL_PLAIN);
    char *s = printed(t, false, 0);
    assert_string_equal(s, "单位    N     SUBJECT\n"
                           "城管局     7  路灯\n"
                           "x       1234  -\n");
    free(s);
    table_free(t);
}

static void pages_have_one_head_and_never_get_narrower(void **state)
{
    static const char *const heads[] = {"A", "B"};
    struct table *t = table_new(heads, 2);

    (void)state;
    table_cell(t, "wide-cell", CELL_PLAIN);
    table_cell(t, "1", CELL_PLAIN);
    free(printed(t, false, 0));
    table_cell(t, "x", CELL_PLAIN);
    table_cell(t, "2", CELL_PLAIN);
    char *s = printed(t, false, 0);
    assert_string_equal(s, "x          2\n");
    free(s);
    table_free(t);
}

static void the_last_cell_is_cut_to_the_terminal(void **state)
{
    static const char *const heads[] = {"A", "B"};
    struct table *t = table_new(heads, 2);

    (void)state;
    table_cell(t, "ab", CELL_PLAIN);
    table_cell(t, "一二三四五", CELL_PLAIN);
    char *s = printed(t, false, 10); /* 4 are taken, 6 are left */
    assert_string_equal(s, "A   B\nab  一二…\n");
    free(s);
    table_free(t);
}

static void a_cell_cannot_break_its_row(void **state)
{
    static const char *const heads[] = {"A", "B"};
    struct table *t = table_new(heads, 2);

    (void)state;
    table_cell(t, "a\nb\033[31m", CELL_PLAIN);
    table_cell(t, "c", CELL_PLAIN);
    char *s = printed(t, false, 0);
    assert_null(strchr(s, '\033'));
    assert_string_equal(strchr(s, '\n') + 1, "a b\xef\xbf\xbd[31m  c\n");
    free(s);
    table_free(t);
}

static void colour_is_there_only_when_asked(void **state)
{
    static const char *const heads[] = {"A"};
    struct table *t = table_new(heads, 1);

    (void)state;
    table_cell(t, "late", CELL_BAD);
    char *s = printed(t, true, 0);
    assert_non_null(strstr(s, "\033[31mlate\033[0m\n"));
    free(s);
    table_cell(t, "late", CELL_BAD);
    s = printed(t, false, 0);
    assert_string_equal(s, "late\n");
    free(s);
    table_free(t);
}

static void nothing_is_printed_for_no_rows(void **state)
{
    static const char *const heads[] = {"A"};
    struct table *t = table_new(heads, 1);

    (void)state;
    char *s = printed(t, false, 0);
    assert_string_equal(s, "");
    free(s);
    table_free(t);
    assert_null(table_new(heads, 0));
    assert_null(table_new(heads, TABLE_COLUMNS + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chinese_takes_two_columns_and_marks_take_none),
        cmocka_unit_test(text_is_cut_between_characters_only),
        cmocka_unit_test(nothing_that_steers_a_terminal_is_left),
        cmocka_unit_test(line_ends_stay_only_where_asked),
        cmocka_unit_test(columns_line_up_whatever_the_script),
        cmocka_unit_test(pages_have_one_head_and_never_get_narrower),
        cmocka_unit_test(the_last_cell_is_cut_to_the_terminal),
        cmocka_unit_test(a_cell_cannot_break_its_row),
        cmocka_unit_test(colour_is_there_only_when_asked),
        cmocka_unit_test(nothing_is_printed_for_no_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
