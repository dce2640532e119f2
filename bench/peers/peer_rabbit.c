/* peer_rabbit.c - RabbitMQ: persistent messages to one quorum queue, with
 * publisher confirms, through librabbitmq.
 *
 *     peer_rabbit NAME CLIENTS WINDOW SECONDS PORT
 */
#include <amqp.h>
#include <amqp_tcp_socket.h>

#include "bench/peers/hand.h"

#define QUEUE "docket"

struct rabbit {
    amqp_connection_state_t at;
    uint64_t sent, low;     /* tags: given, and confirmed up to here */
    bool done[HAND_WINDOW]; /* confirmed above `low`, by tag */
};

static void must(amqp_rpc_reply_t r, const char *what)
{
    if (r.reply_type != AMQP_RESPONSE_NORMAL)
        hand_fail("rabbitmq refused", what);
}

static void declare(struct rabbit *r)
{
    amqp_table_entry_t kind = {
        .key = amqp_cstring_bytes("x-queue-type"),
        .value = {.kind = AMQP_FIELD_KIND_UTF8,
                  .value = {.bytes = amqp_cstring_bytes("quorum")}}};
    amqp_table_t how = {1, &kind};

    (void)amqp_queue_declare(r->at, 1, amqp_cstring_bytes(QUEUE), 0, 1, 0, 0,
                             how);
    must(amqp_get_rpc_reply(r->at), "the queue");
}

static int open_rabbit(struct hand_client *c, int i, char **argv)
{
    struct rabbit *r = calloc(1, sizeof(*r));
    amqp_socket_t *s;

    if (r == NULL || argv[0] == NULL)
        hand_fail("cannot start", "");
    r->at = amqp_new_connection();
    s = amqp_tcp_socket_new(r->at);
    if (s == NULL ||
        amqp_socket_open(s, "127.0.0.1", (int)strtol(argv[0], NULL, 10)) != 0)
        hand_fail("cannot connect", "");
    must(amqp_login(r->at, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest",
                    "guest"),
         "to let us in");
    (void)amqp_channel_open(r->at, 1);
    must(amqp_get_rpc_reply(r->at), "a channel");
    if (i == 0)
        declare(r);
    (void)amqp_confirm_select(r->at, 1);
    must(amqp_get_rpc_reply(r->at), "confirms");
    c->peer = r;
    return amqp_get_sockfd(r->at);
}

static void send_rabbit(struct hand_client *c, const char *body)
{
    struct rabbit *r = c->peer;
    amqp_basic_properties_t p = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG,
                                 .delivery_mode = 2};
    amqp_bytes_t text = {BODY_LEN, (void *)(uintptr_t)body};

    if (amqp_basic_publish(r->at, 1, amqp_empty_bytes,
                           amqp_cstring_bytes(QUEUE), 1, 0, &p, text) != 0)
        hand_fail("cannot publish", "");
    r->sent++;
}

/* A confirmation may be of one message, or of all up to it, in any order. */
static unsigned take_ack(struct rabbit *r, const amqp_basic_ack_t *ack)
{
    uint64_t from = ack->multiple ? r->low + 1 : ack->delivery_tag;
    uint64_t to = ack->delivery_tag == 0 ? r->sent : ack->delivery_tag;
    unsigned n = 0;

    for (uint64_t tag = from; tag <= to; tag++) {
        n += !r->done[tag % HAND_WINDOW];
        r->done[tag % HAND_WINDOW] = true;
    }
    while (r->low < r->sent && r->done[(r->low + 1) % HAND_WINDOW])
        r->done[++r->low % HAND_WINDOW] = false;
    return n;
}

static unsigned confirmed_rabbit(struct hand_client *c)
{
    struct rabbit *r = c->peer;
    struct timeval now = {0, 0};
    unsigned n = 0;
    amqp_frame_t f;
    int rc;

    while ((rc = amqp_simple_wait_frame_noblock(r->at, &f, &now)) ==
           AMQP_STATUS_OK) {
        if (f.frame_type != AMQP_FRAME_METHOD)
            continue;
        if (f.payload.method.id != AMQP_BASIC_ACK_METHOD)
            hand_fail("not a confirmation:",
                      amqp_method_name(f.payload.method.id));
        n += take_ack(r, f.payload.method.decoded);
    }
    if (rc != AMQP_STATUS_TIMEOUT)
        hand_fail("the peer went away:", amqp_error_string2(rc));
    amqp_maybe_release_buffers(r->at);
    return n;
}

int main(int argc, char **argv)
{
    static const struct hand_peer peer = {open_rabbit, send_rabbit, NULL,
                                          confirmed_rabbit};

    return hand_main(&peer, argc, argv);
}
