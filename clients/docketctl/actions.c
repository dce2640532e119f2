#include "actions.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "opts.h"
#include "proto/jsonx.h"

#define TEXT(n)                                                                \
    {                                                                          \
        n, FIELD_TEXT, false, 1, 32768                                         \
    }
#define TEXTR(n)                                                               \
    {                                                                          \
        n, FIELD_TEXT, true, 1, 32768                                          \
    }
#define ID(n)                                                                  \
    {                                                                          \
        n, FIELD_ID, false, 1, DK_ID_MAX                                       \
    }
#define IDR(n)                                                                 \
    {                                                                          \
        n, FIELD_ID, true, 1, DK_ID_MAX                                        \
    }

/* clang-format off */
const struct action actions[] = {
    {"register", "the office registers it", "登记", {TEXT("note")}},
    {"assign", "to a responsible unit", "分派到责任单位",
     {IDR("unit"), {"candidates", FIELD_IDS, false, 1, 100}, ID("handler"),
      ID("rule"), {"why", FIELD_TEXT, false, 1, 1000}}},
    {"transfer", "sent to the unit", "转送责任单位",
     {ID("unit"), TEXT("note")}},
    {"hand_over", "handed over, with a report owed", "交办（须回报）",
     {ID("unit"), {"report_days", FIELD_INT, false, 1, 365}, TEXT("note")}},
    {"send_to_discipline", "to a discipline body", "移送纪检监察机关",
     {IDR("body"), TEXT("note")}},
    {"object", "the unit says it is not competent", "责任单位提出异议",
     {TEXTR("grounds")}},
    {"uphold_objection", "the office agrees", "异议成立",
     {TEXTR("reason")}},
    {"refuse_objection", "the office does not agree", "异议不成立",
     {TEXTR("reason")}},
    {"accept", "the unit accepts it", "受理",
     {TEXT("note"), {"notice", FIELD_TEXT, false, 1, 200}}},
    {"not_accept", "the unit does not accept it", "不予受理",
     {TEXTR("ground"), TEXTR("other_door")}},
    {"extend", "the limit is extended", "延期",
     {{"days", FIELD_INT, true, 1, 365}, TEXTR("reason"), IDR("approved_by"),
      ID("clock")}},
    {"suspend", "the work is suspended", "中止办理", {TEXTR("reason")}},
    {"resume", "and goes on", "恢复办理", {TEXT("note")}},
    {"report", "the unit reports back", "回报办理情况", {TEXTR("text")}},
    {"answer", "the unit gives its written answer", "答复（处理意见）",
     {TEXTR("text"), TEXT("legal_basis")}},
    {"ask_review", "the petitioner asks for review", "申请复查",
     {TEXTR("grounds")}},
    {"review", "the review body decides", "复查意见",
     {{"result", FIELD_RESULT, true, 0, 0}, TEXTR("text")}},
    {"ask_re_review", "the petitioner asks for re-review", "申请复核",
     {TEXTR("grounds")}},
    {"re_review", "the re-review body decides", "复核意见",
     {{"result", FIELD_RESULT, true, 0, 0}, TEXTR("text")}},
    {"close", "the matter is closed", "办结", {TEXT("reason")}},
    {"withdraw", "the petitioner withdraws it", "撤回", {TEXT("reason")}},
    {"reopen", "on new facts", "因新事实重新受理", {TEXTR("facts")}},
    {"evaluate", "the petitioner's judgement", "来访人评价",
     {{"handling", FIELD_INT, true, 1, 5}, {"result", FIELD_INT, true, 1, 5},
      TEXT("note")}},
    {"urge", "the office urges the unit", "督办",
     {TEXTR("grounds"), {"answer_days", FIELD_INT, false, 1, 90}}},
    {"answer_urge", "the unit answers that", "督办反馈", {TEXTR("text")}},
    {.name = NULL},
};
/* clang-format on */

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
    char usage[256];
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

static int write_result(const struct field *f, const char *value,
                        struct dk_jw *w, struct dk_problem *p)
{
    static const char *const results[] = {"upheld", "changed", "revoked"};

    for (int i = 0; i < 3; i++)
        if (strcmp(results[i], value) == 0) {
            dk_jw_str(w, f->name, value);
            return 0;
        }
    return dk_failf(
        p, DK_EFIELD, NULL, "%s is upheld, changed or revoked, not '%.40s'",
        "%s 只能是 upheld、changed 或 revoked，不能是“%.40s”", f->name, value);
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
    if (f->kind == FIELD_RESULT)
        return write_result(f, value, w, p);
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
    const char *open = f->need ? "" : "[", *close = f->need ? "" : "]";

    switch (f->kind) {
    case FIELD_INT:
        (void)snprintf(buf, cap, "%s%s=%d..%d%s", open, f->name, f->min, f->max,
                       close);
        break;
    case FIELD_IDS:
        (void)snprintf(buf, cap, "%s%s=ID,ID...%s", open, f->name, close);
        break;
    case FIELD_RESULT:
        (void)snprintf(buf, cap, "%s%s=upheld|changed|revoked%s", open, f->name,
                       close);
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
    char one[64];
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
