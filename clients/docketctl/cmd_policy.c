/* cmd_policy.c - ask the programs that will use a policy whether they can
 * (docs/adr/0010): docketctl itself knows nothing of policies.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl.h"

/* clang-format off */
const struct opt opts_policy[] = {
    {.name = "calendar", .kind = OPT_TEXT, .arg = "FILE",
     .en = "the calendar it will be used with", .zh = "所用的日历文件"},
    {.name = "units", .kind = OPT_TEXT, .arg = "FILE",
     .en = "check the book of units too", .zh = "同时检查单位册"},
    OPT_END,
};
/* clang-format on */

/* The path of a program beside this one, in the build's folder of workers,
 * else its name for PATH to find.
 */
static void find_program(const char *name, char out[PATH_MAX])
{
    static const char *const folders[] = {"", "../workers/"};
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, PATH_MAX - 1);
    const char *slash = NULL;

    if (n > 0) {
        self[n] = '\0';
        slash = strrchr(self, '/');
    }
    for (int i = 0; i < 2 && slash != NULL; i++) {
        int len = snprintf(out, PATH_MAX, "%.*s%s%s", (int)(slash + 1 - self),
                           self, folders[i], name);
        if (len > 0 && len < PATH_MAX && access(out, X_OK) == 0)
            return;
    }
    (void)snprintf(out, PATH_MAX, "%s", name);
}

/* Run it and wait.  Returns its exit code, or ours when it could not run. */
static int run(const struct ctl *ctl, const char *name,
               const char *const args[])
{
    char path[PATH_MAX];
    char *argv[16];
    int n = 0, status = 0;

    find_program(name, path);
    argv[n++] = path;
    for (; *args != NULL && n < 15; args++) {
        /* execvp() takes char *const[] but changes nothing. */
        union {
            const char *in;
            char *out;
        } u = {*args};
        argv[n++] = u.out;
    }
    argv[n] = NULL;
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        (void)execvp(path, argv);
        _exit(errno == ENOENT ? 127 : 126);
    }
    if (pid < 0)
        return say_oom(ctl);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
    if (code != 126 && code != 127)
        return code;
    (void)fprintf(ctl->err,
                  T(ctl,
                    "docketctl: %s is not beside docketctl nor in PATH: it "
                    "is part of docket\n",
                    "docketctl：在 docketctl 所在目录和 PATH 中都找不到 "
                    "%s，它是 docket 的一部分\n"),
                  name);
    return EX_UNAVAILABLE;
}

/* The second and third word, or the option of that name. */
static const char *calendar_of(const struct args *a)
{
    const char *v = args_get(a, "calendar");
    return v != NULL || a->n_pos < 2 ? v : a->pos[1];
}

static const char *units_of(const struct args *a)
{
    const char *v = args_get(a, "units");
    return v != NULL || a->n_pos < 3 ? v : a->pos[2];
}

static int ask_deadline(const struct ctl *ctl, const struct args *a,
                        const char *what)
{
    const char *calendar = calendar_of(a);
    const char *args[10] = {what, "--policy", a->pos[0], "--lang",
                            T(ctl, "en", "zh-CN")};
    int n = 5;

    if (calendar != NULL) {
        args[n++] = "--calendar";
        args[n++] = calendar;
    }
    if (ctl->json)
        args[n++] = "--json";
    args[n] = NULL;
    return run(ctl, "docket-deadline", args);
}

int cmd_policy_check(struct ctl *ctl, const struct args *a)
{
    const char *args[] = {"--check", "--book", units_of(a), NULL};
    int rc = ask_deadline(ctl, a, "--check");

    if (args[2] == NULL)
        return rc;
    int rc2 = run(ctl, "docket-assign", args);
    return rc != 0 ? rc : rc2;
}

int cmd_policy_show(struct ctl *ctl, const struct args *a)
{
    return ask_deadline(ctl, a, "--print");
}
