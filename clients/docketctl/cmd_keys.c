/* cmd_keys.c - keys new, allow, revoke, list: who may talk to the broker. */
#include <inttypes.h>
#include <string.h>

#include "ctl.h"
#include "proto/client_keys.h"
#include "proto/who.h"
#include "table.h"

#define PATH_BYTES 600

#define ROLE_EN(name, wire, zh) " " wire
#define ROLE_ZH(name, wire, zh) " " wire "（" zh "）"

/* clang-format off */
const struct opt opts_keys_new[] = {
    {.name = "file", .kind = OPT_TEXT, .arg = "FILE",
     .en = "where to put the key (default NAME.key here)",
     .zh = "密钥文件的位置（默认为当前目录下的 NAME.key）"},
    {.name = "roles", .kind = OPT_TEXT, .arg = "ROLE,...",
     .en = "what the key shall be for, for the command that is printed "
           "(default kiosk)",
     .zh = "密钥的角色，用于所显示的登记命令（默认 kiosk）"},
    {.name = "unit", .kind = OPT_TEXT, .arg = "UNIT",
     .en = "and of which unit, for a handler",
     .zh = "承办人所属的单位"},
    OPT_END,
};
const struct opt opts_keys_allow[] = {
    {.name = "roles", .kind = OPT_TEXT, .arg = "ROLE,...",
     .en = "what it may (required), of:" DK_ROLES(ROLE_EN),
     .zh = "角色（必填），可选：" DK_ROLES(ROLE_ZH)},
    {.name = "unit", .kind = OPT_TEXT, .member = "unit", .arg = "UNIT",
     .en = "of which unit; a handler must have one",
     .zh = "所属单位；承办人必填"},
    {.name = "replace", .kind = OPT_FLAG, .member = "replace",
     .en = "the name has another key now: it gets this one instead",
     .zh = "该名称已有公钥时，以此公钥替换"},
    OPT_END,
};
/* clang-format on */

/* ---- keys new ------------------------------------------------------------ */

static void print_new(const struct ctl *ctl, const struct args *a,
                      const char *file, const char *mine)
{
    const char *roles = args_get(a, "roles");
    const char *unit = args_get(a, "unit");

    if (roles == NULL)
        roles = "kiosk";
    (void)fprintf(ctl->out, "%s %s\n", T(ctl, "The secret is in", "私钥已写入"),
                  file);
    (void)fprintf(
        ctl->out, "%s\n\n",
        T(ctl, "Run this where the broker runs:", "请在服务器上执行："));
    (void)fprintf(ctl->out,
                  "  docketctl keys allow --roles %s%s%s -- '%s' '%s'\n", roles,
                  unit != NULL ? " --unit " : "", unit != NULL ? unit : "",
                  a->pos[0], mine);
    if (args_has(a, "server-key"))
        return;
    (void)fprintf(ctl->out, "\n%s\n",
                  T(ctl,
                    "It prints the broker's key: give that here as "
                    "--server-key.",
                    "该命令会显示服务器公钥；在本机以 --server-key 指定。"));
}

int cmd_keys_new(struct ctl *ctl, const struct args *a)
{
    struct dk_problem p = {0};
    char mine[DK_CLIENT_KEY], path[PATH_BYTES];
    const char *file = args_get(a, "file");

    if (dk_name_check(a->pos[0], DK_WHO_MAX, NULL, &p) != DK_OK)
        return say_usage(ctl, &p);
    if (file == NULL) {
        (void)snprintf(path, sizeof(path), "%s.key", a->pos[0]);
        file = path;
    }
    if (dk_client_keys_make(file, args_get(a, "server-key"), mine, &p) != 0)
        return say_problem(ctl, &p);
    if (ctl->json)
        (void)fprintf(ctl->out, "{\"key\":\"%s\"}\n", mine);
    else
        print_new(ctl, a, file, mine);
    return 0;
}

/* ---- keys allow, keys revoke --------------------------------------------- */

static void write_roles(struct dk_jw *w, const char *roles)
{
    char one[64];

    dk_jw_arr(w, "roles");
    while (*roles != '\0') {
        size_t n = strcspn(roles, ",");
        (void)snprintf(one, sizeof(one), "%.*s", n < 63 ? (int)n : 63, roles);
        if (n > 0)
            dk_jw_str(w, NULL, one);
        roles += n + (roles[n] == ',');
    }
    dk_jw_end_arr(w);
}

int cmd_keys_allow(struct ctl *ctl, const struct args *a)
{
    struct dk_problem p = {0};
    struct dk_jw w = {0};
    struct dk_reply r;
    char buf[32];
    const char *roles = args_get(a, "roles");

    if (roles == NULL) {
        (void)dk_fail(&p, DK_EFIELD, NULL,
                      "say what the key is for, as in --roles kiosk",
                      "请用 --roles 写明角色，如 --roles kiosk");
        return say_usage(ctl, &p);
    }
    dk_jw_obj(&w, NULL);
    dk_jw_str(&w, "name", a->pos[0]);
    dk_jw_str(&w, "key", a->pos[1]);
    write_roles(&w, roles);
    int code = ctl_write_opts(ctl, a, &w);
    dk_jw_end_obj(&w);
    if (code != 0) {
        dk_jw_fini(&w);
        return code;
    }
    code = ctl_ask(ctl, "keys.allow", &w, &r);
    if (code != 0)
        return code;
    const char *server = member_text(r.json, "server_key", buf);
    if (ctl->json)
        print_raw(ctl, &r);
    else
        (void)fprintf(ctl->out, T(ctl, "%s may talk now\n", "已允许 %s\n"),
                      a->pos[0]);
    if (!ctl->json && server != NULL)
        (void)fprintf(ctl->out,
                      T(ctl, "There, use: --server-key '%s'\n",
                        "对方须使用：--server-key '%s'\n"),
                      server);
    dk_reply_free(&r);
    return 0;
}

int cmd_keys_revoke(struct ctl *ctl, const struct args *a)
{
    struct dk_jw w = {0};
    struct dk_reply r;

    dk_jw_obj(&w, NULL);
    dk_jw_str(&w, "name", a->pos[0]);
    dk_jw_end_obj(&w);
    int code = ctl_ask(ctl, "keys.revoke", &w, &r);
    if (code != 0)
        return code;
    if (ctl->json)
        print_raw(ctl, &r);
    else
        (void)fprintf(
            ctl->out,
            T(ctl, "%s is turned away from now on\n", "自此起拒绝 %s\n"),
            a->pos[0]);
    dk_reply_free(&r);
    return 0;
}

/* ---- keys list ----------------------------------------------------------- */

static void add_row(const struct ctl *ctl, struct table *t, const cJSON *o)
{
    const cJSON *roles = cJSON_GetObjectItemCaseSensitive(o, "roles"), *v;
    char text[200] = "", buf[32];

    (void)ctl;
    cJSON_ArrayForEach (v, roles) {
        size_t n = strlen(text);
        (void)snprintf(text + n, sizeof(text) - n, "%s%s", n > 0 ? "," : "",
                       cJSON_IsString(v) ? v->valuestring : "?");
    }
    table_cell(t, member_text(o, "name", buf), CELL_PLAIN);
    table_cell(t, member_text(o, "unit", buf), CELL_PLAIN);
    table_cell(t, member_text(o, "key", buf), CELL_PLAIN);
    table_cell(t, text, CELL_PLAIN);
}

/* One page; *next is the cursor of the one after it, "" at the end. */
static int page(struct ctl *ctl, struct table *t, char next[64],
                char server[DK_CLIENT_KEY])
{
    struct dk_jw w = {0};
    struct dk_reply r;
    const cJSON *v;
    char buf[32];

    dk_jw_obj(&w, NULL);
    if (next[0] != '\0')
        dk_jw_str(&w, "after", next);
    dk_jw_int(&w, "limit", 500);
    dk_jw_end_obj(&w);
    int code = ctl_ask(ctl, "keys.list", &w, &r);
    if (code != 0)
        return code;
    if (ctl->json)
        print_raw(ctl, &r);
    cJSON_ArrayForEach (v, cJSON_GetObjectItemCaseSensitive(r.json, "items"))
        add_row(ctl, t, v);
    const char *s = member_text(r.json, "next", buf);
    (void)snprintf(next, 64, "%s", s != NULL ? s : "");
    s = member_text(r.json, "server_key", buf);
    (void)snprintf(server, DK_CLIENT_KEY, "%s", s != NULL ? s : "");
    dk_reply_free(&r);
    return 0;
}

int cmd_keys_list(struct ctl *ctl, const struct args *a)
{
    const char *heads[] = {T(ctl, "NAME", "名称"), T(ctl, "UNIT", "单位"),
                           T(ctl, "KEY", "公钥"), T(ctl, "ROLES", "角色")};
    struct table *t = table_new(heads, 4);
    const struct table_look look = {.color = ctl->color};
    char next[64] = "", server[DK_CLIENT_KEY];
    int code;

    (void)a;
    if (t == NULL)
        return say_oom(ctl);
    do {
        code = page(ctl, t, next, server);
    } while (code == 0 && next[0] != '\0');
    if (code == 0 && !ctl->json) {
        if (table_print(t, ctl->out, &look) != 0)
            code = say_oom(ctl);
        if (server[0] != '\0')
            (void)fprintf(ctl->out, "\n%s %s\n",
                          T(ctl, "This broker's key:", "本服务器公钥："),
                          server);
    }
    table_free(t);
    return code;
}
