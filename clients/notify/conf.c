#include "conf.h"

#include <errno.h>
#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/notify_text.h"
#include "proto/jsonx.h"
#include "proto/who.h"

const char *const channel_names[CHANNEL_N + 1] = {"email", "webhook", "command",
                                                  "journal", NULL};

enum kind {
    TEXT,
    NUMBER,
    YES_NO,
    LANG,    /* enum dk_lang as int */
    TLS,     /* enum conf_tls */
    LEVELS,  /* mask */
    SPAN,    /* two ints */
    DAYS,    /* mask */
    MINUTE,  /* int */
    MINUTES, /* int, a number of them */
};

struct key {
    const char *name;
    enum kind kind;
    size_t at, size;
    int64_t min, max;
};
#define C(m) offsetof(struct conf, m), sizeof(((struct conf *)0)->m)
#define R(m) offsetof(struct recipient, m), sizeof(((struct recipient *)0)->m)
#define WORD 0, 0

static const struct key whole[] = {
    {"broker.connect", TEXT, C(connect), WORD},
    {"broker.key", TEXT, C(key), WORD},
    {"broker.server_key", TEXT, C(server_key), WORD},
    {"notify.data", TEXT, C(data), WORD},
    {"notify.zone", TEXT, C(office_zone), WORD},
    {"notify.lang", LANG, C(lang), WORD},
    {"notify.templates", TEXT, C(templates), WORD},
    {"notify.ca_file", TEXT, C(ca_file), WORD},
    {"notify.tries", NUMBER, C(tries), 1, 1000},
    {"notify.first_wait_s", NUMBER, C(first_wait_s), 1, 3600},
    {"notify.most_wait_min", NUMBER, C(most_wait_min), 1, 1440},
    {"notify.timeout_s", NUMBER, C(timeout_s), 1, 600},
    {"notify.at_once", NUMBER, C(at_once), 1, 64},
    {"notify.keep_days", NUMBER, C(keep_days), 1, 36500},
    {"smtp.server", TEXT, C(smtp.server), WORD},
    {"smtp.tls", TLS, C(smtp.tls), WORD},
    {"smtp.user", TEXT, C(smtp.user), WORD},
    {"smtp.password_file", TEXT, C(smtp.password_file), WORD},
    {"smtp.from", TEXT, C(smtp.from), WORD},
    {"smtp.hello", TEXT, C(smtp.hello), WORD},
};
#define N_WHOLE (sizeof(whole) / sizeof(whole[0]))

static const struct key each[] = {
    {"to", TEXT, R(to), WORD},
    {"lang", LANG, R(lang), WORD},
    {"levels", LEVELS, R(rule.levels), WORD},
    {"quiet", SPAN, R(rule.quiet_from), WORD},
    {"quiet_days", DAYS, R(rule.quiet_days), WORD},
    {"breaks_quiet", LEVELS, R(rule.breaks_quiet), WORD},
    {"digest", MINUTE, R(rule.digest_at), WORD},
    {"digest_every_min", MINUTES, R(rule.digest_every), 5, 1440},
    {"at_once", LEVELS, R(rule.at_once), WORD},
    {"email", TEXT, R(email), WORD},
    {"webhook", TEXT, R(webhook), WORD},
    {"webhook_secret_file", TEXT, R(webhook_secret), WORD},
    {"command", TEXT, R(command), WORD},
    {"journal", YES_NO, R(journal), WORD},
};
#define N_EACH (sizeof(each) / sizeof(each[0]))

/* ---- values ---- */

static const char *set_number(const struct key *k, const char *value, char *at)
{
    static char why[96];
    char *end;
    int64_t v;

    errno = 0;
    v = strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || v < k->min ||
        v > k->max) {
        (void)snprintf(why, sizeof(why), "must be a number from %lld to %lld",
                       (long long)k->min, (long long)k->max);
        return why;
    }
    if (k->kind == MINUTES)
        *(int *)(void *)at = (int)v;
    else
        memcpy(at, &v, sizeof(v));
    return NULL;
}

static const char *set_lang(const char *value, char *at)
{
    int lang = dk_lang_from_tag(value);

    if (lang != DK_LANG_ZH_CN && lang != DK_LANG_EN)
        return "must be zh-CN or en";
    *(int *)(void *)at = lang;
    return NULL;
}

static const char *set_tls(const char *value, char *at)
{
    static const char *const names[] = {"starttls", "direct", "none"};

    for (int i = 0; i < 3; i++) {
        if (strcmp(names[i], value) == 0) {
            *(enum conf_tls *)(void *)at = (enum conf_tls)i;
            return NULL;
        }
    }
    return "must be starttls, direct or none";
}

static const char *set_yes(const char *value, char *at)
{
    int64_t v = strcmp(value, "yes") == 0;

    if (v == 0 && strcmp(value, "no") != 0)
        return "must be yes or no";
    memcpy(at, &v, sizeof(v));
    return NULL;
}

static const char *set_text(const struct key *k, const char *value, char *at)
{
    if (strlen(value) >= k->size)
        return "is too long";
    for (const char *s = value; *s != '\0'; s++) {
        if ((unsigned char)*s < 0x20 && *s != '\t')
            return "has a control character in it";
    }
    memcpy(at, value, strlen(value) + 1);
    return NULL;
}

/* Why the value cannot be taken; NULL: it was. */
static const char *set(const struct key *k, const char *value, char *at)
{
    int *n = (int *)(void *)at;
    unsigned *mask = (unsigned *)(void *)at;

    switch (k->kind) {
    case NUMBER:
    case MINUTES:
        return set_number(k, value, at);
    case YES_NO:
        return set_yes(value, at);
    case LANG:
        return set_lang(value, at);
    case TLS:
        return set_tls(value, at);
    case LEVELS:
        return dk_notify_levels_parse(value, mask) == 0
                   ? NULL
                   : "must be none, all, or some of reminder yellow red "
                     "overdue long_overdue, with spaces between";
    case SPAN:
        return dk_notify_span_parse(value, n, n + 1) == 0
                   ? NULL
                   : "must look like 22:00-07:30";
    case DAYS:
        return dk_notify_days_parse(value, mask) == 0
                   ? NULL
                   : "must be some of mon tue wed thu fri sat sun, with "
                     "spaces between";
    case MINUTE:
        return dk_notify_minute_parse(value, n) == 0 ? NULL
                                                     : "must look like 08:30";
    case TEXT:
    default:
        return set_text(k, value, at);
    }
}

/* ---- the file ---- */

struct loading {
    struct conf *c;
    const char *file;
    struct dk_report *r;
};

static const struct key *find_key(const struct key *keys, size_t n,
                                  const char *name, const char **near)
{
    const char *names[N_WHOLE + N_EACH + 1] = {0};

    for (size_t i = 0; i < n; i++) {
        names[i] = keys[i].name;
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    }
    *near = dk_nearest(name, names);
    return NULL;
}

static struct recipient *add_recipient(struct loading *l, const char *name)
{
    struct conf *c = l->c;
    struct recipient *v;

    if (c->n == CONF_RECIPIENTS ||
        (v = realloc(c->recipient, (c->n + 1) * sizeof(*v))) == NULL) {
        dk_report_error(l->r, l->file, name, "there are too many recipients");
        return NULL;
    }
    c->recipient = v;
    v += c->n++;
    *v = (struct recipient){.lang = -1,
                            .rule = {.levels = 0x1f,
                                     .breaks_quiet = 0x18,
                                     .digest_at = -1,
                                     .at_once = 0x1c}};
    (void)snprintf(v->name, sizeof(v->name), "%s", name);
    return v;
}

/* "recipient NAME" */
static struct recipient *recipient_of(struct loading *l, const char *section)
{
    static const char word[] = "recipient ";
    const char *name = section + sizeof(word) - 1;
    struct dk_problem p;
    char place[96];

    if (strncmp(section, word, sizeof(word) - 1) != 0)
        return NULL;
    for (size_t i = 0; i < l->c->n; i++) {
        if (strcmp(l->c->recipient[i].name, name) == 0)
            return &l->c->recipient[i];
    }
    if (dk_name_check(name, DK_WHO_MAX, NULL, &p) != 0) {
        (void)snprintf(place, sizeof(place), "[%.80s]", section);
        dk_report_error(l->r, l->file, place, "%s", p.detail);
        return NULL;
    }
    return add_recipient(l, name);
}

static void set_pair(struct loading *l, const struct key *k, const char *full,
                     const char *near, const char *value, char *base)
{
    const char *why;

    if (k == NULL) {
        dk_report_error(l->r, l->file, full, "there is no such key%s%s%s",
                        near != NULL ? "; did you mean " : "",
                        near != NULL ? near : "", near != NULL ? "?" : "");
        return;
    }
    why = set(k, value, base + k->at);
    if (why != NULL)
        dk_report_error(l->r, l->file, full, "%s", why);
}

static int on_pair(void *arg, const char *section, const char *name,
                   const char *value)
{
    struct loading *l = arg;
    const char *near = NULL;
    char full[160];
    int errors = l->r->errors;

    if (strncmp(section, "recipient", 9) == 0) {
        struct recipient *v = recipient_of(l, section);
        (void)snprintf(full, sizeof(full), "[%s] %s", section, name);
        if (v != NULL)
            set_pair(l, find_key(each, N_EACH, name, &near), full, near, value,
                     (char *)v);
        else if (l->r->errors == errors)
            dk_report_error(l->r, l->file, full,
                            "write the section as [recipient NAME]");
        return 1;
    }
    (void)snprintf(full, sizeof(full), "%s.%s", section, name);
    const struct key *k = find_key(whole, N_WHOLE, full, &near);
    set_pair(l, k, full, near, value, (char *)l->c);
    return 1; /* every mistake is told, not only the first */
}

struct conf *conf_load(const char *file, struct dk_report *r)
{
    struct conf *c = calloc(1, sizeof(*c));
    struct loading l = {c, file, r};
    int rc;

    if (c == NULL) {
        r->oom = true;
        r->errors++;
        return NULL;
    }
    *c = (struct conf){.connect = "ipc:///run/docket/clients.sock",
                       .data = "/var/lib/docket-notify",
                       .lang = DK_LANG_ZH_CN,
                       .tries = 16,
                       .first_wait_s = 15,
                       .most_wait_min = 120,
                       .timeout_s = 30,
                       .at_once = 8,
                       .keep_days = 400};
    rc = ini_parse(file, on_pair, &l);
    if (rc < 0)
        dk_report_error(r, file, "", "cannot be read: %s",
                        strerrordesc_np(errno));
    else if (rc > 0) {
        char line[24];
        (void)snprintf(line, sizeof(line), "line %d", rc);
        dk_report_error(r, file, line,
                        "is no [section], key = value or ; comment");
    } else
        conf_check(c, file, r);
    if (r->errors == 0)
        return c;
    conf_free(c);
    return NULL;
}

void conf_free(struct conf *c)
{
    if (c == NULL)
        return;
    for (int i = 0; i < 4; i++)
        free(c->text[i / 2][i % 2]);
    free(c->recipient);
    explicit_bzero(c->smtp.password, sizeof(c->smtp.password));
    free(c);
}

const struct recipient *conf_find(const struct conf *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++) {
        if (strcmp(c->recipient[i].name, name) == 0)
            return &c->recipient[i];
    }
    return NULL;
}

bool conf_has_channel(const struct recipient *r, enum channel ch)
{
    switch (ch) {
    case CHANNEL_EMAIL:
        return r->email[0] != '\0';
    case CHANNEL_WEBHOOK:
        return r->webhook[0] != '\0';
    case CHANNEL_COMMAND:
        return r->command[0] != '\0';
    case CHANNEL_JOURNAL:
        return r->journal != 0;
    case CHANNEL_N:
    default:
        return false;
    }
}

enum dk_lang conf_lang(const struct conf *c, const struct recipient *r)
{
    return r->lang < 0 ? c->lang : (enum dk_lang)r->lang;
}

const char *conf_template(const struct conf *c, enum dk_lang lang, bool many)
{
    const char *own = c->text[lang == DK_LANG_EN][many];

    return own != NULL ? own : dk_notify_template(lang, many);
}
