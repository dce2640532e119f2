#include "logline.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *event, *id;
} events[] = {
#define E(event, id) {event, id},
#include "log_events.def"
#undef E
};

const char *dk_logline_id(const char *event, size_t n)
{
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        if (strlen(events[i].event) == n &&
            memcmp(events[i].event, event, n) == 0)
            return events[i].id;
    return NULL;
}

struct entry {
    char *buf;
    size_t n, cap;
    bool full;
};

static void put(struct entry *e, const char *s, size_t n)
{
    if (n > e->cap - e->n) {
        e->full = true;
        return;
    }
    memcpy(e->buf + e->n, s, n);
    e->n += n;
}

static void put_field(struct entry *e, const char *name, const char *value,
                      size_t n)
{
    put(e, name, strlen(name));
    put(e, "=", 1);
    put(e, value, n);
    put(e, "\n", 1);
}

static char capital(char c)
{
    if (c >= 'a' && c <= 'z')
        return (char)(c - 'a' + 'A');
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
}

/* A quoted value without its quotes and backslashes. */
static void put_value(struct entry *e, const char *v, size_t n)
{
    bool quoted = n >= 2 && v[0] == '"' && v[n - 1] == '"';

    for (size_t i = quoted; i < n - quoted; i++) {
        if (quoted && v[i] == '\\' && i + 1 < n - quoted)
            i++;
        put(e, v + i, 1);
    }
}

static void put_pair(struct entry *e, const char *key, size_t n, const char *v,
                     size_t m)
{
    if ((n == 4 && memcmp(key, "case", n) == 0) ||
        (n == 7 && memcmp(key, "case_no", n) == 0)) {
        put(e, "CASE_NO", 7);
    } else {
        put(e, "DOCKET_", 7);
        for (size_t i = 0; i < n; i++) {
            char c = capital(key[i]);
            put(e, &c, 1);
        }
    }
    put(e, "=", 1);
    put_value(e, v, m);
    put(e, "\n", 1);
}

/* Of a log's level, or of an alert's. */
static void put_priority(struct entry *e, const char *level, size_t n)
{
    static const struct {
        const char *level, *priority;
    } known[] = {{"error", "3"}, {"warn", "4"},     {"info", "6"},
                 {"debug", "7"}, {"reminder", "5"}, {"yellow", "4"},
                 {"red", "4"},   {"overdue", "3"},  {"long_overdue", "3"}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strlen(known[i].level) == n &&
            memcmp(known[i].level, level, n) == 0)
            put_field(e, "PRIORITY", known[i].priority, 1);
}

/* Where the value that begins at `at` ends: at a space outside of quotes. */
static size_t value_end(const char *line, size_t n, size_t at)
{
    bool quoted = at < n && line[at] == '"';

    if (!quoted) {
        while (at < n && line[at] != ' ')
            at++;
        return at;
    }
    for (at++; at < n && line[at] != '"'; at++)
        at += line[at] == '\\';
    return at < n ? at + 1 : n;
}

/* The event, or event and kind ("office_alert.disk") where the catalog tells
 * kinds apart.
 */
struct named {
    const char *event, *kind;
    size_t n, n_kind;
};

static void put_id(struct entry *e, const struct named *w)
{
    char both[80];
    int n = snprintf(both, sizeof(both), "%.*s.%.*s", (int)w->n, w->event,
                     (int)w->n_kind, w->kind != NULL ? w->kind : "");
    const char *id =
        n > 0 && n < (int)sizeof(both) ? dk_logline_id(both, (size_t)n) : NULL;

    if (id == NULL)
        id = dk_logline_id(w->event, w->n);
    if (id != NULL)
        put_field(e, "MESSAGE_ID", id, strlen(id));
}

static void take_pair(struct entry *e, struct named *w, const char *key,
                      size_t n, const char *v, size_t m)
{
    if (n == 5 && memcmp(key, "level", n) == 0)
        put_priority(e, v, m);
    if (w->event == NULL && n == 5 && memcmp(key, "event", n) == 0) {
        w->event = v;
        w->n = m;
    }
    if (n == 4 && memcmp(key, "kind", n) == 0) {
        w->kind = v;
        w->n_kind = m;
    }
    put_pair(e, key, n, v, m);
}

/* NOLINTBEGIN(readability-non-const-parameter): it is written through `e` */
size_t dk_logline_entry(const char *line, size_t n, const char *program,
                        char *buf, size_t cap)
/* NOLINTEND(readability-non-const-parameter) */
{
    struct entry e = {.buf = buf, .cap = cap};
    struct named w = {0};

    if (n == 0 || memchr(line, '\n', n) != NULL)
        return 0;
    put_field(&e, "MESSAGE", line, n);
    put_field(&e, "SYSLOG_IDENTIFIER", program, strlen(program));
    for (size_t at = 0; at < n;) {
        size_t key = at, end;

        while (at < n && line[at] != '=' && line[at] != ' ')
            at++;
        if (at == n || line[at] == ' ' || at - key > 40 || at == key) {
            if (key == 0 && at > 0) { /* "alert level=..." */
                w.event = line;
                w.n = at;
                put_pair(&e, "event", 5, line, at);
            }
            at += at < n;
            continue;
        }
        end = value_end(line, n, at + 1);
        take_pair(&e, &w, line + key, at - key, line + at + 1, end - at - 1);
        at = end + 1;
    }
    if (w.event == NULL)
        return 0;
    put_id(&e, &w);
    return e.full ? 0 : e.n;
}
