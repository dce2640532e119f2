#include "query.h"

#include <stdio.h>
#include <string.h>

#include "proto/jsonx.h"

#define INT_MOST INT64_C(9007199254740991)

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decode n bytes; how many came out, or -1: bad escapes, no text, no room. */
static int decode(const char *s, size_t n, char *buf, size_t cap)
{
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        int c = (unsigned char)s[i];

        if (c == '%') {
            int high = i + 2 < n ? hex(s[i + 1]) : -1;
            int low = high >= 0 ? hex(s[i + 2]) : -1;

            if (low < 0)
                return -1;
            c = high * 16 + low;
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        if (c < 0x20 || c == 0x7f || len + 1 >= cap)
            return -1;
        buf[len++] = (char)c;
    }
    buf[len] = '\0';
    return dk_utf8_valid(buf, len) == len ? (int)len : -1;
}

struct pair {
    const char *name, *value;
    size_t n_name, n_value;
};

/* The next pair that is not empty; false: there is none. */
static bool next_pair(const char **at, struct pair *out)
{
    const char *s = *at + strspn(*at, "&");
    size_t n = strcspn(s, "&");
    const char *equals = memchr(s, '=', n);

    *at = s + n;
    out->name = s;
    out->n_name = equals != NULL ? (size_t)(equals - s) : n;
    out->value = equals != NULL ? equals + 1 : s + n;
    out->n_value = equals != NULL ? n - out->n_name - 1 : 0;
    return n > 0;
}

static int bad_value(const char *name, const char *en, const char *zh,
                     struct dk_problem *p)
{
    char pointer[80];

    snprintf(pointer, sizeof(pointer), "/%.64s", name);
    return dk_fail(p, DK_EFIELD, pointer, en, zh);
}

static int write_int(struct dk_jw *w, const char *name, const char *text,
                     struct dk_problem *p)
{
    int64_t v = 0;
    size_t n = strlen(text);

    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9' || n > 16)
            return bad_value(name, "this is a whole number, as in 50",
                             "此处须为整数，如 50", p);
        v = v * 10 + (text[i] - '0');
    }
    if (v > INT_MOST)
        return bad_value(name, "this number is too large", "数值过大", p);
    dk_jw_int(w, name, v);
    return 0;
}

static void write_names(struct dk_jw *w, const char *name, const char *text)
{
    dk_jw_arr(w, name);
    for (;;) {
        size_t n = strcspn(text, ",");

        dk_jw_strn(w, NULL, text, n);
        if (text[n] == '\0')
            break;
        text += n + 1;
    }
    dk_jw_end_arr(w);
}

static int write_value(struct dk_jw *w, const struct query_param *q,
                       const char *text, struct dk_problem *p)
{
    bool yes = strcmp(text, "true") == 0;

    switch (q->kind) {
    case QUERY_TEXT:
        dk_jw_str(w, q->name, text);
        return 0;
    case QUERY_NAMES:
        write_names(w, q->name, text);
        return 0;
    case QUERY_INT:
        return write_int(w, q->name, text, p);
    case QUERY_BOOL:
        break;
    }
    if (!yes && strcmp(text, "false") != 0)
        return bad_value(q->name, "write true or false", "请写 true 或 false",
                         p);
    dk_jw_bool(w, q->name, yes);
    return 0;
}

static int find_param(const struct query_param *known, const char *name,
                      struct dk_problem *p)
{
    const char *names[QUERY_PAIRS + 1];
    const char *near;
    char pointer[80];
    int n = 0;

    for (; known[n].name != NULL && n < QUERY_PAIRS; n++) {
        if (strcmp(known[n].name, name) == 0)
            return n;
        names[n] = known[n].name;
    }
    names[n] = NULL;
    near = dk_nearest(name, names);
    snprintf(pointer, sizeof(pointer), "/%.64s", name);
    (void)dk_failf(
        p, DK_EFIELD, pointer, "this list has no filter '%.64s'%s%s%s",
        "此列表没有筛选项“%.64s”%s%s%s", name, near != NULL ? " (" : "",
        near != NULL ? near : "", near != NULL ? "?)" : "");
    return -1;
}

int query_write(const char *query, const struct query_param *known,
                struct dk_jw *w, struct dk_problem *p)
{
    char name[64], value[QUERY_MAX];
    const char *at = query;
    struct pair pair;
    uint32_t seen = 0;
    int pairs = 0;

    if (strlen(query) >= QUERY_MAX)
        return dk_fail(p, DK_ETOOBIG, NULL, "the query string is too long",
                       "查询字符串过长");
    while (next_pair(&at, &pair)) {
        int i, rc;

        if (++pairs > QUERY_PAIRS)
            return dk_fail(p, DK_ETOOBIG, NULL, "too many filters",
                           "筛选项过多");
        if (decode(pair.name, pair.n_name, name, sizeof(name)) < 0)
            return dk_fail(p, DK_EFIELD, NULL,
                           "the name of a filter cannot be read",
                           "筛选项名称无法识别");
        i = find_param(known, name, p);
        if (i < 0)
            return DK_EFIELD;
        if ((seen & 1u << i) != 0)
            return bad_value(name, "give this filter once",
                             "同一筛选项只能给出一次", p);
        seen |= 1u << i;
        if (decode(pair.value, pair.n_value, value, sizeof(value)) < 0)
            return bad_value(name, "this value is not text in UTF-8",
                             "取值不是合格的 UTF-8 文本", p);
        rc = value[0] != '\0' ? write_value(w, &known[i], value, p) : 0;
        if (rc != 0)
            return rc;
    }
    return 0;
}

bool query_get(const char *query, const char *name, char *buf, size_t cap)
{
    const char *at = query;
    struct pair pair;

    while (next_pair(&at, &pair))
        if (pair.n_name == strlen(name) &&
            memcmp(pair.name, name, pair.n_name) == 0)
            return decode(pair.value, pair.n_value, buf, cap) > 0;
    return false;
}

bool cookie_get(const char *header, const char *name, char *buf, size_t cap)
{
    size_t n_name = strlen(name);
    bool found = false;

    for (const char *s = header; *s != '\0';) {
        size_t n;

        s += strspn(s, " \t;");
        n = strcspn(s, ";");
        while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
            n--;
        if (n > n_name && s[n_name] == '=' && memcmp(s, name, n_name) == 0) {
            if (found || n - n_name - 1 >= cap)
                return false;
            memcpy(buf, s + n_name + 1, n - n_name - 1);
            buf[n - n_name - 1] = '\0';
            found = buf[0] != '\0';
        }
        s += strcspn(s, ";");
    }
    return found;
}
