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

/* The path of a program beside this one, else its name for PATH to find. */
static void beside(const char *name, char out[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);

    if (n > 0) {
        out[n] = '\0';
        char *slash = strrchr(out, '/');
        size_t room = PATH_MAX - (size_t)(slash == NULL ? n : slash + 1 - out);
        if (slash != NULL && strlen(name) < room) {
            memcpy(slash + 1, name, strlen(name) + 1);
            if (access(out, X_OK) == 0)
                return;
        }
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

    beside(name, path);
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

static int check_deadline(const struct ctl *ctl, const struct args *a)
{
    const char *args[] = {"--check",
                          "--policy",
                          a->pos[0],
                          "--lang",
                          T(ctl, "en", "zh-CN"),
                          a->n_pos > 1 ? "--calendar" : NULL,
                          a->n_pos > 1 ? a->pos[1] : NULL,
                          NULL};
    return run(ctl, "docket-deadline", args);
}

int cmd_policy_check(struct ctl *ctl, const struct args *a)
{
    int rc = check_deadline(ctl, a);

    if (a->n_pos < 3)
        return rc;
    const char *args[] = {"--check", "--book", a->pos[2], NULL};
    int rc2 = run(ctl, "docket-assign", args);
    return rc != 0 ? rc : rc2;
}

int cmd_policy_show(struct ctl *ctl, const struct args *a)
{
    const char *args[10] = {"--print", "--policy", a->pos[0], "--lang",
                            T(ctl, "en", "zh-CN")};
    int n = 5;

    if (a->n_pos > 1) {
        args[n++] = "--calendar";
        args[n++] = a->pos[1];
    }
    if (ctl->json)
        args[n++] = "--json";
    args[n] = NULL;
    return run(ctl, "docket-deadline", args);
}
