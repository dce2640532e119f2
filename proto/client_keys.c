#include "client_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#define FILE_BYTES 1024
#define PATH_BYTES 1024

static int cannot(const char *file, int err, struct dk_problem *p)
{
    return dk_failf(p, err == EEXIST ? DK_ECONFLICT : DK_EFORBIDDEN, NULL,
                    "the key file %.200s: %s; check the path and its rights",
                    "密钥文件 %.200s：%s；请检查路径与权限", file,
                    strerror(err));
}

static int not_a_key_file(const char *file, const char *what,
                          struct dk_problem *p)
{
    return dk_failf(p, DK_EFIELD, NULL,
                    "%.200s is no key file (%s); docketctl keys new makes one",
                    "%.200s 不是有效的密钥文件（%s）；请用 docketctl keys new "
                    "生成",
                    file, what);
}

void dk_client_keys_wipe(struct dk_client_keys *k)
{
    explicit_bzero(k, sizeof(*k));
}

/* systemd keeps the folder of credentials closed, and lets the service's user
 * in by an access list, which shows as group bits of files that are root's.
 */
static bool is_credential(const char *file)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe) */
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    size_t n = dir != NULL && dir[0] == '/' ? strlen(dir) : 0;

    return n > 0 && strncmp(file, dir, n) == 0 && file[n] == '/' &&
           strstr(file + n, "/..") == NULL;
}

static int slurp(const char *file, char buf[FILE_BYTES], struct dk_problem *p)
{
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    int rc = 0;

    if (fd < 0)
        return cannot(file, errno, p);
    ssize_t n = read(fd, buf, FILE_BYTES - 1);
    if (n < 0 || fstat(fd, &st) != 0)
        rc = cannot(file, errno, p);
    else if (!S_ISREG(st.st_mode) ||
             (st.st_mode & (is_credential(file) ? 037 : 077)) != 0)
        rc = dk_failf(p, DK_EFORBIDDEN, NULL,
                      "others can read or change the key file %.160s; run "
                      "chmod 0400 %.160s, and enrol a new key if it was seen",
                      "他人可读取或修改密钥文件 %.160s；请执行 chmod 0400 "
                      "%.160s，如已泄露请重新登记",
                      file, file);
    buf[n > 0 ? n : 0] = '\0';
    close(fd);
    return rc;
}

static bool take(char *line, const char *word, char to[DK_CLIENT_KEY])
{
    uint8_t raw[32];
    size_t n = strlen(word);

    if (strncmp(line, word, n) != 0 || line[n] != ' ')
        return false;
    char *key = line + n + strspn(line + n, " ");
    key[strcspn(key, " \r\t")] = '\0';
    if (strlen(key) != DK_CLIENT_KEY - 1 || zmq_z85_decode(raw, key) == NULL)
        return false;
    explicit_bzero(raw, sizeof(raw));
    memcpy(to, key, DK_CLIENT_KEY);
    return true;
}

static bool parse(char *text, struct dk_client_keys *out)
{
    char *rest = NULL;

    for (char *s = strtok_r(text, "\n", &rest); s != NULL;
         s = strtok_r(NULL, "\n", &rest)) {
        if (s[0] == '#' || s[strspn(s, " \r\t")] == '\0')
            continue;
        if (!take(s, "public", out->mine) && !take(s, "secret", out->secret) &&
            !take(s, "server", out->server))
            return false;
    }
    return out->secret[0] != '\0' &&
           (out->mine[0] != '\0' ||
            zmq_curve_public(out->mine, out->secret) == 0);
}

static int take_server(const char *server, struct dk_client_keys *out,
                       struct dk_problem *p)
{
    uint8_t raw[32];

    if (strlen(server) == DK_CLIENT_KEY - 1 &&
        zmq_z85_decode(raw, server) != NULL) {
        memcpy(out->server, server, DK_CLIENT_KEY);
        return 0;
    }
    return dk_failf(p, DK_EFIELD, NULL,
                    "'%.60s' is not a broker's key: forty characters, as "
                    "docketctl keys list shows it on the broker's machine",
                    "“%.60s”不是服务器公钥：应为 40 个字符，可在服务器上用 "
                    "docketctl keys list 查看",
                    server);
}

static const char *from_env(const char *given, const char *name)
{
    if (given == NULL)
        given = getenv(name); /* NOLINT(concurrency-mt-unsafe) */
    return given != NULL && given[0] != '\0' ? given : NULL;
}

int dk_client_keys_load(const char *file, const char *server,
                        struct dk_client_keys *out, struct dk_problem *p)
{
    char text[FILE_BYTES];

    memset(out, 0, sizeof(*out));
    file = from_env(file, "DOCKET_KEY");
    server = from_env(server, "DOCKET_SERVER_KEY");
    if (file == NULL)
        return 0;
    int rc = slurp(file, text, p);
    if (rc == 0 && !parse(text, out))
        rc = not_a_key_file(file,
                            "a line is not public, secret or server "
                            "and a key, or the secret is missing",
                            p);
    explicit_bzero(text, sizeof(text));
    if (rc == 0 && server != NULL)
        rc = take_server(server, out, p);
    if (rc == 0 && out->server[0] == '\0')
        rc = dk_failf(p, DK_EFIELD, NULL,
                      "the broker's key is missing: give --server-key (or "
                      "$DOCKET_SERVER_KEY), or add a line 'server KEY' to "
                      "%.160s",
                      "缺少服务器公钥：请给出 --server-key（或 "
                      "$DOCKET_SERVER_KEY），或在 %.160s 中加一行 server 公钥",
                      file);
    if (rc != 0)
        dk_client_keys_wipe(out);
    return rc;
}

static bool sync_folder(const char *file)
{
    char path[PATH_BYTES];

    (void)snprintf(path, sizeof(path), "%s", file);
    int fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

int dk_client_keys_make(const char *file, const char *server,
                        char mine[DK_CLIENT_KEY], struct dk_problem *p)
{
    struct dk_client_keys k = {0};
    char text[FILE_BYTES];
    int n;

    if (server != NULL && take_server(server, &k, p) != 0)
        return DK_EFIELD;
    /* One in 85 begins with what looks like an option where it is typed. */
    do {
        n = zmq_curve_keypair(k.mine, k.secret);
    } while (n == 0 && k.mine[0] == '-');
    if (n != 0)
        return dk_fail(p, DK_EBUG, NULL, "this libzmq has no CURVE",
                       "本机的 libzmq 不支持 CURVE");
    n = snprintf(text, sizeof(text),
                 "# Who we are to a docket broker; keep it secret.\n"
                 "public %s\nsecret %s\n%s%s%s",
                 k.mine, k.secret, server != NULL ? "server " : "", k.server,
                 server != NULL ? "\n" : "");
    memcpy(mine, k.mine, DK_CLIENT_KEY);
    dk_client_keys_wipe(&k);
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    int err = errno;
    bool ok = fd >= 0 && write(fd, text, (size_t)n) == n && fsync(fd) == 0;
    if (fd >= 0) {
        err = errno;
        ok = close(fd) == 0 && ok && sync_folder(file);
        if (!ok)
            unlink(file);
    }
    explicit_bzero(text, sizeof(text));
    return ok ? 0 : cannot(file, err, p);
}

int dk_client_keys_put(void *sock, const struct dk_client_keys *k)
{
    if (k->secret[0] == '\0')
        return 0;
    if (zmq_setsockopt(sock, ZMQ_CURVE_PUBLICKEY, k->mine, DK_CLIENT_KEY) !=
            0 ||
        zmq_setsockopt(sock, ZMQ_CURVE_SECRETKEY, k->secret, DK_CLIENT_KEY) !=
            0)
        return -1;
    return zmq_setsockopt(sock, ZMQ_CURVE_SERVERKEY, k->server, DK_CLIENT_KEY);
}

int dk_client_keys_show(void *sock, const char *endpoint, const char *file,
                        const char *server, bool *keyed, struct dk_problem *p)
{
    struct dk_client_keys k;

    if (strncmp(endpoint, "tcp://", 6) != 0)
        return 0;
    int rc = dk_client_keys_load(file, server, &k, p);
    if (rc == 0 && dk_client_keys_put(sock, &k) != 0)
        rc = dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    if (keyed != NULL)
        *keyed = k.secret[0] != '\0';
    dk_client_keys_wipe(&k);
    return rc;
}
