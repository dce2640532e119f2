/* stream.h - reads the broker's event stream into the state, without waiting.
 */
#ifndef DK_NOTIFY_STREAM_H
#define DK_NOTIFY_STREAM_H

#include "proto/client.h"
#include "state.h"

struct stream {
    const struct conf *conf; /* may be exchanged between two calls */
    struct state *state;
    struct dk_client *client;
    struct place at;
    char first[33]; /* whose, until we have begun */
    enum {
        STREAM_DOWN,  /* ask at `again_at` */
        STREAM_HELLO, /* whose stream is it? */
        STREAM_STATS, /* we never began: where does it end? */
        STREAM_ASKED,
        STREAM_RUNNING
    } is;
    char request[DK_REQUEST_MAX + 1];    /* what we wait for an answer to */
    dk_ms again_at, alive_at, silent_at; /* by dk_client_now() */
    int used;                            /* credit since it was given back */
    unsigned number;
    bool told_down; /* one line for each outage */
    struct {        /* since the start */
        uint64_t events, alerts, nobody;
    } did;
};

/* 0 or a DK_E code with *p: the endpoint or the keys are wrong. */
int stream_init(struct stream *s, const struct conf *c, struct state *st,
                struct dk_problem *p);
void stream_fini(struct stream *s);

/* Do what can be done now; *wake is when to be called next at the latest (by
 * dk_client_now()), and the client's descriptor tells of messages before that.
 * 0, or a DK_E code of the state: nothing was believed, try again later.
 */
int stream_tick(struct stream *s, dk_ms *wake);

/* core of it, for the unit test: one event of the stream, which goes into the
 * state within the caller's transaction.
 */
int stream_event(struct stream *s, const cJSON *event, dk_ms now);

#endif /* DK_NOTIFY_STREAM_H */
