#include "words.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct word {
    const char *id, *term[DK_LANG_N], *source;
};

static const struct word words[DK_WORD_N] = {
#define W(name, id, zh_cn, zh_tw, en, source) {id, {zh_cn, zh_tw, en}, source},
#include "words.def"
};

#define LANG_TAG(name, tag) tag,
static const char *const tags[DK_LANG_N] = {DK_LANGS(LANG_TAG)};
#undef LANG_TAG

static bool is_word(enum dk_word w)
{
    return (unsigned)w < DK_WORD_N;
}

static bool is_lang(enum dk_lang lang)
{
    return (unsigned)lang < DK_LANG_N;
}

const char *dk_word(enum dk_word w, enum dk_lang lang)
{
    return is_word(w) && is_lang(lang) ? words[w].term[lang] : "";
}

const char *dk_word_id(enum dk_word w)
{
    return is_word(w) ? words[w].id : "";
}

const char *dk_word_source(enum dk_word w)
{
    return is_word(w) ? words[w].source : "";
}

int dk_word_find(const char *id)
{
    for (int i = 0; i < DK_WORD_N; i++) {
        if (strcmp(words[i].id, id) == 0)
            return i;
    }
    return -1;
}

const char *dk_word_named(const char *group, const char *name,
                          enum dk_lang lang)
{
    size_t n = strlen(group);

    for (int i = 0; i < DK_WORD_N && is_lang(lang); i++) {
        const char *id = words[i].id;

        if (strncmp(id, group, n) == 0 && id[n] == '.' &&
            strcmp(id + n + 1, name) == 0)
            return words[i].term[lang];
    }
    return name;
}

const char *dk_lang_tag(enum dk_lang lang)
{
    return is_lang(lang) ? tags[lang] : "";
}

int dk_lang_from_tag(const char *tag)
{
    for (int i = 0; i < DK_LANG_N; i++) {
        if (strcmp(tags[i], tag) == 0)
            return i;
    }
    return -1;
}
