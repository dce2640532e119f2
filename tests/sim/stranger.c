/* stranger.c - whoever reaches the sockets and does not speak the language, or
 * says what is not so.
 */
#include <string.h>
#include <zmq.h>

#include "disk.h"
#include "people.h"

static struct {
    void *clients, *workers;
    dk_ms next;
} me;

void stranger_open(void)
{
    me.clients = ask_open(CLIENTS_AT);
    me.workers = ask_open(WORKERS_AT);
    me.next = sim_now() + sim_span(100, 8000);
}

void stranger_close(void)
{
    ask_close(me.clients);
    ask_close(me.workers);
}

dk_ms stranger_next(void)
{
    return net_waiting(me.clients) || net_waiting(me.workers) ? sim_now()
                                                              : me.next;
}

static void listen(void *sock)
{
    zmq_msg_t m;

    zmq_msg_init(&m);
    while (zmq_msg_recv(&m, sock, ZMQ_DONTWAIT) >= 0)
        zmq_msg_close(&m);
}

/* An answer to a task that somebody else holds, or nobody. */
static void say_result(void)
{
    char body[200];
    int64_t task = disk_last_seq() * 4 + sim_pick(3);
    unsigned epoch = 1 + sim_pick(3);
    unsigned no = 1 + sim_pick(20);
    int n = snprintf(body, sizeof(body),
                     "{\"task_id\":\"%lld\",\"lease\":\"%u-%u\",\"commands\":"
                     "[{\"action\":\"withdraw\"}]}",
                     (long long)task, epoch, no);

    ask_send(me.workers, "result", "x", body, (size_t)n);
}

static void say_noise(void *sock)
{
    char noise[64];
    unsigned n = 1 + sim_pick(6);

    for (unsigned i = 0; i < n; i++) {
        unsigned len = sim_pick(sizeof(noise));
        for (unsigned j = 0; j < len; j++)
            noise[j] = (char)sim_rand();
        zmq_send(sock, noise, len, i + 1 < n ? ZMQ_SNDMORE : 0);
    }
}

void stranger_turn(void)
{
    static const char *const types[] = {"case.submit", "case.act", "hello",
                                        "events.credit", "nonsense"};
    listen(me.clients);
    listen(me.workers);
    if (me.next > sim_now())
        return;
    me.next = sim_now() + sim_span(100, 8000);
    switch (sim_pick(5)) {
    case 0:
        say_result();
        break;
    case 1:
        ask_send(me.workers, "hello", "x",
                 "{\"service\":\"assign\",\"worker\":\"ghost\",\"credit\":2}",
                 49);
        break;
    case 2:
        say_noise(me.clients);
        break;
    case 3:
        say_noise(me.workers);
        break;
    default:
        ask_send(me.clients, types[sim_pick(5)], "x", "{\"a\":[1,2", 9);
        break;
    }
}
