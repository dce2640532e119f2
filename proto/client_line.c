/* client_line.c - the connection of libdocket: made, lost, refused, and waited
 * for.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "client_int.h"
#include "client_keys.h"

#define KNOCK_MS 2000 /* between two tries with a key that is refused */
#define REFUSALS                                                               \
    (ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL)

int dk_client_watch(struct dk_client *c)
{
    /* In a shared context the name of one that was closed may still stand. */
    static atomic_uint made;
    char name[64];

    (void)snprintf(name, sizeof(name), "inproc://monitor.%u",
                   atomic_fetch_add(&made, 1));
    if (zmq_socket_monitor(c->sock, name,
                           ZMQ_EVENT_HANDSHAKE_SUCCEEDED | REFUSALS |
                               ZMQ_EVENT_DISCONNECTED) != 0)
        return -1;
    c->monitor = zmq_socket(c->ctx, ZMQ_PAIR);
    return c->monitor != NULL ? zmq_connect(c->monitor, name) : -1;
}

int dk_client_show(struct dk_client *c, const struct dk_client_options *o,
                   struct dk_problem *p)
{
    if (o->keys == NULL)
        return dk_client_keys_show(c->sock, c->endpoint, o->key_file,
                                   o->server_key, &c->keyed, p);
    if (strncmp(c->endpoint, "tcp://", 6) != 0)
        return 0;
    c->keyed = true;
    return dk_client_keys_put(c->sock, o->keys) == 0
               ? 0
               : dk_fail(p, DK_EFIELD, NULL, "this is no key of CURVE",
                         "不是 CURVE 密钥");
}

/* After a refusal ZeroMQ does not connect again by itself. */
static void hear(struct dk_client *c, unsigned event)
{
    bool refusal = (event & REFUSALS) != 0;

    c->connected = event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
    if (c->connected)
        c->refused = false;
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
        c->refused = true;
    if (refusal && c->knock_at == 0)
        c->knock_at = dk_client_now() + KNOCK_MS;
    if (!c->connected)
        c->losses++;
}

void dk_client_look(struct dk_client *c)
{
    zmq_msg_t m;

    (void)zmq_msg_init(&m);
    while (zmq_msg_recv(&m, c->monitor, ZMQ_DONTWAIT) >= 0) {
        uint16_t event;

        /* Two frames: number and value of the event, then the endpoint. */
        if (!zmq_msg_more(&m) || zmq_msg_size(&m) < sizeof(event))
            continue;
        memcpy(&event, zmq_msg_data(&m), sizeof(event));
        hear(c, event);
    }
    (void)zmq_msg_close(&m);
    if (c->knock_at != 0 && dk_client_now() >= c->knock_at) {
        c->knock_at = 0;
        (void)zmq_disconnect(c->sock, c->endpoint);
        (void)zmq_connect(c->sock, c->endpoint);
    }
}

const char *dk_client_hint(const struct dk_client *c)
{
    if (c->refused)
        return "  The broker does not know this key or user: see docketctl "
               "keys list there";
    if (!c->keyed && strncmp(c->endpoint, "tcp://", 6) == 0)
        return "  Over tcp:// it wants a key: give --key FILE (docketctl keys "
               "new makes one)";
    if (c->keyed && !c->connected)
        return "  If it runs, is the broker's key (--server-key) still the "
               "right one?";
    return "";
}

const char *dk_client_hint_zh(const struct dk_client *c)
{
    if (c->refused)
        return "服务器未登记本密钥或用户，请在服务器上查看 docketctl keys list";
    if (!c->keyed && strncmp(c->endpoint, "tcp://", 6) == 0)
        return "使用 tcp:// 须给出密钥：--key 文件（用 docketctl keys new "
               "生成）";
    if (c->keyed && !c->connected)
        return "如服务正在运行，请核对服务器公钥（--server-key）";
    return "";
}

int dk_client_wait(struct dk_client *c, bool send, int64_t until,
                   bool *signalled)
{
    /* With no connection a DEALER may still have room to send: do not ask. */
    const short want = !send ? ZMQ_POLLIN : c->connected ? ZMQ_POLLOUT : 0;
    zmq_pollitem_t items[2] = {
        {c->sock, 0, want, 0},
        {c->monitor, 0, ZMQ_POLLIN, 0},
    };

    for (;;) {
        int64_t wake =
            c->knock_at != 0 && c->knock_at < until ? c->knock_at : until;
        int64_t left = wake - dk_client_now();
        int rc = zmq_poll(items, 2, left > 0 ? (long)left : 0);

        if (rc > 0) {
            dk_client_look(c);
            return 0;
        }
        if (rc < 0 && errno != EINTR)
            return DK_EIO;
        if (rc < 0 && signalled != NULL) {
            *signalled = true;
            return DK_ETIMEOUT;
        }
        if (dk_client_now() >= until)
            return DK_ETIMEOUT;
        dk_client_look(c);
    }
}
