#include "jsontree.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "jsonplain.h"

struct tree {
    const char *p, *end;
    cJSON *item; /* of the one block: the next that is free, */
    char *bytes; /* and where the next string goes; or both NULL */
};

static cJSON *item(struct tree *t, int type)
{
    cJSON *v = t->item != NULL ? t->item++ : cJSON_malloc(sizeof(*v));

    if (v == NULL)
        return NULL;
    *v = (cJSON){.type = type};
    return v;
}

static char *room(struct tree *t, size_t n)
{
    char *s = t->bytes;

    if (s == NULL)
        return cJSON_malloc(n);
    t->bytes += n;
    return s;
}

/* A string with escapes; what they stand for is never longer than they are. */
static char *unescaped(struct tree *t)
{
    const char *p = t->p, *q = p, *next;
    size_t n = 0;
    char *s;

    while (*q != '"')
        q += *q == '\\' ? 2 : 1;
    s = room(t, (size_t)(q - p) + 1);
    if (s == NULL)
        return NULL;
    while ((next = memchr(p, '\\', (size_t)(q - p))) != NULL) {
        struct dk_unescape one = {.p = (const unsigned char *)next};

        memcpy(s + n, p, (size_t)(next - p));
        n += (size_t)(next - p);
        do
            s[n++] = (char)dk_unescape_next(&one);
        while (one.i < one.n);
        p = (const char *)one.p;
    }
    memcpy(s + n, p, (size_t)(q - p));
    s[n + (size_t)(q - p)] = '\0';
    t->p = q + 1;
    return s;
}

/* t->p is after the opening quote; it ends after the closing one. */
static char *text(struct tree *t)
{
    const char *q = memchr(t->p, '"', (size_t)(t->end - t->p));
    size_t n = (size_t)(q - t->p);
    char *s;

    if (memchr(t->p, '\\', n) != NULL)
        return unescaped(t);
    s = room(t, n + 1);
    if (s == NULL)
        return NULL;
    memcpy(s, t->p, n);
    s[n] = '\0';
    t->p = q + 1;
    return s;
}

static cJSON *string(struct tree *t)
{
    cJSON *v = item(t, cJSON_String);

    t->p++;
    if (v == NULL)
        return NULL;
    v->valuestring = text(t);
    if (v->valuestring == NULL) {
        cJSON_Delete(v);
        return NULL;
    }
    return v;
}

static cJSON *number(struct tree *t)
{
    bool less = *t->p == '-';
    cJSON *v = item(t, cJSON_Number);
    int64_t n = 0;

    if (v == NULL)
        return NULL;
    t->p += less;
    while (t->p < t->end && *t->p >= '0' && *t->p <= '9')
        n = n * 10 + (*t->p++ - '0'); /* at most 2^53-1 */
    n = less ? -n : n;
    v->valuedouble = (double)n;
    v->valueint = n > INT_MAX ? INT_MAX : n < INT_MIN ? INT_MIN : (int)n;
    return v;
}

static char peek(struct tree *t)
{
    while (*t->p == ' ' || *t->p == '\n' || *t->p == '\r' || *t->p == '\t')
        t->p++;
    return *t->p;
}

static cJSON *word(struct tree *t, int type, size_t n)
{
    t->p += n;
    return item(t, type);
}

static cJSON *value(struct tree *t);

/* One more child of `list`, with its key if that is an object. */
static bool add(struct tree *t, cJSON *list, bool obj)
{
    char *key = NULL;
    cJSON *v;

    if (obj) {
        t->p++;
        key = text(t);
        if (key == NULL)
            return false;
        (void)peek(t);
        t->p++; /* the colon */
    }
    v = value(t);
    if (v == NULL) {
        cJSON_free(key);
        return false;
    }
    v->string = key;
    if (list->child == NULL) {
        list->child = v;
    } else {
        v->prev = list->child->prev;
        v->prev->next = v;
    }
    list->child->prev = v; /* cJSON: the first knows the last */
    return true;
}

/* As deep as DK_DEPTH_MAX. */
static cJSON *list(struct tree *t)
{
    bool obj = *t->p++ == '{';
    cJSON *v = item(t, obj ? cJSON_Object : cJSON_Array);

    if (v == NULL)
        return NULL;
    while (peek(t) != (obj ? '}' : ']')) {
        if (*t->p == ',') {
            t->p++;
            (void)peek(t);
        }
        if (!add(t, v, obj)) {
            cJSON_Delete(v);
            return NULL;
        }
    }
    t->p++;
    return v;
}

static cJSON *value(struct tree *t)
{
    switch (peek(t)) {
    case '{':
    case '[':
        return list(t);
    case '"':
        return string(t);
    case 't':
        return word(t, cJSON_True, 4);
    case 'f':
        return word(t, cJSON_False, 5);
    case 'n':
        return word(t, cJSON_NULL, 4);
    default:
        return number(t);
    }
}

cJSON *dk_json_tree(const char *buf, size_t len)
{
    struct tree t = {.p = buf, .end = buf + len};

    return value(&t);
}

cJSON *dk_json_tree_fixed(const char *buf, size_t len, size_t values)
{
    struct tree t = {.p = buf, .end = buf + len};
    cJSON *v;

    /* A string needs its two quotes' room and no more. */
    if (values > (SIZE_MAX / 2 - len) / sizeof(*v))
        return NULL;
    t.item = cJSON_malloc(values * sizeof(*v) + len);
    if (t.item == NULL)
        return NULL;
    t.bytes = (char *)(t.item + values);
    v = value(&t);
    v->type |= cJSON_IsReference; /* cJSON_Delete() frees it and goes no
                                     deeper */
    return v;
}
