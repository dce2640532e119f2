#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "http.h"

#define FILES_MAX 128
#define FILE_MAX  (8 << 20)

struct http_files {
    size_t n;
    struct http_file file[FILES_MAX];
};

static const struct {
    const char *end, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json; charset=utf-8"},
    {".txt", "text/plain; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".webp", "image/webp"},
    {".woff2", "font/woff2"},
};

/* NULL: not a kind of file that a page needs. */
static const char *type_of(const char *name)
{
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(dot, types[i].end) == 0)
            return types[i].type;
    return NULL;
}

static int read_all(int fd, void *data, size_t n)
{
    size_t got = 0;

    while (got < n) {
        ssize_t r = read(fd, (char *)data + got, n - got);

        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return -1;
        got += (size_t)r;
    }
    return 0;
}

/* Packed as gzip, if that is smaller. */
static int pack(struct http_file *f)
{
    z_stream z = {0};
    size_t cap;

    if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        return DK_ENOMEM;
    cap = deflateBound(&z, f->n);
    f->gz = malloc(cap);
    if (f->gz != NULL) {
        z.next_in = f->data;
        z.avail_in = (uInt)f->n;
        z.next_out = f->gz;
        z.avail_out = (uInt)cap;
        deflate(&z, Z_FINISH);
        f->n_gz = cap - z.avail_out;
    }
    deflateEnd(&z);
    if (f->gz == NULL)
        return DK_ENOMEM;
    if (f->n_gz >= f->n) {
        free(f->gz);
        f->gz = NULL;
    }
    return 0;
}

static int load(int fd, struct http_file *f, struct dk_problem *p)
{
    unsigned char hash[16];
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return dk_failf(p, DK_EIO, NULL, "%s cannot be read", "%s 无法读取",
                        f->name);
    if (st.st_size > FILE_MAX)
        return dk_failf(p, DK_ETOOBIG, NULL,
                        "%s has more than %d bytes; a page needs no such file",
                        "%s 超过 %d 字节；页面不需要这样的文件", f->name,
                        FILE_MAX);
    f->n = (size_t)st.st_size;
    f->data = malloc(f->n + 1);
    if (f->data == NULL)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    if (read_all(fd, f->data, f->n) != 0)
        return dk_failf(p, DK_EIO, NULL, "%s cannot be read", "%s 无法读取",
                        f->name);
    crypto_generichash(hash, sizeof(hash), f->data, f->n, NULL, 0);
    f->etag[0] = '"';
    sodium_bin2hex(f->etag + 1, sizeof(f->etag) - 2, hash, 10);
    memcpy(f->etag + 21, "\"", 2);
    if (pack(f) != 0)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    return 0;
}

static int add(struct http_files *all, int dir, const char *under,
               const char *name, struct dk_problem *p)
{
    struct http_file *f = &all->file[all->n];
    const char *type = type_of(name);
    int fd, n, rc;

    if (type == NULL)
        return 0; /* a licence, a backup of an editor: not for the browser */
    if (all->n == FILES_MAX)
        return dk_failf(p, DK_ETOOBIG, NULL,
                        "the page's folder has more than %d files",
                        "页面目录中的文件超过 %d 个", FILES_MAX);
    n = snprintf(f->name, sizeof(f->name), "%s/%s", under, name);
    if (n < 0 || (size_t)n >= sizeof(f->name))
        return 0;
    fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return dk_failf(p, DK_EIO, NULL, "%s cannot be opened: %s",
                        "%s 无法打开：%s", f->name, strerrordesc_np(errno));
    f->type = type;
    all->n++;
    rc = load(fd, f, p);
    close(fd);
    return rc;
}

/* Takes `fd`. */
static int scan(struct http_files *all, int fd, const char *under,
                struct dk_problem *p)
{
    DIR *d = fdopendir(fd);
    struct dirent *e;
    int rc = 0;

    if (d == NULL) {
        close(fd);
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    }
    /* One thread. */
    /* NOLINTNEXTLINE(concurrency-mt-unsafe) */
    while (rc == 0 && (e = readdir(d)) != NULL) {
        char sub[64];
        int inner = -1;

        if (e->d_name[0] == '.')
            continue;
        if (under[0] == '\0')
            inner =
                openat(dirfd(d), e->d_name, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
        if (inner < 0)
            rc = add(all, dirfd(d), under, e->d_name, p);
        else if (snprintf(sub, sizeof(sub), "/%s", e->d_name) <
                 (int)sizeof(sub))
            rc = scan(all, inner, sub, p);
        else
            close(inner);
    }
    closedir(d);
    return rc;
}

int http_files_open(const char *folder, struct http_files **out,
                    struct dk_problem *p)
{
    struct http_files *all;
    int fd = open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    int rc;

    *out = NULL;
    if (fd < 0)
        return dk_failf(
            p, DK_ENOTFOUND, NULL, "the page's folder %s cannot be opened: %s",
            "页面目录 %s 无法打开：%s", folder, strerrordesc_np(errno));
    all = calloc(1, sizeof(*all));
    if (all == NULL) {
        close(fd);
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    }
    rc = scan(all, fd, "", p);
    if (rc == 0 && http_files_find(all, "/") == NULL)
        rc = dk_failf(p, DK_ENOTFOUND, NULL,
                      "there is no index.html in the page's folder %s",
                      "页面目录 %s 中没有 index.html", folder);
    if (rc != 0) {
        http_files_close(all);
        return rc;
    }
    *out = all;
    return 0;
}

void http_files_close(struct http_files *f)
{
    for (size_t i = 0; f != NULL && i < f->n; i++) {
        free(f->file[i].data);
        free(f->file[i].gz);
    }
    free(f);
}

const struct http_file *http_files_find(const struct http_files *f,
                                        const char *path)
{
    if (strcmp(path, "/") == 0)
        path = "/index.html";
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->file[i].name, path) == 0)
            return &f->file[i];
    return NULL;
}
