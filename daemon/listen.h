/* listen.h - the endpoints of the broker: those of its configuration, and the
 * sockets that systemd opened for it (sd_listen_fds(3), systemd.socket(5)).
 *
 * A socket of systemd is there before the broker and after it: a peer that
 * connects while the broker starts anew waits in the kernel instead of being
 * refused, and the broker needs no right to open any.  Its FileDescriptorName=
 * says whom it is for: "clients" or "workers".  One that the configuration
 * names as well is that endpoint; others come on top.
 */
#ifndef DK_LISTEN_H
#define DK_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#define LISTEN_PASSED_MAX 8

struct passed {
    int fd;
    bool workers;       /* or else for clients */
    char endpoint[160]; /* as in the configuration: ipc://..., tcp://... */
};

struct passed_list {
    struct passed v[LISTEN_PASSED_MAX];
    size_t n;
};

struct daemon;

/* Take what systemd passed.  All three: 0, or an exit code of sysexits(3) after
 * having said why.
 */
int listen_take(struct daemon *d);
/* Is any endpoint of the network among all of them? */
bool listen_tcp(const struct daemon *d);
int listen_workers(struct daemon *d);
int listen_clients(struct daemon *d);
/* Remove the files of our sockets, which libzmq leaves behind; call when they
 * are closed, with what zev_endpoint() said before.
 */
void listen_clean(const struct daemon *d, const char *endpoints);

#endif /* DK_LISTEN_H */
