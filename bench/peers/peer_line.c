/* peer_line.c - beanstalkd and Redis: their protocols are lines of text, so the
 * sockets themselves will do.
 *
 *     peer_line NAME CLIENTS WINDOW SECONDS beanstalkd|redis PORT
 *
 * beanstalkd: `put`, confirmed by INSERTED.  Redis: XADD to one stream,
 * confirmed by the entry's id.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>

#include "bench/peers/hand.h"

struct line {
    bool redis;
    char out[HAND_WINDOW * (BODY_LEN + 64)];
    size_t n_out;
    char in[4096];
    size_t n_in;
};

static int open_line(struct hand_client *c, int i, char **argv)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    struct line *l = calloc(1, sizeof(*l));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;

    (void)i;
    if (l == NULL || fd < 0 || argv[0] == NULL || argv[1] == NULL)
        hand_fail("cannot start", "");
    l->redis = strcmp(argv[0], "redis") == 0;
    to.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0)
        hand_fail("cannot connect:", strerror(errno));
    c->peer = l;
    return fd;
}

static void send_line(struct hand_client *c, const char *body)
{
    struct line *l = c->peer;
    size_t room = sizeof(l->out) - l->n_out;
    int n = snprintf(l->out + l->n_out, room,
                     l->redis ? "*5\r\n$4\r\nXADD\r\n$1\r\ns\r\n$1\r\n*\r\n"
                                "$1\r\nb\r\n$%d\r\n%s\r\n"
                              : "put 0 0 60 %d\r\n%s\r\n",
                     BODY_LEN, body);

    if (n < 0 || (size_t)n >= room)
        hand_fail("more under way than the window", "");
    l->n_out += (size_t)n;
}

static void flush_line(struct hand_client *c)
{
    struct line *l = c->peer;
    size_t done = 0;

    while (done < l->n_out) {
        ssize_t n = send(c->fd, l->out + done, l->n_out - done, MSG_NOSIGNAL);
        if (n < 0)
            hand_fail("send:", strerror(errno));
        done += (size_t)n;
    }
    l->n_out = 0;
}

/* Redis answers an XADD with two lines: a length, and the id. */
static unsigned confirmed_line(struct hand_client *c)
{
    struct line *l = c->peer;
    ssize_t n =
        recv(c->fd, l->in + l->n_in, sizeof(l->in) - 1 - l->n_in, MSG_DONTWAIT);
    unsigned found = 0;
    char *at = l->in, *end;

    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return 0;
    if (n <= 0)
        hand_fail("the peer went away", "");
    l->n_in += (size_t)n;
    l->in[l->n_in] = '\0';
    for (; (end = strstr(at, "\r\n")) != NULL; at = end + 2) {
        if (l->redis ? *at == '-' : strncmp(at, "INSERTED", 8) != 0)
            hand_fail("refused:", at);
        found += !l->redis || *at != '$';
    }
    l->n_in -= (size_t)(at - l->in);
    memmove(l->in, at, l->n_in);
    return found;
}

int main(int argc, char **argv)
{
    static const struct hand_peer peer = {open_line, send_line, flush_line,
                                          confirmed_line};

    return hand_main(&peer, argc, argv);
}
