/* item.h - one thing to do in a tick: a client's message, a worker's answer, a
 * clock that is due, a lease that was lost.
 */
#ifndef DK_ITEM_H
#define DK_ITEM_H

#include "core/decide.h"
#include "core/roles.h"
#include "daemon/store/store.h"
#include "daemon/zev.h"

enum item_kind {
    ITEM_NONE,   /* answered at the door, or needs no answer */
    ITEM_READ,   /* answered after the commit, from the store */
    ITEM_SUBMIT, /* case.submit */
    ITEM_ACT,    /* case.act */
    ITEM_ACK,    /* alert.ack */
    ITEM_RETRY,  /* task.retry */
    ITEM_DROP,   /* task.drop */
    ITEM_OFFICE_ACK,
    ITEM_PERSON,     /* person.get, person.erase */
    ITEM_CHECKPOINT, /* checkpoint.make */
    ITEM_RESULT,     /* a worker's answer */
    ITEM_FAIL,       /* a worker gave up */
    ITEM_LOST,       /* a lease ended without an answer */
    ITEM_FIRE        /* a clock is due */
};

struct daemon;
struct lease;

struct item;

typedef int (*item_read_fn)(struct daemon *d, const struct item *it,
                            struct dk_jw *w, struct dk_problem *p);

struct item {
    enum item_kind kind;
    bool worker;   /* came in by the workers' socket */
    bool has_peer; /* somebody waits for an answer */
    struct zev_peer peer;
    char user[48];     /* has_peer: key or user that it came with */
    struct dk_who who; /* and whose that is */
    char request[DK_REQUEST_MAX + 1];
    cJSON *body; /* owned */
    item_read_fn read;
    int64_t key;       /* of the case concerned; 0: none */
    int64_t other;     /* of a case that it links to; 0: none */
    struct dk_uuid id; /* SUBMIT, ACT: of the request */
    uint8_t hash[16];  /* SUBMIT, ACT: of what it says */
    bool known;        /* the store knows the id already: `before` */
    struct store_request before;
    struct dk_submit submit; /* SUBMIT; borrowed from body */
    enum dk_action action;   /* ACT */
    const char *actor;       /* ACT, ACK, DROP; borrowed from body */
    dk_ms claimed;
    int64_t expect_n;
    uint32_t alert_n;    /* ACK */
    uint32_t event_n;    /* PERSON: of its event; 0: none was needed */
    int64_t task_id;     /* RETRY, DROP; OFFICE_ACK: the alert */
    struct lease *lease; /* RESULT, FAIL, LOST */
    int64_t retry_ms;    /* FAIL */
    bool refused;        /* RESULT: its commands were */
    bool outdated;       /* RESULT: computed from what has changed since */
    char reason[256];    /* FAIL, LOST, refused RESULT; DROP */
    /* the answer, in the batch's reply text */
    const char *type; /* "ok", "problem", "done"; NULL: none */
    size_t at, len;
};

#endif /* DK_ITEM_H */
