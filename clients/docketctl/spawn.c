#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The path of a program beside this one, in the build's folders,
 * else its name for PATH to find.
 */
static void find_program(const char *name, char out[PATH_MAX])
{
    static const char *const folders[] = {"", "../workers/", "../"};
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, PATH_MAX - 1);
    const char *slash = NULL;

    if (n > 0) {
        self[n] = '\0';
        slash = strrchr(self, '/');
    }
    for (int i = 0; i < 3 && slash != NULL; i++) {
        int len = snprintf(out, PATH_MAX, "%.*s%s%s", (int)(slash + 1 - self),
                           self, folders[i], name);
        if (len > 0 && len < PATH_MAX && access(out, X_OK) == 0)
            return;
    }
    (void)snprintf(out, PATH_MAX, "%s", name);
}

/* In the child: become the program, with `in` (if not -1) to read from. */
_Noreturn static void become(const char *name, const char *const args[], int in)
{
    char path[PATH_MAX];
    char *argv[SPAWN_ARGS + 2];
    int n = 0;

    find_program(name, path);
    argv[n++] = path;
    for (; *args != NULL && n <= SPAWN_ARGS; args++) {
        /* execvp() takes char *const[] but changes nothing. */
        union {
            const char *in;
            char *out;
        } u = {*args};
        argv[n++] = u.out;
    }
    argv[n] = NULL;
    if (in >= 0) {
        if (dup2(in, STDIN_FILENO) < 0)
            _exit(126);
        (void)signal(SIGPIPE, SIG_DFL);
    }
    (void)execvp(path, argv);
    _exit(errno == ENOENT ? 127 : 126);
}

static int wait_for(const struct ctl *ctl, const char *name, pid_t pid)
{
    int status = 0, code;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    code = WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
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

int spawn_run(const struct ctl *ctl, const char *name, const char *const args[])
{
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        become(name, args, -1);
    return pid < 0 ? say_oom(ctl) : wait_for(ctl, name, pid);
}

int spawn_open(const struct ctl *ctl, const char *name,
               const char *const args[], struct spawn *out)
{
    int fd[2];

    if (pipe2(fd, O_CLOEXEC) != 0)
        return say_oom(ctl);
    (void)signal(SIGPIPE, SIG_IGN); /* it may end before it read all */
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        become(name, args, fd[0]);
    (void)close(fd[0]);
    FILE *in = pid > 0 ? fdopen(fd[1], "w") : NULL;
    if (in == NULL)
        (void)close(fd[1]);
    *out = (struct spawn){.name = name, .pid = pid, .in = in};
    if (in != NULL)
        return 0;
    if (pid > 0)
        (void)wait_for(ctl, name, pid);
    return say_oom(ctl);
}

int spawn_close(const struct ctl *ctl, struct spawn *s)
{
    (void)fclose(s->in); /* what it did not read, it did not want */
    s->in = NULL;
    return wait_for(ctl, s->name, s->pid);
}
