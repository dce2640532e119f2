/* text.h - the names of the protocol in Chinese (zh-CN), from the glossary
 * (proto/words.h).  What the glossary has not comes back as it is, for a newer
 * broker may send it.  Pure.
 */
#ifndef DK_CTL_TEXT_H
#define DK_CTL_TEXT_H

/* States, channels, kinds, levels, needs, results, ...: the first group of the
 * glossary that has the name.
 */
const char *word_zh(const char *wire);
/* Types of events. */
const char *event_zh(const char *wire);
/* Limits of the policies that docket ships. */
const char *clock_zh(const char *id);
/* "handler", "office", ... */
const char *role_zh(const char *role);

#endif /* DK_CTL_TEXT_H */
