/* cmd_backup.c - backup: have the broker copy itself, and look on. */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "backup_keep.h"
#include "ctl.h"

#define LOOK_MS 250

/* clang-format off */
const struct opt opts_backup[] = {
    {.name = "status", .kind = OPT_FLAG,
     .en = "only say how the latest backup went",
     .zh = "仅查看最近一次备份的情况"},
    {.name = "no-wait", .kind = OPT_FLAG,
     .en = "begin, and do not wait for the end", .zh = "开始后不等待完成"},
    {.name = "into", .kind = OPT_TEXT, .arg = "FOLDER",
     .en = "instead of FILE: a new file there, named by the time",
     .zh = "代替 FILE：在该目录中以时间命名新文件"},
    {.name = "keep", .kind = OPT_INT, .arg = "N", .min = 1, .max = 10000,
     .en = "with --into: afterwards remove the oldest of these but N",
     .zh = "与 --into 同用：完成后只保留最新的 N 个"},
    OPT_END,
};
/* clang-format on */

void more_backup(const struct ctl *ctl)
{
    (void)fputs(
        T(ctl,
          "\nThe file is written by docketd, where docketd runs and with its "
          "rights. It holds\neverything that was acknowledged before the "
          "backup began, and is checked before it\ngets its name. Putting one "
          "back: docs/OPERATIONS.md, \"Backup and restore\".\n",
          "\n备份文件由 docketd 在其所在机器上以其权限写入，包含备份开始前已"
          "确认的全部内容，\n校验无误后才使用指定的文件名。恢复方法见 "
          "docs/OPERATIONS.md“Backup and restore”一节。\n"),
        ctl->out);
}

static int64_t number(const struct dk_reply *r, const char *member)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(r->json, member);

    return cJSON_IsNumber(v) ? (int64_t)v->valuedouble : 0;
}

static void put_progress(const struct ctl *ctl, const struct dk_reply *r,
                         bool checking)
{
    int64_t all = number(r, "pages");

    if (ctl->json || !isatty(fileno(ctl->err)))
        return;
    if (checking)
        (void)fprintf(ctl->err, "\r%s   ", T(ctl, "checking", "正在校验"));
    else
        (void)fprintf(ctl->err, "\r%s %3" PRId64 " %%",
                      T(ctl, "copying", "正在复制"),
                      all > 0 ? number(r, "pages_done") * 100 / all : 0);
}

static void put_done(const struct ctl *ctl, const struct dk_reply *r)
{
    char a[32], b[32];
    const char *file = member_text(r->json, "file", a);
    const char *seq = member_text(r->json, "last_seq", b);

    if (!ctl->json && isatty(fileno(ctl->err)))
        (void)fputc('\n', ctl->err);
    if (ctl->json) {
        print_raw(ctl, r);
        return;
    }
    put_text(ctl, file == NULL ? "?" : file, false);
    (void)fprintf(ctl->out,
                  T(ctl,
                    ": %" PRId64 " cases, events to %s, %" PRId64
                    " KiB, complete and checked\n",
                    "：案件 %" PRId64 " 件，事件至 %s 号，%" PRId64
                    " KiB，完整且已校验\n"),
                  number(r, "cases"), seq == NULL ? "?" : seq,
                  number(r, "bytes") / 1024);
}

static int say_failed(const struct ctl *ctl, const struct dk_reply *r)
{
    struct dk_problem p;
    char a[32], b[32];
    const char *slug = member_text(r->json, "problem", a);
    const char *detail =
        member_text(r->json, ctl->zh ? "detail_zh" : "detail", b);
    int code = DK_EIO;

    for (int i = 1; slug != NULL && i < DK_ORD_N; i++) {
        if (strcmp(dk_err_slug(-i), slug) == 0)
            code = -i;
    }
    dk_problem_clear(&p);
    (void)dk_fail(&p, code, NULL, detail, detail);
    p.retry_after_ms = 0; /* another backup is a person's or a timer's affair */
    return say_problem(ctl, &p);
}

/* What the state says to who waits: -1 go on, else the exit code. */
static int judge(struct ctl *ctl, const struct dk_reply *r, const char *id)
{
    char a[32], b[32];
    const char *state = member_text(r->json, "state", a);
    const char *whose = member_text(r->json, "backup_id", b);

    if (state == NULL)
        return say_odd_reply(ctl, "backup.status");
    if (whose == NULL || strcmp(whose, id) != 0) {
        (void)fputs(T(ctl,
                      "docketctl: the broker was restarted before the backup "
                      "was done; there is no file. Begin it again.\n",
                      "docketctl：备份完成前服务已重启，未生成备份文件，请重新"
                      "备份。\n"),
                    ctl->err);
        return EX_TEMPFAIL;
    }
    if (strcmp(state, "failed") == 0)
        return say_failed(ctl, r);
    if (strcmp(state, "done") != 0) {
        put_progress(ctl, r, strcmp(state, "checking") == 0);
        return -1;
    }
    put_done(ctl, r);
    return 0;
}

static int wait_for_end(struct ctl *ctl, const char *id)
{
    int rc = -1;

    while (rc == -1) {
        struct dk_reply r;
        struct dk_jw w = {0};

        ctl_sleep(LOOK_MS);
        dk_jw_obj(&w, NULL);
        dk_jw_end_obj(&w);
        rc = ctl_ask_patiently(ctl, "backup.status", &w, &r);
        if (rc != 0)
            break;
        rc = judge(ctl, &r, id);
        dk_reply_free(&r);
    }
    return rc;
}

/* The broker works in another folder than the operator. */
static int whole_path(const struct ctl *ctl, const char *file,
                      char out[PATH_MAX])
{
    char here[PATH_MAX / 2];

    if (file[0] == '/') {
        (void)snprintf(out, PATH_MAX, "%s", file);
        return 0;
    }
    if (getcwd(here, sizeof here) == NULL)
        return say_oom(ctl);
    (void)snprintf(out, PATH_MAX, "%s/%s", here, file);
    return 0;
}

/* The file that is to be written: the one named, or a new one of a folder. */
static int choose_file(struct ctl *ctl, const struct args *a, char *path)
{
    const char *into = args_get(a, "into");
    struct dk_problem p = {0};
    char folder[PATH_MAX];

    if ((a->n_pos < 1) == (into == NULL) ||
        (into == NULL && args_has(a, "keep")) ||
        (args_has(a, "keep") && args_has(a, "no-wait"))) {
        (void)dk_fail(&p, DK_EFIELD, NULL,
                      "name the file of the backup, or a folder by --into "
                      "(only with it, and waiting for the end, --keep), or "
                      "give --status",
                      "请给出备份文件名，或用 --into 给出目录（--keep 只能与其"
                      "同用，且须等待完成），或使用 --status");
        return say_usage(ctl, &p);
    }
    if (into == NULL)
        return whole_path(ctl, a->pos[0], path);
    int rc = whole_path(ctl, into, folder);
    if (rc != 0)
        return rc;
    if (backup_name(folder, time(NULL), path, PATH_MAX) == 0)
        return 0;
    (void)dk_fail(&p, DK_EFIELD, NULL, "the name of the folder is too long",
                  "目录名过长");
    return say_usage(ctl, &p);
}

static int prune(struct ctl *ctl, const struct args *a)
{
    const char *into = args_get(a, "into");
    char why[200];
    int removed, keep = (int)args_int(a, "keep", 0);

    if (keep == 0)
        return 0;
    int rc = backup_prune(into, keep, &removed, why);
    if (removed > 0 && !ctl->json)
        (void)fprintf(
            ctl->out,
            T(ctl, "older backups removed: %d\n", "已删除较早的备份：%d 个\n"),
            removed);
    if (rc == 0)
        return 0;
    (void)fprintf(ctl->err,
                  T(ctl,
                    "docketctl: the backup is complete, but an older one could "
                    "not be removed: %s\n",
                    "docketctl：备份已完成，但无法删除较早的备份：%s\n"),
                  why);
    return EX_CANTCREAT;
}

int cmd_backup(struct ctl *ctl, const struct args *a)
{
    char id[DK_UUID_TEXT], path[PATH_MAX];
    struct dk_reply r;
    struct dk_jw w = {0};

    if (args_has(a, "status"))
        return ctl_show(ctl, "backup.status", NULL);
    int rc = choose_file(ctl, a, path);
    if (rc != 0)
        return rc;
    dk_client_uuid(id);
    dk_jw_obj(&w, NULL);
    dk_jw_str(&w, "backup_id", id);
    dk_jw_str(&w, "file", path);
    dk_jw_end_obj(&w);
    rc = ctl_ask_patiently(ctl, "backup.start", &w, &r);
    if (rc != 0)
        return rc;
    bool stay = !args_has(a, "no-wait");
    if (!stay && ctl->json)
        print_raw(ctl, &r);
    dk_reply_free(&r);
    rc = stay ? wait_for_end(ctl, id) : 0;
    return rc == 0 ? prune(ctl, a) : rc;
}
