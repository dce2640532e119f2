/* where.c - the address that a server listens on. */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "http_int.h"

#define BACKLOG 64

/* "127.0.0.1:PORT" or "[::1]:PORT"; libevent's own reader takes no port 0. */
static bool parse_inet(const char *where, bool anywhere,
                       struct sockaddr_storage *out, int *len)
{
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
    const char *colon = strrchr(where, ':');
    char host[48] = "", *end;
    size_t n = colon != NULL ? (size_t)(colon - where) : 0;
    long port = colon != NULL ? strtol(colon + 1, &end, 10) : -1;

    if (n == 0 || n >= sizeof(host) || end == colon + 1 || *end != '\0' ||
        port < 0 || port > 65535)
        return false;
    if (where[0] == '[' && where[n - 1] == ']')
        memcpy(host, where + 1, n - 2);
    else
        memcpy(host, where, n);
    if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)port);
        *len = sizeof(*four);
        return anywhere || ntohl(four->sin_addr.s_addr) >> 24 == 127;
    }
    if (inet_pton(AF_INET6, host, &six->sin6_addr) != 1)
        return false;
    six->sin6_family = AF_INET6;
    six->sin6_port = htons((uint16_t)port);
    *len = sizeof(*six);
    return anywhere || IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

/* A socket that an earlier run left, on which nobody listens any more. */
static void clear_stale(const struct sockaddr_un *at, int len)
{
    struct stat st;
    int fd;

    if (lstat(at->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)at, (socklen_t)len) != 0 &&
        errno == ECONNREFUSED)
        unlink(at->sun_path);
    close(fd);
}

static bool parse_unix(const char *path, struct sockaddr_storage *out, int *len)
{
    struct sockaddr_un *at = (struct sockaddr_un *)out;

    if (path[0] != '/' || strlen(path) >= sizeof(at->sun_path))
        return false;
    at->sun_family = AF_UNIX;
    memcpy(at->sun_path, path, strlen(path) + 1);
    *len = sizeof(*at);
    clear_stale(at, *len);
    return true;
}

static int read_where(const struct http *h, const char *where,
                      struct sockaddr_storage *out, int *len,
                      struct dk_problem *p)
{
    if (h->o.local_sockets && strncmp(where, "unix:", 5) == 0 &&
        parse_unix(where + 5, out, len))
        return 0;
    if (parse_inet(where, h->o.tls != NULL, out, len))
        return 0;
    return dk_failf(
        p, DK_EFIELD, NULL,
        "a page is served on this machine's own address only, on others with "
        "TLS alone: write 127.0.0.1:PORT, not %.200s",
        "页面只能在本机地址上提供，其他地址须使用 TLS：请写 127.0.0.1 和端口，"
        "而不是 %.200s",
        where);
}

static int port_of(evutil_socket_t fd)
{
    struct sockaddr_storage at = {0};
    socklen_t n = sizeof(at);

    if (getsockname(fd, (struct sockaddr *)&at, &n) != 0)
        return -1;
    if (at.ss_family == AF_INET)
        return ntohs(((struct sockaddr_in *)&at)->sin_port);
    if (at.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&at)->sin6_port);
    return 0;
}

int http_bind(struct http *h, const char *where, struct dk_problem *p)
{
    struct sockaddr_storage at = {0};
    int len = 0, rc = read_where(h, where, &at, &len, p);
    struct evhttp_bound_socket *bound;
    mode_t before;

    if (rc != 0)
        return rc;
    before = umask(0117); /* of a socket: owner and group */
    h->listener = evconnlistener_new_bind(
        h->base, NULL, NULL,
        LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
        BACKLOG, (struct sockaddr *)&at, len);
    umask(before);
    bound = h->listener != NULL ? evhttp_bind_listener(h->evhttp, h->listener)
                                : NULL;
    h->port = bound != NULL ? port_of(evconnlistener_get_fd(h->listener)) : -1;
    if (h->port < 0)
        return dk_failf(p, DK_EFORBIDDEN, NULL, "%s cannot be had: %s",
                        "无法使用 %s：%s", where, strerrordesc_np(errno));
    return 0;
}
