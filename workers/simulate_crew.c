#include "simulate_crew.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIPE_BYTES                                                             \
    (1 << 20) /* fewer turns; what the system allows is enough                 \
               */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

void crew_close_to(struct crew *c)
{
    for (int i = 0; i < c->n; i++)
        close_fd(&c->hand[i].to);
}

static void close_all(struct crew *c)
{
    crew_close_to(c);
    for (int i = 0; i < c->n; i++)
        close_fd(&c->hand[i].from);
}

/* Two pipes: in[0] and out[1] are the hand's. */
static int open_pipes(int in[2], int out[2])
{
    if (pipe2(in, O_CLOEXEC) != 0)
        return DK_EIO;
    if (pipe2(out, O_CLOEXEC) != 0) {
        (void)close(in[0]);
        (void)close(in[1]);
        return DK_EIO;
    }
    (void)fcntl(in[1], F_SETPIPE_SZ, PIPE_BYTES);
    return 0;
}

static int start_one(struct crew *c, crew_work work, void *arg)
{
    int i = c->n;
    int in[2], out[2];
    pid_t pid;

    if (open_pipes(in, out) != 0)
        return DK_EIO;
    pid = fork();
    if (pid == 0) {
        close_all(c); /* the pipes of those before */
        (void)close(in[1]);
        (void)close(out[0]);
        _exit(work(arg, i, in[0], out[1]) == 0 ? 0 : 1);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    c->hand[i].pid = pid;
    c->hand[i].to = in[1];
    c->hand[i].from = out[0];
    c->n++;
    return pid > 0 ? 0 : DK_EIO;
}

int crew_start(struct crew *c, int n, crew_work work, void *arg,
               struct dk_problem *p)
{
    const char *why;

    c->n = 0;
    for (int i = 0; i < n; i++) {
        if (start_one(c, work, arg) == 0)
            continue;
        why = strerrordesc_np(errno);
        (void)crew_end(c, NULL);
        return dk_failf(p, DK_EIO, NULL, "no more processes can be started: %s",
                        "无法启动更多进程：%s", why != NULL ? why : "?");
    }
    return 0;
}

int crew_end(struct crew *c, struct dk_problem *p)
{
    int rc = 0;

    close_all(c);
    for (int i = 0; i < c->n; i++) {
        int status = 0;
        pid_t got;

        if (c->hand[i].pid <= 0)
            continue;
        do
            got = waitpid(c->hand[i].pid, &status, 0);
        while (got < 0 && errno == EINTR);
        if (got < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
            rc = DK_EIO;
    }
    c->n = 0;
    if (rc != 0)
        return dk_fail(p, rc, NULL, "a process of docket-simulate ended early",
                       "docket-simulate 的一个进程提前结束");
    return 0;
}
