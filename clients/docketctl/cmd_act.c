/* cmd_act.c - record a step in the life of a case. */
#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "ctl.h"
#include "file.h"
#include "text.h"

/* clang-format off */
const struct opt opts_act[] = {
    {.name = "actor", .kind = OPT_TEXT, .member = "actor", .arg = "KIND:ID",
     .en = "who did it: officer:, unit:, office: or petitioner: (required)",
     .zh = "办理人：officer:、unit:、office: 或 petitioner:（必填）"},
    {.name = "at", .kind = OPT_TIME, .member = "at", .arg = "TIME",
     .en = "when it was done, if not now", .zh = "办理时间（默认为现在）"},
    {.name = "expect-n", .kind = OPT_INT, .member = "expect_n", .arg = "N",
     .min = 1, .max = INT32_MAX,
     .en = "refuse if the case has had other events than these N",
     .zh = "案件事件数不是 N 时拒绝"},
    {.name = "file", .kind = OPT_TEXT, .arg = "FILE",
     .en = "a JSON object with the fields (-: standard input)",
     .zh = "含各字段的 JSON 文件（- 为标准输入）"},
    {.name = "id", .kind = OPT_TEXT, .arg = "UUID",
     .en = "the command id, to repeat an earlier call",
     .zh = "命令编号，用于重复先前的调用"},
    {.name = "retry", .kind = OPT_FLAG,
     .en = "repeat under the same id until acknowledged (60 s, --timeout)",
     .zh = "以同一编号重复直至确认（60 秒，可用 --timeout）"},
    OPT_END,
};
/* clang-format on */

/* The action that the command line names, in --help. */
static const struct action *asked_for(const struct ctl *ctl)
{
    const struct args *a = ctl->args;

    for (int i = 0; a != NULL && i < a->n_pos && i < 2; i++) {
        const struct action *act = action_find(a->pos[i], NULL);
        if (act != NULL)
            return act;
    }
    return NULL;
}

static void put_action(const struct ctl *ctl, const struct action *a)
{
    char usage[ACTION_USAGE];
    const char *note = T(ctl, a->note_en, a->note_zh);

    action_usage(a, usage, sizeof usage);
    (void)fprintf(ctl->out, "\n%s: %s\n  %s\n", a->name, T(ctl, a->en, a->zh),
                  usage[0] == '\0' ? T(ctl, "no fields", "无字段") : usage);
    if (note != NULL)
        (void)fprintf(ctl->out, "  %s\n", note);
    (void)fprintf(ctl->out,
                  T(ctl,
                    "\nExample:\n  docketctl act CASE %s --actor "
                    "officer:zhang %s\n",
                    "\n示例：\n  docketctl act 案件编号 %s --actor "
                    "officer:zhang %s\n"),
                  a->name, a->example == NULL ? "" : a->example);
}

void more_act(const struct ctl *ctl)
{
    const struct action *one = asked_for(ctl);
    char usage[ACTION_USAGE];

    (void)fputs(T(ctl,
                  "\nfield=@FILE takes the value from a file (@-: standard "
                  "input), field=@@x means '@x'.\nA TIME is RFC 3339 or a "
                  "date.\n",
                  "\n字段=@文件名 从文件取值（@- 为标准输入），字段=@@x "
                  "表示“@x”。\nTIME 为 RFC 3339 时间或日期。\n"),
                ctl->out);
    if (one != NULL) {
        put_action(ctl, one);
        return;
    }
    (void)fputs(T(ctl,
                  "\nActions and their fields (docketctl act ACTION --help "
                  "tells more):\n",
                  "\n动作及其字段（详见 docketctl act 动作 --help）：\n"),
                ctl->out);
    for (const struct action *a = actions; a->name != NULL; a++) {
        action_usage(a, usage, sizeof usage);
        (void)fprintf(ctl->out, "  %-19s%s\n", a->name, T(ctl, a->en, a->zh));
        if (usage[0] != '\0')
            (void)fprintf(ctl->out, "  %19s%s\n", "", usage);
    }
}

static int write_value(struct ctl *ctl, const struct action *act,
                       const char *name, const char *value, struct dk_jw *w)
{
    const struct field *f = action_field(act, name);
    struct dk_problem p = {0};

    if (f != NULL && f->kind == FIELD_TIME)
        return ctl_write_time(ctl, w, name, value);
    return action_write(act, name, value, w, &p) == 0 ? 0 : say_usage(ctl, &p);
}

/* field=value; "@FILE" as the value reads the file. */
static int write_pair(struct ctl *ctl, const struct action *act,
                      const char *pair, struct dk_jw *w)
{
    struct dk_problem p = {0};
    const char *value = strchr(pair, '=');
    char name[64], *text = NULL;
    size_t len;
    int rc;

    if (value == NULL || value == pair || value - pair >= 64) {
        (void)dk_failf(&p, DK_EFIELD, NULL,
                       "'%.60s' is not of the form field=value",
                       "“%.60s”不是 字段=取值 的形式", pair);
        return say_usage(ctl, &p);
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)(value - pair), pair);
    value++;
    if (value[0] == '@' && value[1] == '@') {
        value++;
    } else if (value[0] == '@') {
        rc = file_read(value + 1, DK_BODY_MAX, &text, &len, &p);
        if (rc == 0 && strlen(text) != len)
            rc = dk_failf(&p, DK_EFIELD, NULL, "%.200s is not UTF-8 text",
                          "%.200s 不是 UTF-8 文本", value + 1);
        if (rc != 0) {
            free(text);
            return say_problem(ctl, &p);
        }
        value = text;
    }
    rc = write_value(ctl, act, name, value, w);
    free(text);
    return rc;
}

/* The fields of --file that are not given as field=value. */
static int write_file(const struct ctl *ctl, const struct args *a,
                      const struct action *act, struct dk_jw *w, cJSON **out)
{
    const char *path = args_get(a, "file");
    struct dk_problem p = {0};
    char *text = NULL;
    size_t len;
    const cJSON *v;

    *out = NULL;
    if (path == NULL)
        return 0;
    int rc = file_read(path, DK_BODY_MAX, &text, &len, &p);
    if (rc == 0)
        rc = dk_json_parse_obj(text, len, DK_BODY_MAX, out, &p);
    free(text);
    if (rc != 0)
        return say_problem(ctl, &p);
    cJSON_ArrayForEach (v, *out) {
        bool given = false;
        size_t n = strlen(v->string);
        for (int i = 2; i < a->n_pos; i++)
            given = given || (strncmp(a->pos[i], v->string, n) == 0 &&
                              a->pos[i][n] == '=');
        if (given)
            continue;
        if (action_field(act, v->string) == NULL) {
            (void)action_write(act, v->string, "", w, &p);
            return say_usage(ctl, &p);
        }
        dk_jw_cjson(w, v->string, v);
    }
    return 0;
}

static bool is_given(const struct args *a, const cJSON *file, const char *name)
{
    size_t n = strlen(name);

    for (int i = 2; i < a->n_pos; i++)
        if (strncmp(a->pos[i], name, n) == 0 && a->pos[i][n] == '=')
            return true;
    return cJSON_GetObjectItemCaseSensitive(file, name) != NULL;
}

static int check_needed(const struct ctl *ctl, const struct args *a,
                        const struct action *act, const cJSON *file)
{
    struct dk_problem p = {0};
    char usage[ACTION_USAGE];

    for (const struct field *f = act->field; f->kind != FIELD_END; f++) {
        if (f->need != FIELD_MUST || is_given(a, file, f->name))
            continue;
        action_usage(act, usage, sizeof usage);
        (void)dk_failf(&p, DK_EFIELD, NULL, "%s needs %s=...: it takes %s",
                       "%s 缺少 %s=…：所需字段为 %s", act->name, f->name,
                       usage);
        return say_usage(ctl, &p);
    }
    for (int i = 2; i < a->n_pos; i++)
        for (int j = 2; j < i; j++) {
            size_t n = strcspn(a->pos[i], "=") + 1;
            if (strncmp(a->pos[i], a->pos[j], n) != 0)
                continue;
            (void)dk_failf(&p, DK_EFIELD, NULL, "%.*s is given twice",
                           "%.*s 重复给出", (int)n - 1, a->pos[i]);
            return say_usage(ctl, &p);
        }
    return 0;
}

static int write_body(struct ctl *ctl, const struct args *a,
                      const struct action *act, const char *id, struct dk_jw *w)
{
    cJSON *file = NULL;

    dk_jw_obj(w, NULL);
    dk_jw_str(w, "command_id", id);
    dk_jw_str(w, "case_no", a->pos[0]);
    dk_jw_str(w, "action", act->name);
    int rc = write_file(ctl, a, act, w, &file);
    if (rc == 0)
        rc = check_needed(ctl, a, act, file);
    for (int i = 2; i < a->n_pos && rc == 0; i++)
        rc = write_pair(ctl, act, a->pos[i], w);
    if (rc == 0)
        rc = ctl_write_opts(ctl, a, w);
    dk_jw_end_obj(w);
    cJSON_Delete(file);
    return rc;
}

static void print_done(const struct ctl *ctl, const cJSON *r)
{
    char buf[32];
    const char *state = member_text(r, "state", buf);

    print_field(ctl, T(ctl, "case number", "案件编号"),
                member_text(r, "case_no", buf));
    print_field(ctl, T(ctl, "state", "状态"),
                state == NULL ? NULL : T(ctl, state, word_zh(state)));
    print_field(ctl, T(ctl, "event", "事件序号"), member_text(r, "n", buf));
    print_field(ctl, T(ctl, "at", "时间"), member_text(r, "at", buf));
}

int cmd_act(struct ctl *ctl, const struct args *a)
{
    struct dk_problem p = {0};
    struct dk_jw w = {0};
    struct dk_reply r;
    char id[DK_UUID_TEXT];
    const struct action *act = action_find(a->pos[1], &p);

    if (act == NULL)
        return say_usage(ctl, &p);
    if (!args_has(a, "actor")) {
        (void)dk_fail(&p, DK_EFIELD, NULL,
                      "--actor is needed: who did it, as in officer:zhang",
                      "缺少 --actor：由谁办理，如 officer:zhang");
        return say_usage(ctl, &p);
    }
    int rc = ctl_given_id(ctl, a, id);
    if (rc == 0 && id[0] == '\0')
        dk_client_uuid(id);
    if (rc == 0)
        rc = write_body(ctl, a, act, id, &w);
    if (rc != 0) {
        dk_jw_fini(&w);
        return rc;
    }
    rc = args_has(a, "retry") ? ctl_ask_patiently(ctl, "case.act", &w, &r)
                              : ctl_ask(ctl, "case.act", &w, &r);
    say_repeat(ctl, rc, id);
    if (rc != 0)
        return rc;
    rc = ctl_is_own(ctl, &r, "command_id", id);
    if (rc == 0 && ctl->json)
        print_raw(ctl, &r);
    else if (rc == 0)
        print_done(ctl, r.json);
    dk_reply_free(&r);
    return rc;
}
