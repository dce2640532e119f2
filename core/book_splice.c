/* book_splice.c - change some of a book's units and leave every other byte of
 * the file as somebody wrote it.
 */
#include <stdlib.h>
#include <string.h>

#include "book_table.h"

/* The text is strict JSON: dk_book_load() has read it. */
static const char *skip_blank(const char *s)
{
    return s + strspn(s, " \t\r\n");
}

static const char *skip_string(const char *s)
{
    for (s++; *s != '"'; s++)
        s += *s == '\\' ? 1 : 0;
    return s + 1;
}

static const char *skip_value(const char *s)
{
    int depth = 0;

    do {
        if (*s == '"') {
            s = skip_string(s);
            continue;
        }
        if (*s == '{' || *s == '[') {
            depth++;
            s++;
        } else if (*s == '}' || *s == ']') {
            depth--;
            s++;
        } else if (depth == 0) { /* a number or a word */
            return s + strcspn(s, ",]} \t\r\n");
        } else {
            s += strcspn(s, "\"{}[]");
        }
    } while (depth > 0);
    return s;
}

/* The first element of the top-level array "units". */
static const char *find_units(const char *s)
{
    static const char key[] = "\"units\"";

    s = skip_blank(skip_blank(s) + 1);
    while (*s == '"') {
        bool found = strncmp(s, key, sizeof key - 1) == 0;
        s = skip_blank(skip_blank(skip_string(s)) + 1); /* the colon */
        if (found)
            return *s == '[' ? skip_blank(s + 1) : NULL;
        s = skip_blank(skip_value(s));
        if (*s == ',')
            s = skip_blank(s + 1);
    }
    return NULL;
}

/* One line with a space after each comma and colon. */
static void put_unit(struct dk_jw *out, const cJSON *unit)
{
    struct dk_jw w = {0};
    const char *s;

    dk_jw_cjson(&w, NULL, unit);
    if (w.oom)
        out->oom = true;
    for (s = w.buf; s != NULL && *s != '\0';) {
        const char *from = s;
        s = *s == '"' ? skip_string(s) : s + 1;
        out->comma = false;
        dk_jw_raw(out, NULL, from, (size_t)(s - from));
        out->comma = false;
        if (*from == ',' || *from == ':')
            dk_jw_raw(out, NULL, " ", 1);
    }
    dk_jw_fini(&w);
}

static void put(struct dk_jw *out, const char *from, const char *to)
{
    out->comma = false; /* the text has its own */
    dk_jw_raw(out, NULL, from, (size_t)(to - from));
}

char *book_splice(const char *text, size_t len, const cJSON *const from[],
                  int n_old, const cJSON *const more[], int n_more,
                  size_t *out_len)
{
    static const char comma[] = ",";
    struct dk_jw out = {0};
    const char *s = find_units(text), *done = text, *gap = s, *end;

    if (s == NULL)
        return NULL;
    for (int i = 0; i < n_old; i++) {
        end = skip_value(s);
        if (from[i] != NULL) {
            put(&out, done, s);
            put_unit(&out, from[i]);
            done = end;
        }
        if (i == n_old - 1)
            break;
        gap = strchr(end, ',') + 1; /* what is between two units */
        s = skip_blank(gap);
    }
    while (n_old < 2 && strchr(" \t\r\n", gap[-1]) != NULL)
        gap--;
    end = skip_value(s);
    put(&out, done, end);
    for (int i = 0; i < n_more; i++) {
        put(&out, comma, comma + 1);
        put(&out, gap, gap + strspn(gap, " \t\r\n"));
        put_unit(&out, more[i]);
    }
    put(&out, end, text + len);
    if (!out.oom)
        return dk_jw_take(&out, out_len);
    dk_jw_fini(&out);
    return NULL;
}
