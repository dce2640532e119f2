#include "journal.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto/logline.h"

#define SOCKET "/run/systemd/journal/socket"

/* JOURNAL_STREAM is inherited: only if it names what `fd` is, is the
 * journal what reads it (systemd.exec(5)).
 */
static bool is_journal(int fd)
{
    /* One thread so far, and nobody sets it. */
    /* NOLINTNEXTLINE(concurrency-mt-unsafe) */
    const char *named = getenv("JOURNAL_STREAM");
    unsigned long long dev, ino;
    struct stat st;

    return named != NULL && sscanf(named, "%llu:%llu", &dev, &ino) == 2 &&
           fstat(fd, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

/* The socket to send to; -1: text is what is wanted. */
static int to_journal(int fd)
{
    static int to[3] = {-2, -2, -2};

    if (to[fd] == -2)
        to[fd] =
            is_journal(fd)
                ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
                : -1;
    return to[fd];
}

bool journal_entry(int fd, const char *line, size_t n)
{
    static const struct sockaddr_un to = {AF_UNIX, SOCKET};
    char entry[DK_LOGLINE_MAX];
    int sock = to_journal(fd);
    size_t len;

    if (sock < 0)
        return false;
    len = dk_logline_entry(line, n, program_invocation_short_name, entry,
                           sizeof(entry));
    return len > 0 &&
           sendto(sock, entry, len, MSG_NOSIGNAL, (const struct sockaddr *)&to,
                  sizeof(to)) == (ssize_t)len;
}

void journal_line(const char *line, size_t n)
{
    int keep = errno;

    /* What the journal does not take at once goes the way it always takes; one
     * write, so that lines of several programs never mix.
     */
    if (n > 0 && !journal_entry(STDERR_FILENO, line, n - 1)) {
        while (n > 0) {
            ssize_t did = write(STDERR_FILENO, line, n);

            if (did < 0 && errno == EINTR)
                continue;
            if (did <= 0)
                break;
            line += did;
            n -= (size_t)did;
        }
    }
    errno = keep;
}
