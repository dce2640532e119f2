/* cmd_submit.c - hand in a case. */
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "file.h"
#include "proto/submit.h"

/* clang-format off */
const struct opt opts_submit[] = {
    {.name = "subject", .kind = OPT_TEXT, .member = "subject", .arg = "TEXT",
     .en = "what it is about, in a line (<= 400 bytes)",
     .zh = "标题（不超过 400 字节）"},
    {.name = "facts", .kind = OPT_TEXT, .member = "facts", .arg = "TEXT",
     .en = "facts, grounds and request (<= 49152 bytes); @FILE reads a file",
     .zh = "事实、理由与请求（不超过 49152 字节）；@文件名 则读取文件"},
    {.name = "channel", .kind = OPT_NAME, .member = "channel", .arg = "NAME",
     .names = dk_channel_names,
     .en = "online (default), letter, call, visit, video, kiosk",
     .zh = "渠道：online（默认）、letter、call、visit、video、kiosk"},
    {.name = "kind", .kind = OPT_NAME, .member = "kind", .arg = "NAME",
     .names = dk_kind_names,
     .en = "appeal (default), suggestion, accusation",
     .zh = "目的：appeal（默认）、suggestion、accusation"},
    {.name = "region", .kind = OPT_TEXT, .member = "region", .arg = "TEXT",
     .en = "where", .zh = "地区"},
    {.name = "category", .kind = OPT_TEXT, .member = "category",
     .arg = "A/B/C", .en = "category, levels joined by /",
     .zh = "类别，各级以 / 分隔"},
    {.name = "petitioners", .kind = OPT_INT, .member = "petitioners",
     .arg = "N", .min = 1, .max = 1000000, .en = "how many people",
     .zh = "人数"},
    {.name = "submitted-at", .kind = OPT_TIME, .member = "submitted_at",
     .arg = "TIME", .en = "when it was handed in, if not now",
     .zh = "提交时间（默认为现在）"},
    {.name = "name", .kind = OPT_TEXT, .arg = "TEXT",
     .en = "the petitioner's name; none: anonymous",
     .zh = "信访人姓名；不填为匿名"},
    {.name = "phone", .kind = OPT_TEXT, .arg = "TEXT", .en = "telephone",
     .zh = "电话"},
    {.name = "address", .kind = OPT_TEXT, .arg = "TEXT", .en = "address",
     .zh = "住址"},
    {.name = "id-number", .kind = OPT_TEXT, .arg = "TEXT",
     .en = "identity number", .zh = "证件号码"},
    {.name = "respondent-unit", .kind = OPT_TEXT, .arg = "ID",
     .en = "the unit complained about", .zh = "被反映单位"},
    {.name = "respondent-officer", .kind = OPT_TEXT, .arg = "ID",
     .en = "the officer complained about", .zh = "被反映人"},
    {.name = "confidential", .kind = OPT_FLAG, .member = "confidential",
     .en = "nobody but who handles it is to hear of it",
     .zh = "要求保密：除办理人员外不得告知他人"},
    {.name = "needs", .kind = OPT_TEXT, .arg = "NEED,...",
     .en = "why it cannot wait: medical, minor, wages, safety",
     .zh = "急需：medical（救治）、minor（未成年人）、wages（节前欠薪）、"
           "safety（安全险情）"},
    {.name = "repeat-of", .kind = OPT_TEXT, .member = "repeat_of",
     .arg = "CASE", .en = "the earlier case of the same matter",
     .zh = "同一事项的前案编号"},
    {.name = "import", .kind = OPT_FLAG, .member = "import",
     .en = "history: the claimed time counts", .zh = "作为历史案件导入"},
    {.name = "file", .kind = OPT_TEXT, .arg = "FILE",
     .en = "a JSON object with the fields of case.submit (-: standard "
           "input); options win over it",
     .zh = "含 case.submit 各字段的 JSON 文件（- 为标准输入）；选项优先"},
    {.name = "id", .kind = OPT_TEXT, .arg = "UUID",
     .en = "the submission id, to repeat an earlier call",
     .zh = "提交编号，用于重复先前的调用"},
    {.name = "retry", .kind = OPT_FLAG,
     .en = "repeat under the same id until acknowledged (60 s, --timeout)",
     .zh = "以同一编号重复提交直至确认（60 秒，可用 --timeout）"},
    OPT_END,
};
/* clang-format on */

void more_submit(const struct ctl *ctl)
{
    (void)fputs(
        T(ctl,
          "\nThe same id with the same content gives the same case for ever; "
          "with other\ncontent it is refused. Up to five persons and ten "
          "respondents: --file.\n",
          "\n同一编号、同一内容永远得到同一案件；内容不同则被拒绝。\n"
          "多名信访人（至多五名）或被反映对象（至多十个）请用 --file。\n"),
        ctl->out);
}

static void write_person(const struct args *a, struct dk_jw *w)
{
    static const char *const names[][2] = {{"name", "name"},
                                           {"id-number", "id_number"},
                                           {"phone", "phone"},
                                           {"address", "address"}};

    dk_jw_arr(w, "persons");
    dk_jw_obj(w, NULL);
    for (size_t i = 0; i < 4; i++)
        if (args_has(a, names[i][0]))
            dk_jw_str(w, names[i][1], args_get(a, names[i][0]));
    dk_jw_end_obj(w);
    dk_jw_end_arr(w);
}

static void write_respondent(const struct args *a, struct dk_jw *w)
{
    const char *unit = args_get(a, "respondent-unit");
    const char *officer = args_get(a, "respondent-officer");

    dk_jw_arr(w, "respondents");
    dk_jw_obj(w, NULL);
    if (unit != NULL)
        dk_jw_str(w, "unit", unit);
    if (officer != NULL)
        dk_jw_str(w, "officer", officer);
    dk_jw_end_obj(w);
    dk_jw_end_arr(w);
}

/* "medical,wages"; the broker tells which of them it does not know. */
static void write_needs(const struct args *a, struct dk_jw *w)
{
    const char *at = args_get(a, "needs");

    dk_jw_arr(w, "needs");
    while (*at != '\0') {
        size_t n = strcspn(at, ",");
        if (n > 0)
            dk_jw_strn(w, NULL, at, n);
        at += n + (at[n] == ',' ? 1 : 0);
    }
    dk_jw_end_arr(w);
}

/* "@FILE" instead of the facts themselves. */
static int write_facts(const struct ctl *ctl, const struct args *a,
                       struct dk_jw *w)
{
    const char *facts = args_get(a, "facts");
    struct dk_problem p = {0};
    char *text;
    size_t len;

    if (facts[0] != '@') {
        dk_jw_str(w, "facts", facts);
        return 0;
    }
    if (file_read(facts + 1, DK_BODY_MAX, &text, &len, &p) != 0) {
        int code = say_problem(ctl, &p);
        return p.code == DK_ENOTFOUND ? EX_NOINPUT : code;
    }
    if (strlen(text) != len || dk_utf8_valid(text, len) != len) {
        free(text);
        (void)dk_failf(&p, DK_EFIELD, "/facts", "%.200s is not UTF-8 text",
                       "%.200s 不是 UTF-8 文本", facts + 1);
        return say_problem(ctl, &p);
    }
    dk_jw_strn(w, "facts", text, len);
    free(text);
    return 0;
}

static bool was_written(const struct args *a, const char *member)
{
    bool person = args_has(a, "name") || args_has(a, "phone") ||
                  args_has(a, "address") || args_has(a, "id-number");

    if (strcmp(member, "submission_id") == 0)
        return args_has(a, "id");
    if (strcmp(member, "persons") == 0)
        return person;
    if (strcmp(member, "respondents") == 0)
        return args_has(a, "respondent-unit") ||
               args_has(a, "respondent-officer");
    if (strcmp(member, "needs") == 0)
        return args_has(a, "needs");
    for (int i = 0; i < a->n_set; i++)
        if (a->set[i].opt->member != NULL &&
            strcmp(a->set[i].opt->member, member) == 0)
            return true;
    return false;
}

/* The members of --file that no option gives; its id into *id. */
static int write_file(const struct ctl *ctl, const struct args *a,
                      struct dk_jw *w, char id[DK_UUID_TEXT], bool *channel)
{
    const char *path = args_get(a, "file");
    struct dk_problem p = {0};
    char *text;
    size_t len;
    cJSON *o;
    const cJSON *v;

    if (path == NULL)
        return 0;
    if (file_read(path, DK_BODY_MAX, &text, &len, &p) != 0) {
        int code = say_problem(ctl, &p);
        return p.code == DK_ENOTFOUND ? EX_NOINPUT : code;
    }
    int rc = dk_json_parse_obj(text, len, DK_BODY_MAX, &o, &p);
    free(text);
    if (rc != 0)
        return say_problem(ctl, &p);
    cJSON_ArrayForEach (v, o) {
        if (was_written(a, v->string))
            continue;
        if (strcmp(v->string, "channel") == 0)
            *channel = true;
        if (strcmp(v->string, "submission_id") != 0)
            dk_jw_cjson(w, v->string, v);
        else if (cJSON_IsString(v) && strlen(v->valuestring) < DK_UUID_TEXT)
            memcpy(id, v->valuestring, strlen(v->valuestring) + 1);
    }
    cJSON_Delete(o);
    return 0;
}

static int write_body(struct ctl *ctl, const struct args *a, struct dk_jw *w,
                      char id[DK_UUID_TEXT])
{
    struct args rest = *a;
    bool channel = args_has(a, "channel");
    int rc = 0;

    dk_jw_obj(w, NULL);
    rest.n_set = 0; /* every option but the facts, which may be a file */
    for (int i = 0; i < a->n_set; i++)
        if (strcmp(a->set[i].opt->name, "facts") != 0)
            rest.set[rest.n_set++] = a->set[i];
    rc = ctl_write_opts(ctl, &rest, w);
    if (rc == 0 && args_has(a, "facts"))
        rc = write_facts(ctl, a, w);
    if (rc != 0)
        return rc;
    if (was_written(a, "persons"))
        write_person(a, w);
    if (was_written(a, "respondents"))
        write_respondent(a, w);
    if (was_written(a, "needs"))
        write_needs(a, w);
    rc = write_file(ctl, a, w, id, &channel);
    if (!channel)
        dk_jw_str(w, "channel", "online");
    if (id[0] == '\0')
        dk_client_uuid(id);
    dk_jw_str(w, "submission_id", id);
    dk_jw_end_obj(w);
    return rc;
}

static void print_receipt(const struct ctl *ctl, const cJSON *r)
{
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(r, "query_code");
    char buf[32];

    print_field(ctl, T(ctl, "case number", "案件编号"),
                member_text(r, "case_no", buf));
    print_field(ctl, T(ctl, "query code", "查询码"),
                cJSON_IsNull(code) ? T(ctl, dk_no_code[0], dk_no_code[1])
                                   : member_text(r, "query_code", buf));
    print_field(ctl, T(ctl, "submitted", "提交时间"),
                member_text(r, "submitted_at", buf));
    print_field(ctl, T(ctl, "recorded", "记录时间"),
                member_text(r, "recorded_at", buf));
}

/* A receipt is a number and a code, or the word that there is none; anything
 * else acknowledges nothing.
 */
static int check_receipt(const struct ctl *ctl, const struct dk_reply *r)
{
    struct dk_problem p = {0};
    const char *text;
    int rc = dk_json_str(r->json, "case_no", DK_REQUIRED, 1, DK_CASE_NO_MAX,
                         &text, NULL, &p);

    if (rc == 0)
        rc = dk_reply_code(r, &text, &p);
    return rc == 0 ? 0 : say_problem(ctl, &p);
}

int cmd_submit(struct ctl *ctl, const struct args *a)
{
    struct dk_jw w = {0};
    struct dk_reply r;
    char id[DK_UUID_TEXT];
    int rc = ctl_given_id(ctl, a, id);

    if (rc == 0)
        rc = write_body(ctl, a, &w, id);
    if (rc != 0) {
        dk_jw_fini(&w);
        return rc;
    }
    rc = args_has(a, "retry") ? ctl_ask_patiently(ctl, "case.submit", &w, &r)
                              : ctl_ask(ctl, "case.submit", &w, &r);
    say_repeat(ctl, rc, id);
    if (rc != 0)
        return rc;
    rc = ctl_is_own(ctl, &r, "submission_id", id);
    if (rc == 0)
        rc = check_receipt(ctl, &r);
    if (rc == 0 && ctl->json)
        print_raw(ctl, &r);
    else if (rc == 0)
        print_receipt(ctl, r.json);
    dk_reply_free(&r);
    return rc;
}
