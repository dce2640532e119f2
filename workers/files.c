#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* Read until `size` bytes, the end or an error; -1 with errno. */
static ssize_t read_all(int fd, char *buf, size_t size)
{
    size_t n = 0;

    while (n < size) {
        ssize_t got = read(fd, buf + n, size - n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        n += (size_t)got;
    }
    return (ssize_t)n;
}

static void report_errno(struct dk_report *r, const char *path)
{
    const char *what;

    switch (errno) {
    case ENOENT:
        what = "there is no such file; give the path of an existing one";
        break;
    case EACCES:
        what = "the file may not be read by this user; change its "
               "permissions";
        break;
    case EISDIR:
        what = "this is a folder; name a file";
        break;
    default:
        what = strerrordesc_np(errno);
        break;
    }
    dk_report_error(r, path, "", "%s", what != NULL ? what : "cannot be read");
}

char *files_read(const char *path, size_t *len, struct dk_report *r)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char *buf = NULL;
    struct stat st;
    ssize_t n;

    if (fd < 0) {
        report_errno(r, path);
        return NULL;
    }
    if (fstat(fd, &st) != 0) {
        report_errno(r, path);
        goto fail;
    }
    if (!S_ISREG(st.st_mode)) {
        dk_report_error(r, path, "", "this is not a file; name a file");
        goto fail;
    }
    if (st.st_size > FILES_MAX) {
        dk_report_error(r, path, "",
                        "the file has %lld bytes; at most %d "
                        "are read",
                        (long long)st.st_size, FILES_MAX);
        goto fail;
    }
    buf = malloc((size_t)st.st_size + 1);
    if (buf == NULL) {
        dk_report_error(r, path, "", "out of memory");
        goto fail;
    }
    n = read_all(fd, buf, (size_t)st.st_size);
    if (n < 0) {
        report_errno(r, path);
        goto fail;
    }
    buf[n] = '\0';
    *len = (size_t)n;
    close(fd);
    return buf;

fail:
    free(buf);
    close(fd);
    return NULL;
}

void files_print_report(const struct dk_report *r)
{
    if (r->len > 0)
        fwrite(r->text, 1, r->len, stderr);
    if (r->oom)
        fputs("error: out of memory; the list above is not complete\n", stderr);
}

int files_check_result(const struct dk_report *r)
{
    files_print_report(r);
    if (r->errors > 0 || r->oom) {
        fprintf(stderr, "%d error%s, %d warning%s\n", r->errors,
                r->errors == 1 ? "" : "s", r->warnings,
                r->warnings == 1 ? "" : "s");
        return EX_CONFIG;
    }
    printf("nothing is wrong (%d warning%s)\n", r->warnings,
           r->warnings == 1 ? "" : "s");
    return 0;
}
