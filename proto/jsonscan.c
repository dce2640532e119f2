#include "jsonscan.h"

#include <stdio.h>
#include <string.h>

#include "jsonplain.h"
#include "jsonx.h"

#define FILTER_BITS 1024 /* four times DK_KEYS_MAX: few keys are looked for */

/* A key of an object that is still open.  Keys are compared in full only when
 * their hashes are the same.
 */
struct seen {
    uint32_t hash;
    uint32_t at; /* offset of its first byte, after the quote */
};

struct level {
    uint32_t base; /* its first entry in seen[] */
    bool obj;
    uint64_t filter[FILTER_BITS / 64]; /* bit (hash % FILTER_BITS) is set for
                                          each of its keys */
};

struct scan {
    const unsigned char *buf, *p, *end;
    const unsigned char *bad; /* where it is wrong */
    const char *en, *zh;      /* why */
    size_t values;            /* read so far */
    int depth;
    bool escaped;  /* the last string had an escape */
    uint32_t keys; /* entries of seen[] in use */
    struct level level[DK_DEPTH_MAX];
    struct seen seen[DK_DEPTH_MAX * DK_KEYS_MAX];
};

static bool refuse(struct scan *s, const unsigned char *at, const char *en,
                   const char *zh)
{
    s->bad = at;
    s->en = en;
    s->zh = zh;
    return false;
}

/* s->p is after "\u". */
static bool unicode_escape(struct scan *s)
{
    const unsigned char *at = s->p - 2;
    int c = dk_hex4(s->p, s->end);
    int low;

    if (c < 0)
        return refuse(s, at, "\\u must be followed by four hex digits",
                      "\\u 后须有四位十六进制数字");
    if (c == 0)
        return refuse(s, at, "U+0000 is not allowed in a text",
                      "文本中不得含有 U+0000");
    s->p += 4;
    if (c < 0xd800 || c > 0xdfff)
        return true;
    if (c <= 0xdbff && s->end - s->p >= 6 && s->p[0] == '\\' &&
        s->p[1] == 'u') {
        low = dk_hex4(s->p + 2, s->end);
        if (low >= 0xdc00 && low <= 0xdfff) {
            s->p += 6;
            return true;
        }
    }
    return refuse(s, at, "a surrogate stands alone; write the pair",
                  "代理项单独出现；请成对书写");
}

/* s->p is at the backslash. */
static bool escape(struct scan *s)
{
    const unsigned char *at = s->p;

    s->escaped = true;
    if (s->end - s->p < 2)
        return refuse(s, s->end, "the text ends inside a string",
                      "正文在字符串中间结束");
    s->p += 2;
    switch (at[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return true;
    case 'u':
        return unicode_escape(s);
    default:
        return refuse(s, at, "there is no such escape in JSON",
                      "JSON 中没有这种转义");
    }
}

/* s->p is after the opening quote; it ends after the closing one. */
static bool string(struct scan *s)
{
    s->escaped = false;
    for (;;) {
        s->p += dk_json_plain((const char *)s->p, (size_t)(s->end - s->p));
        if (s->p == s->end)
            return refuse(s, s->end, "the text ends inside a string",
                          "正文在字符串中间结束");
        if (*s->p == '"') {
            s->p++;
            return true;
        }
        if (*s->p < 0x20)
            return refuse(s, s->p, "a control character must be escaped",
                          "控制字符须转义");
        if (*s->p != '\\')
            return refuse(s, s->p, "this is not UTF-8; send UTF-8",
                          "不是合格的 UTF-8；请使用 UTF-8 编码");
        if (!escape(s))
            return false;
    }
}

/* -?(0|[1-9][0-9]*) of at most 2^53-1 in size, and not "-0". */
static bool number(struct scan *s)
{
    const unsigned char *at = s->p, *p = at, *first;
    uint64_t v = 0;

    if (*p == '-')
        p++;
    first = p;
    while (p < s->end && *p >= '0' && *p <= '9' && p - first < 17)
        v = v * 10 + (uint64_t)(*p++ - '0');
    if (p == first)
        return refuse(s, at, "a number needs a digit here", "此处应为数字");
    if (*first == '0' && (p - first > 1 || *at == '-'))
        return refuse(s, at,
                      "write a number without leading zero, and zero as 0",
                      "数字不得有前导零，零写作 0");
    if (p < s->end && (*p == '.' || *p == 'e' || *p == 'E'))
        return refuse(s, at,
                      "only integers are allowed, without point or exponent",
                      "只允许整数，不带小数点或指数");
    if (v > 9007199254740991u)
        return refuse(s, at,
                      "the number is over 2^53-1 in size; send it as a string",
                      "数字的绝对值超过 2^53-1；请用字符串发送");
    s->p = p;
    return true;
}

static bool word(struct scan *s, const char *w, size_t n)
{
    if ((size_t)(s->end - s->p) < n || memcmp(s->p, w, n) != 0)
        return refuse(s, s->p, "a value is expected here", "此处应有一个值");
    s->p += n;
    return true;
}

static bool same_key(const unsigned char *a, const unsigned char *b)
{
    struct dk_unescape x = {.p = a}, y = {.p = b};

    for (;;) {
        int c = dk_unescape_next(&x);

        if (c != dk_unescape_next(&y))
            return false;
        if (c < 0)
            return true;
    }
}

/* FNV-1a of the key at `key`, which ends before s->p - 1. */
static uint32_t hash_key(const struct scan *s, const unsigned char *key)
{
    uint32_t h = 2166136261u;

    if (!s->escaped) {
        for (const unsigned char *p = key; p < s->p - 1; p++)
            h = (h ^ *p) * 16777619u;
    } else {
        struct dk_unescape c = {.p = key};

        for (int b = dk_unescape_next(&c); b >= 0; b = dk_unescape_next(&c))
            h = (h ^ (uint32_t)b) * 16777619u;
    }
    return h ^ h >> 15;
}

/* The key at `key` has just been read into the innermost object. */
static bool remember(struct scan *s, const unsigned char *key)
{
    struct level *l = &s->level[s->depth - 1];
    uint32_t h = hash_key(s, key);
    uint64_t *word = &l->filter[h % FILTER_BITS / 64];
    uint64_t bit = (uint64_t)1 << (h % 64);

    for (uint32_t i = l->base; (*word & bit) != 0 && i < s->keys; i++) {
        if (s->seen[i].hash == h && same_key(key, s->buf + s->seen[i].at))
            return refuse(s, key - 1,
                          "this key is in the same object twice; send it once",
                          "同一对象中该键重复；只能出现一次");
    }
    if (s->keys - l->base >= DK_KEYS_MAX)
        return refuse(s, key - 1, "an object may have at most 256 members",
                      "一个对象最多有 256 个成员");
    *word |= bit;
    s->seen[s->keys++] = (struct seen){h, (uint32_t)(key - s->buf)};
    return true;
}

static void spaces(struct scan *s)
{
    while (s->p < s->end &&
           (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
        s->p++;
}

static int peek(struct scan *s)
{
    spaces(s);
    return s->p < s->end ? *s->p : -1;
}

/* A member's key and colon. */
static bool key(struct scan *s)
{
    const unsigned char *at;

    if (peek(s) != '"')
        return refuse(s, s->p, "a key in double quotes is expected here",
                      "此处应有双引号括起的键");
    at = ++s->p;
    if (!string(s) || !remember(s, at))
        return false;
    if (peek(s) != ':')
        return refuse(s, s->p, "':' is expected here", "此处应为“:”");
    s->p++;
    return true;
}

static bool push(struct scan *s, bool obj)
{
    if (s->depth >= DK_DEPTH_MAX)
        return refuse(s, s->p, "nesting is deeper than 32 levels",
                      "嵌套超过 32 层");
    s->level[s->depth++] = (struct level){.base = s->keys, .obj = obj};
    s->p++;
    return true;
}

static void pop(struct scan *s)
{
    s->keys = s->level[--s->depth].base;
    s->p++;
}

/* Read one value, or the opening of one that is not empty: *open says which. */
static bool value(struct scan *s, bool *open)
{
    int c = peek(s);

    *open = false;
    s->values++;
    switch (c) {
    case '{':
    case '[':
        if (!push(s, c == '{'))
            return false;
        if (peek(s) == (c == '{' ? '}' : ']')) {
            pop(s);
            return true;
        }
        *open = true;
        return c == '[' || key(s);
    case '"':
        s->p++;
        return string(s);
    case 't':
        return word(s, "true", 4);
    case 'f':
        return word(s, "false", 5);
    case 'n':
        return word(s, "null", 4);
    case -1:
        return refuse(s, s->end, "the text ends too early", "正文提前结束");
    default:
        if (c == '-' || (c >= '0' && c <= '9'))
            return number(s);
        return refuse(s, s->p, "a value is expected here", "此处应有一个值");
    }
}

/* After a value: close what ends here; *more: another value follows. */
static bool after(struct scan *s, bool *more)
{
    *more = false;
    while (s->depth > 0) {
        bool obj = s->level[s->depth - 1].obj;
        int c = peek(s);

        if (c == ',') {
            s->p++;
            *more = true;
            return !obj || key(s);
        }
        if (c != (obj ? '}' : ']'))
            return c < 0 ? refuse(s, s->end, "the text ends too early",
                                  "正文提前结束")
                         : refuse(s, s->p,
                                  "',' or the end of the object or array is "
                                  "expected here",
                                  "此处应为“,”或对象、数组的结尾");
        pop(s);
    }
    return true;
}

static bool document(struct scan *s, bool obj)
{
    bool open, more = true;

    if (obj && peek(s) != '{')
        return refuse(s, s->p, "the body must be a JSON object, {...}",
                      "正文必须是一个 JSON 对象 {...}");
    while (more) {
        if (!value(s, &open))
            return false;
        if (!open && !after(s, &more))
            return false;
    }
    if (peek(s) >= 0)
        return refuse(s, s->p, "nothing may follow the value",
                      "JSON 值之后不得再有内容");
    return true;
}

int dk_json_scan(const char *buf, size_t len, bool obj, size_t *values,
                 struct dk_problem *p)
{
    struct scan s; /* seen[] is large: only what is used gets written */

    s.buf = s.p = (const unsigned char *)buf;
    s.end = s.buf + len;
    s.values = 0;
    s.depth = 0;
    s.keys = 0;
    s.escaped = false;
    if (document(&s, obj)) {
        *values = s.values;
        return 0;
    }
    return dk_failf(p, DK_EJSON, NULL, "byte %zu: %s%.0s",
                    "第 %zu 字节：%.0s%s", (size_t)(s.bad - s.buf), s.en, s.zh);
}
