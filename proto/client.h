/* client.h - libdocket: talk to a broker from C.
 *
 * One `struct dk_client` is one DEALER socket.  It is not thread-safe: one
 * thread at a time.  It never sends anything by itself, never retries a
 * request, and never blocks longer than the time-out it was given (closing
 * waits up to half a second for what was sent).  Time-outs are in
 * milliseconds; one below zero counts as zero.  Request ids that begin with
 * "dk." are the library's own.
 *
 *     struct dk_client *c = dk_client_open("ipc:///run/docket/clients.sock",
 *                                          NULL, &problem);
 *     struct dk_reply r;
 *     if (dk_client_call(c, "case.get", "{\"case_no\":\"...\"}", 5000, &r,
 *                        &problem) == 0) {
 *         use(r.json);
 *         dk_reply_free(&r);
 *     }
 *     dk_client_close(c);
 *
 * Reconnecting is ZeroMQ's; what was under way when a connection broke is not
 * repeated: the call ends in DK_ETIMEOUT and the caller repeats it with the
 * SAME submission or command id, which is safe (PROTOCOL.md, "Retrying").
 * While there is no connection nothing is queued: dk_client_call() waits for
 * one, dk_client_send() answers DK_EBUSY.
 */
#ifndef DK_CLIENT_H
#define DK_CLIENT_H

#include "jsonx.h"

struct dk_client;
struct dk_client_keys;

/* The clocks that time-outs and identities go by, in milliseconds: monotonic,
 * and since 1970.
 */
dk_ms dk_client_now(void);
dk_ms dk_client_wall(void);

struct dk_client_options {
    int send_hwm;     /* messages; 0: 1000 */
    int recv_hwm;     /* messages; 0: 10000 */
    int reconnect_ms; /* first wait; 0: 100; doubles up to 5 s */
    size_t max_reply; /* bytes of a reply; 0: 16 MiB */
    /* Over tcp:// (client_keys.h); NULL: $DOCKET_KEY, $DOCKET_SERVER_KEY. */
    const char *key_file, *server_key;
    /* The same from memory, instead of both; copied. */
    const struct dk_client_keys *keys;
    /* A ZeroMQ context to share (zmq_ctx_new); it must outlive the client.
     * Many clients of one program have their threads in common so.  Closing
     * does not wait then.
     */
    void *context;
};

struct dk_reply {
    char type[DK_TYPE_MAX + 1];       /* "ok", "event", "task", ... */
    char request[DK_REQUEST_MAX + 1]; /* whose answer this is */
    char *text;                       /* the body, NUL-terminated; owned */
    size_t len;
    cJSON *json; /* the same, parsed; owned */
};

/* `opt` may be NULL.  NULL on failure: a bad endpoint, a key file
 * that cannot be used, or no memory.  A broker
 * that is not there is no failure here: calls will time out.
 */
struct dk_client *dk_client_open(const char *endpoint,
                                 const struct dk_client_options *opt,
                                 struct dk_problem *p);
void dk_client_close(struct dk_client *c); /* NULL is allowed */

/* Did the broker turn our key away, last time?  Known once something was sent
 * or waited for.
 */
bool dk_client_refused(const struct dk_client *c);

/* Ask and wait for the answer to this request; answers to others that arrive
 * meanwhile are kept for dk_client_recv().  0: *out is filled and must be
 * freed.  DK_ETIMEOUT: no answer in time (a late one is dropped).  DK_EBUSY
 * may also mean that recv_hwm other answers wait to be received.  Any other
 * DK_E: the broker's own problem, in *p.
 */
int dk_client_call(struct dk_client *c, const char *type, const char *body,
                   int timeout_ms, struct dk_reply *out, struct dk_problem *p);

/* Pipelining: send without waiting.  `request` may be NULL (one is made) and
 * is copied; the id used is written to `used` if not NULL
 * (DK_REQUEST_MAX + 1 bytes).  DK_EBUSY: the queue is full, receive first; or
 * there is no connection now, wait and try again.
 */
int dk_client_send(struct dk_client *c, const char *type, const char *request,
                   const char *body, size_t body_len, char *used,
                   struct dk_problem *p);

/* The next message, whichever it is.  DK_ETIMEOUT when none comes in time
 * (0: do not wait) or a signal was caught meanwhile.  A problem sent by the
 * broker is a message of type "problem": read it with dk_problem_read().
 */
int dk_client_recv(struct dk_client *c, int timeout_ms, struct dk_reply *out,
                   struct dk_problem *p);

void dk_reply_free(struct dk_reply *r);

/* Does an answer speak of what was asked?  False: its member `member` names
 * another id than `id`.  Then somebody on the line has put parts of two answers
 * together (docs/SECURITY.md, "Hostile peers"): nothing was answered; ask again
 * with the same id.  An answer without the member (of an older broker) is true.
 */
bool dk_reply_names(const struct dk_reply *r, const char *member,
                    const char *id);

/* The query code of a receipt, borrowed from it; NULL where the broker says
 * null: it has the case, but cannot compare any more what was handed in, so it
 * tells nobody the code.  Then dk_no_code[] says what the petitioner can do.
 * DK_EFIELD: this is no receipt.
 */
int dk_reply_code(const struct dk_reply *r, const char **code,
                  struct dk_problem *p);
extern const char *const dk_no_code[2]; /* English, zh-CN */

/* Follow the event stream from sequence `from` (1: the beginning): calls `fn`
 * for each event, in order, without gaps, renewing credit and reconnecting by
 * itself (it asks again from the next sequence).  Returns when fn returns
 * non-zero (that value) or after `idle_ms` without any event when idle_ms > 0
 * (0), or on a problem that asking again cannot mend (DK_E).  `fn` may call
 * and send with the same client.
 */
typedef int (*dk_event_fn)(void *arg, const struct dk_reply *event,
                           int64_t seq);
int dk_client_follow(struct dk_client *c, int64_t from, int idle_ms,
                     dk_event_fn fn, void *arg, struct dk_problem *p);

/* A fresh UUIDv7 from the system's clock and random source. */
void dk_client_uuid(char buf[DK_UUID_TEXT]);

/* The fd that becomes readable when messages may be waiting (edge-triggered:
 * drain with dk_client_recv(c, 0, ..) until DK_ETIMEOUT).
 */
int dk_client_fd(struct dk_client *c);

#endif /* DK_CLIENT_H */
