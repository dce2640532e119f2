/* send_local.c - the child of a try: a command, or ourselves as a mailer; and
 * the journal, which needs none.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "send_int.h"

static int failed(struct verdict *v, const char *what, int err)
{
    v->outcome = DK_NOTIFY_AGAIN;
    (void)snprintf(v->why, sizeof(v->why), "%.200s: %s", what,
                   strerrordesc_np(err));
    return -1;
}

/* The message as a file in memory, so that a command that does not read it
 * holds up nobody.
 */
static int as_file(const char *text)
{
    int fd = memfd_create("message", MFD_CLOEXEC);
    size_t len = strlen(text);

    if (fd < 0)
        return -1;
    if (write(fd, text, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int send_by_command(const struct conf *c, struct try *t,
                    const struct recipient *r, struct verdict *v)
{
    char key[64], path[] = "PATH=/usr/bin:/bin", lang[] = "LANG=C.UTF-8";
    char *env[] = {path, lang, key, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none, standard;
    int fd = as_file(t->m.body), rc;

    (void)c;
    if (fd < 0)
        return failed(v, "memory", errno);
    (void)snprintf(key, sizeof(key), "DOCKET_NOTIFY_KEY=%s", t->m.key);
    (void)sigemptyset(&none);
    (void)sigemptyset(&standard);
    (void)sigaddset(&standard, SIGPIPE);
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawnattr_init(&how);
    (void)posix_spawn_file_actions_adddup2(&files, fd, STDIN_FILENO);
    /* Our standard output is the journal channel's; a command's goes where our
     * log does.
     */
    (void)posix_spawn_file_actions_adddup2(&files, STDERR_FILENO,
                                           STDOUT_FILENO);
    (void)posix_spawnattr_setsigmask(&how, &none);
    (void)posix_spawnattr_setsigdefault(&how, &standard);
    (void)posix_spawnattr_setpgroup(&how, 0);
    (void)posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK |
                                             POSIX_SPAWN_SETSIGDEF |
                                             POSIX_SPAWN_SETPGROUP);
    rc = posix_spawn(&t->pid, r->argv[0], &files, &how, r->argv, env);
    (void)posix_spawn_file_actions_destroy(&files);
    (void)posix_spawnattr_destroy(&how);
    close(fd);
    if (rc != 0) {
        t->pid = 0;
        return failed(v, r->argv[0], rc);
    }
    return 0;
}

/* In the child: nothing of ours but what it needs, and it goes when we go, so
 * that who starts again meets no lock of ours.
 */
_Noreturn static void child(const struct conf *c, const struct try *t,
                            const struct recipient *r, int fd, pid_t parent)
{
    struct verdict v = {.outcome = DK_NOTIFY_AGAIN};
    sigset_t none;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || dup2(fd, 3) != 3 || close_range(4, ~0U, 0) != 0)
        _exit(1);
    if (t->m.channel == CHANNEL_EMAIL)
        net_email(c, &t->m, r, &v);
    else
        net_webhook(c, &t->m, r, &v);
    dprintf(3, "%d %lld %s", (int)v.outcome, (long long)v.wish, v.why);
    _exit(0);
}

int send_by_net(const struct conf *c, struct try *t, const struct recipient *r,
                struct verdict *v)
{
    pid_t parent = getpid();
    int fd[2];

    if (pipe2(fd, O_CLOEXEC | O_NONBLOCK) != 0)
        return failed(v, "pipe", errno);
    t->pid = fork();
    if (t->pid == 0)
        child(c, t, r, fd[1], parent);
    close(fd[1]);
    t->fd = fd[0];
    if (t->pid > 0)
        return 0;
    t->pid = 0;
    return failed(v, "fork", errno);
}

/* One line for each alert to standard output, which the service manager takes
 * to the journal.
 */
int send_by_journal(const struct try *t, struct verdict *v)
{
    size_t len = strlen(t->m.body);
    ssize_t n = write(STDOUT_FILENO, t->m.body, len);

    if (n != (ssize_t)len)
        return failed(v, "standard output", n < 0 ? errno : EIO);
    v->outcome = DK_NOTIFY_SENT;
    return 0;
}
