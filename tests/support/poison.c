/* poison.c - preloaded into workers by a test: a task whose text has
 * [[WHAT:SERVICE:ID]] does that to the worker of that service that takes it.
 *
 *     kill     it dies (SIGKILL)            crash-once, stop-once: the first
 *     wedge    it never comes back          worker only; $DK_POISON is
 *     slow     it takes 100 ms              "SERVICE:FOLDER", and the folder
 *                                           remembers who was the first
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

static bool first(const char *folder, const char *id, size_t len)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%.*s", folder, (int)len, id);
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    dprintf(fd, "%d\n", (int)getpid());
    close(fd);
    return true;
}

static void take(const char *what, const char *folder, const char *id,
                 size_t len)
{
    if (strncmp(what, "kill:", 5) == 0) {
        raise(SIGKILL);
    } else if (strncmp(what, "wedge:", 6) == 0) {
        for (;;)
            pause();
    } else if (strncmp(what, "slow:", 5) == 0) {
        nanosleep(&(struct timespec){0, 100000000}, NULL);
    } else if (strncmp(what, "crash-once:", 11) == 0) {
        if (first(folder, id, len))
            raise(SIGKILL);
    } else if (strncmp(what, "stop-once:", 10) == 0) {
        if (first(folder, id, len))
            raise(SIGSTOP);
    }
}

/* The text of a task may say it twice (case and event): once is enough. */
static void look(const char *text, size_t len)
{
    const char *conf = getenv("DK_POISON");
    const char *mark = memmem(text, len, "[[", 2);

    if (conf == NULL || mark == NULL)
        return;
    const char *end = memmem(mark, len - (size_t)(mark - text), "]]", 2);
    const char *folder = strchr(conf, ':');
    const char *service = memchr(mark, ':', len - (size_t)(mark - text));
    if (end == NULL || folder == NULL || service == NULL || service > end)
        return;
    size_t n = (size_t)(folder - conf) + 1; /* with the colon */
    if ((size_t)(end - service) < n + 1 || strncmp(service + 1, conf, n) != 0)
        return;
    const char *id = service + 1 + n;
    take(mark + 2, folder + 1, id, (size_t)(end - id));
}

/* The latest part of a message that has a mark in it. */
static char marked[1 << 18];
static size_t marked_len;

int zmq_msg_recv(zmq_msg_t *m, void *socket, int flags)
{
    static int (*real)(zmq_msg_t *, void *, int);

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "zmq_msg_recv");
    int rc = real(m, socket, flags);
    if (rc > 0 && (size_t)rc <= sizeof(marked) &&
        memmem(zmq_msg_data(m), (size_t)rc, "[[", 2) != NULL) {
        marked_len = (size_t)rc;
        memcpy(marked, zmq_msg_data(m), marked_len);
    }
    return rc;
}

/* A worker winds its watch when it begins a task: it has it in hand. */
int setitimer(__itimer_which_t which, const struct itimerval *now,
              struct itimerval *old)
{
    static int (*real)(__itimer_which_t, const struct itimerval *,
                       struct itimerval *);
    size_t len = marked_len;

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "setitimer");
    int rc = real(which, now, old);
    if (len > 0 && (now->it_value.tv_sec > 0 || now->it_value.tv_usec > 0)) {
        marked_len = 0;
        look(marked, len);
    }
    return rc;
}
