#include "checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "problem.h"

#define HEX(n) (2 * (n) + 1)

static void to_hex(const uint8_t *p, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
    out[2 * n] = '\0';
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t dk_ckpt_write(const struct dk_ckpt *c, char buf[DK_CKPT_TEXT])
{
    char broker[HEX(16)], root[HEX(DK_HASH_LEN)], previous[HEX(DK_HASH_LEN)];
    char key[HEX(DK_CKPT_KEY)];

    to_hex(c->broker, sizeof(c->broker), broker);
    to_hex(c->root, sizeof(c->root), root);
    to_hex(c->previous, sizeof(c->previous), previous);
    to_hex(c->key, sizeof(c->key), key);
    int n = snprintf(buf, DK_CKPT_TEXT,
                     "docket checkpoint 1\nbroker %s\nnumber %" PRId64
                     "\nevents %" PRId64 " %" PRId64 "\ncases %" PRId64
                     "\nsum %016" PRIx64 "\nroot %s\nprevious %s\nkey %s\n"
                     "at %" PRId64 "\n",
                     broker, c->number, c->from, c->to, c->cases, c->sum, root,
                     previous, key, c->at);
    return n > 0 ? (size_t)n : 0;
}

/* What is left of the text, and whether it was as it should be so far. */
struct scan {
    const char *at;
    bool bad;
};

static void take_word(struct scan *s, const char *word)
{
    size_t n = strlen(word);

    if (!s->bad && strncmp(s->at, word, n) == 0)
        s->at += n;
    else
        s->bad = true;
}

static int64_t take_int(struct scan *s)
{
    int64_t v = 0;
    size_t n = strspn(s->at, "0123456789");

    s->bad = s->bad || n == 0 || n > 18;
    for (size_t i = 0; !s->bad && i < n; i++)
        v = 10 * v + (*s->at++ - '0');
    return v;
}

static void take_hex(struct scan *s, uint8_t *out, size_t n)
{
    for (size_t i = 0; !s->bad && i < n; i++) {
        int high = digit(s->at[0]), low = high < 0 ? -1 : digit(s->at[1]);
        s->bad = low < 0;
        out[i] = (uint8_t)(s->bad ? 0 : high << 4 | low);
        s->at += 2 * !s->bad;
    }
}

static uint64_t take_sum(struct scan *s)
{
    uint8_t b[8] = {0};
    uint64_t v = 0;

    take_hex(s, b, sizeof(b));
    for (size_t i = 0; i < sizeof(b); i++)
        v = v << 8 | b[i];
    return v;
}

static struct dk_ckpt take_all(struct scan *s)
{
    struct dk_ckpt c = {.number = 0};

    take_word(s, "docket checkpoint 1\nbroker ");
    take_hex(s, c.broker, sizeof(c.broker));
    take_word(s, "\nnumber ");
    c.number = take_int(s);
    take_word(s, "\nevents ");
    c.from = take_int(s);
    take_word(s, " ");
    c.to = take_int(s);
    take_word(s, "\ncases ");
    c.cases = take_int(s);
    take_word(s, "\nsum ");
    c.sum = take_sum(s);
    take_word(s, "\nroot ");
    take_hex(s, c.root, sizeof(c.root));
    take_word(s, "\nprevious ");
    take_hex(s, c.previous, sizeof(c.previous));
    take_word(s, "\nkey ");
    take_hex(s, c.key, sizeof(c.key));
    take_word(s, "\nat ");
    c.at = take_int(s);
    return c;
}

int dk_ckpt_read(const char *text, size_t len, struct dk_ckpt *out)
{
    char copy[DK_CKPT_TEXT], again[DK_CKPT_TEXT];
    struct scan s = {copy, false};

    if (len >= sizeof(copy))
        return DK_EFIELD;
    memcpy(copy, text, len);
    copy[len] = '\0';
    struct dk_ckpt c = take_all(&s);
    /* Whatever scanning let through is not what would have been written. */
    if (s.bad || dk_ckpt_write(&c, again) != len ||
        memcmp(again, text, len) != 0 || c.number < 1 || c.from < 1 ||
        c.to < c.from)
        return DK_EFIELD;
    *out = c;
    return DK_OK;
}
