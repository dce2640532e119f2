/* cmd_import.c - bring in history: what is around the run itself. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sodium.h>

#include "ctl.h"
#include "file.h"
#include "import_csv.h"
#include "import_dry.h"
#include "import_run.h"
#include "proto/submit.h"
#include "proto/timefmt.h"
#include "table.h"
#include "when.h"

/* clang-format off */
const struct opt opts_import[] = {
    {.name = "map", .kind = OPT_TEXT, .arg = "MAP",
     .en = "how the lines' members are called: replied (default), or pairs "
           "such as facts=content,id=no",
     .zh = "各行成员的名称：replied（默认），或如 facts=content,id=no"},
    {.name = "zone", .kind = OPT_TEXT, .arg = "OFFSET",
     .en = "of a table (FILE.csv): the offset of times without one, as in "
           "+08:00",
     .zh = "用于表格（FILE.csv）：未写时区的时间按此偏移计，如 +08:00"},
    {.name = "channel", .kind = OPT_NAME, .arg = "NAME",
     .names = dk_channel_names, .en = "of lines that name none (default online)",
     .zh = "未写明渠道的行所用渠道（默认 online）"},
    {.name = "actor", .kind = OPT_TEXT, .arg = "import:NAME",
     .en = "the system they come from (default import:history); every id is "
           "derived from it, so keep it",
     .zh = "来源系统（默认 import:history）；编号由其推导，请保持不变"},
    {.name = "state", .kind = OPT_TEXT, .arg = "FILE",
     .en = "where progress is kept (default FILE.import-state)",
     .zh = "进度文件（默认 FILE.import-state）"},
    {.name = "refused", .kind = OPT_TEXT, .arg = "FILE",
     .en = "where refused lines go (default: beside the file, "
           "NAME.refused.ndjson)",
     .zh = "被拒绝的行写入何处（默认 NAME.refused.ndjson）"},
    {.name = "window", .kind = OPT_INT, .arg = "N", .min = 1, .max = 2000,
     .en = "requests in flight at once (default 256)",
     .zh = "同时发出的请求数（默认 256）"},
    {.name = "wait", .kind = OPT_SPAN, .arg = "SPAN",
     .en = "give up after so long without progress (default 5m)",
     .zh = "多久没有进展即放弃（默认 5m）"},
    {.name = "dry-run", .kind = OPT_FLAG,
     .en = "only check the lines, also for ids that come twice and times to "
           "come; nothing is sent or written",
     .zh = "仅检查（含重复的编号和尚未到来的时间），不发送也不写文件"},
    OPT_END,
};
/* clang-format on */

void more_import(const struct ctl *ctl)
{
    (void)fputs(
        T(ctl,
          "\nEach line is a JSON object:\n"
          "  id, submitted_at, subject, facts (or body)\n"
          "  [region] [category] [channel] [reply, replied_at] "
          "[accepted_at]\n"
          "Other members are not sent. A case with a reply is accepted (at "
          "accepted_at, else\nsubmitted_at) and answered (at replied_at) once "
          "docket-assign has assigned it; where\nthat leaves it with the "
          "office, the import transfers it first.\nImporting a file again "
          "changes nothing; a stopped import goes on where it was.\n",
          "\n每行为一个 JSON 对象：\n"
          "  id、submitted_at、subject、facts（或 body）\n"
          "  [region] [category] [channel] [reply、replied_at] "
          "[accepted_at]\n"
          "其他成员不会发送。有答复的案件在 docket-assign 分派后登记受理"
          "（时间取 accepted_at，\n否则取 submitted_at）与答复（时间取 "
          "replied_at）；仅分派而未转送的，由导入先行转送。\n"
          "重复导入不会产生变化，中断后可续传。\n"),
        ctl->out);
}

struct importer {
    struct ctl *ctl;
    char state_path[PATH_MAX], refused_path[PATH_MAX];
    struct import_how how;
    struct import_state state;
    struct lines *lines;
    FILE *refused;
    struct import_run *run;
    dk_ms started, said_at, saved_at;
    int64_t begun_bytes, begun_lines; /* done by earlier runs */
    int64_t begun_refused;
    bool tty, hinted;
    int said_width;
};

static int set_path(char out[PATH_MAX], const char *given, const char *file,
                    bool refused)
{
    static const char tail[] = ".ndjson";
    size_t n = strlen(file), cut = 0;
    int w;

    if (refused && n >= sizeof tail &&
        strcmp(file + n - (sizeof tail - 1), tail) == 0)
        cut = sizeof tail - 1;
    if (given != NULL)
        w = snprintf(out, PATH_MAX, "%s", given);
    else
        w = snprintf(out, PATH_MAX, "%.*s%s", (int)(n - cut), file,
                     refused ? ".refused.ndjson" : ".import-state");
    return w < 0 || w >= PATH_MAX ? DK_EFIELD : 0;
}

static int set_how(struct importer *im, const struct args *a,
                   struct dk_problem *p)
{
    const char *actor = args_get(a, "actor"), *channel = args_get(a, "channel");
    const char *file = a->pos[0];

    im->how.source = actor == NULL ? "import:history" : actor;
    im->how.channel = channel == NULL ? "online" : channel;
    if (strncmp(im->how.source, "import:", 7) != 0 ||
        im->how.source[7] == '\0' || strlen(im->how.source) > DK_ID_MAX)
        return dk_failf(
            p, DK_EFIELD, NULL, "--actor is import:NAME, at most %d bytes",
            "--actor 的形式为 import:名称，至多 %d 字节", DK_ID_MAX);
    if (set_path(im->state_path, args_get(a, "state"), file, false) != 0 ||
        set_path(im->refused_path, args_get(a, "refused"), file, true) != 0)
        return dk_fail(p, DK_EFIELD, NULL, "the file's name is too long",
                       "文件名过长");
    return import_map_parse(args_get(a, "map"), &im->how.map, p);
}

static void clear_line(struct importer *im)
{
    if (im->said_width > 0)
        (void)fprintf(im->ctl->err, "\r\033[K");
    im->said_width = 0;
}

static void on_refused(void *arg, int64_t line, const struct dk_problem *p)
{
    struct importer *im = arg;

    clear_line(im);
    import_say_line(im->ctl, line, p);
}

static void bar(double share, char out[64])
{
    int full = (int)(share * 20);

    (void)snprintf(out, 64, "\r[%.*s%.*s]", full, "####################",
                   20 - full, "--------------------");
}

static void say_progress(struct importer *im, dk_ms now)
{
    const struct ctl *ctl = im->ctl;
    struct import_view v;
    char pic[64] = "", eta[SPAN_TEXT] = "?";

    if (now - im->said_at < (im->tty ? 200 : 5000))
        return;
    im->said_at = now;
    import_run_view(im->run, now, &v);
    double secs = (double)(now - im->started + 1) / 1000.0;
    double left = (double)lines_size(im->lines) - (double)im->begun_bytes;
    double share = left > 0 ? (double)v.bytes / left : 1.0;
    if (share > 1.0)
        share = 1.0;
    if (v.bytes > 0 && v.quiet < 5000)
        span_show((dk_ms)(secs * 1000.0 * (1.0 - share) / share), ctl->zh, eta);
    if (im->tty)
        bar(share, pic);
    im->said_width = im->tty;
    (void)fprintf(ctl->err,
                  T(ctl,
                    "%s %3.0f %%  %" PRId64 " submitted, %" PRId64
                    " finished, %.0f/s, %s left, %" PRId64 " refused%s",
                    "%s %3.0f %%  已提交 %" PRId64 "，已完成 %" PRId64
                    "，%.0f 行/秒，剩余 %s，拒绝 %" PRId64 "%s"),
                  pic, share * 100.0, im->begun_lines + v.submitted,
                  im->begun_lines + v.lines, (double)v.lines / secs, eta,
                  im->begun_refused + v.refused, im->tty ? "\033[K" : "\n");
}

/* Once, when nothing moves. */
static void say_hint(struct importer *im, dk_ms now)
{
    const struct ctl *ctl = im->ctl;
    struct import_view v;

    import_run_view(im->run, now, &v);
    if (v.quiet < 5000) {
        im->hinted = false;
        return;
    }
    if (im->hinted)
        return;
    im->hinted = true;
    clear_line(im);
    if (v.answered && v.waiting > 0)
        (void)fprintf(ctl->err,
                      T(ctl,
                        "%" PRId64 " cases wait to be brought to a unit: is "
                        "docket-assign running? (docketctl workers)\n",
                        "%" PRId64 " 件案件等待转送：docket-assign 是否在"
                        "运行？（docketctl workers）\n"),
                      v.waiting);
    else
        (void)fprintf(ctl->err,
                      T(ctl, "no answer from %s for 5 s; still trying\n",
                        "%s 已 5 秒无应答，继续尝试\n"),
                      ctl->endpoint);
}

/* The refused lines first, then the state that counts on them. */
static int save(struct importer *im, struct dk_problem *p)
{
    if (fflush(im->refused) != 0 || fsync(fileno(im->refused)) != 0)
        return dk_failf(p, DK_EIO, NULL, "%.200s cannot be written",
                        "%.200s 无法写入", im->refused_path);
    int rc = import_mark(im->lines, im->state.bytes, im->state.mark);
    if (rc != 0)
        return dk_fail(p, rc, NULL, "the import file cannot be read",
                       "无法读取导入文件");
    im->saved_at = dk_client_now();
    return import_state_save(im->state_path, im->how.source, &im->state, p);
}

/* Where an earlier run has come to, and whether it was this file. */
static int resume(struct importer *im, const char *file, struct dk_problem *p)
{
    char mark[IMPORT_MARK];
    int rc = import_state_load(im->state_path, im->how.source, &im->state, p);

    if (rc != 0 && rc != DK_ENOTFOUND)
        return rc;
    bool old = rc == 0;
    rc = lines_open(file, im->state.bytes, IMPORT_LINE_MAX, &im->lines, p);
    if (rc != 0)
        return rc;
    if (old && (import_mark(im->lines, im->state.bytes, mark) != 0 ||
                strcmp(mark, im->state.mark) != 0))
        return dk_failf(p, DK_ECONFLICT, NULL,
                        "%.120s is not the file that %.120s was kept for; "
                        "remove the state file to import it from its start",
                        "%.120s 不是 %.120s 所记录的文件；若要从头导入，请"
                        "删除该状态文件",
                        file, im->state_path);
    im->begun_bytes = im->state.bytes;
    im->begun_lines = im->state.lines;
    im->begun_refused = im->state.refused;
    im->refused =
        import_refused_open(im->refused_path, im->state.refused_bytes, p);
    return im->refused == NULL ? p->code : 0;
}

static bool stop_asked(const sigset_t *stops)
{
    const struct timespec none = {0, 0};

    return sigtimedwait(stops, NULL, &none) > 0;
}

/* 0: all is done; DK_ETIMEOUT: out of patience; 1: asked to stop. */
static int work(struct importer *im, const sigset_t *stops,
                struct dk_problem *p)
{
    int rc;

    do {
        dk_ms now = dk_client_now();
        rc = import_run_step(im->run, now, p);
        if (rc < 0 && rc != DK_ETIMEOUT)
            return rc;
        say_progress(im, now);
        say_hint(im, now);
        if (now - im->saved_at >= 1000) {
            int bad = save(im, p);
            if (bad != 0)
                return bad;
        }
        if (rc == 1 && stop_asked(stops))
            break;
    } while (rc == 1);
    int bad = save(im, p);
    return bad != 0 ? bad : rc;
}

static void summary(const struct importer *im)
{
    const struct ctl *ctl = im->ctl;
    const struct import_state *s = &im->state;

    if (ctl->json) {
        (void)fprintf(ctl->out,
                      "{\"lines\":%" PRId64 ",\"cases\":%" PRId64
                      ",\"answers\":%" PRId64 ",\"refused\":%" PRId64
                      ",\"complete\":%s}\n",
                      s->lines, s->cases, s->answers, s->refused,
                      s->bytes >= lines_size(im->lines) ? "true" : "false");
        return;
    }
    (void)fprintf(ctl->out,
                  T(ctl,
                    "%" PRId64 " lines: %" PRId64 " cases, %" PRId64
                    " of them answered, %" PRId64 " lines refused.\n",
                    "共 %" PRId64 " 行：%" PRId64 " 件案件，其中已答复 %" PRId64
                    " 件，拒绝 %" PRId64 " 行。\n"),
                  s->lines, s->cases, s->answers, s->refused);
    if (s->refused > 0)
        (void)fprintf(ctl->err,
                      T(ctl,
                        "The refused lines are in %s: mend them and import "
                        "that file.\n",
                        "被拒绝的行在 %s，修正后请导入该文件。\n"),
                      im->refused_path);
}

static int conclude(const struct importer *im, int rc, struct dk_problem *p)
{
    const struct ctl *ctl = im->ctl;
    struct import_view v;

    if (rc == DK_EIO)
        p->retry_after_ms = 0; /* ours, not the broker's */
    if (rc < 0 && rc != DK_ETIMEOUT)
        return say_problem(ctl, p);
    summary(im);
    if (rc == 0)
        return im->state.refused > 0 ? EX_DATAERR : 0;
    import_run_view(im->run, dk_client_now(), &v);
    (void)fputs(T(ctl, "Stopped; run the same command again to go on.\n",
                  "已停止；再次运行同一命令即可继续。\n"),
                ctl->err);
    return rc == DK_ETIMEOUT && !v.answered ? EX_UNAVAILABLE : EX_TEMPFAIL;
}

static int run_import(struct importer *im, const struct args *a,
                      const char *file, struct dk_problem *p)
{
    const char *wait = args_get(a, "wait");
    dk_ms patience = 5 * DK_MINUTE;
    sigset_t stops, before;
    int rc;

    /* libzmq's own threads inherit this: block first, then open */
    (void)sigemptyset(&stops);
    (void)sigaddset(&stops, SIGINT);
    (void)sigaddset(&stops, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &stops, &before);
    if ((rc = resume(im, file, p)) != 0 || (rc = ctl_open(im->ctl, p)) != 0)
        return rc;
    if (wait != NULL)
        (void)span_parse(wait, &patience, NULL);
    struct import_setup s = {
        .client = im->ctl->client,
        .how = &im->how,
        .lines = im->lines,
        .refused = im->refused,
        .state = &im->state,
        .window = (int)args_int(a, "window", 256),
        .timeout_ms = ctl_timeout(im->ctl, 10000),
        .patience = patience,
        .on_refused = on_refused,
        .arg = im,
    };
    im->run = import_run_new(&s);
    if (im->run == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    im->started = im->said_at = im->saved_at = dk_client_now();
    rc = work(im, &stops, p);
    clear_line(im);
    return rc;
}

static bool is_table(const char *file)
{
    size_t n = strlen(file);

    return n > 4 && strcasecmp(file + n - 4, ".csv") == 0;
}

/* The lines of a table, in a file beside it (where a stopped import goes on),
 * or, for a dry run, in memory.  *fd is that memory's, or -1.
 */
static int from_table(const struct importer *im, const struct args *a,
                      char path[PATH_MAX], int *fd, struct dk_problem *p)
{
    const char *file = a->pos[0], *zone = args_get(a, "zone");
    bool dry = args_has(a, "dry-run");
    int offset = CSV_NO_ZONE, rc;
    FILE *in, *out;

    if (zone != NULL && dk_offset_parse(zone, &offset) != 0)
        return dk_fail(p, DK_EFIELD, NULL, "--zone is an offset such as +08:00",
                       "--zone 为时区偏移，如 +08:00");
    in = fopen(file, "re");
    if (in == NULL)
        return file_fail(file, errno, p);
    *fd = dry ? memfd_create("lines", MFD_CLOEXEC) : -1;
    int len = dry ? snprintf(path, PATH_MAX, "/proc/self/fd/%d", *fd)
                  : snprintf(path, PATH_MAX, "%s.ndjson", file);
    out = len >= PATH_MAX ? NULL : fopen(path, "we");
    rc = out == NULL ? file_fail(path, errno, p)
                     : import_csv(in, &im->how.map, offset, out, p);
    (void)fclose(in);
    if (out != NULL && fclose(out) != 0 && rc == 0)
        rc = DK_EIO;
    if (rc != 0 && p->code == 0)
        (void)dk_fail(p, rc, NULL, "the table cannot be read or written",
                      "表格无法读取或写入");
    p->retry_after_ms = 0;
    return rc;
}

static const char *im_file(const struct args *a, const char *lines)
{
    return is_table(a->pos[0]) ? lines : a->pos[0];
}

int cmd_import(struct ctl *ctl, const struct args *a)
{
    struct importer *im = calloc(1, sizeof *im);
    struct dk_problem p = {0};
    char lines[PATH_MAX];
    int code, fd = -1;

    if (im == NULL || sodium_init() < 0) {
        free(im);
        return say_oom(ctl);
    }
    im->ctl = ctl;
    im->tty = isatty(STDERR_FILENO) != 0;
    if (set_how(im, a, &p) != 0) {
        code = say_usage(ctl, &p);
    } else if (is_table(a->pos[0]) && from_table(im, a, lines, &fd, &p) != 0) {
        code = say_problem(ctl, &p);
    } else if (args_has(a, "dry-run")) {
        code = import_dry_run(ctl, &im->how, im_file(a, lines), &p);
    } else {
        int rc = run_import(im, a, im_file(a, lines), &p);
        code = im->run == NULL ? say_problem(ctl, &p) : conclude(im, rc, &p);
    }
    if (p.code == DK_ENOTFOUND)
        code = EX_NOINPUT;
    import_run_free(im->run);
    if (im->refused != NULL && fclose(im->refused) == 0 &&
        im->state.refused_bytes == 0)
        (void)unlink(im->refused_path);
    lines_close(im->lines);
    if (fd >= 0)
        (void)close(fd);
    import_map_fini(&im->how.map);
    free(im);
    return code;
}
