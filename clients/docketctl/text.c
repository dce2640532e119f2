#include "text.h"

#include <stddef.h>

#include "proto/words.h"

static const char *zh(const char *group, const char *wire)
{
    return dk_word_named(group, wire, DK_LANG_ZH_CN);
}

const char *word_zh(const char *wire)
{
    static const char *const groups[] = {
        "state",          "clock_state", "level",    "channel",  "kind",
        "need",           "way",         "result",   "document", "manner",
        "suspend_ground", "urge_ground", "relation", "answer"};

    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        const char *word = zh(groups[i], wire);
        if (word != wire)
            return word;
    }
    return wire;
}

const char *event_zh(const char *wire)
{
    return zh("event", wire);
}

const char *clock_zh(const char *id)
{
    return zh("clock", id);
}

const char *role_zh(const char *role)
{
    return zh("role", role);
}
