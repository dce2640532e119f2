#include "core/find.h"

#include <stddef.h>
#include <string.h>

#define WIDE_SPACE "\xe3\x80\x80"

struct stretch { /* of a text, as JSON has it */
    const char *at;
    size_t len;
};

/* ---- what is looked for ---------------------------------------------------
 */

static size_t space_at(const char *s)
{
    if (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\r')
        return 1;
    return strncmp(s, WIDE_SPACE, 3) == 0 ? 3 : 0;
}

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int dk_find_read(const char *text, struct dk_find *out, struct dk_problem *p)
{
    const char *s = text;

    out->n = 0;
    while (*s != '\0') {
        size_t n = space_at(s), len = 0;

        if (n != 0) {
            s += n;
            continue;
        }
        if (out->n == DK_FIND_WORDS)
            return dk_failf(p, DK_EFIELD, "/text", "at most %d words",
                            "最多 %d 个词", DK_FIND_WORDS);
        for (char *w = out->word[out->n]; *s != '\0' && space_at(s) == 0; s++) {
            if (*s == '"' || *s == '\\')
                w[len++] = '\\';
            w[len++] = small(*s);
        }
        out->len[out->n++] = len;
    }
    if (out->n > 0)
        return DK_OK;
    return dk_fail(p, DK_EFIELD, "/text", "there is no word to look for",
                   "没有要查找的词");
}

/* ---- where ----------------------------------------------------------------
 */

/* The string that stands behind `mark` ("subject":" and the like), up to its
 * closing quote.  Quotes within strings have a backslash before them, so the
 * mark is nowhere in a string.
 */
static struct stretch member(const char *mark, const char *s, size_t n)
{
    size_t m = strlen(mark);
    const char *end, *at = s, *q;

    if (s == NULL)
        return (struct stretch){NULL, 0};
    end = s + n;
    while (at != NULL && (size_t)(end - at) >= m && memcmp(at, mark, m) != 0)
        at = memchr(at + 1, mark[0], (size_t)(end - at) - 1);
    if (at == NULL || (size_t)(end - at) < m)
        return (struct stretch){NULL, 0};
    at += m;
    for (q = at; q < end && *q != '"'; q++) {
        if (*q == '\\')
            q++;
    }
    return (struct stretch){at, q < end ? (size_t)(q - at) : 0};
}

static bool same(const char *word, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (small(s[i]) != word[i])
            return false;
    }
    return true;
}

/* Is what stands at `s` the second half of an escape? */
static bool escaped(const char *from, const char *s)
{
    size_t n = 0;

    while (s - n > from && s[-1 - (ptrdiff_t)n] == '\\')
        n++;
    return n % 2 == 1;
}

/* Words of Chinese begin with a byte that is no letter: then whole stretches
 * are passed over at once.
 */
static bool has(struct stretch t, const char *word, size_t n)
{
    bool letter = word[0] >= 'a' && word[0] <= 'z';
    const char *s = t.at;

    if (t.at == NULL || t.len < n)
        return false;
    for (const char *last = t.at + t.len - n; s <= last; s++) {
        if (!letter)
            s = memchr(s, word[0], (size_t)(last - s) + 1);
        if (s == NULL)
            return false;
        if (same(word, s, n) && !escaped(t.at, s))
            return true;
    }
    return false;
}

bool dk_find_fits(const struct dk_find *f, const char *doc, size_t doc_len,
                  const char *body, size_t body_len)
{
    const struct stretch subject = member("\"subject\":\"", doc, doc_len);
    struct stretch facts = {NULL, 0};
    bool asked = false;

    for (int i = 0; i < f->n; i++) {
        if (has(subject, f->word[i], f->len[i]))
            continue;
        if (!asked)
            facts = member("\"facts\":\"", body, body_len);
        asked = true;
        if (!has(facts, f->word[i], f->len[i]))
            return false;
    }
    return true;
}
