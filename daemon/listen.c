/* listen.c - see listen.h.
 *
 * Whoever comes by the network is asked for a key.  That this works is tried at
 * each start, with a key that nobody has: at the endpoint itself, or, when the
 * endpoint is a socket of systemd, at one of our own that is guarded alike: the
 * broker may be shut off from the network that the socket is in.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "daemon/daemon.h"

/* ---- what systemd passed ------------------------------------------------- */

/* "ipc://PATH" or "tcp://ADDRESS:PORT"; false: neither. */
static bool name_of(int fd, char *out, size_t cap)
{
    union {
        struct sockaddr any;
        struct sockaddr_un un;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } a = {.un = {.sun_family = AF_UNSPEC}};
    socklen_t len = sizeof(a);
    char host[INET6_ADDRSTRLEN];

    if (sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0 ||
        getsockname(fd, &a.any, &len) != 0)
        return false;
    if (a.any.sa_family == AF_UNIX && a.un.sun_path[0] == '/')
        return snprintf(out, cap, "ipc://%.*s", (int)sizeof(a.un.sun_path),
                        a.un.sun_path) < (int)cap;
    if (a.any.sa_family == AF_INET &&
        inet_ntop(AF_INET, &a.in.sin_addr, host, sizeof(host)) != NULL)
        return snprintf(out, cap, "tcp://%s:%u", host,
                        (unsigned)ntohs(a.in.sin_port)) < (int)cap;
    if (a.any.sa_family == AF_INET6 &&
        inet_ntop(AF_INET6, &a.in6.sin6_addr, host, sizeof(host)) != NULL)
        return snprintf(out, cap, "tcp://[%s]:%u", host,
                        (unsigned)ntohs(a.in6.sin6_port)) < (int)cap;
    return false;
}

static int refuse_passed(const char *name)
{
    struct dk_problem p = {0};

    dk_failf(
        &p, DK_EFIELD, NULL,
        "systemd passed a socket named '%s' that docketd cannot use: it "
        "takes at most %d stream sockets (ListenStream=), each with "
        "FileDescriptorName=clients or FileDescriptorName=workers",
        "systemd 传入的套接字“%s”无法使用：docketd 最多接受 %d 个流式套接字"
        "（ListenStream=），并须注明 FileDescriptorName=clients 或 "
        "FileDescriptorName=workers",
        name, LISTEN_PASSED_MAX);
    return daemon_complain(&p, EX_CONFIG);
}

int listen_take(struct daemon *d)
{
    char **names = NULL;
    int rc = 0, n = sd_listen_fds_with_names(1, &names);

    for (int i = 0; i < n; i++) {
        struct passed_list *l = &d->passed;
        struct passed *s = &l->v[l->n];
        bool workers = strcmp(names[i], "workers") == 0;
        bool known = workers || strcmp(names[i], "clients") == 0;

        if (rc == 0 && (!known || l->n == LISTEN_PASSED_MAX ||
                        !name_of(SD_LISTEN_FDS_START + i, s->endpoint,
                                 sizeof(s->endpoint))))
            rc = refuse_passed(names[i]);
        if (rc == 0) {
            s->fd = SD_LISTEN_FDS_START + i;
            s->workers = workers;
            l->n++;
        }
        free(names[i]);
    }
    free(names);
    return rc;
}

static const struct passed *passed_at(const struct daemon *d,
                                      const char *endpoint)
{
    for (size_t i = 0; i < d->passed.n; i++)
        if (strcmp(d->passed.v[i].endpoint, endpoint) == 0)
            return &d->passed.v[i];
    return NULL;
}

bool listen_tcp(const struct daemon *d)
{
    for (size_t i = 0; i < d->passed.n; i++)
        if (config_is_tcp(d->passed.v[i].endpoint))
            return true;
    return strstr(d->cfg->clients, "tcp://") != NULL ||
           strstr(d->cfg->workers, "tcp://") != NULL;
}

/* ---- listening ----------------------------------------------------------- */

/* libzmq removes whatever is at an ipc path and binds anew; look first. */
static int check_ipc_path(const char *endpoint, struct dk_problem *p)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct stat st;

    if (strncmp(endpoint, "ipc://", 6) != 0 ||
        strlen(endpoint) - 6 >= sizeof(a.sun_path))
        return DK_OK;
    memcpy(a.sun_path, endpoint + 6, strlen(endpoint + 6) + 1);
    if (lstat(a.sun_path, &st) != 0)
        return DK_OK;
    if (!S_ISSOCK(st.st_mode))
        return dk_failf(p, DK_EFORBIDDEN, NULL,
                        "cannot listen on '%s': something that is not a socket "
                        "is there; move it away or choose another endpoint",
                        "无法监听“%s”：该路径上已有其他文件，请移走或改用其他"
                        "地址",
                        endpoint);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return DK_OK;
    bool used = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
    close(fd);
    if (!used)
        return DK_OK;
    return dk_failf(p, DK_EBUSY, NULL,
                    "cannot listen on '%s': another program listens there "
                    "already; stop it or choose another endpoint",
                    "无法监听“%s”：该地址已被其他程序占用，请停止该程序或改用"
                    "其他地址",
                    endpoint);
}

static void on_wake(void *arg)
{
    spine_tick(arg);
}

static int open_door(const char *endpoint)
{
    struct dk_problem p = {0};

    dk_failf(&p, DK_EBUG, NULL,
             "'%s' does not turn away a key that nobody has; docketd does not "
             "serve like this: please report it",
             "“%s”未拒绝未登记的密钥，docketd 不会在此状态下提供服务，请报告",
             endpoint);
    return daemon_complain(&p, EX_SOFTWARE);
}

/* Is the endpoint bound last one that turns strangers away? */
static bool turns_away(struct daemon *d, struct zev *z)
{
    d->keys.knocking = true;
    bool refused =
        zap_self_test(d->zap, zev_last_endpoint(z), d->keys.server_key);
    d->keys.knocking = false;
    return refused;
}

/* A socket of systemd, after an endpoint that is guarded as it will be. */
static int listen_passed(struct daemon *d, struct zev *z,
                         const struct passed *s, struct zev_guard *guard)
{
    struct dk_problem p = {0};
    char probe[64];

    if (d->cfg->test_clock && !config_is_local(s->endpoint)) {
        dk_failf(&p, DK_EFIELD, NULL,
                 "a broker with a test clock does not listen on the network: "
                 "'%s'",
                 "使用测试时钟时不得监听网络地址：“%s”", s->endpoint);
        return daemon_complain(&p, EX_CONFIG);
    }
    if (guard->secret != NULL) {
        snprintf(probe, sizeof(probe), "ipc://@docketd-%ld-%s", (long)getpid(),
                 s->workers ? "workers" : "clients");
        if (zev_listen(z, probe, guard, &p) != DK_OK)
            return daemon_complain(&p, EX_UNAVAILABLE);
        bool refused = turns_away(d, z);
        zev_unlisten(z);
        if (!refused)
            return open_door(s->endpoint);
    }
    guard->fd = s->fd;
    if (zev_listen(z, s->endpoint, guard, &p) != DK_OK)
        return daemon_complain(&p, EX_UNAVAILABLE);
    return 0;
}

/* One endpoint of a socket: peers of this machine by their user, others by
 * their key.
 */
static int listen_one(struct daemon *d, struct zev *z, const char *name,
                      const char *endpoint)
{
    struct dk_problem p = {0};
    char domain[32];
    bool tcp = config_is_tcp(endpoint);
    struct zev_guard guard = {.domain = domain, .threads = tcp ? 2 : 1};
    const struct passed *s = passed_at(d, endpoint);

    snprintf(domain, sizeof(domain), "%s.%s", name, tcp ? "tcp" : "ipc");
    if (tcp)
        guard.secret = (const char *)d->keys.secret.v;
    if (s != NULL)
        return listen_passed(d, z, s, &guard);
    if (check_ipc_path(endpoint, &p) != DK_OK ||
        zev_listen(z, endpoint, &guard, &p) != DK_OK)
        return daemon_complain(&p, EX_UNAVAILABLE);
    return !tcp || turns_away(d, z) ? 0 : open_door(endpoint);
}

static int listen_on(struct daemon *d, const char *name, const char *list,
                     struct zev **out)
{
    bool workers = strcmp(name, "workers") == 0;
    char one[256];
    int rc = 0;

    *out = zev_open(d->base, d->zctx, on_wake, d);
    if (*out == NULL)
        return EX_OSERR;
    for (const char *at = list;
         rc == 0 && config_endpoint(&at, one, sizeof(one));) {
        const struct passed *s = passed_at(d, one);
        if (s == NULL || s->workers == workers)
            rc = listen_one(d, *out, name, one);
        else
            rc = refuse_passed(s->workers ? "workers" : "clients");
    }
    for (size_t i = 0; rc == 0 && i < d->passed.n; i++) {
        const struct passed *s = &d->passed.v[i];
        if (s->workers == workers && !config_has_endpoint(list, s->endpoint))
            rc = listen_one(d, *out, name, s->endpoint);
    }
    return rc;
}

int listen_workers(struct daemon *d)
{
    return listen_on(d, "workers", d->cfg->workers, &d->workers);
}

int listen_clients(struct daemon *d)
{
    return listen_on(d, "clients", d->cfg->clients, &d->clients);
}

void listen_clean(const struct daemon *d, const char *endpoints)
{
    char one[256];

    while (config_endpoint(&endpoints, one, sizeof(one)))
        if (strncmp(one, "ipc:///", 7) == 0 && passed_at(d, one) == NULL)
            unlink(one + 6);
}
