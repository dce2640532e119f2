#include "core/keyfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS 4

static const char z85[] = "0123456789abcdefghijklmnopqrstuvwxyz"
                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

bool dk_z85_key(const char *s)
{
    if (strlen(s) != DK_KEY_TEXT - 1)
        return false;
    for (int i = 0; i < DK_KEY_TEXT - 1; i += 5) {
        uint64_t v = 0;
        for (int j = 0; j < 5; j++) {
            const char *at = strchr(z85, s[i + j]);
            if (at == NULL)
                return false;
            v = v * 85 + (uint64_t)(at - z85);
        }
        if (v > UINT32_MAX)
            return false;
    }
    return true;
}

/* "uid:N" without leading zeros, so that one user is written in one way. */
static bool is_uid(const char *s)
{
    if (strncmp(s, "uid:", 4) != 0)
        return false;
    size_t n = strspn(s + 4, "0123456789");
    return n > 0 && n <= 10 && s[4 + n] == '\0' && (n == 1 || s[4] != '0') &&
           strtoull(s + 4, NULL, 10) < UINT32_MAX;
}

static int read_roles(const char *text, unsigned *out, struct dk_problem *p)
{
    const char *known[DK_ROLE_N + 1] = {0};
    char one[40];

    *out = 0;
    for (int i = 0; i < DK_ROLE_N; i++)
        known[i] = dk_role_name(1u << i);
    for (const char *s = text;; s++) {
        size_t n = strcspn(s, ",");
        snprintf(one, sizeof(one), "%.*s", n < 39 ? (int)n : 39, s);
        unsigned role = dk_role_from_name(one);
        if (role == 0) {
            const char *near = dk_nearest(one, known);
            return dk_failf(p, DK_EFIELD, "/roles",
                            "there is no role '%s'; did you mean '%s'?  "
                            "docs/SECURITY.md lists the roles",
                            "没有“%s”这一角色；是否想写“%s”？各角色见 "
                            "docs/SECURITY.md",
                            one, near != NULL ? near : "kiosk");
        }
        *out |= role;
        s += n;
        if (*s == '\0')
            return DK_OK;
    }
}

int dk_identity_make(struct dk_identity *out, const char *name,
                     const char *roles, const char *unit, const char *key,
                     struct dk_problem *p)
{
    memset(out, 0, sizeof(*out));
    if (unit == NULL || strcmp(unit, "-") == 0)
        unit = "";
    int rc = dk_name_check(name, DK_WHO_MAX, "/name", p);
    if (rc == DK_OK)
        rc = read_roles(roles, &out->who.roles, p);
    if (rc == DK_OK && unit[0] != '\0')
        rc = dk_name_check(unit, DK_ID_MAX, "/unit", p);
    if (rc != DK_OK)
        return rc;
    if ((out->who.roles & (DK_ROLE_HANDLER | DK_ROLE_RELAY)) != 0 &&
        unit[0] == '\0')
        return dk_failf(p, DK_EFIELD, "/unit",
                        "a handler belongs to a unit, and a relay speaks for "
                        "one: say which one '%.64s' is of",
                        "承办人须属于某一单位，流转服务须代表某一单位：请写明"
                        "“%.64s”的单位",
                        name);
    if ((out->who.roles & DK_ROLE_RELAY) != 0 &&
        out->who.roles != DK_ROLE_RELAY)
        return dk_failf(p, DK_EFIELD, "/roles",
                        "a relay has no other role: give '%.64s' a key of its "
                        "own for that",
                        "流转服务不得兼任其他角色：“%.64s”的其他角色请另用一个"
                        "密钥",
                        name);
    if (!dk_z85_key(key) && !is_uid(key))
        return dk_failf(p, DK_EFIELD, "/key",
                        "'%.60s' is no key: give the forty characters that "
                        "docketctl keys new prints, or uid: and a user's "
                        "number",
                        "“%.60s”不是有效公钥：请填写 docketctl keys new 显示的 "
                        "40 个字符，或 uid: 加用户编号",
                        key);
    snprintf(out->who.name, sizeof(out->who.name), "%s", name);
    snprintf(out->who.unit, sizeof(out->who.unit), "%s", unit);
    snprintf(out->key, sizeof(out->key), "%s", key);
    return DK_OK;
}

/* ---- a file -------------------------------------------------------------- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Cut a line into words, at most `max` of them; *over: there are more. */
static int words(char *s, char *word[], int max, bool *over)
{
    int n = 0;

    *over = false;
    for (;;) {
        while (is_space(*s))
            *s++ = '\0';
        if (*s == '\0')
            return n;
        if (n == max) {
            *over = true;
            return n;
        }
        word[n++] = s;
        while (*s != '\0' && !is_space(*s))
            s++;
    }
}

static int is_new(const struct dk_identities *l, const struct dk_identity *id,
                  struct dk_problem *p)
{
    for (size_t i = 0; i < l->n; i++) {
        if (strcmp(l->v[i].who.name, id->who.name) == 0)
            return dk_failf(p, DK_EFIELD, "/name",
                            "the name '%s' is there already; each name has one "
                            "line",
                            "名称“%s”已存在；每个名称只能有一行", id->who.name);
        if (strcmp(l->v[i].key, id->key) == 0)
            return dk_failf(p, DK_EFIELD, "/key",
                            "'%s' has this key already; each needs its own",
                            "“%s”已使用该公钥；每人须使用各自的公钥",
                            l->v[i].who.name);
    }
    return DK_OK;
}

static int add(struct dk_identities *l, const struct dk_identity *id,
               struct dk_problem *p)
{
    if (l->n >= DK_IDENTITY_MAX)
        return dk_failf(p, DK_EFIELD, NULL, "there are more than %d lines",
                        "行数超过 %d", DK_IDENTITY_MAX);
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 16 : 2 * l->cap;
        void *v = realloc(l->v, cap * sizeof(*l->v));
        if (v == NULL)
            return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
        l->v = v;
        l->cap = cap;
    }
    l->v[l->n++] = *id;
    return DK_OK;
}

static int read_line(char *line, struct dk_identities *out,
                     struct dk_problem *p)
{
    char *word[FIELDS];
    struct dk_identity id;
    bool over;
    int n = words(line, word, FIELDS, &over);

    if (n == 0 || word[0][0] == '#')
        return DK_OK;
    if (n != FIELDS || over)
        return dk_fail(p, DK_EFIELD, NULL,
                       "a line has four words: name, roles, unit (or -), key",
                       "每行须有四项：名称、角色、单位（或 -）、公钥");
    int rc = dk_identity_make(&id, word[0], word[1], word[2], word[3], p);
    if (rc == DK_OK)
        rc = is_new(out, &id, p);
    return rc == DK_OK ? add(out, &id, p) : rc;
}

int dk_keyfile_read(const char *text, size_t len, struct dk_identities *out,
                    int *line, struct dk_problem *p)
{
    char buf[1024];
    int rc = DK_OK;

    memset(out, 0, sizeof(*out));
    *line = 0;
    for (size_t at = 0; rc == DK_OK && at < len;) {
        const char *nl = memchr(text + at, '\n', len - at);
        size_t n = nl != NULL ? (size_t)(nl - text) - at : len - at;
        ++*line;
        if (n >= sizeof(buf) || memchr(text + at, '\0', n) != NULL) {
            rc = dk_fail(p, DK_EFIELD, NULL,
                         "this line is longer than 1023 bytes or has a zero "
                         "byte: is it the right file?",
                         "该行超过 1023 字节或含零字节：请确认文件是否正确");
            break;
        }
        memcpy(buf, text + at, n);
        buf[n] = '\0';
        rc = read_line(buf, out, p);
        at += n + 1;
    }
    if (rc != DK_OK)
        dk_identities_fini(out);
    return rc;
}

void dk_identities_fini(struct dk_identities *l)
{
    free(l->v);
    memset(l, 0, sizeof(*l));
}

/* ---- changing one -------------------------------------------------------- */

void dk_roles_text(unsigned roles, char *buf, size_t cap)
{
    size_t at = 0;

    buf[0] = '\0';
    for (int i = 0; i < DK_ROLE_N; i++) {
        if ((roles & 1u << i) == 0)
            continue;
        int n = snprintf(buf + at, cap - at, "%s%s", at > 0 ? "," : "",
                         dk_role_name(1u << i));
        if (n < 0 || (size_t)n >= cap - at)
            return;
        at += (size_t)n;
    }
}

/* Is the line [s, s + n) the one of this name? */
static bool has_name(const char *s, size_t n, const char *name)
{
    size_t len = strlen(name);

    while (n > 0 && is_space(*s)) {
        s++;
        n--;
    }
    return n > len && memcmp(s, name, len) == 0 && is_space(s[len]);
}

static size_t print_line(const struct dk_identity *id, char *buf)
{
    char roles[160];
    int n;

    dk_roles_text(id->who.roles, roles, sizeof(roles));
    n = snprintf(buf, DK_KEYFILE_LINE, "%-16s %-16s %-8s %s\n", id->who.name,
                 roles, id->who.unit[0] != '\0' ? id->who.unit : "-", id->key);
    return n > 0 && n < DK_KEYFILE_LINE ? (size_t)n : 0;
}

int dk_keyfile_splice(const char *text, size_t len, const char *name,
                      const struct dk_identity *id, char **out, size_t *out_len)
{
    char line[DK_KEYFILE_LINE];
    size_t add_len = id != NULL ? print_line(id, line) : 0;
    char *to = malloc(len + add_len + 2);
    size_t n = 0;
    bool found = false;

    if (to == NULL)
        return DK_ENOMEM;
    for (size_t at = 0; at < len;) {
        const char *nl = memchr(text + at, '\n', len - at);
        size_t m = nl != NULL ? (size_t)(nl - text) - at : len - at;
        if (has_name(text + at, m, name)) {
            if (add_len > 0 && !found)
                memcpy(to + n, line, add_len);
            n += found ? 0 : add_len;
            found = true;
        } else {
            memcpy(to + n, text + at, m);
            n += m;
            to[n++] = '\n';
        }
        at += m + 1;
    }
    if (!found && id == NULL) {
        free(to);
        return DK_ENOTFOUND;
    }
    if (!found) {
        memcpy(to + n, line, add_len);
        n += add_len;
    }
    to[n] = '\0';
    *out = to;
    *out_len = n;
    return DK_OK;
}
