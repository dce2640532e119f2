#include "clients/docketctl/opts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clients/docketctl/ctl.h"

static const char *const colours[] = {"red", "blue", NULL};
static const struct opt front[] = {
    {.name = "json", .kind = OPT_FLAG, .en = "j", .zh = "j"},
    {.name = "connect", .kind = OPT_TEXT, .arg = "E", .en = "e", .zh = "e"},
    {.name = "help", .kind = OPT_FLAG, .en = "h", .zh = "h"},
    {.name = NULL},
};
static const struct opt own[] = {
    {.name = "count", .kind = OPT_INT, .arg = "N", .min = 1, .max = 9},
    {.name = "colour", .kind = OPT_NAME, .arg = "C", .names = colours},
    {.name = "for", .kind = OPT_SPAN, .arg = "SPAN"},
    {.name = NULL},
};

static int parse(struct args *a, const char *const argv[], struct dk_problem *p)
{
    int argc = 0;

    while (argv[argc] != NULL)
        argc++;
    return args_parse(a, front, own, argc, argv, p);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void options_and_words_mix(void **state)
{
    struct args a;

    (void)state;
    assert_int_equal(parse(&a,
                           WORDS("one", "--count", "3", "--json", "two",
                                 "--connect=ipc:///x=y", "-", "-5"),
                           NULL),
                     0);
    assert_int_equal(a.n_pos, 4);
    assert_string_equal(a.pos[0], "one");
    assert_string_equal(a.pos[1], "two");
    assert_string_equal(a.pos[2], "-");
    assert_string_equal(a.pos[3], "-5");
    assert_int_equal(args_int(&a, "count", 0), 3);
    assert_true(args_has(&a, "json"));
    assert_string_equal(args_get(&a, "connect"), "ipc:///x=y");
    assert_false(args_has(&a, "colour"));
    assert_int_equal(args_int(&a, "absent", 7), 7);
    args_fini(&a);
}

static void two_dashes_end_the_options(void **state)
{
    struct args a;

    (void)state;
    assert_int_equal(parse(&a, WORDS("--json", "--", "--count", "-x"), NULL),
                     0);
    assert_int_equal(a.n_pos, 2);
    assert_string_equal(a.pos[0], "--count");
    assert_string_equal(a.pos[1], "-x");
    args_fini(&a);
}

static void a_public_key_that_begins_with_a_dash_is_a_word(void **state)
{
    static const char key[] = "-HD?f9V=YD!5$z4=CP}r+n5[*tO7hHq0eo.Jc8Uv";
    struct dk_problem p = {0};
    struct args a;

    (void)state;
    assert_int_equal(parse(&a, WORDS("--json", key), &p), 0);
    assert_int_equal(a.n_pos, 1);
    assert_string_equal(a.pos[0], key);
    args_fini(&a);
    assert_int_equal(parse(&a, WORDS("--json", key + 1), NULL), 0);
    args_fini(&a);
    assert_int_equal(parse(&a, WORDS("-HD?f9V"), &p), DK_EFIELD);
    args_fini(&a);
}

static void the_last_of_two_counts(void **state)
{
    struct args a;

    (void)state;
    assert_int_equal(parse(&a, WORDS("--count", "3", "--count=4"), NULL), 0);
    assert_int_equal(args_int(&a, "count", 0), 4);
    args_fini(&a);
}

static void slips_are_refused_and_named(void **state)
{
    static const struct {
        const char *word[3];
        const char *says;
    } bad[] = {
        {{"--counk", "3", NULL}, "--count"},
        {{"--jon", NULL, NULL}, "--json"},
        {{"--qqqqqq", NULL, NULL}, "--qqqqqq"},
        {{"--count", NULL, NULL}, "needs a value"},
        {{"--count", "0", NULL}, "from 1 to 9"},
        {{"--count", "10", NULL}, "from 1 to 9"},
        {{"--count", "3x", NULL}, "from 1 to 9"},
        {{"--count", " 3", NULL}, "from 1 to 9"},
        {{"--count=", NULL, NULL}, "from 1 to 9"},
        {{"--json=yes", NULL, NULL}, "takes no value"},
        {{"--colour", "green", NULL}, "red, blue"},
        {{"--for", "3", NULL}, "'3'"},
        {{"-x", NULL, NULL}, "-x"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct dk_problem p = {0};
        struct args a;
        if (parse(&a, bad[i].word, &p) != DK_EFIELD)
            fail_msg("%s was taken", bad[i].word[0]);
        if (strstr(p.detail, bad[i].says) == NULL || p.detail_zh[0] == '\0')
            fail_msg("%s: %s", bad[i].word[0], p.detail);
    }
}

static void too_many_options_are_refused(void **state)
{
    const char *argv[ARGS_OPTS + 1];
    struct dk_problem p = {0};
    struct args a;

    (void)state;
    for (int i = 0; i <= ARGS_OPTS; i++)
        argv[i] = "--json";
    assert_int_equal(args_parse(&a, front, own, ARGS_OPTS + 1, argv, &p),
                     DK_EFIELD);
    assert_int_equal(args_parse(&a, front, own, ARGS_OPTS, argv, &p), 0);
    args_fini(&a);
}

static void the_command_is_found_behind_its_options(void **state)
{
    struct dk_problem p = {0};
    int first = -1;

    (void)state;
    assert_int_equal(args_first_word(front, 4,
                                     WORDS("--connect", "x", "--json", "list"),
                                     &first, &p),
                     0);
    assert_int_equal(first, 3);
    assert_int_equal(args_first_word(front, 1, WORDS("--json"), &first, &p), 0);
    assert_int_equal(first, 1);
    assert_int_equal(args_first_word(front, 1, WORDS("--jsn"), &first, &p),
                     DK_EFIELD);
}

static void commands_are_found_by_one_word_or_two(void **state)
{
    struct dk_problem p = {0};
    int words = 0;
    const struct command *c =
        command_find(3, WORDS("alerts", "ack", "X.1"), &words, &p);

    (void)state;
    assert_non_null(c);
    assert_string_equal(c->name, "alerts ack");
    assert_int_equal(words, 2);
    c = command_find(2, WORDS("alerts", "--all"), &words, &p);
    assert_non_null(c);
    assert_string_equal(c->name, "alerts");
    assert_int_equal(words, 1);
    assert_null(command_find(1, WORDS("shov"), &words, &p));
    assert_non_null(strstr(p.detail, "'show'"));
    assert_null(command_find(2, WORDS("dead", "rety"), &words, &p));
    assert_non_null(strstr(p.detail, "'dead retry'"));
    assert_null(command_find(1, WORDS("clock"), &words, &p));
    assert_non_null(strstr(p.detail, "now, set, advance"));
}

/* What --help is printed from must be whole in both languages. */
static void every_command_and_option_is_explained_twice(void **state)
{
    (void)state;
    for (const struct command *c = commands; c->name != NULL; c++) {
        assert_non_null(c->run);
        assert_true(c->en[0] != '\0' && c->zh[0] != '\0');
        assert_true(c->max_words < 0 || c->max_words >= c->min_words);
        for (const struct opt *o = c->opts; o != NULL && o->name != NULL; o++) {
            if (o->en == NULL || o->zh == NULL)
                fail_msg("%s --%s is not explained", c->name, o->name);
            if ((o->kind == OPT_FLAG) != (o->arg == NULL))
                fail_msg("%s --%s: what does it take?", c->name, o->name);
            if (o->kind == OPT_NAME && o->names == NULL)
                fail_msg("%s --%s: of which names?", c->name, o->name);
            for (const struct opt *g = global_opts; g->name != NULL; g++)
                assert_string_not_equal(g->name, o->name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_words_mix),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(a_public_key_that_begins_with_a_dash_is_a_word),
        cmocka_unit_test(the_last_of_two_counts),
        cmocka_unit_test(slips_are_refused_and_named),
        cmocka_unit_test(too_many_options_are_refused),
        cmocka_unit_test(the_command_is_found_behind_its_options),
        cmocka_unit_test(commands_are_found_by_one_word_or_two),
        cmocka_unit_test(every_command_and_option_is_explained_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
