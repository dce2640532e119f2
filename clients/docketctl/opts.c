#include "opts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zmq.h>

#include "proto/jsonx.h"
#include "when.h"

int int_parse(const char *s, int64_t min, int64_t max, int64_t *out)
{
    char *end;

    if (!(s[0] == '-' && s[1] >= '0' && s[1] <= '9') &&
        !(s[0] >= '0' && s[0] <= '9'))
        return DK_EFIELD;
    errno = 0;
    long long v = strtoll(s, &end, 10);
    if (errno != 0 || *end != '\0' || v < min || v > max)
        return DK_EFIELD;
    *out = v;
    return 0;
}

static const struct opt *find_in(const struct opt *t, const char *name,
                                 size_t n)
{
    for (; t != NULL && t->name != NULL; t++)
        if (strlen(t->name) == n && memcmp(t->name, name, n) == 0)
            return t;
    return NULL;
}

static int unknown(const char *word, const struct opt *table,
                   const struct opt *more, struct dk_problem *p)
{
    const char *names[2 * ARGS_OPTS + 1];
    int n = 0;
    char bare[64];

    for (const struct opt *o = table; o != NULL && o->name != NULL; o++)
        if (n < ARGS_OPTS)
            names[n++] = o->name;
    for (const struct opt *o = more; o != NULL && o->name != NULL; o++)
        if (n < 2 * ARGS_OPTS)
            names[n++] = o->name;
    names[n] = NULL;
    size_t len = strcspn(word, "=");
    (void)snprintf(bare, sizeof bare, "%.*s", (int)(len < 63 ? len : 63), word);
    const char *near = dk_nearest(bare, names);
    if (near == NULL)
        return dk_failf(p, DK_EFIELD, NULL, "there is no option --%s",
                        "没有选项 --%s", bare);
    return dk_failf(p, DK_EFIELD, NULL,
                    "there is no option --%s; did you mean --%s?",
                    "没有选项 --%s；是否想写 --%s？", bare, near);
}

static int check_name(const struct opt *o, const char *v, struct dk_problem *p)
{
    char all[200] = "";
    size_t len = 0;

    for (int i = 0; o->names[i] != NULL; i++) {
        if (strcmp(o->names[i], v) == 0)
            return 0;
        int w = snprintf(all + len, sizeof all - len, "%s%s",
                         i == 0 ? "" : ", ", o->names[i]);
        if (w > 0 && (size_t)w < sizeof all - len)
            len += (size_t)w;
    }
    return dk_failf(p, DK_EFIELD, NULL, "--%s is one of %s, not '%.60s'",
                    "--%s 只能是 %s 之一，不能是“%.60s”", o->name, all, v);
}

static int check_value(const struct opt *o, const char *v, struct dk_problem *p)
{
    int64_t i;
    dk_ms span;

    switch (o->kind) {
    case OPT_INT:
        if (int_parse(v, o->min, o->max, &i) == 0)
            return 0;
        return dk_failf(p, DK_EFIELD, NULL,
                        "--%s takes a whole number from %" PRId64 " to %" PRId64
                        ", not '%.60s'",
                        "--%s 须是 %" PRId64 " 到 %" PRId64
                        " 的整数，不能是“%.60s”",
                        o->name, o->min, o->max, v);
    case OPT_NAME:
        return check_name(o, v, p);
    case OPT_SPAN:
        return span_parse(v, &span, p);
    case OPT_FLAG:
    case OPT_TEXT:
    case OPT_TIME:
        return 0;
    }
    return 0;
}

/* The option that argv[*i] is, and its value; *i moves to its last word. */
static int take(const struct opt *table, const struct opt *more, int argc,
                const char *const argv[], int *i, const struct opt **opt,
                const char **value, struct dk_problem *p)
{
    const char *word = strcmp(argv[*i], "-h") == 0 ? "help" : argv[*i] + 2;
    size_t n = strcspn(word, "=");
    const struct opt *o = find_in(table, word, n);

    if (o == NULL)
        o = find_in(more, word, n);
    if (o == NULL || argv[*i][0] != '-')
        return unknown(word, table, more, p);
    if (o->kind == OPT_FLAG) {
        if (word[n] == '=')
            return dk_failf(p, DK_EFIELD, NULL, "--%s takes no value",
                            "--%s 不带取值", o->name);
        *value = "";
    } else if (word[n] == '=') {
        *value = word + n + 1;
    } else if (*i + 1 < argc) {
        *value = argv[++*i];
    } else {
        return dk_failf(p, DK_EFIELD, NULL, "--%s needs a value: --%s %s",
                        "--%s 缺少取值：--%s %s", o->name, o->name, o->arg);
    }
    *opt = o;
    return check_value(o, *value, p);
}

static bool is_option(const char *word)
{
    return (word[0] == '-' && word[1] == '-' && word[2] != '\0') ||
           strcmp(word, "-h") == 0;
}

/* A public key; another's may begin with "-". */
static bool is_key(const char *word)
{
    uint8_t raw[32];

    return strlen(word) == 40 && zmq_z85_decode(raw, word) != NULL;
}

/* "-x": a slip, or a word such as "-" or "-5". */
static int check_word(const char *word, struct dk_problem *p)
{
    if (word[0] != '-' || is_key(word) || word[1] == '\0' ||
        (word[1] >= '0' && word[1] <= '9') || strcmp(word, "--") == 0)
        return 0;
    return dk_failf(p, DK_EFIELD, NULL,
                    "'%.60s' is no option: options are long, as in --json",
                    "“%.60s”不是选项：选项都是长格式，如 --json", word);
}

int args_parse(struct args *a, const struct opt *table, const struct opt *more,
               int argc, const char *const argv[], struct dk_problem *p)
{
    bool ended = false;
    int rc = 0;

    memset(a, 0, sizeof *a);
    a->pos = calloc((size_t)argc + 1, sizeof *a->pos);
    if (a->pos == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    for (int i = 0; i < argc && rc == 0; i++) {
        if (!ended && strcmp(argv[i], "--") == 0) {
            ended = true;
        } else if (!ended && is_option(argv[i])) {
            if (a->n_set == ARGS_OPTS) {
                rc =
                    dk_fail(p, DK_EFIELD, NULL, "too many options", "选项过多");
                break;
            }
            rc = take(table, more, argc, argv, &i, &a->set[a->n_set].opt,
                      &a->set[a->n_set].value, p);
            a->n_set++;
        } else {
            rc = ended ? 0 : check_word(argv[i], p);
            a->pos[a->n_pos++] = argv[i];
        }
    }
    if (rc != 0)
        args_fini(a);
    return rc;
}

void args_fini(struct args *a)
{
    free(a->pos);
    memset(a, 0, sizeof *a);
}

const char *args_get(const struct args *a, const char *name)
{
    for (int i = a->n_set - 1; i >= 0; i--)
        if (strcmp(a->set[i].opt->name, name) == 0)
            return a->set[i].value;
    return NULL;
}

bool args_has(const struct args *a, const char *name)
{
    return args_get(a, name) != NULL;
}

int64_t args_int(const struct args *a, const char *name, int64_t otherwise)
{
    const char *v = args_get(a, name);

    if (v != NULL)
        (void)int_parse(v, INT64_MIN, INT64_MAX, &otherwise);
    return otherwise;
}

int args_first_word(const struct opt *table, int argc, const char *const argv[],
                    int *out, struct dk_problem *p)
{
    const struct opt *o;
    const char *v;
    int i;

    for (i = 0; i < argc && is_option(argv[i]); i++) {
        int rc = take(table, NULL, argc, argv, &i, &o, &v, p);
        if (rc != 0)
            return rc;
    }
    if (i < argc && check_word(argv[i], p) != 0)
        return DK_EFIELD;
    *out = i;
    return 0;
}
