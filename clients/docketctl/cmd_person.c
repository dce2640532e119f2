/* cmd_person.c - person, erase-person, seal rotate, seal status: who the
 * petitioners are, and the keys that it is sealed with.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"

#define LOOK_MS 250

/* clang-format off */
const struct opt opts_person[] = {
    {.name = "actor", .kind = OPT_TEXT, .member = "actor", .arg = "KIND:ID",
     .en = "who reads, as in officer:zhang (required)",
     .zh = "查阅人，如 officer:zhang（必填）"},
    {.name = "reason", .kind = OPT_TEXT, .member = "reason", .arg = "TEXT",
     .en = "what for; it is recorded (required)",
     .zh = "查阅理由，将被记录（必填）"},
    OPT_END,
};
const struct opt opts_erase[] = {
    {.name = "actor", .kind = OPT_TEXT, .member = "actor", .arg = "KIND:ID",
     .en = "who erases, as in officer:zhang (required)",
     .zh = "操作人，如 officer:zhang（必填）"},
    {.name = "reason", .kind = OPT_TEXT, .member = "reason", .arg = "TEXT",
     .en = "why; without anything that names the person (required)",
     .zh = "理由，其中不得出现个人信息（必填）"},
    OPT_END,
};
const struct opt opts_seal_rotate[] = {
    {.name = "no-wait", .kind = OPT_FLAG,
     .en = "begin, and do not wait for the end", .zh = "开始后不等待完成"},
    OPT_END,
};
/* clang-format on */

void more_erase(const struct ctl *ctl)
{
    (void)fputs(
        T(ctl,
          "\nFor ever: names, numbers and addresses cannot be had back. The "
          "case and its history\nstay and still verify. Backups from before "
          "still have the data: docs/SECURITY.md,\n\"Erasing\", says what to "
          "do "
          "with them.\n",
          "\n删除后姓名、证件号、电话与住址无法恢复；案件及其历史保留，仍可"
          "校验。\n此前的备份仍含这些信息，处理办法见 "
          "docs/SECURITY.md“Erasing”一节。\n"),
        ctl->out);
}

static int ask_about(struct ctl *ctl, const struct args *a, const char *type,
                     struct dk_reply *r)
{
    struct dk_problem p = {0};
    struct dk_jw w = {0};

    if (!args_has(a, "actor") || !args_has(a, "reason")) {
        (void)dk_fail(&p, DK_EFIELD, NULL, "--actor and --reason are needed",
                      "缺少 --actor 或 --reason");
        return say_usage(ctl, &p);
    }
    dk_jw_obj(&w, NULL);
    dk_jw_str(&w, "case_no", a->pos[0]);
    if (strcmp(type, "person.erase") == 0)
        dk_jw_bool(&w, "erase", true);
    int rc = ctl_write_opts(ctl, a, &w);
    dk_jw_end_obj(&w);
    if (rc != 0) {
        dk_jw_fini(&w);
        return rc;
    }
    return ctl_ask(ctl, type, &w, r);
}

static void print_person(const struct ctl *ctl, const cJSON *v)
{
    static const struct {
        const char *member, *en, *zh;
    } fields[] = {{"name", "name", "姓名"},
                  {"id_number", "ID number", "证件号码"},
                  {"phone", "telephone", "联系电话"},
                  {"address", "address", "住址"}};
    char buf[32];

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const char *s = member_text(v, fields[i].member, buf);
        if (s != NULL)
            print_field(ctl, T(ctl, fields[i].en, fields[i].zh), s);
    }
}

static void print_persons(const struct ctl *ctl, const cJSON *o)
{
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(o, "persons");
    const cJSON *erased = cJSON_GetObjectItemCaseSensitive(o, "erased");
    const cJSON *v;
    char a[32], b[32];
    bool first = true;

    if (cJSON_IsObject(erased)) {
        const char *at = member_text(erased, "at", a);
        const char *by = member_text(erased, "actor", b);
        (void)fprintf(ctl->out,
                      T(ctl, "erased on %s by ", "已于 %s 删除，操作人："),
                      at == NULL ? "?" : at);
        put_text(ctl, by == NULL ? "?" : by, false);
        (void)fputc('\n', ctl->out);
        return;
    }
    cJSON_ArrayForEach (v, all) {
        if (!first)
            (void)fputc('\n', ctl->out);
        first = false;
        print_person(ctl, v);
    }
    if (first)
        (void)fprintf(ctl->out, "%s\n",
                      T(ctl, "no persons were handed in with this case",
                        "本案提交时未附个人信息"));
}

int cmd_person(struct ctl *ctl, const struct args *a)
{
    struct dk_reply r;
    int rc = ask_about(ctl, a, "person.get", &r);

    if (rc != 0)
        return rc;
    if (ctl->json)
        print_raw(ctl, &r);
    else
        print_persons(ctl, r.json);
    dk_reply_free(&r);
    return 0;
}

int cmd_erase_person(struct ctl *ctl, const struct args *a)
{
    struct dk_reply r;
    char buf[32];
    int rc = ask_about(ctl, a, "person.erase", &r);

    if (rc != 0)
        return rc;
    if (ctl->json) {
        print_raw(ctl, &r);
    } else {
        const char *n = member_text(r.json, "n", buf);
        put_text(ctl, a->pos[0], false);
        (void)fprintf(
            ctl->out,
            T(ctl, ": erased for ever, event %s\n", "：已永久删除，事件 %s\n"),
            n == NULL ? "?" : n);
    }
    dk_reply_free(&r);
    return 0;
}

/* ---- keys ---------------------------------------------------------------- */

static int64_t number(const cJSON *o, const char *member)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, member);

    return cJSON_IsNumber(v) ? (int64_t)v->valuedouble : 0;
}

static void print_state(const struct ctl *ctl, const cJSON *o)
{
    char key[32], text[32];
    const char *id = member_text(o, "key", key);

    print_field(ctl, T(ctl, "seal key", "封存密钥"), id);
    print_field(ctl, T(ctl, "keys in the ring", "密钥数"),
                member_text(o, "keys", text));
    print_field(ctl, T(ctl, "rows left to seal anew", "待重新封存"),
                member_text(o, "left", text));
    print_field(ctl, T(ctl, "rows sealed anew", "已重新封存"),
                member_text(o, "done", text));
    if (number(o, "unreadable") > 0)
        print_field(ctl,
                    T(ctl, "unreadable (docketctl verify names them)",
                      "无法解封（docketctl verify 可列出）"),
                    member_text(o, "unreadable", text));
}

static int get_state(struct ctl *ctl, struct dk_reply *r, const cJSON **seal)
{
    int rc = ctl_ask(ctl, "stats", NULL, r);

    if (rc != 0)
        return rc;
    *seal = cJSON_GetObjectItemCaseSensitive(r->json, "seal");
    if (cJSON_IsObject(*seal))
        return 0;
    dk_reply_free(r);
    return say_odd_reply(ctl, "stats");
}

static void put_state(const struct ctl *ctl, const cJSON *seal)
{
    if (!ctl->json) {
        print_state(ctl, seal);
        return;
    }
    char *text = cJSON_PrintUnformatted(seal);
    if (text != NULL)
        (void)fprintf(ctl->out, "%s\n", text);
    free(text);
}

int cmd_seal_status(struct ctl *ctl, const struct args *a)
{
    struct dk_reply r;
    const cJSON *seal;
    int rc = get_state(ctl, &r, &seal);

    (void)a;
    if (rc != 0)
        return rc;
    put_state(ctl, seal);
    dk_reply_free(&r);
    return 0;
}

/* Until nothing needs the old keys, or what is left cannot be opened. */
static int wait_for_end(struct ctl *ctl)
{
    struct dk_reply r;
    const cJSON *seal;

    for (;;) {
        int rc = get_state(ctl, &r, &seal);
        if (rc != 0)
            return rc;
        bool stuck = number(seal, "unreadable") > 0;
        if (number(seal, "left") == number(seal, "unreadable") &&
            (number(seal, "keys") == 1 || stuck)) {
            put_state(ctl, seal);
            dk_reply_free(&r);
            return stuck ? EX_DATAERR : 0;
        }
        if (!ctl->json && isatty(fileno(ctl->err)))
            (void)fprintf(ctl->err, "\r%" PRId64 "   ", number(seal, "left"));
        dk_reply_free(&r);
        ctl_sleep(LOOK_MS);
    }
}

int cmd_seal_rotate(struct ctl *ctl, const struct args *a)
{
    struct dk_reply r;
    int rc = ctl_ask(ctl, "seal.rotate", NULL, &r);

    if (rc != 0)
        return rc;
    if (args_has(a, "no-wait"))
        put_state(ctl, r.json);
    dk_reply_free(&r);
    return args_has(a, "no-wait") ? 0 : wait_for_end(ctl);
}
