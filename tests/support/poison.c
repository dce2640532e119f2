/* poison.c - preloaded into workers by a test: a task whose text has
 * [[WHAT:SERVICE:ID]] does that to the worker of that service that takes it.
 *
 *     kill     it dies (SIGKILL)            crash-once, stop-once: the first
 *     wedge    it never comes back          worker only; $DK_POISON is
 *     slow     it takes 100 ms              "SERVICE:FOLDER", and the folder
 *                                           remembers who was the first
 */
#include <cjson/cJSON.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

/* The text of a task says it twice (case and event): once is enough. */
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

/* Where a task is read: the worker has it in hand. */
cJSON *cJSON_ParseWithLengthOpts(const char *text, size_t len, const char **end,
                                 cJSON_bool whole)
{
    static cJSON *(*real)(const char *, size_t, const char **, cJSON_bool);

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "cJSON_ParseWithLengthOpts");
    look(text, len);
    return real(text, len, end, whole);
}
