/* clock_shift.c - preloaded into docketd by a test: the wall clock is as many
 * milliseconds off as the file of $DK_CLOCK_SHIFT says at this moment.  The
 * monotonic clocks are the machine's.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *ts)
{
    const char *path = getenv("DK_CLOCK_SHIFT");
    char text[32] = "";
    long rc = syscall(SYS_clock_gettime, id, ts);

    if (rc != 0 || id != CLOCK_REALTIME || path == NULL)
        return (int)rc;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    if (read(fd, text, sizeof(text) - 1) > 0) {
        long ms = strtol(text, NULL, 10);
        ts->tv_sec += ms / 1000;
    }
    close(fd);
    return 0;
}
