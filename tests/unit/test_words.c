/* proto/words: the glossary is whole, and nothing is called otherwise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/case.h"
#include "core/clock.h"
#include "core/decide_internal.h"
#include "core/policy_impl.h"
#include "core/watch.h"
#include "proto/submit.h"
#include "proto/words.h"

struct stray {
    enum dk_lang lang;
    const char *form;
    enum dk_word word;
    const char *unless;
};

static const struct stray strays[] = {
#define STRAY(language, form, name, unless)                                    \
    {DK_LANG_##language, form, DK_WORD_##name, unless},
#include "proto/words.def"
};

static const char *const simplified[] = {
#define HAN(cn, tw) cn,
#include "proto/words.def"
};
static const char *const traditional[] = {
#define HAN(cn, tw) tw,
#include "proto/words.def"
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Bytes of the character at `s`. */
static size_t char_len(const char *s)
{
    unsigned char c = (unsigned char)s[0];

    return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

static size_t chars(const char *s)
{
    size_t n = 0;

    for (; *s != '\0'; s += char_len(s))
        n++;
    return n;
}

/* A character of `set` in `text`, "" if there is none. */
static const char *shared(const char *text, const char *const set[], size_t n)
{
    static char found[5];

    for (; *text != '\0'; text += char_len(text)) {
        memcpy(found, text, char_len(text));
        found[char_len(text)] = '\0';
        for (size_t i = 0; i < n; i++)
            if (strstr(set[i], found) != NULL)
                return found;
    }
    return "";
}

static void every_term_is_there_in_every_language(void **state)
{
    (void)state;
    assert_in_range(DK_WORD_N, 150, 1000);
    for (int w = 0; w < DK_WORD_N; w++) {
        for (int l = 0; l < DK_LANG_N; l++)
            assert_true(strlen(dk_word((enum dk_word)w, (enum dk_lang)l)) > 0);
        assert_true(strlen(dk_word_source((enum dk_word)w)) > 0);
        assert_int_equal(dk_word_find(dk_word_id((enum dk_word)w)), w);
    }
    assert_string_equal(dk_word(DK_WORD_WHO_PETITIONER, DK_LANG_ZH_CN),
                        "信访人");
    assert_string_equal(dk_word(DK_WORD_WHO_PETITIONER, DK_LANG_ZH_TW),
                        "信訪人");
    assert_string_equal(dk_word(DK_WORD_WHO_PETITIONER, DK_LANG_EN),
                        "petitioner");
}

static void what_is_not_there_is_told_so(void **state)
{
    (void)state;
    assert_string_equal(dk_word(DK_WORD_N, DK_LANG_EN), "");
    assert_string_equal(dk_word(DK_WORD_RUNG, DK_LANG_N), "");
    assert_string_equal(dk_word_id((enum dk_word) - 1), "");
    assert_string_equal(dk_word_source(DK_WORD_N), "");
    assert_int_equal(dk_word_find("state.flying"), -1);
    assert_int_equal(dk_word_find(""), -1);
    assert_string_equal(dk_word_named("state", "flying", DK_LANG_ZH_CN),
                        "flying");
    assert_string_equal(dk_word_named("", "overdue", DK_LANG_ZH_CN), "overdue");
    assert_string_equal(dk_word_named("level", "overdue", DK_LANG_N),
                        "overdue");
    assert_string_equal(dk_word_named("level", "overdue", DK_LANG_ZH_CN),
                        "超期");
    assert_int_equal(dk_lang_from_tag("zh-TW"), DK_LANG_ZH_TW);
    assert_int_equal(dk_lang_from_tag("zh"), -1);
    assert_string_equal(dk_lang_tag(DK_LANG_EN), "en");
    assert_string_equal(dk_lang_tag(DK_LANG_N), "");
}

static void an_id_is_its_name_in_small_letters(void **state)
{
    static const char *const names[] = {
#define W(name, id, zh_cn, zh_tw, en, source) #name,
#include "proto/words.def"
    };

    (void)state;
    for (int w = 0; w < DK_WORD_N; w++) {
        char want[64];
        size_t n = 0;

        for (const char *c = dk_word_id((enum dk_word)w); *c != '\0'; c++)
            want[n++] = *c == '.' || *c == '-'   ? '_'
                        : *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A')
                                                 : *c;
        want[n] = '\0';
        assert_string_equal(names[w], want);
    }
}

static void the_pairs_of_characters_are_pairs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(simplified); i++) {
        assert_int_equal(chars(simplified[i]), chars(traditional[i]));
        /* A character that is both would forbid itself. */
        if (*shared(simplified[i], traditional, COUNT(traditional)) != '\0')
            fail_msg("%s is on both sides",
                     shared(simplified[i], traditional, COUNT(traditional)));
    }
}

static void no_term_mixes_the_two_scripts(void **state)
{
    (void)state;
    for (int w = 0; w < DK_WORD_N; w++) {
        const char *cn = dk_word((enum dk_word)w, DK_LANG_ZH_CN);
        const char *tw = dk_word((enum dk_word)w, DK_LANG_ZH_TW);
        const char *odd = shared(cn, traditional, COUNT(traditional));

        if (*odd != '\0')
            fail_msg("%s: %s is traditional", cn, odd);
        odd = shared(tw, simplified, COUNT(simplified));
        if (*odd != '\0')
            fail_msg("%s: %s is simplified", tw, odd);
    }
}

static void no_term_holds_a_form_that_is_forbidden(void **state)
{
    (void)state;
    assert_true(COUNT(strays) > 20);
    for (size_t i = 0; i < COUNT(strays); i++) {
        for (int w = 0; w < DK_WORD_N; w++) {
            const char *term = dk_word((enum dk_word)w, strays[i].lang);

            if (strcasestr(term, strays[i].form) != NULL &&
                strcasestr(strays[i].unless, term) == NULL)
                fail_msg("%s holds %s", term, strays[i].form);
        }
        /* An exception that does not hold the form excepts nothing. */
        if (strays[i].unless[0] != '\0')
            assert_non_null(strcasestr(strays[i].unless, strays[i].form));
        assert_in_range(strays[i].word, 0, DK_WORD_N - 1);
    }
}

static void term_is(const char *group, const char *name, const char *zh)
{
    char id[96];

    (void)snprintf(id, sizeof(id), "%s.%s", group, name);
    if (dk_word_find(id) < 0)
        fail_msg("the glossary has no %s", id);
    if (zh != NULL)
        assert_string_equal(dk_word_named(group, name, DK_LANG_ZH_CN), zh);
}

static void states_and_events_are_called_as_the_glossary_says(void **state)
{
    (void)state;
    for (int s = 0; s < DK_S_N; s++)
        term_is("state", dk_state_name((enum dk_state)s),
                dk_state_zh((enum dk_state)s));
    for (int e = 0; e < DK_EV_N; e++)
        term_is("event", dk_ev_name((enum dk_ev)e), dk_ev_zh((enum dk_ev)e));
}

static void the_office_s_own_failures_are_called_so_too(void **state)
{
    (void)state;
    for (int k = 0; k < DK_W_N; k++)
        term_is("watch", dk_watch_name((enum dk_watch_kind)k), NULL);
    for (int l = 0; l < DK_WL_N; l++)
        term_is("watch_level", dk_watch_level_names[l], NULL);
}

static void all_of(const char *group, const char *const names[])
{
    for (; *names != NULL; names++)
        term_is(group, *names, NULL);
}

/* Nor has the glossary a word of such a group that the code does not know. */
static void whatever_the_protocol_names_has_its_word(void **state)
{
    static const struct {
        const char *group;
        const char *const *names;
    } lists[] = {
        {"channel", dk_channel_names},   {"kind", dk_kind_names},
        {"need", dk_need_names},         {"level", pol_level_names},
        {"relation", dk_relation_names}, {"role", pol_role_names},
        {"way", dk_way_names},           {"count", pol_count_names},
        {"on_due", dk_on_due_names},     {"clock_state", dk_clock_state_names},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        size_t n = strlen(lists[i].group);

        all_of(lists[i].group, lists[i].names);
        for (int w = 0; w < DK_WORD_N; w++) {
            const char *id = dk_word_id((enum dk_word)w);
            bool known = false;

            if (strncmp(id, lists[i].group, n) != 0 || id[n] != '.')
                continue;
            for (int k = 0; lists[i].names[k] != NULL; k++)
                known |= strcmp(id + n + 1, lists[i].names[k]) == 0;
            if (!known)
                fail_msg("%s is in the glossary only", id);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_term_is_there_in_every_language),
        cmocka_unit_test(what_is_not_there_is_told_so),
        cmocka_unit_test(an_id_is_its_name_in_small_letters),
        cmocka_unit_test(the_pairs_of_characters_are_pairs),
        cmocka_unit_test(no_term_mixes_the_two_scripts),
        cmocka_unit_test(no_term_holds_a_form_that_is_forbidden),
        cmocka_unit_test(states_and_events_are_called_as_the_glossary_says),
        cmocka_unit_test(the_office_s_own_failures_are_called_so_too),
        cmocka_unit_test(whatever_the_protocol_names_has_its_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
