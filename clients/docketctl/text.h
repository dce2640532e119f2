/* text.h - the words of the protocol in Chinese (zh-CN). Pure. */
#ifndef DK_CTL_TEXT_H
#define DK_CTL_TEXT_H

struct word {
    const char *wire, *zh;
};

/* States, channels, kinds, levels; what is unknown comes back as it is. */
const char *word_zh(const char *wire);
/* Types of events. */
const char *event_zh(const char *wire);

#endif /* DK_CTL_TEXT_H */
