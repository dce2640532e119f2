/* What may come next on docketctl's command line. */
#include "clients/docketctl/complete.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The candidates, without what they do, each followed by a blank. */
static char *answer(bool zh, const char *const argv[], bool whole)
{
    char *text = NULL, *to;
    size_t len = 0;
    int argc = 0;
    FILE *out = open_memstream(&text, &len);

    assert_non_null(out);
    while (argv[argc] != NULL)
        argc++;
    complete_line(out, zh, argc, argv);
    assert_int_equal(fclose(out), 0);
    to = text;
    for (const char *s = text; !whole && *s != '\0'; s++) {
        s += *s == '\t' ? strcspn(s, "\n") : 0;
        *to++ = *s == '\n' ? ' ' : *s;
    }
    if (!whole)
        *to = '\0';
    return text;
}

static void check(const char *const argv[], const char *want)
{
    char *got = answer(false, argv, false);

    assert_string_equal(got, want);
    free(got);
}

#define CHECK(want, ...) check((const char *const[]){__VA_ARGS__, NULL}, want)

static void commands_come_first(void **state)
{
    (void)state;
    CHECK("checkpoint ", "ch");
    CHECK("units ", "--color", "never", "u");
    CHECK("", "no-such-command");
}

static void second_words_follow_their_first(void **state)
{
    (void)state;
    CHECK("list key ", "checkpoint", "");
    CHECK("rotate ", "seal", "r");
    CHECK("list key ", "--json", "--timeout", "5", "checkpoint", "");
    CHECK("", "nonsense", "");
}

static void options_are_those_of_the_command(void **state)
{
    (void)state;
    CHECK("--events ", "show", "X", "--ev");
    CHECK("", "show", "X", "--no-wait");
    CHECK("--no-wait ", "seal", "rotate", "--no");
    CHECK("--json ", "--js");
    CHECK("--json ", "ping", "--js");
}

static void values_are_completed_where_there_are_some(void **state)
{
    (void)state;
    CHECK("zh-CN en ", "--lang", "");
    CHECK("--lang=zh-CN ", "--lang=z");
    CHECK("long_overdue ", "alerts", "--level", "l");
    CHECK(":files ", "import", "--state", "");
    CHECK("", "alerts", "--unit", "");
}

static void files_where_the_help_says_file(void **state)
{
    (void)state;
    CHECK(":files ", "policy", "diff", "a", "");
    CHECK("", "policy", "diff", "a", "b", "");
    CHECK(":files ", "units", "import", "");
    CHECK("", "show", "");
    CHECK("", "query", "");
}

static void actions_and_their_fields(void **state)
{
    (void)state;
    CHECK("accept ", "act", "X", "acc");
    CHECK("note= notice= way= ", "act", "X", "accept", "");
    CHECK("way=post way=public ", "act", "X", "--actor", "officer:a", "accept",
          "way=p");
    CHECK("", "act", "X", "accept", "note=");
    CHECK("", "act", "X", "accep", "");
    CHECK("", "act", "");
}

static void a_candidate_says_what_it_does(void **state)
{
    char *got =
        answer(true, (const char *const[]){"act", "X", "acce", NULL}, true);

    (void)state;
    assert_string_equal(got, "accept\t受理\n");
    free(got);
}

/* Each command and each option of the tables is found, typed whole. */
static void nothing_of_the_tables_is_missing(void **state)
{
    char first[40], dashed[80], want[82];

    (void)state;
    for (const struct command *k = commands; k->name != NULL; k++) {
        size_t n = strcspn(k->name, " ");
        const char *second = k->name[n] == ' ' ? k->name + n + 1 : NULL;

        (void)snprintf(first, sizeof first, "%.*s", (int)n, k->name);
        char *got = answer(false, (const char *const[]){first, NULL}, false);
        assert_non_null(strstr(got, first));
        free(got);
        for (const struct opt *o = k->opts; o != NULL && o->name != NULL; o++) {
            (void)snprintf(dashed, sizeof dashed, "--%s", o->name);
            (void)snprintf(want, sizeof want, "%s ", dashed);
            const char *one[] = {first, dashed, NULL};
            const char *two[] = {first, second, dashed, NULL};
            got = answer(false, second == NULL ? one : two, false);
            assert_non_null(strstr(got, want));
            free(got);
        }
    }
    check((const char *const[]){NULL}, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_come_first),
        cmocka_unit_test(second_words_follow_their_first),
        cmocka_unit_test(options_are_those_of_the_command),
        cmocka_unit_test(values_are_completed_where_there_are_some),
        cmocka_unit_test(files_where_the_help_says_file),
        cmocka_unit_test(actions_and_their_fields),
        cmocka_unit_test(a_candidate_says_what_it_does),
        cmocka_unit_test(nothing_of_the_tables_is_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
