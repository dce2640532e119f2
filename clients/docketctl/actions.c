#include "actions.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "opts.h"
#include "proto/jsonx.h"

const struct action *action_find(const char *name, struct dk_problem *p)
{
    const char *names[64];
    int n = 0;

    for (const struct action *a = actions; a->name != NULL; a++) {
        if (strcmp(a->name, name) == 0)
            return a;
        if (n < 63)
            names[n++] = a->name;
    }
    names[n] = NULL;
    const char *near = dk_nearest(name, names);
    if (near == NULL)
        (void)dk_failf(p, DK_EFIELD, NULL,
                       "there is no action '%.40s'; docketctl act --help "
                       "lists them",
                       "没有动作“%.40s”，见 docketctl act --help", name);
    else
        (void)dk_failf(p, DK_EFIELD, NULL,
                       "there is no action '%.40s'; did you mean '%s'?",
                       "没有动作“%.40s”；是否想写“%s”？", name, near);
    return NULL;
}

const struct field *action_field(const struct action *a, const char *name)
{
    for (const struct field *f = a->field; f->kind != FIELD_END; f++)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}

static int unknown_field(const struct action *a, const char *name,
                         struct dk_problem *p)
{
    const char *names[ACTION_FIELDS + 1];
    char usage[ACTION_USAGE];
    int n = 0;

    for (const struct field *f = a->field; f->kind != FIELD_END; f++)
        names[n++] = f->name;
    names[n] = NULL;
    const char *near = dk_nearest(name, names);
    if (near != NULL)
        return dk_failf(
            p, DK_EFIELD, NULL, "%s has no field '%.40s'; did you mean '%s'?",
            "%s 没有字段“%.40s”；是否想写“%s”？", a->name, name, near);
    action_usage(a, usage, sizeof usage);
    return dk_failf(p, DK_EFIELD, NULL, "%s has no field '%.40s'; it takes: %s",
                    "%s 没有字段“%.40s”；可用字段：%s", a->name, name, usage);
}

/* "zhang,li": ids apart by commas. */
static int write_ids(const struct field *f, const char *value, struct dk_jw *w,
                     struct dk_problem *p)
{
    int n = 0;

    dk_jw_arr(w, f->name);
    for (const char *at = value;; at++) {
        size_t len = strcspn(at, ",");
        if (len == 0 || len > DK_ID_MAX || ++n > f->max)
            return dk_failf(
                p, DK_EFIELD, NULL, "%s is 1 to %d ids with commas between",
                "%s 为 1 到 %d 个编号，以逗号分隔", f->name, f->max);
        dk_jw_strn(w, NULL, at, len);
        at += len;
        if (*at == '\0')
            break;
    }
    dk_jw_end_arr(w);
    return 0;
}

static int write_int(const struct field *f, const char *value, struct dk_jw *w,
                     struct dk_problem *p)
{
    int64_t v;

    if (int_parse(value, f->min, f->max, &v) != 0)
        return dk_failf(p, DK_EFIELD, NULL,
                        "%s is a whole number from %d to %d, not '%.40s'",
                        "%s 须是 %d 到 %d 的整数，不能是“%.40s”", f->name,
                        f->min, f->max, value);
    dk_jw_int(w, f->name, v);
    return 0;
}

/* "a, b or c" */
static void list_names(const char *const names[], const char *or_word,
                       const char *comma, char *buf, size_t cap)
{
    size_t len = 0;

    buf[0] = '\0';
    for (int i = 0; names[i] != NULL; i++) {
        const char *sep = i == 0 ? "" : names[i + 1] == NULL ? or_word : comma;
        int n = snprintf(buf + len, cap - len, "%s%s", sep, names[i]);
        if (n < 0 || (size_t)n >= cap - len)
            break;
        len += (size_t)n;
    }
}

static int write_enum(const struct field *f, const char *value, struct dk_jw *w,
                      struct dk_problem *p)
{
    char en[200], zh[200];

    for (int i = 0; f->names[i] != NULL; i++)
        if (strcmp(f->names[i], value) == 0) {
            dk_jw_str(w, f->name, value);
            return 0;
        }
    (void)dk_fail(p, DK_EFIELD, NULL, NULL, NULL);
    list_names(f->names, " or ", ", ", en, sizeof en);
    list_names(f->names, " 或 ", "、", zh, sizeof zh);
    (void)snprintf(p->detail, sizeof p->detail, "%s is %s, not '%.40s'",
                   f->name, en, value);
    (void)snprintf(p->detail_zh, sizeof p->detail_zh,
                   "%s 只能是 %s，不能是“%.40s”", f->name, zh, value);
    return DK_EFIELD;
}

int action_write(const struct action *a, const char *field, const char *value,
                 struct dk_jw *w, struct dk_problem *p)
{
    const struct field *f = action_field(a, field);
    size_t n = strlen(value);

    if (f == NULL)
        return unknown_field(a, field, p);
    if (f->kind == FIELD_INT)
        return write_int(f, value, w, p);
    if (f->kind == FIELD_IDS)
        return write_ids(f, value, w, p);
    if (f->kind == FIELD_ENUM)
        return write_enum(f, value, w, p);
    if (n < 1 || n > (size_t)f->max)
        return dk_failf(p, DK_EFIELD, NULL, "%s is 1 to %d bytes, not %zu",
                        "%s 须为 1 到 %d 字节，现为 %zu 字节", f->name, f->max,
                        n);
    if (dk_utf8_valid(value, n) != n)
        return dk_failf(p, DK_EFIELD, NULL, "%s is not UTF-8 text",
                        "%s 不是 UTF-8 文本", f->name);
    dk_jw_strn(w, f->name, value, n);
    return 0;
}

static void field_usage(const struct field *f, char *buf, size_t cap)
{
    bool may = f->need == FIELD_MAY;
    const char *open = may ? "[" : "", *close = may ? "]" : "";
    char names[128];

    switch (f->kind) {
    case FIELD_INT:
        (void)snprintf(buf, cap, "%s%s=%d..%d%s", open, f->name, f->min, f->max,
                       close);
        break;
    case FIELD_IDS:
        (void)snprintf(buf, cap, "%s%s=ID,ID...%s", open, f->name, close);
        break;
    case FIELD_ENUM:
        list_names(f->names, "|", "|", names, sizeof names);
        (void)snprintf(buf, cap, "%s%s=%s%s", open, f->name, names, close);
        break;
    case FIELD_TIME:
        (void)snprintf(buf, cap, "%s%s=TIME%s", open, f->name, close);
        break;
    case FIELD_CASE:
        (void)snprintf(buf, cap, "%s%s=CASE%s", open, f->name, close);
        break;
    case FIELD_ID:
        (void)snprintf(buf, cap, "%s%s=ID%s", open, f->name, close);
        break;
    case FIELD_TEXT:
    case FIELD_END:
        (void)snprintf(buf, cap, "%s%s=TEXT%s", open, f->name, close);
        break;
    }
}

void action_usage(const struct action *a, char *buf, size_t cap)
{
    char one[192];
    size_t len = 0;

    buf[0] = '\0';
    for (const struct field *f = a->field; f->kind != FIELD_END; f++) {
        field_usage(f, one, sizeof one);
        int n =
            snprintf(buf + len, cap - len, "%s%s", len == 0 ? "" : " ", one);
        if (n < 0 || (size_t)n >= cap - len)
            break;
        len += (size_t)n;
    }
}
