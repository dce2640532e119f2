/* words.h - the words of docket, each once, in three languages.
 *
 * words.def is the glossary: what a message, a page or a document calls a
 * state, a limit, a person or a paper is taken from there.  docs/GLOSSARY.md
 * is the same for readers, script/glossary the same for pages (JSON).
 */
#ifndef DK_WORDS_H
#define DK_WORDS_H

/* X(NAME, tag) */
#define DK_LANGS(X)                                                            \
    X(ZH_CN, "zh-CN")                                                          \
    X(ZH_TW, "zh-TW")                                                          \
    X(EN, "en")

#define DK_LANG_ENUM(name, tag) DK_LANG_##name,
enum dk_lang {
    DK_LANGS(DK_LANG_ENUM) DK_LANG_N
};
#undef DK_LANG_ENUM

/* DK_WORD_STATE_SUBMITTED, DK_WORD_CLOCK_CONCLUDE, ... */
enum dk_word {
#define W(name, id, zh_cn, zh_tw, en, source) DK_WORD_##name,
#include "words.def"
    DK_WORD_N
};

/* The term; never NULL, "" if there is no such word or language. */
const char *dk_word(enum dk_word w, enum dk_lang lang);

const char *dk_word_id(enum dk_word w);     /* "state.submitted" */
const char *dk_word_source(enum dk_word w); /* "Art. 22", "practice", ... */

/* The word of an id, or -1. */
int dk_word_find(const char *id);

/* The term for what the protocol calls `name` within `group` ("state",
 * "event", "level", ...); `name` itself where the glossary has none, as a
 * newer broker may send names that this program does not know.
 */
const char *dk_word_named(const char *group, const char *name,
                          enum dk_lang lang);

const char *dk_lang_tag(enum dk_lang lang); /* "zh-CN"; "" if unknown */
int dk_lang_from_tag(const char *tag);      /* -1: unknown */

#endif /* DK_WORDS_H */
